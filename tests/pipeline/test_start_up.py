"""What starting up costs: neither the code location nor `dti --help` loads what only running needs.

The heavy imports are looked for by name, which does not depend on the machine; one ratio of
processor times guards against everything else, with room to spare.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    *("pandas", "polars", "pyarrow", "numpy", "scipy", "linearmodels", "statsmodels", "pandera"),
    *("matplotlib", "jieba", "pdfplumber", "pypdfium2", "docx", "openpyxl", "lxml", "trafilatura"),
    *("geopy", "ray", "fsspec"),
)
_LOADED = f"import sys; print(*sorted(set({HEAVY!r}) & set(sys.modules)))"


def _python(root: Path, code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=root,
        env={**os.environ, "DTI_STUDY": str(root / "study.yaml")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_the_code_location_loads_no_numerical_library_and_says_nothing(root: Path) -> None:
    assert _python(root, f"import dti_assets.definitions; {_LOADED}").strip() == ""


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["show", "--help"]])
def test_help_loads_neither_dagster_nor_a_numerical_library(
    root: Path, arguments: list[str]
) -> None:
    code = (
        "import sys\nfrom dti_assets.cli import main\ntry: main()\nexcept SystemExit: pass\n"
        f"print('dagster' in sys.modules, 'yaml' in sys.modules); {_LOADED}"
    )
    assert _python(root, code, *arguments).splitlines()[-2:] == ["False False", ""]


def test_loading_the_code_location_costs_little_more_than_dagster_itself(root: Path) -> None:
    """The aim is 1.3 times `import dagster`; what is asserted leaves room for a busy machine."""

    def seconds(code: str) -> float:
        spent = f"import time; {code}; print(time.process_time())"
        return min(float(_python(root, spent)) for _ in range(4))

    assert seconds("import dti_assets.definitions") < 1.7 * seconds("import dagster")
