"""Checks of a new year: what is late, and what is far from the years before."""

from datetime import date

import pandas as pd
import pytest

from dti_assets.text.attention import CountingRules, policy_attention
from dti_assets.text.checks import implausible_attention, late_reports
from dti_assets.text.dictionary import shipped_dictionary
from dti_assets.text.published import published_counts, published_words
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")
LEVEL = PROVINCES.level
YEARS = list(range(2009, 2023))


@pytest.fixture(scope="module")
def official() -> pd.DataFrame:
    """Policy attention of the official reports, 2009 to 2022."""
    counts = published_counts(LEVEL).assign(origin="published")
    words = published_words(LEVEL).assign(origin="published")
    return policy_attention(
        counts, words, YEARS, shipped_dictionary(), CountingRules(), units=PROVINCES
    )


def changed(attention: pd.DataFrame, province: str, year: int, factor: float) -> pd.DataFrame:
    """The same with one province-year's hits and frequency multiplied."""
    frame = attention.astype({"keyword_hits": "float64"})
    row = (frame["province"] == province) & (frame["year"] == year)
    frame.loc[row, ["keyword_hits", "frequency"]] *= factor
    return frame


def test_the_official_years_are_plausible_but_for_a_few_provinces(official: pd.DataFrame) -> None:
    assert implausible_attention(official, level=LEVEL) == []
    found = implausible_attention(official, YEARS, level=LEVEL)
    assert len(found) == 6
    # 2016 is the year in which Guizhou became the big data pilot zone
    assert any(sentence.startswith("贵州 2016: 0.00691") for sentence in found)


@pytest.mark.parametrize("factor", [0, 0.1, 6])
def test_one_province_out_of_bounds_is_named(official: pd.DataFrame, factor: float) -> None:
    found = implausible_attention(changed(official, "浙江", 2022, factor), level=LEVEL)
    assert len(found) == 1 and found[0].startswith("浙江 2022: ")
    # an earlier year is looked at where it is asked for
    earlier = changed(official, "浙江", 2018, factor)
    assert implausible_attention(earlier, level=LEVEL) == []
    assert any(
        s.startswith("浙江 2018: ") for s in implausible_attention(earlier, [2018], level=LEVEL)
    )


def test_a_drift_of_all_provinces_is_seen_where_no_single_one_is(official: pd.DataFrame) -> None:
    drifted = official
    for province in PROVINCES:
        drifted = changed(drifted, province.name, 2022, 0.5)
    found = implausible_attention(drifted, level=LEVEL)
    assert [s for s in found if s.startswith("2022: the mean of 31 provinces is 0.00")]


def test_few_hits_and_first_years_say_nothing(official: pd.DataFrame) -> None:
    assert implausible_attention(official[official["year"] == 2009], level=LEVEL) == []
    assert implausible_attention(official.assign(frequency=None), level=LEVEL) == []
    # twice and four times as many as the year before, of two hits at most
    few = official[(official["year"] == 2010) & (official["keyword_hits"] <= 2)]
    assert len(few)
    found = implausible_attention(official, [2010], level=LEVEL)
    assert not [s for s in found if s.split()[0] in set(few["province"])]


def test_reports_are_late_from_april_on(official: pd.DataFrame) -> None:
    gone = official["province"].isin(["福建", "青海"]) & (official["year"] == 2022)
    late = official.assign(frequency=official["frequency"].mask(gone)).assign(
        reason=official["reason"].mask(gone, "no report in the folder")
    )
    assert late_reports(late, date(2022, 3, 31), level=LEVEL) == []
    assert late_reports(late, date(2022, 4, 1), level=LEVEL) == [
        "福建, 青海 2022: no report in the folder (2 province-years)",
    ]
    assert late_reports(late, date(2023, 5, 1), level=LEVEL) == []
