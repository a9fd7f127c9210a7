"""The other end of workers: a loop that reads calls from stdin and writes results to stdout.

Started as `python -m dti_assets.compute.worker_main MODULE FUNCTION MEMORY`; not for people.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, BinaryIO

from dti_assets.compute.workers import _HEADER, _MEMORY_EXIT, Failure
from dti_assets.store.files import OF_THE_MACHINE, advice

# what a reader may have open at a time: its file, fonts, temporary files, and modules being loaded
_DESCRIPTORS = 32


def main() -> None:
    module, function, memory = sys.argv[1:4]
    # results go to the real stdout; whatever a library prints goes nowhere near it
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    # Ctrl-C in a terminal reaches every process of a command; the one that started this ends it
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    call, why_not = _loaded(module, function)
    _send(out, why_not.encode())
    if call is None:
        return
    with contextlib.suppress(RuntimeError):
        threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    with contextlib.suppress(ImportError, ValueError):
        import resource

        # from here on, for what is loaded by now no call is to blame
        resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    if _address_space() > int(memory):
        os._exit(_MEMORY_EXIT)
    try:
        _serve(call, out)
    except MemoryError:
        os._exit(_MEMORY_EXIT)


def _loaded(module: str, function: str) -> tuple[Callable[..., Any] | None, str]:
    """The function, or why this process cannot work."""
    try:
        call = getattr(importlib.import_module(module), function)
        _open_descriptors()
    except OSError as error:
        return None, f"{error.strerror or error}; {advice(error)}"
    except MemoryError:
        return None, f"no memory is left; {advice()}"
    except ImportError as error:
        return None, f"{error}; install the program again, or allow more memory and open files"
    return call, ""


def _open_descriptors() -> None:
    """Raise OSError where a reader could not open what it needs."""
    opened = []
    try:
        for _ in range(_DESCRIPTORS):
            opened.append(os.open(os.devnull, os.O_RDONLY))
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _address_space() -> int:
    """Bytes of address space that this process has; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


def _end_with_parent(parent: int) -> None:
    """End this process, whatever it is at, when the one that started it is gone."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


def _serve(call: Callable[..., Any], out: BinaryIO) -> None:
    while head := sys.stdin.buffer.read(_HEADER.size):
        arguments = pickle.loads(sys.stdin.buffer.read(_HEADER.unpack(head)[0]))
        try:
            outcome = call(*arguments)
        except MemoryError:
            os._exit(_MEMORY_EXIT)
        except OSError as error:
            outcome = _of_system(error)
        except ImportError as error:
            said = f"a library cannot be loaded ({error}); install the program again"
            outcome = Failure("died", said, of_machine=True)
        except Exception as error:
            outcome = Failure("error", f"{type(error).__name__}: {error}")
        _send(out, pickle.dumps(outcome, protocol=5))


def _of_system(error: OSError) -> Failure:
    if error.errno in OF_THE_MACHINE:
        return Failure("died", f"{error.strerror or error}; {advice(error)}", of_machine=True)
    return Failure("error", f"{type(error).__name__}: {error}")


def _send(out: BinaryIO, answer: bytes) -> None:
    out.write(_HEADER.pack(len(answer)) + answer)
    out.flush()


if __name__ == "__main__":
    main()
