"""The patents folder as a whole: records, flagged records, counts, or nothing.

Decides which way the folder goes and hands on the same tables whichever it is; the ways themselves
are in `extract`, `combine`, `counting` and `user_counts`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dti_assets.patents.combine import Patents, combine
from dti_assets.patents.counting import count_patents, shares, total_patents
from dti_assets.patents.extract import Engine, classify_extract, layout_of
from dti_assets.patents.tables import (
    DIGITAL_PATENTS,
    KINDS,
    PATENT_COUNTS,
    PATENT_TOTALS,
    ROW_STATUS,
)
from dti_assets.patents.terms import PatentTerms
from dti_assets.patents.user_counts import read_user_counts
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class PatentFolder:
    """What the folder gave. `patents` is None where there are no records to classify; `shares`
    then is empty. `layout` is records, flagged, counts or none."""

    layout: str
    counts: pd.DataFrame
    totals: pd.DataFrame
    status: pd.DataFrame
    shares: dict[str, Any]
    patents: Patents | None = None


def read_patent_folder(
    source: Path,
    dictionary: PatentTerms,
    work: Path,
    *,
    units: Units,
    kinds: Sequence[str] = KINDS,
    columns: Mapping[str, str | Sequence[str]] | None = None,
    engine: Engine | None = None,
    extract_date: date | None = None,
    progress: Callable[[str, int], None] | None = None,
) -> PatentFolder:
    """Read, classify and count what lies in `source` (tables patent_counts, patent_totals,
    patent_row_status; the classified patents in a Parquet file below `work`).

    A folder that is absent or holds no patent file gives empty tables: the study then has the
    official proxy alone. Raises PatentSourceError; see classify_extract and read_user_counts.
    """
    level = units.level
    layout = layout_of(source, columns, level=level) if source.is_dir() else "none"
    no_totals = level.table(PATENT_TOTALS).frame([])
    if layout == "none":
        no_counts, no_status = (level.table(t).frame([]) for t in (PATENT_COUNTS, ROW_STATUS))
        return PatentFolder(layout, no_counts, no_totals, no_status, {})
    if layout == "counts":
        counts, status = read_user_counts(source, kinds, columns, units=units)
        return PatentFolder(layout, counts, no_totals, status, {})
    extract = classify_extract(
        source, dictionary, work, columns=columns, engine=engine, progress=progress, units=units
    )
    path = work / f"{DIGITAL_PATENTS.name}.parquet"
    patents = combine(extract, path, extract_date, level=level)
    return PatentFolder(
        layout,
        count_patents(patents, kinds, units=units),
        total_patents(patents, kinds, level=level),
        patents.status,
        shares(patents, level=level),
        patents,
    )
