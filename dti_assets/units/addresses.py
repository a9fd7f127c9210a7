"""Where an applicant is: the unit of a list, or the origin outside all of them.

A place is read from the beginning of an address, or from a column of names or codes. Nothing is
guessed: a name that is not known, or that is only part of another (河北区, 海南藏族自治州), gives
no unit. Names are data: those of the list, the cities that ship for its level (cities.csv), and
reference/patents/countries.csv.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Mapping, Set
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

from dti_assets.units.levels import Level
from dti_assets.units.lists import Unit, Units


class Place(NamedTuple):
    """The code of a unit, or None; and one of tables.ORIGINS."""

    code: int | str | None
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
# what a name is of, where the name does not leave it out
_KIND = re.compile("(?:省|市|(?:壮族|回族|维吾尔)?自治区|自治州|地区|盟|县|区|旗)$")
# a short name before one of these is that of another kind of unit than its full name says
_OTHER_KIND = re.compile(f"(?:{_CONTINUES.pattern})|省|市|自治[区州]|地区|盟")
_KINDS_OF_PARENTS = ("", "省", "市", "自治区", "壮族自治区", "回族自治区", "维吾尔自治区", "自治州",
                     "地区", "盟")  # fmt: skip
# what is smaller than a unit with cities in it
_SMALLER = ("prefecture", "county")
_BETWEEN = " ,，、-_/()（:："


def first_applicant(text: str) -> str:
    """The first of several addresses or places separated by ; or | or a line break."""
    parts = re.split(r"[;；|\n]", _normal(text))
    return next((part.strip() for part in parts if part.strip()), "")


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def locate(text: str | None, units: Units) -> Place:
    """Return the place an address or the name of a unit begins with; see Gazetteer.locate."""
    return gazetteer(units).locate(text)


@lru_cache(maxsize=8)
def gazetteer(units: Units) -> Gazetteer:
    """Return the gazetteer of a list, which equal lists share: a copy in a worker process too."""
    return _gazetteer(units.level, units.all)


@lru_cache(maxsize=8)
def _gazetteer(level: Level, units: tuple[Unit, ...]) -> Gazetteer:
    return Gazetteer(Units(level, units))


class _Name(NamedTuple):
    """What a name at the beginning of an address says.

    `place`: where it is, unless what follows `continues` the name, which then is another one; with
    None it stands by itself. `below`: the units that lie in what is called so.
    """

    place: Place | None = None
    continues: re.Pattern[str] | None = None
    below: frozenset[Place] = frozenset()


class Gazetteer:
    """The names by which the units of one list are found in addresses."""

    def __init__(self, units: Units) -> None:
        self._units = units
        places = {str(unit.code): Place(unit.code, "mainland") for unit in units}
        self._names = {
            name: _Name(place, _CONTINUES)
            for name, place in _countries().items()
            if not name.isascii()
        }
        cities = _cities(units.level)
        self._has_cities = bool(cities)
        if cities:
            self._names |= _names_with_cities(units, cities, places)
        else:
            self._names |= _names_of_units(units, places)
        self._has_parents = any(unit.parent for unit in units)
        for name, below in _parents(units, places).items():
            self._names[name] = self._names.get(name, _Name())._replace(below=frozenset(below))
        self._longest = max(map(len, self._names))
        self.locate = lru_cache(maxsize=200_000)(self._locate)

    def _locate(self, text: str | None) -> Place:
        """Return the place an address or the name of a unit begins with.

        Understands full and short names, cities with or without the unit they lie in, units with
        or without what they lie in, a postal code or 中国 before them, codes, pinyin and English
        names (in an English address the last part that names a place counts), countries in
        Chinese, English or as an ISO code. Several applicants: the first. China without a unit is
        (None, "mainland"); what is not recognised is (None, "unknown").
        """
        if not text:
            return UNKNOWN
        part = _POSTCODE.sub("", first_applicant(text))
        bare = _CHINA.sub("", part).lstrip(_BETWEEN)
        chinese = bare != part
        bare = _POSTCODE.sub("", bare)
        if not bare:
            return Place(None, "mainland") if chinese else UNKNOWN
        # a code may begin like the country: CN-JS
        found = self._unit(part) if chinese else None
        found = found or self._whole(bare) or self._beginning(bare)
        if found is None and bare.isascii():
            found = self._latin(bare)
        if found is None:
            return Place(None, "mainland") if chinese else UNKNOWN
        return found

    def _whole(self, text: str) -> Place | None:
        """Return the place that the text as one name names: 广东, Guangdong, 44, 440000, JP."""
        digits = self._units.level.digits
        if digits and text.isdecimal():
            if len(text) in (2, 6) and text[:2] in _SPECIAL_GB:
                return Place(None, _SPECIAL_GB[text[:2]])
            if len(text) == 6:
                # 440300 is a city of province 44
                text = text[:digits]
        return self._unit(text) or _countries().get(text.casefold())

    def _unit(self, text: str) -> Place | None:
        # Hainan Prefecture lies in another province than the one called Hainan
        if self._has_cities and text.rstrip(" .").casefold().endswith(_SMALLER):
            return None
        unit = self._units.find(text)
        return None if unit is None else Place(unit.code, "mainland")

    def _beginning(self, text: str, under: Set[Place] | None = None) -> Place | None:
        """Return the place of the longest name the text begins with; `under`: one of these."""
        for length in range(min(self._longest, len(text)), 1, -1):
            name = self._names.get(text[:length])
            if name is None:
                continue
            found, continues, below = name
            rest = text[length:]
            if below and under is None:
                lower = self._beginning(rest.lstrip(_BETWEEN), below)
                if lower is not None:
                    return lower
            # 江苏镇江 is no town of 江苏镇: what follows lies in the same unit
            if continues and continues.match(rest) and self._beginning(rest) != found:
                found = None
            if found is not None and (under is None or found in under):
                # 吉林敦化 may lie in the province, which has more units than the city 吉林
                guessed = under is None and below and continues and below != {found}
                return None if guessed else found
            if below and _KIND.search(text[:length]):
                # 吉林省 is not the city 吉林
                return None
        return None

    def _latin(self, text: str) -> Place | None:
        """An English address: parts from the last to the first, digits left out."""
        found = None
        for part in reversed(re.split(r"[,;]", text)):
            name = re.sub(r"\s+", " ", re.sub(r"[0-9-]+", " ", part)).strip(" .")
            if not name or _CHINA.fullmatch(name):
                continue
            place = self._whole(name) if len(name) > 2 else _countries().get(name.casefold())
            if place is None:
                continue
            if place.code is None or not self._has_parents:
                return found or place
            # Changchun, Jilin: the province of that name, not the city
            if found is None or place in self._in(found):
                found = place
        return found

    def _in(self, place: Place) -> frozenset[Place]:
        """Return the units that lie in what is called as the unit of `place` is."""
        assert place.code is not None
        return self._names.get(_normal(self._units[place.code].name), _Name()).below


def _names_with_cities(
    units: Units, cities: Iterable[dict[str, str]], places: Mapping[str, Place]
) -> dict[str, _Name]:
    """Return the names of units and of the cities in them."""
    names = {unit.full_name: _Name(places[str(unit.code)]) for unit in units}
    short = {}
    for city in cities:
        place = places.get(city[units.level.code])
        if place is not None:
            names |= dict.fromkeys(_full_names(city), _Name(place))
            short[_short_name(city)] = _Name(place, _CONTINUES)
    # last, so that 海南 is the province and 吉林 too
    short |= {unit.name: _Name(places[str(unit.code)], _CONTINUES) for unit in units}
    return short | names


def _names_of_units(units: Units, places: Mapping[str, Place]) -> dict[str, _Name]:
    """Return every name that units have in Chinese."""
    full, short = {}, {}
    for unit in units:
        place = places[str(unit.code)]
        told_apart = unit.full_name != unit.name
        for name in map(_normal, (unit.name, unit.full_name, *unit.aliases)):
            if name.isascii():
                continue
            if (told_apart and name == _normal(unit.full_name)) or _KIND.search(name):
                full[name] = _Name(place)
            else:
                short[name] = _Name(place, _OTHER_KIND if told_apart else _CONTINUES)
    return short | full


def _parents(units: Units, places: Mapping[str, Place]) -> dict[str, set[Place]]:
    """Return what units lie in, with 省 or 市 behind it or without, and the units there."""
    below: dict[str, set[Place]] = {}
    for unit in units:
        if unit.parent:
            parent = _normal(unit.parent)
            bare = _KIND.sub("", parent)
            for name in {parent, *(bare + kind for kind in _KINDS_OF_PARENTS)}:
                below.setdefault(name, set()).add(places[str(unit.code)])
    return below


@lru_cache(maxsize=8)
def city_names(level: Level) -> frozenset[str]:
    """Return the cities that ship for a level, also former ones: under their full names,
    prefectures also without 市, 地区 or 盟."""
    return frozenset(
        name for row in _cities(level) for name in (*_full_names(row), _short_name(row)) if name
    )


def _full_names(city: dict[str, str]) -> tuple[str, ...]:
    name = city["name"]
    return (name, _ETHNIC.sub("", name) + "州") if name.endswith("自治州") else (name,)


def _short_name(city: dict[str, str]) -> str:
    """Return the name of a prefecture as it is written for short; "" where it has none."""
    short = re.sub("(?:市|地区|盟)$", "", _ETHNIC.sub("", city["name"]))
    return short if city["level"] == "prefecture" and len(short) > 1 else ""


def _cities(level: Level) -> list[dict[str, str]]:
    """Return the cities that ship for a level, and in which unit each lies."""
    file = level.shipped("cities.csv")
    return [] if file is None else _rows(file)


def _rows(file: Traversable) -> list[dict[str, str]]:
    return list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))


@lru_cache(maxsize=1)
def _countries() -> dict[str, Place]:
    names = {}
    for row in _rows(files("dti_assets.reference") / "patents" / "countries.csv"):
        place = Place(None, _SPECIAL.get(row["code"], "foreign"))
        for name in (row["code"], *row["names"].split("|")):
            names[name.casefold()] = place
    return names
