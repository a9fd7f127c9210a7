"""Asset checks: a blocking one on every table's declaration, warnings on everything else."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import dagster as dg

from dti_assets.pipeline.partitions import run_years
from dti_assets.pipeline.resources import Workspace
from dti_assets.tables import Table

SHOWN = 20
# of these, in the description of the result
IN_PLACE = 8


def warning(sentences: Sequence[str], **metadata: Any) -> dg.AssetCheckResult:
    """Passed when there is nothing to say, else a warning that lists it."""
    shown = list(sentences[:SHOWN])
    if len(sentences) > SHOWN:
        shown.append(f"and {len(sentences) - SHOWN} more")
    return dg.AssetCheckResult(
        passed=not sentences,
        severity=dg.AssetCheckSeverity.WARN,
        description=_summary(sentences),
        metadata={
            "number": len(sentences),
            "sentences": dg.MetadataValue.md(_list(shown)),
            **metadata,
        },
    )


def _summary(sentences: Sequence[str]) -> str:
    """In a line, and below it the first findings: the UI shows the description of a result in
    its place, and lists in its metadata behind a link."""
    if not sentences:
        return "nothing to look at"
    more = ["and more, see `sentences`"] if len(sentences) > IN_PLACE else []
    findings = _list([*sentences[:IN_PLACE], *more])
    return f"{len(sentences)} to look at\n\n{findings}"


def _list(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {s}" for s in sentences) or "none"


def declaration_check(table: Table) -> dg.AssetChecksDefinition:
    """The blocking check that a stored table is as declared: columns, types, rules, unique key."""

    @dg.asset_check(
        asset=table.name,
        name="as_declared",
        blocking=True,
        description=_declared(table),
    )
    def as_declared(
        context: dg.AssetCheckExecutionContext, workspace: dg.ResourceParam[Workspace]
    ) -> dg.AssetCheckResult:
        broken = workspace.violations(table, run_years(context.run.tags))
        return dg.AssetCheckResult(
            passed=not broken,
            severity=dg.AssetCheckSeverity.ERROR,
            description="; ".join(broken) or "every column and every row is as declared",
        )

    return as_declared


def _declared(table: Table) -> str:
    key = f", and no two rows share {', '.join(table.key)}" if table.key else ""
    return (
        f"All {len(table.columns)} columns are there, each value of the declared type and within "
        f"its range{key}. Assets that read a table that breaks this are not made."
    )


def table_check(
    asset: str,
    name: str,
    description: str,
    find: Callable[[Any], list[str]],
    reads: str | None = None,
) -> dg.AssetChecksDefinition:
    """A warning check whose sentences come from one pure function of a stored table: the
    asset's own, or that of the asset `reads`."""
    needed = [reads] if reads else []

    @dg.asset_check(asset=asset, name=name, description=description, additional_deps=needed)
    def check(
        context: dg.AssetCheckExecutionContext, workspace: dg.ResourceParam[Workspace]
    ) -> dg.AssetCheckResult:
        frame = workspace.stored_so_far(reads or asset, run_years(context.run.tags))
        return warning([] if frame is None else find(frame))

    return check


def _report_checks() -> list[dg.AssetChecksDefinition]:
    from dti_assets.sources.checks import not_fetched
    from dti_assets.text import checks

    return [
        table_check(
            "report_downloads",
            "all_fetched",
            "Every address of sources.csv gave its report.",
            not_fetched,
        ),
        table_check(
            "report_files",
            "all_read",
            "Every file could be read, is one province's report of one year, and counts.",
            checks.refused_files,
        ),
        table_check(
            "report_files",
            "no_duplicates",
            "No report lies in the folder twice under two names.",
            checks.duplicate_files,
        ),
        table_check(
            "policy_attention",
            "coverage",
            "Every province has a report for every year; a gap is a missing value.",
            checks.missing_reports,
        ),
        table_check(
            "policy_attention",
            "length",
            "No report is under 0.4 or over 2.5 times its province's median length: no excerpt, no "
            "two reports in one file.",
            checks.length_outliers,
        ),
        table_check(
            "keyword_counts",
            "overlap_at_least_longest",
            "Counting keywords inside longer keywords too never gives fewer hits.",
            checks.overlap_below_longest,
        ),
        token_share,
        published_agree,
    ]


@dg.asset_check(
    asset="keyword_counts",
    description="Words as jieba cuts them find at least four fifths of the hits in every province.",
)
def token_share(
    context: dg.AssetCheckExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.AssetCheckResult:
    from dti_assets.text.checks import low_token_shares, token_shares

    keywords = workspace.stored_so_far("keyword_counts", run_years(context.run.tags))
    if keywords is None:
        return warning([])
    return warning(low_token_shares(keywords), by_province=token_shares(keywords))


@dg.asset_check(
    asset="keyword_counts",
    additional_deps=["section_words"],
    description="Counts on the folder's reports are those published with the package.",
)
def published_agree(
    context: dg.AssetCheckExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.AssetCheckResult:
    from dti_assets.text.attention import disagreements

    if not workspace.dictionary().is_shipped:
        return warning([], compared="no: the dictionary is not the shipped one")
    years = run_years(context.run.tags)
    keywords = workspace.stored_so_far("keyword_counts", years)
    words = workspace.stored_so_far("section_words", years)
    if keywords is None or words is None:
        return warning([], compared="no: nothing has been counted")
    return warning(disagreements(keywords, words), compared="yes")


def _patent_checks() -> list[dg.AssetChecksDefinition]:
    from dti_assets.patents import checks

    return [
        table_check(
            "patent_totals",
            "share_without_province",
            "At most 2 % of applications are without a province that could be recognised.",
            checks.without_province,
        ),
        table_check(
            "patent_totals",
            "share_without_year",
            "At most 2 % of applications are without a year.",
            checks.without_year,
        ),
        table_check(
            "patent_totals",
            "technologies_nested",
            "A digital patent is in at least one of the five technologies, and is counted once.",
            checks.technologies_not_nested,
        ),
        table_check(
            "patent_row_status",
            "duplicates_agree",
            "Rows of one application do not contradict each other.",
            checks.contradicting_duplicates,
        ),
        table_check(
            "patent_row_status",
            "rows_usable",
            "Every file and row of the extract could be used.",
            checks.refused_rows,
        ),
    ]


def _panel_checks() -> list[dg.AssetChecksDefinition]:
    from dti_assets.panel.checks import TOPICS, absent_variables, findings

    return [
        table_check(
            "panel_coverage",
            "variables_present",
            "Every variable of the model has a value for some province and year.",
            absent_variables,
        ),
        *(
            table_check(
                "panel", name, description, partial(findings, checks=checks), "panel_checks"
            )
            for name, (description, checks) in TOPICS.items()
        ),
    ]


def all_checks(tables: Iterable[Table]) -> list[dg.AssetChecksDefinition]:
    """Every check of the pipeline, `tables` being all that it stores."""
    return [
        *map(declaration_check, tables),
        *_report_checks(),
        *_patent_checks(),
        *_panel_checks(),
    ]
