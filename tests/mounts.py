"""Small file systems for tests of full and read-only disks; permissions do not bind root."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, kibibytes: int = 16_384) -> Iterator[Path]:
    """A file system in memory at `folder`, which is made; the test is skipped where mounting is not
    permitted."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={kibibytes}k", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if done.returncode:
        pytest.skip(f"file systems cannot be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def remount(folder: Path, mode: str) -> None:
    """Make a small disk read-only (ro) or writable again (rw)."""
    subprocess.run(["mount", "-o", f"remount,{mode}", str(folder)], check=True)


def fill(folder: Path, leaving: int) -> Path:
    """A file that takes all room but `leaving` bytes; to be removed to make room again."""
    path = folder / "filler"
    with path.open("wb", buffering=0) as file:
        written = 2**16
        try:
            while written == 2**16:
                written = file.write(bytes(2**16))
        except OSError as error:
            assert error.errno == errno.ENOSPC
        whole = file.tell()
    os.truncate(path, max(0, whole - leaving))
    return path
