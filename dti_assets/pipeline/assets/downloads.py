"""Group download: the one asset that reaches out to the network, and only where it is named."""

from typing import Any

import dagster as dg

from dti_assets.pipeline.metadata import described
from dti_assets.pipeline.partitions import FETCHES
from dti_assets.pipeline.resources import Workspace
from dti_assets.pipeline.stored_asset import stored_asset
from dti_assets.sources.tables import REPORT_DOWNLOADS


@stored_asset(
    REPORT_DOWNLOADS, group_name="download", tags={"network": "true"}, output_required=False
)
def report_downloads(workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult[Any] | None:
    """Every row of sources.csv and what its address gave: fetched, changed, unchanged or why not.

    Materialising this asset alone REACHES THE NETWORK: it does what `dti download` does, for the
    study's years. No other asset does, and none needs this one; `dti run` leaves it out, and a run
    of the web UI that makes others too passes it over.
    """
    if not _asked_for(dg.AssetExecutionContext.get()):
        return None
    # these load requests, which only a download needs
    from dti_assets.sources.download import download, downloads_table, select_entries
    from dti_assets.sources.fetch import Fetcher
    from dti_assets.sources.guard import AddressPolicy
    from dti_assets.sources.registry import FILE_NAME, read_registry

    study, units = workspace.study, workspace.units
    folder = study.path(study.inputs.reports)
    registry = read_registry(folder / FILE_NAME, units=units).checked()
    report = workspace.progress.on("report_downloads")
    outcomes = download(
        folder,
        select_entries(registry.entries, study.all_years, units=units),
        Fetcher(AddressPolicy(workspace.loopback)),
        lambda done, total, _: report(done, total),
        units=units,
    )
    table = downloads_table(outcomes, units=units)
    states = {str(state): int(n) for state, n in table["state"].value_counts().items()}
    sentence = ", ".join(f"{n} {state}" for state, n in states.items()) or "no row asked for"
    workspace.progress.summary("report_downloads", sentence)
    failed = table[table["state"] == "failed"]
    return described(table, states=states, failed=len(failed))


def _asked_for(context: dg.AssetExecutionContext) -> bool:
    """Whether a run is there to fetch; "Materialize all" is not, and holds the study meanwhile."""
    others = {*context.job_def.asset_layer.executable_asset_keys} - {
        dg.AssetKey(REPORT_DOWNLOADS.name)
    }
    if not others or FETCHES in context.run.tags:
        return True
    context.log.info(
        f"nothing is fetched in a run that makes other assets too: materialize "
        f"{REPORT_DOWNLOADS.name} alone, or tag the run {FETCHES}"
    )
    return False


ASSETS = [report_downloads]
