"""Group patents: from a patent extract to digital patents per million inhabitants."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg

from dti_assets.panel.official import official_figures
from dti_assets.panel.transform import stack_figures
from dti_assets.patents import dti as measure
from dti_assets.patents import tables
from dti_assets.patents.terms import load_terms
from dti_assets.pipeline.metadata import described, markdown_table, output
from dti_assets.pipeline.plots import by_year
from dti_assets.pipeline.resources import Workspace
from dti_assets.pipeline.stored_asset import stored_asset, stored_assets

if TYPE_CHECKING:
    from dti_assets.patents.folder import PatentFolder

GROUP = "patents"


_RECORDS = dg.AssetKey(tables.DIGITAL_PATENTS.name)


@stored_assets(
    {
        "digital_patents": "Every application of the extract with its technologies: artificial "
        "intelligence, blockchain, cloud computing, big data, internet of things. Empty where the "
        "folder holds counts, or nothing.",
        "patent_row_status": "Every defect met in the extract (unreadable dates, unknown {units}, "
        "repetitions), counted by file, with an example to look up.",
        "patent_counts": "Digital patent applications (by year of application) and grants (by "
        "year of grant) of the {units}, and each technology. A patent in two technologies counts "
        "in both and once in `applications`. Years marked `truncated` are not complete: an "
        "application is published up to 18 months after it is filed.",
        "patent_totals": "The whole extract by origin and year, also what has no {unit} or no "
        "year: nothing is lost silently.",
    },
    kinds={"python", "polars", "parquet"},
    # millions of rows: the body stores the file itself
    without_frame="digital_patents",
    group_name=GROUP,
    internal_asset_deps={
        "digital_patents": set(),
        "patent_row_status": {_RECORDS},
        "patent_counts": {_RECORDS},
        "patent_totals": {_RECORDS},
    },
)
def classified_patents(workspace: dg.ResourceParam[Workspace]) -> Iterator[dg.Output[Any]]:
    """Read the patents folder, classify slice by slice, and count by {unit} and year.

    Slices that are done are kept and used again, so that an interrupted run goes on.
    """
    # loads polars
    from dti_assets.patents import counting

    found, level = _read(workspace), workspace.level
    said = "no patent file: INVn, official invention applications, stands beside an absent DTIn"
    if found.layout == "counts":
        said = f"{len(found.counts)} {level.noun}-years of your own counts"
    shown: dict[str, Any] = {"dagster/row_count": 0, "found": said}
    if found.patents is None:
        table = workspace.tables[tables.DIGITAL_PATENTS.name]
        workspace.store.write(table, table.frame([]))
    else:
        workspace.store.adopt(tables.DIGITAL_PATENTS, found.patents.path)
        said = f"{found.patents.applications:,} applications, basis {found.patents.basis}"
        shown = {
            "dagster/row_count": found.patents.applications,
            "found": said,
            "extract_date": str(found.patents.extract_date),
            "extract_date_source": found.patents.extract_date_source,
            "shares": dg.MetadataValue.json(found.shares),
        }
    workspace.progress.summary("digital_patents", said)
    yield dg.Output(None, output_name=tables.DIGITAL_PATENTS.name, metadata=shown)

    yearly = counting.by_year(found.totals)
    counted = yearly.dropna(subset=["applications"])
    more = {
        **by_year(
            dict(zip(counted["year"], counted["applications"], strict=True)),
            "Digital applications by year; faint: not all published yet",
            hollow=set(counted["year"][counted["truncated"].fillna(False)]),
        ),
        "by_year": dg.MetadataValue.md(markdown_table(yearly)),
    }
    yield output(tables.ROW_STATUS, found.status)
    yield output(tables.PATENT_COUNTS, found.counts, **(more if len(yearly) else {}))
    yield output(tables.PATENT_TOTALS, found.totals)


def _read(workspace: Workspace) -> "PatentFolder":
    """What the patents folder gives; progress is told in rows of all files."""
    # loads polars
    from dti_assets.patents.folder import read_patent_folder

    study, name = workspace.study, tables.DIGITAL_PATENTS.name
    chosen = study.patents
    done: dict[str, int] = {}

    def so_far(file: str, rows: int) -> None:
        done[file] = rows
        workspace.progress.report(name, sum(done.values()), None)

    found = read_patent_folder(
        study.path(study.inputs.patents),
        load_terms(study.path(chosen.dictionaries)),
        study.cache_folder / "patents",
        units=workspace.units,
        kinds=chosen.kinds,
        columns=chosen.columns,
        engine=workspace.patent_engine(),
        extract_date=chosen.extract_date,
        progress=so_far,
    )
    if done:
        rows = sum(done.values())
        workspace.progress.report(name, rows, rows)
    return found


@stored_asset(tables.DTI, group_name=GROUP)
def dti(
    workspace: dg.ResourceParam[Workspace],
    patent_counts: Any,
    official_statistics: Any,
    user_figures: Any,
) -> dg.MaterializeResult[Any]:
    """Digital patents per million inhabitants, in logs: DTIn (applications) and DTIG (grants).

    INVn, official invention applications of all technologies, is a proxy where there is no
    patent extract, and is never called DTIn; `basis` says what a row rests on.
    """
    units, level = workspace.units, workspace.level
    official = official_figures(official_statistics, level=level)
    # the same population as the panel's
    figures, _ = stack_figures(official, user_figures, workspace.study.panel.fill_gaps, level=level)
    figures = figures.rename(columns={"series": "variable"})
    counts = patent_counts if len(patent_counts) else None
    table = measure.dti(counts, figures, figures, workspace.study.all_years, units=units)
    shown = "DTIn" if table["DTIn"].notna().any() else "INVn"
    known = int(table["DTIn"].notna().sum())
    proxied = int(table["INVn"].notna().sum())
    workspace.progress.summary(
        "dti",
        f"DTIn is known in {known} of {len(table)} {level.noun}-years, its proxy INVn in {proxied}",
    )
    means = table.groupby("year")[shown].mean().to_dict()
    return described(
        table,
        **by_year(means, f"{shown}, mean of the {level.plural}"),
        values_of_DTIn=known,
        values_of_INVn=proxied,
    )


ASSETS = [classified_patents, dti]
