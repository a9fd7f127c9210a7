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
import stat
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dti_assets.errors import MachineError, WriteError

# the earliest time a ZIP archive can name
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


# what only a write meets, whichever file the system names with it
_OF_WRITES = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG})


# what the system answers where it lacks descriptors, processes, memory or disk: no file's fault
OF_THE_MACHINE = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM, errno.ENOSPC, errno.EDQUOT}
)
# a file that a study names itself: a list, a specification, a page of notes
MOST_NAMED_BYTES = 64 * 2**20
_CHUNK = 1 << 20
# a file that comes more slowly than a mebibyte a second, and a minute, is taken for one without end
_SECONDS, _SLOWEST = 60.0, float(_CHUNK)


def advice(error: OSError | None = None) -> str:
    """What to do where the system lacks something, as the end of a sentence; of memory where no
    error says what."""
    number = error.errno if error is not None else errno.ENOMEM
    if number in (errno.EMFILE, errno.ENFILE):
        return "allow more open files (ulimit -n) and run again"
    if number in (errno.ENOSPC, errno.EDQUOT):
        return "make room on the disk, also in the folder for temporary files, and run again"
    if number == errno.EAGAIN:
        return "allow more processes (ulimit -u), or use fewer (--workers 1), and run again"
    return "free memory or allow more (ulimit -v), or use fewer workers (--workers 1); run again"


# what libraries say that ran out of it, none of them with MemoryError
_OF_MEMORY = (
    *("out of memory", "cannot allocate memory", "can't start new thread", "bad_alloc"),
    *("failed to map segment", "unable to allocate", "malloc of size"),
)


def is_for_want_of_memory(error: BaseException | None) -> bool:
    """Whether an error, or one behind it, says that there was no memory left."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        lacks = isinstance(error, OSError) and error.errno == errno.ENOMEM
        if lacks or isinstance(error, MemoryError) or says_no_memory(str(error)):
            return True
        error = error.__cause__ or error.__context__
    return False


def says_no_memory(message: str) -> bool:
    """Whether the message of a library says so."""
    return any(words in message.lower() for words in _OF_MEMORY)


def raise_of_machine(what: str, error: OSError) -> None:
    """Raise MachineError where the system could not do `what` for lack of something."""
    if error.errno in OF_THE_MACHINE:
        raise MachineError(f"{what}: {error.strerror or error}; {advice(error)}") from error


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


@contextmanager
def opened_regular(path: Path) -> Iterator[tuple[io.FileIO, int]]:
    """A regular file open for reading, and its bytes; OSError for a pipe, a socket or a device,
    which may never end, and none of which is opened."""
    # before it is opened: to open a device may do something to it
    _must_be_regular(os.stat(path), path)
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb", buffering=0) as file:
        status = os.fstat(file.fileno())
        _must_be_regular(status, path)
        yield file, status.st_size


def _must_be_regular(status: os.stat_result, path: Path) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(status.st_mode) or status.st_dev in _of_the_system():
        raise OSError(errno.EINVAL, "no regular file, but a pipe, a device or the like", str(path))


def chunks(path: Path, most: int | None = None) -> Iterator[bytes]:
    """The content of a regular file in parts, no more than it declares. Raises OSError, also for a
    file of more than `most` bytes and for one that comes too slowly to end."""
    with opened_regular(path) as (file, size):
        if most is not None and size > most:
            raise OSError(errno.EFBIG, f"larger than the {most // 2**20:,} MiB that are read")
        deadline = time.monotonic() + _SECONDS + size / _SLOWEST
        while size > 0 and (part := file.read(min(size, _CHUNK))):
            yield part
            size -= len(part)
            if time.monotonic() > deadline:
                raise OSError(errno.ETIMEDOUT, "it comes too slowly to be read", str(path))


def read_regular(path: Path, most: int | None = None) -> bytes:
    """The content of a regular file of at most `most` bytes; raises OSError as `chunks`."""
    return b"".join(chunks(path, most))


def read_named(path: Path) -> bytes:
    """The content of a file that a study names: a list, a term list, a specification. Raises
    OSError as `chunks`."""
    return read_regular(path, MOST_NAMED_BYTES)


def sha256(path: Path) -> str:
    """SHA-256 of a regular file. Raises OSError as `chunks`."""
    digest = hashlib.sha256()
    for part in chunks(path):
        digest.update(part)
    return digest.hexdigest()


@cache
def _of_the_system() -> frozenset[int]:
    """Devices of what looks like files and is the system's: /proc/kmsg is regular, and no reading
    of it ends."""
    found = set()
    for name in ("/proc", "/sys", "/dev"):
        with contextlib.suppress(OSError):
            found.add(os.stat(name).st_dev)
    return frozenset(found - {os.stat("/").st_dev})


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
        raise_of_machine(f"the folder {where} cannot be listed", error)
        problem = f"the folder cannot be listed ({error.strerror})"
        found.append(Found(_as_text(where.relative_to(folder)), where, problem))

    for root, folders, names in os.walk(folder, followlinks=True, onerror=failed):
        kept = []
        for name in sorted(folders):
            try:
                status = os.stat(os.path.join(root, name))
            except OSError:
                continue
            if status.st_dev in _of_the_system():
                continue
            if not name.startswith(".") and (status.st_dev, status.st_ino) not in entered:
                entered.add((status.st_dev, status.st_ino))
                kept.append(name)
        folders[:] = kept
        for name in names:
            if name.startswith((".", "~$")):
                continue
            location = Path(root) / name
            problem = _strange(location)
            found.append(Found(_as_text(location.relative_to(folder)), location, problem))
    return sorted(found, key=lambda file: file.path)


def _strange(location: Path) -> str:
    """Why something is never read: a pipe or a device would hold the run for ever. Nothing of what
    is not there any more, which whoever reads it says."""
    try:
        _must_be_regular(os.stat(location), location)
    except OSError as error:
        if error.errno == errno.EINVAL:
            return "neither a file nor a folder"
    return ""


def _as_text(path: Path) -> str:
    raw = os.fsencode(path.as_posix())
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", "backslashreplace")
