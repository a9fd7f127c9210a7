"""Stata and R scripts of tables that a user writes: lags, products, bounds, robust errors, no
effects, several instruments, another column's sample. R and a reader of Stata carry them out."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from econ.study_panels import study_panel
from script_readers import rscript, run_r, run_stata

from dti_assets.econ.model.estimation import estimate
from dti_assets.econ.model.specification import Specification
from dti_assets.econ.paper.estimate import TableOptions, estimate_table
from dti_assets.econ.paper.reports import weak_instrument_inference
from dti_assets.econ.paper.specifications import parse_table
from dti_assets.panel.codebook import codebook_markdown
from dti_assets.panel.export import write_csv, write_stata
from dti_assets.panel.tables import PANEL
from dti_assets.publishing.scripts.equation import names, scale
from dti_assets.study.table_scripts import inference_scripts, table_scripts
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")
LEVEL = PROVINCES.level
COLUMNS = [
    {"column": "lag", "regressors": ["L.DTIn", "GDP"], "fixed_effects": ["province", "year"]},
    {"column": "product", "regressors": ["DTIn:year>=2013", "DTIn", "region=East:GDP"],
     "fixed_effects": ["province"]},
    {"column": "robust, no effects", "regressors": ["DTIn", "L2.GDP:F.FIE"], "errors": "robust"},
    {"column": "iid", "regressors": ["DTIn"], "errors": "iid", "fixed_effects": ["year"]},
    {"column": "bounds", "regressors": ["DTIn"], "fixed_effects": ["province", "year"],
     "sample": {"year": {"min": 2011, "max": 2015}, "region": ["East", "West"]}},
    {"column": "open", "regressors": ["DTIn"], "sample": {"GDP": {"min": -0.5}, "bri": 0}},
    {"column": "two instruments", "endogenous": ["DTIn"], "instruments": ["DTI_iv", "L.DTI_iv"],
     "controls": ["GDP"], "fixed_effects": ["province", "year"]},
    {"column": "2SLS, no effects", "endogenous": ["DTIn"], "instruments": ["DTI_iv"],
     "errors": "robust"},
    {"column": "reduced form", "regressors": ["DTI_iv", "DTI_iv:GDP"],
     "fixed_effects": ["province", "year"]},
    {"column": "same rows", "regressors": ["DTIn"], "fixed_effects": ["province", "year"],
     "same_sample_as": "two instruments"},
]  # fmt: skip
PLACES = {"北京": "East", "上海": "East", "浙江": "East", "山西": "Central", "四川": "West",
          "陕西": "West", "甘肃": "West", "辽宁": "Northeast"}  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    """A folder laid out as outputs are, and the stored table beside the scripts."""
    rng = np.random.default_rng(5)
    rows = [
        {"province_code": code, "province": place, "year": year, "region": region,
         "bri": code % 2, "municipality": 0}
        for code, (place, region) in enumerate(PLACES.items(), start=110000)
        for year in range(2009, 2019)
        if (place, year) != ("四川", 2012)
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    for name in ("GDP", "FIE", "DTI_iv"):
        frame[name] = rng.normal(size=len(frame))
    frame["DTI_iv"] *= 1e-7
    frame["DTIn"] = frame["DTI_iv"] * 1e7 + frame["GDP"] + rng.normal(size=len(frame))
    frame["Export"] = frame["DTIn"] + rng.normal(size=len(frame))
    frame.loc[[3, 17, 40], "DTIn"] = np.nan
    frame.loc[[5, 30], "GDP"] = np.nan
    panel = LEVEL.table(PANEL).frame(frame)
    shared = {"outcome": "Export", "cluster": "province", "table": "13", "title": "Own /* columns"}
    spec = parse_table({**shared, "name": "own", "columns": COLUMNS}, level=LEVEL)
    stored = estimate_table(spec, panel, TableOptions(LEVEL, draws=99))
    assert stored.groupby("column")["estimate"].count().gt(0).all()
    outputs = tmp_path_factory.mktemp("outputs")
    for name in ("panel", "tables"):
        (outputs / name).mkdir()
    write_csv(panel, outputs / "panel" / "panel.csv")
    write_stata(panel, outputs / "panel" / "panel.dta", LEVEL)
    for ending, text in table_scripts(spec, stored, PROVINCES).items():
        (outputs / "tables" / f"own.{ending}").write_text(text, encoding="utf-8")
    return outputs / "tables", stored


def _by_key(stored: pd.DataFrame) -> dict[tuple[str, str], tuple[float, float, int]]:
    rows = stored[stored["estimate"].notna() & (stored["role"] != "constant")]
    named = names(rows["term"])
    return {
        # too few clusters have no clustered error, and the scripts take robust ones
        (r["column"], named[r["term"]]): (
            r["estimate"] / scale(r["term"]),
            (r["se_hc1"] if pd.isna(r["std_error"]) else r["std_error"]) / scale(r["term"]),
            r["n_obs"],
        )
        for r in rows.to_dict("records")
    }


@pytest.mark.skipif(rscript() is None, reason="Rscript is not installed")
def test_r_gives_the_stored_numbers(written: tuple[Path, pd.DataFrame]) -> None:
    folder, stored = written
    ours = _by_key(stored)
    theirs = {
        (row["column"], row["term"]): (row["estimate"], row["std_error"], row["n_obs"])
        for row in run_r(folder / "own.R").to_dict("records")
    }
    assert theirs.keys() == ours.keys()
    for key, numbers in ours.items():
        assert theirs[key] == pytest.approx(numbers, rel=1e-6), key


def test_stata_commands_read_back_give_the_stored_numbers(
    written: tuple[Path, pd.DataFrame],
) -> None:
    folder, stored = written
    ours = _by_key(stored)
    seen = set()
    for one in run_stata(folder / "own.do"):
        cluster = "id_province" if "id_province)" in one.options else None
        kind = "robust" if "robust" in one.options else None
        spec = Specification(
            one.outcome, one.regressors, one.endogenous, one.instruments, one.absorb, cluster, kind
        )
        result = estimate(spec, one.data)
        for term in (*one.endogenous, *one.regressors):
            found = (result.params[term], result.std_errors[term], result.nobs)
            assert found == pytest.approx(ours[one.heading, term], rel=1e-6), (one.heading, term)
            seen.add((one.heading, term))
    assert seen == ours.keys()


def test_no_column_is_as_small_as_feols_drops(written: tuple[Path, pd.DataFrame]) -> None:
    """Pivots of X'X, effects projected out with dummies, against fixest's collin.tol of 1e-9."""
    instrumented = 0
    for one in run_stata(written[0] / "own.do"):
        names_ = [*(one.instruments or one.endogenous), *one.regressors]
        used = one.data[[one.outcome, *one.endogenous, *names_, *one.absorb]].dropna()
        dummies = [np.ones((len(used), 1))]
        dummies += [pd.get_dummies(used[name], dtype=float).to_numpy() for name in one.absorb]
        effects = np.hstack(dummies)
        x = used[names_].to_numpy()
        x = x - effects @ np.linalg.lstsq(effects, x, rcond=None)[0]
        pivots = np.diag(np.linalg.cholesky(x.T @ x)) ** 2
        assert (pivots > 1e-3).all(), (one.heading, pivots)
        instrumented += any("DTI_iv" in name for name in names_)
    assert instrumented == 3


def test_scripts_say_once_that_the_instrument_is_rescaled(
    written: tuple[Path, pd.DataFrame],
) -> None:
    for name in ("own.do", "own.R"):
        text = (written[0] / name).read_text(encoding="utf-8")
        assert text.count("DTI_iv is multiplied by 1,000,000") == 1
    assert codebook_markdown(level=LEVEL).count("Multiply by 1,000,000") == 1
    # a table without the instrument has no such word, nor a rescaled column
    spec = parse_table(
        {"table": "14", "name": "none", "title": "None", "outcome": "Export", "cluster": "province",
         "columns": [{"column": "1", "regressors": ["DTIn", "DTI_iv>=1e-8"]}]}, level=LEVEL,
    )  # fmt: skip
    panel = study_panel(years=range(2009, 2013))
    stored = estimate_table(spec, panel, TableOptions(LEVEL, draws=9))
    for text in table_scripts(spec, stored, PROVINCES).values():
        assert "1000000" not in text and "1,000,000" not in text


@pytest.mark.parametrize("errors", ["robust", "clustered"])
def test_the_appendix_says_what_its_sets_invert(errors: str) -> None:
    panel = study_panel(years=range(2009, 2013))
    column = {"column": "IV", "endogenous": ["DTIn"], "instruments": ["DTI_iv"], "errors": errors}
    shared = {"outcome": "Export", "cluster": "province", "fixed_effects": ["province", "year"]}
    head = {"table": "13", "name": "own", "title": "Own"}
    spec = parse_table({**head, **shared, "columns": [column]}, level=LEVEL)
    options = TableOptions(LEVEL, draws=99)
    stored = estimate_table(spec, panel, options)
    inference = weak_instrument_inference([spec], panel, options)
    scripts = inference_scripts(
        {"own": spec}, {"own": stored}, inference, "a", "杭州", True, PROVINCES
    )
    for text in scripts.values():
        assert ("invert the wild cluster bootstrap" in text) == (errors == "clustered")
        assert ("invert the Wald test" in text) == (errors == "robust")


def test_no_word_of_a_table_opens_a_comment_that_never_ends(
    written: tuple[Path, pd.DataFrame],
) -> None:
    assert "/*" not in (written[0] / "own.do").read_text(encoding="utf-8")


def test_names_are_ones_both_languages_accept_and_no_two_are_one() -> None:
    long = "L2.high_tech_new_product_exports_of_everything"
    found = names(
        ["DTIn", "L.DTIn", "DTIn:year>=2013", "DTIn:year<=2013", f"{long}:a", f"{long}:b"]
    )
    assert names(["DTI_iv"]) == {"DTI_iv": "t_DTI_iv"}
    assert found["DTIn"] == "DTIn" and len(set(found.values())) == len(found)
    assert all(name.isidentifier() and len(name) <= 32 for name in found.values())
