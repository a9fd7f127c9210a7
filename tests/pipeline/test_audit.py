"""The audits as a user runs them: sheets written, filled in by coders, read back and stored."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from coders import code
from made_studies import write_lines
from small_study import dti, make_study, write_reports

from dti_assets.audit.tables import MEASUREMENT_AUDIT
from dti_assets.patents.tables import TECHNOLOGIES
from dti_assets.pipeline.audits import NEEDED, measurement_audit, not_read
from dti_assets.pipeline.execution.run import run
from dti_assets.pipeline.resources import Workspace
from dti_assets.publishing.figures.measurement_audit import term_precision
from dti_assets.publishing.sentences import audit_sentences
from dti_assets.simulation.patents import write_patents
from dti_assets.study.config import load_study
from dti_assets.units.lists import shipped_units


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study over five invented reports and some patents, run as far as the audit."""
    study = make_study(tmp_path_factory.mktemp("audited") / "study", years="[2014, 2018]")
    write_reports(study.parent / "reports_raw")
    write_patents(
        study.parent / "patents_raw" / "p.parquet", 2000, seed=5, units=shipped_units("provinces")
    )
    write_lines(study.parent, "estimates: {draws: 99, bootstrap_draws: 99}")
    assert run(load_study(study), "+measurement_audit").success
    return study


@pytest.fixture
def study(finished: Path, tmp_path: Path) -> Path:
    shutil.copytree(finished.parent, tmp_path / "study")
    return tmp_path / "study" / "study.yaml"


def key_of(study: Path) -> pd.DataFrame:
    (path,) = (study.parent / "outputs/data/audit_keys").glob("*.parquet")
    return pd.read_parquet(path).set_index("item")


def stored(study: Path) -> pd.DataFrame:
    assert run(load_study(study), "measurement_audit").success
    workspace = Workspace(load_study(study))
    frame = workspace.stored("measurement_audit")
    assert MEASUREMENT_AUDIT.violations(frame) == []
    return frame


def test_without_labels_there_is_a_reason(finished: Path) -> None:
    frame = Workspace(load_study(finished)).stored("measurement_audit")
    assert frame["source"].tolist() == ["reports", "patents"] and frame["estimate"].isna().all()
    assert frame["reason"].str.contains("no labelled sample in audit/").all()
    drawn = term_precision(shipped_units("provinces"), frame)
    assert drawn.figure is None
    assert drawn.reason == "no labelled sample in audit/reports: dti audit reports draws one"
    (said,) = audit_sentences(frame, shipped_units("provinces").level)
    assert "dti audit reports draws one" in said and "dti audit patents draws one" in said


def test_reports_from_sheet_to_table(study: Path) -> None:
    folder = study.parent / "audit" / "reports"
    drawn = dti("audit", "reports", "--n", "60", "--coders", "2", "--study", str(study))
    assert drawn.returncode == 0, drawn.stderr
    assert sorted(path.name for path in folder.glob("*")) == ["coder_1.xlsx", "coder_2.xlsx"]
    again = dti("audit", "reports", "--study", str(study))
    assert again.returncode == 2 and "labels are not overwritten" in again.stderr
    unlabelled = dti("audit", "reports", "--labelled", "--study", str(study))
    assert unlabelled.returncode == 2 and "no item has a label 1 or 0 yet" in unlabelled.stderr

    key = key_of(study)
    code(folder, {item: {"digital": int(row.stratum != "大数据")} for item, row in key.iterrows()})
    read = dti("audit", "reports", "--labelled", "--study", str(study))
    assert read.returncode == 0, read.stderr
    assert "alpha" in read.stdout and "2SLS" in read.stdout and "大数据" in read.stdout

    frame = stored(study)
    reports = frame[frame["source"] == "reports"].set_index(["part", "scope", "measure"])
    assert reports.loc[("agreement", "all", "alpha"), "estimate"] == 1
    assert "changed since" not in reports.loc[("precision", "all", "precision"), "note"]
    assert reports.loc[("precision", "大数据", "precision"), "estimate"] == 0
    assert reports.loc[("precision", "5G基站", "precision"), "estimate"] == 1

    # by hand, from the stored counts: hits times shrunk precision, published ones included
    workspace = Workspace(load_study(study))
    counts, iv = workspace.stored("keyword_counts"), workspace.stored("dti_iv")
    overall = reports.loc[("precision", "all", "precision"), "estimate"]
    share = reports.xs("shrunk precision", level="measure").droplevel("part")["estimate"].to_dict()
    counts = counts[counts["section"] != "annex"]
    for row in iv[iv["dti_iv"].notna()].itertuples():
        here = counts[(counts["province"] == row.province) & (counts["year"] == row.year)]
        hits = sum(h.hits_longest * share.get(h.term, overall) for h in here.itertuples())
        said = reports.loc[("correction", f"{row.province} {row.year}", "DTI_iv"), "estimate"]
        assert said == pytest.approx(hits / row.total_words / row.distance_km, rel=1e-9)
    figure = term_precision(shipped_units("provinces"), frame).figure
    assert figure is not None
    assert len(figure.axes[0].get_yticklabels()) == min(30, key["stratum"].nunique())
    said = " ".join(audit_sentences(frame, shipped_units("provinces").level))
    assert f"{100 * overall:.0f} % [" in said and "Krippendorff's alpha is 1.000" in said
    assert "O3, second stage" in said and "No audit was made of patents: no labelled" in said

    replaced = dti(
        "audit", "reports", "--n", "60", "--seed", "2", "--replace", "--study", str(study)
    )
    assert replaced.returncode == 0, replaced.stderr
    assert len(list((study.parent / "outputs/data/audit_keys").glob("*.parquet"))) == 2


def test_perfect_coders_leave_every_estimate(study: Path) -> None:
    assert dti("audit", "reports", "--n", "40", "--study", str(study)).returncode == 0
    code(study.parent / "audit/reports", {item: {"digital": 1} for item in key_of(study).index})
    frame = stored(study)
    moved = frame[frame["uncorrected"].notna()]
    assert set(moved["part"]) == {"correction", "estimate"}
    np.testing.assert_allclose(moved["estimate"], moved["uncorrected"], rtol=1e-12)


def test_patents_from_sheet_to_table(study: Path) -> None:
    drawn = dti("audit", "patents", "--n", "90", "--study", str(study))
    assert drawn.returncode == 0, drawn.stderr
    key = key_of(study)
    truth = pd.read_parquet(study.parent / "patents_raw/p.parquet").set_index("申请号")
    label = {
        item: {t: int(truth.loc[row.application_no, f"label_{t}"]) for t in TECHNOLOGIES}
        for item, row in key.iterrows()
    }
    code(study.parent / "audit/patents", label, slips=0.05)
    read = dti("audit", "patents", "--labelled", "--study", str(study))
    assert read.returncode == 0, read.stderr
    assert "precision" in read.stdout and "recall" in read.stdout and "f1" in read.stdout
    frame = stored(study)
    patents = frame[frame["source"] == "patents"].set_index(["part", "scope", "measure"])
    assert 0.5 < patents.loc[("agreement", "ai", "alpha"), "estimate"] < 1
    assert 0.8 < patents.loc[("precision", "digital", "precision"), "estimate"] <= 1
    changed = patents.xs("DTIn", level="measure")
    assert changed["estimate"].notna().any() and (changed["change"].dropna().abs() > 0).any()


def test_faults_are_one_sentence(study: Path) -> None:
    assert dti("audit", "reports", "--n", "40", "--study", str(study)).returncode == 0
    folder = study.parent / "audit/reports"
    items = list(key_of(study).index)
    code(folder, {item: {"digital": "maybe" if item == items[0] else 1} for item in items})
    read = dti("audit", "reports", "--labelled", "--study", str(study))
    assert read.returncode == 2
    assert "coder_1.xlsx, sheet items, row" in read.stderr and "'maybe'" in read.stderr
    # a run goes on, and says the same
    frame = stored(study)
    reason = frame["reason"].dropna()
    assert reason.str.contains("'maybe'").any() and not reason.str.contains(str(study.parent)).any()
    few = dti("audit", "reports", "--n", "2", "--replace", "--study", str(study))
    assert few.returncode == 2 and "each needs at least one" in few.stderr
    assert len(list(folder.glob("*.xlsx"))) == 2
    shutil.rmtree(study.parent / "outputs/data/audit_keys")
    lost = dti("audit", "reports", "--labelled", "--study", str(study))
    assert lost.returncode == 2 and "the key of sample r" in lost.stderr


def test_a_folder_without_sheets_is_as_good_as_none(study: Path) -> None:
    # as a package has it, which carries sheets alone
    workspace = Workspace(load_study(study))
    frames = {name: workspace.stored(name) for name in NEEDED}
    before = measurement_audit(workspace, frames)
    folder = study.parent / "audit"
    (folder / "reports").mkdir(parents=True)
    (folder / "patents").mkdir()
    (folder / "patents/coder_1.ods").write_bytes(b"")
    pd.testing.assert_frame_equal(measurement_audit(workspace, frames), before)
    said = not_read(workspace.study)
    assert said == "not read, labels are taken from .xlsx alone: patents/coder_1.ods"
    made = dti("run", "--select", "measurement_audit", "--force", "--study", str(study))
    assert made.returncode == 0 and said in made.stderr
    read = dti("audit", "patents", "--labelled", "--study", str(study))
    assert read.returncode == 2 and said in read.stderr


def test_published_counts_have_no_contexts(tmp_path: Path) -> None:
    study = make_study(tmp_path / "study", years="[2014, 2014]")
    assert run(load_study(study), "+keyword_counts").success
    said = dti("audit", "reports", "--study", str(study))
    assert said.returncode == 2 and "contexts to label need the reports" in said.stderr
    assert said.stderr.count("\n") == 1
