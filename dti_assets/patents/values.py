"""Cells as they lie in a file to the values they stand for: texts without guards, nothing as null,
numbers in the field they belong to. What the values mean is decided in `tidy`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from dti_assets.errors import PatentSourceError
from dti_assets.patents.tables import TECHNOLOGIES
from dti_assets.store.characters import MARK_CLASS, without_format
from dti_assets.store.delimited import is_nothing, unguarded

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

NUMBERS = ("application_no", "publication_no", "grant_no", "patent_no")
DATES = ("application_date", "publication_date", "grant_date", "year")
_TEXTS = ("title", "abstract")
_COUNTS = ("applications", "grants", "digital", *TECHNOLOGIES)
# from here on not every whole number is a float of so many bits
_EXACT = {16: 2**11, 32: 2**24, 64: 2**53}
# a longer cell is no word for nothing
_WORD_BYTES = 32
_ERRORS = frozenset({"#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"})

# marks that keep a spreadsheet program from changing a value, and what nobody sees
_GUARD = r"\s'\"`´‘’“”=\p{Cc}\p{Cf}"
_GUARDED = rf"^[{_GUARD}]|[{_GUARD}]$|\p{{Cc}}|\p{{Cf}}|{MARK_CLASS}"
# days that programs write for no day
_NO_DAY = (
    r"^(?:0000|0001|1753|1900|1904|1970)\D{0,2}0?[01]\D{0,2}0?[01](?:\D|$)"
    r"|^(?:1899|9999)\D{0,2}12\D{0,2}3[01](?:\D|$)"
)
# what is as it should be, which most cells are
_CLEAN_NUMBER = r"^[A-Za-z]{0,2}0{0,3}[1-9][0-9]{3,}(?:\.?[0-9A-Za-z]{1,2})?$"
_CLEAN_DAY = r"^(?:198|199|20[0-9])[0-9](?:[-/.年][0-9][0-9\-/.月日]*|[0-9]{4})?$"
# all digits of a number are there, although a program wrote it with an exponent
_EXPONENT = re.compile(r"(\d)(?:\.(\d+))?[Ee]\+?(\d{1,2})")

_SPACES = r"[\s\-_/]"
_OLD = r"(?:8[5-9]|9\d|0[0-3])\d{6}"
# a letter behind an application number is how international databases write its kind; eight digits
# alone may be those of another country
_APPLICATION = (
    r"^(?:CN|ZL)*(?:19|20)\d{10}\.?[\dX]?[A-WYZ]?$"
    rf"|^(?:CN|ZL)+{_OLD}\.?[\dX]?$|^{_OLD}\.[\dX]$"
)
_PLAIN_APPLICATION = r"^(?:CN|ZL)?(?:19|20)\d{10}(?:\.?[\dX])?$"
_PUBLICATION = r"^(?:CN)?\d{7,9}[A-CUYSD]\d?$"

_UTC_NAMES = frozenset({"utc", "etc/utc", "gmt", "etc/gmt", "zulu", "etc/zulu", "z", "+00:00"})
_UTC = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?\s?(?:Z|UTC|[+-]00:?00)")


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of any type as strings, trimmed, with "" as null; dates in ISO 8601, several
    values in one cell with a semicolon between. Bytes that are no characters become U+FFFD.

    Raises PatentSourceError for values that are no text, number or date.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if _is_list(kind) and not pa.types.is_nested(kind.value_type):
        joined = [None if v is None else ";".join(str(x) for x in v if x is not None) for v in
                  column.to_pylist()]  # fmt: skip
        column = pa.chunked_array([pa.array(joined, pa.string())])
    elif pa.types.is_nested(kind):
        raise PatentSourceError(f"values of type {kind} are no text")
    elif pa.types.is_timestamp(kind) and kind.tz is not None:
        column = _local(column)
    elif pa.types.is_floating(kind):
        column = _numbers(column)
    elif pa.types.is_decimal(kind):
        column = _written(column)
    text = column if _is_sound(column) else _decoded(column)
    if text.type != pa.string():
        text = text.cast(pa.large_string()).cast(pa.string())
    text = pc.utf8_trim_whitespace(text)
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def _is_list(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return pa.types.is_list(kind) or pa.types.is_large_list(kind)


def _numbers(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Floats as texts: of a column with gaps, which may be NaN, 2015.0 is 2015."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = pc.if_else(pc.is_finite(column), column, pa.scalar(None, column.type))
    exact = _EXACT[column.type.bit_width]
    column = column.cast(pa.float64())
    whole = pc.and_(pc.equal(column, pc.floor(column)), pc.less(pc.abs(column), float(exact)))
    if pc.all(whole).as_py() in (True, None):
        return column.cast(pa.int64(), safe=False)
    return _written(column, exact)


def _written(column: pa.ChunkedArray, exact: int | None = None) -> pa.ChunkedArray:
    """Numbers as texts with all digits and no more, where Arrow writes 2.018105000006e+11 and
    201510123456.70; from `exact` on with an exponent, for their last digits are lost."""
    import pyarrow as pa

    def text(value: Any) -> str:
        if exact and abs(value) >= exact:
            return f"{value:.6e}"
        written = f"{Decimal(str(value)):f}"
        return written.rstrip("0").removesuffix(".") if "." in written else written

    texts = [None if v is None else text(v) for v in column.to_pylist()]
    return pa.chunked_array([pa.array(texts, pa.string())])


def _local(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Timestamps with a zone as that zone's clock shows them; of UTC with a Z."""
    import polars as pl
    import pyarrow as pa
    import pyarrow.compute as pc

    zone = column.type.tz
    if zone.lower() in _UTC_NAMES:
        plain = column.cast(pa.timestamp("us", "UTC"), safe=False)
        texts = pc.strftime(plain.cast(pa.timestamp("us")), "%Y-%m-%d %H:%M:%S")
        return pc.binary_join_element_wise(texts, "Z", "")
    if re.fullmatch(r"[+-]\d\d:?\d\d", zone):
        return pc.strftime(pc.local_timestamp(column), "%Y-%m-%d %H:%M:%S")
    # polars brings a database of zones along
    series = pl.Series(pl.from_arrow(column)).dt.replace_time_zone(None)
    return pa.chunked_array([series.dt.strftime("%Y-%m-%d %H:%M:%S").to_arrow()])


def _is_sound(column: pa.ChunkedArray) -> bool:
    import pyarrow as pa

    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        return False
    if pa.types.is_fixed_size_binary(column.type):
        return False
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Bytes as text: UTF-8, or GB 18030 where all of a cell is that, or with U+FFFD."""
    import pyarrow as pa

    found = []
    for raw in column.cast(pa.large_binary()).to_pylist():
        text = raw
        if raw is not None:
            try:
                text = raw.decode("utf-8")
            except UnicodeDecodeError:
                text = raw.decode("utf-8", "replace")
                wide = sum(character > "\x7f" for character in text)
                if text.count("\ufffd") * 4 > wide:
                    text = raw.decode("gb18030", "replace")
        found.append(text)
    return pa.chunked_array([pa.array(found, pa.string())])


def cleaned(texts: pl.Series, field: str) -> pl.Series:
    """Return the values of a field: without what guards them, and null where a word for nothing
    fills the cell."""
    import polars as pl

    if field in NUMBERS or field in DATES:
        odd = ~texts.str.contains(_CLEAN_NUMBER if field in NUMBERS else _CLEAN_DAY)
        rows = odd.fill_null(False).arg_true()
        if not len(rows):
            return texts
        chosen = texts.gather(rows)
        chosen = _changed(chosen, chosen.str.contains(rf"{_GUARDED}|[^\x00-\x7F]"), _bare)
        chosen = _changed(chosen, chosen.str.contains(r"^\d(?:\.\d+)?[Ee]\+?\d{1,2}$"), _whole)
        nothing = ~chosen.str.contains("[1-9]")
        if field in DATES:
            nothing = nothing | chosen.str.contains(_NO_DAY)
        made = chosen.to_frame("x").select(pl.when(~nothing).then("x")).to_series()
        return texts.clone().scatter(rows, made)
    if field not in _TEXTS:
        texts = _changed(texts, texts.str.contains(_GUARDED), _unquoted)
    if field in _COUNTS:
        # a count or a flag that is no number is named as such
        return texts
    return _changed(texts, texts.str.len_bytes() <= _WORD_BYTES, _unless_nothing)


def _changed(
    texts: pl.Series, where: pl.Series, function: Callable[[str], str | None]
) -> pl.Series:
    """The texts with those at `where` changed by `function`, which sees each distinct one once."""
    import polars as pl

    rows = where.fill_null(False).arg_true()
    if not len(rows):
        return texts
    chosen = texts.gather(rows)
    distinct = chosen.unique()
    made = pl.Series([function(one) for one in distinct], dtype=pl.String)
    if made.equals(distinct):
        return texts
    return texts.clone().scatter(
        rows, chosen.replace_strict(distinct, made, return_dtype=pl.String)
    )


def _bare(text: str) -> str:
    """A number or date without guards, note marks and characters that nobody sees."""
    text = re.sub(MARK_CLASS, "", without_format(unguarded(text)))
    text = unicodedata.normalize("NFKC", text)
    return re.sub(r"^[\s'\"`´‘’“”=]+|[\s'\"`´‘’“”]+$", "", text)


def _unquoted(text: str) -> str:
    """A place or a kind without guards, nor a quotation mark that only opens or closes."""
    text = unguarded(text)
    return text.strip('"').strip() if text.count('"') % 2 else text


def _whole(text: str) -> str:
    """2.018105000006E+11 as 201810500000.6; as it is where digits are lost."""
    found = _EXPONENT.fullmatch(text)
    if not found or len(found[2] or "") < int(found[3]) or int(found[3]) < 6:
        return text
    return f"{Decimal(text):f}"


def _unless_nothing(text: str) -> str | None:
    return None if is_nothing(text) or text.strip() in _ERRORS else text


def placed(numbers: dict[str, pl.Series]) -> dict[str, pl.Series]:
    """Return the numbers with each in the field of its kind, told by its form: a 专利号 is an
    application number with ZL before it, or a publication number; what was put under the wrong
    name moves where the right one is empty."""
    import polars as pl

    if all(_is_plain(name, column) for name, column in numbers.items()):
        return numbers
    frame = pl.DataFrame(numbers)
    for name in NUMBERS:
        if name not in frame.columns:
            frame = frame.with_columns(pl.lit(None, pl.String).alias(name))
    plain = frame.select(
        pl.col(name).str.to_uppercase().str.replace_all(_SPACES, "") for name in NUMBERS
    )
    if any(plain[name].str.contains(r"[^\x00-\x7F]").any() for name in NUMBERS):
        plain = plain.select(pl.all().str.normalize("NFKC").str.to_uppercase())
    frame = frame.hstack(plain.rename({name: f"{name} plain" for name in NUMBERS}))

    def form(name: str, pattern: str) -> pl.Expr:
        return pl.col(f"{name} plain").str.contains(pattern).fill_null(False)

    # publications of the first years have the number of the application
    named = pl.col("application_no")
    swapped = form("application_no", _PUBLICATION) & ~form("application_no", _APPLICATION)
    moved = pl.when(swapped).then(named)
    application = [pl.when(~swapped).then(named)]
    publication, grant = [], pl.col("grant_no")
    for name in ("publication_no", "grant_no", "patent_no"):
        number, is_application = pl.col(name), form(name, _APPLICATION)
        application.append(pl.when(is_application).then(number))
        rest = pl.when(~is_application).then(number)
        if name == "grant_no":
            grant = rest
        else:
            publication.append(rest)
    made = frame.select(
        pl.coalesce(application).alias("application_no"),
        pl.coalesce(*publication, moved).alias("publication_no"),
        grant.alias("grant_no"),
    )
    found = {name: made[name] for name in made.columns}
    return {n: c for n, c in found.items() if n in numbers or c.null_count() < len(c)}


def _is_plain(name: str, column: pl.Series) -> bool:
    """Whether the numbers are of the kind that the column is for, as they are written mostly."""
    kinds = {"application_no": _PLAIN_APPLICATION, "patent_no": None}
    pattern = kinds.get(name, _PUBLICATION)
    return pattern is not None and column.str.contains(pattern).all()


def are_utc_midnights(texts: list[str | None]) -> bool:
    """Whether all of these are midnight in Shanghai as a clock of UTC tells it: 16:00 of the day
    before, in the summers of 1986 to 1991 15:00."""
    given = [text for text in texts if text is not None]
    return bool(given) and all(_day_of_midnight(text) is not None for text in given)


def local_days(texts: pl.Series) -> pl.Series:
    """Return midnights of Shanghai told in UTC as the days that they begin."""

    def day(text: str) -> str:
        return _day_of_midnight(text) or text

    return _changed(texts, texts.is_not_null(), day)


def _day_of_midnight(text: str) -> str | None:
    found = _UTC.fullmatch(text)
    if not found or (found[3], found[4]) != ("00", "00") or (found[5] or "").strip("0"):
        return None
    try:
        day = date.fromisoformat(found[1])
    except ValueError:
        return None
    summer = 1986 <= day.year <= 1991 and 4 <= day.month <= 9
    if found[2] != "16" and not (found[2] == "15" and summer):
        return None
    return (day + timedelta(days=1)).isoformat()


def is_name_of_firm(values: list[str | None]) -> bool:
    """Whether most of these are names of firms or institutions, and no titles."""
    given = [value for value in values if value]
    firms = sum(bool(_FIRM.search(value.strip())) for value in given)
    return bool(given) and 2 * firms > len(given)


_FIRM = re.compile(
    r"(?:公司|集团|厂|大学|学院|研究院|研究所|合作社|事务所|银行|股份|有限|Ltd\.?|Inc\.?|Corp\.?)"
    r"(?:[(（].*[)）])?$",
    re.IGNORECASE,
)
