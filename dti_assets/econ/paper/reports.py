"""Reports over all tables: weak-instrument inference, indirect effects, leave one unit out.

Each takes the table specifications and a panel, and gives a frame declared in `tables`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from dti_assets.econ.inference.anderson_rubin import (
    AndersonRubinSet,
    WildInversion,
    anderson_rubin_set,
)
from dti_assets.econ.inference.jackknife import jackknife
from dti_assets.econ.inference.mediation import mediation
from dti_assets.econ.inference.wild_bootstrap import wild_cluster_test
from dti_assets.econ.model.design import build
from dti_assets.econ.model.estimation import estimate
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
from dti_assets.econ.tables import INDIRECT_EFFECTS, LEAVE_ONE_OUT, WEAK_INSTRUMENTS
from dti_assets.errors import EconError

if TYPE_CHECKING:
    import pandas as pd


def weak_instrument_inference(
    tables: Iterable[TableSpec], panel: pd.DataFrame, options: TableOptions
) -> pd.DataFrame:
    """One row per 2SLS column of all tables, as declared in `tables.WEAK_INSTRUMENTS`.

    First stage, reduced form, Kleibergen-Paap, effective and jackknife F, the least F with one
    cluster left out, leverage, the Anderson-Rubin sets and the tF interval, and the finding in
    plain words. A column that cannot be estimated has nulls and the reason.
    """
    rows = []
    for table, column, head in two_stage_columns(tables, options):
        try:
            resolved = resolve(table, column, panel, options)
            rows.append({**head, **_weak(table, resolved, options)})
        except EconError as error:
            rows.append({**head, "reason": str(error)})
    return WEAK_INSTRUMENTS.frame(rows)


def _weak(table: TableSpec, resolved: ResolvedColumn, options: TableOptions) -> dict[str, Any]:
    spec, frame = resolved.spec, resolved.frame
    result = estimate(spec, frame)
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
    facts = column_facts(resolved, result, options)
    row: dict[str, Any] = {
        "label": table_label(table, resolved.is_complete(result.nobs), options),
        "outcome": spec.outcome,
        "endogenous": term,
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
        "note": facts["note"],
    }
    if len(stage.reduced_form) == 1 and abs(options.confidence - 0.95) < 1e-12:
        row["tf_low"], row["tf_high"] = tf_interval(result, options.confidence)
    if spec.covariance == "clustered" and (result.n_clusters or 0) < FEWEST_CLUSTERS:
        row["reason"] = f"{result.n_clusters} clusters: no clustered inference exists"
        for name in ("std_error", "first_stage_se", "first_stage_p", "reduced_form_se"):
            row[name] = None
        for name in ("wald_low", "wald_high", "tf_low", "tf_high", "kleibergen_paap_f"):
            row[name] = None
        return row | {"effective_f": None, "sentence": row["reason"]}
    if spec.covariance != "clustered":
        headline = anderson_rubin_set(spec, frame, options.confidence)
        row |= _set(headline) | {"sentence": _sentence(row, headline)}
        return row
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
        "smallest_f": left_out.smallest_f,
        "smallest_f_without": left_out.smallest_f_without,
        "effective_clusters": leverage.attrs["effective_clusters"],
        "largest_cluster": str(leverage["cluster"].iloc[0]),
        "largest_share": float(leverage["share"].iloc[0]),
    }
    return row | {"sentence": _sentence(row, headline)}


def _first_stage(spec: Any) -> Any:
    return spec.with_(
        outcome=spec.endogenous[0],
        regressors=(*spec.instruments, *spec.regressors),
        endogenous=(),
        instruments=(),
    )


def _set(found: AndersonRubinSet) -> dict[str, Any]:
    return {
        "ar_set": str(found),
        "ar_low": found.intervals[0][0] if found.intervals else None,
        "ar_high": found.intervals[-1][1] if found.intervals else None,
        "ar_bounded": found.bounded,
    }


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
    from dataclasses import replace

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


def two_stage_columns(
    tables: Iterable[TableSpec], options: TableOptions
) -> Iterator[tuple[TableSpec, ColumnSpec, dict[str, Any]]]:
    """Every column with one endogenous regressor, and what its rows say before it is resolved."""
    for table, column in _columns(tables):
        if len(column.endogenous) == 1:
            yield (
                table,
                column,
                {
                    "table": table.table,
                    "label": table_label(table, False, options),
                    "column": column.column,
                    "outcome": column.outcome,
                    "endogenous": column.endogenous[0],
                    "instruments": ", ".join(column.instruments),
                },
            )


def _columns(tables: Iterable[TableSpec]) -> Iterator[tuple[TableSpec, ColumnSpec]]:
    for table in tables:
        for column in table.columns:
            yield table, column
