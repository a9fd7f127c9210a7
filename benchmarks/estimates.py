"""Time of all tables with all inference, and resampling against a loop over linearmodels.

    python benchmarks/estimates.py [--draws 9999] [--bootstrap 5000] [--slice 20]

On a simulated panel of 31 provinces and 14 years with every variable present: twelve tables with
wild p-values for each key coefficient, weak-instrument report, four mediations, leave one out,
Romano-Wolf, and a specification curve of 648 cells. The baseline refits with linearmodels draw by
draw on a slice of the draws, in the same run; the ratio is seconds per draw against seconds per
draw. Exit code 1 over 30 s or below a ratio of 50.
"""

from __future__ import annotations

import argparse
import sys
import time
from importlib import import_module
from itertools import product

import numpy as np
import pandas as pd

from dti_assets.econ import Specification, mediation, wild_cluster_test
from dti_assets.econ.paper.estimate import TableOptions, estimate_table
from dti_assets.econ.paper.reports import (
    indirect_effects,
    leave_one_province_out,
    weak_instrument_inference,
)
from dti_assets.econ.paper.specifications import load_tables
from dti_assets.econ.robustness.multiple_testing import romano_wolf
from dti_assets.econ.robustness.specification_curve import specification_curve
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")
CONTROLS = ("EXR", "Exportother", "HR", "INF", "GDP", "GDP_sec", "FIE")
OLS = Specification("Export", ("DTIn", *CONTROLS), (), (), ("province", "year"), "province")
IV = Specification("Export", CONTROLS, "DTIn", "DTI_iv", ("province", "year"), "province")
LIMIT_SECONDS, LIMIT_RATIO = 30.0, 50.0


def study_panel(seed: int = 0) -> pd.DataFrame:
    """31 provinces x 14 years with every variable of the twelve tables."""
    rng = np.random.default_rng(seed)
    g, t = 31, 14
    place, year = np.repeat(np.arange(g), t), np.tile(np.arange(2009, 2009 + t), g)
    n = g * t

    def effects() -> np.ndarray:
        return rng.normal(size=g)[place] + rng.normal(size=t)[year - 2009]

    regions = ["East"] * 10 + ["Central"] * 6 + ["West"] * 12 + ["Northeast"] * 3
    frame = pd.DataFrame(
        {
            "province": [f"P{i:02d}" for i in place],
            "year": year,
            "region": [regions[i] for i in place],
            "bri": (place >= 13).astype(int),
            "municipality": (place < 4).astype(int),
            "EXR": rng.normal(size=t)[year - 2009],
            "party_turnover": rng.integers(0, 2, n),
            "governor_turnover": rng.integers(0, 2, n),
        }
    )
    for name in CONTROLS[1:]:
        frame[name] = effects() + rng.normal(size=n)
    shock = rng.normal(size=n)
    frame["DTI_iv"] = rng.gamma(4, 0.25, n) * (1 + 0.1 * (year - 2009)) / (1 + place / 10)
    frame["DTIn"] = 0.3 * frame["DTI_iv"] + effects() + 0.5 * shock
    frame["Number"] = 0.5 * frame["DTIn"] + effects() + rng.normal(size=n)
    frame["RD"] = 0.3 * frame["DTIn"] + effects() + rng.normal(size=n)
    frame["Export"] = 0.15 * frame["DTIn"] + 0.3 * frame["Number"] + 0.1 * frame["RD"]
    frame["Export"] += effects() + 0.2 * shock + rng.normal(size=n)
    frame["Export_new"] = frame["Export"] + rng.normal(size=n)
    frame["DTIG"] = frame["DTIn"] + rng.normal(size=n)
    frame["DFI"] = np.where(year >= 2011, frame["DTIn"] + rng.normal(size=n), np.nan)
    return frame


def everything(panel: pd.DataFrame, draws: int, bootstrap: int) -> dict[str, float]:
    """Seconds of each part of the estimates group."""
    options = TableOptions(PROVINCES.level, draws=draws, bootstrap_draws=bootstrap)
    tables = list(load_tables(level=PROVINCES.level).values())
    seconds: dict[str, float] = {}

    def timed(name, work):
        started = time.perf_counter()
        result = work()
        seconds[name] = time.perf_counter() - started
        return result

    estimates = timed("tables 1-12", lambda: [estimate_table(x, panel, options) for x in tables])
    keys = sum(int((f["p_wild"].notna()).sum()) for f in estimates[1:])
    timed("weak instruments", lambda: weak_instrument_inference(tables, panel, options))
    timed("mediation", lambda: indirect_effects(tables, panel, options))
    timed("leave one out", lambda: leave_one_province_out(tables, panel, options))
    hypotheses = [("Table 2", OLS, panel, "DTIn")]
    hypotheses += [
        (f"Table 5 {region}", OLS, panel[panel["region"] == region], "DTIn")
        for region in ("East", "Central", "West")
    ]
    timed("Romano-Wolf", lambda: romano_wolf(hypotheses, draws=draws))
    rng = np.random.default_rng(1)
    choices = {
        f"iv_{i}": dict(
            zip(("dictionary", "hits", "words", "zero", "distance"), map(str, c), strict=True)
        )
        for i, c in enumerate(product(range(2), range(3), range(4), range(3), range(1)))
    }
    wide = panel.assign(
        **{name: panel["DTI_iv"] * rng.uniform(0.9, 1.1, len(panel)) for name in choices}
    )
    sets = {"none": (), "some": CONTROLS[:4], "all": CONTROLS}
    curve = timed("specification curve", lambda: specification_curve(IV, wide, choices, sets))
    print(f"{keys} wild p-values of {draws} draws; {len(curve)} cells of the curve")
    return seconds


def baseline_wild(panel: pd.DataFrame, draws: int) -> float:
    """Seconds per draw of the wild bootstrap when every draw is a linearmodels fit."""
    from linearmodels import PanelOLS

    data = panel.set_index(["province", "year"])
    controls = [c for c in CONTROLS if c != "EXR"]
    restricted = PanelOLS(data["Export"], data[controls], entity_effects=True, time_effects=True)
    fit = restricted.fit()
    fitted = data["Export"] - fit.resids
    rng = np.random.default_rng(0)
    place = np.repeat(np.arange(31), 14)
    started = time.perf_counter()
    for _ in range(draws):
        y = fitted + fit.resids * rng.choice([-1.0, 1.0], 31)[place]
        PanelOLS(y, data[["DTIn", *controls]], entity_effects=True, time_effects=True).fit(
            cov_type="clustered", cluster_entity=True
        ).tstats["DTIn"]
    return (time.perf_counter() - started) / draws


def baseline_mediation(panel: pd.DataFrame, draws: int) -> float:
    """Seconds per draw of the province bootstrap when every draw is two linearmodels fits."""
    from linearmodels import PanelOLS

    rng = np.random.default_rng(0)
    blocks = [block for _, block in panel.groupby("province")]
    controls = [c for c in CONTROLS if c != "EXR"]
    started = time.perf_counter()
    for _ in range(draws):
        picked = rng.integers(0, 31, 31)
        stacked = pd.concat([blocks[i].assign(province=j) for j, i in enumerate(picked)])
        data = stacked.set_index(["province", "year"])
        effects = {"entity_effects": True, "time_effects": True}
        a = PanelOLS(data["Number"], data[["DTIn", *controls]], **effects).fit().params["DTIn"]
        b = PanelOLS(data["Export"], data[["DTIn", "Number", *controls]], **effects).fit()
        _ = a * b.params["Number"]
    return (time.perf_counter() - started) / draws


def per_draw(work, draws: int) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) / draws


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=9999)
    parser.add_argument("--bootstrap", type=int, default=5000)
    parser.add_argument("--slice", type=int, default=20)
    options = parser.parse_args()
    for name in ("linearmodels", "scipy.stats"):
        import_module(name)  # paid before the clock starts

    panel = study_panel()
    seconds = everything(panel, options.draws, options.bootstrap)
    for name, value in seconds.items():
        print(f"  {name:22s} {value:6.2f} s")
    total = sum(seconds.values())
    print(f"  {'all':22s} {total:6.2f} s (limit {LIMIT_SECONDS:g})")
    wild = per_draw(
        lambda: wild_cluster_test(OLS, panel, "DTIn", draws=options.draws), options.draws
    )
    boot = per_draw(
        lambda: mediation(
            panel,
            "DTIn",
            "Number",
            "Export",
            CONTROLS,
            ("province", "year"),
            "province",
            draws=options.bootstrap,
        ),
        options.bootstrap,
    )
    ratios = {
        "wild bootstrap": baseline_wild(panel, options.slice) / wild,
        "mediation bootstrap": baseline_mediation(panel, options.slice) / boot,
    }
    for name, ratio in ratios.items():
        print(f"  {name:22s} {ratio:8.0f} times as fast as a loop (limit {LIMIT_RATIO:g})")
    return 0 if total <= LIMIT_SECONDS and min(ratios.values()) >= LIMIT_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
