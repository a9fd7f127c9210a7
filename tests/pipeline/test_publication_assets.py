"""Group publication: files of the finished official study, and the report's own promises."""

import base64
import hashlib
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import docx
import lxml.html

from dti_assets.pipeline.execution.run import Outcome, run
from dti_assets.pipeline.resources import Workspace
from dti_assets.study.catalogue import FETCHED, TRANSCRIPTS
from dti_assets.study.config import Study, load_study
from dti_assets.study.specifications import shipped_tables
from dti_assets.text.concordance import examples

FORMATS = ("csv", "docx", "html", "md", "tex", "do", "R")
Official = tuple[Study, Outcome]


def test_every_table_lies_there_in_every_format(official: Official) -> None:
    study = official[0]
    folder = Path(study.output_url) / "tables"
    names = [*shipped_tables(study.level), "weak_instrument_inference"]
    expected = sorted(f"{name}.{ending}" for name in names for ending in FORMATS)
    assert sorted(path.name for path in folder.iterdir()) == expected
    listed = Workspace(study).stored("tables")
    for path, digest in zip(listed["path"], listed["sha256"], strict=True):
        content = (Path(study.output_url) / path).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest
    absent = docx.Document(str(folder / "table_09_digital_finance.docx"))
    said = " ".join(paragraph.text for paragraph in absent.paragraphs)
    assert "absent from the data: DFI" in said and "To supply DFI: a file" in said


def test_the_report_is_one_page_without_network_that_can_be_navigated(official: Official) -> None:
    source = (Path(official[0].output_url) / "report.html").read_text(encoding="utf-8")
    page = lxml.html.fromstring(source.encode())
    assert page.get("lang") == "en" and not page.xpath("//script")
    loaded = page.xpath("//@src | //link/@href")
    assert all(address.startswith("data:") for address in loaded)
    assert "url(" not in source and "@import" not in source and len(source) < 6_000_000
    assert str(official[0].root) not in source
    identifiers = page.xpath("//@id")
    assert len(identifiers) == len(set(identifiers))
    targets = [href.removeprefix("#") for href in page.xpath("//nav//a/@href")]
    assert len(targets) == 9 and set(targets) <= set(identifiers)
    levels = [int(h.tag[1]) for h in page.iter("h1", "h2", "h3")]
    steps = pairwise(levels)
    assert levels[0] == 1 and all(after - before <= 1 for before, after in steps)
    stored = Workspace(official[0]).stored("figures").drop_duplicates("figure")
    shown = {image.get("alt") for image in page.xpath("//figure//img")}
    drawn = stored.dropna(subset=["alt"])
    assert shown == set(drawn["alt"]) and len(shown) == len(drawn) == 14
    (absent,) = stored[stored["alt"].isna()].to_dict("records")
    assert absent["figure"] == "term_precision" and "dti audit reports" in absent["reason"]
    assert f"Not drawn: {absent['title']}, because {absent['reason']}." in page.text_content()
    assert len(page.xpath("//table[contains(@class, 'map')]/tbody/tr")) == 31


def test_the_report_shows_the_stored_numbers(official: Official) -> None:
    study = official[0]
    frame = Workspace(study).stored("table_02_baseline")
    key = frame[(frame["column"] == "4") & (frame["role"] == "key")].iloc[0]
    source = (Path(study.output_url) / "report.html").read_text(encoding="utf-8")
    table = lxml.html.fromstring(source.encode()).xpath("//table[@id='table_02_baseline']")[0]
    row = table.xpath(f".//tr[th='{key['term']}']")[0]
    shown = row[-1].text_content().replace("\N{MINUS SIGN}", "-").rstrip("*")
    assert float(shown) == round(key["estimate"], 3)
    weak = Workspace(study).stored("weak_instrument_inference")["sentence"].iloc[0]
    assert re.sub(r"\W+.*", "", weak) in source and "What could not be run, and why" in source


def test_every_figure_is_a_file_in_each_format_or_a_reason(official: Official) -> None:
    outputs = Path(official[0].output_url)
    listed = Workspace(official[0]).stored("figures")
    assert (listed["path"].notna() != listed["reason"].notna()).all()
    listed = listed.dropna(subset=["path"])
    assert sorted(p.name for p in (outputs / "figures").iterdir()) == sorted(
        f"{name}.{ending}" for name, ending in zip(listed["figure"], listed["format"], strict=True)
    )
    for path, digest in zip(listed["path"], listed["sha256"], strict=True):
        assert hashlib.sha256((outputs / path).read_bytes()).hexdigest() == digest
    weak = Workspace(official[0]).stored("weak_instrument_inference").iloc[0]
    alt = listed.set_index("figure").loc["first_stage_reduced_form", "alt"].iloc[0]
    assert f"N = {weak['n_obs']}" in alt and f"{abs(weak['first_stage']):,.0f}" in alt


def test_the_report_shows_the_stored_pictures(
    official: Official, copy: Callable[[str], Study]
) -> None:
    outputs = Path(official[0].output_url)
    page = lxml.html.fromstring((outputs / "report.html").read_bytes())
    shown = [image.get("src").partition("base64,")[2] for image in page.xpath("//figure//img")]
    stored = [path.read_bytes() for path in (outputs / "figures").glob("*.svg")]
    assert sorted(map(base64.b64decode, shown)) == sorted(stored)
    study = copy()
    (Path(study.output_url) / "figures" / "coverage.svg").write_bytes(b"another")
    outcome = run(study, "replication_report")
    assert not outcome.success
    said = "figures/coverage.svg is not the file that asset figures made; run dti run --select"
    assert said in " ".join(outcome.failures)


def test_the_report_names_the_checksum_of_every_stored_table(official: Official) -> None:
    study = official[0]
    source = (Path(study.output_url) / "report.html").read_text(encoding="utf-8")
    page = lxml.html.fromstring(source.encode())
    rows = page.xpath("//tr[starts-with(th, 'stored table ')]")
    told = {
        row[0].text_content().removeprefix("stored table "): row[1].text_content() for row in rows
    }
    left_out = {"replication_report", *FETCHED, *TRANSCRIPTS.values()}
    assert set(told) == set(Workspace(study).tables) - left_out
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in told.values())
    content = (Path(study.output_url) / "data" / "dti_iv.parquet").read_bytes()
    assert told["dti_iv"] == hashlib.sha256(content).hexdigest()
    # published counts have no sentences, and the page says so instead of showing any
    assert "Contexts need the reports" in source and not page.xpath("//mark")


def test_files_of_former_runs_go_and_files_of_the_user_stay(copy: Callable[[str], Study]) -> None:
    study = copy()
    outputs = Path(study.output_url)
    workspace = Workspace(study)
    table = workspace.tables["figures"]
    stale, changed, own = (outputs / "figures" / f"{n}.png" for n in ("stale", "changed", "own"))
    for path in (stale, changed, own):
        path.write_bytes(b"made")
    digest = hashlib.sha256(b"made").hexdigest()
    rows = [
        {"figure": path.stem, "title": "t", "format": "png", "sha256": digest}
        | {"path": f"figures/{path.name}"}
        for path in (stale, changed)
    ]
    outside = outputs / "kept.png"
    outside.write_bytes(b"made")
    rows.append(rows[0] | {"figure": "up", "path": "figures/../kept.png"})
    workspace.store.write(table, table.frame(rows))
    changed.write_bytes(b"edited by somebody")
    assert run(study, "figures").success
    assert not stale.exists() and changed.exists() and own.exists() and outside.exists()


def test_keywords_in_context_come_from_the_users_own_reports(small_study: Path) -> None:
    study = load_study(small_study)
    assert run(study, "+policy_attention").success
    workspace = Workspace(study)
    counts = workspace.stored("keyword_counts")
    found = examples(
        workspace.stored("report_files"),
        counts,
        study.path(study.inputs.reports),
        workspace.cache,
        workspace.dictionary(),
        units=workspace.units,
    )
    assert 0 < len(found) <= 6 and len({one.unit for one in found}) == len(found)
    texts = workspace.stored("report_texts").set_index(["province", "year"])["text"]
    for one in found:
        assert f"{one.before}{one.term}{one.after}" in texts[one.unit, one.year]
    most = counts[counts["origin"] == "text"].groupby("term")["hits_longest"].sum().max()
    shown = counts[counts["term"] == found[0].term]["hits_longest"].sum()
    assert shown == most
    published = counts.assign(origin="published")
    assert examples(workspace.stored("report_files"), published, study.root, workspace.cache,
                    workspace.dictionary(), units=workspace.units) == []  # fmt: skip


def test_a_second_run_gives_the_same_bytes(copy: Callable[[str], Study]) -> None:
    study = copy()
    outputs = Path(study.output_url)
    made = [*(outputs / "tables").iterdir(), *(outputs / "figures").iterdir()]
    before = {path: path.read_bytes() for path in made}
    # study.yaml is shown in the report: the copy's first report is the one to compare with
    reports = []
    for selection in ("replication_report", "tables,figures,replication_report"):
        assert run(study, selection).success
        reports.append((outputs / "report.html").read_bytes())
    assert reports[0] == reports[1]
    assert before == {path: path.read_bytes() for path in before}
