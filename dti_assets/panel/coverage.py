"""What the panel covers: variables complete, partial or absent, and tables that can run.

What each table of the paper needs is data (reference/table_requirements.csv).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from dti_assets.panel.official import memberships
from dti_assets.panel.series import catalogue, reference_rows
from dti_assets.panel.tables import PANEL_COVERAGE, SERIES_COVERAGE, TABLE_COVERAGE
from dti_assets.panel.variables import VARIABLES, Variable

if TYPE_CHECKING:
    import pandas as pd

# What may stand in for an absent variable, always under its own name.
PROXIES = {"DTIn": "INVn"}
_SUPPLY = {
    "dti": "put a patent extract, or a table of counts, into the patents folder",
    "dti_iv": "put government work reports into the reports folder",
    "membership": "",
}
_ORDER = ("as in the paper", "reduced controls", "proxy", "no")


class _Run(NamedTuple):
    column: str
    runs: str
    sample: pd.DataFrame
    absent_controls: list[str]
    why_not: str
    note: str


def panel_coverage(
    panel: pd.DataFrame, sources: pd.DataFrame, zeros: Mapping[str, int] | None = None
) -> pd.DataFrame:
    """One row per variable: its state, cells, years, reasons of nulls, and how to supply it.

    `panel` and `sources` are tables panel and panel_sources; `zeros` counts the figures of zero
    per variable (table panel_coverage).
    """
    rows = []
    by_variable = dict(tuple(sources.groupby("variable", sort=False)))
    for variable in VARIABLES:
        there = panel[panel[variable.name].notna()]
        part = by_variable[variable.name]
        used = part[part["origin"] != "absent"]
        state = "absent" if there.empty else "complete" if len(there) == len(panel) else "partial"
        whys = part["reason"].dropna().value_counts()
        publications = used["source"].dropna().drop_duplicates().tolist()
        origins = sorted(used["origin"].unique())
        rows.append(
            {
                "variable": variable.name,
                "label": variable.label,
                "state": state,
                "cells": len(there),
                "of": len(panel),
                "years": year_ranges(there["year"]),
                "provinces": there["province"].nunique(),
                "zero_logs": (zeros or {}).get(variable.name, 0),
                "to_verify": int((used["status"] == "to be verified").sum()),
                "sources": f"{', '.join(origins)}: {' | '.join(publications)}" if origins else None,
                "why_missing": "; ".join(f"{why} ({n})" for why, n in whys.head(3).items()) or None,
                "how_to_supply": None if state == "complete" else how_to_supply(variable),
            }
        )
    return PANEL_COVERAGE.frame(rows)


def series_coverage(figures: pd.DataFrame, cells: int) -> pd.DataFrame:
    """One row per series: how many of the panel's `cells` province-years have a figure.

    `figures` is table figures, cut to the panel's years (table series_coverage).
    """
    rows = []
    there = figures[figures["value"].notna()]
    for name, one in catalogue().items():
        part = there[there["series"] == name]
        origins = sorted(part["origin"].unique())
        state = "absent" if part.empty else "complete" if len(part) == cells else "partial"
        rows.append(
            {
                "series": name,
                "label": one.label,
                "state": state,
                "figures": len(part),
                "of": cells,
                "years": year_ranges(part["year"]),
                "provinces": part["province_code"].nunique(),
                "origin": "+".join(origins) or None,
                "source": " | ".join(part["source"].drop_duplicates()) or None,
                "used_by": ", ".join(v.name for v in VARIABLES if name in v.series) or None,
                "how_to_supply": None
                if state == "complete"
                else f"{name} ({one.unit}) from {one.how_to_supply}",
            }
        )
    return SERIES_COVERAGE.frame(rows)


def how_to_supply(variable: Variable) -> str:
    """Which file with which columns would complete the variable."""
    if variable.origin != "series":
        return _SUPPLY[variable.origin]
    ways = []
    for how in variable.transformations:
        needed = [catalogue()[name] for name in how.series]
        ways.append(" and ".join(f"{s.name} ({s.unit}) from {s.how_to_supply}" for s in needed))
    return "a file in the panel folder with " + "; or ".join(ways)


def table_coverage(panel: pd.DataFrame) -> pd.DataFrame:
    """One row per table of the paper: whether it can run, on what sample, what is absent.

    A control without any value is left out of the sample and named; a partial one restricts it.
    `proxy` means a variable is absent and its proxy (INVn for DTIn) could stand in under its
    own name (table table_coverage).
    """
    region = {place["province_code"]: place for place in memberships()}
    rows: list[dict[str, Any]] = []
    tables: dict[str, list[dict[str, str]]] = {}
    for need in reference_rows("table_requirements.csv"):
        tables.setdefault(need["table"], []).append(need)
    for table, needs in tables.items():
        runs = [_run(panel, need, region) for need in needs]
        able = [run for run in runs if run.runs != "no"]
        best = min((run.runs for run in runs), key=_ORDER.index)
        widest = max(able, key=lambda run: len(run.sample)) if able else None
        stuck: dict[str, list[str]] = {}
        for run in runs:
            if run.runs == "no":
                stuck.setdefault(run.why_not, []).append(run.column)
        cannot = [f"({', '.join(columns)}) {why}" for why, columns in stuck.items()]
        controls = dict.fromkeys(name for run in runs for name in run.absent_controls)
        rows.append(
            {
                "table": table,
                "title": needs[0]["title"],
                "runs": best,
                "columns_that_run": ", ".join(run.column for run in able) or None,
                "columns_that_cannot": "; ".join(cannot) or None,
                "n_obs": len(widest.sample) if widest else 0,
                "n_provinces": widest.sample["province_code"].nunique() if widest else 0,
                "years": year_ranges(widest.sample["year"]) if widest else None,
                "controls_absent": ", ".join(controls) or None,
                "note": "; ".join(dict.fromkeys(run.note for run in able if run.note)) or None,
            }
        )
    return TABLE_COVERAGE.frame(rows)


def _run(panel: pd.DataFrame, need: dict[str, str], places: dict[int, dict[str, Any]]) -> _Run:
    needed = [need["outcome"], need["treatment"], *need["needs"].split()]
    controls = need["controls"].split()
    sub = panel
    if need["sample"] != "all":
        name, value = need["sample"].split("=")
        inside = [code for code, place in places.items() if str(place[name]) == value]
        sub = panel[panel["province_code"].isin(inside)]
    empty = {name for name in (*needed, *controls) if sub[name].isna().all()}
    swapped = {name: PROXIES[name] for name in needed if name in empty and name in PROXIES}
    usable = {name: swap for name, swap in swapped.items() if sub[swap].notna().any()}
    used = [usable.get(name, name) for name in needed]
    missing = [name for name in used if name in empty]
    absent = [name for name in controls if name in empty]
    sample = sub.dropna(subset=[*used, *(name for name in controls if name not in absent)])
    note = ", ".join(f"{swap} stands in for {name}" for name, swap in usable.items())
    if missing:
        why = f"needs {', '.join(missing)}, which is absent (see panel_coverage)"
        return _Run(need["column"], "no", sample, absent, why, "")
    if sample.empty:
        return _Run(need["column"], "no", sample, absent, "no row has all it needs", "")
    runs = "proxy" if usable else "reduced controls" if absent else "as in the paper"
    return _Run(need["column"], runs, sample, absent, "", note)


def year_ranges(years: pd.Series) -> str | None:
    """Years in words: 2009-2016, 2018; None where there is none."""
    every = sorted({int(year) for year in years.dropna()})
    groups: list[list[int]] = []
    for year in every:
        if groups and year == groups[-1][-1] + 1:
            groups[-1].append(year)
        else:
            groups.append([year])
    return ", ".join(str(g[0]) if len(g) == 1 else f"{g[0]}-{g[-1]}" for g in groups) or None
