"""A table as printed: one structure that every format is rendered from.

Built from the stored estimate rows of one asset. Columns that could not be estimated, and tables
of which none could, hold notes that say what is missing and how to supply it. Descriptive and
weak-instrument tables are put into the same structure in `other_tables`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dti_assets.publishing.typesetting import english, number, probability, whole
from dti_assets.store.schema import records
from dti_assets.units.levels import Level
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    import pandas as pd

ABSENT = "absent from the data: "
STARS_NOTE = (
    "*** p < 0.01, ** p < 0.05, * p < 0.10: by the wild bootstrap p-value where one is printed, "
    "else by the t-test, or by Anderson-Rubin for an instrumented regressor."
)
_ERRORS = {"iid": "conventional (iid)", "robust": "heteroskedasticity-robust (HC1)"}
_ORDER = {"endogenous": 0, "key": 0, "control": 1, "constant": 2}


@dataclass(frozen=True)
class Cell:
    """Text of one cell and the stars behind it."""

    text: str = ""
    stars: str = ""


@dataclass(frozen=True)
class Row:
    """One printed line. `label` names it to who cannot see that it stands below another;
    `shown` tells whether the label is printed."""

    label: str
    cells: tuple[Cell, ...]
    shown: bool = True


@dataclass(frozen=True)
class TableText:
    """What a table's specification says in words."""

    name: str
    title: str
    source: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class PrintedTable:
    """Title, header lines (one entry a column), body, footer and notes.

    Without columns there is nothing but the notes: the table could not be estimated.
    """

    text: TableText
    label: str
    stub: str = ""
    headings: tuple[tuple[str, ...], ...] = ()
    body: tuple[Row, ...] = ()
    footer: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.text.name

    @property
    def title(self) -> str:
        return f"{self.label}. {self.text.title}" if self.label else self.text.title

    @property
    def width(self) -> int:
        """Columns beside the stub."""
        return len(self.headings[0]) if self.headings else 0

    @property
    def rows(self) -> tuple[Row, ...]:
        return (*self.body, *self.footer)


@dataclass
class _Column:
    """The stored rows of one column."""

    name: str
    rows: list[dict[str, Any]] = field(default_factory=list)

    @property
    def first(self) -> dict[str, Any]:
        return self.rows[0]

    @property
    def ran(self) -> bool:
        return any(row["estimate"] is not None for row in self.rows)

    @property
    def heading(self) -> str:
        return f"({self.name})" if self.name.isdigit() else self.name


def regression_table(
    frame: pd.DataFrame,
    text: TableText,
    units: Units,
    supply: Mapping[str, str] | None = None,
) -> PrintedTable:
    """The printed form of a table of estimates.

    Parameters
    ----------
    frame : rows as stored by the table's asset, one per column and term.
    text : name, title, source and notes of the table.
    units : those of the study.
    supply : variable -> how to supply it, for what is absent.
    """
    rows = records(frame)
    columns = {name: _Column(name) for name in dict.fromkeys(row["column"] for row in rows)}
    for row in rows:
        columns[row["column"]].rows.append(row)
    label = str(rows[0]["label"]) if rows else ""
    every = list(columns.values())
    ran = [column for column in every if column.ran]
    failed = [column for column in every if not column.ran]
    missing = missing_notes([(c.heading, str(c.first["reason"])) for c in failed], supply or {})
    if not ran:
        notes = ("This table could not be estimated.", *missing, *text.notes)
        return PrintedTable(text, label, notes=_printable([*notes, *_source(text)], units))
    headings = [tuple(column.heading for column in every)]
    if any(column.first["column_label"] for column in every):
        headings.append(tuple(column.first["column_label"] or "" for column in every))
    headings.append(tuple(column.first["outcome"] for column in every))
    headings = [_printable(heading, units) for heading in headings]
    return PrintedTable(
        text,
        label,
        "Outcome",
        tuple(headings),
        tuple(_body(every, units)),
        tuple(_footer(every, units)),
        _printable([*_notes(ran), *missing, *text.notes, *_source(text)], units),
    )


def _source(text: TableText) -> list[str]:
    return [f"Counterpart in the paper: {text.source}."] if text.source else []


def _printable(texts: Iterable[str], units: Units) -> tuple[str, ...]:
    return tuple(english(text, units) for text in texts)


def _body(columns: list[_Column], units: Units) -> list[Row]:
    ordered = sorted((r for c in columns for r in c.rows), key=lambda row: _ORDER[row["role"]])
    body = []
    for term in dict.fromkeys(row["term"] for row in ordered):
        found = [next((r for r in c.rows if r["term"] == term), None) for c in columns]
        if not any(row and (row["estimate"] is not None or _absorbed(row)) for row in found):
            continue
        name = english(term, units)
        body.append(Row(name, tuple(map(_estimate, found))))
        for what, make in (("standard error", _error), ("wild bootstrap p-value", _wild)):
            cells = tuple(map(make, found))
            if any(cell.text for cell in cells):
                body.append(Row(f"{name}, {what}", cells, shown=False))
    return body


def _absorbed(row: dict[str, Any]) -> bool:
    return row["estimate"] is None and str(row["reason"]).startswith("absorbed")


def _estimate(row: dict[str, Any] | None) -> Cell:
    if row is None:
        return Cell()
    if row["estimate"] is None:
        return Cell("absorbed" if _absorbed(row) else "")
    return Cell(number(row["estimate"]), row["stars"] or "")


def _error(row: dict[str, Any] | None) -> Cell:
    if row is None or row["estimate"] is None:
        return Cell()
    if row["std_error"] is not None:
        return Cell(f"({number(row['std_error'])})")
    return Cell(f"{{{number(row['se_hc1'])}}}" if row["se_hc1"] is not None else "")


def _wild(row: dict[str, Any] | None) -> Cell:
    p = probability(row["p_wild"]) if row else ""
    return Cell(f"[{p}]" if p else "")


def _footer(columns: list[_Column], units: Units) -> list[Row]:
    controls = {column.name: _controls(column) for column in columns}
    lines: list[tuple[str, Callable[[dict[str, Any]], str]]] = [
        ("N", lambda row: whole(row["n_obs"])),
        (_cluster_word(columns, units.level), lambda row: whole(row["n_clusters"])),
        ("R²", lambda row: number(row["r2"])),
        ("R² within (effects projected out)", lambda row: number(row["r2_within"])),
        ("First-stage F (Kleibergen-Paap)", lambda row: number(row["first_stage_f"])),
        ("Effective F (Montiel Olea-Pflueger)", lambda row: number(row["effective_f"])),
        ("Mean of outcome", lambda row: number(row["outcome_mean"])),
        ("Controls", lambda row: controls[row["column"]]),
    ]
    effects = dict.fromkeys(
        name for column in columns for name in (column.first["fixed_effects"] or "").split(", ")
    )
    usual = (units.level.name, "year")
    for effect in [*usual, *(e for e in effects if e not in ("", *usual))]:
        lines.append((f"{english(effect, units).capitalize()} effects", _has_effect(effect)))
    lines += [
        ("Sample", lambda row: english(row["sample"] or "", units)),
        ("Years", lambda row: row["years"] or ""),
    ]
    footer = []
    for label, make in lines:
        cells = tuple(Cell(make(column.first) if column.ran else "") for column in columns)
        if any(cell.text for cell in cells):
            footer.append(Row(label, cells))
    return footer


def _cluster_word(columns: list[_Column], level: Level) -> str:
    # errors of another kind do not say what the clusters are
    counted = {c.first["errors"] for c in columns if c.ran and c.first["n_clusters"] is not None}
    own = counted == {f"clustered by {level.name}"}
    return level.plural.capitalize() if own else "Clusters"


def _controls(column: _Column) -> str:
    """Whether controls entered; "4 of 7" where the data lack some."""
    row = column.first
    present = len((row["controls"] or "").split(", ")) if row["controls"] else 0
    absent = len((row["controls_absent"] or "").split(", ")) if row["controls_absent"] else 0
    gone = sum(r["role"] == "control" and r["estimate"] is None for r in column.rows)
    if absent:
        return f"{present} of {present + absent + gone}"
    return "yes" if present else "no"


def _has_effect(effect: str) -> Callable[[dict[str, Any]], str]:
    return lambda row: "yes" if effect in (row["fixed_effects"] or "").split(", ") else "no"


def _notes(ran: list[_Column]) -> list[str]:
    notes = []
    for errors, names in _grouped((c.heading, c.first["errors"]) for c in ran).items():
        kind = _ERRORS.get(errors, errors)
        where = "" if len(names) == len(ran) else f" in {', '.join(names)}"
        notes.append(f"Standard errors{where}: {kind}, in parentheses.")
    rows = [row for column in ran for row in column.rows]
    if any(row["p_wild"] is not None for row in rows):
        endogenous = any(row["role"] == "endogenous" for row in rows)
        more = "; for an instrumented regressor that of Anderson-Rubin" if endogenous else ""
        notes.append(f"Wild cluster restricted bootstrap p-values in brackets{more}.")
    if any(row["std_error"] is None and row["se_hc1"] is not None for row in rows):
        notes.append(
            "Braces: HC1 standard errors, where too few clusters leave no clustered inference; "
            "no stars are given there."
        )
    notes.append(STARS_NOTE)
    # why a term has no coefficient stands in the note of its column
    reasons = [
        (c.heading, row["reason"])
        for c in ran
        for row in c.rows
        if row["reason"] and not row["reason"].startswith(("absorbed", "collinear"))
    ]
    told = list(dict.fromkeys(reasons))
    notes += [f"{', '.join(names)}: {why}." for why, names in _grouped(told).items()]
    return notes + column_notes([(c.heading, c.first["note"] or "") for c in ran])


def column_notes(stamps: list[tuple[str, str]]) -> list[str]:
    """Stored notes of the columns: what holds for all of them once, then what differs."""
    parts = {heading: _parts(stamp) for heading, stamp in stamps}
    common = [
        part
        for part in dict.fromkeys(p for found in parts.values() for p in found)
        if all(part in found for found in parts.values())
    ]
    where = "All columns: " if len(stamps) > 1 else ""
    notes = [f"{where}{'; '.join(common)}."] if common else []
    own = [(h, "; ".join(p for p in found if p not in common)) for h, found in parts.items()]
    for text, names in _grouped(own).items():
        if text:
            notes.append(f"{', '.join(names)}: {text}.")
    return notes


def _parts(stamp: str) -> list[str]:
    # reasons of dropped rows are a list of their own and stay together
    return [part for part in re.split(r"; (?!\d+ rows?: )", stamp) if part]


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Headings by what is said of them."""
    found: dict[str, list[str]] = {}
    for heading, text in pairs:
        found.setdefault(text, []).append(heading)
    return found


def missing_notes(reasons: list[tuple[str, str]], supply: Mapping[str, str]) -> list[str]:
    """Why columns are empty, and how to supply each variable that is absent."""
    notes = []
    absent: dict[str, None] = {}
    for reason, names in _grouped(reasons).items():
        notes.append(f"Not estimated: {', '.join(names)}, {reason.rstrip('.')}.")
        if reason.startswith(ABSENT):
            absent |= dict.fromkeys(reason.removeprefix(ABSENT).split(", "))
    return notes + supply_notes(absent, supply)


def supply_notes(absent: Iterable[str], supply: Mapping[str, str]) -> list[str]:
    """One note for every variable of which it is known how to supply it."""
    return [f"To supply {n}: {supply[n].rstrip('.')}." for n in absent if supply.get(n)]
