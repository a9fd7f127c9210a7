"""The table specifications of a study: the shipped ones, and those of its own folder.

Reads YAML alone, so that assets can be defined without loading a numerical library.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from dti_assets.econ.paper.specifications import (
    ColumnSpec,
    TableSpec,
    baseline_column,
    first_two_stage_column,
    load_tables,
)
from dti_assets.errors import StudyError, TableSpecificationError
from dti_assets.study.config import Study
from dti_assets.units.levels import Level

INSTRUMENT = "DTI_iv"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@lru_cache(maxsize=16)
def shipped_tables(level: Level) -> dict[str, TableSpec]:
    """The twelve tables of the paper, by asset name."""
    return load_tables(level=level)


def study_tables(study: Study) -> dict[str, TableSpec]:
    """The shipped tables, then those of the folder `estimates.tables` names; a table of the same
    name replaces the shipped one.

    Raises StudyError for a folder that does not exist, TableSpecificationError for a file that
    cannot be used, and for a name or number that is no asset's name or is taken.
    """
    if study.estimates.tables == "default":
        return shipped_tables(study.level)
    folder = study.path(study.estimates.tables)
    if not folder.is_dir():
        raise StudyError(
            f"study {study.file}: estimates.tables names {folder}, which is no folder; "
            "make it, or write default"
        )
    own = load_tables(folder, level=study.level)
    for name in own:
        if not _NAME.fullmatch(name):
            raise TableSpecificationError(
                f"{folder}: name {name!r} must be letters, digits and underscores, as in "
                "table_13_lags"
            )
    tables = shipped_tables(study.level) | own
    numbers: dict[str, str] = {}
    for name, table in tables.items():
        if table.table in numbers:
            raise TableSpecificationError(
                f"{folder}: {name} has the number {table.table} of {numbers[table.table]}; "
                "give it another, or the same name to replace that table"
            )
        numbers[table.table] = name
    return tables


def leading_columns(
    specifications: Mapping[str, TableSpec], level: Level
) -> tuple[tuple[TableSpec, ColumnSpec], tuple[TableSpec, ColumnSpec]]:
    """Return the first 2SLS column with the instrument and the baseline, each with its table: what
    is looked at from all sides. Where a study replaces the paper's by its own, the paper's."""
    groups = [list(tables.values()) for tables in (specifications, shipped_tables(level))]
    two_stage = (first_two_stage_column(tables, INSTRUMENT) for tables in groups)
    baseline = (baseline_column(tables) for tables in groups)
    return next(found for found in two_stage if found), next(found for found in baseline if found)
