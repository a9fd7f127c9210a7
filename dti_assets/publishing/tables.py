"""The tables of the publication branch, declared once. No code that makes the files."""

from dti_assets.store.schema import Column, Table

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

REFEREE_RESPONSE = Table(
    "referee_response",
    "objection, sentence of the answer, and number in it",
    (
        Column("objection", "int64", "number of the objection; 0 for what is asked about"),
        Column("name", "string", "the objection in short"),
        Column("question", "string", "the objection as a question", nullable=True),
        Column(
            "finding",
            "string",
            "how the objection fares against the stored figures",
            nullable=True,
            allowed=("stands", "stands in part", "not borne out", "not tested"),
        ),
        Column("piece", "int64", "number of the sentence; the first is the verdict", minimum=1),
        Column(
            "state",
            "string",
            "whether the sentence holds evidence or says why there is none",
            allowed=("evidence", "not tested"),
        ),
        Column("sentence", "string", "the sentence"),
        Column("number", "int64", "which number of the sentence; 0 where it has none", minimum=0),
        Column("start", "int64", "place of its first character, from 0", "characters", True, 0),
        Column("shown", "string", "the number, or the stored words, as printed", nullable=True),
        Column("source_asset", "string", "stored table it is read from", nullable=True),
        Column("source_row", "string", "key of the row there, as JSON", nullable=True),
        Column("source_column", "string", "column there", nullable=True),
        Column("value", "float64", "the number at full precision", nullable=True),
        Column("text", "string", "the stored words, where they are no number", nullable=True),
    ),
    key=("objection", "piece", "number"),
)
REFEREE_DOCUMENTS = Table("referee_documents", "file", _COLUMNS, key=("path",))
