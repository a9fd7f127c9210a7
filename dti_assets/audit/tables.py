"""The tables of audits, declared once. No code that computes them."""

from dti_assets.store.schema import Column, Table
from dti_assets.units.levels import UNIT_CODE

SOURCES = ("reports", "patents")
PARTS = ("agreement", "precision", "recall", "correction", "estimate")

# never an asset: stored apart from the sheets, one file a sample
REPORT_KEY = Table(
    "report_audit_key",
    "sampled occurrence",
    (
        Column("item", "string", "what the sheets call it"),
        Column("path", "string", "path relative to the reports folder"),
        UNIT_CODE,
        Column("year", "int64", "year of the report", "year"),
        Column("section", "string", "part of the report"),
        Column("paragraph", "int64", "paragraph of the text, from 1"),
        Column("start", "int64", "first character within the paragraph, from 0"),
        Column("end", "int64", "character after the last"),
        Column("stratum", "string", "the term"),
        Column("category", "string", "category of the term in the dictionary"),
        Column("population", "int64", "occurrences of the term that count", "hits"),
    ),
    key=("item",),
)

PATENT_KEY = Table(
    "patent_audit_key",
    "sampled application",
    (
        Column("item", "string", "what the sheets call it"),
        Column("application_no", "string", "application number, else publication number"),
        # null in keys of earlier versions of the program
        Column("stratum", "string", "what it was drawn from", nullable=True),
        Column("population", "int64", "applications of the stratum then", nullable=True, minimum=1),
    ),
    key=("item",),
)


def _number(name: str, description: str) -> Column:
    return Column(name, "float64", description, nullable=True)


MEASUREMENT_AUDIT = Table(
    "measurement_audit",
    "source, part, scope and measure",
    (
        Column("source", "string", "what was audited", allowed=SOURCES),
        Column("part", "string", "what the row is about", allowed=PARTS),
        Column("scope", "string", "all, a term, category, technology, column or {unit}-year"),
        Column("measure", "string", "alpha, precision, DTI_iv, first stage, ..."),
        _number("estimate", "the measure; of a correction or an estimate the corrected value"),
        _number("conf_low", "lower end of the measure's 95 % interval"),
        _number("conf_high", "upper end of the measure's 95 % interval"),
        _number("uncorrected", "the value before the correction"),
        _number("change", "corrected less uncorrected"),
        _number("change_low", "lower end over draws of the correction, sampling error left out"),
        _number("change_high", "upper end over draws of the correction"),
        Column("labelled", "int64", "labelled items that enter", None, True, 0),
        Column("disputed", "int64", "those on which labels tie, counted one half", None, True, 0),
        Column("population", "int64", "occurrences or applications behind them", None, True, 0),
        Column("note", "string", "how it was computed", nullable=True),
        Column("reason", "string", "why values of this row are null", nullable=True),
    ),
    key=("source", "part", "scope", "measure"),
)
