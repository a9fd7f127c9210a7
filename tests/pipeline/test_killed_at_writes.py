"""A run killed in the middle of its writes, on purpose: at one of its renames, removals, openings
for writing, or connections to its run records, the n-th of all, n drawn; and finished by the next.
"""

import random
from collections.abc import Iterator

import pytest
from forked_runs import RunServer
from killed_runs import Trial, fast_folder, new_study


@pytest.fixture(scope="module")
def server() -> Iterator[RunServer]:
    with RunServer() as server:
        yield server


# the first run makes hardly more than the run home; the second reads, counts and joins
@pytest.mark.parametrize(
    ("select", "first", "draws", "seed"),
    [
        ("capital_distances", 1, 10, 1),
        ("+dti_iv,patent_counts", 60, 6, 2),
    ],
)
def test_a_run_killed_at_a_write_is_finished_by_the_next(
    server: RunServer, select: str, first: int, draws: int, seed: int
) -> None:
    with fast_folder() as folder:
        trial = Trial(server, new_study(folder / "study"), select)
        numbers = random.Random(seed).sample(range(first, trial.changes()), draws)
        ends = {number: trial.killed_at_change(number) for number in sorted(numbers)}
    # which of several files comes first may differ, how many there are hardly does
    assert list(ends.values()).count("killed") >= draws - 2, ends
