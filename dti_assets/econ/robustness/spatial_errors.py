"""Conley's spatial standard errors for a panel of places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dti_assets.econ.model.design import build
from dti_assets.econ.model.projection import (
    Floats,
    Ints,
    cluster_sums,
    effect_parameters,
    small_sample_factor,
)
from dti_assets.econ.model.sample import numeric_columns
from dti_assets.econ.model.specification import Specification
from dti_assets.errors import SpecificationError, TooFewClusters

if TYPE_CHECKING:
    import pandas as pd


EARTH_RADIUS_KM = 6371.0088
# places whose distances to all others are held at once
_PLACES = 256


def conley_errors(
    spec: Specification,
    frame: pd.DataFrame,
    cutoff_km: float,
    entity: str,
    time: str = "year",
) -> pd.Series:
    """Standard errors of `spec`'s slopes that allow correlation between near places.

    Rows of the same `time` are correlated with Bartlett weights, 1 - distance / cutoff_km; rows
    of the same `entity` with any lag. OLS or 2SLS. The serial part is that of clustering by
    `entity`, and so is the factor, G/(G-1) (N-1)/(N-K) with K without effects nested in it:
    towards a cutoff of zero the errors are the clustered ones.

    Parameters
    ----------
    frame : with the columns latitude and longitude of each place, in degrees.
    cutoff_km : distance, in km, beyond which places are uncorrelated, on a great circle.

    Returns
    -------
    Series of standard errors by term; NaN never: a variance that is not positive raises.

    Raises
    ------
    SpecificationError for a cutoff that is not positive, coordinates that vary within an entity
    or are missing, or a variance that is not positive; TooFewClusters for a single entity.

    References: Conley (1999); Hsiang (2010) for the panel form.
    """
    import pandas as pd

    if not cutoff_km > 0:
        raise SpecificationError(f"the cutoff must be a positive distance in km, not {cutoff_km!r}")
    working = frame.reset_index(drop=True)
    design = build(spec, working, "robust")
    rows = design.sample.rows
    where = numeric_columns(working.loc[rows], ["latitude", "longitude"])
    if np.isnan(where).any():
        raise SpecificationError("latitude or longitude is missing on a row that is used")
    places = working.loc[rows, entity].to_numpy(dtype=object)
    when = working.loc[rows, time].to_numpy(dtype=float)
    codes = pd.factorize(places, sort=False)[0]
    sites = where[np.unique(codes, return_index=True)[1]]
    if (where != sites[codes]).any():
        raise SpecificationError(f"latitude or longitude changes within a {entity}")
    if codes.max() < 1:
        raise TooFewClusters(f"all {design.n} rows lie in one {entity}")

    x, z = design.regressors, design.all_instruments
    hat = x
    if spec.endogenous:
        q = np.linalg.qr(z)[0]
        hat = q @ (q.T @ x)
    bread = np.linalg.inv(hat.T @ hat)
    beta = bread @ hat.T @ design.y
    u = design.y - x @ beta
    scores = hat * u[:, None]
    k = len(design.terms) + effect_parameters(design.sample.effects, codes)
    factor = small_sample_factor(design.n, k, int(codes.max()) + 1)
    own = cluster_sums(scores, codes)
    meat = own.T @ own + _between(scores, codes, when, sites, cutoff_km)
    vcov = factor * bread @ meat @ bread
    variances = np.diag(vcov)
    if (variances <= 0).any():
        raise SpecificationError("the spatial variance is not positive; use another cutoff")
    return pd.Series(np.sqrt(variances), index=list(design.terms), name="se_conley")


def _between(scores: Floats, codes: Ints, when: Floats, sites: Floats, cutoff_km: float) -> Floats:
    """Weighted products of the scores of different places at the same time, (k, k).

    Some places at once meet all others, so that memory grows with the places and not with the
    square of the rows.
    """
    # a time that is missing is that of no other row
    times, moments = np.unique(when, return_inverse=True, equal_nan=False)
    cells, cell = np.unique(codes * len(times) + moments, return_inverse=True)
    sums = cluster_sums(scores, cell)
    place, moment = cells // len(times), cells % len(times)
    at = np.split(np.argsort(moment, kind="stable"), np.cumsum(np.bincount(moment))[:-1])
    meat = np.zeros((scores.shape[1], scores.shape[1]))
    for start in range(0, len(sites), _PLACES):
        stop = min(start + _PLACES, len(sites))
        weight = np.clip(1 - great_circle_km(sites[start:stop], sites) / cutoff_km, 0, None)
        weight[np.arange(stop - start), np.arange(start, stop)] = 0.0
        for all_of in at:
            mine = all_of[(place[all_of] >= start) & (place[all_of] < stop)]
            pairs = weight[np.ix_(place[mine] - start, place[all_of])]
            meat += sums[mine].T @ (pairs @ sums[all_of])
    return meat


def great_circle_km(points: Floats, others: Floats | None = None) -> Floats:
    """(n, m) great-circle distances in km from points (n, 2) to others (m, 2), or to themselves, in
    degrees latitude and longitude."""
    lat, lon = np.radians(points).T[:, :, None]
    to_lat, to_lon = np.radians(points if others is None else others).T
    half = (
        np.sin((lat - to_lat) / 2) ** 2
        + np.cos(lat) * np.cos(to_lat) * np.sin((lon - to_lon) / 2) ** 2
    )
    out: Floats = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(half, 0, 1)))
    return out
