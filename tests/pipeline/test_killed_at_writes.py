"""A run killed in the middle of its writes, on purpose: at one of its renames, removals, openings
for writing, or connections to its run records, the n-th of all, n drawn; and finished by the next.
"""

import random

import pytest
from killed_runs import Trial, fast_folder, new_study


# the first makes hardly more than the run home, which it makes once; the second reads, counts and
# joins
@pytest.mark.parametrize(
    ("select", "first", "rows", "in_a_row", "seed"),
    [("capital_distances", 1, 10, 1, 1), ("+dti_iv,patent_counts", 60, 2, 4, 2)],
)
def test_a_run_killed_at_a_write_is_finished_by_the_next(
    select: str, first: int, rows: int, in_a_row: int, seed: int
) -> None:
    with fast_folder() as folder:
        trial = Trial(new_study(folder / "study"), select)
        # so that several in a row come to about its end
        last = first + 2 * (trial.changes() - first) // (in_a_row + 1)
        chance = random.Random(seed)
        ends = [
            end
            for _ in range(rows)
            for end in trial.killed_at_changes(
                [chance.randrange(first, last) for _ in range(in_a_row)]
            )
        ]
    # which of several files comes first may differ, how many there are hardly does
    assert ends.count("killed") >= rows * in_a_row - 2, ends
