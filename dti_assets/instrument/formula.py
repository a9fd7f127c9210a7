"""DTI_iv: keyword frequency over the distance to the hub, and who carries its variation.

The instrument divides by a distance, so the nearest provinces weigh most; `within_shares` makes
that visible under every zero-distance rule. Estimation is elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from dti_assets.instrument.distances import ALTERNATIVES, ZeroDistance, capital_distances
from dti_assets.instrument.tables import DTI_IV
from dti_assets.store.schema import records

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


def dti_iv(attention: pd.DataFrame, distances: pd.DataFrame) -> pd.DataFrame:
    """DTI_iv = (keyword hits / total words) / distance_km (table dti_iv).

    `attention` is table policy_attention (31 provinces x years), `distances` table
    capital_distances. A value that lacks its frequency or its distance is null with a reason.
    """
    by_code = {row["province_code"]: row for row in records(distances)}
    rows: list[dict[str, Any]] = []
    for row in records(attention):
        place = by_code[row["province_code"]]
        frequency, km = row["frequency"], place["distance_km"]
        value = frequency / km if frequency is not None and km is not None else None
        denominator = "chars_han" if row["words"] == "chars" else f"words_{row['words']}"
        rows.append(
            {
                "province_code": row["province_code"],
                "province": row["province"],
                "year": row["year"],
                "keyword_hits": row["keyword_hits"],
                "total_words": row[denominator],
                "frequency": frequency,
                "distance_km": km,
                "dti_iv": value,
                "rule": place["rule"],
                "origin": row["origin"],
                "reason": None if value is not None else row["reason"] or place["reason"],
            }
        )
    return DTI_IV.frame(rows)


def instrument_by_term(
    counts: pd.DataFrame, instrument: pd.DataFrame, sections: Collection[str], hits: str
) -> pd.DataFrame:
    """The instrument taken apart: (hits of a term / total words) / distance_km.

    `counts` has columns province_code, year, section, term and `hits` (a column of table
    keyword_counts, or of other counts); `instrument` is table dti_iv. Index (province, year) of
    the rows of `instrument` that have a value, a column per term with a hit in `sections`, in
    the order of their names. With the study's own hits the columns sum to dti_iv.
    """
    known = instrument.dropna(subset=["dti_iv"])
    chosen = counts[counts["section"].isin(list(sections))]
    sums = chosen.groupby(["province_code", "year", "term"])[hits].sum().astype("float64")
    places = known.set_index(["province_code", "year"])
    found = sums.unstack(fill_value=0).reindex(places.index, fill_value=0.0)
    found = found.loc[:, (found > 0).any()]
    scale = places["total_words"].astype(float) * places["distance_km"].astype(float)
    parts = found.div(scale, axis=0)
    return parts.set_axis(known.set_index(["province", "year"]).index)


def within_shares(
    attention: pd.DataFrame,
    hub: str,
    distance: Any,
    *own: ZeroDistance,
) -> pd.DataFrame:
    """Share of the instrument's within variation that each province carries, by rule: the usual
    ones and the study's `own`, which a floor in km makes one more.

    Columns rule, province, share (sum of squares of the two-way demeaned instrument, of the
    total), inverse_hhi (1 / sum of squared shares, the same on every row of a rule). A rule that
    this hub does not allow is left out, and so is one under which no value is known.
    """
    import pandas as pd

    from dti_assets.errors import DistanceError

    found = [pd.DataFrame(columns=["rule", "province", "share", "inverse_hhi"])]
    for rule in dict.fromkeys((*ALTERNATIVES, *own)):
        try:
            frame = dti_iv(attention, capital_distances(hub, distance, rule))
        except DistanceError:
            continue
        used = frame.dropna(subset=["dti_iv"])
        if used.empty:
            continue
        residual = _less_both_means(
            used["dti_iv"].to_numpy(float), used["province"].to_numpy(), used["year"].to_numpy()
        )
        squares = pd.Series(residual**2).groupby(used["province"].to_numpy(), sort=False).sum()
        # a single year has no within variation: nothing to share
        shares = squares / squares.sum() if squares.sum() > 0 else squares * float("nan")
        found.append(
            pd.DataFrame(
                {
                    "rule": str(rule),
                    "province": shares.index,
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
