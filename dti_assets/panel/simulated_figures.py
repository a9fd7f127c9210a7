"""A simulated panel as frames and as the raw figures a user would hand in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dti_assets.panel.official import memberships
from dti_assets.panel.simulation import Simulation, simulate_arrays, truth
from dti_assets.panel.tables import FIGURES

if TYPE_CHECKING:
    import pandas as pd

# variable -> the series and unit its figures are written in; each is a plain logarithm or level
_LOGS = {
    "Export": ("high_tech_exports", "10k CNY"),
    "Export_new": ("high_tech_new_product_exports", "10k CNY"),
    "Number": ("high_tech_firms", "firms"),
    "DFI": ("digital_finance_index", "index"),
    "Exportother": ("non_high_tech_exports", "10k CNY"),
    "GDP": ("gdp", "10k CNY"),
    "FIE": ("fiscal_expenditure", "10k CNY"),
}
_LEVELS = {
    "HR": ("years_of_education", "years"),
    "INF": ("infrastructure", "km per km2"),
    "GDP_sec": ("secondary_industry_share", "percent"),
    "party_turnover": ("party_turnover", "0 or 1"),
    "governor_turnover": ("governor_turnover", "0 or 1"),
}
_FIRST_DFI = 2011


def simulate_panel(
    design: Simulation, seed: int, dti: Any = None, dti_iv: Any = None
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """One simulated panel and its truth.

    The frame has province_code, province, year and the model's variables, in GB/T 2260 order and
    by year; region, bri and municipality are the real ones. Export_new follows the same process
    as Export with its own error; DTIG is DTIn less 0.7 with noise; DFI starts in 2011 and has no
    known effect; turnover is a coin with probability 0.2 and has no effect. `dti` and `dti_iv`
    as in simulate_arrays.
    """
    import numpy as np
    import pandas as pd

    drawn = {k: a[0] for k, a in simulate_arrays(design, [seed], dti, dti_iv).items()}
    draw = np.random.default_rng([seed, 1])
    shape = drawn["Export"].shape
    first, last = design.years
    places = memberships()[: design.provinces]
    frame = pd.DataFrame(
        [{**place, "year": year} for place in places for year in range(first, last + 1)]
    )
    drawn["Export_new"] = drawn["Export"] - 1.2 + design.sd_export * draw.standard_normal(shape)
    drawn["DTIG"] = np.maximum(drawn["DTIn"] - 0.7 + 0.1 * draw.standard_normal(shape), 0)
    drawn["DFI"] = 5.2 + 0.05 * drawn["DTIn"] + 0.03 * draw.standard_normal(shape)
    for name in ("party_turnover", "governor_turnover"):
        drawn[name] = (draw.uniform(size=shape) < 0.2).astype(float)
    for name, values in drawn.items():
        frame[name] = values.reshape(-1)
    frame.loc[frame["year"] < _FIRST_DFI, "DFI"] = np.nan
    return frame, {**truth(design, seed), "Export_new_total": design.total}


def simulated_figures(panel: pd.DataFrame) -> pd.DataFrame:
    """The raw figures behind a simulated panel (table figures): build_panel on them gives the
    panel's variables back to rounding. DTIn, DTIG and DTI_iv have none: they come from patents
    and reports."""
    import numpy as np
    import pandas as pd

    keys = panel[["province_code", "province", "year"]]
    levels: dict[str, tuple[Any, str]] = {}
    for name, (series, unit) in _LOGS.items():
        levels[series] = (np.exp(panel[name].astype(float)), unit)
    for name, (series, unit) in _LEVELS.items():
        levels[series] = (panel[name].astype(float), unit)
    firms = levels["high_tech_firms"][0]
    projects = firms * np.exp(panel["RD"].astype(float))
    levels["high_tech_new_product_projects"] = (projects, "projects")
    parts = []
    for series, (values, unit) in levels.items():
        part = keys.assign(
            series=series, value=values, unit=unit, source="user: simulated", origin="user",
            status="published",
        )  # fmt: skip
        parts.append(part[part["value"].notna()])
    return FIGURES.frame(pd.concat(parts, ignore_index=True))


def wide_figures(figures: pd.DataFrame) -> pd.DataFrame:
    """Figures (table figures) as a user's wide file: province, year, and a column per series
    with its unit in the header; read_user_figures reads it back."""
    wide = figures.assign(header=figures["series"] + " (" + figures["unit"] + ")").pivot(
        index=["province_code", "province", "year"], columns="header", values="value"
    )
    return wide.reset_index().drop(columns="province_code").rename_axis(columns=None)
