"""Stored tables: one Parquet file an asset, or an asset and year, never seen half written.

The folder can be local or any fsspec URL. Knows tables, not Dagster.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dti_assets.errors import DamagedTableError, MissingTableError, TableError
from dti_assets.store.files import copy_atomically, write_atomically, write_error
from dti_assets.store.schema import Table, pandas_dtype

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Store:
    """Tables below `url`: data/NAME.parquet, or data/NAME/YEAR.parquet."""

    url: str

    def location(self, name: str, year: int | None = None) -> str:
        """Path or URL of a stored table; a path where the URL is one of this machine's files."""
        tail = f"{name}.parquet" if year is None else f"{name}/{year}.parquet"
        return self._location(f"data/{tail}")

    @property
    def folder(self) -> str:
        """Path or URL of the folder; a path where the URL is one of this machine's folders."""
        if self.url.startswith(("file://", "local://")):
            import fsspec

            return str(fsspec.core.url_to_fs(self.url)[1])
        return self.url.rstrip("/")

    def _location(self, below: str) -> str:
        return f"{self.folder}/{below}"

    def has(self, table: Table, year: int | None = None) -> bool:
        """Whether the table, or the year of it, has been made."""
        location = self.location(table.name, year)
        if "://" not in location:
            return Path(location).is_file()
        filesystem, path = _filesystem(location)
        return bool(filesystem.isfile(path))

    def write(self, table: Table, frame: pd.DataFrame, years: Iterable[int] | None = None) -> None:
        """Store a frame with the declared columns; with `years`, one file each by its `year`.

        The bytes depend on the rows alone. Raises TableError for undeclared columns or dtypes.
        """
        frame = table.frame(frame)
        if years is None:
            _put(self.location(table.name), _parquet(table, frame))
            return
        wanted = sorted(years)
        stray = sorted(set(frame["year"].dropna().astype(int)) - set(wanted))
        if stray:
            raise TableError(f"table {table.name}: rows of {stray[0]}, a year not asked for")
        for year in wanted:
            part = frame[frame["year"] == year].reset_index(drop=True)
            _put(self.location(table.name, year), _parquet(table, part))

    def read(self, table: Table, years: Iterable[int] | None = None) -> pd.DataFrame:
        """The stored frame; with `years`, their files in one frame, in the order of the key up to
        the year.

        Raises MissingTableError naming the table and the years that are not there,
        DamagedTableError for a file that cannot be read, and TableError for one that another
        version of the program made: a column it does not declare, or another type.
        """
        import pandas as pd

        if years is None:
            return table.frame(_get(self.location(table.name), table.name))
        parts, missing = [], []
        for year in sorted(years):
            try:
                parts.append(_get(self.location(table.name, year), f"{table.name} of {year}"))
            except MissingTableError:
                missing.append(str(year))
        if missing:
            raise MissingTableError(
                f"table {table.name} has not been made for {', '.join(missing)}"
            )
        frame = table.frame(pd.concat(parts, ignore_index=True) if parts else [])
        first = [*table.key[: table.key.index("year")], "year"] if "year" in table.key else []
        return frame.sort_values(first, kind="stable", ignore_index=True) if first else frame

    def adopt(self, table: Table, made: Path) -> None:
        """Store a Parquet file made elsewhere as the table, without reading it.

        Copies, so that the file stays where its maker looks for it.
        """
        location = self.location(table.name)
        if "://" not in location:
            copy_atomically(made, Path(location))
            return
        with _remote(location) as (filesystem, temporary):
            filesystem.put_file(str(made), temporary)

    def keep(
        self, folder: Path, name: str, former: Iterable[tuple[str, str]] = ()
    ) -> list[dict[str, Any]]:
        """Put the files of a local folder below `name` ("" for the outputs themselves); rows of
        path, sha256 and bytes.

        Paths are relative to the outputs and stand in order. `former` is the record of an earlier
        run, path and sha256: what it made below `name` and this run did not is removed, unless
        its content has changed since and is somebody's own.
        """
        rows: list[dict[str, Any]] = []
        for source in sorted(path for path in folder.rglob("*") if path.is_file()):
            content = source.read_bytes()
            path = f"{name}/{source.relative_to(folder).as_posix()}".lstrip("/")
            _put(self._location(path), content)
            digest = hashlib.sha256(content).hexdigest()
            rows.append({"path": path, "sha256": digest, "bytes": len(content)})
        made = {row["path"] for row in rows}
        for path, digest in former:
            inside = path.startswith(f"{name}/") and ".." not in path.split("/")
            if inside and path not in made:
                _remove(self._location(path), digest)
        return rows

    def kept(self, path: str, digest: str, asset: str) -> bytes:
        """Content of a file that `keep` put there: `path` and SHA-256 as the record of `asset` has
        them. Raises MissingTableError where it is gone or is another one by now."""
        try:
            with _opened(self._location(path)) as file:
                content: bytes = file.read()
        except FileNotFoundError:
            content = b""
        if hashlib.sha256(content).hexdigest() != digest:
            raise MissingTableError(
                f"{path} is not the file that asset {asset} made; run dti run --select {asset}"
            )
        return content

    def file_sha256(self, path: str) -> str | None:
        """SHA-256 of a file that `keep` put at this path; None where it is gone."""
        try:
            with _opened(self._location(path)) as file:
                return hashlib.sha256(file.read()).hexdigest()
        except FileNotFoundError:
            return None

    def note(self, name: str, text: str, year: int | None = None) -> None:
        """Keep a note beside a table, or a year of one."""
        _put(self._note(name, year), text.encode())

    def noted(self, name: str, year: int | None = None) -> str | None:
        """The note beside a table; None where there is none."""
        try:
            with _opened(self._note(name, year)) as file:
                return bytes(file.read()).decode("utf-8", "replace")
        except FileNotFoundError:
            return None

    def _note(self, name: str, year: int | None) -> str:
        tail = f"{name}.json" if year is None else f"{name}/{year}.json"
        return self._location(f"data/made_from/{tail}")

    def recorded(self, table: Table) -> list[tuple[str, str]]:
        """Path and sha256 of the files that a stored record names; empty where there is none."""
        try:
            rows = self.read(table).dropna(subset=["path", "sha256"])
        except (MissingTableError, DamagedTableError, TableError):
            return []
        return list(zip(rows["path"].astype(str), rows["sha256"].astype(str), strict=True))

    def checksum(self, table: Table, years: Iterable[int] | None = None) -> str | None:
        """SHA-256 of a stored table's file, or of those of `years` one after the other; None
        where a file has not been made."""
        digest = hashlib.sha256()
        for year in [None] if years is None else sorted(years):
            if not self.has(table, year):
                return None
            with _opened(self.location(table.name, year)) as file:
                while chunk := file.read(1 << 20):
                    digest.update(chunk)
        return digest.hexdigest()


# what pip installs for the protocols that people keep tables behind
_DRIVERS = {
    **dict.fromkeys(("s3", "s3a"), "s3fs"),
    **dict.fromkeys(("gs", "gcs"), "gcsfs"),
    **dict.fromkeys(("abfs", "abfss", "az", "adl"), "adlfs"),
    **dict.fromkeys(("sftp", "ssh"), "paramiko"),
    "oss": "ossfs",
    "smb": "smbprotocol",
}
# these hold nothing once a command has ended, or take no files
_NO_PLACES = {
    "memory": "what is kept there is gone when the command ends",
    **dict.fromkeys(("http", "https", "github", "zip", "data"), "it takes no files"),
}


def place_fault(url: str) -> str | None:
    """Why no tables can be kept behind a URL, which is not repeated, for it may hold a password:
    nothing stays there, nobody knows its protocol, or the package that speaks it is missing."""
    import fsspec

    protocol = url.partition("://")[0].rpartition("::")[2]
    if protocol in _NO_PLACES:
        return (
            f"{protocol}:// is no place for tables, {_NO_PLACES[protocol]}; name a folder, or the "
            "URL of a store such as s3://bucket/study"
        )
    try:
        fsspec.get_filesystem_class(protocol)
    except ImportError as error:
        package = _DRIVERS.get(protocol)
        how = f"pip install {package}" if package else str(error)
        return f"the package that reads {protocol}:// is missing: {how}"
    except ValueError:
        return f"{protocol}:// is no protocol that is known"
    return None


def _filesystem(location: str) -> tuple[Any, str]:
    """The file system of a URL, and the path there. Raises TableError where it has none here."""
    import fsspec

    try:
        filesystem, path = fsspec.core.url_to_fs(location)
    except (ImportError, ValueError) as error:
        raise TableError(place_fault(location) or str(error)) from error
    return filesystem, str(path)


def _put(location: str, content: bytes) -> None:
    if "://" not in location:
        write_atomically(Path(location), content)
        return
    with _remote(location) as (filesystem, temporary):
        filesystem.pipe_file(temporary, content)


def _remove(location: str, digest: str) -> None:
    """Remove the file if it is there and still has this SHA-256."""
    try:
        with _opened(location) as file:
            if hashlib.sha256(file.read()).hexdigest() != digest:
                return
    except FileNotFoundError:
        return
    if "://" not in location:
        Path(location).unlink(missing_ok=True)
        return
    filesystem, path = _filesystem(location)
    filesystem.rm_file(path)


def _opened(location: str) -> Any:
    """The file, open for reading bytes."""
    if "://" not in location:
        return Path(location).open("rb")
    filesystem, path = _filesystem(location)
    return filesystem.open(path, "rb")


@contextmanager
def _remote(location: str) -> Iterator[tuple[Any, str]]:
    """A file system and a key beside `location` to write to, moved there when all went well.

    Not every file system shows a file only when it is complete, so none is trusted to.
    """
    filesystem, path = _filesystem(location)
    folder, _, name = path.rpartition("/")
    temporary = f"{folder}/.{name}.{os.getpid()}.{secrets.token_hex(4)}"
    try:
        filesystem.makedirs(folder, exist_ok=True)
        yield filesystem, temporary
        filesystem.mv(temporary, path)
    except BaseException as error:
        if filesystem.exists(temporary):
            filesystem.rm_file(temporary)
        if isinstance(error, OSError):
            raise write_error(folder, error) from error
        raise


def _get(location: str, name: str) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with _opened(location) as file:
            content = file.read()
    except FileNotFoundError as error:
        raise MissingTableError(f"table {name} has not been made") from error
    try:
        # the file by itself takes half the time of a dataset of one file
        stored = pq.ParquetFile(pa.BufferReader(content)).read(use_threads=False)
        frame = stored.to_pandas(types_mapper=_pandas_types().get, use_threads=False)
    except (pa.ArrowException, OSError) as error:
        # some of pyarrow's messages go on with advice over several lines
        why = str(error).split("\n")[0].split(". ")[0].rstrip(".") or type(error).__name__
        raise DamagedTableError(f"table {name} is damaged ({why}); run dti run") from error
    return pd.DataFrame(frame)


@cache
def _pandas_types() -> dict[Any, Any]:
    """The dtype a table declares for each type of a stored column."""
    import pyarrow as pa

    return {
        pa.string(): pandas_dtype("string"),
        pa.int64(): pandas_dtype("int64"),
        pa.bool_(): pandas_dtype("bool"),
    }


def _parquet(table: Table, frame: pd.DataFrame) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrow = pa.Table.from_pandas(frame, schema=table.arrow_schema(), preserve_index=False)
    # pandas' own metadata would add library versions to the bytes
    arrow = arrow.replace_schema_metadata({})
    sink = io.BytesIO()
    pq.write_table(arrow, sink, compression="zstd")
    return sink.getvalue()
