"""DTIn and DTIG: digital patents per million inhabitants; INVn, the official proxy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dti_assets.errors import PatentError
from dti_assets.patents.tables import DTI
from dti_assets.units.levels import Level
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    import pandas as pd

POPULATION = "population"
INVENTIONS = "patent_applications_invention"
_PERSONS = {"persons": 1.0, "person": 1.0, "10k persons": 1e4, "million persons": 1e6}
_NO_COUNTS = "no patent counts: INVn is the official proxy"


def dti(
    counts: pd.DataFrame | None,
    population: pd.DataFrame,
    inventions: pd.DataFrame | None = None,
    years: Sequence[int] | None = None,
    *,
    units: Units,
) -> pd.DataFrame:
    """Table dti: DTIn = ln(1 + digital applications per million inhabitants), DTIG with grants.

    counts: table patent_counts, or None where there is no patent extract. population and
    inventions: official statistics in long format (code, year, variable, value, unit of measure);
    rows of other variables are ignored, so both may be the whole table. Population comes in
    persons, 10k persons or million persons. INVn = ln(1 + official invention applications per
    million) is a proxy of its own, never DTIn; rows that have only it say basis
    official_inventions. A null has its reason. years: the table then has every unit in each of
    them and no other year; without, a unit-year of which nothing is known is no row.

    Raises PatentError for an unknown unit of measure, for two values of one unit and year, and
    where the population is not positive.
    """
    import numpy as np
    import pandas as pd

    level, declared = units.level, units.level.table(DTI)
    keys = list(level.when)
    people = _values(population, POPULATION, "people", level)
    scale = people.pop("unit").map(_PERSONS).astype("float64")
    people["people"] = people["people"] * scale
    if not (people["people"].dropna() > 0).all():
        raise PatentError("population: a value is not positive")
    frame = people
    if inventions is not None:
        official = _values(inventions, INVENTIONS, "inventions", level).drop(columns="unit")
        frame = frame.merge(official, on=keys, how="outer")
    else:
        frame["inventions"] = np.nan
    wanted = ["applications", "grants", "truncated", "basis", "reason"]
    if counts is not None:
        frame = frame.merge(counts[[*keys, *wanted]], on=keys, how="outer")
    else:
        frame = frame.assign(**dict.fromkeys(wanted))
    if years is not None:
        grid = pd.MultiIndex.from_product([[unit.code for unit in units], years], names=keys)
        frame = grid.to_frame(index=False).merge(frame, on=keys, how="left")
    million = frame["people"] / 1e6

    def per_million(name: str) -> pd.Series:
        return pd.to_numeric(frame[name], errors="coerce").astype("float64") / million

    out = frame[keys].copy()
    out[level.name] = out[level.code].map({unit.code: unit.name for unit in units})
    out["applications_per_million"] = per_million("applications")
    out["DTIn"] = np.log1p(out["applications_per_million"])
    out["grants_per_million"] = per_million("grants")
    out["DTIG"] = np.log1p(out["grants_per_million"])
    out["INVn"] = np.log1p(per_million("inventions"))
    counted = out["DTIn"].notna() | out["DTIG"].notna()
    out["basis"] = frame["basis"].where(counted, None)
    out.loc[~counted & out["INVn"].notna(), "basis"] = "official_inventions"
    out["truncated"] = frame["truncated"]
    out["reason"] = [_reason(row, counts is not None, level) for _, row in frame.iterrows()]
    out = units.in_order(out[out[level.name].notna()])
    if years is not None:
        return declared.frame(out[declared.column_names])
    known = (
        out[["DTIn", "DTIG", "INVn"]].notna().any(axis=1)
        | frame["basis"].reindex(out.index).notna()
    )
    return declared.frame(out[known][declared.column_names])


def _reason(row: pd.Series, has_counts: bool, level: Level) -> str | None:
    import pandas as pd

    said = []
    if pd.isna(row["people"]):
        said.append(f"no population of this {level.noun} and year")
    if not has_counts:
        said.append(_NO_COUNTS)
    elif pd.isna(row["basis"]):
        said.append(f"no patent counts of this {level.noun} and year")
    elif pd.notna(row["reason"]):
        said.append(str(row["reason"]))
    if pd.isna(row["inventions"]):
        said.append(f"no official invention applications of this {level.noun} and year")
    return "; ".join(said) or None


def _values(long: pd.DataFrame, variable: str, name: str, level: Level) -> pd.DataFrame:
    """Code, year, `name` and unit of measure of one variable of a long table."""
    import pandas as pd

    needed = {*level.when, "variable", "value", "unit"}
    if missing := needed - set(long.columns):
        raise PatentError(f"{variable}: the statistics lack the columns {sorted(missing)}")
    rows = long[long["variable"] == variable]
    measures = set(rows["unit"].dropna())
    accepted = set(_PERSONS) if variable == POPULATION else {"patents"}
    if not measures <= accepted:
        raise PatentError(
            f"{variable}: unit {', '.join(sorted(measures - accepted))} is none of "
            f"{', '.join(sorted(accepted))}"
        )
    twice = rows[rows.duplicated(list(level.when), keep=False)]
    if len(twice):
        first = twice.iloc[0]
        raise PatentError(f"{variable}: two values for {first[level.code]} in {first['year']}")
    made = pd.DataFrame(
        {
            level.code: rows[level.code].astype(level.code_dtype),
            "year": rows["year"].astype("int64"),
            name: pd.to_numeric(rows["value"]),
            "unit": rows["unit"],
        }
    )
    return made.reset_index(drop=True)
