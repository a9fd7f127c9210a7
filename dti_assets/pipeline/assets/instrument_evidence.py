"""Group estimates: what figures of the 2SLS columns show, point by point."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from dti_assets.econ import tables
from dti_assets.econ.table_specifications import TableSpec
from dti_assets.pipeline.assets.estimates import GROUP
from dti_assets.pipeline.estimate_inputs import under_both_rules
from dti_assets.pipeline.metadata import describe
from dti_assets.pipeline.resources import Workspace
from dti_assets.pipeline.stored_asset import stored_asset
from dti_assets.tables import Table


def instrument_evidence(specifications: Mapping[str, TableSpec]) -> list[dg.AssetsDefinition]:
    """Residuals and p-value curves of these tables' 2SLS columns, under the study's zero-distance
    rule and with the hub's own province dropped."""

    def evidence(table: Table, description: str) -> dg.AssetsDefinition:
        @stored_asset(
            table,
            description=description,
            group_name=GROUP,
        )
        def made(
            workspace: dg.ResourceParam[Workspace],
            panel: Any,
            frozen_instrument: Any,
            keyword_counts: Any,
            section_words: Any,
        ) -> dg.MaterializeResult[Any]:
            # the functions have the names of their tables
            from dti_assets.econ import instrument_evidence

            frame = under_both_rules(
                workspace,
                list(specifications.values()),
                *(panel, frozen_instrument, keyword_counts, section_words),
                getattr(instrument_evidence, table.name),
                table,
            )
            columns = frame[frame["reason"].isna()][["table", "column"]].drop_duplicates()
            sentence = f"{len(columns)} columns with an instrument"
            workspace.progress.summary(table.name, sentence)
            return dg.MaterializeResult(
                value=frame, metadata=describe(table, frame, result=sentence)
            )

        return made

    return [
        evidence(
            tables.ANDERSON_RUBIN_CURVE,
            "The Anderson-Rubin p-value of every coefficient, for every 2SLS column: values above "
            "0.05 are the 95 % set.",
        ),
        evidence(
            tables.STAGE_RESIDUALS,
            "Outcome, endogenous regressor and instrument of every 2SLS column, controls and "
            "effects projected out: the points of first stage and reduced form.",
        ),
    ]
