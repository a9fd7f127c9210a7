"""A user's files as grids of cells: text, workbooks and Stata. What the cells mean is `layout`."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from dti_assets.errors import TooLargeError
from dti_assets.panel.yearbooks.cells import Coded, Fault, looks_numeric
from dti_assets.store import delimited
from dti_assets.store.sheet import Place, Sheet
from dti_assets.store.spreadsheets import (
    MAX_CELLS,
    SPREADSHEETS,
    read_sheets,
    spreadsheet_format,
)

_STATA_VERSIONS = (*range(102, 106), 108, 110, 111, *range(113, 120))
FORMATS = (".csv", ".tsv", ".txt", *SPREADSHEETS, ".dta")


@dataclass
class Grid:
    """One table: `cells[i][j]`, every row of the same length, blank cells None.

    `row_offset` turns an index into the row number a user sees (observations of a Stata file
    count from 1 and have no header row), or `lines` gives it; `letters` says whether columns are
    called A, B, C, from `first_column` on. `titles` stand above another table of the same sheet.
    `left_out` are (row, column, text, reason) of what reading the file left out. `raw` are the
    rows of a text file, to be held against the width of their header.
    """

    file: str
    sheet: str | None
    cells: list[list[Any]]
    row_offset: int = 1
    letters: bool = True
    faults: list[Fault] = field(default_factory=list)
    lines: list[int] | None = None
    raw: list[delimited.Row] | None = None
    first_column: int = 0
    titles: list[str] = field(default_factory=list)
    left_out: list[tuple[int | None, int | None, str | None, str]] = field(default_factory=list)
    unseen: dict[Place, str] = field(default_factory=dict)
    doubtful: set[Place] = field(default_factory=set)

    def row(self, i: int) -> int:
        return self.lines[i] if self.lines is not None else i + self.row_offset

    def column(self, j: int, header: str = "") -> str:
        j += self.first_column
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

    def part(self, rows: tuple[int, int], columns: tuple[int, int]) -> Grid:
        """The table in a range of rows and columns; what was left out stays with the whole."""
        (top, bottom), (left, right) = rows, columns

        def moved(place: Place) -> Place | None:
            i, j = place
            return (i - top, j - left) if top <= i < bottom and left <= j < right else None

        # a line longer than its header is shifted in every table of the line
        whole_width = left == 0 and right == (len(self.cells[0]) if self.cells else 0)
        return Grid(
            self.file,
            self.sheet,
            [row[left:right] for row in self.cells[top:bottom]],
            self.row_offset + top,
            self.letters,
            lines=None if self.lines is None else self.lines[top:bottom],
            raw=None if self.raw is None or not whole_width else self.raw[top:bottom],
            first_column=self.first_column + left,
            titles=list(self.titles),
            unseen={new: why for old, why in self.unseen.items() if (new := moved(old))},
            doubtful={new for old in self.doubtful if (new := moved(old))},
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

    Raises an error with a readable sentence where the file cannot be opened.
    """
    suffix = path.suffix.lower()
    if suffix == ".dta":
        yield _stata(path, name)
    elif suffix in SPREADSHEETS and spreadsheet_format(path) != "text":
        for sheet in read_sheets(path):
            yield _of_sheet(sheet, name)
    else:
        yield _text(path, name)


def _text(path: Path, name: str) -> Grid:
    text = delimited.decoded(path.read_bytes())
    if text.count("\0") * 100 > len(text):
        raise ValueError("holds binary data, not text")
    rows, faults = delimited.parsed(text, delimited.delimiter(text))
    grid = Grid(
        name,
        None,
        _squared([[cell if cell.strip() else None for cell in row.cells] for row in rows]),
        lines=[row.line for row in rows],
        raw=rows,
    )
    at = {row.line: i for i, row in enumerate(rows)}
    for fault in faults:
        i = at.get(fault.line)
        line = None if i is None else next((c for c in grid.cells[i] if c and '"' in c), None)
        grid.left_out.append((i, None, line, fault.message))
    for i, row in enumerate(rows):
        if any("\ufffd" in cell for cell in row.cells):
            grid.left_out.append((i, None, None, "a byte in this line is no character"))
    return grid


def _of_sheet(sheet: Sheet, name: str) -> Grid:
    """The grid of a sheet, without what nobody sees, which is listed."""
    grid = Grid(name, sheet.name, [])
    if sheet.hidden:
        if any(value is not None for row in sheet.cells for value in row):
            why = "hidden sheet: it is not read; unhide it to have it read"
            grid.left_out.append((None, None, None, why))
        return grid
    cells = _squared([list(map(_without_blanks, row)) for row in sheet.cells])
    width = len(cells[0]) if cells else 0
    for top, left, bottom, right in sheet.merged:
        if top >= len(cells) or left >= width:
            continue
        value = cells[top][left]
        # a number repeated over a merged block would be counted twice; years and texts not
        year = isinstance(value, int | float) and 1900 < value < 2100
        if (isinstance(value, str) and not looks_numeric(value)) or year:
            for row in cells[top : bottom + 1]:
                row[left : right + 1] = [value] * len(row[left : right + 1])
    grid.cells = cells
    _hide(grid, sheet)
    for (i, j), formula in sheet.formulas.items():
        if i not in sheet.hidden_rows and j not in sheet.hidden_columns:
            message = f"formula {formula} has no stored result; open the file in Excel and save it"
            grid.faults.append(grid.fault(message, i, j))
    for i, j in sorted(sheet.scaled):
        message = "its number format shows it divided by thousands: write the number that is meant"
        grid.faults.append(grid.fault(message, i, j))
    if sheet.marks_lost:
        _doubt(grid)
    return grid


def _without_blanks(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _hide(grid: Grid, sheet: Sheet) -> None:
    """Blank hidden rows and columns and list them with the other cells that nobody sees."""
    cells = grid.cells
    rows = [i for i in sorted(sheet.hidden_rows) if i < len(cells) and any(_filled(cells[i]))]
    columns = [
        j
        for j in sorted(sheet.hidden_columns)
        if cells and j < len(cells[0]) and any(_filled([row[j] for row in cells]))
    ]
    for first, last in _spans(rows):
        span = f"row {first + 1} is" if first == last else f"rows {first + 1} to {last + 1} are"
        grid.left_out.append((first, None, None, f"{span} hidden and not read"))
    for first, last in _spans(columns):
        letters = column_letter(first), column_letter(last)
        span = (
            f"column {letters[0]} is" if first == last else "columns {} to {} are".format(*letters)
        )
        grid.left_out.append((None, first, None, f"{span} hidden and not read"))
    for i in rows:
        cells[i] = [None] * len(cells[i])
    for j in columns:
        for row in cells:
            row[j] = None
    gone = set(rows), set(columns)
    grid.unseen = {
        place: why
        for place, why in sheet.unseen.items()
        if place[0] not in gone[0] and place[1] not in gone[1]
    }
    for why in dict.fromkeys(grid.unseen.values()):
        places = sorted(place for place, reason in grid.unseen.items() if reason == why)
        named = ", ".join(f"{column_letter(j)}{i + 1}" for i, j in places[:10])
        more = f" and {len(places) - 10} more" if len(places) > 10 else ""
        grid.left_out.append((places[0][0], places[0][1], named + more, f"{why}: not read"))


def _filled(values: Sequence[Any]) -> list[bool]:
    return [value is not None for value in values]


def _spans(numbers: list[int]) -> Iterator[tuple[int, int]]:
    """(first, last) of every run of numbers without a gap."""
    for _, run in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        found = [number for _, number in run]
        yield found[0], found[-1]


def _doubt(grid: Grid) -> None:
    """Find figures whose last digit may be a note mark: text in a column of numbers."""
    texts = 0
    for j in range(len(grid.cells[0]) if grid.cells else 0):
        column = [(i, row[j]) for i, row in enumerate(grid.cells)]
        numbers = sum(isinstance(value, int | float) for _, value in column)
        # a year stands as text over a column of numbers
        written = [
            i
            for i, value in column
            if isinstance(value, str) and looks_numeric(value) and len(value.strip()) > 1
            and not re.fullmatch(r"(?:19|20)\d\d\s*年?", value.strip())
        ]  # fmt: skip
        if numbers > len(written):
            grid.doubtful.update((i, j) for i in written)
        else:
            texts += len(written)
    if texts:
        why = (
            f"{texts} numbers are stored as text in a format that does not say whether a digit is "
            "a raised note mark; save the file as XLSX to be sure"
        )
        grid.left_out.append((None, None, None, why))


def _stata(path: Path, name: str) -> Grid:
    import numpy as np
    import pandas as pd

    raw = path.read_bytes()
    version = _stata_version(raw)
    if version not in _STATA_VERSIONS:
        raise ValueError(f"no Stata file that can be read (format {version}); save it in Stata")
    with warnings.catch_warnings():
        # pandas says that it takes a string for Latin-1; see _encoding
        warnings.simplefilter("ignore")
        reader: Any
        with pd.read_stata(io.BytesIO(raw), iterator=True) as reader:
            frame = reader.read(convert_categoricals=False)
            titles = [reader.data_label] if reader.data_label.strip() else []
            labels = reader.variable_labels()
            values = reader.value_labels()
            sets = dict(zip(frame.columns, getattr(reader, "_lbllist", ()), strict=False))
    old = version < 118
    columns = []
    for column in frame.columns:
        cells = frame[column].tolist()
        if frame[column].dtype == np.float32:
            # a float stores seven digits: take the short decimal it stands for
            cells = [float(str(np.float32(value))) for value in cells]
        coded = values.get(sets.get(column, ""), {})
        columns.append([_stata_cell(value, coded) for value in cells])
    over = [labels.get(column) or None for column in frame.columns]
    rows: list[list[Any]] = [list(map(str, frame.columns)), list(over)]
    rows.extend(list(row) for row in zip(*columns, strict=True))
    rows.append(list(titles))
    texts = {value for row in rows for value in row if isinstance(value, str)}
    if encoding := _encoding({text for text in texts if not text.isascii()}, old):
        rows = [[_decoded(value, encoding) for value in row] for row in rows]
    titles = rows.pop()
    return Grid(name, None, _squared(rows), row_offset=-1, letters=False, titles=titles)


def _stata_version(raw: bytes) -> int:
    """The format a Stata file says it is of; 0 for an empty file."""
    if found := re.match(rb"<stata_dta><header><release>(\d+)", raw):
        return int(found.group(1))
    return raw[0] if raw else 0


def _stata_cell(value: Any, labels: dict[Any, str]) -> Any:
    # NaN and NaT are the values that differ from themselves
    if value is None or value != value or value == "":
        return None
    if not isinstance(value, str) and (label := labels.get(value)):
        return Coded(label, float(value))
    return value


def _encoding(texts: set[str], old: bool) -> str | None:
    """What texts are in that were read as Latin-1, because their format does not say it."""
    if not texts or not (old or any(re.search("[\x80-\x9f]", text) for text in texts)):
        return None
    for text in texts:
        try:
            text.encode("latin-1").decode("utf-8")
        except UnicodeEncodeError:
            continue  # read in its own encoding
        except UnicodeDecodeError:
            return "gb18030"
    return "utf-8"


def _decoded(value: Any, encoding: str) -> Any:
    if not isinstance(value, str) or value.isascii():
        return value
    try:
        # a width in bytes may cut the last character
        text = value.encode("latin-1").decode(encoding, "ignore")
    except UnicodeEncodeError:
        return value
    return Coded(text, value.code) if isinstance(value, Coded) else text


def _squared(rows: list[list[Any]]) -> list[list[Any]]:
    width = max((len(row) for row in rows), default=0)
    # one long line among many short ones; a table that is really that large is read
    if width * len(rows) > max(MAX_CELLS, 10 * sum(map(len, rows))):
        raise TooLargeError(
            f"sheet too large: {len(rows):,} rows, of which one has {width:,} cells"
        )
    return [row + [None] * (width - len(row)) for row in rows]
