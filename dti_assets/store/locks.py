"""One at a time: an advisory lock on what a study stores, and who holds it.

The system takes the lock from a process that dies, however it dies, so that none can stay behind.
What the holder wrote about itself stays, and tells the next one which run was cut short. The lock
keeps apart processes of one machine, or of machines that share the folder and its locks.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any

from dti_assets.errors import BusyError
from dti_assets.store.files import write_error

LOCK_FILE = "run.lock"
_PAUSE = 0.25
_ATTEMPTS = 100


@dataclass(frozen=True)
class Holder:
    """Who took the lock: what it does, its process, the time of day it began, and the Dagster run
    it went on to make."""

    what: str
    process: int
    since: str
    run_id: str | None = None

    def __str__(self) -> str:
        return f"{self.what} (process {self.process}, since {self.since})"

    def is_gone(self) -> bool:
        return is_gone(self.process)


def is_gone(process: int) -> bool:
    """Whether no process of this machine has the number; one of another machine seems gone too."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


class Lock:
    """The lock while it is held. `before` is what its last holder wrote, if there was one; its
    run stays on record until this holder makes one."""

    def __init__(
        self, file: IO[bytes], folder: Path, holder: Holder, before: Holder | None
    ) -> None:
        self._file = file
        self._folder = folder
        self._holder = holder
        self.before = before
        self.names_run(before.run_id if before else None)

    def names_run(self, run_id: str | None) -> None:
        """Write down the Dagster run made under the lock. Raises WriteError."""
        self._holder = replace(self._holder, run_id=run_id)
        content = json.dumps(asdict(self._holder)).encode()
        try:
            # over what stands there: a full disk has room for it
            self._file.seek(0)
            if self._file.write(content) < len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._file.truncate()
        except OSError as error:
            raise write_error(self._folder, error) from error


_held: dict[Path, Lock] = {}


@contextmanager
def exclusive(
    folder: Path,
    what: str,
    *,
    wait: bool = True,
    tell: Callable[[str], Any] | None = None,
    go_on: Callable[[], Any] | None = None,
) -> Iterator[Lock]:
    """Hold the lock of a folder; a process that holds it already goes on holding it.

    Where somebody else has it, `tell` is told once who, and `go_on` is called while waiting and
    may raise. Raises BusyError instead where `wait` is false, and WriteError where the folder
    takes no lock.
    """
    path = folder.resolve() / LOCK_FILE
    if path in _held:
        yield _held[path]
        return
    for _ in range(_ATTEMPTS):
        file = _opened(path)
        try:
            _take(file, path.parent, wait, tell, go_on)
        except BaseException:
            file.close()
            raise
        if _is_at(path, file):
            break
        # who deletes the cache takes the lock's file along, and the next one makes another
        file.close()
    else:
        raise BusyError(f"{path} is removed or replaced again and again")
    with file:
        holder = Holder(what, os.getpid(), time.strftime("%H:%M"))
        _held[path] = Lock(file, path.parent, holder, _holder(file))
        try:
            yield _held[path]
        finally:
            del _held[path]


def _opened(path: Path) -> IO[bytes]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # neither emptied nor appended to: what the last holder wrote is read, then written over
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b", buffering=0)
    except OSError as error:
        raise write_error(path.parent, error) from error


def _is_at(path: Path, file: IO[bytes]) -> bool:
    """Whether the open file is the one that others will find there."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _take(
    file: IO[bytes],
    folder: Path,
    wait: bool,
    tell: Callable[[str], Any] | None,
    go_on: Callable[[], Any] | None,
) -> None:
    told = False
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            busy = f"{_holder(file) or 'another run'} is at work on what this study stores"
        except OSError as error:
            # a network file system, as a rule
            raise write_error(folder, error) from error
        if not wait:
            raise BusyError(busy)
        if tell is not None and not told:
            tell(f"{busy}; waiting for it to end")
            told = True
        if go_on is not None:
            go_on()
        time.sleep(_PAUSE)


def _holder(file: IO[bytes]) -> Holder | None:
    """What a holder wrote; None where there is nothing, or half of it."""
    file.seek(0)
    try:
        return Holder(**json.load(file))
    except (ValueError, TypeError):
        return None
