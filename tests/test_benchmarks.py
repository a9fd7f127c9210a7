"""`make bench`: every file of benchmarks/ is run, and its section of the page replaced."""

import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def runner(tmp_path: Path) -> dict[str, Any]:
    """The runner as it is called, in a folder with two benchmarks: one meets its bar."""
    folder = tmp_path / "benchmarks"
    folder.mkdir()
    (tmp_path / "docs").mkdir()
    (folder / "__main__.py").write_bytes((ROOT / "benchmarks" / "__main__.py").read_bytes())
    for name, status in (("one", 0), ("two", 3)):
        (folder / f"{name}.py").write_text(
            f'"""Title of {name}.\n\n    python benchmarks/{name}.py\n\nBaseline: a loop.\n\n'
            f'    kept    as it is\n"""\nimport sys\nprint(*sys.argv[1:], "1.05")\n'
            f"sys.exit({status})\n"
        )
    return runpy.run_path(str(folder / "__main__.py"))


def test_every_benchmark_is_run_and_the_page_says_what_came_out(
    runner: dict[str, Any], tmp_path: Path
) -> None:
    page = tmp_path / "docs" / "performance.md"
    assert runner["main"]([]) == 1
    text = page.read_text()
    assert text.index("## one") < text.index("## two")
    assert text.count("Baseline: a loop.") == 2 and "kept    as it is" in text
    assert "`python benchmarks/one.py` on" in text and "processors" in text
    assert text.count("**bar not met** (exit status 3)") == 1
    other = text[text.index("## two") :]
    assert runner["main"](["one", "--full"]) == 0
    text = page.read_text()
    assert "--full 1.05" in text and text.endswith(other)
    assert runner["main"](["--full"]) == 2


def test_a_section_without_its_benchmark_goes(runner: dict[str, Any]) -> None:
    page = runner["renewed"]("# old\n\n## gone\n\ntext\n\n## one\n\nkept\n", {"two": "## two\n"})
    assert "gone" not in page and "kept" in page and page.endswith("## two\n")


def test_the_page_has_sections_of_benchmarks_alone() -> None:
    named = runpy.run_path(str(ROOT / "benchmarks" / "__main__.py"))["names"]()
    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    sections = {line.removeprefix("## ") for line in page.splitlines() if line.startswith("## ")}
    assert {"load"} <= sections <= set(named)
