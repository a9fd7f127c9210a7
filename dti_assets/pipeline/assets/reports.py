"""Group reports: from the folder of reports to policy attention by province and year."""

from typing import Any

import dagster as dg

from dti_assets.geography.provinces import get_province
from dti_assets.pipeline.metadata import coverage_map, describe
from dti_assets.pipeline.resources import Workspace
from dti_assets.pipeline.sketches import by_year
from dti_assets.text.tables import (
    KEYWORD_COUNTS,
    POLICY_ATTENTION,
    REPORT_FILES,
    REPORT_TEXTS,
    SECTION_WORDS,
)

GROUP = "reports"


@dg.asset(
    group_name=GROUP,
)
def report_files(workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult[Any]:
    """Every file in the reports folder: what it is, and whether it can be counted.

    Each file is read once and remembered by its content. A file that cannot be read, contradicts
    itself or another, or is no provincial report, is a row with its status and the reason.
    """
    from dti_assets.text.reports import Settled, read_folder

    study = workspace.study
    settled = {
        path: Settled(
            get_province(entry.province) if entry.province else None, entry.year, entry.ignore
        )
        for path, entry in study.text.settled.items()
    }
    folder = read_folder(
        study.path(study.inputs.reports),
        workspace.cache,
        settled,
        progress=workspace.progress.on("report_files"),
        engine=workspace.report_engine(),
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

    @dg.asset(
        **yearly,
        group_name=GROUP,
    )
    def report_texts(
        context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace], report_files: Any
    ) -> dg.MaterializeResult[Any]:
        """The text of every report that counts, cleaned of page furniture and normalised.

        This is what is counted; `dti kwic` prints any word of it in its context.
        """
        from dti_assets.text.reports import report_texts

        study = workspace.study
        texts = report_texts(
            report_files, _years(context), study.path(study.inputs.reports), workspace.cache
        )
        return dg.MaterializeResult(
            value=texts,
            metadata=describe(
                REPORT_TEXTS,
                texts.drop(columns="text"),
                han_characters=int(texts["han_chars"].sum()),
            ),
        )

    @dg.multi_asset(
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
        report_texts: Any,
    ) -> tuple[dg.Output[Any], dg.Output[Any]]:
        """Count the keywords and the words of every report."""
        from dti_assets.text.attention import count_reports
        from dti_assets.text.reports import in_conflict

        counts = count_reports(
            report_texts,
            _years(context),
            workspace.dictionary(),
            workspace.counting_rules(),
            workspace.cache,
            withheld=in_conflict(report_files),
            workers=workspace.workers,
            progress=workspace.progress.on("keyword_counts"),
        )
        workspace.progress.summary(
            "keyword_counts", f"{counts.counted} reports counted, {counts.reused} reused"
        )
        totals = {
            f"total_{name}": int(counts.keywords[name].sum())
            for name in ("hits_longest", "hits_token", "hits_overlap")
        }
        return (
            dg.Output(
                counts.keywords,
                metadata=describe(
                    KEYWORD_COUNTS,
                    counts.keywords,
                    reports_counted=counts.counted,
                    reports_reused=counts.reused,
                    reports_segmented=counts.segmented,
                    **totals,
                ),
            ),
            dg.Output(
                counts.words,
                metadata=describe(
                    SECTION_WORDS,
                    counts.words,
                    origins={
                        str(k): int(v) for k, v in counts.words["origin"].value_counts().items()
                    },
                ),
            ),
        )

    @dg.asset(
        **yearly,
        group_name=GROUP,
    )
    def policy_attention(
        context: dg.AssetExecutionContext,
        workspace: dg.ResourceParam[Workspace],
        report_files: Any,
        keyword_counts: Any,
        section_words: Any,
    ) -> dg.MaterializeResult[Any]:
        """Keyword hits over words, by province and year: how much a government speaks of the
        digital economy.

        `frequency` is the numerator of the instrument. A province-year without a report is null
        with the reason; the plot is the mean of the provinces.
        """
        from dti_assets.text.attention import policy_attention
        from dti_assets.text.reports import why_not_counted

        years = _years(context)
        attention = policy_attention(
            keyword_counts,
            section_words,
            years,
            workspace.dictionary(),
            workspace.counting_rules(),
            why_not_counted(report_files),
        )
        known = int(attention["frequency"].notna().sum())
        workspace.progress.summary(
            "policy_attention", f"{known} of {len(attention)} province-years"
        )
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
                province_years_known=known,
                province_years_missing=len(attention) - known,
            ),
        )

    return [report_files, report_texts, counted_reports, policy_attention]


def _tally(values: Any) -> dict[str, int]:
    return {str(value): int(count) for value, count in values.value_counts().items()}


def _years(context: dg.AssetExecutionContext) -> list[int]:
    return [int(key) for key in context.partition_keys]
