"""build_definitions: a study to Dagster definitions, and nothing else."""

import warnings
from collections.abc import Mapping
from functools import partial
from typing import Any

import dagster as dg

from dti_assets.pipeline.assets import (
    downloads,
    estimates,
    instrument,
    panel,
    patents,
    publication,
    reports,
)
from dti_assets.pipeline.automation import automation, schedules, sensors
from dti_assets.pipeline.checks import checks_that_warn
from dti_assets.pipeline.io_manager import ParquetIOManager, one_run_at_a_time
from dti_assets.pipeline.partitions import FIRST_YEAR, yearly
from dti_assets.pipeline.resources import Workspace
from dti_assets.pipeline.state.provenance import Origins, Place, file_contents
from dti_assets.pipeline.stored_asset import with_policy
from dti_assets.study.catalogue import FETCHED
from dti_assets.study.config import Study
from dti_assets.study.lineage import column_lineage
from dti_assets.study.specifications import study_tables


def build_definitions(study: Study, overrides: Mapping[str, Any] | None = None) -> dg.Definitions:
    """The definitions of one study; `overrides` replaces resources (workspace, io_manager).

    Pure: reads no file but those of the package, and starts nothing.
    """
    workspace = Workspace(study)
    lineage = partial(column_lineage, study)
    # what this uses of Dagster's beta (code references, single-run backfills) is no news to users
    with warnings.catch_warnings(action="ignore", category=dg.BetaWarning):
        plain = _assets(study)
        assets = with_policy(plain, workspace.tables, lineage, automation(plain), workspace.level)

    def origins() -> Origins:
        return Origins(workspace, places(definitions), file_contents(study))

    manager = ParquetIOManager(workspace.store, study.all_years, workspace.tables, lineage, origins)
    resources: dict[str, Any] = {
        "workspace": workspace,
        "io_manager": one_run_at_a_time(manager, study.cache_folder),
        **(overrides or {}),
    }
    definitions = dg.Definitions(
        assets=assets,
        schedules=schedules(study),
        sensors=sensors(study),
        asset_checks=checks_that_warn(workspace.level),
        resources=resources,
        # the heavy steps start worker processes of their own
        executor=dg.in_process_executor,
    )
    return definitions


def places(definitions: dg.Definitions) -> dict[str, Place]:
    """Where each asset stands; what is fetched apart from runs is no asset to rest on."""
    return {
        node.key.to_user_string(): Place(
            node.group_name,
            frozenset(key.to_user_string() for key in node.parent_keys) - FETCHED,
        )
        for node in definitions.resolve_asset_graph().asset_nodes
    }


def _assets(study: Study) -> list[dg.AssetsDefinition]:
    partitions = yearly(min(FIRST_YEAR, study.years[0]))
    return [
        *downloads.ASSETS,
        *reports.report_assets(partitions),
        *instrument.ASSETS,
        *patents.ASSETS,
        *panel.panel_assets(study_tables(study)),
        *estimates.estimate_assets(study_tables(study), level=study.level),
        *publication.publication_assets(study_tables(study)),
    ]
