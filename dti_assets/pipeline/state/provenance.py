"""What each stored table was made from: checksums of the files and the tables it rests on, of the
settings it reads and of the program, kept beside it as data/made_from/NAME.json.

Content alone counts, so that a clock set back, or a file that comes with an old date, hides no
change. Reports are known from table report_files and stand in no record; what downloads left beside
them does.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from dti_assets.panel.yearbooks.figures import hidden_files
from dti_assets.pipeline.resources import Workspace
from dti_assets.pipeline.state.inputs import input_files
from dti_assets.pipeline.state.readers import (
    ALL,
    FILE_READERS,
    ROOT,
    readers_of,
    settings,
)
from dti_assets.replication.manifest import code_here
from dti_assets.store.files import sha256
from dti_assets.study.catalogue import YEARLY
from dti_assets.study.config import Study
from dti_assets.text.folder import side_files
from dti_assets.text.segmentation import tokenizer_version

# reports are known from table report_files, study.yaml from what is taken from it
_KINDS = tuple(sorted(FILE_READERS.keys() - {"reports", "study"}))
_BESIDE = "provenance"
# an asset whose body stores the file itself has no record; one that is made with it has
_RECORDED_FOR = {"patent_counts": "digital_patents"}
WITHOUT_RECORD = frozenset(_RECORDED_FOR.values())
# the columns that say which years a row concerns
_CLAIMS = ("year", "text_year")
_OF_PROGRAMS = ("~$", ".~", ".#", ".DS_Store")


@dataclass(frozen=True)
class Place:
    """Where an asset stands: its group, and the assets it rests on."""

    group: str
    parents: frozenset[str]


def files_read(name: str, group: str) -> list[str]:
    """The kinds of files (see readers.FILE_READERS) that an asset looks at itself."""
    kinds = [kind for kind in _KINDS if _is_among(FILE_READERS[kind], name, group)]
    return [*kinds, _BESIDE] if name == ROOT else kinds


def settings_read(study: Study, name: str, group: str) -> dict[str, Any]:
    """The settings (see readers.SETTING_READERS) that an asset looks at itself, by key."""
    read = {k: v for k, v in settings(study).items() if _is_among(readers_of(k), name, group)}
    if name in YEARLY:
        # each year is made by itself
        del read["years"]
    return read


def _is_among(readers: Iterable[str], name: str, group: str) -> bool:
    return not {ALL, f"group:{group}", name, _RECORDED_FOR.get(name)}.isdisjoint(readers)


def file_contents(study: Study) -> dict[str, dict[str, str]]:
    """SHA-256 of the files by kind and path, relative to the study where they lie in it; of one
    that cannot be opened, why, for it concerns none but those that read it."""

    def named(path: Path) -> str:
        inside = path.is_relative_to(study.root)
        return path.relative_to(study.root).as_posix() if inside else str(path)

    found: dict[str, dict[str, str]] = {}
    beside = side_files(study.path(study.inputs.reports))
    for kind, files in {**input_files(study, _KINDS), _BESIDE: beside}.items():
        contents = ((named(path), _content(path)) for path in files.values())
        found[kind] = {name: content for name, content in contents if content}
    # listed as left out, whatever they hold; what programs keep beside an open file comes and goes
    for path in hidden_files(study.path(study.inputs.panel)):
        if not path.name.startswith(_OF_PROGRAMS):
            found["panel"][named(path)] = "hidden"
    return found


def _content(path: Path) -> str | None:
    """SHA-256 of a file, or why it cannot be opened; None where there is none."""
    try:
        return sha256(path) if path.is_file() else None
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"cannot be opened ({error.strerror or error})"


@cache
def program() -> str:
    """SHA-256 over the source of the program, Python and the libraries it runs on."""
    here = code_here()
    whole = [here.source_sha256, here.python, here.packages]
    return hashlib.sha256(json.dumps(whole).encode()).hexdigest()


def _tokenizer(name: Any) -> str:
    try:
        return tokenizer_version(name)
    except ImportError:
        return f"{name}, not installed"


@dataclass
class Origins:
    """Writes and reads the records of a study, whose assets stand at `places`."""

    workspace: Workspace
    places: Mapping[str, Place]
    files: dict[str, dict[str, str]]
    # checksum and rows by year of tables that hold all years
    _read: dict[str, tuple[str, dict[int, str]]] = field(default_factory=dict)

    def now(self, name: str, year: int | None) -> dict[str, Any]:
        """What the asset, or a year of it, would be made from as things stand."""
        study = self.workspace.study
        place = self.places[name]
        kinds = files_read(name, place.group)
        chosen = settings_read(study, name, place.group)
        if "text.tokenizer" in chosen:
            # rjieba is none of the libraries that every study runs on
            chosen["text.tokenizer"] = _tokenizer(chosen["text.tokenizer"])
        tables = {}
        for parent in sorted(place.parents):
            if parent in YEARLY or year is None:
                years = ([year] if year else study.all_years) if parent in YEARLY else None
                tables[parent] = self.workspace.store.checksum(self.workspace.tables[parent], years)
            else:
                tables[parent] = self._rows(parent, year)
        return {
            "files": {kind: self.files.get(kind, {}) for kind in kinds},
            "tables": tables,
            # as they come back from the record
            "settings": json.loads(json.dumps(chosen)),
            "program": {"sha256": program()},
        }

    def _rows(self, parent: str, year: int) -> str | None:
        """SHA-256 over the rows of one year in a table that holds all: a year of reports does not
        rest on the files of another, but on each that claims it by name or by text. None where
        there is no such table."""
        table = self.workspace.tables[parent]
        stored = self.workspace.store.checksum(table)
        if stored is None:
            return None
        if parent not in self._read or self._read[parent][0] != stored:
            frame = self.workspace.store.read(table)
            claimed = frame[[key for key in _CLAIMS if key in frame]]
            years = {int(one) for key in claimed for one in claimed[key].dropna().unique()}
            rows = {one: frame[(claimed == one).any(axis=1)].to_csv(index=False) for one in years}
            self._read[parent] = (stored, rows)
        text = self._read[parent][1].get(year, "")
        return hashlib.sha256(text.encode()).hexdigest()

    def keep(self, name: str, year: int | None) -> None:
        """Put on record what the asset, which has just been stored, was made from."""
        text = json.dumps(self.now(name, year), ensure_ascii=False, indent=1, sort_keys=True)
        self.workspace.store.note(name, text, year)
