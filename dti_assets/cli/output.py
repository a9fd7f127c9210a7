"""A stored table as text: aligned columns, CSV, JSON or Markdown."""

from __future__ import annotations

import json
import unicodedata
from math import isinf
from typing import TYPE_CHECKING, Any

from dti_assets.store.schema import records
from dti_assets.store.spreadsheets import csv_text

if TYPE_CHECKING:
    import pandas as pd

_LONGEST_CELL = 40


def render(frame: pd.DataFrame, form: str) -> str:
    """`table`, `md` and `long` for the eye; `csv` and `json` at full precision.

    Null is an empty cell, in JSON null; a bound without end is inf or -inf, in JSON as a text.
    `table` cuts long cells (see `cut_columns`); `long` puts each value on a line of its own and
    cuts nothing. Ends with a line break.
    """
    if form == "long":
        return "\n".join(map(_long, records(frame)))
    if form == "csv":
        return csv_text(frame)
    if form == "json":
        rows = [{name: _json(value) for name, value in row.items()} for row in records(frame)]
        return json.dumps(rows, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    cells = [[str(name) for name in frame.columns]]
    cells += [[_cell(value, form == "table") for value in row.values()] for row in records(frame)]
    if form == "md":
        # a bar would end the cell
        cells = [[cell.replace("|", r"\|") for cell in row] for row in cells]
        lines = ["| " + " | ".join(row) + " |" for row in cells]
        return "\n".join([lines[0], "|" + " --- |" * len(cells[0]), *lines[1:]]) + "\n"
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    return "".join(
        "  ".join(c + " " * (w - _width(c)) for c, w in zip(row, widths, strict=True)).rstrip()
        + "\n"
        for row in cells
    )


def cut_columns(frame: pd.DataFrame) -> list[str]:
    """The columns of which `table` cuts a cell."""
    return [
        str(name)
        for name in frame.columns
        if any(len(_cell(value, False)) > _LONGEST_CELL for value in frame[name].dropna())
    ]


def _long(row: dict[str, Any]) -> str:
    """A row as a line for every value that is there."""
    width = max(map(_width, row), default=0)
    return "".join(
        f"{name}{' ' * (width - _width(name))}  {_cell(value, False)}\n"
        for name, value in row.items()
        if value is not None
    )


def _json(value: Any) -> Any:
    """A value as JSON has it, which has no number without end."""
    return str(value) if isinstance(value, float) and isinf(value) else value


def _cell(value: Any, cut: bool) -> str:
    if value is None:
        return ""
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    text = without_controls(text.replace("\n", " "))
    return text[: _LONGEST_CELL - 1] + "…" if cut and len(text) > _LONGEST_CELL else text


def shortened(line: str, columns: int) -> str:
    """A line that fits into so many columns of a terminal, cut where it does not."""
    if _width(line) <= columns:
        return line
    while line and _width(line) >= columns:
        line = line[:-1]
    return line.rstrip() + "…"


def without_controls(text: str) -> str:
    """Text that moves no terminal: a file's name may hold escape codes."""
    return "".join("�" if unicodedata.category(c) == "Cc" and c not in "\n\t" else c for c in text)


def _width(text: str) -> int:
    """Columns on a terminal; Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
