"""Progress on standard error, the closing summary on standard output, once: what each says."""

import os
import time
from pathlib import Path

import pytest
from small_study import make_study

from dti_assets.cli.output import shortened
from dti_assets.cli.progress import ConsoleProgress, console_progress
from dti_assets.pipeline.execution.run import Outcome
from dti_assets.study.config import Study, load_study

LONG = "浙江 carries it: " + "a sentence that does not end " * 8


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return load_study(make_study(tmp_path / "s"))


def summary(capsys: pytest.CaptureFixture[str], study: Study, outcome: Outcome) -> str:
    progress = ConsoleProgress(study.name)
    progress.summary("panel", LONG)
    progress.close(outcome, study)
    said = capsys.readouterr()
    assert LONG in said.err and LONG not in said.out
    return said.out


def test_one_line_an_asset_on_a_terminal_and_whole_sentences_elsewhere(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, study: Study
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((60, 20)))
    with console_progress(study.name) as progress:
        progress.summary("panel", LONG)
    progress.close(Outcome(True, made=["panel"]), study)
    said = capsys.readouterr()
    # rich clears the line before
    (line,) = [x.removeprefix("\033[2K") for x in said.err.splitlines() if "浙江" in x]
    assert line.endswith("…") and len(line) <= 58 and "浙江" not in said.out
    assert shortened("浙江省", 6) == "浙江省" and shortened("浙江省", 5) == "浙江…"


def test_how_far_long_work_is_where_its_end_is_not_known(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, study: Study
) -> None:
    def told(progress: ConsoleProgress) -> str:
        for done in range(50_000, 450_000, 50_000):
            progress.report("digital_patents", done, None)
        progress.report("digital_patents", 400_000, 400_000)
        progress.report("report_files", 3, 10)
        return capsys.readouterr().err

    plain = told(ConsoleProgress(study.name)).splitlines()
    so_far = [f"classifying patents: {n}0,000 so far" for n in (5, 10, 20, 40)]
    assert plain[1:] == [*so_far, "reading reports: 3 of 10 known, 7 to do"]

    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "100")
    with console_progress(study.name) as progress:
        progress.report("digital_patents", 50_000, None)
        # the bar draws itself, some times a second
        midway, until = "", time.monotonic() + 20
        while "50000/?" not in midway and time.monotonic() < until:
            time.sleep(0.05)
            midway += capsys.readouterr().err
        end = told(progress)
    assert "classifying patents" in midway and "50000/?" in midway
    last = [line for line in end.splitlines() if "classifying patents" in line][-1]
    assert "400000/400000" in last


def test_files_of_the_panel_are_named_where_they_were_made(
    capsys: pytest.CaptureFixture[str], study: Study
) -> None:
    said = summary(capsys, study, Outcome(True, made=["panel"]))
    assert f"{study.output_url}/panel" not in said
    said = summary(capsys, study, Outcome(True, made=["panel", "panel_export"]))
    assert f"panel files:   {study.output_url}/panel\n" in said


def test_what_there_is_to_look_at_is_something_that_was_made(
    capsys: pytest.CaptureFixture[str], study: Study
) -> None:
    def looked_at(outcome: Outcome) -> list[str]:
        lines = summary(capsys, study, outcome).splitlines()
        return [line.split()[5] for line in lines if line.startswith("look at one:")]

    assert looked_at(Outcome(True, made=["dti_iv", "panel"])) == ["dti_iv"]
    assert looked_at(Outcome(True, made=["user_figures"])) == ["user_figures"]
    assert looked_at(Outcome(False, made=["dti_iv"], failures=["panel: wrong"])) == []


def test_every_line_of_a_failure_is_indented(
    capsys: pytest.CaptureFixture[str], study: Study
) -> None:
    faults = Outcome(False, failures=["user_figures: two faults\na.csv, line 2\na.csv, line 3"])
    lines = summary(capsys, study, faults).splitlines()
    assert lines[lines.index("failed:") + 1 :] == [
        "  user_figures: two faults", "  a.csv, line 2", "  a.csv, line 3",
    ]  # fmt: skip


def test_the_name_of_a_file_moves_no_terminal(
    capsys: pytest.CaptureFixture[str], study: Study
) -> None:
    name = "\033[31mname\r.pdf"
    outcome = Outcome(False, ["panel"], [f"panel: {name}"], [("files", name, name)])
    said = summary(capsys, study, outcome)
    assert "\033" not in said and "\r" not in said and said.count("[31mname") == 3


def test_a_long_list_names_the_command_that_prints_all_of_it(
    capsys: pytest.CaptureFixture[str], study: Study
) -> None:
    def said(of: Study, number: int) -> list[str]:
        lines = "\n".join(f"- line {n}" for n in range(number))
        warned = [("panel.gaps", f"{number} to look at", lines)]
        return [
            line.strip()
            for line in summary(capsys, of, Outcome(True, warnings=warned)).splitlines()
            if line.startswith("    ")
        ]

    assert said(study, 5) == [f"- line {n}" for n in range(5)]
    command = f"… all of them: dti show panel.gaps --study {study.file}"
    assert said(study, 6) == [*said(study, 5), command]
    once = load_study(study.file, (2014, 2014))
    assert said(once, 6)[-1] == f"{command} --years 2014"


def test_years_given_for_once_are_told_apart_from_the_studys(
    capsys: pytest.CaptureFixture[str], study: Study
) -> None:
    once = load_study(study.file, (2014, 2014))
    note = "tables cover 2014 only; study.yaml says 2014-2015: dti run rebuilds all"
    assert note in summary(capsys, once, Outcome(True, made=["panel"]))
    for other, made in (
        (once, "policy_attention"),
        (study, "panel"),
        (load_study(study.file, (2014, 2015)), "panel"),
    ):
        assert "rebuilds" not in summary(capsys, other, Outcome(True, made=[made]))


def test_where_results_are_is_told_without_a_password(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    study = load_study(make_study(tmp_path / "s", "outputs: sftp://me:SECRET@host/far\n"))
    said = summary(capsys, study, Outcome(True, made=["panel", "replication_report"]))
    assert "report:        sftp://***@host/far/report.html\n" in said and "SECRET" not in said
