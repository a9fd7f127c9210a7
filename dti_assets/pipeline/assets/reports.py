"""Group reports: from the folder of reports to policy attention by province and year."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import dagster as dg

from dti_assets.pipeline.countable import check_countable
from dti_assets.pipeline.io_manager import MadeYears, StoredYears
from dti_assets.pipeline.metadata import Described, coverage_map, describe, describe_year
from dti_assets.pipeline.plots import by_year
from dti_assets.pipeline.resources import Workspace
from dti_assets.pipeline.stored_asset import stored_asset, stored_assets
from dti_assets.text.tables import (
    KEYWORD_COUNTS,
    POLICY_ATTENTION,
    REPORT_FILES,
    REPORT_TEXTS,
    SECTION_WORDS,
)
from dti_assets.units.provinces import get_province

GROUP = "reports"


@stored_asset(REPORT_FILES, group_name=GROUP)
def report_files(workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult[Any]:
    """Every file in the reports folder: what it is, and whether it can be counted.

    Each file is read once and remembered by its content. A file that cannot be read, contradicts
    itself or another, or is no provincial report, is a row with its status and the reason.
    """
    from dti_assets.text.folder import Settled, read_folder

    check_countable(workspace)
    study = workspace.study
    settled = {
        path: Settled(get_province(entry.unit) if entry.unit else None, entry.year, entry.ignore)
        for path, entry in study.text.settled.items()
    }
    with workspace.report_engine() as engine:
        folder = read_folder(
            study.path(study.inputs.reports),
            workspace.cache,
            settled,
            progress=workspace.progress.on("report_files"),
            engine=engine,
        )
    tally = folder.tally
    sentence = f"{tally.read} read, {tally.reused} reused, {tally.refused} refused"
    workspace.progress.summary("report_files", sentence)
    return dg.MaterializeResult(
        value=folder.files,
        metadata=describe(
            REPORT_FILES,
            folder.files,
            files_read=tally.read,
            files_reused=tally.reused,
            files_refused=tally.refused,
            damaged_cache_entries=tally.damaged_entries,
            statuses=_tally(folder.files["status"]),
        ),
    )


def report_assets(partitions: dg.PartitionsDefinition[Any]) -> list[dg.AssetsDefinition]:
    """The assets of the group; all but the listing of files have a partition a year.

    Several years asked for at once are one run.
    """
    yearly: Any = {
        "partitions_def": partitions,
        "backfill_policy": dg.BackfillPolicy.single_run(),
    }

    @stored_asset(
        REPORT_TEXTS,
        **yearly,
        group_name=GROUP,
    )
    def report_texts(
        context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace], report_files: Any
    ) -> dg.MaterializeResult[Any]:
        """The text of every report that counts, cleaned of page furniture and normalised.

        This is what is counted; `dti kwic` prints any word of it in its context.
        """
        from dti_assets.text.folder import report_texts

        study = workspace.study
        folder = study.path(study.inputs.reports)
        described, characters = Described(REPORT_TEXTS), Counter[str]()

        def frames() -> Iterator[Any]:
            for year in _years(context):
                texts = report_texts(report_files, [year], folder, workspace.cache)
                shown, han = texts.drop(columns="text"), int(texts["han_chars"].sum())
                described.add(shown)
                characters["han_characters"] += han
                describe_year(context, REPORT_TEXTS, year, shown, han_characters=han)
                yield texts

        return dg.MaterializeResult(
            value=MadeYears(frames(), lambda: described.metadata(**characters))
        )

    @stored_assets(
        **yearly,
        outs={
            "keyword_counts": dg.AssetOut(
                description=(
                    "How often each keyword occurs in each half of each report, under three "
                    "definitions of a hit; the study says which one counts. A keyword without a "
                    "row does not occur. Published counts stand in where there is no text and "
                    "the dictionary is the shipped one (`origin`)."
                ),
                group_name=GROUP,
            ),
            "section_words": dg.AssetOut(
                description=(
                    "Length of each half of each report in words and characters: the four "
                    "denominators a keyword frequency can have; the study says which one counts."
                ),
                group_name=GROUP,
            ),
        },
    )
    def counted_reports(
        context: dg.AssetExecutionContext,
        workspace: dg.ResourceParam[Workspace],
        report_files: Any,
        report_texts: StoredYears,
    ) -> Iterator[dg.Output[Any]]:
        """Count the keywords and the words of every report."""
        import pandas as pd

        from dti_assets.text.attention import count_reports, known_counts
        from dti_assets.text.checks import in_conflict

        # an edited term counts again without listing the folder again
        check_countable(workspace)
        years, withheld = _years(context), in_conflict(report_files)
        asked = (workspace.dictionary(), workspace.counting_rules(), workspace.cache, withheld)
        reports = report_files[report_files["year"].isin(years) & (report_files["status"] == "ok")]
        described, totals, words = Described(KEYWORD_COUNTS), Counter[str](), []

        def frames() -> Iterator[Any]:
            bar, done = workspace.progress.on("keyword_counts"), known_counts(reports, *asked[:3])
            bar(done, len(reports))

            def one_more() -> None:
                nonlocal done
                done += 1
                bar(done, len(reports))

            with workspace.report_engine() as engine:
                for year in years:
                    texts = report_texts.of(year)
                    counts = count_reports(
                        texts,
                        [year],
                        *asked,
                        progress=one_more,
                        engine=engine,
                    )
                    described.add(counts.keywords)
                    words.append(counts.words)
                    figures = {
                        "reports_counted": counts.counted,
                        "reports_reused": counts.reused,
                        "reports_segmented": counts.segmented,
                    }
                    for name in ("hits_longest", "hits_token", "hits_overlap"):
                        figures[f"total_{name}"] = int(counts.keywords[name].sum())
                    totals.update(figures)
                    describe_year(context, KEYWORD_COUNTS, year, counts.keywords, **figures)
                    yield counts.keywords

        made = MadeYears(frames(), lambda: described.metadata(**totals))
        # stored before the next line is reached
        yield dg.Output(made, output_name=KEYWORD_COUNTS.name)
        counted, reused = totals["reports_counted"], totals["reports_reused"]
        workspace.progress.summary("keyword_counts", f"{counted} reports counted, {reused} reused")
        lengths = SECTION_WORDS.frame(pd.concat(words, ignore_index=True))
        for year in years:
            of_year = lengths[lengths["year"] == year]
            origins = _tally(of_year["origin"])
            describe_year(context, SECTION_WORDS, year, of_year, origins=origins)
        yield dg.Output(
            lengths,
            output_name=SECTION_WORDS.name,
            metadata=describe(SECTION_WORDS, lengths, origins=_tally(lengths["origin"])),
        )

    @stored_asset(
        POLICY_ATTENTION,
        **yearly,
        group_name=GROUP,
    )
    def policy_attention(
        context: dg.AssetExecutionContext,
        workspace: dg.ResourceParam[Workspace],
        report_files: Any,
        keyword_counts: StoredYears,
        section_words: StoredYears,
    ) -> dg.MaterializeResult[Any]:
        """Keyword hits over words, by province and year: how much a government speaks of the
        digital economy.

        `frequency` is the numerator of the instrument. A province-year without a report is null
        with the reason; the plot is the mean of the provinces.
        """
        import pandas as pd

        from dti_assets.text.attention import policy_attention
        from dti_assets.text.checks import why_not_counted

        years, why_not = _years(context), why_not_counted(report_files)
        asked = (workspace.dictionary(), workspace.counting_rules(), why_not)
        parts = [
            policy_attention(keyword_counts.of(year), section_words.of(year), [year], *asked)
            for year in years
        ]
        attention = POLICY_ATTENTION.frame(pd.concat(parts, ignore_index=True))
        attention = attention.sort_values(["province_code", "year"], ignore_index=True)
        for year in years:
            of_year = attention[attention["year"] == year]
            describe_year(context, POLICY_ATTENTION, year, of_year, **_known(of_year))
        known = _known(attention)
        sentence = f"{known['province_years_known']} of {len(attention)} province-years"
        workspace.progress.summary("policy_attention", sentence)
        return dg.MaterializeResult(
            value=attention,
            metadata=describe(
                POLICY_ATTENTION,
                attention,
                **by_year(
                    (1e4 * attention.groupby("year")["frequency"].mean()).to_dict(),
                    "Keyword hits per 10,000 words, mean of the provinces",
                ),
                coverage=dg.MetadataValue.md(coverage_map(attention, years)),
                **known,
            ),
        )

    return [report_files, report_texts, counted_reports, policy_attention]


def _known(attention: Any) -> dict[str, int]:
    known = int(attention["frequency"].notna().sum())
    return {
        "province_years_known": known,
        "province_years_missing": len(attention) - known,
    }


def _tally(values: Any) -> dict[str, int]:
    return {str(value): int(count) for value, count in values.value_counts().items()}


def _years(context: dg.AssetExecutionContext) -> list[int]:
    return [int(key) for key in context.partition_keys]
