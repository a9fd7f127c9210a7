"""Runs of a part of a study killed at random moments, and finished by the next: the bytes of an
undisturbed run. Whole runs are in test_killed_whole_runs."""

from collections.abc import Iterator

import pytest
from killed_runs import Trial, trials_of

INSTRUMENT, PANEL = "+dti_iv", "+panel_export"
SEEDS = {
    INSTRUMENT: [range(seed, seed + 4) for seed in range(0, 20, 4)],
    PANEL: [range(seed, seed + 5) for seed in range(20, 35, 5)],
}


@pytest.fixture(scope="module")
def trials() -> Iterator[dict[str | None, Trial]]:
    with trials_of(SEEDS) as trials:
        yield trials


@pytest.mark.parametrize(
    ("select", "seeds"), [(select, seeds) for select, groups in SEEDS.items() for seeds in groups]
)
def test_a_killed_run_is_finished_by_the_next(
    trials: dict[str | None, Trial], select: str, seeds: range
) -> None:
    ends = trials[select].killed_at_random(seeds)
    assert set(ends) <= {"done", "killed"} and "killed" in ends
