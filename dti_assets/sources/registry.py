"""sources.csv: which official address each report has. Reading, faults by line, writing.

Columns are the unit (`unit`, or the noun of its level), year, url; sha256, fetched_at and etag
record what was fetched, and any other column is the user's own. Adding a year is adding rows.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dti_assets.errors import AddressError, RegistryError, UnknownUnitError, UnreadableError
from dti_assets.sources.guard import parse_target
from dti_assets.store.delimited import decoded_with, delimiter, is_nothing, parsed, unguarded
from dti_assets.store.files import read_named, write_atomically
from dti_assets.store.spreadsheets import safe_text
from dti_assets.units.levels import Level
from dti_assets.units.lists import Unit, Units

FILE_NAME = "sources.csv"
# the column of the unit at every level
_UNIT = "unit"
RECORDED = ("sha256", "fetched_at", "etag")
# a unit's code and a year
Key = tuple[int | str, int]
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Entry:
    """One row: a report and its official address, empty where none is known."""

    unit: Unit
    year: int
    url: str
    line: int
    cells: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        return self.unit.code, self.year

    @property
    def sha256(self) -> str:
        """What was once fetched for this row, where the registry records it; else empty."""
        return self.cells.get("sha256", "").lower()


@dataclass(frozen=True)
class Registry:
    """The rows of a registry and, in one sentence each, what is wrong with the others. `rows` are
    the cells as they stand there by line, blank rows too, `encoding` and `line_end` how."""

    path: Path
    header: tuple[str, ...]
    entries: tuple[Entry, ...]
    faults: tuple[str, ...] = ()
    rows: Mapping[int, list[str]] = field(default_factory=dict)
    encoding: str = "utf-8"
    line_end: str = "\n"
    delimiter: str = ","

    def checked(self) -> Registry:
        """Itself; raises RegistryError where a row is malformed."""
        if self.faults:
            more = f" (and {len(self.faults) - 1} more faults)" if len(self.faults) > 1 else ""
            raise RegistryError(self.faults[0] + more)
        return self


def read_registry(path: Path, *, units: Units) -> Registry:
    """The registry in a CSV file, in UTF-8 or what spreadsheets write (a mark in front, GB18030,
    semicolons, tabs).

    Raises RegistryError where there is no table; malformed rows are `faults`.
    """
    try:
        raw = read_named(path)
        text, encoding = decoded_with(raw)
    except OSError as error:
        raise RegistryError(f"{path}: {error.strerror or error}") from error
    except UnreadableError as error:
        raise RegistryError(f"{path}: {error.reason}") from error
    if "\ufffd" in text and "\ufffd".encode(encoding) not in raw:
        line = text[: text.index("\ufffd")].count("\n") + 1
        raise RegistryError(f"{path}, line {line}: a byte is no character in {encoding}")
    mark = delimiter(text)
    found, open_quotes = parsed(text, mark, blank=True)
    entries: list[Entry] = []
    faults = [f"{path}, line {fault.line}: {fault.message}" for fault in open_quotes]
    lines: dict[Key | str, int] = {}
    rows = {row.line: [] if row.cells == [""] else row.cells for row in found}
    if len(found) > 1 and not rows[found[-1].line]:
        del rows[found[-1].line]  # behind the end of the last line
    header = tuple(name.strip() for name in rows[1])
    named = _unit_column(path, header, units.level)
    for line, cells in rows.items():
        if line == 1 or not any(cell.strip() for cell in cells):
            continue
        try:
            entry = _entry(header, cells, line, units, named)
            earlier = lines.setdefault(entry.key, line)
            if earlier != line:
                raise RegistryError(
                    f"{entry.unit.name} {entry.year} stands on line {earlier} already"
                )
            earlier = lines.setdefault(entry.url, line) if entry.url else line
            if earlier != line:
                raise RegistryError(f"the address stands on line {earlier} already")
            entries.append(entry)
        except (RegistryError, UnknownUnitError, AddressError) as error:
            faults.append(f"{path}, line {line}: {error}")
    line_end = re.search(r"\r?\n|\r", text)
    return Registry(
        *(path, header, tuple(entries), tuple(faults), rows, encoding),
        line_end=line_end.group() if line_end else "\n",
        delimiter=mark,
    )


def _unit_column(path: Path, header: tuple[str, ...], level: Level) -> str:
    """The column that names the unit. Raises RegistryError where the header lacks a column."""
    named = next((name for name in (level.name, _UNIT) if name in header), level.name)
    missing = [name for name in (named, "year", "url") if name not in header]
    if missing:
        raise RegistryError(f"{path}, line 1: no column {', '.join(missing)}")
    if len(set(header)) < len(header):
        raise RegistryError(f"{path}, line 1: a column stands twice")
    return named


def _entry(header: tuple[str, ...], cells: list[str], line: int, units: Units, named: str) -> Entry:
    while len(cells) > len(header) and not cells[-1].strip():
        cells = cells[:-1]
    if len(cells) != len(header):
        raise RegistryError(f"{len(cells)} cells where the header has {len(header)}")
    row = dict(zip(header, (cell.strip() for cell in cells), strict=True))
    row |= {name: unguarded(row[name]) for name in (named, "year", "url")}
    unit = units.get(row[named])
    if not re.fullmatch(r"(19[89]|20\d)\d", row["year"]):
        raise RegistryError(f"{row['year']!r} is no year from 1980 on")
    url = "" if is_nothing(row["url"]) else row["url"]
    if url:
        parse_target(url)
    if row.get("sha256") and not _SHA256.fullmatch(row["sha256"].lower()):
        raise RegistryError(f"{row['sha256']!r} is no SHA-256")
    return Entry(unit, int(row["year"]), url, line, row)


def write_registry(registry: Registry, recorded: Mapping[Key, Mapping[str, str]]) -> int:
    """Write what was fetched into the rows' columns sha256, fetched_at and etag; returns how many
    rows that changed. Rows, their order and other columns stay as they are, and so do encoding,
    byte-order mark and line ends, by which a spreadsheet knows the file."""
    added = [name for name in RECORDED if name not in registry.header]
    header = [*registry.header, *added]
    rows = {line: [*cells] for line, cells in registry.rows.items()}
    rows[1] += added
    changed = 0
    for entry in registry.checked().entries:
        # an ETag is whatever a server says
        fetched = {k: safe_text(cell) for k, cell in recorded.get(entry.key, {}).items()}
        changed += {**entry.cells, **fetched} != entry.cells
        cells = rows[entry.line]
        cells += [""] * len(added)
        for name, cell in fetched.items():
            cells[header.index(name)] = cell
    if changed:
        out = io.StringIO(newline="")
        csv.writer(out, delimiter=registry.delimiter, lineterminator=registry.line_end).writerows(
            rows.values()
        )
        write_atomically(registry.path, out.getvalue().encode(registry.encoding))
    return changed
