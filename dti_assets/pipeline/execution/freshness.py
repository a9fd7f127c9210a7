"""Whether the stored outputs are those of the study as it stands, and which are not; so what a run
has still to make, and what it has still to look at.

Content decides, never the time of a file: a clock set back hides no change. Up to date is what was
made from what there is now, and found to be as declared. In doubt an asset is made again: where
there is no record, and when the year ends or the reports of a year fall due. A check that only
warns is made again by itself. Nothing is made here.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from markupsafe import escape

from dti_assets.errors import DamagedTableError, MissingTableError, TableError
from dti_assets.panel.tables import PANEL_EXPORT
from dti_assets.pipeline import metadata
from dti_assets.pipeline.definitions import build_definitions, places
from dti_assets.pipeline.metadata import LOOKED_AT, SEASON, SETTINGS
from dti_assets.pipeline.resources import Workspace
from dti_assets.pipeline.state.owner import recorded
from dti_assets.pipeline.state.provenance import (
    WITHOUT_RECORD,
    Origins,
    Place,
    file_contents,
)
from dti_assets.pipeline.state.readers import PAGE, ROOT, settings
from dti_assets.pipeline.stored_asset import AS_DECLARED
from dti_assets.publishing.tables import (
    FIGURE_FILES,
    REFEREE_DOCUMENTS,
    REPORT_PAGE,
    TABLE_FILES,
)
from dti_assets.store.files import sha256
from dti_assets.store.schema import Table
from dti_assets.study.catalogue import FETCHED, YEARLY
from dti_assets.text.folder import find_reports
from dti_assets.text.readers.reading import MAX_BYTES

if TYPE_CHECKING:
    import pandas as pd

# what lists files made below the outputs
FILE_TABLES = (PANEL_EXPORT, TABLE_FILES, FIGURE_FILES, REFEREE_DOCUMENTS, REPORT_PAGE)
# the last result of every check; None where one was never made, or begun and not ended
LastChecks = Mapping[dg.AssetCheckKey, dg.AssetCheckEvaluation | None]


def stale(workspace: Workspace) -> str | None:
    """The first asset that is missing or older than what it rests on, in one sentence; None where
    the outputs are those of the study."""
    with warnings.catch_warnings():
        # single-run backfills are beta in Dagster, which is no news here
        warnings.simplefilter("ignore", dg.BetaWarning)
        definitions = build_definitions(workspace.study)
    return next((sentence for _, sentence in faults(workspace, places(definitions))), None)


def listed_files(workspace: Workspace, table: Table) -> "pd.DataFrame":
    """Path and SHA-256 of the files that a table of FILE_TABLES lists; a figure that could not be
    drawn has none."""
    return workspace.stored(table.name)[["path", "sha256"]].dropna()


def faults(workspace: Workspace, where: Mapping[str, Place]) -> Iterator[tuple[str, str]]:
    """Asset and sentence of everything that is missing, damaged, or older than what it rests on,
    of the assets at these places."""
    study, store = workspace.study, workspace.store
    for name in workspace.tables:
        if name in FETCHED:
            continue
        for year in study.all_years if name in YEARLY else [None]:
            if not store.has(workspace.tables[name], year):
                yield name, f"asset {name}{f' of {year}' if year else ''} has not been made"
    for table in FILE_TABLES:
        yield from _unless_damaged(table.name, partial(_lost_files, workspace, table))
    yield from _unless_damaged(PAGE, partial(_another_study, workspace))
    yield from _unless_damaged("panel", partial(_other_years, workspace))
    yield from _unless_damaged("policy_attention", partial(_other_terms, workspace))
    yield from _unless_damaged(ROOT, partial(_changed_reports, workspace))
    origins = Origins(workspace, where, file_contents(study))
    for name in sorted(where.keys() - FETCHED - WITHOUT_RECORD):
        yield from _unless_damaged(name, partial(_not_made_from_these, origins, name))


def _unless_damaged(asset: str, look: Callable[[], Iterable[str]]) -> Iterator[tuple[str, str]]:
    """What `look` says of the asset; a table or a file that cannot be read is a fault as well."""
    try:
        for sentence in look():
            yield asset, sentence
    except (MissingTableError, DamagedTableError, TableError, OSError) as error:
        yield asset, str(error)


def _lost_files(workspace: Workspace, table: Table) -> Iterator[str]:
    listed = listed_files(workspace, table)
    for path, digest in zip(listed["path"], listed["sha256"], strict=True):
        found = workspace.store.file_sha256(path)
        if found is None:
            yield f"{path}, which asset {table.name} made, is not there any more"
        elif found != digest:
            yield f"{path} is not the file that asset {table.name} made"


def _another_study(workspace: Workspace) -> Iterator[str]:
    study = workspace.study
    (digest,) = listed_files(workspace, REPORT_PAGE)["sha256"]
    page = workspace.store.kept("report.html", digest, PAGE).decode("utf-8")
    if str(escape(study.shown_text)) not in page:
        yield f"{study.file.name} has changed since asset {PAGE} was made"


def _other_years(workspace: Workspace) -> Iterator[str]:
    if set(workspace.stored("panel")["year"]) != set(workspace.study.all_years):
        yield "asset panel was made for other years than the study's"


def _other_terms(workspace: Workspace) -> Iterator[str]:
    terms = set(workspace.stored("policy_attention")["dictionary_sha256"].dropna())
    if not terms <= {workspace.dictionary().sha256}:
        dictionary = workspace.study.text.dictionary
        yield f"asset policy_attention was made with other terms than {dictionary}"


def _changed_reports(workspace: Workspace) -> Iterator[str]:
    folder = workspace.study.path(workspace.study.inputs.reports)
    listed = workspace.stored(ROOT).set_index("path")
    known = listed["sha256"].dropna().to_dict()
    # not read, by its size or within the limits: known by its size alone
    unread = listed["sha256"].isna() & (listed["status"] != "set_aside")
    sizes = listed["bytes"][unread].dropna().to_dict()
    found = {file.path: file.location for file in find_reports(folder)} if folder.is_dir() else {}
    for path in [path for path in listed.index if path not in found]:
        yield f"report {path} is gone since asset {ROOT} was made"
    for path, location in found.items():
        changed = path in known and location.is_file() and sha256(location) != known[path]
        if changed or (path in sizes and _size(location) not in (None, sizes[path])):
            yield f"report {path} has changed since asset {ROOT} was made"
    for path in sorted(found.keys() - set(listed.index)):
        yield f"report {path} was added after asset {ROOT} was made"


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def _not_made_from_these(origins: Origins, name: str) -> Iterator[str]:
    """What an asset was made from and is another now: files, tables, settings, the program."""
    workspace = origins.workspace
    for year in workspace.study.all_years if name in YEARLY else [None]:
        then, now = recorded(workspace.store, name, year), origins.now(name, year)
        if then is None:
            yield f"it is not on record what asset {name} was made from"
            continue
        for kind, files in now["files"].items():
            before = then["files"].get(kind, {})
            for path in _differing(before, files):
                yield f"{path} has changed since asset {name} was made"
        for parent in _differing(then["tables"], now["tables"]):
            yield f"asset {name} was made from another {parent} than is stored now"
        for key in _differing(then["settings"], now["settings"]):
            yield f"{key} was another when asset {name} was made"
        if then["program"] != now["program"]:
            yield f"asset {name} was made by another version of the program"


def _differing(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    return sorted(key for key in then.keys() | now.keys() if then.get(key) != now.get(key))


def last_checks(opened: dg.DagsterInstance, graph: Any, keys: Set[dg.AssetKey]) -> LastChecks:
    """The last results of the checks of these assets, as the instance has them on record."""
    wanted = sorted(graph.get_check_keys_for_assets(keys))
    records = opened.event_log_storage.get_latest_asset_check_execution_by_key(wanted)
    return {key: _evaluation(records.get(key)) for key in wanted}


def _evaluation(record: Any) -> dg.AssetCheckEvaluation | None:
    event = record.event.dagster_event if record is not None and record.event else None
    if event is None or event.event_type != dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        return None
    evaluation: dg.AssetCheckEvaluation = event.asset_check_evaluation_data
    return evaluation


def remaining(
    workspace: Workspace, definitions: dg.Definitions, keys: Set[dg.AssetKey], checks: LastChecks
) -> set[dg.AssetKey]:
    """Those of `keys` that are missing, damaged, older than what they rest on or not known to be as
    declared, or downstream of an asset that is; and what is fetched from the network."""
    outdated = {asset for asset, _ in faults(workspace, places(definitions))}
    if ROOT not in outdated and _unread_reports(workspace):
        outdated.add(ROOT)
    holds = _holding(workspace)
    outdated |= {
        key.asset_key.to_user_string()
        for key, result in checks.items()
        if key.name == AS_DECLARED and not holds(result)
    }
    first = {dg.AssetKey(name) for name in outdated}
    first |= keys & {dg.AssetKey(name) for name in FETCHED}
    if not first:
        return set()
    # tables that are made together are made together
    follows = dg.AssetSelection.assets(*first).downstream().required_multi_asset_neighbors()
    return set(keys & follows.resolve(definitions.resolve_asset_graph()))


def not_looked_at(
    workspace: Workspace, keys: Set[dg.AssetKey], checks: LastChecks
) -> set[dg.AssetCheckKey]:
    """The checks of these assets that were not made on the tables, and under the settings, as they
    are now: a run that was killed made an asset, and had not come to them; or they look at what
    the asset does not."""
    holds = _holding(workspace)
    return {key for key, result in checks.items() if key.asset_key in keys and not holds(result)}


def _holding(workspace: Workspace) -> Callable[[dg.AssetCheckEvaluation | None], bool]:
    """Says of the result of a check whether it need not be made again, and stops nothing."""
    checksum, chosen = cache(workspace.checksum), settings(workspace.study)
    return partial(_holds, checksum=checksum, chosen=chosen)


def _holds(
    result: dg.AssetCheckEvaluation | None,
    checksum: Callable[[str], str | None],
    chosen: Mapping[str, Any],
) -> bool:
    if result is None or not result.metadata.keys() >= {LOOKED_AT, SETTINGS, SEASON}:
        return False
    if result.metadata[SEASON].value != metadata.season():
        return False
    if result.severity == dg.AssetCheckSeverity.ERROR and not result.passed:
        return False
    keys: Any = result.metadata[SETTINGS].value
    if any(key not in chosen or chosen[key] != value for key, value in keys.items()):
        return False
    tables: Any = result.metadata[LOOKED_AT].value
    return all(sha is not None and checksum(name) == sha for name, sha in tables.items())


def _unread_reports(workspace: Workspace) -> bool:
    """Whether a file could not be opened, or not be read within the limits of time and memory:
    another time it may. One that is far too large is not opened at all, and known by its size."""
    try:
        listed = workspace.stored(ROOT)
    except (MissingTableError, DamagedTableError, TableError):
        return True
    # whatever a file that is set aside holds, it counts nowhere
    another = listed["sha256"].isna() & (listed["status"] != "set_aside")
    huge = (listed["bytes"] > MAX_BYTES).fillna(False)
    unread = listed["path"][another & ~huge]
    folder = workspace.study.path(workspace.study.inputs.reports)
    return any((folder / path).is_file() for path in unread)
