"""Small files that can tell whether they are whole, and whose they are.

The first line is a checksum over the names that the file is kept under and its content: a file cut
off, flipped in one bit, or lying in the place of another one is known to be broken. What is in
them, and what is done about a broken one, is the caller's business.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from dti_assets.errors import BrokenSealError
from dti_assets.files import write_atomically


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
