"""Alpha against Krippendorff's published worked examples, kappa against statsmodels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import cohens_kappa

from dti_assets.audit.agreement import MISSING, cohen_kappa, krippendorff_alpha


def matrix(*coders: str) -> np.ndarray:
    """Units by coders from one line of values a coder; `.` is missing."""
    names = sorted({value for line in coders for value in line.split()} - {"."})
    codes = {name: code for code, name in enumerate(names)} | {".": MISSING}
    return np.array([[codes[value] for value in line.split()] for line in coders]).T


# Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, sections A to C
BINARY = matrix("0 1 0 0 0 0 0 0 1 0", "1 1 1 0 0 1 0 0 0 0")
NOMINAL = matrix("a a b b d c c c e d d a", "b a b b b c c c e d d d")
FOUR = matrix(
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
)


@pytest.mark.parametrize(
    ("values", "published", "units"), [(BINARY, 0.095, 10), (NOMINAL, 0.692, 12), (FOUR, 0.743, 11)]
)
def test_published_worked_examples(values: np.ndarray, published: float, units: int) -> None:
    found = krippendorff_alpha(values)
    assert found.alpha is not None and found.low is not None and found.high is not None
    assert round(found.alpha, 3) == published and found.units == units
    assert found.low < found.alpha < found.high <= 1


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_alpha_is_one_less_disagreement_over_that_of_all_pairs(data: st.DataObject) -> None:
    shape = (data.draw(st.integers(2, 12)), data.draw(st.integers(2, 4)))
    cells = st.lists(st.integers(-1, 2), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1])
    values = np.array(data.draw(cells)).reshape(shape)
    found = krippendorff_alpha(values, draws=50)
    # by its definition: pairs within units, each unit's weighted 1 / (m - 1), against all pairs
    units = [[v for v in row if v >= 0] for row in values]
    units = [row for row in units if len(row) > 1]
    flat = [v for row in units for v in row]
    n = len(flat)
    inside = sum(
        sum(a != b for i, a in enumerate(row) for j, b in enumerate(row) if i != j) / (len(row) - 1)
        for row in units
    )
    across = sum(a != b for i, a in enumerate(flat) for j, b in enumerate(flat) if i != j)
    if not across:
        assert found.alpha is None and found.reason
    else:
        expected = 1 - (inside / n) / (across / (n * (n - 1)))
        assert found.alpha == pytest.approx(expected, abs=1e-12)


def test_kappa_as_statsmodels_has_it() -> None:
    rng = np.random.default_rng(4)
    first = rng.integers(0, 3, 80)
    second = np.where(rng.random(80) < 0.6, first, rng.integers(0, 3, 80))
    table = np.zeros((3, 3))
    np.add.at(table, (first, second), 1)
    assert cohen_kappa(first, second) == pytest.approx(
        cohens_kappa(table, return_results=False), abs=1e-12
    )
    first[:5] = MISSING
    kept = cohen_kappa(first[5:], second[5:])
    assert cohen_kappa(first, second) == pytest.approx(kept, abs=1e-12)
    assert cohen_kappa(np.ones(4, int), np.ones(4, int)) is None


def test_agreement_without_two_coders_or_variation_has_a_reason() -> None:
    alone = krippendorff_alpha(np.array([[1, MISSING], [0, MISSING]]))
    assert alone.alpha is None and "two coders" in (alone.reason or "")
    same = krippendorff_alpha(np.ones((9, 2), int))
    assert same.alpha is None and same.percent == 1 and "the same" in (same.reason or "")


def test_interval_covers_the_alpha_of_many_units() -> None:
    """Two coders who each see the truth and err one time in ten: 95 % intervals from 150 units
    hold the alpha of a million in most of 200 samples."""
    rng = np.random.default_rng(11)

    def coded(size: int) -> np.ndarray:
        truth = rng.random(size) < 0.7
        return (truth[:, None] ^ (rng.random((size, 2)) < 0.1)).astype(int)

    true = krippendorff_alpha(coded(1_000_000), draws=2).alpha
    assert true is not None
    inside = 0
    for seed in range(200):
        found = krippendorff_alpha(coded(150), draws=400, seed=seed)
        assert found.low is not None and found.high is not None
        inside += found.low <= true <= found.high
    assert 0.90 <= inside / 200 <= 0.99
