"""Group instrument: distances from the seats of the units to the hub, and DTI_iv."""

from typing import Any

import dagster as dg

from dti_assets.instrument import distances, values
from dti_assets.instrument.tables import CAPITAL_DISTANCES, DTI_IV
from dti_assets.pipeline.metadata import described, markdown_table
from dti_assets.pipeline.plots import ranked
from dti_assets.pipeline.resources import Workspace
from dti_assets.pipeline.stored_asset import stored_asset
from dti_assets.units.levels import Level

GROUP = "instrument"


@stored_asset(CAPITAL_DISTANCES, group_name=GROUP)
def capital_distances(workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult[Any]:
    """Distance from each {adjective} {seat} to the hub city, in kilometres.

    `distance_km` is what the instrument divides by. The hub's own distance is zero; `rule` says
    what stands in its place.
    """
    chosen, units = workspace.study.instrument, workspace.units
    frame = distances.capital_distances(chosen.hub, chosen.distance, chosen.rule, units=units)
    return described(frame, hub=chosen.hub, rule=str(chosen.rule), coordinates=units.source)


@stored_asset(DTI_IV, group_name=GROUP)
def dti_iv(
    workspace: dg.ResourceParam[Workspace], policy_attention: Any, capital_distances: Any
) -> dg.MaterializeResult[Any]:
    """The instrument: keyword frequency over the distance from the {seat} to the hub.

    The plot shows which {units} carry its variation once {units} and years have their own
    means, under the study's rule for the hub's distance of zero; `largest_within_shares` has the
    other rules. Where one {unit} carries most of it, inference rests on that {unit}.
    """
    chosen, level = workspace.study.instrument, workspace.level
    table = values.dti_iv(policy_attention, capital_distances, level=level)
    shares = values.within_shares(
        policy_attention, chosen.hub, chosen.distance, chosen.rule, units=workspace.units
    )
    own = shares[shares["rule"] == str(chosen.rule)].sort_values("share", ascending=False)
    known = int(table["dti_iv"].notna().sum())
    workspace.progress.summary(
        "dti_iv", f"{known} of {len(table)} values, zero-distance rule {chosen.rule}"
    )
    top = shares.sort_values(["rule", "share"], ascending=[True, False]).groupby("rule").head(5)
    return described(
        table,
        **ranked(
            dict(zip(own[level.name], own["share"], strict=True)),
            f"Share of the instrument's within variation, rule {chosen.rule}",
        ),
        values_known=known,
        values_missing=len(table) - known,
        rule=str(chosen.rule),
        largest_within_shares=dg.MetadataValue.md(markdown_table(top)),
        within_shares=dg.MetadataValue.json(_by_rule(shares, level)),
    )


def _by_rule(shares: Any, level: Level) -> dict[str, dict[str, float | None]]:
    return {
        str(rule): {
            str(name): round(float(share), 6) if share == share else None
            for name, share in zip(part[level.name], part["share"], strict=True)
        }
        for rule, part in shares.groupby("rule")
    }


ASSETS = [capital_distances, dti_iv]
