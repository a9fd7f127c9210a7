"""A slice of raw rows to values: key, kind, years, unit, origin; and what was not clean.

Pure functions from Arrow to Arrow. Which technology a patent is in is decided in `classify`,
which of several rows of one application counts in `combine`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, cast

from dti_assets.patents.tables import TECHNOLOGIES
from dti_assets.units.addresses import UNKNOWN, gazetteer
from dti_assets.units.levels import Level
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa


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


# part of every cache key: raise it whenever a value can come out differently
VERSION = "7"
# utility models and designs are published once, as grants
_PUBLISHED_ONCE = ("U", "Y", "S", "D")
_GRANT_CODES = ("B", "C", *_PUBLISHED_ONCE)
_NOT_GRANTED = "[未待无非](?:被|予|经|获得?)?授权"
_KIND_OF_CODE = {
    **dict.fromkeys("ABC", "invention"),
    **dict.fromkeys("UY", "utility_model"),
    **dict.fromkeys("SD", "design"),
}
# the digit of an application number after its year: 8 and 9 are international applications
_KIND_OF_DIGIT = {
    "1": "invention",
    "8": "invention",
    "2": "utility_model",
    "9": "utility_model",
    "3": "design",
}
_APPLICATION = re.compile(r"(?:CN|ZL)*((?:19|20)\d{2})(\d)\d{7}[\dX]?[A-WYZ]?")
_APPLICATION_OLD = re.compile(r"(?:CN|ZL)*(8[5-9]|9\d|0[0-3])(\d)\d{5}(?:[\dX])?")
_PUBLICATION = re.compile(r"[A-Z]{2}\d+([A-Z])\d?")


@dataclass
class Status:
    """How many rows of a slice have each status, with the first row as an example."""

    rows: dict[str, int] = field(default_factory=dict)
    example: dict[str, str] = field(default_factory=dict)

    def add(self, status: str, rows: int, example: str | None = None) -> None:
        if rows:
            self.rows[status] = self.rows.get(status, 0) + rows
            if example is not None:
                self.example.setdefault(status, example)


def normal_number(text: str) -> str:
    """An application number as compared: CN202110123456.7, ZL 2021 1 0123456.7 and
    202110123456 are one (the check digit says nothing more)."""
    number = re.sub(r"[\s\-_/]", "", unicodedata.normalize("NFKC", text).upper())
    number = re.sub(r"^(?:CN|ZL)+(?=\d)", "", number)
    number = re.sub(r"\.[\dX]$", "", number)
    # international databases put the kind behind it
    if re.fullmatch(r"(?:19|20)\d{10}[\dX]?[A-WYZ]?", number):
        return number[:12]
    return number[:8] if re.fullmatch(r"[089]\d{7}[\dX]", number) else number


def normal_publication(text: str) -> str:
    """A publication number without its kind: CN111504366A and CN111504366B are one patent.

    Numbers of seven digits (before 2007) were given to publications and grants apart, and
    stay as they are.
    """
    number = re.sub(r"\s", "", unicodedata.normalize("NFKC", text).upper())
    return re.sub(r"^(CN\d{9})[A-Z]\d?$", r"\1", number)


def tidy(raw: pa.Table, file: str, not_after: date, units: Units) -> tuple[pa.Table, Status]:
    """One raw slice (see reading) as values, and its row statuses.

    Columns: key (what makes two rows one application), application_no, kind, application_year,
    grant_year, application_until (last possible day of application), latest (latest date of the
    row), the code of the unit, origin, row. Dates before 1985 or after `not_after` are unreadable.
    A year of application that no date gives is taken from the application number.
    """
    import polars as pl

    frame = cast(pl.DataFrame, pl.from_arrow(raw))
    for name in _TEXTS:
        if name not in frame.columns:
            frame = frame.with_columns(pl.lit(None, pl.String).alias(name))
    status = Status()
    status.add("rows", frame.height)
    frame = with_keys(frame, file)
    frame = _dates_of(frame, not_after)
    frame = _kinds_of(frame)
    frame = _places_of(frame, units)
    _count(frame, status, units.level)
    shown = frame.with_columns(pl.col("shown").alias("application_no"))
    return shown.select(*_RESULT, units.level.code, "origin", "row").to_arrow(), status


_TEXTS = (
    "application_no",
    "publication_no",
    "grant_no",
    "title",
    "abstract",
    "unit",
    "address",
    "application_date",
    "publication_date",
    "grant_date",
    "kind",
)
_RESULT = (
    "key",
    "application_no",
    "kind",
    "application_year",
    "grant_year",
    "application_until",
    "latest",
)


def without_empty(raw: pa.Table) -> tuple[pa.Table, int]:
    """The slice without rows that hold nothing in any of its fields, and how many these are."""
    import polars as pl

    frame = cast(pl.DataFrame, pl.from_arrow(raw))
    fields = [name for name in frame.columns if name != "row"]
    kept = frame.select(pl.any_horizontal(pl.col(name).is_not_null() for name in fields))
    rows = kept.to_series()
    empty = frame.height - int(rows.sum())
    return (raw.filter(rows.to_arrow()) if empty else raw), empty


def _mapped(
    frame: pl.DataFrame, column: str, function: Callable[[str], Any], dtype: Any
) -> pl.Series:
    """`function` of each distinct value; null where the value is null."""
    import polars as pl

    values = frame[column].unique().drop_nulls().to_list()
    if not values:
        return pl.Series(column, [None] * frame.height, dtype)
    mapped = pl.Series("new", [function(value) for value in values], dtype)
    return frame[column].replace_strict(
        pl.Series(values, dtype=pl.String), mapped, default=None, return_dtype=dtype
    )


def with_keys(frame: pl.DataFrame, file: str) -> pl.DataFrame:
    """With `key`, by which rows are one application, `shown`, the number as it is written, and
    `damaged`; a number that is damaged is null."""
    import polars as pl

    # spreadsheets turn long numbers into 2.02E+11: digits are lost, so this is no number
    numbers = ("application_no", "publication_no", "grant_no")
    damaged = [pl.col(n).str.contains(r"^\s*\d(?:\.\d+)?\s?[Ee]\s?\+?\d+\s*$") for n in numbers]
    frame = frame.with_columns(
        pl.any_horizontal(d.fill_null(False) for d in damaged).alias("damaged")
    )
    frame = frame.with_columns(
        pl.when(d.fill_null(False)).then(None).otherwise(n).alias(n)
        for n, d in zip(numbers, damaged, strict=True)
    )
    application = pl.col("application_no")
    publication = pl.coalesce("publication_no", "grant_no")
    place = pl.concat_str(pl.lit(f"{file}#"), pl.col("row").cast(pl.String))
    return frame.with_columns(
        pl.coalesce(
            _normal_number(application),
            _upper(publication, r"\s").str.replace(r"^(CN\d{9})[A-Z]\d?$", "${1}"),
            place,
        ).alias("key"),
        pl.coalesce(application, publication, place).alias("shown"),
    )


def _upper(column: pl.Expr, without: str) -> pl.Expr:
    return column.str.normalize("NFKC").str.to_uppercase().str.replace_all(without, "")


def _normal_number(column: pl.Expr) -> pl.Expr:
    """normal_number as an expression; a test holds the two together."""
    number = _upper(column, r"[\s\-_/]").str.replace(r"^(?:CN|ZL)+(\d)", "${1}")
    number = number.str.replace(r"\.[\dX]$", "")
    number = number.str.replace(r"^((?:19|20)\d{10})[\dX]?[A-WYZ]?$", "${1}")
    return number.str.replace(r"^([089]\d{7})[\dX]$", "${1}")


def _dates_of(frame: pl.DataFrame, not_after: date) -> pl.DataFrame:
    import polars as pl

    earliest = date(FIRST_YEAR, 1, 1)

    made = []
    for name in ("application_date", "publication_date", "grant_date"):
        days = parse_dates(frame[name])
        days = days.with_columns(
            pl.when(pl.col("first").is_between(earliest, not_after)).then(c).alias(c)
            for c in ("first", "last")
        )
        made.append(days["first"].alias(f"{name}_first"))
        if name == "application_date":
            made.append(days["last"].alias("application_until"))
    frame = frame.with_columns(made)
    dated = pl.col("application_date_first").dt.year().cast(pl.Int64).alias("dated_year")
    frame = frame.with_columns(dated)
    # only where no date is, as each number has to be taken apart
    undated = pl.when(pl.col("dated_year").is_null()).then("application_no").alias("undated")
    frame = frame.with_columns(undated)
    number_year = _mapped(frame, "undated", _year_of_number, pl.Int64)
    frame = frame.with_columns(number_year.alias("number_year"))
    code, grant_code = _code("publication_no"), _code("grant_no")
    kind = pl.col("kind")
    called = kind.str.contains("授权") & ~kind.str.contains(_NOT_GRANTED)
    # the date of publication is the grant's only where what was published is the grant
    published = (
        pl.when(code.is_not_null())
        .then(code.is_in(_GRANT_CODES))
        .otherwise(called | grant_code.is_in(_PUBLISHED_ONCE))
    )
    grant = pl.coalesce("grant_date_first", pl.when(published).then("publication_date_first"))
    granted = pl.any_horizontal(
        called, code.is_in(_GRANT_CODES), grant_code.is_in(_GRANT_CODES)
    ).fill_null(False)
    year = pl.coalesce("dated_year", "number_year")
    return frame.with_columns(
        year.alias("application_year"),
        grant.dt.year().cast(pl.Int64).alias("grant_year"),
        # a year known from the number alone lasts until its end
        pl.coalesce("application_until", pl.date(year, 12, 31)).alias("application_until"),
        pl.max_horizontal(
            "application_date_first", "publication_date_first", "grant_date_first"
        ).alias("latest"),
        (granted & grant.is_null()).alias("grant_undated"),
        pl.coalesce(code, grant_code).alias("code"),
    )


def _code(number: str) -> pl.Expr:
    """The letter behind a publication number, which says what was published."""
    import polars as pl

    return pl.col(number).str.to_uppercase().str.extract(r"\d([A-Z])\d?\s*$")


def _year_of_number(number: str) -> int | None:
    number = re.sub(r"[\s.\-_/]", "", unicodedata.normalize("NFKC", number).upper())
    if found := _APPLICATION.fullmatch(number):
        return int(found[1]) if int(found[1]) >= FIRST_YEAR else None
    if found := _APPLICATION_OLD.fullmatch(number):
        two = int(found[1])
        return 1900 + two if two > 50 else 2000 + two
    return None


def _kind_of_number(number: str) -> str | None:
    number = re.sub(r"[\s.\-_/]", "", unicodedata.normalize("NFKC", number).upper())
    found = _APPLICATION.fullmatch(number) or _APPLICATION_OLD.fullmatch(number)
    return _KIND_OF_DIGIT.get(found[2]) if found else None


def kind_of_text(text: str) -> str | None:
    """invention, utility_model or design from 发明授权, 实用新型, Utility model, B2, ...; else
    None."""
    folded = unicodedata.normalize("NFKC", text).strip().lower()
    for word, kind in (
        ("实用", "utility_model"),
        ("utility", "utility_model"),
        ("外观", "design"),
        ("design", "design"),
        ("发明", "invention"),
        ("invention", "invention"),
    ):
        if word in folded:
            return kind
    if re.fullmatch(r"[1-389]", folded):
        return _KIND_OF_DIGIT[folded]
    return _KIND_OF_CODE.get(folded[:1].upper()) if re.fullmatch(r"[a-z]\d?", folded) else None


def _kinds_of(frame: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    by_text = _mapped(frame, "kind", kind_of_text, pl.String)
    by_code = _mapped(frame, "code", _KIND_OF_CODE.get, pl.String)
    frame = frame.with_columns(by_text.alias("kind"), by_code.alias("by_code"))
    frame = frame.with_columns(pl.coalesce("kind", "by_code").alias("kind"))
    unkind = pl.when(pl.col("kind").is_null()).then("application_no").alias("unkind")
    frame = frame.with_columns(unkind)
    by_number = _mapped(frame, "unkind", _kind_of_number, pl.String)
    return frame.with_columns(by_number.alias("by_number")).with_columns(
        pl.coalesce("kind", "by_number").alias("kind")
    )


def _places_of(frame: pl.DataFrame, units: Units) -> pl.DataFrame:
    import polars as pl

    known = pl.Int64 if units.level.code_dtype == "int64" else pl.String
    place = pl.Struct({"code": known, "origin": pl.String})
    # Chinese addresses are told apart by their beginning; fewer distinct texts to look up
    start = (
        pl.when(pl.col("address").str.contains(r"^[\x00-\x7f]+$"))
        .then(pl.col("address"))
        .otherwise(pl.col("address").str.slice(0, 28))
    )
    frame = frame.with_columns(start.alias("address"))
    locate = gazetteer(units).locate

    def look_up(text: str) -> dict[str, Any]:
        return locate(text)._asdict()

    by_address = _mapped(frame, "address", look_up, place)
    by_column = _mapped(frame, "unit", look_up, place)
    frame = frame.with_columns(by_address.alias("at"), by_column.alias("said"))
    at, said = pl.col("at").struct, pl.col("said").struct
    # the first applicant's address decides; the unit's column where the address says nothing
    better = at.field("code").is_not_null() | (
        at.field("origin").is_not_null() & ~at.field("origin").is_in(["unknown", "mainland"])
    )
    chosen = (
        pl.when(better)
        .then("at")
        .when(said.field("origin").is_not_null() & (said.field("origin") != "unknown"))
        .then("said")
        .otherwise("at")
    )
    disagree = (at.field("code") != said.field("code")).fill_null(False)
    frame = frame.with_columns(chosen.alias("place"), disagree.alias("places_disagree"))
    return frame.with_columns(
        pl.col("place").struct.field("code").alias(units.level.code),
        pl.col("place").struct.field("origin").fill_null(UNKNOWN.origin).alias("origin"),
    )


def _count(frame: pl.DataFrame, status: Status, level: Level) -> None:
    import polars as pl

    def null(name: str) -> pl.Expr:
        return pl.col(name).is_null()

    def unreadable(name: str) -> pl.Expr:
        return pl.col(name).is_not_null() & null(f"{name}_first")

    origin = pl.col("origin")
    tests: dict[str, tuple[pl.Expr, str]] = {
        "no_number": (
            null("application_no") & null("publication_no") & null("grant_no"),
            "shown",
        ),
        "number_damaged": (pl.col("damaged"), "shown"),
        "characters_lost": (
            pl.any_horizontal(
                pl.col(name).str.contains("\ufffd", literal=True).fill_null(False)
                for name in _TEXTS
            ),
            "shown",
        ),
        "no_text": (null("title") & null("abstract"), "shown"),
        "no_abstract": (null("abstract") & pl.col("title").is_not_null(), "shown"),
        "kind_unknown": (null("kind"), "shown"),
        **{
            f"{name}_unreadable": (unreadable(name), name)
            for name in ("application_date", "publication_date", "grant_date")
        },
        "grant_undated": (pl.col("grant_undated"), "shown"),
        "year_from_number": (null("dated_year") & pl.col("number_year").is_not_null(), "shown"),
        "year_unknown": (null("application_year"), "shown"),
        level.words("{unit}_unknown"): (
            null(level.code) & origin.is_in(["unknown", "mainland"]),
            "where",
        ),
        level.words("{unit}_and_address_disagree"): (pl.col("places_disagree"), "shown"),
        **{o: (origin == o, "shown") for o in ("hong_kong", "macau", "taiwan", "foreign")},
    }
    frame = frame.with_columns(
        pl.concat_str(
            "shown", pl.coalesce("address", "unit"), separator=": ", ignore_nulls=True
        ).alias("where")
    )
    for name, (test, example) in tests.items():
        rows = frame.filter(test)
        first = str(rows[example][0]) if rows.height else None
        status.add(name, rows.height, first)


_YES = {"1", "true", "t", "yes", "y", "是", "1.0"}
_NO = {"0", "false", "f", "no", "n", "否", "0.0"}


def user_flags(raw: pa.Table, status: Status) -> pa.Table:
    """The technology flags an extract carries itself: 1/0, true/false, yes/no, 是/否.

    `digital` is the extract's own flag; technologies without a column are null. A flag that is
    neither is counted in `status` and taken as no.
    """
    import polars as pl

    frame = cast(pl.DataFrame, pl.from_arrow(raw))
    made = []
    for name in (*TECHNOLOGIES, "digital"):
        if name not in frame.columns:
            made.append(pl.Series(name, [None] * frame.height, pl.Boolean))
            continue
        text = frame[name].str.normalize("NFKC").str.to_lowercase()
        yes, no = text.is_in(list(_YES)).fill_null(False), text.is_in(list(_NO)).fill_null(False)
        wrong = text.filter(~yes & ~no)
        status.add("flag_unreadable", len(wrong), f"{name}: {wrong[0]}" if len(wrong) else None)
        made.append(yes.alias(name))
    made += [pl.Series(f"ipc_{t}", [None] * frame.height, pl.Boolean) for t in TECHNOLOGIES]
    return pl.DataFrame(made).to_arrow()
