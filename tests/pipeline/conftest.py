"""The official study, materialised once for all tests of the pipeline with few draws."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from made_studies import change_study, make_study

from dti_assets.pipeline.run import Outcome, run
from dti_assets.study import Study


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
