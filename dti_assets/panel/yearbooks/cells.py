"""What one cell of a yearbook says: a number, a missing mark, a year, a unit, a total."""

from __future__ import annotations

import datetime
import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from dti_assets.errors import NotANumberError, UnknownUnitError
from dti_assets.panel.series import reference_rows
from dti_assets.units.lists import Unit, Units

MISSING = {
    "", "…", "...", "......", "……", "—", "——", "–", "-", "--", "---", "－", ".", "..", "*", "/",
    "na", "n/a", "n.a.", "nan", "null", "none", "missing", "缺失", "缺", "无", "空", "#n/a",
}  # fmt: skip
_FOOTNOTE = re.compile(
    r"^\s*[\(（\[【]?\s*"
    r"(注|资料来源|数据来源|来源|说明|备注|单位|note|source|data source|a\)|①|\*)",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?<![\d.])((?:19[5-9]|20[0-9])\d)(?!\d|\.\d)\s*年?度?")

BRACKETS = re.compile(r"[(\[（【]([^()\[\]（）【】]*)[)\]）】]")
_BARE_YEAR = re.compile(r"\s*(?:19[5-9]|20\d)\d\s*(?:年|年度|年末|年底)?\s*")
# the edition of 2016 holds the figures of 2015
_EDITION = re.compile(
    r"(?:年鉴|yearbook)[^0-9A-Za-z\u3400-\u9fff]*20\d\d(?!\d)|"
    r"(?<!\d)20\d\d\s*年?(?:[\u3400-\u9fff]*年鉴|(?:\s*[a-z]+)*?\s*yearbook|版)",
    re.IGNORECASE,
)

Kind = Literal["unit", "national", "group", "outside", "footnote", "unknown", "blank"]


@dataclass(frozen=True)
class Fault:
    """One fault in a user's file: where it is and what is wrong."""

    file: str
    sheet: str | None
    row: int | None
    column: str | None
    message: str

    def __str__(self) -> str:
        place = [self.file]
        if self.sheet is not None:
            place.append(f"sheet {self.sheet}")
        if self.row is not None:
            place.append(f"row {self.row}")
        if self.column is not None:
            place.append(f"column {self.column}")
        return f"{', '.join(place)}: {self.message}"


def number(value: Any) -> float | None:
    """The number in a cell; None for a mark of a missing value. Raises NotANumberError.

    Full-width digits, thousands separators and a trailing % are understood.
    """
    if value is None:
        return None
    if isinstance(value, bool | datetime.date | datetime.time):
        raise NotANumberError(str(value))
    if isinstance(value, int | float):
        return None if value != value else _finite(value)
    raw = str(value).strip()
    if raw.lower() in MISSING:
        return None
    if any(unicodedata.category(character) == "No" for character in raw):
        raise NotANumberError(raw)  # NFKC would make the footnote mark of 1234① a fifth digit
    text = unicodedata.normalize("NFKC", raw).strip()
    if text.lower() in MISSING:
        return None
    text = text.removesuffix("%").strip()
    grouped = re.fullmatch(r"[+-]?\d{1,3}(?:[, ]\d{3})+(?:\.\d+)?", text)
    text = re.sub(r"[, ]", "", text) if grouped else text
    if not re.fullmatch(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", text):
        raise NotANumberError(raw)
    return _finite(text)


def _finite(value: int | float | str) -> float:
    try:
        out = float(value)
    except OverflowError:  # a whole number of more than 308 digits
        out = math.inf
    if not math.isfinite(out):
        raise NotANumberError(str(value).strip())
    return out


def is_missing(value: Any) -> bool:
    """Whether a cell is blank or holds a mark of a missing value."""
    try:
        return number(value) is None
    except NotANumberError:
        return False


def looks_numeric(value: Any) -> bool:
    """Whether a cell holds a number (not a missing mark, not a text)."""
    try:
        return number(value) is not None
    except NotANumberError:
        return False


def year_of(value: Any) -> int | None:
    """The year a cell of a year column or a column header stands for: 2015, 2015年, a date."""
    if isinstance(value, datetime.date):
        return value.year
    if isinstance(value, int | float) and not isinstance(value, bool):
        return int(value) if 1950 <= value < 2100 and value == int(value) else None
    text = unicodedata.normalize("NFKC", str(value)).strip() if value is not None else ""
    text = re.sub(r"\.0+$", "", text)
    if re.fullmatch(r"(?:_|y|yr|year)?_?(19[5-9]\d|20\d\d)\s*年?度?", text, re.IGNORECASE):
        return int(re.sub(r"\D", "", text))
    dated = re.fullmatch(r"(19[5-9]\d|20\d\d)[-/.](0?[1-9]|1[0-2])([-/.]\d{1,2})?([ T]\d.*)?", text)
    return int(dated.group(1)) if dated else None


def years_in(text: str) -> list[int]:
    """Every year named in a title, sheet or file name, in order.

    Not the edition of a yearbook, nor what brackets hold beside a year: (2010年价).
    """
    plain = _EDITION.sub(" ", unicodedata.normalize("NFKC", text).replace("_", " "))
    plain = BRACKETS.sub(lambda m: m.group() if _BARE_YEAR.fullmatch(m.group(1)) else " ", plain)
    return [int(found) for found in _YEAR.findall(plain)]


def without_years(text: str) -> str:
    """A header or title without its years."""
    plain = unicodedata.normalize("NFKC", text)
    return re.sub(r"[\s_]*[-~至到]*[\s_]*$", "", _YEAR.sub(" ", plain)).strip()


def place(
    value: Any, aliases: Mapping[str, str] | None = None, codes: bool = False, *, units: Units
) -> tuple[Kind, Unit | None]:
    """(what a cell of the column of units is, the unit where it is one).

    A number is a unit only where `codes` says that the column holds codes.
    """
    if value is None or not str(value).strip():
        return "blank", None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = unicodedata.normalize("NFKC", str(value)).strip()
    if not any(character.isalpha() for character in text):
        found = units.find(text) if codes else None
        if found is not None and (text.isdigit() or text == str(found.code)):
            return "unit", found
        return "unknown", None
    for alias, name in (aliases or {}).items():
        if alias.strip() == text and (given := units.find(name)):
            return "unit", given
    return _named(text, units)


def names_unit(value: Any, aliases: Mapping[str, str] | None = None, *, units: Units) -> bool:
    """Whether a cell holds a name of a unit, and not its code."""
    if not isinstance(value, str):
        return False
    found = place(value, aliases, units=units)[1]
    if found is None:
        return False
    text = value.strip().casefold()
    return text != str(found.code).casefold() or text == found.name.casefold()


def nearest_unit(value: Any, units: Units) -> str:
    """`did you mean ...?` for a name that is no unit, or nothing."""
    text = str(value)
    han = "".join(re.findall(r"[\u3400-\u9fff]+", text))
    try:
        units.get(han or text)
    except UnknownUnitError as error:
        return str(error).partition("; ")[2]
    return ""


@lru_cache(maxsize=4096)
def _named(text: str, units: Units) -> tuple[Kind, Unit | None]:
    """As place, for a text with a letter in it; a footnote mark may follow a name (北京①)."""
    name = re.sub(r"(\(\d+\)|[\d*#①-⑳])+$", "", text).strip()
    han = "".join(re.findall(r"[\u3400-\u9fff]+", name))
    latin = " ".join(re.findall(r"[A-Za-z][A-Za-z'’ .-]*", name)).strip()
    spellings = [spelling for spelling in (name, han, latin) if spelling]
    for spelling in (text, *spellings):  # a name or a code may end in a digit too
        if given := units.find(spelling):
            return "unit", given
    parents = {_key(unit.parent).removesuffix("省") for unit in units if unit.parent}
    for spelling in spellings:
        key = _key(spelling)
        if kind := _other_rows().get(key):
            return kind, None
        if key.removesuffix("省") in parents:
            return "group", None
    return ("footnote" if _FOOTNOTE.match(name) else "unknown"), None


def _key(name: str) -> str:
    return re.sub(r"[\s\-_.'’#:]+", "", name).lower()


@lru_cache(maxsize=1)
def _other_rows() -> dict[str, Kind]:
    """Rows of yearbooks that are no unit: the nation, groups of units, and what lies outside."""
    kinds: dict[str, Kind] = {"national": "national", "group": "group", "outside": "outside"}
    return {row["name"]: kinds[row["kind"]] for row in reference_rows("yearbook_rows.csv")}
