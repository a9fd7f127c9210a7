"""dti gc: what goes is never missed, and what is latest stays on record."""

import shutil
import time
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from small_study import REPORTS, dti, make_study, stored_bytes, write_reports

from dti_assets.errors import BusyError, StudyError
from dti_assets.pipeline.execution.run import run
from dti_assets.pipeline.gc import collect_garbage
from dti_assets.pipeline.instance import instance
from dti_assets.pipeline.resources import Progress
from dti_assets.store.locks import exclusive
from dti_assets.store.sweep import Swept
from dti_assets.study.config import load_study

OWN_TERM = "国际合作,own,zh,a test,,\n"
PATENTS = """申请号,申请日,专利名称,摘要,申请人地址,专利类型
CN201410000001.1,2014-01-02,一种区块链数据存储方法,基于区块链,浙江省杭州市,发明专利
CN201510000002.2,2015-03-04,一种水泵,水泵,江苏省南京市,发明专利
"""


class Notes(Progress):
    def __init__(self) -> None:
        self.said: dict[str, str] = {}

    def summary(self, asset: str, sentence: str) -> None:
        self.said[asset] = sentence


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study over three reports, two of them in conflict, and a patent extract; run once."""
    study = make_study(tmp_path_factory.mktemp("template") / "s")
    reports = study.parent / "reports_raw"
    names = ("浙江省2014年政府工作报告.txt", "浙江2015.html")
    write_reports(reports, {**{n: REPORTS[n] for n in names}, "a/浙江2015.txt": ("浙江省", 2015)})
    (study.parent / "patents_raw" / "p.csv").write_text(PATENTS, encoding="utf-8")
    go(study)
    return study.parent


@pytest.fixture
def study(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "s")) / "study.yaml"


def go(study: Path, selected: str = "+dti_iv,digital_patents") -> dict[str, str]:
    """What a run says that makes everything again, of what is in the cache."""
    notes = Notes()
    outcome = run(load_study(study), selected, workers=1, progress=notes, force=True)
    assert outcome.success, outcome.failures
    return notes.said


def gc(study: Path, keep: int = 50, **options: object) -> dict[str, Swept]:
    swept = collect_garbage(load_study(study), keep, **options)
    return {part.what: part for part in swept}


def edit_dictionary(study: Path) -> None:
    dictionary = study.parent / "dictionaries" / "digital_economy_policy.csv"
    dictionary.write_text(dictionary.read_text(encoding="utf-8") + OWN_TERM, encoding="utf-8")


def entries(study: Path) -> set[Path]:
    cache = study.parent / "outputs" / "cache"
    return {path for path in cache.rglob("*") if path.is_file() and path.name != "run.lock"}


def test_nothing_goes_that_the_next_run_would_make_again(study: Path) -> None:
    before, bytes_before = entries(study), stored_bytes(study)
    swept = gc(study)
    assert all(part.gone == 0 for part in swept.values()), swept
    assert swept["texts"].found == 3 and swept["counts"].found == 1
    assert swept["patent slices"].found == 1 and swept["word lists"].found == 1
    assert entries(study) == before
    said = go(study)
    assert said["report_files"].startswith("0 read, 3 reused")
    assert said["keyword_counts"] == "0 reports counted, 1 reused"
    assert stored_bytes(study) == bytes_before


def test_what_an_edit_made_useless_goes(study: Path) -> None:
    edit_dictionary(study)
    terms = study.parent / "dictionaries" / "patents_blockchain.csv"
    terms.write_text(terms.read_text(encoding="utf-8").rsplit("\n", 2)[0] + "\n", encoding="utf-8")
    go(study)
    bytes_before, before = stored_bytes(study), entries(study)
    plan = gc(study, dry_run=True)
    assert (plan["texts"].gone, plan["counts"].gone, plan["patent slices"].gone) == (0, 1, 1)
    assert entries(study) == before
    done = gc(study)
    assert {k: v.gone for k, v in done.items()} == {k: v.gone for k, v in plan.items()}
    assert done["counts"].bytes == plan["counts"].bytes > 0
    assert len(entries(study)) < len(before)
    said = go(study)
    assert said["keyword_counts"] == "0 reports counted, 1 reused"
    assert said["report_files"].startswith("0 read, 3 reused")
    assert stored_bytes(study) == bytes_before
    assert all(part.gone == 0 for part in gc(study).values())


def test_a_file_that_is_gone_keeps_its_text_until_the_next_run(study: Path) -> None:
    (study.parent / "reports_raw" / "浙江省2014年政府工作报告.txt").unlink()
    assert gc(study)["texts"].gone == 0
    go(study)
    swept = gc(study)
    assert (swept["texts"].gone, swept["counts"].gone) == (1, 1)


def test_a_listing_of_another_version_is_no_reason_to_stop(study: Path) -> None:
    before = entries(study)
    listed = study.parent / "outputs" / "data" / "report_files.parquet"
    pd.read_parquet(listed).assign(a_column_of_before=1).to_parquet(listed)
    assert gc(study)["texts"].gone == 0 and entries(study) == before


def test_counts_of_candidate_terms_go_with_their_text(study: Path) -> None:
    go(study, "+candidate_counts")
    swept = gc(study)["candidates"]
    assert (swept.found, swept.gone) == (1, 0)
    (study.parent / "reports_raw" / "浙江省2014年政府工作报告.txt").unlink()
    go(study, "+candidate_counts")
    assert gc(study)["candidates"].gone == 1


def test_damaged_and_foreign_files_in_the_cache(study: Path) -> None:
    cache = study.parent / "outputs" / "cache"
    bytes_before = stored_bytes(study)
    text = next(cache.glob("texts/*/*.json"))
    text.write_bytes(b"rubbish")
    stray = cache / "texts" / "zz" / f"zz{'0' * 62}.json"
    stray.parent.mkdir()
    stray.write_bytes(b"rubbish")
    (cache / "notes.txt").write_text("the user's own")
    fresh, old = (cache / "texts" / f".x.json.{n}.0123abcd" for n in (1, 2))
    for path in (fresh, old):
        path.write_bytes(b"half")
    two_days_ago = time.time() - 2 * 86_400
    import os

    os.utime(old, (two_days_ago, two_days_ago))
    swept = gc(study)
    assert (swept["texts"].gone, swept["counts"].gone) == (1, 0)
    assert swept["left by writes cut short"].gone == 1 and not old.exists() and fresh.exists()
    assert not stray.parent.exists() and (cache / "notes.txt").exists()
    assert go(study)["report_files"].startswith("1 read, 2 reused")
    assert stored_bytes(study) == bytes_before


def test_a_study_beside_it_with_the_same_outputs_keeps_what_it_needs(study: Path) -> None:
    other = study.parent / "other.yaml"
    shutil.copytree(study.parent / "dictionaries", study.parent / "own")
    edit_dictionary(study)
    other.write_text(
        study.read_text() + "text: {dictionary: own/digital_economy_policy.csv}\n",
        encoding="utf-8",
    )
    go(study)
    assert gc(study)["counts"].gone == 0
    other.write_text("years: [2014, 2015]\noutputs: elsewhere\n")
    assert gc(study)["counts"].gone == 1
    other.write_text("years: [2014, 2015]\nnonsense: 1\n")
    with pytest.raises(StudyError, match="unknown key nonsense"):
        gc(study)


def test_what_is_no_study_file_beside_it_is_passed_over(study: Path) -> None:
    folder = study.parent
    # as Emacs marks an open file, and Vim keeps its changes
    (folder / ".#study.yaml").symlink_to("me@host.1234")
    (folder / ".other.yaml").write_text("years: [2014, 2015]\nnonsense: 1\n")
    (folder / "folder.yaml").mkdir()
    (folder / "dangling.yml").symlink_to("nowhere")
    assert all(part.gone == 0 for part in gc(study, dry_run=True).values())


def test_where_needs_cannot_be_told_nothing_goes(study: Path) -> None:
    edit_dictionary(study)
    before = entries(study)
    (study.parent / "reports_raw").rename(study.parent / "away")
    with pytest.raises(StudyError, match="cannot be told what is needed"):
        gc(study)
    (study.parent / "away").rename(study.parent / "reports_raw")
    # of a file that cannot be read no slice was ever made
    (study.parent / "patents_raw" / "bad.xlsx").write_bytes(b"PK no workbook")
    assert gc(study)["patent slices"].note == ""
    (study.parent / "patents_raw").rename(study.parent / "away")
    swept = gc(study)
    (study.parent / "away").rename(study.parent / "patents_raw")
    assert swept["patent slices"].note.startswith("left alone: ")
    assert {p for p in before if "patents" in p.parts} <= entries(study)
    with exclusive(load_study(study).cache_folder, "a run"):
        # this process holds the lock, another one must not tidy up
        refused = dti("gc", "--study", str(study), "--no-wait")
    assert refused.returncode == 2 and "dti: a run (process " in refused.stderr
    assert issubclass(BusyError, ValueError)


def runs(study: Path) -> list[str]:
    with instance(load_study(study).home) as opened:
        return [record.dagster_run.run_id for record in opened.get_run_records()]


def test_old_runs_go_and_those_that_hold_what_is_latest_stay(study: Path) -> None:
    first = runs(study)[0]
    for _ in range(3):
        go(study, "capital_distances")
    everything = runs(study)
    assert len(everything) == 4 and everything[-1] == first
    assert gc(study, keep=4)["run records"].gone == 0
    assert gc(study, keep=0, older_than=1)["run records"].gone == 0
    assert gc(study, keep=1, dry_run=True)["run records"].gone == 2 and runs(study) == everything
    swept = gc(study, keep=1)["run records"]
    assert (swept.found, swept.gone) == (4, 2) and swept.bytes > 0
    assert swept.note.startswith("1 older ones stay")
    # the oldest holds the latest of every other asset, the newest that of the distances
    assert runs(study) == [everything[0], first]
    assert gc(study, keep=0)["run records"].gone == 0
    with instance(load_study(study).home) as opened:
        for name in ("dti_iv", "report_texts", "capital_distances"):
            assert opened.get_latest_materialization_event(dg.AssetKey(name)) is not None
        years = opened.get_materialized_partitions(dg.AssetKey("report_texts"))
        assert years == {"2014", "2015"}
    history = study.parent / ".dagster" / "history" / "runs"
    kept = {path.stem for path in history.glob("*-*.db")}
    assert kept == set(runs(study))


def test_a_year_made_by_an_older_run_keeps_that_run(study: Path) -> None:
    first = runs(study)[0]
    for _ in range(2):
        only = load_study(study, (2015, 2015))
        outcome = run(only, "report_files,report_texts", workers=1, force=True)
        assert outcome.success, outcome.failures
    assert gc(study, keep=0)["run records"].gone == 1
    assert len(runs(study)) == 2 and first in runs(study)


def test_the_command_says_what_went(study: Path) -> None:
    edit_dictionary(study)
    done = dti("gc", "--study", str(study), "--dry-run")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert any(line.startswith("counts: 1 of 1 to remove, ") for line in lines)
    assert lines[-1].endswith(" would be freed")
    assert dti("gc", "--study", str(study)).stdout.splitlines()[-1].endswith(" freed")
