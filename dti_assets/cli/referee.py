"""`dti referee`: the answers to a referee, from what is stored."""

from __future__ import annotations

import tempfile
from hashlib import sha256
from pathlib import Path

import click

from dti_assets.cli.options import read_study, stored_table, study_option
from dti_assets.publishing.needs import FOLDER, REMEDIES
from dti_assets.publishing.tables import REFEREE_DOCUMENTS, REFEREE_RESPONSE
from dti_assets.store.parquet import Store


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), required=False)
@study_option
@click.option("--replace", is_flag=True, help="Write over files that were changed since.")
def referee(folder: Path | None, study_file: str, replace: bool) -> None:
    """Write the answers to a referee, from the stored tables, as HTML and Word.

    Into FOLDER, or into the study's outputs. Prints what becomes of each objection. Needs a
    finished dti run, and estimates nothing.
    """
    # takes the drawing of figures along
    from dti_assets.publishing.referee.documents import documents
    from dti_assets.publishing.referee.sections import sections
    from dti_assets.study.secrets import without_user

    study = read_study(study_file, None)
    names = (REFEREE_RESPONSE.name, *REMEDIES)
    stored = {name: stored_table(name, study) for name in names}
    made = documents(study.title, study.all_years, stored, units=study.unit_list)
    top, below = (study.output_url, FOLDER) if folder is None else (str(folder), "")
    store = Store(top)
    # what a run put there is nobody's own
    ours = dict(Store(study.output_url).recorded(REFEREE_DOCUMENTS))
    for name, content in made.items():
        path = f"{below}/{name}".lstrip("/")
        there = store.file_sha256(path)
        known = (None, sha256(content).hexdigest(), ours.get(f"{FOLDER}/{name}"))
        if there not in known and not replace:
            raise click.UsageError(
                f"{without_user(top)}/{path} is there with other content, maybe edited; "
                "--replace writes over it"
            )
    with tempfile.TemporaryDirectory() as place:
        for name, content in made.items():
            (Path(place) / name).write_bytes(content)
        for row in store.keep(Path(place), below):
            click.echo(f"{without_user(top)}/{row['path']}")
    for one in sections(stored[REFEREE_RESPONSE.name]):
        if one.number:
            click.echo(f"{one.number:>2} {one.name}: {one.finding}")
