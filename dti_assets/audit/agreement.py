"""How far coders agree beyond chance, from a matrix of units by coders with gaps.

Arrays in, numbers out; where the labels come from is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]

MISSING = -1


@dataclass(frozen=True)
class Agreement:
    """`alpha` is None where nothing can be said, and `reason` says why; `low` and `high` bound
    it; `units` have two values or more."""

    alpha: float | None
    low: float | None
    high: float | None
    percent: float | None
    units: int
    reason: str | None = None


def krippendorff_alpha(
    values: Codes, level: float = 0.95, draws: int = 2000, seed: int = 0
) -> Agreement:
    """Krippendorff's alpha for nominal values, any number of coders and gaps.

    Parameters
    ----------
    values : (units, coders) codes from 0 on, MISSING where a coder gave none.

    Notes
    -----
    alpha = 1 - (n - 1) sum_u sum_c n_uc (m_u - n_uc) / (m_u - 1) / (n^2 - sum_c n_c^2), over the
    n values of units with m_u >= 2 of them (Krippendorff 2011). The interval is the percentile
    interval over resamples of units, expected disagreement drawn anew each time; Hayes and
    Krippendorff (2007) resample pairs and hold it fixed. A resample in which all values are the
    same has no alpha and is left out. `percent` is the mean over units of the share of pairs that
    agree.
    """
    counts = _counts(values)
    given = counts.sum(axis=1)
    counts = counts[given >= 2]
    given = given[given >= 2]
    if not len(counts):
        return Agreement(None, None, None, None, 0, "no unit has the labels of two coders")
    apart = (counts * (given[:, None] - counts)).sum(axis=1)
    observed = apart / (given - 1)
    percent = float(1 - np.mean(apart / (given * (given - 1))))
    alpha = _alpha(observed[None].sum(axis=1), counts.sum(axis=0)[None])[0]
    if np.isnan(alpha):
        why = "all labels are the same: chance alone would agree"
        return Agreement(None, None, None, percent, len(counts), why)
    rng = np.random.default_rng(seed)
    times = rng.multinomial(len(counts), np.full(len(counts), 1 / len(counts)), size=draws)
    drawn = _alpha(times @ observed, times @ counts)
    drawn = drawn[~np.isnan(drawn)]
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Agreement(float(alpha), float(low), float(high), percent, len(counts))


def cohen_kappa(first: Codes, second: Codes) -> float | None:
    """Cohen's kappa of two coders over the units both coded; None where chance alone agrees."""
    both = (first != MISSING) & (second != MISSING)
    if not both.any():
        return None
    size = int(max(first.max(), second.max())) + 1
    table = np.zeros((size, size))
    np.add.at(table, (first[both], second[both]), 1.0)
    table /= table.sum()
    expected = float(table.sum(axis=1) @ table.sum(axis=0))
    return None if expected == 1.0 else float((np.trace(table) - expected) / (1 - expected))


def _counts(values: Codes) -> Floats:
    """(units, categories): how many coders gave each value."""
    top = int(values.max()) if values.size else MISSING
    return np.stack([(values == code).sum(axis=1) for code in range(max(top, 0) + 1)], axis=1) * 1.0


def _alpha(observed: Floats, totals: Floats) -> Floats:
    """Alpha by row from summed disagreement and category totals; NaN without variation."""
    n = totals.sum(axis=1)
    expected = n**2 - (totals**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        alpha: Floats = np.where(expected > 0, 1 - (n - 1) * observed / expected, np.nan)
    return alpha
