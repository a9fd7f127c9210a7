"""What a figure of a 2SLS column shows: its two regressions on the instrument, and the p-value of
every coefficient. The numbers are those of weak_instrument_inference, point by point."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from dti_assets.econ.inference.anderson_rubin import WildInversion, wald_p_values
from dti_assets.econ.model.design import build
from dti_assets.econ.model.estimation import estimate
from dti_assets.econ.model.projection import Floats, partial_out
from dti_assets.econ.paper.estimate import column_facts
from dti_assets.econ.paper.reports import two_stage_columns
from dti_assets.econ.paper.resolution import (
    FEWEST_CLUSTERS,
    ResolvedColumn,
    TableOptions,
    resolve,
    table_label,
)
from dti_assets.econ.paper.specifications import TableSpec
from dti_assets.econ.tables import ANDERSON_RUBIN_CURVE, STAGE_RESIDUALS
from dti_assets.errors import EconError, TooFewClusters

if TYPE_CHECKING:
    import pandas as pd


# equally spaced values of the coefficient on a curve
POINTS = 201
# half the width of a curve, in standard errors
_REACH = 4.0

Rows = Iterator[dict[str, Any]]


def anderson_rubin_curve(
    tables: Iterable[TableSpec], panel: pd.DataFrame, options: TableOptions
) -> pd.DataFrame:
    """The Anderson-Rubin p-value as a function of the coefficient, for every 2SLS column.

    As declared in `tables.ANDERSON_RUBIN_CURVE`: `POINTS` equally spaced values from four standard
    errors below the estimate to four above, wider where zero would lie outside, and the values
    zero and the estimate themselves. A column that cannot be estimated is one row with the reason.
    """
    rows = _each(tables, panel, options, _curve, {"point": 1})
    return ANDERSON_RUBIN_CURVE.frame(rows)


def stage_residuals(
    tables: Iterable[TableSpec], panel: pd.DataFrame, options: TableOptions
) -> pd.DataFrame:
    """Outcome, endogenous regressor and first instrument of every 2SLS column, controls, effects
    and further instruments projected out.

    As declared in `tables.STAGE_RESIDUALS`. The slope of the endogenous residual on the
    instrument's is the first stage, that of the outcome's is the reduced form (Frisch, Waugh and
    Lovell).
    """
    rows = _each(tables, panel, options, _residuals, {})
    return options.level.table(STAGE_RESIDUALS).frame(rows)


def _each(
    tables: Iterable[TableSpec],
    panel: pd.DataFrame,
    options: TableOptions,
    rows_of: Callable[[ResolvedColumn, TableOptions], Rows],
    empty: dict[str, Any],
) -> list[dict[str, Any]]:
    """The rows of each 2SLS column with one endogenous regressor, or its reason."""
    rows: list[dict[str, Any]] = []
    for table, column, head in two_stage_columns(tables, options):
        try:
            resolved = resolve(table, column, panel, options)
            result = estimate(resolved.spec, resolved.frame)
            head |= {
                "label": table_label(table, resolved.is_complete(result.nobs), options),
                "outcome": resolved.spec.outcome,
                "endogenous": resolved.spec.endogenous[0],
                "note": column_facts(resolved, result, options)["note"],
            }
            rows += [head | row for row in rows_of(resolved, options)]
        except EconError as error:
            rows.append(head | empty | {"reason": str(error)})
    return rows


def _curve(resolved: ResolvedColumn, options: TableOptions) -> Rows:
    spec = resolved.spec
    design = build(spec, resolved.frame)
    result = estimate(spec, resolved.frame)
    errors = str(spec.covariance)
    clusters = design.sample.n_clusters or 0
    if errors == "clustered" and clusters < FEWEST_CLUSTERS:
        raise TooFewClusters(f"{clusters} clusters: no clustered inference exists")
    term = spec.endogenous[0]
    values = _values(float(result.params[term]), float(result.std_errors[term]))
    wild: list[float | None] = [None] * len(values)
    limit = None
    if errors == "clustered":
        inversion = WildInversion(design, options.draws, options.seed)
        wild, limit = inversion.p_values(values).tolist(), inversion.p_at_infinity
    wald = wald_p_values(design, errors, values).tolist()
    for place, value in enumerate(values):
        yield {
            "point": place + 1,
            "value": float(value),
            "p_wild": wild[place],
            "p_wald": wald[place],
            "estimate": float(result.params[term]),
            "p_wild_at_infinity": limit,
            "errors": errors,
        }


def _values(estimate: float, error: float) -> Floats:
    reach = max(_REACH * error, 1.25 * abs(estimate)) if np.isfinite(error) else abs(estimate)
    reach = reach or 1.0
    spaced = np.linspace(estimate - reach, estimate + reach, POINTS)
    return np.unique(np.append(spaced, [0.0, estimate]))


def _residuals(resolved: ResolvedColumn, options: TableOptions) -> Rows:
    design = build(resolved.spec, resolved.frame)
    frame = resolved.frame.loc[design.sample.rows]
    shown, further = design.instruments[:, [0]], design.instruments[:, 1:]
    columns = np.hstack([design.y[:, None], design.endogenous, shown])
    left = partial_out(columns, np.hstack([design.exogenous, further]))
    places = frame[options.entity].tolist()
    years = frame[options.time].tolist()
    for place, year, (outcome, endogenous, instrument) in zip(
        places, years, left.tolist(), strict=True
    ):
        yield {
            options.entity: place,
            "year": int(year),
            "outcome_residual": outcome,
            "endogenous_residual": endogenous,
            "instrument_residual": instrument,
        }
