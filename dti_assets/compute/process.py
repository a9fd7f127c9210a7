"""How a process that runs studies is set up, before it loads a numerical library."""

from __future__ import annotations

import gc
import os

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
# by default Python looks for garbage after 700 new objects, and again and again through hundreds of
# thousands that libraries made to stay: a sixth of the time of a small run
NEW_OBJECTS = 10_000


def set_up() -> None:
    """Linear algebra in one thread, because the matrices are small and results must not depend on
    threads, unless the user has asked for another number; and garbage looked for rarely."""
    for name in VARIABLES:
        os.environ.setdefault(name, "1")
    gc.set_threshold(NEW_OBJECTS)
