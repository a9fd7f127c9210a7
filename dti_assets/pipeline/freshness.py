"""Whether the stored outputs are those of the study as it stands.

Content decides, never the time of a file: a clock set back hides no change. Belongs here: reading;
nothing is made again.
"""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from markupsafe import escape

from dti_assets.panel.tables import PANEL_EXPORT
from dti_assets.pipeline.build import build_definitions, parents
from dti_assets.pipeline.origins import Origins, file_contents, recorded
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
# its body stores the file itself; patent_counts, made with it, has the record
_WITHOUT_RECORD = {"digital_patents"}


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
    yield from _not_made_from_these(workspace)


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


def _not_made_from_these(workspace: Workspace) -> Iterator[str]:
    """Assets that were made from other files, or from other tables, than there are now."""
    study = workspace.study
    with warnings.catch_warnings():
        # single-run backfills are beta in Dagster, which is no news here
        warnings.simplefilter("ignore", dg.BetaWarning)
        above = parents(build_definitions(study))
    origins = Origins(workspace, above, file_contents(study))
    for name in sorted(above.keys() - FETCHED - _WITHOUT_RECORD):
        for year in study.all_years if name in YEARLY else [None]:
            then, now = recorded(workspace.store, name, year), origins.now(name, year)
            if then is None:
                yield f"it is not on record what asset {name} was made from"
                continue
            for kind, files in now["files"].items():
                before = then["files"].get(kind, {})
                for path in sorted(before.keys() | files.keys()):
                    if before.get(path) != files.get(path):
                        yield f"{path} has changed since asset {name} was made"
            for parent, checksum in now["tables"].items():
                if then["tables"].get(parent) != checksum:
                    yield f"asset {name} was made from another {parent} than is stored now"
