"""A run killed at a random moment, and finished by the next: the bytes of an undisturbed run.

Fifty seeds. The parts that take longest have fewest: what is read and counted, what is joined to
the panel, and everything.
"""

from collections.abc import Iterator

import pytest
from forked_runs import RunServer
from killed_runs import Trial, fast_folder, new_study

INSTRUMENT, PANEL = "+dti_iv", "+panel_export"
SEEDS = {
    INSTRUMENT: [range(seed, seed + 5) for seed in range(0, 30, 5)],
    PANEL: [range(seed, seed + 5) for seed in range(30, 45, 5)],
    None: [range(seed, seed + 1) for seed in range(45, 50)],
}


@pytest.fixture(scope="module")
def server() -> Iterator[RunServer]:
    with RunServer() as server:
        yield server


@pytest.fixture(scope="module")
def trials(server: RunServer) -> Iterator[dict[str | None, Trial]]:
    with fast_folder() as folder:
        study = new_study(folder / "study")
        yield {select: Trial(server, study, select) for select in SEEDS}


@pytest.mark.parametrize(
    ("select", "seeds"),
    [(select, seeds) for select, groups in SEEDS.items() for seeds in groups],
    ids=lambda value: "whole" if value is None else str(value),
)
def test_a_killed_run_is_finished_by_the_next(
    trials: dict[str | None, Trial], select: str | None, seeds: range
) -> None:
    ends = [end for seed in seeds for end in trials[select].killed_at_random(seed)]
    assert set(ends) <= {"done", "killed"}
    assert "killed" in ends or len(seeds) < 5
