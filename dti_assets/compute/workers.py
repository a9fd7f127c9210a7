"""Functions run in other processes, with a limit on memory and on time for each call.

A report can be hostile: a stream that inflates a thousandfold, a page tree without end. Each is
parsed in a worker that is killed and replaced when it exceeds its limits, so that one file costs
one row and never the run. Workers are plain subprocesses, so that threads, notebooks and Dagster
in the calling process do not matter.

A limit that a call exceeds is a fact about the call. A machine that starts no worker, opens no file
or ends workers from outside is none: such a call is made once more in a new worker, and then
MachineError is raised, so that nothing is taken for unreadable that was never read.
"""

from __future__ import annotations

import os
import pickle
import queue
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dti_assets.errors import MachineError
from dti_assets.store.files import advice

_HEADER = struct.Struct(">Q")
# a worker that does not come up within this time never will
_START_SECONDS = 120.0
# no file makes its reader send itself one of these: they come from outside
_FROM_OUTSIDE = frozenset(
    {signal.SIGHUP, signal.SIGINT, signal.SIGKILL, signal.SIGTERM, signal.SIGXCPU, signal.SIGXFSZ}
)
# a call that had less of a processor than this was kept from working
_STARVED_SHARE = 0.5
# and is given so many times the seconds, the second time
_PATIENCE = 3
# libraries that parse files hold on to memory: after so many calls a new process takes over
_CALLS_A_WORKER = 250
Event = threading.Event
Key = tuple[str, str, int]


@dataclass(frozen=True)
class Limits:
    """What one call may take: wall-clock seconds, and bytes of address space of its process."""

    seconds: float = 120.0
    memory: int = 3 * 2**30


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class Failure:
    """A call that gave no result: `timeout`, `memory`, `died` or `error`, and a sentence.

    `of_machine`: the call was kept from working, and says nothing about what it was to read.
    """

    kind: str
    reason: str
    of_machine: bool = False


def short_memory(limits: Limits) -> str | None:
    """That this process may take less memory than a call is allowed, in a sentence; None where it
    may take as much."""
    try:
        import resource

        most = resource.getrlimit(resource.RLIMIT_AS)[0]
    except (ImportError, OSError, ValueError):
        return None
    if most == resource.RLIM_INFINITY or most >= limits.memory:
        return None
    return (
        f"a worker may take {most // 2**20:,} MiB of memory here (ulimit -v), less than the "
        f"{limits.memory // 2**20:,} MiB that one file may need; allow more and run again"
    )


def key_of(function: Callable[..., Any], limits: Limits) -> Key:
    """What a worker process is for: a module-level function, and its bytes of memory."""
    return function.__module__, function.__qualname__, limits.memory


def default_workers() -> int:
    """As many workers as this process may use processors."""
    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2)


def run_limited(
    function: Callable[..., Any],
    calls: Iterable[tuple[Any, ...]],
    workers: int | None = None,
    limits: Limits = DEFAULT_LIMITS,
    idle: Idle | None = None,
) -> Iterator[tuple[int, Any]]:
    """Call a module-level `function` for each tuple of arguments in worker processes.

    Yields (index of the call, result or Failure) as the calls finish; the order is not that of
    the calls. `calls` is consumed as workers become free, so that only a few arguments are in
    memory at a time. Stopping early, or an exception in the loop body, ends all workers. Raises
    what `calls` raises, what keeps arguments or a result from passing between the processes, and
    MachineError; no more calls are made then, and those under way are yielded first.
    `idle`: worker processes of earlier rounds, taken from and given back to.
    """
    kept = Idle() if idle is None else idle
    source = _Source(calls)
    done: queue.SimpleQueue[tuple[int, Any] | None] = queue.SimpleQueue()
    stop = threading.Event()
    key = key_of(function, limits)
    threads = [
        threading.Thread(target=_drive, args=(key, limits, source, done, stop, kept), daemon=True)
        for _ in range(workers or default_workers())
    ]
    started = _started(threads)
    try:
        running = len(started)
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
        for thread in started:
            thread.join()
        if idle is None:
            kept.close()


def _started(threads: list[threading.Thread]) -> list[threading.Thread]:
    """The threads that could be started: where the system allows few, few do the work."""
    for number, thread in enumerate(threads):
        try:
            thread.start()
        except RuntimeError as error:
            if number:
                return threads[:number]
            raise MachineError(
                f"no thread could be started ({error}); free memory, or allow more processes and "
                "memory (ulimit -u, ulimit -v), and run again"
            ) from error
    return threads


def call_limited(key: Key, limits: Limits, arguments: tuple[Any, ...]) -> Any:
    """The result of one call, or a Failure, in a worker process kept for the next one.

    For a process that lives as long as there is work and makes one call at a time.
    """
    return _call(_kept, key, limits, arguments, threading.Event())


def _call(idle: Idle, key: Key, limits: Limits, arguments: tuple[Any, ...], stop: Event) -> Any:
    """The result of a call, or a Failure; one that is not known to be the call's own fault is made
    twice. Raises MachineError."""
    outcome = _attempt(idle, key, limits, arguments, stop)
    if _is_worth_another(outcome) and not stop.is_set():
        patient = Limits(limits.seconds * _PATIENCE, limits.memory)
        again = limits if outcome.kind != "timeout" else patient
        outcome = _attempt(Idle(), key, again, arguments, stop)
    if isinstance(outcome, Failure) and outcome.of_machine and outcome.kind != "timeout":
        raise MachineError(outcome.reason)
    return outcome


def _is_worth_another(outcome: Any) -> bool:
    return isinstance(outcome, Failure) and (outcome.of_machine or outcome.kind == "died")


def _attempt(idle: Idle, key: Key, limits: Limits, arguments: tuple[Any, ...], stop: Event) -> Any:
    try:
        worker = idle.take(key)
    except OSError as error:
        why = error.strerror or error
        return Failure("died", f"no worker process could be started ({why}); {advice(error)}", True)
    usable = False
    try:
        outcome = worker.call(arguments, limits, stop)
        usable = not isinstance(outcome, Failure) or outcome.kind == "error"
    finally:
        # of one that was stopped in the middle, the answer would be taken for that of another call
        if usable:
            idle.give(worker)
        else:
            worker.close()
    return outcome


class Idle:
    """Worker processes that wait for their next call. To be closed."""

    def __init__(self) -> None:
        self._workers: list[_Worker] = []
        self._lock = threading.Lock()

    def take(self, key: Key) -> _Worker:
        """One that waits, or a new one; those of another key have no more to do. May raise
        OSError."""
        with self._lock:
            found = None
            for worker in self._workers:
                if found is None and worker.key == key and worker.alive():
                    found = worker
                elif worker.key != key or not worker.alive():
                    worker.close()
            self._workers = [w for w in self._workers if w is not found and w.alive()]
        return found or _Worker(key)

    def give(self, worker: _Worker) -> None:
        if worker.calls >= _CALLS_A_WORKER:
            worker.close()
            return
        with self._lock:
            self._workers.append(worker)

    def close(self) -> None:
        with self._lock:
            for worker in self._workers:
                worker.close()
            self._workers.clear()


_kept = Idle()


class _Source:
    """The calls still to be made, handed out one at a time to the threads; none after an error,
    theirs or of the calls, that the caller is to have."""

    def __init__(self, calls: Iterable[tuple[Any, ...]]) -> None:
        self._calls = enumerate(calls)
        self._lock = threading.Lock()
        self.error: Exception | None = None

    def next(self) -> tuple[int, tuple[Any, ...]] | None:
        with self._lock:
            try:
                return next(self._calls, None) if self.error is None else None
            except Exception as error:
                self.error = error
                return None


def _drive(
    key: Key,
    limits: Limits,
    source: _Source,
    done: queue.SimpleQueue[tuple[int, Any] | None],
    stop: Event,
    idle: Idle,
) -> None:
    try:
        while not stop.is_set() and (task := source.next()) is not None:
            index, arguments = task
            done.put((index, _call(idle, key, limits, arguments, stop)))
    except Exception as error:
        source.error = error
    finally:
        done.put(None)


class _Worker:
    """One subprocess and the pipe to it."""

    def __init__(self, key: Key) -> None:
        self.key = key
        self.calls = 0
        self._ready = False
        package_root = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, (package_root, os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            # -P: a jieba.py in the folder a command is called in is no module
            [sys.executable, "-P", "-m", "dti_assets.compute.worker_main", *map(str, key)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # one thread a worker: the pool is the parallelism
            env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        )

    def alive(self) -> bool:
        return self._process.poll() is None

    def call(self, arguments: tuple[Any, ...], limits: Limits, stop: Event) -> Any:
        self.calls += 1
        assert self._process.stdin is not None and self._process.stdout is not None
        payload = pickle.dumps(arguments, protocol=5)
        if not self._ready and (failure := self._wait_until_ready(stop)) is not None:
            return failure
        began, used = time.monotonic(), self._processor_seconds()
        deadline = began + limits.seconds
        try:
            self._process.stdin.write(_HEADER.pack(len(payload)) + payload)
            self._process.stdin.flush()
            head = self._read(_HEADER.size, deadline, stop)
            answer = self._read(_HEADER.unpack(head)[0], deadline, stop)
        except TimeoutError:
            took = self._processor_seconds() - used
            starved = took < _STARVED_SHARE * (time.monotonic() - began)
            said = f"took longer than {limits.seconds:g} seconds"
            return Failure("timeout", said, starved and not stop.is_set())
        except (BrokenPipeError, EOFError):
            return self._death(limits)
        return pickle.loads(answer)

    def _wait_until_ready(self, stop: Event) -> Failure | None:
        """Until the process has loaded what it is to call: what keeps it from that is no fault of
        a call."""
        try:
            size = _HEADER.unpack(self._read(_HEADER.size, _start_deadline(), stop))[0]
            said = self._read(size, _start_deadline(), stop).decode()
        except TimeoutError:
            said = f"it was not ready after {_START_SECONDS:g} seconds; end other work"
        except EOFError:
            code = self._process.wait()
            said = f"{_how(code)}, perhaps for want of memory: {advice()}"
        self._ready = not said
        return (
            Failure("died", f"no worker process could be started: {said}", True) if said else None
        )

    def _processor_seconds(self) -> float:
        """Seconds of processor time that the process has had; without end where the system does
        not tell."""
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except (OSError, ValueError, IndexError):
            return float("inf")

    def _read(self, size: int, deadline: float, stop: Event) -> bytes:
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        # select takes no descriptor above 1,023
        waiting = select.poll()
        waiting.register(descriptor, select.POLLIN)
        parts: list[bytes] = []
        while size:
            left = deadline - time.monotonic()
            if left <= 0 or stop.is_set():
                raise TimeoutError
            if waiting.poll(1000 * min(left, 0.5)):
                part = os.read(descriptor, min(size, 1 << 20))
                if not part:
                    raise EOFError
                parts.append(part)
                size -= len(part)
        return b"".join(parts)

    def _death(self, limits: Limits) -> Failure:
        code = self._process.wait()
        short = short_memory(limits)
        if code == _MEMORY_EXIT:
            said = f"needs more than {limits.memory // 2**20:,} MiB of memory"
            return Failure("memory", short or said, short is not None)
        said = f"its reader died ({_how(code)}), perhaps for want of memory"
        if -code in _FROM_OUTSIDE:
            said = (
                f"its reader was ended from outside ({_how(code)}), as a system does that runs out "
                f"of memory: {advice()}"
            )
            return Failure("died", said, True)
        return Failure("died", short or said, short is not None)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # unsent bytes to a process that is gone
                    continue


def _start_deadline() -> float:
    return time.monotonic() + _START_SECONDS


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


_MEMORY_EXIT = 77
