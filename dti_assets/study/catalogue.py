"""Every table an asset stores, by asset name."""

from dataclasses import replace

from dti_assets.audit.tables import MEASUREMENT_AUDIT
from dti_assets.econ import tables as econ
from dti_assets.econ.paper.specifications import TableSpec
from dti_assets.errors import TableSpecificationError
from dti_assets.instrument import tables as instrument
from dti_assets.panel import tables as panel
from dti_assets.patents import tables as patents
from dti_assets.publishing import tables as publishing
from dti_assets.sources.tables import REPORT_DOWNLOADS
from dti_assets.store.schema import Table
from dti_assets.study.config import Study
from dti_assets.study.specifications import study_tables
from dti_assets.text import tables as text

# of every study, whatever tables it estimates and whatever its units are
COMMON: dict[str, Table] = {
    table.name: table
    for table in (
        REPORT_DOWNLOADS,
        text.REPORT_FILES,
        text.REPORT_TEXTS,
        text.KEYWORD_COUNTS,
        text.SECTION_WORDS,
        text.POLICY_ATTENTION,
        text.KEYWORD_CONTEXTS,
        text.CANDIDATE_COUNTS,
        instrument.CAPITAL_DISTANCES,
        instrument.DTI_IV,
        patents.DIGITAL_PATENTS,
        patents.ROW_STATUS,
        patents.PATENT_COUNTS,
        patents.PATENT_TOTALS,
        patents.DTI,
        instrument.FROZEN_INSTRUMENT,
        panel.OFFICIAL_STATISTICS,
        panel.USER_FIGURES,
        panel.USER_FILES,
        panel.SKIPPED,
        panel.NATIONAL_TOTALS,
        panel.TURNOVER,
        panel.PANEL,
        panel.PANEL_SOURCES,
        panel.PANEL_COVERAGE,
        panel.SERIES_COVERAGE,
        panel.CHECKS,
        panel.PANEL_EXPORT,
        econ.TABLE_COVERAGE,
        econ.WEAK_INSTRUMENTS,
        econ.ANDERSON_RUBIN_CURVE,
        econ.STAGE_RESIDUALS,
        econ.INDIRECT_EFFECTS,
        econ.LEAVE_ONE_OUT,
        econ.INFLUENCE,
        econ.DICTIONARY_PERMUTATION,
        econ.PERMUTATION_DRAWS,
        econ.SPECIFICATION_CURVE,
        econ.ROBUSTNESS,
        econ.ROMANO_WOLF,
        econ.FORENSICS,
        econ.PAPER_COMPARISON,
        MEASUREMENT_AUDIT,
        publishing.TABLE_FILES,
        publishing.FIGURE_FILES,
        publishing.REFEREE_RESPONSE,
        publishing.REFEREE_DOCUMENTS,
        publishing.REPORT_PAGE,
    )
}


def estimates_table(spec: TableSpec) -> Table:
    """The declaration of the asset that one table specification becomes."""
    kind = econ.DESCRIPTIVES if spec.kind == "descriptives" else econ.ESTIMATES
    return replace(kind, name=spec.name)


def stored_tables(study: Study) -> dict[str, Table]:
    """The tables of a study, those of its own specifications included.

    Raises TableSpecificationError where one of them has the name of another asset.
    """
    estimated = study_tables(study)
    taken = next((name for name in estimated if name in COMMON), None)
    if taken is not None:
        raise TableSpecificationError(f"estimates.tables: {taken} is the name of another asset")
    declared = COMMON | {name: estimates_table(spec) for name, spec in estimated.items()}
    named = {name: study.level.table(table) for name, table in declared.items()}
    return named | {panel.PANEL.name: panel.panel_table(study.level)}


# stored one file a year; everything else is one file
YEARLY = frozenset({"report_texts", "keyword_counts", "section_words", "policy_attention"})
# one file that holds every year of the study it was made for
EVERY_YEAR = ("dti_iv", "dti", "panel")
# made by fetching from the network: only where asked for by name, never as part of a run
FETCHED = frozenset({"report_downloads"})
# hold the inputs themselves, texts and patents: not in a replication package unless asked for, and
# so not vouched for in the report that a package is compared with
TRANSCRIPTS = {"reports": "report_texts", "patents": "digital_patents"}
