"""Writing and copying a file so that a killed process leaves the old one or the new one."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path`, making its folder; raises OSError where that cannot be done."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def copy_atomically(source: Path, path: Path) -> None:
    """Copy a file to `path`, making its folder; raises OSError where that cannot be done."""
    with replacing(path) as temporary:
        shutil.copyfile(source, temporary)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to, which takes its place when all went well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
