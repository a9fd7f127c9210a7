"""Reports over all tables: weak-instrument inference and the points and curves of its figures,
indirect effects, leave one unit out.

Each takes the table specifications and a panel, and gives a frame declared in `tables`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dti_assets.econ.inference.anderson_rubin import (
    AndersonRubinSet,
    WildInversion,
    anderson_rubin_set,
    wald_p_values,
)
from dti_assets.econ.inference.jackknife import jackknife
from dti_assets.econ.inference.mediation import mediation
from dti_assets.econ.inference.wild_bootstrap import wild_cluster_test
from dti_assets.econ.model.design import build
from dti_assets.econ.model.estimation import estimate
from dti_assets.econ.model.projection import Floats, partial_out
from dti_assets.econ.model.results import Estimates
from dti_assets.econ.model.specification import Specification
from dti_assets.econ.model.weak_instruments import instrument_leverage, tf_interval
from dti_assets.econ.paper.estimate import column_facts
from dti_assets.econ.paper.resolution import (
    FEWEST_CLUSTERS,
    ResolvedColumn,
    TableOptions,
    resolve,
    table_label,
)
from dti_assets.econ.paper.specifications import ColumnSpec, TableSpec
from dti_assets.econ.tables import (
    ANDERSON_RUBIN_CURVE,
    INDIRECT_EFFECTS,
    LEAVE_ONE_OUT,
    STAGE_RESIDUALS,
    WEAK_INSTRUMENTS,
)
from dti_assets.errors import EconError, TooFewClusters

if TYPE_CHECKING:
    import pandas as pd

# equally spaced values of the coefficient on a curve
POINTS = 201
# half the width of a curve, in standard errors
_REACH = 4.0

Rows = Iterator[dict[str, Any]]


def weak_instrument_inference(
    tables: Iterable[TableSpec], panel: pd.DataFrame, options: TableOptions
) -> pd.DataFrame:
    """One row per 2SLS column of all tables, as declared in `tables.WEAK_INSTRUMENTS`.

    First stage, reduced form, Kleibergen-Paap, effective and jackknife F, the least F with one
    cluster left out, leverage, the Anderson-Rubin sets and the tF interval, and the finding in
    plain words. A column that cannot be estimated has nulls and the reason.
    """
    return WEAK_INSTRUMENTS.frame(_two_stage_rows(tables, panel, options, _weak, {}))


def _two_stage_rows(
    tables: Iterable[TableSpec],
    panel: pd.DataFrame,
    options: TableOptions,
    rows_of: Callable[[ResolvedColumn, Estimates, TableOptions], Rows],
    empty: dict[str, Any],
) -> list[dict[str, Any]]:
    """The rows of each 2SLS column with one endogenous regressor, or its reason."""
    rows: list[dict[str, Any]] = []
    for table, column in _columns(tables):
        if len(column.endogenous) != 1:
            continue
        head = {
            "table": table.table,
            "label": table_label(table, False, options),
            "column": column.column,
            "outcome": column.outcome,
            "endogenous": column.endogenous[0],
            "instruments": ", ".join(column.instruments),
        }
        try:
            resolved = resolve(table, column, panel, options)
            result = estimate(resolved.spec, resolved.frame)
            head |= {
                "label": table_label(table, resolved.is_complete(result.nobs), options),
                "outcome": resolved.spec.outcome,
                "endogenous": resolved.spec.endogenous[0],
                "note": column_facts(resolved, result, options)["note"],
            }
            rows += [head | row for row in rows_of(resolved, result, options)]
        except EconError as error:
            rows.append(head | empty | {"reason": str(error)})
    return rows


def _weak(resolved: ResolvedColumn, result: Estimates, options: TableOptions) -> Rows:
    spec, frame = resolved.spec, resolved.frame
    stage = result.first_stage
    assert stage is not None
    term, instrument = spec.endogenous[0], stage.reduced_form.index[0]
    low, high = result.interval(term, options.confidence)
    # the first stage lacks the outcome, whose missing values choose the rows
    used = frame.loc[frame.index.isin(result.residuals.index)]
    first = estimate(_first_stage(spec), used)
    ols = estimate(
        spec.with_(endogenous=(), instruments=(), regressors=(term, *spec.regressors)), used
    )
    row: dict[str, Any] = {
        "n_obs": result.nobs,
        "n_clusters": result.n_clusters,
        "estimate": float(result.params[term]),
        "std_error": float(result.std_errors[term]),
        "ols_estimate": float(ols.params[term]),
        "first_stage": float(first.params[instrument]),
        "first_stage_se": float(first.std_errors[instrument]),
        "first_stage_p": float(first.p_values[instrument]),
        "reduced_form": float(stage.reduced_form["estimate"].to_numpy()[0]),
        "reduced_form_se": float(stage.reduced_form["std_error"].to_numpy()[0]),
        "partial_r2": stage.partial_r2,
        "kleibergen_paap_f": stage.kleibergen_paap_f,
        "cragg_donald_f": stage.cragg_donald_f,
        "effective_f": stage.effective_f,
        "effective_f_critical_10": stage.effective_f_critical.get(0.10),
        "effective_f_critical_30": stage.effective_f_critical.get(0.30),
        "wald_low": low,
        "wald_high": high,
        "sargan_p": stage.sargan.p_value if stage.sargan else None,
        "hansen_p": stage.hansen_j.p_value if stage.hansen_j else None,
    }
    if len(stage.reduced_form) == 1 and abs(options.confidence - 0.95) < 1e-12:
        row["tf_low"], row["tf_high"] = tf_interval(result, options.confidence)
    if spec.covariance == "clustered" and (result.n_clusters or 0) < FEWEST_CLUSTERS:
        row["reason"] = f"{result.n_clusters} clusters: no clustered inference exists"
        for name in ("std_error", "first_stage_se", "first_stage_p", "reduced_form_se"):
            row[name] = None
        for name in ("wald_low", "wald_high", "tf_low", "tf_high", "kleibergen_paap_f"):
            row[name] = None
        yield row | {"effective_f": None, "sentence": row["reason"]}
        return
    if spec.covariance != "clustered":
        headline = anderson_rubin_set(spec, frame, options.confidence)
        yield row | _set(headline) | {"sentence": _sentence(row, headline)}
        return
    inversion = WildInversion(build(spec, frame), options.draws, options.seed)
    intervals = inversion.confidence_set(options.confidence)
    headline = AndersonRubinSet(term, options.confidence, "wild", intervals)
    crv1 = anderson_rubin_set(spec, frame, options.confidence, method="crv1")
    left_out = jackknife(spec, frame)
    leverage = instrument_leverage(spec, frame)
    row |= _set(headline)
    row |= {
        "p_wild": float(inversion.p_values([0.0])[0]),
        "first_stage_p_wild": wild_cluster_test(
            _first_stage(spec), used, instrument, draws=options.draws, seed=options.seed
        ).p_value,
        "ar_crv1_set": str(crv1),
        "ar_crv1_bounded": crv1.bounded,
        "jackknife_f": left_out.jackknife_f,
        "reason": left_out.no_jackknife_f,
        "smallest_f": left_out.smallest_f,
        "smallest_f_without": left_out.smallest_f_without,
        "effective_clusters": leverage.attrs["effective_clusters"],
        "largest_cluster": str(leverage["cluster"].iloc[0]),
        "largest_share": float(leverage["share"].iloc[0]),
    }
    yield row | {"sentence": _sentence(row, headline)}


def _first_stage(spec: Specification) -> Specification:
    return spec.with_(
        outcome=spec.endogenous[0],
        regressors=(*spec.instruments, *spec.regressors),
        endogenous=(),
        instruments=(),
    )


def _set(found: AndersonRubinSet) -> dict[str, Any]:
    low, high = found.ends
    bounded = found.bounded
    return {"ar_set": str(found), "ar_low": low, "ar_high": high, "ar_bounded": bounded}


def _sentence(row: dict[str, Any], headline: AndersonRubinSet) -> str:
    """No F statistic alone earns the word strong here."""
    f, critical = row.get("effective_f"), row.get("effective_f_critical_10")
    parts = [headline.sentence()]
    if f is not None and critical is not None:
        side = "above" if f > critical else "below"
        parts.append(
            f"The effective F is {f:.2f}, {side} the {critical:.1f} that would limit the bias of "
            "2SLS to 10 % of the worst case."
        )
    if row.get("jackknife_f") is not None and row.get("smallest_f") is not None:
        parts.append(
            f"The jackknife F is {row['jackknife_f']:.2f}; without {row['smallest_f_without']} "
            f"the F is {row['smallest_f']:.2f}."
        )
    if row.get("effective_clusters") is not None:
        parts.append(
            f"{row['largest_cluster']} carries {100 * row['largest_share']:.0f} % of the "
            f"instrument's variation, which is worth {row['effective_clusters']:.1f} clusters of "
            f"{row['n_clusters']}."
        )
    return " ".join(parts)


def anderson_rubin_curve(
    tables: Iterable[TableSpec], panel: pd.DataFrame, options: TableOptions
) -> pd.DataFrame:
    """The Anderson-Rubin p-value as a function of the coefficient, for every 2SLS column.

    As declared in `tables.ANDERSON_RUBIN_CURVE`: `POINTS` equally spaced values from four standard
    errors below the estimate to four above, wider where zero would lie outside, and the values
    zero and the estimate themselves. A column that cannot be estimated is one row with the reason.
    """
    rows = _two_stage_rows(tables, panel, options, _curve, {"point": 1})
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
    rows = _two_stage_rows(tables, panel, options, _residuals, {})
    return options.level.table(STAGE_RESIDUALS).frame(rows)


def _curve(resolved: ResolvedColumn, result: Estimates, options: TableOptions) -> Rows:
    spec = resolved.spec
    design = build(spec, resolved.frame)
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
    # the estimate is the middle to the last digit, and a point that rounding keeps from zero is
    # zero, so that how many there are does not hang on a digit
    spaced = estimate + reach * np.linspace(-1, 1, POINTS)
    away = np.abs(spaced) > 1e-6 * reach
    return np.sort(np.append(spaced[away], 0.0))


def _residuals(resolved: ResolvedColumn, result: Estimates, options: TableOptions) -> Rows:
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


def indirect_effects(
    tables: Iterable[TableSpec], panel: pd.DataFrame, options: TableOptions
) -> pd.DataFrame:
    """Mediation of every table that names one, singly and jointly with the others it names.

    Controls, effects and cluster are those of the table's first column with the mediation's
    outcome. A table whose variables are absent has a row with nulls and the reason.
    """
    rows = []
    for table in tables:
        if table.mediation is None:
            continue
        plan = table.mediation
        template = next((c for c in table.columns if c.outcome == plan.outcome), table.columns[0])
        for version in ("single", "joint") if plan.joint_with else ("single",):
            others = plan.joint_with if version == "joint" else ()
            head: dict[str, Any] = {
                "table": table.table,
                "label": table_label(table, False, options),
                "mediator": plan.mediator,
                "version": version,
            }
            try:
                rows.append({**head, **_mediated(table, template, others, panel, options)})
            except EconError as error:
                rows.append({**head, "reason": str(error)})
    return INDIRECT_EFFECTS.frame(rows)


def _mediated(
    table: TableSpec,
    template: ColumnSpec,
    others: tuple[str, ...],
    panel: pd.DataFrame,
    options: TableOptions,
) -> dict[str, Any]:
    plan = table.mediation
    assert plan is not None
    column = replace(
        template,
        outcome=plan.outcome,
        regressors=(plan.treatment, plan.mediator, *others),
        endogenous=(),
        instruments=(),
    )
    resolved = resolve(table, column, panel, options)
    treatment, mediator, *rest = resolved.keys
    spec = resolved.spec
    controls = [name for name in spec.regressors if name not in resolved.keys]
    found = mediation(
        resolved.frame,
        treatment=treatment,
        mediator=mediator,
        outcome=spec.outcome,
        controls=controls,
        fixed_effects=spec.fixed_effects,
        cluster=spec.cluster if spec.covariance == "clustered" else None,
        covariance=spec.covariance,
        draws=options.bootstrap_draws,
        seed=options.seed,
        level=options.confidence,
        other_mediators=rest,
    )
    facts = column_facts(resolved, estimate(spec, resolved.frame), options)
    names = ("total", "direct", "a", "b", "se_a", "se_b", "indirect", "sobel_z", "sobel_p")
    more = ("aroian_z", "aroian_p", "share_mediated", "rho_at_zero")
    return {
        **{name: getattr(found, name) for name in (*names, *more)},
        "label": table_label(table, resolved.is_complete(found.nobs), options),
        "n_obs": found.nobs,
        "n_clusters": found.n_clusters,
        "conf_low": found.conf_int[0],
        "conf_high": found.conf_int[1],
        "sentence": found.sentence(),
        "note": facts["note"],
    }


def leave_one_province_out(
    tables: Iterable[TableSpec], panel: pd.DataFrame, options: TableOptions
) -> pd.DataFrame:
    """Key coefficients of every clustered column without each cluster in turn.

    As declared in `tables.LEAVE_ONE_OUT`; 2SLS columns carry the first-stage F without it, where
    at least six clusters are left. What the rows left do not identify is a null with the reason.
    """
    rows: list[dict[str, Any]] = []
    for table, column in _columns(tables):
        head: dict[str, Any] = {
            "table": table.table,
            "label": table_label(table, False, options),
            "column": column.column,
            "without": "",
        }
        try:
            resolved = resolve(table, column, panel, options)
            if resolved.spec.cluster is None:
                continue
            left_out = jackknife(resolved.spec, resolved.frame)
            whole = estimate(resolved.spec, resolved.frame)
        except EconError as error:
            rows += [{**head, "term": term, "reason": str(error)} for term in column.keys]
            continue
        head["label"] = table_label(table, resolved.is_complete(whole.nobs), options)
        for term in resolved.keys:
            if term not in left_out.estimates:
                reason = whole.absorbed.get(term, "no coefficient")
                rows.append({**head, "term": term, "reason": reason})
                continue
            f, fewer = left_out.first_stage_f, len(left_out.estimates) - 1 < FEWEST_CLUSTERS
            no_f = f"fewer than {FEWEST_CLUSTERS} clusters: no first-stage F"
            found = zip(
                left_out.estimates.index,
                left_out.estimates[term].tolist(),
                left_out.reasons[term].tolist(),
                [None] * len(left_out.estimates) if f is None else f.tolist(),
                strict=True,
            )
            for without, value, reason, strength in found:
                rows.append(
                    {
                        **head,
                        "term": term,
                        "without": str(without),
                        "estimate": value,
                        "difference": value - float(whole.params[term]),
                        "first_stage_f": strength,
                        "reason": reason or (no_f if fewer and f is not None else None),
                    }
                )
    return LEAVE_ONE_OUT.frame(rows)


def _columns(tables: Iterable[TableSpec]) -> Iterator[tuple[TableSpec, ColumnSpec]]:
    for table in tables:
        for column in table.columns:
            yield table, column
