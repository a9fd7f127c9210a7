"""What must be said of the instrument is said of its lags and products too."""

from dataclasses import replace

import pytest
from study_panels import study_panel

from dti_assets.econ.model.terms import with_column
from dti_assets.econ.paper.estimate import TableOptions, estimate_table
from dti_assets.econ.paper.specifications import parse_table, with_instrument
from dti_assets.units.hubs import hub_dropped
from dti_assets.units.lists import shipped_units

LEVEL = shipped_units("provinces").level
OPTIONS = TableOptions(
    LEVEL,
    draws=99,
    bootstrap_draws=99,
    zero_distance_rule="internal",
    instrument_note="The instrument was frozen on 1 May 2026.",
)
TERMS = [
    "DTI_iv",
    "L.DTI_iv",
    "L2.DTI_iv",
    "DTI_iv:GDP",
    "DTI_iv:year>=2015",
    "L.DTI_iv:year>=2015",
]


def column(term: str, **more: object) -> dict[str, object]:
    spec = {"column": "1", "outcome": "Number", "endogenous": ["DTIn"], "instruments": [term]}
    return spec | {"controls": ["GDP"], "fixed_effects": ["unit", "year"], "cluster": "unit"} | more


def table(*columns: dict[str, object]):
    content = {"name": "mine", "table": "20", "title": "Mine", "columns": list(columns)}
    return parse_table(content, "mine.yaml", level=LEVEL)


@pytest.mark.parametrize("term", TERMS)
def test_rule_and_freeze_are_noted(term: str) -> None:
    found = estimate_table(table(column(term)), study_panel(), OPTIONS)
    note = str(found["note"].iloc[0])
    assert "zero-distance rule of DTI_iv: internal" in note
    assert "frozen on 1 May 2026" in note


@pytest.mark.parametrize("term", ["DTI_iv", "L.DTI_iv"])
def test_a_regressor_is_noted_as_well(term: str) -> None:
    plain = column(term, endogenous=[], instruments=[], regressors=[term])
    found = estimate_table(table(plain), study_panel(), OPTIONS)
    assert "zero-distance rule of DTI_iv" in str(found["note"].iloc[0])


def test_a_name_that_only_looks_alike_is_none() -> None:
    panel = study_panel().assign(L_DTI_iv=lambda p: p["DTI_iv"], DTI_iv2=lambda p: p["DTI_iv"])
    for name in ("L_DTI_iv", "DTI_iv2"):
        found = estimate_table(table(column(name)), panel, OPTIONS)
        assert "zero-distance" not in str(found["note"].iloc[0])


@pytest.mark.parametrize("term", TERMS)
def test_every_column_has_its_twin_without_the_hub(term: str) -> None:
    ending = hub_dropped(LEVEL)
    twin = f"DTI_iv{ending}"
    (cut,) = with_instrument(
        [table(column(term), column("GDP_sec", column="2"))], "DTI_iv", twin, ending
    )
    (one,) = cut.columns
    assert one.column == f"1{ending}"
    assert one.instruments == (with_column(term, "DTI_iv", twin),)
    panel = study_panel().assign(**{twin: lambda p: p["DTI_iv"].where(p["province"] != "P30")})
    options = replace(OPTIONS, instruments=(twin,), zero_distance_rule="drop")
    found = estimate_table(cut, panel, options)
    assert f"zero-distance rule of {twin}: drop" in str(found["note"].iloc[0])
    whole = estimate_table(table(column(term)), panel, OPTIONS)
    assert found["n_obs"].iloc[0] < whole["n_obs"].iloc[0]
