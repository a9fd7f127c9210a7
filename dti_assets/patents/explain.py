"""Why a patent is or is not digital: which term matched where. For one patent at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from dti_assets.errors import PatentSourceError
from dti_assets.patents.classify import lookaround
from dti_assets.patents.normal import normal_text
from dti_assets.patents.reading import PatentReader, find_files
from dti_assets.patents.tables import TECHNOLOGIES
from dti_assets.patents.terms import PatentTerms
from dti_assets.patents.tidy import (
    Status,
    normal_number,
    normal_publication,
    user_flags,
    with_keys,
)
from dti_assets.units.levels import Level

if TYPE_CHECKING:
    import polars as pl

_AROUND = 12


@dataclass(frozen=True)
class Hit:
    """An occurrence of a term in the normalised text of a field; `start` counts from 1.

    counted is False where an ASCII letter or digit continues the term (AI in AIR).
    """

    technology: str
    term: str
    field: str
    start: int
    context: str
    counted: bool


@dataclass(frozen=True)
class Record:
    """One row of the patent: its file and row, its raw values, and the hits in its text.

    flags: `digital` and the technologies as the extract itself has them; None where it has no
    flag, so that the hits decide.
    """

    file: str
    row: int
    values: dict[str, str | None]
    hits: tuple[Hit, ...]
    flags: dict[str, bool | None] | None

    @property
    def technologies(self) -> set[str]:
        if self.flags is not None:
            return {t for t in TECHNOLOGIES if self.flags[t]}
        return {hit.technology for hit in self.hits if hit.counted}

    @property
    def digital(self) -> bool:
        return bool(self.technologies if self.flags is None else self.flags["digital"])


@dataclass(frozen=True)
class Explanation:
    """All rows of one application; str() is the explanation in words."""

    application_no: str
    records: tuple[Record, ...] = field(default_factory=tuple)

    @property
    def technologies(self) -> tuple[str, ...]:
        found = set[str]().union(*(record.technologies for record in self.records))
        return tuple(t for t in TECHNOLOGIES if t in found)

    @property
    def digital(self) -> bool:
        return any(record.digital for record in self.records)

    def __str__(self) -> str:
        named = f": {', '.join(self.technologies)}" if self.technologies else ""
        verdict = f"digital{named}" if self.digital else "not digital"
        lines = [f"{self.application_no} is {verdict}"]
        for record in self.records:
            lines.append(
                f"{record.file}, row {record.row}: {record.values.get('title') or '(no title)'}"
            )
            if record.flags is not None:
                flag = record.values["digital"]
                said = "is empty" if flag is None else f"says {flag}"
                lines.append(f"  the extract's own flag {said} and decides")
            elif not record.values.get("abstract"):
                lines.append("  no abstract: classified on the title alone")
            for hit in record.hits:
                why = "" if hit.counted else "; not counted, a letter or digit continues it"
                lines.append(
                    f"  {hit.technology}: {hit.term} in the {hit.field} at {hit.start} "
                    f"(…{hit.context}…){why}"
                )
            if not record.hits:
                lines.append("  no term of any technology occurs")
        return "\n".join(lines)


def explain(
    application_no: str,
    source: Path,
    dictionary: PatentTerms,
    columns: Mapping[str, str | Sequence[str]] | None = None,
    *,
    level: Level,
) -> Explanation:
    """Look a patent up in the files of `source` and say which term matched where.

    The number is an application number in any spelling, a publication number, or file#row as in
    the row statuses. Reads the files through once. Raises PatentSourceError where no row has the
    number or no file can be read.
    """
    records = []
    for file, row in find_records([application_no], source, columns, level=level):
        hits = find_hits(row.get("title"), row.get("abstract"), dictionary)
        values = {name: value for name, value in row.items() if name not in ("row", "asked")}
        records.append(Record(file, row["row"], values, hits, _flags(row)))
    if not records:
        raise PatentSourceError(f"{application_no}: no patent in {source} has this number")
    return Explanation(application_no, tuple(records))


def _flags(row: Mapping[str, Any]) -> dict[str, bool | None] | None:
    """The flags of a raw row as the study reads them; None where its file has none."""
    import pyarrow as pa

    if "digital" not in row:
        return None
    raw = {
        name: pa.array([row[name]], pa.string())
        for name in ("digital", *TECHNOLOGIES)
        if name in row
    }
    return dict(user_flags(pa.table(raw), Status()).to_pylist()[0])


def find_hits(title: str | None, abstract: str | None, dictionary: PatentTerms) -> tuple[Hit, ...]:
    """Every occurrence of every term, those that do not count included, in reading order."""
    hits = []
    for name, raw in (("title", title), ("abstract", abstract)):
        text = normal_text(raw or "")
        folded = "".join(c.lower() if c.isascii() else c for c in text)
        for technology in TECHNOLOGIES:
            for term in dictionary.terms[technology]:
                wanted = "".join(c.lower() if c.isascii() else c for c in term)
                counted = {m.start() for m in lookaround(term).finditer(text)}
                at = folded.find(wanted)
                while at >= 0:
                    context = text[max(at - _AROUND, 0) : at + len(term) + _AROUND]
                    hits.append(Hit(technology, term, name, at + 1, context, at in counted))
                    at = folded.find(wanted, at + 1)
    return tuple(sorted(hits, key=lambda h: (h.field != "title", h.start, -len(h.term))))


def find_records(
    numbers: Iterable[str],
    source: Path,
    columns: Mapping[str, str | Sequence[str]] | None = None,
    *,
    level: Level,
) -> list[tuple[str, dict[str, Any]]]:
    """(file name, raw row) of each row that has one of the numbers; `asked` is that number.

    A file that cannot be read is passed over unless none can.
    """
    import polars as pl

    asked: dict[str, str] = {}
    for number in numbers:
        for form in (normal_number(number), normal_publication(number), number.strip()):
            asked.setdefault(form, number)
    found: list[tuple[str, dict[str, Any]]] = []
    errors, read = [], 0
    for file in find_files(source):
        try:
            for _, table in PatentReader(file, columns, level=level).slices():
                frame = cast(pl.DataFrame, pl.from_arrow(table))
                chosen = frame.filter(_any_key(frame, file.name).is_in(list(asked)))
                for row, key in zip(
                    chosen.to_dicts(), _any_key(chosen, file.name).to_list(), strict=True
                ):
                    found.append((file.name, {**row, "asked": asked[key]}))
            read += 1
        except PatentSourceError as error:
            errors.append(str(error))
    if errors and not read:
        raise PatentSourceError("; ".join(errors))
    return found


def _any_key(frame: pl.DataFrame, file: str) -> pl.Series:
    """The key of each row as `tidy` makes it."""
    import polars as pl

    for name in ("application_no", "publication_no", "grant_no"):
        if name not in frame.columns:
            frame = frame.with_columns(pl.lit(None, pl.String).alias(name))
    return with_keys(frame, file)["key"]
