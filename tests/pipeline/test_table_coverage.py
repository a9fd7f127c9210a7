"""table_coverage promises what the estimation then does: no column more, none less, and why not."""

from collections.abc import Callable

import pandas as pd
import pytest

from dti_assets.econ.paper.estimate import estimate_table
from dti_assets.econ.paper.resolution import TableOptions, table_coverage
from dti_assets.panel.coverage import PROXIES
from dti_assets.pipeline.execution.run import Outcome
from dti_assets.pipeline.resources import Workspace
from dti_assets.study.config import Study
from dti_assets.study.specifications import shipped_tables
from dti_assets.units.lists import shipped_units

Official = tuple[Study, Outcome]
LEVEL = shipped_units("provinces").level
OPTIONS = TableOptions(LEVEL, draws=99, proxies=PROXIES)


def whole(panel: pd.DataFrame) -> pd.DataFrame:
    return panel


def two_years(panel: pd.DataFrame) -> pd.DataFrame:
    return panel[panel["year"].isin([2015, 2016])]


def two_schools(panel: pd.DataFrame) -> pd.DataFrame:
    there = (panel["province"] == "浙江") & panel["year"].isin([2016, 2017])
    return panel.assign(HR=panel["HR"].mask(there, 9.2))


def six_provinces(panel: pd.DataFrame) -> pd.DataFrame:
    return panel[panel["province"].isin(panel["province"].unique()[:6])]


@pytest.mark.parametrize("cut", [whole, two_years, two_schools, six_provinces])
def test_what_is_said_to_run_runs_and_nothing_else(
    official: Official, cut: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    panel = cut(Workspace(official[0]).stored("panel"))
    said = table_coverage(shipped_tables(LEVEL).values(), panel, OPTIONS).set_index("table")
    for name, spec in shipped_tables(LEVEL).items():
        row = said.loc[name]
        frame = estimate_table(spec, panel, OPTIONS)
        number, column = (
            ("mean", "variable") if spec.kind == "descriptives" else ("estimate", "column")
        )
        ran = frame.loc[frame[number].notna(), column].drop_duplicates().tolist()
        able = row["columns_that_run"]
        assert ([] if pd.isna(able) else able.split(", ")) == ran, name
        assert (row["runs"] == "no") == (not ran), name
        assert row["n_obs"] == (frame["n_obs"].max() if ran else 0), name
        refused = frame[~frame[column].isin(ran)]
        for one, why in zip(refused[column], refused["reason"], strict=True):
            assert one in row["columns_that_cannot"] and why in row["columns_that_cannot"], name
        label = frame["label"].iloc[0]
        if row["runs"] == "as in the paper":
            assert label == f"Table {spec.table}"
        elif row["runs"] != "all variables":
            assert "not a replication" in label


def test_too_few_rows_for_the_parameters(official: Official) -> None:
    stored = Workspace(official[0]).stored("table_coverage").set_index("table")
    regions = stored.loc["table_05_regions"]
    assert regions["columns_that_run"] == "1, 2, 3" and regions["runs"] == "proxy"
    assert regions["columns_that_cannot"].startswith("(4) 9 rows cannot identify 9 parameters")
    page = (official[0].path(official[0].outputs) / "report.html").read_text(encoding="utf-8")
    refused = page[page.index("What could not be run") :]
    assert "9 rows cannot identify 9 parameters" in refused


def test_two_years_give_no_two_stage_estimates(official: Official) -> None:
    panel = two_years(Workspace(official[0]).stored("panel"))
    said = table_coverage(shipped_tables(LEVEL).values(), panel, OPTIONS).set_index("table")
    assert said.at["table_03_two_stage_least_squares", "runs"] == "no"
