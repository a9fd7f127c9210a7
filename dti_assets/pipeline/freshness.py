"""Whether the stored outputs are those of the study as it stands.

Content decides where content was recorded (study.yaml, terms, reports, files made), time of the
files where it was not. Belongs here: reading; nothing is made again.
"""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from markupsafe import escape

from dti_assets.audit.sheets import sheet_paths
from dti_assets.panel.tables import PANEL_EXPORT
from dti_assets.pipeline.build import build_definitions
from dti_assets.pipeline.resources import Workspace
from dti_assets.publishing.tables import (
    FIGURE_FILES,
    REFEREE_DOCUMENTS,
    REPORT_PAGE,
    TABLE_FILES,
)
from dti_assets.replication.manifest import sha256
from dti_assets.stored_tables import FETCHED, YEARLY
from dti_assets.tables import Table
from dti_assets.text.listing import find_reports

if TYPE_CHECKING:
    import pandas as pd

# what lists files made below the outputs
FILE_TABLES = (PANEL_EXPORT, TABLE_FILES, FIGURE_FILES, REFEREE_DOCUMENTS, REPORT_PAGE)


def stale(workspace: Workspace) -> str | None:
    """The first asset that is missing or older than what it rests on, in one sentence; None where
    the outputs are those of the study."""
    return next(_faults(workspace), None)


def listed_files(workspace: Workspace, table: Table) -> "pd.DataFrame":
    """Path and SHA-256 of the files that a table of FILE_TABLES lists; a figure that could not be
    drawn has none."""
    return workspace.stored(table.name)[["path", "sha256"]].dropna()


def _faults(workspace: Workspace) -> Iterator[str]:
    study, store = workspace.study, workspace.store
    for name, table in workspace.tables.items():
        if name in FETCHED:
            continue
        for year in study.all_years if name in YEARLY else [None]:
            if not store.has(table, year):
                yield f"asset {name}{f' of {year}' if year else ''} has not been made"
    outputs = Path(study.output_url)
    for table in FILE_TABLES:
        listed = listed_files(workspace, table)
        for path, digest in zip(listed["path"], listed["sha256"], strict=True):
            if not (outputs / path).is_file():
                yield f"{path}, which asset {table.name} made, is not there any more"
            elif sha256(outputs / path) != digest:
                yield f"{path} is not the file that asset {table.name} made"
    page = outputs / "report.html"
    text = study.shown_text
    if str(escape(text)) not in page.read_text(encoding="utf-8"):
        yield f"{study.file.name} has changed since asset replication_report was made"
    years = set(workspace.stored("panel")["year"])
    if years != set(study.all_years):
        yield "asset panel was made for other years than the study's"
    terms = set(workspace.stored("policy_attention")["dictionary_sha256"].dropna())
    if not terms <= {workspace.dictionary().sha256}:
        yield f"asset policy_attention was made with other terms than {study.text.dictionary}"
    yield from _changed_reports(workspace)
    yield from _newer_inputs(workspace)
    yield from _older_than_upstream(workspace)


def _changed_reports(workspace: Workspace) -> Iterator[str]:
    folder = workspace.study.path(workspace.study.inputs.reports)
    known = workspace.stored("report_files").set_index("path")["sha256"].dropna().to_dict()
    found = {file.path: file.location for file in find_reports(folder)} if folder.is_dir() else {}
    for path in [path for path in known if path not in found]:
        yield f"report {path} is gone since asset report_files was made"
    for path, location in found.items():
        if path in known and location.is_file() and sha256(location) != known[path]:
            yield f"report {path} has changed since asset report_files was made"
    everything = set(workspace.stored("report_files")["path"])
    for path in sorted(found.keys() - everything):
        yield f"report {path} was added after asset report_files was made"


def _newer_inputs(workspace: Workspace) -> Iterator[str]:
    """Files that an asset reads and that were written after it was made."""
    study = workspace.study
    readers = {
        "patent_counts": [study.path(study.inputs.patents), study.path(study.patents.dictionaries)],
        "user_figures": [study.path(study.inputs.panel)],
        "measurement_audit": [
            sheet
            for folder in (study.audit.reports, study.audit.patents)
            for sheet in sheet_paths(study.path(folder))
        ],
    }
    if study.estimates.tables != "default":
        readers["tables"] = [study.path(study.estimates.tables)]
    if study.estimates.citations:
        readers["published_forensics"] = [study.path(study.estimates.citations)]
    for asset, places in readers.items():
        made = _made(workspace, asset, None)
        for place in places:
            files = [place] if place.is_file() else sorted(place.rglob("*"))
            for path in files:
                plain = path.is_file() and not path.name.startswith(".")
                if plain and path.stat().st_mtime > made and path.name.lower() != "readme.md":
                    name = path.relative_to(study.root).as_posix()
                    yield f"{name} has changed since asset {asset} was made"


def _older_than_upstream(workspace: Workspace) -> Iterator[str]:
    """Assets of a partial run that others made before it rest on."""
    with warnings.catch_warnings():
        # single-run backfills are beta in Dagster, which is no news here
        warnings.simplefilter("ignore", dg.BetaWarning)
        graph = build_definitions(workspace.study).resolve_asset_graph()
    years = workspace.study.all_years
    for node in sorted(graph.asset_nodes, key=lambda node: str(node.key)):
        name = node.key.to_user_string()
        if name in FETCHED:
            continue
        for parent in sorted(key.to_user_string() for key in node.parent_keys):
            if name in YEARLY and parent in YEARLY:
                pairs = [(_made(workspace, name, y), _made(workspace, parent, y)) for y in years]
            else:
                mine = [_made(workspace, name, y) for y in _partitions(name, years)]
                theirs = [_made(workspace, parent, y) for y in _partitions(parent, years)]
                pairs = [(min(mine), max(theirs))]
            if any(mine < theirs for mine, theirs in pairs):
                yield f"asset {name} is older than asset {parent}, which it rests on"


def _partitions(name: str, years: list[int]) -> list[int] | list[None]:
    return years if name in YEARLY else [None]


def _made(workspace: Workspace, name: str, year: int | None) -> float:
    return Path(workspace.store.location(name, year)).stat().st_mtime
