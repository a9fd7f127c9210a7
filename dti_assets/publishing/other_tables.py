"""Descriptive statistics and weak-instrument inference in the structure of `regression_table`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dti_assets.publishing.regression_table import (
    ABSENT,
    Cell,
    PrintedTable,
    Row,
    TableText,
    column_notes,
    supply_notes,
)
from dti_assets.publishing.typesetting import (
    cluster_words,
    english,
    infinity,
    interval,
    number,
    probability,
    whole,
)
from dti_assets.store.schema import records
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    import pandas as pd

_STATISTICS = (
    ("Mean", "mean"),
    ("SD", "std_dev"),
    ("SD within", "std_within"),
    ("Minimum", "minimum"),
    ("Median", "median"),
    ("Maximum", "maximum"),
)

Make = Callable[[dict[str, Any], Units], str]


def _number(name: str) -> Make:
    return lambda row, units: number(row[name])


def _error(name: str) -> Make:
    return lambda row, units: f"({number(row[name])})" if row[name] is not None else ""


def _p(name: str) -> Make:
    return lambda row, units: probability(row[name])


def _text(name: str) -> Make:
    return lambda row, units: english(str(row[name] or ""), units)


def _set(name: str) -> Make:
    return lambda row, units: infinity(row[name])


def _ends(low: str, high: str) -> Make:
    return lambda row, units: interval(row[low], row[high])


def _wild(row: dict[str, Any]) -> bool:
    """Whether the set is of the wild bootstrap, as it is under clustered errors alone."""
    return row["p_wild"] is not None


# label, whether it is printed, what stands in the cell
_WEAK: tuple[tuple[str, bool, Make], ...] = (
    ("Instrumented", True, _text("endogenous")),
    ("Instruments", True, _text("instruments")),
    ("2SLS estimate", True, _number("estimate")),
    ("2SLS estimate, standard error", False, _error("std_error")),
    ("OLS estimate, same rows", True, _number("ols_estimate")),
    ("First stage", True, _number("first_stage")),
    ("First stage, standard error", False, _error("first_stage_se")),
    ("First stage, p", True, _p("first_stage_p")),
    ("First stage, wild p", True, _p("first_stage_p_wild")),
    ("Reduced form", True, _number("reduced_form")),
    ("Reduced form, standard error", False, _error("reduced_form_se")),
    ("Partial R²", True, _number("partial_r2")),
    ("Kleibergen-Paap F", True, _number("kleibergen_paap_f")),
    ("Cragg-Donald F", True, _number("cragg_donald_f")),
    ("Effective F", True, _number("effective_f")),
    ("Critical value, bias of 10 %", True, _number("effective_f_critical_10")),
    ("Critical value, bias of 30 %", True, _number("effective_f_critical_30")),
    ("Jackknife (CRV3) F", True, _number("jackknife_f")),
    ("Smallest F, one {cluster} left out", True, _number("smallest_f")),
    ("{Cluster} left out there", True, _text("smallest_f_without")),
    ("Effective clusters (1/HHI)", True, _number("effective_clusters")),
    ("{Cluster} that carries most", True, _text("largest_cluster")),
    ("Its share of the variation", True, _number("largest_share")),
    ("Anderson-Rubin wild p, no effect", True, _p("p_wild")),
    ("95 % AR set, wild", True, lambda row, units: infinity(row["ar_set"]) if _wild(row) else ""),
    ("95 % AR set, Wald", True, lambda row, units: "" if _wild(row) else infinity(row["ar_set"])),
    ("95 % AR set, CRV1", True, _set("ar_crv1_set")),
    ("95 % tF interval", True, _ends("tf_low", "tf_high")),
    ("95 % Wald interval", True, _ends("wald_low", "wald_high")),
    ("Sargan p", True, _p("sargan_p")),
    ("Hansen p", True, _p("hansen_p")),
)


def _headline(ran: list[dict[str, Any]]) -> str:
    """What the printed Anderson-Rubin sets invert."""
    sets = [row for row in ran if row["ar_set"] is not None]
    said = []
    if any(map(_wild, sets)) or not sets:
        said.append(
            "the set that inverts the wild cluster restricted bootstrap is the headline, the CRV1 "
            "set undercovers under this instrument's leverage"
        )
    if not all(map(_wild, sets)):
        said.append("without clustered errors the set inverts the Wald test under those errors")
    return "; ".join(said)


def descriptive_table(
    frame: pd.DataFrame,
    text: TableText,
    units: Units,
    supply: Mapping[str, str] | None = None,
) -> PrintedTable:
    """The printed form of descriptive statistics, one row a variable."""
    rows = records(frame)
    label = str(rows[0]["label"]) if rows else ""
    there = [row for row in rows if row["n_obs"] is not None]
    noun = units.level.noun
    notes = [f"SD within: standard deviation after {noun} and year means are taken out."]
    absent: list[str] = []
    for row in rows:
        reason = str(row["reason"] or "")
        if reason.startswith(ABSENT):
            absent.append(row["variable"])
        elif reason:
            notes.append(f"{row['variable']}: {reason.rstrip('.')}.")
    if absent:
        notes.append(f"Absent from the data: {', '.join(absent)}.")
    source = [f"Counterpart in the paper: {text.source}."] if text.source else []
    notes += [*supply_notes(absent, supply or {}), *text.notes, *source]
    printed = tuple(english(note, units) for note in notes)
    if not there:
        return PrintedTable(text, label, notes=printed)
    body = tuple(
        Row(
            row["variable"],
            (
                Cell(whole(row["n_obs"])),
                *(Cell(number(_settled(row, name))) for _, name in _STATISTICS),
                Cell(row["years"] or ""),
            ),
        )
        for row in there
    )
    headings = (("N", *(label for label, _ in _STATISTICS), "Years"),)
    return PrintedTable(text, label, "Variable", headings, body, notes=printed)


def _settled(row: dict[str, Any], name: str) -> float | None:
    """A statistic; the within deviation of what has none is a rounding error, printed as zero."""
    value: float | None = row[name]
    largest = max(abs(row["minimum"]), abs(row["maximum"]))
    return 0.0 if name == "std_within" and value and value < 1e-12 * largest else value


def weak_instrument_table(frame: pd.DataFrame, text: TableText, units: Units) -> PrintedTable:
    """The printed form of weak-instrument inference: 2SLS columns beside each other."""
    rows = records(frame)
    ran = [row for row in rows if row["estimate"] is not None]
    names = {id(row): f"{str(row['label']).split(',')[0]}, {row['column']}" for row in rows}
    failed = [f"Not estimated: {names[id(r)]}, {r['reason']}." for r in rows if r not in ran]
    if not ran:
        why = ("No instrumented column could be estimated.", *failed, *text.notes)
        return PrintedTable(text, "", notes=tuple(english(one, units) for one in why))
    word, _ = cluster_words(
        *(r[name] for r in ran for name in ("largest_cluster", "smallest_f_without")), units=units
    )
    body = []
    for label, shown, make in _WEAK:
        cells = tuple(Cell(make(row, units)) for row in ran)
        if any(cell.text for cell in cells):
            named = label.format(cluster=word, Cluster=word.capitalize())
            body.append(Row(named, cells, shown))
    footer = (
        Row("N", tuple(Cell(whole(row["n_obs"])) for row in ran)),
        Row("Clusters", tuple(Cell(whole(row["n_clusters"])) for row in ran)),
    )
    notes = [
        "Standard errors under each column's errors in parentheses. AR: Anderson-Rubin; "
        f"{_headline(ran)}. The Kleibergen-Paap F has no critical "
        "values of its own; those printed belong to the effective F. An unbounded set is a "
        "finding: the data cannot bound the effect.",
        *(f"{names[id(row)]}: {row['sentence']}" for row in ran if row["sentence"]),
        *column_notes([(names[id(row)], row["note"] or "") for row in ran]),
        *failed,
        *text.notes,
    ]
    headings = (
        tuple(str(row["label"]).split(",")[0] for row in ran),
        tuple(row["column"] for row in ran),
        tuple(row["outcome"] for row in ran),
    )
    printed = tuple(english(note, units) for note in notes)
    return PrintedTable(text, "", "Outcome", headings, tuple(body), footer, printed)
