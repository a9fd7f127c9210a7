"""Two files that should be the same: byte for byte, else number by number.

Numbers count as equal within 1e-9 of their size; in a column, what is smaller than 1e-12 of its
largest value counts as zero. Numbers with one decimal or none, and those that are part of a word,
may be identifiers and must be the same.
"""

from __future__ import annotations

import math
import re
import zipfile
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

TOLERANCE = 1e-9
_NEGLIGIBLE = 1e-12
# by itself: no number begins or ends within a word as CN202010123456 or a checksum
_NUMBER = re.compile(r"(?<!\w)[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?(?!\w)", re.ASCII)
_WHOLE = re.compile(r"[-+]?\d+", re.ASCII)
# 202010123456.7 is an application with its check digit, and 7.0 what a column of floats makes of 7
_SHORT = re.compile(r"[-+]?\d*\.?\d?", re.ASCII)
_TEXT = frozenset({".tex", ".html", ".md", ".do", ".r", ".txt", ".json", ".xml", ".rels"})
_PICTURES = frozenset({".png", ".pdf", ".svg"})
Verdict = Literal["identical", "equal", "different", "unreadable"]


@dataclass(frozen=True)
class Comparison:
    """How two files compare, and the first place where they differ. `unreadable`: bytes differ,
    and the format has no numbers to compare."""

    verdict: Verdict
    where: str = ""


IDENTICAL, EQUAL = Comparison("identical"), Comparison("equal")


def compare(there: Path, here: Path, only: tuple[str, ...] = ()) -> Comparison:
    """`there` the packaged file, `here` the one made again. `only`: columns of a table that are
    compared, all without any."""
    if not here.is_file():
        return Comparison("different", "it was not made")
    if not only and there.read_bytes() == here.read_bytes():
        return IDENTICAL
    try:
        return _compare_content(there, here, only)
    except Exception as error:
        # a package may hold anything, and its readers raise whatever they do
        return Comparison("different", f"cannot be read there ({type(error).__name__})")


def _compare_content(there: Path, here: Path, only: tuple[str, ...]) -> Comparison:
    kind = there.suffix.lower()
    if kind in _PICTURES:
        return Comparison("unreadable", "bytes differ, and pictures hold no numbers to compare")
    if kind in (".parquet", ".csv", ".dta"):
        frames = [_frame(path, kind) for path in (there, here)]
        if only:
            frames = [frame[list(only)] for frame in frames]
        found = compare_frames(*frames)
        # the same cells, written otherwise
        return EQUAL if kind == ".csv" and found == IDENTICAL else found
    if kind in (".docx", ".xlsx"):
        return _compare_archives(there, here)
    if kind in _TEXT:
        return compare_text(there.read_text("utf-8"), here.read_text("utf-8"))
    return Comparison("unreadable", "bytes differ")


def _frame(path: Path, kind: str) -> pd.DataFrame:
    import pandas as pd

    if kind == ".parquet":
        # whole numbers with gaps stay whole numbers
        return pd.read_parquet(path, dtype_backend="numpy_nullable")
    if kind == ".dta":
        return pd.read_stata(path)
    # every cell as it stands there: 01 is not 1, and NA is a word
    cells = pd.read_csv(path, header=None, dtype=str, keep_default_na=False, skip_blank_lines=False)
    return cells.iloc[1:].set_axis(cells.iloc[0].tolist(), axis=1)


def compare_frames(there: pd.DataFrame, here: pd.DataFrame) -> Comparison:
    """Cell by cell; the first cell that differs is named with both values. Columns of other types
    are equal at most."""
    if list(there.columns) != list(here.columns):
        return Comparison("different", "the columns differ")
    if len(there) != len(here):
        return Comparison("different", f"{len(there)} rows in the package, {len(here)} here")
    same = True
    for place, name in enumerate(there.columns):
        old, new = there.iloc[:, place], here.iloc[:, place]
        same = same and old.dtype == new.dtype
        cells = old.tolist()
        scale = _largest(cells)
        for row, (a, b) in enumerate(zip(cells, new.tolist(), strict=True)):
            if _null(a) and _null(b):
                continue
            if not _null(a) and not _null(b) and a == b:
                continue
            if _null(a) or _null(b) or not _close(a, b, scale):
                return Comparison(
                    "different",
                    f"row {row + 1}, column {name}: {_shown(a)} there, {_shown(b)} here",
                )
            same = False
    return IDENTICAL if same else EQUAL


def _largest(cells: list[Any]) -> float:
    """The largest size among numbers, as such or as text; zero where there is anything else."""
    sizes = [0.0]
    for cell in cells:
        if isinstance(cell, str) and cell not in ("", "inf", "-inf"):
            if not _NUMBER.fullmatch(cell):
                return 0.0
            sizes.append(abs(float(cell)))
        elif isinstance(cell, float):
            sizes.append(abs(cell))
    return max(size for size in sizes if math.isfinite(size))


def _null(value: Any) -> bool:
    # pandas.NA answers no comparison
    return value is None or type(value).__name__ == "NAType" or value != value


def _close(a: Any, b: Any, scale: float) -> bool:
    """Of two cells that are not equal."""
    if isinstance(a, str) and isinstance(b, str):
        if _NUMBER.fullmatch(a) and _NUMBER.fullmatch(b):
            return _same_number(a, b, scale)
        return compare_text(a, b).verdict != "different"
    both = isinstance(a, float) and isinstance(b, float)
    return both and math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=_NEGLIGIBLE * scale)


def _same_number(a: str, b: str, scale: float = 0.0) -> bool:
    """Whether two numbers in text are: digits without a point must be the same digits."""
    if a == b or (_WHOLE.fullmatch(a) and _WHOLE.fullmatch(b)):
        # a workbook writes a zero that is less than zero as -0
        return a == b or {a, b} == {"0", "-0"}
    if _SHORT.fullmatch(a) and _SHORT.fullmatch(b):
        return Decimal(a) == Decimal(b)
    x, y = float(a), float(b)
    # 5e400 and 7e999 are both infinite, and not the same
    close = math.isclose(x, y, rel_tol=TOLERANCE, abs_tol=_NEGLIGIBLE * scale)
    return close and math.isfinite(x)


def _shown(value: Any) -> str:
    if _null(value):
        return "null"
    text = repr(value) if isinstance(value, float) else str(value)
    return text if len(text) <= 60 else text[:59] + "…"


def compare_text(there: str, here: str) -> Comparison:
    """Words and whole numbers must agree, other numbers within the tolerance."""
    if there == here:
        return IDENTICAL
    old, new = there.splitlines(), here.splitlines()
    for place, (a, b) in enumerate(zip(old, new, strict=False), start=1):
        if a == b:
            continue
        words = _NUMBER.split(a) == _NUMBER.split(b)
        numbers = zip(_NUMBER.findall(a), _NUMBER.findall(b), strict=False)
        if not (words and all(_same_number(x, y) for x, y in numbers)):
            return Comparison("different", f"line {place}: {_shown(a)} there, {_shown(b)} here")
    if len(old) != len(new):
        return Comparison("different", f"{len(old)} lines in the package, {len(new)} here")
    return EQUAL


def _compare_archives(there: Path, here: Path) -> Comparison:
    """Word and Excel files are archives of XML."""
    with zipfile.ZipFile(there) as old, zipfile.ZipFile(here) as new:
        if old.namelist() != new.namelist():
            return Comparison("different", "the parts of the document differ")
        for name in old.namelist():
            if old.read(name) == new.read(name):
                continue
            if Path(name).suffix not in _TEXT:
                return Comparison("unreadable", f"part {name} differs")
            found = compare_text(old.read(name).decode(), new.read(name).decode())
            if found.verdict == "different":
                return Comparison("different", f"part {name}, {found.where}")
    return EQUAL
