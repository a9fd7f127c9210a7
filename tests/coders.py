"""Coders who fill in the sheets of an audit."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl


def code(folder: Path, label: Mapping[str, Mapping[str, Any]], slips: float = 0.0) -> None:
    """Fill every sheet of `folder` with `label` by item; a coder slips now and then."""
    for number, path in enumerate(sorted(folder.glob("*.xlsx"))):
        rng = np.random.default_rng(number)
        book = openpyxl.load_workbook(path)
        page = book["items"]
        header = [cell.value for cell in page[1]]
        for row in page.iter_rows(min_row=2):
            for name, value in label[str(row[0].value)].items():
                wrong = value in (0, 1) and rng.random() < slips
                row[header.index(name)].value = 1 - int(value) if wrong else value
        book.save(path)
