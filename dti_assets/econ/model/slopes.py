"""Regressions on one column at a time, in closed form: many instruments or draws at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dti_assets.econ.model.projection import Floats, Ints, cluster_sums


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
    z: Floats, v: Floats, covariance: str, factor: float, cluster: Ints | None = None
) -> Slopes:
    """v on each column of z.

    Parameters
    ----------
    z : (n, B) and v : (n,), or (n, B) with one column for each of z; residuals on effects and
        controls.
    covariance : "iid", "robust" or "clustered"; `factor` is its small-sample factor
        (`small_sample_factor`). cluster : codes, where clustered.

    Notes
    -----
    V = factor (z'z)^-2 sum_g (sum_{i in g} z_i u_i)^2, each row its own g where robust;
    factor u'u / n / z'z where iid.
    """
    v = v.reshape(len(z), -1)
    zz = np.einsum("ij,ij->j", z, z)
    zz = np.where(zz > 0.0, zz, np.nan)
    estimate = np.sum(z * v, axis=0) / zz
    u = v - z * estimate
    if covariance == "iid":
        variance = factor * np.einsum("ij,ij->j", u, u) / len(v) / zz
    else:
        scores = z * u
        if covariance == "clustered":
            assert cluster is not None
            scores = cluster_sums(scores, cluster)
        variance = factor * np.einsum("ij,ij->j", scores, scores) / zz**2
    return Slopes(estimate, np.sqrt(variance))
