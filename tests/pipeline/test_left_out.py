"""The closing summary counts what was left out, by kind, from the stored tables."""

from pathlib import Path
from typing import Any

import pytest
from small_study import dti, make_study, write_reports

from dti_assets.patents.tables import LEFT_OUT, STATUSES
from dti_assets.pipeline.left_out import left_out
from dti_assets.pipeline.resources import Workspace
from dti_assets.study.config import load_study


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(load_study(make_study(tmp_path)))


def store(workspace: Workspace, name: str, rows: list[dict[str, Any]]) -> None:
    table = workspace.tables[name]
    workspace.store.write(
        table, table.frame([{**dict.fromkeys(table.column_names), **r} for r in rows])
    )


def test_reports_by_status(workspace: Workspace) -> None:
    statuses = ["ok", "ok", "damaged", "scanned", "damaged", "duplicate"]
    rows = [{"path": f"{n}.txt", "status": status} for n, status in enumerate(statuses)]
    rows[1]["warning"] = "long passages stand twice"
    store(workspace, "report_files", rows)
    assert left_out(workspace, ["report_files"]) == [
        "report files: 2 damaged, 1 scanned, 1 duplicate, 1 counted with a warning "
        "(dti show report_files)"
    ]
    assert left_out(workspace, ["panel"]) == []


def test_patents_by_reason(workspace: Workspace) -> None:
    found = {
        "rows": 40,
        "applications": 31,
        "malformed": 4,
        "foreign": 3,
        "no_abstract": 9,
        "several_rows": 9,
        "publication_date_unreadable": 2,
        "sheet_hidden_read": 1,
        "sheet_unread": 2,
        "column_unread": 1,
        "file_unreadable": 1,
        "province_unknown": 1,
    }
    rows = [
        {"file": file, "status": status, "meaning": "x", "rows": number}
        for status, number in found.items()
        for file in ("a.csv", "b.csv")
    ]
    store(workspace, "patent_row_status", rows)
    told = left_out(workspace, ["patent_row_status", "report_files"])
    assert sorted(told) == [
        "patent columns: 2 column_unread (dti show patent_row_status)",
        "patent files: 2 file_unreadable (dti show patent_row_status)",
        "patent rows: 8 malformed, 6 foreign, 2 province_unknown (dti show patent_row_status)",
        "patent sheets: 4 sheet_unread (dti show patent_row_status)",
    ]


def test_what_is_left_out_of_patents_is_a_status() -> None:
    assert {name for names in LEFT_OUT.values() for name in names} <= set(STATUSES)


def test_figures_by_reason(workspace: Workspace) -> None:
    reasons = ["footnote", "no series: 企业数(内资)", "no series: 人口(城镇)", "row too long"]
    store(workspace, "figures_left_out", [{"file": "a.xlsx", "reason": r} for r in reasons])
    (line,) = left_out(workspace, {"figures_left_out"})
    assert line == "figures: 2 no series, 1 footnote, 1 row too long (dti show figures_left_out)"


def test_nothing_left_out_is_no_line(workspace: Workspace) -> None:
    store(workspace, "report_files", [{"path": "a.txt", "status": "ok"}])
    store(workspace, "figures_left_out", [])
    assert left_out(workspace, ["report_files", "figures_left_out", "patent_row_status"]) == []


def test_a_run_says_it_and_executes_nothing_of_the_study_s_folder(tmp_path: Path) -> None:
    make_study(tmp_path)
    write_reports(tmp_path / "reports_raw")
    (tmp_path / "reports_raw" / "江苏2013.docx").write_bytes(b"PK\x03\x04 cut off")
    (tmp_path / "reports_raw" / "empty.txt").write_bytes(b"")
    for name in ("jieba.py", "reports_raw/pandas.py", "dictionaries/lxml.py", "sitecustomize.py"):
        (tmp_path / name).write_text("open('ran', 'w')\nraise SystemExit\n", encoding="utf-8")
    # in a new process, started in the folder of the study as a user starts it
    done = dti("run", "--select", "+policy_attention", cwd=tmp_path, PYTHONSAFEPATH="1")
    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.rglob("ran"))
    (line,) = [one for one in done.stdout.splitlines() if "report files:" in one]
    assert "1 damaged" in line and "1 empty" in line, line
