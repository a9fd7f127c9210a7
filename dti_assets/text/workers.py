"""Functions run in other processes, with a limit on memory and on time for each call.

A report can be hostile: a stream that inflates a thousandfold, a page tree without end. Each is
parsed in a worker that is killed and replaced when it exceeds its limits, so that one file costs
one row and never the run. Workers are plain subprocesses, so that threads, notebooks and Dagster
in the calling process do not matter.
"""

from __future__ import annotations

import os
import pickle
import queue
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HEADER = struct.Struct(">Q")


@dataclass(frozen=True)
class Limits:
    """What one call may take: wall-clock seconds, and bytes of address space of its process."""

    seconds: float = 120.0
    memory: int = 3 * 2**30


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class Failure:
    """A call that gave no result: `timeout`, `memory`, `died` or `error`, and a sentence."""

    kind: str
    reason: str


def default_workers() -> int:
    """As many workers as this process may use processors."""
    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2)


def run_limited(
    function: Callable[..., Any],
    calls: Iterable[tuple[Any, ...]],
    workers: int | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Iterator[tuple[int, Any]]:
    """Call a module-level `function` for each tuple of arguments in worker processes.

    Yields (index of the call, result or Failure) as the calls finish; the order is not that of
    the calls. `calls` is consumed as workers become free, so that only a few arguments are in
    memory at a time. Stopping early, or an exception in the loop body, ends all workers.
    """
    source = _Source(calls)
    done: queue.SimpleQueue[tuple[int, Any] | None] = queue.SimpleQueue()
    stop = threading.Event()
    name = (function.__module__, function.__qualname__)
    threads = [
        threading.Thread(target=_drive, args=(name, limits, source, done, stop), daemon=True)
        for _ in range(workers or default_workers())
    ]
    for thread in threads:
        thread.start()
    try:
        running = len(threads)
        while running:
            outcome = done.get()
            if outcome is None:
                running -= 1
            else:
                yield outcome
        if source.error is not None:
            raise source.error
    finally:
        stop.set()
        for thread in threads:
            thread.join()


class _Source:
    """The calls still to be made, handed out one at a time to the threads."""

    def __init__(self, calls: Iterable[tuple[Any, ...]]) -> None:
        self._calls = enumerate(calls)
        self._lock = threading.Lock()
        self.error: Exception | None = None

    def next(self) -> tuple[int, tuple[Any, ...]] | None:
        with self._lock:
            try:
                return next(self._calls, None)
            except Exception as error:
                self.error = error
                return None


def _drive(
    name: tuple[str, str],
    limits: Limits,
    source: _Source,
    done: queue.SimpleQueue[tuple[int, Any] | None],
    stop: threading.Event,
) -> None:
    worker: _Worker | None = None
    try:
        while not stop.is_set() and (task := source.next()) is not None:
            index, arguments = task
            try:
                worker = worker or _Worker(name, limits.memory)
                outcome = worker.call(arguments, limits, stop)
            except OSError as error:
                outcome = Failure("died", f"no worker process could be started ({error})")
            if isinstance(outcome, Failure) and outcome.kind != "error" and worker is not None:
                worker.close()
                worker = None
            done.put((index, outcome))
    finally:
        if worker is not None:
            worker.close()
        done.put(None)


class _Worker:
    """One subprocess and the pipe to it."""

    def __init__(self, name: tuple[str, str], memory: int) -> None:
        package_root = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, (package_root, os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "dti_assets.text.worker_main", *name, str(memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # one thread a worker: the pool is the parallelism
            env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        )

    def call(self, arguments: tuple[Any, ...], limits: Limits, stop: threading.Event) -> Any:
        deadline = time.monotonic() + limits.seconds
        assert self._process.stdin is not None and self._process.stdout is not None
        payload = pickle.dumps(arguments, protocol=5)
        try:
            self._process.stdin.write(_HEADER.pack(len(payload)) + payload)
            self._process.stdin.flush()
            head = self._read(_HEADER.size, deadline, stop)
            answer = self._read(_HEADER.unpack(head)[0], deadline, stop)
        except TimeoutError:
            return Failure("timeout", f"took longer than {limits.seconds:g} seconds")
        except (BrokenPipeError, EOFError):
            return self._death(limits)
        return pickle.loads(answer)

    def _read(self, size: int, deadline: float, stop: threading.Event) -> bytes:
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        parts: list[bytes] = []
        while size:
            left = deadline - time.monotonic()
            if left <= 0 or stop.is_set():
                raise TimeoutError
            ready, _, _ = select.select([descriptor], [], [], min(left, 0.5))
            if ready:
                part = os.read(descriptor, min(size, 1 << 20))
                if not part:
                    raise EOFError
                parts.append(part)
                size -= len(part)
        return b"".join(parts)

    def _death(self, limits: Limits) -> Failure:
        code = self._process.wait()
        if code == _MEMORY_EXIT:
            return Failure("memory", f"needs more than {limits.memory // 2**20:,} MiB of memory")
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return Failure("died", f"its reader died ({how}), perhaps for want of memory")

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # unsent bytes to a process that is gone
                    continue


_MEMORY_EXIT = 77
