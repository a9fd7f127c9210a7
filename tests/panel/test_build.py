"""The panel from official figures, a user's figures, patents and an instrument."""

import math

import numpy as np
import pandas as pd
import pytest

from dti_assets.errors import PanelError
from dti_assets.panel.build import build_panel
from dti_assets.panel.official import official_statistics
from dti_assets.panel.tables import (
    FIGURES,
    PANEL_COVERAGE,
    PANEL_SOURCES,
    SERIES_COVERAGE,
    panel_table,
)
from dti_assets.panel.transform import LogOfZero
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")
LEVEL = PROVINCES.level
YEARS = (2009, 2022)


@pytest.fixture(scope="module")
def official() -> pd.DataFrame:
    return official_statistics(YEARS, level=LEVEL)


def figures(series: str, unit: str, value: float | dict, years: tuple[int, int] = YEARS):
    rows = [
        {
            "series": series, **PROVINCES.key(p),
            "year": year, "unit": unit, "source": "mine.csv", "origin": "user",
            "status": "published", "file": "mine.csv",
            "value": value if isinstance(value, int | float) else value.get(p.name, 5.0),
        }
        for p in PROVINCES
        for year in range(years[0], years[1] + 1)
    ]  # fmt: skip
    return LEVEL.table(FIGURES).frame(rows)


def other_branch(**columns: float) -> pd.DataFrame:
    rows = [
        {**PROVINCES.key(p), "year": year, **columns}
        for p in PROVINCES
        for year in range(YEARS[0], YEARS[1] + 1)
    ]
    return pd.DataFrame(rows)


def test_the_shipped_panel(official: pd.DataFrame) -> None:
    built = build_panel(YEARS, official=official, units=PROVINCES)
    panel = built.panel
    for table, frame in zip(
        (panel_table(LEVEL), *map(LEVEL.table, (PANEL_SOURCES, PANEL_COVERAGE, SERIES_COVERAGE))),
        built[:4],
        strict=True,
    ):
        assert table.violations(frame) == []
    assert len(panel) == 434
    assert list(panel["province_code"]) == sorted(panel["province_code"])
    assert (
        panel.groupby("province")["year"]
        .apply(lambda y: list(y))
        .map(lambda y: y == list(range(2009, 2023)))
        .all()
    )
    state = built.coverage.set_index("variable")["state"]
    assert (state[["GDP", "GDP_sec", "FIE", "EXR", "region", "bri"]] == "complete").all()
    assert (state[["Export", "Export_new", "INVn", "Number", "RD"]] == "partial").all()
    assert (state[["DTIn", "DFI", "Exportother", "HR", "INF", "DTI_iv"]] == "absent").all()
    series = built.series_coverage.set_index("series")
    whole = ["population", "gdp", "secondary_industry_share", "fiscal_expenditure"]
    assert (series.loc[whole, "state"] == "complete").all()
    assert series.loc["high_tech_exports", "years"] == "2016-2018"
    assert series.loc["high_tech_exports", "used_by"] == "Export, Exportother"
    # every null has a reason, every absent variable a way to supply it
    null = panel.set_index(["province_code", "year"]).drop(columns=["reason"]).isna()
    missing = built.sources[built.sources["origin"] == "absent"]
    assert len(missing) == null.drop(columns=["province", "dti_basis", "dti_iv_rule"]).sum().sum()
    assert missing["reason"].notna().all()
    partial = built.coverage[built.coverage["state"] != "complete"]
    assert partial["how_to_supply"].notna().all()


def test_values_by_hand(official: pd.DataFrame) -> None:
    panel = build_panel(YEARS, official=official, units=PROVINCES).panel.set_index(
        ["province", "year"]
    )
    raw = official.set_index(["province", "year"])
    beijing = raw.loc[("北京", 2016)]
    row = panel.loc[("北京", 2016)]
    assert row["Export"] == pytest.approx(math.log(beijing["high_tech_exports"] * 6.6423 * 100))
    assert row["GDP"] == pytest.approx(math.log(beijing["gdp"] * 10_000))
    assert row["Number"] == pytest.approx(math.log(beijing["high_tech_firms"]))
    assert row["RD"] == pytest.approx(
        math.log(beijing["high_tech_new_product_projects"] / beijing["high_tech_firms"])
    )
    assert row["INVn"] == pytest.approx(
        math.log(1 + beijing["patent_applications_invention"] / (beijing["population"] / 100))
    )
    assert row["EXR"] == 6.6423


def test_a_user_series_changes_that_series_and_nothing_else(official: pd.DataFrame) -> None:
    before = build_panel(YEARS, official=official, units=PROVINCES)
    after = build_panel(
        YEARS, official=official, user=figures("gdp", "10k CNY", 123_456.0), units=PROVINCES
    )
    changed = [
        name for name in before.panel.columns if not before.panel[name].equals(after.panel[name])
    ]
    assert changed == ["GDP"]
    assert np.allclose(after.panel["GDP"], math.log(123_456.0), rtol=0, atol=1e-12)
    key = ["variable", "province_code", "year"]
    s0, s1 = (b.sources.set_index(key).fillna({"source": ""}) for b in (before, after))
    moved = s0.index[(s0["origin"] != s1["origin"]) | (s0["source"] != s1["source"])]
    assert set(moved.get_level_values("variable")) == {"GDP"} and len(moved) == 434
    assert set(s1.sort_index().loc["GDP", "origin"]) == {"user"}


def test_same_figures_from_the_user_give_the_same_panel(official: pd.DataFrame) -> None:
    mine = official[["province_code", "province", "year"]].assign(
        series="gdp", value=official["gdp"] * 10_000, unit="10k CNY", source="mine.csv",
        origin="user", status="published",
    )  # fmt: skip
    before = build_panel(YEARS, official=official, units=PROVINCES).panel
    after = build_panel(
        YEARS, official=official, user=LEVEL.table(FIGURES).frame(mine), units=PROVINCES
    ).panel
    pd.testing.assert_frame_equal(before, after, rtol=1e-14)


def test_a_blank_cell_is_a_gap_as_an_absent_row_is(official: pd.DataFrame) -> None:
    rows = figures("high_tech_exports", "100m USD", 7.0, (2012, 2016))
    blank = figures("high_tech_exports", "100m USD", 7.0, (2017, 2019))
    blank = blank.assign(value=float("nan"), reason="blank in mine.csv, row 3")
    mine = LEVEL.table(FIGURES).frame(pd.concat([rows, blank]))
    fill = ["high_tech_exports"]
    for gaps in ([], fill):
        absent = build_panel(YEARS, official=official, user=rows, fill_gaps=gaps, units=PROVINCES)
        there = build_panel(YEARS, official=official, user=mine, fill_gaps=gaps, units=PROVINCES)
        assert there.given_up == absent.given_up
        pd.testing.assert_series_equal(there.panel["Export"], absent.panel["Export"])
    # where nobody has a figure, the reason is the user's
    reasons = there.sources[there.sources["year"] == 2019]["reason"].dropna()
    assert reasons.str.contains("blank in mine.csv, row 3").any()


def test_replacing_and_filling(official: pd.DataFrame) -> None:
    mine = figures("high_tech_exports", "100m USD", 7.0, (2012, 2016))
    alone = build_panel(YEARS, official=official, user=mine, units=PROVINCES)
    assert alone.panel["Export"].notna().sum() == 31 * 5
    assert alone.given_up == {"high_tech_exports": 61}
    filled = build_panel(
        YEARS, official=official, user=mine, fill_gaps=["high_tech_exports"], units=PROVINCES
    )
    assert filled.panel["Export"].notna().sum() == 31 * 5 + 61
    assert filled.given_up == {}
    cell = filled.panel[filled.panel["year"] == 2016]["Export"]
    assert np.allclose(cell, math.log(7e8 * 6.6423 / 1e4))
    # a converted figure of 2012 rests on an exchange rate that is still to be verified
    sources = filled.sources[filled.sources["variable"] == "Export"].set_index("year")
    assert set(sources.loc[2012, "status"]) == {"to be verified"}
    assert set(sources.loc[2016, "status"]) == {"published"}


@pytest.mark.parametrize(
    ("rule", "tibet", "others", "zeros"),
    [
        ("drop", None, math.log(5.0), 14),
        ("asinh", 0.0, math.asinh(5.0), 14),
        ({"floor": 1}, 0.0, math.log(5.0), 14),
        ({"floor": 2}, math.log(2), math.log(5.0), 14),
    ],
)
def test_log_of_zero(
    official: pd.DataFrame, rule: object, tibet: float | None, others: float, zeros: int
) -> None:
    mine = figures("high_tech_new_product_exports", "10k CNY", {"西藏": 0.0})
    built = build_panel(YEARS, official=official, user=mine, log_of_zero=rule, units=PROVINCES)
    got = built.panel.set_index(["province", "year"])["Export_new"]
    if tibet is None:
        assert got["西藏"].isna().all()
        assert (
            built.panel.loc[built.panel["province"] == "西藏", "reason"]
            .str.contains("logarithm of zero")
            .all()
        )
    else:
        assert got["西藏"].to_numpy() == pytest.approx(tibet)
    assert got["北京"].to_numpy() == pytest.approx(others)
    assert built.coverage.set_index("variable").loc["Export_new", "zero_logs"] == zeros


def test_the_users_dollars_at_the_official_exchange_rate(official: pd.DataFrame) -> None:
    mine = figures("high_tech_exports", "million USD", 700.0)
    built = build_panel(YEARS, official=official, user=mine, units=PROVINCES)
    assert LEVEL.table(PANEL_SOURCES).violations(built.sources) == []
    exports = built.sources[built.sources["variable"] == "Export"]
    assert set(exports["origin"]) == {"official+user"} and built.panel["Export"].notna().all()


def test_exports_other_than_high_tech(official: pd.DataFrame) -> None:
    total = figures("total_exports", "100m CNY", 9e5)
    panel = build_panel(YEARS, official=official, user=total, units=PROVINCES).panel
    raw = official["high_tech_exports"]
    expected = np.log(9e9 - raw * official["exchange_rate"] * 100)
    assert panel["Exportother"].notna().sum() == 92
    assert np.allclose(panel["Exportother"].dropna(), expected.dropna(), rtol=1e-14)
    given = figures("non_high_tech_exports", "10k CNY", 77.0)
    both = build_panel(
        YEARS, official=official, user=pd.concat([total, given]), units=PROVINCES
    ).panel
    assert np.allclose(both["Exportother"], math.log(77))


def test_patents_and_instrument_join_with_their_reasons(official: pd.DataFrame) -> None:
    dti = other_branch(DTIn=5.0, DTIG=4.0).assign(basis="keywords", reason=None)
    dti.loc[0, ["DTIn", "reason"]] = [None, "year is truncated"]
    iv = other_branch(dti_iv=1e-5).assign(rule="internal", reason=None)
    built = build_panel(YEARS, dti_iv=iv, dti=dti, official=official, units=PROVINCES)
    assert "DTIn (year is truncated)" in built.panel.loc[0, "reason"]
    assert built.panel["DTIn"].notna().sum() == 433
    assert set(built.panel["dti_iv_rule"]) == {"internal"}
    with pytest.raises(PanelError, match="stands twice"):
        build_panel(YEARS, dti=pd.concat([dti, dti.head(1)]), official=official, units=PROVINCES)


def test_row_order_does_not_matter(official: pd.DataFrame) -> None:
    mine = figures("gdp", "10k CNY", {"浙江": 7.0})
    iv = other_branch(dti_iv=1e-5)
    iv["dti_iv"] *= np.arange(1, 435)
    one = build_panel(YEARS, iv, None, official, mine, units=PROVINCES)
    other = build_panel(
        YEARS,
        iv.sample(frac=1, random_state=1),
        None,
        official.sample(frac=1, random_state=2),
        mine.sample(frac=1, random_state=3),
        units=PROVINCES,
    )
    for left, right in zip(one[:3], other[:3], strict=True):
        pd.testing.assert_frame_equal(left, right)


def test_bad_arguments(official: pd.DataFrame) -> None:
    for rule in ("ignore", {"floor": 0}, {"floor": True}, {"ceiling": 1}, None):
        with pytest.raises(PanelError, match="log_of_zero"):
            LogOfZero.parse(rule)
    assert LogOfZero.parse(LogOfZero("floor", 2.0)).floor == 2
    with pytest.raises(PanelError, match="first is after the last"):
        build_panel((2022, 2009), units=PROVINCES)
    with pytest.raises(PanelError, match="did you mean gdp"):
        build_panel(YEARS, user=figures("gdpp", "10k CNY", 1.0), units=PROVINCES)
    mine = figures("gdp", "10k CNY", 1.0)
    with pytest.raises(PanelError, match="stands on 2 rows"):
        build_panel(YEARS, official=official, user=pd.concat([mine, mine.head(1)]), units=PROVINCES)
    assert build_panel((2030, 2031), units=PROVINCES).panel["GDP"].isna().all()
