"""`estimate_table`: one table specification and a panel in, one row per coefficient out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dti_assets.econ.inference.jackknife import jackknife
from dti_assets.econ.inference.wild_bootstrap import wild_cluster_test
from dti_assets.econ.model.estimation import estimate
from dti_assets.econ.model.projection import demean
from dti_assets.econ.model.results import Estimates, stars
from dti_assets.econ.model.sample import numeric_columns
from dti_assets.econ.model.specification import INTERCEPT
from dti_assets.econ.paper.resolution import (
    ResolvedColumn,
    TableOptions,
    resolve,
    stamp,
    table_label,
    too_few_clusters,
    year_span,
)
from dti_assets.econ.paper.specifications import ColumnSpec, TableSpec
from dti_assets.econ.tables import DESCRIPTIVES, ESTIMATES
from dti_assets.errors import EconError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TableOptions", "describe", "dropped_rows", "estimate_table"]


def estimate_table(table: TableSpec, panel: pd.DataFrame, options: TableOptions) -> pd.DataFrame:
    """Estimate every column of a table.

    Parameters
    ----------
    table : a table of kind "coefficients", or "descriptives" (then see `describe`).
    panel : one row per unit and year under the panel's names; absent columns are no error.
    options : errors, draws, seed, proxies and the zero-distance rule to print.

    Returns
    -------
    Frame as declared in `tables.ESTIMATES`: one row per coefficient, absorbed regressors with a
    null estimate and the reason. A column whose key variables are absent, or that cannot be
    estimated, has one row per key term with nulls and the reason. Key terms of clustered columns
    carry wild bootstrap p-values and CRV3 errors. With fewer than six clusters there is no
    clustered inference: only iid and HC1 errors are given, no stars and no first-stage F.
    """
    if table.kind == "descriptives":
        return describe(table, panel, options)
    results = [_column(table, column, panel, options) for column in table.columns]
    complete = all(done for done, _, column in results if not column.added)
    rows = [row for _, rows, _ in results for row in rows]
    label = table_label(table, complete, options)
    return ESTIMATES.frame([{**row, "table": table.table, "label": label} for row in rows])


def describe(table: TableSpec, panel: pd.DataFrame, options: TableOptions) -> pd.DataFrame:
    """Descriptive statistics of a table's variables, as declared in `tables.DESCRIPTIVES`."""
    rows: list[dict[str, Any]] = []
    for name in table.variables:
        row: dict[str, Any] = {"variable": name}
        rows.append(row)
        if name not in panel.columns or panel[name].notna().sum() == 0:
            row["reason"] = f"absent from the data: {name}"
            continue
        try:
            numbers = numeric_columns(panel, [name])[:, 0]
        except EconError as error:
            row["reason"] = str(error)
            continue
        kept = panel.loc[numbers == numbers]
        values = numbers[numbers == numbers]
        row |= {
            "n_obs": len(values),
            "mean": float(values.mean()),
            "minimum": float(values.min()),
            "maximum": float(values.max()),
            "median": float(np.median(values)),
            "years": year_span(kept, options.time),
        }
        if len(values) > 1:
            row["std_dev"] = float(values.std(ddof=1))
        keys = [options.entity, options.time]
        if len(values) > 1 and set(keys) <= set(kept.columns) and kept[keys].notna().all(axis=None):
            codes = [kept[key].astype("category").cat.codes.to_numpy(dtype=int) for key in keys]
            row["std_within"] = float(demean(values[:, None], codes).std())
    counts = {row["variable"]: row.get("n_obs", 0) for row in rows}
    complete = all(counts.get(name, 0) >= (table.rows or 1) for name in table.required)
    label = table_label(table, complete, options)
    return DESCRIPTIVES.frame([{**row, "table": table.table, "label": label} for row in rows])


def _column(
    table: TableSpec, column: ColumnSpec, panel: pd.DataFrame, options: TableOptions
) -> tuple[bool, list[dict[str, Any]], ColumnSpec]:
    """(complete, rows, column)."""
    head = {
        "column": column.column,
        "column_label": column.label or None,
        "n_rows_published": column.rows,
        "sample": _sample_text(column),
    }
    try:
        resolved = resolve(table, column, panel, options)
        result = estimate(resolved.spec, resolved.frame)
    except EconError as error:
        rows = [
            {**head, "outcome": column.outcome, "term": term, "role": role, "reason": str(error)}
            for term, role in _keys(column)
        ]
        return False, rows, column
    facts = column_facts(resolved, result, options)
    clustered = resolved.spec.covariance == "clustered"
    valid = too_few_clusters(result) is None
    reason = None
    if not valid:
        reason = (
            f"{result.n_clusters} clusters: no clustered inference exists; "
            "iid and HC1 errors stand beside the estimate"
        )
    wild, crv3 = _few_clusters(resolved, result, options) if valid and clustered else ({}, {})
    tidy = result.tidy(options.confidence).set_index("term")
    rows = []
    for term in tidy.index:
        row = {**head, **facts, "term": term, "role": _role(resolved, term)}
        row["estimate"] = tidy.at[term, "estimate"]
        row["se_iid"] = result.errors.at[term, "iid"]
        row["se_hc1"] = result.errors.at[term, "robust"]
        row["reason"] = reason
        if valid:
            for name in ("std_error", "t_stat", "p_value", "conf_low", "conf_high"):
                row[name] = tidy.at[term, name]
            row["p_wild"] = wild.get(term)
            row["se_crv3"], row["reason"] = crv3.get(term, (None, None))
            row["stars"] = stars(wild.get(str(term), _unaided_p(result, str(term))))
        rows.append(row)
    for term, why in result.absorbed.items():
        if term not in resolved.spec.instruments:
            rows.append(
                {**head, **facts, "term": term, "role": _role(resolved, term), "reason": why}
            )
    return resolved.is_complete(result.nobs), rows, column


def column_facts(
    resolved: ResolvedColumn, result: Estimates, options: TableOptions
) -> dict[str, Any]:
    """What all coefficients of a column share, under the names of `tables.ESTIMATES`."""
    spec = resolved.spec
    stage = result.first_stage if too_few_clusters(result) is None else None
    used = resolved.frame.loc[resolved.frame.index.isin(result.residuals.index)]
    facts: dict[str, Any] = {
        "n_obs": result.nobs,
        "years": year_span(used, options.time),
        "dropped": dropped_rows(result),
        "absorbed": result.absorbed,
    }
    facts["note"] = stamp(resolved, facts, options)
    del facts["absorbed"]
    controls = [name for name in spec.regressors if name not in resolved.keys]
    return facts | {
        "outcome": spec.outcome,
        "n_clusters": result.n_clusters,
        "r2": result.r2,
        "r2_within": result.r2_within,
        "outcome_mean": result.outcome_mean,
        "first_stage_f": stage.kleibergen_paap_f if stage else None,
        "effective_f": stage.effective_f if stage else None,
        "errors": f"clustered by {spec.cluster}"
        if spec.covariance == "clustered"
        else spec.covariance,
        "fixed_effects": ", ".join(spec.fixed_effects) or None,
        "controls": ", ".join(c for c in controls if c not in result.absorbed) or None,
        "instruments": ", ".join(spec.instruments) or None,
        "proxies": ", ".join(f"{new} for {old}" for old, new in resolved.proxies.items()) or None,
        "controls_absent": ", ".join(resolved.controls_absent) or None,
    }


def dropped_rows(result: Estimates) -> str | None:
    """Dropped rows by reason, as text: "12 rows: Export is missing; ...". None without any."""
    if result.dropped.empty:
        return None
    counts = result.dropped["reason"].value_counts(sort=False)
    ordered = sorted(((int(n), str(why)) for why, n in counts.items()), key=lambda x: (-x[0], x[1]))
    return "; ".join(f"{n} row{'s' if n > 1 else ''}: {why}" for n, why in ordered)


def _few_clusters(
    resolved: ResolvedColumn, result: Estimates, options: TableOptions
) -> tuple[dict[str, float], dict[str, tuple[float, str | None]]]:
    """Wild p-values of the key terms; CRV3 errors, or why there is none."""
    wild: dict[str, float] = {}
    crv3: dict[str, tuple[float, str | None]] = {}
    spec = resolved.spec
    terms = [term for term in resolved.keys if term in result.params.index]
    testable = [t for t in terms if not spec.endogenous or spec.endogenous == (t,)]
    for term in testable:
        test = wild_cluster_test(spec, resolved.frame, term, draws=options.draws, seed=options.seed)
        wild[term] = test.p_value
    if terms:
        found = jackknife(spec, resolved.frame)
        crv3 = {term: (float(found.std_errors[term]), found.why_none[term]) for term in terms}
    return wild, crv3


def _unaided_p(result: Estimates, term: str) -> float:
    """p-value behind the stars without a wild one: Anderson-Rubin's where endogenous.

    With one instrument that is the reduced form's t-test; with several no stars are given.
    """
    from scipy import stats

    stage = result.first_stage
    if stage is None or term not in result.spec.endogenous:
        return float(result.p_values[term])
    if len(stage.reduced_form) != 1:
        return 1.0
    estimate_, error = stage.reduced_form.to_numpy(dtype=float)[0]
    return float(2 * stats.t.sf(abs(estimate_ / error), result.df_t))


def _keys(column: ColumnSpec) -> list[tuple[str, str]]:
    return [(t, "endogenous" if t in column.endogenous else "key") for t in column.keys]


def _role(resolved: ResolvedColumn, term: str) -> str:
    if term == INTERCEPT:
        return "constant"
    if term in resolved.spec.endogenous:
        return "endogenous"
    return "key" if term in resolved.keys else "control"


def _sample_text(column: ColumnSpec) -> str | None:
    parts = []
    for name, (kind, *values) in column.sample:
        if kind == "between":
            low, high = values
            start = "" if low is None else f" from {low}"
            end = "" if high is None else f" to {high}" if start else f" up to {high}"
            parts += [f"{name}{start}{end}"] if start or end else []
        else:
            parts.append(f"{name} = {' or '.join(map(str, values))}")
    return " and ".join(parts) or None
