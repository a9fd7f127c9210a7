"""Tables, figures, answers and scripts about units of a user's own list: they are called what the
list calls them, and what ships for provinces alone is left out with its reason."""

import re
from pathlib import Path

import pandas as pd
import pytest
from figure_frames import inputs

from dti_assets.econ.tables import DESCRIPTIVES, ESTIMATES, INFLUENCE, WEAK_INSTRUMENTS
from dti_assets.instrument.tables import CAPITAL_DISTANCES, DTI_IV
from dti_assets.patents.tables import DTI
from dti_assets.publishing.figures.all_figures import FigureInputs, all_figures
from dti_assets.publishing.figures.drawing import Drawing
from dti_assets.publishing.needs import REFEREE
from dti_assets.publishing.other_tables import descriptive_table, weak_instrument_table
from dti_assets.publishing.referee.answers import response_rows
from dti_assets.publishing.referee.citing import Stored
from dti_assets.publishing.regression_table import TableText, regression_table
from dti_assets.publishing.report import ReportInputs, coverage_map, instrument_facts
from dti_assets.publishing.scripts.equation import Equation, Script, ScriptColumn
from dti_assets.publishing.scripts.r import r_script
from dti_assets.publishing.scripts.stata import stata_script
from dti_assets.publishing.sentences import influence_sentences
from dti_assets.publishing.typesetting import cluster_words, english
from dti_assets.study.catalogue import COMMON, estimates_table
from dti_assets.study.specifications import shipped_tables
from dti_assets.text.tables import POLICY_ATTENTION
from dti_assets.units.lists import Units, read_units

LIST = """level,code,name,english,seat
county,03,Ost,East Side,Ostheim
county,01,West,,Westheim
county,02,乙县,Yi,
"""
TEXT = TableText("table_02_baseline", "Baseline", "Table 2")


@pytest.fixture(scope="module")
def counties(tmp_path_factory: pytest.TempPathFactory) -> Units:
    folder = tmp_path_factory.mktemp("units")
    (folder / "counties.csv").write_text(LIST, encoding="utf-8")
    return read_units("counties.csv", folder)


def _years(units: Units, **more: object) -> list[dict[str, object]]:
    return [units.key(unit) | {"year": year} | more for unit in units for year in (2014, 2015)]


@pytest.fixture(scope="module")
def drawn(counties: Units) -> dict[str, Drawing]:
    table = counties.level.table
    attention = _years(counties, frequency=0.01, words="nonpunct", origin="text")
    attention[0] |= {"frequency": None, "origin": None}
    own = {
        "policy_attention": table(POLICY_ATTENTION).frame(attention),
        "dti_iv": table(DTI_IV).frame(_years(counties, dti_iv=1e-7, rule="drop")),
        "dti": table(DTI).frame(_years(counties, INVn=5.0, basis="official_inventions")),
        "panel": pd.DataFrame(_years(counties, region=None)),
        "stage_residuals": pd.DataFrame(columns=["table", "column", "instrument_residual"]),
    }
    left_out = inputs().frames["leave_one_province_out"].head(3)
    own["leave_one_province_out"] = left_out.assign(without=[unit.name for unit in counties])
    shares = pd.DataFrame(
        {"rule": "drop", "county": [u.name for u in counties], "share": [0.5, 0.3, 0.2]}
    )
    frames = {**inputs().frames, **own}
    estimates = inputs().estimates
    given = FigureInputs(
        counties, [2014, 2015], frames, estimates, shares.assign(inverse_hhi=2.6), "drop"
    )
    return {one.name: one for one in all_figures(given)}


def test_names_are_english_where_the_list_has_them_and_whole_words_alone(counties: Units) -> None:
    said = english("Ost, Osten, West and Ostheim of 乙县里", counties)
    assert said == "East Side, Osten, West and Ostheim of Yi里"
    assert cluster_words("Ost", "乙县", units=counties) == ("county", "counties")
    assert cluster_words("Ost", "East", units=counties) == ("cluster", "clusters")
    nameless = Units(counties.level, counties.all[1:2])
    assert english("Ost and West", nameless) == "Ost and West"


def test_without_a_grid_of_tiles_and_regions_figures_say_why(drawn: dict[str, Drawing]) -> None:
    for name in ("map_attention", "map_dti_iv", "map_digital_patents"):
        assert drawn[name].figure is None
        assert drawn[name].reason == "no map of the counties ships"
        assert drawn[name].title.endswith(("by county", "DTI_iv by county"))
    assert drawn["attention_by_region"].reason == "the regions of the counties are not known"


def test_figures_name_the_units_in_the_order_of_the_list(drawn: dict[str, Drawing]) -> None:
    coverage = drawn["coverage"]
    assert coverage.title == "Reports by county and year" and coverage.figure is not None
    labels = [label.get_text() for label in coverage.figure.axes[0].get_yticklabels()]
    assert labels == ["East Side", "West", "Yi"]
    assert str(coverage.alt).startswith("Of 6 county-years 5 were counted on a report")
    assert str(coverage.alt).endswith("1 are missing: East Side 2014.")
    assert "worth 2.6 counties (1/HHI)" in str(drawn["instrument_shares"].alt)
    left_out = drawn["leave_one_province_out"]
    assert left_out.title == "Estimates without each county in turn"
    assert left_out.figure is not None
    labels = [label.get_text() for label in left_out.figure.axes[0].get_yticklabels()]
    assert labels == ["East Side", "West", "Yi"]
    assert not any("rovince" in f"{one.title} {one.reason}" for one in drawn.values())


def test_printed_tables_are_about_the_units_of_the_study(counties: Units) -> None:
    table = counties.level.table
    head = {"table": "2", "label": "Table 2", "column": "1", "outcome": "Export"}
    row = head | {"term": "DTIn", "role": "key", "estimate": 1.0, "std_error": 0.5, "n_obs": 30}
    row |= {"n_clusters": 3, "errors": "clustered by county", "fixed_effects": "county, year"}
    printed = regression_table(table(ESTIMATES).frame([row]), TEXT, counties)
    found = {line.label: [cell.text for cell in line.cells] for line in printed.footer}
    assert found["Counties"] == ["3"] and found["County effects"] == ["yes"]
    weak = head | {"endogenous": "DTIn", "instruments": "z", "estimate": 1.0, "smallest_f": 2.0}
    weak |= {"largest_cluster": "Ost"}
    printed = weak_instrument_table(table(WEAK_INSTRUMENTS).frame([weak]), TEXT, counties)
    found = {line.label: [cell.text for cell in line.cells] for line in printed.body}
    assert found["County that carries most"] == ["East Side"]
    assert found["Smallest F, one county left out"] == ["2.000"]
    described = {"table": "1", "label": "Table 1", "variable": "Export", "n_obs": 6, "mean": 1.0}
    described |= {"minimum": 0.0, "maximum": 2.0}
    printed = descriptive_table(table(DESCRIPTIVES).frame([described]), TEXT, counties)
    assert "after county and year means are taken out" in printed.notes[0]


def test_influence_counts_units_in_their_own_plural(counties: Units) -> None:
    head = {"coefficient": "2SLS", "outcome": "Export", "regressor": "DTIn", "estimate_with": 1.0}
    rows = [
        head | {"kind": "county", "unit": unit.name, "estimate_without": 1 + x, "change": x}
        for unit, x in zip(counties, (0.1, 0.2, 0.3), strict=True)
    ]
    said = influence_sentences(counties.level.table(INFLUENCE).frame(rows), counties.level)
    assert said[1].startswith("Without county 乙县") and "of 3 counties none moves it" in said[1]


def test_the_report_is_about_the_units_of_the_study(counties: Units) -> None:
    table = counties.level.table
    attention = table(POLICY_ATTENTION).frame(_years(counties, origin="text", words="nonpunct"))
    rows = coverage_map(attention, [2014, 2016], counties)
    assert [row["name"] for row in rows] == ["East Side", "West", "Yi"]
    assert [mark for mark, _ in rows[0]["cells"]] == ["●", "–"]
    places = [counties.key(u) | {"capital": u.seat, "distance_km": 3.0} for u in counties]
    frames = {
        "dti_iv": table(DTI_IV).frame(_years(counties, reason="no report")),
        "capital_distances": table(CAPITAL_DISTANCES).frame(places),
        "policy_attention": attention,
        "frozen_instrument": pd.DataFrame({"sentence": ["never frozen"]}),
    }
    facts = instrument_facts(
        ReportInputs(
            counties, "s", False, [2014], "", {}, {}, "drop", "Ostheim", frames, {}, {}, [], {}
        )
    )
    assert facts["hub_unit"] == "East Side" and facts["lacking"][0] == "East Side 2014: no report"


def test_objections_are_about_the_units_of_the_study(counties: Units) -> None:
    own = {n: estimates_table(spec) for n, spec in shipped_tables(counties.level).items()}
    tables = {n: counties.level.table(table) for n, table in (COMMON | own).items()}
    frames = {name: tables[name].frame([]) for name in REFEREE}
    stored = Stored(frames, {name: tables[name].key for name in REFEREE}, counties)
    said = " ".join(
        f"{r['name']} {r.get('question')} {r['sentence']}" for r in response_rows(stored)
    )
    assert "A shift of the county's own choosing" in said and "Are the counties enough?" in said
    assert "rovince" not in said and "{" not in said


def test_scripts_name_the_columns_of_the_level(counties: Units) -> None:
    effects = ("county", "year")
    equation = Equation("Export", ("L.DTIn",), fixed_effects=effects, cluster="county")
    script = Script(
        "Own", "own", counties.level, (ScriptColumn("1", equation),), ("DTIn",),
        text_columns=frozenset(counties.level.keys),
    )  # fmt: skip
    for text in (stata_script(script), r_script(script)):
        assert "rovince" not in text and "of what county and year means leave" in text
    assert "tsset id_county year" in stata_script(script)
    assert re.search(r"factor\(panel\$county\)", r_script(script))


def test_no_sentence_of_a_template_names_a_level(root: Path) -> None:
    for page in (root / "dti_assets/reference/report").rglob("*.j2"):
        # names of figures are those of assets
        text = page.read_text(encoding="utf-8").replace("leave_one_province_out", "")
        assert "rovinc" not in text, page
