"""What a run has still to make: the assets that are out of date, and what follows from them; and
what it has still to look at.

Up to date is what was made from what there is now, and found to be as declared. In doubt an asset
is made again: where there is no record, and when the year ends or the reports of a year fall due.
A check that only warns is made again by itself.
"""

from collections.abc import Callable, Mapping, Set
from functools import cache, partial
from typing import Any

import dagster as dg

from dti_assets.errors import DamagedTableError, MissingTableError, TableError
from dti_assets.pipeline import metadata
from dti_assets.pipeline.definitions import places
from dti_assets.pipeline.execution.freshness import faults
from dti_assets.pipeline.metadata import LOOKED_AT, SEASON, SETTINGS
from dti_assets.pipeline.resources import Workspace
from dti_assets.pipeline.state.readers import ROOT, settings
from dti_assets.pipeline.stored_asset import AS_DECLARED
from dti_assets.study.catalogue import FETCHED
from dti_assets.text.readers.reading import MAX_BYTES

# the last result of every check; None where one was never made, or begun and not ended
LastChecks = Mapping[dg.AssetCheckKey, dg.AssetCheckEvaluation | None]


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
