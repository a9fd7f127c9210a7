"""A complete study panel with known effects, and what official figures alone would give."""

import numpy as np
import pandas as pd

REGIONS = ["East"] * 10 + ["Central"] * 6 + ["West"] * 12 + ["Northeast"] * 3


def study_panel(seed=7, provinces=31, years=range(2009, 2023), strength=6.0):
    """31 provinces x 14 years under the panel's names; Export rises by 0.342 with DTIn."""
    rng = np.random.default_rng(seed)
    rows = [(i, y) for i in range(provinces) for y in years]
    frame = pd.DataFrame(rows, columns=["i", "year"])
    n, t = len(frame), len(years)
    place = frame["i"].to_numpy()

    def effects():
        return np.repeat(rng.normal(size=provinces), t) + np.tile(rng.normal(size=t), provinces)

    frame["province"] = [f"P{i:02d}" for i in place]
    frame["province_code"] = 110000 + 10000 * place
    frame["region"] = [REGIONS[i] for i in place]
    frame["bri"] = (place % 31 < 18).astype(int)
    frame["municipality"] = (place < 4).astype(int)
    frame["EXR"] = 6.0 + 0.05 * (frame["year"] - 2009) % 0.7
    for name in ("Exportother", "HR", "INF", "GDP", "GDP_sec", "FIE"):
        frame[name] = effects() + rng.normal(size=n)
    distance = 100 + 60 * place
    frame["DTI_iv"] = rng.gamma(4, 0.25, size=n) * np.linspace(0.5, 2, t)[frame["year"] - 2009]
    frame["DTI_iv"] /= distance / 300
    shock = rng.normal(size=n)
    frame["DTIn"] = strength * 0.1 * frame["DTI_iv"] + effects() + 0.5 * shock + 4
    frame["Number"] = 0.5 * frame["DTIn"] + effects() + rng.normal(scale=0.3, size=n)
    frame["RD"] = 0.3 * frame["DTIn"] + effects() + rng.normal(scale=0.3, size=n)
    frame["Export"] = (
        0.153 * frame["DTIn"]
        + 0.320 * frame["Number"]
        + 0.097 * frame["RD"]
        + 0.2 * frame["GDP"]
        + effects()
        + 0.2 * shock
        + rng.normal(scale=0.3, size=n)
        + 12
    )
    frame["Export_new"] = frame["Export"] - 1 + rng.normal(scale=0.3, size=n)
    frame["DTIG"] = frame["DTIn"] + rng.normal(scale=0.3, size=n)
    frame["DFI"] = np.where(frame["year"] >= 2011, 0.5 * frame["DTIn"] + effects(), np.nan)
    frame["party_turnover"] = rng.integers(0, 2, size=n)
    frame["governor_turnover"] = rng.integers(0, 2, size=n)
    frame["INVn"] = frame["DTIn"] + rng.normal(scale=0.2, size=n)
    return frame.drop(columns="i")


def official_panel(seed=7):
    """Only what yearbooks give: no digital patents, exports for three years, few controls."""
    frame = study_panel(seed)
    absent = ["DTIn", "DTIG", "DFI", "Exportother", "HR", "INF", "party_turnover"]
    absent += ["governor_turnover"]
    frame = frame.drop(columns=absent[:-1]).assign(governor_turnover=np.nan)
    frame["Export"] = frame["Export"].where(frame["year"].between(2016, 2018))
    frame["Export_new"] = frame["Export_new"].where(frame["year"] >= 2016)
    return frame
