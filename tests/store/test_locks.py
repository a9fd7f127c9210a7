"""The lock of a study: one holder at a time, none left behind by a process that died."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from dti_assets.errors import BusyError, WriteError
from dti_assets.store.locks import Holder, exclusive

HOLD = """
import sys, time
from pathlib import Path
from dti_assets.store.locks import exclusive
with exclusive(Path(sys.argv[1]), "a test") as lock:
    lock.names_run("run-of-the-dead")
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def other(tmp_path: Path):
    """Another process that holds the lock of tmp_path."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_who_will_not_wait_is_told_who_is_at_work(tmp_path: Path, other) -> None:
    said = rf"a test \(process {other.pid}, since \d\d:\d\d\) is at work"
    with pytest.raises(BusyError, match=said), exclusive(tmp_path, "me", wait=False):
        pass
    with exclusive(tmp_path / "elsewhere", "me", wait=False):
        pass


def test_a_killed_holder_leaves_its_run_and_not_its_lock(tmp_path: Path, other) -> None:
    told: list[str] = []

    def kill() -> None:
        while not told:
            time.sleep(0.05)
        os.kill(other.pid, signal.SIGKILL)
        other.wait()

    killer = threading.Thread(target=kill)
    killer.start()
    with exclusive(tmp_path, "me", tell=told.append) as lock:
        assert len(told) == 1 and told[0].endswith("; waiting for it to end")
        assert lock.before is not None and lock.before.run_id == "run-of-the-dead"
        assert lock.before.process == other.pid and lock.before.is_gone()
    killer.join()
    # whoever makes no run of its own leaves the other's on record
    with exclusive(tmp_path, "me") as lock:
        assert lock.before is not None and lock.before.run_id == "run-of-the-dead"
        assert not lock.before.is_gone()


def test_waiting_can_be_broken_off(tmp_path: Path, other) -> None:
    class Enough(Exception):
        pass

    def go_on() -> None:
        raise Enough

    with pytest.raises(Enough), exclusive(tmp_path, "me", go_on=go_on):
        pass


def test_a_holder_goes_on_holding_within_its_process(tmp_path: Path) -> None:
    with exclusive(tmp_path, "outer") as outer:
        with exclusive(tmp_path / ".." / tmp_path.name, "inner", wait=False) as inner:
            assert inner is outer
        held = subprocess.run(
            [sys.executable, "-c", "import sys; from pathlib import Path\n"
             "from dti_assets.store.locks import exclusive\n"
             "with exclusive(Path(sys.argv[1]), 'x', wait=False): pass", str(tmp_path)],
            capture_output=True, text=True,
        )  # fmt: skip
        assert "outer (process" in held.stderr and held.returncode


def test_a_folder_that_takes_no_lock_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    # as a network file system without a lock service
    monkeypatch.setattr(fcntl, "flock", refuse)
    said = f"nothing can be written to {tmp_path}: No locks available"
    with pytest.raises(WriteError, match=f"^{said}$"), exclusive(tmp_path, "me"):
        pass


@pytest.mark.parametrize("content", ["", "{", "[]", '{"what": "x"}', "\0\0"])
def test_what_a_holder_could_not_finish_writing_is_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "run.lock").write_text(content)
    with exclusive(tmp_path, "me") as lock:
        assert lock.before is None
    with exclusive(tmp_path, "me") as lock:
        assert isinstance(lock.before, Holder) and lock.before.what == "me"


def test_a_lock_whose_file_was_deleted_meanwhile_is_taken_anew(tmp_path: Path, other) -> None:
    def end(_: str) -> None:
        (tmp_path / "run.lock").unlink()
        other.kill()
        other.wait()

    with (
        exclusive(tmp_path, "me", tell=end),
        (tmp_path / "run.lock").open("a") as there,
        pytest.raises(BlockingIOError),
    ):
        fcntl.flock(there, fcntl.LOCK_EX | fcntl.LOCK_NB)
