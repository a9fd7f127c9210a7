"""Files as a whole: a killed process leaves the old one or the new one, and equal content has equal
bytes."""

from __future__ import annotations

import io
import os
import re
import secrets
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# the earliest time a ZIP archive can name
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


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


def timeless(archive: bytes) -> bytes:
    """A DOCX or XLSX file without the moment of writing, which their libraries stamp into it."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(archive)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for item in old.infolist():
            data = old.read(item)
            if item.filename == "docProps/core.xml":
                data = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"1980-01-01T00:00:00Z", data)
            entry = zipfile.ZipInfo(item.filename, ZIP_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            new.writestr(entry, data)
    return out.getvalue()
