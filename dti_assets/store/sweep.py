"""Removing what a study no longer needs from its cache, and saying how much that was.

Only what is known to be unneeded goes: entries of known kinds whose key is not wanted, and
temporary files and folders of writers that were killed. What else lies in the folder stays.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterable, Set
from dataclasses import dataclass
from pathlib import Path

from dti_assets.store.locks import is_gone

# the names of files and folders that writers make for themselves: see files
_TEMPORARY = re.compile(r"\..+\.(?P<process>[0-9]+)\.[0-9a-f]{8}")
_DAY = 86_400.0


@dataclass
class Swept:
    """What was looked at under one heading: how many, how many of them went, and their bytes."""

    what: str
    found: int = 0
    gone: int = 0
    bytes: int = 0
    note: str = ""

    def sentence(self, dry_run: bool) -> str:
        verb = "to remove" if dry_run else "removed"
        size = f", {readable(self.bytes)}" if self.bytes else ""
        tail = f"; {self.note}" if self.note else ""
        return f"{self.what}: {self.gone} of {self.found} {verb}{size}{tail}"


def readable(size: float) -> str:
    """Bytes in the unit that suits them."""
    for unit in ("bytes", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"


def size_of(path: Path) -> int:
    """Bytes of a file or of all files below a folder; 0 where there is neither."""
    if path.is_dir():
        return sum(item.lstat().st_size for item in path.rglob("*") if item.is_file())
    return path.lstat().st_size if path.exists() else 0


def sweep_entries(cache: Path, kind: str, needed: Set[str], dry_run: bool) -> Swept:
    """Entries of one kind whose key is not needed, in the layout of text.cache.Cache."""
    swept = Swept(kind)
    for path in sorted((cache / kind).glob("??/*.json")):
        swept.found += 1
        if path.stem not in needed:
            _remove(path, swept, dry_run)
    if not dry_run:
        for folder in (cache / kind).glob("??"):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
    return swept


def sweep_folder(folder: Path, what: str, pattern: str, needed: Set[str], dry_run: bool) -> Swept:
    """Files or folders in `folder` that look like `pattern`, a regular expression, and whose
    names are not needed."""
    swept = Swept(what)
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if re.fullmatch(pattern, path.name):
            swept.found += 1
            if path.name not in needed:
                _remove(path, swept, dry_run)
    return swept


def sweep_temporaries(folders: Iterable[Path], dry_run: bool) -> Swept:
    """Temporary files and folders of writes that were cut short, a day old or more."""
    swept = Swept("left by writes cut short")
    for folder in folders:
        for path in sorted(folder.rglob(".*")):
            # one below a folder that went is gone too
            if not _TEMPORARY.fullmatch(path.name) or not path.exists():
                continue
            if time.time() - path.lstat().st_mtime > _DAY:
                swept.found += 1
                _remove(path, swept, dry_run)
    return swept


def sweep_leftovers(folder: Path) -> None:
    """Remove temporary files and folders of writers that are gone; for who holds the lock of the
    folder, so that no process of another machine is writing there."""
    for path in list(folder.rglob(".*")):
        named = _TEMPORARY.fullmatch(path.name)
        if not named or not is_gone(int(named["process"])):
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _remove(path: Path, swept: Swept, dry_run: bool) -> None:
    size = size_of(path)
    if not dry_run:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    swept.gone += 1
    swept.bytes += size
