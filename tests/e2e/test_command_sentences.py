"""What `dti` suggests and refuses, sentence by sentence, and how its commands end."""

import shutil
from pathlib import Path

import pytest
from small_study import dti

from dti_assets.pipeline.run import Outcome
from dti_assets.progress import ConsoleProgress
from dti_assets.scaffold import new_study
from dti_assets.simulate import simulate_study
from dti_assets.study import load_study


def test_a_suggested_command_can_be_pasted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = dti("new", "my study", cwd=tmp_path)
    assert made.stdout.endswith("next: dti run --study 'my study/study.yaml'\n")
    study = tmp_path / "my study" / "study.yaml"
    unmade = dti("show", "dti_iv", "--study", "my study/study.yaml", cwd=tmp_path)
    assert "run: dti run --study 'my study/study.yaml'" in unmade.stderr
    unmade = dti("package", "out.zip", "--study", "my study/study.yaml", cwd=tmp_path)
    assert "run: dti run --study 'my study/study.yaml'" in unmade.stderr
    ConsoleProgress("x").close(Outcome(True, made=["panel"]), load_study(study))
    assert f"dti show panel --study '{study}'" in capsys.readouterr().out

    shutil.rmtree(study.parent / "reports_raw")
    settings = study.parent / ".dagster" / "dagster.yaml"
    settings.parent.mkdir()
    settings.write_text("storage: {postgres: {}}\n")
    said = dti("doctor", "--study", str(study)).stdout
    assert f"mend: mkdir -p '{study.parent}/reports_raw'\n" in said
    assert f"mend: rm '{settings}'\n" in said


def test_what_is_interrupted_leaves_nothing_that_would_be_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    (tmp_path / "empty").mkdir()
    monkeypatch.setattr("dti_assets.simulate._panel", interrupt)
    for name in ("empty", "new"):
        with pytest.raises(KeyboardInterrupt):
            simulate_study(tmp_path / name, 2, (2019, 2020), 100)
    assert list(tmp_path.rglob("*")) == [tmp_path / "empty"]

    copied = shutil.copyfile
    (tmp_path / "mine" / "dictionaries").mkdir(parents=True)
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr(
        "shutil.copyfile",
        lambda a, b: interrupt() if b.name == "study.yaml" else copied(a, b),
    )
    for folder in (tmp_path / "mine", tmp_path / "a" / "b"):
        with pytest.raises(KeyboardInterrupt):
            new_study(folder)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("folder", ["f", "f/g"])
def test_new_names_the_file_that_is_in_the_way(tmp_path: Path, folder: str) -> None:
    (tmp_path / "f").write_text("x")
    done = dti("new", folder, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (
        2, "dti: f is a file, where dti new needs a folder\n",
    )  # fmt: skip
