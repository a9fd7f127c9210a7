"""Coders' labels in a package: they travel without what was labelled, and give the same audit."""

import io
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from coders import code
from packages import GIVEN, content_of, repacked

from dti_assets.errors import PackageError
from dti_assets.patents.tables import TECHNOLOGIES
from dti_assets.pipeline.audits import draw_patent_sample, draw_report_sample
from dti_assets.pipeline.execution.run import run
from dti_assets.pipeline.packages.package import package_study
from dti_assets.pipeline.packages.verify import unpack, verify
from dti_assets.pipeline.resources import Workspace
from dti_assets.study.config import Study


@pytest.fixture
def labelled(own_copy: Study) -> Study:
    """The study with a labelled sample of its reports, in which every other item is wrong."""
    folder = own_copy.root / "audit" / "reports"
    key = draw_report_sample(Workspace(own_copy), folder, 60, 2, 1)
    label = {item: {"digital": at % 2, "comment": "人说"} for at, item in enumerate(key["item"])}
    code(folder, label, slips=0.1)
    outcome = run(own_copy, "measurement_audit+")
    assert outcome.success, outcome.failures
    return own_copy


def test_labels_travel_without_sentences_and_give_the_same_audit(
    labelled: Study, tmp_path: Path
) -> None:
    made = package_study(labelled, tmp_path / "p.zip", (), False)
    assert made.given == GIVEN, "results of an audit are made again, not given"
    content = content_of(tmp_path / "p.zip")
    sheets = [name for name in content if name.startswith("audit/reports/")]
    assert sheets == ["audit/reports/coder_1.xlsx", "audit/reports/coder_2.xlsx"]
    for name in sheets:
        there = pd.read_excel(labelled.root / name, sheet_name="items")
        book = pd.read_excel(io.BytesIO(content[name]), sheet_name=None)
        pd.testing.assert_frame_equal(book["items"], there[["item", "digital"]])
        with zipfile.ZipFile(io.BytesIO(content[name])) as parts:
            written = "".join(parts.read(part).decode() for part in parts.namelist())
        shown = there[["before", "keyword", "after", "comment"]].to_numpy().ravel()
        assert not [text for text in shown if isinstance(text, str) and text in written]
    (key,) = (name for name in content if "/audit_keys/" in name)
    assert "text" not in pd.read_parquet(io.BytesIO(content[key])).columns
    assert "labels yes, what was labelled no" in content["README.md"].decode()
    found = verify(unpack(tmp_path / "p.zip", tmp_path / "into"))
    assert found.verdict == "identical"
    assert "outputs/data/measurement_audit.parquet" in found.results
    made_again = pd.read_parquet(tmp_path / "into/rerun/outputs/data/measurement_audit.parquet")
    assert made_again["estimate"].notna().any()
    package_study(labelled, tmp_path / "q.zip", ("reports",), False)
    whole = (labelled.root / sheets[0]).read_bytes()
    assert content_of(tmp_path / "q.zip")[sheets[0]] == whole, (
        "what was labelled travels with reports"
    )


def test_an_audit_of_patents_is_given_where_their_records_are_not(
    own_copy: Study, tmp_path: Path
) -> None:
    folder = own_copy.root / "audit" / "patents"
    key = draw_patent_sample(Workspace(own_copy), folder, 3, 2, 1)
    code(folder, {item: dict.fromkeys(TECHNOLOGIES, 1) for item in key["item"]})
    assert run(own_copy, "measurement_audit+").success
    assert package_study(own_copy, tmp_path / "p.zip", ("reports",), False).given == (
        *GIVEN[5:],
        "measurement_audit",
    )
    unpacked = unpack(tmp_path / "p.zip", tmp_path / "into")
    sheet = unpacked.study.root / "audit/patents/coder_1.xlsx"
    assert list(pd.read_excel(sheet)) == ["item", *TECHNOLOGIES]
    given = (unpacked.study.root / "outputs/data/measurement_audit.parquet").read_bytes()
    assert given == (own_copy.root / "outputs/data/measurement_audit.parquet").read_bytes()
    with_records = package_study(own_copy, tmp_path / "q.zip", ("patents",), False)
    assert "measurement_audit" not in with_records.given

    def change(content: dict[str, bytes]) -> None:
        for name in [name for name in content if name.startswith("audit/patents/")]:
            del content[name]

    forged = repacked(tmp_path / "p.zip", tmp_path / "r.zip", change)
    with pytest.raises(PackageError, match="measurement_audit may not be taken as given"):
        unpack(forged, tmp_path / "elsewhere")


def test_sheets_that_came_after_the_run_are_not_packaged(own_copy: Study, tmp_path: Path) -> None:
    draw_report_sample(Workspace(own_copy), own_copy.root / "audit" / "reports", 60, 2, 1)
    said = "audit/reports/coder_1.xlsx has changed since asset measurement_audit was made"
    with pytest.raises(PackageError, match=said):
        package_study(own_copy, tmp_path / "p.zip", (), False)
