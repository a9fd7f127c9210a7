"""A folder of reports: what lies in it, what each file is, and the texts that count.

Reads through the cache and in limited workers. Counting is in `attention`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from dti_assets.compute.engines import ReportEngine, borrowed
from dti_assets.compute.workers import (
    DEFAULT_LIMITS,
    Failure,
    Limits,
    run_limited,
    short_memory,
)
from dti_assets.errors import MachineError, NotReadError, VanishedError
from dti_assets.store.cache import Cache, digest
from dti_assets.store.files import (
    OF_THE_MACHINE,
    Found,
    find_all,
    raise_of_machine,
    read_regular,
    sha256,
)
from dti_assets.store.schema import records
from dti_assets.text.identity import from_name, identify
from dti_assets.text.readers.clean import han_count
from dti_assets.text.readers.extract import ACCOUNTED
from dti_assets.text.readers.reading import MAX_BYTES, READER_VERSION, Reading, read_bytes
from dti_assets.text.tables import REPORT_FILES, REPORT_TEXTS
from dti_assets.units.levels import Level
from dti_assets.units.lists import Unit, Units

if TYPE_CHECKING:
    import pandas as pd

Progress = Callable[[int, int], None]
_FAILURES = {"timeout": "timeout", "memory": "too_large", "died": "damaged", "error": "damaged"}


@dataclass(frozen=True)
class Settled:
    """What study.yaml says a file is: unit and year, or not to be counted at all."""

    unit: Unit | None
    year: int | None
    ignore: bool = False


@dataclass
class Tally:
    """How much work a run did and how much it found done."""

    read: int = 0
    reused: int = 0
    refused: int = 0
    damaged_entries: int = 0


@dataclass
class File:
    """One file of the folder, as far as it is known; not its text, which stays in the cache."""

    path: str
    location: Path
    sha256: str | None = None
    size: int | None = None
    format: str | None = None
    unit: Unit | None = None
    year: int | None = None
    year_source: str | None = None
    status: str = ""
    reason: str = ""
    warning: str = ""
    text_sha256: str | None = None
    settled: bool = False
    text_unit: Unit | None = None
    text_year: int | None = None

    def row(self, level: Level) -> dict[str, Any]:
        """The row of table report_files."""
        return {
            "path": self.path,
            "format": self.format,
            "sha256": self.sha256,
            "bytes": self.size,
            level.code: self.unit.code if self.unit else None,
            level.name: self.unit.name if self.unit else None,
            "year": self.year,
            "year_source": self.year_source,
            f"text_{level.code}": self.text_unit.code if self.text_unit else None,
            "text_year": self.text_year,
            "status": self.status,
            "reason": self.reason or None,
            "warning": self.warning or None,
            "text_sha256": self.text_sha256,
        }


@dataclass
class Folder:
    """The outcome of reading a folder: table report_files and what it cost."""

    files: pd.DataFrame
    tally: Tally = field(default_factory=Tally)


@lru_cache(maxsize=1)
def reader_version() -> str:
    """Version of everything that decides a text, part of the cache key."""
    engines = ("pypdfium2", "pdfplumber", "lxml", "trafilatura")
    return " ".join([READER_VERSION, *(f"{name}-{version(name)}" for name in engines)])


def read_folder(
    folder: Path,
    cache: Cache,
    settled: Mapping[str, Settled] | None = None,
    workers: int | None = None,
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress | None = None,
    engine: ReportEngine | None = None,
    *,
    units: Units,
) -> Folder:
    """Read, identify and reconcile every file of `folder` (table report_files, one row each).

    A file that cannot be read is a row with its status, never an exception. `settled` maps
    relative paths to what the study says they are. `engine`: where files are read, by default
    `workers` processes of this machine. One text at a time is in this process's memory.
    """
    settled = settled or {}
    listed = find_reports(folder)
    files = [File(found.path, found.location, reason=found.problem) for found in listed]
    before = cache.damaged
    with borrowed(engine, workers) as readers:
        tally = _read(files, settled, cache, units, readers, limits, progress)
    tally.damaged_entries = cache.damaged - before
    for path in sorted(settled.keys() - {file.path for file in files}):
        reason = "named in study.yaml, but not in the folder"
        files.append(File(path, folder / path, status="vanished", reason=reason))
    reconcile(files, superseding(listed), level=units.level)
    tally.refused = sum(file.status not in ACCOUNTED for file in files)
    rows = [file.row(units.level) for file in files]
    return Folder(units.level.table(REPORT_FILES).frame(rows), tally)


def _read(
    files: list[File],
    settled: Mapping[str, Settled],
    cache: Cache,
    units: Units,
    engine: ReportEngine,
    limits: Limits,
    progress: Progress | None,
) -> Tally:
    tally = Tally()
    waiting: list[File] = []
    for file in files:
        if not _hash(file):
            _identify(file, None, settled.get(file.path), units)
            continue
        known = cache.get("texts", text_key(str(file.sha256)))
        if known is None:
            waiting.append(file)
        else:
            _identify(file, Reading.from_json(known), settled.get(file.path), units)
            tally.reused += 1
    # PDFs take longest: begun first, they do not leave one worker waiting for the other
    waiting.sort(key=lambda file: not file.path.lower().endswith(".pdf"))
    done = len(files) - len(waiting)
    if progress:
        progress(done, len(files))
    if engine.shares_disk:
        outcomes = engine.run(read_file, ((str(f.location),) for f in waiting), limits)
    else:
        outcomes = engine.run(read_content, (_content(f.location) for f in waiting), limits)
    for index, outcome in outcomes:
        file = waiting[index]
        if why := _of_machine(outcome, limits):
            raise MachineError(f"{file.path} could not be read on this machine: {why}")
        if isinstance(outcome, Failure):
            reading = Reading(_FAILURES[outcome.kind], outcome.reason)
            passing = outcome.kind != "error"
        else:
            # the worker's hash is of the bytes it parsed, should the file have changed since
            file.sha256, file.size, reading = outcome
            passing = reading.starved
            if reading.status not in ("too_large", "vanished"):
                cache.put("texts", text_key(str(file.sha256)), reading.to_json())
        if passing:
            # a limit met or a worker killed is no fact about this content: without a checksum the
            # next run takes the file for unread and tries again
            file.sha256 = None
        _identify(file, reading, settled.get(file.path), units)
        tally.read += 1
        done += 1
        if progress:
            progress(done, len(files))
    return tally


def _of_machine(outcome: Any, limits: Limits) -> str | None:
    """Why a file was not read that another machine may read, so that nothing is to stand in for
    it; None where what came out is a fact about the file."""
    if isinstance(outcome, Failure):
        busy = "with little of a processor; end other work, or use fewer workers (--workers 1)"
        return f"{outcome.reason} {busy} and run again" if outcome.of_machine else None
    return short_memory(limits) if outcome[2].starved else None


def read_file(path: str) -> tuple[str | None, int | None, Reading]:
    """SHA-256, size and reading of one file; runs in a worker that shares this machine's disk."""
    return read_content(*_content(Path(path)))


def read_content(
    content: bytes | None, why_not: str = ""
) -> tuple[str | None, int | None, Reading]:
    """The same of a file's bytes, None where it could not be opened; runs in a worker anywhere."""
    if content is None:
        return None, None, Reading("vanished", why_not)
    return hashlib.sha256(content).hexdigest(), len(content), read_bytes(content)


def _content(path: Path) -> tuple[bytes | None, str]:
    """A file's bytes, or why it cannot be opened."""
    try:
        return read_regular(path, MAX_BYTES), ""
    except OSError as error:
        if error.errno in OF_THE_MACHINE:
            raise
        return None, f"cannot be opened ({error.strerror or error})"


def text_key(sha256: str) -> str:
    """Cache key of a file's text."""
    return digest(sha256, reader_version())


def text_keys(folder: Path) -> set[str]:
    """Cache keys of the texts of every file that lies in the folder now."""
    files = [File(f.path, f.location, reason=f.problem) for f in find_reports(folder)]
    return {text_key(str(file.sha256)) for file in files if _hash(file)}


def _hash(file: File) -> bool:
    """Fill in size and hash; False, with a status, for a file that is gone or far too large."""
    path = file.location
    if file.reason:
        file.status = "unsupported"
        return False
    try:
        file.size = path.stat().st_size
        if file.size > MAX_BYTES:
            # not hashed either: it is known by its size
            file.status = "too_large"
            file.reason = f"{file.size:,} bytes, more than {MAX_BYTES:,}"
            return False
        file.sha256 = sha256(path)
    except OSError as error:
        raise_of_machine(f"report {file.path} cannot be opened", error)
        file.status = "vanished"
        file.reason = f"cannot be opened ({error.strerror or error})"
        return False
    return True


def _identify(file: File, reading: Reading | None, settled: Settled | None, units: Units) -> None:
    """Fill in what the file is; no reading for one that was not opened and has its status."""
    if reading is not None:
        file.format = reading.format
    if settled is not None and settled.ignore:
        file.status, file.reason = "set_aside", "text.settled of study.yaml says ignore"
        return
    if reading is None:
        return
    if reading.status != "ok":
        file.status, file.reason = reading.status, reading.reason
        # a file that cannot be read is still known by its name, so that the gap has a cause
        name = from_name(file.path, units)
        file.unit, file.year = name.unit, name.year
        file.year_source = None if name.year is None else "name"
        return
    file.text_sha256 = hashlib.sha256(reading.text.encode()).hexdigest()
    file.warning = "; ".join(reading.warnings)
    found = identify(file.path, reading.paragraphs, units)
    file.unit, file.year = found.unit, found.year
    file.year_source = found.source if found.year is not None else None
    file.status, reason = found.status, found.reason
    file.text_unit, file.text_year = found.text_unit, found.text_year
    noun = units.level.noun
    if settled is not None:
        file.text_unit = file.text_year = None
        file.unit = settled.unit or found.unit
        file.year = settled.year or found.year
        file.year_source = "study" if settled.year else file.year_source
        file.settled = file.unit is not None and file.year is not None
        file.status = "ok" if file.settled else "unidentified"
        reason = "" if file.settled else f"study.yaml settles only half: {noun} and year are needed"
    elif file.status == "conflict":
        # what the text does not say is no clash, and the name has it
        unit, year = found.text_unit or found.unit, found.text_year or found.year
        reason += _how_to_settle("the text", file.path, unit, year, noun)
    file.reason = "; ".join(filter(None, (reason, reading.reason)))


def _how_to_settle(what: str, path: str, unit: Unit | None, year: int | None, noun: str) -> str:
    """The line of YAML by which the study makes a file that unit's report of that year, where
    both are known: the end of the reason of a conflict."""
    if unit is None or year is None:
        return ""
    name = json.dumps(path, ensure_ascii=False)
    return (
        f"; if {what} is right, write under text.settled in study.yaml: "
        f"{name}: {{{noun}: {unit.name}, year: {year}}}"
    )


def reconcile(
    files: list[File], newer: Mapping[str, set[str]] | None = None, *, level: Level
) -> None:
    """Settle several readable files for one unit and year, in place.

    `newer` maps a downloaded file to the earlier versions it was fetched in place of: they are
    `superseded` while it is readable itself. Of the others, identical texts are one report, the
    rest `duplicate`; different texts are a `conflict` of all of them. A file that study.yaml
    settles stands alone.
    """
    groups: dict[tuple[int | str, int], list[File]] = {}
    for file in files:
        if file.status == "ok" and file.unit is not None and file.year is not None:
            groups.setdefault((file.unit.code, file.year), []).append(file)
    for group in groups.values():
        settled = [file for file in group if file.settled]
        for file in group if settled else ():
            if not file.settled:
                file.status = "duplicate"
                file.reason = f"study.yaml settles this {level.noun}-year with {settled[0].path}"
        standing = settled or _not_superseded(group, newer or {})
        first = standing[0]
        if all(file.text_sha256 == first.text_sha256 for file in standing):
            for file in standing[1:]:
                file.status, file.reason = "duplicate", f"the same text as {first.path}"
            continue
        names = ", ".join(file.path for file in standing)
        for file in standing:
            file.status = "conflict"
            file.reason = f"different texts for one {level.noun}-year: {names}"
            file.reason += _how_to_settle("this one", file.path, file.unit, file.year, level.noun)


def _not_superseded(group: list[File], newer: Mapping[str, set[str]]) -> list[File]:
    """The files of one unit and year without those that another of them supersedes.

    Of files that supersede one another in a circle none is the newer one; all stand.
    """
    by = {
        older: file.path
        for file in group
        for older in newer.get(file.path, ())
        if file.path not in _all_older(older, newer)
    }
    for file in group:
        if file.path in by:
            file.status = "superseded"
            file.reason = f"an earlier version; {by[file.path]} was downloaded later"
    return [file for file in group if file.path not in by]


def _all_older(path: str, newer: Mapping[str, set[str]]) -> set[str]:
    """What a file supersedes, itself or through others."""
    found: set[str] = set()
    waiting = [path]
    while waiting:
        older = newer.get(waiting.pop(), set()) - found
        found |= older
        waiting += older
    return found


def report_texts(
    files: pd.DataFrame, years: list[int], folder: Path, cache: Cache, units: Units
) -> pd.DataFrame:
    """The texts that count, of the given years (table report_texts), from table report_files.

    Taken from the cache; a file whose entry is gone is read again. Raises as stored_reading.
    """
    wanted = files[(files["status"] == "ok") & files["year"].isin(years)]
    rows = []
    kept = [*units.level.keys, "year", "path", "sha256", "text_sha256"]
    for file in records(units.in_order(wanted)[kept]):
        reading = stored_reading(file["path"], file["sha256"], folder, cache)
        rows.append(
            {
                **file,
                "text": reading.text,
                "han_chars": han_count(reading.text),
                "pages": reading.pages,
                "engine": reading.engine,
                "encoding": reading.encoding,
                "status": "ok",
                "reason": reading.reason or None,
            }
        )
    return units.level.table(REPORT_TEXTS).frame(rows)


def stored_reading(path: str, sha256: str, folder: Path, cache: Cache) -> Reading:
    """The reading of one file with that content, from the cache or read anew in a worker.

    Raises VanishedError where the file holds something else now, NotReadError where it has it and
    cannot be read this time. Nothing of either is kept.
    """
    known = cache.get("texts", text_key(sha256))
    if known is not None and (reading := Reading.from_json(known)).status == "ok":
        return reading
    outcome = next(run_limited(read_file, [(str(locate(folder, path)),)], workers=1))[1]
    failed = isinstance(outcome, Failure)
    if not failed and outcome[0] != sha256:
        raise VanishedError(f"{path} changed or vanished while the run was under way; run again")
    reading = Reading(_FAILURES[outcome.kind], outcome.reason) if failed else outcome[2]
    if reading.status != "ok":
        raise NotReadError(f"{path} cannot be read again ({reading.reason}); run again")
    cache.put("texts", text_key(sha256), reading.to_json())
    return reading


# files of ours, or of an operating system, that lie among reports without being any
_NOT_REPORTS = frozenset({"readme.md", "sources.csv", "thumbs.db", "desktop.ini"})
# a download's provenance lies beside it: 甲.html and 甲.html.source.json
SIDE_SUFFIX = ".source.json"
_SIDE_SUFFIXES = (SIDE_SUFFIX, ".part", ".tmp")


def find_reports(folder: Path) -> list[Found]:
    """Everything below `folder` that may be a report, in the order of the paths: of find_all all
    but README.md, sources.csv and download side files."""
    return [file for file in find_all(folder) if not _is_ours(file.location.name)]


def _is_ours(name: str) -> bool:
    return name.lower() in _NOT_REPORTS or name.endswith(_SIDE_SUFFIXES)


def list_reports(folder: Path) -> list[str]:
    """The relative paths of find_reports."""
    return [file.path for file in find_reports(folder)]


def side_files(folder: Path) -> dict[str, Path]:
    """Where downloads keep what they know of each report of a folder, by path below it; most have
    none there."""
    found = find_reports(folder) if folder.is_dir() else []
    return {file.path + SIDE_SUFFIX: _beside(file) for file in found}


def superseding(found: Sequence[Found]) -> dict[str, set[str]]:
    """For each downloaded file that was fetched in place of others of its folder: their paths.

    A damaged provenance says nothing; its file is then one among others. A file that is no longer
    the one fetched is its user's own, and no download stands in its place.
    """
    newer: dict[str, set[str]] = {}
    by_path = {file.path: file for file in found}
    for file in found:
        try:
            older = json.loads(_beside(file).read_bytes())["supersedes"]
            folder = PurePosixPath(file.path).parent
            paths = {(folder / str(name)).as_posix() for name in older} - {file.path}
            newer[file.path] = {p for p in paths if p in by_path and _is_as_fetched(by_path[p])}
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            continue
    return {path: older for path, older in newer.items() if older}


def _is_as_fetched(file: Found) -> bool:
    try:
        fetched = json.loads(_beside(file).read_bytes())["sha256"]
        return not file.problem and sha256(file.location) == fetched
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return False


def locate(folder: Path, path: str) -> Path:
    """Where the file of that relative path lies."""
    plain = folder / path
    if plain.exists():
        return plain
    return next((file.location for file in find_reports(folder) if file.path == path), plain)


def _beside(file: Found) -> Path:
    return file.location.with_name(file.location.name + SIDE_SUFFIX)
