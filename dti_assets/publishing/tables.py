"""The tables of the publication branch, declared once. No code that makes the files."""

from dti_assets.tables import Column, Table

_COLUMNS = (
    Column("path", "string", "path below the folder of outputs"),
    Column("sha256", "string", "SHA-256 of the file"),
    Column("bytes", "int64", "size", "bytes", minimum=0),
)

TABLE_FILES = Table("tables", "file", _COLUMNS, key=("path",))
REPORT_PAGE = Table("replication_report", "file", _COLUMNS, key=("path",))
