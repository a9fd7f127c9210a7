"""The catalogue of series: what can enter the panel, in which unit, under which names.

The catalogue is data (reference/official_statistics_series.csv): a series is added there, not
here. Figures are in `official` and `user_figures`.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from importlib.resources import files
from typing import Any

from dti_assets.errors import PanelError
from dti_assets.panel.parts import sector_words
from dti_assets.panel.units import Unit, parse_unit
from dti_assets.store.characters import plain
from dti_assets.units.levels import Level

# dimensions of figures that do not grow with the size of a unit
_SIZELESS = ("share", "index", "years", "CNY per USD", "dummy", "any")


@dataclass(frozen=True)
class Series:
    """One series of raw figures; `unit` is the unit in which it is shipped and stored.

    The plausible range is that of the shipped figures and holds for their level.
    """

    name: str
    label: str
    label_zh: str
    unit: Unit
    plausible_min: float
    plausible_max: float | None
    source: str
    aliases: tuple[str, ...]
    how_to_supply: str

    @property
    def names(self) -> tuple[str, ...]:
        """Every name of the series, in lower case."""
        return tuple(name.lower() for name in (self.name, self.label, self.label_zh, *self.aliases))

    @property
    def summed(self) -> bool:
        """Whether the figures of all units sum to the nation's."""
        return self.unit.dimension not in _SIZELESS

    def plausible(self, level: Level) -> tuple[float, float]:
        """Return the range of what the series can be for a unit of the level, in its unit."""
        if self.summed and not ships_statistics(level):
            return 0.0, math.inf
        high = math.inf if self.plausible_max is None else self.plausible_max
        return self.plausible_min, high

    def shipped_from(self, level: Level) -> str:
        """Return the source of the figures that ship for the level, "" where there are none."""
        return self.source if ships_statistics(level) else ""

    def supply(self, level: Level) -> str:
        """Say where a user finds the figures."""
        return level.words(self.how_to_supply)


def reference_rows(name: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file of dti_assets/reference."""
    text = (files("dti_assets.reference") / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def shipped_rows(level: Level, name: str) -> list[dict[str, Any]]:
    """Return the rows of a CSV file of figures that ships for the level; none without one.

    A code is as it stands in tables, everything else is text.
    """
    file = level.shipped(name)
    if file is None:
        return []
    rows: list[dict[str, Any]] = list(csv.DictReader(file.read_text("utf-8").splitlines()))
    for row in rows:
        if level.code in row and level.code_dtype == "int64":
            row[level.code] = int(row[level.code])
    return rows


def ships_statistics(level: Level) -> bool:
    """Whether official figures of the level come with the package."""
    return level.shipped("official_statistics.csv") is not None


@lru_cache(maxsize=1)
def catalogue() -> dict[str, Series]:
    """Every series by name, in the order of the catalogue."""
    return {
        row["series"]: Series(
            row["series"],
            row["label"],
            row["label_zh"],
            parse_unit(row["unit"]),
            float(row["plausible_min"]),
            float(row["plausible_max"]) if row["plausible_max"] else None,
            row["source"],
            tuple(alias for alias in row["aliases"].split("|") if alias),
            row["how_to_supply"],
        )
        for row in reference_rows("official_statistics_series.csv")
    }


def find_series(
    header: str, context: str = "", aliases: Mapping[str, str] | None = None
) -> Series | None:
    """The series a column header names, or None.

    `aliases` (header -> series, from study.yaml) come first. An alias `高技术>企业数` of the
    catalogue holds only where `context` (sheet title, sheet and file name) speaks of 高技术, so
    that another industry's 企业数 is never taken for it. Where `context` speaks of a part
    (高技术, 规模以上 ...), a name of the whole names nothing: 出口总额 of high-tech firms is
    not total_exports.
    """
    key = fold(header)
    for alias, name in (aliases or {}).items():
        if fold(alias) == key:
            if name not in catalogue():
                raise PanelError(f"alias {alias}: {unknown_series(name)}")
            return catalogue()[name]
    found = _by_alias().get(key)
    about = fold(context)
    if found and _may_name(key, catalogue()[found], about):
        return catalogue()[found]
    for scope, alias, name in _scoped():
        if alias == key and scope in about:
            return catalogue()[name]
    return None


def _may_name(key: str, series: Series, about: str) -> bool:
    """Whether a header without a scope names `series` in a sheet about `about`."""
    parts = [part for part in sector_words() if part in about]
    if not parts or key == fold(series.name) or any(part in key for part in sector_words()):
        return True
    names = [fold(name) for name in (series.label_zh, *series.aliases)]
    return any(part in name for part in parts for name in names)


def unknown_series(name: str) -> str:
    """The sentence for a name that is no series, with the nearest one."""
    near = get_close_matches(fold(name), list(_by_alias()), n=1, cutoff=0.6)
    return f"{name!r} is no series" + (f"; did you mean {_by_alias()[near[0]]}?" if near else "")


def fold(text: str) -> str:
    """Plain text in lower case, without white space, punctuation and footnote marks."""
    return re.sub(r"[\s_\-.,、:：*#]+", "", plain(str(text)).lower())


@lru_cache(maxsize=1)
def _by_alias() -> dict[str, str]:
    names: dict[str, str] = {}
    for one in catalogue().values():
        for alias in (one.name, one.label, one.label_zh, *one.aliases):
            if ">" not in alias and names.setdefault(fold(alias), one.name) != one.name:
                raise PanelError(f"official_statistics_series.csv: {alias} names two series")
    return names


@lru_cache(maxsize=1)
def _scoped() -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (fold(outer), fold(inner), one.name)
        for one in catalogue().values()
        for outer, scope, inner in (alias.partition(">") for alias in one.aliases)
        if scope
    )
