"""Opening a CSV, XLSX or Parquet file as batches of rows. Columns are not yet interpreted."""

from __future__ import annotations

import codecs
import csv
import dataclasses
import gzip
import re
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from dti_assets.errors import PatentSourceError
from dti_assets.patents.tables import TECHNOLOGIES
from dti_assets.store.spreadsheets import XLSX_ERRORS
from dti_assets.units.levels import Level

if TYPE_CHECKING:
    import pyarrow as pa


Layout = Literal["records", "flagged", "counts"]

# The names accepted for each field, best first: where a file has several, the first that is
# not empty counts row by row. Width, case, blanks and bracketed additions do not matter. Those of
# a level: aliases.
ALIASES: dict[str, tuple[str, ...]] = {
    "application_no": (
        "申请号", "专利申请号", "申请编号", "application_no", "application_number",
        "application no.", "appln_nr", "appl_no",
    ),
    "publication_no": (
        "公开(公告)号", "公开公告号", "申请公布号", "公开号", "公布号", "专利号", "专利公开号",
        "publication_number", "publication_no", "publication no.", "patent_number", "patent_no",
        "pub_no",
    ),
    # apart: beside it, the date of publication is the application's
    "grant_no": ("授权公告号", "公告号", "grant_number", "grant_no"),
    "title": (
        "名称", "标题", "专利名称", "发明名称", "专利标题", "title", "patent_title",
        "invention_title", "title_zh", "标题(中文)", "标题(中)",
    ),
    "abstract": (
        "摘要", "专利摘要", "摘要文本", "摘要(中文)", "摘要(中)", "abstract", "patent_abstract",
        "abstract_zh",
    ),
    "ipc": (
        "IPC", "分类号", "IPC分类号", "国际分类号", "IPC主分类号", "主分类号", "IPC分类",
        "ipc_subclasses", "ipc_codes", "ipc_code", "ipc_class", "classification",
    ),
    # of a level whose headers do not ship; those of another come first
    "unit": ("{unit}", "applicant_{unit}", "{unit}_code", "所在地区", "地区"),
    "address": (
        "申请人地址", "地址", "第一申请人地址", "申请(专利权)人地址", "专利权人地址",
         "applicant_address", "address", "applicant_addresses",
    ),
    "application_date": (
        "申请日", "申请日期", "申请时间", "申请年", "申请年份", "application_date", "filing_date",
        "application_year", "filing_year", "appln_filing_date",
    ),
    "publication_date": (
        "公开(公告)日", "公开公告日", "公开(公告)日期", "公开日", "公开日期", "公布日",
        "申请公布日", "publication_date", "publication_year",
    ),
    "grant_date": (
        "授权公告日", "授权日", "授权日期", "授权公告日期", "公告日", "授权年份", "授权年",
        "grant_date", "grant_year", "date_of_grant",
    ),
    "kind": ("专利类型", "专利种类", "类型", "公开类型", "文献类型", "patent_type", "kind", "type"),
    "digital": ("是否数字专利", "数字专利", "数字化专利", "digital", "is_digital"),
    "year": ("年份", "年度", "年", "year"),
    "applications": (
        "数字专利申请数", "数字专利申请量", "申请数", "申请量", "专利申请数", "专利申请量",
        "applications", "digital_applications", "patent_applications",
    ),
    "grants": (
        "数字专利授权数", "数字专利授权量", "授权数", "授权量", "专利授权数", "专利授权量",
        "grants", "digital_grants", "patent_grants",
    ),
    **{t: (t, f"digital_{t}", f"is_{t}") for t in TECHNOLOGIES},
}  # fmt: skip
ALIASES["ai"] += ("人工智能",)
ALIASES["blockchain"] += ("区块链",)
ALIASES["cloud"] += ("云计算", "cloud_computing")
ALIASES["big_data"] += ("大数据", "bigdata")
ALIASES["iot"] += ("物联网", "internet_of_things")

_RECORD = (
    "application_no", "publication_no", "grant_no", "title", "abstract", "ipc", "unit",
    "address", "application_date", "publication_date", "grant_date", "kind",
)  # fmt: skip
FIELDS: dict[Layout, tuple[str, ...]] = {
    "records": _RECORD,
    "flagged": (*_RECORD, "digital", *TECHNOLOGIES),
    "counts": ("unit", "year", "kind", "applications", "grants", *TECHNOLOGIES),
}


@dataclass(frozen=True)
class Columns:
    """What a file holds: `layout`, and for each field found the file's columns, best first.

    records: one row a patent, to be classified. flagged: one row a patent with the user's own
    digital flag. counts: one row a unit and year (and kind) with the user's own counts.
    """

    layout: Layout
    sources: dict[str, tuple[str, ...]]


@cache
def aliases(level: Level) -> dict[str, tuple[str, ...]]:
    """Return ALIASES with the names of the unit's column at this level: those that ship with its
    figures, or the noun."""
    file = level.shipped("patent_columns.csv")
    names = tuple(map(level.words, ALIASES["unit"]))
    if file is not None:
        shipped = csv.DictReader(file.read_text(encoding="utf-8").splitlines())
        names = tuple(row["name"] for row in shipped)
    return ALIASES | {"unit": names}


def fold(name: object) -> str:
    """A column name as compared: NFKC, lower case, without blanks, dots and underscores."""
    return re.sub(r"[\s_.\ufeff\"']+", "", unicodedata.normalize("NFKC", str(name))).lower()


def recognise(
    found: Sequence[str],
    where: str,
    extra: Mapping[str, str | Sequence[str]] | None = None,
    *,
    level: Level,
) -> Columns:
    """Which of the columns `found` is which field; `extra` adds names (field -> name or names).

    `extra` names come before the built-in ones; the field unit may also be called by the level's
    noun. Raises PatentSourceError, naming the columns found and the names accepted, where a
    required field is missing: the title of records; the unit, the year and applications or grants
    of counts.
    """
    names = {field: list(known) for field, known in aliases(level).items()}
    for given, more in (extra or {}).items():
        field = "unit" if given == level.name else given
        if field not in names:
            fields = ", ".join(_said(name, level) for name in names)
            raise PatentSourceError(
                f"patent columns: {given!r} is no field; the fields are {fields}"
            )
        names[field] = [*([more] if isinstance(more, str) else more), *names[field]]
    by_fold: dict[str, str] = {}
    for column in found:
        by_fold.setdefault(fold(column), column)
    sources = {}
    for field, known in names.items():
        matched = [by_fold[fold(alias)] for alias in known if fold(alias) in by_fold]
        if matched:
            sources[field] = tuple(dict.fromkeys(matched))
    layout = _layout(sources)
    needed = {"records": ("title",), "flagged": (), "counts": ("unit", "year")}[layout]
    for field in needed:
        if field not in sources:
            raise PatentSourceError(
                f"{where}: no column for {_said(field, level)}; columns found: "
                f"{', '.join(map(str, found)) or 'none'}; names accepted: {', '.join(names[field])}"
            )
    return Columns(layout, {f: sources[f] for f in FIELDS[layout] if f in sources})


def _said(field: str, level: Level) -> str:
    """Return the name of a field as users know it."""
    return level.name if field == "unit" else field


def _layout(sources: Mapping[str, object]) -> Layout:
    single = {"title", "application_no", "publication_no", "grant_no"} & set(sources)
    if not single and {"applications", "grants"} & set(sources):
        return "counts"
    return "flagged" if "digital" in sources else "records"


_BLOCK_BYTES = 8 << 20
_SAMPLE_BYTES = 1 << 16
# a worksheet unpacked beyond this, or packed tighter than a thousandfold, is no patent extract
_XLSX_BYTES = 4 << 30
# the last row a worksheet can have
_XLSX_ROWS = 1 << 20


class Source(Protocol):
    """A file opened: its column names, and batches of some of them from row `start` on.

    `unread` names what of it has data and no recognised columns, which of a workbook are sheets.
    """

    names: list[str]
    malformed: list[int]
    unread: list[str]

    def batches(self, columns: list[str], rows: int, start: int = 0) -> Iterator[pa.Table]: ...


@dataclass
class ParquetSource:
    path: Path
    label: str
    names: list[str]
    malformed: list[int] = dataclasses.field(default_factory=list)
    unread: list[str] = dataclasses.field(default_factory=list)

    def batches(self, columns: list[str], rows: int, start: int = 0) -> Iterator[pa.Table]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        read = 0
        try:
            # a buffer instead of whole column chunks: memory does not grow with the row group
            with pq.ParquetFile(self.path, buffer_size=1 << 20, pre_buffer=False) as file:
                groups = list(range(file.num_row_groups))
                while groups and read + file.metadata.row_group(groups[0]).num_rows <= start:
                    read += file.metadata.row_group(groups.pop(0)).num_rows
                for batch in file.iter_batches(rows, row_groups=groups, columns=columns):
                    yield from _after(start - read, pa.Table.from_batches([batch]))
                    read += batch.num_rows
        except (OSError, pa.ArrowException) as error:
            raise _broken(self.label, read, error) from error


def open_parquet(path: Path, label: str) -> ParquetSource:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return ParquetSource(path, label, list(pq.read_schema(path).names))
    except (OSError, pa.ArrowException) as error:
        raise PatentSourceError(f"{label}: not a readable Parquet file ({_line(error)})") from error


@dataclass
class CsvSource:
    path: Path
    label: str
    names: list[str]
    encoding: str
    delimiter: str
    malformed: list[int] = dataclasses.field(default_factory=list)
    unread: list[str] = dataclasses.field(default_factory=list)

    def batches(self, columns: list[str], rows: int, start: int = 0) -> Iterator[pa.Table]:
        import pyarrow as pa
        from pyarrow import csv as pc

        read = 0

        def skip(row: Any) -> str:
            self.malformed.append(row.number or read)
            return "skip"

        try:
            compressed = self.path.name.lower().endswith(".gz")
            with pa.input_stream(
                str(self.path), compression="gzip" if compressed else None
            ) as stream:
                reader = pc.open_csv(
                    stream,
                    pc.ReadOptions(
                        use_threads=False,
                        block_size=_BLOCK_BYTES,
                        encoding=self.encoding,
                        column_names=self.names,
                        skip_rows_after_names=1,
                    ),
                    pc.ParseOptions(
                        delimiter=self.delimiter, newlines_in_values=True, invalid_row_handler=skip
                    ),
                    pc.ConvertOptions(
                        include_columns=columns,
                        column_types={name: pa.string() for name in columns},
                        strings_can_be_null=True,
                        null_values=[""],
                    ),
                )
                for batch in reader:
                    yield from _after(start - read, pa.Table.from_batches([batch]))
                    read += batch.num_rows
        except (OSError, EOFError, UnicodeError, pa.ArrowException) as error:
            raise _broken(self.label, read, error) from error


def open_csv(path: Path, label: str) -> CsvSource:
    """The encoding is a byte-order mark's, else UTF-8, else GB18030, whichever decodes."""
    try:
        with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as handle:
            sample = handle.read(_SAMPLE_BYTES)
    except (OSError, EOFError, gzip.BadGzipFile) as error:
        raise PatentSourceError(f"{label}: cannot be read ({_line(error)})") from error
    encoding = _encoding(sample)
    if encoding is None:
        raise PatentSourceError(
            f"{label}: neither UTF-8, GB18030 nor UTF-16 text, so not a readable CSV file"
        )
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(sample)
    except UnicodeDecodeError as error:
        raise PatentSourceError(f"{label}: not a readable CSV file ({_line(error)})") from error
    head = text.lstrip("\ufeff")
    line = head.split("\n", 1)[0]
    delimiter = max(",\t;", key=line.count)
    names = next(csv.reader(head.splitlines(keepends=True), delimiter=delimiter), [])
    if not any(name.strip() for name in names):
        raise PatentSourceError(f"{label}: the first line names no column")
    # repeated or empty names would be refused by the parser; only the first of a name counts
    unique = [n if n and n not in names[:i] else f"{n}#{i + 1}" for i, n in enumerate(names)]
    return CsvSource(path, label, unique, encoding, delimiter)


def _encoding(sample: bytes) -> str | None:
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if sample.startswith(mark):
            return name
    if b"\0" in sample:
        return None
    for name in ("utf-8", "gb18030"):
        try:
            # incremental: the sample may end within a character
            codecs.getincrementaldecoder(name)().decode(sample)
        except UnicodeDecodeError:
            continue
        return name
    return None


@dataclass
class XlsxSource:
    path: Path
    label: str
    names: list[str]
    sheets: list[tuple[str, int, list[str]]]
    malformed: list[int] = dataclasses.field(default_factory=list)
    unread: list[str] = dataclasses.field(default_factory=list)

    def batches(self, columns: list[str], rows: int, start: int = 0) -> Iterator[pa.Table]:
        import openpyxl
        import pyarrow as pa

        schema = pa.schema([(name, pa.string()) for name in columns])
        read = 0
        try:
            with closing(openpyxl.load_workbook(self.path, read_only=True, data_only=True)) as book:
                for sheet, header, names in self.sheets:
                    at = [names.index(name) if name in names else None for name in columns]
                    filled = filter(_is_filled, _rows(book[sheet], header + 2))
                    while part := list(islice(filled, rows)):
                        data = [[_cell_at(i, row) for row in part] for i in at]
                        table = pa.table([pa.array(d, pa.string()) for d in data], schema=schema)
                        yield from _after(start - read, table)
                        read += len(part)
        except XLSX_ERRORS as error:
            raise _broken(self.label, read, error) from error


def open_xlsx(
    path: Path, label: str, extra: Mapping[str, str | Sequence[str]] | None, *, level: Level
) -> XlsxSource:
    """Every sheet with recognised columns in one of its first ten rows is read; other sheets with
    data are `unread`."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(info.file_size for info in archive.infolist())
        if size > _XLSX_BYTES or size > 1000 * max(path.stat().st_size, 1 << 16):
            raise PatentSourceError(f"{label}: unpacks to {size} bytes, which is refused")
        sheets, unread, seen = _headers(path, label, extra, level)
    except PatentSourceError:
        raise
    except XLSX_ERRORS as error:
        raise PatentSourceError(f"{label}: not a readable XLSX file ({_line(error)})") from error
    names = list(dict.fromkeys(n for _, _, header in sheets for n in header if n)) or seen
    return XlsxSource(path, label, names, sheets, unread=unread)


def _headers(
    path: Path, label: str, extra: Mapping[str, str | Sequence[str]] | None, level: Level
) -> tuple[list[tuple[str, int, list[str]]], list[str], list[str]]:
    """(title, rows before the header, column names) of each sheet with recognised columns, the
    titles of other sheets with data, and the first names seen, to be told where there is none."""
    import openpyxl

    sheets: list[tuple[str, int, list[str]]] = []
    unread: list[str] = []
    seen: list[str] = []
    with closing(openpyxl.load_workbook(path, read_only=True, data_only=True)) as book:
        for sheet in book.worksheets:
            rows = _rows(sheet)
            head = [_header(row) for row in islice(rows, 10)]
            seen = seen or next(([n for n in names if n] for names in head if any(names)), [])
            for number, names in enumerate(head):
                if _is_recognised(names, label, extra, level):
                    sheets.append((sheet.title, number, names))
                    break
            else:
                if any(map(any, head)) or any(map(_is_filled, rows)):
                    unread.append(sheet.title)
    return sheets, unread, seen


def _rows(sheet: Any, first: int = 1) -> Iterator[tuple[Any, ...]]:
    # programs that write in a stream leave a size that says less than the sheet holds
    sheet.reset_dimensions()
    for number, row in enumerate(sheet.iter_rows(min_row=first, values_only=True), first):
        # rows left out up to the next one are made up, one by one
        if number > _XLSX_ROWS:
            raise ValueError(f"rows beyond row {_XLSX_ROWS}")
        yield row


def _is_filled(row: Sequence[Any]) -> bool:
    return any(value is not None for value in row)


def _header(row: Sequence[Any]) -> list[str]:
    return ["" if value is None else str(value).strip() for value in row]


def _is_recognised(
    names: list[str], label: str, extra: Mapping[str, str | Sequence[str]] | None, level: Level
) -> bool:
    try:
        recognise(names, label, extra, level=level)
    except PatentSourceError:
        return False
    return True


def _after(skip: int, table: pa.Table) -> Iterator[pa.Table]:
    """The table without its first `skip` rows, or nothing."""
    if skip < table.num_rows:
        yield table.slice(max(skip, 0))


def _cell_at(index: int | None, row: Sequence[Any]) -> str | None:
    """The text of a row's cell; None where its sheet lacks the column, or the row ends before."""
    value = row[index] if index is not None and index < len(row) else None
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat(" ") if hasattr(value, "hour") else str(value)


def _broken(label: str, read: int, error: Exception) -> PatentSourceError:
    return PatentSourceError(f"{label}: cannot be read after row {read} ({_line(error)})")


def _line(error: Exception) -> str:
    """An error's first line; libraries append pages of context to theirs."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
