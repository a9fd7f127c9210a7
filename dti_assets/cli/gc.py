"""`dti gc`: removing what a study no longer needs."""

from __future__ import annotations

import click

from dti_assets.cli.options import read_study, study_option
from dti_assets.store.sweep import readable


@click.command()
@study_option
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option(
    "--keep-runs",
    type=click.IntRange(0),
    help="Newest run records to keep; 50 without --older-than, else none.",
)
@click.option(
    "--older-than",
    type=click.FloatRange(0),
    metavar="DAYS",
    help="Keep run records younger than this.",
)
@click.option("--no-wait", is_flag=True, help="Refuse, where a run is at work.")
def gc(
    study_file: str, dry_run: bool, keep_runs: int | None, older_than: float | None, no_wait: bool
) -> None:
    """Remove cache entries the study no longer needs, and old run records.

    No table is touched, nor anything the next run would have to make again. The run that made
    what is latest of an asset, a year of it or a check stays.
    """

    study = read_study(study_file, None)
    from dti_assets.pipeline.gc import collect_garbage

    if keep_runs is None:
        keep_runs = 50 if older_than is None else 0

    def tell(sentence: str) -> None:
        click.echo(sentence, err=True)

    swept = collect_garbage(study, keep_runs, older_than, dry_run, not no_wait, tell)
    for part in swept:
        click.echo(part.sentence(dry_run))
    total = readable(sum(part.bytes for part in swept))
    click.echo(f"{total} would be freed" if dry_run else f"{total} freed")
