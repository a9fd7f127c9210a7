"""The expected instrument: what a unit would have if the year's shocks had fallen otherwise.

An instrument of a shock and a fixed exposure varies within a unit for two reasons: its shocks, and
the year's mean shock at its exposure. The second part follows the calendar wherever the exposure
is large, whatever the unit does, and so may anything else that reaches units by that exposure
(Borusyak and Hull 2023, Econometrica 91(6)).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dti_assets.instrument.formula import instrument

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

# a panel with fewer of its unit-years is uneven: who reports moves the mean of a year
_EVEN = 0.9


def expected_instrument(
    shocks: pd.Series,
    exposures: pd.Series,
    units: pd.Series,
    years: pd.Series,
    formula: Callable[[Any, Any], Any] = instrument,
) -> np.ndarray:
    """Return the mean of the instrument over the shocks of all units of the year, exposures held.

    All four have one row per unit and year, missing where not known. With row i of year t it is the
    mean of formula(shock of j in t, exposure of i) over the units j that have shock and exposure in
    t, i among them, in the instrument's unit; missing where i has no exposure or the year no
    shock. Leaving i out would make the mean a function of its own shock within a year. Where under
    9 in 10 unit-years have a value, shocks are taken net of unit effects, or the mean would move
    with who reports.
    """
    import numpy as np
    import pandas as pd

    frame = pd.DataFrame(
        {
            "shock": shocks.to_numpy(float),
            "exposure": exposures.to_numpy(float),
            "unit": units.to_numpy(),
            "year": years.to_numpy(),
        }
    )
    known = frame.dropna(subset=["shock", "exposure"])
    cells = known["unit"].nunique() * known["year"].nunique()
    if len(known) < _EVEN * cells:
        known = known.assign(shock=known["shock"] - _unit_effects(known))
    out = np.full(len(frame), np.nan)
    for year, drawn in known.groupby("year")["shock"]:
        rows = np.flatnonzero((frame["year"] == year) & frame["exposure"].notna())
        exposed = frame["exposure"].to_numpy()[rows]
        out[rows] = formula(drawn.to_numpy()[:, None], exposed[None, :]).mean(axis=0)
    return out


def _unit_effects(known: pd.DataFrame) -> np.ndarray:
    """The effect of each row's unit, less the mean over units, years given (least squares)."""
    import numpy as np
    import pandas as pd

    unit, units = pd.factorize(known["unit"])
    year, years = pd.factorize(known["year"])
    dummies = np.hstack([np.eye(len(units))[unit], np.eye(len(years))[year][:, 1:]])
    effects = np.linalg.lstsq(dummies, known["shock"].to_numpy(), rcond=None)[0][: len(units)]
    return (effects - effects.mean())[unit]
