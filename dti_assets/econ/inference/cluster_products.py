"""Cross products of an equation's columns, cluster by cluster: the raw material of resampling.

Everything that deletes, repeats or reweights whole clusters (jackknife, wild bootstrap, province
bootstrap) is a function of A_g = W_g'W_g. Effects nested in the cluster are demeaned beforehand,
which commutes with deleting or repeating clusters; the others stay as dummies, because it does
not. A repeated cluster thus brings its own copy of its effects with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dti_assets.econ.model.design import Design
from dti_assets.econ.model.projection import (
    Floats,
    Ints,
    demean,
    dummy_columns,
    independent,
    is_nested,
)
from dti_assets.errors import SpecificationError, TooFewClusters

MAX_DUMMIES = 600
# Numbers in all cross products together
LARGEST = 100_000_000


@dataclass(frozen=True)
class ClusterProducts:
    """A_g for the columns [outcome, endogenous, instruments, exogenous, nuisance].

    products : (G, m, m), columns scaled to unit length; `scale` (m,) undoes it.
    outcome : position; the other blocks: arrays of positions.
    sizes : (G,) rows per cluster. labels : the clusters.
    """

    products: Floats
    scale: Floats
    outcome: int
    endogenous: Ints
    instruments: Ints
    exogenous: Ints
    nuisance: Ints
    sizes: Ints
    labels: tuple[object, ...]

    @property
    def n_clusters(self) -> int:
        return int(self.products.shape[0])

    @property
    def total(self) -> Floats:
        summed: Floats = self.products.sum(axis=0)
        return summed

    @property
    def controls(self) -> Ints:
        return np.concatenate([self.exogenous, self.nuisance])

    def unit(self, position: int | Ints) -> Floats:
        """(m,) weights that pick one column, or the sum of several, in original units."""
        out = np.zeros(len(self.scale))
        out[position] = self.scale[position]
        return out


def cluster_products(design: Design) -> ClusterProducts:
    """Cross products of `design`'s columns by the specification's cluster.

    Raises
    ------
    SpecificationError without a cluster, or with over 600 dummies of effects that are not nested
    in it; TooFewClusters below two clusters.
    """
    cluster = design.sample.cluster
    if cluster is None:
        raise SpecificationError("resampling clusters needs the name of a cluster column")
    if len(design.sample.cluster_labels) < 2:
        raise TooFewClusters(f"all rows lie in one cluster of {design.spec.cluster}")
    return products_of(design, cluster, design.sample.cluster_labels)


def products_of(design: Design, cluster: Ints, labels: tuple[object, ...]) -> ClusterProducts:
    """As `cluster_products`, for any partition of the rows."""
    effects = design.sample.effects
    nested = [codes for codes in effects if is_nested(codes, cluster)]
    others = [codes for codes in effects if not is_nested(codes, cluster)]
    names = (
        design.spec.outcome,
        *design.spec.endogenous,
        *design.instrument_names,
        *design.exogenous_names,
    )
    dummies = [dummy_columns(codes) for codes in others]
    width = sum(block.shape[1] for block in dummies)
    if width > MAX_DUMMIES:
        raise SpecificationError(
            f"resampling keeps effects that are not nested in the cluster as dummies; {width} "
            f"are more than {MAX_DUMMIES}"
        )
    variables = demean(design.sample.columns(names), nested)
    nuisance = np.hstack([np.empty((design.n, 0)), *dummies])
    if nested:
        nuisance = demean(nuisance, nested) if width else nuisance
    else:
        nuisance = np.hstack([np.ones((design.n, 1)), nuisance])
    nuisance = nuisance[:, independent(nuisance)]
    columns = np.hstack([variables, nuisance])
    if len(labels) * columns.shape[1] ** 2 > LARGEST:
        raise SpecificationError(
            f"resampling {len(labels)} units with {columns.shape[1]} columns takes too much "
            "memory; name a cluster with fewer levels"
        )
    scale = np.sqrt(np.einsum("ij,ij->j", columns, columns))
    columns = columns / scale
    order = np.argsort(cluster, kind="stable")
    starts = np.searchsorted(cluster[order], np.arange(len(labels)))
    blocks = np.split(columns[order], starts[1:])
    products = np.stack([block.T @ block for block in blocks])
    edges = np.cumsum(
        [1, len(design.spec.endogenous), len(design.instrument_names), len(design.exogenous_names)]
    )
    return ClusterProducts(
        products=products,
        scale=scale,
        outcome=0,
        endogenous=np.arange(edges[0], edges[1]),
        instruments=np.arange(edges[1], edges[2]),
        exogenous=np.arange(edges[2], edges[3]),
        nuisance=np.arange(edges[3], columns.shape[1]),
        sizes=np.bincount(cluster),
        labels=labels,
    )
