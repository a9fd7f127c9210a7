"""What should hold of a patent extract: pure functions that return sentences, none if all well."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING

from dti_assets.patents.tables import DIGITAL_PATENTS, LEFT_OUT, TECHNOLOGIES
from dti_assets.store.schema import records
from dti_assets.units.levels import Level

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

# a larger share than this without a unit, or without a year, moves the counts
_NOTEWORTHY = 0.02
_HOME_UNPLACED = ("mainland_unplaced", "unknown")


def without_unit(totals: pd.DataFrame, level: Level) -> list[str]:
    """Whether many applications of the extract have no unit (table patent_totals)."""
    missing = _applications(totals[totals["origin"].isin(_HOME_UNPLACED)])
    said = f"have no {level.noun} that could be recognised"
    return _share(missing, _applications(totals), said)


def without_year(totals: pd.DataFrame) -> list[str]:
    """Whether many applications have no year (table patent_totals)."""
    missing = _applications(totals[totals["year"].isna()])
    return _share(missing, _applications(totals), "have no year of application")


def contradicting_duplicates(status: pd.DataFrame) -> list[str]:
    """Applications whose rows contradict each other (table patent_row_status)."""
    return [
        f"{row['file']}: {row['rows']:,} {row['meaning']}; for example {row['example']}"
        for row in records(status)
        if row["status"] == "duplicates_disagree"
    ]


def refused_rows(status: pd.DataFrame) -> list[str]:
    """Files and rows that could not be used (table patent_row_status)."""
    bad = (
        "malformed", "characters_lost", "no_text", "number_damaged", "kind_not_counted",
        "application_date_unreadable", "publication_date_unreadable", "grant_date_unreadable",
        "flag_unreadable", "value_unreadable", "year_unreadable",
    )  # fmt: skip
    # what is no row is not counted in rows
    things = {*chain(*(LEFT_OUT[f"patent {what}"] for what in ("files", "sheets", "columns"))),
              "sheet_hidden_read"}  # fmt: skip
    found = []
    for row in records(status):
        if row["status"] in things:
            found.append(f"{row['file']}: {row['meaning']}: {row['example']}")
        elif row["status"] in bad:
            said = f"{row['rows']:,} rows: {row['meaning']}; for example {row['example']}"
            found.append(f"{row['file']}: {said}")
    return found


def technologies_not_nested(totals: pd.DataFrame) -> list[str]:
    """Years in which digital applications are fewer than those of one technology or more than
    those of all together, which the definition rules out (table patent_totals)."""
    found = []
    for row in records(totals):
        parts = [row[name] for name in TECHNOLOGIES]
        if row["applications"] is None or any(part is None for part in parts):
            continue
        if not max(parts) <= row["applications"] <= sum(parts):
            found.append(f"{row['origin']} {row['year']}: {row['applications']} digital, {parts}")
    return found


def broken_records(path: Path, level: Level) -> list[str]:
    """How a file of classified patents differs from its declaration; read part by part, so that
    millions of rows fit (8 bytes each are kept). An empty list when it is as declared."""
    import numpy as np
    import polars as pl
    import pyarrow.parquet as pq

    table = level.table(DIGITAL_PATENTS)
    stored, declared = pq.read_schema(path), table.arrow_schema()
    if stored.names != declared.names or stored.types != declared.types:
        return [f"{table.name}: columns or types differ from the declaration"]
    (key,) = table.key
    required = [column.name for column in table.columns if not column.nullable]
    nulls: Counter[str] = Counter()
    with pq.ParquetFile(path) as file:
        hashes = np.empty(file.metadata.num_rows, dtype=np.uint64)
        row = 0
        for batch in file.iter_batches(columns=required):
            nulls.update({name: batch[name].null_count for name in required})
            hashes[row : row + batch.num_rows] = pl.Series(batch[key]).hash().to_numpy()
            row += batch.num_rows
        hashes.sort()
        alike = np.unique(hashes[1:][hashes[1:] == hashes[:-1]])
        # two numbers may share a hash: the few that do are compared themselves
        suspects: list[str] = []
        for batch in file.iter_batches(columns=[key]) if len(alike) else ():
            numbers = pl.Series(batch[key])
            suspects += numbers.filter(numbers.hash().is_in(pl.Series(alike).implode())).to_list()
    repeated = len(suspects) - len(set(suspects))
    found = []
    if repeated:
        found.append(f"{repeated:,} application numbers stand on more than one row")
    return found + [f"{name} is null on {nulls[name]:,} rows" for name in required if nulls[name]]


def _applications(totals: pd.DataFrame) -> int:
    return int(totals["all_applications"].fillna(0).sum())


def _share(part: int, whole: int, said: str) -> list[str]:
    if not whole or part / whole <= _NOTEWORTHY:
        return []
    return [f"{part:,} of {whole:,} applications ({part / whole:.1%}) {said}"]
