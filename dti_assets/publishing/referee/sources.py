"""Names: the stored tables that answers are read from, and the files they become. Imports nothing,
so that assets can be defined without loading what writes them."""

WEAK, ROBUSTNESS = "weak_instrument_inference", "robustness"
LEFT_OUT, BASELINE = "leave_one_province_out", "table_02_baseline"
NEEDED = (
    *(WEAK, LEFT_OUT, ROBUSTNESS, BASELINE, "romano_wolf"),
    *("indirect_effects", "influence", "dictionary_permutation", "specification_curve"),
    *("measurement_audit", "published_forensics", "capital_distances", "frozen_instrument"),
)
# those that the figure of the documents shows
FIGURE_NEEDS = (WEAK, ROBUSTNESS, LEFT_OUT, BASELINE)
# where the documents lie below the outputs, and what they are called
FOLDER, PAGE, WORD = "referee", "referee.html", "referee.docx"
