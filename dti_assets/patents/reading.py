"""Patent files to slices of raw rows: delimited text, workbooks, Parquet, Stata, one file or many.

A slice is an Arrow table of strings with the fields of `columns.FIELDS` that the file has and
`row`, the row's number in its file (1 is the first row of data). Cells that mean nothing are null.
Slices come in file order with flat memory. What the values mean is decided in `tidy`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from dti_assets.errors import PatentSourceError
from dti_assets.patents import values
from dti_assets.patents.columnar import open_parquet, open_stata
from dti_assets.patents.formats import (
    BARE_NAME,
    Columns,
    Source,
    first_line,
    fold,
    recognise,
    seeming,
)
from dti_assets.patents.text_files import open_text
from dti_assets.patents.tidy import Status
from dti_assets.patents.workbooks import open_workbook
from dti_assets.store.files import Found, find_all, opened_regular, sha256
from dti_assets.units.levels import Level

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

# part of every cache key: raise it whenever a file can be read differently
VERSION = "6"
SLICE_ROWS = 50_000
_TEXT = (".csv", ".tsv", ".txt", ".tab", ".psv")
_WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
_PARQUET = (".parquet", ".pq")
# archives and data that may hold patents, and are named instead of being passed over
_ARCHIVES = (".zip", ".rar", ".7z", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst")
_OTHERS = (
    ".json", ".jsonl", ".xml", ".mdb", ".accdb", ".dbf", ".sav", ".sas7bdat", ".rds", ".rdata",
    ".feather", ".arrow", ".sqlite", ".sql", ".et", ".numbers",
)  # fmt: skip
SUFFIXES = (
    *_TEXT, *(f"{suffix}.gz" for suffix in _TEXT), *_WORKBOOKS, ".dta", *_PARQUET, *_ARCHIVES,
    *_OTHERS,
)  # fmt: skip

_NO_DATA = ("readme", ".", "~$")
# rows by which it is decided what a column holds
_HEAD_ROWS = 1000
_DATES = ("application_date", "publication_date", "grant_date")


@dataclass(frozen=True)
class PatentFile:
    """A patent file: its name relative to the folder, size in bytes and SHA-256; and why it is none
    that can be read."""

    path: Path
    name: str
    bytes: int
    sha256: str
    problem: str = ""


def may_hold_patents(name: str) -> bool:
    """Whether a file of that name is read, or named where it cannot be: it has one of SUFFIXES, and
    is no README, hidden, or kept by a program beside what is open in it."""
    return name.lower().endswith(SUFFIXES) and not name.lower().startswith(_NO_DATA)


def find_files(source: Path) -> list[PatentFile]:
    """The patent files in a folder and its subfolders in order of name, or the one file given.

    Linked folders are entered. README files, hidden files and folders, and other suffixes than
    SUFFIXES are left out. What is no regular file, or cannot be opened, has a `problem`. An empty
    list where there is none. Raises PatentSourceError where `source` does not exist, or a folder
    cannot be listed.
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
        if path.is_dir() or not may_hold_patents(path.name):
            continue
        problem = file.problem
        try:
            size, content = (0, "") if problem else (path.stat().st_size, sha256(path))
        except OSError as error:
            size, content = 0, ""
            problem = f"listed, but cannot be opened ({error.strerror or error})"
        found.append(PatentFile(path, name, size, content, problem))
    return found


def _head(path: Path) -> bytes:
    with opened_regular(path) as (file, _):
        return file.read(8)


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
        if file.problem:
            raise PatentSourceError(f"{file.name}: {file.problem}")
        if file.bytes == 0:
            raise PatentSourceError(f"{file.name}: the file is empty")
        self._source: Source = _opened(file, extra, level)
        names = self._source.names
        self.columns: Columns = recognise(names, file.name, extra, level=level)
        self._is_local: dict[str, bool] = {}
        self._look_at_values(level)
        # columns that seem to hold a field and are not read
        self.unknown = seeming(names, self.columns.sources)
        # rows whose number of fields is not the header's, known once the file is read to its end
        self.malformed = self._source.malformed
        # sheets that hold something and have no recognised columns
        self.unread = self._source.unread

    @property
    def status(self) -> Status:
        """What was met in the file beside its rows, known once it is read to its end."""
        return self._source.status

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

    def _look_at_values(self, level: Level) -> None:
        """Decide by the first rows what the names of columns leave open. Raises PatentSourceError
        where 名称 names firms and there is no other title."""
        sources = self.columns.sources
        title = [c for c in sources.get("title", ()) if fold(c) == BARE_NAME]
        # a workbook's days have no zone
        dates = [] if _is_workbook(self.file) else [c for f in _DATES for c in sources.get(f, ())]
        asked = list(dict.fromkeys([*title, *dates]))
        if not asked:
            return
        head: list[pa.Table] = []
        for batch in self._source.batches(asked, _HEAD_ROWS):
            head.append(batch)
            break
        if not head:
            return
        for column in dates:
            texts = self._text(head[0], column).to_pylist()
            self._is_local[column] = values.are_utc_midnights(texts)
        for column in title:
            texts = self._text(head[0], column).to_pylist()
            if self.columns.layout == "records" and values.is_name_of_firm(texts):
                raise PatentSourceError(
                    f"{self.file.name}: no column for title: {column} holds names of firms; name "
                    f"the column of titles 专利名称, or in study.yaml (patents.columns)"
                )

    def _text(self, batch: pa.Table, column: str) -> pa.ChunkedArray:
        import pyarrow as pa

        try:
            return values.as_text(batch[column])
        except (PatentSourceError, pa.ArrowException, ValueError) as error:
            raise PatentSourceError(
                f"{self.file.name}: column {column} cannot be read ({first_line(error)}); store it "
                "as text, or leave it out"
            ) from error

    def _fields(self, batch: pa.Table) -> pa.Table:
        import polars as pl
        import pyarrow as pa

        given: dict[str, pa.ChunkedArray] = {}
        numbers: dict[str, pl.Series] = {}
        for field, sources in self.columns.sources.items():
            columns = []
            for source in sources:
                stored = self._text(batch, source)
                texts = cast("pl.Series", pl.from_arrow(stored))
                days = values.local_days(texts) if self._is_local.get(source) else texts
                columns.append(values.cleaned(days, field))
            if len(columns) == 1 and columns[0] is texts and field not in values.NUMBERS:
                # long texts are not copied
                given[field] = stored
                continue
            frame = pl.DataFrame({str(k): column for k, column in enumerate(columns)})
            made = frame.select(pl.coalesce(pl.all())).to_series()
            if field in values.NUMBERS:
                numbers[field] = made
            else:
                given[field] = pa.chunked_array([made.to_arrow().cast(pa.string())])
        for field, made in values.placed(numbers).items():
            given[field] = pa.chunked_array([made.to_arrow().cast(pa.string())])
        return pa.table(given)


def _opened(
    file: PatentFile, extra: Mapping[str, str | Sequence[str]] | None, level: Level
) -> Source:
    """The file opened as what it is: its content decides where its name says something else."""
    path, name, low = file.path, file.name, file.path.name.lower()
    try:
        head = _head(path)
    except OSError as error:
        why = error.strerror or error
        raise PatentSourceError(f"{name}: listed, but cannot be opened ({why})") from error
    if low.endswith(_PARQUET) or head.startswith(b"PAR1"):
        return open_parquet(path, name)
    if low.endswith(".dta"):
        return open_stata(path, name, extra, level=level)
    if _is_workbook(file) or head.startswith(b"\xd0\xcf\x11\xe0"):
        return open_workbook(path, name, extra, level=level)
    if low.endswith((*_TEXT, *(f"{suffix}.gz" for suffix in _TEXT))):
        if head.startswith(b"PK\x03\x04"):
            return open_workbook(path, name, extra, level=level)
        return open_text(path, name, extra, level=level)
    if low.endswith(_ARCHIVES):
        raise PatentSourceError(f"{name}: an archive is not read; unpack it in the folder")
    raise PatentSourceError(
        f"{name}: files of this kind are not read; save it as CSV (UTF-8), XLSX or Parquet"
    )


def _is_workbook(file: PatentFile) -> bool:
    return file.path.name.lower().endswith(_WORKBOOKS)


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
