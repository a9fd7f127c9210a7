"""Slices of an extract put together: one row an application, stored with flat memory.

Several rows of one application (publication and grant, repetitions) become one. What the rows
say is decided before, in `tidy` and `classify`; counting is in `counting`.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dti_assets.patents.extract import Extract
from dti_assets.patents.tables import (
    DIGITAL_PATENTS,
    ROW_STATUS,
    TECHNOLOGIES,
    statuses,
)
from dti_assets.patents.tidy import Status
from dti_assets.store.files import replacing, scratch_folder
from dti_assets.units.levels import Level

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

# an application is published up to so long after it is filed (Patent Law, article 34)
_TRUNCATION_MONTHS = 18
_BUCKET_ROWS = 500_000
_ALL_FILES = "(all)"


@dataclass(frozen=True)
class Patents:
    """One row an application, in a Parquet file with the columns of DIGITAL_PATENTS.

    extract_date: the day the extract was made. extract_date_source: given, latest date in the
    extract, or unknown. basis: keywords or user_counts. status: table patent_row_status.
    """

    path: Path
    applications: int
    extract_date: date | None
    extract_date_source: str
    basis: str
    status: pd.DataFrame

    def table(self, digital_only: bool = False, **options: Any) -> pa.Table:
        """The applications as an Arrow table (DIGITAL_PATENTS); all, or the digital ones."""
        import pyarrow.parquet as pq

        filters = [("digital", "=", True)] if digital_only else None
        return pq.read_table(self.path, filters=filters, **options)


def combine(
    extract: Extract, path: Path, extract_date: date | None = None, *, level: Level
) -> Patents:
    """One row an application from the extract's slices, written to `path`.

    Rows with one application number (else one publication number without its kind code) are
    one application: each value is that of the first row, in the order of file names and rows,
    that has one; technologies are those of any row. Applications whose rows contradict each
    other in kind, year or unit are counted and one is named in the status table.
    `truncated` is set where the application may lie in the 18 months before `extract_date`,
    by default the latest date in the extract.
    """
    import polars as pl
    import pyarrow.parquet as pq

    scan = pl.scan_parquet(extract.slices)
    source = "given"
    if extract_date is None:
        extract_date = scan.select(pl.col("latest").max()).collect().item()
        source = "unknown" if extract_date is None else "latest date in the extract"
    across = Status()
    declared = level.table(DIGITAL_PATENTS)
    schema = declared.arrow_schema()
    written = 0
    with (
        replacing(Path(path)) as part,
        pq.ParquetWriter(part, schema, compression="zstd") as writer,
        scratch_folder(Path(path)) as scratch,
    ):
        for rows in _buckets(extract, scratch):
            frame = _one_each(rows, across, level)
            cutoff = None if extract_date is None else months_before(extract_date)
            frame = frame.with_columns(
                (pl.col("application_until") > cutoff).alias("truncated")
                if cutoff is not None
                else pl.lit(None, pl.Boolean).alias("truncated")
            )
            table = frame.select(declared.column_names).to_arrow().cast(schema)
            writer.write_table(table)
            written += table.num_rows
    across.rows = {"applications": written, **across.rows}
    status = status_frame(extract, across, level=level)
    return Patents(Path(path), written, extract_date, source, extract.basis, status)


def _buckets(extract: Extract, scratch: Path) -> Iterator[pl.DataFrame]:
    """The rows of all slices in parts of about _BUCKET_ROWS: those of one key in one part, each
    part in the order of the slices. Every slice is read once, whatever their number."""
    import polars as pl
    import pyarrow as pa

    count = max(1, -(-extract.rows // _BUCKET_ROWS))
    if count == 1:
        yield pl.read_parquet(extract.slices)
        return
    schema = pl.read_parquet_schema(extract.slices[0])
    arrow = pl.DataFrame(schema=schema).to_arrow().schema
    paths = [scratch / f"{number}.arrow" for number in range(count)]
    with ExitStack() as stack:
        writers = [stack.enter_context(pa.ipc.new_stream(str(path), arrow)) for path in paths]
        for slice_path in extract.slices:
            rows = pl.read_parquet(slice_path).with_columns(
                (pl.col("key").hash(0) % count).alias("bucket")
            )
            for (bucket,), part in rows.partition_by("bucket", as_dict=True).items():
                writers[int(bucket)].write_table(part.drop("bucket").to_arrow().cast(arrow))
    for path in paths:
        yield pl.read_ipc_stream(path)
        path.unlink()


def months_before(day: date) -> date:
    """The same day 18 months earlier; the last day of a month gives that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 - _TRUNCATION_MONTHS, 12)
    last = monthrange(year, month + 1)[1]
    at_end = day.day == monthrange(day.year, day.month)[1]
    return date(year, month + 1, last if at_end else min(day.day, last))


def status_frame(extract: Extract, across: Status | None = None, *, level: Level) -> pd.DataFrame:
    """All row statuses as the table patent_row_status."""
    every = {**extract.status, **({_ALL_FILES: across} if across else {})}
    meanings = statuses(level)
    order = list(meanings)
    return level.table(ROW_STATUS).frame(
        {
            "file": file,
            "status": name,
            "meaning": meanings[name],
            "rows": rows,
            "example": status.example.get(name),
        }
        for file, status in every.items()
        for name, rows in sorted(status.rows.items(), key=lambda item: order.index(item[0]))
    )


def _one_each(frame: pl.DataFrame, across: Status, level: Level) -> pl.DataFrame:
    import polars as pl

    frame = frame.with_row_index("order")
    twice = frame["key"].is_duplicated()
    if not twice.any():
        return frame
    several = frame.filter(twice)
    placed = pl.col(level.code).is_not_null() | ~pl.col("origin").is_in(["unknown", "mainland"])
    place = pl.struct(level.code, "origin")
    values = ("kind", "application_year", "grant_year", "application_until")
    checked = ("kind", "application_year", level.code, "grant_year")
    flags = (*TECHNOLOGIES, "digital", *(f"ipc_{t}" for t in TECHNOLOGIES))
    known = {t: pl.col(t).drop_nulls() for t in flags}
    merged = several.group_by("key", maintain_order=True).agg(
        pl.col("order", "application_no").first(),
        *(pl.col(name).drop_nulls().first() for name in values),
        pl.coalesce(place.filter(placed).first(), place.first()).alias("place"),
        *(pl.when(known[t].len() > 0).then(known[t].any()).otherwise(None).alias(t) for t in flags),
        *(pl.col(c).drop_nulls().unique().sort().alias(f"all_{c}") for c in checked),
    )
    across.add("several_rows", several.height - merged.height, merged["application_no"][0])
    differs = pl.any_horizontal(pl.col(f"all_{c}").list.len() > 1 for c in checked)
    contradictory = merged.filter(differs)
    if contradictory.height:
        first = contradictory.row(0, named=True)
        said = "; ".join(
            f"{c} {' and '.join(map(str, first[f'all_{c}']))}"
            for c in checked
            if len(first[f"all_{c}"]) > 1
        )
        example = f"{first['application_no']}: {said}"
        across.add("duplicates_disagree", contradictory.height, example)
    merged = merged.unnest("place")
    return pl.concat([frame.filter(~twice), merged], how="diagonal_relaxed").sort("order")
