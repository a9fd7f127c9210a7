"""`dti kwic`: a word in its context, wherever reports hold it."""

from __future__ import annotations

import click

from dti_assets.cli.options import read_study, stored_table, study_option
from dti_assets.cli.output import without_controls
from dti_assets.text.concordance import occurrences, total, unread
from dti_assets.text.tables import SECTIONS


@click.command()
@click.argument("term")
@study_option
@click.option("--unit", "--province", "name", help="Only this unit of the study; any of its names.")
@click.option("--year", type=int, help="Only this year.")
@click.option("--section", type=click.Choice(SECTIONS))
@click.option("--width", type=click.IntRange(4, 200), default=20, show_default=True)
def kwic(
    term: str,
    study_file: str,
    name: str | None,
    year: int | None,
    section: str | None,
    width: int,
) -> None:
    """Print each occurrence of TERM in context, with file, page and section.

    A term of the dictionary as the study counts it, any other word wherever it stands.
    """
    from dti_assets.pipeline.resources import Workspace

    if not term.strip():
        raise click.UsageError("TERM is empty")
    study = read_study(study_file, None)
    workspace = Workspace(study)
    code = workspace.units.get(name).code if name is not None else None
    files = stored_table("report_files", study)
    dictionary, sections = workspace.dictionary(), workspace.counted_sections
    found = left_out = 0
    for hit in occurrences(
        files,
        study.path(study.inputs.reports),
        workspace.cache,
        term,
        dictionary,
        code,
        year,
        section,
        width,
        study.all_years,
        workspace.finder(),
        units=workspace.units,
    ):
        found += 1
        left_out += hit.section not in sections
        click.echo(without_controls(str(hit)))
    sentence = total(found, left_out, term, dictionary, workspace.counting_rules())
    said = [sentence, *unread(files)]
    if year is not None and year not in study.all_years:
        first, last = study.years
        said.append(f"{year} is no year of the study, which is one of {first} to {last}")
    for sentence in said:
        click.echo(without_controls(sentence), err=True)
