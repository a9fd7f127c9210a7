"""The code location Dagster loads: the study named by DTI_STUDY, else study.yaml here."""

import os

from dti_assets.pipeline.build import build_definitions
from dti_assets.study import load_study
from dti_assets.threads import one_thread

one_thread()
defs = build_definitions(load_study(os.environ.get("DTI_STUDY", "study.yaml")))
