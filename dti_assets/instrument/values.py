"""DTI_iv by unit and year, the instrument taken apart by term, and who carries its variation.

The instrument divides by a distance, so the nearest units weigh most; `within_shares` makes that
visible under every zero-distance rule. Estimation is elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from dti_assets.errors import DistanceError
from dti_assets.instrument.distances import ALTERNATIVES, ZeroDistance, capital_distances
from dti_assets.instrument.formula import instrument
from dti_assets.instrument.tables import DTI_IV
from dti_assets.text.choices import frequency, words_column
from dti_assets.units.levels import Level
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


def dti_iv(attention: pd.DataFrame, distances: pd.DataFrame, *, level: Level) -> pd.DataFrame:
    """Return the instrument of every unit and year (table dti_iv).

    `attention` is table policy_attention (units x years), `distances` table capital_distances. A
    value that lacks its frequency or its distance is null with a reason.
    """
    places = distances[[level.code, "distance_km", "rule", "reason"]]
    found = attention.merge(
        places, on=level.code, how="left", validate="many_to_one", suffixes=("", "_of_place")
    )
    for kind in found["words"].unique():
        found.loc[found["words"] == kind, "total_words"] = found[words_column(kind)]
    found["dti_iv"] = instrument(found["frequency"], found["distance_km"])
    why = found["reason"].fillna(found["reason_of_place"])
    found["reason"] = why.where(found["dti_iv"].isna())
    table = level.table(DTI_IV)
    return table.frame(found[table.column_names])


def instrument_by_term(
    counts: pd.DataFrame,
    values: pd.DataFrame,
    sections: Collection[str],
    hits: str,
    *,
    level: Level,
) -> pd.DataFrame:
    """Return the instrument taken apart: what it would be with the hits of one term alone.

    `counts` has the code of the unit, year, section, term and `hits` (a column of table
    keyword_counts, or of other counts); `values` is table dti_iv. Index (unit, year) of the rows
    of `values` that have a value, a column per term with a hit in `sections`, in the order of
    their names. With the study's own hits the columns sum to dti_iv.
    """
    known = values.dropna(subset=["dti_iv"])
    chosen = counts[counts["section"].isin(list(sections))]
    sums = chosen.groupby([*level.when, "term"])[hits].sum().astype("float64")
    places = known.set_index(list(level.when))
    found = sums.unstack(fill_value=0).reindex(places.index, fill_value=0.0)
    found = found.loc[:, (found > 0).any()]
    words, km = (places[[name]].to_numpy(float) for name in ("total_words", "distance_km"))
    parts = instrument(frequency(found, words), km)
    return parts.set_axis(known.set_index([level.name, "year"]).index)


def within_shares(
    attention: pd.DataFrame, hub: str, distance: Any, *own: ZeroDistance, units: Units
) -> pd.DataFrame:
    """Return the share of the instrument's within variation that each unit carries, by rule: the
    usual ones and the study's `own`, which a floor in km makes one more.

    Columns rule, the unit's name, share (sum of squares of the two-way demeaned instrument, of
    the total), inverse_hhi (1 / sum of squared shares, the same on every row of a rule). A rule
    that this hub does not allow is left out, and so is one under which no value is known.
    """
    import pandas as pd

    level = units.level
    found = [pd.DataFrame(columns=["rule", level.name, "share", "inverse_hhi"])]
    for rule in dict.fromkeys((*ALTERNATIVES, *own)):
        try:
            distances = capital_distances(hub, distance, rule, units=units)
        except DistanceError:
            continue
        used = dti_iv(attention, distances, level=level).dropna(subset=["dti_iv"])
        if used.empty:
            continue
        names = used[level.name].to_numpy()
        residual = _less_both_means(used["dti_iv"].to_numpy(float), names, used["year"].to_numpy())
        squares = pd.Series(residual**2).groupby(names, sort=False).sum()
        # a single year has no within variation: nothing to share
        shares = squares / squares.sum() if squares.sum() > 0 else squares * float("nan")
        found.append(
            pd.DataFrame(
                {
                    "rule": str(rule),
                    level.name: shares.index,
                    "share": shares.to_numpy(),
                    "inverse_hhi": 1 / float((shares**2).sum(skipna=False)),
                }
            )
        )
    return pd.concat(found[1:] or found, ignore_index=True)


def _less_both_means(values: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Residuals on a dummy for every row and every column, which an unbalanced panel needs."""
    import numpy as np
    import pandas as pd

    codes = (pd.factorize(labels)[0] for labels in (rows, columns))
    dummies = np.hstack([np.eye(code.max() + 1)[code] for code in codes])
    residual = values - dummies @ np.linalg.lstsq(dummies, values, rcond=None)[0]
    # what is left of a single year is rounding
    return np.where(np.abs(residual) > 1e-12 * np.abs(values).max(), residual, 0.0)
