"""The IO manager: an asset's frame to its Parquet file, one a year where it is partitioned.

Every run has it, wherever it was launched from; so it also keeps runs apart.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from dagster import (
    DagsterInvariantViolationError,
    DagsterRunStatus,
    DataVersion,
    InitResourceContext,
    InputContext,
    IOManager,
    IOManagerDefinition,
    OutputContext,
)

from dti_assets.errors import CanceledError
from dti_assets.pipeline.instance import settle
from dti_assets.pipeline.metadata import lineage_metadata
from dti_assets.pipeline.state.owner import claim
from dti_assets.pipeline.state.provenance import Origins
from dti_assets.store.locks import exclusive
from dti_assets.store.parquet import Store
from dti_assets.store.schema import Table
from dti_assets.study.lineage import Lineage


@dataclass(frozen=True)
class StoredYears:
    """A yearly table as an asset takes it that handles one year at a time: each is read when
    asked for, so that memory does not grow with the number of years."""

    store: Store
    table: Table
    years: list[int]

    def of(self, year: int) -> Any:
        """The frame of one year."""
        return self.store.read(self.table, [year])


@dataclass(frozen=True)
class MadeYears:
    """A yearly table as such an asset gives it: `frames` yields the frame of each year in turn,
    which is stored before the next is made; `metadata` says what they were, afterwards."""

    frames: Iterator[Any]
    metadata: Callable[[], dict[str, Any]]


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
        origins: Callable[[], Origins] | None = None,
    ) -> None:
        self.store = store
        self.tables = tables
        self.study_years = study_years
        self.lineage = lineage
        self._look = origins
        self._origins: Origins | None = None

    def begin(self) -> None:
        """Look at the inputs before anything reads them; a file that changes while it is read is
        then no longer the one on record."""
        self._origins = self._look() if self._look is not None else None
        if self._origins is not None:
            claim(self._origins.workspace.study)

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        table = self.tables[context.asset_key.to_user_string()]
        years: list[int] | None = None
        if context.has_asset_partitions:
            years = [int(key) for key in context.asset_partition_keys]
        if isinstance(obj, MadeYears):
            assert years is not None, f"{table.name} is not stored by year"
            for year, frame in zip(years, obj.frames, strict=True):
                self.store.write(table, frame, [year])
            context.add_output_metadata(obj.metadata())
        else:
            self.store.write(table, obj, years)
        # what is the same again leaves what rests on it "synced" in the web UI, as it does for dti
        version = DataVersion(str(self.store.checksum(table, years)))
        context.step_context.set_data_version(context.asset_key, version)
        if self._origins is not None:
            for one in [None] if years is None else years:
                self._origins.keep(table.name, one)
        context.add_output_metadata(lineage_metadata(self.lineage(table.name)))

    def load_input(self, context: InputContext) -> Any:
        table = self.tables[context.asset_key.to_user_string()]
        if not context.has_asset_partitions:
            return self.store.read(table)
        years = [int(key) for key in context.asset_partition_keys]
        if not _reader_is_partitioned(context) and set(self.study_years) <= set(years):
            years = self.study_years
        if context.dagster_type.typing_type is StoredYears:
            return StoredYears(self.store, table, years)
        return self.store.read(table, years)


def one_run_at_a_time(manager: ParquetIOManager, folder: Path) -> IOManagerDefinition:
    """The manager as a resource that holds the lock of `folder` as long as a run lasts.

    A notebook that loads tables is no run and holds nothing.
    """

    @contextmanager
    def hold(context: InitResourceContext) -> Iterator[ParquetIOManager]:
        run, instance = context.run, context.instance
        if run is None or instance is None:
            yield manager
            return

        def stop_where_canceled() -> None:
            now = instance.get_run_by_id(run.run_id)
            if now is not None and now.status in (
                DagsterRunStatus.CANCELING,
                DagsterRunStatus.CANCELED,
            ):
                raise CanceledError("canceled while it waited for another run to end")

        tell = context.log.warning if context.log else None
        name = f"Dagster run {run.run_id[:8]}"
        with exclusive(folder, name, tell=tell, go_on=stop_where_canceled) as lock:
            settle(instance, lock.before)
            lock.names_run(run.run_id)
            manager.begin()
            yield manager

    # Dagster takes context managers here, which its annotations do not say
    return IOManagerDefinition(resource_fn=cast(Any, hold))


def _reader_is_partitioned(context: InputContext) -> bool:
    """Whether the asset that reads has partitions; its own definition tells, not the run, which
    has a range of years for every asset in it."""
    try:
        reader = context.step_context.assets_def
    except DagsterInvariantViolationError:
        # a notebook that loads a table is no step of a run
        return False
    return reader is not None and reader.partitions_def is not None
