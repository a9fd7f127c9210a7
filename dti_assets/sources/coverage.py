"""What a registry and its folder lack, by unit and year. No network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dti_assets.store.schema import records
from dti_assets.units.levels import Level
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    import pandas as pd

    # these load requests, which no check needs
    from dti_assets.sources.archive import Archive
    from dti_assets.sources.registry import Entry, Key

MARKS = {
    (True, True): "●",
    (True, False): "○",
    (False, True): "▲",
    (False, False): "·",
}
LEGEND = "● address and file   ○ address, no file   ▲ file, no address   · neither"
# so many gaps of a year are named in a line; more are seen better in the grid
_NAMED = 12


@dataclass(frozen=True)
class Coverage:
    """Unit-years by whether they have an address, a row and a file."""

    units: Units
    years: tuple[int, ...]
    rows: frozenset[Key]
    addresses: frozenset[Key]
    files: frozenset[Key]
    # files of the user whose names do not say which report they are
    unnamed: tuple[str, ...] = ()

    def grid(self) -> list[dict[str, Any]]:
        """Units by years, one mark each, and a last line with the reports at hand."""
        lines: list[dict[str, Any]] = []
        name = self.units.level.name
        for unit in self.units:
            line: dict[str, Any] = {name: unit.name}
            for year in self.years:
                key = (unit.code, year)
                line[str(year)] = MARKS[key in self.addresses, key in self.files]
            lines.append(line)
        total = {str(year): sum(y == year for _, y in self.files) for year in self.years}
        return [*lines, {name: "files", **total}]

    def sentences(self) -> list[str]:
        """The gaps counted, and named where they are few a year."""
        asked = {(unit.code, year) for unit in self.units for year in self.years}
        kinds = (
            ("rows without an address", self.rows - self.addresses),
            ("addresses without a file", self.addresses - self.files),
            ("files without a row", self.files - self.rows),
            (
                f"{self.units.level.noun}-years with neither row nor file",
                asked - self.rows - self.files,
            ),
        )
        out = []
        for kind, keys in kinds:
            out.append(f"{kind}: {len(keys)}")
            for year in self.years:
                of_year = {code for code, y in keys if y == year}
                named = [unit.name for unit in self.units if unit.code in of_year]
                if 0 < len(named) <= _NAMED:
                    out.append(f"  {year}: {' '.join(named)}")
                elif named:
                    out.append(f"  {year}: {len(named)}")
        if self.unnamed:
            out.append(f"files whose names do not say which report they are: {len(self.unnamed)}")
            out += [f"  {path}" for path in self.unnamed]
        return out


def coverage(
    entries: Iterable[Entry], archive: Archive, years: Iterable[int], *, units: Units
) -> Coverage:
    """How the registry's rows and the folder's files cover all `units` in `years`."""
    span = tuple(years)
    entries = [entry for entry in entries if entry.year in span]
    files = {key for key in {**archive.downloads, **archive.own} if key[1] in span}
    return Coverage(
        units,
        span,
        frozenset(entry.key for entry in entries),
        frozenset(entry.key for entry in entries if entry.url),
        frozenset(files),
        tuple(archive.unnamed),
    )


def not_fetched(downloads: pd.DataFrame, *, level: Level) -> list[str]:
    """Rows of the registry whose address gave no report, with the reason."""
    return [
        f"{row[level.name]} {row['year']}: {row['reason'] or ''}"
        for row in records(downloads)
        if row["state"] == "failed"
    ]
