"""What each stored table was made from: checksums of the files and the tables it rests on, kept
beside it as data/made_from/NAME.json.

Content alone counts, so that a clock set back, or a file that comes with an old date, hides no
change. Reports are known from table report_files and stand in no record.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dti_assets.pipeline.inputs import input_files
from dti_assets.pipeline.resources import Workspace
from dti_assets.storage import Store
from dti_assets.stored_tables import YEARLY
from dti_assets.study import Study
from dti_assets.study_tables import study_tables

_KINDS = ("patents", "patent_terms", "panel", "specifications", "citations", "audit", "truth")


def file_readers(study: Study) -> dict[str, tuple[str, ...]]:
    """The kinds of files (see inputs.FILE_READERS) that an asset looks at itself, by asset."""
    return {
        "patent_counts": ("patents", "patent_terms"),
        "user_figures": ("panel",),
        "published_forensics": ("citations",),
        "measurement_audit": ("audit",),
        "paper_comparison": ("truth",),
        "table_coverage": ("specifications",),
        **dict.fromkeys(study_tables(study), ("specifications",)),
    }


def file_contents(study: Study) -> dict[str, dict[str, str]]:
    """SHA-256 of the files by kind and path, relative to the study where they lie in it."""
    # not needed to define assets, so not loaded with them
    from dti_assets.replication.manifest import sha256

    found: dict[str, dict[str, str]] = {}
    for kind, files in input_files(study, _KINDS).items():
        found[kind] = {}
        for path in files.values():
            inside = path.is_relative_to(study.root)
            name = path.relative_to(study.root).as_posix() if inside else str(path)
            if path.is_file():
                found[kind][name] = sha256(path)
    return found


@dataclass
class Origins:
    """Writes and reads the records of a study. `parents` are the assets each asset rests on."""

    workspace: Workspace
    parents: Mapping[str, Iterable[str]]
    files: dict[str, dict[str, str]]
    # checksum and rows by year of tables that hold all years
    _read: dict[str, tuple[str, dict[int, str]]] = field(default_factory=dict)

    def now(self, name: str, year: int | None) -> dict[str, Any]:
        """What the asset, or a year of it, would be made from as things stand."""
        study = self.workspace.study
        kinds = file_readers(study).get(name, ())
        tables = {}
        for parent in sorted(self.parents.get(name, ())):
            if parent in YEARLY or year is None:
                years = ([year] if year else study.all_years) if parent in YEARLY else None
                tables[parent] = self.workspace.store.checksum(self.workspace.tables[parent], years)
            else:
                tables[parent] = self._rows(parent, year)
        return {"files": {kind: self.files.get(kind, {}) for kind in kinds}, "tables": tables}

    def _rows(self, parent: str, year: int) -> str | None:
        """SHA-256 over the rows of one year in a table that holds all: a year of reports does not
        rest on the files of another. None where there is no such table."""
        table = self.workspace.tables[parent]
        stored = self.workspace.store.checksum(table)
        if stored is None:
            return None
        if parent not in self._read or self._read[parent][0] != stored:
            frame = self.workspace.store.read(table)
            years = map(int, frame["year"].dropna().unique())
            rows = {one: frame[frame["year"] == one].to_csv(index=False) for one in years}
            self._read[parent] = (stored, rows)
        text = self._read[parent][1].get(year, "")
        return hashlib.sha256(text.encode()).hexdigest()

    def keep(self, name: str, year: int | None) -> None:
        """Put on record what the asset, which has just been stored, was made from."""
        text = json.dumps(self.now(name, year), ensure_ascii=False, indent=1, sort_keys=True)
        self.workspace.store.note(name, text, year)


def recorded(store: Store, name: str, year: int | None) -> dict[str, Any] | None:
    """The record of an asset, or of a year of it; None where there is none that can be read."""
    try:
        found = json.loads(store.noted(name, year) or "")
        return {key: dict(found[key]) for key in ("files", "tables")}
    except (ValueError, LookupError, TypeError):
        return None
