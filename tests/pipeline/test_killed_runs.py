"""A run of everything killed at random moments, fifty times, and finished by the next: the bytes of
an undisturbed run, and nothing stale."""

from collections.abc import Iterator

import pytest
from killed_runs import Trial, fast_folder, new_study

# a run goes on where the one before it was killed; after six the bytes are looked at
SEEDS = [range(first, min(first + 6, 50)) for first in range(0, 50, 6)]


@pytest.fixture(scope="module")
def trial() -> Iterator[Trial]:
    with fast_folder() as folder:
        yield Trial(new_study(folder / "study"))


@pytest.mark.parametrize("seeds", SEEDS, ids=str)
def test_a_killed_run_is_finished_by_the_next(trial: Trial, seeds: range) -> None:
    ends = trial.killed_at_random(seeds)
    assert set(ends) <= {"done", "killed"} and "killed" in ends
