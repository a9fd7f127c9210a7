"""What a spreadsheet program must not take for more than it is: cells of CSV and XLSX files. And
what reading a damaged one raises."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

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
