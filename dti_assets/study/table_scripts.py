"""From a table's specification and its stored estimates to its Stata and R scripts.

The equations are those that were estimated: proxies and absent or absorbed terms come from the
stored rows, samples from the specification. Grammar is in publishing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dti_assets.econ.model.specification import INTERCEPT
from dti_assets.econ.paper.resolution import FEWEST_CLUSTERS
from dti_assets.econ.paper.specifications import ColumnSpec, TableSpec
from dti_assets.panel.tables import PANEL
from dti_assets.publishing.scripts.equation import Condition, Equation, Script, ScriptColumn
from dti_assets.publishing.scripts.r import r_script
from dti_assets.publishing.scripts.stata import stata_script
from dti_assets.publishing.typesetting import english
from dti_assets.store.schema import records
from dti_assets.units.hubs import hub_dropped
from dti_assets.units.levels import Level
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    import pandas as pd


def table_scripts(spec: TableSpec, stored: pd.DataFrame, units: Units) -> dict[str, str]:
    """The scripts of one table by file ending, do and R."""
    rows = records(stored)
    label = rows[0]["label"] if rows else ""
    title = english(f"{label}. {spec.title}" if label else spec.title, units)
    if spec.kind == "descriptives":
        described, remarks = _descriptives(rows)
        return _write(title, spec.name, units.level, described=described, remarks=remarks)
    found = _by_column(rows)
    columns = tuple(_column(spec, column, found, units) for column in spec.columns)
    return _write(title, spec.name, units.level, columns)


def inference_scripts(
    specs: Mapping[str, TableSpec],
    estimates: Mapping[str, pd.DataFrame],
    inference: pd.DataFrame,
    name: str,
    hub: str,
    hub_alone: bool,
    units: Units,
) -> dict[str, str]:
    """The scripts of the appendix: 2SLS and reduced form of every instrumented column.

    `hub_alone`: whether the study's rule moves the distance of no unit but the hub's, so that the
    instrument without a rule is the exported one on the other units' rows.
    """
    own_unit, level = units.find_seat(hub), units.level
    behind = hub_dropped(level)
    columns: list[ScriptColumn] = []
    tables = {spec.table: spec for spec in specs.values()}
    for row in records(inference):
        spec = tables[row["table"]]
        own, dropped = row["column"].removesuffix(behind), row["column"].endswith(behind)
        heading = f"{row['column']} of table {spec.table}"
        if row["estimate"] is None:
            columns.append(ScriptColumn(heading, None, (f"Not estimated: {row['reason']}.",)))
            continue
        if dropped and (own_unit is None or not hub_alone):
            why = "Not reproduced: the export holds no instrument without the rule for distance 0."
            columns.append(ScriptColumn(heading, None, (why,)))
            continue
        equation = _equation(spec, spec.column(own), _by_column(records(estimates[spec.name])))
        if dropped and own_unit is not None:
            only = Condition(level.name, "not in", (own_unit.name,))
            equation = replace(equation, conditions=(*equation.conditions, only))
        columns += _inference(heading, equation, row)
    title = "Appendix. Weak-instrument inference"
    return _write(title, name, level, tuple(columns), remarks=_sets(records(inference)))


def _sets(rows: list[dict[str, Any]]) -> tuple[str, ...]:
    """How the stored Anderson-Rubin sets were made; a wild one has its p-value of no effect."""
    sets = [row for row in rows if row["ar_set"] is not None]
    remarks = []
    if any(row["p_wild"] is not None for row in sets):
        remarks += ["The Anderson-Rubin sets that are the headline invert the wild cluster "
                    "bootstrap:",
                    "in Stata, boottest after ivreghdfe; in R, fwildclusterboot."]  # fmt: skip
    if any(row["p_wild"] is None for row in sets):
        remarks.append("Without clustered errors the Anderson-Rubin sets invert the Wald test.")
    return tuple(remarks)


def _inference(heading: str, equation: Equation, row: dict[str, Any]) -> list[ScriptColumn]:
    reduced = replace(
        equation, regressors=(*equation.instruments, *equation.regressors), endogenous=(),
        instruments=(), complete=tuple(dict.fromkeys((*equation.complete, *equation.endogenous))),
    )  # fmt: skip
    instrument = equation.instruments[0]
    first = f"first stage: {instrument} {_figure(row['first_stage'])}, s.e. "
    first += f"{_figure(row['first_stage_se'])}, Kleibergen-Paap F "
    first += f"{_figure(row['kleibergen_paap_f'])}, effective F {_figure(row['effective_f'])}"
    second = _ours(row["endogenous"], row["estimate"], row["std_error"], row["n_obs"])
    below = _ours(instrument, row["reduced_form"], row["reduced_form_se"], row["n_obs"])
    return [
        ScriptColumn(heading, equation, (second, first)),
        ScriptColumn(f"{heading}, reduced form", reduced, (below,)),
    ]


def _write(
    title: str, name: str, level: Level, columns: tuple[ScriptColumn, ...] = (), **more: Any
) -> dict[str, str]:
    """The script by file ending; the columns of the panel that hold words are known by it."""
    words = frozenset(c.name for c in level.table(PANEL).columns if c.dtype == "string")
    script = Script(title, name, level, columns, text_columns=words, **more)
    return {"do": stata_script(script), "R": r_script(script)}


def _by_column(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["column"], []).append(row)
    return found


def _descriptives(rows: list[dict[str, Any]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The variables that have values, and what is remarked on all."""
    there = [row for row in rows if row["n_obs"] is not None]
    remarks = [
        f"stored: {row['variable']} N {row['n_obs']}, mean {_figure(row['mean'])}, sd "
        f"{_figure(row['std_dev'])}, within {_figure(row['std_within'])}"
        for row in there
    ]
    remarks += [f"{r['variable']}: {r['reason']}." for r in rows if r["n_obs"] is None]
    return tuple(row["variable"] for row in there), tuple(remarks)


def _column(
    spec: TableSpec, column: ColumnSpec, found: Mapping[str, list[dict[str, Any]]], units: Units
) -> ScriptColumn:
    rows = found[column.column]
    name = f"{column.column} ({column.label})" if column.label else column.column
    if all(row["estimate"] is None for row in rows):
        return ScriptColumn(name, None, (english(f"Not estimated: {rows[0]['reason']}.", units),))
    remarks = []
    for row in rows:
        if row["estimate"] is None:
            remarks.append(english(f"{row['term']}: {row['reason']}.", units))
        elif row["role"] != "constant":
            error = row["std_error"] if row["std_error"] is not None else row["se_hc1"]
            remarks.append(_ours(row["term"], row["estimate"], error, row["n_obs"]))
    if rows[0]["proxies"]:
        remarks.append(f"Proxies: {rows[0]['proxies']}.")
    if rows[0]["controls_absent"]:
        remarks.append(f"Absent controls: {rows[0]['controls_absent']}.")
    if _few_clusters(rows[0]):
        remarks.append(f"{rows[0]['n_clusters']} clusters: robust errors, see the table's note.")
    return ScriptColumn(name, _equation(spec, column, found), tuple(remarks))


def _few_clusters(row: dict[str, Any]) -> bool:
    clustered = str(row["errors"]).startswith("clustered")
    return clustered and (row["n_clusters"] or 0) < FEWEST_CLUSTERS


def _equation(
    spec: TableSpec, column: ColumnSpec, found: Mapping[str, list[dict[str, Any]]]
) -> Equation:
    """The equation that was estimated."""
    rows = found[column.column]
    terms = [row for row in rows if row["term"] != INTERCEPT and row["estimate"] is not None]
    first = rows[0]
    errors = str(first["errors"])
    if errors.startswith("clustered"):
        errors = "robust" if _few_clusters(first) else "clustered"
    shared = _sample_of(spec, column, found)
    conditions, complete = shared if shared else ((), ())
    cluster = (column.cluster,) if column.cluster else ()
    # absorbed terms have no coefficient but their missing values left rows out
    absorbed = tuple(row["term"] for row in rows if row["estimate"] is None)
    return Equation(
        outcome=first["outcome"],
        regressors=tuple(row["term"] for row in terms if row["role"] != "endogenous"),
        endogenous=tuple(row["term"] for row in terms if row["role"] == "endogenous"),
        instruments=_listed(first["instruments"]),
        fixed_effects=column.fixed_effects,
        cluster=column.cluster,
        errors=errors,
        conditions=tuple(dict.fromkeys((*_conditions(column), *conditions))),
        complete=tuple(dict.fromkeys((*cluster, *absorbed, *complete))),
    )


def _sample_of(
    spec: TableSpec, column: ColumnSpec, found: Mapping[str, list[dict[str, Any]]]
) -> tuple[tuple[Condition, ...], tuple[str, ...]] | None:
    """Conditions and terms of the column whose rows this one shares."""
    if column.same_sample_as is None:
        return None
    twin = spec.column(column.same_sample_as)
    rows = found[twin.column]
    terms = [row["term"] for row in rows if row["term"] != INTERCEPT]
    terms = [rows[0]["outcome"], *terms, *_listed(rows[0]["instruments"])]
    terms += [*twin.fixed_effects, *([twin.cluster] if twin.cluster else [])]
    further = _sample_of(spec, twin, found)
    conditions, complete = further if further else ((), ())
    return (*_conditions(twin), *conditions), tuple(dict.fromkeys((*terms, *complete)))


def _conditions(column: ColumnSpec) -> tuple[Condition, ...]:
    return tuple(
        Condition(name, "between" if kind == "between" else "in", tuple(values))
        for name, (kind, *values) in column.sample
    )


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(text.split(", ")) if text else ()


def _ours(term: str, estimate: float, error: float | None, rows: int) -> str:
    return f"stored: {term} {_figure(estimate)}, s.e. {_figure(error)}, N {rows}"


def _figure(value: float | None) -> str:
    return "none" if value is None else repr(float(value))
