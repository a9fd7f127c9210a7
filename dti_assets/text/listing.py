"""What lies in the reports folder: which files, under which names, and what is no file at all.

No report is opened here; reading is in `reports`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from dti_assets.files import sha256
from dti_assets.folders import Found, find_all

# files of ours, or of an operating system, that lie among reports without being any
_NOT_REPORTS = frozenset({"readme.md", "sources.csv", "thumbs.db", "desktop.ini"})
# a download's provenance lies beside it: 浙江.html and 浙江.html.source.json
SIDE_SUFFIX = ".source.json"
_SIDE_SUFFIXES = (SIDE_SUFFIX, ".part", ".tmp")


def find_reports(folder: Path) -> list[Found]:
    """Everything below `folder` that may be a report, in the order of the paths: of find_all all
    but README.md, sources.csv and download side files."""
    return [file for file in find_all(folder) if not _is_ours(file.location.name)]


def _is_ours(name: str) -> bool:
    return name.lower() in _NOT_REPORTS or name.endswith(_SIDE_SUFFIXES)


def list_reports(folder: Path) -> list[str]:
    """The relative paths of find_reports."""
    return [file.path for file in find_reports(folder)]


def side_files(folder: Path) -> dict[str, Path]:
    """Where downloads keep what they know of each report of a folder, by path below it; most have
    none there."""
    found = find_reports(folder) if folder.is_dir() else []
    return {file.path + SIDE_SUFFIX: _beside(file) for file in found}


def superseding(found: Sequence[Found]) -> dict[str, set[str]]:
    """For each downloaded file that was fetched in place of others of its folder: their paths.

    A damaged provenance says nothing; its file is then one among others. A file that is no longer
    the one fetched is its user's own, and no download stands in its place.
    """
    newer: dict[str, set[str]] = {}
    by_path = {file.path: file for file in found}
    for file in found:
        try:
            older = json.loads(_beside(file).read_bytes())["supersedes"]
            folder = PurePosixPath(file.path).parent
            paths = {(folder / str(name)).as_posix() for name in older} - {file.path}
            newer[file.path] = {p for p in paths if p in by_path and _is_as_fetched(by_path[p])}
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            continue
    return {path: older for path, older in newer.items() if older}


def _is_as_fetched(file: Found) -> bool:
    try:
        fetched = json.loads(_beside(file).read_bytes())["sha256"]
        return not file.problem and sha256(file.location) == fetched
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return False


def locate(folder: Path, path: str) -> Path:
    """Where the file of that relative path lies."""
    plain = folder / path
    if plain.exists():
        return plain
    return next((file.location for file in find_reports(folder) if file.path == path), plain)


def _beside(file: Found) -> Path:
    return file.location.with_name(file.location.name + SIDE_SUFFIX)
