"""The answers to a referee on the official run: every printed number is a stored one, a wrong one
is found out, and what an answer picks is what a search by hand picks."""

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docx
import lxml.html
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from referee_reader import Answers, faults, read_page, read_word
from small_study import dti

from dti_assets.cli.main import cli
from dti_assets.pipeline.execution.run import Outcome, run
from dti_assets.pipeline.resources import Workspace
from dti_assets.store.schema import records
from dti_assets.study.config import Study

Official = tuple[Study, Outcome]
READERS = {"referee.html": read_page, "referee.docx": read_word}
OBJECTIONS = (
    *("weak instrument", "leverage", "exclusion", "own choos", "look back", "dictionary"),
    *("measurement", "clusters", "spatial", "multiple", "mediation"),
)


def _content(study: Study, name: str) -> bytes:
    return (Path(study.output_url) / "referee" / name).read_bytes()


def _faults(study: Study, answers: Answers) -> list[str]:
    workspace = Workspace(study)
    keys = {name: table.key for name, table in workspace.tables.items()}
    return faults(answers, workspace.stored, keys)


@pytest.mark.parametrize("name", READERS)
def test_every_number_of_the_document_is_the_stored_one(official: Official, name: str) -> None:
    answers = READERS[name](_content(official[0], name))
    assert _faults(official[0], answers) == []
    assert sorted(answers.sentences) == list(range(12))
    assert sum(map(len, answers.claims.values())) > 150
    response = Workspace(official[0]).stored("referee_response")
    # both documents say all sentences of the table, in its order, and nothing else
    for number, rows in response.groupby("objection"):
        told = rows.drop_duplicates("piece")["sentence"].str.replace("\N{MINUS SIGN}", "-")
        assert [s for s in answers.sentences[int(str(number))] if s in set(told)] == list(told)


def test_an_illustration_is_nowhere_called_a_table_of_the_paper(official: Official) -> None:
    stored = Workspace(official[0]).stored
    assert set(stored("weak_instrument_inference")["label"].str[0]) == {"O"}
    response = stored("referee_response")
    assert "column second stage of O3, official-data" in response["sentence"].iloc[0]
    # the paper's own tables are cited with the paper
    of_ours = r"(?<!e0330494, )Table \d"
    for column in ("sentence", "shown"):
        assert not response[column].fillna("").str.contains(of_ours).any()
    for name in ("romano_wolf", "measurement_audit"):
        assert not stored(name).astype("string").stack().str.contains(of_ours).any()


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("where", ["sentence", "source", "value"])
def test_a_wrong_number_is_found_out(official: Official, name: str, where: str) -> None:
    answers = READERS[name](_content(official[0], name))
    estimate = Workspace(official[0]).stored("weak_instrument_inference")["estimate"].iloc[0]
    right = f"{estimate:.3f}"
    wrong = right[:-1] + str((int(right[-1]) + 1) % 10)
    place = next(i for i, claim in enumerate(answers.claims[1]) if claim[0] == right)
    shown, value, *rest = answers.claims[1][place]
    if where != "value":
        answers.sentences[1] = [text.replace(right, wrong) for text in answers.sentences[1]]
    if where == "source":
        answers.claims[1][place] = (wrong, value, *rest)
    if where == "value":
        answers.claims[1][place] = (shown, repr(float(value) * (1 + 1e-12)), *rest)
    assert _faults(official[0], answers)


def test_every_objection_has_evidence_or_says_why_not(official: Official) -> None:
    response = Workspace(official[0]).stored("referee_response")
    assert Workspace(official[0]).tables["referee_response"].violations(response) == []
    heads = response[response["objection"] > 0].drop_duplicates("objection")
    assert len(heads) == 11
    for row, part in zip(records(heads), OBJECTIONS, strict=True):
        assert part in f"{row['name']} {row['question']}".lower()
    untested = response[response["state"] == "not tested"]
    assert untested["sentence"].str.lower().str.contains("not tested, because ").all()
    evidence = response[(response["state"] == "evidence") & (response["objection"] > 0)]
    assert (evidence["number"] > 0).all(), "a sentence of evidence without a number"
    whole = response[response["number"] > 0]
    cut = [r.sentence[r.start : r.start + len(r.shown)] for r in whole.itertuples()]
    assert cut == whole["shown"].tolist()


def _cited(response: pd.DataFrame, objection: int, asset: str, column: str) -> list[Any]:
    cited = response[response["number"] > 0]
    rows = cited[
        (cited["objection"] == objection)
        & (cited["source_asset"] == asset)
        & (cited["source_column"] == column)
    ]
    return [json.loads(row) for row in rows["source_row"]]


def test_what_is_picked_is_what_a_search_by_hand_picks(official: Official) -> None:
    stored = Workspace(official[0]).stored
    response, robust = stored("referee_response"), stored("robustness")
    hubs = robust[robust["check"] == "placebo hubs"].set_index("variant")["first_stage_f"]
    named = _cited(response, 3, "robustness", "first_stage_f")
    assert [r["variant"] for r in named if r["check"] == "placebo hubs"] == [
        *(hubs.drop("杭州").idxmax(), "杭州")
    ]
    influence = stored("influence").query("kind == 'term'")
    for row in _cited(response, 6, "influence", "unit"):
        mine = influence[influence["coefficient"] == row["coefficient"]].set_index("unit")
        assert row["unit"] == mine["change"].abs().idxmax()
    curve = stored("specification_curve").set_index("cell")["estimate"].dropna()
    ends = [row["cell"] for row in _cited(response, 6, "specification_curve", "estimate")]
    assert ends == [curve.idxmin(), curve.idxmax()]
    left_out = stored("leave_one_province_out").query("table == '3' and column == 'second stage'")
    weak = stored("weak_instrument_inference").query("table == '3'")
    named = {row["without"] for row in _cited(response, 2, "leave_one_province_out", "estimate")}
    assert named == {"浙江", *weak["largest_cluster"]} and {"浙江", "上海"} <= named
    far = left_out[left_out["without"].isin(named)].set_index("without")["difference"].abs()
    assert _cited(response, 2, "leave_one_province_out", "without")[0]["without"] == far.idxmax()
    conley = robust[robust["check"] == "Conley errors"].set_index("variant")["std_error"]
    first = _cited(response, 9, "robustness", "std_error")[0]
    assert first["variant"] == conley.idxmax()
    wolf = stored("romano_wolf").dropna(subset=["p_romano_wolf"])
    said = {row["hypothesis"] for row in _cited(response, 10, "romano_wolf", "p_romano_wolf")}
    assert said == set(wolf["hypothesis"])


def test_the_real_instrument_is_called_weak_and_nothing_is_oversold(official: Official) -> None:
    stored = Workspace(official[0]).stored
    response = stored("referee_response").drop_duplicates(["objection", "piece"])
    verdicts = response[response["piece"] == 1].set_index("objection")["sentence"]
    weak = stored("weak_instrument_inference").iloc[0]
    assert not weak["ar_bounded"]
    assert f"first-stage F of {weak['kleibergen_paap_f']:.3f}" in verdicts[1]
    assert "cannot bound the effect" in verdicts[1] and "no evidence" in verdicts[1]
    assert "illustration, not a replication" in verdicts[0] and "proxy" in verdicts[0]
    # no interval that runs to infinity is called a result
    for sentence in response["sentence"]:
        if "∞" in sentence:
            assert "not bear the objection out" not in sentence, sentence


def test_the_report_has_every_verdict_and_leads_to_the_document(official: Official) -> None:
    outputs = Path(official[0].output_url)
    page = lxml.html.fromstring((outputs / "report.html").read_bytes())
    section = page.xpath("//section[@aria-labelledby='referee']")[0]
    assert (outputs / section.xpath(".//a/@href")[0]).is_file()
    response = Workspace(official[0]).stored("referee_response")
    heads = response[(response["piece"] == 1) & (response["objection"] > 0)]
    heads = heads.drop_duplicates("objection")
    assert [dd.text_content() for dd in section.iter("dd")] == heads["sentence"].tolist()
    assert [dt.text_content().split(": ")[1] for dt in section.iter("dt")] == [*heads["finding"]]
    assert section.xpath(".//figure//img/@alt")[0].startswith("O3 (second stage)")


def test_the_page_needs_no_network_and_the_word_file_has_an_outline(official: Official) -> None:
    page = lxml.html.fromstring(_content(official[0], "referee.html"))
    assert not page.xpath("//script")
    assert all(a.startswith("data:") for a in page.xpath("//@src | //link/@href"))
    targets = {href.removeprefix("#") for href in page.xpath("//nav//a/@href")}
    assert len(targets) == 11 and targets <= set(page.xpath("//@id"))
    document = docx.Document(io.BytesIO(_content(official[0], "referee.docx")))
    heads = [p.text for p in document.paragraphs if str(p.style.name).startswith("Heading 2")]
    assert [int(re.match(r"\d+", head)[0]) for head in heads[:-1]] == [*range(1, 12)]
    assert len(document.inline_shapes) == 1
    pictured = document.inline_shapes[0]._inline.docPr.get("descr")
    figure = Workspace(official[0]).stored("figures").set_index("figure").loc["remedies"]
    assert pictured == figure["alt"].iloc[0]


def test_the_figure_has_every_remedy_and_calls_open_sets_open(official: Official) -> None:
    stored = Workspace(official[0]).stored
    alt = str(stored("figures").set_index("figure").loc["remedies", "alt"].iloc[0])
    robust = stored("robustness").set_index(["check", "variant"])
    for remedy in (
        *("OLS, Conley errors (Bartlett, 500 km)", "2SLS as studied", "without Shanghai"),
        *("hub's own province dropped", "outlook half of reports alone"),
        *("keyword frequency as a control", "distance × trend", "without exclusion-risk terms"),
    ):
        assert remedy in alt
    plan = robust.loc[("instruments", "section: plan")]
    assert np.isinf(plan["conf_low"])
    assert f"outlook half of reports alone −{abs(plan['estimate']):.3f} (−∞ to ∞" in alt


def test_the_command_writes_the_documents_and_a_line_an_objection(
    official: Official, tmp_path: Path
) -> None:
    study = official[0]
    done = CliRunner().invoke(
        cli, ["referee", str(tmp_path / "sent"), "--study", str(study.file)], catch_exceptions=False
    )
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[:2] == [f"{tmp_path}/sent/{name}" for name in ("referee.docx", "referee.html")]
    for name in READERS:
        assert (tmp_path / "sent" / name).read_bytes() == _content(study, name)
    assert len(lines) == 13 and lines[2] == " 1 Weak instrument: stands"

    # the same again is no loss; what an author wrote is
    again = ["referee", str(tmp_path / "sent"), "--study", str(study.file)]
    assert CliRunner().invoke(cli, again).exit_code == 0
    edited = tmp_path / "sent" / "referee.docx"
    edited.write_bytes(b"what the author wrote")
    refused = CliRunner().invoke(cli, again)
    assert refused.exit_code == 2 and f"{edited} is there with other content" in refused.output
    assert edited.read_bytes() == b"what the author wrote"
    assert CliRunner().invoke(cli, [*again, "--replace"]).exit_code == 0
    assert edited.read_bytes() == _content(study, "referee.docx")


def test_the_command_says_what_to_run_first(small_study: Path) -> None:
    done = dti("referee", "--study", str(small_study))
    assert done.returncode == 2 and not done.stdout
    assert f"run: dti run --study {small_study}" in done.stderr
    assert "referee_response has not been made" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_documents_follow_the_stored_tables(copy: Callable[[str], Study]) -> None:
    study = copy()
    workspace = Workspace(study)
    weak = workspace.stored("weak_instrument_inference")
    changes = {"kleibergen_paap_f": 150.0, "effective_f": 150.0, "jackknife_f": 120.0}
    changes |= {"ar_low": 0.25, "ar_high": 0.75, "ar_set": "[0.25, 0.75]", "ar_bounded": True}
    strong = weak.assign(**changes)
    workspace.store.write(workspace.tables["weak_instrument_inference"], strong)
    before = _content(study, "referee.docx")
    assert run(study, "referee_response,referee_documents").success
    assert _content(study, "referee.docx") != before
    response = workspace.stored("referee_response")
    assert response[response["objection"] == 1]["finding"].iloc[0] == "not borne out"
    assert "from 0.250 to 0.750" in response[response["objection"] == 1]["sentence"].iloc[0]
    for name, read in READERS.items():
        assert _faults(study, read(_content(study, name))) == []
    again = {name: _content(study, name) for name in READERS}
    assert run(study, "referee_response,referee_documents").success
    assert again == {name: _content(study, name) for name in READERS}
