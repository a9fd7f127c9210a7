"""Invented stored tables for figures: every frame as declared, numbers drawn from one seed."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from dti_assets.audit.tables import MEASUREMENT_AUDIT
from dti_assets.econ import tables as econ
from dti_assets.econ import tables as influence_tables
from dti_assets.instrument.tables import DTI_IV
from dti_assets.patents.tables import DTI
from dti_assets.publishing.figures.all_figures import FigureInputs
from dti_assets.text.tables import POLICY_ATTENTION
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")
LEVEL = PROVINCES.level
YEARS = [2014, 2015, 2016]
REGIONS = ("East", "Central", "West", "Northeast")
LABEL = "O3, official-data illustration, not a replication"
HEAD = {"table": "3", "label": LABEL, "column": "second stage", "outcome": "Export"}
HEAD |= {"endogenous": "INVn", "instruments": "DTI_iv"}
TWIN = HEAD | {"column": "second stage, hub province dropped"}


def inputs(**changes: pd.DataFrame) -> FigureInputs:
    """Everything the figures show; `changes` replaces frames by name."""
    frames = {**_places(), **_estimates(), **_evidence(), **changes}
    estimates = {name: frame for name, frame in frames.items() if name.startswith("table_")}
    shares = pd.DataFrame(
        {"rule": rule, "province": place.name, "share": 1 / 31, "inverse_hhi": 31.0}
        for rule in ("drop", "internal")
        for place in PROVINCES
    )
    return FigureInputs(PROVINCES, YEARS, frames, estimates, shares, "internal")


def empty() -> FigureInputs:
    """The same tables without a row, or with rows that have a reason and no number."""
    why = {"reason": "absent from the data: Export"}
    frames: Mapping[str, pd.DataFrame] = {
        "policy_attention": LEVEL.table(POLICY_ATTENTION).frame([]),
        "panel": pd.DataFrame(columns=["province_code", "region"]),
        "dti_iv": LEVEL.table(DTI_IV).frame([]),
        "dti": LEVEL.table(DTI).frame([]),
        "weak_instrument_inference": LEVEL.table(econ.WEAK_INSTRUMENTS).frame([HEAD | why]),
        "stage_residuals": LEVEL.table(econ.STAGE_RESIDUALS).frame([HEAD | why]),
        "anderson_rubin_curve": LEVEL.table(econ.ANDERSON_RUBIN_CURVE).frame([HEAD | why]),
        "leave_one_province_out": LEVEL.table(econ.LEAVE_ONE_OUT).frame([]),
        "robustness": LEVEL.table(econ.ROBUSTNESS).frame([]),
        "specification_curve": LEVEL.table(econ.SPECIFICATION_CURVE).frame([{"cell": 1} | why]),
        "influence": LEVEL.table(influence_tables.INFLUENCE).frame([{"coefficient": "2SLS"} | why]),
        "dictionary_permutation": LEVEL.table(influence_tables.DICTIONARY_PERMUTATION).frame([why]),
        "dictionary_permutation_draws": LEVEL.table(influence_tables.PERMUTATION_DRAWS).frame([]),
        "measurement_audit": LEVEL.table(MEASUREMENT_AUDIT).frame([{"source": "reports"} | why]),
    }
    none = pd.DataFrame(columns=["rule", "province", "share", "inverse_hhi"])
    return FigureInputs(PROVINCES, YEARS, frames, {}, none, "internal")


def _places() -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(1)
    rows = [
        {"province_code": place.code, "province": place.name, "year": year}
        for place in PROVINCES
        for year in YEARS
    ]
    attention = [
        row | {"frequency": rng.gamma(2, 1e-3), "words": "nonpunct", "origin": "published"}
        for row in rows
    ]
    attention[0] |= {"frequency": None, "origin": None}
    attention[1] |= {"origin": "text"}
    iv = [row | {"dti_iv": rng.lognormal(-13, 1), "rule": "internal"} for row in rows]
    inventions = [
        row | {"INVn": rng.normal(5, 1), "basis": "official_inventions"}
        for row in rows
        if row["province"] != "西藏"
    ]
    panel = [
        {"province_code": place.code, "region": REGIONS[number % 4]}
        for number, place in enumerate(PROVINCES)
    ]
    return {
        "policy_attention": LEVEL.table(POLICY_ATTENTION).frame(attention),
        "dti_iv": LEVEL.table(DTI_IV).frame(iv),
        "dti": LEVEL.table(DTI).frame(inventions),
        "panel": pd.DataFrame(panel),
    }


def _estimates() -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(2)
    numbers = {"estimate": 0.75, "first_stage": -1500.0, "first_stage_se": 900.0, "n_obs": 93}
    numbers |= {"reduced_form": -1125.0, "reduced_form_se": 700.0, "kleibergen_paap_f": 2.8}
    numbers |= {"ar_set": "(-inf, 0.3] and [1.1, inf)", "p_wild": 0.01, "largest_cluster": "浙江"}
    numbers |= {"ar_low": -np.inf, "ar_high": np.inf}
    residuals = ("outcome_residual", "endogenous_residual", "instrument_residual")
    points = [
        {"province": place.name, "year": year}
        | dict(zip(residuals, rng.normal(size=3) * (1, 1, 1e-6), strict=True))
        for place in PROVINCES
        for year in YEARS
    ]
    values = np.linspace(-1, 2.5, 40)
    curve = [
        {"point": n + 1, "value": v, "p_wild": np.exp(-abs(v - 0.75)), "errors": "clustered"}
        | {"p_wald": np.exp(-1.1 * abs(v - 0.75)), "estimate": 0.75, "p_wild_at_infinity": 0.09}
        for n, v in enumerate(values)
    ]
    cells = [
        {"cell": n + 1, "instrument": f"iv {n}", "controls": ("none", "all")[n % 2]}
        | {"choices": f"dictionary={d}, distance={m}, hits=longest, zero_distance=floor_km: 50"}
        | {"errors": "clustered", "estimate": e, "conf_low": e - 1, "conf_high": e + 1}
        | {"std_error": 0.5, "ar_bounded": n % 3 == 0}
        for n, e in enumerate(rng.normal(size=24))
        for d in [("all terms", "without 大数据")[n // 2 % 2]]
        for m in [("geodesic", "great_circle")[n // 4 % 2]]
    ]
    keys = [
        {"table": table, "label": f"O{table}, {LABEL[4:]}", "column": column, "outcome": "Export"}
        | {"term": "INVn", "role": "key", "column_label": f"进口 ${table}_x$"}
        | {"estimate": e, "conf_low": e - 1, "conf_high": e + 1, "p_wild": abs(e) / 5}
        for table in ("5", "6")
        for column, e in zip(("1", "2"), rng.normal(size=2), strict=True)
    ]
    # without a p-value: too few clusters
    keys[1] |= {"p_wild": None, "conf_low": None, "conf_high": None}
    absent = HEAD | {
        "table": "9",
        "label": LABEL.replace("O3", "O9"),
        "column": "1",
        "term": "DFI",
        "role": "key",
    }
    absent = {k: v for k, v in absent.items() if k not in ("endogenous", "instruments")}
    left_out = [
        {"table": table, "label": LABEL, "column": column, "term": "INVn", "estimate": e}
        | {"without": place.name, "difference": e - 0.75, "first_stage_f": f}
        for table, column, f in (("2", "4", None), ("3", "second stage", 2.5))
        for place, e in zip(PROVINCES, rng.normal(0.75, 0.1, 31), strict=True)
    ]
    remedies = [
        {"check": check, "variant": variant, "outcome": "Export", "term": "INVn", "estimate": e}
        | {"conf_low": low, "conf_high": high, "first_stage_f": f, "p_wild": 0.2}
        for check, variant, e, low, high, f in (
            ("instruments", "section: plan", 0.5, -0.2, 3.5, 12.0),
            ("instruments", "distance x trend", 0.9, -np.inf, np.inf, 0.5),
            ("functions of distance", "leave-one-out frequency / d (hub)", 0.7, 0.1, np.inf, 4.0),
            ("Conley errors", "Bartlett, 500 km, any lag", 0.75, -0.1, 1.6, None),
        )
    ]
    base = {"table": "2", "label": LABEL, "column": "4", "outcome": "Export", "term": "INVn"}
    base |= {"role": "key", "estimate": 0.75, "conf_low": 0.05, "conf_high": 1.45, "p_wild": 0.04}
    base |= {"errors": "clustered by province"}
    return {
        "robustness": LEVEL.table(econ.ROBUSTNESS).frame(remedies),
        "table_02_baseline": LEVEL.table(econ.ESTIMATES).frame([base]),
        "weak_instrument_inference": LEVEL.table(econ.WEAK_INSTRUMENTS).frame(
            [HEAD | numbers, TWIN | numbers]
        ),
        "stage_residuals": LEVEL.table(econ.STAGE_RESIDUALS).frame(
            [head | point for head in (HEAD, TWIN) for point in points]
        ),
        "anderson_rubin_curve": LEVEL.table(econ.ANDERSON_RUBIN_CURVE).frame(
            [head | point for head in (HEAD, TWIN) for point in curve]
        ),
        "specification_curve": LEVEL.table(econ.SPECIFICATION_CURVE).frame(cells),
        "leave_one_province_out": LEVEL.table(econ.LEAVE_ONE_OUT).frame(left_out),
        "table_05": LEVEL.table(econ.ESTIMATES).frame(keys),
        "table_09": LEVEL.table(econ.ESTIMATES).frame(
            [absent | {"reason": "absent from the data: DFI"}]
        ),
    }


def _evidence() -> dict[str, pd.DataFrame]:
    """Influence, random dictionaries, and an audit."""
    rng = np.random.default_rng(3)
    head = {"coefficient": "2SLS", "outcome": "Export", "regressor": "INVn", "estimate_with": 1.0}
    terms = ("大数据", "5G", "云计算", "人工智能", "电子商务")
    units = {"term": terms, "province": [place.name for place in PROVINCES]}
    units |= {"report": [f"{name} {YEARS[0]}" for name in units["province"]]}
    units |= {"year": tuple(map(str, YEARS))}
    moved = [
        head
        | {"kind": kind, "unit": unit, "estimate_without": 1 + x, "change": x, "change_in_se": x}
        for kind, names in units.items()
        for unit, x in zip(names, rng.normal(size=len(names)), strict=True)
    ]
    placed = {"statistic": "first_stage_t", "n_obs": 93, "draws": 200, "real": -1.5}
    placed |= {"p_value": 0.2, "draws_low": -2.0, "draws_high": 2.0}
    samples = ("rows of the column", "all rows of the first stage")
    precision = {"source": "reports", "part": "precision", "labelled": 5, "population": 1200}
    numbers = {"estimate": 0.8, "conf_low": 0.6, "conf_high": 0.9}
    return {
        "influence": LEVEL.table(influence_tables.INFLUENCE).frame(moved),
        "dictionary_permutation": LEVEL.table(influence_tables.DICTIONARY_PERMUTATION).frame(
            [{"sample": sample} | placed for sample in samples]
        ),
        "dictionary_permutation_draws": LEVEL.table(influence_tables.PERMUTATION_DRAWS).frame(
            [
                {"sample": sample, "draw": n + 1, "first_stage_t": t}
                for sample in samples
                for n, t in enumerate(rng.normal(size=200))
            ]
        ),
        "measurement_audit": LEVEL.table(MEASUREMENT_AUDIT).frame(
            [
                precision | numbers | {"scope": scope, "measure": measure}
                for scope in ("all", *terms)
                for measure in ("precision", "shrunk precision")[: 1 + (scope != "all")]
            ]
        ),
    }
