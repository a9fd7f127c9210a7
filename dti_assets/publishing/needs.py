"""The stored tables that figures and documents are made of, by name, and the files they become.

Imports no more than the formula, so that assets can be defined without loading what draws and
writes.
"""

from dti_assets.instrument.formula import WRITTEN

# stored tables that figures show, besides those of estimates
FIGURES = (
    *("influence", "dictionary_permutation", "dictionary_permutation_draws", "measurement_audit"),
    *("policy_attention", "panel", "dti_iv", "dti", "weak_instrument_inference"),
    *("stage_residuals", "anderson_rubin_curve", "leave_one_province_out", "specification_curve"),
    "robustness",
)


WEAK, ROBUSTNESS = "weak_instrument_inference", "robustness"
LEFT_OUT, BASELINE = "leave_one_province_out", "table_02_baseline"
# those that the answers to a referee are read from
REFEREE = (
    *(WEAK, LEFT_OUT, ROBUSTNESS, BASELINE, "romano_wolf"),
    *("indirect_effects", "influence", "dictionary_permutation", "specification_curve"),
    *("measurement_audit", "published_forensics", "capital_distances", "frozen_instrument"),
)
# those that the figure of the answers shows
REMEDIES = (WEAK, ROBUSTNESS, LEFT_OUT, BASELINE)
# the variant in table robustness whose frequency is the mean of the other units'
OTHERS_VARIANT = ("functions of distance", f"leave-one-out {WRITTEN} (hub)")
# where the documents lie below the outputs, and what they are called
FOLDER, PAGE, WORD = "referee", "referee.html", "referee.docx"
