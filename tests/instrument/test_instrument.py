"""The instrument on the published real counts, against figures measured apart from this package."""

import numpy as np
import pandas as pd
import pytest

from dti_assets.instrument.distances import ZeroDistance, capital_distances
from dti_assets.instrument.formula import instrument
from dti_assets.instrument.values import dti_iv, instrument_by_term, within_shares
from dti_assets.text.attention import CountingRules, policy_attention
from dti_assets.text.choices import COUNTED, frequency
from dti_assets.text.dictionary import shipped_dictionary
from dti_assets.text.published import published_counts, published_words
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")
LEVEL = PROVINCES.level
YEARS = list(range(2009, 2023))


@pytest.fixture(scope="module")
def attention() -> pd.DataFrame:
    keywords = published_counts(LEVEL).assign(origin="published")
    words = published_words(LEVEL).assign(origin="published")
    return policy_attention(
        keywords, words, YEARS, shipped_dictionary(), CountingRules(), units=PROVINCES
    )


def test_434_rows_430_values_and_four_gaps_with_reasons(attention: pd.DataFrame) -> None:
    table = dti_iv(attention, capital_distances("杭州", units=PROVINCES), level=LEVEL)
    assert len(table) == 434 and table["dti_iv"].notna().sum() == 430
    gaps = table[table["dti_iv"].isna()]
    assert list(zip(gaps["province"], gaps["year"], strict=True)) == [
        ("福建", 2013), ("福建", 2014), ("福建", 2015), ("青海", 2011),
    ]  # fmt: skip
    assert gaps["reason"].notna().all() and table["reason"].notna().sum() == 4
    assert table["dti_iv"].dropna().between(0, 1e-4).all()
    assert list(table["province_code"]) == sorted(table["province_code"])


def test_who_carries_the_within_variation(attention: pd.DataFrame) -> None:
    # measured apart from this package on the same reports with a slightly other term list:
    # Zhejiang 97 % at 1 km, 64 to 66 % under the internal distance (1/HHI 2.2 to 2.4); without
    # Zhejiang Shanghai 36 to 37 % (1/HHI 5.2 to 5.4)
    shares = within_shares(attention, "杭州", "great_circle", units=PROVINCES).set_index(
        ["rule", "province"]
    )
    assert shares.loc[("floor_km: 1", "浙江"), "share"] == pytest.approx(0.97, abs=0.01)
    assert shares.loc[("internal", "浙江"), "share"] == pytest.approx(0.65, abs=0.05)
    assert shares.loc[("internal", "浙江"), "inverse_hhi"] == pytest.approx(2.3, abs=0.4)
    assert shares.loc[("drop", "上海"), "share"] == pytest.approx(0.365, abs=0.05)
    assert shares.loc[("drop", "上海"), "inverse_hhi"] == pytest.approx(5.3, abs=0.7)
    assert ("drop", "浙江") not in shares.index
    assert shares["share"].groupby("rule").sum().round(12).eq(1).all()


def test_a_floor_of_the_studys_own_is_one_more_rule(attention: pd.DataFrame) -> None:
    own = [ZeroDistance("floor_km", km) for km in (1.0, 30.0)]
    shares = within_shares(attention, "杭州", "great_circle", *own, units=PROVINCES)
    rules = list(dict.fromkeys(shares["rule"]))
    assert rules == ["drop", "internal", "floor_km: 50", "floor_km: 1", "floor_km: 30"]
    of_hub = shares[shares["province"] == "浙江"].set_index("rule")["share"]
    assert of_hub["floor_km: 50"] < of_hub["floor_km: 30"] < of_hub["floor_km: 1"]
    assert shares["share"].groupby(shares["rule"]).sum().round(12).eq(1).all()


def test_drop_leaves_the_hub_without_a_value(attention: pd.DataFrame) -> None:
    table = dti_iv(
        attention,
        capital_distances("杭州", rule=ZeroDistance("drop"), units=PROVINCES),
        level=LEVEL,
    )
    zhejiang = table[table["province"] == "浙江"]
    assert zhejiang["dti_iv"].isna().all()
    assert zhejiang["reason"].str.contains("rule is drop").all()


def test_one_year_has_no_within_variation(attention: pd.DataFrame) -> None:
    shares = within_shares(
        attention[attention["year"] == 2015], "杭州", "great_circle", units=PROVINCES
    )
    assert shares["share"].isna().all() and shares["inverse_hhi"].isna().all()


def test_no_known_value_is_a_table_of_nulls_and_no_shares(attention: pd.DataFrame) -> None:
    nothing = attention[attention["year"] == 2015].assign(frequency=None, reason="no report")
    table = dti_iv(nothing, capital_distances("杭州", units=PROVINCES), level=LEVEL)
    assert len(table) == 31 and table["dti_iv"].isna().all() and (table["reason"] != "").all()
    shares = within_shares(nothing, "杭州", "great_circle", units=PROVINCES)
    assert shares.empty and list(shares) == ["rule", "province", "share", "inverse_hhi"]


def test_the_instrument_is_the_sum_of_its_terms(attention: pd.DataFrame) -> None:
    table = dti_iv(attention, capital_distances("杭州", units=PROVINCES), level=LEVEL)
    parts = instrument_by_term(
        published_counts(LEVEL), table, COUNTED["whole"], "hits_longest", level=LEVEL
    )
    known = table.dropna(subset=["dti_iv"])
    assert list(parts.index) == list(zip(known["province"], known["year"], strict=True))
    assert parts.sum(axis=1).to_numpy() == pytest.approx(known["dti_iv"].to_numpy(), rel=1e-12)
    assert (parts.sum() > 0).all() and parts.shape[1] > 80
    row = parts.loc[("上海", 2020), "大数据"]
    counts = published_counts(LEVEL)
    mine = counts[(counts["province"] == "上海") & (counts["year"] == 2020)]
    hits = mine[mine["term"].eq("大数据") & mine["section"].isin(COUNTED["whole"])]["hits_longest"]
    source = known[(known["province"] == "上海") & (known["year"] == 2020)].iloc[0]
    share = frequency(hits.sum(), source["total_words"])
    assert row == pytest.approx(instrument(share, source["distance_km"]))


def test_without_counts_or_values_there_are_no_terms(attention: pd.DataFrame) -> None:
    table = dti_iv(attention, capital_distances("杭州", units=PROVINCES), level=LEVEL)
    none = instrument_by_term(
        published_counts(LEVEL).iloc[:0], table, ["plan"], "hits_overlap", level=LEVEL
    )
    assert none.shape == (430, 0)
    unknown = table.assign(dti_iv=np.nan)
    assert instrument_by_term(
        published_counts(LEVEL), unknown, ["plan"], "hits_overlap", level=LEVEL
    ).empty
