"""Official figures and memberships that ship for a level, as frames. No transformation.

The figures are facts from yearbooks; unit and source of every series stand in
reference/official_statistics_series.csv. A level without figures of its own has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dti_assets.panel.series import Series, catalogue, shipped_rows
from dti_assets.panel.tables import FIGURES, NATIONAL_TOTALS, OFFICIAL_STATISTICS
from dti_assets.units.levels import Level

if TYPE_CHECKING:
    import pandas as pd

NO_FIGURE = "no figure in the shipped official statistics"
_NATIONAL = "official_statistics_national.csv"


def official_statistics(years: tuple[int, int] | None = None, *, level: Level) -> pd.DataFrame:
    """Return the official figures, one row per unit and year (table official_statistics).

    Columns are the series with a source, each in the unit declared in the table. `years` is
    first and last, inclusive; default is all shipped years (2005-2024). A missing figure is null
    and named in `reason`; the year's figures that still lack a checked source are named in
    `to_verify`.
    """
    import pandas as pd

    declared = level.table(OFFICIAL_STATISTICS)
    rows = shipped_rows(level, "official_statistics.csv")
    if not rows:
        return declared.frame([])
    every = [int(name) for name in rows[0] if name.isdigit()]
    first, last = years or (min(every), max(every))
    kept = [year for year in every if first <= year <= last]
    outside = [year for year in range(first, last + 1) if year not in every]
    names = [one.name for one in catalogue().values() if one.source]
    table: dict[tuple[int | str, int], dict[str, Any]] = {}
    for member in memberships(level):
        for year in sorted([*kept, *outside]):
            place = {key: member[key] for key in level.keys}
            table[member[level.code], year] = {**place, "year": year}
    for row in rows:
        for year in kept:
            if row[str(year)]:
                table[row[level.code], year][row["series"]] = float(row[str(year)])
    suspect = {
        (row["series"], int(row["year"]))
        for row in series_breaks(level)
        if row["kind"] == "implausible"
    }
    for row in shipped_rows(level, _NATIONAL):
        if row["series"] != "exchange_rate":
            continue
        if row["status"] != "published":
            suspect.add(("exchange_rate", int(row["year"])))
        for (_, year), cells in table.items():
            if year == int(row["year"]):
                cells["exchange_rate"] = float(row["value"])
    for (_, year), cells in table.items():
        doubtful = [name for name in names if name in cells and (name, year) in suspect]
        absent = [name for name in names if name not in cells]
        cells["to_verify"] = ", ".join(doubtful) or None
        cells["reason"] = f"{NO_FIGURE}: {', '.join(absent)}" if absent else None
    return declared.frame(pd.DataFrame(list(table.values())))


def official_figures(official: pd.DataFrame, level: Level) -> pd.DataFrame:
    """Return the wide official table as figures, one number a row, nulls left out (table
    figures)."""
    import pandas as pd

    parts = []
    keys = [*level.keys, "year"]
    for one in catalogue().values():
        if one.name not in official:
            continue
        part = official[[*keys, one.name, "to_verify"]].rename(columns={one.name: "value"})
        part = part[part["value"].notna()]
        doubtful = (
            part["to_verify"].fillna("").str.split(", ").map(lambda names, n=one.name: n in names)
        )
        parts.append(
            part.drop(columns="to_verify").assign(
                series=one.name,
                unit=str(one.unit),
                source=_published(one, part["year"], level),
                origin="official",
                status=doubtful.map({True: "to be verified", False: "published"}),
            )
        )
    return level.table(FIGURES).frame(pd.concat(parts, ignore_index=True) if parts else [])


def national_totals(level: Level) -> pd.DataFrame:
    """Return the national figures shipped for comparison with sums of units (table
    national_totals)."""
    rows = [
        {
            "series": row["series"],
            "year": int(row["year"]),
            "value": float(row["value"]),
            "unit": row["unit"],
            "source": row["source"],
        }
        for row in shipped_rows(level, _NATIONAL)
        if row["series"] != "exchange_rate"
    ]
    return NATIONAL_TOTALS.frame(rows)


def memberships(level: Level) -> list[dict[str, Any]]:
    """Return the units of the shipped figures in the order of their list, each with region, bri
    and municipality."""
    return [
        {
            **{key: row[key] for key in level.keys},
            "region": row["region"],
            "bri": int(row["bri"]),
            "municipality": int(row["municipality"]),
        }
        for row in shipped_rows(level, "memberships.csv")
    ]


def membership_sources(level: Level) -> dict[str, str]:
    """Return where each membership comes from."""
    rows = shipped_rows(level, "memberships_sources.csv")
    return {row["membership"]: row["source"] for row in rows}


def series_breaks(level: Level) -> list[dict[str, str]]:
    """Return the known breaks: series, year, kind, what, evidence, status."""
    return shipped_rows(level, "breaks.csv")


def _published(one: Series, years: pd.Series, level: Level) -> Any:
    """Return the source of every figure of a series: one for all, or one a year (exchange
    rate)."""
    if one.name != "exchange_rate":
        return one.source
    rows = shipped_rows(level, _NATIONAL)
    by_year = {int(row["year"]): row["source"] for row in rows if row["series"] == one.name}
    return years.map(by_year)
