"""Mediation: total, direct and indirect effects on one sample, with honest uncertainty.

Three equations on the same rows: outcome on treatment (total), mediator on treatment (a), outcome
on treatment and mediator (direct, b). Then total = direct + a b exactly. Whether a b deserves a
causal name is another matter: it needs no unobserved mediator-outcome confounder (Imai, Keele and
Yamamoto 2010), `rho_at_zero` says how much of one would undo it, and Jiang Ting (2022) advises
against printing the direct equation as evidence at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dti_assets.econ.inference.cluster_products import ClusterProducts, products_of
from dti_assets.econ.model.design import Design, build
from dti_assets.econ.model.estimation import estimate
from dti_assets.econ.model.projection import Floats, Ints
from dti_assets.econ.model.results import check_level
from dti_assets.econ.model.specification import Covariance, Specification
from dti_assets.errors import NoVariation, SpecificationError

if TYPE_CHECKING:
    import pandas as pd


_CHUNK = 250
# A column with less than this share of its variation left is a combination of the others
SINGULAR = 1e-10


@dataclass(frozen=True)
class Mediation:
    """Effects of `treatment` on `outcome` through `mediator`.

    a : treatment on mediator. b : mediator on outcome, treatment given. total, direct : treatment
    on outcome without and with the mediator(s). indirect = a b. `se_a` ... are the standard errors
    of the three equations (clustered where a cluster is named).
    sobel_z = a b / sqrt(a^2 sb^2 + b^2 sa^2); aroian_z adds sa^2 sb^2 under the root.
    conf_int : percentile interval of a b from `draws` resamples of whole clusters (rows without
    a cluster) at `level`; `draws_used` counts the draws in which all effects were identified.
    share_mediated : a b / total where direct effect, indirect effect and `others` have one sign;
    else None, for effects that offset each other are no shares of their sum (MacKinnon 2008;
    Preacher and Kelley 2011).
    rho_at_zero : correlation between the errors of the mediator equation and of the outcome
    equation, other mediators held fixed in both, at which the indirect effect would be zero
    (Imai, Keele and Yamamoto 2010).
    others : indirect effects through `other_mediators`; total = direct + indirect + sum(others).
    """

    treatment: str
    mediator: str
    outcome: str
    a: float
    b: float
    total: float
    direct: float
    indirect: float
    se_a: float
    se_b: float
    se_total: float
    se_direct: float
    sobel_z: float
    sobel_p: float
    aroian_z: float
    aroian_p: float
    conf_int: tuple[float, float]
    level: float
    share_mediated: float | None
    rho_at_zero: float
    others: dict[str, float]
    nobs: int
    n_clusters: int | None
    draws_used: int

    def sentence(self) -> str:
        """The result in plain words, without a claim the design cannot carry."""
        low, high = self.conf_int
        zero = "excludes" if low > 0 or high < 0 else "includes"
        share = (
            "no share mediated is given, because direct and indirect effects differ in sign"
            if self.share_mediated is None
            else f"{100 * self.share_mediated:.0f} % of the total effect"
        )
        return (
            f"Indirect effect of {self.treatment} through {self.mediator}: {self.indirect:.3f}, "
            f"{100 * self.level:g} % interval [{low:.3f}, {high:.3f}], which {zero} zero; {share}. "
            f"An error correlation of {self.rho_at_zero:.2f} between the mediator and outcome "
            "equations would make it zero. An insignificant direct effect is not full mediation."
        )


def mediation(
    frame: pd.DataFrame,
    treatment: str,
    mediator: str,
    outcome: str,
    controls: Iterable[str] = (),
    fixed_effects: Iterable[str] = (),
    cluster: str | None = None,
    draws: int = 5000,
    seed: int = 0,
    level: float = 0.95,
    other_mediators: Iterable[str] = (),
    covariance: Covariance | None = None,
) -> Mediation:
    """Mediation analysis of one mediator, or of one among several in parallel.

    Parameters
    ----------
    frame : one row per observation. All equations use the rows complete in every column named.
    controls, fixed_effects : as in `Specification`.
    cluster : resampled whole, with its own copy of its effects each time it is drawn; without a
        cluster rows are resampled.
    draws, seed, level : of the percentile bootstrap; `draws=0` leaves the interval NaN.
    other_mediators : further mediators in the outcome equation (the joint version).
    covariance : of every equation, as in `Specification`.

    Returns
    -------
    Mediation

    Raises
    ------
    SpecificationError for a column in two roles, NoVariation where fixed effects absorb treatment
    or mediator, and the errors of `estimate`.
    """
    from scipy import stats

    check_level(level)
    if draws < 0:
        raise SpecificationError(f"the number of draws cannot be negative: {draws}")
    mediators = (
        mediator,
        *((other_mediators,) if isinstance(other_mediators, str) else other_mediators),
    )
    listed = (controls,) if isinstance(controls, str) else tuple(controls)
    base = Specification(
        outcome=outcome,
        regressors=(treatment, *mediators, *listed),
        fixed_effects=tuple((fixed_effects,) if isinstance(fixed_effects, str) else fixed_effects),
        cluster=cluster,
        covariance=covariance,
    )
    if not frame.index.is_unique:  # rows are identified by their label below
        frame = frame.reset_index(drop=True)
    design = build(base, frame)
    for name in (treatment, *mediators):
        if name in design.absorbed:
            raise NoVariation(f"{name} cannot be part of a mediation: {design.absorbed[name]}")
    # one sample for all equations: the rows that the largest of them keeps
    sample = frame.loc[design.sample.rows]
    kept = tuple(name for name in listed if name in design.exogenous_names)
    direct_fit = estimate(base.with_(regressors=(treatment, *mediators, *kept)), sample)
    total_fit = estimate(base.with_(regressors=(treatment, *kept)), sample)
    first_fits = [
        estimate(base.with_(outcome=m, regressors=(treatment, *kept)), sample) for m in mediators
    ]
    a, se_a = first_fits[0].params[treatment], first_fits[0].std_errors[treatment]
    b, se_b = direct_fit.params[mediator], direct_fit.std_errors[mediator]
    total, direct = float(total_fit.params[treatment]), float(direct_fit.params[treatment])
    indirect = float(a * b)
    spread = a**2 * se_b**2 + b**2 * se_a**2
    sobel, aroian = indirect / np.sqrt(spread), indirect / np.sqrt(spread + se_a**2 * se_b**2)
    others = {
        name: float(fit.params[treatment] * direct_fit.params[name])
        for name, fit in zip(mediators[1:], first_fits[1:], strict=True)
    }
    interval, used = _percentile_interval(design, mediators, treatment, draws, seed, level)
    # b is zero where outcome and mediator are uncorrelated given the treatment and all that the
    # direct equation holds fixed, the other mediators too
    given = base.with_(regressors=(treatment, *mediators[1:], *kept))
    e1 = estimate(given, sample).residuals
    e2 = estimate(given.with_(outcome=mediator), sample).residuals
    return Mediation(
        treatment=treatment,
        mediator=mediator,
        outcome=outcome,
        a=float(a),
        b=float(b),
        total=total,
        direct=direct,
        indirect=indirect,
        se_a=float(se_a),
        se_b=float(se_b),
        se_total=float(total_fit.std_errors[treatment]),
        se_direct=float(direct_fit.std_errors[treatment]),
        sobel_z=float(sobel),
        sobel_p=float(2 * stats.norm.sf(abs(sobel))),
        aroian_z=float(aroian),
        aroian_p=float(2 * stats.norm.sf(abs(aroian))),
        conf_int=interval,
        level=level,
        share_mediated=_share([indirect, direct, *others.values()]),
        rho_at_zero=_correlation(e1, e2),
        others=others,
        nobs=direct_fit.nobs,
        n_clusters=direct_fit.n_clusters,
        draws_used=used,
    )


def _share(parts: list[float]) -> float | None:
    """The first of `parts` as a share of their sum; None unless all have one sign."""
    one_sign = min(parts) >= 0 or max(parts) <= 0
    return parts[0] / sum(parts) if one_sign and any(parts) else None


def _correlation(first: pd.Series, second: pd.Series) -> float:
    """Correlation of residuals (mean zero) of two equations on the same rows."""
    x, y = first.sort_index().to_numpy(), second.sort_index().to_numpy()
    return float(x @ y / np.sqrt((x @ x) * (y @ y)))


def _percentile_interval(
    design: Design,
    mediators: tuple[str, ...],
    treatment: str,
    draws: int,
    seed: int,
    level: float,
) -> tuple[tuple[float, float], int]:
    """Percentile interval of a b: all draws from the clusters' cross products."""
    if draws == 0:
        return (float("nan"), float("nan")), 0
    sample = design.sample
    if sample.cluster is None:
        units, labels = np.arange(design.n), tuple(range(design.n))
    else:
        units, labels = sample.cluster, sample.cluster_labels
    products = products_of(design, units, labels)
    effects = bootstrap_effects(
        products,
        products.exogenous[design.exogenous_names.index(treatment)],
        [int(products.exogenous[design.exogenous_names.index(m)]) for m in mediators],
        draws,
        seed,
    )
    effects = effects[np.isfinite(effects)]
    if len(effects) == 0:
        return (float("nan"), float("nan")), 0
    tail = (1 - level) / 2
    low, high = np.quantile(effects, [tail, 1 - tail])
    return (float(low), float(high)), len(effects)


def bootstrap_effects(
    products: ClusterProducts, treatment: int, mediators: list[int], draws: int, seed: int
) -> Floats:
    """(draws,) indirect effects through mediators[0]; NaN where a draw does not identify it.

    A draw takes G clusters with replacement, so its moments are sum_g count_g A_g; the dummies of
    levels that are not drawn are left out.
    """
    g, m = products.n_clusters, len(products.scale)
    picks = np.random.default_rng(seed).integers(0, g, size=(draws, g))
    offsets = (np.arange(draws) * g)[:, None]
    counts = np.bincount((picks + offsets).ravel(), minlength=draws * g).reshape(draws, g)
    flat = products.products.reshape(g, m * m)
    controls = np.array(
        [j for j in products.controls if j != treatment and j not in mediators], dtype=int
    )
    first = np.concatenate([[treatment], controls]).astype(int)
    second = np.concatenate([mediators, [treatment], controls]).astype(int)
    targets = (mediators[0], products.outcome)
    scale = products.scale
    units = (scale[mediators[0]] / scale[treatment]) * (
        scale[products.outcome] / scale[mediators[0]]
    )
    out = np.empty(draws)
    for start in range(0, draws, _CHUNK):
        stop = min(start + _CHUNK, draws)
        moments = (counts[start:stop] @ flat).reshape(-1, m, m)
        a = _solve(moments, first, targets[0])[:, 0]
        b = _solve(moments, second, targets[1])[:, 0]
        out[start:stop] = a * b * units
    return out


def _solve(moments: Floats, on: Ints, target: int) -> Floats:
    """(S, len(on)) coefficients; NaN rows where the moments are singular."""
    left = moments[:, on[:, None], on].copy()
    right = moments[:, on, target][:, :, None]
    diagonal = np.arange(len(on))
    size = left[:, diagonal, diagonal]
    left[:, diagonal, diagonal] = size = np.where(size <= 0.0, 1.0, size)
    # the Cholesky pivot over the diagonal is 1 - R2 of a column on those before it
    left[:, diagonal, diagonal] += 1e-12 * size
    pivots = np.linalg.cholesky(left)[:, diagonal, diagonal] ** 2
    left[:, diagonal, diagonal] -= 1e-12 * size
    singular = np.any(pivots < SINGULAR * size, axis=1)
    left[singular] = np.eye(len(on))
    solution = np.asarray(np.linalg.solve(left, right)[:, :, 0], dtype=float)
    solution[singular] = np.nan
    return solution
