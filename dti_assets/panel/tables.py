"""The tables of the panel branch, declared once. No code that computes them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from dti_assets.panel.series import catalogue, shipped_rows
from dti_assets.panel.variables import VARIABLES, variable_definition, variables
from dti_assets.store.schema import YEAR, Column, Table
from dti_assets.units.levels import UNIT, UNIT_CODE, Level

STATUSES = ("published", "to be verified")
ORIGINS = ("official", "user", "official+user", "computed", "membership", "absent")
STATES = ("complete", "partial", "absent")
SEVERITIES = ("error", "warning", "info")

_REASON = Column("reason", "string", "why a value is null", nullable=True)


def _official_columns() -> tuple[Column, ...]:
    return tuple(
        Column(
            one.name,
            "float64",
            f"{one.label} ({one.label_zh}); source: {one.source}",
            str(one.unit),
            nullable=True,
            minimum=0,
        )
        for one in catalogue().values()
        if one.source
    )


OFFICIAL_STATISTICS = Table(
    "official_statistics",
    "{unit}-year",
    (
        UNIT_CODE,
        UNIT,
        YEAR,
        *_official_columns(),
        Column("to_verify", "string", "series of this row still to be verified", nullable=True),
        Column("reason", "string", "series without an official figure here", nullable=True),
    ),
    key=("{unit}_code", "year"),
)

# Raw figures, official or a user's, one number a row, each in the unit it was given in.
FIGURES = Table(
    "figures",
    "series, {unit} and year",
    (
        Column("series", "string", "name in the catalogue of series"),
        UNIT_CODE,
        UNIT,
        YEAR,
        Column("value", "float64", "the figure as given", nullable=True),
        Column("unit", "string", "unit the figure was given in"),
        Column("source", "string", "publication or the user's file"),
        Column("origin", "string", "official or user", allowed=("official", "user")),
        Column("status", "string", "whether the figure was checked", allowed=STATUSES),
        Column("file", "string", "the user's file", nullable=True),
        Column("sheet", "string", "sheet of the file", nullable=True),
        Column("row", "int64", "row of the sheet, from 1", nullable=True),
        Column("column", "string", "column of the sheet", nullable=True),
        _REASON,
    ),
    key=("series", "{unit}_code", "year"),
)

USER_FIGURES = replace(FIGURES, name="user_figures")

SKIPPED = Table(
    "figures_left_out",
    "row, column or file left out",
    (
        Column("file", "string", "the user's file"),
        Column("sheet", "string", "sheet of the file", nullable=True),
        Column("row", "int64", "row of the sheet, from 1", nullable=True),
        Column("column", "string", "column of the sheet", nullable=True),
        Column("text", "string", "what stands there", nullable=True),
        Column("reason", "string", "why it was left out"),
    ),
)

USER_FILES = Table(
    "user_files",
    "file",
    (
        Column("file", "string", "the user's file"),
        Column("sha256", "string", "checksum of its bytes"),
        Column("bytes", "int64", "size", "bytes", minimum=0),
        Column("series", "string", "series found in it", nullable=True),
        Column("figures", "int64", "cells read, missing ones included", minimum=0),
    ),
    key=("file",),
)

NATIONAL_TOTALS = Table(
    "national_totals",
    "series and year",
    (
        Column("series", "string", "name in the catalogue of series"),
        YEAR,
        Column("value", "float64", "national figure"),
        Column("unit", "string", "unit of the figure"),
        Column("source", "string", "publication or the user's file"),
    ),
)

PANEL = Table(
    "panel",
    "{unit}-year",
    (
        UNIT_CODE,
        UNIT,
        YEAR,
        *(
            Column(
                one.name,
                one.dtype,
                variable_definition(one),
                one.unit,
                nullable=True,
                minimum=one.minimum,
                maximum=one.maximum,
            )
            for one in VARIABLES
        ),
        Column("dti_basis", "string", "how the patents behind DTIn were classified", nullable=True),
        Column("dti_iv_rule", "string", "zero-distance rule behind DTI_iv", nullable=True),
        Column("reason", "string", "why values of this row are null", nullable=True),
    ),
    key=("{unit}_code", "year"),
)


@cache
def panel_table(level: Level) -> Table:
    """Return PANEL in the words of a level; memberships that ship for it are never null."""
    table = level.table(PANEL)
    said = {one.name: one for one in variables(level)}
    places = shipped_rows(level, "memberships.csv")

    def column(plain: Column) -> Column:
        one = said.get(plain.name)
        if one is None:
            return plain
        described = replace(plain, description=variable_definition(one))
        if one.origin != "membership" or not places:
            return described
        names = tuple(dict.fromkeys(place[one.name] for place in places))
        return replace(described, nullable=False, allowed=names if one.dtype == "string" else None)

    return replace(table, columns=tuple(map(column, table.columns)))


PANEL_SOURCES = Table(
    "panel_sources",
    "{unit}, year and variable",
    (
        UNIT_CODE,
        UNIT,
        YEAR,
        Column("variable", "string", "variable of the panel"),
        Column("origin", "string", "where the cell came from", allowed=ORIGINS),
        Column("source", "string", "publications and files behind the cell", nullable=True),
        Column("status", "string", "whether the figures were checked", allowed=STATUSES),
        _REASON,
    ),
    key=("{unit}_code", "year", "variable"),
)

PANEL_COVERAGE = Table(
    "panel_coverage",
    "variable",
    (
        Column("variable", "string", "variable of the panel"),
        Column("label", "string", "what it is"),
        Column("state", "string", "complete, partial or absent", allowed=STATES),
        Column("cells", "int64", "cells with a value", minimum=0),
        Column("of", "int64", "cells of the panel", minimum=0),
        Column("years", "string", "years with any value", nullable=True),
        Column("provinces", "int64", "{units} with any value", minimum=0),
        Column("zero_logs", "int64", "zeros met by the rule for log(0)", minimum=0),
        Column("to_verify", "int64", "cells resting on figures to be verified", minimum=0),
        Column("sources", "string", "origins and publications", nullable=True),
        Column("why_missing", "string", "most frequent reasons of nulls", nullable=True),
        Column("how_to_supply", "string", "what to put where", nullable=True),
    ),
    key=("variable",),
)

SERIES_COVERAGE = Table(
    "series_coverage",
    "series",
    (
        Column("series", "string", "series of the catalogue"),
        Column("label", "string", "what it is"),
        Column("state", "string", "complete, partial or absent", allowed=STATES),
        Column("figures", "int64", "{unit}-years with a figure", minimum=0),
        Column("of", "int64", "{unit}-years of the panel", minimum=0),
        Column("years", "string", "years with any figure", nullable=True),
        Column("provinces", "int64", "{units} with any figure", minimum=0),
        Column("origin", "string", "official, user or both", nullable=True),
        Column("source", "string", "publications and files", nullable=True),
        Column("used_by", "string", "variables that read it", nullable=True),
        Column("how_to_supply", "string", "where to find what is missing", nullable=True),
    ),
    key=("series",),
)


PANEL_EXPORT = Table(
    "panel_export",
    "file",
    (
        Column("path", "string", "path below the folder of outputs"),
        Column("sha256", "string", "SHA-256 of the file"),
        Column("bytes", "int64", "size", "bytes", minimum=0),
    ),
    key=("path",),
)

CHECKS = Table(
    "panel_checks",
    "check",
    (
        Column("check", "string", "name of the check"),
        Column("passed", "bool", "whether nothing was found"),
        Column("severity", "string", "error, warning or info", allowed=SEVERITIES),
        Column("message", "string", "what was found, with the cells"),
    ),
)

TURNOVER = Table(
    "turnover",
    "{unit}-year",
    (
        UNIT_CODE,
        UNIT,
        YEAR,
        Column(
            "party_turnover", "int64", "1 if a new party secretary counts", "0 or 1", True, 0, 1
        ),
        Column("governor_turnover", "int64", "1 if a new governor counts", "0 or 1", True, 0, 1),
        Column("party_secretary", "string", "secretary in office for the year", nullable=True),
        Column("governor", "string", "governor in office for the year", nullable=True),
        _REASON,
    ),
    key=("{unit}_code", "year"),
)
