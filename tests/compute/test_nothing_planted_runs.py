"""A Python file that lies in a study's folder is never executed, whatever its name."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from small_study import make_study, write_reports

# what a worker that reads and counts has loaded, and everything that could have been in its place
_LOADED = """
import sys
import dti_assets.compute.worker_main, dti_assets.text.folder, dti_assets.text.attention
import jieba, pdfplumber, pypdfium2, docx, trafilatura, lxml, pandas, pyarrow, dagster
print(*{name.partition('.')[0] for name in sys.modules} | set(sys.stdlib_module_names))
"""


@pytest.fixture(scope="module")
def names() -> list[str]:
    found = subprocess.run(
        [sys.executable, "-P", "-c", _LOADED], capture_output=True, text=True, check=True
    )
    return sorted(name for name in found.stdout.split() if name.isidentifier())


def test_no_module_is_taken_from_the_folder_of_a_study(tmp_path: Path, names: list[str]) -> None:
    study = make_study(tmp_path)
    write_reports(tmp_path / "reports_raw")
    ran = tmp_path / "ran"
    for name in names:
        (tmp_path / f"{name}.py").write_text(
            f"open({str(ran)!r}, 'a').write({name!r} + '\\n')\nraise SystemExit('planted')\n",
            encoding="utf-8",
        )
    assert len(names) > 300
    command = Path(sys.executable).with_name("dti")
    done = subprocess.run(
        [str(command), "run", "--study", study.name, "--select", "+policy_attention"],
        cwd=tmp_path,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert not ran.exists(), ran.read_text(encoding="utf-8")
    assert "5 reports counted" in done.stdout + done.stderr
