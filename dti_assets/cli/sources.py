"""`dti sources`: the addresses of reports, and what is lacking."""

from __future__ import annotations

import sys

import click

from dti_assets.cli.options import (
    BAD_INPUT,
    read_study,
    study_option,
)
from dti_assets.cli.output import render, without_controls


@click.group()
def sources() -> None:
    """The registry of official addresses, reports_raw/sources.csv."""


@sources.command()
@study_option
@click.option("--years", help="2009-2022 or 2022, in place of the study's years.")
def check(study_file: str, years: str | None) -> None:
    """Show what is lacking: rows without an address, addresses without a file, files without a row.

    Malformed rows are named with file and line, and give exit status 2.
    """
    import pandas as pd

    from dti_assets.sources.archive import Archive
    from dti_assets.sources.coverage import LEGEND, coverage
    from dti_assets.sources.registry import FILE_NAME, read_registry

    study = read_study(study_file, years)
    folder = study.path(study.inputs.reports)
    units = study.unit_list
    registry = read_registry(folder / FILE_NAME, units=units)
    archive = Archive(folder, units=units)
    found = coverage(registry.entries, archive, study.all_years, units=units)
    click.echo(render(pd.DataFrame(found.grid()), "table"), nl=False)
    click.echo(LEGEND)
    for sentence in [*found.sentences(), f"malformed rows: {len(registry.faults)}"]:
        click.echo(without_controls(sentence))
    for fault in registry.faults:
        click.echo(f"  {without_controls(fault)}")
    sys.exit(BAD_INPUT if registry.faults else 0)


@sources.command()
@study_option
def record(study_file: str) -> None:
    """Write SHA-256, time and ETag of what was downloaded into sources.csv.

    Whoever fetches with that file later is told where a host sends another one.
    """
    from dti_assets.sources.archive import Archive
    from dti_assets.sources.download import recorded
    from dti_assets.sources.registry import FILE_NAME, read_registry, write_registry

    study = read_study(study_file, None)
    folder = study.path(study.inputs.reports)
    units = study.unit_list
    registry = read_registry(folder / FILE_NAME, units=units)
    changed = write_registry(registry, recorded(Archive(folder, units=units)))
    click.echo(f"{registry.path}: {changed} rows recorded")
