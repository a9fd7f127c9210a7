"""What a spreadsheet program must not take for more than it is: cells of CSV and XLSX files. And
what reading a damaged one raises."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from xml.parsers import expat

from dti_assets.errors import TooLargeError

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
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main "


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
        if self.root != _MAIN + "worksheet":
            return
        tag = name.removeprefix(_MAIN)
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
