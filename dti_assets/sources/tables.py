"""The table of the sources, declared once. No code that computes it."""

from dti_assets.store.schema import YEAR, Column, Table
from dti_assets.units.levels import UNIT, UNIT_CODE

STATES = {
    "fetched": "downloaded now",
    "changed": "the host sends another text than before: stored beside the old file, which stays",
    "unchanged": "downloaded before, and the host sends the same",
    "own": "a file of the user's own is there; left alone",
    "no address": "sources.csv has no address for the row",
    "failed": "not to be had, or not the report; the reason says why",
    "to fetch": "would be asked for (dry run)",
}

REPORT_DOWNLOADS = Table(
    "report_downloads",
    "row of sources.csv",
    (
        UNIT_CODE,
        UNIT,
        YEAR,
        Column("url", "string", "official address", nullable=True),
        Column("state", "string", "what came of it", allowed=tuple(STATES)),
        Column("file", "string", "path relative to the reports folder", nullable=True),
        Column(
            "sha256", "string", "SHA-256 of the file", unit="SHA-256, hexadecimal", nullable=True
        ),
        Column("fetched_at", "string", "when it was fetched, UTC", nullable=True),
        Column("reason", "string", "why there is no file, or what was odd", nullable=True),
    ),
    key=("{unit}_code", "year"),
)
