"""Checks: silent on the shipped panel where it is sound, loud on what was broken on purpose."""

from pathlib import Path

import pandas as pd
import pytest

from dti_assets.panel.build import PanelTables, build_panel
from dti_assets.panel.checks import panel_checks
from dti_assets.panel.official import national_totals, official_figures, official_statistics
from dti_assets.panel.tables import CHECKS
from dti_assets.panel.yearbooks.figures import read_user_figures
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")
LEVEL = PROVINCES.level
YEARS = (2009, 2022)


@pytest.fixture(scope="module")
def official() -> pd.DataFrame:
    return official_statistics(YEARS, level=LEVEL)


def mine(official: pd.DataFrame, series: str, factor: float = 1.0) -> pd.DataFrame:
    figures = official_figures(official, LEVEL)
    part = figures[figures["series"] == series]
    return part.assign(origin="user", source="user: x.csv", value=part["value"] * factor)


def run(built: PanelTables, **kwargs: pd.DataFrame) -> pd.DataFrame:
    found = panel_checks(built, **kwargs, units=PROVINCES)
    assert CHECKS.violations(found) == []
    return found


def failed(found: pd.DataFrame, check: str) -> list[str]:
    return found.loc[(found["check"] == check) & ~found["passed"], "message"].tolist()


def test_the_shipped_panel(official: pd.DataFrame) -> None:
    built = build_panel(YEARS, official=official, units=PROVINCES)
    found = run(built, totals=national_totals(LEVEL), official=official_figures(official, LEVEL))
    assert found[found["severity"] == "error"]["passed"].all()
    for check in ("ranges", "memberships", "national totals", "units off by 10^k", "balanced"):
        assert (found["check"] == check).any() and failed(found, check) == []
    known = found.loc[found["check"] == "known breaks", "message"].tolist()
    assert any("high_tech_firms 2011: -23.1 %" in text for text in known)
    assert failed(found, "unverified figures") == ["to be verified: EXR: 155 cells"]
    # jumps of small provinces are there, and named
    assert "jump" in failed(found, "year-on-year jumps")[0]


def test_duplicate_key_is_an_error(official: pd.DataFrame) -> None:
    built = build_panel(YEARS, official=official, units=PROVINCES)
    twice = built._replace(panel=pd.concat([built.panel, built.panel.head(1)], ignore_index=True))
    assert failed(run(twice), "unique keys") == ["stands twice: 北京 2009, 北京 2009"]


def test_population_in_persons(official: pd.DataFrame) -> None:
    built = build_panel(
        YEARS, official=official, user=mine(official, "population", 1e4), units=PROVINCES
    )
    found = run(built, totals=national_totals(LEVEL), official=official_figures(official, LEVEL))
    assert "10^4 times the official ones" in failed(found, "units off by 10^k")[0]
    assert "and 431 more" in failed(found, "ranges")[0]
    assert len(failed(found, "national totals")) == 3


def test_one_year_in_another_unit(official: pd.DataFrame) -> None:
    user = mine(official, "gdp")
    user.loc[user["year"] == 2015, "value"] /= 10
    built = build_panel(YEARS, official=official, user=user, units=PROVINCES)
    texts = failed(run(built, official=official_figures(official, LEVEL)), "units off by 10^k")
    assert [text.split(":")[1].split(" is")[0].strip() for text in texts] == ["2015", "2016"]
    assert any("jump" in text for text in failed(run(built), "year-on-year jumps"))


def test_mixed_and_displaced(official: pd.DataFrame) -> None:
    user = mine(official, "gdp")
    user = user[user["year"] <= 2015]
    displaced = build_panel(YEARS, official=official, user=user, units=PROVINCES)
    text = failed(run(displaced), "official figures displaced")
    assert len(text) == 1 and "217 official figures" in text[0]
    filled = build_panel(YEARS, official=official, user=user, fill_gaps=["gdp"], units=PROVINCES)
    assert failed(run(filled), "mixed vintages") == [
        "gdp joins two sources, whose vintages may differ: official 2016-2022; user 2009-2015"
    ]


def test_the_users_national_row_is_held_against_the_provinces(
    official: pd.DataFrame, tmp_path: Path
) -> None:
    gdp = official[official["year"] == 2015]
    lines = ["province,year,gdp (亿元),remark", f"全国,2015,{gdp['gdp'].sum() * 1.1},"]
    lines += [f"{r.province},2015,{r.gdp},x" for r in gdp.itertuples()]
    (tmp_path / "g.csv").write_text("\n".join(lines), "utf-8")
    (tmp_path / "empty.csv").write_text("", "utf-8")
    user = read_user_figures(tmp_path, units=PROVINCES)
    built = build_panel((2015, 2015), official=official, user=user.figures, units=PROVINCES)
    found = run(built, totals=user.totals, skipped=user.skipped)
    assert "(-9.09 %; g.csv)" in failed(found, "national totals")[0]
    left = found[found["check"] == "left out"]
    assert "national figure" in left.loc[left["severity"] == "info", "message"].item()
    warned = " | ".join(left.loc[left["severity"] == "warning", "message"])
    assert "names no series" in warned and "empty sheet: empty.csv" in warned
