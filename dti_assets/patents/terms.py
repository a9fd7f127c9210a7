"""Technology term lists: dictionaries/patents_*.csv to search terms. No matching."""

from __future__ import annotations

import csv
import hashlib
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from dti_assets.patents.errors import PatentTermsError
from dti_assets.patents.tables import TECHNOLOGIES


@dataclass(frozen=True)
class PatentTerms:
    """Terms and IPC prefixes of each technology, longest first, and the files' SHA-256."""

    terms: dict[str, tuple[str, ...]]
    ipc: dict[str, tuple[str, ...]]
    sha256: str


def load_terms(folder: Path) -> PatentTerms:
    """Read patents_{technology}.csv (all five) and, where present, patents_ipc.csv.

    Raises PatentTermsError naming file and line.
    """
    digest = hashlib.sha256()
    terms = {}
    for technology in TECHNOLOGIES:
        path = Path(folder) / f"patents_{technology}.csv"
        terms[technology] = tuple(term for term, _ in _rows(path, digest))
    ipc: dict[str, list[str]] = {}
    path = Path(folder) / "patents_ipc.csv"
    if path.exists():
        for term, category in _rows(path, digest):
            if category not in TECHNOLOGIES:
                raise PatentTermsError(f"{path}: {category} of {term} is no technology")
            ipc.setdefault(category, []).append(term.replace(" ", "").upper())
    return PatentTerms(terms, {k: tuple(v) for k, v in ipc.items()}, digest.hexdigest())


def _rows(path: Path, digest: hashlib._Hash) -> list[tuple[str, str]]:
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise PatentTermsError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise PatentTermsError(f"{path}: not UTF-8 at byte {error.start}") from error
    digest.update(path.name.encode() + b"\0" + raw)
    reader = csv.DictReader(text.splitlines())
    if not {"term", "category"} <= set(reader.fieldnames or ()):
        raise PatentTermsError(f"{path}, line 1: the columns term and category are required")
    found: dict[str, tuple[str, str]] = {}
    for row in reader:
        where = f"{path}, line {reader.line_num}"
        term = unicodedata.normalize("NFKC", row["term"] or "")
        if term != term.strip() or len(term) < 2:
            raise PatentTermsError(f"{where}: term {term!r} is empty, short or has outer spaces")
        if term.lower() in found:
            raise PatentTermsError(f"{where}: {term} stands twice")
        found[term.lower()] = (term, row["category"])
    if not found:
        raise PatentTermsError(f"{path}: no term")
    return sorted(found.values(), key=lambda pair: (-len(pair[0]), pair[0]))
