"""What `dti` suggests and refuses, sentence by sentence, and how its commands end."""

import shutil
from pathlib import Path

import pytest
from small_study import dti

from dti_assets.pipeline.run import Outcome
from dti_assets.progress import ConsoleProgress
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
