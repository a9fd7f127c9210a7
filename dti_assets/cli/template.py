"""`dti template`: empty files to fill in."""

from __future__ import annotations

from pathlib import Path

import click

from dti_assets.cli.options import read_study, study_option


@click.group()
def template() -> None:
    """Empty files to fill in."""


@template.command("panel")
@click.argument(
    "path", type=click.Path(path_type=Path, dir_okay=False), default="panel_template.xlsx"
)
@study_option
def template_panel(path: Path, study_file: str) -> None:
    """A workbook with every series of the panel, its unit and its definition."""
    from dti_assets.panel.template import write_template

    study = read_study(study_file, None)
    if path.suffix.lower() != ".xlsx":
        raise click.UsageError(f"{path}: a workbook is made, whose name ends in .xlsx")
    if path.exists():
        raise click.UsageError(f"{path} exists already; dti template overwrites nothing")
    write_template(path, study.years, units=study.unit_list)
    click.echo(f"made {path}; fill in what you have and put it into {study.inputs.panel}")
