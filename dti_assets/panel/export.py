"""The panel as CSV, Parquet, XLSX and Stata, with its codebook beside it.

Labels and units come from the schema. Equal content gives equal bytes. The text of codebooks is
in `codebook`, cells of workbooks in `workbooks`.
"""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dti_assets.panel.codebook import codebook_html, codebook_markdown, codebook_rows
from dti_assets.panel.tables import panel_table
from dti_assets.panel.template import write_workbook
from dti_assets.panel.variables import variables
from dti_assets.store.spreadsheets import csv_text
from dti_assets.units.levels import Level

if TYPE_CHECKING:
    import pandas as pd

    from dti_assets.panel.build import PanelTables

_STATA_LABEL = 80
_STATA_TEXT = 2045


def export_panel(
    built: PanelTables,
    table_coverage: pd.DataFrame,
    folder: Path,
    log_of_zero: str = "drop",
    *,
    level: Level,
) -> None:
    """Every format into `folder`, which is made where it is not there.

    `table_coverage` is the stored table of that name, which tables can run on the panel.
    panel.csv, panel.parquet, panel.xlsx (sheets panel, variables, coverage, series, tables,
    sources), panel.dta, codebook.md and codebook.html.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rule = str(log_of_zero)
    markdown = codebook_markdown(built.coverage, rule, level=level)
    (folder / "codebook.md").write_text(markdown, encoding="utf-8")
    page = codebook_html(built.coverage, rule, level=level)
    (folder / "codebook.html").write_text(page, encoding="utf-8")
    write_csv(built.panel, folder / "panel.csv")
    write_parquet(built.panel, folder / "panel.parquet", level)
    write_xlsx(built, table_coverage, folder / "panel.xlsx", level)
    write_stata(built.panel, folder / "panel.dta", level)


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """UTF-8 with a byte-order mark (Excel needs it for Chinese), full precision."""
    path.write_bytes(csv_text(frame).encode("utf-8-sig"))


def write_parquet(panel: pd.DataFrame, path: Path, level: Level) -> None:
    """Parquet whose fields carry unit and description as metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = panel_table(level).arrow_schema()
    table = pa.Table.from_pandas(panel, schema=schema, preserve_index=False)
    pq.write_table(table, path, compression="zstd")


def write_xlsx(built: PanelTables, table_coverage: pd.DataFrame, path: Path, level: Level) -> None:
    """The panel with its variables, coverage, tables that can run and sources, a sheet each."""
    codebook = codebook_rows(built.coverage, level=level)
    frames = [
        ("coverage", built.coverage),
        ("series", built.series_coverage),
        ("tables", table_coverage),
        ("sources", built.sources),
    ]
    write_workbook(
        path,
        [
            ("panel", list(built.panel.columns), built.panel.itertuples(index=False)),
            ("variables", list(codebook[0]), [list(row.values()) for row in codebook]),
            *((name, list(f.columns), f.itertuples(index=False)) for name, f in frames),
        ],
    )


def write_stata(panel: pd.DataFrame, path: Path, level: Level) -> None:
    """Stata 14 and later (format 118): labels with units; a null is missing, an empty text ''."""
    import pandas as pd

    out: dict[str, Any] = {}
    for name in panel.columns:
        values = panel[name]
        if not _is_number(values):
            out[name] = values.fillna("").astype(object)
        else:
            whole = values.dtype == "Int64" and values.notna().all()
            out[name] = values.astype("int64" if whole else "float64")
    frame = pd.DataFrame(out)
    long = [
        name
        for name in frame.columns
        if frame[name].dtype == object
        and frame[name].map(lambda text: len(text.encode())).max() > _STATA_TEXT
    ]
    data_label = f"{panel[level.code].nunique()} {level.plural} of China by year"
    frame.to_stata(
        path,
        write_index=False,
        version=118,
        variable_labels={name: stata_label(name, level) for name in frame.columns},
        data_label=data_label[:_STATA_LABEL],
        time_stamp=datetime.datetime(1980, 1, 1),
        convert_strl=long,
    )


def stata_label(name: str, level: Level) -> str:
    """Label and unit of a column in the 80 characters Stata allows."""
    column = panel_table(level)[name]
    labels = {variable.name: variable.label for variable in variables(level)}
    text = labels.get(name, column.description)
    unit = f" [{column.unit}]" if column.unit else ""
    return text[: _STATA_LABEL - len(unit)] + unit


def _is_number(values: pd.Series) -> bool:
    import pandas as pd

    return pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values)
