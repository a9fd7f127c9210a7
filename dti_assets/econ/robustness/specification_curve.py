"""The specification curve: the 2SLS coefficient over all combinations of defensible choices.

Instruments come as columns, one per way of building them (dictionary, hits, denominator, distance,
zero-distance rule); controls and errors are crossed with them. With one instrument everything has
a closed form, computed for all instruments at once; tests hold it to linearmodels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dti_assets.econ.model.design import build_on
from dti_assets.econ.model.projection import (
    Floats,
    demean,
    effect_parameters,
    partial_out,
    small_sample_factor,
    varies,
)
from dti_assets.econ.model.sample import Sample, numeric_columns, prepare
from dti_assets.econ.model.slopes import slopes
from dti_assets.econ.model.specification import COVARIANCES, Specification
from dti_assets.econ.paper.resolution import TableOptions, resolve
from dti_assets.econ.paper.specifications import ColumnSpec, TableSpec
from dti_assets.econ.tables import SPECIFICATION_CURVE
from dti_assets.errors import EconError

if TYPE_CHECKING:
    import pandas as pd


def specification_curve(
    base: Specification,
    frame: pd.DataFrame,
    instruments: Mapping[str, Mapping[str, str]],
    controls: Mapping[str, tuple[str, ...]],
    errors: Sequence[str] = ("clustered", "robust", "iid"),
    level: float = 0.95,
) -> pd.DataFrame:
    """Estimate `base` with each instrument, set of controls and kind of errors.

    Parameters
    ----------
    base : a 2SLS specification with one endogenous regressor; its instrument and its regressors
        are replaced.
    instruments : column of `frame` -> the choices behind it, e.g.
        {"iv_17": {"hits": "longest", "distance": "geodesic", "counted_on": "text"}}.
    controls : name -> columns.
    errors : any of clustered, robust, iid.

    Returns
    -------
    Frame as declared in `tables.SPECIFICATION_CURVE`, one row per combination, in the order
    instruments x controls x errors. A combination that cannot be estimated has a reason.

    Notes
    -----
    With y, d, z residualised on effects and controls, b = z'y / z'd, u = y - b d; variances are
    c sum_g (sum z u)^2 / (z'd)^2 with g = clusters or rows, and s^2 z'z / (z'd)^2 under iid
    errors; the factor c and K are those of `estimate`. The Anderson-Rubin set is bounded exactly
    when the first-stage F exceeds its critical value.
    """
    cells: dict[tuple[str, str], Any] = {}
    for set_name, names in controls.items():
        for group in _same_rows(frame, list(instruments)):
            found = _cells(base, frame, group, names, errors, level)
            cells |= {(instrument, set_name): value for instrument, value in found.items()}
    rows: list[dict[str, Any]] = []
    for instrument, what in instruments.items():
        for set_name in controls:
            value = cells[instrument, set_name]
            for kind in errors:
                row = {
                    "cell": len(rows) + 1,
                    "instrument": instrument,
                    "choices": ", ".join(f"{k}={v}" for k, v in sorted(what.items())) or None,
                    "counted_on": what.get("counted_on"),
                    "controls": set_name,
                    "errors": kind,
                }
                rows.append(row | ({"reason": value} if isinstance(value, str) else value[kind]))
    return SPECIFICATION_CURVE.frame(rows)


def curve_of_column(
    table: TableSpec,
    column: ColumnSpec,
    panel: pd.DataFrame,
    instruments: Mapping[str, Mapping[str, str]],
    options: TableOptions,
) -> pd.DataFrame:
    """`specification_curve` of a 2SLS column of a table, without controls and with all of them,
    under all three kinds of errors. A column the data cannot answer is one row with the reason."""
    try:
        found = resolve(table, column, panel, options)
        sets = {"none": (), "all": found.spec.regressors}
        kinds = [k for k in COVARIANCES if k != "clustered" or found.spec.cluster is not None]
        kinds.sort(key=lambda kind: kind != found.spec.covariance)
        return specification_curve(
            found.spec, found.frame, instruments, sets, kinds, level=options.confidence
        )
    except EconError as error:
        row = {
            "cell": 1,
            "instrument": ", ".join(column.instruments),
            "controls": "all",
            "errors": column.errors or options.covariance,
            "reason": str(error),
        }
        return SPECIFICATION_CURVE.frame([row])


def _same_rows(frame: pd.DataFrame, names: list[str]) -> list[list[str]]:
    """Instruments grouped by the rows on which they are missing; unusable ones stand alone."""
    groups: dict[bytes | str, list[str]] = {}
    for name in names:
        try:
            key: bytes | str = np.isnan(numeric_columns(frame, [name])[:, 0]).tobytes()
        except EconError:
            key = name
        groups.setdefault(key, []).append(name)
    return list(groups.values())


def _cells(
    base: Specification,
    frame: pd.DataFrame,
    instruments: list[str],
    controls: tuple[str, ...],
    kinds: Sequence[str],
    level: float,
) -> dict[str, Any]:
    """Instrument -> kind of errors -> numbers, or the reason why there are none."""
    spec = base.with_(regressors=controls, instruments=tuple(instruments))
    try:
        sample = prepare(spec, frame)
        endogenous = spec.endogenous[0]
        plain = Specification(
            spec.outcome, (*controls, endogenous), (), (), spec.fixed_effects, spec.cluster
        )
        kept = build_on(plain, _only(sample, plain.variables)).exogenous_names
    except EconError as error:
        return {name: str(error) for name in instruments}
    if endogenous not in kept:
        return dict.fromkeys(instruments, f"{endogenous} has no variation left")
    residual = demean(sample.values, sample.effects)
    names = list(sample.names)
    used = [name for name in controls if name in kept]
    x = residual[:, [names.index(name) for name in used]]
    columns = [spec.outcome, endogenous, *instruments]
    block = partial_out(residual[:, [names.index(name) for name in columns]], x)
    y, d, z = block[:, 0], block[:, 1], block[:, 2:]
    alive = varies(sample.columns(instruments), z)
    out: dict[str, Any] = {
        name: f"{name} has no variation left within effects and controls"
        for name, ok in zip(instruments, alive, strict=True)
        if not ok
    }
    good = [name for name, ok in zip(instruments, alive, strict=True) if ok]
    if good:
        numbers = [_moments(y, d, z[:, alive], sample, len(used), kind, level) for kind in kinds]
        for j, name in enumerate(good):
            out[name] = {
                kind: {key: values[j] for key, values in found.items()}
                for kind, found in zip(kinds, numbers, strict=True)
            }
    return out


def _moments(
    y: Floats, d: Floats, z: Floats, sample: Sample, controls: int, kind: str, level: float
) -> dict[str, Any]:
    """All statistics under one kind of errors, each an array over instruments."""
    from scipy import stats

    n, m = z.shape
    cluster = sample.cluster if kind == "clustered" else None
    clusters = None if cluster is None else sample.n_clusters
    k = 1 + controls + effect_parameters(sample.effects, cluster)
    df = n - k if clusters is None else clusters - 1
    rules = (kind, small_sample_factor(n, k, clusters), cluster)
    first, reduced = slopes(z, d, *rules), slopes(z, y, *rules)
    b = reduced.estimate / first.estimate
    second = slopes(z, y[:, None] - d[:, None] * b, *rules)
    error = second.std_error / np.abs(first.estimate)
    half = stats.t.ppf((1 + level) / 2, df) * error
    return {
        "estimate": b,
        "std_error": error,
        "p_value": 2 * stats.t.sf(np.abs(b / error), df),
        "conf_low": b - half,
        "conf_high": b + half,
        "first_stage": first.estimate,
        "first_stage_f": first.f,
        "ar_p": stats.f.sf(reduced.f, 1, df),
        "ar_bounded": first.f > stats.f.ppf(level, 1, df),
        "reduced_form": reduced.estimate,
        "n_obs": np.full(m, n),
        "n_clusters": [sample.n_clusters] * m,
    }


def _only(sample: Sample, names: tuple[str, ...]) -> Sample:
    from dataclasses import replace

    return replace(sample, names=names, values=sample.columns(names))
