"""`dti verify`: make the outputs of a package again and compare."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from dti_assets.cli.options import (
    FAILED,
)
from dti_assets.cli.output import without_controls

_SHOWN = 20


@click.command()
@click.argument("file", metavar="PACKAGE", type=click.Path(path_type=Path))
@click.option("--into", type=click.Path(path_type=Path), help="An empty folder to keep it in.")
def verify(file: Path, into: Path | None) -> None:
    """Run the study in PACKAGE in an empty folder and compare everything it makes."""
    from contextlib import nullcontext
    from tempfile import TemporaryDirectory

    from dti_assets.cli.progress import console_progress
    from dti_assets.pipeline.packages.verify import unpack
    from dti_assets.pipeline.packages.verify import verify as compare_rerun

    with nullcontext(into) if into else TemporaryDirectory(prefix="dti-verify-") as folder:
        unpacked = unpack(file, Path(folder))
        if unpacked.elsewhere:
            keys = ", ".join(unpacked.elsewhere)
            click.echo(f"note: run on this machine alone, without what study.yaml says of {keys}")
        differences = unpacked.differences
        for sentence in differences[:_SHOWN]:
            click.echo(without_controls(f"note: {sentence}"))
        if len(differences) > _SHOWN:
            click.echo(f"note: and {len(differences) - _SHOWN} more differing versions")
        with console_progress(unpacked.study.name) as progress:
            found = compare_rerun(unpacked, progress)
    for sentence in found.failures:
        click.echo(without_controls(sentence), err=True)
    for path in found.differing[:_SHOWN]:
        click.echo(without_controls(f"differs: {path}: {found.results[path].where}"))
    if len(found.differing) > _SHOWN:
        click.echo(f"and {len(found.differing) - _SHOWN} more files differ")
    if found.given:
        click.echo(f"taken as given, their inputs are not in the package: {', '.join(found.given)}")
    click.echo(f"{len(found.results)} files compared")
    if into is not None:
        click.echo(f"kept: {into}")
    click.echo(found.verdict)
    sys.exit(0 if found.succeeded else FAILED)
