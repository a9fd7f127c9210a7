"""Technology term lists: dictionaries/patents_*.csv to search terms. No matching."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from dti_assets.errors import PatentTermsError
from dti_assets.patents.tables import TECHNOLOGIES
from dti_assets.store.characters import plain
from dti_assets.store.files import read_named

COLUMNS = ("term", "category", "language", "source", "note")
_IPC = re.compile(r"[A-H]\d{2}[A-Z](?:\d{1,4}(?:/\d{2,6})?)?")
# look-alikes of ideographs, which no normalised text contains, and white space but blanks
_NEVER = re.compile("[\u2e80-\u2fdf\uf900-\ufaff\t\n\r]")


@dataclass(frozen=True)
class PatentTerms:
    """Terms and IPC prefixes of each technology, longest first, and the SHA-256 of them all.

    The SHA-256 is over what is searched for: reordering rows or mending a note changes nothing.
    """

    terms: dict[str, tuple[str, ...]]
    ipc: dict[str, tuple[str, ...]]
    sha256: str


def load_terms(folder: Path) -> PatentTerms:
    """Read patents_{technology}.csv (all five) and, where present, patents_ipc.csv.

    Columns: term, category, source required; language and note for the reader. The category of
    a term is its file's technology; in patents_ipc.csv the term is an IPC class, subclass, main
    group or group (G16Y, G06N3, G06F9/455) and the category its technology. A term may stand in
    several technologies, in one only once. Raises PatentTermsError naming file and line.
    """
    terms = {}
    for technology in TECHNOLOGIES:
        rows = _rows(Path(folder) / f"patents_{technology}.csv", (technology,))
        terms[technology] = tuple(term for term, _ in rows)
    ipc: dict[str, tuple[str, ...]] = {}
    path = Path(folder) / "patents_ipc.csv"
    if path.exists():
        rows = _rows(path, TECHNOLOGIES)
        for technology in TECHNOLOGIES:
            if found := tuple(term for term, category in rows if category == technology):
                ipc[technology] = found
    return PatentTerms(terms, ipc, _sha256(terms, ipc))


def _sha256(*lists: dict[str, tuple[str, ...]]) -> str:
    lines = [
        f"{number}\t{technology}\t{term.lower()}"
        for number, one in enumerate(lists)
        for technology, terms in one.items()
        for term in terms
    ]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def _rows(path: Path, categories: tuple[str, ...]) -> list[tuple[str, str]]:
    """(term, category) of a list, longest first."""
    try:
        text = read_named(path).decode("utf-8-sig")
    except OSError as error:
        raise PatentTermsError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise PatentTermsError(f"{path}: not UTF-8 at byte {error.start}") from error
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if missing := {"term", "category", "source"} - set(reader.fieldnames or ()):
        raise PatentTermsError(
            f"{path}, line 1: no column {', '.join(sorted(missing))}; columns found: "
            f"{', '.join(reader.fieldnames or ()) or 'none'}; names accepted: {', '.join(COLUMNS)}"
        )
    ipc = len(categories) > 1
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for row in reader:
        where = f"{path}, line {reader.line_num}"
        term = plain(row["term"] or "")
        if ipc:
            term = re.sub(r"\s", "", term).upper()
        category = (row["category"] or "").strip()
        if category not in categories:
            raise PatentTermsError(f"{where}: {category!r} is none of {', '.join(categories)}")
        looks = unicodedata.normalize("NFKC", row["term"] or "")
        if term != term.strip() or len(term) < 2 or _NEVER.search(looks):
            raise PatentTermsError(
                f"{where}: term {term!r} is empty, one character, has outer spaces, or a "
                "character that no normalised text contains"
            )
        if ipc and not _IPC.fullmatch(term):
            raise PatentTermsError(f"{where}: {term} is no IPC subclass or group")
        if not (row["source"] or "").strip():
            raise PatentTermsError(f"{where}: {term} has no source")
        key = (category, term.lower())
        if key in found:
            raise PatentTermsError(f"{where}: {term} stands twice")
        found[key] = (term, category)
    if not found:
        raise PatentTermsError(f"{path}: no term")
    return sorted(found.values(), key=lambda pair: (-len(pair[0]), pair[0]))
