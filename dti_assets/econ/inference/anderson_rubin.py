"""Anderson-Rubin confidence sets: inference on a 2SLS coefficient however weak the instruments.

The headline set for clustered data inverts the wild cluster restricted test. The CRV1 set beside
it has a closed form and known identities, but undercovers where few clusters carry the
instrument.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dti_assets.econ.inference.cluster_products import cluster_products
from dti_assets.econ.inference.set_inversion import Interval, invert, on_the_line, quadratic_set
from dti_assets.econ.inference.wild_bootstrap import (
    TIE,
    chunks_of_draws,
    draw_weights,
    score_matrices,
    settle,
)
from dti_assets.econ.model.design import Design, build
from dti_assets.econ.model.projection import Floats, cluster_sums, partial_out
from dti_assets.econ.model.results import check_level
from dti_assets.econ.model.specification import Specification
from dti_assets.errors import SpecificationError, TooFewClusters

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike


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
        if self.intervals == [(-np.inf, np.inf)]:
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
        observed, simulated = statistics[:, :1], statistics[:, 1:]
        extreme = np.sum(simulated >= observed * (1 - TIE), axis=1)
        if self.enumerated:
            return np.maximum(extreme, 2) / simulated.shape[1]
        return (1 + extreme) / (simulated.shape[1] + 1)

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

    zy, zd : (q,) projections on an orthonormal basis of the instruments. vy, vd : (n,) what they
    leave. sy, sd : scores by row or cluster, None under iid errors. F is F(q, df) under the null.
    """

    q: int
    df: int
    factor: float
    zy: Floats
    zd: Floats
    vy: Floats
    vd: Floats
    sy: Floats | None
    sd: Floats | None

    def statistics(self, values: Floats) -> Floats:
        """The F statistic of each hypothesised value."""
        out = np.empty(len(values))
        for i, b in enumerate(values):
            weight = max(1.0, abs(b))  # keeps a huge b from overflowing
            g = (self.zy - b * self.zd) / weight
            if self.sy is None or self.sd is None:
                v = (self.vy - b * self.vd) / weight
                out[i] = len(v) * (g @ g) / (v @ v)
            else:
                s = (self.sy - b * self.sd) / weight
                out[i] = g @ np.linalg.solve(s.T @ s, g)
        return out / (self.q * self.factor)


def _wald_parts(design: Design, covariance: str) -> _WaldParts:
    y, d, z = _residualised(design)
    q = z.shape[1]
    slopes = q + design.exogenous.shape[1]
    if covariance == "clustered":
        df = (design.sample.n_clusters or 0) - 1
        if q > df:
            raise TooFewClusters(f"{q} instruments cannot be tested jointly with {df + 1} clusters")
    else:
        df = design.n - design.parameters(slopes)
    factor = design.small_sample_factor(slopes, covariance)
    zy, zd = z.T @ y, z.T @ d
    vy, vd = y - z @ zy, d - z @ zd
    if covariance == "iid":
        return _WaldParts(q, df, factor, zy, zd, vy, vd, None, None)
    sy, sd = z * vy[:, None], z * vd[:, None]
    if covariance == "clustered":
        assert design.sample.cluster is not None
        sy = cluster_sums(sy, design.sample.cluster)
        sd = cluster_sums(sd, design.sample.cluster)
    return _WaldParts(q, df, factor, zy, zd, vy, vd, sy, sd)


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
    q, zy, zd, vy, vd = parts.q, parts.zy, parts.zd, parts.vy, parts.vd
    critical = float(stats.f.ppf(level, q, parts.df))
    k = critical * q * parts.factor
    if parts.sy is None or parts.sd is None:
        k /= design.n
        return quadratic_set(
            float(zd @ zd - k * vd @ vd),
            float(-2 * (zy @ zd - k * vy @ vd)),
            float(zy @ zy - k * vy @ vy),
        )
    sy, sd = parts.sy, parts.sd
    if q == 1:
        return quadratic_set(
            float(zd[0] ** 2 - k * np.sum(sd * sd)),
            float(-2 * (zy[0] * zd[0] - k * np.sum(sy * sd))),
            float(zy[0] ** 2 - k * np.sum(sy * sy)),
        )
    centre, scale = _centre_and_scale(design)
    at_infinity = float(zd @ np.linalg.solve(sd.T @ sd, zd))
    return invert(
        lambda values: parts.statistics(values) <= critical, at_infinity <= k, centre, scale
    )


def _piece(low: float, high: float) -> str:
    left = "(-inf" if np.isinf(low) else f"[{low:.4g}"
    right = "inf)" if np.isinf(high) else f"{high:.4g}]"
    return f"{left}, {right}"
