"""Loading of the code location: a study's definitions, in little more time than Dagster takes."""

import gc
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster import Definitions


def load() -> "Definitions":
    """Return the definitions of the study that DTI_STUDY names, else of study.yaml here.

    Loading makes tens of thousands of objects that all stay. Looking through them for garbage,
    again and again while they grow, is a fifth of the time it takes, and never worth it later.
    """
    gc.disable()
    try:
        # Dagster too is loaded with the collector off
        from dti_assets.compute.process import set_up
        from dti_assets.pipeline.definitions import build_definitions
        from dti_assets.study.config import load_study

        set_up()
        definitions = build_definitions(load_study(os.environ.get("DTI_STUDY", "study.yaml")))
        gc.freeze()
    finally:
        gc.enable()
    return definitions
