"""A run of everything killed at random moments, and finished by the next: the bytes of an
undisturbed run, and nothing stale. Fifty seeds with those of test_killed_runs."""

from collections.abc import Iterator

import pytest
from killed_runs import Trial, trials_of

SEEDS = [range(seed, seed + 3) for seed in range(35, 50, 3)]


@pytest.fixture(scope="module")
def trial() -> Iterator[Trial]:
    with trials_of([None]) as trials:
        yield trials[None]


@pytest.mark.parametrize("seeds", SEEDS, ids=str)
def test_a_killed_whole_run_is_finished_by_the_next(trial: Trial, seeds: range) -> None:
    ends = trial.killed_at_random(seeds)
    assert set(ends) <= {"done", "killed"} and "killed" in ends
