"""`dti package`: the finished study as one file that others can run again."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

import click

from dti_assets.cli.options import read_study, study_option


@click.command()
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@study_option
@click.option("--include", default="", help="reports,patents: inputs you have the right to share.")
@click.option("--replace", "replace_it", is_flag=True, help="Write over an existing OUT.")
def package(out: Path, study_file: str, include: str, replace_it: bool) -> None:
    """Write the finished study as a replication package, a ZIP file, to OUT."""
    study = read_study(study_file, None)
    from dti_assets.pipeline.packages.package import INCLUDABLE, OTHER, package_study

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
