"""Next January: new files and edits, what the sensor asks for, and that the results are those of
a run from nothing."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import samples
from made_studies import FEW_DRAWS, make_study, write_lines
from settings_read import settings_read as noted
from ticks import launch, sensor_tick

from dti_assets.pipeline.definitions import build_definitions, places
from dti_assets.pipeline.execution.freshness import remaining
from dti_assets.pipeline.execution.run import run
from dti_assets.pipeline.resources import Workspace
from dti_assets.pipeline.state.provenance import settings_read
from dti_assets.pipeline.state.readers import PAGE, readers_of
from dti_assets.study.catalogue import FETCHED, YEARLY
from dti_assets.study.config import load_study

# settings that some assets come across and do not use: counts are stored by section, words by each
# denominator, and the names of estimated tables are those of declarations
COUNTED = {"keyword_counts", "section_words"}
_ADDED_UP = {"influence", "dictionary_permutation", "dictionary_permutation_draws"}
_VARIANTS = {
    *("weak_instrument_inference", "anderson_rubin_curve", "stage_residuals"),
    *("specification_curve", "robustness"),
}
LOOKED_UP = {
    "text.section": COUNTED,
    "text.annexes": COUNTED,
    "text.words": {*COUNTED, *_ADDED_UP, "keyword_contexts", "measurement_audit", "dti_iv"},
    "text.hits": {"dti_iv"},
    "text.tokenizer": {*_VARIANTS, *_ADDED_UP, "measurement_audit", "policy_attention"},
    # each year is made by itself
    "years": {*YEARLY},
    # texts are known by their content; what counts asks whether there are any
    "inputs.reports": {"report_texts", "keyword_contexts", *COUNTED},
    "estimates.tables": {
        *("report_files", "keyword_contexts", "candidate_counts", "capital_distances"),
        *("digital_patents", "patent_row_status", "patent_counts", "patent_totals"),
        *("official_statistics", "user_figures", "user_files", "figures_left_out"),
        *("national_totals", "turnover", "panel", "panel_sources", "panel_coverage"),
        *("panel_checks", "series_coverage", "panel_export", "figures"),
        *("referee_response", "referee_documents"),
    },
}
PLACES = ("浙江省", "江苏省", "上海市", "安徽省")
OLD = (2019, 2020, 2021)
# made of policy attention, downstream to the page
DOWNSTREAM = {"policy_attention", "dti_iv", "panel", "table_03_two_stage_least_squares", "tables"}


def write_year(folder: Path, year: int, more: int = 0) -> None:
    for number, place in enumerate(PLACES):
        text = samples.report_text(place, year, repeats=22 + number + year - 2019 + more)
        (folder / f"{year}{place}.txt").write_text(text, encoding="utf-8")


def made_files(study_file: Path) -> dict[str, str]:
    """SHA-256 of everything in the outputs but the cache."""
    outputs = study_file.parent / "outputs"
    return {
        path.relative_to(outputs).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(outputs.rglob("*"))
        if path.is_file() and "cache" not in path.relative_to(outputs).parts
    }


def from_nothing(study_file: Path, folder: Path, select: str | None = None) -> dict[str, str]:
    """What a run of the same inputs in a new folder makes."""
    ignored = shutil.ignore_patterns("outputs", ".dagster")
    shutil.copytree(study_file.parent, folder, ignore=ignored)
    outcome = run(load_study(folder / "study.yaml"), select, workers=2)
    assert outcome.success, outcome.failures
    return made_files(folder / "study.yaml")


def assert_as_from_nothing(study_file: Path, folder: Path, select: str) -> None:
    """What a run of `select` from nothing makes is what lies there, byte by byte."""
    expected, made = from_nothing(study_file, folder, select), made_files(study_file)
    assert len(expected) > 8
    assert {name: made.get(name) for name in expected} == expected


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, dict[str, set[str]]]:
    """A study of 2019 to 2022 whose last year has no report yet, run; the sensor's cursor; and the
    settings that each asset looked at.

    Its dictionary is not the shipped one, so that no published count stands in.
    """
    folder = tmp_path_factory.mktemp("walk") / "study"
    study = make_study(folder, "years: [2019, 2022]\n")
    terms = folder / "dictionaries/digital_economy_policy.csv"
    terms.write_text(terms.read_text(encoding="utf-8") + "国际合作,own,zh,a test,,\n", "utf-8")
    for year in OLD:
        write_year(folder / "reports_raw", year)
    with noted() as read:
        outcome = run(study, workers=2)
    assert outcome.success, outcome.failures
    tick = sensor_tick(study.file)
    # the first look sees that all was made of what lies there
    assert tick.requests == [] and tick.skipped == "nothing changed"
    assert tick.cursor
    return study.file, tick.cursor, read


@pytest.fixture
def walk(made: tuple[Path, str, object], tmp_path: Path) -> Callable[[], tuple[Path, str]]:
    """A copy of the study as it was made, with the cursor."""

    def copy() -> tuple[Path, str]:
        folder = tmp_path / "study"
        shutil.copytree(made[0].parent, folder)
        return folder / "study.yaml", made[1]

    return copy


def known_years(study_file: Path) -> dict[int, int]:
    iv = Workspace(load_study(study_file)).stored("dti_iv").dropna(subset=["dti_iv"])
    return {int(year): int(n) for year, n in iv.groupby("year").size().items()}


def test_a_new_years_reports(walk: Callable[[], tuple[Path, str]], tmp_path: Path) -> None:
    study, cursor = walk()
    before = made_files(study)
    assert known_years(study) == {2019: 4, 2020: 4, 2021: 4}
    write_year(study.parent / "reports_raw", 2022)
    tick = sensor_tick(study, cursor)
    assert tick.years == ("2022",) and tick.assets >= DOWNSTREAM
    assert not tick.assets & {"patent_counts", "user_figures", "capital_distances", *FETCHED}
    ran = launch(study, tick.request)
    assert ran.success, ran.failures
    assert ran.tally["files_read"] == 4 and ran.tally["files_reused"] == 12
    # the years before are not even looked up
    assert ran.tally["reports_counted"] == 4 and ran.tally["reports_reused"] == 0
    assert known_years(study) == {2019: 4, 2020: 4, 2021: 4, 2022: 4}
    after = made_files(study)
    assert (
        after["data/table_01_descriptives.parquet"] != before["data/table_01_descriptives.parquet"]
    )
    assert after == from_nothing(study, tmp_path / "nothing")
    again = sensor_tick(study, tick.cursor)
    assert again.requests == [] and again.skipped == "nothing changed"


def test_a_corrected_report(walk: Callable[[], tuple[Path, str]], tmp_path: Path) -> None:
    study, cursor = walk()
    report = study.parent / "reports_raw/2020江苏省.txt"
    report.write_text(samples.report_text("江苏省", 2020, repeats=40), encoding="utf-8")
    tick = sensor_tick(study, cursor)
    assert tick.years == ("2020",) and tick.assets >= DOWNSTREAM
    ran = launch(study, tick.request, "dti_iv")
    assert ran.success, ran.failures
    assert ran.tally["files_read"] == 1 and ran.tally["files_reused"] == 11
    assert ran.tally["reports_counted"] == 1 and ran.tally["reports_reused"] == 3
    assert_as_from_nothing(study, tmp_path / "nothing", "+dti_iv")


def test_an_edited_term(walk: Callable[[], tuple[Path, str]], tmp_path: Path) -> None:
    study, cursor = walk()
    terms = study.parent / "dictionaries/digital_economy_policy.csv"
    text = terms.read_text(encoding="utf-8")
    terms.write_text(text.replace("国际合作,own", "高质量发展,own"), encoding="utf-8")
    tick = sensor_tick(study, cursor)
    assert tick.years == ("2019", "2022") and tick.assets >= DOWNSTREAM | {"keyword_counts"}
    assert not tick.assets & {"report_files", "report_texts", "patent_counts"}
    ran = launch(study, tick.request, "table_02_baseline")
    assert ran.success, ran.failures
    # no file is read; every report is searched again, none is cut into words again
    assert "files_read" not in ran.tally
    assert ran.tally["reports_counted"] == 12 and ran.tally["reports_segmented"] == 0
    assert_as_from_nothing(study, tmp_path / "nothing", "+table_02_baseline")


def test_a_changed_setting(walk: Callable[[], tuple[Path, str]], tmp_path: Path) -> None:
    study, cursor = walk()
    write_lines(study.parent, "text: {words: han}\n")
    tick = sensor_tick(study, cursor)
    assert tick.years == ("2019", "2022") and tick.assets >= DOWNSTREAM
    assert not tick.assets & {"report_files", "keyword_counts", "capital_distances"}
    ran = launch(study, tick.request, "tables")
    # nothing is read or counted at all
    assert ran.success and ran.tally == {}
    assert_as_from_nothing(study, tmp_path / "nothing", "+tables")


def test_years_extended_after_the_files_came(
    walk: Callable[[], tuple[Path, str]], tmp_path: Path
) -> None:
    study, cursor = walk()
    write_lines(study.parent, "years: [2019, 2021]\n")
    tick = sensor_tick(study, cursor)
    # no year of reports is made for a study that is cut short
    assert tick.years == () and tick.assets >= {"dti_iv", "panel", "official_statistics"}
    write_year(study.parent / "reports_raw", 2022)
    outside = sensor_tick(study, tick.cursor)
    # counted, and listed in the report; no table moves before the study takes the year in
    assert outside.years == ("2022",)
    assert outside.assets >= {"report_files", "policy_attention", "replication_report"}
    assert not outside.assets & {"dti_iv", "panel", "tables"}
    ran = launch(study, outside.request, "dti_iv")
    assert ran.success and ran.tally["files_read"] == 4 and ran.tally["reports_counted"] == 4
    write_lines(study.parent, "years: [2019, 2022]\n")
    tick = sensor_tick(study, outside.cursor)
    assert tick.years == ("2022",) and tick.assets >= DOWNSTREAM
    ran = launch(study, tick.request, "dti_iv")
    assert ran.success, ran.failures
    assert ran.tally["files_read"] == 0 and ran.tally["reports_counted"] == 0
    assert known_years(study) == {2019: 4, 2020: 4, 2021: 4, 2022: 4}
    assert_as_from_nothing(study, tmp_path / "nothing", "+dti_iv")


def test_a_setting_that_an_asset_looks_at_makes_it_again(
    made: tuple[Path, str, dict[str, set[str]]],
) -> None:
    graph = build_definitions(load_study(made[0])).resolve_asset_graph()
    groups = {key: graph.get(key).group_name for key in graph.get_all_asset_keys()}

    def made_again(key: str) -> set[str]:
        readers = {*readers_of(key)}
        first = [
            one
            for one, group in groups.items()
            if readers & {"*", f"group:{group}", one.to_user_string()}
        ]
        selection = dg.AssetSelection.assets(*first).downstream().required_multi_asset_neighbors()
        return {one.to_user_string() for one in selection.resolve(graph)}

    looked_at = {key for keys in made[2].values() for key in keys}
    assert len(made[2]) > 50 and len(looked_at) > 25
    # where the work is done, and who is told of it, moves no number and is nobody's to look at
    for key in sorted(key for key in looked_at if readers_of(key)):
        readers = {asset for asset, keys in made[2].items() if key in keys}
        assert readers - made_again(key) <= LOOKED_UP.get(key, set()), key


def test_a_setting_that_an_asset_looks_at_is_in_its_record(
    made: tuple[Path, str, dict[str, set[str]]],
) -> None:
    """Its own, whatever it rests on: that may come out as it was, or be made without it."""
    study = load_study(made[0])
    definitions = build_definitions(study)
    graph, where = definitions.resolve_asset_graph(), places(definitions)

    def on_record(asset: str) -> set[str]:
        # what is made together is made again together
        chosen = dg.AssetSelection.assets(asset).required_multi_asset_neighbors()
        together = [one.to_user_string() for one in chosen.resolve(graph)]
        return {key for one in together for key in settings_read(study, one, where[one].group)}

    # the page shows the whole of study.yaml, and is held against it
    for asset in made[2].keys() - {PAGE}:
        looked_at = {key for key in made[2][asset] if readers_of(key)}
        come_across = {key for key, assets in LOOKED_UP.items() if asset in assets}
        assert looked_at - on_record(asset) <= come_across, asset


def test_a_run_that_kept_most_is_one_of_the_whole_study(
    walk: Callable[[], tuple[Path, str]],
) -> None:
    study, _ = walk()
    # all files of the copy are later than the run that made the study
    assert sensor_tick(study).requests
    (study.parent / "outputs/report.html").unlink()
    outcome = run(load_study(study), workers=1)
    assert outcome.success and outcome.made == ["replication_report"] and len(outcome.kept) > 50
    assert sensor_tick(study).skipped == "nothing changed"


def test_a_file_that_comes_while_a_run_judges_is_seen(
    walk: Callable[[], tuple[Path, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    study, _ = walk()
    (study.parent / "outputs/report.html").unlink()

    def judged(*asked: Any) -> Any:
        found = remaining(*asked)
        write_year(study.parent / "reports_raw", 2022)
        return found

    monkeypatch.setattr("dti_assets.pipeline.execution.run.remaining", judged)
    assert run(load_study(study), workers=1).made == ["replication_report"]
    assert sensor_tick(study).years == ("2022",)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A study of 2020 and 2021 on published counts, run to the instrument."""
    study = make_study(tmp_path_factory.mktemp("real") / "study", "years: [2020, 2021]\n")
    assert run(study, "+dti_iv", workers=2).success
    cursor = sensor_tick(study.file).cursor
    assert cursor
    return study.file, cursor


def test_the_real_reports_of_2022(
    published: tuple[Path, str], shared: Path, tmp_path: Path
) -> None:
    study = tmp_path / "study/study.yaml"
    shutil.copytree(published[0].parent, study.parent)
    assert known_years(study) == {2020: 31, 2021: 31}
    for file in (shared / "reports_raw/2022").iterdir():
        shutil.copy(file, study.parent / "reports_raw")
    write_lines(study.parent, FEW_DRAWS + "years: [2020, 2022]\n")
    tick = sensor_tick(study, published[1])
    assert tick.years == ("2022",)
    ran = launch(study, tick.request, "dti_iv")
    assert ran.success, ran.failures
    assert ran.tally["files_read"] == 31 and ran.tally["reports_counted"] == 31
    assert known_years(study) == {2020: 31, 2021: 31, 2022: 31}
    iv = Workspace(load_study(study)).stored("dti_iv")
    origins = set(zip(iv["year"], iv["origin"], strict=True))
    assert origins == {(2020, "published"), (2021, "published"), (2022, "text")}
    # the whole is compared on the small study; here the way from the texts to the instrument
    assert_as_from_nothing(study, tmp_path / "nothing", "+dti_iv")
