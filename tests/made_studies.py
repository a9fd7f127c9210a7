"""Studies made for tests of the pipeline: small numbers of draws, and keys that a test sets."""

from __future__ import annotations

import fcntl
import os
import pickle
from typing import TYPE_CHECKING

from dti_assets.cli.new import new_study
from dti_assets.study.config import Study, load_study

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from dti_assets.pipeline.execution.run import Outcome

FEW_DRAWS = "estimates: {draws: 199, bootstrap_draws: 99}\n"


def make_study(folder: Path, extra: str = "") -> Study:
    """A new study with few draws; `extra` replaces lines of study.yaml by their first key."""
    new_study(folder)
    return change_study(folder, FEW_DRAWS + extra)


def change_study(folder: Path, lines: str) -> Study:
    """The study in `folder` with these lines in place of those that have the same key."""
    return load_study(write_lines(folder, lines))


def write_lines(folder: Path, lines: str) -> Path:
    """study.yaml of `folder`, rewritten: these lines in place of those with the same key."""
    path = folder / "study.yaml"
    keys = {line.partition(":")[0] for line in lines.splitlines() if line and line[0] != " "}
    kept, dropping = [], False
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and line[0] not in " #":
            dropping = line.partition(":")[0] in keys
        if not dropping:
            kept.append(line)
    path.write_text("\n".join([*kept, lines]), encoding="utf-8")
    return path


def run_once(
    factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Study]
) -> tuple[Study, Outcome]:
    """The study that `make` makes in a folder, run as a whole by whichever test process comes
    first."""
    from dti_assets.pipeline.execution.run import run

    own = factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / name
    folder.mkdir(exist_ok=True)
    ended = folder / "outcome.pickle"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ended.exists():
            ended.write_bytes(pickle.dumps(run(make(folder / "study"))))
    return load_study(folder / "study" / "study.yaml"), pickle.loads(ended.read_bytes())
