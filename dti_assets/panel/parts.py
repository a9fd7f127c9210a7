"""Words by which a text says that figures are of a part of a unit, or no amounts at all.

The words are data: reference/yearbook_parts.csv and yearbook_subdivisions.csv (columns that say
which part a row is of). For what a word is used, its column `use` says: sector, part, always and
measure for titles (`part_of`), whole and neutral for cells and brackets.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

from dti_assets.store.characters import plain
from dti_assets.store.delimited import is_nothing

# what an English name or label says of a part or of another measure
_QUALIFYING = frozenset(
    (
        "real constant comparable index growth rate urban rural per capita percapita primary "
        "secondary tertiary state owned soe foreign invested private female male above designated "
        "large medium small manufacturing services share ratio proportion percentage log ln lag "
        "lagged diff difference std standardized standardised normalized excluding except "
        "invention inventions utility design designs agricultural nonagricultural previous "
        "forecast predicted deflated deflator registered floating migrant capitals cities county "
        "counties target planned interpolated winsorized"
    ).split()
)
_LOG = re.compile(r"(?:ln|log|l\d?|d|lag|std|real|urban|rural)_")
# 城镇化 is no word for a part; the name of a yearbook does not say what a table is about
_NOT_PARTS = re.compile(
    r"城镇化|省[、,]?市[、,]?(?:自治)?区|《[^》]*》|中国[\u3400-\u9fff]*年鉴|[\u3400-\u9fff]*统计年鉴|数据库|非高[新]?技术"
)
_TIMES = re.compile("季度?|季节|月份?|半年|旬|quarter|qtr|month|mon|halfyear|season")
# prices of a year
_PRICES = re.compile(r"(?:19|20)\d\d年?(?:不变|可比|固定)?价|(?:constant|comparable) (?:19|20)\d\d")
_USES = ("part", "always", "measure")
_LIST = re.compile(r"[、，,;；/]|以及|和|与|及")


class _Word(NamedTuple):
    text: str
    group: str
    use: str


def _rows(name: str) -> list[dict[str, str]]:
    text = (files("dti_assets.reference") / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@lru_cache(maxsize=1)
def _words() -> tuple[_Word, ...]:
    rows = _rows("yearbook_parts.csv")
    return tuple(_Word(row["word"], row["group"], row["use"]) for row in rows)


@lru_cache(maxsize=1)
def _subdivisions() -> dict[str, int | None]:
    """Folded header -> how far below the country an area is; None for parts that are no areas."""
    rows = _rows("yearbook_subdivisions.csv")
    return {_key(row["header"]): int(row["rank"]) if row["rank"] else None for row in rows}


def _key(text: str) -> str:
    return re.sub(r"[\W_]+", "", plain(text).lower())


@lru_cache(maxsize=1)
def _whole() -> frozenset[str]:
    return frozenset(_key(word.text) for word in _words() if word.use == "whole")


@lru_cache(maxsize=1)
def _neutral() -> frozenset[str]:
    return frozenset(word.text for word in _words() if word.use == "neutral")


def sector_words() -> tuple[str, ...]:
    """Words for sectors of firms, by which a title limits every column of its sheet."""
    return tuple(word.text for word in _words() if word.use == "sector")


def part_of(texts: Iterable[str], names: Collection[str], with_unit: bool) -> str | None:
    """Return the word by which one of the texts (title, sheet, file) makes a column named `names`
    the column of a part, None where none does.

    Names are all those of the series. A word that is in one of them is no limit, nor is one of two
    that stand for both halves (城镇 and 乡村), nor one behind the series itself in a list, as in
    年末常住人口、城镇人口. Words for a measure (指数, 增速) do not hold where the column has a
    unit of its own.
    """
    for text in texts:
        if found_price := _PRICES.search(plain(text)):
            return found_price.group()
        bare = _NOT_PARTS.sub(" ", plain(text).lower())
        bare = bare.replace("_", " ") if bare.isascii() else bare
        found = [word for word in _words() if word.use in _USES and _holds(bare, word.text)]
        groups = [word.group for word in found if word.use == "part"]
        for word in sorted(found, key=lambda one: bare.find(one.text)):
            if any(word.text in name for name in names):
                continue
            if word.use == "measure" and with_unit:
                continue
            both = groups.count(word.group) > 1 and word.group in ("residence", "sex", "patent")
            if both or (word.use != "always" and _named_before(bare, word.text, names)):
                continue
            return word.text
    return None


def _holds(text: str, word: str) -> bool:
    if word.isascii() and word.replace("-", "").replace(" ", "").isalpha():
        return bool(re.search(rf"(?<![a-z]){re.escape(word)}(?![a-z])", text))
    return word in text


def _named_before(text: str, word: str, names: Collection[str]) -> bool:
    before = text[: text.find(word)]
    pieces = [re.sub(r"[\W\d_]|年|(?:各|分)(?:地区|省区?市?)", "", p) for p in _LIST.split(before)]
    return any(piece and piece in names for piece in pieces[:-1] or ())


def subdivides(headers: Iterable[str], rank: int | None) -> bool:
    """Whether a column with these headers says which part of a unit a row is of.

    `rank` is how far below the country the units are, None where that is not known.
    """
    for header in headers:
        key = _key(header)
        if key in _subdivisions():
            below = _subdivisions()[key]
            return below is None or rank is None or below > rank
    return False


def is_time(headers: Iterable[str]) -> bool:
    """Whether a column with these headers says which part of a year a row is of, in numbers too."""
    return any(_TIMES.fullmatch(_key(header)) for header in headers)


def is_area(headers: Iterable[str]) -> bool:
    """Whether a column with these headers names areas."""
    return any(_subdivisions().get(_key(header)) is not None for header in headers)


def rank_of(noun: str) -> int | None:
    """Return how far below the country the units called `noun` are, None where not known."""
    return _subdivisions().get(_key(noun))


def is_whole(value: object) -> bool:
    """Whether a cell of such a column stands for the whole."""
    return is_nothing(value) or _key(str(value)) in _whole()


def names_part(value: object) -> bool:
    """Whether a cell of any column is a word for a part: 城镇, 女, 国有企业, 第二产业."""
    text = plain(str(value)).strip()
    if text in ("男", "女", "城", "乡"):
        return True
    if text.isascii():
        return len(text) <= 30 and qualifies(text) is not None
    words = [word.text for word in _words() if word.use in _USES]
    return len(text) <= 10 and any(text.startswith(word) for word in words)


def is_neutral(bracket: str) -> bool:
    """Whether what brackets hold, or stands behind a dash, says nothing of a part."""
    text = plain(bracket).strip().lower()
    # 甲, (1), a), ①: numbers of columns and notes
    if re.fullmatch(r"[\W_]*(?:\d{0,2}|[a-z甲乙丙丁戊己庚辛])[\W_]*|注?[\d、,\s]+|[%％]", text):
        return True
    parts = [part.strip() for part in re.split(r"[,，、;；:：]", text)]
    return all(part in _neutral() for part in parts)


def qualifies(text: str, names: Collection[str] = ()) -> str | None:
    """Return the word of an English name or label that makes the figures those of a part or of
    another measure; None where none does, or only words of the series' own `names`."""
    own = {word for name in names for word in re.findall(r"[a-z]+", name.lower())}
    lowered = plain(text).lower()
    if found := _LOG.match(lowered):
        return found.group().rstrip("_")
    for word in re.findall(r"[a-z]+", lowered):
        if word in _QUALIFYING and word not in own:
            return word
    return None
