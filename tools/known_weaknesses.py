"""List the known weaknesses of the pinned dependencies, from a copy of an advisory database.

    git clone https://github.com/pypa/advisory-database
    python tools/known_weaknesses.py advisory-database

reads the advisories in OSV form below `vulns`, and constraints.txt; one line for each pinned
version that an advisory affects. Exit status 1 where there is one. Where the package index answers
for weaknesses, `pip-audit -r constraints.txt` says the same without the copy.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

CONSTRAINTS = Path(__file__).resolve().parents[1] / "constraints.txt"


def pinned(text: str) -> dict[str, Version]:
    """Package -> version of the lines `name==version`."""
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    parsed = [Requirement(line) for line in lines if line]
    return {canonicalize_name(p.name): Version(str(p.specifier).lstrip("=")) for p in parsed}


def affects(affected: dict[str, Any], version: Version) -> bool:
    """Whether one entry `affected` of an advisory holds for a version."""
    if str(version) in affected.get("versions", []):
        return True
    return any(
        _within(ranged["events"], version)
        for ranged in affected.get("ranges", [])
        if ranged["type"] == "ECOSYSTEM"
    )


def _within(events: list[dict[str, str]], version: Version) -> bool:
    """Events come in the order of versions: introduced, then fixed or last affected."""
    inside = False
    for event in events:
        if "introduced" in event:
            inside = inside or version >= Version(event["introduced"])
        if "fixed" in event:
            inside = inside and version < Version(event["fixed"])
        if "last_affected" in event:
            inside = inside and version <= Version(event["last_affected"])
    return inside


def about(database: Path, packages: dict[str, Version]) -> Iterator[tuple[str, str, bool]]:
    """(advisory, package, open) for every advisory about a pinned package that stands."""
    for file in sorted(database.glob("vulns/*/*.yaml")):
        advisory = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
        if "withdrawn" in advisory:
            continue
        for affected in advisory.get("affected", []):
            name = canonicalize_name(affected["package"]["name"])
            if name in packages:
                yield advisory["id"], name, affects(affected, packages[name])


def main() -> None:
    packages = pinned(CONSTRAINTS.read_text(encoding="utf-8"))
    found = list(about(Path(sys.argv[1]), packages))
    open_ones = [(name, identifier) for identifier, name, is_open in found if is_open]
    for name, identifier in open_ones:
        print(f"{name} {packages[name]}: {identifier}")
    print(f"{len(packages)} pinned, {len(found)} advisories about them, {len(open_ones)} open")
    sys.exit(bool(open_ones))


if __name__ == "__main__":
    main()
