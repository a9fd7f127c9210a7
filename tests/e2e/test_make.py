"""The two commands of the README: what `make run` and `make test` start."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from dti_assets.pipeline.execution.run import Outcome
from dti_assets.study.config import Study

ROOT = Path(__file__).resolve().parents[2]


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """make in the repository, with this interpreter's environment in place of a new one."""
    environment = Path(sys.prefix)
    return subprocess.run(
        [
            "make", "--no-print-directory", f"VENV={environment}",
            f"--assume-old={environment}/.installed", f"--assume-old={environment}/.installed-dev",
            *arguments,
        ],
        cwd=ROOT, capture_output=True, text=True, timeout=300,
        # the suite may itself run under make, whose flags are handed down
        env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
    )  # fmt: skip


def test_make_run_builds_what_the_study_lacks(
    official: tuple[Study, Outcome], tmp_path: Path
) -> None:
    folder = shutil.copytree(official[0].root, tmp_path / "study")
    report = folder / "outputs" / "report.html"
    made = report.read_bytes()
    report.unlink()
    done = make("run", f"STUDY={folder}/study.yaml")
    assert done.returncode == 0, done.stderr
    assert "finished" in done.stdout and "report.html" in done.stdout
    assert report.read_bytes() == made


def test_make_test_runs_the_suite() -> None:
    shown = make("--dry-run", "test")
    assert shown.returncode == 0, shown.stderr
    assert "python -m pytest" in shown.stdout


def test_make_installs_the_program_and_what_tests_need() -> None:
    for target, extras in (("install", "-e ."), ("install-dev", "-e '.[dev,rjieba]'")):
        shown = make(
            "--dry-run", f"VENV={ROOT}/no/such", "EXTRAS=dev,rjieba", "--always-make", target
        )
        assert shown.returncode == 0, shown.stderr
        assert f"-c constraints.txt {extras}\n" in shown.stdout
