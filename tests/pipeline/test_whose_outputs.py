"""What `dti show` says of a table made under other settings, and whose outputs a folder holds."""

import json
import shutil
from pathlib import Path

import pytest
from small_study import dti, make_study, write_reports

from dti_assets.errors import StudyError
from dti_assets.pipeline.state.owner import changed_settings, check_owner, claim, other_owner
from dti_assets.store.parquet import Store
from dti_assets.study.config import load_study


def note(study: Path, asset: str, settings: dict, tables: dict | None = None, year=None) -> None:
    record = {"files": {}, "tables": tables or {}, "settings": settings, "program": {}}
    store = Store(load_study(study).output_url)
    store.note(asset, json.dumps(record), year)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return make_study(tmp_path / "one") if (tmp_path / "one").mkdir() is None else tmp_path


@pytest.mark.parametrize(
    ("extra", "key", "was", "now"),
    [
        ("text: {hits: overlap}\n", "text.hits", "longest", "overlap"),
        ("text: {section: plan}\n", "text.section", "whole", "plan"),
        ("text: {annexes: keep}\n", "text.annexes", "drop", "keep"),
        ("text: {words: han}\n", "text.words", "nonpunct", "han"),
    ],
)
def test_a_setting_of_a_table_that_another_rests_on_is_told(
    study: Path, extra: str, key: str, was: str, now: str
) -> None:
    note(study, "dti_iv", {"instrument.hub": "杭州"}, {"policy_attention": "x"})
    for year in (2014, 2015):
        note(study, "policy_attention", {key: was}, {}, year)
    assert changed_settings(load_study(study), "dti_iv") == {}
    study.write_text(study.read_text(encoding="utf-8") + extra, encoding="utf-8")
    assert changed_settings(load_study(study), "dti_iv") == {key: (was, now)}
    assert changed_settings(load_study(study), "panel") == {}


def test_show_and_doctor_say_it_after_an_edit(tmp_path: Path) -> None:
    study = make_study(tmp_path)
    write_reports(tmp_path / "reports_raw")
    assert dti("run", "--select", "+dti_iv", cwd=tmp_path).returncode == 0
    fresh = dti("show", "dti_iv", cwd=tmp_path)
    assert "other settings" not in fresh.stderr
    study.write_text(
        study.read_text(encoding="utf-8")
        + "instrument: {distance: geodesic}\ntext: {words: han}\n",
        encoding="utf-8",
    )
    for arguments in (["dti_iv"], ["dti_iv", "--years", "2015"], ["dti_iv", "--format", "csv"]):
        shown = dti("show", *arguments, cwd=tmp_path)
        assert shown.returncode == 0 and shown.stdout
        said = 'instrument.distance was "great_circle" and is "geodesic" now; text.words was'
        assert said in shown.stderr, shown.stderr
    assert "text.words" not in dti("show", "capital_distances", cwd=tmp_path).stderr
    found = dti("doctor", cwd=tmp_path).stdout
    assert 'instrument.distance was "great_circle" and is "geodesic" now' in found
    # a second file with the same outputs is another study
    shutil.copy(study, tmp_path / "second.yaml")
    refused = dti("run", "--study", "second.yaml", cwd=tmp_path)
    assert refused.returncode == 2 and "tables of the study" in refused.stderr
    assert "another study" in dti("show", "dti_iv", "--study", "second.yaml", cwd=tmp_path).stderr
    # other years are not
    again = dti("run", "--years", "2014", "--select", "capital_distances", cwd=tmp_path)
    assert again.returncode == 0, again.stderr


def test_a_moved_renamed_or_copied_folder_is_the_same_study(study: Path, tmp_path: Path) -> None:
    claim(load_study(study))
    moved = study.parent.rename(tmp_path / "moved")
    check_owner(load_study(moved / "study.yaml"))
    shutil.copytree(moved, tmp_path / "copy")
    check_owner(load_study(tmp_path / "copy/study.yaml"))
    renamed = (moved / "study.yaml").rename(moved / "main.yaml")
    claim(load_study(renamed))
    assert other_owner(load_study(renamed)) is None


def test_a_linked_study_file_is_the_same_study(study: Path, tmp_path: Path) -> None:
    claim(load_study(study))
    link = tmp_path / "link"
    link.symlink_to(study.parent)
    check_owner(load_study(link / "study.yaml"))


@pytest.mark.parametrize("url", ["memory://{}", "file://{}"])
def test_a_second_study_in_the_same_outputs_elsewhere_is_refused(
    study: Path, tmp_path: Path, url: str
) -> None:
    outputs = url.format(f"{tmp_path}/shared")
    studies = []
    for name in ("two", "three"):
        (tmp_path / name).mkdir()
        file = make_study(tmp_path / name)
        studies.append(load_study(file).model_copy(update={"outputs": outputs}))
        file.write_text(f"years: [2014, 2015]\noutputs: {outputs}\n", encoding="utf-8")
    first, second = studies
    claim(first)
    claim(first)
    with pytest.raises(StudyError, match=r"holds the tables of the study .*/two/study\.yaml"):
        claim(second)
    if url.startswith("file"):
        # the same folder, otherwise spelt
        with pytest.raises(StudyError, match=r"/two/study\.yaml"):
            claim(second.model_copy(update={"outputs": "../shared"}))


@pytest.mark.parametrize("place", ["absolute", "beside", "same folder"])
def test_a_second_study_in_the_same_outputs_is_refused(
    study: Path, tmp_path: Path, place: str
) -> None:
    outputs = {"absolute": str(tmp_path / "shared"), "beside": "../shared"}.get(place, "outputs")
    study.write_text(f"years: [2014, 2015]\noutputs: {outputs}\n", encoding="utf-8")
    claim(load_study(study))
    second = study.parent / "second.yaml"
    if place != "same folder":
        (tmp_path / "two").mkdir()
        second = make_study(tmp_path / "two")
    second.write_text(study.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(StudyError, match=r"holds the tables of the study .*/one/study\.yaml"):
        claim(load_study(second))
    # the way out, one way and the other
    study.write_text("years: [2014, 2015]\noutputs: elsewhere\n", encoding="utf-8")
    claim(load_study(second))
    study.write_text(second.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(StudyError):
        claim(load_study(study))
    second.unlink()
    claim(load_study(study))


def test_a_damaged_record_says_nothing(study: Path) -> None:
    for text in ("", "[]", "{", '{"file": 3}', '{"file": "../gone.yaml"}'):
        Store(load_study(study).output_url).note("study", text)
        claim(load_study(study))
