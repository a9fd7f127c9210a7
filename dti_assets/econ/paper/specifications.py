"""Tables as data: YAML files that say what each column of a regression table is.

Adding a table, a column, a lag, another outcome or instrument is an entry in such a file. Keys
given for the table hold for every column that does not give its own. Estimation is elsewhere.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any, cast

from dti_assets.econ.model.specification import COVARIANCES, Covariance, Specification
from dti_assets.econ.model.terms import columns_of, with_column
from dti_assets.errors import EconError, TableSpecificationError
from dti_assets.store.files import read_named
from dti_assets.units.levels import Level

# stands in a file for the column that says which unit a row is about
UNIT = "unit"
KINDS = ("coefficients", "descriptives")
# the numbers of the tables whose p-values are adjusted together
ROMANO_WOLF_TABLES = ("5", "6", "7", "8", "9", "10")
_COLUMN_LISTS = (
    "regressors",
    "endogenous",
    "instruments",
    "controls",
    "fixed_effects",
    "required",
)
_SHARED = (*_COLUMN_LISTS, "outcome", "cluster", "errors", "sample", "rows")
_TABLE_KEYS = (
    *("table", "name", "title", "source", "kind", "columns", "notes", "mediation", "variables"),
    *_SHARED,
)
_COLUMN_KEYS = (*_SHARED, "column", "label", "same_sample_as", "added")
_MEDIATION_KEYS = ("treatment", "mediator", "outcome", "joint_with")


@dataclass(frozen=True)
class ColumnSpec:
    """One column of a regression table.

    `regressors` and `endogenous` are the key terms; `controls` may be absent from the data (the
    column is then estimated without them and says so), unless listed in `required`. `sample` maps
    a column of the data to the value, or list of values, that a row must have, or to bounds
    {min: .., max: ..}. `rows` is the N of the published column. `same_sample_as` names a column
    whose rows this one shares. `errors`: iid, robust, clustered; None leaves it to the study.
    `added`: a column that the publication does not have. `like`: the column that this one repeats
    with another instrument, and whose data are complete where that one's are.
    """

    column: str
    outcome: str
    regressors: tuple[str, ...] = ()
    endogenous: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    fixed_effects: tuple[str, ...] = ()
    cluster: str | None = None
    errors: str | None = None
    sample: tuple[tuple[str, Any], ...] = ()
    rows: int | None = None
    label: str = ""
    same_sample_as: str | None = None
    required: tuple[str, ...] = ()
    added: bool = False
    like: ColumnSpec | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The terms the column is about: endogenous regressors, then regressors."""
        return (*self.endogenous, *self.regressors)

    @property
    def needs(self) -> tuple[str, ...]:
        """Terms without which the column cannot be estimated."""
        named = (self.outcome, *self.keys, *self.instruments, *self.required)
        return tuple(dict.fromkeys(named))


@dataclass(frozen=True)
class MediationSpec:
    """The mediation analysis that belongs to a table."""

    treatment: str
    mediator: str
    outcome: str
    joint_with: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableSpec:
    """One table: columns to estimate, or variables to describe.

    A table of descriptives is complete when the variables of `required` have `rows` values each.
    """

    table: str
    name: str
    title: str
    source: str = ""
    kind: str = "coefficients"
    columns: tuple[ColumnSpec, ...] = ()
    notes: tuple[str, ...] = ()
    mediation: MediationSpec | None = None
    variables: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    rows: int | None = None

    def column(self, name: str) -> ColumnSpec:
        """The column of that name."""
        for column in self.columns:
            if column.column == name:
                return column
        raise TableSpecificationError(f"table {self.table} has no column {name!r}")


def load_tables(folder: Path | str | None = None, *, level: Level) -> dict[str, TableSpec]:
    """All tables of a folder of YAML files by name, in file order; default: those shipped.

    `unit` among the fixed effects or as cluster is the column of names of `level`.

    Raises
    ------
    TableSpecificationError
        Naming file and key, for YAML that cannot be read, unknown, missing or ill-typed keys and
        repeated names.
    """
    directory = Path(str(folder or resources.files("dti_assets.reference") / "tables"))
    files = sorted([*directory.glob("*.yaml"), *directory.glob("*.yml")])
    if not files:
        raise TableSpecificationError(f"no table specification (*.yaml, *.yml) in {directory}")
    tables: dict[str, TableSpec] = {}
    for path in files:
        table = _load_table(path, level)
        if table.name in tables:
            raise TableSpecificationError(f"{path.name}: name {table.name} is used twice")
        tables[table.name] = table
    return tables


def _load_table(path: Path, level: Level) -> TableSpec:
    import yaml

    try:
        # twelve files are read whenever a code location loads: in C where PyYAML came with it
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        content = yaml.load(read_named(path).decode("utf-8"), Loader=loader)
    except OSError as error:
        raise TableSpecificationError(f"{path}: {error.strerror or error}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = _fault(error)
        raise TableSpecificationError(f"{path.name}: not readable as YAML ({reason})") from error
    return parse_table(content, path.name, level=level)


def parse_table(content: Any, file: str = "table", *, level: Level) -> TableSpec:
    """A table from the content of a YAML file; `file` names it in messages."""
    if not isinstance(content, Mapping):
        raise TableSpecificationError(f"{file}: expected keys such as table, name and columns")
    _known(content, _TABLE_KEYS, file)
    kind = content.get("kind", "coefficients")
    if kind not in KINDS:
        raise TableSpecificationError(f"{file}: kind {kind!r} is not one of {', '.join(KINDS)}")
    for key in ("table", "name", "title"):
        if not content.get(key):
            raise TableSpecificationError(f"{file}: key {key} is missing")
    variables = _strings(content, "variables", file)
    entries = content.get("columns", [])
    if not isinstance(entries, list):
        raise TableSpecificationError(f"{file}: columns must be a list")
    if kind == "coefficients" and not entries:
        raise TableSpecificationError(f"{file}: columns are missing")
    if kind == "descriptives" and not variables:
        raise TableSpecificationError(f"{file}: variables are missing")
    shared = {key: content[key] for key in _SHARED if key in content}
    columns = tuple(
        _column(entry, shared, i, file, level) for i, entry in enumerate(entries, start=1)
    )
    names = [column.column for column in columns]
    for name in names:
        if names.count(name) > 1:
            raise TableSpecificationError(f"{file}: column {name!r} stands twice")
    for column in columns:
        if column.same_sample_as is not None and column.same_sample_as not in names:
            raise TableSpecificationError(
                f"{file}, column {column.column}: same_sample_as names no column "
                f"{column.same_sample_as!r}"
            )
    return TableSpec(
        table=str(content["table"]),
        name=str(content["name"]),
        title=str(content["title"]),
        source=str(content.get("source", "")),
        kind=kind,
        columns=columns,
        notes=_strings(content, "notes", file),
        mediation=_mediation(content.get("mediation"), file),
        variables=variables,
        required=_strings(content, "required", file),
        rows=_rows(content, file),
    )


def _fault(error: Exception) -> str:
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    return f"line {mark.line + 1}: {problem}" if mark and problem else str(error).splitlines()[0]


def _column(
    entry: Any, shared: Mapping[str, Any], position: int, file: str, level: Level
) -> ColumnSpec:
    where = f"{file}, column {position}"
    if not isinstance(entry, Mapping):
        raise TableSpecificationError(f"{where}: expected keys such as column and outcome")
    _known(entry, _COLUMN_KEYS, where)
    if "column" not in entry:
        raise TableSpecificationError(f"{where}: key column is missing")
    merged = {**shared, **entry}
    if not merged.get("outcome"):
        raise TableSpecificationError(f"{where}: key outcome is missing")
    errors = merged.get("errors")
    if errors is not None and errors not in COVARIANCES:
        raise TableSpecificationError(
            f"{where}: errors {errors!r} are not one of {', '.join(COVARIANCES)}"
        )
    if "endogenous" in entry and "regressors" not in entry:
        merged["regressors"] = [  # the table's regressor of interest, here instrumented
            name for name in merged.get("regressors", []) if name not in entry["endogenous"]
        ]
    listed: dict[str, Any] = {key: _strings(merged, key, where) for key in _COLUMN_LISTS}
    listed["fixed_effects"] = tuple(
        level.name if name == UNIT else name for name in listed["fixed_effects"]
    )
    cluster = merged.get("cluster")
    spec = ColumnSpec(
        column=str(entry["column"]),
        outcome=str(merged["outcome"]),
        cluster=level.name if cluster == UNIT else cluster,
        errors=errors,
        sample=_sample(merged.get("sample"), where),
        rows=_rows(merged, where),
        label=str(entry.get("label", "")),
        same_sample_as=None if "same_sample_as" not in entry else str(entry["same_sample_as"]),
        added=bool(entry.get("added", False)),
        **listed,
    )
    try:  # roles and identification are checked once, when the file is read
        Specification(
            spec.outcome,
            (*spec.regressors, *spec.controls),
            spec.endogenous,
            spec.instruments,
            spec.fixed_effects,
            spec.cluster,
            # a word of a YAML file, which Specification checks
            cast(Covariance | None, spec.errors),
        )
    except EconError as error:
        raise TableSpecificationError(f"{where}: {error}") from error
    if not spec.keys:
        raise TableSpecificationError(f"{where}: neither regressors nor endogenous are named")
    return spec


def first_two_stage_column(
    tables: Iterable[TableSpec], instrument: str
) -> tuple[TableSpec, ColumnSpec] | None:
    """The first 2SLS column with one endogenous regressor and this instrument alone."""
    for table in tables:
        for column in table.columns:
            if len(column.endogenous) == 1 and column.instruments == (instrument,):
                return table, column
    return None


def baseline_column(tables: Iterable[TableSpec]) -> tuple[TableSpec, ColumnSpec] | None:
    """The last column of the first table of OLS coefficients."""
    for table in tables:
        if table.columns and not any(column.endogenous for column in table.columns):
            return table, table.columns[-1]
    return None


def with_instrument(
    tables: Iterable[TableSpec], instrument: str, other: str, ending: str
) -> list[TableSpec]:
    """The tables cut to their 2SLS columns that use `instrument`, by itself or in a lag or a
    product, with `other` in its place; the names of the columns get the ending."""
    out = []
    for table in tables:
        columns = tuple(
            replace(
                column,
                column=f"{column.column}{ending}",
                instruments=tuple(with_column(z, instrument, other) for z in column.instruments),
                same_sample_as=None,
                rows=None,
                added=True,
                like=column,
            )
            for column in table.columns
            if any(instrument in columns_of(z) for z in column.instruments)
        )
        if columns:
            out.append(replace(table, columns=columns))
    return out


def _mediation(entry: Any, file: str) -> MediationSpec | None:
    if entry is None:
        return None
    if not isinstance(entry, Mapping):
        raise TableSpecificationError(f"{file}: mediation must hold treatment, mediator, outcome")
    _known(entry, _MEDIATION_KEYS, f"{file}, mediation")
    for key in ("treatment", "mediator", "outcome"):
        if not entry.get(key):
            raise TableSpecificationError(f"{file}, mediation: key {key} is missing")
    return MediationSpec(
        str(entry["treatment"]),
        str(entry["mediator"]),
        str(entry["outcome"]),
        _strings(entry, "joint_with", f"{file}, mediation"),
    )


def _sample(entry: Any, where: str) -> tuple[tuple[str, Any], ...]:
    if entry is None:
        return ()
    if not isinstance(entry, Mapping):
        raise TableSpecificationError(f"{where}: sample must map columns to values")
    out: list[tuple[str, Any]] = []
    for name, value in entry.items():
        if isinstance(value, Mapping):
            _known(value, ("min", "max"), f"{where}, sample {name}")
            value = (value.get("min"), value.get("max"))
            out.append((str(name), ("between", *value)))
        else:
            allowed = tuple(value) if isinstance(value, list) else (value,)
            out.append((str(name), ("in", *allowed)))
    return tuple(out)


def _strings(content: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    value = content.get(key)
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, Iterable) or not all(isinstance(item, str) for item in value):
        raise TableSpecificationError(f"{where}: {key} must be a list of names")
    return tuple(value)


def _rows(content: Mapping[str, Any], where: str) -> int | None:
    rows = content.get("rows")
    if rows is not None and (not isinstance(rows, int) or rows < 1):
        raise TableSpecificationError(f"{where}: rows must be a positive whole number")
    return rows


def _known(content: Mapping[str, Any], keys: tuple[str, ...], where: str) -> None:
    for key in content:
        if key not in keys:
            close = difflib.get_close_matches(str(key), keys, 1)
            hint = f"; did you mean {close[0]}?" if close else f"; known are {', '.join(keys)}"
            raise TableSpecificationError(f"{where}: unknown key {key}{hint}")
