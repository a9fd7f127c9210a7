"""Controls that have so few values that they cost a table most of its rows.

A control without any value is left out of a table and named; one with a few values is used, and
every row without it is dropped. Two cells can so empty a table that would run without them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from dti_assets.econ.column_resolution import ResolvedColumn, TableOptions, resolve
from dti_assets.econ.table_specifications import TableSpec
from dti_assets.econ.terms import columns_of
from dti_assets.errors import EconError

if TYPE_CHECKING:
    import pandas as pd

# a control that drops more than this share of the rows is more likely a fault than a choice
MOST = 0.5


def sparse_controls(
    tables: Iterable[TableSpec],
    panel: pd.DataFrame,
    files: Mapping[str, str],
    options: TableOptions | None = None,
) -> list[str]:
    """One sentence for every variable of `files` that costs a table most of its rows as a control.

    `panel` has one row per province and year; `files` maps a variable that rests on the user's
    figures to the files they are in. Rows are counted among those that have all else the column
    uses, other controls of `files` apart.
    """
    options = options or TableOptions()
    lost: dict[str, dict[str, tuple[int, int]]] = {name: {} for name in files}
    for table in tables:
        for column in table.columns:
            try:
                resolved = resolve(table, column, panel, options)
            except EconError:
                continue
            for name in files:
                gone, of = _lost(resolved, name, files)
                if gone > MOST * of and gone > lost[name].get(table.table, (0, 0))[0]:
                    lost[name][table.table] = (gone, of)
    return [
        f"{name} ({files[name]}) has {int(panel[name].notna().sum())} of {len(panel)} cells and "
        f"takes most rows from {_listed(found)}: complete it, or take it out of the panel folder"
        for name, found in lost.items()
        if found
    ]


def _lost(resolved: ResolvedColumn, name: str, given: Mapping[str, str]) -> tuple[int, int]:
    """Rows lost by a control for lack of `name` alone, and rows there were; 0 and 0 where it is
    no control of the column or the column needs it."""
    used = resolved.spec.variables
    needed = {resolved.proxies.get(term, term) for term in resolved.column.needs}
    mine = [term for term in used if name in columns_of(term)]
    if not mine or needed & {*mine}:
        return 0, 0
    others = [term for term in used if term in needed or not given.keys() & {*columns_of(term)}]
    there = resolved.frame[resolved.frame[others].notna().all(axis="columns")]
    return int(there[mine].isna().any(axis="columns").sum()), len(there)


def _listed(found: Mapping[str, tuple[int, int]]) -> str:
    each = [f"{table} ({gone} of {of})" for table, (gone, of) in found.items()]
    return f"table{'s' if len(each) > 1 else ''} {', '.join(each)}"
