"""Applications and grants by unit and year, from classified patents. No reading of text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dti_assets.errors import PatentError
from dti_assets.patents.combine import Patents, months_before
from dti_assets.patents.tables import KINDS, PATENT_COUNTS, PATENT_TOTALS, TECHNOLOGIES
from dti_assets.units.levels import Level
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl


def count_patents(patents: Patents, kinds: Sequence[str] = KINDS, *, units: Units) -> pd.DataFrame:
    """Table patent_counts: the units' digital applications and grants by year.

    Applications and technologies by year of application, grants by year of grant; an
    application in two technologies is one in `applications`. kinds: of tables.KINDS; with all
    three, patents of unknown kind count too, otherwise they do not.

    A unit-year has a row where the extract has any patent of that year (of application or grant)
    and any patent of that unit. Zero is a finding only in a year in which the extract has any
    application (for grants: any grant); elsewhere the value is null with a reason, and other
    unit-years are absent. Raises PatentError for an unknown kind.
    """
    import polars as pl

    level, declared = units.level, units.level.table(PATENT_COUNTS)
    code = level.code
    scan = _of_kinds(patents, kinds)
    inside = scan.filter(pl.col(code).is_not_null())
    applications, grants = _both(inside, [code])
    codes = inside.select(pl.col(code).unique()).collect()
    years = _years(scan)
    frame = (
        codes.join(pl.DataFrame({"year": years}, {"year": pl.Int64}), how="cross")
        .join(applications, on=[code, "year"], how="left")
        .join(grants, on=[code, "year"], how="left")
    )
    frame = _filled(frame, patents, scan)
    names = {unit.code: unit.name for unit in units}
    frame = frame.with_columns(
        pl.col(code).replace_strict(names, return_dtype=pl.String).alias(level.name),
        pl.col(code).replace_strict(units.order, return_dtype=pl.Int64).alias("order"),
        pl.lit(patents.basis).alias("basis"),
        pl.when(pl.col("applications").is_null())
        .then(pl.lit("the extract has no application of this year"))
        .when(pl.col("grants").is_null())
        .then(pl.lit("the extract has no grant of this year"))
        .alias("reason"),
    )
    made = frame.sort("order", "year").select(declared.column_names)
    return declared.frame(made.to_pandas())


def total_patents(patents: Patents, kinds: Sequence[str] = KINDS, *, level: Level) -> pd.DataFrame:
    """Table patent_totals: everything in the extract by origin and year, `year` null included.

    mainland_unplaced and unknown are patents that no unit-year can hold; Hong Kong, Macau,
    Taiwan and foreign ones stand apart. Sums over it are the sums over the extract.
    """
    import polars as pl

    declared = level.table(PATENT_TOTALS)
    unplaced = (pl.col("origin") == "mainland") & pl.col(level.code).is_null()
    scan = _of_kinds(patents, kinds).with_columns(
        pl.when(unplaced).then(pl.lit("mainland_unplaced")).otherwise("origin").alias("origin")
    )
    applications, grants = _both(scan, ["origin"], unknown_year=True)
    frame = applications.join(
        grants, on=["origin", "year"], how="full", coalesce=True, nulls_equal=True
    )
    frame = _filled(frame, patents, scan)
    made = frame.select(declared.column_names).sort("origin", "year", nulls_last=True)
    return declared.frame(made.to_pandas())


def by_year(totals: pd.DataFrame, origin: str = "mainland") -> pd.DataFrame:
    """Applications, grants and each technology by year of one origin, for a table or a plot.

    totals: table patent_totals. Patents of unknown year are left out; they are in `totals`.
    """
    chosen = totals[(totals["origin"] == origin) & totals["year"].notna()]
    columns = ["year", "applications", "grants", *TECHNOLOGIES, "all_applications", "truncated"]
    return chosen[columns].sort_values("year").reset_index(drop=True)


def shares(patents: Patents, *, level: Level) -> dict[str, Any]:
    """Shares of applications for checks: without unit (mainland or unknown origin), without year,
    repeated rows; and how many digital flags are not the union of the technologies."""
    import polars as pl

    scan = pl.scan_parquet(patents.path)
    home = pl.col("origin").is_in(["mainland", "unknown"])
    union = pl.any_horizontal(*TECHNOLOGIES)
    found = scan.select(
        (home & pl.col(level.code).is_null()).sum().alias("without_unit"),
        pl.col("application_year").is_null().sum().alias("without_year"),
        (union != pl.col("digital")).sum().alias("technologies_not_nested"),
        pl.len().alias("applications"),
    ).collect()
    row = found.row(0, named=True)
    status = patents.status.groupby("status")["rows"].sum()
    rows, total = int(status.get("rows", 0)), row["applications"]
    return {
        "applications": total,
        "rows": rows,
        "share_without_province": row["without_unit"] / total if total else None,
        "share_without_year": row["without_year"] / total if total else None,
        "share_repeated_rows": int(status.get("several_rows", 0)) / rows if rows else None,
        "duplicates_disagree": int(status.get("duplicates_disagree", 0)),
        "technologies_not_nested": row["technologies_not_nested"],
    }


def _of_kinds(patents: Patents, kinds: Sequence[str]) -> pl.LazyFrame:
    import polars as pl

    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown or not kinds:
        raise PatentError(f"kinds: {', '.join(unknown) or 'none'}; choose of {', '.join(KINDS)}")
    scan = pl.scan_parquet(patents.path)
    return scan if set(kinds) == set(KINDS) else scan.filter(pl.col("kind").is_in(list(kinds)))


def _years(scan: pl.LazyFrame) -> list[int]:
    """Every year of an application or a grant in the extract."""
    applied, granted = _covered(scan)
    return sorted(applied | granted)


def _covered(scan: pl.LazyFrame) -> tuple[set[int], set[int]]:
    """The years with any application, and those with any grant, whatever the field."""
    import polars as pl

    years = scan.select(
        pl.col("application_year", "grant_year").drop_nulls().unique().implode()
    ).collect()
    applied, granted = years.row(0)
    return set(applied), set(granted)


def _both(
    scan: pl.LazyFrame, by: list[str], unknown_year: bool = False
) -> tuple[pl.DataFrame, pl.DataFrame]:
    import polars as pl

    ipc = [f"ipc_{t}" for t in TECHNOLOGIES]
    applications = scan.group_by(*by, pl.col("application_year").alias("year")).agg(
        pl.col("digital").sum().cast(pl.Int64).alias("applications"),
        *(pl.col(c).sum().cast(pl.Int64) for c in (*TECHNOLOGIES, *ipc)),
        pl.len().cast(pl.Int64).alias("all_applications"),
    )
    granted = scan.filter(pl.col("grant_year").is_not_null())
    grants = granted.group_by(*by, pl.col("grant_year").alias("year")).agg(
        pl.col("digital").sum().cast(pl.Int64).alias("grants")
    )
    if not unknown_year:
        applications = applications.filter(pl.col("year").is_not_null())
    return applications.collect(), grants.collect()


def _filled(frame: pl.DataFrame, patents: Patents, scan: pl.LazyFrame) -> pl.DataFrame:
    """Zero where nothing was found, null where the extract cannot say; truncation by year."""
    import polars as pl

    optional = (*TECHNOLOGIES, *(f"ipc_{t}" for t in TECHNOLOGIES))
    known = scan.select(pl.col(c).is_not_null().any() for c in optional).collect()
    said = known.row(0, named=True)
    applied, granted = _covered(scan)

    def fill(column: str, years: set[int]) -> pl.Expr:
        # a year that is unknown is a row of the totals, and nothing is lacking there
        covered = pl.col("year").is_in(sorted(years)) | pl.col("year").is_null()
        return pl.when(covered).then(pl.col(column).fill_null(0)).alias(column)

    cutoff = None if patents.extract_date is None else months_before(patents.extract_date)
    return frame.with_columns(
        fill("applications", applied),
        fill("all_applications", applied),
        fill("grants", granted),
        *(
            fill(c, applied) if said[c] else pl.lit(None, pl.Int64).alias(c)
            for c in optional
            if c in frame.columns
        ),
        (pl.date("year", 12, 31) > cutoff).alias("truncated")
        if cutoff is not None
        else pl.lit(None, pl.Boolean).alias("truncated"),
    )
