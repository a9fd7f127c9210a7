"""The Stata and R scripts of the official study say what was estimated: R's own numbers and rows,
and every command of the Stata scripts read back."""

import re
from pathlib import Path

import pandas as pd
import pytest
from script_readers import StataRegression, rscript, run_r, run_source, run_stata

from dti_assets.econ.model.estimation import estimate
from dti_assets.econ.model.specification import Specification
from dti_assets.pipeline.execution.run import Outcome
from dti_assets.pipeline.resources import Workspace
from dti_assets.publishing.scripts.equation import names, scale
from dti_assets.study.config import Study
from dti_assets.study.specifications import shipped_tables
from dti_assets.units.lists import shipped_units

Official = tuple[Study, Outcome]
TABLES = shipped_tables(shipped_units("provinces").level)
REGRESSIONS = [name for name, spec in TABLES.items() if spec.kind == "coefficients"]
APPENDIX = "weak_instrument_inference"
needs_r = pytest.mark.skipif(rscript() is None, reason="Rscript is not installed")


def _folder(study: Study) -> Path:
    return Path(study.output_url) / "tables"


def _stored(study: Study, name: str) -> dict[tuple[str, str], tuple[float, float, int]]:
    """(column, term of the script) -> estimate, error and N in its unit; HC1 where no clustered
    inference exists."""
    frame = Workspace(study).stored(name)
    frame = frame[frame["estimate"].notna() & (frame["role"] != "constant")]
    unit = frame["term"].map(scale).astype(float)
    error = frame["std_error"].fillna(frame["se_hc1"]) / unit
    keys = zip(frame["column"], frame["term"].map(names(frame["term"])), strict=True)
    values = zip(frame["estimate"] / unit, error, frame["n_obs"], strict=True)
    return dict(zip(keys, values, strict=True))


def _column(heading: str) -> str:
    """A column's name without its label."""
    return re.sub(r" \([^()]*\)$", "", heading)


@needs_r
@pytest.mark.parametrize("name", REGRESSIONS)
def test_r_gives_the_stored_numbers(official: Official, name: str) -> None:
    stored = _stored(official[0], name)
    found = run_r(_folder(official[0]) / f"{name}.R")
    theirs = {
        (_column(row["column"]), row["term"]): (row["estimate"], row["std_error"], row["n_obs"])
        for row in found.to_dict("records")
    }
    assert theirs.keys() == stored.keys()
    for key, ours in stored.items():
        assert theirs[key] == pytest.approx(ours, rel=1e-6), key


@needs_r
def test_r_gives_the_numbers_of_the_appendix(official: Official) -> None:
    frame = Workspace(official[0]).stored(APPENDIX)
    found = run_r(_folder(official[0]) / f"{APPENDIX}.R")
    by_column = {(row["column"], row["term"]): row for row in found.to_dict("records")}
    rows = frame[frame["estimate"].notna()].to_dict("records")
    assert rows and any("hub province dropped" in row["column"] for row in rows)
    for row in rows:
        heading = f"{row['column']} of table {row['table']}"
        second = by_column[heading, row["endogenous"]]
        assert second["estimate"] == pytest.approx(row["estimate"], rel=1e-6)
        assert second["std_error"] == pytest.approx(row["std_error"], rel=1e-6)
        assert second["n_obs"] == row["n_obs"]
        reduced = by_column[f"{heading}, reduced form", "t_DTI_iv"]
        assert reduced["estimate"] * 1e6 == pytest.approx(row["reduced_form"], rel=1e-6)
        assert reduced["std_error"] * 1e6 == pytest.approx(row["reduced_form_se"], rel=1e-6)


def _estimates(one: StataRegression) -> dict[str, tuple[float, int]]:
    """Coefficients of a Stata command on the rows it was given, by this package."""
    spec = Specification(
        one.outcome, one.regressors, one.endogenous, one.instruments, one.absorb, "id_province"
    )
    result = estimate(spec, pd.DataFrame(one.data))
    return {str(term): (value, result.nobs) for term, value in result.params.items()}


@pytest.mark.parametrize("name", REGRESSIONS)
def test_stata_commands_read_back_select_the_stored_rows(official: Official, name: str) -> None:
    stored = _stored(official[0], name)
    regressions = run_stata(_folder(official[0]) / f"{name}.do")
    seen = set()
    for one in regressions:
        found = _estimates(one)
        for term in (*one.endogenous, *one.regressors):
            estimate_, _, rows = stored[_column(one.heading), term]
            assert found[term] == (pytest.approx(estimate_, rel=1e-6), rows)
            seen.add((_column(one.heading), term))
        assert re.search(r"cluster[( ]id_province\)|robust", one.options)
    assert seen == stored.keys()


def test_stata_commands_of_the_appendix_select_the_stored_rows(official: Official) -> None:
    frame = Workspace(official[0]).stored(APPENDIX)
    rows = {f"{r['column']} of table {r['table']}": r for r in frame.to_dict("records")}
    regressions = run_stata(_folder(official[0]) / f"{APPENDIX}.do")
    assert len(regressions) == 2 * int(frame["estimate"].notna().sum())
    for one in regressions:
        row = rows[one.heading.removesuffix(", reduced form")]
        term, value = (row["endogenous"], row["estimate"])
        if one.heading.endswith("reduced form"):
            term, value = "t_DTI_iv", row["reduced_form"] / 1e6
        assert _estimates(one)[term] == (pytest.approx(value, rel=1e-6), row["n_obs"])


def test_a_column_not_estimated_is_a_comment_with_the_reason(official: Official) -> None:
    for ending, mark in (("do", "*"), ("R", "#")):
        text = (_folder(official[0]) / f"table_09_digital_finance.{ending}").read_text("utf-8")
        assert f"{mark} Not estimated: absent from the data: DFI." in text
        assert "feols(Export" not in text and "reghdfe Export" not in text


@needs_r
def test_r_describes_what_is_stored(official: Official) -> None:
    name = "table_01_descriptives"
    stored = Workspace(official[0]).stored(name)
    stored = stored[stored["n_obs"].notna()].set_index("variable")
    printed = run_source(_folder(official[0]) / f"{name}.R")
    lines = [line.split() for line in printed.splitlines()]
    head = next(line for line in lines if line[:2] == ["N", "mean"])
    shown = {line[0]: dict(zip(head, map(float, line[1:]), strict=True)) for line in lines
             if line and line[0] in stored.index}  # fmt: skip
    assert set(shown) == set(stored.index)
    names = {"N": "n_obs", "mean": "mean", "sd": "std_dev", "within": "std_within",
             "min": "minimum", "median": "median", "max": "maximum"}  # fmt: skip
    for variable, row in shown.items():
        for theirs, ours in names.items():
            expected = float(stored.at[variable, ours])
            assert row[theirs] == pytest.approx(expected, rel=1e-6, abs=1e-12), (variable, ours)
