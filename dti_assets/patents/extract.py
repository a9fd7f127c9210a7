"""An extract, file by file and slice by slice: read, tidied, classified, each slice stored.

A slice is stored as soon as it is done and never done twice: its folder is named after the
file's content, the dictionary, the units, the options and the code's versions, and the slice
after its own content, so that a damaged one is known and made again. Slices of all files are put
together in `combine`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dti_assets.compute.ray import RayCluster
from dti_assets.errors import BrokenSealError, PatentSourceError
from dti_assets.patents import classify as classifying
from dti_assets.patents import reading, tidy
from dti_assets.patents.formats import Columns, Layout, without_headers
from dti_assets.patents.reading import SLICE_ROWS, PatentFile, PatentReader, find_files
from dti_assets.patents.terms import PatentTerms
from dti_assets.store.cache import read_sealed, seal, write_sealed
from dti_assets.store.files import write_atomically
from dti_assets.units.levels import Level
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    import pyarrow as pa

Job = tuple[int, "pa.Table"]
Engine = Callable[[Iterable[Job], Callable[["pa.Table"], "pa.Table"]], Iterator[Job]]
Progress = Callable[[str, int], None]

_MARK = "finished.json"
_STATUS = b"dti_status"


@dataclass
class Extract:
    """A classified extract: the stored slices in order, and row statuses by file.

    `basis` is keywords, or user_counts where the files carry the user's own digital flag.
    """

    slices: list[Path] = field(default_factory=list)
    status: dict[str, tidy.Status] = field(default_factory=dict)
    basis: Literal["keywords", "user_counts"] = "keywords"

    @property
    def rows(self) -> int:
        return sum(status.rows.get("rows", 0) for status in self.status.values())


def layout_of(
    source: Path, columns: Mapping[str, str | Sequence[str]] | None = None, *, level: Level
) -> Layout | Literal["none"]:
    """What the folder or file holds (see formats.Columns); none where it has no patent file.

    Raises PatentSourceError where files of different layouts lie together, or none is readable.
    """
    files = find_files(source)
    if not files:
        return "none"
    layouts: dict[Layout, str] = {}
    errors = []
    for file in files:
        try:
            reader = PatentReader(file, columns, level=level)
            layouts.setdefault(reader.columns.layout, file.name)
        except PatentSourceError as error:
            errors.append(str(error))
    if not layouts:
        raise PatentSourceError("; ".join(errors))
    if len(layouts) > 1:
        held = ", ".join(f"{name} ({layout})" for layout, name in layouts.items())
        raise PatentSourceError(f"patent files of different layouts lie together: {held}")
    return next(iter(layouts))


def classify_extract(
    source: Path,
    dictionary: PatentTerms,
    work: Path,
    *,
    units: Units,
    columns: Mapping[str, str | Sequence[str]] | None = None,
    engine: Engine | None = None,
    rows: int = SLICE_ROWS,
    not_after: date | None = None,
    progress: Progress | None = None,
) -> Extract:
    """Read and classify every patent file in `source`; slices go to folders in `work`.

    units: where applicants may be. columns: more column names (field -> name or names, see
    formats.ALIASES). engine: where slices are classified; default this machine's cores,
    `on_ray(...)` a cluster. rows: rows a slice. not_after: later dates are unreadable (default:
    end of this year). progress: called with file name and rows done after each slice.

    A file that cannot be read or lacks a column, or that breaks off on the way, contributes no
    row and is a status. Raises PatentSourceError where no file is readable or no row was found.
    """
    extract = Extract()
    not_after = not_after or _end_of_year()
    failed = []
    layouts = set()
    for file in find_files(source):
        status = extract.status.setdefault(file.name, tidy.Status())
        try:
            reader = PatentReader(file, columns, level=units.level)
        except PatentSourceError as error:
            missing = "no column for" in str(error)
            status.add("column_missing" if missing else "file_unreadable", 1, str(error))
            failed.append(str(error))
            continue
        layouts.add(reader.columns.layout)
        if "counts" in layouts or len(layouts) > 1:
            raise PatentSourceError(
                f"{file.name}: its layout is {reader.columns.layout}; an extract is all records "
                "or all flagged records (see layout_of)"
            )
        key = _key(file, dictionary, reader, rows, not_after, units)
        function = partial(
            classify_slice,
            dictionary=dictionary,
            file=file.name,
            columns=reader.columns,
            not_after=not_after,
            units=units,
        )
        try:
            folder = Path(work) / key
            slices, met = _file(reader, function, folder, rows, engine, progress)
        except PatentSourceError as error:
            status.add("file_unreadable", 1, str(error))
            failed.append(str(error))
            continue
        for path in slices:
            _add(status, path)
        add_met(status, reader, met)
        if not status.rows.get("rows"):
            status.add("file_empty", 1, file.name)
            if "malformed" in met.rows:
                failed.append(f"{file.name}: no row fits the header ({met.example['malformed']})")
        extract.slices += slices
    if "flagged" in layouts:
        extract.basis = "user_counts"
    if not extract.rows:
        raise PatentSourceError("; ".join(failed) or f"{source}: the patent extract is empty")
    return extract


def add_met(status: tidy.Status, reader: PatentReader, met: tidy.Status) -> None:
    """Add what was met in a file beside its rows: sheets and columns that are not read, and `met`
    as the file was read."""
    status.add("sheet_unread", len(reader.unread), ", ".join(reader.unread))
    status.add("column_unread", len(reader.unknown), ", ".join(reader.unknown))
    for name, count in met.rows.items():
        status.add(name, count, met.example.get(name))


def slice_folders(
    source: Path,
    dictionary: PatentTerms,
    columns: Mapping[str, str | Sequence[str]] | None = None,
    *,
    units: Units,
) -> set[str]:
    """Names of the folders that classify_extract keeps slices in, for the files in `source` as
    they are now; a file that cannot be read has none."""
    names = set()
    for file in find_files(source):
        try:
            reader = PatentReader(file, columns, level=units.level)
        except PatentSourceError:
            # no slice was ever made of it
            continue
        if reader.columns.layout != "counts":
            names.add(_key(file, dictionary, reader, SLICE_ROWS, _end_of_year(), units))
    return names


def classify_slice(
    raw: pa.Table,
    dictionary: PatentTerms,
    file: str,
    columns: Columns,
    not_after: date,
    units: Units,
) -> pa.Table:
    """One raw slice to its stored form: values, technologies, statuses in the schema's metadata.

    Pure; what every engine runs.
    """
    raw, empty = tidy.without_empty(raw)
    raw, headers = without_headers(raw, columns, units.level)
    values, status = tidy.tidy(raw, file, not_after, units)
    status.add("row_empty", empty)
    status.add("header_repeated", len(headers), f"{file}, row {headers[0]}" if headers else None)
    if columns.layout == "flagged":
        flags = tidy.user_flags(raw, status)
    else:
        texts = [name for name in ("title", "abstract", "ipc") if name in raw.column_names]
        flags = classifying.classify(raw.select(texts), dictionary).drop_columns(texts)
    for name in flags.column_names:
        values = values.append_column(name, flags[name])
    packed = json.dumps({"rows": status.rows, "example": status.example}, ensure_ascii=False)
    return values.replace_schema_metadata({_STATUS: packed.encode()})


def threads(workers: int | None = None) -> Engine:
    """Slices on this machine's cores; at most one slice more than workers is in memory."""
    from concurrent.futures import ThreadPoolExecutor

    count = workers or min(os.cpu_count() or 1, 8)

    def run(jobs: Iterable[Job], function: Callable[[pa.Table], pa.Table]) -> Iterator[Job]:
        with ThreadPoolExecutor(count) as pool:
            waiting: list[tuple[int, Any]] = []
            for number, raw in jobs:
                waiting.append((number, pool.submit(function, raw)))
                if len(waiting) > count:
                    done, future = waiting.pop(0)
                    yield done, future.result()
            for done, future in waiting:
                yield done, future.result()

    return run


def on_ray(cluster: RayCluster, window: int | None = None) -> Engine:
    """Slices on a Ray cluster: read here, classified there, back in the order they were sent in,
    so that results and resuming are those of `threads`. window: slices under way at most."""

    def run(jobs: Iterable[Job], function: Callable[[pa.Table], pa.Table]) -> Iterator[Job]:
        numbers: list[int] = []

        def slices() -> Iterator[tuple[pa.Table]]:
            for number, raw in jobs:
                numbers.append(number)
                yield (raw,)

        for index, table in cluster.run(function, slices(), in_order=True, window=window):
            yield numbers[index], table

    return run


def _end_of_year() -> date:
    return date(date.today().year, 12, 31)


def _key(
    file: PatentFile,
    dictionary: PatentTerms,
    reader: PatentReader,
    rows: int,
    not_after: date,
    units: Units,
) -> str:
    level = units.level
    parts = {
        "file": file.sha256,
        # the name is in the keys of rows without a number
        "name": file.name,
        "columns": reader.columns.sources,
        "layout": reader.columns.layout,
        "dictionary": dictionary.sha256,
        # all that places are told by
        "level": [level.noun, level.code_dtype, level.figures, level.digits],
        "units": [
            [u.code, u.name, u.full_name, u.pinyin, u.english, u.aliases, u.parent] for u in units
        ],
        "code": [reading.VERSION, tidy.VERSION, classifying.VERSION],
        "rows": rows,
        "not_after": not_after.isoformat(),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:20]


def _file(
    reader: PatentReader,
    function: Callable[[pa.Table], pa.Table],
    folder: Path,
    rows: int,
    engine: Engine | None,
    progress: Progress | None,
) -> tuple[list[Path], tidy.Status]:
    """The slices of one file, those that are not stored yet being made, and what was met in it."""
    whole = _whole_slices(folder)
    found = _marked(folder)
    if found is None or found["slices"] != len(whole):
        stored = frozenset(map(_number, whole))
        jobs = reader.slices(rows, stored)
        for number, table in (engine or threads())(jobs, function):
            _store(table, folder, number)
            if progress is not None:
                progress(reader.file.name, number * rows + table.num_rows)
        _check_unchanged(reader.file, folder)
        met = reader.status
        found = {"slices": len(_slices(folder)), "rows": met.rows, "example": met.example}
        write_sealed(folder / _MARK, json.dumps(found).encode(), folder.name)
    return _slices(folder), tidy.Status(found["rows"], found["example"])


def _marked(folder: Path) -> dict[str, Any] | None:
    """What was written down when the file was done; None where it was not, or that is damaged."""
    try:
        content = read_sealed(folder / _MARK, folder.name)
    except BrokenSealError:
        return None
    return None if content is None else dict(json.loads(content))


def _check_unchanged(file: PatentFile, folder: Path) -> None:
    """Drop slices made of another content than the one their folder is named after."""
    try:
        (now,) = find_files(file.path)
        same = now.sha256 == file.sha256
    except (PatentSourceError, OSError, ValueError):
        same = False
    if not same:
        shutil.rmtree(folder, ignore_errors=True)
        raise PatentSourceError(f"{file.name}: changed or vanished while it was read; run again")


def _slices(folder: Path) -> list[Path]:
    return sorted(folder.glob("slice-*.parquet"))


def _number(path: Path) -> int:
    return int(path.stem.split("-")[1])


def _slice_name(content: bytes, folder: Path, number: int) -> str:
    return f"slice-{number:06d}-{seal(content, folder.name, str(number))[:20]}.parquet"


def _whole_slices(folder: Path) -> list[Path]:
    """The stored slices; what is not what its name says is removed."""
    whole = []
    for path in _slices(folder):
        if path.name == _slice_name(path.read_bytes(), folder, _number(path)):
            whole.append(path)
        else:
            path.unlink()
    return whole


def _store(table: pa.Table, folder: Path, number: int) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    content = sink.getvalue().to_pybytes()
    # all or nothing, and named after what is in it
    write_atomically(folder / _slice_name(content, folder, number), content)


def _add(status: tidy.Status, path: Path) -> None:
    import pyarrow.parquet as pq

    packed = json.loads(pq.read_schema(path).metadata[_STATUS])
    for name, count in packed["rows"].items():
        status.add(name, count, packed["example"].get(name))
