"""Term lists: what a dictionary file holds, how it is loaded, and every fault named by its line.

Counting and matching do not belong here. A dictionary is identified by the terms in it, not by
the bytes of its file, so that reordering rows or mending a note never re-counts a report.

The shipped list joins Wu et al. (2021), the National Bureau of Statistics' classification of the
digital economy (2021) and vocabulary of the reports themselves. Two terms of Wu et al., made for
firms' annual reports, are left out because government texts use them for other things: 征信
(credit records of any kind) and 网联 (mostly the tail of another word).
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from dti_assets.errors import DictionaryError
from dti_assets.store.characters import LOOK_ALIKE, plain
from dti_assets.store.files import read_named

REQUIRED = ("term", "category", "language", "source", "note")
OPTIONAL = ("exclusion_risk",)
RISKS = ("exported_goods", "export_policy")
LANGUAGES = ("zh", "en")

_WHITE = re.compile(r"\s")


@dataclass(frozen=True)
class Term:
    """One term of a dictionary.

    `term` is normalised (NFKC). `exclusion_risk` is "" or why the term may touch exports other
    than through digital transformation: `exported_goods`, `export_policy`.
    """

    term: str
    category: str
    language: str
    source: str
    note: str = ""
    exclusion_risk: str = ""
    line: int = 0

    @property
    def key(self) -> str:
        """The term as it is matched: ASCII letters in lower case."""
        return fold(self.term)


@dataclass(frozen=True)
class Dictionary:
    """A loaded term list; `terms` stand in the order of the file."""

    terms: tuple[Term, ...]
    path: str = ""

    @cached_property
    def sha256(self) -> str:
        """SHA-256 over the sorted normalised terms, one a line, in UTF-8."""
        return hashlib.sha256("\n".join(sorted(self.keys)).encode()).hexdigest()

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The terms as matched (NFKC, ASCII lower case), in file order."""
        return tuple(term.key for term in self.terms)

    @cached_property
    def by_key(self) -> dict[str, Term]:
        return {term.key: term for term in self.terms}

    @property
    def is_shipped(self) -> bool:
        """Whether these are the terms of the shipped list, whatever the file is called."""
        return self.sha256 == shipped_dictionary().sha256

    def __contains__(self, term: str) -> bool:
        return normalise_term(term) in self.by_key

    def __getitem__(self, term: str) -> Term:
        return self.by_key[normalise_term(term)]

    def __len__(self) -> int:
        return len(self.terms)


def fold(text: str) -> str:
    """ASCII letters in lower case; every other character, and the length, unchanged."""
    return _UPPER.sub(lambda match: match.group().lower(), text)


_UPPER = re.compile("[A-Z]+")


def normalise_term(term: str) -> str:
    """Return a term as it is compared: plain characters, ASCII lower case."""
    return fold(plain(term).strip())


def shipped_dictionary_path() -> Path:
    """The list the package ships; the denominators of every study are segmented with it."""
    return Path(__file__).resolve().parents[1] / "reference/dictionaries/digital_economy_policy.csv"


@lru_cache(maxsize=1)
def shipped_dictionary() -> Dictionary:
    return load_dictionary(shipped_dictionary_path())


def load_dictionary(path: str | Path) -> Dictionary:
    """The dictionary in a CSV file (UTF-8, with or without BOM).

    Columns: term, category, language (zh or en), source, note; optional exclusion_risk (empty,
    exported_goods or export_policy). Raises DictionaryError, naming file and line, for a missing
    file or column, text that is not UTF-8, an empty file, a row too long, an empty term, category,
    language or source, a term of one character, white space at an end or a line break within, a
    radical, a duplicate after normalisation (width, case), a term in two categories.
    """
    path = Path(path)
    try:
        content = read_named(path).decode("utf-8-sig")
    except OSError as error:
        raise DictionaryError(f"dictionary {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise DictionaryError(f"dictionary {path}, line {line}: not UTF-8") from error
    try:
        return parse_dictionary(content, str(path))
    except csv.Error as error:
        raise DictionaryError(f"dictionary {path}: not a CSV file ({error})") from error


def parse_dictionary(content: str, path: str = "dictionary") -> Dictionary:
    """The dictionary in a CSV text; see load_dictionary. `path` only names it in messages."""
    reader = csv.reader(io.StringIO(content, newline=""), strict=True)
    header = [name.strip() for name in next(reader, [])]
    if not any(header):
        raise DictionaryError(f"dictionary {path}: the file is empty")
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        raise DictionaryError(
            f"dictionary {path}, line 1: no column {', '.join(missing)}{_parted(header, 2)}"
        )
    unknown = [name for name in header if name not in REQUIRED + OPTIONAL]
    if unknown or len(set(header)) < len(header):
        names = ", ".join(unknown) or "the same name twice"
        raise DictionaryError(f"dictionary {path}, line 1: unexpected column {names}")

    terms: list[Term] = []
    seen: dict[str, Term] = {}
    start = reader.line_num + 1
    for cells in reader:
        line, start = start, reader.line_num + 1
        if not any(cell.strip() for cell in cells):
            continue
        where = f"dictionary {path}, line {line}"
        if len(cells) > len(header):
            raise DictionaryError(
                f"{where}: {len(cells)} cells where the header has {len(header)} "
                "(a comma inside a cell needs quotation marks)"
            )
        if parted := _parted(cells, len(header)):
            raise DictionaryError(f"{where}: {cells[0]!r} is one cell{parted}")
        row = dict.fromkeys(REQUIRED + OPTIONAL, "") | dict(zip(header, cells, strict=False))
        term = _term(row, line, where)
        twin = seen.get(term.key)
        if twin is not None:
            tail = (
                f"with category {term.category} here and {twin.category} there"
                if term.category != twin.category
                else "(width and case do not distinguish terms)"
            )
            raise DictionaryError(f"{where}: term {term.term} already on line {twin.line} {tail}")
        seen[term.key] = term
        terms.append(term)
    if not terms:
        raise DictionaryError(f"dictionary {path}: no term below the header")
    return Dictionary(tuple(terms), path)


def _parted(cells: list[str], wanted: int) -> str:
    """What a row of a single cell is parted by, if not by commas."""
    if len(cells) != 1 or wanted == 1:
        return ""
    marks = (("semicolons", ";"), ("wide semicolons", "；"), ("wide commas", "，"), ("tabs", "\t"))
    by = next((name for name, mark in marks if mark in cells[0]), None)
    return f": is it parted by {by}? Commas are expected" if by else ""


def _term(row: dict[str, str], line: int, where: str) -> Term:
    raw = row["term"]
    if not raw.strip():
        raise DictionaryError(f"{where}: the term is empty")
    if raw != raw.strip():
        raise DictionaryError(f"{where}: white space at an end of term {raw.strip()!r}")
    # a term holding what no normalised report contains would never be found
    if radical := LOOK_ALIKE.search(raw):
        raise DictionaryError(
            f"{where}: term {raw!r} holds the radical or compatibility form "
            f"U+{ord(radical.group()):04X} instead of the ordinary character"
        )
    text = plain(raw)
    if any(unicodedata.category(char) in ("Cc", "Co", "Cn") for char in text):
        raise DictionaryError(f"{where}: term {raw!r} holds an invisible character")
    if len(text) < 2:
        raise DictionaryError(f"{where}: term {raw!r} is a single character")
    if _WHITE.search(re.sub(r"(?<=[0-9A-Za-z]) (?=[0-9A-Za-z])", "", text)):
        raise DictionaryError(
            f"{where}: white space in term {raw!r}; only a single space between two ASCII "
            "letters or digits can ever match"
        )
    cells = {name: row[name].strip() for name in REQUIRED[1:] + OPTIONAL}
    for name in ("category", "language", "source"):
        if not cells[name]:
            raise DictionaryError(f"{where}: term {raw} has no {name}")
    if cells["language"] not in LANGUAGES:
        raise DictionaryError(
            f"{where}: language {cells['language']!r} of term {raw} is not zh or en"
        )
    if cells["exclusion_risk"] not in ("", *RISKS):
        raise DictionaryError(
            f"{where}: exclusion_risk {cells['exclusion_risk']!r} of term {raw} is not empty, "
            + " or ".join(RISKS)
        )
    return Term(text, line=line, **cells)


def dictionary_of(terms: Iterable[str], category: str = "ad hoc") -> Dictionary:
    """A dictionary of bare terms, for one query or a test; the same rules as a file's."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(REQUIRED)
    for term in terms:
        writer.writerow((term, category, "zh", "given by the caller", ""))
    return parse_dictionary(buffer.getvalue(), "given by the caller")
