"""Raw figures laid over the panel's province-years: which figure a cell takes, and from where.

A user's series replaces the official series of the same name as a whole, so that two vintages
never mix unasked; `fill_gaps` names the series whose missing cells the official figures may fill.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dti_assets.errors import PanelError
from dti_assets.panel.official import NO_FIGURE
from dti_assets.panel.series import catalogue, unknown_series
from dti_assets.panel.tables import FIGURES
from dti_assets.panel.units import Unit, convert, parse_unit

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@dataclass
class Cells:
    """One series over the panel's rows: arrays of the panel's length.

    `reason` says why a value is nan; it is None where there is a value.
    """

    series: str
    value: np.ndarray
    unit: np.ndarray
    origin: np.ndarray
    source: np.ndarray
    status: np.ndarray
    reason: np.ndarray

    def in_unit(self, target: Unit, rate: np.ndarray | None = None) -> np.ndarray:
        """The figures in `target`; nan also where the exchange rate of the year is missing."""
        import numpy as np

        out = np.full(len(self.value), np.nan)
        for name in sorted({unit for unit in self.unit if unit is not None}):
            here = self.unit == name
            source = Unit(name, "any", 1.0) if target.dimension == "any" else parse_unit(name)
            out[here] = convert(
                self.value[here], source, target, None if rate is None else rate[here]
            )
        return out


def pick(condition: np.ndarray, yes: Any, no: Any) -> np.ndarray:
    """As numpy.where, for texts and None."""
    import numpy as np

    return np.where(condition, np.asarray(yes, dtype=object), np.asarray(no, dtype=object))


def stack_figures(
    official: pd.DataFrame | None, user: pd.DataFrame | None, fill_gaps: Collection[str] = ()
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Official and user's figures (table figures) as one, and the cells given up per series.

    Raises PanelError for a series outside the catalogue and for a key on two rows of a frame.
    """
    import pandas as pd

    frames = {}
    for name, frame in (("official", official), ("user", user)):
        frame = FIGURES.frame(frame if frame is not None else [])
        for series in frame["series"].unique():
            if series not in catalogue():
                raise PanelError(f"{name} figures: {unknown_series(series)}")
        twice = frame[frame.duplicated(list(FIGURES.key), keep=False)]
        if len(twice):
            first = twice.iloc[0]
            raise PanelError(
                f"{name} figures: {first['series']} of {first['province']} {first['year']} "
                f"stands on {len(twice)} rows"
            )
        frames[name] = frame
    for series in fill_gaps:
        if series not in catalogue():
            raise PanelError(f"panel.fill_gaps: {unknown_series(series)}")
    key = list(FIGURES.key)
    base, theirs = frames["official"], frames["user"]
    places = base.set_index(key).index
    # a blank cell is a gap, as an absent row is; where both have none, the user's reason stands
    blank = theirs["value"].isna()
    covered = places.isin(theirs[~blank].set_index(key).index)
    covered |= base["value"].isna() & places.isin(theirs.set_index(key).index)
    replaced = base["series"].isin(set(theirs["series"]) - set(fill_gaps))
    lost = {str(name): len(part) for name, part in base[replaced & ~covered].groupby("series")}
    kept = base[~replaced & ~covered]
    filled = blank & theirs.set_index(key).index.isin(kept.set_index(key).index)
    return pd.concat([kept, theirs[~filled]], ignore_index=True), lost


def lay_out(figures: pd.DataFrame, index: pd.MultiIndex) -> dict[str, Cells]:
    """Every series of the catalogue over `index` (province_code, year)."""
    import numpy as np

    by_series = dict(tuple(figures.groupby("series", sort=False)))
    out = {}
    for name, one in catalogue().items():
        absent = f"{name}: {NO_FIGURE if one.source else 'supplied by the user only'}"
        n = len(index)
        if name not in by_series:
            no = np.full(n, None, dtype=object)
            why = np.full(n, absent, dtype=object)
            out[name] = Cells(name, np.full(n, np.nan), no, no, no, no, why)
            continue
        given = by_series[name].set_index(["province_code", "year"])
        if (given["origin"] == "user").any():
            absent = f"{name}: not in the user's files"
        found = given.reindex(index)
        value = found["value"].to_numpy(dtype=float, na_value=np.nan)
        text = {
            column: found[column].astype(object).where(found[column].notna(), None).to_numpy()
            for column in ("unit", "origin", "source", "status", "reason")
        }
        why = np.array(
            [
                None if not np.isnan(v) else (f"{name}: {r}" if r is not None else absent)
                for v, r in zip(value, text["reason"], strict=True)
            ],
            dtype=object,
        )
        out[name] = Cells(
            name, value, text["unit"], text["origin"], text["source"], text["status"], why
        )
    return out
