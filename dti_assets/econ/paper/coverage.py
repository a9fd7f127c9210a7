"""Which tables a panel can run, before any is estimated.

Asked of the same functions that the estimation asks (`column_resolution.resolve` and
`design.build`), so that nothing is promised here that is refused there. Does not belong here:
which variables a panel has (panel.coverage).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dti_assets.econ.model.design import build
from dti_assets.econ.paper.resolution import (
    FEWEST_CLUSTERS,
    ResolvedColumn,
    TableOptions,
    resolve,
    year_span,
)
from dti_assets.econ.paper.specifications import ColumnSpec, TableSpec
from dti_assets.econ.tables import RUNS, TABLE_COVERAGE
from dti_assets.errors import EconError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd


class _Run(NamedTuple):
    """What one column can do: `why_not` where it cannot be estimated, else its rows."""

    name: str
    runs: str
    why_not: str = ""
    rows: pd.DataFrame | None = None
    added: bool = False
    controls_absent: tuple[str, ...] = ()
    note: str = ""


def table_coverage(
    tables: Iterable[TableSpec], panel: pd.DataFrame, options: TableOptions
) -> pd.DataFrame:
    """One row per table: which columns can be estimated, on what sample, what is absent.

    `panel` has one row per unit and year. A table runs as its worst column that runs:
    `as in the paper` has every variable and the published number of rows, `all variables` another
    number of rows (or none is published), `reduced controls` lacks a control, `proxy` has another
    variable in the place of an absent one; `in part` is as in the paper but for columns that
    cannot run. Of a table of descriptives the variables take the place of columns (table
    table_coverage).
    """
    return TABLE_COVERAGE.frame([_row(table, panel, options) for table in tables])


def _row(table: TableSpec, panel: pd.DataFrame, options: TableOptions) -> dict[str, Any]:
    described = table.kind == "descriptives"
    runs = (
        [_variable(table, name, panel) for name in table.variables]
        if described
        else [_column(table, column, panel, options) for column in table.columns]
    )
    able = [run for run in runs if run.rows is not None]
    widest = max((run.rows for run in able if run.rows is not None), key=len, default=None)
    stuck: dict[str, list[str]] = {}
    for run in runs:
        if run.rows is None:
            stuck.setdefault(run.why_not, []).append(run.name)
    controls = dict.fromkeys(name for run in runs for name in run.controls_absent)
    notes: dict[str, list[str]] = {}
    for run in able:
        if run.note:
            notes.setdefault(run.note, []).append(run.name)
    return {
        "table": table.name,
        "title": table.title,
        "runs": _together(runs),
        "columns_that_run": ", ".join(run.name for run in able) or None,
        "columns_that_cannot": "; ".join(f"({', '.join(n)}) {why}" for why, n in stuck.items())
        or None,
        "n_obs": 0 if widest is None else len(widest),
        "n_provinces": 0 if widest is None else widest[options.entity].nunique(),
        "years": None if widest is None else year_span(widest, options.time),
        "controls_absent": ", ".join(controls) or None,
        "note": "; ".join(_where(names, able) + note for note, names in notes.items()) or None,
    }


def _together(runs: list[_Run]) -> str:
    """How a table runs whose columns run like this; what was added to the published columns
    counts only where none of them runs."""
    able = [run for run in runs if run.rows is not None]
    published = [run for run in able if not run.added]
    worst = max((run.runs for run in published or able), key=RUNS.index, default="no")
    whole = len(published) == sum(not run.added for run in runs)
    return worst if worst != RUNS[0] or whole else "in part"


def _where(names: list[str], able: list[_Run]) -> str:
    return "" if len(names) == len(able) else f"({', '.join(names)}) "


def _column(
    table: TableSpec, column: ColumnSpec, panel: pd.DataFrame, options: TableOptions
) -> _Run:
    try:
        resolved = resolve(table, column, panel, options)
        design = build(resolved.spec, resolved.frame)
    except EconError as error:
        return _Run(column.column, "no", str(error), added=column.added)
    notes = [f"{stand_in} stands in for {name}" for name, stand_in in resolved.proxies.items()]
    clusters = design.sample.n_clusters or 0
    if resolved.spec.covariance == "clustered" and clusters < FEWEST_CLUSTERS:
        notes.append(f"{clusters} clusters: no clustered inference")
    return _Run(
        column.column,
        _state(resolved, design.n),
        rows=resolved.frame.loc[resolved.frame.index.isin(design.sample.rows)],
        added=column.added,
        controls_absent=resolved.controls_absent,
        note=", ".join(notes),
    )


def _state(resolved: ResolvedColumn, nobs: int) -> str:
    if resolved.proxies:
        return "proxy"
    if resolved.controls_absent:
        return "reduced controls"
    return RUNS[0] if resolved.column.rows == nobs else "all variables"


def _variable(table: TableSpec, name: str, panel: pd.DataFrame) -> _Run:
    """A variable of a table of descriptives."""
    added = name not in table.required
    there = panel[panel[name].notna()] if name in panel.columns else panel.iloc[:0]
    if there.empty:
        return _Run(name, "no", f"absent from the data: {name}", added=added)
    state = RUNS[0] if len(there) == table.rows else "all variables"
    return _Run(name, state, rows=there, added=added)
