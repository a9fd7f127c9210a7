"""Shares of true items: what coders decided, intervals, and shrinkage of small strata.

Arrays in, numbers out. An item is true where the majority of clear labels (1 or 0) says so; a tie
counts one half, since leaving disputed items out would take them to be as good as the others. An
item without a clear label is undecided and left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dti_assets.audit.sheets import NO, YES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_CONCENTRATIONS = np.geomspace(1.0, 1000.0, 31)
_TINY = 1e-9


def decided(values: NDArray[np.int64]) -> Floats:
    """1, 0 or 0.5 (a tie) by item from (items, coders) codes; NaN where no label is clear."""
    yes, no = (values == YES).sum(axis=1), (values == NO).sum(axis=1)
    share = np.where(yes > no, 1.0, np.where(yes < no, 0.0, 0.5))
    return np.where(yes + no > 0, share, np.nan)


def wilson(share: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a share of `n` items, `n` need not be whole."""
    from scipy import stats

    z = float(stats.norm.ppf((1 + level) / 2))
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


class Weighted(NamedTuple):
    """A weighted share, its interval, and how many equally weighted items it is worth."""

    share: float
    low: float
    high: float
    effective: float


def weighted_share(true: Floats, weight: Floats, level: float = 0.95) -> Weighted:
    """sum w true / sum w, with Wilson's interval at Kish's effective size (sum w)^2 / sum w^2."""
    share = float(weight @ true / weight.sum())
    effective = float(weight.sum() ** 2 / (weight @ weight))
    return Weighted(share, *wilson(share, effective, level), effective)


class Shrunk(NamedTuple):
    """`share` of each stratum, `(draws, strata)` draws of it, and the likeliest concentration."""

    share: Floats
    draws: Floats
    concentration: float


def shrunken_shares(
    true: Floats, labelled: Floats, overall: Weighted, draws: int, seed: int
) -> Shrunk:
    """Empirical-Bayes shares: (true + s m) / (labelled + s), m the overall share.

    The shares of strata are taken to be Beta(s m, s (1 - m)). Of s the labels tell little, so the
    formula is averaged over 31 values from 1 to 1000, evenly spaced in logarithms, each weighted
    by the beta-binomial likelihood of the labels. A stratum without a label has m. A draw takes m
    from Beta(m e + 1/2, (1 - m) e + 1/2), e the effective size, s from those weights, and then
    each share from Beta(true + s m, labelled - true + s (1 - m)).
    """
    m, e = overall.share, overall.effective
    weight = _likelihood(true, labelled, m)
    s = _CONCENTRATIONS[:, None]
    share: Floats = weight @ ((true + s * m) / (labelled + s))
    rng = np.random.default_rng(seed)
    center = rng.beta(m * e + 0.5, (1 - m) * e + 0.5, size=(draws, 1))
    spread = rng.choice(_CONCENTRATIONS, size=(draws, 1), p=weight)
    first = np.maximum(true + spread * center, _TINY)
    second = np.maximum(labelled - true + spread * (1 - center), _TINY)
    return Shrunk(share, rng.beta(first, second), float(_CONCENTRATIONS[weight.argmax()]))


def _likelihood(true: Floats, labelled: Floats, m: float) -> Floats:
    """Weight of each concentration, adding up to 1."""
    from scipy.special import betaln

    if not 0 < m < 1:
        # labels that are all the same say nothing of how strata differ
        return np.full(len(_CONCENTRATIONS), 1 / len(_CONCENTRATIONS))
    a, b = _CONCENTRATIONS[:, None] * m, _CONCENTRATIONS[:, None] * (1 - m)
    log = (betaln(true + a, labelled - true + b) - betaln(a, b)).sum(axis=1)
    weight: Floats = np.exp(log - log.max())
    return weight / weight.sum()


def holding(point: float, drawn: Floats, level: float = 0.95) -> tuple[float, float]:
    """The percentile interval of draws, widened where skewness leaves the estimate outside."""
    kept = drawn[np.isfinite(drawn)]
    if not len(kept):
        return point, point
    low, high = np.quantile(kept, [(1 - level) / 2, (1 + level) / 2])
    return min(float(low), point), max(float(high), point)
