"""From a column of a table specification to an equation the data at hand can answer.

What is absent is named: a missing key variable stops the column, a proxy stands in under its own
name, a missing control is left out. All of it is stamped on the result. Which tables a panel can
run, `table_coverage`, is asked of the same functions that the estimation asks, so that nothing is
promised here that is refused there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from dti_assets.econ.model.design import build
from dti_assets.econ.model.sample import numeric_columns, prepare
from dti_assets.econ.model.specification import Covariance, Specification
from dti_assets.econ.model.terms import columns_of, with_terms
from dti_assets.econ.paper.specifications import ColumnSpec, TableSpec
from dti_assets.econ.tables import RUNS, TABLE_COVERAGE
from dti_assets.errors import EconError
from dti_assets.units.levels import Level

if TYPE_CHECKING:
    import pandas as pd

    from dti_assets.econ.model.results import Estimates

# A two-sided wild test with fewer clusters cannot reach 5 %: its least p-value is 2^(1 - G)
FEWEST_CLUSTERS = 6
ABSENT = "absent from the data: "


@dataclass(frozen=True)
class TableOptions:
    """What the study settles for all tables.

    level : what a row is about; its column of names and `time` identify a row for lags.
    covariance : errors of columns that do not name their own. draws, bootstrap_draws, seed : of
    wild tests and of the mediation bootstrap. confidence : of sets and intervals. proxies :
    variable -> stand-in, used only where the variable is absent. zero_distance_rule : named under
    every table that uses the instrument. instruments : names of columns that carry the rule.
    instrument_note : a sentence on their origin (frozen or not) printed beside the rule.
    simulated : the data are invented, and every label says so.
    """

    level: Level
    covariance: str = "clustered"
    draws: int = 9999
    bootstrap_draws: int = 5000
    seed: int = 0
    confidence: float = 0.95
    proxies: dict[str, str] = field(default_factory=dict)
    zero_distance_rule: str | None = None
    instruments: tuple[str, ...] = ("DTI_iv",)
    instrument_note: str | None = None
    simulated: bool = False
    time: str = "year"

    @property
    def entity(self) -> str:
        """The column that says which unit a row is about."""
        return self.level.name


@dataclass(frozen=True)
class ResolvedColumn:
    """An equation, its rows, and what was changed on the way."""

    column: ColumnSpec
    spec: Specification
    frame: pd.DataFrame
    proxies: dict[str, str]
    controls_absent: tuple[str, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """Key terms as estimated."""
        return tuple(self.proxies.get(name, name) for name in self.column.keys)

    def is_complete(self, nobs: int) -> bool:
        """No proxy, no control missing, and at least the published number of rows: of a column
        that repeats another with an instrument of fewer rows, those that the other has."""
        published, like = self.column.rows, self.column.like
        if like is not None and like.rows is not None:
            published = like.rows
            nobs = len(prepare(self.spec.with_(instruments=like.instruments), self.frame).rows)
        enough = published is None or nobs >= published
        return not self.proxies and not self.controls_absent and enough


def too_few_clusters(result: Estimates) -> str | None:
    """Why clustered errors of an estimate are no inference; None where they are, or it has none."""
    if result.spec.covariance != "clustered" or (result.n_clusters or 0) >= FEWEST_CLUSTERS:
        return None
    return f"{result.n_clusters} clusters: no clustered inference exists"


def resolve(
    table: TableSpec, column: ColumnSpec, panel: pd.DataFrame, options: TableOptions
) -> ResolvedColumn:
    """The equation of one column on `panel`.

    Raises
    ------
    EconError
        Naming the outcome, key terms, instruments, required controls, effects or sample columns
        that are absent (no column, or no value) and have no proxy.
    """
    if not panel.index.is_unique:  # rows are identified by their label below
        panel = panel.reset_index(drop=True)
    proxies: dict[str, str] = {}
    absent: list[str] = []
    for name in column.needs:
        if _available(panel, name):
            continue
        stand_in = options.proxies.get(name)
        if stand_in is not None and _available(panel, stand_in):
            proxies[name] = stand_in
        else:
            absent.append(name)
    structure = [name for name, _ in column.sample]
    structure += [*column.fixed_effects, *([column.cluster] if column.cluster else [])]
    absent += [name for name in dict.fromkeys(structure) if not _available(panel, name)]
    if absent:
        raise EconError(ABSENT + ", ".join(dict.fromkeys(absent)))
    missing = tuple(
        name
        for name in column.controls
        if not _available(panel, name) and name not in column.required
    )

    def named(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(proxies.get(name, name) for name in names)

    outcome = proxies.get(column.outcome, column.outcome)
    controls = tuple(name for name in named(column.controls) if name not in missing)
    errors = column.errors or options.covariance
    if errors == "clustered" and column.cluster is None:
        raise EconError("clustered errors without a cluster column in the table")
    spec = Specification(
        outcome=outcome,
        regressors=(*named(column.regressors), *controls),
        endogenous=named(column.endogenous),
        instruments=named(column.instruments),
        fixed_effects=column.fixed_effects,
        cluster=column.cluster,
        # a word of a YAML file, which Specification checks
        covariance=cast(Covariance | None, errors),
    )
    frame = with_terms(panel, spec.variables, options.entity, options.time)
    frame = select_rows(frame, column.sample)
    if column.same_sample_as is not None:
        twin = resolve(table, table.column(column.same_sample_as), panel, options)
        rows = prepare(twin.spec, twin.frame).rows
        frame = frame.loc[frame.index.isin(rows)]
    return ResolvedColumn(column, spec, frame, proxies, missing)


def select_rows(frame: pd.DataFrame, sample: tuple[tuple[str, Any], ...]) -> pd.DataFrame:
    """Rows that meet every condition of a column's `sample`."""
    for name, (kind, *values) in sample:
        if kind == "between":
            numbers = numeric_columns(frame, [name])[:, 0]
            low, high = values
            keep = (numbers >= (-float("inf") if low is None else low)) & (
                numbers <= (float("inf") if high is None else high)
            )
            frame = frame.loc[keep]
        else:
            frame = frame.loc[frame[name].isin(list(values)).fillna(False).to_numpy(dtype=bool)]
    return frame


def stamp(resolved: ResolvedColumn, facts: dict[str, Any], options: TableOptions) -> str:
    """What must stand under the table in every format, in one line."""
    parts = [f"{stand_in} is a proxy for {name}" for name, stand_in in resolved.proxies.items()]
    if facts.get("years"):
        parts.append(f"years {facts['years']}")
    if facts.get("n_obs") is not None:
        published = resolved.column.rows
        of = f" (published: {published})" if published not in (None, facts["n_obs"]) else ""
        parts.append(f"N = {facts['n_obs']}{of}")
    if resolved.controls_absent:
        parts.append("absent controls: " + ", ".join(resolved.controls_absent))
    parts += list(facts.get("absorbed", {}).values())
    if facts.get("dropped"):
        parts.append(f"dropped: {facts['dropped']}")
    # also a lag or a product of the instrument rests on the rule
    columns = {name for term in resolved.spec.variables for name in columns_of(term)}
    used = columns & {*options.instruments}
    if used and options.zero_distance_rule:
        parts.append(
            f"zero-distance rule of {', '.join(sorted(used))}: {options.zero_distance_rule}"
        )
    if used and options.instrument_note:
        parts.append(options.instrument_note.rstrip("."))
    return "; ".join(parts)


def table_name(table: TableSpec, complete: bool, options: TableOptions) -> str:
    """The name a table has earned: "Table 2"; "O2" where data are absent, "S2" where invented."""
    return f"{'S' if options.simulated else 'Table ' if complete else 'O'}{table.table}"


def table_label(table: TableSpec, complete: bool, options: TableOptions) -> str:
    """That name, and what keeps it from being the paper's table: "O2, ... not a replication"."""
    name = table_name(table, complete, options)
    if options.simulated:
        return f"{name}, simulated data, not a replication"
    return name if complete else f"{name}, official-data illustration, not a replication"


def year_span(frame: pd.DataFrame, time: str) -> str | None:
    """First and last year of the rows, as text."""
    if time not in frame.columns or frame[time].dropna().empty:
        return None
    years = frame[time].dropna()
    first, last = int(years.min()), int(years.max())
    return str(first) if first == last else f"{first}-{last}"


def _available(panel: pd.DataFrame, term: str) -> bool:
    names = [term] if term in panel.columns else list(columns_of(term))
    return all(name in panel.columns and bool(panel[name].notna().any()) for name in names)


# a control that drops more than this share of the rows is more likely a fault than a choice
MOST = 0.5


def sparse_controls(
    tables: Iterable[TableSpec],
    panel: pd.DataFrame,
    files: Mapping[str, str],
    options: TableOptions,
) -> list[str]:
    """One sentence for every variable of `files` that costs a table most of its rows as a control.

    `panel` has one row per unit and year; `files` maps a variable that rests on the user's
    figures to the files they are in. Rows are counted among those that have all else the column
    uses, other controls of `files` apart.
    """
    lost: dict[str, dict[str, tuple[int, int]]] = {name: {} for name in files}
    for table in tables:
        for column in table.columns:
            try:
                resolved = resolve(table, column, panel, options)
            except EconError:
                continue
            for name in files:
                gone, of = _lost(resolved, name, files)
                if gone > MOST * of and gone > lost[name].get(table.table, (0, 0))[0]:
                    lost[name][table.table] = (gone, of)
    return [
        f"{name} ({files[name]}) has {int(panel[name].notna().sum())} of {len(panel)} cells and "
        f"takes most rows from {_listed(found)}: complete it, or take it out of the panel folder"
        for name, found in lost.items()
        if found
    ]


def _lost(resolved: ResolvedColumn, name: str, given: Mapping[str, str]) -> tuple[int, int]:
    """Rows lost by a control for lack of `name` alone, and rows there were; 0 and 0 where it is
    no control of the column or the column needs it."""
    used = resolved.spec.variables
    needed = {resolved.proxies.get(term, term) for term in resolved.column.needs}
    mine = [term for term in used if name in columns_of(term)]
    if not mine or needed & {*mine}:
        return 0, 0
    others = [term for term in used if term in needed or not given.keys() & {*columns_of(term)}]
    there = resolved.frame[resolved.frame[others].notna().all(axis="columns")]
    return int(there[mine].isna().any(axis="columns").sum()), len(there)


def _listed(found: Mapping[str, tuple[int, int]]) -> str:
    each = [f"{table} ({gone} of {of})" for table, (gone, of) in found.items()]
    return f"table{'s' if len(each) > 1 else ''} {', '.join(each)}"


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
