"""Every asset check that warns: which table it looks at, what it says, and what finds it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache, partial
from typing import Any

import dagster as dg

from dti_assets.errors import StudyError
from dti_assets.panel import checks as panel_checks
from dti_assets.panel.coverage import user_files
from dti_assets.patents import checks as patent_checks
from dti_assets.pipeline.estimate_inputs import table_options
from dti_assets.pipeline.metadata import escaped, looked_at
from dti_assets.pipeline.partitions import run_years, today
from dti_assets.pipeline.resources import Workspace
from dti_assets.sources.coverage import not_fetched
from dti_assets.study.specifications import study_tables
from dti_assets.text import checks as text_checks
from dti_assets.text.choices import counts_characters
from dti_assets.units.levels import Level

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
    return "\n".join(f"- {escaped(s)}" for s in sentences) or "none"


class Stored:
    """What the checks of one step look at: each stored table is read once."""

    def __init__(self, workspace: Workspace, years: Sequence[int]) -> None:
        self.workspace = workspace
        self.years = years
        self.table: Callable[[str], Any] = cache(partial(workspace.stored_so_far, run_years=years))


@dataclass(frozen=True)
class Found:
    """What a check has to say, one sentence a finding, and what else is to be shown with it."""

    sentences: Sequence[str] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Warner:
    """A check that warns, never stops: `look` gives what it found in the stored tables of the
    `asset` and of the assets it also `reads`, under the `settings` of these keys of study.yaml.
    The `description` may hold {unit} and the other words of a level."""

    asset: str
    name: str
    description: str
    look: Callable[[Stored], Found]
    reads: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()


def table_check(
    asset: str,
    name: str,
    description: str,
    find: Callable[[Any], list[str]],
    reads: str | None = None,
) -> Warner:
    """A check whose sentences come from one pure function of a stored table: the asset's own, or
    that of the asset `reads`."""

    def look(stored: Stored) -> Found:
        frame = stored.table(reads or asset)
        return Found([] if frame is None else find(frame))

    return Warner(asset, name, description, look, (reads,) if reads else ())


def warning_checks(name: str, warners: Sequence[Warner], level: Level) -> dg.AssetChecksDefinition:
    """Checks that one step makes; each can also be run by itself. A step costs more, at loading
    and in every run, than most of them do."""
    by_key = {(warner.asset, warner.name): warner for warner in warners}

    @dg.multi_asset_check(
        name=name,
        specs=[
            dg.AssetCheckSpec(
                warner.name,
                asset=warner.asset,
                description=level.words(warner.description),
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
        for key in sorted(context.selected_asset_check_keys):
            warner = by_key[key.asset_key.to_user_string(), key.name]
            found = warner.look(stored)
            tables = looked_at(workspace, [warner.asset, *warner.reads], warner.settings)
            result = warning(found.sentences, **found.metadata, **tables)
            yield result._replace(asset_key=key.asset_key, check_name=key.name)

    return checks


def _warners(level: Level) -> dict[str, list[Warner]]:
    """The checks that warn, by the name of the step that makes them."""
    return {
        "warnings_on_downloads": [
            table_check(
                "report_downloads",
                "all_fetched",
                "Every address of sources.csv gave its report.",
                partial(not_fetched, level=level),
            ),
        ],
        "warnings_on_files": [
            table_check(
                "report_files",
                "all_read",
                "Every file could be read, is one {unit}'s report of one year, and counts.",
                text_checks.refused_files,
            ),
            table_check(
                "report_files",
                "no_duplicates",
                "No report lies in the folder twice under two names.",
                text_checks.duplicate_files,
            ),
            table_check(
                "report_files",
                "whole_texts",
                "No text that counts has damaged characters, parts that are missing, or passages "
                "that stand in it twice.",
                text_checks.doubtful_texts,
            ),
        ],
        "warnings_on_counts": [
            table_check(
                "policy_attention",
                "coverage",
                "Every {unit} has a report for every year; a gap is a missing value.",
                partial(text_checks.missing_reports, level=level),
            ),
            table_check(
                "policy_attention",
                "length",
                "No report is under 0.4 or over 2.5 times its {unit}'s median length: no excerpt, "
                "no two reports in one file.",
                partial(text_checks.length_outliers, level=level),
            ),
            table_check(
                "policy_attention",
                "complete_by_april",
                "From 1 April on, every {unit} has a report for the current year.",
                lambda attention: text_checks.late_reports(attention, today(), level=level),
            ),
            Warner(
                "policy_attention",
                "plausible_attention",
                "A new year's frequencies are within bounds of the years before, by {unit} and for "
                "all together. Looks at the years of the run where they are a part of the study's, "
                "else at the last year.",
                _plausible_attention,
            ),
            table_check(
                "keyword_counts",
                "overlap_at_least_longest",
                "Counting keywords inside longer keywords too never gives fewer hits.",
                partial(text_checks.overlap_below_longest, level=level),
            ),
            Warner(
                "keyword_counts",
                "token_share",
                "Words as jieba cuts them find at least four fifths of the hits in every {unit}.",
                _token_share,
            ),
            Warner(
                "keyword_counts",
                "published_agree",
                "Counts on the folder's reports are those published with the package, and of the "
                "same tokenizer where published ones stand in beside them.",
                _published_agree,
                reads=("section_words",),
                settings=("text.words",),
            ),
        ],
        "warnings_on_patents": [
            table_check(
                "patent_totals",
                "share_without_province",
                "At most 2 % of applications are without a {unit} that could be recognised.",
                partial(patent_checks.without_unit, level=level),
            ),
            table_check(
                "patent_totals",
                "share_without_year",
                "At most 2 % of applications are without a year.",
                patent_checks.without_year,
            ),
            table_check(
                "patent_totals",
                "technologies_nested",
                "A digital patent is in at least one of the five technologies, and is counted "
                "once.",
                patent_checks.technologies_not_nested,
            ),
            table_check(
                "patent_row_status",
                "duplicates_agree",
                "Rows of one application do not contradict each other.",
                patent_checks.contradicting_duplicates,
            ),
            table_check(
                "patent_row_status",
                "rows_usable",
                "Every file and row of the extract could be used.",
                patent_checks.refused_rows,
            ),
        ],
        "warnings_on_the_panel": [
            # asked of the files, so that it is told before any panel is made of them
            table_check(
                "figures_left_out",
                "nothing_left_out",
                "Every row and column of the user's files is used, footnotes and national rows "
                "excepted.",
                panel_checks.left_out,
            ),
            table_check(
                "panel_coverage",
                "variables_present",
                "Every variable of the model has a value for some {unit} and year.",
                panel_checks.absent_variables,
            ),
            *(
                table_check(
                    "panel",
                    name,
                    description,
                    partial(panel_checks.findings, checks=checks),
                    "panel_checks",
                )
                for name, (description, checks) in panel_checks.TOPICS.items()
            ),
            Warner(
                "table_coverage",
                "controls_keep_rows",
                "No series of the panel folder has so few figures that, as a control, it takes "
                "most rows from a table that would run without it.",
                _controls_keep_rows,
                reads=("panel", "panel_sources", "user_figures"),
            ),
        ],
    }


def _plausible_attention(stored: Stored) -> Found:
    attention = stored.table("policy_attention")
    if attention is None:
        return Found()
    years = None if set(stored.workspace.study.all_years) <= set(stored.years) else stored.years
    level = stored.workspace.level
    return Found(text_checks.implausible_attention(attention, years, level=level))


def _token_share(stored: Stored) -> Found:
    keywords, level = stored.table("keyword_counts"), stored.workspace.level
    if keywords is None:
        return Found()
    shares = text_checks.token_shares(keywords, level=level)
    low = text_checks.low_token_shares(keywords, level=level)
    return Found(low, {f"by_{level.noun}": shares})


def _published_agree(stored: Stored) -> Found:
    if not stored.workspace.dictionary().is_shipped:
        return Found(metadata={"compared": "no: the dictionary is not the shipped one"})
    keywords, words = stored.table("keyword_counts"), stored.table("section_words")
    if keywords is None or words is None:
        return Found(metadata={"compared": "no: nothing has been counted"})
    level = stored.workspace.level
    # Han characters are counted without a tokenizer
    divides = not counts_characters(stored.workspace.counting_rules().words)
    mixed = text_checks.mixed_tokenizers(words, level=level) if divides else []
    differing = text_checks.disagreements(keywords, words, level=level)
    return Found([*mixed, *differing], {"compared": "yes"})


def _controls_keep_rows(stored: Stored) -> Found:
    # loads numpy
    from dti_assets.econ.paper.resolution import sparse_controls

    panel, *used = (stored.table(name) for name in ("panel", "panel_sources", "user_figures"))
    if panel is None or any(frame is None for frame in used):
        return Found()
    tables = study_tables(stored.workspace.study).values()
    return Found(sparse_controls(tables, panel, user_files(*used), table_options(stored.workspace)))


def checks_that_warn(level: Level) -> list[dg.AssetChecksDefinition]:
    """Every check of the pipeline but those of the declarations, which the assets bring along."""
    return [warning_checks(name, warners, level) for name, warners in _warners(level).items()]


def findings(workspace: Workspace, name: str) -> list[str]:
    """All that a check that warns, `asset.check`, finds in the study's stored tables, uncut.

    Raises StudyError where there is no such check, LookupError for a table that was not made.
    """
    by_step = _warners(workspace.level)
    by_name = {f"{one.asset}.{one.name}": one for some in by_step.values() for one in some}
    if name not in by_name:
        near = get_close_matches(name, by_name, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(by_name))}"
        raise StudyError(f"no check is called {name!r}; {hint}")
    return list(by_name[name].look(Stored(workspace, workspace.study.all_years)).sentences)
