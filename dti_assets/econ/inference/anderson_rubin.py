"""Anderson-Rubin confidence sets: inference on a 2SLS coefficient however weak the instruments.

The headline set for clustered data inverts the wild cluster restricted test. The CRV1 set beside
it has a closed form and known identities, but undercovers where few clusters carry the
instrument. A set may be empty, an interval, two rays, the whole line, or several pieces. An
unbounded set is a finding: the data cannot bound the effect.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dti_assets.econ.inference.cluster_products import cluster_products
from dti_assets.econ.inference.wild_bootstrap import (
    bootstrap_p_value,
    chunks_of_draws,
    draw_weights,
    score_matrices,
    settle,
)
from dti_assets.econ.model.design import Design, build
from dti_assets.econ.model.projection import Bools, Floats, cluster_sums, partial_out
from dti_assets.econ.model.results import check_level
from dti_assets.econ.model.specification import Specification
from dti_assets.errors import SpecificationError, TooFewClusters

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike


Interval = tuple[float, float]
INFINITY = float("inf")
WHOLE_LINE: list[Interval] = [(-INFINITY, INFINITY)]
METHODS = ("wild", "crv1")
_CHUNK = 2_000_000  # numbers held at once while a grid of values meets all draws


@dataclass(frozen=True)
class AndersonRubinSet:
    """A confidence set for the coefficient of `term`: a union of closed intervals.

    method : "wild", "crv1", "robust" or "iid". `intervals` may hold infinities; it is empty only
    where an overidentified model is rejected at every value (or, for "wild", at every grid point).
    """

    term: str
    level: float
    method: str
    intervals: list[Interval]

    @property
    def bounded(self) -> bool:
        """Whether the set is bounded on both sides (an empty set is)."""
        return all(np.isfinite(low) and np.isfinite(high) for low, high in self.intervals)

    @property
    def empty(self) -> bool:
        return not self.intervals

    @property
    def ends(self) -> tuple[float | None, float | None]:
        """The outer ends; None of an empty set."""
        if self.empty:
            return None, None
        return self.intervals[0][0], self.intervals[-1][1]

    def contains(self, value: float) -> bool:
        """Whether `value` is in the set."""
        return any(low <= value <= high for low, high in self.intervals)

    def sentence(self) -> str:
        """The set in plain words."""
        share = f"{100 * self.level:g} %"
        if self.empty:
            return f"At {share} every value of {self.term} is rejected: the model does not fit."
        if self.bounded:
            return f"At {share} the effect of {self.term} lies in {self._pieces()}."
        if self.intervals == WHOLE_LINE:
            return f"At {share} the data cannot bound the effect of {self.term} at all."
        return (
            f"At {share} the data cannot bound the effect of {self.term}: "
            f"values in {self._pieces()} are not rejected."
        )

    def _pieces(self) -> str:
        return " and ".join(_piece(low, high) for low, high in self.intervals)

    def __str__(self) -> str:
        return self._pieces() if self.intervals else "empty"


def anderson_rubin_set(
    spec: Specification,
    frame: pd.DataFrame,
    level: float = 0.95,
    method: str = "wild",
    draws: int = 9999,
    seed: int = 0,
    weights: str = "rademacher",
) -> AndersonRubinSet:
    """Confidence set for the only endogenous regressor of `spec`.

    A value b is in the set when the instruments, controls given, do not explain y - b d.

    Parameters
    ----------
    level : 0 < level < 1.
    method : for clustered errors "wild" (default: inverts the wild cluster restricted test on an
        adaptive grid, `draws` draws with `seed`) or "crv1" (Wald test with F(q, G - 1); with one
        instrument (z'y - b z'd)^2 <= c q sum_g (S_yg - b S_dg)^2 in closed form). For iid and
        robust errors the Wald test with F(q, N - K), whatever `method` says.

    Returns
    -------
    AndersonRubinSet

    Raises
    ------
    SpecificationError
        Without instruments, with several endogenous regressors, unknown method or level.

    References: Anderson and Rubin (1949); Finlay and Magnusson (2019) for the wild inversion.
    """
    check_level(level)
    if method not in METHODS:
        raise SpecificationError(f"method {method!r} is not one of {', '.join(METHODS)}")
    if len(spec.endogenous) != 1:
        raise SpecificationError(
            "an Anderson-Rubin set needs exactly one endogenous regressor and its instruments"
        )
    design = build(spec, frame)
    covariance = str(spec.covariance)
    if covariance == "clustered" and method == "wild":
        intervals = WildInversion(design, draws, seed, weights).confidence_set(level)
        return AndersonRubinSet(spec.endogenous[0], level, "wild", intervals)
    intervals = _wald_set(design, covariance, level)
    name = "crv1" if covariance == "clustered" else covariance
    return AndersonRubinSet(spec.endogenous[0], level, name, intervals)


class WildInversion:
    """The wild cluster restricted Anderson-Rubin test as a function of the hypothesised value.

    Restricted residuals, numerators and scores are linear in b, so that one pass over the draws
    gives every p-value on the line.
    """

    def __init__(
        self, design: Design, draws: int, seed: int = 0, weights: str = "rademacher"
    ) -> None:
        products = cluster_products(design)
        signs, self.enumerated, _ = draw_weights(products.n_clusters, draws, weights, seed)
        self.design = design
        self.q = len(products.instruments)
        ones = np.ones((products.n_clusters, 1))
        columns = np.hstack([ones, signs])  # column 0 is the observed sample
        on_y, on_d = (
            score_matrices(products, products.instruments, products.controls, products.unit(c))
            for c in (products.outcome, int(products.endogenous[0]))
        )
        # z'u* is y - b d and the meat yy - b (yd + dy) + b^2 dd: three matrices per draw
        size = columns.shape[1]
        self.y, self.d = on_y.numerator @ columns, on_d.numerator @ columns
        self.yy, self.yd, self.dd = (np.empty((size, self.q, self.q)) for _ in range(3))
        for part in chunks_of_draws(on_y, size):
            ry, rd = on_y.cluster_scores(columns[:, part]), on_d.cluster_scores(columns[:, part])
            self.yy[part] = np.einsum("qgb,rgb->bqr", ry, ry)
            self.dd[part] = np.einsum("qgb,rgb->bqr", rd, rd)
            self.yd[part] = np.einsum("qgb,rgb->bqr", ry, rd)

    def p_values(self, values: ArrayLike) -> Floats:
        """p-value of each hypothesised value."""
        values = np.asarray(values, dtype=float)
        out = np.empty(len(values))
        size = max(1, _CHUNK // (self.y.shape[1] * self.q**2))
        for start in range(0, len(values), size):
            chunk = values[start : start + size]
            # b times anything overflows nothing when the larger of 1 and |b| is divided out
            weight = np.maximum(1.0, np.abs(chunk))
            out[start : start + size] = self._p(1 / weight, chunk / weight)
        return out

    @property
    def p_at_infinity(self) -> float:
        """Limit of the p-value: the test that the first stage is zero."""
        return float(self._p(np.array([0.0]), np.array([1.0]))[0])

    def _p(self, on_y: Floats, on_d: Floats) -> Floats:
        statistics = self._single(on_y, on_d) if self.q == 1 else self._several(on_y, on_d)
        observed, simulated = statistics[:, 0], statistics[:, 1:]
        return bootstrap_p_value(observed, simulated, self.enumerated)

    def _single(self, on_y: Floats, on_d: Floats) -> Floats:
        s, b = on_y[:, None], on_d[:, None]
        yy, yd, dd = self.yy[:, 0, 0], self.yd[:, 0, 0], self.dd[:, 0, 0]
        numerator = (s * self.y[0] - b * self.d[0]) ** 2
        denominator = s * s * yy - (2 * s * b) * yd + (b * b) * dd
        return settle(numerator, np.maximum(denominator, 0.0))

    def _several(self, on_y: Floats, on_d: Floats) -> Floats:
        out = np.empty((len(on_y), self.y.shape[1]))
        cross = self.yd + np.swapaxes(self.yd, 1, 2)
        for i, (s, b) in enumerate(zip(on_y, on_d, strict=True)):
            numerator = s * self.y - b * self.d
            meat = s * s * self.yy - s * b * cross + b * b * self.dd
            # a trace of ridge keeps draws with a singular meat finite, and extreme
            ridge = 1e-13 * np.trace(meat, axis1=1, axis2=2)[:, None, None] * np.eye(self.q)
            solved = np.linalg.solve(meat + ridge, numerator.T[:, :, None])[:, :, 0]
            out[i] = np.einsum("qb,bq->b", numerator, solved)
        return out

    def confidence_set(self, level: float) -> list[Interval]:
        """All b with p-value above 1 - level.

        The weaker the first stage, the wider the grid about the estimate, and the narrower beside
        it what is rejected about 0: so 0 is looked at, and values in units of outcome to regressor.
        """
        alpha = 1 - level
        centre, scale = _centre_and_scale(self.design)
        y, d, _ = _residualised(self.design)
        unit = float(np.linalg.norm(y) / np.linalg.norm(d))
        return invert(
            lambda values: self.p_values(values) > alpha,
            self.p_at_infinity > alpha,
            centre,
            scale,
            points=400 if self.q == 1 else 120,
            steps=45 if self.q == 1 else 25,
            also=np.append(on_the_line(200 if self.q == 1 else 60, unit), 0.0),
        )


def _centre_and_scale(design: Design) -> tuple[float, float]:
    """2SLS estimate and a width (that of an iid Wald interval) around which a grid is dense."""
    y, d, z = _residualised(design)
    pd_, py = z.T @ d, z.T @ y
    b = float(pd_ @ py / (pd_ @ pd_))
    u = y - b * d
    error = float(np.sqrt(u @ u / max(design.n - 1, 1) / (pd_ @ pd_)))
    return b, error if error > 0 else max(abs(b), 1.0)


def _residualised(design: Design) -> tuple[Floats, Floats, Floats]:
    """Outcome, endogenous regressor and an orthonormal basis of the instruments, given controls."""
    columns = partial_out(np.column_stack([design.y, design.endogenous[:, 0]]), design.exogenous)
    z = np.linalg.qr(partial_out(design.instruments, design.exogenous))[0]
    return columns[:, 0], columns[:, 1], z


@dataclass(frozen=True)
class _WaldParts:
    """What the Wald test that instruments do not explain y - b d is made of, for every b.

    zy, zd : (q,) projections on an orthonormal basis of the instruments. sy, sd : scores by row or
    cluster of what they leave, (., q); under iid errors, which have one variance for all
    instruments, what they leave itself, (n, 1). F is F(q, df) under the null.
    """

    q: int
    df: int
    factor: float
    zy: Floats
    zd: Floats
    sy: Floats
    sd: Floats

    def statistics(self, values: Floats) -> Floats:
        """The F statistic of each hypothesised value."""
        out = np.empty(len(values))
        for i, b in enumerate(values):
            weight = max(1.0, abs(b))  # keeps a huge b from overflowing
            out[i] = self.wald((self.zy - b * self.zd) / weight, (self.sy - b * self.sd) / weight)
        return out / (self.q * self.factor)

    def wald(self, g: Floats, scores: Floats) -> float:
        meat = scores.T @ scores
        return float(g @ g / meat[0, 0] if meat.size == 1 else g @ np.linalg.solve(meat, g))


def _wald_parts(design: Design, covariance: str) -> _WaldParts:
    y, d, z = _residualised(design)
    q = z.shape[1]
    slopes = q + design.exogenous.shape[1]
    df = design.n - design.parameters(slopes)
    if covariance == "clustered":
        df = (design.sample.n_clusters or 0) - 1
        if q > df:
            raise TooFewClusters(f"{q} instruments cannot be tested jointly with {df + 1} clusters")
    zy, zd = z.T @ y, z.T @ d
    by_row = z if covariance != "iid" else np.full((design.n, 1), design.n**-0.5)
    sy, sd = by_row * (y - z @ zy)[:, None], by_row * (d - z @ zd)[:, None]
    if covariance == "clustered":
        assert design.sample.cluster is not None
        sy = cluster_sums(sy, design.sample.cluster)
        sd = cluster_sums(sd, design.sample.cluster)
    factor = design.small_sample_factor(slopes, covariance)
    return _WaldParts(q, df, factor, zy, zd, sy, sd)


def wald_p_values(design: Design, covariance: str, values: ArrayLike) -> Floats:
    """p-value of each hypothesised value from the Wald test (CRV1 when clustered) that gives
    the set of the same name."""
    from scipy import stats

    parts = _wald_parts(design, covariance)
    found = stats.f.sf(parts.statistics(np.asarray(values, dtype=float)), parts.q, parts.df)
    return np.asarray(found, dtype=float)


def _wald_set(design: Design, covariance: str, level: float) -> list[Interval]:
    from scipy import stats

    parts = _wald_parts(design, covariance)
    zy, zd, sy, sd = parts.zy, parts.zd, parts.sy, parts.sd
    critical = float(stats.f.ppf(level, parts.q, parts.df))
    k = critical * parts.q * parts.factor
    if sy.shape[1] == 1:
        return quadratic_set(
            float(zd @ zd - k * np.sum(sd * sd)),
            float(-2 * (zy @ zd - k * np.sum(sy * sd))),
            float(zy @ zy - k * np.sum(sy * sy)),
        )
    return invert(
        lambda values: parts.statistics(values) <= critical,
        parts.wald(zd, sd) <= k,
        *_centre_and_scale(design),
    )


def quadratic_set(a: float, b: float, c: float) -> list[Interval]:
    """All x with a x^2 + b x + c <= 0, as closed intervals."""
    scale = max(abs(a), abs(b), abs(c))
    if scale == 0:
        return list(WHOLE_LINE)
    if a == 0:
        if b == 0:
            return list(WHOLE_LINE) if c <= 0 else []
        return [(-INFINITY, -c / b)] if b > 0 else [(-c / b, INFINITY)]
    discriminant = b * b - 4 * a * c
    if discriminant < 0:
        return list(WHOLE_LINE) if a < 0 else []
    root = float(np.sqrt(discriminant))
    q = -0.5 * (b + (root if b >= 0 else -root))  # avoids cancellation
    roots = (q / a, c / q) if q != 0 else (0.0, 0.0)
    low, high = min(roots), max(roots)
    if a > 0:
        return [(low, high)]
    return [(-INFINITY, low), (high, INFINITY)] if low < high else list(WHOLE_LINE)


def on_the_line(points: int, scale: float) -> Floats:
    """Values about 0, as many as `points`, dense within `scale` and reaching far beyond."""
    return scale * np.tan(_angles(points))


def _angles(points: int) -> Floats:
    return (np.arange(points) + 0.5) / points * np.pi - np.pi / 2


def invert(
    accept: Callable[[Floats], Bools],
    accept_at_infinity: bool,
    centre: float,
    scale: float,
    points: int = 400,
    steps: int = 50,
    also: Floats | None = None,
) -> list[Interval]:
    """The accepted set of a test, found on a grid of the projective line and refined by bisection.

    accept : vectorised, from values of b to accepted or not. Grid points are centre + scale
    tan(theta) with equally spaced theta, dense around `centre` and reaching both infinities,
    which are one point with the status `accept_at_infinity`. `also` are further values to look at.
    Pieces narrower than the grid can be missed, unless they hold `centre` or one of those.
    """
    theta = np.append(_angles(points), 0.0)
    if also is not None:
        theta = np.append(theta, np.arctan((also - centre) / scale))
    theta = np.unique(theta)

    def value(angle: Floats) -> Floats:
        return centre + scale * np.tan(angle)

    inside = accept(value(theta))
    edges = np.concatenate([[-np.pi / 2], theta, [np.pi / 2]])
    status = np.concatenate([[accept_at_infinity], inside, [accept_at_infinity]])
    change = np.flatnonzero(status[1:] != status[:-1])
    low, high = edges[change], edges[change + 1]
    starts_inside = status[change]
    for _ in range(steps):
        if len(change) == 0:
            break
        middle = (low + high) / 2
        same = accept(value(middle)) == starts_inside
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    # the nearest rejected value known, so that a reported bound is never inside the set
    bounds = value(np.where(starts_inside, high, low))
    intervals: list[Interval] = []
    start = -INFINITY
    for bound, was_inside in zip(bounds, starts_inside, strict=True):
        if was_inside:
            intervals.append((start, float(bound)))
        else:
            start = float(bound)
    if status[-1]:
        intervals.append((start, INFINITY))
    return intervals


def _piece(low: float, high: float) -> str:
    left = "(-inf" if np.isinf(low) else f"[{low:.4g}"
    right = "inf)" if np.isinf(high) else f"{high:.4g}]"
    return f"{left}, {right}"
