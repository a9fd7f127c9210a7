"""Calls made on a Ray cluster instead of on this machine (extra `[ray]`).

A window of tasks is kept under way, so that input of any size passes with flat memory. What is
called, with what limits, and where results are kept, is the caller's: patents are classified and
reports read and counted this way. Nothing here knows either.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from dti_assets.errors import EngineError
from dti_assets.store.files import source_sha256

_TASKS_A_PROCESSOR = 2
# a task whose worker or node was lost is done again elsewhere, so many times
_RETRIES = 3
_ANSWER_SECONDS = 5.0
# libraries whose version may move a text, a count or a classification
_DECISIVE = (
    *("pypdfium2", "pdfplumber", "pdfminer.six", "lxml", "trafilatura", "python-calamine"),
    *("jieba", "rjieba", "polars", "pyarrow"),
)

# where this process joined Ray; None where it did not, or where its caller did (a notebook)
_joined: str | None = None


@dataclass(frozen=True)
class RayCluster:
    """A cluster that is joined when first used.

    address: of a running one (ray://host:10001, host:6379 or auto); None starts Ray on this
    machine. Every node needs the same version of this package and of the libraries that decide
    results: installed there, or given by `runtime_env` (see Ray's documentation).
    """

    address: str | None = None
    runtime_env: Any = None

    def run(
        self,
        function: Callable[..., Any],
        calls: Iterable[tuple[Any, ...]],
        *,
        in_order: bool = False,
        window: int | None = None,
    ) -> Iterator[tuple[int, Any]]:
        """Call `function` for each tuple of arguments in a task of one processor.

        Yields (index of the call, result) as tasks end or, `in_order`, as calls were given.
        `calls` is consumed as room is made; window: tasks under way at most, by default twice
        the processors the cluster has at that moment. Stopping early cancels what is under way.
        Raises what `function` raises, and EngineError where Ray is not installed, the cluster
        cannot be reached or is lost, this process has joined another one, or a node's versions
        differ from those here.
        """
        ray = _connect(self.address, self.runtime_env)
        task = ray.remote(num_cpus=1, max_retries=_RETRIES)(_call)
        # sent once, not with every call: it may hold term lists
        shared, mine = ray.put(function), ray.put(versions())
        under_way: dict[Any, int] = {}

        def finished() -> tuple[int, Any]:
            first = list(under_way)
            ready = ray.wait(first[:1] if in_order else first, num_returns=1)[0][0]
            # no longer under way, whatever it says: Ray ends this process, now and then, where a
            # task is cancelled that has just finished
            return under_way.pop(ready), self._result(ray, ready)

        try:
            for index, arguments in enumerate(calls):
                # asked anew each time: a cluster that scales sees work waiting, and grows
                while len(under_way) >= (window or _room(ray)):
                    yield finished()
                under_way[task.remote(shared, mine, *arguments)] = index
            while under_way:
                yield finished()
        finally:
            _cancel(ray, list(under_way))

    def _result(self, ray: Any, reference: Any) -> Any:
        where = _name(self.address)
        try:
            return ray.get(reference)
        except ray.exceptions.RayTaskError as error:
            cause = error.cause
            if isinstance(cause, EngineError):
                raise EngineError(f"{where}: {cause}") from None
            if "failed to import" in str(cause):
                raise EngineError(
                    f"{where}: a node lacks this version of dti-assets or a library of it; "
                    "install the same on every node"
                ) from error
            raise cause if isinstance(cause, Exception) else error from None
        except (ray.exceptions.RayError, ConnectionError) as error:
            raise EngineError(
                f"{where}: a task was lost {_RETRIES + 1} times, or the cluster itself "
                f"({_first_line(error)})"
            ) from error


def _cancel(ray: Any, references: list[Any]) -> None:
    """Cancel those of the tasks that have not finished."""
    if references:
        for reference in ray.wait(references, num_returns=len(references), timeout=0)[1]:
            ray.cancel(reference)


def _call(function: Callable[..., Any], expected: Mapping[str, str], *arguments: Any) -> Any:
    """What a task does, on whatever node it runs."""
    here = versions()
    other = [name for name in expected if here.get(name) != expected[name]]
    if other:
        said = ", ".join(f"{name} {here.get(name)} instead of {expected[name]}" for name in other)
        raise EngineError(f"node {socket.gethostname()} has {said}")
    return function(*arguments)


@lru_cache(maxsize=1)
def versions() -> dict[str, str]:
    """Python, this package (SHA-256 over its files) and the libraries that decide results."""
    own = source_sha256(Path(__file__).resolve().parents[1])[:12]
    found = {"Python": f"{sys.version_info[0]}.{sys.version_info[1]}", "dti-assets": own}
    for name in _DECISIVE:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found


def _room(ray: Any) -> int:
    processors = int(ray.cluster_resources().get("CPU", 0))
    return _TASKS_A_PROCESSOR * max(1, processors)


def _name(address: str | None) -> str:
    return f"Ray at {address or 'this machine'}"


def _connect(address: str | None, runtime_env: Any) -> Any:
    global _joined
    # Ray's usage report and its colours are no part of a study's output
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError as error:
        raise EngineError(
            "engine: ray needs the extra [ray]: pip install 'dti-assets[ray]'"
        ) from error
    if ray.is_initialized():
        if _joined not in (None, _name(address)):
            raise EngineError(
                f"{_name(address)}: this process has joined {_joined}, and Ray joins one cluster a "
                "process; give the same address, or work for another cluster in a run of its own"
            )
        return ray
    _expect_an_answer(address)
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
        # the port answered: another version of Ray, or a cluster whose token is not here
        hint = "; are its version and its token those here?" if ":" in (address or "") else ""
        raise EngineError(f"{_name(address)}: {_first_line(error)}{hint}") from error
    _joined = _name(address)
    return ray


def _expect_an_answer(address: str | None) -> None:
    """Raise EngineError where nothing answers at host:port; Ray itself would try for a minute and
    then end this process."""
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), _ANSWER_SECONDS).close()
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise EngineError(f"{_name(address)}: nothing answers there ({why})") from error


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
