"""Reports that vanish while a run is under way, and times that say nothing: clocks set back or
forward, files with old and future dates."""

import os
import time
from pathlib import Path
from typing import Any

import pytest
from killed_runs import fast_folder, outputs
from small_study import REPORTS, make_study, write_reports

from dti_assets.compute.engines import borrowed
from dti_assets.pipeline.execution.run import Outcome, run
from dti_assets.pipeline.resources import Progress
from dti_assets.store.cache import Cache
from dti_assets.study.config import load_study
from dti_assets.text import folder as reports
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")
SELECTED = "+dti_iv"
LEAVING = "2015_上海.txt"
STAYING = "浙江2015.html"


class Notes(Progress):
    def __init__(self) -> None:
        self.said: dict[str, str] = {}

    def summary(self, asset: str, sentence: str) -> None:
        self.said[asset] = sentence


def begin(folder: Path, *names: str) -> Path:
    study = make_study(folder)
    write_reports(folder / "reports_raw", {name: REPORTS[name] for name in names})
    return study


def go(study: Path) -> tuple[Outcome, str | None]:
    """How a run ended, and what it said of reading where it read."""
    notes = Notes()
    outcome = run(load_study(study), SELECTED, workers=1, progress=notes)
    assert outcome.success, outcome.failures
    return outcome, notes.said.get("report_files")


def test_a_report_that_vanishes_is_named_and_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with fast_folder() as folder:
        study = begin(folder / "s", STAYING, LEAVING)

        def lose_and_borrow(*engine: Any) -> Any:
            (folder / "s" / "reports_raw" / LEAVING).unlink(missing_ok=True)
            return borrowed(*engine)

        with monkeypatch.context() as patch:
            # asked for after the folder was listed
            patch.setattr(reports, "borrowed", lose_and_borrow)
            outcome, said = go(study)
        assert said == "1 read, 0 reused, 1 refused"
        (warning,) = [text for name, _, text in outcome.warnings if name == "report_files.all_read"]
        assert LEAVING in warning and "cannot be opened (No such file or directory)" in warning
        _, said = go(study)
        assert said == "0 read, 1 reused, 0 refused"
        from_nothing = begin(folder / "other", STAYING)
        go(from_nothing)
        assert outputs(study) == outputs(from_nothing)


def test_a_report_that_vanishes_after_it_was_read_stops_the_run(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    write_reports(folder, {LEAVING: REPORTS[LEAVING]})
    files = reports.read_folder(folder, Cache(tmp_path / "c"), units=PROVINCES).files
    (folder / LEAVING).write_text("数字经济", encoding="utf-8")
    gone = f"{LEAVING} changed or vanished while the run was under way; run again"
    for _ in ("changed", "vanished"):
        with pytest.raises(reports.VanishedError, match=gone):
            reports.report_texts(
                files, [2015], folder, Cache(tmp_path / "emptied"), units=PROVINCES
            )
        (folder / LEAVING).unlink(missing_ok=True)
    # with the text in the cache nothing is missing
    there = reports.report_texts(files, [2015], folder, Cache(tmp_path / "c"), units=PROVINCES)
    assert len(there) == 1


def test_neither_clocks_nor_dates_of_files_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    with fast_folder() as folder:
        study = begin(folder / "s", STAYING, LEAVING)
        go(study)
        expected = outputs(study)
        true = time.time
        for path in study.parent.rglob("*"):
            os.utime(path, (true() + 7e7, true() + 7e7))
        again, _ = go(study)
        assert again.made == [] and outputs(study) == expected
        # a clock set back by two years, everything made so far being of the future
        monkeypatch.setattr(time, "time", lambda: true() - 7e7)
        go(study)
        assert outputs(study) == expected

        # another text of the same length, older than all that was made of the former one
        path = study.parent / "reports_raw" / LEAVING
        text = path.read_text(encoding="utf-8")
        other = text.replace("人民生活", "居民生活")
        assert other != text
        path.write_text(other, encoding="utf-8")
        os.utime(path, (1e9, 1e9))
        _, said = go(study)
        assert said == "1 read, 1 reused, 0 refused"
        from_nothing = begin(folder / "other", STAYING, LEAVING)
        (from_nothing.parent / "reports_raw" / LEAVING).write_text(other, encoding="utf-8")
        go(from_nothing)
        assert outputs(study) == outputs(from_nothing) != expected
