"""`dti new`: an own study folder with everything a run needs, and nothing overwritten."""

from __future__ import annotations

import shutil
from contextlib import suppress
from importlib.resources import as_file, files
from pathlib import Path
from shlex import quote

import click

from dti_assets.errors import StudyError


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def new(folder: Path) -> None:
    """Make an own study folder: study.yaml, dictionaries, and the three input folders."""
    for path in new_study(folder):
        click.echo(f"made {path}")
    click.echo(f"next: dti run --study {quote(str(folder / 'study.yaml'))}")


def new_study(folder: Path) -> list[Path]:
    """Copy the study template into `folder`; returns the files made.

    Raises StudyError where a file of the template exists already or no folder can be, before
    anything is written. What was made is removed where it is interrupted or fails.
    """
    made: list[Path] = []
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if not nearest.is_dir():
        raise StudyError(f"{nearest} is a file, where dti new needs a folder")
    with as_file(files("dti_assets.reference") / "study") as template:
        sources = sorted(path for path in template.rglob("*") if path.is_file())
        targets = [folder / path.relative_to(template) for path in sources]
        with as_file(files("dti_assets.reference") / "dictionaries") as dictionaries:
            lists = sorted(dictionaries.glob("*.csv"))
            sources += lists
            targets += [folder / "dictionaries" / path.name for path in lists]
            taken = next((target for target in targets if target.exists()), None)
            if taken is not None:
                raise StudyError(f"{taken} exists already; dti new overwrites nothing")
            folders: list[Path] = []
            try:
                for source, target in zip(sources, targets, strict=True):
                    folders += [path for path in target.parents if not path.exists()]
                    target.parent.mkdir(parents=True, exist_ok=True)
                    made.append(target)
                    shutil.copyfile(source, target)
            except BaseException:
                _remove(made, folders)
                raise
    return made


def _remove(made: list[Path], folders: list[Path]) -> None:
    """Take away the files, and the folders made for them that hold nothing else."""
    for path in made:
        with suppress(OSError):
            path.unlink(missing_ok=True)
    # a folder is longer than those above it
    for path in sorted(folders, key=lambda path: len(path.parts), reverse=True):
        with suppress(OSError):
            path.rmdir()
