"""Dates in the spellings of patent exports, as polars expressions. No reading of files."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

# the Chinese Patent Law came into force on 1 April 1985; nothing was filed before
FIRST_YEAR = 1985
_TAIL = r"(?:[ T]+\d{1,2}:.*|\.0)?$"
# no month is 0: 2021.0 is a year of a column in which others are missing
_MONTH = r"(0[1-9]|[1-9]\d?)"
_SPELLED = (
    rf"^(\d{{4}})(?:\s*[-/.年]\s*{_MONTH}(?:\s*[-/.月]\s*(\d{{1,2}})\s*日?|\s*月)?|\s*年)?{_TAIL}"
)
_COMPACT = r"^(\d{4})(\d{2})(\d{2})?" + _TAIL
_DAY_FIRST = r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})" + _TAIL
_SERIAL = r"^([345]\d{4})(?:\.\d+)?$"
# day 0 of Excel's calendar as it counts from March 1900 on
_EXCEL_EPOCH = date(1899, 12, 30)


def parse_dates(texts: pl.Series) -> pl.DataFrame:
    """`first` and `last`, the first and last day that each text may mean; null where none.

    2021-03-04, 2021/3/4, 2021.3.4, 2021年3月4日, 20210304, 2021-03, 202103, 2021年, 2021, each
    also with a time or .0 behind; Excel's day numbers; 13/04/2021 and 04/13/2021, and of
    04/03/2021, which is ambiguous, the year alone. What is no day of the calendar is null.
    """
    import polars as pl

    # an extract has few distinct dates, and taking one apart is dear
    distinct = texts.alias("text").unique().drop_nulls().to_frame()
    first, last = _dates("text")
    parsed = distinct.with_columns(first.alias("first"), last.alias("last"))
    asked = texts.alias("text").cast(pl.String).to_frame()
    return asked.join(parsed, on="text", how="left", maintain_order="left").drop("text")


def _dates(column: str) -> tuple[pl.Expr, pl.Expr]:
    import polars as pl

    text = pl.col(column).str.normalize("NFKC").str.strip_chars()

    def part(pattern: str, group: int) -> pl.Expr:
        return text.str.extract(pattern, group).cast(pl.Int32)

    one, two = part(_DAY_FIRST, 1), part(_DAY_FIRST, 2)
    clear = pl.when(one > 12).then(two).when(two > 12).then(one)
    year = pl.coalesce(part(_SPELLED, 1), part(_COMPACT, 1), part(_DAY_FIRST, 3))
    month = pl.coalesce(part(_SPELLED, 2), part(_COMPACT, 2), clear)
    day = pl.coalesce(
        part(_SPELLED, 3), part(_COMPACT, 3), pl.when(one > 12).then(one).when(two > 12).then(two)
    )
    serial = pl.lit(_EXCEL_EPOCH) + pl.duration(days=part(_SERIAL, 1))
    first = _date(year, month.fill_null(1), day.fill_null(1))
    last = (
        pl.when(day.is_not_null())
        .then(first)
        .when(month.is_not_null())
        .then(first.dt.month_end())
        .otherwise(_date(year, pl.lit(12), pl.lit(31)))
    )
    return pl.coalesce(first, serial), pl.coalesce(last, serial)


def _date(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    import polars as pl

    parts = [year.cast(pl.String), month.cast(pl.String), day.cast(pl.String)]
    # through text: an impossible day becomes null instead of an error
    return pl.concat_str(parts, separator="-").str.to_date("%Y-%m-%d", strict=False)
