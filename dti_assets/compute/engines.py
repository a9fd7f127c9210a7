"""Where reports are read and counted: worker processes of this machine, or a Ray cluster.

Either way a call runs in a limited worker process (`workers`), so that a file that hangs, crashes
or inflates ends as the same status wherever it was read. An engine is a context: its processes
serve several rounds of calls and end with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Protocol

from dti_assets.compute.ray import RayCluster
from dti_assets.compute.workers import (
    DEFAULT_LIMITS,
    Idle,
    Limits,
    call_limited,
    key_of,
    run_limited,
)


class ReportEngine(Protocol):
    """`shares_disk` says whether a path of this machine means anything to a worker."""

    @property
    def shares_disk(self) -> bool: ...

    def run(
        self,
        function: Callable[..., Any],
        calls: Iterable[tuple[Any, ...]],
        limits: Limits = DEFAULT_LIMITS,
    ) -> Iterator[tuple[int, Any]]:
        """As workers.run_limited: (index of the call, result or Failure) as calls finish."""
        ...

    def __enter__(self) -> ReportEngine: ...

    def __exit__(self, *error: object) -> None: ...


def borrowed(
    engine: ReportEngine | None, workers: int | None
) -> AbstractContextManager[ReportEngine]:
    """The engine, left open for its owner, or one of this machine that ends with the context."""
    return LocalWorkers(workers) if engine is None else nullcontext(engine)


@dataclass(frozen=True)
class LocalWorkers:
    """Worker processes of this machine, by default as many as processors."""

    workers: int | None = None
    shares_disk: bool = True
    _idle: Idle = field(default_factory=Idle, repr=False, compare=False)

    def run(
        self,
        function: Callable[..., Any],
        calls: Iterable[tuple[Any, ...]],
        limits: Limits = DEFAULT_LIMITS,
    ) -> Iterator[tuple[int, Any]]:
        return run_limited(function, calls, self.workers, limits, self._idle)

    def __enter__(self) -> LocalWorkers:
        return self

    def __exit__(self, *error: object) -> None:
        self._idle.close()


@dataclass(frozen=True)
class RayWorkers:
    """Ray tasks, each in the worker process that its Ray worker keeps. Raises EngineError."""

    cluster: RayCluster
    shares_disk: bool = False

    def run(
        self,
        function: Callable[..., Any],
        calls: Iterable[tuple[Any, ...]],
        limits: Limits = DEFAULT_LIMITS,
    ) -> Iterator[tuple[int, Any]]:
        key = key_of(function, limits)
        return self.cluster.run(call_limited, ((key, limits, call) for call in calls))

    def __enter__(self) -> RayWorkers:
        return self

    def __exit__(self, *error: object) -> None:
        """Ray ends its workers, and they theirs."""
