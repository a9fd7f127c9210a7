"""Group publication: files of the finished official study, and the report's own promises."""

import hashlib
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import docx
import lxml.html

from dti_assets.pipeline.resources import Workspace
from dti_assets.pipeline.run import Outcome, run
from dti_assets.study import Study
from dti_assets.study_tables import shipped_tables

FORMATS = ("csv", "docx", "html", "md", "tex", "do", "R")
Official = tuple[Study, Outcome]


def test_every_table_lies_there_in_every_format(official: Official) -> None:
    study = official[0]
    folder = Path(study.output_url) / "tables"
    names = [*shipped_tables(), "weak_instrument_inference"]
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
    assert loaded == ["data:,"] and "url(" not in source and "@import" not in source
    assert str(official[0].root) not in source
    identifiers = page.xpath("//@id")
    assert len(identifiers) == len(set(identifiers))
    targets = [href.removeprefix("#") for href in page.xpath("//nav//a/@href")]
    assert len(targets) == 8 and set(targets) <= set(identifiers)
    levels = [int(h.tag[1]) for h in page.iter("h1", "h2", "h3")]
    steps = pairwise(levels)
    assert levels[0] == 1 and all(after - before <= 1 for before, after in steps)
    drawn = page.xpath("//svg")
    assert len(drawn) == 4 and all(svg.xpath("./title")[0].text for svg in drawn)
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


def test_a_second_run_gives_the_same_bytes(copy: Callable[[str], Study]) -> None:
    study = copy()
    outputs = Path(study.output_url)
    before = {path: path.read_bytes() for path in [*(outputs / "tables").iterdir()]}
    # study.yaml is shown in the report: the copy's first report is the one to compare with
    reports = []
    for _ in range(2):
        assert run(study, "tables,replication_report").success
        reports.append((outputs / "report.html").read_bytes())
    assert reports[0] == reports[1]
    assert before == {path: path.read_bytes() for path in before}
