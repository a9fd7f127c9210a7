"""Leaving one cluster out in turn: CRV3 errors, the jackknife F, and who drives the estimate.

A deletion leaves the sum of the other clusters' cross products; effects that are not nested in
the cluster are re-estimated each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dti_assets.econ.inference.cluster_products import ClusterProducts, cluster_products
from dti_assets.econ.model.design import Design, build
from dti_assets.econ.model.estimation import estimate
from dti_assets.econ.model.projection import (
    RELATIVE_ZERO,
    Bools,
    Floats,
    Ints,
    demean,
    effect_parameters,
    norms,
    small_sample_factor,
    varies,
)
from dti_assets.econ.model.sample import compact
from dti_assets.econ.model.specification import Specification
from dti_assets.econ.paper.resolution import FEWEST_CLUSTERS
from dti_assets.errors import EconError

if TYPE_CHECKING:
    import pandas as pd

# Cross products hold half the digits of the rows: with a smaller eigenvalue than this (of columns
# of length one) the rows themselves are used, so that no result rests on how a product is rounded
_SOUND = 1e-6


@dataclass(frozen=True)
class Jackknife:
    """Leave-one-cluster-out results.

    estimates : frame, one row per cluster left out (index), one column per slope; NaN where the
    rows left do not identify it. reasons : why, in a frame of the same form; None where they do.
    std_errors : CRV3, sqrt((G-1)/G sum_g (b_(g) - b)^2) (MacKinnon, Nielsen and Webb 2023); NaN
    where some deletion has no estimate: a number in its place, such as the zero of a generalised
    inverse, would make the error a function of the coefficient itself.
    why_none : the reason there, a Series by term; None where there is an error.
    first_stage_f : Series, CRV1 F of the excluded instruments without each cluster; None without
        instruments. jackknife_f : F with the CRV3 covariance of the whole sample; None where some
        deletion does not identify the first stage; no_jackknife_f : the reason there.
    smallest_f, smallest_f_without : the least of `first_stage_f` and the cluster left out there.
    """

    estimates: pd.DataFrame
    reasons: pd.DataFrame
    std_errors: pd.Series
    why_none: pd.Series
    first_stage_f: pd.Series | None
    jackknife_f: float | None
    no_jackknife_f: str | None
    smallest_f: float | None
    smallest_f_without: object


def jackknife(spec: Specification, frame: pd.DataFrame) -> Jackknife:
    """Re-estimate `spec` without each cluster.

    Works for OLS and 2SLS with any fixed effects. A deletion identifies a slope if every solution
    has the same one; variation below nine digits of a column's own is rounding.

    Raises
    ------
    SpecificationError without a cluster; TooFewClusters below two; and `estimate`'s errors.
    """
    import pandas as pd

    frame = frame.reset_index(drop=True)  # labels that stand for one row each
    design = build(spec, frame, "clustered" if spec.cluster else None)
    deletions = _Deletions(design, cluster_products(design))
    products = deletions.products
    names = [str(label) for label in products.labels]
    index, terms = pd.Index(names, name=design.spec.cluster), list(design.terms)
    slopes, found, ranks = deletions.solve(
        products.outcome, np.concatenate([products.endogenous, products.exogenous])
    )
    why = _reasons(deletions, found, ranks)
    reasons = pd.DataFrame(why, index=index, columns=terms, dtype=object)
    estimates = pd.DataFrame(slopes[1:], index=index, columns=terms).where(reasons.isna())
    g = products.n_clusters
    spread = np.sqrt((g - 1) / g * np.sum((estimates.to_numpy() - slopes[0]) ** 2, axis=0))
    errors = pd.Series(spread, index=terms, name="se_crv3")
    told = [_first_reason("CRV3 error", reasons[[term]]) for term in terms]
    why_none = pd.Series(told, index=terms, name="why", dtype=object)
    if not design.spec.endogenous:
        return Jackknife(estimates, reasons, errors, why_none, *[None] * 5)
    term, q = design.spec.endogenous[0], len(products.instruments)
    pi, found, ranks = deletions.solve(
        int(products.endogenous[0]), np.concatenate([products.instruments, products.exogenous])
    )
    strength = _first_stage_f(deletions, frame)
    strength[reasons[term].notna()] = np.nan
    least = None if np.isnan(strength).all() else int(np.nanargmin(strength))
    stage = pd.DataFrame(_reasons(deletions, found[:, :q], ranks), index=index, dtype=object)
    no_f = _first_reason("jackknife F", stage.assign(slope=reasons[term]))
    return Jackknife(
        estimates=estimates,
        reasons=reasons,
        std_errors=errors,
        why_none=why_none,
        first_stage_f=pd.Series(strength, index=index, name="F"),
        jackknife_f=None if no_f else _jackknife_f(pi[0, :q], pi[1:, :q]),
        no_jackknife_f=no_f,
        smallest_f=None if least is None else float(strength[least]),
        smallest_f_without=None if least is None else names[least],
    )


class _Deletions:
    """The whole sample, then the sample without each cluster: 1 + G sets of rows.

    moments : (1 + G, m, m), each the sum of the clusters it has. Nothing is subtracted, so that
    what the cluster left out alone holds is zero and not what rounding leaves of it.
    """

    def __init__(self, design: Design, products: ClusterProducts) -> None:
        self.design = design
        self.products = products
        before = np.cumsum(products.products, axis=0)
        after = np.cumsum(products.products[::-1], axis=0)[::-1]
        none = np.zeros_like(before[:1])
        without = np.concatenate([none, before[:-1]]) + np.concatenate([after[1:], none])
        self.moments = np.concatenate([before[-1:], without])
        columns = np.concatenate([products.instruments, products.controls])
        self.sound = _inverted(self._block(columns, columns))[1]

    def _block(self, rows: Ints, columns: Ints) -> Floats:
        return self.moments[:, rows[:, None], columns]

    def solve(self, outcome: int, slopes: Ints) -> tuple[Floats, Bools, Ints]:
        """Regress a column on others, with the instruments where an endogenous one is among them.

        outcome, slopes : positions in `products`. Returns, for every set, the slopes in original
        units, whether each is identified, and how many the set's rows can identify.
        """
        products = self.products
        two_stage = np.isin(products.endogenous, slopes).any()
        outer = np.concatenate([products.instruments, products.exogenous]) if two_stage else slopes
        x = np.concatenate([slopes, products.nuisance])
        z = np.concatenate([outer, products.nuisance])
        among, sound = _inverted(self._block(z, z))
        first = among @ self._block(z, x)
        bread, invertible = _inverted(np.swapaxes(self._block(z, x), 1, 2) @ first)
        right = np.swapaxes(first, 1, 2) @ self._block(z, np.array([outcome]))
        scale = products.scale[outcome] / products.scale[slopes]
        solved = (bread @ right)[:, : len(slopes), 0] * scale
        identified = np.ones(solved.shape, dtype=bool)
        ranks = np.full(len(solved), len(outer))
        for place in np.flatnonzero(~(sound & invertible)).tolist():
            columns = self._columns(self.rows(place))
            solved[place], identified[place], ranks[place] = _least_squares(
                columns[:, outcome], columns[:, slopes], columns[:, outer]
            )
        return solved, identified, ranks

    def rows(self, place: int) -> Bools:
        """Which rows a set has."""
        return np.asarray(self.design.sample.cluster != place - 1)

    def _columns(self, keep: Bools) -> Floats:
        """The columns of `products` but the nuisance, of some rows, effects projected out."""
        design = self.design
        names = (
            design.spec.outcome,
            *design.spec.endogenous,
            *design.instrument_names,
            *design.exogenous_names,
        )
        raw = design.sample.columns(names)[keep]
        left = demean(raw, [compact(codes[keep]) for codes in design.sample.effects])
        return np.where(varies(raw, left), left, 0.0)


def _inverted(matrices: Floats) -> tuple[Floats, Bools]:
    """Inverses of cross products (S, m, m), and which are sound; the others' are no inverses."""
    size = np.sqrt(np.diagonal(matrices, axis1=1, axis2=2))
    size = np.where(size > 0, size, np.inf)
    outer = size[:, :, None] * size[:, None, :]
    scaled = matrices / outer
    sound = np.linalg.eigvalsh(scaled).min(axis=1, initial=1.0) > _SOUND
    scaled[~sound] = np.eye(matrices.shape[1])
    return np.linalg.inv(scaled) / outer, sound


def _least_squares(y: Floats, x: Floats, z: Floats) -> tuple[Floats, Bools, int]:
    """Slopes of y on x with the instruments z (x itself for OLS), whether each is identified, and
    the rank of z. A slope is identified where every solution has it."""
    x_scale, z_scale = (np.maximum(norms(c), np.finfo(float).tiny) for c in (x, z))
    basis, size, _ = np.linalg.svd(z / z_scale, full_matrices=False)
    basis = basis[:, size > RELATIVE_ZERO]
    fitted = basis @ (basis.T @ (x / x_scale))
    left, size, right = np.linalg.svd(fitted, full_matrices=False)
    kept = size > RELATIVE_ZERO
    solution = right[kept].T @ (left[:, kept].T @ y / size[kept])
    # the diagonal of the projection on what the rows determine is 1 for what they determine
    return solution / x_scale, np.sum(right[kept] ** 2, axis=0) > 1 - 1e-8, basis.shape[1]


def _reasons(deletions: _Deletions, identified: Bools, ranks: Ints) -> list[list[str | None]]:
    """Why each slope is not identified without each cluster, or None."""
    design = deletions.design
    what = "a regressor or instrument" if design.spec.endogenous else "the regressor"
    still = f"{what} has no variation left, given controls and effects"
    out: list[list[str | None]] = []
    for place in range(1, len(identified)):
        keep = deletions.rows(place)
        kept = [compact(codes[keep]) for codes in design.sample.effects]
        rows, used = int(keep.sum()), int(ranks[place]) + effect_parameters(kept)
        if rows <= used:
            out.append([f"{rows} rows cannot identify {used} parameters"] * identified.shape[1])
        else:
            out.append([None if found else still for found in identified[place]])
    return out


def _first_reason(what: str, reasons: pd.DataFrame) -> str | None:
    """Why there is no such thing: the first cluster without which a column is not identified."""
    for left, row in zip(reasons.index, reasons.to_numpy(), strict=True):
        for reason in row:
            if reason is not None:
                return f"no {what}: without {left} {reason}"
    return None


def _jackknife_f(whole: Floats, without: Floats) -> float | None:
    """Wald / q of first-stage coefficients (q,) with the CRV3 covariance of (G, q) deletions."""
    g, q = without.shape
    deviations = without - whole
    scale = norms(deviations)
    if (scale <= RELATIVE_ZERO * np.abs(whole)).all():
        return float("inf")
    if q > g - 1 or (scale == 0).any():
        return None
    pi, correlation = whole / scale, (deviations / scale).T @ (deviations / scale)
    if np.linalg.matrix_rank(correlation, hermitian=True) < q:
        return None
    return float(pi @ np.linalg.solve(correlation, pi) / q * g / (g - 1))


def _first_stage_f(deletions: _Deletions, frame: pd.DataFrame) -> Floats:
    """(G,) CRV1 first-stage F without each cluster; NaN where too few clusters are left."""
    design, products = deletions.design, deletions.products
    q, g = len(products.instruments), products.n_clusters
    columns = np.concatenate([products.instruments, products.controls])
    m = len(products.scale)
    out = np.full(g, np.nan)
    if q > g - 2 or g - 1 < FEWEST_CLUSTERS:
        return out
    for left in range(g):
        keep = np.arange(g) != left
        moments = deletions.moments[left + 1]
        if not deletions.sound[left + 1]:
            out[left] = _f_of_rows(design, frame, deletions.rows(left + 1))
            continue
        controls = products.controls
        z = np.zeros((m, q))
        z[products.instruments, np.arange(q)] = 1.0
        if len(controls):
            z[controls] = -np.linalg.solve(
                moments[np.ix_(controls, controls)],
                moments[np.ix_(controls, products.instruments)],
            )
        v = np.zeros(m)
        v[products.endogenous[0]] = 1.0
        v[columns] -= np.linalg.solve(
            moments[np.ix_(columns, columns)], moments[columns, products.endogenous[0]]
        )
        scores = (products.products[keep] @ v) @ z
        bread = z.T @ moments @ z
        n = design.n - int(products.sizes[left])
        k = design.parameters(q + design.exogenous.shape[1])
        if n <= k:
            continue
        meat = small_sample_factor(n, k, g - 1) * scores.T @ scores
        if np.linalg.matrix_rank(meat, hermitian=True) < q:
            continue
        direction = -bread @ v[products.instruments]
        out[left] = float(direction @ np.linalg.solve(meat, direction)) / q
    return out


def _f_of_rows(design: Design, frame: pd.DataFrame, keep: Bools) -> float:
    """CRV1 first-stage F of some of the rows, estimated anew; NaN where they give none."""
    try:
        stage = estimate(
            design.spec.with_(covariance="clustered"), frame.loc[design.sample.rows[keep]]
        ).first_stage
    except EconError:
        return float("nan")
    found = None if stage is None else stage.f_statistic
    return float("nan") if found is None else found
