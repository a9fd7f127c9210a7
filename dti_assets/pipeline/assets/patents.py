"""Group patents: digital patents per million inhabitants, by province and year."""

from typing import Any

import dagster as dg

from dti_assets.patents.tables import DTI
from dti_assets.pipeline.metadata import describe, table_schema
from dti_assets.pipeline.resources import Workspace

GROUP = "patents"


@dg.asset(
    group_name=GROUP,
    kinds={"python", "parquet"},
    metadata={"dagster/column_schema": table_schema(DTI)},
)
def dti(workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult[Any]:
    """Digital patents per million inhabitants; null throughout while no extract is read."""
    from dti_assets.geography.provinces import provinces

    why = "patents are not read yet: no patent extract and no table of counts"
    rows = [
        {"province_code": p.province_code, "province": p.province, "year": year, "reason": why}
        for p in provinces()
        for year in workspace.study.all_years
    ]
    table = DTI.frame(rows)
    return dg.MaterializeResult(value=table, metadata=describe(DTI, table))


ASSETS = [dti]
