"""Files as a whole: a killed process leaves the old one or the new one, and equal content has equal
bytes."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import re
import secrets
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dti_assets.errors import WriteError

# the earliest time a ZIP archive can name
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


# what only a write meets, whichever file the system names with it
_OF_WRITES = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG})


def write_error(folder: Path | str, error: OSError) -> WriteError:
    """The error of a write below `folder`, as a sentence."""
    # some libraries put a message of their own where the system's would be
    why = os.strerror(error.errno) if error.errno else str(error)
    return WriteError(error.errno, f"nothing can be written to {folder}: {why}")


def why_not_writable(folder: Path) -> str | None:
    """Why no file can be made and filled in `folder`, or in the nearest folder above it that is
    there; None where one can."""
    import tempfile

    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        # one without a name, which no killed process can leave behind
        with tempfile.TemporaryFile(dir=nearest) as file:
            file.write(bytes(4096))
            file.flush()
    except OSError as error:
        return error.strerror or str(error)
    return None


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path`, making its folder; raises WriteError where that cannot be done."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def copy_atomically(source: Path, path: Path) -> None:
    """Copy a file to `path`, making its folder; raises WriteError where it cannot be written, and
    OSError where the source cannot be read."""
    with replacing(path) as temporary:
        shutil.copyfile(source, temporary)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to, which takes its place when all went well.

    Raises WriteError for what the system says about writing there.
    """
    temporary = _temporary(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        ours = (None, str(temporary), str(path), str(path.parent))
        if isinstance(error, WriteError) or (
            error.errno not in _OF_WRITES and error.filename not in ours
        ):
            raise
        raise write_error(path.parent, error) from error
    finally:
        # a file system that takes no writes refuses to remove what is not there, too
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def scratch_folder(path: Path) -> Iterator[Path]:
    """A folder beside `path` for what does not fit into memory; it goes with the block, or with
    the next run where the writer is killed. Raises OSError where it cannot be made."""
    folder = _temporary(path)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _temporary(path: Path) -> Path:
    """A hidden name beside `path` that says which process writes there; `sweep` knows the form."""
    return path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")


def sha256(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def source_sha256(folder: Path) -> str:
    """One hash over every source and reference file below `folder`, whatever its location; none
    over what is compiled or hidden."""
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*"), key=lambda p: p.relative_to(folder).as_posix()):
        if path.is_file() and path.suffix != ".pyc" and not path.name.startswith("."):
            whole.update(f"{path.relative_to(folder).as_posix()}\0{sha256(path)}\n".encode())
    return whole.hexdigest()


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
