"""Work done once: texts by file content and reader version, counts by text and settings.

One small file an entry, written under another name and renamed, with a checksum in its first
line: a killed run leaves no half entry, and a damaged one is recomputed, never believed. The
clock plays no part.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from dti_assets.files import write_atomically


@dataclass
class Cache:
    """A folder of entries by kind and key. `damaged` counts the entries found broken."""

    folder: Path
    damaged: int = 0

    def path(self, kind: str, key: str) -> Path:
        return self.folder / kind / key[:2] / f"{key}.json"

    def get(self, kind: str, key: str) -> str | None:
        """The entry, or None where there is none or its checksum fails."""
        path = self.path(kind, key)
        try:
            raw = path.read_bytes()
        except OSError:
            return None
        digest, _, payload = raw.partition(b"\n")
        if digest.decode("ascii", "replace") != hashlib.sha256(payload).hexdigest():
            self.damaged += 1
            return None
        return payload.decode()

    def put(self, kind: str, key: str, text: str) -> None:
        """Store an entry; raises OSError where the folder cannot be written."""
        path = self.path(kind, key)
        payload = text.encode()
        write_atomically(path, hashlib.sha256(payload).hexdigest().encode() + b"\n" + payload)


def digest(*parts: object) -> str:
    """SHA-256 over the parts, each set apart from the next; the key of an entry."""
    state = hashlib.sha256()
    for part in parts:
        encoded = part if isinstance(part, bytes) else str(part).encode()
        state.update(len(encoded).to_bytes(8, "big") + encoded)
    return state.hexdigest()
