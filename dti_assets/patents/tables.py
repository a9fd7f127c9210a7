"""The tables of the patents branch, declared once. No code that computes them."""

from dti_assets.tables import PROVINCE, PROVINCE_CODE, YEAR, Column, Table

TECHNOLOGIES = ("ai", "blockchain", "cloud", "big_data", "iot")
KINDS = ("invention", "utility_model", "design")
ORIGINS = ("mainland", "hong_kong", "macau", "taiwan", "foreign", "unknown")

_REASON = Column("reason", "string", "why a value is null", nullable=True)

DIGITAL_PATENTS = Table(
    "digital_patents",
    "patent application",
    (
        Column("application_no", "string", "application number, else publication number"),
        Column("kind", "string", "kind of patent", nullable=True, allowed=KINDS),
        Column("application_year", "int64", "year of application", unit="year", nullable=True),
        Column("grant_year", "int64", "year of grant", unit="year", nullable=True),
        Column("province_code", "int64", "GB/T 2260 code of the first applicant", nullable=True),
        Column("origin", "string", "where the first applicant is", allowed=ORIGINS),
        *(Column(t, "bool", f"any {t} term in title or abstract") for t in TECHNOLOGIES),
        Column("digital", "bool", "any of the five technologies"),
        *(
            Column(f"ipc_{t}", "bool", f"IPC list of {t}; null without a list", nullable=True)
            for t in TECHNOLOGIES
        ),
        Column("truncated", "bool", "application in the 18 months before the extract's date"),
    ),
    key=("application_no",),
)

PATENT_COUNTS = Table(
    "patent_counts",
    "province-year",
    (
        PROVINCE_CODE,
        PROVINCE,
        YEAR,
        Column("applications", "int64", "digital applications", "patents", minimum=0),
        Column("grants", "int64", "digital grants by grant year", "patents", True, minimum=0),
        *(
            Column(t, "int64", f"applications in {t}", "patents", nullable=True, minimum=0)
            for t in TECHNOLOGIES
        ),
        Column("truncated", "bool", "the year overlaps the extract's last 18 months"),
        Column("basis", "string", "where counts come from", allowed=("keywords", "user_counts")),
    ),
    key=("province_code", "year"),
)

DTI = Table(
    "dti",
    "province-year",
    (
        PROVINCE_CODE,
        PROVINCE,
        YEAR,
        Column("applications_per_million", "float64", "digital applications", "per million", True),
        Column("DTIn", "float64", "ln(1 + applications_per_million)", "log", nullable=True),
        Column("grants_per_million", "float64", "digital grants", "per million", nullable=True),
        Column("DTIG", "float64", "ln(1 + grants_per_million)", "log", nullable=True),
        Column(
            "INVn", "float64", "ln(1 + official invention applications per million)", "log", True
        ),
        Column("basis", "string", "keywords, user_counts or official_inventions", nullable=True),
        _REASON,
    ),
    key=("province_code", "year"),
)

ROW_STATUS = Table(
    "patent_row_status",
    "file and status",
    (
        Column("file", "string", "file name"),
        Column("status", "string", "what was found"),
        Column("rows", "int64", "rows with this status", minimum=0),
        Column("example", "string", "a key or sentence to look up", nullable=True),
    ),
    key=("file", "status"),
)
