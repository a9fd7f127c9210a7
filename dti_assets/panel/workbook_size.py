"""How large an XLSX file becomes when it is read, told from its XML before openpyxl reads it.

openpyxl makes every cell up to the last one of a sheet, and every cell of a merged block: a file of
a few kilobytes can ask for 17 billion.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO
from xml.parsers import expat

from dti_assets.errors import TooLargeError

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
