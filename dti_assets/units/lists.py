"""Which units there are: a list that ships, or a CSV file of the user's.

A name resolves to one unit or to none; nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher, get_close_matches
from functools import cached_property, lru_cache
from heapq import nlargest
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dti_assets.errors import UnitListError, UnknownUnitError, UnreadableError
from dti_assets.store.characters import plain
from dti_assets.store.delimited import decoded, delimiter, is_nothing, rows, unguarded
from dti_assets.store.files import read_named
from dti_assets.units.levels import Level

if TYPE_CHECKING:
    import pandas as pd

REQUIRED = ("level", "code", "name")
# the columns of a list; all but REQUIRED may be absent, and so may a value
COLUMNS = (
    *REQUIRED,
    "full_name",
    "pinyin",
    "english",
    "aliases",
    "parent",
    "seat",
    "seat_english",
    "latitude",
    "longitude",
    "area_km2",
    "from",
    "to",
    "source",
    "area_source",
)


@dataclass(frozen=True)
class Unit:
    """One unit of a list; `name` is the one that stands in every table.

    `aliases` are names in any script; `parent` is the name of the unit it lies in. `seat` is the
    place its distances are measured from, at `latitude` and `longitude` in degrees; `area` is in
    km2. The unit exists from `first` to `last` year, None for always.
    """

    code: int | str
    name: str
    full_name: str
    pinyin: str = ""
    english: str = ""
    aliases: tuple[str, ...] = ()
    parent: str = ""
    seat: str = ""
    seat_english: str = ""
    latitude: float | None = None
    longitude: float | None = None
    area: float | None = None
    first: int | None = None
    last: int | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Every name of the unit but its code, the one of the tables first."""
        every = (self.name, self.full_name, self.pinyin, self.english, *self.aliases)
        return tuple(dict.fromkeys(name for name in every if name))


@dataclass(frozen=True, eq=False)
class Units:
    """The units of a study in the order of its tables, and what they are called."""

    level: Level
    all: tuple[Unit, ...]
    # where the coordinates and areas of the list are from
    source: str = ""
    _by_code: dict[Any, Unit] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_code", {unit.code: unit for unit in self.all})

    def __iter__(self) -> Iterator[Unit]:
        return iter(self.all)

    def __len__(self) -> int:
        return len(self.all)

    def __getitem__(self, code: int | str) -> Unit:
        """The unit of a code as it stands in tables. Raises KeyError."""
        return self._by_code[code]

    def key(self, unit: Unit) -> dict[str, Any]:
        """The columns that identify a unit, with its values."""
        return {self.level.code: unit.code, self.level.name: unit.name}

    def first(self, number: int) -> Units:
        """The first `number` units of the list."""
        return Units(self.level, self.all[:number], self.source)

    @cached_property
    def order(self) -> dict[Any, int]:
        """Code of a unit -> its place in the list."""
        return {unit.code: place for place, unit in enumerate(self.all)}

    def in_order(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows of a table by unit, in the order of the list, and by year."""
        code = self.level.code
        return frame.sort_values(
            [code, "year"],
            key=lambda values: values.map(self.order) if values.name == code else values,
        )

    def find(self, name: str) -> Unit | None:
        """Return the unit called `name` in any of its spellings, or of that code; else None."""
        return self._by_name.get(_fold(name))

    def get(self, name: str) -> Unit:
        """As find, but raises UnknownUnitError with the nearest known name."""
        found = self.find(name)
        if found is None:
            near = get_close_matches(_fold(name), self._by_name, n=1, cutoff=0.5)
            hint = f"; did you mean {self._by_name[near[0]].name}?" if near else ""
            raise UnknownUnitError(f"unknown {self.level.noun} {name!r}{hint}")
        return found

    def find_seat(self, seat: str) -> Unit | None:
        """Return the unit whose seat is `seat` (杭州, 杭州市 or Hangzhou), else None."""
        key = _seat(seat)
        return next((u for u in self.all if u.seat and key in _seats(u)), None)

    def nearest_seat(self, seat: str) -> Unit | None:
        """Return the unit whose seat is written most like `seat`; None where none is much alike,
        or several equally (every 州 is like every other)."""
        key = _fold(seat)
        likeness = {
            unit: max(SequenceMatcher(None, key, name).ratio() for name in _seats(unit))
            for unit in self.all
            if unit.seat
        }
        best = nlargest(2, likeness, key=lambda unit: likeness[unit])
        if not best:
            return None
        second = likeness[best[1]] + 0.01 if len(best) > 1 else 0.0
        return best[0] if likeness[best[0]] >= max(0.5, second) else None

    @cached_property
    def _by_name(self) -> dict[str, Unit]:
        names: dict[str, Unit] = {}
        kinds = (self.level.noun, *self.level.kinds)
        for unit in self.all:
            latin = [unit.pinyin, unit.english, *unit.aliases]
            suffixed = [
                f"{name} {kind}" for name in latin if name and name.isascii() for kind in kinds
            ]
            code = str(unit.code)
            short = [code[: self.level.digits]] if self.level.digits else []
            for name in (*unit.names, *suffixed, code, *short):
                if names.setdefault(_fold(name), unit) is not unit:
                    other = names[_fold(name)].name
                    raise UnitListError(
                        f"{name} names two {self.level.plural}: {other} and {unit.name}"
                    )
        return names


@lru_cache(maxsize=1)
def shipped_lists() -> dict[str, Level]:
    """The levels whose lists ship, by the name of the list."""
    # `dti --help` loads this module, and shows no list
    import yaml

    text = (files("dti_assets.reference") / "units" / "levels.yaml").read_text(encoding="utf-8")
    levels = yaml.safe_load(text)
    # a level can be looked up by, which a list in it could not
    return {
        name: Level(**one | {"kinds": tuple(one.get("kinds", ()))}) for name, one in levels.items()
    }


@lru_cache(maxsize=8)
def shipped_units(name: str) -> Units:
    """The list that ships under a name, such as provinces. Raises KeyError."""
    level = shipped_lists()[name]
    file = files("dti_assets.reference") / "units" / f"{name}.csv"
    return _parse(file.read_text(encoding="utf-8"), f"{name}.csv", level)


def read_units(choice: str, folder: Path) -> Units:
    """Return the list a study names: one that ships, or a CSV file, relative to `folder`.

    The file has a line a unit. Its column `level` holds one noun, which names the columns of
    every table: `county` gives `county_code` and `county`. Raises UnitListError naming file and
    line.
    """
    if choice in shipped_lists():
        return shipped_units(choice)
    path = folder / choice
    try:
        text = decoded(read_named(path))
    except UnreadableError as error:
        raise UnitListError(f"{path}: {error.reason}") from error
    except OSError as error:
        lists = ", ".join(shipped_lists())
        raise UnitListError(
            f"{path}: {error.strerror or error}; units is {lists} or a CSV file"
        ) from error
    return _parse(text, str(path), None)


def _parse(text: str, where: str, level: Level | None) -> Units:
    lines, faults = rows(text, delimiter(text))
    header = [cell.strip() for cell in lines[0].cells] if lines else []
    while header and not header[-1]:
        header.pop()
    for name in REQUIRED:
        if name not in header:
            raise UnitListError(f"{where}, line 1: no column {name}; there are {', '.join(header)}")
    for name in header:
        if name not in COLUMNS:
            raise UnitListError(
                f"{where}, line 1: unknown column {name!r}; the columns are {', '.join(COLUMNS)}"
            )
    for fault in faults:
        raise UnitListError(f"{where}, line {fault.line}: {fault.message}")
    given = [(line, _row(header, cells, f"{where}, line {line}")) for line, cells in lines[1:]]
    if not given:
        raise UnitListError(f"{where}: no unit in it")
    units: dict[int | str, Unit] = {}
    for line, row in given:
        place = f"{where}, line {line}"
        noun = row["level"]
        level = level or _level(noun, place)
        if noun != level.noun:
            raise UnitListError(f"{place}: level {noun!r} after {level.noun!r}; a list has one")
        unit = _unit(row, level, place)
        if unit.code in units:
            raise UnitListError(f"{place}: code {unit.code} is that of {units[unit.code].name}")
        units[unit.code] = unit
    assert level is not None
    sources = dict.fromkeys(row["source"] for _, row in given if row.get("source"))
    found = Units(level, tuple(units.values()), "; ".join(sources))
    try:
        _ = found._by_name
    except UnitListError as error:
        raise UnitListError(f"{where}: {error}") from error
    return found


def _row(header: list[str], cells: list[str], where: str) -> dict[str, str]:
    """The cells by column, words for nothing and guards of spreadsheet programs taken off."""
    if len(cells) < len(header):
        raise UnitListError(f"{where}: not as many cells as the header has")
    bare = {name: unguarded(cell) for name, cell in zip(header, cells, strict=False)}
    # NA is the code of a country
    return {n: "" if n not in REQUIRED and is_nothing(v) else v for n, v in bare.items()}


def _level(noun: str, where: str) -> Level:
    if not re.fullmatch(r"[a-z][a-z_]*", noun) or noun in ("year", "unit"):
        raise UnitListError(
            f"{where}: level {noun!r} must be a noun in lower-case letters, such as county, and "
            "neither year nor unit"
        )
    return Level(noun, re.sub(r"(?<![aeiou])y$", "ie", noun) + "s")


def _unit(row: dict[str, Any], level: Level, where: str) -> Unit:
    given = {name: str(value).strip() for name, value in row.items()}
    for name in REQUIRED:
        if not given[name]:
            raise UnitListError(f"{where}: no {name}")

    def number(name: str, low: float, high: float) -> float | None:
        text = given.get(name, "")
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            raise UnitListError(f"{where}: {name} {text!r} is no number from {low:g} to {high:g}")
        return value

    def year(name: str) -> int | None:
        value = number(name, 1000, 3000)
        return None if value is None else int(value)

    code: int | str = given["code"]
    if level.code_dtype == "int64":
        code = int(code)
    latitude, longitude = number("latitude", -90, 90), number("longitude", -180, 180)
    if (latitude is None) != (longitude is None):
        raise UnitListError(f"{where}: latitude and longitude go together")
    return Unit(
        code,
        given["name"],
        given.get("full_name") or given["name"],
        given.get("pinyin", ""),
        given.get("english", ""),
        tuple(filter(None, given.get("aliases", "").split("|"))),
        given.get("parent", ""),
        given.get("seat") or given["name"],
        given.get("seat_english", ""),
        latitude,
        longitude,
        number("area_km2", 1e-6, 1e9),
        year("from"),
        year("to"),
    )


def _seats(unit: Unit) -> tuple[str, ...]:
    return tuple(filter(None, (_seat(unit.seat), _fold(unit.seat_english))))


def _seat(name: str) -> str:
    return _fold(name).removesuffix("市")


def _fold(name: str) -> str:
    """Plain text in lower case, without white space, hyphens, underscores, dots and apostrophes."""
    text = plain(str(name)).lower()
    return re.sub(r"[\s\-_.'’]+", "", text)
