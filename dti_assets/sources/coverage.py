"""What a registry and its folder lack, by province and year. No network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dti_assets.sources.archive import Archive
from dti_assets.sources.registry import Entry
from dti_assets.store.schema import records
from dti_assets.units.provinces import provinces

if TYPE_CHECKING:
    import pandas as pd

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
    """Province-years by whether they have an address, a row and a file."""

    years: tuple[int, ...]
    rows: frozenset[tuple[int, int]]
    addresses: frozenset[tuple[int, int]]
    files: frozenset[tuple[int, int]]
    # files of the user whose names do not say which report they are
    unnamed: tuple[str, ...] = ()

    def grid(self) -> list[dict[str, Any]]:
        """Provinces by years, one mark each, and a last line with the reports at hand."""
        lines: list[dict[str, Any]] = []
        for province in provinces():
            line: dict[str, Any] = {"province": province.province}
            for year in self.years:
                key = (province.province_code, year)
                line[str(year)] = MARKS[key in self.addresses, key in self.files]
            lines.append(line)
        total = {str(year): sum(y == year for _, y in self.files) for year in self.years}
        return [*lines, {"province": "files", **total}]

    def sentences(self) -> list[str]:
        """The gaps counted, and named where they are few a year."""
        asked = {(p.province_code, year) for p in provinces() for year in self.years}
        kinds = (
            ("rows without an address", self.rows - self.addresses),
            ("addresses without a file", self.addresses - self.files),
            ("files without a row", self.files - self.rows),
            ("province-years with neither row nor file", asked - self.rows - self.files),
        )
        out = []
        for kind, keys in kinds:
            out.append(f"{kind}: {len(keys)}")
            for year in self.years:
                of_year = {code for code, y in keys if y == year}
                named = [p.province for p in provinces() if p.province_code in of_year]
                if 0 < len(named) <= _NAMED:
                    out.append(f"  {year}: {' '.join(named)}")
                elif named:
                    out.append(f"  {year}: {len(named)}")
        if self.unnamed:
            out.append(f"files whose names do not say which report they are: {len(self.unnamed)}")
            out += [f"  {path}" for path in self.unnamed]
        return out


def coverage(entries: Iterable[Entry], archive: Archive, years: Iterable[int]) -> Coverage:
    """How the registry's rows and the folder's files cover all provinces in `years`."""
    span = tuple(years)
    entries = [entry for entry in entries if entry.year in span]
    files = {key for key in {**archive.downloads, **archive.own} if key[1] in span}
    return Coverage(
        span,
        frozenset(entry.key for entry in entries),
        frozenset(entry.key for entry in entries if entry.url),
        frozenset(files),
        tuple(archive.unnamed),
    )


def not_fetched(downloads: pd.DataFrame) -> list[str]:
    """Rows of the registry whose address gave no report, with the reason."""
    return [
        f"{row['province']} {row['year']}: {row['reason'] or ''}"
        for row in records(downloads)
        if row["state"] == "failed"
    ]
