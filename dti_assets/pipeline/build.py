"""build_definitions: a study to Dagster definitions, and nothing else."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from dti_assets.pipeline.assets import (
    estimates,
    instrument,
    measurement,
    panel,
    patents,
    publication,
    reports,
)
from dti_assets.pipeline.checks import all_checks
from dti_assets.pipeline.io import ParquetIOManager
from dti_assets.pipeline.partitions import FIRST_YEAR, yearly
from dti_assets.pipeline.resources import Workspace
from dti_assets.study import Study
from dti_assets.study_tables import study_tables


def build_definitions(study: Study, overrides: Mapping[str, Any] | None = None) -> dg.Definitions:
    """The definitions of one study; `overrides` replaces resources (workspace, io_manager).

    Pure: reads no file but those of the package, and starts nothing.
    """
    workspace = Workspace(study)
    resources: dict[str, Any] = {
        "workspace": workspace,
        "io_manager": ParquetIOManager(workspace.store, study.all_years, workspace.tables),
        **(overrides or {}),
    }
    partitions = yearly(min(FIRST_YEAR, study.years[0]))
    return dg.Definitions(
        assets=[
            *reports.report_assets(partitions),
            *instrument.ASSETS,
            *patents.ASSETS,
            *panel.ASSETS,
            *estimates.estimate_assets(study_tables(study)),
            *measurement.ASSETS,
            *publication.publication_assets(study_tables(study)),
        ],
        asset_checks=all_checks(workspace.tables.values()),
        resources=resources,
        # the heavy steps start worker processes of their own
        executor=dg.in_process_executor,
    )
