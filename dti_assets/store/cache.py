"""Work done once: texts by file content and reader version, counts by text and settings.

One small file an entry, written under another name and renamed, with a checksum in its first
line over kind, key and content: a killed run leaves no half entry, and a damaged one, or one that
lies under another's key, is recomputed, never believed. The clock plays no part.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from dti_assets.errors import BrokenSealError
from dti_assets.store.files import write_atomically


def seal(content: bytes, *names: str) -> str:
    """SHA-256 over the names, which hold no NUL, and the content."""
    head = "".join(f"{name}\0" for name in names)
    return hashlib.sha256(head.encode() + content).hexdigest()


def write_sealed(path: Path, content: bytes, *names: str) -> None:
    """Write `content` under its seal; raises OSError where that cannot be done."""
    write_atomically(path, seal(content, *names).encode() + b"\n" + content)


def read_sealed(path: Path, *names: str) -> bytes | None:
    """The content; None where there is no file that can be opened. Raises BrokenSealError."""
    try:
        raw = path.read_bytes()
    except OSError:
        return None
    first, _, content = raw.partition(b"\n")
    if first.decode("ascii", "replace") != seal(content, *names):
        raise BrokenSealError(f"{path} is damaged, or is another file's content")
    return content


@dataclass
class Cache:
    """A folder of entries by kind and key. `damaged` counts the entries found broken."""

    folder: Path
    damaged: int = 0

    def path(self, kind: str, key: str) -> Path:
        return self.folder / kind / key[:2] / f"{key}.json"

    def get(self, kind: str, key: str) -> str | None:
        """The entry, or None where there is none or its checksum fails."""
        try:
            content = read_sealed(self.path(kind, key), kind, key)
        except BrokenSealError:
            self.damaged += 1
            return None
        return None if content is None else content.decode()

    def put(self, kind: str, key: str, text: str) -> None:
        """Store an entry; raises OSError where the folder cannot be written."""
        write_sealed(self.path(kind, key), text.encode(), kind, key)


def digest(*parts: object) -> str:
    """SHA-256 over the parts, each set apart from the next; the key of an entry."""
    state = hashlib.sha256()
    for part in parts:
        encoded = part if isinstance(part, bytes) else str(part).encode()
        state.update(len(encoded).to_bytes(8, "big") + encoded)
    return state.hexdigest()
