"""The tables of the patents branch, declared once. No code that computes them."""

from dataclasses import replace
from functools import cache

from dti_assets.store.schema import YEAR, Column, Table
from dti_assets.units.levels import UNIT, UNIT_CODE, Level

TECHNOLOGIES = ("ai", "blockchain", "cloud", "big_data", "iot")
KINDS = ("invention", "utility_model", "design")
ORIGINS = ("mainland", "hong_kong", "macau", "taiwan", "foreign", "unknown")

BASES = ("keywords", "user_counts")

# Every status a row, a file or an application can have, in words; those of a level: statuses.
STATUSES = {
    "rows": "rows read",
    "file_unreadable": "the file cannot be read; none of its rows count",
    "column_missing": "a required column is missing; none of the file's rows count",
    "file_empty": "the file has no row",
    "sheet_unread": "no column is recognised in the sheet's first ten rows; none of its rows count",
    "sheet_hidden": "a hidden sheet beside one that holds patents: not read",
    "sheet_hidden_read": "a hidden sheet, read because no other sheet holds patents",
    "column_unread": "columns that seem to matter under names that are not known: not read",
    "malformed": "the row has another number of fields than the header and is left out",
    "header_repeated": "the header again among the rows: left out",
    "row_empty": "nothing in any column that is read: left out",
    "quote_open": "a quotation mark that nothing closes: read as part of the text",
    "characters_lost": "bytes that are no characters, or were lost before (U+FFFD): read without",
    "no_text": "neither title nor abstract: in no technology",
    "no_abstract": "classified on the title alone",
    "no_number": "neither application nor publication number: counted as an application of its own",
    "number_damaged": "a number without its last digits (in scientific notation, as spreadsheet "
    "programs write it, or in single precision): not used; export that column as text",
    "kind_unknown": "neither type nor number says the kind of patent",
    "kind_not_counted": "a row of counts of no known kind (a total beside the kinds): left out",
    "application_date_unreadable": "the application date is no date of the years 1985 to this one",
    "publication_date_unreadable": "the publication date is no date of the years 1985 to this one",
    "grant_date_unreadable": "the grant date is no date of the years 1985 to this one",
    "grant_undated": "granted, but no date says when: in no year of grant",
    "year_from_number": "no application date; the year is the application number's",
    "year_unknown": "no year of application: in no {unit}-year",
    "{unit}_unknown": "applicant neither in a known {unit} nor abroad: in no {unit}-year",
    "{unit}_and_address_disagree": "the address's {unit} counts, not the {unit} column's",
    "hong_kong": "first applicant in Hong Kong: counted apart",
    "macau": "first applicant in Macau: counted apart",
    "taiwan": "first applicant in Taiwan: counted apart",
    "foreign": "first applicant abroad: counted apart",
    "flag_unreadable": "the digital flag is neither yes nor no: counted as not digital",
    "value_unreadable": "a count that is no number of patents: null",
    "year_unreadable": "a row of counts without a year: left out",
    "applications": "applications in the extract, each once",
    "several_rows": "rows beyond the first of an application (publication and grant, repetitions)",
    "duplicates_disagree": "applications whose rows contradict each other; the first row counts",
}

# what a status counts that is not used, by what it counts
LEFT_OUT = {
    "patent files": ("file_unreadable", "column_missing", "file_empty"),
    "patent sheets": ("sheet_unread", "sheet_hidden"),
    "patent columns": ("column_unread",),
    "patent rows": (
        *("malformed", "row_empty", "no_text", "year_unknown", "{unit}_unknown", "grant_undated"),
        *("hong_kong", "macau", "taiwan", "foreign", "flag_unreadable", "value_unreadable"),
        *("year_unreadable", "kind_not_counted"),
    ),
}


@cache
def statuses(level: Level) -> dict[str, str]:
    """Return every status in words, as they are called at this level."""
    return {level.words(name): level.words(meaning) for name, meaning in STATUSES.items()}


_REASON = Column("reason", "string", "why a value is null", nullable=True)

DIGITAL_PATENTS = Table(
    "digital_patents",
    "patent application",
    (
        Column("application_no", "string", "application number, else publication number"),
        Column("kind", "string", "kind of patent", nullable=True, allowed=KINDS),
        Column("application_year", "int64", "year of application", unit="year", nullable=True),
        Column("grant_year", "int64", "year of grant", unit="year", nullable=True),
        replace(UNIT_CODE, nullable=True, description="code of the first applicant's {unit}"),
        Column("origin", "string", "where the first applicant is", allowed=ORIGINS),
        *(
            Column(t, "bool", f"any {t} term in title or abstract", nullable=True)
            for t in TECHNOLOGIES
        ),
        Column("digital", "bool", "any of the five technologies"),
        *(
            Column(f"ipc_{t}", "bool", f"IPC list of {t}; null without a list", nullable=True)
            for t in TECHNOLOGIES
        ),
        Column(
            "truncated",
            "bool",
            "application in the 18 months before the extract's date; null where neither is known",
            nullable=True,
        ),
    ),
    key=("application_no",),
)

_ALL = Column(
    "all_applications", "int64", "applications of any field", "patents", nullable=True, minimum=0
)

PATENT_COUNTS = Table(
    "patent_counts",
    "{unit}-year",
    (
        UNIT_CODE,
        UNIT,
        YEAR,
        Column("applications", "int64", "digital applications", "patents", True, minimum=0),
        Column("grants", "int64", "digital grants by grant year", "patents", True, minimum=0),
        *(
            Column(t, "int64", f"applications in {t}", "patents", nullable=True, minimum=0)
            for t in TECHNOLOGIES
        ),
        _ALL,
        Column("truncated", "bool", "the year overlaps the extract's last 18 months", None, True),
        Column("basis", "string", "where counts come from", allowed=BASES),
        _REASON,
    ),
    key=("{unit}_code", "year"),
)

# Everything in the extract, also what no year of a unit can hold: nothing is lost silently.
PATENT_TOTALS = Table(
    "patent_totals",
    "origin and year",
    (
        Column(
            "origin",
            "string",
            "mainland (one of the {units}), mainland_unplaced, or where else",
            allowed=(*ORIGINS, "mainland_unplaced"),
        ),
        Column("year", "int64", "calendar year; null where it is unknown", "year", nullable=True),
        Column("applications", "int64", "digital applications", "patents", True, minimum=0),
        Column("grants", "int64", "digital grants of the year", "patents", True, minimum=0),
        *(
            Column(t, "int64", f"applications in {t}", "patents", nullable=True, minimum=0)
            for t in TECHNOLOGIES
        ),
        *(
            Column(
                f"ipc_{t}",
                "int64",
                f"applications with an IPC code of {t}; null without a list",
                "patents",
                nullable=True,
                minimum=0,
            )
            for t in TECHNOLOGIES
        ),
        _ALL,
        Column("truncated", "bool", "the year overlaps the extract's last 18 months", None, True),
    ),
    key=("origin", "year"),
)

DTI = Table(
    "dti",
    "{unit}-year",
    (
        UNIT_CODE,
        UNIT,
        YEAR,
        Column("applications_per_million", "float64", "digital applications", "per million", True),
        Column("DTIn", "float64", "ln(1 + applications_per_million)", "log", nullable=True),
        Column("grants_per_million", "float64", "digital grants", "per million", nullable=True),
        Column("DTIG", "float64", "ln(1 + grants_per_million)", "log", nullable=True),
        Column(
            "INVn",
            "float64",
            "ln(1 + official invention applications per million); a proxy, never DTIn",
            "log",
            nullable=True,
        ),
        Column(
            "basis",
            "string",
            "what DTIn and DTIG rest on; official_inventions: there is INVn alone",
            nullable=True,
            allowed=(*BASES, "official_inventions"),
        ),
        Column("truncated", "bool", "the year overlaps the extract's last 18 months", None, True),
        _REASON,
    ),
    key=("{unit}_code", "year"),
)

ROW_STATUS = Table(
    "patent_row_status",
    "file and status",
    (
        Column("file", "string", "file name; (all) for what holds across files"),
        Column("status", "string", "what was found; see STATUSES", allowed=tuple(STATUSES)),
        Column("meaning", "string", "the status in words"),
        Column("rows", "int64", "rows with this status", minimum=0),
        Column("example", "string", "a key or sentence to look up", nullable=True),
    ),
    key=("file", "status"),
)
