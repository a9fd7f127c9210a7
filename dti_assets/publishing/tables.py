"""The tables of the publication branch, declared once. No code that makes the files."""

from dti_assets.tables import Column, Table

_COLUMNS = (
    Column("path", "string", "path below the folder of outputs"),
    Column("sha256", "string", "SHA-256 of the file"),
    Column("bytes", "int64", "size", "bytes", minimum=0),
)

TABLE_FILES = Table("tables", "file", _COLUMNS, key=("path",))
REPORT_PAGE = Table("replication_report", "file", _COLUMNS, key=("path",))

FIGURE_FILES = Table(
    "figures",
    "figure and format",
    (
        Column("figure", "string", "name of the figure"),
        Column("title", "string", "what it shows"),
        Column("format", "string", "format of the file", allowed=("pdf", "png", "svg")),
        Column("path", "string", "path below the folder of outputs", nullable=True),
        Column("sha256", "string", "SHA-256 of the file", nullable=True),
        Column("bytes", "int64", "size", "bytes", nullable=True, minimum=0),
        Column("alt", "string", "the finding in words and numbers", nullable=True),
        Column("reason", "string", "why there is no file", nullable=True),
    ),
    key=("figure", "format"),
)
