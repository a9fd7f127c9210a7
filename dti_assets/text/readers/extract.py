"""What a reader hands on, and why a file could not be read. No reading here."""

from __future__ import annotations

from dataclasses import dataclass, field

# every status a file can end with; only `ok` enters a count
STATUSES = {
    "ok": "read and counted",
    "duplicate": "the same text as another file of this unit and year; counted once",
    "superseded": "an earlier version of a report downloaded again since; kept, not counted",
    "conflict": "name and text, or two files, contradict each other; not counted until settled",
    "unidentified": "unit or year found neither in the name nor in the text",
    "not_a_report": "readable, but not a unit's government work report",
    "set_aside": "left out by study.yaml (text.settled)",
    "scanned": "pages are images without text",
    "garbled": "text is unreadable: wrong encoding or a font without character map",
    "encrypted": "protected by a password",
    "damaged": "broken or cut off",
    "empty": "no bytes or no text",
    "too_large": "exceeds a limit of size, pages or memory",
    "timeout": "took longer than the time limit",
    "unsupported": "a format that is not read",
    "vanished": "was there when the folder was listed and is not there now",
}
# counted, or rightly not counted: another file of the unit and year is, or the study says so
ACCOUNTED = ("ok", "duplicate", "superseded", "set_aside")


@dataclass
class Extract:
    """Raw paragraphs in reading order, before normalisation.

    `page_of` gives each paragraph's first page (1-based) where the format has pages. `notes` are
    sentences about what was odd but did not stop the reading, `warnings` about what may make the
    counts wrong.
    """

    paragraphs: list[str]
    engine: str
    pages: int | None = None
    page_of: list[int] | None = None
    encoding: str | None = None
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
