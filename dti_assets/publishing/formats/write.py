"""Every printed table in every format, into one flat folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from dti_assets.publishing.formats.latex import latex_table
from dti_assets.publishing.formats.markup import html_page, markdown_table
from dti_assets.publishing.formats.word import word_table
from dti_assets.publishing.regression_table import PrintedTable
from dti_assets.store.spreadsheets import csv_text

if TYPE_CHECKING:
    import pandas as pd

FORMATS = ("csv", "tex", "docx", "html", "md")


def write_table(
    folder: Path,
    table: PrintedTable,
    stored: pd.DataFrame,
    scripts: Mapping[str, str] | None = None,
) -> None:
    """One file a format, and one a script by its ending. The CSV holds the stored rows at full
    precision, notes and reasons among its columns; the others are the printed table."""
    content = {
        # repr of a float is the shortest text that reads back as the same float
        "csv": csv_text(stored).encode("utf-8"),
        "tex": latex_table(table).encode("ascii"),
        "docx": word_table(table),
        "html": html_page(table).encode("utf-8"),
        "md": markdown_table(table).encode("utf-8"),
    }
    for ending in FORMATS:
        (folder / f"{table.name}.{ending}").write_bytes(content[ending])
    for ending, text in (scripts or {}).items():
        (folder / f"{table.name}.{ending}").write_bytes(text.encode("utf-8"))
