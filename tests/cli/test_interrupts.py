"""Ctrl-C at any moment: one line, exit status 130, and no process that stays."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import small_study

# what a shell starts, and a word on standard error from the moment on that Ctrl-C is ours
DTI = (
    "import sys; from dti_assets.cli.main import main; sys.stderr.write('up\\n'); "
    "sys.stderr.flush(); main()"
)


def interrupted(folder: Path, seconds: float, *arguments: str) -> tuple[int, str]:
    """Exit status and words of a command that is interrupted, as by a terminal, so many seconds
    after it came up."""
    process = subprocess.Popen(
        [sys.executable, "-c", DTI, *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    time.sleep(seconds)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
    said = process.communicate(timeout=60)[0]
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return process.returncode, said
        time.sleep(0.1)
    raise AssertionError(f"a process of {arguments} is left: {said}")


@pytest.mark.parametrize("seconds", [0.1, 0.4, 1.0, 3.0])
def test_a_run_ends_without_a_traceback(tmp_path: Path, seconds: float) -> None:
    study = small_study.make_study(tmp_path)
    small_study.write_reports(tmp_path / "reports_raw")
    status, said = interrupted(tmp_path, seconds, "run", "--study", study.name)
    assert status == 130 and "interrupted" in said, said
    assert "Traceback" not in said and "Exception" not in said, said


@pytest.mark.parametrize(
    ("arguments", "seconds"),
    [
        (("show", "policy_attention"), 0.1),
        (("doctor",), 0.3),
        (("simulate", "made", "--patents", "200000"), 1.0),
        (("verify", "absent.zip"), 0.05),
        (("download",), 0.05),
        (("package", "out.zip"), 0.2),
        (("kwic", "数字经济"), 0.2),
    ],
)
def test_any_command_ends_alike(tmp_path: Path, arguments: tuple[str, ...], seconds: float) -> None:
    small_study.make_study(tmp_path)
    status, said = interrupted(tmp_path, seconds, *arguments)
    # on a fast machine the command may have come to its own end
    assert status in (130, 0, 1, 2), said
    assert "Traceback" not in said and "Exception" not in said, said


def test_a_second_interrupt_ends_it_at_once(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys, time\nfrom dti_assets.cli import commands, main\n"
        "def slow():\n"
        "    try:\n        os.kill(os.getpid(), signal.SIGINT)\n        time.sleep(30)\n"
        "    finally:\n        os.kill(os.getpid(), signal.SIGINT)\n        time.sleep(30)\n"
        "commands.run_command = slow\nmain.main()\n"
    )
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 130 and done.stderr == "\ninterrupted\n"
    assert time.monotonic() - began < 20


def test_an_interrupt_where_python_lets_nothing_through_comes_again(tmp_path: Path) -> None:
    program = (
        "import os, signal, time\nfrom dti_assets.cli import commands, main\n"
        "class Kept:\n    def __del__(self):\n        os.kill(os.getpid(), signal.SIGINT)\n"
        "        time.sleep(0.01)\n"
        "def slow():\n    Kept()\n    time.sleep(30)\n"
        "commands.run_command = slow\nmain.main()\n"
    )
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 130 and "Traceback" not in done.stderr, done.stderr
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("mebibytes", [150, 300, 600])
def test_little_memory_is_one_sentence(tmp_path: Path, mebibytes: int) -> None:
    import resource

    study = small_study.make_study(tmp_path)
    most = mebibytes * 2**20
    done = subprocess.run(
        [sys.executable, "-c", DTI, "run", "--study", str(study)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (most, most)),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2, done.stderr
    (sentence,) = done.stderr.removeprefix("up\n").splitlines()
    assert f"{mebibytes} MiB of memory (ulimit -v)" in sentence
