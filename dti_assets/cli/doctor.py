"""`dti doctor`: what is missing or misconfigured in a study, and the command that mends it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from dti_assets.cli.options import (
    BAD_INPUT,
    lacking_years,
    study_option,
)
from dti_assets.cli.output import without_controls
from dti_assets.errors import (
    DamagedTableError,
    DictionaryError,
    EconError,
    MissingTableError,
    RunStorageError,
    StudyError,
    TableError,
)
from dti_assets.store.files import why_not_writable
from dti_assets.store.parquet import Store
from dti_assets.text.dictionary import load_dictionary

if TYPE_CHECKING:
    from dti_assets.pipeline.state.owner import Records
    from dti_assets.study.config import Study


@click.command()
@study_option
def doctor(study_file: str) -> None:
    """Say what is missing or misconfigured, and what mends it."""
    troubled = False
    for finding in diagnose(Path(study_file)):
        click.echo(without_controls(str(finding)))
        troubled = troubled or finding.trouble
    sys.exit(BAD_INPUT if troubled else 0)


@dataclass(frozen=True)
class Finding:
    """One thing looked at; `mend` is what to do about it, empty where nothing is wrong."""

    what: str
    mend: str = ""
    trouble: bool = False

    def __str__(self) -> str:
        mark = "✗" if self.trouble else "!" if self.mend else "✓"
        return f"{mark} {self.what}" + (f"\n    mend: {self.mend}" if self.mend else "")


def diagnose(study_file: Path) -> Iterator[Finding]:
    """Look at the study and its surroundings, the most basic first; stops where nothing that
    follows could be judged."""
    from dti_assets.study.config import load_study

    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding(f"Python {version}")
    try:
        study = load_study(study_file)
    except StudyError as error:
        mend = f"correct {study_file}" if study_file.exists() else "dti new DIR makes a study"
        yield Finding(str(error), mend, trouble=True)
        return
    yield Finding(f"study {study.name}, {study.years[0]} to {study.years[1]}")
    from dti_assets.pipeline.execution.preflight import faults
    from dti_assets.pipeline.resources import Workspace

    refused = faults(Workspace(study))
    told = [*_dictionary(study.path(study.text.dictionary))]
    told += [_folder(study, name, refused) for name in ("reports", "patents", "panel")]
    told.append(_tables(study))
    yield from told
    mend = "correct it: until then dti run refuses the study"
    for sentence in refused:
        if sentence not in [finding.what for finding in told]:
            yield Finding(sentence, mend, trouble=True)
    if not study.remote_outputs:
        yield _writable(study.path(study.outputs))
        yield from _years(study)
    yield from _settings(study)
    yield from _run_storage(study)


def _settings(study: Study) -> Iterator[Finding]:
    """Settings that are others than those under which stored tables were made."""
    from dti_assets.pipeline.state.owner import changed_sentence, changed_settings
    from dti_assets.study.catalogue import stored_tables

    made: dict[str, list[str]] = {}
    known: Records = {}
    try:
        names = list(stored_tables(study))
    except (EconError, StudyError):
        return  # told of already
    for name in names:
        for key, values in changed_settings(study, name, known).items():
            made.setdefault(changed_sentence(key, *values), []).append(name)
    for sentence, tables in made.items():
        more = f" and {len(tables) - 1} more tables" if len(tables) > 1 else ""
        yield Finding(
            f"{sentence}: since {tables[0]}{more} {'were' if more else 'was'} made", "dti run"
        )


def _dictionary(path: Path) -> Iterator[Finding]:
    try:
        dictionary = load_dictionary(path)
    except DictionaryError as error:
        yield Finding(str(error), "correct that line, or name another file", trouble=True)
        return
    kind = "the shipped list" if dictionary.is_shipped else "an own list: reports are needed"
    yield Finding(f"dictionary {path.name}: {len(dictionary)} terms, {kind}")


def _tables(study: Study) -> Finding:
    from dti_assets.study.catalogue import stored_tables
    from dti_assets.study.specifications import study_tables

    try:
        stored_tables(study)
    except (EconError, StudyError) as error:
        return Finding(str(error), "correct that file, or write estimates.tables: default", True)
    return Finding(f"{len(study_tables(study))} tables are specified")


def _folder(study: Study, name: str, refused: list[str]) -> Finding:
    path = study.path(getattr(study.inputs, name))
    if not path.is_dir():
        what = f"study {study.file}: the {name} folder {path} does not exist"
        return Finding(what, f"mkdir -p {quote(str(path))}", trouble=what in refused)
    from dti_assets.text.folder import list_reports

    # the registry, notes and what a download keeps beside a report are not counted
    return Finding(f"{name} folder {path}: {len(list_reports(path))} files")


def _run_storage(study: Study) -> Iterator[Finding]:
    from dti_assets.study.run_storage import POSTGRES, check_postgres, disagreement, kind_of

    settings = study.home / "dagster.yaml"
    there = settings.exists()
    yield Finding(f"run home {study.home}", "" if there else "dti init (or the first dti run)")
    try:
        edited = disagreement(settings, study.run_storage)
        kind = kind_of(settings) if edited else study.run_storage
        if edited:
            yield Finding(edited, f"rm {quote(str(settings))}")
        if kind != POSTGRES or edited:
            where = {"sqlite": f"SQLite, in {study.home}"}.get(kind, f"{kind} storage")
            yield Finding(f"run records in {where}")
        else:
            yield Finding(f"run records in PostgreSQL, {check_postgres()}")
    except RunStorageError as error:
        yield Finding(str(error), "correct it, or write run_storage: sqlite", trouble=True)


def _years(study: Study) -> Iterator[Finding]:
    """Tables that a run of some years left beside others of all years."""
    from dti_assets.study.catalogue import EVERY_YEAR, stored_tables

    for name in EVERY_YEAR:
        try:
            frame = Store(study.output_url).read(stored_tables(study)[name])
        except MissingTableError:
            continue
        except (DamagedTableError, TableError) as error:
            yield Finding(str(error), "dti run", trouble=True)
            continue
        if lacking := lacking_years(name, frame, study):
            yield Finding(lacking, "dti run")


def _writable(path: Path) -> Finding:
    why = why_not_writable(path)
    if why:
        mend = "make room there, or choose another folder for outputs in study.yaml"
        return Finding(f"outputs {path} cannot be written ({why})", mend, trouble=True)
    space = os.statvfs(next(p for p in (path, *path.parents) if p.exists()))
    free = space.f_bavail * space.f_frsize / 2**30
    low = free < 1
    return Finding(
        f"outputs {path}: writable, {free:.0f} GiB free",
        "free some disk space" if low else "",
    )
