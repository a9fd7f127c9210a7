"""Leaving one cluster out in turn: CRV3 errors, the jackknife F, and who drives the estimate.

Every deletion is a subtraction of one cluster's cross products; effects that are not nested in
the cluster are re-estimated each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dti_assets.econ.inference.cluster_products import ClusterProducts, cluster_products
from dti_assets.econ.model.design import Design, build
from dti_assets.econ.model.projection import (
    Bools,
    Floats,
    Ints,
    effect_parameters,
    small_sample_factor,
)
from dti_assets.econ.model.sample import compact
from dti_assets.econ.model.specification import Specification
from dti_assets.econ.paper.resolution import FEWEST_CLUSTERS

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Jackknife:
    """Leave-one-cluster-out results.

    estimates : frame, one row per cluster left out (index), one column per slope; NaN where the
    rows left do not identify it. reasons : why, in a frame of the same form; None where they do.
    std_errors : CRV3, sqrt((G-1)/G sum_g (b_(g) - b)^2) (MacKinnon, Nielsen and Webb 2023).
    first_stage_f : Series, CRV1 F of the excluded instruments without each cluster; None without
        instruments. jackknife_f : F with the CRV3 covariance of the whole sample.
    smallest_f, smallest_f_without : the least of `first_stage_f` and the cluster left out there.
    """

    estimates: pd.DataFrame
    reasons: pd.DataFrame
    std_errors: pd.Series
    first_stage_f: pd.Series | None
    jackknife_f: float | None
    smallest_f: float | None
    smallest_f_without: object


def jackknife(spec: Specification, frame: pd.DataFrame) -> Jackknife:
    """Re-estimate `spec` without each cluster.

    Works for OLS and 2SLS with any fixed effects. A deletion that leaves a regressor without
    variation enters CRV3 by its minimum-norm solution, as a generalised inverse gives it; such a
    solution is no estimate, and `estimates` has none there.

    Raises
    ------
    SpecificationError without a cluster; TooFewClusters below two; and `estimate`'s errors.
    """
    import pandas as pd

    design = build(spec, frame, "clustered" if spec.cluster else None)
    products = cluster_products(design)
    without = products.total - products.products
    whole = products.total[None]
    rows = [str(label) if not isinstance(label, str) else label for label in products.labels]
    index = pd.Index(rows, name=design.spec.cluster)
    slopes, identified = _slopes(products, without)
    full = _slopes(products, whole)[0][0]
    why = _reasons(design, products, without, identified)
    g = products.n_clusters
    spread = np.sqrt((g - 1) / g * np.sum((slopes - full) ** 2, axis=0))
    reasons = pd.DataFrame(why, index=index, columns=list(design.terms), dtype=object)
    estimates = pd.DataFrame(slopes, index=index, columns=list(design.terms)).where(reasons.isna())
    errors = pd.Series(spread, index=list(design.terms), name="se_crv3")
    if not design.spec.endogenous:
        return Jackknife(estimates, reasons, errors, None, None, None, None)
    found = _first_stage_f(design, products, without)
    found[reasons[design.spec.endogenous[0]].notna()] = np.nan
    least = None if np.isnan(found).all() else int(np.nanargmin(found))
    return Jackknife(
        estimates=estimates,
        reasons=reasons,
        std_errors=errors,
        first_stage_f=pd.Series(found, index=index, name="F"),
        jackknife_f=_jackknife_f(products, without, whole),
        smallest_f=None if least is None else float(found[least]),
        smallest_f_without=None if least is None else rows[least],
    )


def _slopes(products: ClusterProducts, moments: Floats) -> tuple[Floats, Bools]:
    """(S, slopes) OLS or 2SLS slopes in original units for S sets of moments (S, m, m).

    With them, whether each is identified: no solution of the normal equations has another value.
    """
    regressors = np.concatenate([products.endogenous, products.controls])
    instruments = np.concatenate([products.instruments, products.controls])
    outcome = np.array([products.outcome])
    if len(products.endogenous):
        qq = _inverse(moments[:, instruments[:, None], instruments])
        qx = moments[:, instruments[:, None], regressors]
        first = qq @ qx
        bread = np.swapaxes(qx, 1, 2) @ first
        right = np.swapaxes(first, 1, 2) @ moments[:, instruments[:, None], outcome]
    else:
        bread = moments[:, regressors[:, None], regressors]
        right = moments[:, regressors[:, None], outcome]
    inverse = _inverse(bread)
    coefficients = (inverse @ right)[:, :, 0]
    # the diagonal of the projection on what the moments determine is 1 for what they determine
    determined = np.diagonal(inverse @ bread, axis1=1, axis2=2)
    keep = len(products.endogenous) + len(products.exogenous)
    scale = products.scale[products.outcome] / products.scale[regressors[:keep]]
    return coefficients[:, :keep] * scale, determined[:, :keep] > 1 - 1e-8


def _reasons(
    design: Design, products: ClusterProducts, without: Floats, identified: Bools
) -> list[list[str | None]]:
    """Why each slope is not identified without each cluster, or None."""
    assert design.sample.cluster is not None
    columns = np.concatenate([products.instruments, products.controls])
    slopes = _rank(without, columns) - _rank(without, products.nuisance)
    what = "a regressor or instrument" if design.spec.endogenous else "the regressor"
    still = f"{what} has no variation left, given controls and effects"
    out: list[list[str | None]] = []
    for left in range(products.n_clusters):
        keep = design.sample.cluster != left
        kept = [compact(codes[keep]) for codes in design.sample.effects]
        rows, used = int(keep.sum()), int(slopes[left]) + effect_parameters(kept)
        if rows <= used:
            out.append([f"{rows} rows cannot identify {used} parameters"] * identified.shape[1])
        else:
            out.append([None if found else still for found in identified[left]])
    return out


def _rank(moments: Floats, columns: Ints) -> Ints:
    """(S,) ranks of some of the columns; the trace of a projection is its rank."""
    part = moments[:, columns[:, None], columns]
    traces = np.trace(_inverse(part) @ part, axis1=1, axis2=2)
    return np.rint(traces).astype(np.int64)


def _first_stage(products: ClusterProducts, moments: Floats) -> Floats:
    """(S, instruments + controls) first-stage coefficients in scaled units."""
    columns = np.concatenate([products.instruments, products.controls])
    target = products.endogenous[:1]
    solved = _inverse(moments[:, columns[:, None], columns]) @ moments[:, columns[:, None], target]
    out: Floats = solved[:, :, 0]
    return out


def _jackknife_f(products: ClusterProducts, without: Floats, whole: Floats) -> float | None:
    q, g = len(products.instruments), products.n_clusters
    if q > g - 1:
        return None
    pi = _first_stage(products, whole)[0, :q]
    deviations = _first_stage(products, without)[:, :q] - pi
    covariance = (g - 1) / g * deviations.T @ deviations
    if np.linalg.matrix_rank(covariance, hermitian=True) < q:
        return None
    return float(pi @ np.linalg.solve(covariance, pi) / q)


def _first_stage_f(design: Design, products: ClusterProducts, without: Floats) -> Floats:
    """(G,) CRV1 first-stage F without each cluster; NaN where too few clusters are left."""
    q, g = len(products.instruments), products.n_clusters
    columns = np.concatenate([products.instruments, products.controls])
    m = len(products.scale)
    out = np.full(g, np.nan)
    if q > g - 2 or g - 1 < FEWEST_CLUSTERS:
        return out
    pi = _first_stage(products, without)
    for left in range(g):
        moments = without[left]
        controls = products.controls
        z = np.zeros((m, q))
        z[products.instruments, np.arange(q)] = 1.0
        if len(controls):
            z[controls] = (
                -np.linalg.pinv(moments[np.ix_(controls, controls)], rcond=1e-11, hermitian=True)
                @ moments[np.ix_(controls, products.instruments)]
            )
        v = np.zeros(m)
        v[products.endogenous[0]] = 1.0
        v[columns] -= pi[left]
        keep = np.arange(g) != left
        scores = (products.products[keep] @ v) @ z
        bread = z.T @ moments @ z
        n = design.n - int(products.sizes[left])
        k = design.parameters(q + design.exogenous.shape[1])
        if n <= k:
            continue
        meat = small_sample_factor(n, k, g - 1) * scores.T @ scores
        if np.linalg.matrix_rank(meat, hermitian=True) < q:
            continue
        direction = bread @ pi[left, :q]
        out[left] = float(direction @ np.linalg.solve(meat, direction)) / q
    return out


def _inverse(matrices: Floats) -> Floats:
    return np.asarray(np.linalg.pinv(matrices, rcond=1e-11, hermitian=True), dtype=float)
