"""What one cell of a yearbook says: a number, a missing mark, a year, a unit, a total."""

from __future__ import annotations

import datetime
import math
import re
import unicodedata
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from dti_assets.errors import NotANumberError, UnknownUnitError
from dti_assets.panel.series import reference_rows
from dti_assets.store.characters import MARK_CLASS, plain, without_format, without_note_marks
from dti_assets.store.delimited import is_nothing, unguarded
from dti_assets.units.lists import Unit, Units

_FOOTNOTE = re.compile(
    r"^\s*[\(（\[【]?\s*"
    r"(注|资料来源|数据来源|来源|说明|备注|单位|note|source|data source|a\)|①|\*)",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?<![\d.])((?:19[5-9]|20[0-9])\d)(?!\d|\.\d)\s*年?度?")

BRACKETS = re.compile(r"[(\[（【]([^()\[\]（）【】]*)[)\]）】]")
# ten to a power, which is a number and no figure with a note
_POWER = re.compile(rf"(?<!\d)10({MARK_CLASS}+)")
# part of a year: 2016年6月, 2016年1-9月, 2016上半年, 2016Q3, 2016-06-30; its last month ends a year
_PART_OF_YEAR = re.compile(
    r"(?<!\d)(?:19[5-9]|20\d)\d\s*年?\s*(?:"
    r"[上下]半年|第?[一二三四1-4]季度?|前[一二三1-3]季度?|[Qq][1-4](?!\d)|[Hh][12](?!\d)|"
    r"(?:1\s*[-~至到—]\s*)?(?:0?[1-9]|1[01])\s*月(?:\s*\d{1,2}\s*[日号])?|"
    r"[-/.](?:0?[1-9]|1[01])(?:[-/.]\d{1,2})?(?!\d)|(?<=\d)(?:0[1-9]|1[01])(?:[0-3]\d)?(?!\d))"
)
_BARE_NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?", re.ASCII)
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


class Coded(str):
    """The label of a code in a Stata file, which is a number where a figure is wanted."""

    code: float

    def __new__(cls, label: str, code: float) -> Coded:
        coded = super().__new__(cls, label)
        coded.code = code
        return coded


def number(value: Any) -> float | None:
    """The number in a cell; None for a mark of a missing value. Raises NotANumberError.

    Full-width digits, thousands separators, a trailing %, note marks (1234①) and what guards a
    number from a spreadsheet program ('1234) are understood.
    """
    if value is None:
        return None
    if isinstance(value, bool | datetime.date | datetime.time):
        raise NotANumberError(str(value))
    if isinstance(value, int | float):
        return None if value != value else _finite(value)
    if _BARE_NUMBER.fullmatch(value):
        return _finite(value)
    if is_nothing(value):
        return None
    raw = unguarded(str(value))
    marked = re.sub(f"{MARK_CLASS}+$", "", without_note_marks(without_format(raw)))
    if _POWER.search(raw) or any(unicodedata.category(character) == "No" for character in marked):
        # 10⁴ is no figure with a note, and NFKC would make a digit of what is left of the marks
        raise NotANumberError(raw)
    if is_nothing(marked):
        return None
    text = plain(marked).strip().removesuffix("%").strip()
    grouped = re.fullmatch(r"[+-]?\d{1,3}(?:[, ]\d{3})+(?:\.\d+)?", text)
    text = re.sub(r"[, ]", "", text) if grouped else text
    if not re.fullmatch(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", text):
        if isinstance(value, Coded):
            return _finite(value.code)
        raise NotANumberError(raw)
    return _finite(text)


def in_percent(value: Any) -> bool:
    """Whether a cell shows its number with a sign of percent."""
    return isinstance(value, str) and plain(unguarded(value)).rstrip().endswith("%")


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
    """The year a cell of a year column or a column header stands for: 2015, 2015年, 2015-12-31.

    Another day or month than the last (or 1 January, as some programs store years) is no year.
    """
    if isinstance(value, datetime.date):
        return value.year if (value.month, value.day) in ((12, 31), (1, 1)) else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return int(value) if 1950 <= value < 2100 and value == int(value) else None
    text = plain(unguarded(str(value))).strip() if value is not None else ""
    text = re.sub(r"\.0+$", "", text)
    if re.fullmatch(r"(?:_|y|yr|year)?_?(19[5-9]\d|20\d\d)\s*年?[度末底]?", text, re.IGNORECASE):
        return int(re.sub(r"\D", "", text))
    dated = re.fullmatch(
        r"(19[5-9]\d|20\d\d)[-/.年](0?[1-9]|1[0-2])(?:[-/.月](\d{1,2})日?|月)?(?:[ T]\d.*)?", text
    )
    if dated is None:
        return None
    year, month = int(dated.group(1)), int(dated.group(2))
    day = int(dated.group(3) or monthrange(year, month)[1])
    return year if (month, day) in ((12, 31), (1, 1)) else None


def years_in(text: str) -> list[int]:
    """Every year named in a title, sheet or file name, in order.

    Not the edition of a yearbook, nor what brackets hold beside a year, (2010年价), nor a part of
    a year: 2016年1-9月.
    """
    bare = _EDITION.sub(" ", plain(text).replace("_", " "))
    bare = BRACKETS.sub(lambda m: m.group() if _BARE_YEAR.fullmatch(m.group(1)) else " ", bare)
    return [int(found) for found in _YEAR.findall(_PART_OF_YEAR.sub(" ", bare))]


def without_years(text: str) -> str:
    """A header or title without its years; as it is where it speaks of a part of a year."""
    bare = plain(text)
    if _PART_OF_YEAR.search(bare):
        return bare.strip()
    return re.sub(r"[\s_]*[-~至到]*[\s_]*$", "", _YEAR.sub(" ", bare)).strip()


def place(
    value: Any, aliases: Mapping[str, str] | None = None, codes: bool = False, *, units: Units
) -> tuple[Kind, Unit | None]:
    """(what a cell of the column of units is, the unit where it is one).

    A number is a unit only where `codes` says that the column holds codes.
    """
    if value is None or (is_nothing(value) and units.find(str(value)) is None):
        return "blank", None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = plain(unguarded(str(value))).strip()
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
    text = plain(unguarded(value)).strip().casefold()
    return text != str(found.code).casefold() or text == found.name.casefold()


def with_powers(text: str) -> str:
    """10⁴ as 10^4, which the removal of note marks would make a ten."""
    return _POWER.sub(lambda m: "10^" + unicodedata.normalize("NFKC", m.group(1)), text)


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
