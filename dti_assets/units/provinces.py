"""The 31 provinces: GB/T 2260 codes, names in every spelling met, and their capitals.

A name resolves to one province or to none; nothing is guessed. Distances are in `distances`.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from functools import lru_cache
from heapq import nlargest
from importlib.resources import files

from dti_assets.errors import UnknownProvinceError

# What the coordinates in reference/provinces.csv stand for; printed wherever they are shown.
COORDINATE_SOURCE = (
    "city centre (seat of the municipal government) as given by AMap's district query, GCJ-02 "
    "datum, which lies within about 0.6 km of WGS-84"
)


@dataclass(frozen=True)
class Province:
    """One province; `province` is the Chinese short name used as key in every table."""

    province_code: int
    province: str
    full_name: str
    pinyin: str
    english: str
    aliases: tuple[str, ...]
    capital: str
    capital_english: str
    latitude: float
    longitude: float


@lru_cache(maxsize=1)
def provinces() -> tuple[Province, ...]:
    """The 31 provinces of mainland China in GB/T 2260 order."""
    text = (files("dti_assets.reference") / "provinces.csv").read_text(encoding="utf-8")
    return tuple(
        Province(
            int(row["province_code"]),
            row["province"],
            row["full_name"],
            row["pinyin"],
            row["english"],
            tuple(row["aliases"].split("|")),
            row["capital"],
            row["capital_english"],
            float(row["latitude"]),
            float(row["longitude"]),
        )
        for row in csv.DictReader(text.splitlines())
    )


def find_province(name: str) -> Province | None:
    """The province called `name`: short or full Chinese name (北 京 too), pinyin or English in any
    case, an alias (Xizang, Nei Mongol, 闽), or a GB/T 2260 code; None where it is none of these."""
    return _by_name().get(_fold(name))


def get_province(name: str) -> Province:
    """As find_province, but raises UnknownProvinceError with the nearest known name."""
    found = find_province(name)
    if found is None:
        near = get_close_matches(_fold(name), _by_name(), n=1, cutoff=0.5)
        hint = f"; did you mean {_by_name()[near[0]].province}?" if near else ""
        raise UnknownProvinceError(f"unknown province {name!r}{hint}")
    return found


def find_capital(city: str) -> Province | None:
    """The province whose capital is `city` (杭州, 杭州市 or Hangzhou)."""
    key = _fold(city).removesuffix("市")
    return next((p for p in provinces() if key in (p.capital, _fold(p.capital_english))), None)


def nearest_capital(city: str) -> Province | None:
    """The province whose capital is written most like `city`; None where none is much alike, or
    several equally (every 州 is like every other)."""
    key = _fold(city)
    likeness = {
        p: max(
            SequenceMatcher(None, key, name).ratio()
            for name in (p.capital, _fold(p.capital_english))
        )
        for p in provinces()
    }
    first, second = nlargest(2, likeness, key=lambda p: likeness[p])
    return first if likeness[first] >= max(0.5, likeness[second] + 0.01) else None


@lru_cache(maxsize=1)
def _by_name() -> dict[str, Province]:
    names: dict[str, Province] = {}
    for p in provinces():
        latin = [p.pinyin, p.english, *p.aliases]
        suffixed = [
            f"{name} {suffix}"
            for name in latin
            if name.isascii()
            for suffix in ("province", "sheng", "shi", "municipality", "autonomous region", "city")
        ]
        code = str(p.province_code)
        for name in (p.province, p.full_name, *latin, *suffixed, code, code[:2]):
            key = _fold(name)
            if names.setdefault(key, p) is not p:
                raise ValueError(f"provinces.csv: {name} names two provinces")
    return names


def _fold(name: str) -> str:
    """NFKC, lower case, without white space, hyphens, underscores, dots and apostrophes."""
    text = unicodedata.normalize("NFKC", str(name)).lower()
    return re.sub(r"[\s\-_.'’]+", "", text)
