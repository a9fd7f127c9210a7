"""The official study, materialised once for all tests of the pipeline with few draws."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from dti_assets.pipeline.run import Outcome, run
from dti_assets.scaffold import new_study
from dti_assets.study import Study, load_study

FEW_DRAWS = "estimates: {draws: 199, bootstrap_draws: 99}\n"


def make_study(folder: Path, extra: str = "") -> Study:
    """A new study with few draws; `extra` replaces lines of study.yaml by their first key."""
    new_study(folder)
    return change_study(folder, FEW_DRAWS + extra)


def change_study(folder: Path, lines: str) -> Study:
    """The study in `folder` with these lines in place of those that have the same key."""
    path = folder / "study.yaml"
    keys = {line.partition(":")[0] for line in lines.splitlines() if line and line[0] != " "}
    kept, dropping = [], False
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and line[0] not in " #":
            dropping = line.partition(":")[0] in keys
        if not dropping:
            kept.append(line)
    path.write_text("\n".join([*kept, lines]), encoding="utf-8")
    return load_study(path)


@pytest.fixture(scope="session")
def official(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Outcome]:
    """The study that ships, run as a whole: published counts, official figures, no files."""
    study = make_study(tmp_path_factory.mktemp("official") / "study")
    return study, run(study)


@pytest.fixture
def copy(official: tuple[Study, Outcome], tmp_path: Path) -> Callable[[str], Study]:
    """A copy of the finished official study with other lines in its study.yaml."""

    def make(lines: str = "") -> Study:
        folder = tmp_path / "copy"
        shutil.copytree(official[0].root, folder)
        return change_study(folder, lines)

    return make
