"""Group instrument: distances from the capitals to the hub, and DTI_iv."""

from typing import Any

import dagster as dg

from dti_assets.instrument.tables import CAPITAL_DISTANCES, DTI_IV
from dti_assets.pipeline.metadata import describe, markdown_table
from dti_assets.pipeline.plots import ranked
from dti_assets.pipeline.resources import Workspace
from dti_assets.pipeline.stored_asset import stored_asset
from dti_assets.units.provinces import COORDINATE_SOURCE

GROUP = "instrument"


@stored_asset(CAPITAL_DISTANCES, group_name=GROUP)
def capital_distances(workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult[Any]:
    """Distance from each provincial capital to the hub city, in kilometres.

    `distance_km` is what the instrument divides by. The hub's own distance is zero; `rule` says
    what stands in its place.
    """
    from dti_assets.instrument.distances import capital_distances

    chosen = workspace.study.instrument
    distances = capital_distances(chosen.hub, chosen.distance, chosen.rule)
    return dg.MaterializeResult(
        value=distances,
        metadata=describe(
            CAPITAL_DISTANCES,
            distances,
            hub=chosen.hub,
            rule=str(chosen.rule),
            coordinates=COORDINATE_SOURCE,
        ),
    )


@stored_asset(DTI_IV, group_name=GROUP)
def dti_iv(
    workspace: dg.ResourceParam[Workspace], policy_attention: Any, capital_distances: Any
) -> dg.MaterializeResult[Any]:
    """The instrument: keyword frequency over the distance from the capital to the hub.

    The plot shows which provinces carry its variation once provinces and years have their own
    means, under the study's rule for the hub's distance of zero; `largest_within_shares` has the
    other rules. Where one province carries most of it, inference rests on that province.
    """
    from dti_assets.instrument.formula import dti_iv, within_shares

    chosen = workspace.study.instrument
    table = dti_iv(policy_attention, capital_distances)
    shares = within_shares(policy_attention, chosen.hub, chosen.distance, chosen.rule)
    own = shares[shares["rule"] == str(chosen.rule)].sort_values("share", ascending=False)
    known = int(table["dti_iv"].notna().sum())
    workspace.progress.summary(
        "dti_iv", f"{known} of {len(table)} values, zero-distance rule {chosen.rule}"
    )
    top = shares.sort_values(["rule", "share"], ascending=[True, False]).groupby("rule").head(5)
    return dg.MaterializeResult(
        value=table,
        metadata=describe(
            DTI_IV,
            table,
            **ranked(
                dict(zip(own["province"], own["share"], strict=True)),
                f"Share of the instrument's within variation, rule {chosen.rule}",
            ),
            values_known=known,
            values_missing=len(table) - known,
            rule=str(chosen.rule),
            largest_within_shares=dg.MetadataValue.md(markdown_table(top)),
            within_shares=dg.MetadataValue.json(_by_rule(shares)),
        ),
    )


def _by_rule(shares: Any) -> dict[str, dict[str, float | None]]:
    return {
        str(rule): {
            str(r.province): round(float(r.share), 6) if r.share == r.share else None
            for r in part.itertuples()
        }
        for rule, part in shares.groupby("rule")
    }


ASSETS = [capital_distances, dti_iv]
