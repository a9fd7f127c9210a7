"""The asset behind `dti download`: made where it is named, and never as part of a run."""

from pathlib import Path

import dagster as dg
import samples
from small_study import make_study
from web_server import Site, file, say, serve

from dti_assets.pipeline.definitions import build_definitions
from dti_assets.pipeline.execution.run import run, select
from dti_assets.pipeline.resources import Workspace
from dti_assets.study.catalogue import FETCHED
from dti_assets.study.config import load_study


def test_no_selection_but_its_name_reaches_the_network(tmp_path: Path) -> None:
    definitions = build_definitions(load_study(make_study(tmp_path / "s")))
    graph = definitions.resolve_asset_graph()
    everything = (None, "*", "kind:parquet", "not key:panel")
    for expression in (*everything, "+replication_report", "group:reports", "report_files+"):
        names = {key.to_user_string() for key in select(expression).resolve(graph)}
        assert names and not names & FETCHED, expression
    named = select("report_downloads").resolve(graph)
    assert {key.to_user_string() for key in named} == FETCHED
    # what reaches the network is told by tag, and nothing waits for it
    specs = definitions.resolve_all_asset_specs()
    assert {s.key.to_user_string() for s in specs if s.tags.get("network")} == FETCHED
    key = dg.AssetKey("report_downloads")
    assert not graph.get(key).child_keys and not graph.get(key).parent_keys


def _materialise(study: Path, site: Site, *others: str, **tags: str) -> dg.ExecuteInProcessResult:
    workspace = Workspace(load_study(study), loopback=site.exempt)
    definitions = build_definitions(workspace.study, {"workspace": workspace})
    job = definitions.resolve_implicit_global_asset_job_def()
    return job.execute_in_process(
        asset_selection=[dg.AssetKey(name) for name in ("report_downloads", *others)],
        raise_on_error=False,
        tags={name.replace("_", "/"): value for name, value in tags.items()},
    )


def test_a_row_of_the_table_for_each_row_of_the_registry(tmp_path: Path) -> None:
    study = make_study(tmp_path / "s")
    with serve() as site:
        rows = [
            ("浙江", 2015, site.put("/a", file(samples.html(samples.report_lines())))),
            ("江苏", 2015, site.put("/b", say(404))),
            ("上海", 2014, ""),
            ("上海", 2013, site.url("/outside-the-study")),
        ]
        text = "\n".join(["province,year,url", *(f"{p},{y},{u}" for p, y, u in rows)])
        (study.parent / "reports_raw/sources.csv").write_text(text, encoding="utf-8")
        result = _materialise(study, site)
    assert result.success
    table = Workspace(load_study(study)).stored("report_downloads")
    assert table[["province", "state"]].to_numpy().tolist() == [
        ["上海", "no address"],
        ["江苏", "failed"],
        ["浙江", "fetched"],
    ]
    (event,) = result.get_asset_materialization_events()
    assert event.materialization.metadata["failed"].value == 1
    assert (study.parent / "reports_raw/2015/浙江.html").exists()
    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    assert checks["as_declared"].passed and not checks["all_fetched"].passed
    assert "江苏 2015: answers 404 Not Found" in str(checks["all_fetched"].metadata["sentences"])


def test_a_malformed_registry_fails_the_asset_with_file_and_line(tmp_path: Path) -> None:
    study = make_study(tmp_path / "s")
    (study.parent / "reports_raw/sources.csv").write_text("province,year,url\n浙,2015,x\n")
    with serve() as site:
        result = _materialise(study, site)
    assert not result.success
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert "sources.csv, line 2" in str(failure.step_failure_data.error)


def test_a_run_that_makes_other_assets_too_passes_it_over(tmp_path: Path) -> None:
    study = make_study(tmp_path / "s")
    with serve() as site:
        # not even without a sources.csv
        result = _materialise(study, site, "capital_distances")
        assert result.success
        made = {str(e.asset_key.path[0]) for e in result.get_asset_materialization_events()}
        assert made == {"capital_distances"}
        # the tag of a run of dti that names it
        tagged = _materialise(study, site, "capital_distances", dti_fetches="named")
    (failure,) = [event for event in tagged.all_events if event.is_step_failure]
    assert failure.step_key == "report_downloads"
    assert "sources.csv" in str(failure.step_failure_data.error)
    outcome = run(load_study(study), "report_downloads,capital_distances", workers=1)
    assert [said.partition(":")[0] for said in outcome.failures] == ["report_downloads"]
