"""Group estimates: tables from YAML, inference around them, and what absent data turn into."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from dti_assets.cli.main import main
from dti_assets.instrument.variants import instrument_variants
from dti_assets.pipeline.definitions import build_definitions
from dti_assets.pipeline.execution.run import Outcome, run
from dti_assets.pipeline.resources import Progress, Workspace
from dti_assets.study.catalogue import FETCHED, stored_tables
from dti_assets.study.config import Study
from dti_assets.study.specifications import shipped_tables
from dti_assets.text.choices import COUNTED
from dti_assets.units.lists import Units, shipped_units

PROVINCES = shipped_units("provinces")
Official = tuple[Study, Outcome]
ILLUSTRATION = "official-data illustration, not a replication"
OWN = """table: "13"
name: table_13_lags
title: Lags of the proxy
outcome: Export_new
regressors: [INVn, L.INVn]
controls: [GDP]
fixed_effects: [province, year]
cluster: province
columns:
  - {column: "1"}
"""


def stored(study: Study, name: str) -> pd.DataFrame:
    return Workspace(study).stored(name)


def test_every_table_is_stored_and_says_what_it_is(official: Official) -> None:
    study, outcome = official
    assert outcome.success
    for name, spec in shipped_tables(PROVINCES.level).items():
        frame = stored(study, name)
        assert set(frame["label"]) == {f"O{spec.table}, {ILLUSTRATION}"}
        assert stored_tables(study)[name].violations(frame) == []
    baseline = stored(study, "table_02_baseline")
    key = baseline[(baseline["column"] == "4") & (baseline["role"] == "key")].iloc[0]
    assert key["term"] == "INVn" and key["n_obs"] == 92 and key["years"] == "2016-2018"
    assert "INVn is a proxy for DTIn" in key["note"] and "absent controls" in key["note"]


def test_absent_variables_are_rows_with_reasons(official: Official) -> None:
    frame = stored(official[0], "table_09_digital_finance")
    assert frame["estimate"].isna().all()
    assert frame["reason"].str.contains("absent from the data: DFI").all()


def test_every_asset_of_the_group_was_made_and_is_declared(official: Official) -> None:
    study, outcome = official
    graph = build_definitions(study).resolve_asset_graph()
    keys = {key.to_user_string() for key in graph.get_all_asset_keys()}
    assert keys == set(stored_tables(study)) and set(outcome.made) == keys - FETCHED
    for spec in build_definitions(study).resolve_all_asset_specs():
        assert spec.description and spec.group_name and spec.kinds
        assert "dagster/column_schema" in spec.metadata


def test_columns_with_an_instrument_name_rule_and_freeze(official: Official) -> None:
    frame = stored(official[0], "table_03_two_stage_least_squares")
    note = frame[frame["column"] == "second stage"]["note"].iloc[0]
    assert "zero-distance rule of DTI_iv: internal" in note
    assert "The instrument was never frozen" in note


def test_weak_instruments_stand_with_and_without_the_hub_province(official: Official) -> None:
    frame = stored(official[0], "weak_instrument_inference").set_index(["table", "column"])
    assert len(frame) == 6
    with_hub = frame.loc["3", "second stage"]
    without = frame.loc["3", "second stage, hub province dropped"]
    assert with_hub["n_clusters"] == 31 and without["n_clusters"] == 30
    assert "zero-distance rule" in without["note"] and "drop" in without["note"]
    for row in (with_hub, without):
        # one sample for both stages: just-identified 2SLS is reduced form over first stage
        assert row["estimate"] == pytest.approx(row["reduced_form"] / row["first_stage"], rel=1e-8)
        assert row["sentence"]


def test_the_curve_has_every_combination_the_counts_allow(official: Official) -> None:
    curve = stored(official[0], "specification_curve")
    assert len(curve) >= 200 and curve["cell"].tolist() == list(range(1, len(curve) + 1))
    assert curve["estimate"].notna().all()
    words = " ".join(curve["choices"].unique())
    for choice in (
        "hits=token", "words=chars", "section=plan", "distance=geodesic", "zero_distance=drop",
        "dictionary=without exclusion-risk terms", "dictionary=without 大数据",
    ):  # fmt: skip
        assert choice in words
    dropped = curve[curve["choices"].str.contains("dictionary=without", regex=False)]
    assert set(dropped["counted_on"]) == {"hits_overlap"}


def test_the_variant_with_the_studys_choices_is_the_instrument(official: Official) -> None:
    study = official[0]
    variants = instrument_variants(
        stored(study, "keyword_counts"),
        stored(study, "section_words"),
        "杭州",
        {"whole": COUNTED["whole"]},
        units=PROVINCES,
    )
    (name,) = variants.where(
        dictionary="all terms", hits="longest", words="nonpunct",
        distance="great_circle", zero_distance="internal",
    )  # fmt: skip
    both = variants.join(stored(study, "dti_iv"))
    assert both["dti_iv"].notna().sum() == 430
    pd.testing.assert_series_equal(both[name], both["dti_iv"], check_names=False, rtol=1e-14)


def test_a_dropped_term_is_counted_on_overlaps_alone() -> None:
    place = {"province_code": 330000, "year": 2020, "section": "plan"}
    hits = {"hits_longest": 1, "hits_token": None, "hits_overlap": 2}
    counts = pd.DataFrame([{**place, "term": "云"} | hits, {**place, "term": "云计算"} | hits])
    words = pd.DataFrame(
        [
            {**place, "words_all": 100, "words_nonpunct": 80, "words_han": 70, "chars_han": 160},
            {**place, "year": 2021, "words_all": 0, "words_nonpunct": 0, "words_han": 0}
            | {"chars_han": 10},
        ]
    )
    without_areas = Units(PROVINCES.level, tuple(replace(unit, area=None) for unit in PROVINCES))
    found = instrument_variants(
        counts, words, "北京", {"plan": ["plan"]}, {"without 云": ["云"]},
        denominators=("nonpunct",), distances=("great_circle",), units=without_areas,
    )  # fmt: skip
    assert {what["hits"] for what in found.choices.values()} == {"longest", "overlap"}
    assert found.where(dictionary="without 云", hits="longest") == []
    (all_terms,) = found.where(dictionary="all terms", hits="overlap", zero_distance="floor_km: 1")
    (fewer,) = found.where(dictionary="without 云", zero_distance="floor_km: 1")
    values = found.frame.set_index("year")
    assert values.at[2020, all_terms] == pytest.approx(2 * values.at[2020, fewer])
    assert pd.isna(values.at[2021, fewer])  # no words, no frequency
    # the area of the hub is not on record, so that it has no internal distance
    assert not found.where(zero_distance="internal")


def test_robustness_asks_what_a_referee_asks(official: Official) -> None:
    frame = stored(official[0], "robustness")
    assert set(frame["check"]) >= {
        "INVn by region", "INVn by bri", "Belt and Road after 2013", "Conley errors",
        "leads as a pre-trend", "instruments", "functions of distance", "placebo hubs",
        "direct effect of the instrument",
    }  # fmt: skip
    variants = frame[frame["check"] == "instruments"]["variant"].tolist()
    assert variants[:2] == ["headline", "zero distance: drop"]
    for name in ("section: plan", "without exclusion-risk terms", "keyword frequency as a control"):
        assert name in variants
    assert (frame["check"] == "placebo hubs").sum() == 31


def test_the_hub_is_compared_with_placebos_under_their_own_rule(official: Official) -> None:
    frame = stored(official[0], "robustness")
    hubs = frame[frame["check"] == "placebo hubs"].set_index("variant")
    marked = hubs["note"].dropna()
    f = hubs["first_stage_f"]
    rank = f.rank(ascending=False)["杭州"]
    assert marked.to_dict() == {"杭州": f"the study's own hub, {rank:.0f} of 31 by first-stage F"}
    weak = stored(official[0], "weak_instrument_inference").set_index(["table", "column"])
    without = weak.loc["3", "second stage, hub province dropped"]
    assert f["杭州"] == pytest.approx(without["kleibergen_paap_f"], rel=1e-8)
    assert hubs.loc["杭州", "estimate"] == pytest.approx(without["estimate"], rel=1e-8)


def test_forensics_and_comparison(official: Official) -> None:
    forensics = stored(official[0], "published_forensics")
    assert forensics["ar_bounded"].isin(["never", "depends"]).all()
    comparison = stored(official[0], "paper_comparison")
    assert set(comparison["verdict"]) == {"not comparable"}
    assert comparison["difference"].isna().all() and comparison["reason"].notna().all()
    ours = comparison.set_index("fact").loc["Table 2 column 4"]
    assert ILLUSTRATION in ours["reason"] and ours["estimate"] == ours["estimate"]


def test_the_closing_summary_says_what_ran_on_what(copy: Callable[[str], Study]) -> None:
    class Told(Progress):
        def __init__(self) -> None:
            self.said: dict[str, str] = {}

        def summary(self, asset: str, sentence: str) -> None:
            self.said[asset] = sentence

    told = Told()
    selected = "table_02_baseline,table_08_patent_grants"
    outcome = run(copy(""), selected, progress=told, force=True)
    assert outcome.success
    assert told.said["table_02_baseline"] == (
        f"O2, {ILLUSTRATION}: 4 of 4 columns, N 92, 2016-2018, INVn for DTIn, "
        "without Exportother, HR, INF"
    )
    assert "not estimated (absent from the data: DTIG)" in told.said["table_08_patent_grants"]


def test_an_own_yaml_is_an_asset(copy: Callable[[str], Study]) -> None:
    study = copy("estimates: {tables: my_tables, draws: 199}\n")
    folder = study.root / "my_tables"
    folder.mkdir()
    (folder / "lags.yaml").write_text(OWN, encoding="utf-8")
    outcome = run(study, "table_13_lags")
    assert outcome.success and outcome.made == ["table_13_lags"]
    frame = stored(study, "table_13_lags")
    assert {"INVn", "L.INVn"} <= set(frame["term"])
    assert frame[frame["role"] == "key"]["p_wild"].notna().all()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (OWN.replace("columns:", "colums:"), ("lags.yaml", "colums", "did you mean columns")),
        (OWN + "  - {column: 2\n", ("lags.yaml", "line")),
        (OWN.replace('"13"', '"2"'), ("table_13_lags", "number 2", "table_02_baseline")),
        (OWN.replace("table_13_lags", "dti_iv"), ("dti_iv", "another asset")),
        (OWN.replace("table_13_lags", "my table"), ("my table", "letters")),
    ],
)
def test_a_broken_yaml_is_one_sentence_and_exit_2(
    content: str,
    words: tuple[str, ...],
    copy: Callable[[str], Study],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    study = copy("estimates: {tables: my_tables}\n")
    (study.root / "my_tables").mkdir()
    (study.root / "my_tables" / "lags.yaml").write_text(content, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["dti", "run", "--study", str(study.file)])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    for word in words:
        assert word in last


def test_own_citations_join_the_papers(copy: Callable[[str], Study]) -> None:
    study = copy("estimates: {citations: cited.yaml}\n")
    claim = 'forensics:\n  - {source: mine, first_stage_stars: "**", second_stage_stars: "***"}\n'
    (study.root / "cited.yaml").write_text(claim, encoding="utf-8")
    assert run(study, "published_forensics").success
    assert "mine" in set(stored(study, "published_forensics")["source"])


def test_defining_the_assets_loads_no_numerical_library(root: Path) -> None:
    import subprocess

    code = (
        "import sys\n"
        "from dti_assets.study.config import load_study\n"
        "from dti_assets.pipeline.definitions import build_definitions\n"
        "build_definitions(load_study('study.yaml'))\n"
        "heavy = {'pandas', 'numpy', 'scipy', 'linearmodels', 'pandera'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
