"""The tables of the text branch, declared once. No code that computes them."""

from dataclasses import replace
from typing import Literal

from dti_assets.store.schema import YEAR, Column, Table
from dti_assets.text.choices import COUNTED, HITS, WORDS
from dti_assets.text.readers.extract import STATUSES
from dti_assets.units.levels import UNIT, UNIT_CODE

SectionName = Literal["review", "plan", "unsplit", "annex"]
SECTIONS: tuple[SectionName, ...] = ("review", "plan", "unsplit", "annex")
ORIGINS = ("text", "published")
_SHA256 = "SHA-256, hexadecimal"
_ORIGIN = Column(
    "origin",
    "string",
    "text: counted on a report in the folder; published: the package's own counts",
    allowed=ORIGINS,
)
_REASON = Column("reason", "string", "why a value is missing, or what was odd", nullable=True)
_PAGES = Column("pages", "int64", "pages of a PDF", "pages", nullable=True, minimum=1)
_FILE_SHA256 = Column(
    "sha256", "string", "SHA-256 of the file; null for one not read", unit=_SHA256, nullable=True
)

REPORT_FILES = Table(
    "report_files",
    "file found",
    (
        Column("path", "string", "path relative to the reports folder"),
        Column("format", "string", "format by content: pdf, docx, html or txt", nullable=True),
        _FILE_SHA256,
        Column("bytes", "int64", "size of the file", "bytes", nullable=True, minimum=0),
        replace(UNIT_CODE, nullable=True),
        replace(UNIT, nullable=True),
        Column("year", "int64", "year the report was delivered", "year", nullable=True),
        Column(
            "year_source",
            "string",
            "what decided the year: name, text, name+text or study",
            nullable=True,
        ),
        Column(
            "text_{unit}_code",
            "string",
            "in a conflict, the {unit} the text names",
            nullable=True,
        ),
        Column("text_year", "int64", "in a conflict, the year the text names", "year", True),
        Column("status", "string", "outcome of reading", allowed=tuple(STATUSES)),
        _REASON,
        Column(
            "warning",
            "string",
            "what may make the counts of a text that was read wrong",
            nullable=True,
        ),
        Column(
            "text_sha256", "string", "SHA-256 of the normalised text", unit=_SHA256, nullable=True
        ),
    ),
    key=("path",),
)

REPORT_TEXTS = Table(
    "report_texts",
    "report",
    (
        UNIT_CODE,
        UNIT,
        YEAR,
        Column("path", "string", "path relative to the reports folder"),
        Column("text", "string", "normalised text, paragraphs one a line"),
        Column("han_chars", "int64", "Han characters", "characters", minimum=0),
        _PAGES,
        Column("engine", "string", "library that read the file", nullable=True),
        Column("encoding", "string", "character encoding of HTML and TXT", nullable=True),
        Column("status", "string", "outcome of reading", allowed=("ok",)),
        _REASON,
        Column("sha256", "string", "SHA-256 of the file", unit=_SHA256),
        Column("text_sha256", "string", "SHA-256 of the normalised text", unit=_SHA256),
    ),
    key=("{unit}_code", "year"),
)

KEYWORD_COUNTS = Table(
    "keyword_counts",
    "report, section and term that occurs (no row means no hit)",
    (
        UNIT_CODE,
        UNIT,
        YEAR,
        Column("section", "string", "part of the report", allowed=SECTIONS),
        Column("term", "string", "term of the dictionary, normalised"),
        Column("category", "string", "category of the term in the dictionary"),
        Column("hits_longest", "int64", "leftmost-longest occurrences", "hits", minimum=0),
        Column("hits_token", "int64", "jieba tokens equal to the term", "hits", True, minimum=0),
        Column("hits_overlap", "int64", "occurrences, nested ones too", "hits", minimum=0),
        _ORIGIN,
    ),
    key=("{unit}_code", "year", "section", "term"),
)

SECTION_WORDS = Table(
    "section_words",
    "report and section",
    (
        UNIT_CODE,
        UNIT,
        YEAR,
        Column("section", "string", "part of the report", allowed=SECTIONS),
        Column("words_all", "int64", "jieba tokens", "tokens", minimum=0),
        Column("words_nonpunct", "int64", "tokens other than punctuation", "tokens", minimum=0),
        Column("words_han", "int64", "tokens of Han characters only", "tokens", minimum=0),
        Column("chars_han", "int64", "Han characters", "characters", minimum=0),
        _ORIGIN,
        Column("source", "string", "file in the reports folder, or official URL", nullable=True),
        Column(
            "text_sha256", "string", "SHA-256 of the normalised text", unit=_SHA256, nullable=True
        ),
        Column("dictionary_sha256", "string", "SHA-256 of the terms counted", unit=_SHA256),
        Column("tokenizer", "string", "tokenizer and version"),
    ),
    key=("{unit}_code", "year", "section"),
)

POLICY_ATTENTION = Table(
    "policy_attention",
    "{unit}-year",
    (
        UNIT_CODE,
        UNIT,
        YEAR,
        Column(
            "keyword_hits",
            "int64",
            "keyword hits under the study's definition and sections",
            "hits",
            nullable=True,
            minimum=0,
        ),
        Column("words_all", "int64", "jieba tokens", "tokens", True, minimum=0),
        Column("words_nonpunct", "int64", "tokens other than punctuation", "tokens", True, 0),
        Column("words_han", "int64", "tokens of Han characters only", "tokens", True, 0),
        Column("chars_han", "int64", "Han characters", "characters", nullable=True, minimum=0),
        Column(
            "frequency",
            "float64",
            "keyword_hits over the denominator the study chose",
            "hits per word",
            nullable=True,
            minimum=0,
            maximum=1,
        ),
        Column("hits", "string", "hit definition", allowed=HITS),
        Column("words", "string", "denominator", allowed=tuple(WORDS)),
        Column("section", "string", "sections counted", allowed=tuple(COUNTED)),
        Column("annexes", "string", "whether annexes count", allowed=("drop", "keep")),
        Column("origin", "string", "text or published", nullable=True, allowed=ORIGINS),
        Column("source", "string", "file in the reports folder, or official URL", nullable=True),
        Column("dictionary_sha256", "string", "SHA-256 of the terms counted", unit=_SHA256),
        _REASON,
    ),
    key=("{unit}_code", "year"),
)

KEYWORD_CONTEXTS = Table(
    "keyword_contexts",
    "keyword shown in context",
    (
        UNIT,
        YEAR,
        Column("section", "string", "part of the report", allowed=SECTIONS),
        Column("path", "string", "file in the reports folder"),
        Column("page", "int64", "page, where the format has pages", nullable=True, minimum=1),
        Column("paragraph", "int64", "paragraph of the report, counted from 1", minimum=1),
        Column("before", "string", "characters before the keyword"),
        Column("term", "string", "the keyword as it stands there"),
        Column("after", "string", "characters after it"),
    ),
)

CANDIDATE_COUNTS = Table(
    "candidate_counts",
    "report, section and policy term with a hit",
    (
        UNIT_CODE,
        YEAR,
        Column("section", "string", "part of the report", allowed=SECTIONS),
        Column("term", "string", "a policy term that is not of the dictionary"),
        Column("hits", "int64", "occurrences, nested ones too", "hits", minimum=1),
    ),
    key=("{unit}_code", "year", "section", "term"),
)
