"""Shared by all tests: where the real data lie, and a report written for tests."""

from pathlib import Path

import pytest
from small_study import make_study, write_reports

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real documents; the test is skipped where it is absent."""
    if not (SHARED / "reports_truth.csv").exists():
        pytest.skip("the shared real documents are not beside this checkout")
    return SHARED


@pytest.fixture
def small_study(tmp_path: Path) -> Path:
    """study.yaml of a study over five invented reports."""
    study = make_study(tmp_path / "study")
    write_reports(study.parent / "reports_raw")
    return study
