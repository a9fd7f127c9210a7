"""Bring a reports folder up to date with its registry: fetch, judge, store, tell.

Each row stands for itself: what is stored stays stored, so a download that was cut off goes on
where it stopped, and one that is done asks each host only whether anything has changed.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dti_assets.errors import FetchError
from dti_assets.sources.archive import Archive, Kept, Provenance, destination
from dti_assets.sources.fetch import Fetcher, Page, user_agent
from dti_assets.sources.judgement import Judge
from dti_assets.sources.registry import Entry, Key
from dti_assets.sources.tables import REPORT_DOWNLOADS
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    import pandas as pd

Told = Callable[[int, int, "Outcome"], None]
# headers worth keeping: what the file was said to be, and what asks for changes only
_KEPT_HEADERS = ("Content-Type", "Content-Length", "Date", "ETag", "Last-Modified", "Server")


@dataclass(frozen=True)
class Outcome:
    """What came of one row: a state of tables.STATES, and where there is one, the file."""

    entry: Entry
    state: str
    file: str | None = None
    sha256: str | None = None
    fetched_at: str | None = None
    reason: str = ""


def select_entries(
    entries: Iterable[Entry], years: Iterable[int], code: int | str | None = None, *, units: Units
) -> list[Entry]:
    """The rows asked for, of all units or the one of `code`, year by year: neighbours are of
    different hosts, so that the pause between two requests to one seldom costs time."""
    wanted = set(years)
    chosen = [
        entry for entry in entries if entry.year in wanted and code in (None, entry.unit.code)
    ]
    return sorted(chosen, key=lambda entry: (entry.year, units.order[entry.unit.code]))


def download(
    folder: Path, entries: list[Entry], fetcher: Fetcher, told: Told | None = None, *, units: Units
) -> list[Outcome]:
    """Fetch what is missing or has changed; no file that is there is touched.

    Raises ArchiveError where another download into the folder is under way, or a file appeared
    there meanwhile, and OSError (mostly WriteError) where it cannot be written to.
    """
    outcomes = []
    with ExitStack() as stack:
        archive = Archive(folder, units=units)
        work = stack.enter_context(archive.writing())
        judge = Judge(units)
        stack.callback(judge.close)
        _name_unnamed(archive, judge)
        for entry in entries:
            outcome = _standing(archive, entry) or _fetched(archive, entry, fetcher, judge, work)
            outcomes.append(outcome)
            if told:
                told(len(outcomes), len(entries), outcome)
    return outcomes


def plan(folder: Path, entries: list[Entry], *, units: Units) -> list[Outcome]:
    """What a download would do, without a request and without writing."""
    archive = Archive(folder, units=units)
    outcomes = []
    for entry in entries:
        kept = archive.current(entry.key)
        reason = f"ask whether {kept.path} has changed" if kept else ""
        outcomes.append(_standing(archive, entry) or _outcome(entry, "to fetch", kept, reason))
    return outcomes


def downloads_table(outcomes: Iterable[Outcome], *, units: Units) -> pd.DataFrame:
    """Table report_downloads, by unit and year."""
    rows = [
        {
            **units.key(outcome.entry.unit),
            "year": outcome.entry.year,
            "url": outcome.entry.url or None,
            "state": outcome.state,
            "file": outcome.file,
            "sha256": outcome.sha256,
            "fetched_at": outcome.fetched_at,
            "reason": outcome.reason or None,
        }
        for outcome in sorted(
            outcomes, key=lambda outcome: (units.order[outcome.entry.unit.code], outcome.entry.year)
        )
    ]
    return units.level.table(REPORT_DOWNLOADS).frame(rows)


def recorded(archive: Archive) -> dict[Key, dict[str, str]]:
    """What the registry records of the newest downloads: sha256, fetched_at, etag."""
    found = {}
    for key in archive.downloads:
        kept = archive.current(key)
        if kept is not None:
            origin = kept.provenance
            found[key] = {
                "sha256": origin.sha256,
                "fetched_at": origin.fetched_at,
                "etag": origin.headers.get("ETag", ""),
            }
    return found


def _name_unnamed(archive: Archive, judge: Judge) -> None:
    """Ask the text of the user's files whose names do not tell which report they are: a second
    report of a unit and year must not be fetched beside them."""
    unnamed, archive.unnamed = archive.unnamed, []
    for path in unnamed:
        found = judge.identity(archive.folder / path, path)
        if found is not None and found.unit is not None and found.year is not None:
            archive.add_own(path, (found.unit.code, found.year))
        else:
            archive.unnamed.append(path)


def _standing(archive: Archive, entry: Entry) -> Outcome | None:
    """The outcome of a row that needs no request; None where one is due."""
    own = archive.own.get(entry.key)
    if own:
        return Outcome(entry, "own", own[0])
    if not entry.url:
        return _outcome(entry, "no address", archive.current(entry.key))
    return None


def _fetched(archive: Archive, entry: Entry, fetcher: Fetcher, judge: Judge, work: Path) -> Outcome:
    kept = archive.current(entry.key)
    # what another address once answered says nothing about this one
    same_address = kept is not None and kept.provenance.url == entry.url
    validators = kept.provenance.validators if kept and same_address else {}
    try:
        page = fetcher.get(entry.url, validators)
    except FetchError as error:
        return _outcome(entry, "failed", kept, str(error))
    if not page.modified:
        return _outcome(entry, "unchanged", kept)
    sha256 = hashlib.sha256(page.content).hexdigest()
    if kept is not None and same_address and sha256 == kept.provenance.sha256:
        return _outcome(entry, "unchanged", kept)
    part = work / f"{secrets.token_hex(8)}.part"
    try:
        part.write_bytes(page.content)
        verdict = judge.judge(part, destination(entry))
    finally:
        part.unlink(missing_ok=True)
    if verdict.refusal:
        return _outcome(entry, "failed", kept, verdict.refusal)
    if kept is not None and verdict.text_sha256 == kept.provenance.text_sha256:
        archive.revalidate(kept, entry.url, _headers(page.headers))
        return _outcome(entry, "unchanged", kept, "the page changed, the report did not")
    new = archive.add(
        page.content, _provenance(entry, page, sha256, verdict.format, verdict.text_sha256)
    )
    if kept is None:
        odd = filter(None, (verdict.note, _unlike_recorded(entry, sha256)))
        return _outcome(entry, "fetched", new, "; ".join(odd))
    return _outcome(entry, "changed", new, f"another text than {kept.path}, which is kept")


def _unlike_recorded(entry: Entry, sha256: str) -> str:
    if entry.sha256 in ("", sha256):
        return ""
    return f"not the file recorded in sources.csv, line {entry.line} ({entry.sha256[:12]}…)"


def _provenance(entry: Entry, page: Page, sha256: str, form: str, text_sha256: str) -> Provenance:
    return Provenance(
        code=entry.unit.code,
        unit=entry.unit.name,
        year=entry.year,
        url=entry.url,
        final_url=page.url,
        redirects=page.redirects,
        fetched_at=datetime.now(UTC).isoformat(timespec="seconds"),
        sha256=sha256,
        text_sha256=text_sha256,
        bytes=len(page.content),
        format=form,
        headers=_headers(page.headers),
        user_agent=user_agent(),
    )


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    lower = {name.lower(): value for name, value in headers.items()}
    return {name: lower[name.lower()] for name in _KEPT_HEADERS if name.lower() in lower}


def _outcome(entry: Entry, state: str, kept: Kept | None, reason: str = "") -> Outcome:
    if kept is None:
        return Outcome(entry, state, reason=reason)
    origin = kept.provenance
    return Outcome(entry, state, kept.path, origin.sha256, origin.fetched_at, reason)
