"""What the web UI shows of a table: schema, preview, coverage map, lineage of columns."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg

from dti_assets.econ.paper.specifications import TableSpec
from dti_assets.pipeline.partitions import today
from dti_assets.pipeline.resources import Workspace
from dti_assets.pipeline.state.readers import settings
from dti_assets.store.schema import Column, Table
from dti_assets.text.checks import all_due
from dti_assets.units.levels import Level

PREVIEW_ROWS = 8
# a wider table is turned on its side: the UI has no room for it, and cuts it without a scroll bar
_WIDE, _TURNED_ROWS = 6, 3
_CELL, _TURNED_CELL = 48, 14
# in the result of a check: SHA-256 of the stored tables that it looked at, by asset, the settings
# that it looked at, by key, and when
LOOKED_AT, SETTINGS, SEASON = "looked_at", "settings", "season"
# a column made from more is not described by listing them; its lineage holds all
_FEW_SOURCES = 3


def table_schema(table: Table, lineage: Mapping[str, Sequence[str]]) -> dg.TableSchema:
    """The declaration as Dagster's column schema: unit and origin in the description, rules
    beside the type."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=column.dtype,
                description=_describe(
                    column, () if column.name in table.key else lineage.get(column.name, ())
                ),
                constraints=dg.TableColumnConstraints(
                    nullable=column.nullable,
                    unique=table.key == (column.name,),
                    other=column.bounds,
                ),
            )
            for column in table.columns
        ]
    )


def _describe(column: Column, sources: Sequence[str]) -> str:
    unit = f" [{column.unit}]" if column.unit else ""
    origin = f"; from {', '.join(sources)}" if 0 < len(sources) <= _FEW_SOURCES else ""
    return f"{column.description}{unit}{origin}"


def describe(frame: Any, **more: Any) -> dict[str, Any]:
    """Metadata of a materialisation: row count, preview, and what the caller adds; first what is
    looked at first."""
    ahead = [name for name in ("result", "plot") if name in more]
    shown: dict[str, Any] = {"dagster/row_count": len(frame)}
    shown |= {name: more[name] for name in ahead}
    shown["preview"] = preview(frame)
    return shown | more


def described(frame: Any, **more: Any) -> dg.MaterializeResult[Any]:
    """A frame to store, with its metadata."""
    return dg.MaterializeResult(value=frame, metadata=describe(frame, **more))


def finished(
    workspace: Workspace, table: Table, frame: Any, sentence: str, **more: Any
) -> dg.MaterializeResult[Any]:
    """A frame to store, with a sentence about it for whoever waits and for the asset's page."""
    workspace.progress.summary(table.name, sentence)
    return described(frame, result=sentence, **more)


def output(table: Table, frame: Any, **more: Any) -> dg.Output[Any]:
    """A frame to store, with its metadata, of several tables that are made together."""
    return dg.Output(frame, output_name=table.name, metadata=describe(frame, **more))


def describe_year(
    context: dg.AssetExecutionContext, table: Table, year: int, frame: Any, **figures: Any
) -> None:
    """Metadata of one year of a yearly table, in the place of what describe says of all years of
    the run: Dagster copies that to the event of every year."""
    context.add_asset_metadata(
        describe(frame, **figures), asset_key=table.name, partition_key=str(year)
    )


def looked_at(
    workspace: Workspace, names: Iterable[str], keys: Iterable[str] = ()
) -> dict[str, Any]:
    """Metadata of a check's result: it holds as long as these tables, the settings of these keys
    of study.yaml, and the season, last."""
    tables = {name: workspace.checksum(name) for name in names}
    chosen = settings(workspace.study)
    return {LOOKED_AT: tables, SETTINGS: {key: chosen[key] for key in keys}, SEASON: season()}


def season() -> str:
    """What of today's date moves a result: the year, after which a patent's date is none, here and
    where the reports are given, and whether the year's reports are all due there."""
    there = today()
    due = "all reports due" if all_due(there) else "reports to come"
    return f"{date.today().year}, {there.year} in China, {due}"


class Described:
    """What describe says of a table made in parts that are not kept: each part is `add`ed."""

    def __init__(self) -> None:
        self.rows = 0
        self.first: Any = None

    def add(self, frame: Any) -> None:
        self.rows += len(frame)
        # no more rows are shown than a preview has
        if self.first is None or len(self.first) == 0:
            self.first = frame.head(PREVIEW_ROWS).copy()

    def metadata(self, **more: Any) -> dict[str, Any]:
        return describe(self.first, **more) | {"dagster/row_count": self.rows}


def preview(frame: Any) -> dg.TableMetadataValue:
    """The first rows as a table; of a wide frame one line a column, its values beside it."""
    names = list(map(str, frame.columns))
    wide = len(names) > _WIDE
    rows = list(frame.head(_TURNED_ROWS if wide else PREVIEW_ROWS).itertuples(index=False))
    if wide:
        heads = ["column", *(f"row {number}" for number in range(1, len(rows) + 1))]
        cells = [
            [name, *(_cell(row[place], _TURNED_CELL) for row in rows)]
            for place, name in enumerate(names)
        ]
    else:
        heads, cells = names, [[_cell(value) for value in row] for row in rows]
    return dg.MetadataValue.table(
        records=[dg.TableRecord(dict(zip(heads, line, strict=True))) for line in cells],
        schema=dg.TableSchema(columns=[dg.TableColumn(head) for head in heads]),
    )


def lineage_metadata(lineage: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    """What each column is made from ("table.column"), as Dagster's column lineage."""
    if not lineage:
        return {}
    deps = {
        column: [
            dg.TableColumnDep(asset_key=dg.AssetKey(table), column_name=name)
            for table, _, name in (source.partition(".") for source in sources)
        ]
        for column, sources in lineage.items()
    }
    return {"dagster/column_lineage": dg.TableColumnLineage(deps)}


def markdown_table(frame: Any) -> str:
    """A frame as a Markdown table; long cells are cut, nulls are empty."""
    lines = [
        "| " + " | ".join(map(str, frame.columns)) + " |",
        "|" + " --- |" * len(frame.columns),
    ]
    for row in frame.itertuples(index=False):
        lines.append("| " + " | ".join(escaped(_cell(value)) for value in row) + " |")
    return "\n".join(lines)


_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_MARKDOWN = re.compile(r"[\\`*\[\]<|]|(?<!\w)_|_(?!\w)|~~|^(?=>|(?:#+|[+-]|\d+[.)])\s)")


def readable(text: str) -> str:
    """Text of users in one line, in which no character moves or hides others."""
    return _CONTROLS.sub("\ufffd", re.sub(r"\s", " ", text))


def escaped(text: str) -> str:
    """Text of users as Markdown that shows it as it is: no link, no picture, no emphasis."""
    return _MARKDOWN.sub(lambda mark: f"\\{mark[0]}", readable(text))


def unescaped(text: str) -> str:
    """The text that `escaped` made Markdown of."""
    return re.sub(r"\\([\\`*\[\]<|_~#>+\d-])", r"\1", text)


def _cell(value: Any, room: int = _CELL) -> str:
    import pandas as pd

    if value is None or value is pd.NA or value != value:
        return ""
    text = f"{value:.6g}" if isinstance(value, float) else readable(str(value))
    return text if len(text) <= room else text[: room - 1] + "…"


def coverage_map(frame: Any, years: Sequence[int], level: Level) -> str:
    """Units by years as a Markdown table: ● from a text, ○ published, blank for none."""
    marks = {"text": "●", "published": "○"}
    rows = zip(frame[level.name], frame["year"], frame["origin"], strict=True)
    mark = {(name, year): marks.get(str(origin), " ") for name, year, origin in rows}
    lines = [
        "| | " + " | ".join(str(year)[2:] for year in years) + " |",
        "|" + " --- |" * (len(years) + 1),
    ]
    for name in dict.fromkeys(frame[level.name]):
        cells = [mark.get((name, year), " ") for year in years]
        lines.append(f"| {escaped(str(name))} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n\n● counted on a report, ○ published count, blank: missing"


# below the title of a table of the paper, by its kind; {units} stands for the level's noun
_HOW_TO_READ = {
    "coefficients": (
        "All columns of the printed table below each other: `column` and `term` say which "
        "coefficient, `regression_table` below shows them side by side. Read `label` first: it "
        "is Table n only where the data are complete, On (an illustration, not a replication) "
        "where not, Sn where they are simulated. Stars follow `p_wild`, the wild cluster "
        "bootstrap, of a key term whose errors are clustered; else the t-test, of an instrumented "
        "regressor Anderson-Rubin."
    ),
    "descriptives": (
        "Mean, spread and number of values of each variable; `std_within` is what is left of "
        "the spread once {units} and years have their own means. Read `label` first: it is "
        "Table n only where the data are complete, On (an illustration) where not, Sn where they "
        "are simulated."
    ),
}


def describe_table(spec: TableSpec, level: Level) -> str:
    """The description of the asset that a table specification becomes."""
    title = f"Table {spec.table}. {spec.title}. {' '.join(spec.notes)}".strip()
    return f"{title}\n\n{level.words(_HOW_TO_READ[spec.kind])}"
