"""The code location Dagster loads: the study named by DTI_STUDY, else study.yaml here."""

import gc
import os

# Loading makes tens of thousands of objects that all stay: looking through them for garbage, again
# and again while they grow, is a fifth of the time it takes, and never worth it later.
gc.disable()
try:
    from dti_assets.compute.process import set_up
    from dti_assets.pipeline.definitions import build_definitions
    from dti_assets.study.config import load_study

    set_up()
    defs = build_definitions(load_study(os.environ.get("DTI_STUDY", "study.yaml")))
    gc.freeze()
finally:
    gc.enable()
