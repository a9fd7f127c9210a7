"""Files that a study names: regular ones of a size that can be read; and places for outputs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from small_study import make_study

from dti_assets.errors import DtiError, StudyError, TableError
from dti_assets.instrument.freeze import read_record
from dti_assets.pipeline.execution.preflight import faults
from dti_assets.pipeline.resources import Workspace
from dti_assets.store.files import find_all, read_named, sha256
from dti_assets.study.config import load_study
from dti_assets.units.lists import shipped_units

KEYS = {
    "text.dictionary": "text: {{dictionary: {}}}\n",
    "units": "units: {}\ninstrument: {{hub: 杭州}}\n",
}


@pytest.fixture
def study(tmp_path: Path) -> Path:
    (tmp_path / "study").mkdir()
    return make_study(tmp_path / "study")


@pytest.fixture(params=["/dev/zero", "/proc/kmsg", "pipe", "huge", "link to a device"])
def strange(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file that never ends, blocks whoever opens it, or fills the memory."""
    if request.param.startswith("/"):
        return Path(request.param)
    path = tmp_path / "strange.csv"
    if request.param == "pipe":
        os.mkfifo(path)
    elif request.param == "huge":
        with path.open("wb") as file:
            file.truncate(2**31)
    else:
        path.symlink_to("/dev/zero")
    return path


@pytest.mark.parametrize("key", KEYS)
def test_a_list_that_never_ends_is_refused_with_a_sentence(
    study: Path, strange: Path, key: str
) -> None:
    text = study.read_text(encoding="utf-8") + KEYS[key].format(strange)
    study.write_text(text, encoding="utf-8")
    try:
        found = faults(Workspace(load_study(study)))
    except StudyError as error:
        found = [str(error)]
    assert str(strange) in found[0]
    assert "no regular file" in found[0] or "larger than the 64 MiB" in found[0], found


def test_other_files_that_a_study_names(study: Path, strange: Path) -> None:
    with pytest.raises(StudyError, match=r"no regular file|larger than"):
        load_study(strange)
    with pytest.raises(DtiError, match=r"no regular file|larger than"):
        read_record(strange)
    tables = study.parent / "tables"
    tables.mkdir()
    (tables / "mine.yaml").symlink_to(strange)
    text = study.read_text(encoding="utf-8") + "estimates: {tables: tables}\n"
    study.write_text(text, encoding="utf-8")
    found = faults(Workspace(load_study(study)))
    assert any("mine.yaml" in one and ("regular" in one or "larger" in one) for one in found)


def test_what_is_no_file_is_neither_opened_nor_hashed(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "below").mkdir(parents=True)
    (folder / "good.txt").write_text("good", encoding="utf-8")
    os.mkfifo(folder / "pipe.txt")
    for name, target in {"kmsg.pdf": "/proc/kmsg", "zero": "/dev/zero", "gone": "nowhere"}.items():
        (folder / "below" / name).symlink_to(target)
    (folder / "system").symlink_to("/proc")
    (folder / "linked.txt").symlink_to(folder / "good.txt")
    found = {file.path: file.problem for file in find_all(folder)}
    strange = "neither a file nor a folder"
    assert found == {
        "below/gone": "",
        "below/kmsg.pdf": strange,
        "below/zero": strange,
        "good.txt": "",
        "linked.txt": "",
        "pipe.txt": strange,
    }
    for name in ("pipe.txt", "below/kmsg.pdf", "below/zero"):
        with pytest.raises(OSError, match="no regular file"):
            sha256(folder / name)
    assert read_named(folder / "linked.txt") == b"good"


@pytest.mark.parametrize(
    ("outputs", "said"),
    [
        ("memory://study", "gone when the command ends"),
        ("http://localhost/x", "takes no files"),
        ("nonsense://x", "no protocol that is known"),
        ("simplecache::memory://x", "gone when the command ends"),
    ],
)
def test_outputs_that_keep_nothing_are_refused(study: Path, outputs: str, said: str) -> None:
    text = study.read_text(encoding="utf-8")
    study.write_text(f"{text}outputs: {outputs}\n", encoding="utf-8")
    (found,) = [one for one in faults(Workspace(load_study(study))) if "://" in one]
    assert said in found and str(study) in found


@pytest.mark.parametrize(
    ("outputs", "package", "module"),
    [
        ("s3://bucket/study", "s3fs", "s3fs"),
        ("gs://bucket/study", "gcsfs", "gcsfs"),
        ("abfs://container/study", "adlfs", "adlfs"),
        ("sftp://host/study", "paramiko", "paramiko"),
    ],
)
def test_a_missing_driver_is_named(
    study: Path, monkeypatch: pytest.MonkeyPatch, outputs: str, package: str, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    text = study.read_text(encoding="utf-8")
    study.write_text(f"{text}outputs: {outputs}\n", encoding="utf-8")
    workspace = Workspace(load_study(study))
    said = f"is missing: pip install {package}"
    assert said in faults(workspace)[0] and "bucket" not in said
    with pytest.raises(TableError, match=said):
        workspace.stored("panel")


def test_a_named_list_is_read_as_before(tmp_path: Path) -> None:
    assert len(shipped_units("provinces")) == 31
    empty = tmp_path / "empty"
    empty.touch()
    assert read_named(empty) == b"" and len(sha256(empty)) == 64
    done = subprocess.run(["sha256sum", __file__], capture_output=True, text=True, check=True)
    assert sha256(Path(__file__)) == done.stdout.split()[0]
