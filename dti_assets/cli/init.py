"""`dti init`: the run home."""

from __future__ import annotations

import click

from dti_assets.cli.options import (
    read_study,
    study_option,
)


@click.command()
@study_option
def init(study_file: str) -> None:
    """Create the run home of a study (dti run does this itself where it is missing)."""
    study = read_study(study_file, None)
    from dti_assets.pipeline.instance import initialise

    click.echo(f"run home: {initialise(study)}")
