"""Patent files to slices of raw rows: CSV, CSV.gz, TSV, XLSX, Parquet, one file or many.

A slice is an Arrow table of strings with the fields of `columns.FIELDS` that the file has and
`row`, the row's number in its file (1 is the first row of data). Slices come in file order with
flat memory. What the values mean is decided in `tidy`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dti_assets.errors import PatentSourceError
from dti_assets.patents.formats import Columns, Source, open_csv, open_parquet, open_xlsx, recognise
from dti_assets.store.files import Found, find_all
from dti_assets.units.levels import Level

if TYPE_CHECKING:
    import pyarrow as pa

# part of every cache key: raise it whenever a file can be read differently
VERSION = "4"
SLICE_ROWS = 50_000
SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".xlsx", ".parquet")

_NO_DATA = ("readme", ".", "~$")


@dataclass(frozen=True)
class PatentFile:
    """A patent file: its name relative to the folder, size in bytes and SHA-256."""

    path: Path
    name: str
    bytes: int
    sha256: str


def may_hold_patents(name: str) -> bool:
    """Whether a file of that name is read: it has one of SUFFIXES, and is no README, hidden, or
    kept by a program beside what is open in it."""
    return name.lower().endswith(SUFFIXES) and not name.lower().startswith(_NO_DATA)


def find_files(source: Path) -> list[PatentFile]:
    """The patent files in a folder and its subfolders in order of name, or the one file given.

    Linked folders are entered. README files, hidden files and folders, and other suffixes than
    SUFFIXES are left out. An empty list where there is none. Raises PatentSourceError where
    `source` does not exist, or a folder cannot be listed or a listed file opened.
    """
    source = Path(source)
    if not source.exists():
        raise PatentSourceError(f"{source}: no such file or folder")
    listed = [Found(source.name, source)] if source.is_file() else find_all(source)
    found = []
    for file in listed:
        path, name = file.location, file.path
        if file.problem.startswith("the folder cannot be listed"):
            raise PatentSourceError(f"{name}: {file.problem}")
        if not path.is_file() or not may_hold_patents(path.name):
            continue
        try:
            found.append(PatentFile(path, name, path.stat().st_size, _sha256(path)))
        except OSError as error:
            why = error.strerror or error
            raise PatentSourceError(f"{name}: listed, but cannot be opened ({why})") from error
    return found


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


class PatentReader:
    """One file, its columns recognised; `slices` reads it.

    Raises PatentSourceError where the file cannot be opened, is empty of columns, or lacks a
    required column (see `columns.recognise`, which also explains `extra`).
    """

    def __init__(
        self,
        file: PatentFile,
        extra: Mapping[str, str | Sequence[str]] | None = None,
        *,
        level: Level,
    ) -> None:
        self.file = file
        name = file.path.name.lower()
        if file.bytes == 0:
            raise PatentSourceError(f"{file.name}: the file is empty")
        if name.endswith(".parquet"):
            self._source: Source = open_parquet(file.path, file.name)
        elif name.endswith(".xlsx"):
            self._source = open_xlsx(file.path, file.name, extra, level=level)
        else:
            self._source = open_csv(file.path, file.name)
        self.columns: Columns = recognise(self._source.names, file.name, extra, level=level)
        # rows whose number of fields is not the header's, known once the file is read to its end
        self.malformed = self._source.malformed
        # sheets that hold something and have no recognised columns
        self.unread = self._source.unread

    def slices(
        self, rows: int = SLICE_ROWS, done: frozenset[int] = frozenset()
    ) -> Iterator[tuple[int, pa.Table]]:
        """(number, slice) of at most `rows` rows; those numbered in `done` are not built.

        The cut depends on the file and `rows` alone. Raises PatentSourceError where the file
        breaks off or cannot be decoded; the message says after which row.
        """
        import numpy as np
        import pyarrow as pa

        number = 0
        while number in done:
            number += 1
        read = number * rows
        wanted = list(dict.fromkeys(c for cs in self.columns.sources.values() for c in cs))
        for batch in _rechunk(self._source.batches(wanted, rows, read), rows):
            if number not in done:
                count = pa.array(np.arange(read + 1, read + 1 + batch.num_rows))
                yield number, self._fields(batch).append_column("row", count)
            number += 1
            read += batch.num_rows

    def _fields(self, batch: pa.Table) -> pa.Table:
        import pyarrow as pa
        import pyarrow.compute as pc

        arrays = {}
        for field, sources in self.columns.sources.items():
            values = [as_text(batch[source]) for source in sources]
            arrays[field] = values[0] if len(values) == 1 else pc.coalesce(*values)
        return pa.table(arrays)


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of any type as strings, trimmed, with "" as null; dates in ISO 8601."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_floating(column.type):
        # a column of years or dates with gaps, which may be NaN: 2015.0 is 2015
        column = pc.if_else(pc.is_finite(column), column, pa.scalar(None, column.type))
        whole = pc.all(pc.equal(column, pc.floor(column))).as_py()
        column = column.cast(pa.int64()) if whole else column
    text = pc.utf8_trim_whitespace(column.cast(pa.large_string()).cast(pa.string()))
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def _rechunk(batches: Iterator[pa.Table], rows: int) -> Iterator[pa.Table]:
    """The same rows in tables of exactly `rows`, the last one shorter."""
    import pyarrow as pa

    held: list[pa.Table] = []
    count = 0
    for batch in batches:
        start = 0
        while count + batch.num_rows - start >= rows:
            take = rows - count
            held.append(batch.slice(start, take))
            yield pa.concat_tables(held).combine_chunks()
            start += take
            held, count = [], 0
        if start < batch.num_rows:
            held.append(batch.slice(start))
            count += batch.num_rows - start
    if held:
        yield pa.concat_tables(held).combine_chunks()
