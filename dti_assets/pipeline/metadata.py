"""What the web UI shows of a table: schema, row count, preview, coverage map."""

from collections.abc import Iterable
from typing import Any

import dagster as dg

from dti_assets.tables import Column, Table

PREVIEW_ROWS = 8
_CELL = 48


def table_schema(table: Table) -> dg.TableSchema:
    """The declaration as Dagster's column schema."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=column.dtype,
                description=_describe(column),
                constraints=dg.TableColumnConstraints(
                    nullable=column.nullable, unique=table.key == (column.name,)
                ),
            )
            for column in table.columns
        ]
    )


def _describe(column: Column) -> str:
    unit = f" [{column.unit}]" if column.unit else ""
    return f"{column.description}{unit}; {column.rule}"


def describe(table: Table, frame: Any, **more: Any) -> dict[str, Any]:
    """Metadata of a materialisation: row count, preview, and what the caller adds."""
    return {
        "dagster/row_count": len(frame),
        "preview": dg.MetadataValue.md(markdown_table(frame.head(PREVIEW_ROWS))),
        **more,
    }


def markdown_table(frame: Any) -> str:
    """A frame as a Markdown table; long cells are cut, nulls are empty."""
    lines = [
        "| " + " | ".join(map(str, frame.columns)) + " |",
        "|" + " --- |" * len(frame.columns),
    ]
    for row in frame.itertuples(index=False):
        lines.append("| " + " | ".join(_cell(value) for value in row) + " |")
    return "\n".join(lines)


def _cell(value: Any) -> str:
    import pandas as pd

    if value is None or value is pd.NA or value != value:
        return ""
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    text = text.replace("|", "\\|").replace("\n", " ")
    return text if len(text) <= _CELL else text[: _CELL - 1] + "…"


def coverage_map(frame: Any, years: Iterable[int]) -> str:
    """Provinces by years as a Markdown table: ● from a text, ○ published, blank for none."""
    marks = {"text": "●", "published": "○"}
    mark = {(r.province, r.year): marks.get(str(r.origin), " ") for r in frame.itertuples()}
    years = list(years)
    lines = [
        "| | " + " | ".join(str(year)[2:] for year in years) + " |",
        "|" + " --- |" * (len(years) + 1),
    ]
    for province in dict.fromkeys(frame["province"]):
        cells = [mark.get((province, year), " ") for year in years]
        lines.append(f"| {province} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n\n● counted on a report, ○ published count, blank: missing"
