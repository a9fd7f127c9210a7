"""Workbooks as batches of rows: XLSX row by row, XLS, XLSB and ODS sheet by sheet.

A sheet is read from the row below its header on. A hidden sheet is read only where no sheet that
people see holds patents.
"""

from __future__ import annotations

import datetime
import re
import zipfile
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dti_assets.errors import PatentSourceError, UnreadableError
from dti_assets.patents.formats import after, broken, first_line, is_recognised, unique_names
from dti_assets.patents.tidy import Status
from dti_assets.store.sheet import raised
from dti_assets.store.spreadsheets import XLSX_ERRORS, spreadsheet_format
from dti_assets.units.levels import Level

if TYPE_CHECKING:
    import pyarrow as pa

# a workbook unpacked beyond this, or packed tighter than a thousandfold, is no patent extract
_BYTES = 4 << 30
# the last row a worksheet can have
_ROWS = 1 << 20
_HEADER_ROWS = 10
# how Excel writes control characters into its files
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


class _Sheet(NamedTuple):
    """A sheet with recognised columns: its title, rows before the header, and column names."""

    title: str
    header: int
    names: list[str]


class _Open(NamedTuple):
    """A sheet of an open workbook: its title, whether it is hidden, and its rows from one on."""

    title: str
    hidden: bool
    rows: Callable[[int], Iterator[Sequence[Any]]]


@dataclass
class WorkbookSource:
    path: Path
    label: str
    kind: str
    names: list[str]
    sheets: list[_Sheet]
    malformed: list[int] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    status: Status = field(default_factory=Status)

    def batches(self, columns: list[str], rows: int, start: int = 0) -> Iterator[pa.Table]:
        import pyarrow as pa

        schema = pa.schema([(name, pa.string()) for name in columns])
        read = 0
        try:
            with closing(_book(self.path, self.kind)) as book:
                chosen = {sheet.title: sheet for sheet in self.sheets}
                for opened in book:
                    if opened.title not in chosen:
                        continue
                    _, header, names = chosen[opened.title]
                    at = [names.index(name) if name in names else None for name in columns]
                    filled = filter(_is_filled, opened.rows(header + 2))
                    while part := list(islice(filled, rows)):
                        data = [[_cell_at(i, row) for row in part] for i in at]
                        table = pa.table([pa.array(d, pa.string()) for d in data], schema=schema)
                        yield from after(start - read, table)
                        read += len(part)
        except _errors() as error:
            raise broken(self.label, read, error) from error


def open_workbook(
    path: Path, label: str, extra: Mapping[str, str | Sequence[str]] | None, *, level: Level
) -> WorkbookSource:
    """Open a workbook, of which every sheet with recognised columns in one of its first ten rows is
    read; other sheets with data are `unread`. Raises PatentSourceError."""
    said = path.suffix.lstrip(".").upper()
    try:
        kind = spreadsheet_format(path)
        if kind == "text":
            raise PatentSourceError(
                f"{label}: not a readable {said} file, but text under that name; name it .csv"
            )
        if kind != "xls":
            _check_size(path, label)
        with closing(_book(path, kind)) as book:
            source = _sheets(book, path, label, kind, extra, level)
    except UnreadableError as error:
        raise PatentSourceError(f"{label}: not a readable {said} file ({error})") from error
    except _errors() as error:
        if isinstance(error, PatentSourceError):
            raise
        raise PatentSourceError(
            f"{label}: not a readable {said} file ({first_line(error)})"
        ) from error
    return source


def _check_size(path: Path, label: str) -> None:
    with zipfile.ZipFile(path) as archive:
        size = sum(info.file_size for info in archive.infolist())
    if size > _BYTES or size > 1000 * max(path.stat().st_size, 1 << 16):
        raise PatentSourceError(f"{label}: unpacks to {size} bytes, which is refused")


def _sheets(
    book: Iterable[_Open],
    path: Path,
    label: str,
    kind: str,
    extra: Mapping[str, str | Sequence[str]] | None,
    level: Level,
) -> WorkbookSource:
    seen: list[str] = []
    unread: list[str] = []
    shown: list[_Sheet] = []
    hidden: list[_Sheet] = []
    for title, is_hidden, rows_of in book:
        rows = rows_of(1)
        head = [_header(row) for row in islice(rows, _HEADER_ROWS)]
        seen = seen or next(([n for n in names if n] for names in head if any(names)), [])
        for number, names in enumerate(head):
            if is_recognised(names, label, extra, level):
                (hidden if is_hidden else shown).append(_Sheet(title, number, unique_names(names)))
                break
        else:
            if any(map(any, head)) or any(map(_is_filled, rows)):
                unread.append(title)
    sheets = shown or hidden
    names = list(dict.fromkeys(n for sheet in sheets for n in sheet.names if n))
    source = WorkbookSource(path, label, kind, names or seen, sheets, unread=unread)
    if hidden:
        titles = ", ".join(sheet.title for sheet in hidden)
        source.status.add("sheet_hidden" if shown else "sheet_hidden_read", len(hidden), titles)
    return source


def _book(path: Path, kind: str) -> Generator[_Open, None, None]:
    return _xlsx(path) if kind == "xlsx" else _other(path)


def _xlsx(path: Path) -> Generator[_Open, None, None]:
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True, data_only=True, rich_text=True)
    with closing(book):
        for sheet in book.worksheets:
            yield _Open(sheet.title, sheet.sheet_state != "visible", _rows_of(sheet))


def _rows_of(sheet: Any) -> Callable[[int], Iterator[Sequence[Any]]]:
    from openpyxl.worksheet._reader import WorkSheetParser

    def rows(first: int) -> Iterator[Sequence[Any]]:
        # the rows as they are stored: programs that write in a stream leave a size that says less
        # than the sheet holds, and openpyxl's own rows lose the fonts within a cell
        book = sheet.parent
        with sheet._get_source() as source:
            parser = WorkSheetParser(
                source,
                sheet._shared_strings,
                data_only=True,
                epoch=book.epoch,
                date_formats=book._date_formats,
                timedelta_formats=book._timedelta_formats,
                rich_text=True,
            )
            following = first
            for number, cells in parser.parse():
                # rows left out up to the next one are made up, one by one
                if number > _ROWS:
                    raise ValueError(f"rows beyond row {_ROWS}")
                if number < first:
                    continue
                yield from ((),) * (number - following)
                following = number + 1
                row = [None] * max((cell["column"] for cell in cells), default=0)
                for cell in cells:
                    row[cell["column"] - 1] = cell["value"]
                yield row

    return rows


def _other(path: Path) -> Generator[_Open, None, None]:
    import python_calamine as calamine

    book = calamine.CalamineWorkbook.from_path(str(path))
    with closing(book):
        for about in book.sheets_metadata:
            if about.typ == calamine.SheetTypeEnum.WorkSheet:
                hidden = about.visible != calamine.SheetVisibleEnum.Visible
                yield _Open(about.name, hidden, _values_of(book, about.name))


def _values_of(book: Any, title: str) -> Callable[[int], Iterator[Sequence[Any]]]:
    def rows(first: int) -> Iterator[Sequence[Any]]:
        for row in islice(book.get_sheet_by_name(title).iter_rows(), first - 1, None):
            yield [None if value == "" else value for value in row]

    return rows


def _errors() -> tuple[type[Exception], ...]:
    """What reading a damaged workbook raises."""
    import python_calamine

    return (*XLSX_ERRORS, python_calamine.CalamineError)


def _is_filled(row: Sequence[Any]) -> bool:
    return any(value is not None for value in row)


def _header(row: Sequence[Any]) -> list[str]:
    return ["" if value is None else _text(value).strip() for value in row]


def _cell_at(index: int | None, row: Sequence[Any]) -> str | None:
    """The text of a row's cell; None where its sheet lacks the column, or the row ends before."""
    value = row[index] if index is not None and index < len(row) else None
    return None if value is None else _text(value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)
    if isinstance(value, list):
        return "".join(map(_run, value))
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ")
    return str(value)


def _run(run: Any) -> str:
    """A part of a cell with a font of its own: nothing of what is struck out; a note mark in
    superscript as superscript characters."""
    font = getattr(run, "font", None)
    text = _text(str(run))
    if font is None:
        return text
    if font.strike:
        return ""
    return raised(text) if font.vertAlign == "superscript" else text
