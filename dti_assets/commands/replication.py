"""The commands `dti package` and `dti verify`."""

from __future__ import annotations

import sys
from pathlib import Path
from shlex import quote

import click

from dti_assets.commands.options import FAILED, read_study, study_option

_SHOWN = 20


@click.command()
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@study_option
@click.option("--include", default="", help="reports,patents: inputs you have the right to share.")
@click.option("--replace", "replace_it", is_flag=True, help="Write over an existing OUT.")
def package(out: Path, study_file: str, include: str, replace_it: bool) -> None:
    """Write the finished study as a replication package, a ZIP file, to OUT."""
    study = read_study(study_file, None)
    from dti_assets.pipeline.packaging import INCLUDABLE, OTHER, package_study

    wanted = [word.strip() for word in include.split(",") if word.strip()]
    for word in wanted:
        if word not in INCLUDABLE:
            raise click.BadParameter(
                f"{word!r} is not one of {', '.join(INCLUDABLE)}", param_hint="--include"
            )

    def tell(sentence: str) -> None:
        click.echo(sentence, err=True)

    made = package_study(study, out, wanted, replace_it, tell)
    for kind, files in made.left_out.items():
        what = kind if kind == OTHER else f"files of {kind}"
        click.echo(f"left out: {files} {what}, listed in left_out.csv")
    if made.given:
        click.echo(f"in their place: {', '.join(made.given)}")
    click.echo(f"made {out}: {made.files} files, {made.bytes / 1e6:.1f} MB")
    click.echo(f"next: dti verify {quote(str(out))}")


@click.command()
@click.argument("file", metavar="PACKAGE", type=click.Path(path_type=Path))
@click.option("--into", type=click.Path(path_type=Path), help="An empty folder to keep it in.")
def verify(file: Path, into: Path | None) -> None:
    """Run the study in PACKAGE in an empty folder and compare everything it makes."""
    from contextlib import nullcontext
    from tempfile import TemporaryDirectory

    from dti_assets.output import without_controls
    from dti_assets.pipeline.verifying import unpack
    from dti_assets.pipeline.verifying import verify as compare_rerun
    from dti_assets.progress import console_progress

    with nullcontext(into) if into else TemporaryDirectory(prefix="dti-verify-") as folder:
        unpacked = unpack(file, Path(folder))
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
