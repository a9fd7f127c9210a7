"""Group reports: what else the texts give, beside the counts: keywords in context, and counts of
other policy vocabulary. Nothing further down reads a text."""

from dataclasses import asdict
from typing import Any

import dagster as dg

from dti_assets.pipeline.assets.reports import GROUP
from dti_assets.pipeline.metadata import describe
from dti_assets.pipeline.resources import Workspace
from dti_assets.pipeline.stored_asset import stored_asset
from dti_assets.text import candidates
from dti_assets.text.choices import hits_column
from dti_assets.text.concordance import examples
from dti_assets.text.tables import CANDIDATE_COUNTS, KEYWORD_CONTEXTS


@stored_asset(KEYWORD_CONTEXTS, group_name=GROUP)
def keyword_contexts(
    workspace: dg.ResourceParam[Workspace], report_files: Any, keyword_counts: Any
) -> dg.MaterializeResult[Any]:
    """A handful of counted keywords with the words around them, for the report: one of each of the
    most frequent terms, each from another {unit}. Without reports in the folder there are
    none."""
    study, level = workspace.study, workspace.level
    table = workspace.tables[KEYWORD_CONTEXTS.name]
    found = examples(
        report_files,
        keyword_counts[keyword_counts["section"].isin(workspace.counted_sections)],
        study.path(study.inputs.reports),
        workspace.cache,
        workspace.dictionary(),
        hits=hits_column(study.text.hits),
        spans=workspace.finder(),
        units=workspace.units,
    )
    rows = [asdict(one) for one in found]
    frame = table.frame([{level.name: row.pop("unit"), **row} for row in rows])
    return dg.MaterializeResult(value=frame, metadata=describe(table, frame))


@stored_asset(CANDIDATE_COUNTS, group_name=GROUP)
def candidate_counts(
    workspace: dg.ResourceParam[Workspace], report_texts: Any, section_words: Any
) -> dg.MaterializeResult[Any]:
    """Occurrences of 2,000 other policy terms by report and section, from which random
    dictionaries are drawn. Published counts stand in where there is no text."""
    table = workspace.tables[CANDIDATE_COUNTS.name]
    counts = candidates.candidate_counts(
        report_texts, section_words, workspace.cache, level=workspace.level
    )
    frame = table.frame(counts)
    return dg.MaterializeResult(value=frame, metadata=describe(table, frame))


ASSETS = [keyword_contexts, candidate_counts]
