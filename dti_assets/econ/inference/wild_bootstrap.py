"""The wild cluster restricted bootstrap in score form: many draws in one matrix product.

With residuals u restricted by the null, a draw multiplies each cluster's u_g by v_g. Numerator
and cluster scores of the bootstrap statistic are linear in v, so that all draws are one product
of a matrix with the G x B matrix of weights (MacKinnon 2023; Roodman et al. 2019).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dti_assets.econ.inference.cluster_products import (
    ClusterProducts,
    cluster_products,
)
from dti_assets.econ.model.design import Design, build
from dti_assets.econ.model.projection import Floats, Ints
from dti_assets.econ.model.specification import Specification
from dti_assets.errors import SpecificationError

if TYPE_CHECKING:
    import pandas as pd


WEIGHTS = ("rademacher", "webb")
# Below this many clusters Rademacher signs give too few distinct draws (Webb 2023)
WEBB_CLUSTERS = 12
# Two statistics that agree to this relative precision tie, and ties count against the null
TIE = 1e-9
# Numbers held at once
_HELD = 4_000_000


@dataclass(frozen=True)
class WildTest:
    """Result of a wild cluster restricted bootstrap test.

    p_value : share of draws at least as extreme; (1 + #)/(B + 1) unless `enumerated`.
    statistic : the observed |t|. weights : the weights in use. draws : number of draws in use.
    method : "WCR" for an exogenous coefficient, "Anderson-Rubin WCR" for an endogenous one.
    """

    term: str
    null: float
    p_value: float
    statistic: float
    enumerated: bool
    weights: str
    draws: int
    n_clusters: int
    method: str


def wild_cluster_test(
    spec: Specification,
    frame: pd.DataFrame,
    term: str,
    null: float = 0.0,
    draws: int = 9999,
    weights: str = "rademacher",
    seed: int = 0,
) -> WildTest:
    """Test that the coefficient of `term` equals `null`, imposing the null.

    Parameters
    ----------
    spec : needs a `cluster`; any covariance (the statistic is CRV1).
    term : a regressor, or the only endogenous regressor; then the test is that of Anderson and
        Rubin, that instruments do not explain outcome - null * term, which holds its level
        however weak the instruments are.
    draws : bootstrap draws; all 2^G sign vectors are enumerated where 2^G <= draws.
    weights : "rademacher" (becomes Webb's six points with at most 12 clusters when not
        enumerated) or "webb".
    seed : seed of the draws; the same seed gives the same p-value anywhere.

    Returns
    -------
    WildTest

    Raises
    ------
    SpecificationError
        Unknown term or weights, no cluster, several endogenous regressors; and `estimate`'s.

    References: Cameron, Gelbach and Miller (2008); MacKinnon, Nielsen and Webb (2023).
    """
    design = build(spec, frame, "clustered" if spec.cluster else None)
    if term in spec.endogenous:
        if len(spec.endogenous) > 1:
            raise SpecificationError(
                f"with several endogenous regressors the Anderson-Rubin test of {term} alone is "
                "not defined"
            )
        products = cluster_products(design)
        shift = null * products.unit(products.endogenous)
        outcome = products.unit(products.outcome) - shift
        scores = score_matrices(products, products.instruments, products.controls, outcome)
        method = "Anderson-Rubin WCR"
    elif term in design.exogenous_names:
        if spec.endogenous:
            raise SpecificationError(
                f"{term} is exogenous in an equation with instruments; the restricted wild "
                "bootstrap tests the endogenous regressor there"
            )
        scores, method = coefficient_scores(design, [term], null), "WCR"
    else:
        reason = design.absorbed.get(term, f"{term} is no regressor of this equation")
        raise SpecificationError(f"no coefficient to test: {reason}")
    q, n_clusters = scores.numerator.shape
    signs, enumerated, used = draw_weights(n_clusters, draws, weights, seed)
    observed, simulated = wald_of_draws(scores, signs)
    slopes = design.exogenous.shape[1] + (q if spec.endogenous else 0)
    factor = design.small_sample_factor(slopes, "clustered")
    return WildTest(
        term=term,
        null=float(null),
        p_value=float(bootstrap_p_value(observed, simulated, enumerated)),
        statistic=float(np.sqrt(observed / factor / q)),
        enumerated=enumerated,
        weights=used,
        draws=signs.shape[1],
        n_clusters=n_clusters,
        method=method,
    )


def draw_weights(
    n_clusters: int, draws: int, weights: str = "rademacher", seed: int = 0
) -> tuple[Floats, bool, str]:
    """(G, B) weights, whether they enumerate all sign vectors, and the name of the weights."""
    if weights not in WEIGHTS:
        raise SpecificationError(f"weights {weights!r} are not one of {', '.join(WEIGHTS)}")
    if draws < 1:
        raise SpecificationError(f"a bootstrap needs at least one draw, not {draws}")
    if weights == "rademacher" and n_clusters < 62 and 2**n_clusters <= draws:
        numbers = np.arange(2**n_clusters)
        bits = (numbers[None, :] >> np.arange(n_clusters)[:, None]) & 1
        return np.asarray(1.0 - 2.0 * bits, dtype=float), True, "rademacher"
    rng = np.random.default_rng(seed)
    if weights == "webb" or n_clusters <= WEBB_CLUSTERS:
        points = np.sqrt(np.array([0.5, 1.0, 1.5]))
        values = np.concatenate([-points[::-1], points])
        webb = values[rng.integers(0, 6, size=(n_clusters, draws))]
        return np.asarray(webb, dtype=float), False, "webb"
    signs = 1.0 - 2.0 * rng.integers(0, 2, size=(n_clusters, draws))
    return np.asarray(signs, dtype=float), False, "rademacher"


@dataclass(frozen=True)
class Scores:
    """Linear maps from weights to the bootstrap statistic for q tested columns.

    A draw v gives X'u* = numerator @ v, and cluster scores with the draw's own, unrestricted
    residuals: numerator * v - left @ (right @ v). numerator (q, G), left (q, G, k), right (k, G).
    """

    numerator: Floats
    left: Floats
    right: Floats

    def cluster_scores(self, weights: Floats) -> Floats:
        """(q, G, B) scores of every cluster for weights (G, B)."""
        fitted = self.left @ (self.right @ weights)
        return np.asarray(self.numerator[:, :, None] * weights - fitted, dtype=float)


def score_matrices(
    products: ClusterProducts, tested: Ints, others: Ints, outcome: Floats
) -> Scores:
    """Scores for the null that `tested` columns have coefficient zero given `others`.

    outcome : (m,) weights of the left-hand side over the scaled columns. The tested columns are
    residualised on `others`, as are the restricted residuals; both stay in scaled units, in which
    the statistic is invariant.
    """
    moments, blocks = products.total, products.products
    m = len(products.scale)
    x = np.zeros((m, len(tested)))
    x[tested, np.arange(len(tested))] = 1.0
    u = outcome.copy()
    if len(others):
        among = moments[np.ix_(others, others)]
        x[others] = -np.linalg.solve(among, moments[np.ix_(others, tested)])
        u[others] -= np.linalg.solve(among, moments[others] @ outcome)
    full = np.concatenate([tested, others])
    inverse = np.linalg.inv(moments[np.ix_(full, full)])
    block_u = blocks @ u  # (G, m)
    return Scores(
        numerator=np.einsum("mq,gm->qg", x, block_u),
        left=np.einsum("mq,gmk->qgk", x, blocks[:, :, full]),
        right=inverse @ block_u[:, full].T,
    )


def coefficient_scores(design: Design, terms: Sequence[str], null: float = 0.0) -> Scores:
    """Scores for the null that all exogenous `terms` have the coefficient `null`."""
    products = cluster_products(design)
    tested = products.exogenous[[design.exogenous_names.index(term) for term in terms]]
    others = np.setdiff1d(products.controls, tested)
    outcome = products.unit(products.outcome) - null * products.unit(tested)
    return score_matrices(products, tested, others, outcome)


def chunks_of_draws(scores: Scores, draws: int) -> Iterator[slice]:
    """Slices of the draws small enough for (q, G, chunk) numbers to be held at once."""
    size = max(1, _HELD // scores.numerator.size)
    for start in range(0, draws, size):
        yield slice(start, min(start + size, draws))


def wald(scores: Scores, weights: Floats) -> Floats:
    """(B,) Wald statistics of the draws, without the constant small-sample factor."""
    out = np.empty(weights.shape[1])
    for part in chunks_of_draws(scores, weights.shape[1]):
        numerator = scores.numerator @ weights[:, part]
        residual = scores.cluster_scores(weights[:, part])
        if len(numerator) == 1:
            out[part] = settle(numerator[0] ** 2, np.sum(residual[0] ** 2, axis=0))
        else:
            meat = np.einsum("qgb,rgb->bqr", residual, residual)
            inverse = np.linalg.pinv(meat, hermitian=True, rcond=1e-12)
            out[part] = np.einsum("qb,bqr,rb->b", numerator, inverse, numerator)
    return out


def wald_of_draws(scores: Scores, weights: Floats) -> tuple[float, Floats]:
    """Wald statistics of the sample and of the draws."""
    return float(wald(scores, np.ones((len(weights), 1)))[0]), wald(scores, weights)


def settle(numerator: Floats, denominator: Floats) -> Floats:
    """numerator / denominator; 0/0, which says nothing, counts as extreme."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = numerator / denominator
    out: Floats = np.where(np.isnan(ratio), np.inf, ratio)
    return out


def bootstrap_p_value(
    observed: Floats | float, simulated: Floats, enumerated: bool = False
) -> Floats:
    """Share of draws (last axis) at least as extreme as `observed`; ties count.

    Among enumerated signs all-plus and all-minus reproduce the sample, so that two always tie.
    """
    extreme = np.sum(simulated >= np.asarray(observed)[..., None] * (1 - TIE), axis=-1)
    draws = simulated.shape[-1]
    found = np.maximum(extreme, 2) / draws if enumerated else (1 + extreme) / (draws + 1)
    return np.asarray(found, dtype=float)
