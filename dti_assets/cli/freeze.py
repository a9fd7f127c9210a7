"""`dti freeze`: put the instrument on record."""

from __future__ import annotations

import sys

import click

from dti_assets.cli.options import (
    FAILED,
    read_study,
    study_option,
)
from dti_assets.cli.output import without_controls


@click.command()
@study_option
@click.option("--replace", is_flag=True, help="Record the present instrument over another one.")
def freeze(study_file: str, replace: bool) -> None:
    """Record dictionary, settings and DTI_iv before outcomes are joined.

    Later outputs say whether the instrument is still the one in instrument.freeze.json.
    """
    study = read_study(study_file, None)
    from dti_assets.cli.progress import console_progress

    with console_progress(study.name) as progress:
        from dti_assets.pipeline.execution.preflight import preflight
        from dti_assets.pipeline.execution.run import freeze as freeze_study
        from dti_assets.pipeline.resources import Workspace

        preflight(Workspace(study))
        outcome, sentence = freeze_study(study, replace, progress)
    click.echo(sentence)
    for failure in outcome.failures:
        click.echo(without_controls(failure), err=True)
    sys.exit(0 if outcome.success else FAILED)
