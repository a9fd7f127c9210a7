"""`dti gc`: what of a study's cache and run records can go, and making it go.

What a cache entry depends on is known to the packages that write it; removing files is in
`sweep`. Here the two meet, under the lock that runs hold.
"""

import os
import re
import time
import warnings
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dagster as dg

from dti_assets.errors import (
    DamagedTableError,
    MissingTableError,
    PatentSourceError,
    StudyError,
    TableError,
)
from dti_assets.patents.extract import slice_folders
from dti_assets.patents.terms import load_terms
from dti_assets.pipeline.definitions import build_definitions
from dti_assets.pipeline.instance import initialise, settle
from dti_assets.pipeline.resources import Workspace
from dti_assets.store.locks import Lock, exclusive
from dti_assets.store.sweep import (
    Swept,
    size_of,
    sweep_entries,
    sweep_folder,
    sweep_temporaries,
)
from dti_assets.study.config import FIRST_YEAR, LAST_YEAR, Study, load_study
from dti_assets.text.needed import needed_entries
from dti_assets.text.tables import REPORT_FILES

_DAY = 86_400.0
_PAGE = 1_000


def collect_garbage(
    study: Study,
    keep_runs: int,
    older_than: float | None = None,
    dry_run: bool = False,
    wait: bool = True,
    tell: Callable[[str], Any] | None = None,
) -> list[Swept]:
    """Remove what the study, and others in its folder that share its outputs, do not need.

    Run records go that are not among the `keep_runs` newest, nor younger than `older_than` days
    where that is given, nor hold what is latest of an asset, a partition or a check. Raises
    BusyError where a run is at work and `wait` is false, and StudyError where it cannot be told
    what is needed.
    """
    home = initialise(study)
    with exclusive(study.cache_folder, "dti gc", wait=wait, tell=tell) as lock:
        swept = _sweep_cache(study, dry_run)
        swept.append(_sweep_runs(study, home, lock, keep_runs, older_than, dry_run))
    return swept


def sharing(study: Study) -> list[Study]:
    """The study, and those of other study files beside it that keep their work in its cache."""
    found = [study]
    for path in sorted([*study.root.glob("*.yaml"), *study.root.glob("*.yml")]):
        # what an editor keeps beside the file is hidden, and may lead nowhere
        if path.name.startswith(".") or not path.is_file():
            continue
        if path.samefile(study.file) or not re.search(rb"(?m)^years\s*:", path.read_bytes()):
            continue
        other = load_study(path)
        if other.cache_folder.resolve() == study.cache_folder.resolve():
            found.append(other)
    return found


def _sweep_cache(study: Study, dry_run: bool) -> list[Swept]:
    cache = study.cache_folder
    needed: dict[str, set[str]] = {}
    slices: set[str] = set()
    unreadable = ""
    for each in sharing(study):
        workspace = Workspace(each)
        for kind, keys in _needed_texts(workspace).items():
            needed.setdefault(kind, set()).update(keys)
        try:
            slices |= _needed_slices(workspace)
        except PatentSourceError as error:
            unreadable = str(error)
    swept = [sweep_entries(cache, kind, keys, dry_run) for kind, keys in needed.items()]
    if unreadable:
        swept.append(Swept("patent slices", note=f"left alone: {unreadable}"))
    else:
        key = "[0-9a-f]{20}"
        swept.append(sweep_folder(cache / "patents", "patent slices", key, slices, dry_run))
    jieba = {f"jieba-{version('jieba')}.cache"}
    swept.append(sweep_folder(cache / "jieba", "word lists", r"jieba-.+\.cache", jieba, dry_run))
    folders = [cache] if study.remote_outputs else [study.path(study.outputs)]
    swept.append(sweep_temporaries(folders, dry_run))
    return swept


def _needed_texts(workspace: Workspace) -> dict[str, set[str]]:
    study = workspace.study
    folder = study.path(study.inputs.reports)
    if not folder.is_dir():
        raise StudyError(
            f"study {study.file}: the reports folder {folder} does not exist, so it cannot be "
            "told what is needed"
        )
    try:
        listed = workspace.stored(REPORT_FILES.name)
    except (MissingTableError, DamagedTableError, TableError):
        listed = None
    return needed_entries(
        folder,
        listed,
        workspace.cache,
        workspace.dictionary(),
        workspace.counting_rules(),
        range(FIRST_YEAR, LAST_YEAR + 1),
        level=workspace.level,
    )


def _needed_slices(workspace: Workspace) -> set[str]:
    study = workspace.study
    terms = load_terms(study.path(study.patents.dictionaries))
    source = study.path(study.inputs.patents)
    return slice_folders(source, terms, study.patents.columns, units=workspace.units)


def _sweep_runs(
    study: Study, home: Path, lock: Lock, keep: int, older_than: float | None, dry_run: bool
) -> Swept:
    os.environ["DAGSTER_HOME"] = str(home)
    swept = Swept("run records")
    # as Dagster's own programs open it, for the logs that the web UI captured go as well
    with dg.DagsterInstance.get() as opened:
        settle(opened, lock.before)
        records = opened.get_run_records()
        swept.found = len(records)
        youngest = time.time() - older_than * _DAY if older_than is not None else None
        candidates = [
            record.dagster_run
            for record in sorted(records, key=lambda r: r.storage_id, reverse=True)[keep:]
            if record.dagster_run.is_finished
            and (youngest is None or record.create_timestamp.timestamp() < youngest)
        ]
        latest = _holding_latest(opened, study) if candidates else set()
        for run in candidates:
            if run.run_id in latest:
                continue
            records_file = home / "history" / "runs" / f"{run.run_id}.db"
            swept.bytes += size_of(records_file) + size_of(home / "storage" / run.run_id)
            swept.gone += 1
            if not dry_run:
                opened.delete_run(run.run_id)
                opened.compute_log_manager.delete_logs(prefix=[run.run_id])
                # SQLite storage empties the file of a run and leaves it
                records_file.unlink(missing_ok=True)
        held = sum(run.run_id in latest for run in candidates)
        if held:
            swept.note = f"{held} older ones stay, which hold the latest of an asset or check"
    return swept


def _holding_latest(opened: dg.DagsterInstance, study: Study) -> set[str]:
    """The runs that made what is latest of any asset, of any of its partitions, or any check."""
    # single-run backfills, which are in beta, are no news to who tidies up
    warnings.filterwarnings("ignore", category=dg.BetaWarning)
    runs: set[str] = set()
    for asset in opened.get_asset_keys():
        seen: set[str | None] = set()
        for record in _materialisations(opened, asset):
            if record.partition_key not in seen:
                seen.add(record.partition_key)
                runs.add(record.run_id)
    for check in build_definitions(study).resolve_asset_graph().asset_check_keys:
        execution = opened.get_latest_asset_check_evaluation_record(check)
        if execution is not None:
            runs.add(execution.run_id)
    return runs


def _materialisations(
    opened: dg.DagsterInstance, asset: dg.AssetKey
) -> Iterable[dg.EventLogRecord]:
    """All of an asset on record, the newest first."""
    cursor, more = None, True
    while more:
        page = opened.fetch_materializations(asset, limit=_PAGE, cursor=cursor)
        yield from page.records
        cursor, more = page.cursor, page.has_more
