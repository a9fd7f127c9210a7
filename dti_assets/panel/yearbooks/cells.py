"""What one cell of a yearbook says: a number, a missing mark, a year, a province, a total."""

from __future__ import annotations

import datetime
import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from dti_assets.errors import NotANumberError, UnknownProvinceError
from dti_assets.units.provinces import Province, find_province, get_province

MISSING = {
    "", "…", "...", "......", "……", "—", "——", "–", "-", "--", "---", "－", ".", "..", "*", "/",
    "na", "n/a", "n.a.", "nan", "null", "none", "missing", "缺失", "缺", "无", "空", "#n/a",
}  # fmt: skip
NATIONAL = {
    "全国", "全国总计", "全国合计", "全国平均", "总计", "合计", "中国", "全国地方", "地方合计",
    "地方总计", "china", "national", "nationaltotal", "total", "nationwide", "localtotal",
}  # fmt: skip
_GROUPS = {
    "东部", "东部地区", "中部", "中部地区", "西部", "西部地区", "东北", "东北地区", "华北", "华东",
    "华南", "华中", "西南", "西北", "华北地区", "华东地区", "中南地区", "西南地区", "西北地区",
    "京津冀", "京津冀地区", "长江经济带", "长三角", "长三角地区", "珠三角", "泛珠三角", "沿海地区",
    "eastern", "east", "easternregion", "central", "centralregion", "western", "west",
    "westernregion", "northeast", "northeastern", "northeasternregion", "easternchina",
    "centralchina", "westernchina", "northeastchina",
}  # fmt: skip
_OUTSIDE = {
    "香港", "澳门", "台湾", "中国香港", "中国澳门", "中国台湾", "香港特别行政区",
    "澳门特别行政区", "台湾省", "港澳台", "hongkong", "macau", "macao", "taiwan",
    "新疆生产建设兵团", "新疆兵团", "生产建设兵团", "兵团", "中央", "中央单位", "其他", "other",
    "大连", "宁波", "厦门", "青岛", "深圳", "大连市", "宁波市", "厦门市", "青岛市", "深圳市",
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

Kind = Literal["province", "national", "group", "outside", "footnote", "unknown", "blank"]


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
    value: Any, aliases: Mapping[str, str] | None = None, codes: bool = False
) -> tuple[Kind, Province | None]:
    """(what a cell of the province column is, the province where it is one).

    A number is a province only where `codes` says that the column holds GB/T 2260 codes.
    """
    if value is None or not str(value).strip():
        return "blank", None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = unicodedata.normalize("NFKC", str(value)).strip()
    if not any(character.isalpha() for character in text):
        found = find_province(text) if codes and text.isdigit() else None
        return ("province", found) if found else ("unknown", None)
    for alias, name in (aliases or {}).items():
        if alias.strip() == text and (given := find_province(name)):
            return "province", given
    return _named(text)


def nearest_province(value: Any) -> str:
    """`did you mean ...?` for a name that is no province, or nothing."""
    text = str(value)
    han = "".join(re.findall(r"[\u3400-\u9fff]+", text))
    try:
        get_province(han or text)
    except UnknownProvinceError as error:
        return str(error).partition("; ")[2]
    return ""


@lru_cache(maxsize=4096)
def _named(text: str) -> tuple[Kind, Province | None]:
    """As place, for a text with a letter in it; a footnote mark may follow a name (北京①)."""
    name = re.sub(r"(\(\d+\)|[\d*#①-⑳])+$", "", text).strip()
    han = "".join(re.findall(r"[\u3400-\u9fff]+", name))
    latin = " ".join(re.findall(r"[A-Za-z][A-Za-z'’ .-]*", name)).strip()
    spellings = [spelling for spelling in (name, han, latin) if spelling]
    for spelling in spellings:
        if given := find_province(spelling):
            return "province", given
    for spelling in spellings:
        key = re.sub(r"[\s\-_.'’#:]+", "", spelling).lower()
        if key in NATIONAL:
            return "national", None
        if key in _GROUPS:
            return "group", None
        if key in _OUTSIDE:
            return "outside", None
    return ("footnote" if _FOOTNOTE.match(name) else "unknown"), None
