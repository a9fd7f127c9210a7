"""The IO manager: an asset's frame to its Parquet file, one a year where it is partitioned."""

from collections.abc import Callable, Mapping
from typing import Any

from dagster import DagsterInvariantViolationError, InputContext, IOManager, OutputContext

from dti_assets.column_lineage import Lineage
from dti_assets.pipeline.metadata import lineage_metadata
from dti_assets.storage import Store
from dti_assets.tables import Table


class ParquetIOManager(IOManager):
    """Stores and loads the declared tables through a Store, and notes what their columns come from.

    A partitioned reader gets the years it makes itself. One that is not partitioned (the
    instrument takes every year of the attention) gets the study's years: those outside the study
    need not exist, those inside must.
    """

    def __init__(
        self,
        store: Store,
        study_years: list[int],
        tables: Mapping[str, Table],
        lineage: Callable[[str], Lineage],
    ) -> None:
        self.store = store
        self.tables = tables
        self.study_years = study_years
        self.lineage = lineage

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        table = self.tables[context.asset_key.to_user_string()]
        years = None
        if context.has_asset_partitions:
            years = [int(key) for key in context.asset_partition_keys]
        self.store.write(table, obj, years)
        context.add_output_metadata(lineage_metadata(self.lineage(table.name)))

    def load_input(self, context: InputContext) -> Any:
        table = self.tables[context.asset_key.to_user_string()]
        if not context.has_asset_partitions:
            return self.store.read(table)
        years = [int(key) for key in context.asset_partition_keys]
        if not _reader_is_partitioned(context) and set(self.study_years) <= set(years):
            years = self.study_years
        return self.store.read(table, years)


def _reader_is_partitioned(context: InputContext) -> bool:
    """Whether the asset that reads has partitions; its own definition tells, not the run, which
    has a range of years for every asset in it."""
    try:
        reader = context.step_context.assets_def
    except DagsterInvariantViolationError:
        # a notebook that loads a table is no step of a run
        return False
    return reader is not None and reader.partitions_def is not None
