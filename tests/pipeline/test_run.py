"""Runs of a small study: what is made, what is done again, and that nothing else matters."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import samples
from small_study import dti, make_study, stored_bytes, write_reports

from dti_assets.pipeline.checks import findings
from dti_assets.pipeline.execution.run import Outcome, run
from dti_assets.pipeline.resources import Progress, Workspace
from dti_assets.store.parquet import Store
from dti_assets.study.catalogue import stored_tables
from dti_assets.study.config import load_study

REPORTS_AND_INSTRUMENT = "+dti_iv"


class Notes(Progress):
    def __init__(self) -> None:
        self.said: dict[str, str] = {}
        self.counted: list[tuple[int, int | None]] = []

    def report(self, asset: str, done: int, total: int | None) -> None:
        if asset == "keyword_counts":
            self.counted.append((done, total))

    def summary(self, asset: str, sentence: str) -> None:
        self.said[asset] = sentence


def go(study: Path, force: bool = False) -> tuple[Outcome, dict[str, str]]:
    notes = Notes()
    outcome = run(load_study(study), REPORTS_AND_INSTRUMENT, workers=2, progress=notes, force=force)
    assert outcome.success, outcome.failures
    if "keyword_counts" not in outcome.made:
        return outcome, notes.said
    # what is said ahead of the counting is what it comes to
    counted, reused = (int(n) for n in re.findall(r"\d+", notes.said["keyword_counts"]))
    all_of_them = counted + reused
    assert notes.counted == [(done, all_of_them) for done in range(reused, all_of_them + 1)]
    return outcome, notes.said


def test_a_study_from_files_to_the_instrument(small_study: Path) -> None:
    outcome, said = go(small_study)
    assert said["report_files"] == "5 read, 0 reused, 0 refused"
    study = load_study(small_study)
    store = Store(study.output_url)
    iv = store.read(stored_tables(study)["dti_iv"]).set_index(["province", "year"])
    assert len(iv) == 62
    # 23 repeats of 4 plan terms and 2 review terms: see samples
    assert iv.loc[("浙江", 2015), "keyword_hits"] == 23 * 6
    assert iv.loc[("浙江", 2015), "origin"] == "text"
    assert iv.loc[("北京", 2014), "origin"] == "published"
    row = iv.loc[("江苏", 2014)]
    assert row["dti_iv"] == row["keyword_hits"] / row["total_words"] / row["distance_km"]
    assert row["distance_km"] == pytest.approx(242.3, abs=0.35)
    assert iv["reason"][iv["dti_iv"].isna()].notna().all()
    missing = iv[iv["dti_iv"].isna()].index.tolist()
    assert missing == [("福建", 2014), ("福建", 2015)]
    assert "policy_attention.coverage" in [name for name, _, _ in outcome.warnings]


def workers_of_this_process() -> list[str]:
    children = subprocess.run(
        ["ps", "--ppid", str(os.getpid()), "-o", "args="], capture_output=True, text=True
    ).stdout.splitlines()
    return [child for child in children if "worker_main" in child]


def test_no_worker_outlives_its_step(small_study: Path) -> None:
    outcome = run(load_study(small_study), "report_files", workers=2)
    assert outcome.success and workers_of_this_process() == []


def test_a_stored_table_that_breaks_its_declaration_stops_what_reads_it(
    small_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dti_assets.instrument import distances

    right = distances.capital_distances
    monkeypatch.setattr(
        distances,
        "capital_distances",
        lambda *chosen, units: right(*chosen, units=units).assign(
            distance_km=lambda f: -f["distance_km"]
        ),
    )
    outcome = run(load_study(small_study), REPORTS_AND_INSTRUMENT)
    assert not outcome.success
    assert "capital_distances" in outcome.made and "dti_iv" not in outcome.made
    # told once, by the check, and not as a failure of the step as well
    (said,) = outcome.failures
    assert said.startswith("capital_distances.as_declared: ") and "distance_km" in said


def test_only_what_changed_is_done_again(small_study: Path) -> None:
    first, _ = go(small_study)
    before = stored_bytes(small_study)
    again, said = go(small_study)
    assert again.made == [] and said == {} and set(again.kept) == set(first.made)
    # what needed attention still does
    assert again.warnings == first.warnings != []
    forced, said = go(small_study, force=True)
    assert set(forced.made) == set(first.made) and forced.kept == []
    assert said["report_files"] == "0 read, 5 reused, 0 refused"
    assert said["keyword_counts"] == "0 reports counted, 5 reused"
    assert stored_bytes(small_study) == before

    new = samples.report_text("江西省", 2014)
    reports = small_study.parent / "reports_raw"
    (reports / "江西2014.txt").write_text(new, encoding="utf-8")
    _, said = go(small_study)
    assert said["report_files"] == "1 read, 5 reused, 0 refused"
    assert said["keyword_counts"] == "1 reports counted, 5 reused"

    dictionary = small_study.parent / "dictionaries" / "digital_economy_policy.csv"
    with dictionary.open("a", encoding="utf-8") as handle:
        handle.write("国际合作,own,zh,a test,,\n")
    outcome, said = go(small_study)
    assert "report_files" in outcome.kept and "report_files" not in said
    assert said["keyword_counts"] == "6 reports counted, 0 reused"
    store = Store(load_study(small_study).output_url)
    keywords = store.read(stored_tables(load_study(small_study))["keyword_counts"], [2014, 2015])
    assert (keywords["origin"] == "text").all() and keywords["hits_token"].isna().all()
    assert "国际合作" in set(keywords["term"])
    attention = store.read(stored_tables(load_study(small_study))["policy_attention"], [2014, 2015])
    assert attention["reason"].str.contains("not the shipped one").sum() == 62 - 6


def test_a_conflict_is_counted_nowhere_until_the_study_settles_it(small_study: Path) -> None:
    other = small_study.parent / "reports_raw" / "zhejiang-2015.txt"
    other.write_text(samples.report_text("浙江省", 2015, repeats=40), encoding="utf-8")
    outcome, _ = go(small_study)
    store = Store(load_study(small_study).output_url)
    iv = store.read(stored_tables(load_study(small_study))["dti_iv"]).set_index(
        ["province", "year"]
    )
    assert iv.loc[("浙江", 2015), "dti_iv"] != iv.loc[("浙江", 2015), "dti_iv"]
    assert "conflict" in iv.loc[("浙江", 2015), "reason"]
    assert any(name == "report_files.all_read" for name, _, _ in outcome.warnings)
    small_study.write_text(
        small_study.read_text(encoding="utf-8")
        + "text: {settled: {zhejiang-2015.txt: {province: 浙江, year: 2015}}}\n",
        encoding="utf-8",
    )
    go(small_study)
    iv = store.read(stored_tables(load_study(small_study))["dti_iv"]).set_index(
        ["province", "year"]
    )
    assert iv.loc[("浙江", 2015), "keyword_hits"] == 40 * 6


@pytest.mark.parametrize(
    ("choice", "hits", "words"),
    [
        ("text: {section: plan}", 23 * 4, "words_nonpunct"),
        ("text: {section: review, words: chars}", 23 * 2, "chars_han"),
        ("text: {hits: overlap, words: all}", 23 * 7, "words_all"),
        # jieba cuts 大|数据服务 and so finds no token 大数据
        ("text: {hits: token, words: han}", 23 * 5, "words_han"),
    ],
)
def test_choices_of_the_study_are_followed_and_stamped(
    tmp_path: Path, choice: str, hits: int, words: str
) -> None:
    study = make_study(tmp_path / "s", choice)
    write_reports(study.parent / "reports_raw")
    go(study)
    store = Store(load_study(study).output_url)
    attention = store.read(
        stored_tables(load_study(study))["policy_attention"], [2014, 2015]
    ).set_index(["province", "year"])
    row = attention.loc[("浙江", 2015)]
    assert row["keyword_hits"] == hits
    assert row["frequency"] == hits / row[words]
    stamp = load_study(study).text
    assert (row["section"], row["hits"], row["words"], row["annexes"]) == (
        stamp.section, stamp.hits, stamp.words, stamp.annexes,
    )  # fmt: skip


def test_published_denominators_beside_those_of_another_tokenizer_are_told(tmp_path: Path) -> None:
    pytest.importorskip("rjieba", reason="the rjieba extra is not installed")
    study = make_study(tmp_path / "s", "text: {tokenizer: rjieba}\n")
    write_reports(study.parent / "reports_raw")
    go(study)

    def said() -> list[str]:
        found = findings(Workspace(load_study(study)), "keyword_counts.published_agree")
        return [sentence for sentence in found if "cut by" in sentence]

    (sentence,) = said()
    assert re.match(r"words are cut by jieba \S+ in 55 province-years, 5 by rjieba", sentence)
    # Han characters are the same for both
    study.write_text(study.read_text().replace("rjieba", "rjieba, words: chars"))
    assert said() == []


def test_bytes_do_not_depend_on_hash_seed_or_workers(small_study: Path) -> None:
    found = []
    for seed, workers in (("0", "1"), ("4711", "3")):
        for folder in ("outputs", ".dagster"):
            subprocess.run(["rm", "-rf", str(small_study.parent / folder)], check=True)
        done = dti(
            "run", "--study", str(small_study), "--select", REPORTS_AND_INSTRUMENT,
            "--workers", workers, PYTHONHASHSEED=seed,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        found.append(stored_bytes(small_study))
    assert found[0] == found[1] and len(found[0]) == 3 + 4 * 2


def test_a_killed_run_is_finished_by_the_next(small_study: Path, tmp_path: Path) -> None:
    undisturbed = make_study(tmp_path / "other")
    write_reports(undisturbed.parent / "reports_raw")
    go(undisturbed)
    chance = random.Random(20261124)
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", "from dti_assets.cli.main import main; main()", "run", "--study",
             str(small_study), "--select", REPORTS_AND_INSTRUMENT],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        time.sleep(chance.uniform(1.0, 4.0))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    go(small_study)
    assert stored_bytes(small_study) == stored_bytes(undisturbed)


def test_an_interrupted_run_says_so_and_goes_on_next_time(small_study: Path) -> None:
    command = [
        sys.executable, "-c", "from dti_assets.cli.main import main; main()", "run", "--study",
        str(small_study), "--select", REPORTS_AND_INSTRUMENT,
    ]  # fmt: skip
    # Ctrl-C reaches every process of the terminal's foreground group
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stderr is not None
        said = ""
        while "reading reports" not in said:
            said += process.stderr.readline()
        os.killpg(process.pid, signal.SIGINT)
        said += process.stderr.read()
    assert process.returncode == 130, said
    assert said.splitlines()[-1] == "interrupted; run again to go on where it stopped"
    assert "Traceback" not in said and "DagsterExecution" not in said
    _, done = go(small_study)
    assert done["report_files"].endswith("0 refused")


def test_selection_and_remote_outputs(tmp_path: Path) -> None:
    study = make_study(tmp_path / "s", f"outputs: file://{tmp_path}/far\n")
    outcome = run(load_study(study), "capital_distances")
    assert outcome.made == ["capital_distances"]
    assert (tmp_path / "far" / "data" / "capital_distances.parquet").exists()
    assert Workspace(load_study(study)).cache.folder == study.parent / ".cache"
