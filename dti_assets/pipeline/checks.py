"""Asset checks: a blocking one on every table's declaration, warnings on everything else."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import dagster as dg

from dti_assets.pipeline.estimate_inputs import table_options
from dti_assets.pipeline.partitions import run_years, today
from dti_assets.pipeline.resources import Workspace
from dti_assets.study_tables import study_tables
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


def declaration_checks(tables: Sequence[Table]) -> dg.AssetChecksDefinition:
    """The blocking checks that stored tables are as declared: columns, types, rules, unique key.
    The `tables` are those that one step makes, and one step looks at."""
    by_name = {table.name: table for table in tables}

    @dg.multi_asset_check(
        name=f"{tables[0].name}_as_declared",
        specs=[
            dg.AssetCheckSpec(
                "as_declared", asset=table.name, blocking=True, description=_declared(table)
            )
            for table in tables
        ],
        can_subset=True,
    )
    def as_declared(
        context: dg.AssetCheckExecutionContext, workspace: dg.ResourceParam[Workspace]
    ) -> Iterator[dg.AssetCheckResult]:
        years = run_years(context.run.tags)
        for key in _selected(context):
            broken = workspace.violations(by_name[key.asset_key.to_user_string()], years)
            yield dg.AssetCheckResult(
                passed=not broken,
                asset_key=key.asset_key,
                check_name=key.name,
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


class Stored:
    """What the checks of one step look at: each stored table is read once."""

    def __init__(self, workspace: Workspace, years: Sequence[int]) -> None:
        self.workspace = workspace
        self.years = years
        self.table = cache(self._table)

    def _table(self, name: str) -> Any:
        return self.workspace.stored_so_far(name, self.years)


@dataclass(frozen=True)
class Warner:
    """A check that warns, never stops: `look` gives its result, from the stored tables of the
    `asset` and of the assets it also `reads`."""

    asset: str
    name: str
    description: str
    look: Callable[[Stored], dg.AssetCheckResult]
    reads: tuple[str, ...] = ()


def table_check(
    asset: str,
    name: str,
    description: str,
    find: Callable[[Any], list[str]],
    reads: str | None = None,
) -> Warner:
    """A check whose sentences come from one pure function of a stored table: the asset's own, or
    that of the asset `reads`."""

    def look(stored: Stored) -> dg.AssetCheckResult:
        frame = stored.table(reads or asset)
        return warning([] if frame is None else find(frame))

    return Warner(asset, name, description, look, (reads,) if reads else ())


def warning_checks(name: str, warners: Sequence[Warner]) -> dg.AssetChecksDefinition:
    """Checks that one step makes; each can also be run by itself. A step costs more, at loading
    and in every run, than most of them do."""
    by_key = {(warner.asset, warner.name): warner for warner in warners}

    @dg.multi_asset_check(
        name=name,
        specs=[
            dg.AssetCheckSpec(
                warner.name,
                asset=warner.asset,
                description=warner.description,
                additional_deps=warner.reads,
            )
            for warner in warners
        ],
        can_subset=True,
    )
    def checks(
        context: dg.AssetCheckExecutionContext, workspace: dg.ResourceParam[Workspace]
    ) -> Iterator[dg.AssetCheckResult]:
        stored = Stored(workspace, run_years(context.run.tags))
        for key in _selected(context):
            result = by_key[key.asset_key.to_user_string(), key.name].look(stored)
            yield result._replace(asset_key=key.asset_key, check_name=key.name)

    return checks


def _selected(context: dg.AssetCheckExecutionContext) -> list[dg.AssetCheckKey]:
    return sorted(context.selected_asset_check_keys)


def _read_checks() -> list[Warner]:
    from dti_assets.text import checks

    return [
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
    ]


def _download_checks() -> list[Warner]:
    from dti_assets.sources.checks import not_fetched

    return [
        table_check(
            "report_downloads",
            "all_fetched",
            "Every address of sources.csv gave its report.",
            not_fetched,
        ),
    ]


def _count_checks() -> list[Warner]:
    from dti_assets.text import checks

    return [
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
        Warner(
            "policy_attention",
            "complete_by_april",
            "From 1 April on, every province has a report for the current year.",
            _complete_by_april,
        ),
        Warner(
            "policy_attention",
            "plausible_attention",
            "A new year's frequencies are within bounds of the years before, by province and for "
            "all together. Looks at the years of the run where they are a part of the study's, "
            "else at the last year.",
            _plausible_attention,
        ),
        table_check(
            "keyword_counts",
            "overlap_at_least_longest",
            "Counting keywords inside longer keywords too never gives fewer hits.",
            checks.overlap_below_longest,
        ),
        Warner(
            "keyword_counts",
            "token_share",
            "Words as jieba cuts them find at least four fifths of the hits in every province.",
            _token_share,
        ),
        Warner(
            "keyword_counts",
            "published_agree",
            "Counts on the folder's reports are those published with the package.",
            _published_agree,
            reads=("section_words",),
        ),
    ]


def _complete_by_april(stored: Stored) -> dg.AssetCheckResult:
    from dti_assets.text.checks import late_reports

    attention = stored.table("policy_attention")
    return warning([] if attention is None else late_reports(attention, today()))


def _plausible_attention(stored: Stored) -> dg.AssetCheckResult:
    from dti_assets.text.checks import implausible_attention

    attention = stored.table("policy_attention")
    if attention is None:
        return warning([])
    whole = set(stored.workspace.study.all_years) <= set(stored.years)
    return warning(implausible_attention(attention, None if whole else stored.years))


def _token_share(stored: Stored) -> dg.AssetCheckResult:
    from dti_assets.text.checks import low_token_shares, token_shares

    keywords = stored.table("keyword_counts")
    if keywords is None:
        return warning([])
    return warning(low_token_shares(keywords), by_province=token_shares(keywords))


def _published_agree(stored: Stored) -> dg.AssetCheckResult:
    from dti_assets.text.attention import disagreements

    if not stored.workspace.dictionary().is_shipped:
        return warning([], compared="no: the dictionary is not the shipped one")
    keywords, words = stored.table("keyword_counts"), stored.table("section_words")
    if keywords is None or words is None:
        return warning([], compared="no: nothing has been counted")
    return warning(disagreements(keywords, words), compared="yes")


def _patent_checks() -> list[Warner]:
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


def _panel_checks() -> list[Warner]:
    from dti_assets.panel.checks import TOPICS, absent_variables, findings, left_out

    return [
        # asked of the files, so that it is told before any panel is made of them
        table_check(
            "figures_left_out",
            "nothing_left_out",
            "Every row and column of the user's files is used, footnotes and national rows "
            "excepted.",
            left_out,
        ),
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
        Warner(
            "table_coverage",
            "controls_keep_rows",
            "No series of the panel folder has so few figures that, as a control, it takes most "
            "rows from a table that would run without it.",
            _controls_keep_rows,
            reads=("panel", "panel_sources", "user_figures"),
        ),
    ]


def _controls_keep_rows(stored: Stored) -> dg.AssetCheckResult:
    from dti_assets.econ.sparse_controls import sparse_controls
    from dti_assets.panel.coverage import user_files

    panel, *used = (stored.table(name) for name in ("panel", "panel_sources", "user_figures"))
    if panel is None or any(frame is None for frame in used):
        return warning([])
    tables = study_tables(stored.workspace.study).values()
    return warning(
        sparse_controls(tables, panel, user_files(*used), table_options(stored.workspace))
    )


def all_checks(
    assets: Iterable[dg.AssetsDefinition], tables: Mapping[str, Table]
) -> list[dg.AssetChecksDefinition]:
    """Every check of the pipeline's `assets`, `tables` being what they store."""
    return [
        *(
            declaration_checks(
                [tables[name] for name in sorted(key.to_user_string() for key in one.keys)]
            )
            for one in assets
        ),
        warning_checks("warnings_on_downloads", _download_checks()),
        warning_checks("warnings_on_files", _read_checks()),
        warning_checks("warnings_on_counts", _count_checks()),
        warning_checks("warnings_on_patents", _patent_checks()),
        warning_checks("warnings_on_the_panel", _panel_checks()),
    ]
