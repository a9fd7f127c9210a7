"""Group reports: from the folder of reports to policy attention by unit and year; keywords in
context, and counts of other policy vocabulary."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import dagster as dg

from dti_assets.pipeline.execution.preflight import check_countable
from dti_assets.pipeline.io_manager import MadeYears, StoredYears
from dti_assets.pipeline.metadata import (
    Described,
    coverage_map,
    describe_year,
    described,
    output,
)
from dti_assets.pipeline.plots import by_year
from dti_assets.pipeline.resources import Workspace
from dti_assets.pipeline.stored_asset import stored_asset, stored_assets
from dti_assets.text import attention, candidates, folder
from dti_assets.text.checks import in_conflict, why_not_counted
from dti_assets.text.choices import HITS, hits_column
from dti_assets.text.concordance import examples
from dti_assets.text.folder import Settled, read_folder
from dti_assets.text.tables import (
    CANDIDATE_COUNTS,
    KEYWORD_CONTEXTS,
    KEYWORD_COUNTS,
    POLICY_ATTENTION,
    REPORT_FILES,
    REPORT_TEXTS,
    SECTION_WORDS,
)
from dti_assets.units.levels import Level

GROUP = "reports"


@stored_asset(REPORT_FILES, group_name=GROUP)
def report_files(workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult[Any]:
    """Every file in the reports folder: what it is, and whether it can be counted.

    Each file is read once and remembered by its content. A file that cannot be read, contradicts
    itself or another, or is no {adjective} report, is a row with its status and the reason.
    """
    check_countable(workspace)
    study, units = workspace.study, workspace.units
    settled = {
        path: Settled(units.get(entry.unit) if entry.unit else None, entry.year, entry.ignore)
        for path, entry in study.text.settled.items()
    }
    with workspace.report_engine() as engine:
        found = read_folder(
            study.path(study.inputs.reports),
            workspace.cache,
            settled,
            progress=workspace.progress.on("report_files"),
            engine=engine,
            units=units,
        )
    tally = found.tally
    sentence = f"{tally.read} read, {tally.reused} reused, {tally.refused} refused"
    workspace.progress.summary("report_files", sentence)
    return described(
        found.files,
        files_read=tally.read,
        files_reused=tally.reused,
        files_refused=tally.refused,
        damaged_cache_entries=tally.damaged_entries,
        statuses=_tally(found.files["status"]),
    )


def report_assets(partitions: dg.PartitionsDefinition[Any]) -> list[dg.AssetsDefinition]:
    """The assets of the group; all but the listing of files have a partition a year.

    Several years asked for at once are one run.
    """
    yearly: Any = {
        "group_name": GROUP,
        "partitions_def": partitions,
        "backfill_policy": dg.BackfillPolicy.single_run(),
    }

    @stored_asset(REPORT_TEXTS, **yearly)
    def report_texts(
        context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace], report_files: Any
    ) -> dg.MaterializeResult[Any]:
        """The text of every report that counts, cleaned of page furniture and normalised.

        This is what is counted; `dti kwic` prints any word of it in its context.
        """
        reports = workspace.study.path(workspace.study.inputs.reports)
        all_years, characters = Described(), Counter[str]()

        def frames() -> Iterator[Any]:
            for year in _years(context):
                texts = folder.report_texts(
                    report_files, [year], reports, workspace.cache, units=workspace.units
                )
                shown, han = texts.drop(columns="text"), int(texts["han_chars"].sum())
                all_years.add(shown)
                characters["han_characters"] += han
                describe_year(context, REPORT_TEXTS, year, shown, han_characters=han)
                yield texts

        made = MadeYears(frames(), lambda: all_years.metadata(**characters))
        return dg.MaterializeResult(value=made)

    @stored_assets(
        {
            "keyword_counts": "How often each keyword occurs in each half of each report, under "
            "three definitions of a hit; the study says which one counts. A keyword without a row "
            "does not occur. Published counts stand in where there is no text and the dictionary "
            "is the shipped one (`origin`).",
            "section_words": "Length of each half of each report in words and characters: the "
            "four denominators a keyword frequency can have; the study says which one counts.",
        },
        **yearly,
    )
    def counted_reports(
        context: dg.AssetExecutionContext,
        workspace: dg.ResourceParam[Workspace],
        report_files: Any,
        report_texts: StoredYears,
    ) -> Iterator[dg.Output[Any]]:
        """Count the keywords and the words of every report."""
        import pandas as pd

        # an edited term counts again without listing the folder again
        check_countable(workspace)
        years, withheld = _years(context), in_conflict(report_files, level=workspace.level)
        asked = (workspace.dictionary(), workspace.counting_rules(), workspace.cache)
        reports = report_files[report_files["year"].isin(years) & (report_files["status"] == "ok")]
        all_years, totals, words = Described(), Counter[str](), []

        def frames() -> Iterator[Any]:
            bar = workspace.progress.on("keyword_counts")
            done = attention.known_counts(reports, *asked)
            bar(done, len(reports))

            def one_more() -> None:
                nonlocal done
                done += 1
                bar(done, len(reports))

            with workspace.report_engine() as engine:
                for year in years:
                    texts = report_texts.of(year)
                    counts = attention.count_reports(
                        texts,
                        [year],
                        *asked,
                        withheld,
                        units=workspace.units,
                        progress=one_more,
                        engine=engine,
                    )
                    all_years.add(counts.keywords)
                    words.append(counts.words)
                    figures = {
                        "reports_counted": counts.counted,
                        "reports_reused": counts.reused,
                        "reports_segmented": counts.segmented,
                    }
                    for name in map(hits_column, HITS):
                        figures[f"total_{name}"] = int(counts.keywords[name].sum())
                    totals.update(figures)
                    describe_year(context, KEYWORD_COUNTS, year, counts.keywords, **figures)
                    yield counts.keywords

        made = MadeYears(frames(), lambda: all_years.metadata(**totals))
        # stored before the next line is reached
        yield dg.Output(made, output_name=KEYWORD_COUNTS.name)
        counted, reused = totals["reports_counted"], totals["reports_reused"]
        workspace.progress.summary("keyword_counts", f"{counted} reports counted, {reused} reused")
        word_table = workspace.tables[SECTION_WORDS.name]
        lengths = word_table.frame(pd.concat(words, ignore_index=True))
        for year in years:
            of_year = lengths[lengths["year"] == year]
            origins = _tally(of_year["origin"])
            describe_year(context, SECTION_WORDS, year, of_year, origins=origins)
        yield output(SECTION_WORDS, lengths, origins=_tally(lengths["origin"]))

    @stored_asset(POLICY_ATTENTION, **yearly)
    def policy_attention(
        context: dg.AssetExecutionContext,
        workspace: dg.ResourceParam[Workspace],
        report_files: Any,
        keyword_counts: StoredYears,
        section_words: StoredYears,
    ) -> dg.MaterializeResult[Any]:
        """Keyword hits over words, by {unit} and year: how much a government speaks of the
        digital economy.

        `frequency` is the numerator of the instrument. A {unit}-year without a report is null
        with the reason; the plot is the mean of the {units}.
        """
        import pandas as pd

        units, level = workspace.units, workspace.level
        years, why_not = _years(context), why_not_counted(report_files, level=level)
        asked = (workspace.dictionary(), workspace.counting_rules(), why_not)
        parts = [
            attention.policy_attention(
                keyword_counts.of(year), section_words.of(year), [year], *asked, units=units
            )
            for year in years
        ]
        found = units.in_order(pd.concat(parts, ignore_index=True))
        found = workspace.tables[POLICY_ATTENTION.name].frame(found).reset_index(drop=True)
        for year in years:
            of_year = found[found["year"] == year]
            describe_year(context, POLICY_ATTENTION, year, of_year, **_known(of_year, level))
        known = _known(found, level)
        sentence = f"{known[f'{level.noun}_years_known']} of {len(found)} {level.noun}-years"
        workspace.progress.summary("policy_attention", sentence)
        return described(
            found,
            **by_year(
                (1e4 * found.groupby("year")["frequency"].mean()).to_dict(),
                f"Keyword hits per 10,000 words, mean of the {level.plural}",
            ),
            coverage=dg.MetadataValue.md(coverage_map(found, years, level=level)),
            **known,
        )

    return [
        *(report_files, report_texts, counted_reports, policy_attention),
        *(keyword_contexts, candidate_counts),
    ]


@stored_asset(KEYWORD_CONTEXTS, group_name=GROUP)
def keyword_contexts(
    workspace: dg.ResourceParam[Workspace], report_files: Any, keyword_counts: Any
) -> dg.MaterializeResult[Any]:
    """A handful of counted keywords with the words around them, for the report: one of each of the
    most frequent terms, each from another {unit}. Without reports in the folder there are
    none."""
    study, level = workspace.study, workspace.level
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
    rows = [{level.name: row.pop("unit"), **row} for row in rows]
    return described(workspace.tables[KEYWORD_CONTEXTS.name].frame(rows))


@stored_asset(CANDIDATE_COUNTS, group_name=GROUP)
def candidate_counts(
    workspace: dg.ResourceParam[Workspace], report_texts: Any, section_words: Any
) -> dg.MaterializeResult[Any]:
    """Occurrences of 2,000 other policy terms by report and section, from which random
    dictionaries are drawn. Published counts stand in where there is no text."""
    counts = candidates.candidate_counts(
        report_texts, section_words, workspace.cache, level=workspace.level
    )
    return described(workspace.tables[CANDIDATE_COUNTS.name].frame(counts))


def _known(found: Any, level: Level) -> dict[str, int]:
    known = int(found["frequency"].notna().sum())
    return {
        f"{level.noun}_years_known": known,
        f"{level.noun}_years_missing": len(found) - known,
    }


def _tally(values: Any) -> dict[str, int]:
    return {str(value): int(count) for value, count in values.value_counts().items()}


def _years(context: dg.AssetExecutionContext) -> list[int]:
    return [int(key) for key in context.partition_keys]
