"""What a corrected variable does to a 2SLS column: each estimate before and after, with draws.

The column and its sample stay as they are; only the instrument, or the endogenous regressor, has
other values. Intervals of the change are over draws of the correction, not over samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from dti_assets.audit.precision import holding
from dti_assets.econ import EconError, Specification, estimate
from dti_assets.econ.model.design import build
from dti_assets.econ.model.projection import demean, partial_out
from dti_assets.econ.paper.resolution import TableOptions, resolve, table_name
from dti_assets.econ.paper.specifications import ColumnSpec, TableSpec
from dti_assets.units.levels import Level

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# what moves with the instrument, and what with the endogenous regressor
BY_INSTRUMENT = ("first stage", "reduced form", "2SLS")
BY_ENDOGENOUS = ("first stage", "2SLS", "OLS")


@dataclass(frozen=True)
class Corrected:
    """A variable anew: `place` has code of the unit and year; `values` the corrected ones in that
    order, `draws` (rows, draws) those of each draw, `notes` what is to be said of a row, by its
    position."""

    name: str
    place: pd.DataFrame
    values: Floats
    draws: Floats
    notes: Mapping[int, str] = field(default_factory=dict)


def effects_on_column(
    table: TableSpec,
    column: ColumnSpec,
    panel: pd.DataFrame,
    corrected: Corrected,
    options: TableOptions,
) -> list[dict[str, Any]]:
    """A 2SLS column with the corrected variable beside the one it replaces.

    Rows of scope, measure (first stage and 2SLS; the reduced form where the instrument is
    corrected, OLS where the endogenous regressor is), estimate, conf_low, conf_high, uncorrected,
    change, change_low, change_high, note, reason.
    """
    called = table_name(table, False, options)
    try:
        resolved = resolve(table, column, panel, options)
        spec, frame = resolved.spec, resolved.frame
        if corrected.name not in spec.variables:
            raise EconError(f"{corrected.name} is not in the column as estimated")
        before = build(spec, frame)
        used = frame.loc[before.sample.rows]
        at = _positions(corrected.place, used, options.level)
        after = used.assign(**{corrected.name: corrected.values[at]})
        old, new = _estimates(spec, used), _estimates(spec, after)
        called = table_name(table, resolved.is_complete(before.n), options)
    except EconError as error:
        scope = f"{called}, {column.column}"
        return [{"scope": scope, "measure": name, "reason": str(error)} for name in BY_INSTRUMENT]
    drawn = _draws(spec, before, corrected, at)
    said = "; ".join(f"{stand_in} for {name}" for name, stand_in in resolved.proxies.items())
    rows = []
    for name in BY_ENDOGENOUS if corrected.name in spec.endogenous else BY_INSTRUMENT:
        value, low, high = new[name]
        change_low, change_high = holding(value - old[name][0], drawn[name] - old[name][0])
        rows.append(
            {
                "scope": f"{called}, {column.column}",
                "measure": name,
                "estimate": value,
                "conf_low": low,
                "conf_high": high,
                "uncorrected": old[name][0],
                "change": value - old[name][0],
                "change_low": change_low,
                "change_high": change_high,
                "note": f"N = {before.n}" + (f"; {said}" if said else ""),
            }
        )
    return rows


def _positions(place: pd.DataFrame, used: pd.DataFrame, level: Level) -> NDArray[np.intp]:
    """Where each row of the sample stands in `place`."""
    import pandas as pd

    # codes and years of two tables may be of different dtypes
    wanted, known = (
        pd.MultiIndex.from_frame(frame[list(level.when)].astype(object)) for frame in (used, place)
    )
    found = known.get_indexer(wanted)
    if (found < 0).any():
        code, year = wanted[int(np.argmax(found < 0))]
        raise EconError(f"no corrected value of {level.noun} {code} in {year}")
    return found


def _estimates(spec: Specification, frame: pd.DataFrame) -> dict[str, tuple[float, float, float]]:
    """Measure -> estimate and 95 % interval under the column's errors."""
    (endogenous,), (instrument,) = spec.endogenous, spec.instruments
    single: dict[str, Any] = {"endogenous": (), "instruments": ()}
    through = (instrument, *spec.regressors)
    equations = {
        "first stage": (spec.with_(outcome=endogenous, regressors=through, **single), instrument),
        "reduced form": (spec.with_(regressors=through, **single), instrument),
        "2SLS": (spec, endogenous),
        "OLS": (spec.with_(regressors=(endogenous, *spec.regressors), **single), endogenous),
    }
    found = {}
    for name, (equation, term) in equations.items():
        result = estimate(equation, frame)
        found[name] = (float(result.params[term]), *result.interval(term, 0.95))
    return found


def _draws(
    spec: Specification, design: Any, corrected: Corrected, at: NDArray[np.intp]
) -> dict[str, Floats]:
    """Each measure under every draw (Frisch, Waugh and Lovell)."""
    residual = partial_out(demean(corrected.draws[at], design.sample.effects), design.exogenous)
    y = partial_out(design.y[:, None], design.exogenous)
    d = partial_out(design.endogenous, design.exogenous)
    z = partial_out(design.instruments, design.exogenous)
    if corrected.name in spec.instruments:
        z = residual
    else:
        d = residual
    zz, zd, zy = (z * z).sum(axis=0), (z * d).sum(axis=0), (z * y).sum(axis=0)
    width = corrected.draws.shape[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        found = {
            "first stage": zd / zz,
            "reduced form": zy / zz,
            "2SLS": zy / zd,
            "OLS": (d * y).sum(axis=0) / (d * d).sum(axis=0),
        }
    return {name: np.broadcast_to(values, (width,)) for name, values in found.items()}
