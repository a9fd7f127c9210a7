"""Data flows one way: which package may import which, held against the code's own imports."""

import ast
import re
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "dti_assets"
DOMAIN = (
    *("text", "geography", "sources", "patents", "panel", "econ", "publishing"),
    *("replication", "audit"),
)
# what each domain package may use besides itself and the plain modules named below
ALLOWED = {
    "text": {"geography"},
    "geography": set(),
    # a download is judged by the readers that will count it, and stored where they look
    "sources": {"geography", "text"},
    "patents": {"geography"},
    "panel": {"geography"},
    "econ": set(),
    "publishing": {"geography"},
    "replication": set(),
    # sets what the others counted against what humans say, so it stands above them
    "audit": {"text", "geography", "patents", "panel", "econ"},
}
PLAIN = {
    "errors",
    "tables",
    "files",
    "folders",
    "sealed",
    "spreadsheets",
    "reference",
    "ray_engine",
}
# the layers of docs/architecture.md; a module or package that is in none is of the domain
LAYERS = {
    **dict.fromkeys(
        ("cli", "commands", "diagnosis", "progress", "scaffold", "simulate", "definitions"),
        "commands",
    ),
    "pipeline": "pipeline",
    **dict.fromkeys(
        (
            *(
                "study",
                "study_faults",
                "study_places",
                "study_tables",
                "stored_tables",
                "storage",
                "column_lineage",
            ),
            *("table_scripts", "run_storage", "locks", "sweep", "notification", "withheld"),
        ),
        "study",
    ),
    **dict.fromkeys(
        (
            "errors",
            "tables",
            "files",
            "folders",
            "sealed",
            "spreadsheets",
            "output",
            "process",
            "reference",
            "ray_engine",
        ),
        "plain",
    ),
    **dict.fromkeys(DOMAIN, "domain"),
}


def _imports(path: Path) -> set[str]:
    """Top-level names below dti_assets, and foreign packages, that a module imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = [node.module]
            if node.module == "dti_assets":
                names = [f"dti_assets.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            found.add(parts[1] if parts[0] == "dti_assets" and len(parts) > 1 else parts[0])
    return found


def test_domain_packages_know_neither_dagster_nor_the_pipeline_nor_each_other() -> None:
    for package in DOMAIN:
        for path in (PACKAGE / package).rglob("*.py"):
            used = _imports(path)
            where = path.relative_to(PACKAGE)
            assert not used & {"dagster", "pipeline", "cli", "definitions", "study"}, where
            foreign = used & (set(DOMAIN) - {package})
            assert foreign <= ALLOWED[package], (where, foreign)
            ours = {p.stem for p in PACKAGE.iterdir()} & used
            assert ours <= {package, *ALLOWED[package], *PLAIN}, (where, ours)


def test_only_the_pipeline_and_its_entry_points_import_dagster() -> None:
    for path in PACKAGE.rglob("*.py"):
        if "dagster" in _imports(path):
            assert path.relative_to(PACKAGE).parts[0] == "pipeline", path


def test_no_module_is_too_long_or_without_a_word_of_what_it_is() -> None:
    for path in PACKAGE.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert source.count("\n") <= 420, path
        if source.strip():
            assert ast.get_docstring(ast.parse(source)), path


def test_the_pictures_of_the_architecture_are_those_of_the_code() -> None:
    text = (PACKAGE.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawn = [
        {tuple(arrow.split(" --> ")) for arrow in re.findall(r"\w+ --> \w+", block)}
        for block in re.findall(r"```mermaid\n(.*?)```", text, re.S)
    ]
    layers, packages = set(), set()
    for path in PACKAGE.rglob("*.py"):
        top = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if top == "__init__":
            continue
        for used in _imports(path) & {p.stem for p in PACKAGE.iterdir()} - {top}:
            mine, theirs = LAYERS[top], LAYERS[used]
            if mine != theirs:
                layers.add((mine, theirs))
            elif mine == "domain":
                packages.add((top, used))
    assert drawn == [layers, packages]
