"""The user's own counts by unit and year (CNRDS or another provider) instead of patents."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dti_assets.errors import PatentSourceError
from dti_assets.patents.extract import add_met
from dti_assets.patents.reading import PatentReader, find_files
from dti_assets.patents.tables import KINDS, PATENT_COUNTS, ROW_STATUS, TECHNOLOGIES, statuses
from dti_assets.patents.tidy import Status, kind_of_text
from dti_assets.units.addresses import locate
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    import pandas as pd

_VALUES = ("applications", "grants", *TECHNOLOGIES)
# by code, year and kind
Given = dict[tuple[int | str, int, str], dict[str, Any]]


def read_user_counts(
    source: Path,
    kinds: Sequence[str] = KINDS,
    columns: Mapping[str, str | Sequence[str]] | None = None,
    *,
    units: Units,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(patent_counts with basis user_counts, patent_row_status) from files of counts.

    One row a unit and year, or a unit, year and kind (then the kinds in `kinds` are summed). A
    count that is missing or no whole number >= 0 makes the count of the unit and year null with a
    reason, not zero. Rows that name no unit or year are counted in the status, and so is a file
    that cannot be read or lacks a column. Raises PatentSourceError where there is no row, where two
    rows give different counts for one unit, year and kind, and where a unit and year has a
    total (a row without a kind) beside counts by kind.
    """
    level = units.level
    found: dict[str, Status] = {}
    given: Given = {}
    failed = []
    for file in find_files(source):
        status = found.setdefault(file.name, Status())
        try:
            reader = PatentReader(file, columns, level=level)
            if reader.columns.layout != "counts":
                raise PatentSourceError(f"{file.name}: no counts by {level.noun} and year")
            rows = [row for _, table in reader.slices() for row in table.to_pylist()]
        except PatentSourceError as error:
            missing = "no column for" in str(error)
            status.add("column_missing" if missing else "file_unreadable", 1, str(error))
            failed.append(str(error))
            continue
        for row in rows:
            _take(row, file.name, given, status, units)
        add_met(status, reader, reader.status)
    if not given and failed:
        raise PatentSourceError("; ".join(failed))
    if not given:
        raise PatentSourceError(f"{source}: no row of counts for a {level.noun} and year")
    frame = level.table(PATENT_COUNTS).frame(_sums(given, kinds, units))
    meanings = statuses(level)
    return frame, level.table(ROW_STATUS).frame(
        {
            "file": file,
            "status": name,
            "meaning": meanings[name],
            "rows": rows,
            "example": status.example.get(name),
        }
        for file, status in found.items()
        for name, rows in status.rows.items()
    )


def _take(
    row: dict[str, Any],
    file: str,
    given: Given,
    status: Status,
    units: Units,
) -> None:
    where = f"{file}, row {row['row']}"
    status.add("rows", 1)
    place = locate(row["unit"], units)
    if place.code is None:
        outside = place.origin not in ("unknown", "mainland")
        name = place.origin if outside else units.level.words("{unit}_unknown")
        status.add(name, 1, f"{where}: {row['unit']}")
        return
    year = re.fullmatch(r"((?:19|20)\d{2})(?:\.0)?年?", row["year"] or "")
    if year is None:
        status.add("year_unreadable", 1, f"{where}: {row['year']}")
        return
    kind = kind_of_text(row["kind"]) if row.get("kind") else "all"
    if kind is None:
        # totals beside the kinds (合计) would be counted twice
        status.add("kind_not_counted", 1, f"{where}: {row['kind']}")
        return
    values = {}
    for name in _VALUES:
        if name in row:
            values[name] = _count(row[name])
            if row[name] is not None and values[name] is None:
                status.add("value_unreadable", 1, f"{where}: {name} {row[name]}")
    key = (place.code, int(year[1]), kind)
    if any((*key[:2], other) in given for other in (KINDS if kind == "all" else ["all"])):
        raise PatentSourceError(
            f"{where}: {row['unit']} {key[1]} has a total without a kind beside counts by kind "
            "and would be counted twice; leave out one of them"
        )
    before = given.setdefault(key, values)
    if before is not values:
        if before != values:
            raise PatentSourceError(
                f"{where}: {row['unit']} {key[1]} has other counts than an earlier row"
            )
        status.add("several_rows", 1, where)


def _count(text: str | None) -> int | None:
    if text is None:
        return None
    number = unicodedata.normalize("NFKC", text).replace(",", "").replace(" ", "")
    return int(float(number)) if re.fullmatch(r"\d+(?:\.0+)?", number) else None


def _sums(given: Given, kinds: Sequence[str], units: Units) -> list[dict[str, Any]]:
    cells: dict[tuple[int | str, int], list[dict[str, Any]]] = {}
    for (code, year, kind), values in given.items():
        if kind == "all" or kind in kinds:
            cells.setdefault((code, year), []).append(values)
    made = []
    in_order = sorted(cells, key=lambda cell: (units.order[cell[0]], cell[1]))
    for code, year in in_order:
        parts = cells[code, year]
        sums: dict[str, int | None] = {}
        for name in _VALUES:
            found = [part.get(name) for part in parts]
            sums[name] = None if None in found else sum(v for v in found if v is not None)
        missing = [name for name in ("applications", "grants") if sums[name] is None]
        made.append(
            {
                **units.key(units[code]),
                "year": year,
                **sums,
                "basis": "user_counts",
                "reason": f"no usable count of {' and '.join(missing)}" if missing else None,
            }
        )
    return made
