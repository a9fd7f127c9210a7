"""What a run takes for up to date: whatever changed, what is there afterwards is what a run from
nothing makes; and in doubt an asset is made again."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import samples
from killed_runs import new_study, outputs
from made_studies import change_study

from dti_assets.compute import engines
from dti_assets.compute.workers import Failure, run_limited
from dti_assets.pipeline import checks as warners
from dti_assets.pipeline import metadata, stored_asset
from dti_assets.pipeline.execution import freshness
from dti_assets.pipeline.execution.run import Outcome, run
from dti_assets.pipeline.resources import Workspace
from dti_assets.pipeline.state import provenance as origins
from dti_assets.store import files
from dti_assets.study.config import load_study
from dti_assets.text import checks
from dti_assets.text import folder as reports

# to the files of the panel; what is estimated from it is compared where runs are killed
SELECTED = "+panel_export,keyword_contexts"
TERMS = "dictionaries/digital_economy_policy.csv"
PATENT = "\nCN9,一种区块链方法,2015-03-09,杭州市"
REPORT = "reports_raw/2015_上海.txt"


def go(folder: Path, select: str = SELECTED) -> Outcome:
    outcome = run(load_study(folder / "study.yaml"), select, workers=1)
    assert outcome.success, outcome.failures
    return outcome


def append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as handle:
        handle.write(text)


def no_more(*_: object) -> None:
    raise OSError("no more")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of two years that has been run."""
    folder = new_study(tmp_path_factory.mktemp("made") / "study").parent
    go(folder)
    return folder


@pytest.fixture
def study(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "study"))


def provenance(study: Path) -> None:
    side = study / f"{REPORT}.source.json"
    side.write_text(json.dumps({"supersedes": []}), encoding="utf-8")


def other_content(study: Path) -> None:
    data = study / "outputs/data"
    shutil.copy(data / "user_files.parquet", data / "user_figures.parquet")


Change = Callable[[Path], object]

# what is altered, some assets that are then made again, and some that are kept
INPUTS: dict[str, tuple[Change, set[str], set[str]]] = {
    "a report": (
        lambda s: append(s / REPORT, "数字经济"),
        {"report_files", "dti_iv", "panel"},
        {"capital_distances", "patent_counts", "user_figures"},
    ),
    "a report that is gone": (
        lambda s: (s / REPORT).unlink(),
        {"report_files", "dti_iv", "panel"},
        {"patent_counts"},
    ),
    "a term": (
        lambda s: append(s / TERMS, "国际合作,own,zh,a test,,\n"),
        {"keyword_counts", "policy_attention", "dti_iv"},
        {"report_files", "report_texts", "patent_counts"},
    ),
    "a patent": (
        lambda s: append(s / "patents_raw/extract.csv", PATENT),
        {"digital_patents", "patent_counts", "dti", "panel"},
        {"report_files", "dti_iv"},
    ),
    "a figure that comes with an old date": (
        lambda s: (
            append(s / "panel_raw/own.csv", "province,year,gdp (亿元)\n浙江,2014,40023\n"),
            os.utime(s / "panel_raw/own.csv", (1e9, 1e9)),
        ),
        # dti divides by the population, which may be among them
        {"user_figures", "panel", "dti"},
        {"report_files", "dti_iv"},
    ),
    "what is a hit": (
        lambda s: change_study(s, "text: {hits: overlap}\n"),
        {"keyword_counts", "policy_attention", "keyword_contexts", "dti_iv"},
        {"report_files", "capital_distances", "dti"},
    ),
    "the denominator": (
        lambda s: change_study(s, "text: {words: han}\n"),
        {"policy_attention", "dti_iv", "panel"},
        {"report_files", "keyword_counts", "dti"},
    ),
    "the half that counts": (
        lambda s: change_study(s, "text: {section: plan}\n"),
        {"policy_attention", "keyword_contexts"},
        {"report_files", "keyword_counts", "dti"},
    ),
    "the years": (lambda s: change_study(s, "years: [2015, 2015]\n"), {"panel"}, set()),
}
OUTPUTS: dict[str, tuple[Change, set[str], set[str]]] = {
    "what a download knew": (provenance, {"report_files"}, {"patent_counts"}),
    "a table cut short": (
        lambda s: os.truncate(s / "outputs/data/dti_iv.parquet", 100),
        {"dti_iv", "panel"},
        {"policy_attention", "dti"},
    ),
    "a table with another's content": (other_content, {"user_figures", "panel"}, {"dti_iv"}),
    "a year that is gone": (
        lambda s: (s / "outputs/data/policy_attention/2015.parquet").unlink(),
        {"policy_attention", "dti_iv"},
        {"keyword_counts"},
    ),
    "a file of the panel": (
        lambda s: append(s / "outputs/panel/panel.csv", "x"),
        {"panel_export"},
        {"panel", "dti_iv"},
    ),
    "the run records": (lambda s: shutil.rmtree(s / ".dagster"), {"report_files", "panel"}, set()),
    "a record of what a table was made from": (
        lambda s: (s / "outputs/data/made_from/dti.json").write_text("{}"),
        {"dti", "panel"},
        {"dti_iv"},
    ),
}


def brought_up_to_date(study: Path, again: set[str], kept: set[str]) -> Outcome:
    """A run that makes some and keeps others, after which nothing is left to make."""
    outcome = go(study)
    assert again <= set(outcome.made) and kept <= set(outcome.kept)
    assert go(study).made == []
    return outcome


def assert_as_from_nothing(study: Path, nothing: Path) -> Outcome:
    """What lies there is what a run in a new folder makes, byte by byte; that run."""
    shutil.copytree(study, nothing, ignore=shutil.ignore_patterns("outputs", ".dagster"))
    whole = go(nothing)
    found, expected = outputs(study / "study.yaml"), outputs(nothing / "study.yaml")
    # years that the study has no longer stay as they were
    assert {path: found.get(path) for path in expected} == expected
    return whole


@pytest.mark.parametrize("what", INPUTS)
def test_after_inputs_changed_the_outputs_are_those_of_a_run_from_nothing(
    study: Path, tmp_path: Path, what: str
) -> None:
    change, again, kept = INPUTS[what]
    change(study)
    outcome = brought_up_to_date(study, again, kept)
    whole = assert_as_from_nothing(study, tmp_path / "nothing")
    assert whole.kept == [] and set(whole.made) == {*outcome.made, *outcome.kept}
    assert set(outcome.warnings) == set(whole.warnings)


# choices about counting, which several assets look at
@pytest.mark.parametrize(
    "what", ["a term", "what is a hit", "the denominator", "the half that counts"]
)
def test_a_run_of_one_asset_hides_no_change_from_what_else_looks_at_it(
    study: Path, tmp_path: Path, what: str
) -> None:
    """A table may come out as it was, and then what rests on it does not learn of the change."""
    change, again, _ = INPUTS[what]
    change(study)
    for one in sorted(again):
        go(study, one)
    go(study)
    assert_as_from_nothing(study, tmp_path / "nothing")


def test_what_was_made_with_another_setting_is_made_again_when_that_is_taken_back(
    study: Path,
) -> None:
    """Though nothing that it rests on has been made meanwhile."""
    before = (study / "study.yaml").read_text(encoding="utf-8")
    for lines in ("text: {section: plan}\n", "instrument: {zero_distance: drop}\n"):
        change_study(study, lines)
        go(study, "frozen_instrument,table_coverage")
        (study / "study.yaml").write_text(before, encoding="utf-8")
        assert "frozen_instrument" in go(study).made
    # nor does a term's flag move a count
    terms = (study / TERMS).read_text(encoding="utf-8")
    (study / TERMS).write_text(terms.replace(",,\n", ",,export_policy\n", 1), encoding="utf-8")
    go(study, "keyword_counts")
    assert "frozen_instrument" in go(study).made


@pytest.mark.parametrize("what", OUTPUTS)
def test_what_happened_to_the_outputs_is_mended(made: Path, study: Path, what: str) -> None:
    change, again, kept = OUTPUTS[what]
    change(study)
    brought_up_to_date(study, again, kept)
    found, expected = outputs(study / "study.yaml"), outputs(made / "study.yaml")
    record = "data/made_from/report_files.json"
    # which has what a download knew
    assert found.pop(record) == expected.pop(record) or what == "what a download knew"
    assert found == expected


@pytest.mark.parametrize(("where", "what"), [(origins, "program"), (metadata, "season")])
def test_another_program_or_season_makes_everything_again(
    study: Path, monkeypatch: pytest.MonkeyPatch, where: ModuleType, what: str
) -> None:
    monkeypatch.setattr(where, what, lambda: "another")
    assert go(study).kept == []
    assert go(study).made == []


def test_what_was_not_looked_at_is_made_again(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run may end between storing a table and looking at it."""
    with monkeypatch.context() as patch:
        patch.setattr(stored_asset, "looked_at", no_more)
        assert not run(load_study(study / "study.yaml"), "dti", force=True).success
    outcome = go(study)
    assert {"dti", "panel"} <= set(outcome.made) and "dti_iv" in outcome.kept


def test_a_warning_that_was_not_looked_for_is_looked_for_and_nothing_is_made(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run makes the checks of several assets at once, and may be killed before."""
    before = go(study).warnings
    with monkeypatch.context() as patch:
        patch.setattr(warners, "looked_at", no_more)
        forced = run(load_study(study / "study.yaml"), "policy_attention", force=True)
    assert not forced.success and forced.warnings == []
    outcome = go(study)
    assert outcome.made == []
    assert set(outcome.warnings) == set(before)
    assert "policy_attention.coverage" in {name for name, _, _ in before}


def short_of(kind: str) -> Callable[..., Iterator[tuple[int, Any]]]:
    """What runs calls in workers, where none that reads a file ends well."""

    def run_calls(function: Any, calls: Any, *how: Any) -> Iterator[tuple[int, Any]]:
        if function is not reports.read_file:
            yield from run_limited(function, calls, *how)
            return
        for index, _ in enumerate(calls):
            yield index, Failure(kind, "for a test")

    return run_calls


@pytest.mark.parametrize("kind", ["timeout", "memory", "died"])
def test_a_report_that_met_a_limit_is_tried_again(
    study: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    append(study / REPORT, "数字经济")
    with monkeypatch.context() as patch:
        patch.setattr(engines, "run_limited", short_of(kind))
        go(study, "report_files")
    assert go(study, "report_files").made == ["report_files"]
    assert go(study, "report_files").made == []
    assert set(Workspace(load_study(study / "study.yaml")).stored("report_files")["status"]) == {
        "ok"
    }


def test_another_report_in_the_place_of_one_that_met_a_limit_is_seen(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(study / REPORT, "数字经济")
    with monkeypatch.context() as patch:
        patch.setattr(engines, "run_limited", short_of("timeout"))
        go(study, "report_files")
    workspace = Workspace(load_study(study / "study.yaml"))
    changed = f"report {Path(REPORT).name} has changed since asset report_files was made"
    assert changed not in [*freshness._changed_reports(workspace)]
    append(study / REPORT, "平台经济")
    assert changed in [*freshness._changed_reports(workspace)]


def test_a_report_whose_size_was_not_to_be_had_is_tried_again(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_opened(function: Any, calls: Any, *how: Any) -> Iterator[tuple[int, Any]]:
        if function is not reports.read_file:
            yield from run_limited(function, calls, *how)
            return
        for index, _ in enumerate(calls):
            yield index, (None, None, reports.Reading("vanished", "for a test"))

    append(study / REPORT, "数字经济")
    with monkeypatch.context() as patch:
        patch.setattr(engines, "run_limited", not_opened)
        go(study, "report_files")
    stored = Workspace(load_study(study / "study.yaml")).stored("report_files")
    assert stored["bytes"].isna().any()
    assert go(study, "report_files").made == ["report_files"]


def test_a_report_that_cannot_be_read_is_not_read_again_and_again(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    huge = study / "reports_raw/2015_huge.txt"
    huge.write_bytes(b"x" * 60_000)
    (study / "reports_raw/2015_broken.docx").write_bytes(b"PK\x03\x04 cut off")
    for module in (reports, freshness):
        monkeypatch.setattr(module, "MAX_BYTES", 50_000)
    # one that is set aside is not waited for either
    change_study(study, f"text: {{settled: {{{Path(REPORT).name}: {{ignore: true}}}}}}\n")
    append(study / REPORT, "数字经济")
    with monkeypatch.context() as patch:
        patch.setattr(engines, "run_limited", short_of("timeout"))
        go(study, "report_files")
    # the broken one is tried again, and found to be broken for good
    assert go(study, "report_files").made == ["report_files"]
    assert go(study, "report_files").made == []
    append(huge, "x")
    assert go(study, "report_files").made == ["report_files"]
    assert go(study, "report_files").made == []


def test_a_warning_that_hangs_on_a_setting_is_looked_for_under_it(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two tokenizers in one study matter where words are counted, and not for characters; counts
    are the same."""
    monkeypatch.setattr(checks, "mixed_tokenizers", lambda _, level: ["cut by two"])
    told = []
    for words in ("chars", "nonpunct", "nonpunct", "chars"):
        change_study(study, f"text: {{words: {words}}}\n")
        outcome = go(study, "keyword_counts")
        assert outcome.made == []
        told.append("cut by two" in str(outcome.warnings))
    assert told == [False, True, True, False]


def test_what_rests_on_an_outdated_asset_is_not_taken_for_up_to_date(study: Path) -> None:
    append(study / "patents_raw/extract.csv", PATENT)
    # made of what is stored, though that is of other patents
    assert "panel" in go(study, "panel").made
    assert go(study, "dti_iv").made == []
    assert {"patent_counts", "panel"} <= set(go(study).made)
    assert go(study).made == []


def test_a_year_rests_on_the_files_that_claim_it_by_their_text(study: Path) -> None:
    text = samples.report_text("广东省", 2015)
    (study / "reports_raw/2016_广东.txt").write_text(text, encoding="utf-8")
    go(study, "report_files")
    # by its name it is of no year of the study
    assert {"keyword_counts", "policy_attention"} <= set(go(study, "+policy_attention").made)
    attention = Workspace(load_study(study / "study.yaml")).stored("policy_attention")
    row = attention.set_index(["province", "year"]).loc[("广东", 2015)]
    assert "2016_广东.txt: conflict" in row["reason"]


@pytest.mark.parametrize("name", ["sources.csv", "figures.csv.part", ".figures.csv"])
def test_what_is_no_report_by_its_name_may_be_a_file_of_figures(study: Path, name: str) -> None:
    file = study / "panel_raw" / name
    file.write_text("province,year,gdp (亿元)\n浙江,2014,40023\n", encoding="utf-8")
    asset = "user_figures" if name == "sources.csv" else "figures_left_out"
    assert asset in go(study, asset).made
    assert name in set(Workspace(load_study(study / "study.yaml")).stored(asset)["file"])
    assert go(study, asset).made == []
    file.unlink()
    assert asset in go(study, asset).made
    (study / "panel_raw/README.md").write_text("mine", encoding="utf-8")
    assert go(study, asset).made == []


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), FileNotFoundError()])
def test_a_file_that_cannot_be_opened_stops_none_but_what_reads_it(
    study: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    """Its permissions, or that it goes after the folder was listed, are no matter of others."""
    (study / "panel_raw/own.csv").write_text("province,year,gdp (亿元)\n", encoding="utf-8")
    append(study / REPORT, "数字经济")
    plain = files.sha256

    def opened(path: Path) -> str:
        if path.name == "own.csv":
            raise error
        return plain(path)

    monkeypatch.setattr(files, "sha256", opened)
    assert go(study, "report_files").made == ["report_files"]
