"""Which assets look at which files and settings of a study themselves; what is downstream of them
follows from the graph.

Knows names of assets, not Dagster, and reads no file.
"""

from typing import Any

from dti_assets.study.catalogue import YEARLY
from dti_assets.study.config import Study

ROOT = "report_files"
COUNTS = ("keyword_counts", "section_words")
PAGE = "replication_report"
# these stand for every asset, and for those of the group
ALL, ESTIMATES = "*", "group:estimates"

# these build the instrument anew from the stored counts
_VARIANTS = (
    *("weak_instrument_inference", "anderson_rubin_curve", "stage_residuals"),
    *("specification_curve", "robustness"),
)
# these add up the counts of the sections that count
_ADDED_UP = (*_VARIANTS, "influence", "dictionary_permutation", "measurement_audit")
_COUNTED = ("policy_attention", "keyword_contexts", "frozen_instrument", *_ADDED_UP)
_TERMS = (
    *(*COUNTS, "policy_attention", "keyword_contexts", "frozen_instrument"),
    # the terms with a risk, and those that are no term
    *("specification_curve", "robustness", "dictionary_permutation"),
)
# where what a table is headed and noted with is shown
_PRINTED = ("tables", PAGE)
_HUB = ("capital_distances", "dti_iv", "frozen_instrument", *_VARIANTS, "tables", "figures")
# The assets that look at each kind of file themselves; what is downstream follows from the graph,
# but a table may come out as it was, and then what rests on it does not learn of the change.
FILE_READERS: dict[str, tuple[str, ...]] = {
    "reports": (ROOT, *sorted(YEARLY)),
    "patents": ("digital_patents",),
    "panel": ("user_figures",),
    "terms": _TERMS,
    "patent_terms": ("digital_patents",),
    "specifications": (ESTIMATES, "table_coverage", *_PRINTED),
    "citations": ("published_forensics",),
    "truth": ("paper_comparison",),
    "audit": ("measurement_audit",),
    "freeze": ("frozen_instrument",),
    # the report shows the whole of study.yaml
    "study": (PAGE,),
    # a list of the user's names the rows of every table, and their columns
    "units": (ALL,),
}
# The assets that look at each setting themselves, by key or by the part of study.yaml.
SETTING_READERS: dict[str, tuple[str, ...]] = {
    "name": (PAGE, "referee_documents"),
    "years": (ALL,),
    "units": (ALL,),
    # every label, and what invented figures are held against
    "simulated": (ESTIMATES, "panel", "table_coverage", "referee_documents", *_PRINTED),
    "inputs.reports": (ROOT,),
    "inputs.patents": ("digital_patents",),
    "inputs.panel": ("user_figures",),
    "outputs": (ALL,),
    "text.dictionary": _TERMS,
    # counts are stored under every definition of a hit, and may stay what they are
    "text.hits": (*COUNTS, *_COUNTED),
    "text.words": ("policy_attention", "frozen_instrument", *_VARIANTS),
    "text.section": _COUNTED,
    "text.annexes": _COUNTED,
    "text.tokenizer": (*COUNTS, "keyword_contexts", "frozen_instrument"),
    "text.settled": (*FILE_READERS["reports"], "frozen_instrument"),
    # where the work is done moves no number
    "reports": (),
    "instrument": _HUB,
    # every table says whether the hub's own unit counts
    "instrument.zero_distance": (*_HUB, ESTIMATES, "table_coverage"),
    "patents": ("digital_patents",),
    "patents.engine": (),
    "patents.ray_address": (),
    "panel.log_of_zero": ("panel", "panel_export"),
    "panel.units": ("user_figures",),
    "panel.aliases": ("user_figures",),
    "panel.fill_gaps": ("panel", "dti"),
    "estimates": (ESTIMATES, "table_coverage"),
    "estimates.tables": (ESTIMATES, "table_coverage", *_PRINTED),
    "estimates.citations": ("published_forensics",),
    "audit": ("measurement_audit",),
    "run_storage": (),
    "notify": (),
}


def settings(study: Study) -> dict[str, Any]:
    """Every setting by its key of study.yaml, two levels deep."""
    flat: dict[str, Any] = {}
    for key, value in study.model_dump(mode="json").items():
        whole = not isinstance(value, dict)
        flat |= {key: value} if whole else {f"{key}.{name}": v for name, v in value.items()}
    return flat


def readers_of(key: str) -> tuple[str, ...]:
    """The assets that look at a setting themselves; all of them where nobody said which."""
    part = key.partition(".")[0]
    return SETTING_READERS.get(key, SETTING_READERS.get(part, (ALL,)))
