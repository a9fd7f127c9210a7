"""A user's files as grids of cells: CSV, XLSX and Stata. What the cells mean is `user_layout`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dti_assets.errors import TooLargeError
from dti_assets.panel.yearbooks.cells import Fault
from dti_assets.store.spreadsheets import MAX_CELLS, XLSX_ERRORS, check_size

FORMATS = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".dta")


@dataclass
class Grid:
    """One sheet: `cells[i][j]`, every row of the same length, blank cells None.

    `row_offset` turns an index into the row number a user sees (observations of a Stata file
    count from 1 and have no header row); `letters` says whether columns are called A, B, C.
    """

    file: str
    sheet: str | None
    cells: list[list[Any]]
    row_offset: int = 1
    letters: bool = True
    faults: list[Fault] = field(default_factory=list)

    def row(self, i: int) -> int:
        return i + self.row_offset

    def column(self, j: int, header: str = "") -> str:
        name = column_letter(j) if self.letters else str(j + 1)
        return f"{name} ({header})" if header else name

    def fault(self, message: str, i: int | None, j: int | None, header: str = "") -> Fault:
        return Fault(
            self.file,
            self.sheet,
            None if i is None else self.row(i),
            None if j is None else self.column(j, header),
            message,
        )


def column_letter(j: int) -> str:
    """0 -> A, 25 -> Z, 26 -> AA."""
    name = ""
    j += 1
    while j:
        j, rest = divmod(j - 1, 26)
        name = chr(65 + rest) + name
    return name


def read_grids(path: Path, name: str) -> Iterator[Grid]:
    """The sheets of one file under the name it is reported by.

    Raises ValueError or OSError with a readable sentence where the file cannot be opened.
    """
    suffix = path.suffix.lower()
    if suffix in (".xlsx", ".xlsm"):
        yield from _xlsx(path, name)
    elif suffix == ".dta":
        yield _stata(path, name)
    else:
        yield _csv(path, name)


def _csv(path: Path, name: str) -> Grid:
    raw = path.read_bytes()
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = raw.decode("utf-16")
    else:
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            try:
                text = raw.decode("gb18030")
            except UnicodeDecodeError as error:
                raise ValueError("neither UTF-8 nor UTF-16 nor GB 18030") from error
    lines = [line for line in text.splitlines() if line.strip()][:20]
    delimiter = max(",\t;", key=lambda mark: sum(line.count(mark) for line in lines))
    rows = [
        [cell if cell.strip() else None for cell in row]
        for row in csv.reader(io.StringIO(text), delimiter=delimiter)
    ]
    return Grid(name, None, _squared(rows))


def _xlsx(path: Path, name: str) -> Iterator[Grid]:
    from openpyxl import load_workbook

    try:
        check_size(path)
        book = load_workbook(path)
    except TooLargeError:
        raise
    except XLSX_ERRORS as error:
        raise ValueError("is no readable XLSX file; save it anew in Excel") from error
    stored = None
    for sheet in book.worksheets:
        rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
        grid = Grid(name, sheet.title, [])
        for i, row in enumerate(rows):
            for j, value in enumerate(row):
                if isinstance(value, str) and value.startswith("="):
                    stored = stored or load_workbook(path, data_only=True)
                    row[j] = stored[sheet.title].cell(i + 1, j + 1).value
                    if row[j] is None:
                        grid.faults.append(
                            grid.fault(
                                f"formula {value} has no stored result; open the file in Excel "
                                "and save it",
                                i,
                                j,
                            )
                        )
                elif isinstance(value, str) and not value.strip():
                    row[j] = None
        for span in sheet.merged_cells.ranges:
            top = rows[span.min_row - 1][span.min_col - 1]
            # a number repeated over a merged block would be counted twice; years and texts not
            if isinstance(top, str) or (isinstance(top, int) and 1900 < top < 2100):
                for i in range(span.min_row - 1, span.max_row):
                    for j in range(span.min_col - 1, span.max_col):
                        rows[i][j] = top
        grid.cells = _squared(rows)
        yield grid


def _stata(path: Path, name: str) -> Grid:
    import numpy as np
    import pandas as pd

    frame = pd.read_stata(path)
    with pd.read_stata(path, iterator=True) as reader:
        labels = reader.variable_labels()
    rows: list[list[Any]] = [list(frame.columns), [labels.get(c) or None for c in frame.columns]]
    columns = []
    for column in frame.columns:
        values = frame[column].tolist()
        if frame[column].dtype == np.float32:
            # a float stores seven digits: take the short decimal it stands for
            values = [float(str(np.float32(value))) for value in values]
        columns.append([None if _is_missing(value) else value for value in values])
    rows.extend(list(row) for row in zip(*columns, strict=True))
    return Grid(name, None, _squared(rows), row_offset=-1, letters=False)


def _is_missing(value: Any) -> bool:
    # NaN and NaT are the values that differ from themselves
    return value is None or value != value or value == ""


def _squared(rows: list[list[Any]]) -> list[list[Any]]:
    width = max((len(row) for row in rows), default=0)
    # one long line among many short ones; a table that is really that large is read
    if width * len(rows) > max(MAX_CELLS, 10 * sum(map(len, rows))):
        raise TooLargeError(
            f"sheet too large: {len(rows):,} rows, of which one has {width:,} cells"
        )
    return [row + [None] * (width - len(row)) for row in rows]
