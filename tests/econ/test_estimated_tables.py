"""Tables as data: what is shipped, what a user may add, and what absent data turn into."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from study_panels import official_panel, study_panel

from dti_assets.econ import Specification, estimate
from dti_assets.econ.model.terms import columns_of, with_terms
from dti_assets.econ.paper.estimate import TableOptions, estimate_table
from dti_assets.econ.paper.published import load_published, paper_comparison, published_forensics
from dti_assets.econ.paper.reports import (
    indirect_effects,
    leave_one_province_out,
    weak_instrument_inference,
)
from dti_assets.econ.paper.specifications import load_tables, parse_table, with_instrument
from dti_assets.econ.paper.summary import regression_table
from dti_assets.econ.tables import (
    DESCRIPTIVES,
    ESTIMATES,
    FORENSICS,
    INDIRECT_EFFECTS,
    LEAVE_ONE_OUT,
    PAPER_COMPARISON,
    WEAK_INSTRUMENTS,
)
from dti_assets.errors import EconError, TableSpecificationError
from dti_assets.units.lists import shipped_units

LEVEL = shipped_units("provinces").level
CONTROLS = ["EXR", "Exportother", "HR", "INF", "GDP", "GDP_sec", "FIE"]
QUICK = TableOptions(LEVEL, draws=199, bootstrap_draws=99)
OFFICIAL = TableOptions(
    LEVEL, draws=199, bootstrap_draws=99, proxies={"DTIn": "INVn"}, zero_distance_rule="internal"
)


@pytest.fixture(scope="module")
def complete():
    panel = study_panel()
    return panel, {n: estimate_table(t, panel, QUICK) for n, t in load_tables(level=LEVEL).items()}


@pytest.fixture(scope="module")
def official():
    panel = official_panel()
    return panel, {
        n: estimate_table(t, panel, OFFICIAL) for n, t in load_tables(level=LEVEL).items()
    }


def coefficients(tables):
    return pd.concat([f for f in tables.values() if "column" in f], ignore_index=True)


def row(frame, column, term):
    return frame[(frame["column"] == column) & (frame["term"] == term)].iloc[0]


def test_the_twelve_tables_are_shipped():
    tables = load_tables(level=LEVEL)
    assert [t.table for t in tables.values()] == [str(i) for i in range(1, 13)]
    assert list(tables)[2] == "table_03_two_stage_least_squares"
    published = [c.rows for c in tables["table_05_regions"].columns]
    assert published == [140, 84, 168, 42]


def test_complete_inputs_earn_the_name_of_the_table(complete):
    _, tables = complete
    for name, frame in tables.items():
        number = int(name[6:8])
        assert set(frame["label"]) == {f"Table {number}"}
        schema = DESCRIPTIVES if number == 1 else ESTIMATES
        assert schema.violations(frame) == []
    counts = coefficients(tables).groupby(["table", "column"])["n_obs"].first()
    assert counts["2", "4"] == 434
    assert counts["5"].tolist() == [140, 84, 168, 42]
    assert counts["6"].tolist() == [252, 182]
    assert counts["9", "1"] == 372
    assert counts["10", "4"] == 378


@pytest.mark.parametrize(
    ("bounds", "said"),
    [({"min": 2013}, "year from 2013"), ({"max": 2015}, "year up to 2015"), ({}, None),
     ({"min": 2011, "max": 2015}, "year from 2011 to 2015")],
)  # fmt: skip
def test_a_sample_is_told_without_a_bound_it_has_not(bounds, said):
    column = {
        "column": "1",
        "regressors": ["DTIn"],
        "outcome": "Export",
        "sample": {"year": bounds},
    }
    spec = parse_table(
        {"table": "13", "name": "own", "title": "Own", "columns": [column]}, level=LEVEL
    )
    frame = estimate_table(spec, study_panel(), QUICK)
    assert frame["sample"].dropna().unique().tolist() == ([said] if said else [])


def test_a_column_too_few_clusters_wide_shows_its_error_and_why(complete):
    shown = regression_table(complete[1]["table_05_regions"].assign(p_wild=0.0001))
    assert "{" in shown and "3 clusters: no clustered inference exists" in shown
    assert "[0.000]" not in shown and "[<0.001]" in shown


def test_a_column_is_what_estimate_gives(complete):
    panel, tables = complete
    direct = estimate(
        Specification(
            "Export", ("DTIn", *CONTROLS), fixed_effects=("province", "year"), cluster="province"
        ),
        panel,
    )
    ours = row(tables["table_02_baseline"], "4", "DTIn")
    assert ours["estimate"] == direct.params["DTIn"]
    assert ours["std_error"] == direct.std_errors["DTIn"]
    assert ours["p_wild"] >= 1 / 200
    second = row(tables["table_03_two_stage_least_squares"], "second stage", "DTIn")
    first = row(tables["table_03_two_stage_least_squares"], "first stage", "DTI_iv")
    reduced = row(tables["table_03_two_stage_least_squares"], "reduced form", "DTI_iv")
    assert second["estimate"] == pytest.approx(reduced["estimate"] / first["estimate"], rel=1e-9)
    assert second["first_stage_f"] == pytest.approx(first["t_stat"] ** 2, rel=1e-9)


def test_the_exchange_rate_is_absorbed_not_estimated(complete):
    _, tables = complete
    frame = tables["table_02_baseline"]
    assert row(frame, "2", "EXR")["estimate"] == row(frame, "2", "EXR")["estimate"]
    for column in ("3", "4"):
        found = row(frame, column, "EXR")
        assert pd.isna(found["estimate"])
        assert found["reason"].startswith("absorbed: EXR has no variation")
        assert "EXR" in found["note"]


def test_three_clusters_carry_no_clustered_inference(complete):
    _, tables = complete
    northeast = row(tables["table_05_regions"], "4", "DTIn")
    assert northeast["reason"].startswith("3 clusters: no clustered inference exists")
    for name in ("std_error", "p_value", "p_wild", "se_crv3", "stars", "conf_low"):
        assert pd.isna(northeast[name])
    assert northeast["se_hc1"] > 0 and northeast["se_iid"] > 0
    central = row(tables["table_05_regions"], "2", "DTIn")
    assert central["p_wild"] >= 2 / 2**6  # six clusters: enumerated


def test_tables_say_why_a_term_has_no_crv3_error_and_a_column_no_jackknife_f():
    panel = study_panel()
    panel["DTI_iv"] = panel["DTI_iv"].where(panel["province"] == "P04", 0.0)
    table = load_tables(level=LEVEL)["table_03_two_stage_least_squares"]
    estimates = estimate_table(table, panel, QUICK)
    for column, term in (("first stage", "DTI_iv"), ("second stage", "DTIn")):
        found = row(estimates, column, term)
        assert pd.isna(found["se_crv3"]) and found["std_error"] > 0
        assert found["reason"].startswith("no CRV3 error: without P04 ")
    weak = weak_instrument_inference([table], panel, QUICK).iloc[0]
    assert pd.isna(weak["jackknife_f"])
    assert weak["reason"].startswith("no jackknife F: without P04 ")


def test_official_data_are_an_illustration_and_say_so(official):
    _, tables = official
    frame = tables["table_02_baseline"]
    assert set(frame["label"]) == {"O2, official-data illustration, not a replication"}
    found = row(frame, "4", "INVn")
    assert found["proxies"] == "INVn for DTIn"
    assert found["controls_absent"] == "Exportother, HR, INF"
    for part in ("INVn is a proxy", "2016-2018", "N = 93 (published: 434)", "Exportother"):
        assert part in found["note"]
    iv = row(tables["table_03_two_stage_least_squares"], "second stage", "INVn")
    assert "zero-distance rule of DTI_iv: internal" in iv["note"]


def test_absent_variables_are_named_and_nothing_is_invented(official):
    panel, tables = official
    for name, column, term, absent in (
        ("table_08_patent_grants", "4", "DTIG", "DTIG"),
        ("table_09_digital_finance", "1", "DFI", "DFI"),
        ("table_04_official_turnover", "3", "DTIn", "party_turnover, governor_turnover"),
        ("table_11_mediation_firms", "4", "DTIn", "party_turnover, governor_turnover"),
    ):
        found = row(tables[name], column, term)
        assert found["reason"] == f"absent from the data: {absent}"
        numbers = found.drop("n_rows_published")
        assert not [
            n for n in numbers.index if isinstance(numbers[n], float) and not pd.isna(numbers[n])
        ]
    described = tables["table_01_descriptives"].set_index("variable")
    assert described.loc["DTIn", "reason"] == "absent from the data: DTIn"
    assert described.loc["Export", "n_obs"] == 93
    # without a proxy the same column is a reason, and an empty panel is one too
    bare = estimate_table(load_tables(level=LEVEL)["table_02_baseline"], panel, QUICK)
    assert set(bare["reason"]) == {"absent from the data: DTIn"}
    empty = estimate_table(load_tables(level=LEVEL)["table_02_baseline"], panel.iloc[:0], QUICK)
    assert empty["reason"].notna().all() and empty["estimate"].isna().all()


def test_bad_cells_become_reasons_not_crashes():
    panel = study_panel()
    panel["Export"] = panel["Export"].astype(object)
    panel.loc[5, "Export"] = "n.a."
    frame = estimate_table(load_tables(level=LEVEL)["table_02_baseline"], panel, QUICK)
    assert frame["reason"].str.contains("column Export holds text: 'n.a.' at row 5").all()


def test_a_lag_a_lead_an_interaction_and_another_outcome_need_no_code():
    content = {
        "table": "A1",
        "name": "own",
        "title": "Own",
        "cluster": "province",
        "fixed_effects": ["province", "year"],
        "outcome": "Export",
        "columns": [
            {"column": "1", "regressors": ["L.DTIn"]},
            {"column": "2", "regressors": ["DTIn", "F.DTIn"], "outcome": "Export_new"},
            {"column": "3", "regressors": ["DTIn", "DTIn:bri:year>=2013"]},
            {
                "column": "4",
                "endogenous": ["DTIn"],
                "instruments": ["L.DTI_iv"],
                "sample": {"region": ["East", "West"], "year": {"min": 2012}},
                "errors": "robust",
            },
        ],
    }
    panel = study_panel().sample(frac=1, random_state=3)
    frame = estimate_table(parse_table(content, "own.yaml", level=LEVEL), panel, QUICK)
    assert frame["reason"].isna().all()
    assert frame["label"].eq("Table A1").all()
    assert frame.groupby("column")["n_obs"].first().tolist() == [403, 403, 434, 242]
    by_hand = panel.sort_values(["province", "year"]).copy()
    by_hand["lag"] = by_hand.groupby("province")["DTIn"].shift(1)
    expected = estimate(
        Specification("Export", "lag", fixed_effects=("province", "year"), cluster="province"),
        by_hand,
    )
    assert row(frame, "1", "L.DTIn")["estimate"] == pytest.approx(expected.params["lag"])


def test_a_lag_goes_by_year_and_not_by_row():
    frame = pd.DataFrame({"province": ["A"] * 3, "year": [2009, 2011, 2012], "x": [1.0, 2.0, 3.0]})
    lagged = with_terms(frame, ["L.x", "F.x"], "province")
    np.testing.assert_array_equal(lagged["L.x"], [np.nan, np.nan, 2.0])
    np.testing.assert_array_equal(lagged["F.x"], [np.nan, 3.0, np.nan])
    assert columns_of("L2.DTIn:year>=2013:region=East") == ("DTIn", "year", "region")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"titel": "x"}, "unknown key titel; did you mean title?"),
        ({"columns": []}, "columns are missing"),
        ({"columns": [{"column": "1"}]}, "column 1: key outcome is missing"),
        ({"columns": [{"outcome": "y", "regressors": ["x"]}]}, "key column is missing"),
        (
            {"columns": [{"column": "1", "outcome": "y", "regresors": ["x"]}]},
            "did you mean regressors?",
        ),
        (
            {"columns": [{"column": "1", "outcome": "y", "endogenous": ["d"]}]},
            "at least as many instruments",
        ),
        (
            {"columns": [{"column": "1", "outcome": "y", "regressors": ["x"], "errors": "hac"}]},
            "'hac' are not one of",
        ),
        ({"kind": "figure"}, "kind 'figure'"),
    ],
)
def test_a_faulty_table_file_names_file_and_key(change, says):
    content = {
        "table": "2",
        "name": "n",
        "title": "t",
        "columns": [{"column": "1", "outcome": "y", "regressors": ["x"]}],
    }
    with pytest.raises(TableSpecificationError) as caught:
        parse_table({**content, **change}, "mine.yaml", level=LEVEL)
    assert str(caught.value).startswith("mine.yaml") and says in str(caught.value)


def test_a_folder_without_tables_or_with_broken_yaml(tmp_path):
    with pytest.raises(TableSpecificationError, match="no table specification"):
        load_tables(tmp_path, level=LEVEL)
    (tmp_path / "bad.yaml").write_text("table: [2\n")
    with pytest.raises(TableSpecificationError, match=r"bad\.yaml: not readable as YAML"):
        load_tables(tmp_path, level=LEVEL)


def test_weak_instrument_report(complete):
    panel, tables = complete
    found = weak_instrument_inference(load_tables(level=LEVEL).values(), panel, QUICK)
    assert WEAK_INSTRUMENTS.violations(found) == []
    assert found["column"].tolist() == ["second stage", "3", "3"]
    first = found.iloc[0]
    assert first["ols_estimate"] == pytest.approx(
        row(tables["table_03_two_stage_least_squares"], "OLS", "DTIn")["estimate"]
    )
    assert first["ar_low"] <= first["estimate"] <= first["ar_high"]
    assert first["effective_f_critical_10"] == pytest.approx(23.11, abs=0.005)
    assert 1 <= first["effective_clusters"] <= 31
    assert "strong" not in first["sentence"]
    weak = panel.assign(DTI_iv=np.random.default_rng(0).normal(size=len(panel)))
    unbounded = weak_instrument_inference(
        [load_tables(level=LEVEL)["table_03_two_stage_least_squares"]], weak, QUICK
    ).iloc[0]
    assert not unbounded["ar_bounded"]
    assert unbounded["tf_low"] == -np.inf and unbounded["ar_low"] == -np.inf
    assert "cannot bound the effect" in unbounded["sentence"]


def test_reports_on_absent_data_are_reasons():
    panel = study_panel()[["province", "year", "GDP"]]
    tables = list(load_tables(level=LEVEL).values())
    for report, schema in (
        (weak_instrument_inference, WEAK_INSTRUMENTS),
        (indirect_effects, INDIRECT_EFFECTS),
        (leave_one_province_out, LEAVE_ONE_OUT),
    ):
        found = report(tables, panel, QUICK)
        assert schema.violations(found) == []
        assert found["reason"].str.startswith("absent from the data").all()


def test_a_column_without_the_hub_is_as_complete_as_the_column_it_repeats():
    panel = study_panel().assign(other=lambda p: p["DTI_iv"].where(p["province"] != "P30"))
    table = load_tables(level=LEVEL)["table_03_two_stage_least_squares"]
    twins = with_instrument([table], "DTI_iv", "other", ", without the hub")
    whole = weak_instrument_inference([table, *twins], panel, QUICK)
    assert set(whole["n_obs"]) == {434, 420}
    assert set(whole["label"]) == {"Table 3"}
    # patents of twelve years make neither of them the published table
    short = weak_instrument_inference([table, *twins], panel[panel["year"] < 2021], QUICK)
    assert set(short["label"]) == {"O3, official-data illustration, not a replication"}


def test_indirect_effects_rest_on_the_errors_the_study_chose():
    panel = study_panel()
    table = load_tables(level=LEVEL)["table_11_mediation_firms"]
    found = indirect_effects([table], panel, replace(QUICK, covariance="robust")).iloc[0]
    controls = [name for name in CONTROLS if name != "EXR"]
    first = Specification(
        "Number", ("DTIn", *controls), fixed_effects=("province", "year"), covariance="robust"
    )
    assert found["se_a"] == pytest.approx(estimate(first, panel).std_errors["DTIn"], rel=1e-9)


def test_indirect_effects_single_and_joint(complete):
    panel, tables = complete
    found = indirect_effects(load_tables(level=LEVEL).values(), panel, QUICK)
    assert found[["mediator", "version"]].to_numpy().tolist() == [
        ["Number", "single"],
        ["Number", "joint"],
        ["RD", "single"],
        ["RD", "joint"],
    ]
    single = found.iloc[0]
    assert single["total"] == pytest.approx(
        row(tables["table_11_mediation_firms"], "1", "DTIn")["estimate"]
    )
    assert single["direct"] == pytest.approx(
        row(tables["table_11_mediation_firms"], "5", "DTIn")["estimate"]
    )
    assert single["total"] == pytest.approx(single["direct"] + single["indirect"])
    joint = found[found["version"] == "joint"]
    assert joint["total"].iloc[0] == pytest.approx(
        joint["direct"].iloc[0] + joint["indirect"].sum()
    )


def test_leave_one_out_matches_an_estimate_without_the_province(complete):
    panel, _ = complete
    table = load_tables(level=LEVEL)["table_03_two_stage_least_squares"]
    found = leave_one_province_out([table], panel, QUICK)
    one = found[(found["column"] == "second stage") & (found["without"] == "P07")].iloc[0]
    spec = Specification(
        "Export", tuple(CONTROLS), "DTIn", "DTI_iv", ("province", "year"), "province"
    )
    without = estimate(spec, panel[panel["province"] != "P07"])
    assert one["estimate"] == pytest.approx(without.params["DTIn"])
    assert one["first_stage_f"] == pytest.approx(without.first_stage.f_statistic)


def test_leave_one_out_gives_reasons_where_the_rest_identifies_nothing(complete):
    panel, _ = complete
    table = load_tables(level=LEVEL)["table_03_two_stage_least_squares"]
    one = panel.assign(DTI_iv=panel["DTI_iv"].where(panel["province"] == "P07", 0.0))
    found = leave_one_province_out([table], one, QUICK)
    assert LEAVE_ONE_OUT.violations(found) == []
    second = found[found["column"] == "second stage"].set_index("without")
    assert second.loc["P07", "reason"].endswith("has no variation left, given controls and effects")
    assert second.loc["P07", ["estimate", "difference", "first_stage_f"]].isna().all()
    assert second.drop("P07")["reason"].isna().all()
    assert second.drop("P07")["estimate"].notna().all()
    six = leave_one_province_out([table], panel[panel["province"] < "P06"], QUICK)
    six = six[six["column"] == "second stage"]
    assert set(six["reason"]) == {"fewer than 6 clusters: no first-stage F"}
    assert six["estimate"].notna().all() and six["first_stage_f"].isna().all()


def test_five_clusters_have_no_first_stage_f(complete):
    panel, _ = complete
    table = load_tables(level=LEVEL)["table_03_two_stage_least_squares"]
    for below, known in (("P05", False), ("P06", True)):
        found = estimate_table(table, panel[panel["province"] < below], QUICK)
        second = row(found, "second stage", "DTIn")
        assert second["estimate"] == second["estimate"]
        assert pd.notna(second["first_stage_f"]) == pd.notna(second["effective_f"]) == known


def test_comparison_with_the_paper(complete, official):
    published = load_published()
    names = set()
    for (_, tables), comparable in ((complete, True), (official, False)):
        stacked = coefficients(tables)
        found = paper_comparison(published, stacked, tables["table_01_descriptives"])
        assert PAPER_COMPARISON.violations(found) == []
        names.add(tuple(found["fact"]))
        if comparable:
            # all but the three-cluster Northeast can be compared with complete data
            assert found.loc[found["verdict"] == "not comparable", "fact"].tolist() == [
                "Table 5 Northeast"
            ]
        else:
            assert found["verdict"].eq("not comparable").all()
            assert found["difference"].isna().all() and found["same_stars"].isna().all()
            assert found["reason"].notna().all()
    assert len(names) == 1
    value = found.set_index("fact").loc["Table 2 column 4", "published_value"]
    assert value == 0.342


def test_a_number_agrees_only_at_its_printed_digits():
    estimates = ESTIMATES.frame(
        [
            {
                "table": "2",
                "label": "Table 2",
                "column": "4",
                "outcome": "Export",
                "term": "DTIn",
                "role": "key",
                "estimate": value,
                "stars": "***",
            }
            for value in (0.3421,)
        ]
    )
    fact = {
        "fact": "f",
        "table": "2",
        "column": "4",
        "term": "DTIn",
        "published": "0.342",
        "value": 0.342,
        "sign": "positive",
        "stars": "***",
        "where": "Table 2",
    }
    assert paper_comparison({"facts": [fact]}, estimates)["verdict"].item() == "agrees"
    off = estimates.assign(estimate=0.3431)
    assert paper_comparison({"facts": [fact]}, off)["verdict"].item() == "differs"


def test_published_facts_with_an_unknown_key(tmp_path):
    path = tmp_path / "facts.yaml"
    path.write_text("facts:\n  - {fact: f, table: '2', column: '1', term: x, publshed: y}\n")
    with pytest.raises(EconError, match=r"facts.yaml: fact f lacks published"):
        load_published(path)


def test_what_the_stars_of_table_3_imply():
    """F 2.7-3.84 (normal) or 2.9-4.17 (t with 30), sets unbounded, |rho| at least 0.61."""
    found = published_forensics(load_published()["forensics"], clusters=31)
    assert FORENSICS.violations(found) == []
    assert found["f_low"].round(2).tolist() == [2.71, 2.88, 2.88]
    assert found["f_high"].round(2).tolist() == [3.84, 4.17, 4.17]
    assert found["smallest_abs_rho"].round(2).min() == 0.61
    assert found["ar_bounded"].eq("never").all()
    assert found["tf_finite"].tolist() == ["never", "depends", "depends"]
    two = published_forensics(
        [
            {"source": "a", "first_stage_stars": "***", "second_stage_stars": ""},
            {"source": "b", "first_stage_stars": "", "second_stage_stars": "***"},
        ],
        clusters=None,
    )
    assert two["ar_bounded"].tolist() == ["always", "never"]
    claim = {"source": "c", "first_stage_stars": "*", "second_stage_stars": "**", "estimate": -0.5}
    one = published_forensics([claim], clusters=None).iloc[0]
    assert one["se_low"] == pytest.approx(0.5 / 2.5758, abs=1e-4)
    assert one["se_high"] == pytest.approx(0.5 / 1.9600, abs=1e-4)
    assert two.loc[0, "f_high"] == np.inf and two.loc[0, "smallest_abs_rho"] == 0
    assert two.loc[1, "smallest_abs_rho"] == pytest.approx(np.sqrt(1 - 2.7055 / 6.6349), abs=1e-3)
