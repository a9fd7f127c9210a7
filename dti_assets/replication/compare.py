"""Two files that should be the same: byte for byte, else number by number.

Numbers count as equal within 1e-9 of their size; in a column, what is smaller than 1e-12 of its
largest value counts as zero.
"""

from __future__ import annotations

import math
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

TOLERANCE = 1e-9
_NEGLIGIBLE = 1e-12
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
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
        return compare_frames(*frames)
    if kind in (".docx", ".xlsx"):
        return _compare_archives(there, here)
    if kind in _TEXT:
        return compare_text(there.read_text("utf-8"), here.read_text("utf-8"))
    return Comparison("unreadable", "bytes differ")


def _frame(path: Path, kind: str) -> pd.DataFrame:
    import pandas as pd

    if kind == ".parquet":
        return pd.read_parquet(path)
    return pd.read_csv(path) if kind == ".csv" else pd.read_stata(path)


def compare_frames(there: pd.DataFrame, here: pd.DataFrame) -> Comparison:
    """Cell by cell; the first cell that differs is named with both values."""
    from pandas.api.types import is_numeric_dtype

    if list(there.columns) != list(here.columns):
        return Comparison("different", "the columns differ")
    if len(there) != len(here):
        return Comparison("different", f"{len(there)} rows in the package, {len(here)} here")
    same = True
    for name in there.columns:
        old, new = there[name], here[name]
        scale = 0.0
        if is_numeric_dtype(old) and is_numeric_dtype(new):
            sizes = old.astype("float64").abs()
            scale = float(sizes[sizes != math.inf].max()) if sizes.notna().any() else 0.0
        for row, (a, b) in enumerate(zip(old.tolist(), new.tolist(), strict=True)):
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


def _null(value: Any) -> bool:
    return value is None or value != value or type(value).__name__ == "NAType"


def _close(a: Any, b: Any, scale: float) -> bool:
    if isinstance(a, str) and isinstance(b, str):
        return compare_text(a, b).verdict != "different"
    try:
        return math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=_NEGLIGIBLE * scale)
    except TypeError:
        return False


def _shown(value: Any) -> str:
    if _null(value):
        return "null"
    text = repr(value) if isinstance(value, float) else str(value)
    return text if len(text) <= 60 else text[:59] + "…"


def compare_text(there: str, here: str) -> Comparison:
    """Words must agree, numbers among them within the tolerance."""
    if there == here:
        return IDENTICAL
    old, new = there.splitlines(), here.splitlines()
    for place, (a, b) in enumerate(zip(old, new, strict=False), start=1):
        words = _NUMBER.split(a) == _NUMBER.split(b)
        numbers = zip(_NUMBER.findall(a), _NUMBER.findall(b), strict=False)
        if a != b and not (
            words and all(math.isclose(float(x), float(y), rel_tol=TOLERANCE) for x, y in numbers)
        ):
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
