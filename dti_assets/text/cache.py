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
from dti_assets.sealed import read_sealed, write_sealed


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
