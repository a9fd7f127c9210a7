"""Downloaded reports in the reports folder: where they lie, where they came from, never replaced.

A report is stored as YEAR/UNIT.FORMAT with its provenance beside it (NAME.source.json). A
changed report becomes a further file (UNIT-v2.html) whose provenance names those it supersedes;
`text.reports` counts the newest and keeps the others as rows. Files without a provenance, or whose
content is no longer the one fetched, are the user's own and left alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePosixPath

from dti_assets.errors import ArchiveError
from dti_assets.sources.registry import Entry, Key
from dti_assets.store.files import write_atomically
from dti_assets.text.folder import SIDE_SUFFIX, find_reports
from dti_assets.text.identity import from_name
from dti_assets.units.levels import Level
from dti_assets.units.lists import Units

# hidden, so that neither a listing nor a reader takes what is under way for a report
_WORK = ".download"


@dataclass(frozen=True)
class Provenance:
    """Where a file came from. `text_sha256` is over the normalised text: pages change around a
    report that stays the same. `supersedes` are names of files in the same folder."""

    code: int | str
    unit: str
    year: int
    url: str
    final_url: str
    redirects: tuple[str, ...]
    fetched_at: str
    sha256: str
    text_sha256: str
    bytes: int
    format: str
    headers: dict[str, str] = field(default_factory=dict)
    supersedes: tuple[str, ...] = ()
    user_agent: str = ""

    @property
    def validators(self) -> dict[str, str]:
        """Request headers that ask only for what has changed since."""
        pairs = (("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since"))
        return {ask: self.headers[name] for name, ask in pairs if self.headers.get(name)}

    @property
    def key(self) -> Key:
        return self.code, self.year

    def to_json(self, level: Level) -> str:
        """As it is kept beside the file, the unit under the columns of its level."""
        kept = asdict(self)
        keys = {level.code: kept.pop("code"), level.name: kept.pop("unit")}
        return json.dumps({**keys, **kept}, ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str, level: Level) -> Provenance:
        """Read what to_json wrote. Raises ValueError, LookupError or TypeError for anything
        else."""
        raw = json.loads(text)
        kept = {"code": raw[level.code], "unit": raw[level.name]}
        kept |= {name: tuple(raw[name]) for name in ("redirects", "supersedes")}
        return cls(**{k: v for k, v in raw.items() if k not in level.keys} | kept)


@dataclass(frozen=True)
class Kept:
    """A downloaded file as it lies there: path relative to the reports folder, and provenance."""

    path: str
    provenance: Provenance


class Archive:
    """What a reports folder holds, by (code of a unit, year)."""

    def __init__(self, folder: Path, *, units: Units) -> None:
        self.folder = folder
        self.units = units
        self.downloads: dict[Key, list[Kept]] = {}
        # files of the user: known by their names, and those whose names say too little
        self.own: dict[Key, list[str]] = {}
        self.unnamed: list[str] = []
        for found in find_reports(folder):
            provenance = _provenance(found.location, units.level)
            if provenance is not None:
                kept = Kept(found.path, provenance)
                self.downloads.setdefault(provenance.key, []).append(kept)
            elif not found.problem:
                self.add_own(found.path)
        for versions in self.downloads.values():
            versions.sort(key=lambda kept: len(kept.provenance.supersedes))

    def add_own(self, path: str, key: Key | None = None) -> None:
        """Note a file of the user, under the unit and year of its name unless that is given."""
        name = from_name(path, units=self.units)
        if key is None and name.unit and name.year:
            key = (name.unit.code, name.year)
        if key is None:
            self.unnamed.append(path)
        else:
            self.own.setdefault(key, []).append(path)

    def current(self, key: Key) -> Kept | None:
        """The newest download of a unit and year."""
        versions = self.downloads.get(key)
        return versions[-1] if versions else None

    @contextmanager
    def writing(self) -> Iterator[Path]:
        """The work folder, for one process at a time; what a killed one left there is removed."""
        import fcntl

        work = self.folder / _WORK
        work.mkdir(parents=True, exist_ok=True)
        with (work / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise ArchiveError(f"another download into {self.folder} is under way") from error
            for left in work.glob("*.part"):
                left.unlink()
            yield work

    def add(self, content: bytes, provenance: Provenance) -> Kept:
        """Store a report under a name that is free, superseding the versions there are.

        The provenance is written first: a kill between the two leaves no report without one.
        """
        versions = self.downloads.setdefault(provenance.key, [])
        path = self._free(provenance)
        older = dict.fromkeys(
            name
            for kept in versions
            if PurePosixPath(kept.path).parent == PurePosixPath(path).parent
            # with those it superseded, there or not: the newest is the one that names most
            for name in (*kept.provenance.supersedes, PurePosixPath(kept.path).name)
        )
        kept = Kept(path, replace(provenance, supersedes=tuple(older)))
        self._note(kept)
        _place(content, self.folder / path, self.folder / _WORK)
        versions.append(kept)
        return kept

    def revalidate(self, kept: Kept, url: str, headers: dict[str, str]) -> None:
        """Note under which address and with which validators the same report is served now."""
        now = Kept(kept.path, replace(kept.provenance, url=url, headers=headers))
        self._note(now)
        versions = self.downloads[now.provenance.key]
        versions[versions.index(kept)] = now

    def _note(self, kept: Kept) -> None:
        """Write the provenance of a file beside it."""
        text = kept.provenance.to_json(self.units.level)
        write_atomically(_side(self.folder / kept.path), text.encode())

    def _free(self, provenance: Provenance) -> str:
        """A name that no file has, and none that a version says it supersedes: one that took the
        name of a file removed since would be superseded by the version it supersedes."""
        stem, number = f"{provenance.year}/{provenance.unit}", 1
        versions = self.downloads[provenance.key]
        names = {older for kept in versions for older in kept.provenance.supersedes}
        paths = {f"{provenance.year}/{name}" for name in names} | {kept.path for kept in versions}
        taken = {PurePosixPath(path).with_suffix("").as_posix() for path in paths}
        while True:
            name = stem if number == 1 else f"{stem}-v{number}"
            path = f"{name}.{provenance.format}"
            if name not in taken and not os.path.lexists(self.folder / path):
                return path
            number += 1


def destination(entry: Entry) -> str:
    """A path that names the entry's report, for judging a text that has no name of its own."""
    return f"{entry.year}/{entry.unit.name}"


def _side(path: Path) -> Path:
    return path.with_name(path.name + SIDE_SUFFIX)


def _provenance(path: Path, level: Level) -> Provenance | None:
    """What is recorded beside a file, if the file still is what was fetched."""
    try:
        found = Provenance.from_json(_side(path).read_text(encoding="utf-8"), level)
        with path.open("rb") as handle:
            same = hashlib.file_digest(handle, "sha256").hexdigest() == found.sha256
        return found if same else None
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None


def _place(content: bytes, path: Path, work: Path) -> None:
    """Put a file in place whole, and never over another."""
    part = work / f"{secrets.token_hex(8)}.part"
    try:
        part.write_bytes(content)
        try:
            os.link(part, path)
        except FileExistsError as error:
            raise ArchiveError(f"{path} appeared meanwhile; nothing is overwritten") from error
        except OSError:
            # a file system without links
            if os.path.lexists(path):
                raise ArchiveError(f"{path} appeared meanwhile; nothing is overwritten") from None
            os.rename(part, path)
    finally:
        part.unlink(missing_ok=True)
