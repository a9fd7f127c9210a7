"""What starts runs by itself, tick by tick: schedule, sensor, conditions, messages of failure."""

import http.server
import json
import os
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest
from small_study import make_study, write_reports
from ticks import definitions_of, instance_of, schedule_tick, sensor_tick

from dti_assets.errors import StudyError
from dti_assets.pipeline.execution.run import run
from dti_assets.pipeline.partitions import RANGE_END, RANGE_START
from dti_assets.pipeline.resources import Workspace
from dti_assets.pipeline.state.inputs import changes, input_files, look
from dti_assets.pipeline.state.provenance import file_contents, files_read, settings_read
from dti_assets.pipeline.state.readers import (
    ALL,
    ESTIMATES,
    FILE_READERS,
    SETTING_READERS,
    readers_of,
    settings,
)
from dti_assets.study.catalogue import FETCHED
from dti_assets.study.config import Study, load_study
from dti_assets.study.notification import post
from dti_assets.study.secrets import WITHHELD
from dti_assets.study.specifications import shipped_tables, study_tables

YEARLY = {"report_texts", "keyword_counts", "section_words", "policy_attention"}


@pytest.fixture
def seen(small_study: Path) -> tuple[Path, str]:
    """A study of 2014 and 2015 that was never run, and the cursor of a sensor that has seen it."""
    cursor = sensor_tick(small_study).cursor
    assert cursor
    return small_study, cursor


def test_everything_is_off_until_it_is_switched_on(small_study: Path) -> None:
    repository = definitions_of(small_study).get_repository_def()
    for name in ("yearly_download", "yearly_refresh"):
        schedule = repository.get_schedule_def(name)
        assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED
        assert "1 March" in (schedule.description or "")
    names = {sensor.name for sensor in repository.sensor_defs}
    assert names == {"changed_inputs", "failed_run", "default_automation_condition_sensor"}
    for sensor in repository.sensor_defs:
        assert sensor.default_status == dg.DefaultSensorStatus.STOPPED, sensor.name


def test_the_schedule_asks_for_the_study_with_the_year_it_ticks_in(small_study: Path) -> None:
    # a year after the study's last is counted alone
    [request] = schedule_tick(small_study, 2027)
    assert request.partition_key == "2027" and request.tags["dagster/partition"] == "2027"
    names = {key.to_user_string() for key in request.asset_selection or ()}
    assert names == {"report_files", *YEARLY}
    # taken in by the study, it makes everything
    text = small_study.read_text(encoding="utf-8")
    small_study.write_text(text.replace("[2014, 2015]", "[2014, 2027]"), encoding="utf-8")
    [request] = schedule_tick(small_study, 2027)
    # every year: reports of the others may have been corrected, or never counted
    tags, names = request.tags, {key.to_user_string() for key in request.asset_selection or ()}
    assert (tags[RANGE_START], tags[RANGE_END]) == ("2014", "2027")
    graph = definitions_of(small_study).resolve_asset_graph()
    assert names == {key.to_user_string() for key in graph.get_all_asset_keys()} - FETCHED
    [request] = schedule_tick(small_study, 2028)
    assert request.partition_key == "2028" and request.asset_selection


def test_a_study_never_made_is_asked_for_as_a_whole(small_study: Path) -> None:
    tick = sensor_tick(small_study)
    assert tick.years == ("2014", "2015")
    graph = definitions_of(small_study).resolve_asset_graph()
    everything = {key.to_user_string() for key in graph.get_all_asset_keys()}
    assert tick.assets == everything - FETCHED
    # asked for once
    again = sensor_tick(small_study, tick.cursor)
    assert again.requests == [] and again.skipped == "nothing changed"


def test_a_touched_file_asks_for_nothing(seen: tuple[Path, str]) -> None:
    study, cursor = seen
    for path in study.parent.rglob("*"):
        if path.is_file() and ".dagster" not in path.parts:
            os.utime(path)
    tick = sensor_tick(study, cursor)
    assert tick.requests == [] and tick.cursor != cursor
    # nor does a file that is no report's
    (study.parent / "reports_raw/README.md").write_text("mine", encoding="utf-8")
    (study.parent / "reports_raw/half.pdf.part").write_bytes(b"%PDF")
    assert sensor_tick(study, tick.cursor).requests == []


def test_changes_of_several_years_are_one_run(seen: tuple[Path, str]) -> None:
    study, cursor = seen
    write_reports(
        study.parent / "reports_raw",
        {"安徽2012.txt": ("安徽省", 2012), "安徽2014.txt": ("安徽省", 2014)},
    )
    tick = sensor_tick(study, cursor)
    assert tick.years == ("2012", "2015")  # 2015 was never made
    assert tick.request.tags["dti/changed"].startswith("reports: 安徽2012.txt, 安徽2014.txt")
    assert sensor_tick(study, tick.cursor).requests == []


def test_a_deleted_report_asks_for_its_year(seen: tuple[Path, str]) -> None:
    study, cursor = seen
    assert run(load_study(study), "report_files").success
    # of this file the year is known since it was read: 上海 2015
    (study.parent / "reports_raw/2015_上海.txt").rename(study.parent / "reports_raw/上海.txt")
    moved = sensor_tick(study, cursor)
    assert "report_files" in moved.assets
    (study.parent / "reports_raw/上海.txt").unlink()
    assert "report_files" in sensor_tick(study, moved.cursor).assets
    # what the last run listed cannot be read any more: names alone tell
    (study.parent / "outputs/data/report_files.parquet").write_bytes(b"damaged")
    assert "report_files" in sensor_tick(study, moved.cursor).assets


def test_back_to_what_was_before_is_a_run_again(seen: tuple[Path, str]) -> None:
    study, cursor = seen
    terms = study.parent / "dictionaries/digital_economy_policy.csv"
    text, keys = terms.read_text(encoding="utf-8"), []
    for content in (text + "国际合作,own,zh,a test,,\n", text) * 2:
        terms.write_text(content, encoding="utf-8")
        tick = sensor_tick(study, cursor)
        keys.append(str(tick.request.run_key))
        cursor = str(tick.cursor)
    assert len(set(keys)) == 4
    # the key holds the content: the same before the dash where the content is
    content_hashes = [key.partition("-")[0] for key in keys]
    assert content_hashes[:2] == content_hashes[2:]


def test_a_report_whose_name_does_not_say_the_year(tmp_path: Path) -> None:
    study = make_study(tmp_path / "s", years="[2014, 2019]")
    cursor = sensor_tick(study).cursor
    folder = study.parent / "reports_raw"
    write_reports(folder, {"浙江.txt": ("浙江省", 2016), "江苏2017.txt": ("江苏省", 2018)})
    tick = sensor_tick(study, cursor)
    # one may be of any year; the other is of 2017 by its name
    assert tick.years == ("2014", "2019")
    asked = json.loads(str(tick.cursor))["asked"]
    assert asked == {"浙江.txt": list(range(2014, 2020)), "江苏2017.txt": [2017]}
    # while it is not read, nothing is asked for twice
    waiting = sensor_tick(study, tick.cursor)
    assert waiting.requests == [] and json.loads(str(waiting.cursor))["asked"] == asked
    # read, it says 2018: that year is in conflict too, and asked for
    assert run(load_study(study), "report_files").success
    after = sensor_tick(study, waiting.cursor)
    assert "江苏2017.txt is of 2018" in after.request.tags["dti/changed"]
    assert after.assets >= YEARLY
    assert json.loads(str(after.cursor))["asked"] == {}
    assert sensor_tick(study, after.cursor).requests == []


def test_what_cannot_be_looked_at_is_one_sentence(seen: tuple[Path, str]) -> None:
    study, cursor = seen
    folder = study.parent / "reports_raw"
    away = folder.rename(study.parent / "elsewhere")
    tick = sensor_tick(study, cursor)
    assert tick.requests == [] and tick.skipped == f"the reports folder {folder} does not exist"
    assert tick.cursor == cursor
    away.rename(folder)
    assert sensor_tick(study, cursor).requests == []


def test_a_broken_study_file_waits_to_be_mended(seen: tuple[Path, str]) -> None:
    study, cursor = seen
    text = study.read_text(encoding="utf-8")
    repository = definitions_of(study).get_repository_def()
    study.write_text(text + "colour: blue\n", encoding="utf-8")
    with (
        dg.instance_for_test() as instance,
        dg.build_sensor_context(instance, cursor=cursor, repository_def=repository) as context,
    ):
        found = repository.get_sensor_def("changed_inputs").evaluate_tick(context)
    assert not found.run_requests and "unknown key colour" in str(found.skip_message)
    assert found.cursor in (None, cursor)


def test_years_before_those_of_the_code_location_wait_for_it(seen: tuple[Path, str]) -> None:
    study, cursor = seen
    loaded = definitions_of(study)
    study.write_text("name: small\nyears: [2008, 2008]\n", encoding="utf-8")
    tick = sensor_tick(study, cursor, loaded)
    assert tick.requests == [] and tick.cursor == cursor
    assert str(tick.skipped).endswith(
        "study.yaml: years begin in 2008, and the code location knows those from 2009: reload it"
    )
    assert sensor_tick(study, cursor).years == ("2008",)
    assert schedule_tick(study, 2008, loaded) == [] and schedule_tick(study, 2008)


def test_every_setting_and_every_kind_of_file_has_its_readers(small_study: Path) -> None:
    graph = definitions_of(small_study).resolve_asset_graph()
    assets = {key.to_user_string() for key in graph.get_all_asset_keys()} | {ALL, ESTIMATES}
    keys = settings(Study(years=(2014, 2015)))
    assert {"years", "text.words", "estimates.seed", "notify.webhook"} <= set(keys)
    for key in keys:
        assert {key, key.partition(".")[0]} & set(SETTING_READERS), f"who reads {key}?"
        assert set(readers_of(key)) <= assets, key
    for kind, names in FILE_READERS.items():
        assert set(names) <= assets, kind


def test_the_tables_of_a_folder_are_made_from_its_files_alone(small_study: Path) -> None:
    folder = small_study.parent / "own"
    (folder / "drafts").mkdir(parents=True)
    columns = "columns: [{column: '1', outcome: y, regressors: [x]}]\n"
    for name in ("b.yaml", "a.yml", "drafts/c.yml"):
        stem = Path(name).stem
        (folder / name).write_text(f"table: {stem}\nname: {stem}\ntitle: t\n{columns}")
    text = small_study.read_text(encoding="utf-8")
    small_study.write_text(f"{text}estimates: {{tables: own}}\n", encoding="utf-8")
    study = load_study(small_study)
    assert study_tables(study).keys() - shipped_tables(study.level).keys() == {"a", "b"}
    listed = input_files(study, ["specifications"])["specifications"]
    assert sorted(listed) == ["a.yml", "b.yaml"]


def test_an_audit_is_made_from_both_folders_and_the_keys(small_study: Path) -> None:
    text = small_study.read_text(encoding="utf-8")
    folders = "audit: {reports: rep/coded, patents: pat/coded}\n"
    small_study.write_text(text + folders, encoding="utf-8")
    home = small_study.parent
    made = [home / "rep/coded/coder_1.xlsx", home / "pat/coded/coder_1.xlsx"]
    made.append(home / "outputs/data/audit_keys/r1.parquet")
    for path in made:
        path.parent.mkdir(parents=True)
        path.write_bytes(b"")
    study = load_study(small_study)
    assert [*input_files(study, ["audit"])["audit"].values()] == made
    assert set(file_contents(study)["audit"]) == {p.relative_to(home).as_posix() for p in made}
    cursor = sensor_tick(small_study).cursor
    for path in made:
        path.write_bytes(b"changed")
        tick = sensor_tick(small_study, cursor)
        assert "measurement_audit" in tick.assets, path
        cursor = tick.cursor


def test_a_list_of_units_of_one_s_own_is_what_every_asset_rests_on(small_study: Path) -> None:
    assert input_files(load_study(small_study), ["units"]) == {"units": {}}
    text = small_study.read_text(encoding="utf-8")
    small_study.write_text(text + "units: own/list.csv\ninstrument: {hub: Rivia}\n", "utf-8")
    places = small_study.parent / "own" / "list.csv"
    places.parent.mkdir()
    lines = "level,code,name,latitude,longitude\ncounty,a,Rivia,30,120\ncounty,b,{},31,121\n"
    places.write_text(lines.format("Vizima"), encoding="utf-8")
    study = load_study(small_study)
    assert input_files(study, ["units"]) == {"units": {"list.csv": places}}
    assert set(file_contents(study)["units"]) == {"own/list.csv"}
    before = look(study, None)
    assert changes(Workspace(study), before, look(study, before)).assets == set()
    places.write_text(lines.format("Lyria"), encoding="utf-8")
    found = changes(Workspace(study), before, look(study, before))
    assert ALL in found.assets and found.years == set(study.all_years)
    assert "units: list.csv" in found.said
    for name, group in (("report_files", "reports"), ("table_02_baseline", "estimates")):
        assert "units" in files_read(name, group) and "units" in settings_read(study, name, group)


def test_conditions_follow_the_reports_and_nothing_else(small_study: Path) -> None:
    graph = definitions_of(small_study).resolve_asset_graph()
    below = dg.AssetSelection.assets("report_files").downstream(include_self=False).resolve(graph)
    for key in graph.get_all_asset_keys():
        assert bool(graph.get(key).automation_condition) == (key in below), key
    policy = graph.get(dg.AssetKey("dti_iv")).freshness_policy
    assert policy == dg.FreshnessPolicy.cron("0 0 1 4 *", timedelta(days=90), "Asia/Shanghai")


def test_conditions_make_what_is_below_step_by_step(small_study: Path) -> None:
    definitions = definitions_of(small_study)
    graph = definitions.resolve_asset_graph()
    instance = dg.DagsterInstance.ephemeral()

    def report(name: str, partition: str | None = None) -> None:
        instance.report_runless_asset_event(dg.AssetMaterialization(name, partition=partition))

    def asked(cursor: object = None) -> tuple[set[str], object]:
        found = dg.evaluate_automation_conditions(definitions, instance, cursor=cursor)
        names = {
            key.to_user_string()
            for key in graph.get_all_asset_keys()
            if found.get_num_requested(key)
        }
        return names, found.cursor

    names, cursor = asked()
    assert names == set()
    report("report_files")
    # all years at once, which single-run backfills make one run
    names, cursor = asked(cursor)
    assert names == YEARLY
    names, cursor = asked(cursor)
    assert names == set()
    report("capital_distances")
    for year in ("2014", "2015"):
        for name in sorted(YEARLY):
            report(name, year)
    names, cursor = asked(cursor)
    # the years outside the study, which do not exist, are not waited for
    assert "dti_iv" in names and "frozen_instrument" in names
    # while what is missing beside the reports is
    assert "panel" not in names


class _Listener(http.server.BaseHTTPRequestHandler):
    heard: list[dict[str, object]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.heard.append(json.loads(body))
        self.send_response(500 if self.path == "/broken" else 200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def listener() -> Iterator[tuple[str, list[dict[str, object]]]]:
    """A web server of this machine, and what was posted to it."""
    heard: list[dict[str, object]] = []
    handler = type("Handler", (_Listener,), {"heard": heard})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", heard
    server.shutdown()
    server.server_close()
    thread.join()


def fail_and_tell(study_file: Path, then: str | None = None) -> None:
    """A run that fails, and the tick of the sensor that tells of it; between them study.yaml is
    written anew where `then` says how."""
    definitions = definitions_of(study_file)
    repository = definitions.get_repository_def()
    with instance_of(study_file) as instance:
        result = definitions.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=instance,
            asset_selection=[dg.AssetKey("dti_iv")],
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            raise_on_error=False,
        )
        assert not result.success
        if then is not None:
            study_file.write_text(then, encoding="utf-8")
        failed = dg.build_run_status_sensor_context(
            sensor_name="failed_run",
            dagster_instance=instance,
            dagster_run=result.dagster_run,
            dagster_event=result.get_run_failure_event(),
        ).for_run_failure()
        with failed as context:
            repository.get_sensor_def("failed_run")(context)


def with_webhook(folder: Path, address: str) -> Path:
    return make_study(folder, f"notify: {{webhook: '{address}'}}\n")


def test_a_failed_run_is_posted_to_the_webhook(
    listener: tuple[str, list[dict[str, object]]], tmp_path: Path
) -> None:
    address, heard = listener
    study = with_webhook(tmp_path / "s", f"{address}/hook?token=secret")
    sensor = definitions_of(study).get_repository_def().get_sensor_def("failed_run")
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
    fail_and_tell(study)
    [message] = heard
    assert message["study"] == "small" and message["run_id"]
    # which of the missing tables is met first is Dagster's business
    said = r"study small: a run failed: dti_iv: table \w+ has not been made( for 2014, 2015)?"
    assert re.fullmatch(said, str(message["text"]))
    # the address is a password: the report does not show it
    assert "secret" not in load_study(study).shown_text
    assert f"webhook: '{WITHHELD}'" in load_study(study).shown_text


def test_the_webhook_is_the_one_of_study_yaml_as_it_stands(
    listener: tuple[str, list[dict[str, object]]], tmp_path: Path
) -> None:
    address, heard = listener
    study = with_webhook(tmp_path / "s", "http://127.0.0.1:1/old")
    text = study.read_text(encoding="utf-8")
    mended = text.replace("http://127.0.0.1:1/old", f"{address}/new")
    fail_and_tell(study, then=mended)
    assert len(heard) == 1
    # a study that cannot be read any more is told of by the last address known
    fail_and_tell(study, then=mended + "colour: blue\n")
    assert len(heard) == 2
    study.write_text(mended, encoding="utf-8")
    fail_and_tell(study, then=text.partition("notify")[0])
    assert len(heard) == 2


def test_a_webhook_that_does_not_answer_stops_nothing(
    listener: tuple[str, list[dict[str, object]]], tmp_path: Path
) -> None:
    address, _ = listener
    assert post(f"{address}/broken", {}) == "the webhook at 127.0.0.1 answered 500"
    assert post(f"{address}/fine", {"text": "数字经济"}) == "told the webhook at 127.0.0.1"
    # port 1 of this machine: nobody listens
    fail_and_tell(with_webhook(tmp_path / "dead", "http://127.0.0.1:1/hook?token=secret"))
    said = post("http://127.0.0.1:1/hook?token=secret", {})
    assert said == "the webhook at 127.0.0.1 was not reached (ConnectionError)"


@pytest.mark.parametrize(
    "address", ["ftp://x/secret", "https:///secret", "http://[secret", "http://x:secret/"]
)
def test_a_webhook_is_an_address(tmp_path: Path, address: str) -> None:
    said = r"line 3: notify\.webhook: an address that begins"
    with pytest.raises(StudyError, match=said) as caught:
        load_study(with_webhook(tmp_path / "s", address))
    # which is a password, mistyped or not
    assert "secret" not in str(caught.value)
    assert post(address, {}).endswith(("was not reached (InvalidSchema)", "(ValueError)",
                                       "(InvalidURL)"))  # fmt: skip


@pytest.mark.parametrize("notify", ["https://x/secret", "[https://x/secret]"])
def test_an_address_one_level_too_high_is_not_repeated(tmp_path: Path, notify: str) -> None:
    with pytest.raises(StudyError, match=r"line 3: notify: must be a mapping") as caught:
        load_study(make_study(tmp_path / "s", f"notify: {notify}\n"))
    assert "secret" not in str(caught.value)
