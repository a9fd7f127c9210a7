"""Spreadsheets for coders, one each: the same items in another order, and nothing else to see.

Writing and reading back. What the items are, and the key that says where they come from, belongs
to the samples.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dti_assets.audit.agreement import MISSING
from dti_assets.errors import AuditError
from dti_assets.panel.template import write_workbook
from dti_assets.store.files import write_atomically
from dti_assets.store.spreadsheets import XLSX_ERRORS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from openpyxl import Workbook

ITEMS, ABOUT = "items", "instructions"
ALLOWED = ("1", "0", "unclear")
NO, YES, UNCLEAR = 0, 1, 2
_CODES = {
    **dict.fromkeys(("1", "1.0", "yes", "y", "true", "是"), YES),
    **dict.fromkeys(("0", "0.0", "no", "n", "false", "否"), NO),
    **dict.fromkeys(("unclear", "?", "不清楚"), UNCLEAR),
}
_WIDTHS = {"item": 14, "before": 62, "keyword": 16, "after": 62, "title": 40, "abstract": 90}
_SAMPLE = "sample"
_OTHER_FORMATS = (".ods", ".fods", ".xls", ".xlsm", ".xlsb", ".et", ".numbers", ".csv", ".tsv")
_COPY = re.compile(r"[(（]\d+[)）]|copy|kopie|副本|复制|复件", re.IGNORECASE)
# what XML, and so a workbook, cannot hold
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Labels:
    """What coders wrote. `values[question]`: (items, coders) codes NO, YES, UNCLEAR or MISSING."""

    items: tuple[str, ...]
    coders: tuple[str, ...]
    values: dict[str, NDArray[np.int64]]

    def given(self) -> int:
        """Labels in all."""
        return sum(int((matrix != MISSING).sum()) for matrix in self.values.values())


def item_names(count: int, seed: int) -> list[str]:
    """Names that reveal nothing but themselves: hashes of seed and position."""
    names = [hashlib.sha256(f"{seed}:{at}".encode()).hexdigest()[:10] for at in range(count)]
    assert len(set(names)) == count
    # one that reads like a number would be shown as one
    return [f"i{name}" for name in names]


def refuse_existing(folder: Path) -> None:
    """Raises AuditError where `folder` holds sheets: labels are not overwritten."""
    there = sheet_paths(folder)
    if there:
        raise AuditError(
            f"{there[0]}: exists already; labels are not overwritten (--replace draws anew and "
            "discards them)"
        )


def sheet_paths(folder: Path) -> list[Path]:
    """The coders' workbooks of a folder, in order of name; a spreadsheet's lock files are none."""
    return [path for path in _spreadsheets(folder) if path.suffix.lower() == ".xlsx"]


def sheets_not_read(folder: Path) -> list[Path]:
    """Spreadsheets of other formats in a folder, which may hold labels that nobody counts."""
    return [path for path in _spreadsheets(folder) if path.suffix.lower() in _OTHER_FORMATS]


def _spreadsheets(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if not path.name.startswith(("~", ".")))


def write_sheets(
    folder: Path,
    sample: str,
    rows: Sequence[Mapping[str, str]],
    questions: Sequence[str],
    instructions: Sequence[str],
    coders: int,
    seed: int,
) -> list[Path]:
    """coder_1.xlsx and so on in `folder`: `rows` (each with `item`) in an order of its own each,
    a column to label for each question, one to comment. Sheets of those names are replaced, once
    all new ones are made; control characters become blanks."""
    import numpy as np

    header = [*rows[0], *questions, "comment"]
    about = [["", ""], *([line, ""] for line in instructions)]
    shown = [[_UNWRITABLE.sub(" ", str(text)) for text in row.values()] for row in rows]
    looks = _Looks(len(rows[0]), len(questions), len(rows))
    made: dict[Path, bytes] = {}
    for coder in range(1, coders + 1):
        order = np.random.default_rng([seed, coder]).permutation(len(rows))
        cells = [[*shown[at], *(None for _ in questions), None] for at in order]
        sheets: list[Any] = [(ITEMS, header, cells), (ABOUT, [_SAMPLE, sample], about)]
        made[folder / f"coder_{coder}.xlsx"] = _workbook(sheets, looks.apply)
    # labels are gone with the old ones: not before all that replaces them is there
    for path, content in made.items():
        write_atomically(path, content)
    for old in sheet_paths(folder):
        # coder_1.XLSX is the new coder_1.xlsx where the system takes them for one
        if old.stem.startswith("coder_") and not any(map(old.samefile, made)):
            old.unlink()
    return list(made)


def _workbook(sheets: list[Any], finish: Callable[[Workbook], None] | None = None) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return write_workbook(Path(folder) / "sheet.xlsx", sheets, finish).read_bytes()


@dataclass(frozen=True)
class _Looks:
    """Widths, wrapping, and a list of allowed values on the cells to fill in."""

    shown: int
    questions: int
    rows: int

    def apply(self, book: Workbook) -> None:
        from openpyxl.styles import Alignment, Font, PatternFill
        from openpyxl.utils import get_column_letter
        from openpyxl.worksheet.datavalidation import DataValidation

        sheet = book[ITEMS]
        allowed = DataValidation(
            type="list",
            formula1=f'"{",".join(ALLOWED)}"',
            allow_blank=True,
            showErrorMessage=True,
            errorTitle="label",
            error=f"Write {', '.join(ALLOWED[:-1])} or {ALLOWED[-1]}.",
        )
        sheet.add_data_validation(allowed)
        first = get_column_letter(self.shown + 1)
        last = get_column_letter(self.shown + self.questions)
        allowed.add(f"{first}2:{last}{self.rows + 1}")
        for number, cells in enumerate(sheet.iter_cols(1, self.shown + self.questions + 1), 1):
            name = str(cells[0].value)
            sheet.column_dimensions[get_column_letter(number)].width = _WIDTHS.get(name, 12)
            side = "right" if name == "before" else "center" if name == "keyword" else "left"
            for cell in cells[1:]:
                cell.alignment = Alignment(horizontal=side, vertical="top", wrap_text=True)
                if name == "keyword":
                    cell.font = Font(bold=True)
                if self.shown < number <= self.shown + self.questions:
                    cell.fill = PatternFill("solid", fgColor="FFF7E0")
        sheet.column_dimensions[get_column_letter(self.shown + self.questions + 1)].width = 30
        book[ABOUT].column_dimensions["A"].width = 110
        for cell in book[ABOUT]["A"]:
            cell.alignment = Alignment(wrap_text=True, vertical="top")


def read_sheets(folder: Path, items: Sequence[str], questions: Sequence[str]) -> Labels:
    """The labels of every workbook in `folder`; an empty cell is missing.

    Raises AuditError, naming file, sheet and row, for an item that is unknown, stands twice or
    is gone, a column that is gone, a value other than 1, 0 and unclear, a workbook of another
    sample than the others, or of none, and for a copy of another coder's workbook.
    """
    import numpy as np

    # two samples may name their items alike: names come from the seed
    sample_name(folder)
    paths = sheet_paths(folder)
    place = {item: at for at, item in enumerate(items)}
    matrices = {
        question: np.full((len(items), len(paths)), MISSING, dtype=np.int64)
        for question in questions
    }
    for coder, path in enumerate(paths):
        seen: dict[str, int] = {}
        for where, row in _rows(path, ("item", *questions)):
            item = str(row["item"] or "").strip()
            if not item and not any(row.values()):
                continue
            if item not in place:
                raise AuditError(f"{where}: item {item or '(empty)'} is none of the sample")
            if item in seen:
                raise AuditError(f"{where}: item {item} stands in row {seen[item]} already")
            seen[item] = int(where.rpartition(" ")[2])
            for question in questions:
                matrices[question][place[item], coder] = _code(row[question], question, where)
        if gone := [item for item in items if item not in seen]:
            raise AuditError(
                f"{path}, sheet {ITEMS}: {len(gone)} items are gone, the first {gone[0]}; leave a "
                "label empty instead of deleting its row"
            )
    _refuse_copies(paths, np.concatenate([*matrices.values()]))
    return Labels(tuple(items), tuple(path.stem for path in paths), matrices)


def _refuse_copies(paths: Sequence[Path], values: NDArray[np.int64]) -> None:
    """Raises AuditError for a workbook named like a copy with all labels of another: a coder who
    counts twice agrees with himself. Comments are not asked: packages do not carry them."""
    for at, path in enumerate(paths):
        if not _COPY.search(path.stem) or (values[:, at] == MISSING).all():
            continue
        for other, like in enumerate(paths):
            if other != at and (values[:, other] == values[:, at]).all():
                raise AuditError(
                    f"{path}: named like a copy, and every label is that of {like.name}; remove "
                    "it, or give it a name of its own where another person labelled it"
                )


def labels_only(path: Path, questions: Sequence[str]) -> bytes:
    """The workbook of a coder without what was shown and commented: items, labels and the name of
    the sample, each in its row, so that it is read like the whole. Raises AuditError."""
    lines, about = _lines(path)
    first = about[0] if about else ()
    header = [str(cell or "").strip() for cell in lines[0]] if lines else []
    kept = [at for at, name in enumerate(header) if name in ("item", *questions)]
    rows = [[line[at] for at in kept] for line in lines[1:]]
    sheets: list[Any] = [
        (ITEMS, [header[at] for at in kept], rows),
        (ABOUT, [str(cell or "") for cell in first[:2]], [["what was labelled is left out", ""]]),
    ]
    return _workbook(sheets)


def sample_name(folder: Path) -> str:
    """The sample the workbooks of `folder` say they belong to; raises AuditError where they
    belong to several or say nothing."""
    names: dict[str, Path] = {}
    for path in sheet_paths(folder):
        _, about = _lines(path)
        first = about[0] if about else ()
        if len(first) < 2 or first[0] != _SAMPLE or not first[1]:
            raise AuditError(f"{path}, sheet {ABOUT}, row 1: the name of the sample is gone")
        names.setdefault(str(first[1]), path)
    if not names:
        raise AuditError(f"{folder}: no sheet (*.xlsx) of a coder")
    if len(names) > 1:
        one, other = list(names.values())[:2]
        raise AuditError(f"{one.name} and {other.name} in {folder} belong to different samples")
    return next(iter(names))


def _rows(path: Path, needed: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
    """(place, cells by header) of every row below the header of the items."""
    lines, _ = _lines(path)
    header = [str(cell or "").strip() for cell in lines[0]] if lines else []
    if missing := [name for name in needed if name not in header]:
        raise AuditError(f"{path}, sheet {ITEMS}, row 1: no column {', '.join(missing)}")
    return [
        (
            f"{path}, sheet {ITEMS}, row {number}",
            {name: cells[header.index(name)] for name in needed},
        )
        for number, cells in enumerate(lines[1:], 2)
    ]


def _lines(path: Path) -> list[list[tuple[Any, ...]]]:
    """The rows of both sheets, items first, all rows of a sheet of one length."""
    import openpyxl

    try:
        with closing(openpyxl.load_workbook(path, read_only=True, data_only=True)) as book:
            lines = {sheet.title: _even(sheet.iter_rows(values_only=True)) for sheet in book}
    except XLSX_ERRORS as error:
        raise AuditError(f"{path}: no workbook that can be read ({error})") from error
    for name in (ITEMS, ABOUT):
        if name not in lines:
            raise AuditError(f"{path}: no sheet {name}; sheets found: {', '.join(lines)}")
    return [lines[ITEMS], lines[ABOUT]]


def _even(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows filled up: programs that state no size of a sheet end a row at its last cell."""
    found = list(rows)
    width = max(map(len, found), default=0)
    return [row + (None,) * (width - len(row)) for row in found]


def _code(value: Any, question: str, where: str) -> int:
    if value is None or not str(value).strip():
        return MISSING
    text = str(value).strip().casefold()
    if text not in _CODES:
        raise AuditError(
            f"{where}: {question} is {str(value)!r}; write {', '.join(ALLOWED[:-1])} or "
            f"{ALLOWED[-1]}"
        )
    return _CODES[text]
