"""Data flows one way: which package may import which, held against the code's own imports."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "dti_assets"
PAGE = PACKAGE.parent / "docs" / "architecture.md"
# what every package may use; the picture of the page leaves arrows to them out
GROUND = ("errors", "store", "units")
LONGEST = 900


def _modules() -> dict[str, Path]:
    """Dotted name -> file of every module of the package."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def _imports(path: Path, deferred: bool = True) -> set[str]:
    """The modules that a file imports, by dotted name; `deferred`: within functions too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = ast.walk(tree) if deferred else _at_import(tree)
    modules, found = _modules(), set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            inner = names & modules.keys()
            found |= inner or {node.module}
    return found


def _at_import(tree: ast.Module) -> list[ast.stmt]:
    """Statements that run when a module is imported."""
    return [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]


def _top(name: str) -> str:
    return (name + ".").split(".")[1]


def _floors() -> dict[str, int]:
    """Package -> floor, as the table of the page lists them from the top down."""
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: int(floor) for floor, names in rows for name in re.findall(r"`(\w+)`", names)}


def _arrows() -> set[tuple[str, str]]:
    """The packages that import one another, GROUND aside."""
    found = set()
    for name, path in _modules().items():
        for used in _imports(path):
            if used.startswith("dti_assets.") and _top(used) != _top(name):
                found.add((_top(name), _top(used)))
    return found


def test_a_package_imports_from_the_floors_below_it_alone() -> None:
    floors = _floors()
    assert {_top(name) for name in _modules()} - {""} <= floors.keys()
    for user, used in _arrows():
        if user:
            assert floors[user] > floors[used], f"{user} imports {used}"


def test_the_picture_of_the_page_is_that_of_the_code() -> None:
    drawn = set(re.findall(r"^ +(\w+) --> (\w+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert drawn == {(user, used) for user, used in _arrows() if used not in GROUND and user}


def test_only_the_pipeline_imports_dagster() -> None:
    for name, path in _modules().items():
        if any(used.split(".")[0] == "dagster" for used in _imports(path)):
            assert _top(name) == "pipeline", path


def test_modules_import_one_another_in_no_circle() -> None:
    modules = _modules()
    graph = {
        name: {used for used in _imports(path) if used in modules and used != name}
        for name, path in modules.items()
    }
    # a package's face resolves names of its modules on first use
    graph = {name: used - {name.rpartition(".")[0]} for name, used in graph.items()}
    list(TopologicalSorter(graph).static_order())


def test_every_module_says_what_it_is_and_none_is_endless() -> None:
    for name, path in _modules().items():
        source = path.read_text(encoding="utf-8")
        assert source.count("\n") <= LONGEST, path
        if source.strip():
            assert ast.get_docstring(ast.parse(source)), name


def test_few_of_our_own_modules_are_imported_within_functions() -> None:
    lines = nested = 0
    for path in _modules().values():
        source = path.read_text(encoding="utf-8")
        lines += source.count("\n")
        tree = ast.parse(source)
        top = {id(node) for node in ast.walk(tree) if isinstance(node, ast.stmt)} - {
            id(node)
            for function in ast.walk(tree)
            if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
            for node in ast.walk(function)
        }
        nested += sum(
            isinstance(node, ast.ImportFrom)
            and (node.module or "").startswith("dti_assets")
            and id(node) not in top
            for node in ast.walk(tree)
        )
    assert nested / lines < 0.003, f"{nested} own imports within functions in {lines} lines"
