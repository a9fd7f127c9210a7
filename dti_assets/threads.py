"""One thread for linear algebra: the matrices are small, and results must not depend on threads.

Must run before a numerical library is loaded.
"""

from __future__ import annotations

import os

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def one_thread() -> None:
    """Ask OpenMP, OpenBLAS and MKL for one thread, unless the user has asked for another number."""
    for name in VARIABLES:
        os.environ.setdefault(name, "1")
