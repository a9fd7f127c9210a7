"""Shared by all tests: where the real data lie, a report written for tests, and the official study
run once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import forked_commands
import hypothesis
import made_studies
import pytest
from small_study import make_study, write_reports

from dti_assets.compute.process import set_up

if TYPE_CHECKING:
    from dti_assets.pipeline.execution.run import Outcome
    from dti_assets.study.config import Study

# a machine that is busy with other tests is slow now and then, which is nobody's fault; what takes
# how long is for the benchmarks
hypothesis.settings.register_profile(
    "busy", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("busy")

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"


# files whose tests take longest, longest first: processes then end at about the same time
LONGEST = (
    "test_killed_runs.py",
    "test_packaging.py",
    "test_verifying.py",
    "test_package_audit.py",
    "test_docs.py",
    "test_walk_a_year.py",
    "test_remaining.py",
    "test_postgres.py",
    "test_run.py",
    "test_simulate.py",
    "test_killed_at_writes.py",
    "test_command_line.py",
    "test_make.py",
    "test_automation.py",
    "test_full_disk.py",
)


def pytest_configure(config: pytest.Config) -> None:
    """The process is set up as those of the command and the web UI are. And what forks commands,
    which several test processes share, is started to load while they collect tests."""
    set_up()
    if getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        forked_commands.start()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, which `--no-loadscope-reorder` leaves so."""
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(LONGEST)))


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


@pytest.fixture(scope="session")
def official(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Outcome]:
    """The study that ships, run as a whole with few draws: published counts, official figures, no
    files. Materialised once, by whichever test process comes first; a test that changes it takes
    a copy."""
    return made_studies.run_once(tmp_path_factory, "official", made_studies.make_study)
