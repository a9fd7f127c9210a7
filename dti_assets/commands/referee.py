"""`dti referee`: the answers to a referee, from what is stored."""

from __future__ import annotations

from pathlib import Path

import click

from dti_assets.commands.options import read_study, stored_table, study_option


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), required=False)
@study_option
def referee(folder: Path | None, study_file: str) -> None:
    """Write the answers to a referee, from the stored tables, as HTML and Word.

    Into FOLDER, or into the study's outputs. Prints what becomes of each objection. Needs a
    finished dti run, and estimates nothing.
    """
    import tempfile

    from dti_assets.publishing.referee.documents import documents, sections
    from dti_assets.publishing.referee.sources import FIGURE_NEEDS, FOLDER
    from dti_assets.publishing.tables import REFEREE_RESPONSE
    from dti_assets.storage import Store

    study = read_study(study_file, None)
    names = (REFEREE_RESPONSE.name, *FIGURE_NEEDS)
    stored = {name: stored_table(name, study) for name in names}
    made = documents(study.title, study.all_years, stored)
    with tempfile.TemporaryDirectory() as place:
        for name, content in made.items():
            (Path(place) / name).write_bytes(content)
        top, below = (study.output_url, FOLDER) if folder is None else (str(folder), "")
        for row in Store(top).keep(Path(place), below):
            click.echo(f"{top}/{row['path']}")
    for one in sections(stored[REFEREE_RESPONSE.name]):
        if one.number:
            click.echo(f"{one.number:>2} {one.name}: {one.finding}")
