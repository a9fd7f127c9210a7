"""Shared by all tests: where the real data lie, and a report written for tests."""

from pathlib import Path

import pytest

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
