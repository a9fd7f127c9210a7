"""What the texts over a column, or an indicator in a row, say: series, year, unit, or a part."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from dti_assets.panel.parts import is_neutral, part_of, qualifies
from dti_assets.panel.series import Series, find_series, fold
from dti_assets.panel.units import known_unit, scale_of
from dti_assets.panel.yearbooks.cells import BRACKETS, without_years, year_of, years_in
from dti_assets.store.characters import plain

_HAN = re.compile(r"[\u3400-\u9fff]")
# the translation behind a Chinese name
_TRANSLATION = re.compile(r"(?<=[\u3400-\u9fff])\s*[\s/|]\s*[A-Za-z][A-Za-z\s,&().%'/-]*$")
_SPELLED_UNIT = re.compile(r"[十百千万亿]{1,3}\S{1,2}|\S{0,4}(?:元|圆|园|美金)|.*(?:人民币|美元).*")
_LATIN_UNITS = (
    "cny", "rmb", "yuan", "usd", "dollars", "persons", "people", "percent", "million", "billion",
    "thousand", "100m", "10k", "million usd", "firms", "patents", "years",
)  # fmt: skip


@dataclass
class DataColumn:
    """One column of figures: which series and year it holds, and the unit its header declares."""

    j: int
    header: str
    series: Series | None
    year: int | None
    unit: str | None
    odd_unit: str | None = None  # a bracket that is no known unit but looks like one: (亿圆)
    span: bool = False  # the header names several years: its figures are of none of them
    reason: str = ""  # why a column that could be a series is none


@dataclass(frozen=True)
class Context:
    """What stands around a column: title, sheet and file name; the study's aliases; and the series
    the whole sheet is about, if any."""

    texts: tuple[str, ...]
    aliases: Mapping[str, str]

    @property
    def joined(self) -> str:
        return " ".join(self.texts)

    def find(self, name: str, with_unit: bool = False) -> tuple[Series | None, str]:
        """(the series a whole header names, or why it is none although it looks like one)."""
        series = find_series(name, self.joined, self.aliases)
        if series is None or self._given(name) or self._is_own_name(name, series):
            return series, ""
        word = part_of(self.texts, [*series.names, plain(name).lower()], with_unit)
        if word is None:
            return series, ""
        return None, f"the title, the sheet or the file speaks of {word}"

    def _given(self, name: str) -> bool:
        return any(fold(alias) == fold(name) for alias in self.aliases)

    def _is_own_name(self, name: str, series: Series) -> bool:
        # gdp and population are words of everybody's, total_exports is not
        return "_" in series.name and plain(name).strip().lower() == series.name


def described(j: int, parts: list[str], context: Context, whole: Series | None) -> DataColumn:
    """Return series, year and unit from the texts over a column.

    The whole stacked header must name the series; 企业数 under 有R&D活动 is not the number of
    firms. What brackets hold must be a unit, a year, a note or a word for the whole, or be part of
    the name: 专利申请数(发明). Latin texts over or below Chinese ones are translations and codes.
    """
    header = " ".join(parts)
    out = DataColumn(j, header, None, None, None)
    out.year = next((found for part in parts if (found := year_of(part))), None)
    names: list[str] = []
    inners: list[str] = []
    for part in parts:
        if year_of(part):
            continue
        if len(parts) > 1 and (known_unit(part) or known_unit(part.strip("()"))):
            out.unit = out.unit or part.strip("()")
            continue
        for inner in (piece for found in BRACKETS.findall(part) for piece in _pieces(found)):
            if known_unit(inner):
                out.unit = out.unit or inner
            elif not _bare_year(inner) and not is_neutral(inner):
                inners.append(inner)
        found_years = set(years_in(part))
        out.span = out.span or len(found_years) > 1
        if len(found_years) == 1 and out.year is None:
            out.year = found_years.pop()
        name = without_years(_without_translation(BRACKETS.sub("", part).strip())).strip()
        if name:
            names.append(name)
    chinese = [name for name in names if _HAN.search(name)]
    latin = [name for name in names if name not in chinese]
    base, out.reason = _named(header, chinese, latin, context, out.unit is not None)
    if base is None and out.year is not None and not names:
        base = whole
    out.series = base
    if base is not None:
        _judge(out, base, parts, inners, "".join(chinese) or " ".join(latin), context)
    elif inners and not out.reason:
        out.series = context.find("".join([*chinese, *inners]) or " ".join([*latin, *inners]))[0]
    return out


def _named(
    header: str, chinese: list[str], latin: list[str], context: Context, with_unit: bool
) -> tuple[Series | None, str]:
    """(the series of a header by its texts without brackets, why it is none)."""
    candidates = [header, "".join(chinese), *(() if chinese else (" ".join(latin),))]
    if not chinese and len(latin) == 2:  # a Stata name over its English label: either may name it
        candidates += latin
    why = ""
    for candidate in candidates:
        if candidate:
            series, reason = context.find(candidate, with_unit)
            why = why or reason
            if series is not None:
                return series, ""
    return None, why


def _judge(
    out: DataColumn,
    base: Series,
    parts: list[str],
    inners: list[str],
    name: str,
    context: Context,
) -> None:
    """Take the series from a column whose brackets or labels say that it holds a part of it."""
    if fold(out.header) in {fold(alias) for alias in context.aliases}:
        return
    for inner in inners:
        if base.unit.dimension == "any" or _looks_like_unit(inner):
            out.odd_unit = out.odd_unit or inner
        elif _same(inner, base, context):
            continue
        else:
            out.series = context.find(name + inner)[0] or context.find(inner + name)[0]
            out.reason = (
                ""
                if out.series
                else f"{inner!r} in its header is neither a unit nor a year: perhaps a part of "
                f"{base.name}"
            )
            return
    for part in parts:
        for text in _latin_of(part):
            word = qualifies(text, base.names)
            if word and not known_unit(text):
                out.series, out.reason = None, f"{word!r} in its header: no {base.name}"
                return


def _latin_of(part: str) -> list[str]:
    """The Latin texts of a header outside brackets."""
    bare = BRACKETS.sub(" ", part)
    if not _HAN.search(bare):
        return [bare]
    return [found.group() for found in [_TRANSLATION.search(bare)] if found]


def _same(inner: str, base: Series, context: Context) -> bool:
    """Whether brackets hold another name of the series, or its translation: (GDP)."""
    found = find_series(inner, context.joined, context.aliases)
    if found is not None:
        return found.name == base.name
    if _HAN.search(inner):
        return False
    own = {word for name in base.names for word in re.findall(r"[a-z]+", name)}
    common = {"of", "the", "at", "by", "and", "in", "total", "value", "number", "region", "current",
              "prices", "price", "year", "end", "amount", "gross", "local"}  # fmt: skip
    words = re.findall(r"[a-z]+", inner.lower())
    return bool(words) and all(word in own | common for word in words)


def _without_translation(text: str) -> str:
    return _TRANSLATION.sub("", text)


def _pieces(inner: str) -> list[str]:
    """What brackets hold, in pieces where the whole is not understood: (亿元,现价)."""
    if known_unit(inner) or is_neutral(inner) or _bare_year(inner):
        return [inner]
    pieces = [piece for piece in re.split(r"[,;、\s]+", inner) if piece]
    understood = [known_unit(piece) or is_neutral(piece) or _bare_year(piece) for piece in pieces]
    return pieces if all(understood) else [inner]


def _bare_year(inner: str) -> bool:
    return bool(re.fullmatch(r"\s*(?:19[5-9]|20\d)\d\s*(?:年|年度|年末|年底)?\s*", inner))


def _looks_like_unit(inner: str) -> bool:
    """Whether a text could be a misspelt unit: 亿圆, 万入, milion USD."""
    text = unicodedata.normalize("NFKC", inner).strip().lower()
    if scale_of(text) != 1.0 or _SPELLED_UNIT.fullmatch(text):
        return True
    return bool(get_close_matches(text, _LATIN_UNITS, n=1, cutoff=0.75)) or any(
        get_close_matches(word, _LATIN_UNITS[:12], n=1, cutoff=0.85)
        for word in re.findall(r"[a-z]+", text)
    )


def sheet_series(names: tuple[str, ...], context: Context) -> Series | None:
    """The one series a whole sheet is about, from its title, its name or the file's name."""
    for name in names:
        brackets = BRACKETS.findall(plain(name))
        text = without_years(BRACKETS.sub("", plain(name)))
        text = re.sub(r"^(指标|表)\s*[:：]", "", text.strip())
        text = re.sub(r"^[\d\s\-.、_]+", "", text)
        text = re.sub(
            r"(各地区|分地区|各省市|各省区市|分省|各省|年度数据|情况|统计表|表)", "", text
        )
        for candidate in (name, text, text.strip("的: ")):
            if not candidate.strip():
                continue
            found, _ = context.find(candidate)
            if found is None:
                continue
            odd = [
                inner
                for inner in brackets
                if not (known_unit(inner) or is_neutral(inner) or _bare_year(inner))
                and not _same(inner, found, context)
            ]
            return found if not odd else context.find(text + "".join(odd))[0]
    return None
