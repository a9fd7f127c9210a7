"""The same classification on several machines, as a Ray Data job (extra `[ray]`).

Slices are read here, classified on the cluster in the order they come back in, and stored here,
so that results and resuming are those of the local engine.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from dti_assets.patents.errors import PatentError

if TYPE_CHECKING:
    import pyarrow as pa

    from dti_assets.patents.extract import Engine, Job

_SLICES_A_WORKER = 2
_NUMBER = "dti_slice"


def ray_engine(
    address: str | None = None, *, window: int | None = None, runtime_env: Any = None
) -> Engine:
    """An engine for classify_extract that runs on Ray.

    address: of a running cluster (ray://host:10001, host:6379 or auto); None starts Ray on this
    machine. The package must be installed on the cluster, or be given by `runtime_env` (see
    Ray's documentation). window: slices sent at a time; default twice the cluster's processors.
    Raises PatentError where Ray is not installed or the cluster cannot be reached.
    """

    def run(jobs: Iterable[Job], function: Callable[[pa.Table], pa.Table]) -> Iterator[Job]:
        ray = _connect(address, runtime_env)
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        ray.data.DataContext.get_current().execution_options.preserve_order = True
        size = window or max(1, _SLICES_A_WORKER * int(ray.cluster_resources().get("CPU", 1)))
        # the slice's metadata (its row statuses) would be lost in a block: they travel as bytes
        packed = _Packed(function)
        waiting = iter(jobs)
        while part := list(islice(waiting, size)):
            tables = [_numbered(number, table) for number, table in part]
            data = ray.data.from_arrow(tables).map_batches(
                packed, batch_format="pyarrow", batch_size=None
            )
            done = {row["number"]: row["slice"] for row in data.take_all()}
            for number, _ in part:
                yield number, _unpack(done[number])

    return run


class _Packed:
    """A block (one slice) to one row: its number and the classified slice as Arrow bytes."""

    def __init__(self, function: Callable[[pa.Table], pa.Table]) -> None:
        self.function = function

    def __call__(self, block: pa.Table) -> pa.Table:
        import pyarrow as pa

        numbers = block[_NUMBER].unique().to_pylist()
        results = []
        for number in numbers:
            # one slice a block is what Ray does; were blocks merged, slices would still be whole
            rows = block.filter(pa.compute.equal(block[_NUMBER], number))
            results.append(_pack(self.function(rows.drop_columns([_NUMBER]))))
        return pa.table({"number": numbers, "slice": pa.array(results, pa.large_binary())})


def _numbered(number: int, table: pa.Table) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    return table.append_column(_NUMBER, pa.array(np.full(table.num_rows, number)))


def _pack(table: pa.Table) -> bytes:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def _unpack(data: bytes) -> pa.Table:
    import pyarrow as pa

    return pa.ipc.open_stream(data).read_all()


def _connect(address: str | None, runtime_env: Any) -> Any:
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise PatentError(
            "engine: ray needs the extra [ray]: pip install 'dti-assets[ray]'"
        ) from error
    if not ray.is_initialized():
        # Ray's usage report and its progress bars are no part of a study's output
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_DATA_DISABLE_PROGRESS_BARS", "1")
        try:
            ray.init(
                # without "local" Ray joins whatever cluster this machine last heard of
                address or "local",
                runtime_env=runtime_env,
                include_dashboard=None if address else False,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise PatentError(f"Ray at {address or 'this machine'}: {error}") from error
    return ray
