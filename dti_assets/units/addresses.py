"""Where an applicant is: the province (GB/T 2260) or the origin outside the 31 provinces.

A place is read from the beginning of an address, or from a province column. Nothing is
guessed: a name that is not known, or that is only part of another (河北区, 海南藏族自治州),
gives no province. City names are data: reference/patents/cities.csv and countries.csv.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

from dti_assets.units.provinces import find_province, provinces


class Place(NamedTuple):
    """GB/T 2260 code of one of the 31 provinces, or None; and one of tables.ORIGINS."""

    province_code: int | None
    origin: str


UNKNOWN = Place(None, "unknown")
_SPECIAL = {"HK": "hong_kong", "MO": "macau", "TW": "taiwan"}
_SPECIAL_GB = {"71": "taiwan", "81": "hong_kong", "82": "macau"}
# what makes a short name part of another one: 河北区 lies in Tianjin, 西藏路 and 中山东一路 in
# many cities; but 门头沟区 is a district of Beijing
_DISTRICT = (
    "(?:道[里外]|二道江?|北道|路桥|桥[东西]|门头沟|湾[里沚]|山[阳城亭]|山海关|镇海|屯[溪留])区|"
    "(?:道|山[丹阴阳]|乡[宁城]|镇[平坪雄原远康安巴赉]|屯昌)县"
)
_CONTINUES = re.compile(
    f"(?!{_DISTRICT})(?:区|县|镇|乡|村|桥|屯|门|湾|岛|山|蒙古族自治县|"
    "[东南西北中]?[一二三四五六七八九十]{0,2}(?:路|街|道|大道|大街|巷|弄))"
)
_ETHNIC = re.compile(
    "(?:藏族|羌族|彝族|回族|蒙古族?|朝鲜族|土家族|苗族|布依族|侗族|哈尼族|壮族|傣族|白族|景颇族|"
    "傈僳族|哈萨克|柯尔克孜)+自治州$"
)
_POSTCODE = re.compile(r"^[\s(\[]*(?:邮编|邮政编码)?\s*[:：]?\s*\d{6}[\s)\],，:：、-]*(?=\D)")
_CHINA = re.compile(r"^(?:中华人民共和国|中国大陆|中国|P\.?R\.? ?China|China|CN)(?![a-z])", re.I)
_LONGEST = 14


def first_applicant(text: str) -> str:
    """The first of several addresses or places separated by ; or | or a line break."""
    parts = re.split(r"[;；|\n]", unicodedata.normalize("NFKC", text))
    return next((part.strip() for part in parts if part.strip()), "")


@lru_cache(maxsize=200_000)
def locate(text: str | None) -> Place:
    """The place an address or a province name begins with.

    Understands full and short province names, prefectures and county-level cities with or
    without their province, a postal code or 中国 before them, province codes, pinyin and English
    names (in an English address the last part that names a place counts), countries in Chinese,
    English or as an ISO code. Several applicants: the first. China without a province is
    (None, "mainland"); what is not recognised is (None, "unknown").
    """
    if not text:
        return UNKNOWN
    part = _POSTCODE.sub("", first_applicant(text))
    bare = _CHINA.sub("", part).lstrip(" ,，、-_/()（:：")
    chinese = bare != part
    bare = _POSTCODE.sub("", bare)
    if not bare:
        return Place(None, "mainland") if chinese else UNKNOWN
    found = _whole(bare) or _beginning(bare)
    if found is None and bare.isascii():
        found = _latin(bare)
    if found is None:
        return Place(None, "mainland") if chinese else UNKNOWN
    return found


def _whole(text: str) -> Place | None:
    """The text as one name: 广东, Guangdong, 44, 440000, JP."""
    digits = re.fullmatch(r"(\d\d)(\d{4})?", text)
    if digits and digits[1] in _SPECIAL_GB:
        return Place(None, _SPECIAL_GB[digits[1]])
    if digits:
        # 440300 is a city of province 44
        text = digits[1]
    province = find_province(text)
    if province is not None:
        return Place(province.province_code, "mainland")
    return _countries().get(text.casefold())


def _beginning(text: str) -> Place | None:
    for length in range(min(_LONGEST, len(text)), 1, -1):
        name, rest = text[:length], text[length:]
        found = _full_names().get(name)
        if found is not None:
            return found
        found = _short_names().get(name)
        # 江苏镇江 is no town of 江苏镇: what follows lies in the same province
        if found is not None and (not _CONTINUES.match(rest) or _beginning(rest) == found):
            return found
    return None


def _latin(text: str) -> Place | None:
    """An English address: parts from the last to the first, digits left out."""
    for part in reversed(re.split(r"[,;]", text)):
        name = re.sub(r"\s+", " ", re.sub(r"[0-9-]+", " ", part)).strip(" .")
        if not name or _CHINA.fullmatch(name):
            continue
        found = _whole(name) if len(name) > 2 else _countries().get(name.casefold())
        if found is not None:
            return found
    return None


@lru_cache(maxsize=1)
def city_names() -> frozenset[str]:
    """Prefectures, county-level cities and former ones under their full names, prefectures also
    without 市, 地区 or 盟."""
    found = set(_full_names()) - {p.full_name for p in provinces()}
    for row in _rows("../provinces/cities.csv"):
        if row["level"] == "prefecture" and len(short := _short(row["name"])) > 1:
            found.add(short)
    return frozenset(found)


def _short(name: str) -> str:
    return re.sub("(?:市|地区|盟)$", "", _ETHNIC.sub("", name))


def _rows(name: str) -> list[dict[str, str]]:
    path = files("dti_assets.reference") / "patents" / name
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


@lru_cache(maxsize=1)
def _full_names() -> dict[str, Place]:
    """Names that stand by themselves whatever follows."""
    names = {p.full_name: Place(p.province_code, "mainland") for p in provinces()}
    for row in _rows("../provinces/cities.csv"):
        place = Place(int(row["province_code"]), "mainland")
        names[row["name"]] = place
        if row["name"].endswith("自治州"):
            names[_ETHNIC.sub("", row["name"]) + "州"] = place
    return names


@lru_cache(maxsize=1)
def _short_names() -> dict[str, Place]:
    """Names that may be the beginning of another: provinces, prefectures, countries."""
    names = {name: place for name, place in _countries().items() if not name.isascii()}
    for row in _rows("../provinces/cities.csv"):
        short = _short(row["name"])
        if row["level"] == "prefecture" and len(short) > 1:
            names[short] = Place(int(row["province_code"]), "mainland")
    # last, so that 海南 is the province and 吉林 too
    return names | {p.province: Place(p.province_code, "mainland") for p in provinces()}


@lru_cache(maxsize=1)
def _countries() -> dict[str, Place]:
    names = {}
    for row in _rows("countries.csv"):
        place = Place(None, _SPECIAL.get(row["code"], "foreign"))
        for name in (row["code"], *row["names"].split("|")):
            names[name.casefold()] = place
    return names
