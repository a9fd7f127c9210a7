"""What tools/compare_outputs.py takes for a difference, and what not."""

import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import compare_outputs
import pandas as pd
import pytest

ALTERATIONS: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "a value beyond 1e-6 of its standard error": lambda f: f.assign(estimate=f["estimate"] + 3e-7),
    "another whole number": lambda f: f.assign(n_obs=f["n_obs"] + 1),
    "another word": lambda f: f.assign(term=f["term"].str.replace("x1", "x3")),
    "another order of rows": lambda f: f.iloc[::-1].reset_index(drop=True),
    "a row less": lambda f: f.iloc[1:].reset_index(drop=True),
    "another dtype": lambda f: f.astype({"n_obs": "float64"}),
    "another column": lambda f: f.rename(columns={"n_obs": "rows"}),
    "another order of columns": lambda f: f[[*reversed(f.columns)]],
    "a value that is missing": lambda f: f.assign(estimate=f["estimate"].where(f.index > 0)),
}


@pytest.fixture(scope="module")
def compare() -> ModuleType:
    return compare_outputs


@pytest.fixture
def outputs(tmp_path: Path) -> tuple[Path, Path]:
    """Two folders of the same outputs."""
    there, here = tmp_path / "there", tmp_path / "here"
    (there / "data").mkdir(parents=True)
    frame = pd.DataFrame(
        {
            "term": ["x1", "x2"],
            "estimate": [0.25, -1e-3],
            "std_error": [0.1, 0.2],
            "n_obs": [434, 434],
            "sha256": ["ab" * 32, "cd" * 32],
        }
    )
    frame.to_parquet(there / "data" / "table.parquet")
    (there / "table.md").write_text("| x1 | 0.25 |\n", encoding="utf-8")
    (there / "page.html").write_text(f"<p>made of {'ab' * 32}</p>\n", encoding="utf-8")
    shutil.copytree(there, here)
    return there, here


def test_the_same_is_no_difference(compare: ModuleType, outputs: tuple[Path, Path]) -> None:
    assert list(compare.compare_folders(*outputs)) == []


@pytest.mark.parametrize("alteration", ALTERATIONS)
def test_a_table_that_differs(
    compare: ModuleType, outputs: tuple[Path, Path], alteration: str
) -> None:
    path = outputs[1] / "data" / "table.parquet"
    ALTERATIONS[alteration](pd.read_parquet(path)).to_parquet(path)
    found = list(compare.compare_folders(*outputs))
    assert found and all(line.startswith("data/table.parquet") for line in found)


def test_checksums_and_the_last_digits_are_none(
    compare: ModuleType, outputs: tuple[Path, Path]
) -> None:
    there, here = outputs
    path = here / "data" / "table.parquet"
    frame = pd.read_parquet(path)
    frame["estimate"] += 0.9e-7
    frame["sha256"] = "ef" * 32
    frame.to_parquet(path)
    page = here / "page.html"
    page.write_text(page.read_text("utf-8").replace("ab" * 32, "ef" * 32), encoding="utf-8")
    assert list(compare.compare_folders(there, here)) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [("table.md", "| x1 | 0.26 |\n"), ("page.html", "<p>of</p>\n"), ("new.tex", "x\n")],
)
def test_a_text_that_differs(
    compare: ModuleType, outputs: tuple[Path, Path], name: str, text: str
) -> None:
    (outputs[1] / name).write_text(text, encoding="utf-8")
    assert len(list(compare.compare_folders(*outputs))) == 1


def test_what_a_message_allows(compare: ModuleType) -> None:
    globs = ["*/data/robustness.parquet:note", "shipped/report.html"]
    allowed = [
        "shipped/data/robustness.parquet:note: row 1",
        "shipped/report.html: line 3: a there, b here",
    ]
    refused = ["shipped/data/robustness.parquet:estimate: 1", "simulated/report.html: line 3"]
    assert [compare._is_allowed(line, globs) for line in allowed + refused] == [True] * 2 + [
        False
    ] * 2
