"""The machine's fault is not the file's: a call that no worker could make is made again, and then
nothing is said of the file."""

import errno
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dti_assets.compute.workers import Failure, Limits, run_limited
from dti_assets.errors import MachineError


def killed(folder: str, times: int, number: int) -> str:
    """A call whose worker is ended from outside, so many times."""
    if _tried(folder) <= times:
        os.kill(os.getpid(), number)
    return "done"


def refused(folder: str, times: int, number: int) -> str:
    """A call that the system refuses something, so many times."""
    if _tried(folder) <= times:
        raise OSError(number, os.strerror(number))
    return "done"


def crashing(folder: str) -> str:
    _tried(folder)
    os.kill(os.getpid(), signal.SIGSEGV)
    return "never"


def waiting(folder: str, seconds: float) -> str:
    """A call that waits, and takes no processor."""
    _tried(folder)
    time.sleep(seconds)
    return "done"


def working(folder: str, seconds: float) -> str:
    """A call that takes a processor all the time."""
    _tried(folder)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass
    return "done"


def growing(folder: str) -> int:
    return len(bytearray(2**30))


def _tried(folder: str) -> int:
    """How many times a call was made, this one included."""
    number = len(os.listdir(folder)) + 1
    Path(folder, str(number)).touch()
    return number


MINUTE = Limits(60.0)


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers import this module by name."""
    monkeypatch.setenv("PYTHONPATH", os.path.dirname(__file__))


def outcome(function, *arguments, limits: Limits = MINUTE):
    return next(run_limited(function, [arguments], 1, limits))[1]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGXCPU])
def test_a_worker_ended_from_outside_is_replaced_and_then_the_run_ends(
    tmp_path: Path, number: int
) -> None:
    assert outcome(killed, str(tmp_path), 1, number) == "done"
    (tmp_path / "other").mkdir()
    with pytest.raises(MachineError, match=rf"from outside \(signal {int(number)}\).*run again"):
        outcome(killed, str(tmp_path / "other"), 9, number)
    assert len(os.listdir(tmp_path / "other")) == 2


@pytest.mark.parametrize(
    ("number", "mend"),
    [
        (errno.EMFILE, "ulimit -n"),
        (errno.ENOSPC, "make room"),
        (errno.ENOMEM, "free memory"),
        (errno.ENFILE, "ulimit -n"),
    ],
)
def test_what_the_system_lacks_is_no_fault_of_the_file(
    tmp_path: Path, number: int, mend: str
) -> None:
    assert outcome(refused, str(tmp_path), 1, number) == "done"
    (tmp_path / "other").mkdir()
    with pytest.raises(MachineError, match=mend):
        outcome(refused, str(tmp_path / "other"), 9, number)


def test_an_error_of_a_file_stays_one(tmp_path: Path) -> None:
    found = outcome(refused, str(tmp_path), 9, errno.ENOENT)
    assert isinstance(found, Failure) and found.kind == "error" and not found.of_machine
    assert len(os.listdir(tmp_path)) == 1


def test_a_file_that_ends_every_worker_is_the_file_s_fault(tmp_path: Path) -> None:
    found = outcome(crashing, str(tmp_path))
    assert found == Failure("died", "its reader died (signal 11), perhaps for want of memory")
    assert len(os.listdir(tmp_path)) == 2


def test_a_call_that_was_kept_from_working_gets_more_time(tmp_path: Path) -> None:
    assert outcome(waiting, str(tmp_path), 2.0, limits=Limits(1.0)) == "done"
    assert len(os.listdir(tmp_path)) == 2
    found = outcome(waiting, str(tmp_path), 60.0, limits=Limits(0.5))
    assert found.kind == "timeout" and found.of_machine


def test_a_call_that_works_all_its_time_is_not_made_again(tmp_path: Path) -> None:
    found = outcome(working, str(tmp_path), 60.0, limits=Limits(2.0))
    assert found.kind == "timeout" and len(os.listdir(tmp_path)) in (1, 2)
    # of a machine that is busy with other work, the call may be made again
    assert found.of_machine == (len(os.listdir(tmp_path)) == 2)


def test_memory_is_the_file_s_fault_under_our_own_limit_alone(tmp_path: Path) -> None:
    found = outcome(growing, str(tmp_path), limits=Limits(60.0, 2**30))
    assert found == Failure("memory", "needs more than 1,024 MiB of memory")
    said = under("RLIMIT_AS", 2**30, "growing", str(tmp_path))
    assert "MachineError" in said and "1,024 MiB of memory here (ulimit -v)" in said, said


@pytest.mark.parametrize("descriptors", [8, 12, 20])
def test_with_few_descriptors_the_run_ends_with_a_sentence(
    tmp_path: Path, descriptors: int
) -> None:
    said = under("RLIMIT_NOFILE", descriptors, "killed", str(tmp_path), 0, 9)
    assert "MachineError: no worker process could be started" in said, said
    assert "ulimit -n" in said, said


def under(limit: str, most: int, function: str, *arguments) -> str:
    """What a call comes to in a process that was started under a limit of the system."""
    program = (
        "import test_machine_faults as t\n"
        f"try:\n    print(t.outcome(t.{function}, *{arguments!r}))\n"
        "except Exception as error:\n    print(type(error).__name__, error, sep=': ')\n"
    )
    number = getattr(resource, limit)
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        preexec_fn=lambda: resource.setrlimit(number, (most, most)),
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.stdout + done.stderr
