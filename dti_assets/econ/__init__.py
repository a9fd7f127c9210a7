"""Estimation and inference for the study's tables: regressions, weak instruments, few clusters.

Pure functions from specifications and frames to results. Nothing here knows of files other than
its own table specifications, of Dagster, or of how the data came about. Names are resolved on
first use, so that importing this package loads none of the numerical libraries.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dti_assets.econ.inference.anderson_rubin import anderson_rubin_set
    from dti_assets.econ.inference.mediation import mediation
    from dti_assets.econ.inference.wild_bootstrap import wild_cluster_test
    from dti_assets.econ.model.estimation import estimate
    from dti_assets.econ.model.specification import Specification
    from dti_assets.econ.model.weak_instruments import tf_interval
    from dti_assets.errors import EconError

_HOME = {
    "EconError": "dti_assets.errors",
    "Specification": "dti_assets.econ.model.specification",
    "anderson_rubin_set": "dti_assets.econ.inference.anderson_rubin",
    "estimate": "dti_assets.econ.model.estimation",
    "mediation": "dti_assets.econ.inference.mediation",
    "tf_interval": "dti_assets.econ.model.weak_instruments",
    "wild_cluster_test": "dti_assets.econ.inference.wild_bootstrap",
}

__all__ = [
    "EconError",
    "Specification",
    "anderson_rubin_set",
    "estimate",
    "mediation",
    "tf_interval",
    "wild_cluster_test",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
