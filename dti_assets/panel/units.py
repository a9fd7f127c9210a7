"""Units: reading their names, and the one place where figures are converted.

Every conversion of the package goes through `convert`. What a series is measured in is declared
in reference/official_statistics_series.csv, what a variable is measured in, in `variables`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from dti_assets.errors import UnitError

_CHINESE_SCALE = {
    "": 1.0, "个": 1.0, "十": 10.0, "百": 1e2, "千": 1e3, "万": 1e4, "十万": 1e5, "百万": 1e6,
    "千万": 1e7, "亿": 1e8, "十亿": 1e9, "万亿": 1e12,
}  # fmt: skip
_ENGLISH_SCALE = {
    "": 1.0, "1": 1.0, "10": 10.0, "100": 1e2, "hundred": 1e2, "1000": 1e3, "1k": 1e3, "k": 1e3,
    "thousand": 1e3, "10000": 1e4, "10k": 1e4, "10thousand": 1e4, "100k": 1e5, "1m": 1e6,
    "m": 1e6, "mn": 1e6, "million": 1e6, "1000000": 1e6, "10m": 1e7, "10million": 1e7,
    "100m": 1e8, "100million": 1e8, "100000000": 1e8, "bn": 1e9, "billion": 1e9,
    "trillion": 1e12,
}  # fmt: skip
# what is counted -> (dimension, size of one in the dimension's base unit)
_NOUNS = {
    "CNY": ("CNY", ("元", "人民币元", "元人民币", "人民币", "cny", "rmb", "yuan", "rmbyuan", "¥")),
    "USD": ("USD", ("美元", "usd", "us$", "$", "dollars", "dollar", "usdollars", "usdollar")),
    "persons": ("persons", ("人", "persons", "person", "people", "inhabitants")),
    "patents": ("count", ("件", "patents", "patent", "piece", "pieces", "item", "items")),
    "firms": ("count", ("家", "户", "firms", "firm", "enterprises", "companies")),
    "projects": ("count", ("项", "projects", "project")),
    "units": ("count", ("个", "units", "unit")),
}
_WHOLE = {
    "percent": ("share", 1.0, ("%", "percent", "percentofgdp", "pct", "per cent", "百分比")),
    "per mille": ("share", 0.1, ("‰", "permille")),
    "ratio": ("share", 100.0, ("ratio", "share", "比率", "比例", "fraction")),
    "years": ("years", 1.0, ("年", "years", "year", "年/人")),
    "index": ("index", 1.0, ("index", "指数", "none", "没有单位", "无", "无单位", "无量纲")),
    "log": ("log", 1.0, ("log", "ln", "对数")),
    "0 or 1": ("dummy", 1.0, ("0or1", "dummy", "0/1")),
    "CNY per USD": (
        "CNY per USD",
        1.0,
        ("cnyperusd", "cny/usd", "yuanperdollar", "元/美元", "元每美元", "rmb/usd"),
    ),
    "CNY per 100 USD": (
        "CNY per USD",
        0.01,
        ("cnyper100usd", "元/100美元", "元/百美元", "美元=100", "yuanper100dollars"),
    ),
}
_CURRENCIES = {"人民币", "rmb", "cny", "usd", "us$", "$", "¥"}
_SHORT_SCALE = {
    1.0: "", 10.0: "10", 1e2: "100", 1e3: "1k", 1e4: "10k", 1e5: "100k", 1e6: "million",
    1e7: "10m", 1e8: "100m", 1e9: "billion", 1e12: "trillion",
}  # fmt: skip


@dataclass(frozen=True)
class Unit:
    """One unit: its name as printed, its dimension, and its size in the dimension's base unit."""

    name: str
    dimension: str
    factor: float

    def __str__(self) -> str:
        return self.name


def parse_unit(text: str) -> Unit:
    """The unit called `text`: 万元, 亿美元, 10k CNY, 100 million yuan, 万人, %, CNY per 100 USD ...

    Full-width letters, spaces and a leading 单位: are understood. Raises UnitError with the
    nearest known name.
    """
    for spelling in _spellings(str(text)):
        found = _known(_fold(spelling))
        if found is not None:
            return found
    known = ("万元", "亿元", "万美元", "百万美元", "万人", "10k CNY", "100m CNY", "million USD",
             "10k persons", "percent", "patents", "firms", "projects", "years", "index",
             "CNY per USD")  # fmt: skip
    near = get_close_matches(str(text).strip(), known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else "for example " + ", ".join(known[5:10])
    raise UnitError(f"unknown unit {text!r}; {hint}")


def _spellings(text: str) -> list[str]:
    """The text, then its parts where two languages stand together: 万元 (10 000 yuan)."""
    plain = unicodedata.normalize("NFKC", text).strip()
    outside = re.sub(r"[(\[].*?[)\]]", "", plain)
    beside = re.findall(r"[(\[](.*?)[)\]]", plain)
    leading = re.match(r"([\u3400-\u9fff:]+)\s+(?=[A-Za-z0-9])", plain)
    parts = [(leading.group(1), [plain[leading.end() :]])] if leading else []
    parts = [(outside, beside), *parts] if beside else parts
    return [plain, *(part for part, rest in parts if not any(_changes(r, part) for r in rest))]


def _changes(rest: str, part: str) -> bool:
    """Whether `rest` makes another unit of `part`: USD (million), 人民币(亿元)."""
    key = _fold(rest)
    unit, other = _known(_fold(part)), _known(key)
    if unit is None or other is None:
        return scale_of(rest) != 1.0
    named = other.dimension == unit.dimension and key in _CURRENCIES  # 亿元(人民币)
    return not named and (other.dimension, other.factor) != (unit.dimension, unit.factor)


def _known(key: str) -> Unit | None:
    if key == "any":
        return Unit("any", "any", 1.0)
    for name, (dimension, factor, spellings) in _WHOLE.items():
        if key in {_fold(spelling) for spelling in spellings}:
            return Unit(name, dimension, factor)
    for name, (dimension, spellings) in _NOUNS.items():
        for spelling in sorted(spellings, key=len, reverse=True):
            for scale in _scales(key, spelling):
                return Unit(f"{_SHORT_SCALE[scale]} {name}".strip(), dimension, scale)
    return None


def scale_of(text: str) -> float:
    """1e6 for 百万, million or 1 000 000; 1 for a text that is no scale."""
    key = _fold(text)
    return _CHINESE_SCALE.get(key) or _ENGLISH_SCALE.get(key, 1.0)


def known_unit(text: str) -> bool:
    """Whether parse_unit knows `text`."""
    try:
        parse_unit(text)
    except UnitError:
        return False
    return True


def free_unit(text: str) -> Unit:
    """As parse_unit, but a unit not on record is kept as it stands (for series of any unit)."""
    try:
        return parse_unit(text)
    except UnitError:
        return Unit(str(text).strip(), "any", 1.0)


def different_units(texts: list[str]) -> list[str]:
    """Those of `texts` that give units of their own, in order: 亿元 and 100m CNY are one.

    Latin text that is no known unit is taken for the translation of another and stands aside.
    """
    found: dict[tuple[str, float, str], str] = {}
    for text in texts:
        unit = free_unit(text)
        name = unit.name if unit.dimension == "any" else ""
        found.setdefault((unit.dimension, unit.factor, name), text)
    out = list(found.values())
    return [t for t in out if known_unit(t) or re.search(r"[\u3400-\u9fff]", t)] or out[:1]


def convertible(source: Unit, target: Unit) -> bool:
    """Whether figures in `source` can become figures in `target`, an exchange rate given."""
    if "any" in (source.dimension, target.dimension):
        return True
    pair = {source.dimension, target.dimension}
    return len(pair) == 1 or pair == {"CNY", "USD"}


def convert(values: Any, source: Unit, target: Unit, exchange_rate: Any = None) -> Any:
    """Figures (number, array or Series) in `source` as figures in `target`.

    `exchange_rate` is in CNY per USD, aligned with `values`, and used only between the two
    currencies. Raises UnitError where the dimensions differ or the rate is not given.
    """
    if "any" in (source.dimension, target.dimension):
        return values
    if source.dimension == target.dimension:
        if source.factor == target.factor:
            return values  # bit-exact: no division by an equal factor
        ratio = source.factor / target.factor
        # dividing by the whole number keeps 1e4-type conversions correctly rounded
        return values * ratio if ratio >= 1 else values / (target.factor / source.factor)
    if not convertible(source, target):
        raise UnitError(f"{source} cannot be converted into {target}")
    if exchange_rate is None:
        raise UnitError(f"{source} into {target} needs the exchange rate")
    money = values * exchange_rate if source.dimension == "USD" else values / exchange_rate
    other = Unit("", target.dimension, source.factor)
    return convert(money, other, target)


def _scales(key: str, noun: str) -> list[float]:
    """Every scale s such that `key` reads "s noun" or "noun s"."""
    folded = _fold(noun)
    for rest in (
        key.removesuffix(folded) if key.endswith(folded) else None,
        key.removeprefix(folded) if key.startswith(folded) else None,
    ):
        if rest is None:
            continue
        table = _CHINESE_SCALE if not folded.isascii() else _ENGLISH_SCALE
        if rest in table:
            return [table[rest]]
    return []


def _fold(text: str) -> str:
    """NFKC, lower case, no white space, commas, outer brackets or leading 单位."""
    out = unicodedata.normalize("NFKC", str(text)).lower()
    out = re.sub(r"[\s,]+", "", out)
    out = re.sub(r"^(计量)?(单位|unit)[:：]", "", out.strip("()[]"))
    return out.strip("()[]")
