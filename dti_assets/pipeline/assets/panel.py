"""Group panel: official figures, the user's figures, and the panel of units and years."""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from dti_assets.econ.paper.specifications import TableSpec
from dti_assets.econ.tables import TABLE_COVERAGE
from dti_assets.instrument import freeze
from dti_assets.instrument.tables import FROZEN_INSTRUMENT
from dti_assets.panel import build, official, tables
from dti_assets.panel.checks import panel_checks
from dti_assets.panel.export import export_panel
from dti_assets.panel.transform import LogOfZero
from dti_assets.panel.variables import VARIABLES
from dti_assets.panel.yearbooks.figures import read_panel_folder
from dti_assets.pipeline.estimate_inputs import table_options
from dti_assets.pipeline.metadata import described, finished, markdown_table, output
from dti_assets.pipeline.plots import by_year
from dti_assets.pipeline.resources import Workspace
from dti_assets.pipeline.stored_asset import stored_asset, stored_assets

GROUP = "panel"


@stored_asset(FROZEN_INSTRUMENT, group_name=GROUP)
def frozen_instrument(
    workspace: dg.ResourceParam[Workspace], dti_iv: Any
) -> dg.MaterializeResult[Any]:
    """Whether the instrument is the one that `dti freeze` recorded before outcomes were joined,
    and what changed if not; the sentence stands below every table that uses it."""
    study = workspace.study
    table = freeze.frozen_instrument(
        freeze.read_record(study.freeze_file),
        workspace.dictionary().sha256,
        study.instrument_settings(),
        dti_iv,
        level=workspace.level,
    )
    sentence = str(table["sentence"].iloc[0])
    workspace.progress.summary("frozen_instrument", sentence)
    return described(table, instrument=sentence)


@stored_asset(tables.OFFICIAL_STATISTICS, group_name=GROUP)
def official_statistics(workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult[Any]:
    """Yearbook figures that come with the package, each with unit and source.

    A figure that is not published, or that no open source gave, is null and named.
    """
    level = workspace.level
    table = official.official_statistics(workspace.study.years, level=level)
    figures = table.drop(columns=list(level.when)).count(numeric_only=True)
    to_verify = int(table["to_verify"].notna().sum())
    return described(table, figures=int(figures.sum()), rows_to_verify=to_verify)


@stored_assets(
    {
        "user_figures": "Your figures of the panel folder, each with its file, sheet, row and "
        "column.",
        "figures_left_out": "Rows, columns and files of the panel folder not used, and why.",
        "national_totals": "National figures, yours and the shipped ones, to hold sums of {units} "
        "against.",
        "user_files": "Files of your panel folder, their checksums and what is in them.",
        "turnover": "Turnover of party secretaries and governors from dated appointments, "
        "mid-year rule.",
    },
    group_name=GROUP,
)
def panel_folder(workspace: dg.ResourceParam[Workspace]) -> Iterator[dg.Output[Any]]:
    """Read the panel folder: yearbook figures as they are, and dated appointments.

    A unit, {unit}, year or number that cannot be trusted stops here with file, sheet, row and
    column of every fault.
    """
    import pandas as pd

    study, units = workspace.study, workspace.units
    folder = read_panel_folder(
        study.path(study.inputs.panel),
        study.years,
        study.panel.units,
        study.panel.aliases,
        units=units,
    )
    shipped = official.national_totals(units.level)
    totals = [frame for frame in (shipped, folder.totals) if len(frame)]
    given = sorted(set(folder.figures["series"]))
    workspace.progress.summary(
        "user_figures",
        f"{len(folder.figures)} figures of {len(given)} series from {len(folder.files)} files",
    )
    yield output(tables.USER_FIGURES, folder.figures)
    yield output(tables.SKIPPED, folder.skipped)
    national = pd.concat(totals, ignore_index=True) if totals else shipped
    yield output(tables.NATIONAL_TOTALS, national)
    yield output(tables.USER_FILES, folder.files)
    yield output(tables.TURNOVER, folder.turnover)


@stored_assets(
    {
        "panel": "What the regressions run on: {units} by years, every variable under the paper's "
        "name with its unit. A missing value is null with a reason, never zero.",
        "panel_sources": "Where every cell of the panel comes from, and why it is null.",
        "panel_coverage": "Which variables are complete, partial or absent, and how to supply "
        "what is missing.",
        "series_coverage": "Which raw series are there, for which years, from where.",
        "panel_checks": "What the checks of the panel found: ranges, jumps, breaks, totals, "
        "units, vintages.",
    },
    group_name=GROUP,
)
def build_panel(
    workspace: dg.ResourceParam[Workspace],
    official_statistics: Any,
    user_figures: Any,
    figures_left_out: Any,
    national_totals: Any,
    dti_iv: Any,
    dti: Any,
    frozen_instrument: Any,
) -> Iterator[dg.Output[Any]]:
    """Join figures, patents and instrument into the panel, and say what it covers."""
    study, units = workspace.study, workspace.units
    built = build.build_panel(
        study.years,
        dti_iv,
        dti,
        official_statistics,
        user_figures,
        study.panel.log_rule,
        study.panel.fill_gaps,
        units=units,
    )
    if study.simulated:
        # invented figures are not expected to be like the real ones, and displace them on purpose
        checks = panel_checks(built._replace(given_up={}), skipped=figures_left_out, units=units)
    else:
        shipped = official.official_figures(official_statistics, level=units.level)
        checks = panel_checks(built, national_totals, figures_left_out, shipped, units=units)
    instrument = str(frozen_instrument["sentence"].iloc[0])
    workspace.progress.summary("panel", f"{len(built.panel)} rows")
    states = _tally(built.coverage["state"].value_counts())
    workspace.progress.summary("panel_coverage", states)
    states_shown = built.coverage[["variable", "state", "cells", "years"]]
    shown = dg.MetadataValue.md(markdown_table(states_shown))
    names = [variable.name for variable in VARIABLES]
    filled = built.panel[names].notna().groupby(built.panel["year"]).mean().mean(axis=1)
    plot = by_year((100 * filled).to_dict(), "Cells of the panel that hold a value, percent")
    yield output(
        tables.PANEL,
        built.panel,
        **plot,
        instrument=instrument,
        log_of_zero=str(study.panel.log_rule),
        variables=shown,
    )
    yield output(tables.PANEL_SOURCES, built.sources)
    yield output(tables.PANEL_COVERAGE, built.coverage, **plot, variables=shown)
    yield output(tables.SERIES_COVERAGE, built.series_coverage)
    yield output(tables.CHECKS, checks)


def _table_coverage(specifications: Mapping[str, TableSpec]) -> dg.AssetsDefinition:
    @stored_asset(TABLE_COVERAGE, group_name=GROUP)
    def table_coverage(
        workspace: dg.ResourceParam[Workspace], panel: Any
    ) -> dg.MaterializeResult[Any]:
        """Which tables can be estimated on this panel, with which controls, on what rows, and why
        the others cannot: asked of the estimation itself, without estimating."""
        # loads numpy
        from dti_assets.econ.paper.resolution import table_coverage

        frame = table_coverage(specifications.values(), panel, table_options(workspace))
        sentence = _tally(frame["runs"].value_counts(sort=False))
        return finished(workspace, TABLE_COVERAGE, frame, sentence)

    return table_coverage


@stored_asset(tables.PANEL_EXPORT, group_name=GROUP, kinds={"python", "csv", "excel", "stata"})
def panel_export(
    workspace: dg.ResourceParam[Workspace],
    panel: Any,
    panel_sources: Any,
    panel_coverage: Any,
    table_coverage: Any,
    series_coverage: Any,
) -> dg.MaterializeResult[Any]:
    """The panel as CSV, Parquet, Excel and Stata with labels and units, and its codebook."""
    built = build.PanelTables(
        panel,
        panel_sources,
        panel_coverage,
        series_coverage,
        workspace.level.table(tables.FIGURES).frame([]),
        {},
    )
    with tempfile.TemporaryDirectory() as folder:
        rule = str(LogOfZero.parse(workspace.study.panel.log_rule))
        export_panel(built, table_coverage, Path(folder), rule, level=workspace.level)
        files = tables.PANEL_EXPORT.frame(workspace.store.keep(Path(folder), "panel"))
    workspace.progress.summary("panel_export", f"{len(files)} files in panel/")
    return described(files)


def _tally(counts: Any) -> str:
    return ", ".join(f"{n} {value}" for value, n in counts.items())


def panel_assets(specifications: Mapping[str, TableSpec]) -> list[dg.AssetsDefinition]:
    """The assets of the group; `specifications` are the tables asked for in table_coverage."""
    return [
        *(frozen_instrument, official_statistics, panel_folder, build_panel),
        _table_coverage(specifications),
        panel_export,
    ]
