"""What a study's results are made of: its files and settings, what changed among them, and which
assets and years that concerns.

Knows names of assets, not Dagster; the sensor in `automation` asks here. Files are looked at by
size and time first; content is hashed where these differ.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dti_assets.errors import DamagedTableError, InputsError, MissingTableError, TableError
from dti_assets.patents.reading import may_hold_patents
from dti_assets.pipeline.audits import KEYS
from dti_assets.pipeline.partitions import FIRST_YEAR, last_year
from dti_assets.pipeline.resources import Workspace
from dti_assets.pipeline.state.readers import (
    ALL,
    FILE_READERS,
    ROOT,
    readers_of,
    settings,
)
from dti_assets.store.files import Found, find_all, sha256
from dti_assets.store.parquet import Store
from dti_assets.store.schema import records
from dti_assets.study.catalogue import FETCHED, YEARLY
from dti_assets.study.config import Study
from dti_assets.text.folder import find_reports
from dti_assets.text.identity import from_name

# A file larger than this is known by size and time alone: hashing it would outlast a tick.
HASHED_BYTES = 2**29


@dataclass
class State:
    """What was there: files by kind and path with size, times and SHA-256, and the settings.

    `asked` holds reports whose years were taken from their names, with these years, until a run
    has read them. `changes` numbers the changes, so that going back to an earlier state is one.
    """

    files: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    asked: dict[str, list[int]] = field(default_factory=dict)
    changes: int = 0

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str | None) -> "State | None":
        """The state of a cursor; None for none, or for one of another version."""
        try:
            return cls(**json.loads(text or ""))
        except (ValueError, TypeError):
            return None

    def content(self) -> str:
        """SHA-256 over the content of all files and all settings; times play no part."""
        hashes = {kind: {p: e[-1] for p, e in files.items()} for kind, files in self.files.items()}
        text = json.dumps([hashes, self.settings], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass
class Changes:
    """What has to be made: assets (and all downstream), the years of the yearly ones, and the
    changes behind it in words."""

    assets: set[str] = field(default_factory=set)
    years: set[int] = field(default_factory=set)
    said: list[str] = field(default_factory=list)


def look(study: Study, before: State | None) -> State:
    """The state of the study's inputs now; raises InputsError where a folder cannot be listed."""
    known = before.files if before else {}
    now = State(settings=settings(study), changes=before.changes if before else 0)
    for kind, found in input_files(study, FILE_READERS).items():
        seen = known.get(kind, {})
        entries = ((path, _entry(where, seen.get(path))) for path, where in found.items())
        now.files[kind] = {path: entry for path, entry in entries if entry}
    return now


def input_files(study: Study, kinds: Iterable[str]) -> dict[str, dict[str, Path]]:
    """The files of these kinds (see readers.FILE_READERS), by path below their folder.

    Raises InputsError where a folder of them cannot be listed.
    """
    from dti_assets.audit.sheets import sheet_paths

    wanted = set(kinds)
    found: dict[str, dict[str, Path]] = {}
    for kind in ("reports", "patents", "panel"):
        if kind not in wanted:
            continue
        folder = study.path(getattr(study.inputs, kind))
        if not folder.is_dir():
            if kind == "reports":
                raise InputsError(f"the reports folder {folder} does not exist")
            found[kind] = {}
            continue
        files = _listed(kind, folder)
        for file in files:
            if file.problem.startswith("the folder cannot be listed"):
                raise InputsError(f"{file.location}: {file.problem}")
        found[kind] = {file.path: file.location for file in files}
    terms = study.path(study.text.dictionary)
    patent_terms = study.path(study.patents.dictionaries)
    found["terms"] = {terms.name: terms}
    found["patent_terms"] = {path.name: path for path in sorted(patent_terms.glob("patents_*.csv"))}
    own = study.estimates
    folder = study.path(own.tables)
    # those that econ.table_specifications reads
    own_tables = [] if own.tables == "default" else [*folder.glob("*.yaml"), *folder.glob("*.yml")]
    found["specifications"] = {path.name: path for path in sorted(own_tables)}
    citations = [study.path(own.citations)] if own.citations else []
    found["citations"] = {path.name: path for path in citations}
    truth = [study.path(study.simulated)] if study.simulated else []
    found["truth"] = {path.name: path for path in truth}
    # by source: the two folders may have the same name
    found["audit"] = {
        f"{source}/{path.name}": path
        for source, folder in study.audit.model_dump().items()
        for path in sheet_paths(study.path(folder))
    }
    keys = Path(Store(study.output_url).location(KEYS)).with_suffix("")
    # of outputs elsewhere there is nothing to glob
    found["audit"] |= {f"{KEYS}/{path.name}": path for path in sorted(keys.glob("*.parquet"))}
    found["freeze"] = {study.freeze_file.name: study.freeze_file}
    found["study"] = {study.file.name: study.file}
    lists = [study.path(study.own_units)] if study.own_units else []
    found["units"] = {path.name: path for path in lists}
    return {kind: files for kind, files in found.items() if kind in wanted}


def _listed(kind: str, folder: Path) -> list[Found]:
    """The files of a folder that its readers look at, by kind."""
    if kind == "reports":
        return find_reports(folder)
    # what is no report by its name, sources.csv for one, may hold figures or patents; a README and
    # other notes are read nowhere
    if kind == "panel":
        return [file for file in find_all(folder) if not file.path.lower().endswith(".md")]
    return [file for file in find_all(folder) if file.problem or may_hold_patents(file.path)]


def _entry(path: Path, seen: list[Any] | None) -> list[Any] | None:
    """Size, times and SHA-256 of a file, the latter as seen where size and times are; None where
    there is no file."""
    try:
        status = path.stat()
        looks = [status.st_size, status.st_mtime_ns, status.st_ctime_ns]
        if seen is not None and seen[:3] == looks:
            return seen
        if status.st_size > HASHED_BYTES:
            return [*looks, f"{status.st_size} bytes of {status.st_mtime_ns}"]
        return [*looks, sha256(path)]
    except FileNotFoundError:
        return None
    except OSError as error:
        return [0, 0, 0, f"cannot be opened ({error.strerror or error})"]


def as_of(now: State, study: Study, since: float | None, reports: Iterable[str]) -> State:
    """The state that a whole run begun at `since` found, as far as times tell: for a first look,
    when nothing is remembered. `reports` are the paths it listed. Without such a run everything
    is new."""
    if since is None:
        return State()
    then = State(settings=now.settings)
    for kind, files in now.files.items():
        then.files[kind] = {p: e for p, e in files.items() if _time(e) <= since}
    for path in set(reports) - now.files["reports"].keys():
        then.files["reports"][path] = [0, 0, 0, "gone"]
    for kind in ("patents", "panel"):
        folder = study.path(getattr(study.inputs, kind))
        folders = [Path(root) for root, _, _ in os.walk(folder)]
        if any(path.stat().st_ctime > since for path in folders):
            then.files[kind]["a folder in which something was removed or renamed"] = [0, 0, 0, ""]
    if not then.files["study"]:
        then.settings = {}
    return then


def _time(entry: list[Any]) -> float:
    return float(max(entry[1:3])) / 1e9


def changes(workspace: Workspace, before: State, now: State) -> Changes:
    """What changed from `before` to `now`, and what never was made; fills in `now.asked`."""
    study = workspace.study
    found = Changes()
    changed = {
        kind: sorted(
            path
            for path in before.files.get(kind, {}).keys() | files.keys()
            if _sha(before, kind, path) != _sha(now, kind, path)
        )
        for kind, files in now.files.items()
    }
    for kind, paths in changed.items():
        if paths:
            found.assets |= set(FILE_READERS[kind])
            found.said.append(f"{kind}: {_few(paths)}")
    _report_years(workspace, before, now, changed["reports"], found)
    if changed["terms"] or changed["units"]:
        found.years |= set(study.all_years)
    known = before.settings
    keys = [k for k, value in now.settings.items() if k not in known or known[k] != value]
    for key in keys:
        found.assets |= set(readers_of(key))
        found.years |= _setting_years(key, before, study)
    if keys:
        found.said.append(f"settings: {_few(keys)}")
    _never_made(workspace, found)
    return found


def _setting_years(key: str, before: State, study: Study) -> set[int]:
    """The years that a changed setting makes anew."""
    if key == "years" and before.settings.get("years"):
        first, last = before.settings["years"]
        return set(study.all_years) - set(range(first, last + 1))
    if {ALL, *YEARLY} & set(readers_of(key)):
        return set(study.all_years)
    return set()


def _report_years(
    workspace: Workspace, before: State, now: State, changed: list[str], found: Changes
) -> None:
    """The years of reports that changed: as last read, as settled, or as named.

    A report whose year cannot be told before it is read may belong to any year of the study. One
    that turns out to be of another year than its name says is seen after the run that read it:
    then the other year is asked for.
    """
    pending = before.asked.keys() & now.files["reports"].keys()
    if not changed and not pending:
        return
    study = workspace.study
    read = _as_read(workspace)
    for path in sorted(pending - set(changed)):
        sha256, years = read.get(path, (None, set()))
        if path not in read or sha256 not in (None, _sha(now, "reports", path)):
            now.asked[path] = before.asked[path]
            continue
        rest = years & _partitions(study) - set(before.asked[path])
        if rest:
            found.assets |= set(YEARLY)
            found.years |= rest
            found.said.append(f"reports: {path} is of {_few(sorted(rest))}")
    for path in changed:
        sha256, years = read.get(path, (None, set()))
        years = years | set(before.asked.get(path, ()))
        present = path in now.files["reports"]
        settled = study.text.settled.get(path)
        if present and sha256 != _sha(now, "reports", path):
            year = (settled and settled.year) or from_name(path, units=workspace.units).year
            years |= {year} if year else set(study.all_years)
        elif not present and not years:
            year = from_name(path, units=workspace.units).year
            years = {year} if year else set(study.all_years)
        years &= _partitions(study)
        found.years |= years
        if present:
            now.asked[path] = sorted(years)


def _as_read(workspace: Workspace) -> dict[str, tuple[str | None, set[int]]]:
    """SHA-256 and the years a report may belong to by its name or text, by path, as stored;
    nothing where the table is absent, damaged or of another version of the program."""
    try:
        listed = workspace.stored(ROOT)
    except (MissingTableError, DamagedTableError, TableError):
        return {}
    return {
        row["path"]: (row["sha256"], {row["year"], row["text_year"]} - {None})
        for row in records(listed)
    }


def listed_reports(workspace: Workspace) -> list[str]:
    """The paths of the reports that the last run found in the folder."""
    return list(_as_read(workspace).keys() - workspace.study.text.settled.keys())


def _partitions(study: Study) -> set[int]:
    """The years that can be made."""
    return set(range(min(FIRST_YEAR, study.years[0]), last_year() + 1))


def _never_made(workspace: Workspace, found: Changes) -> None:
    """Add what the study lacks, so that a run that is asked for finds all that it reads."""
    if not found.assets:
        return
    missing = set()
    for name, table in workspace.tables.items():
        # fetching from the network is asked for by its own switch alone
        if name in FETCHED:
            continue
        if name not in YEARLY:
            missing |= set() if workspace.store.has(table) else {name}
            continue
        years = {y for y in workspace.study.all_years if not workspace.store.has(table, y)}
        found.years |= years
        missing |= {name} if years else set()
    if missing - found.assets:
        found.said.append(f"never made: {_few(sorted(missing))}")
    found.assets |= missing


def _sha(state: State, kind: str, path: str) -> Any:
    entry = state.files.get(kind, {}).get(path)
    return entry and entry[-1]


def _few(names: Iterable[Any]) -> str:
    shown = [str(name) for name in names]
    more = f" and {len(shown) - 3} more" if len(shown) > 4 else ""
    return ", ".join(shown[: 3 if more else 4]) + more
