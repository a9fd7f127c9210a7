"""What a table is: columns with dtype, unit and description, declared once in plain Python.

The stored Parquet file, the blocking check, the column schema in the web UI and the codebook
are all derived from a `Table`. This module holds the mechanism only; each domain package
declares its own tables in its `tables.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from dti_assets.errors import TableError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Dtype = Literal["string", "int64", "float64", "bool"]

_PANDAS_DTYPE: dict[str, Any] = {
    "string": "string",
    "int64": "Int64",
    "float64": "float64",
    "bool": "boolean",
}


@cache
def pandas_dtype(dtype: Dtype) -> Any:
    """The pandas dtype of a column's dtype; all but float64 tell null from any value."""
    import pandas as pd

    return pd.api.types.pandas_dtype(_PANDAS_DTYPE[dtype])


@dataclass(frozen=True)
class Column:
    """One column: its type, unit and the rules that hold for every value."""

    name: str
    dtype: Dtype
    description: str
    unit: str | None = None
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[str, ...] | None = None

    @property
    def rule(self) -> str:
        """The column's rules in words, for the UI and the codebook."""
        return "; ".join(["may be null" if self.nullable else "never null", *self.bounds])

    @property
    def bounds(self) -> list[str]:
        """The rules about values that are there, each in words."""
        parts = []
        if self.minimum is not None:
            parts.append(f">= {self.minimum:g}")
        if self.maximum is not None:
            parts.append(f"<= {self.maximum:g}")
        if self.allowed is not None:
            parts.append("one of " + ", ".join(self.allowed))
        return parts


@dataclass(frozen=True)
class Table:
    """One table: what a row is, its columns in order, and the columns that identify a row."""

    name: str
    row: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = self.column_names
        unknown = set(self.key) - set(names)
        if len(set(names)) != len(names) or unknown:
            raise TableError(f"table {self.name}: repeated column or key outside the columns")

    @property
    def column_names(self) -> list[str]:
        return [column.name for column in self.columns]

    def __getitem__(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def frame(self, rows: Iterable[Any] | pd.DataFrame) -> pd.DataFrame:
        """Rows (dicts or a frame) as a frame with exactly the declared columns and dtypes.

        A column that is absent is null throughout; one that is not declared raises TableError,
        and so does a value that its dtype cannot hold.
        """
        import pandas as pd

        if isinstance(rows, pd.DataFrame):
            frame = rows
        else:
            rows = list(rows)
            frame = pd.DataFrame(rows) if rows else pd.DataFrame(columns=self.column_names)
        if self._is_declared(frame):
            return frame.reset_index(drop=True)
        extra = [name for name in frame.columns if name not in self.column_names]
        if extra:
            raise TableError(f"table {self.name}: undeclared column {', '.join(map(str, extra))}")
        out = {}
        for column in self.columns:
            values = (
                frame[column.name]
                if column.name in frame
                else pd.Series([None] * len(frame), index=frame.index, dtype="object")
            )
            try:
                out[column.name] = values.astype(pandas_dtype(column.dtype))
            except (TypeError, ValueError) as error:
                raise TableError(
                    f"table {self.name}, column {column.name}: not {column.dtype} ({error})"
                ) from error
        return pd.DataFrame(out, columns=self.column_names).reset_index(drop=True)

    def _is_declared(self, frame: pd.DataFrame) -> bool:
        """Whether columns and dtypes are the declared ones already, as in a stored frame."""
        return list(frame.columns) == self.column_names and all(
            dtype == pandas_dtype(column.dtype)
            for dtype, column in zip(frame.dtypes, self.columns, strict=True)
        )

    def arrow_schema(self) -> pa.Schema:
        """The stored file's schema; unit and description travel as field metadata."""
        import pyarrow as pa

        types = {
            "string": pa.string(),
            "int64": pa.int64(),
            "float64": pa.float64(),
            "bool": pa.bool_(),
        }
        return pa.schema(
            [
                pa.field(
                    column.name,
                    types[column.dtype],
                    nullable=True,
                    metadata={"unit": column.unit or "", "description": column.description},
                )
                for column in self.columns
            ]
        )

    def violations(self, frame: pd.DataFrame) -> list[str]:
        """Every broken rule in one line each; empty when the frame is as declared."""
        import pandera.pandas as pandera
        from pandera.errors import SchemaErrors

        checks = {
            column.name: pandera.Column(
                pandas_dtype(column.dtype), _pandera_checks(column), nullable=column.nullable
            )
            for column in self.columns
        }
        found = []
        try:
            pandera.DataFrameSchema(checks, strict=True).validate(frame, lazy=True)
        except SchemaErrors as errors:
            cases = errors.failure_cases
            for (name, check), group in cases.groupby(["column", "check"], dropna=False):
                sample = ", ".join(str(value) for value in group["failure_case"].head(3))
                found.append(f"{self.name}.{name}: {check} fails on {len(group)} rows ({sample})")
        if self.key and set(self.key) <= set(frame.columns):
            twice = frame[frame.duplicated(list(self.key), keep=False)]
            if len(twice):
                first = ", ".join(str(value) for value in twice.iloc[0][list(self.key)])
                found.append(
                    f"{self.name}: key ({', '.join(self.key)}) stands on more than one row: {first}"
                )
        return found


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as dicts by column name; nulls are None, numbers plain Python numbers."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for row in frame.to_dict("records"):
        rows.append({str(k): None if v is pd.NA or v != v else v for k, v in row.items()})
    return rows


def _pandera_checks(column: Column) -> list[Any]:
    import pandera.pandas as pandera

    checks = []
    if column.minimum is not None:
        checks.append(pandera.Check.ge(column.minimum))
    if column.maximum is not None:
        checks.append(pandera.Check.le(column.maximum))
    if column.allowed is not None:
        checks.append(pandera.Check.isin(column.allowed))
    return checks


# The column that identifies a time, the same in every table.
YEAR = Column("year", "int64", "calendar year", unit="year", minimum=1978, maximum=2100)
