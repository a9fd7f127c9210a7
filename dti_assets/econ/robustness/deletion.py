"""Leaving rows out of an equation without estimating it again: exact, for any block of rows.

With H the projection on the fixed effects, S the rows left out and k those kept, the residuals of
a column without S are e_k + H_kS (I - H_SS)^+ e_S. That holds for unbalanced panels, for a whole
level of an effect, which takes its dummy with it (hence the generalised inverse), and for rows
that are left alone in a level. Controls are projected out of these residuals afterwards. The case
deletion of one row is Cook and Weisberg's (1982). What is left out, and why, is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from dti_assets.econ.model.design import RELATIVE_ZERO, _independent, _norms, partial_out
from dti_assets.econ.model.projection import demean, dummy_columns, effect_parameters
from dti_assets.econ.model.sample import Sample, compact
from dti_assets.econ.paper.resolution import FEWEST_CLUSTERS
from dti_assets.errors import NoVariation, TooFewClusters, TooFewRows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Codes = NDArray[np.int64]

# a coefficient is the product of two of the columns y, d and z over another such product
PARTS = {
    "2SLS": ("zy", "zd"),
    "first stage": ("zd", "zz"),
    "reduced form": ("zy", "zz"),
    "OLS": ("dy", "dd"),
}


@dataclass(frozen=True)
class Products:
    """Residuals (n, m) of the columns on effects and controls, and what errors need.

    Columns are y, d and, in a 2SLS equation, z; `controls` holds residuals on the effects of the
    controls that are no combination of others. `varies` says of each whether anything but
    rounding is left; `factor` is the small-sample factor of one slope beside the controls.
    """

    residual: Floats
    controls: Floats
    varies: tuple[bool, ...]
    cluster: Ints | None
    factor: float
    covariance: str

    @cached_property
    def moments(self) -> dict[str, float]:
        """Products of the columns by their letters, "zd" and the like."""
        names = "ydz"[: self.residual.shape[1]]
        squares = self.residual.T @ self.residual
        return {
            a + b: float(squares[i, j]) for i, a in enumerate(names) for j, b in enumerate(names)
        }

    def coefficient(self, name: str) -> float:
        """Raises NoVariation where the data left do not identify it."""
        top, bottom = PARTS[name]
        for position, letter in enumerate("ydz"):
            if letter in bottom and not self.varies[position]:
                what = {"d": "the regressor", "z": "the instrument"}[letter]
                raise NoVariation(f"{what} has no variation left, given controls and effects")
        return self.moments[top] / self.moments[bottom]

    @cached_property
    def first_stage_f(self) -> float | None:
        z, d = self.residual[:, [2]], self.residual[:, 1]
        if not self.varies[2]:
            return None
        if self.covariance == "clustered" and int(self._cluster.max()) + 1 < FEWEST_CLUSTERS:
            return None
        found = slopes(z, d, self.covariance, self.factor, self.cluster).f
        return float(found[0])

    def std_error(self, name: str) -> float:
        """Of a coefficient on the whole sample."""
        y, d = self.residual[:, 0], self.residual[:, 1]
        if name == "OLS":
            return float(self._slopes(d[:, None], y).std_error[0])
        z = self.residual[:, [2]]
        if name == "first stage":
            return float(self._slopes(z, d).std_error[0])
        if name == "reduced form":
            return float(self._slopes(z, y).std_error[0])
        # the 2SLS error is that of the slope of y - b d on z, over the first stage's slope
        b = self.coefficient("2SLS")
        pi = self.coefficient("first stage")
        return float(self._slopes(z, y - b * d).std_error[0]) / abs(pi)

    def _slopes(self, z: Floats, v: Floats) -> Any:
        return slopes(z, v, self.covariance, self.factor, self.cluster)

    @property
    def _cluster(self) -> Ints:
        assert self.cluster is not None
        return self.cluster


class Deletions:
    """The sample of one equation, and its residual products without any of its rows."""

    def __init__(
        self, sample: Sample, columns: tuple[str, ...], controls: tuple[str, ...], covariance: str
    ):
        self.sample, self.covariance = sample, covariance
        self.width = len(columns)
        self.raw = sample.columns((*columns, *controls))
        dummies = [dummy_columns(codes) for codes in sample.effects]
        u, s, _ = np.linalg.svd(
            np.hstack([np.ones((len(sample), 1)), *dummies]), full_matrices=False
        )
        self.basis: Floats = u[:, s > 1e-10 * s[0]]
        self.residual = demean(self.raw, sample.effects)

    def without(self, left_out: Ints) -> Products:
        """Raises TooFewRows, TooFewClusters and NoVariation as estimation would."""
        keep = np.ones(len(self.sample), dtype=bool)
        keep[left_out] = False
        if keep.sum() < 2:
            raise TooFewRows("no two rows are left")
        residual = self.residual[keep]
        if len(left_out):
            inside = self.basis[left_out]
            values, vectors = np.linalg.eigh(np.eye(len(left_out)) - inside @ inside.T)
            there = vectors[:, values > 1e-10]
            inverse = (there / values[values > 1e-10]) @ there.T
            residual = residual + self.basis[keep] @ (
                inside.T @ (inverse @ self.residual[left_out])
            )
        return self._products(np.flatnonzero(keep), residual)

    def _products(self, rows: Ints, residual: Floats) -> Products:
        alone = self._alone(rows)
        rows, residual = rows[~alone], residual[~alone]
        if len(rows) < 2:
            raise TooFewRows("no two rows are left")
        effects = [compact(codes[rows]) for codes in self.sample.effects]
        cluster = None
        if self.sample.cluster is not None:
            cluster = compact(self.sample.cluster[rows])
        clustered = self.covariance == "clustered"
        if clustered and (cluster is None or cluster.max() < 1):
            raise TooFewClusters("all rows left lie in one cluster")
        raw = self.raw[rows]
        spread = _norms(raw - raw.mean(axis=0))
        spread = np.where(spread <= 1e-12 * _norms(raw), 0.0, spread)
        moving = (spread > 0.0) & (_norms(residual) > RELATIVE_ZERO * spread)
        controls = residual[:, self.width :][:, moving[self.width :]]
        controls = controls[:, _independent(controls)]
        k = 1 + controls.shape[1]
        if len(rows) <= k + effect_parameters(effects):
            raise TooFewRows(f"{len(rows)} rows cannot identify the equation")
        main = residual[:, : self.width]
        out = partial_out(main, controls)
        varies = moving[: self.width] & (_norms(out) > RELATIVE_ZERO * _norms(main))
        used = k + effect_parameters(effects, cluster if clustered else None)
        n = len(rows)
        factor = n / (n - used)
        if clustered:
            assert cluster is not None
            g = int(cluster.max()) + 1
            factor *= g / (g - 1) * (n - 1) / n
        return Products(
            out, controls, tuple(varies.tolist()), cluster, float(factor), self.covariance
        )

    def _alone(self, rows: Ints) -> NDArray[np.bool_]:
        """Which of the rows are alone in a level of an effect, once such rows are gone."""
        left = np.ones(len(rows), dtype=bool)
        while True:
            gone = np.zeros(len(rows), dtype=bool)
            for codes in self.sample.effects:
                own = codes[rows]
                gone |= left & (np.bincount(own[left], minlength=int(own.max()) + 1)[own] == 1)
            if not gone.any():
                return ~left
            left &= ~gone


@dataclass(frozen=True)
class Slopes:
    """Slope of v on each instrument and its standard error; NaN where an instrument is zero."""

    estimate: Floats
    std_error: Floats

    @property
    def t(self) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio: Floats = self.estimate / self.std_error
        return ratio

    @property
    def f(self) -> Floats:
        """Wald F of the one instrument; in a first stage the Kleibergen-Paap and effective F."""
        squared: Floats = self.t**2
        return squared


def slopes(
    z: Floats, v: Floats, covariance: str, factor: float, cluster: Codes | None = None
) -> Slopes:
    """v on each column of z.

    Parameters
    ----------
    z : (n, B) and v : (n,), residuals on effects and controls.
    covariance : "iid", "robust" or "clustered"; `factor` is its small-sample factor
        (`Design.small_sample_factor`). cluster : codes, where clustered.

    Notes
    -----
    V = factor (z'z)^-2 sum_g (sum_{i in g} z_i u_i)^2, each row its own g where robust;
    factor u'u / n / z'z where iid.
    """
    zz = np.einsum("ij,ij->j", z, z)
    zz = np.where(zz > 0.0, zz, np.nan)
    estimate = (v @ z) / zz
    u = v[:, None] - z * estimate
    if covariance == "iid":
        variance = factor * np.einsum("ij,ij->j", u, u) / len(v) / zz
    else:
        scores = z * u
        if covariance == "clustered":
            assert cluster is not None
            scores = np.eye(int(cluster.max()) + 1)[:, cluster] @ scores
        variance = factor * np.einsum("ij,ij->j", scores, scores) / zz**2
    return Slopes(estimate, np.sqrt(variance))


def without_rounding(residual: Floats, raw: Floats) -> Floats:
    """`residual` with columns of zeros where nothing but rounding is left of the raw columns."""
    spread = np.linalg.norm(raw - raw.mean(axis=0), axis=0)
    there = np.linalg.norm(residual, axis=0) > RELATIVE_ZERO * spread
    cleaned: Floats = np.where(there, residual, 0.0)
    return cleaned
