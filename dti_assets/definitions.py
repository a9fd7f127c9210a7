"""The code location that workspace.yaml names: the study of DTI_STUDY, else study.yaml here."""

from dti_assets.pipeline.location import load

defs = load()
