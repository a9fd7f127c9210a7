"""`dti run`: materialise the study."""

from __future__ import annotations

import sys

import click

from dti_assets.cli.options import (
    FAILED,
    read_study,
    study_option,
)


@click.command()
@study_option
@click.option("--select", "expression", help="Assets: names, +name (and upstream), name+, group:x.")
@click.option("--years", help="2009-2022 or 2022, in place of the study's years.")
@click.option("--workers", type=click.IntRange(1), help="Worker processes; default: processors.")
@click.option("--no-wait", is_flag=True, help="Refuse, where another run is at work.")
@click.option("--force", is_flag=True, help="Make also what is up to date.")
def run(
    study_file: str,
    expression: str | None,
    years: str | None,
    workers: int | None,
    no_wait: bool,
    force: bool,
) -> None:
    """Materialise the study: read what is new, recount what changed, rebuild what follows.

    Up to date is what was made and looked at from the files, settings and tables there are, by
    this version of the program.
    """
    study = read_study(study_file, years)
    from dti_assets.cli.progress import console_progress

    # the first thing said must not wait for the seconds Dagster takes to load
    with console_progress(study.name) as progress:
        from dti_assets.pipeline.execution.preflight import preflight
        from dti_assets.pipeline.execution.run import run as run_study
        from dti_assets.pipeline.resources import Workspace

        preflight(Workspace(study))
        outcome = run_study(study, expression, workers, progress, not no_wait, force)
    progress.close(outcome, study)
    sys.exit(0 if outcome.success else FAILED)
