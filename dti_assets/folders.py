"""Every file below a folder of inputs: behind links, and under names in any encoding."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Found:
    """A file of the folder: its relative path as text, where it lies, and, for what is no file
    that can be read, why."""

    path: str
    location: Path
    problem: str = ""


def find_all(folder: Path) -> list[Found]:
    """Every file below `folder`, in the order of the paths.

    Hidden files are passed over. Linked folders are entered, each once. A name that is not UTF-8
    is read as GB18030, as archives made under Windows leave it.
    """
    found: list[Found] = []
    top = folder.stat()
    entered = {(top.st_dev, top.st_ino)}

    def failed(error: OSError) -> None:
        where = Path(error.filename)
        problem = f"the folder cannot be listed ({error.strerror})"
        found.append(Found(_as_text(where.relative_to(folder)), where, problem))

    for root, folders, names in os.walk(folder, followlinks=True, onerror=failed):
        kept = []
        for name in sorted(folders):
            try:
                status = os.stat(os.path.join(root, name))
            except OSError:
                continue
            if not name.startswith(".") and (status.st_dev, status.st_ino) not in entered:
                entered.add((status.st_dev, status.st_ino))
                kept.append(name)
        folders[:] = kept
        for name in names:
            if name.startswith((".", "~$")):
                continue
            location = Path(root) / name
            # a pipe or a device would hold the run for ever
            strange = location.exists() and not location.is_file()
            problem = "neither a file nor a folder" if strange else ""
            found.append(Found(_as_text(location.relative_to(folder)), location, problem))
    return sorted(found, key=lambda file: file.path)


def _as_text(path: Path) -> str:
    raw = os.fsencode(path.as_posix())
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", "backslashreplace")
