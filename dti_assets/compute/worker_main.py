"""The other end of workers: a loop that reads calls from stdin and writes results to stdout.

Started as `python -m dti_assets.compute.worker_main MODULE FUNCTION MEMORY`; not for people.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pickle
import sys

from dti_assets.compute.workers import _HEADER, _MEMORY_EXIT, Failure


def main() -> None:
    module, function, memory = sys.argv[1:4]
    # results go to the real stdout; whatever a library prints goes nowhere near it
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with contextlib.suppress(ImportError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    call = getattr(importlib.import_module(module), function)
    while head := sys.stdin.buffer.read(_HEADER.size):
        arguments = pickle.loads(sys.stdin.buffer.read(_HEADER.unpack(head)[0]))
        try:
            outcome = call(*arguments)
        except MemoryError:
            os._exit(_MEMORY_EXIT)
        except Exception as error:
            outcome = Failure("error", f"{type(error).__name__}: {error}")
        answer = pickle.dumps(outcome, protocol=5)
        out.write(_HEADER.pack(len(answer)) + answer)
        out.flush()


if __name__ == "__main__":
    main()
