"""The closing summary: what it says, one line an asset on a terminal, no escape codes elsewhere."""

import os
from pathlib import Path

import pytest
from small_study import make_study

from dti_assets.output import shortened
from dti_assets.pipeline.run import Outcome
from dti_assets.progress import ConsoleProgress
from dti_assets.study import Study, load_study

LONG = "浙江 carries it: " + "a sentence that does not end " * 8


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return load_study(make_study(tmp_path / "s"))


def summary(capsys: pytest.CaptureFixture[str], study: Study, outcome: Outcome, bar: object) -> str:
    progress = ConsoleProgress(study.name, bar)
    progress.summary("panel", LONG)
    progress.close(outcome, study)
    return capsys.readouterr().err


def test_one_line_an_asset_on_a_terminal_and_whole_sentences_elsewhere(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, study: Study
) -> None:
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((60, 20)))
    outcome = Outcome(True, made=["panel"])
    (line,) = [x for x in summary(capsys, study, outcome, object()).splitlines() if "浙江" in x]
    assert line.endswith("…") and len(line) <= 58
    assert LONG in summary(capsys, study, outcome, None)
    assert shortened("浙江省", 6) == "浙江省" and shortened("浙江省", 5) == "浙江…"


def test_files_of_the_panel_are_named_where_they_were_made(
    capsys: pytest.CaptureFixture[str], study: Study
) -> None:
    said = summary(capsys, study, Outcome(True, made=["panel"]), None)
    assert f"{study.output_url}/panel" not in said and "look at one:   dti show dti_iv" in said
    said = summary(capsys, study, Outcome(True, made=["panel", "panel_export"]), None)
    assert f"panel files:   {study.output_url}/panel\n" in said


def test_the_name_of_a_file_moves_no_terminal(
    capsys: pytest.CaptureFixture[str], study: Study
) -> None:
    name = "\033[31mname\r.pdf"
    outcome = Outcome(False, ["panel"], [f"panel: {name}"], [("files", name, name)])
    said = summary(capsys, study, outcome, None)
    assert "\033" not in said and "\r" not in said and said.count("[31mname") == 3


def test_a_long_list_names_the_command_that_prints_all_of_it(
    capsys: pytest.CaptureFixture[str], study: Study
) -> None:
    def said(of: Study, number: int) -> list[str]:
        lines = "\n".join(f"- line {n}" for n in range(number))
        warned = [("panel.gaps", f"{number} to look at", lines)]
        return [
            line.strip()
            for line in summary(capsys, of, Outcome(True, warnings=warned), None).splitlines()
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
    assert note in summary(capsys, once, Outcome(True, made=["panel"]), None)
    for other, made in (
        (once, "policy_attention"),
        (study, "panel"),
        (load_study(study.file, (2014, 2015)), "panel"),
    ):
        assert "rebuilds" not in summary(capsys, other, Outcome(True, made=[made]), None)
