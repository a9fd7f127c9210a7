"""Projecting out fixed effects and columns: residuals, degrees of freedom, sums by cluster.

Arrays only, and their types. An effect is an integer code per row, 0 to levels - 1. The
projection belongs to the estimation sample: demeaning before rows are dropped, or before a
sub-sample is taken, is a different and wrong estimator.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dti_assets.errors import NoConvergence

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# Variation left below this share of a column's own is rounding, not variation
RELATIVE_ZERO = 1e-9
# Below this many levels beyond the first effect the unbalanced projection is solved exactly
EXACT_LEVELS = 400
TOLERANCE = 1e-13
MAX_ITERATIONS = 20_000


def demean(columns: Floats, effects: Sequence[Ints]) -> Floats:
    """Residuals of each column on all fixed effects, or on a constant where there are none.

    Parameters
    ----------
    columns : (n, m) float array.
    effects : codes, one (n,) integer array per fixed effect.

    Returns
    -------
    (n, m) float array. One effect: deviations from level means. Two or more on a balanced
    design (every pair of levels equally often): one pass, which is exact. Unbalanced: the first
    effect is demeaned and the dummies of the others, demeaned alike, are regressed out; with
    more than 400 such dummies alternating projections run until the largest change is below
    1e-13 of a column's standard deviation.

    Raises
    ------
    NoConvergence
        If alternating projections do not settle.
    """
    centred = columns - columns.mean(axis=0)
    if not effects:
        return centred
    once = centred
    for codes in effects:
        once = once - _level_means(once, codes)
    if len(effects) == 1 or _balanced(effects):
        return once
    levels = sum(int(codes.max()) + 1 for codes in effects[1:])
    if levels <= EXACT_LEVELS:
        first = centred - _level_means(centred, effects[0])
        dummies = np.hstack([dummy_columns(codes) for codes in effects[1:]])
        dummies = dummies - _level_means(dummies, effects[0])
        coefficients = np.linalg.lstsq(dummies, first, rcond=1e-11)[0]
        return first - dummies @ coefficients
    return _alternate(once, effects)


def _alternate(columns: Floats, effects: Sequence[Ints]) -> Floats:
    scale = np.maximum(columns.std(axis=0), np.finfo(float).tiny)
    current = columns
    for _ in range(MAX_ITERATIONS):
        update = current
        for codes in effects:
            update = update - _level_means(update, codes)
        change = np.max(np.abs(update - current) / scale)
        current = update
        if change < TOLERANCE:
            return current
    raise NoConvergence(
        f"projecting out {len(effects)} fixed effects did not settle in {MAX_ITERATIONS} passes"
    )


def dummy_columns(codes: Ints) -> Floats:
    """(n, levels) matrix of zeros and ones, one column per level."""
    return np.eye(int(codes.max()) + 1)[codes]


def is_nested(codes: Ints, cluster: Ints) -> bool:
    """Whether every level of an effect lies within one cluster."""
    one = np.empty(int(codes.max()) + 1, dtype=np.int64)
    one[codes] = cluster  # of each level, the cluster of its last row
    return bool((one[codes] == cluster).all())


def effect_parameters(effects: Sequence[Ints], cluster: Ints | None = None) -> int:
    """Parameters that the fixed effects (and the constant) use up.

    The rank of the constant and all dummies of the effects that are not nested in `cluster`: those
    that are nested are not counted, which is the convention of reghdfe and fixest (province and 14
    year effects, clustered by province: 14). It is levels - 1 for each effect plus 1, less what is
    redundant: two effects that fall into c unconnected blocks lose c - 1 more.
    """
    counted = [c for c in effects if cluster is None or not is_nested(c, cluster)]
    counted.sort(key=lambda codes: -int(codes.max()))
    telling: list[Ints] = []
    for codes in counted:  # an effect whose levels are unions of another's adds nothing
        if not any(is_nested(finer, codes) for finer in telling):
            telling.append(codes)
    if len(telling) < 3:
        levels = sum(int(codes.max()) + 1 for codes in telling)
        return max(1, levels) - (_blocks(*telling) if len(telling) == 2 else 0)
    first, *others = telling
    levels = int(first.max()) + 1
    return levels + _rank_within(first, np.column_stack(others))


def _rank_within(first: Ints, others: Ints) -> int:
    """Rank of the dummies of `others` (n, effects), deviations from the level means of `first`.

    From the matrix of how often levels meet, so that its size is that of the levels of `others`.
    """
    from scipy.sparse import csr_array, diags_array, hstack

    def dummies(codes: Ints) -> csr_array:
        rows = np.arange(len(codes))
        return csr_array((np.ones(len(codes)), (rows, codes)))

    outer = dummies(first)
    inner = hstack([dummies(codes) for codes in others.T], format="csr")
    # columns of length one, so that rare levels count like others
    inner = inner @ diags_array(1 / np.sqrt(inner.sum(axis=0)))
    meeting = outer.T @ inner
    between = meeting.T @ diags_array(1 / outer.sum(axis=0)) @ meeting
    gram = (inner.T @ inner - between).toarray()
    return int(np.linalg.matrix_rank(gram, tol=1e-9, hermitian=True))


def small_sample_factor(rows: int, parameters: int, clusters: int | None = None) -> float:
    """N/(N-K), times (G/(G-1)) (N-1)/N when clustered."""
    factor = rows / (rows - parameters)
    if clusters is not None:
        factor *= clusters / (clusters - 1) * (rows - 1) / rows
    return factor


def _blocks(first: Ints, second: Ints) -> int:
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    n_first = int(first.max()) + 1
    size = n_first + int(second.max()) + 1
    graph = coo_matrix((np.ones(len(first)), (first, second + n_first)), shape=(size, size))
    return int(connected_components(graph, directed=False)[0])


def _level_means(columns: Floats, codes: Ints) -> Floats:
    counts = np.bincount(codes).astype(float)
    means: Floats = (cluster_sums(columns, codes) / counts[:, None])[codes]
    return means


def _balanced(effects: Sequence[Ints]) -> bool:
    """Every combination of levels of any two effects stands equally often."""
    for i, first in enumerate(effects):
        for second in effects[i + 1 :]:
            levels = (int(first.max()) + 1, int(second.max()) + 1)
            cells = np.bincount(first * levels[1] + second, minlength=levels[0] * levels[1])
            if cells.min() != cells.max():
                return False
    return True


def cluster_sums(columns: Floats, cluster: Ints) -> Floats:
    """(G, m) sums of the rows of `columns` by cluster."""
    out = np.empty((int(cluster.max()) + 1, columns.shape[1]))
    for j in range(columns.shape[1]):
        out[:, j] = np.bincount(cluster, weights=columns[:, j])
    return out


def partial_out(columns: Floats, on: Floats) -> Floats:
    """Residuals of `columns` (n, m) on `on` (n, k), by least squares."""
    if on.shape[1] == 0:
        return columns
    scaled = on / np.maximum(norms(on), np.finfo(float).tiny)
    q = np.linalg.qr(scaled)[0]
    residual = columns - q @ (q.T @ columns)
    # once more: the second pass removes what rounding left behind in the first
    twice: Floats = residual - q @ (q.T @ residual)
    return twice


def independent(columns: Floats) -> list[int]:
    """Positions of the columns that are no combination of those before them."""
    kept: list[int] = []
    basis = np.empty((columns.shape[0], 0))
    for j in range(columns.shape[1]):
        column = columns[:, [j]]
        norm = norms(column)[0]
        residual = column / norm if norm > 0 else column
        for _ in range(2):
            residual = residual - basis @ (basis.T @ residual)
        left = norms(residual)[0]
        if left > RELATIVE_ZERO:
            kept.append(j)
            basis = np.hstack([basis, residual / left])
    return kept


def norms(columns: Floats) -> Floats:
    norms: Floats = np.sqrt(np.einsum("ij,ij->j", columns, columns))
    return norms


def spread(columns: Floats) -> Floats:
    """Norms of deviations from the means; 0 for a column that is constant up to rounding."""
    deviations = norms(columns - columns.mean(axis=0))
    return np.where(deviations <= 1e-12 * norms(columns), 0.0, deviations)


def varies(raw: Floats, residual: Floats) -> Bools:
    """Whether more than rounding is left of each raw column in its residual."""
    whole = spread(raw)
    moving: Bools = (whole > 0.0) & (norms(residual) > RELATIVE_ZERO * whole)
    return moving
