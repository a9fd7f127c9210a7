"""`dti show`: print what is stored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from dti_assets.cli.options import (
    findings_table,
    lacking_years,
    of_years,
    read_study,
    stored_table,
    study_option,
)
from dti_assets.cli.output import cut_columns, render, without_controls

if TYPE_CHECKING:
    from dti_assets.study.config import Study


@click.command()
@click.argument("asset")
@study_option
@click.option("--years", help="2009-2022 or 2022, in place of the study's years.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "long", "csv", "json", "md"]),
    default="table",
    show_default=True,
    help="long: a line for each value; csv and json are at full precision.",
)
def show(asset: str, study_file: str, years: str | None, form: str) -> None:
    """Print a stored asset, or with ASSET.CHECK all that one of its checks finds to look at."""
    study = read_study(study_file, years)
    name, _, check = asset.partition(".")
    frame = stored_table(name, study)
    lacking = lacking_years(name, frame, study)
    if years is not None and not check:
        frame = of_years(name, frame, study)
    if check:
        frame = findings_table(asset, study)
    sentences = check and form in ("table", "long")
    if sentences:
        # which no column cuts
        text = "".join(f"{without_controls(finding)}\n" for finding in frame["finding"])
    else:
        text = render(frame, form)
    click.echo(text, nl=False)
    if frame.empty:
        click.echo("nothing to look at" if check else "0 rows", err=True)
    if lacking:
        click.echo(f"{lacking}: dti run makes it whole", err=True)
    for sentence in _of_other_settings(name, study):
        click.echo(without_controls(sentence), err=True)
    if form == "table" and not sentences and (cut := cut_columns(frame)):
        click.echo(f"cut: {', '.join(cut)}; whole with --format long (or csv)", err=True)
    printed = study.path(study.outputs) / "tables" / f"{asset}.md"
    if form in ("table", "md") and not study.remote_outputs and printed.is_file():
        click.echo(f"as printed, columns side by side: {printed}", err=True)


def _of_other_settings(name: str, study: Study) -> Iterator[str]:
    """That what is shown is another study's, or was made under other settings than there are."""
    from dti_assets.pipeline.state.owner import changed_sentence, changed_settings, other_owner

    if (former := other_owner(study)) is not None:
        yield f"this is a table of another study, {former}, whose outputs are the same"
        return
    changed = [
        changed_sentence(key, *values) for key, values in changed_settings(study, name).items()
    ]
    if changed:
        yield f"{name} was made under other settings: {'; '.join(changed)}; dti run makes it anew"
