"""No module but units/ knows what units are called: names and key columns come from the study."""

import ast
from pathlib import Path

from dti_assets.units.lists import shipped_lists, shipped_units

PACKAGE = Path(__file__).resolve().parents[2] / "dti_assets"
# sentences of invented reports and patents, which are about places of China
SAMPLE_TEXT = {"simulation/reports.py", "simulation/patents.py"}


def _strings(path: Path) -> list[tuple[int, str]]:
    """String literals of a module with their lines, docstrings aside."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
    ]


def test_no_literal_is_a_key_column_or_the_name_of_a_unit() -> None:
    known: set[str] = set()
    for name, level in shipped_lists().items():
        known |= set(level.keys)
        for unit in shipped_units(name):
            known |= {*unit.names, unit.seat, unit.seat_english, str(unit.code)}
    found = [
        f"{path.relative_to(PACKAGE)}:{line}: {text}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for line, text in _strings(path)
        if path.relative_to(PACKAGE).parts[0] not in ("units", "reference")
        and path.relative_to(PACKAGE).as_posix() not in SAMPLE_TEXT
        and text in known
    ]
    assert not found, "\n".join(found)
