"""Parquet and Stata files as batches of rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dti_assets.errors import PatentSourceError
from dti_assets.patents.formats import after, broken, first_line, is_recognised, unique_names
from dti_assets.patents.tidy import Status
from dti_assets.units.levels import Level

if TYPE_CHECKING:
    import pyarrow as pa

# the last format whose texts have no encoding of their own
_STATA_WITHOUT_UNICODE = 117
# what pandas raises at a damaged file, whose parts it takes to be as they should
_STATA_ERRORS = (OSError, EOFError, ValueError, KeyError, IndexError, TypeError, OverflowError,
                 MemoryError, AttributeError, NotImplementedError)  # fmt: skip


@dataclass
class ParquetSource:
    path: Path
    label: str
    names: list[str]
    malformed: list[int] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    status: Status = field(default_factory=Status)

    def batches(self, columns: list[str], rows: int, start: int = 0) -> Iterator[pa.Table]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        read = 0
        try:
            # a buffer instead of whole column chunks: memory does not grow with the row group
            with pq.ParquetFile(self.path, buffer_size=1 << 20, pre_buffer=False) as file:
                groups = list(range(file.num_row_groups))
                while groups and read + file.metadata.row_group(groups[0]).num_rows <= start:
                    read += file.metadata.row_group(groups.pop(0)).num_rows
                for batch in file.iter_batches(rows, row_groups=groups, columns=columns):
                    yield from after(start - read, pa.Table.from_batches([batch]).select(columns))
                    read += batch.num_rows
        except (OSError, pa.ArrowException) as error:
            raise broken(self.label, read, error) from error


def open_parquet(path: Path, label: str) -> ParquetSource:
    """Open a Parquet file. Raises PatentSourceError where it cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        names = list(pq.read_schema(path).names)
    except (OSError, pa.ArrowException, UnicodeError) as error:
        said = first_line(error)
        raise PatentSourceError(f"{label}: not a readable Parquet file ({said})") from error
    for name in names:
        if names.count(name) > 1:
            # Arrow reads none of them by that name
            raise PatentSourceError(
                f"{label}: {names.count(name)} columns are called {name}; rename or leave out all "
                "but one"
            )
    return ParquetSource(path, label, names)


@dataclass
class StataSource:
    """A Stata file. `variables` are its columns by the names used here: those of the variables, or
    their labels where these are the ones that are known."""

    path: Path
    label: str
    names: list[str]
    variables: list[str]
    version: int
    labels: dict[str, dict[Any, str]]
    malformed: list[int] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    status: Status = field(default_factory=Status)

    def batches(self, columns: list[str], rows: int, start: int = 0) -> Iterator[pa.Table]:
        import pyarrow as pa

        read = 0
        variable = dict(zip(self.names, self.variables, strict=True))
        wanted = [variable[name] for name in columns]
        try:
            with _stata(self.path, rows) as reader:
                for frame in reader:
                    data = [self._values(frame[name], name) for name in wanted]
                    table = pa.table([pa.array(d, pa.string()) for d in data], names=columns)
                    yield from after(start - read, table)
                    read += len(frame)
        except _STATA_ERRORS as error:
            raise broken(self.label, read, error) from error

    def _values(self, column: Any, name: str) -> list[str | None]:
        labels = self.labels.get(name, {})
        return [_stata_text(value, labels, self.version) for value in column.tolist()]


def open_stata(
    path: Path, label: str, extra: Mapping[str, str | Sequence[str]] | None, *, level: Level
) -> StataSource:
    """Open a Stata file of any version. Raises PatentSourceError where it cannot be read."""
    try:
        with _stata(path, None) as reader:
            titles = reader.variable_labels()
            version = int(reader._format_version)
            value_labels = reader.value_labels()
            sets = dict(zip(reader._varlist, reader._lbllist, strict=True))
    except _STATA_ERRORS as error:
        said = first_line(error)
        raise PatentSourceError(f"{label}: not a readable Stata file ({said})") from error
    variables = list(titles)
    names = [_recoded(name, version) for name in variables]
    if not is_recognised(names, label, extra, level):
        shown = [_recoded(titles[name], version).strip() or name for name in variables]
        names = shown if is_recognised(shown, label, extra, level) else names
    labels = {
        name: {value: _recoded(text, version) for value, text in value_labels[used].items()}
        for name, used in sets.items()
        if used in value_labels
    }
    return StataSource(path, label, unique_names(names), variables, version, labels)


def _stata(path: Path, rows: int | None) -> Any:
    import pandas as pd

    # categories fail where two values have one label
    return pd.read_stata(path, iterator=True, chunksize=rows or 1, convert_categoricals=False)


def _stata_text(value: Any, labels: Mapping[Any, str], version: int) -> str | None:
    if value is None or value != value:
        return None
    if value in labels:
        return labels[value]
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return _recoded(value, version) if isinstance(value, str) else str(value)


def _recoded(text: str, version: int) -> str:
    """A text of a version that knew no encodings, which pandas takes for Latin 1."""
    if version > _STATA_WITHOUT_UNICODE or text.isascii():
        return text
    try:
        raw = text.encode("latin-1")
    except UnicodeEncodeError:
        return text
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return text
