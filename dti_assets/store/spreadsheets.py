"""Spreadsheets: reading the sheets of a workbook of any format, and writing cells that a
spreadsheet program takes for nothing but text."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from xml.parsers import expat

from dti_assets.errors import TooLargeError, UnreadableError
from dti_assets.store.ods import read_ods
from dti_assets.store.sheet import Sheet
from dti_assets.store.xlsx import read_xlsx

if TYPE_CHECKING:
    import pandas as pd

# zipfile, zlib, the XML parsers (SyntaxError), and openpyxl, which takes the parts of a file to be
# as they should
XLSX_ERRORS = (
    *(OSError, EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError),
    *(SyntaxError, LookupError, ValueError, TypeError),
)
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def safe_text(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula, with an apostrophe before it.

    Anything but a text is returned as it is: a negative number stays a number.
    """
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return "'" + value
    return value


def csv_text(frame: pd.DataFrame) -> str:
    """The frame as CSV at full precision, null as an empty cell, no cell a formula."""
    from pandas.api.types import is_numeric_dtype

    safe = frame.copy()
    for name in safe.columns:
        if not is_numeric_dtype(safe[name]):
            safe[name] = safe[name].map(safe_text, na_action="ignore")
    return safe.to_csv(index=False, lineterminator="\n")


# the largest table of figures that a run takes into memory: 31 provinces, a hundred years, and
# more than six hundred columns
MAX_CELLS = 2_000_000
_MAX_BYTES = 200 << 20
_MAIN = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main ",
    "http://purl.oclc.org/ooxml/spreadsheetml/main ",
)
SPREADSHEETS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
_NOT_READABLE = "no readable workbook; open it in a spreadsheet program and save it"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def spreadsheet_format(path: Path) -> str:
    """Return xlsx, xls, xlsb or ods by the content of a file, whatever its name says, and `text`
    for a text under the name of a workbook. Raises UnreadableError for anything else."""
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in path.read_bytes():
            raise UnreadableError("encrypted", "the workbook is protected by a password")
        return "xls"
    if head.startswith(b"PK"):
        with zipfile.ZipFile(path) as archive:
            names = {name.lower() for name in archive.namelist()}
        if "xl/workbook.bin" in names:
            return "xlsb"
        return "ods" if "content.xml" in names else "xlsx"
    if b"\x00" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        # workbooks of Excel 2 to 4 are records without a container
        if head[:1] == b"\x09" and head[1:2] in (b"\x00", b"\x02", b"\x04", b"\x08"):
            return "xls"
        raise UnreadableError("damaged", _NOT_READABLE)
    lead = head.lstrip(b"\xef\xbb\xbf\t\r\n ").lower()
    if lead.startswith(b"<") and b"<" in lead[1:]:
        kind = "an XML spreadsheet" if b"schemas-microsoft-com" in lead else "a web page"
        raise UnreadableError(
            "unsupported", f"{kind} under the name of a workbook; open it in Excel and save as XLSX"
        )
    return "text"


def read_sheets(path: Path) -> Iterator[Sheet]:
    """Return the sheets of a workbook, hidden ones too.

    Raises UnreadableError with a sentence, TooLargeError, or OSError.
    """
    try:
        kind = spreadsheet_format(path)
        if kind == "text":
            raise UnreadableError("unsupported", "text under the name of a workbook")
        if kind in ("xls", "xlsb"):
            yield from _binary_sheets(path)
            return
        check_size(path)
        yield from read_ods(path, MAX_CELLS) if kind == "ods" else read_xlsx(path)
    except (TooLargeError, UnreadableError):
        raise
    except XLSX_ERRORS as error:
        raise UnreadableError("damaged", _NOT_READABLE) from error


def _binary_sheets(path: Path) -> Iterator[Sheet]:
    """The sheets of an XLS or XLSB file: values and which sheets are hidden, no fonts."""
    import python_calamine as calamine

    try:
        book = calamine.CalamineWorkbook.from_path(str(path))
        for about in book.sheets_metadata:
            if about.typ != calamine.SheetTypeEnum.WorkSheet:
                continue
            found = book.get_sheet_by_name(about.name)
            if found.total_height * found.total_width > MAX_CELLS:
                raise TooLargeError(
                    f"sheet too large: {found.total_height * found.total_width:,} cells"
                )
            sheet = Sheet(about.name, marks_lost=True)
            sheet.hidden = about.visible != calamine.SheetVisibleEnum.Visible
            sheet.cells = [
                [None if value == "" else value for value in row]
                for row in found.to_python(skip_empty_area=False)
            ]
            sheet.merged = [(*start, *end) for start, end in found.merged_cell_ranges or ()]
            yield sheet
    except calamine.PasswordError as error:
        raise UnreadableError("encrypted", "the workbook is protected by a password") from error
    except calamine.CalamineError as error:
        raise UnreadableError("damaged", _NOT_READABLE) from error


def check_size(path: Path) -> None:
    """Raises TooLargeError where a workbook is larger than a run reads."""
    cells = 0
    with zipfile.ZipFile(path) as archive:
        size = sum(info.file_size for info in archive.infolist())
        if size > _MAX_BYTES or size > 1000 * max(path.stat().st_size, 1 << 16):
            raise TooLargeError(f"sheet too large: the file unpacks to {size:,} bytes")
        for info in archive.infolist():
            with archive.open(info) as part:
                cells += _Extent().of(part)
            if cells > MAX_CELLS:
                raise TooLargeError(
                    f"sheet too large: {cells:,} cells or more up to its last cell or in merged "
                    f"blocks, over {MAX_CELLS:,}; delete what stands far outside the table"
                )


def _block(cells: str) -> tuple[int, int, int]:
    """(last row, last column, number of cells) of A1 or A1:C9."""
    from openpyxl.utils.cell import range_boundaries

    left, top, right, bottom = (value or 0 for value in range_boundaries(cells))
    return bottom, right, (bottom - top + 1) * (right - left + 1)


class _Extent:
    """Counts the cells of one worksheet; nothing for any other part of the file."""

    def __init__(self) -> None:
        self.root = ""
        self.at = [0, 0]
        self.last = [0, 0]
        self.blocks = 0

    def of(self, part: IO[bytes]) -> int:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self._start
        with suppress(expat.ExpatError):  # a picture; or damage, which openpyxl finds again
            parser.ParseFile(part)
        return self.last[0] * self.last[1] + self.blocks

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self.root = self.root or name
        if self.root not in [main + "worksheet" for main in _MAIN]:
            return
        tag = name.rpartition(" ")[2]
        if tag == "row":
            self.at = [int(attributes.get("r") or self.at[0] + 1), 0]
        elif tag == "c":
            self.at[1] += 1
            if "r" in attributes:
                self.at = list(_block(attributes["r"])[:2])
            self._reach(*self.at)
        elif tag in ("mergeCell", "hyperlink") and "ref" in attributes:
            row, column, block = _block(attributes["ref"])
            self._reach(row, column)
            self.blocks += block if block > 1 else 0

    def _reach(self, row: int, column: int) -> None:
        self.last = [max(self.last[0], row), max(self.last[1], column)]
