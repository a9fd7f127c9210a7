"""Copies of the finished official study, for tests that change it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from made_studies import change_study

from dti_assets.pipeline.run import Outcome
from dti_assets.study import Study


@pytest.fixture
def copy(official: tuple[Study, Outcome], tmp_path: Path) -> Callable[[str], Study]:
    """A copy of the finished official study with other lines in its study.yaml."""

    def make(lines: str = "") -> Study:
        folder = tmp_path / "copy"
        shutil.copytree(official[0].root, folder)
        return change_study(folder, lines)

    return make
