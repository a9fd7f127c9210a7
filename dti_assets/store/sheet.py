"""One sheet of a workbook as a person sees it, in whichever format it is stored."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

# row and column, from 0
Place = tuple[int, int]

_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_MARK = re.compile(r"[\s\d①-⑳⑴-⒇a-zA-Z*†‡#注,，、;()（）\[\]〔〕【】]{1,8}")


@dataclass
class Sheet:
    """The cells of a sheet, blank ones None, and what a reader of it does not see.

    `merged` are blocks (top, left, bottom, right). `unseen` says of cells why nobody sees their
    content: those are None in `cells`. `formulas` are those without a stored result, `scaled`
    cells whose number format shows another number than they hold. A note mark in superscript is a
    superscript character; where `marks_lost`, the format does not tell it from a digit.
    """

    name: str
    cells: list[list[Any]] = field(default_factory=list)
    hidden: bool = False
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    unseen: dict[Place, str] = field(default_factory=dict)
    formulas: dict[Place, str] = field(default_factory=dict)
    scaled: set[Place] = field(default_factory=set)
    marks_lost: bool = False

    def put(self, i: int, j: int, value: Any) -> None:
        """Set a cell, lengthening the sheet where it is short."""
        while len(self.cells) <= i:
            self.cells.append([])
        row = self.cells[i]
        row.extend([None] * (j + 1 - len(row)))
        row[j] = value


def raised(text: str) -> str:
    """Return text in superscript as superscript characters, without brackets and other note marks;
    a longer text as it is."""
    if not _MARK.fullmatch(text):
        return text
    return re.sub(r"[^0-9①-⑳⑴-⒇]", "", text).translate(_RAISED)


def is_mark(value: Any) -> bool:
    """Whether a cell in superscript as a whole is a note mark, and no figure."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value).is_integer() and 0 <= value < 100
    return isinstance(value, str) and len(value.strip()) <= 4 and bool(_MARK.fullmatch(value))


def percentage(value: float) -> str:
    """Return a number that its format shows in percent as the text that is shown."""
    return f"{round(value * 100, 10):.15g}%"
