"""The shipped figures against the source files and against published national figures."""

import csv
from pathlib import Path

import pytest

from dti_assets.panel.official import (
    memberships,
    national_totals,
    official_figures,
    official_statistics,
    series_breaks,
)
from dti_assets.panel.series import catalogue
from dti_assets.panel.tables import FIGURES, OFFICIAL_STATISTICS
from dti_assets.units.lists import shipped_units

LEVEL = shipped_units("provinces").level

SHARED = Path(__file__).resolve().parents[3] / "shared" / "official_statistics"
needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason="../shared/official_statistics is not here"
)


def test_table_is_as_declared() -> None:
    frame = official_statistics((2009, 2022), level=LEVEL)
    assert len(frame) == 434
    assert LEVEL.table(OFFICIAL_STATISTICS).violations(frame) == []
    for name in ("population", "gdp", "secondary_industry_share", "fiscal_expenditure"):
        assert frame[name].notna().all(), name
    assert frame["high_tech_exports"].notna().sum() == 92
    assert LEVEL.table(FIGURES).violations(official_figures(frame, LEVEL)) == []


@needs_shared
def test_every_figure_of_the_source_is_shipped_unchanged() -> None:
    with (SHARED / "provincial_long.csv").open(encoding="utf-8") as handle:
        source = {
            (row["variable"], int(row["province_code"]), int(row["year"])): float(row["value"])
            for row in csv.DictReader(handle)
        }
    figures = official_figures(official_statistics(level=LEVEL), LEVEL)
    figures = figures[figures["series"] != "exchange_rate"]
    shipped = dict(
        zip(
            zip(figures["series"], figures["province_code"], figures["year"], strict=True),
            figures["value"],
            strict=True,
        )
    )
    assert shipped == source


def test_exchange_rate_marks_what_is_unverified() -> None:
    frame = official_statistics((2009, 2022), level=LEVEL)
    doubtful = frame[frame["to_verify"].fillna("").str.contains("exchange_rate")]
    assert sorted(doubtful["year"].unique()) == [2009, 2010, 2011, 2012, 2013]
    assert frame.groupby("year")["exchange_rate"].nunique().eq(1).all()
    assert frame.loc[frame["year"] == 2022, "exchange_rate"].iloc[0] == 6.7261


def test_provinces_sum_to_the_nation() -> None:
    # national figures count servicemen, two million since the census of 2020
    frame = official_statistics(level=LEVEL)
    totals = national_totals(LEVEL).set_index("year")["value"]
    for year, total in totals.items():
        provinces = frame.loc[frame["year"] == year, "population"].sum()
        assert 0 <= total - provinces <= 300, year


def test_patents_of_the_kinds_sum_to_all() -> None:
    frame = official_statistics(level=LEVEL)
    for what in ("applications", "grants"):
        parts = sum(frame[f"patent_{what}_{k}"] for k in ("invention", "utility_model", "design"))
        gap = (parts - frame[f"patent_{what}_all"]).dropna()
        assert len(gap) > 400 and (gap == 0).all()


def test_memberships() -> None:
    places = memberships(LEVEL)
    codes = [place["province_code"] for place in places]
    assert codes == sorted(codes) and len(codes) == 31
    counts = {r: sum(p["region"] == r for p in places) for r in ("East", "Central", "West")}
    assert counts == {"East": 10, "Central": 6, "West": 12}
    assert sum(p["region"] == "Northeast" for p in places) == 3
    assert sum(p["bri"] for p in places) == 18
    assert {p["province"] for p in places if p["municipality"]} == {"北京", "天津", "上海", "重庆"}


def test_known_breaks_are_in_the_figures() -> None:
    frame = official_statistics(level=LEVEL)
    firms = frame.groupby("year")["high_tech_firms"].sum()
    zhejiang = frame[frame["province"] == "浙江"].set_index("year")["high_tech_firms"]
    row = next(b for b in series_breaks(LEVEL) if b["series"] == "high_tech_firms")
    assert row["year"] == "2011"
    assert f"{firms[2010]:.0f}" in row["evidence"] and f"{firms[2011]:.0f}" in row["evidence"]
    assert f"{100 * (firms[2011] / firms[2010] - 1):.1f} %" in row["evidence"]
    assert f"{100 * (zhejiang[2011] / zhejiang[2010] - 1):.1f} %" in row["evidence"]
    assert {b["series"] for b in series_breaks(LEVEL)} <= set(catalogue())
