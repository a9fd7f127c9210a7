"""Conley's spatial standard errors for a panel of places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dti_assets.econ.model.design import build
from dti_assets.econ.model.projection import Floats, effect_parameters, small_sample_factor
from dti_assets.econ.model.sample import numeric_columns
from dti_assets.econ.model.specification import Specification
from dti_assets.errors import SpecificationError, TooFewClusters

if TYPE_CHECKING:
    import pandas as pd


EARTH_RADIUS_KM = 6371.0088


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
    for code in range(int(codes.max()) + 1):
        if np.ptp(where[codes == code], axis=0).max() > 0:
            raise SpecificationError(f"latitude or longitude changes within a {entity}")
    if codes.max() < 1:
        raise TooFewClusters(f"all {design.n} rows lie in one {entity}")
    distance = great_circle_km(where)
    weight = np.clip(1 - distance / cutoff_km, 0, None)
    weight *= when[:, None] == when[None, :]
    weight[codes[:, None] == codes[None, :]] = 1.0

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
    vcov = factor * bread @ scores.T @ weight @ scores @ bread
    variances = np.diag(vcov)
    if (variances <= 0).any():
        raise SpecificationError("the spatial variance is not positive; use another cutoff")
    return pd.Series(np.sqrt(variances), index=list(design.terms), name="se_conley")


def great_circle_km(points: Floats) -> Floats:
    """(n, n) great-circle distances in km of points (n, 2) in degrees latitude and longitude."""
    radians = np.radians(points)
    lat, lon = radians[:, 0], radians[:, 1]
    half = (
        np.sin((lat[:, None] - lat) / 2) ** 2
        + np.cos(lat)[:, None] * np.cos(lat) * np.sin((lon[:, None] - lon) / 2) ** 2
    )
    out: Floats = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(half, 0, 1)))
    return out
