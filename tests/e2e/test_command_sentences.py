"""What `dti` suggests and refuses, sentence by sentence, and how its commands end."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from small_study import dti, make_study

from dti_assets.cli.doctor import diagnose
from dti_assets.cli.new import new_study
from dti_assets.cli.progress import ConsoleProgress
from dti_assets.pipeline.execution.preflight import preflight
from dti_assets.pipeline.execution.run import Outcome
from dti_assets.pipeline.resources import Workspace
from dti_assets.simulation.study import simulate_study
from dti_assets.store.parquet import Store
from dti_assets.study.catalogue import COMMON
from dti_assets.study.config import load_study
from dti_assets.units.lists import shipped_units


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
    monkeypatch.setattr("dti_assets.simulation.study._panel", interrupt)
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


def test_years_that_are_asked_for_are_the_rows_that_are_shown(tmp_path: Path) -> None:
    study = make_study(tmp_path / "s")
    store = Store(str(study.parent / "outputs"))
    rows = [{"province_code": 11, "province": "北京", "year": year} for year in (2014, 2015)]
    level = shipped_units("provinces").level
    store.write(level.table(COMMON["dti_iv"]), pd.DataFrame(rows))
    store.write(level.table(COMMON["capital_distances"]), pd.DataFrame([]))
    shown = dti("show", "dti_iv", "--years", "2014", "--format", "json", "--study", str(study))
    assert [row["year"] for row in json.loads(shown.stdout)] == [2014]
    refused = dti("show", "capital_distances", "--years", "2014", "--study", str(study))
    assert refused.returncode == 2 and "capital_distances has no column year" in refused.stderr


def test_another_encoding_of_the_terminal_is_no_failure(tmp_path: Path) -> None:
    study = make_study(tmp_path / "s")
    done = dti("doctor", "--study", str(study), PYTHONIOENCODING="gbk")
    assert done.returncode == 0 and done.stderr == "" and "\\u2713 Python" in done.stdout


def test_a_name_of_a_file_moves_no_terminal(tmp_path: Path) -> None:
    done = dti("show", "dti_iv", "--study", "a\x1b[31m.yaml", cwd=tmp_path)
    assert done.returncode == 2 and "a\ufffd[31m.yaml" in done.stderr


def test_what_an_interrupt_leaves_is_told(tmp_path: Path) -> None:
    script = (
        "import dti_assets.simulation.study\n"
        "def stop(*_):\n    raise KeyboardInterrupt\n"
        "dti_assets.simulation.study._panel = stop\n"
        "from dti_assets.cli.main import main\nmain()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "simulate", "made", "--provinces", "2", "--years",
         "2019-2020", "--patents", "100"],
        cwd=tmp_path, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 130 and done.stderr == "\ninterrupted; nothing of it is left\n"
    assert list(tmp_path.iterdir()) == []


def test_doctor_names_what_is_wrong_and_what_mends_it(tmp_path: Path) -> None:
    study = make_study(tmp_path / "s")
    well = dti("doctor", "--study", str(study))
    assert well.returncode == 0 and "142 terms, the shipped list" in well.stdout
    shutil.rmtree(study.parent / "reports_raw")
    ill = dti("doctor", "--study", str(study))
    assert ill.returncode == 2 and "mkdir -p" in ill.stdout


def test_doctor_says_what_makes_a_table_of_another_version_anew(tmp_path: Path) -> None:
    study = make_study(tmp_path / "s")
    stored = Path(Store(str(study.parent / "outputs")).location("dti_iv"))
    stored.parent.mkdir(parents=True)
    pd.DataFrame({"year": [2014], "a_column_of_before": [1.0]}).to_parquet(stored)
    told = dti("doctor", "--study", str(study))
    assert told.returncode == 2 and told.stderr == ""
    said = "✗ table dti_iv: undeclared column a_column_of_before\n    mend: dti run\n"
    assert said in told.stdout
    shown = dti("show", "dti_iv", "--study", str(study))
    assert shown.returncode == 2
    assert f"undeclared column a_column_of_before; run: dti run --study {study}" in shown.stderr


@pytest.mark.parametrize(
    ("extra", "file", "content", "said"),
    [
        ("", "instrument.freeze.json", "{}", "instrument.freeze.json"),
        ("", "dictionaries/patents_ai.csv", "x\n", "patents_ai.csv"),
        ("estimates: {citations: c.yaml}\n", "c.yaml", "[1]\n", "c.yaml"),
        ("simulated: t.json\n", "t.json", "[]", "t.json"),
        ("text: {settled: {a.pdf: {ignore: true}}}\n", "reports_raw/b.txt", "x", "names a.pdf"),
        ("inputs: {panel: my_panel}\n", "x", "x", "my_panel does not exist"),
        ("", "dictionaries/digital_economy_policy.csv",
         "term,category,language,source,note,exclusion_risk\n国际合作,own,zh,s,,\n",
         "is not the shipped dictionary"),
    ],
)  # fmt: skip
def test_the_doctor_refuses_what_a_run_refuses(
    tmp_path: Path, extra: str, file: str, content: str, said: str
) -> None:
    study = make_study(tmp_path / "s", extra)
    (study.parent / file).write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=said) as caught:
        preflight(Workspace(load_study(study)))
    found = list(diagnose(study))
    assert [f.what for f in found if f.trouble] == [str(caught.value)]


def test_the_doctor_tells_all_that_a_run_would_refuse(tmp_path: Path) -> None:
    study = make_study(tmp_path / "s", years="[2009, 2050]")
    (study.parent / "instrument.freeze.json").write_text("{}")
    done = dti("doctor", "--study", str(study))
    troubles = [line for line in done.stdout.splitlines() if line.startswith("✗")]
    assert done.returncode == 2 and len(troubles) == 3
    for number, part in enumerate(("years end in 2050", "freeze.json", "no counts are published")):
        assert part in troubles[number]
