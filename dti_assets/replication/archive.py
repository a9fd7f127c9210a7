"""The package as a ZIP file: equal bytes for equal content when written, distrust when read."""

from __future__ import annotations

import errno
import lzma
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path, PurePosixPath

from dti_assets.errors import PackageError
from dti_assets.store.files import ZIP_EPOCH

MOST_FILES = 100_000
MOST_BYTES = 8 * 1024**3
# of a name in a folder, in bytes
_LONGEST = 255
_CHUNK = 1024 * 1024
_PROGRAM = re.compile(
    r"\.(py|pyc|pyo|pyd|pyw|pyz|pth|whl|egg|so(\.\d+)*|dylib|dll|exe|msi|scr|bat|cmd|ps1|vbs|jar"
    r"|sh|bash|zsh|csh|ksh|command)\s*$"
)
# a first line that names an interpreter; ELF and Mach-O
_EXECUTABLE = (b"#!", b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
_RESERVED = frozenset('<>:"|?*\\')
# what zipfile and the libraries it unpacks with raise for damaged content
_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(EOFError, UnicodeDecodeError, IndexError, OSError),
)
# places before the start, names no file can have; bz2 gives no number
_OF_ARCHIVES = (None, errno.EINVAL, errno.ENAMETOOLONG)


def check_entries(entries: Mapping[str, bytes | Path]) -> None:
    """Raises PackageError for what extract_archive would refuse; the message names the file and
    what to do."""
    for name in entries:
        if not is_inside(name) or not _is_text(name):
            raise PackageError(
                f"{name!r} cannot be in a package, as other systems do not take such a name "
                f'(none of < > : " | ? * \\ may be in it); rename it and run the study again'
            )
        if max(len(part.encode()) for part in name.split("/")) > _LONGEST:
            raise PackageError(f"{name} has a name of over {_LONGEST} bytes; shorten it")
    # sorted as in _check
    keys = sorted((name.casefold().replace("/", "\0"), name) for name in entries)
    for (key, name), (following, other) in pairwise(keys):
        if f"{following}\0".startswith(f"{key}\0"):
            raise PackageError(
                f"{name} and {other} are in each other's place on systems that do not tell upper "
                "from lower case; rename one and run the study again"
            )
    sizes = (len(c) if isinstance(c, bytes) else c.stat().st_size for c in entries.values())
    size = sum(sizes)
    if len(entries) > MOST_FILES or size > MOST_BYTES:
        raise PackageError(
            f"{len(entries):,} files of {size:,} bytes are more than a package may hold, which is "
            f"{MOST_FILES:,} files of {MOST_BYTES:,} bytes"
        )


def write_archive(path: Path, entries: Mapping[str, bytes | Path]) -> None:
    """Entries by name, in order of the names, with one time stamp and one mode."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(entries):
            info = zipfile.ZipInfo(name, ZIP_EPOCH)
            info.create_system = 3
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            content = entries[name]
            if isinstance(content, bytes):
                archive.writestr(info, content)
                continue
            with content.open("rb") as source, archive.open(info, "w", force_zip64=True) as target:
                while chunk := source.read(_CHUNK):
                    target.write(chunk)


def extract_archive(path: Path, folder: Path) -> list[str]:
    """Every entry below `folder`; their names in order.

    Raises PackageError for what is no ZIP file, is damaged or encrypted, names a place outside of
    the folder, holds a link or a device, names a file twice or below another, or is
    larger than any package.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
            _check(path, members)
            left = MOST_BYTES
            for info in members:
                left -= _extract(archive, info, folder / info.filename, left, path)
    except FileNotFoundError:
        raise PackageError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise PackageError(f"{path} is a folder; a package is a ZIP file") from None
    except _DAMAGED as error:
        # a full disk is no fault of the package
        if isinstance(error, OSError) and error.errno not in _OF_ARCHIVES:
            raise
        raise PackageError(f"{path} is no ZIP file, or a damaged one ({error})") from error
    except RuntimeError as error:
        raise PackageError(f"{path}: {error}") from error
    return sorted(info.filename for info in members)


def _check(path: Path, members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MOST_FILES or sum(info.file_size for info in members) > MOST_BYTES:
        raise PackageError(f"{path} holds more than a package may: {len(members)} files")
    seen = set()
    for info in members:
        name = info.filename
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise PackageError(f"{path}: {name} is a link or a device; nothing was extracted")
        if not is_inside(name):
            raise PackageError(f"{path}: {name!r} lies outside of the package")
        if name.casefold() in seen:
            raise PackageError(f"{path}: {name} stands twice")
        seen.add(name.casefold())
    # with a separator before every letter in the order, what lies below a name follows it
    ordered = sorted(name.replace("/", "\0") for name in seen)
    for name, following in pairwise(ordered):
        if following.startswith(name + "\0"):
            raise PackageError(f"{path}: {name.replace(chr(0), '/')} is a file and a folder")


def is_program(name: str, beginning: bytes = b"") -> bool:
    """Whether a file, by its name or its first bytes, is one that a computer runs or Python
    imports. Scripts in web pages that were saved are none: nothing here runs them."""
    return bool(_PROGRAM.search(name.casefold())) or beginning.startswith(_EXECUTABLE)


def is_inside(name: str) -> bool:
    """Whether a name is a relative path that leads nowhere else on any system."""
    parts = PurePosixPath(name).parts
    return (
        bool(parts)
        and not name.startswith("/")
        and not _RESERVED & set(name)
        and all(ord(letter) >= 32 for letter in name)
        and not any(part in ("..", ".", "") for part in name.split("/"))
    )


def _is_text(name: str) -> bool:
    """Whether it can be written as UTF-8: a name in another encoding may hold half characters."""
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def _extract(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path, left: int, path: Path
) -> int:
    """Bytes written; what an entry declares about its size is not believed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with archive.open(info) as source, target.open("xb") as out:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            if written > left:
                raise PackageError(f"{path}: {info.filename} is larger than a package may be")
            out.write(chunk)
    return written
