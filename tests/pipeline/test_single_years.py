"""Runs of single partitions, as the web UI starts them, and of years outside the study."""

import warnings
from pathlib import Path

import dagster as dg
import pytest
import samples
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest
from small_study import make_study, stored_bytes, write_reports
from ticks import instance_of

from dti_assets.errors import MissingTableError, StudyError
from dti_assets.pipeline.definitions import build_definitions
from dti_assets.pipeline.execution.preflight import preflight
from dti_assets.pipeline.execution.run import run
from dti_assets.pipeline.instance import sentence
from dti_assets.pipeline.partitions import RANGE_END, RANGE_START, last_year, run_years
from dti_assets.pipeline.resources import Workspace
from dti_assets.study.config import Study, load_study

YEARLY_ASSETS = ("report_texts", "keyword_counts", "section_words", "policy_attention")


def materialise(study: Study, *assets: str, **how: object) -> dg.ExecuteInProcessResult:
    """A run without dti, with `partition_key` or `tags` as the web UI gives them."""
    warnings.filterwarnings("ignore", category=dg.BetaWarning)
    definitions = build_definitions(study, {"workspace": Workspace(study, workers=2)})
    job = definitions.resolve_implicit_global_asset_job_def()
    return job.execute_in_process(
        asset_selection=[dg.AssetKey(asset) for asset in assets],
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        raise_on_error=False,
        **how,
    )


@pytest.fixture
def two_years(tmp_path: Path) -> Study:
    """A study of 2014 and 2015 with a report of 2015, and one of 2016, which is no year of it."""
    study = make_study(tmp_path / "s")
    write_reports(
        study.parent / "reports_raw",
        {"浙江2015.txt": ("浙江省", 2015), "浙江2016.txt": ("浙江省", 2016)},
    )
    return load_study(study)


def test_a_single_year_of_a_fresh_study_passes_its_checks(two_years: Study) -> None:
    for year, hits in (("2015", 22 * 6), ("2016", 23 * 6)):
        result = materialise(two_years, "report_files", *YEARLY_ASSETS, partition_key=year)
        assert result.success
        checks = {c.asset_key.to_user_string() for c in result.get_asset_check_evaluations()}
        assert set(YEARLY_ASSETS) <= checks
        attention = Workspace(two_years).stored_so_far("policy_attention", [int(year)])
        assert attention is not None
        row = attention.set_index(["province", "year"]).loc[("浙江", int(year))]
        assert row["keyword_hits"] == hits
    # a check sees what was made of the study and of its own run
    workspace = Workspace(two_years)
    assert set(workspace.stored_so_far("policy_attention")["year"]) == {2015}
    assert set(workspace.stored_so_far("policy_attention", [2016])["year"]) == {2015, 2016}
    with pytest.raises(MissingTableError, match="2014"):
        workspace.stored("policy_attention")


def test_checks_of_what_was_never_made_have_nothing_to_look_at(two_years: Study) -> None:
    workspace = Workspace(two_years)
    assert workspace.stored_so_far("keyword_counts", [2016]) is None
    for name in YEARLY_ASSETS:
        assert workspace.violations(workspace.tables[name], [2016]) == []


def test_a_backfill_beyond_the_studys_years_loses_none(two_years: Study) -> None:
    tags = {RANGE_START: "2013", RANGE_END: "2016"}
    result = materialise(
        two_years,
        "report_files", *YEARLY_ASSETS, "capital_distances", "dti_iv",
        tags=tags,
    )  # fmt: skip
    assert result.success
    workspace = Workspace(two_years)
    store, tables = workspace.store, workspace.tables
    attention = store.read(tables["policy_attention"], range(2013, 2017))
    row = attention.set_index(["province", "year"]).loc[("浙江", 2016)]
    assert row["origin"] == "text" and row["keyword_hits"] == 23 * 6
    # what is not partitioned is of the study's years
    assert set(workspace.stored("dti_iv")["year"]) == {2014, 2015}


def test_what_is_shown_of_a_year_is_of_that_year(two_years: Study) -> None:
    tags = {RANGE_START: "2013", RANGE_END: "2016"}
    result = materialise(two_years, "report_files", *YEARLY_ASSETS, tags=tags)
    shown = {
        (event.asset_key.to_user_string(), event.partition): event.materialization.metadata
        for event in result.get_asset_materialization_events()
    }
    store, tables = Workspace(two_years).store, Workspace(two_years).tables
    for year in range(2013, 2017):
        of_year = {name: shown[name, str(year)] for name in YEARLY_ASSETS}
        for name, metadata in of_year.items():
            stored = store.read(tables[name], [year])
            assert metadata["dagster/row_count"].value == len(stored), (name, year)
        with_text = year >= 2015
        assert of_year["report_texts"]["dagster/row_count"].value == with_text
        assert of_year["keyword_counts"]["reports_counted"].value == with_text
        assert of_year["section_words"]["origins"].value.get("text", 0) == 2 * with_text
        known = store.read(tables["policy_attention"], [year])["frequency"].notna().sum()
        assert of_year["policy_attention"]["province_years_known"].value == known


def test_what_is_made_again_the_same_leaves_the_rest_in_sync(small_study: Path) -> None:
    study = load_study(small_study)
    assert run(study, "+dti_iv", workers=2).success
    graph = build_definitions(study).resolve_asset_graph()

    def unsynced(*names: str) -> set[str]:
        """The assets that the web UI would mark so."""
        with instance_of(small_study) as instance:
            loading = LoadingContextForTest(instance)
            marks = CachingStaleStatusResolver(instance, graph, loading)
            found = {name: marks.get_status(dg.AssetKey(name)) for name in names}
        return {name for name, status in found.items() if status != StaleStatus.FRESH}

    assert unsynced("dti_iv") == set()
    with instance_of(small_study) as instance:
        assert materialise(study, "capital_distances", instance=instance).success
    assert unsynced("dti_iv") == set()
    other = study.instrument.model_copy(update={"distance": "geodesic"})
    with instance_of(small_study) as instance:
        changed = study.model_copy(update={"instrument": other})
        assert materialise(changed, "capital_distances", instance=instance).success
    assert unsynced("dti_iv") == {"dti_iv"}


def test_a_runs_years_are_in_its_tags() -> None:
    assert run_years({}) == []
    assert run_years({"dagster/partition": "2019"}) == [2019]


def test_years_that_have_not_come_are_refused_before_anything_is_read(tmp_path: Path) -> None:
    ahead = last_year() + 1
    study = load_study(make_study(tmp_path / "s", years=f"[2014, {ahead}]"))
    (study.root / "dictionaries/digital_economy_policy.csv").unlink()
    with pytest.raises(StudyError, match=rf"years end in {ahead}, .* is {last_year()}"):
        preflight(Workspace(study))


def test_a_run_of_the_web_ui_refuses_what_dti_run_refuses(tmp_path: Path) -> None:
    # no reports: published counts stand in, until a term is edited
    study = load_study(make_study(tmp_path / "s"))
    years = {RANGE_START: "2014", RANGE_END: "2015"}
    everything = ("report_files", *YEARLY_ASSETS)
    assert materialise(study, *everything, tags=years).success
    before = stored_bytes(study.file)
    terms = study.root / "dictionaries/digital_economy_policy.csv"
    terms.write_text(terms.read_text(encoding="utf-8") + "国际合作,own,zh,a test,,\n", "utf-8")
    with pytest.raises(StudyError) as refused:
        preflight(Workspace(study))
    for assets in (everything, YEARLY_ASSETS):
        result = materialise(study, *assets, tags=years)
        said = [
            sentence(event.step_failure_data.error)
            for event in result.all_events
            if event.is_step_failure
        ]
        assert said == [str(refused.value)]
    assert stored_bytes(study.file) == before


def test_no_known_value_at_all_is_an_instrument_of_nulls(tmp_path: Path) -> None:
    study = make_study(tmp_path / "s", years="[2023, 2023]")
    (study.parent / "reports_raw/broken.pdf").write_bytes(samples.text_pdf(["x"])[:300])
    outcome = run(load_study(study), "+dti_iv")
    assert outcome.success, outcome.failures
    iv = Workspace(load_study(study)).stored("dti_iv")
    assert len(iv) == 31 and iv["dti_iv"].isna().all() and iv["reason"].notna().all()


def test_a_damaged_table_fails_what_reads_it_by_name(small_study: Path) -> None:
    study = load_study(small_study)
    assert run(study, "capital_distances").success
    path = Path(Workspace(study).store.location("capital_distances"))
    path.write_bytes(path.read_bytes()[:100])
    outcome = run(study, "dti_iv")
    assert not outcome.success
    outcome = run(study, "+policy_attention,dti_iv")
    assert len(outcome.failures) == 1
    assert "dti_iv: table capital_distances is damaged (" in outcome.failures[0]
    assert outcome.failures[0].endswith("; run dti run")
