"""XLSX files: safe cells, fixed bytes, and the template a user fills in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dti_assets.panel.coverage import how_to_supply
from dti_assets.panel.series import catalogue
from dti_assets.panel.variables import variables
from dti_assets.store.files import timeless
from dti_assets.store.spreadsheets import safe_text
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    from openpyxl import Workbook

Sheet = tuple[str, Sequence[str], Iterable[Sequence[Any]]]


def write_workbook(
    path: Path, sheets: Iterable[Sheet], finish: Callable[[Workbook], None] | None = None
) -> Path:
    """Sheets of (name, header, rows) as XLSX with the same bytes for the same content.

    The header is bold and frozen; None, NaN and NA become empty cells. `finish` may change the
    book's looks before it is saved.
    """
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    book.remove(book.worksheets[0])
    for name, header, rows in sheets:
        sheet = book.create_sheet(name)
        sheet.append([safe_text(text) for text in header])
        for cell in sheet[1]:
            cell.font = Font(bold=True)
        widths = [len(text) for text in header]
        for row in rows:
            cells = [safe_text(_plain(value)) for value in row]
            sheet.append(cells)
            widths = [
                max(width, min(len(str(value or "")), 60))
                for width, value in zip(widths, cells, strict=True)
            ]
        for j, width in enumerate(widths):
            sheet.column_dimensions[get_column_letter(j + 1)].width = width + 2
        sheet.freeze_panes = "A2"
    if finish is not None:
        finish(book)
    buffer = BytesIO()
    book.save(buffer)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(timeless(buffer.getvalue()))
    return path


def write_template(path: Path, years: tuple[int, int], units: Units) -> Path:
    """The workbook a user fills in: sheet `figures` with a column per series and its unit in the
    header, one row per unit and year; sheet `series` and sheet `variables` with definitions.

    It is read back by read_user_figures as it stands; columns left empty replace nothing.
    """
    level = units.level
    series = list(catalogue().values())
    made = variables(level)
    header = [*level.keys, "year", *(_header(one.name) for one in series)]
    rows = [
        [unit.code, unit.name, year, *(None for _ in series)]
        for unit in units
        for year in range(years[0], years[1] + 1)
    ]
    about = [
        [one.name, one.label, one.label_zh, str(one.unit),
         "yes" if one.shipped_from(level) else "no", one.supply(level),
         ", ".join(v.name for v in made if one.name in v.series)]
        for one in series
    ]  # fmt: skip
    sources = [
        [v.name, v.label, v.unit, v.definition, v.formula or f"table {v.origin}", v.remark,
         how_to_supply(v, level) or ""]
        for v in made
    ]  # fmt: skip
    return write_workbook(
        path,
        [
            ("figures", header, rows),
            (
                "series",
                ["series", "label", "Chinese name", "unit", "shipped", "where to find it",
                 "variables made from it"],
                about,
            ),
            (
                "variables",
                ["variable", "label", "unit", "definition", "formula", "remark", "how to supply"],
                sources,
            ),
        ],
    )  # fmt: skip


def _header(name: str) -> str:
    unit = catalogue()[name].unit
    return name if unit.dimension == "any" else f"{name} ({unit})"


def _plain(value: Any) -> Any:
    """A cell value openpyxl can write: no NA, no numpy scalar."""
    if value is None or value is False or value is True or isinstance(value, str):
        return value
    if str(value) in ("<NA>", "nan", "NaT"):
        return None
    return value.item() if hasattr(value, "item") else value
