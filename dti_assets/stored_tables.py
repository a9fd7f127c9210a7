"""Every table an asset stores, by asset name."""

from dti_assets.geography.tables import CAPITAL_DISTANCES, DTI_IV
from dti_assets.tables import Table
from dti_assets.text.tables import (
    KEYWORD_COUNTS,
    POLICY_ATTENTION,
    REPORT_FILES,
    REPORT_TEXTS,
    SECTION_WORDS,
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        REPORT_FILES,
        REPORT_TEXTS,
        KEYWORD_COUNTS,
        SECTION_WORDS,
        POLICY_ATTENTION,
        CAPITAL_DISTANCES,
        DTI_IV,
    )
}
# stored one file a year; everything else is one file
YEARLY = frozenset({"report_texts", "keyword_counts", "section_words", "policy_attention"})
