"""Sentences of the report from made tables: they say what was estimated and what was counted."""

import pandas as pd
import pytest

from dti_assets.econ.tables import ESTIMATES, WEAK_INSTRUMENTS
from dti_assets.instrument.tables import CAPITAL_DISTANCES, DTI_IV
from dti_assets.publishing.report import ReportInputs, instrument_facts, studied
from dti_assets.text.tables import POLICY_ATTENTION
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")
LEVEL = PROVINCES.level
COLUMN = {"table": "3", "label": "O3, illustration", "column": "second stage"}
COLUMN |= {"outcome": "Imports"}


def frames(estimate: float | None) -> dict[str, pd.DataFrame]:
    sides = {"endogenous": "INVn", "instruments": "DTI_iv", "estimate": estimate}
    term = {"term": "INVn", "role": "endogenous", "years": "2012-2019", "estimate": estimate}
    labels = pd.DataFrame({"variable": ["INVn"], "label": ["ln inventions"]})
    return {
        "weak_instrument_inference": LEVEL.table(WEAK_INSTRUMENTS).frame([COLUMN | sides]),
        "table_03": LEVEL.table(ESTIMATES).frame([COLUMN | term]),
        "panel_coverage": labels,
    }


def test_what_is_estimated_is_read_from_the_tables() -> None:
    said = "O3, second stage, estimates what INVn (ln inventions) does to Imports in 2012–2019."
    assert studied(frames(0.5), PROVINCES) == said
    assert studied(frames(None), PROVINCES) == "No 2SLS column could be estimated."


@pytest.mark.parametrize(("words", "unit"), [("chars", "characters"), ("nonpunct", "words")])
def test_hits_are_those_of_the_province_years_with_a_value(words: str, unit: str) -> None:
    place = {"year": 2014, "province_code": 330000, "province": "浙江", "keyword_hits": 500}
    other = {"year": 2014, "province_code": 310000, "province": "上海", "keyword_hits": 20}
    rows = [place | {"total_words": 9000}, other | {"total_words": 1000, "dti_iv": 0.1}]
    head = {"province_code": 310000, "province": "上海", "year": 2014}
    made = {
        "dti_iv": LEVEL.table(DTI_IV).frame([row | {"rule": "drop"} for row in rows]),
        "capital_distances": LEVEL.table(CAPITAL_DISTANCES).frame([]),
        "policy_attention": LEVEL.table(POLICY_ATTENTION).frame([head | {"words": words}]),
        "frozen_instrument": pd.DataFrame({"sentence": ["never frozen"]}),
    }
    inputs = ReportInputs(
        PROVINCES, "s", False, [2014], "", {}, {}, "drop", "杭州", made, {}, {}, [], {}
    )
    found = instrument_facts(inputs)
    assert (found["known"], found["hits"], found["words"]) == ("1", "20", "1000")
    assert found["unit"] == unit
