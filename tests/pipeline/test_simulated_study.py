"""A study of invented data says so wherever a result stands, and shows the truth beside it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from dti_assets.pipeline.execution.preflight import preflight
from dti_assets.pipeline.execution.run import run
from dti_assets.pipeline.packages.package import packaged_inputs
from dti_assets.pipeline.resources import Workspace
from dti_assets.store.schema import records
from dti_assets.study.config import Study

SOME = "group:panel,table_03_two_stage_least_squares,table_05_regions,tables,paper_comparison"


def test_invented_data_are_called_so(copy: Callable[[str], Study]) -> None:
    study = copy("simulated: truth.json\n")
    known = {"total": 0.342, "DTIn_on_RD": 0.2, "rows": 434}
    (study.root / "truth.json").write_text(json.dumps({"coefficients": known}), encoding="utf-8")
    stored = Workspace(study).stored
    # a tenth of the official figures, which of real data would be held against them
    official = stored("official_statistics")
    cells = official[["province", "year", "high_tech_exports"]].dropna().to_numpy()
    lines = [f"{province},{year},{value / 10}" for province, year, value in cells]
    mine = study.path(study.inputs.panel) / "figures.csv"
    head = "province,year,high_tech_exports (million USD)"
    mine.write_text("\n".join([head, *lines]), encoding="utf-8")
    preflight(Workspace(study))
    assert "truth.json" in packaged_inputs(study, set())
    outcome = run(study, f"{SOME},referee_documents,replication_report")
    assert outcome.success, outcome.failures
    warned = " ".join(text for _, _, text in outcome.warnings)
    assert "wrong unit" not in warned

    assert set(stored("table_03_two_stage_least_squares")["label"]) == {
        "S3, simulated data, not a replication"
    }
    compared = records(stored("paper_comparison"))
    assert {row["source"] for row in compared} == {
        "truth of the simulation: total",
        "truth of the simulation: DTIn_on_RD",
    }
    assert {row["published_value"] for row in compared} == {0.342, 0.2}
    outputs = Path(study.output_url)
    page = (outputs / "report.html").read_text(encoding="utf-8")
    assert "<title>Replication report: official (simulated data)</title>" in page
    assert "Simulated data: estimates beside the known truth" in page
    assert "Comparison with the paper" not in page
    assert "S3, simulated data, not a replication" in page
    printed = (outputs / "tables/table_05_regions.md").read_text(encoding="utf-8")
    assert printed.startswith("**S5, simulated data")
    answers = (outputs / "referee/referee.html").read_text(encoding="utf-8")
    assert "official (simulated data)" in answers


def test_the_truth_must_be_there(copy: Callable[[str], Study]) -> None:
    study = copy("simulated: truth.json\n")
    with pytest.raises(ValueError, match=r"truth\.json: no such file of known coefficients"):
        preflight(Workspace(study))


def test_official_data_are_called_what_they_are(copy: Callable[[str], Study]) -> None:
    study = copy("")
    page = (Path(study.output_url) / "report.html").read_text(encoding="utf-8")
    assert "simulated data" not in page.lower() and "Comparison with the paper" in page
