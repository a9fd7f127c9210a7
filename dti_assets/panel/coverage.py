"""What the panel covers: variables and series complete, partial or absent, and how to supply them.

Which tables can be estimated on it is another question (econ.table_coverage).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dti_assets.panel.series import catalogue
from dti_assets.panel.tables import PANEL_COVERAGE, SERIES_COVERAGE
from dti_assets.panel.variables import VARIABLES, Variable, variables
from dti_assets.units.levels import Level

if TYPE_CHECKING:
    import pandas as pd

# What may stand in for an absent variable, always under its own name.
PROXIES = {"DTIn": "INVn"}
_SUPPLY = {
    "dti": "put a patent extract, or a table of counts, into the patents folder",
    "dti_iv": "put government work reports into the reports folder",
    # nothing a user can put anywhere
    "membership": None,
}


def panel_coverage(
    panel: pd.DataFrame,
    sources: pd.DataFrame,
    zeros: Mapping[str, int] | None = None,
    *,
    level: Level,
) -> pd.DataFrame:
    """One row per variable: its state, cells, years, reasons of nulls, and how to supply it.

    `panel` and `sources` are tables panel and panel_sources; `zeros` counts the figures of zero
    per variable (table panel_coverage).
    """
    rows = []
    by_variable = dict(tuple(sources.groupby("variable", sort=False)))
    for variable in variables(level):
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
                "provinces": there[level.name].nunique(),
                "zero_logs": (zeros or {}).get(variable.name, 0),
                "to_verify": int((used["status"] == "to be verified").sum()),
                "sources": f"{', '.join(origins)}: {' | '.join(publications)}" if origins else None,
                "why_missing": "; ".join(f"{why} ({n})" for why, n in whys.head(3).items()) or None,
                "how_to_supply": None if state == "complete" else how_to_supply(variable, level),
            }
        )
    return level.table(PANEL_COVERAGE).frame(rows)


def series_coverage(figures: pd.DataFrame, cells: int, level: Level) -> pd.DataFrame:
    """One row per series: how many of the panel's `cells` unit-years have a figure.

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
                "provinces": part[level.code].nunique(),
                "origin": "+".join(origins) or None,
                "source": " | ".join(part["source"].drop_duplicates()) or None,
                "used_by": ", ".join(v.name for v in VARIABLES if name in v.series) or None,
                "how_to_supply": None
                if state == "complete"
                else f"{name} ({one.unit}) from {one.supply(level)}",
            }
        )
    return level.table(SERIES_COVERAGE).frame(rows)


def user_files(sources: pd.DataFrame, figures: pd.DataFrame) -> dict[str, str]:
    """The files of the panel folder behind every variable that rests on the user's figures.

    `sources` and `figures` are tables panel_sources and user_figures.
    """
    given = set(sources.loc[sources["origin"].str.contains("user"), "variable"])
    files = {}
    for variable in VARIABLES:
        if variable.name in given:
            mine = figures[figures["series"].isin(variable.series)]
            files[variable.name] = ", ".join(sorted(set(mine["file"])))
    return files


def how_to_supply(variable: Variable, level: Level) -> str | None:
    """Which file with which columns would complete the variable; None where none would."""
    if variable.origin != "series":
        return _SUPPLY[variable.origin]
    ways = []
    for how in variable.transformations:
        needed = [catalogue()[name] for name in how.series]
        ways.append(" and ".join(f"{s.name} ({s.unit}) from {s.supply(level)}" for s in needed))
    return "a file in the panel folder with " + "; or ".join(ways)


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
