"""Stored tables: one Parquet file an asset, or an asset and year, written atomically.

The folder can be local or any fsspec URL. Knows tables, not Dagster.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dti_assets.files import copy_atomically, write_atomically
from dti_assets.tables import Table, TableError

if TYPE_CHECKING:
    import pandas as pd


class MissingTableError(LookupError):
    """A table, or a year of it, that has not been made; the message names it."""


@dataclass(frozen=True)
class Store:
    """Tables below `url`: data/NAME.parquet, or data/NAME/YEAR.parquet."""

    url: str

    def location(self, name: str, year: int | None = None) -> str:
        """Path or URL of a stored table."""
        tail = f"{name}.parquet" if year is None else f"{name}/{year}.parquet"
        return f"{self.url.rstrip('/')}/data/{tail}"

    def write(self, table: Table, frame: pd.DataFrame, years: Iterable[int] | None = None) -> None:
        """Store a frame with the declared columns; with `years`, one file each by its `year`.

        The bytes depend on the rows alone. Raises TableError for undeclared columns or dtypes.
        """
        frame = table.frame(frame)
        if years is None:
            self._put(self.location(table.name), _parquet(table, frame))
            return
        wanted = sorted(years)
        stray = sorted(set(frame["year"].dropna().astype(int)) - set(wanted))
        if stray:
            raise TableError(f"table {table.name}: rows of {stray[0]}, a year not asked for")
        for year in wanted:
            part = frame[frame["year"] == year].reset_index(drop=True)
            self._put(self.location(table.name, year), _parquet(table, part))

    def read(self, table: Table, years: Iterable[int] | None = None) -> pd.DataFrame:
        """The stored frame; with `years`, their files in one frame, in the order of the key.

        Raises MissingTableError naming the table and the years that are not there.
        """
        import pandas as pd

        if years is None:
            return table.frame(self._get(self.location(table.name), table.name))
        parts, missing = [], []
        for year in sorted(years):
            try:
                parts.append(self._get(self.location(table.name, year), table.name))
            except MissingTableError:
                missing.append(str(year))
        if missing:
            raise MissingTableError(
                f"table {table.name} has not been made for {', '.join(missing)}"
            )
        frame = table.frame(pd.concat(parts, ignore_index=True) if parts else [])
        first = [name for name in ("province_code", "year") if name in frame]
        return frame.sort_values(first, kind="stable", ignore_index=True) if first else frame

    def adopt(self, table: Table, made: Path) -> None:
        """Store a Parquet file made elsewhere as the table, without reading it.

        Copies, so that the file stays where its maker looks for it.
        """
        location = self.location(table.name)
        if "://" in location:
            import fsspec

            filesystem, path = fsspec.core.url_to_fs(location)
            filesystem.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
            filesystem.put_file(str(made), path)
            return
        copy_atomically(made, Path(location))

    def keep(self, folder: Path, name: str) -> list[dict[str, Any]]:
        """Put the files of a local folder below `name` ("" for the outputs themselves); rows of
        path, sha256 and bytes.

        Paths are relative to the outputs and stand in order.
        """
        rows: list[dict[str, Any]] = []
        for source in sorted(path for path in folder.rglob("*") if path.is_file()):
            content = source.read_bytes()
            path = f"{name}/{source.relative_to(folder).as_posix()}".lstrip("/")
            self._put(f"{self.url.rstrip('/')}/{path}", content)
            digest = hashlib.sha256(content).hexdigest()
            rows.append({"path": path, "sha256": digest, "bytes": len(content)})
        return rows

    def _put(self, location: str, content: bytes) -> None:
        if "://" not in location:
            write_atomically(Path(location), content)
            return
        import fsspec

        filesystem, path = fsspec.core.url_to_fs(location)
        filesystem.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
        # object stores publish an object only when it is complete
        with filesystem.open(path, "wb") as handle:
            handle.write(content)

    def _get(self, location: str, name: str) -> pd.DataFrame:
        import pyarrow.parquet as pq

        try:
            if "://" in location:
                import fsspec

                filesystem, path = fsspec.core.url_to_fs(location)
                content = filesystem.cat_file(path)
            else:
                content = Path(location).read_bytes()
        except FileNotFoundError as error:
            raise MissingTableError(f"table {name} has not been made") from error
        import pandas as pd

        frame = pq.read_table(io.BytesIO(content)).to_pandas(types_mapper=None)
        return pd.DataFrame(frame)


def _parquet(table: Table, frame: pd.DataFrame) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrow = pa.Table.from_pandas(frame, schema=table.arrow_schema(), preserve_index=False)
    # pandas' own metadata would add library versions to the bytes
    arrow = arrow.replace_schema_metadata({})
    sink = io.BytesIO()
    pq.write_table(arrow, sink, compression="zstd")
    return sink.getvalue()
