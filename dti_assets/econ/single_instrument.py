"""Closed forms for many instruments at once, each alone in the first stage and the reduced form.

Everything is a function of columns that are residuals on the fixed effects and the controls
(Frisch, Waugh and Lovell): slope z'v / z'z, and its standard error under the three covariances of
`estimate`. One column of `z` is one instrument, so that a thousand cost one product of matrices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dti_assets.econ.design import RELATIVE_ZERO

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]


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
