"""Construction of the panel: units x years, every variable as declared in `variables`.

Belongs here: joining figures, instrument and patents, and applying the declared
transformations. Does not belong here: what the transformations are (variables), conversion of
units (units), what the panel covers (coverage).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from dti_assets.errors import PanelError
from dti_assets.panel.coverage import panel_coverage, series_coverage
from dti_assets.panel.official import membership_sources, memberships, official_figures
from dti_assets.panel.tables import PANEL_SOURCES, panel_table
from dti_assets.panel.transform import (
    Computed,
    LogOfZero,
    lay_out,
    pick,
    stack_figures,
    transformed,
)
from dti_assets.panel.variables import VARIABLES, Variable
from dti_assets.units.levels import Level
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    import pandas as pd

NO_PATENTS = "no patent extract: put one into the patents folder"
NO_INSTRUMENT = "no instrument was computed"


class PanelTables(NamedTuple):
    """What build_panel returns: four tables, the raw figures used (table figures), and the number
    of official figures per series that a user's series displaced."""

    panel: pd.DataFrame
    sources: pd.DataFrame
    coverage: pd.DataFrame
    series_coverage: pd.DataFrame
    figures: pd.DataFrame
    given_up: dict[str, int]


def build_panel(
    years: tuple[int, int],
    dti_iv: pd.DataFrame | None = None,
    dti: pd.DataFrame | None = None,
    official: pd.DataFrame | None = None,
    user: pd.DataFrame | None = None,
    log_of_zero: Any = "drop",
    fill_gaps: Collection[str] = (),
    *,
    units: Units,
) -> PanelTables:
    """Return the panel with its sources and its coverage.

    `years` is first and last, inclusive: rows are in the order of `units`, then by year. `dti_iv`
    and `dti` are the tables of those names, `official` is official_statistics(), `user` is the
    `figures` of read_panel_folder, each optional; `log_of_zero` is drop, asinh or {floor: x}, and
    `fill_gaps` names series whose gaps official figures fill. A value that
    cannot be computed is null; `reason` of the panel and of `sources` says why. Raises
    PanelError for years out of order, a duplicate key or an unknown rule.
    """
    import pandas as pd

    first, last = years
    if first > last:
        raise PanelError(f"years {first}-{last}: the first is after the last")
    rule = LogOfZero.parse(log_of_zero)
    level = units.level
    base = pd.DataFrame(
        [{**units.key(unit), "year": year} for unit in units for year in range(first, last + 1)]
    )
    index = pd.MultiIndex.from_frame(base[list(level.when)])
    figures, given_up = stack_figures(
        official_figures(official, level) if official is not None else None,
        user,
        fill_gaps,
        level=level,
    )
    cells = lay_out(figures, index, level)
    places = {place[level.code]: place for place in memberships(level)}

    columns: dict[str, Computed] = {}
    out = base.copy()
    for variable in VARIABLES:
        if variable.origin == "membership":
            column = _membership(variable, places, index, level)
        elif variable.origin == "dti":
            column = _joined(variable, dti, "dti", index, NO_PATENTS, level)
        elif variable.origin == "dti_iv":
            column = _joined(variable, dti_iv, "dti_iv", index, NO_INSTRUMENT, level, "dti_iv")
        else:
            column = transformed(variable, cells, rule)
        columns[variable.name] = column
        out[variable.name] = column.value
    out["dti_basis"] = _text(dti, "basis", index, level)
    out["dti_iv_rule"] = _text(dti_iv, "rule", index, level)
    out["reason"] = _reasons(columns)
    panel = panel_table(level).frame(out)
    sources = _sources(base, columns, level)
    zeros = {name: column.zeros for name, column in columns.items()}
    used = figures[figures["year"].between(first, last)].reset_index(drop=True)
    return PanelTables(
        panel,
        sources,
        panel_coverage(panel, sources, zeros, level=level),
        series_coverage(used, len(base), level),
        used,
        given_up,
    )


def _membership(
    variable: Variable,
    places: Mapping[int | str, Mapping[str, Any]],
    index: pd.MultiIndex,
    level: Level,
) -> Computed:
    """A variable that ships, by code in `places`; null throughout where none does."""
    import numpy as np

    given = [places.get(code, {}).get(variable.name) for code, _ in index]
    there = np.array([value is not None for value in given])
    return Computed(
        np.array(given, dtype=object),
        pick(there, "membership", "absent"),
        pick(there, membership_sources(level).get(variable.name), None),
        np.full(len(index), "published", dtype=object),
        pick(there, None, f"no {variable.name} of {level.plural} comes with the package"),
    )


def _joined(
    variable: Variable,
    frame: pd.DataFrame | None,
    table: str,
    index: pd.MultiIndex,
    nothing: str,
    level: Level,
    column: str | None = None,
) -> Computed:
    """A variable that another branch has computed."""
    import numpy as np

    name = column or variable.name
    found = _aligned(frame, table, index, level)
    value = (
        np.full(len(index), np.nan)
        if found is None
        else found[name].to_numpy(dtype=float, na_value=np.nan)
    )
    silent = nothing if found is None else f"no value in table {table}"
    why: list[str | None] = []
    for position, number in enumerate(value):
        given = None if found is None or "reason" not in found else found["reason"].iloc[position]
        stated = isinstance(given, str) and bool(given)
        why.append(None if not np.isnan(number) else str(given) if stated else silent)
    there = ~np.isnan(value)
    return Computed(
        value,
        pick(there, "computed", "absent"),
        pick(there, f"table {table}", None),
        np.full(len(index), "published", dtype=object),
        np.array(why, dtype=object),
    )


def _text(frame: pd.DataFrame | None, name: str, index: pd.MultiIndex, level: Level) -> Any:
    import pandas as pd

    found = _aligned(frame, name, index, level)
    if found is None or name not in found:
        return pd.array([None] * len(index), dtype="string")
    return found[name].astype("string").array


def _aligned(
    frame: pd.DataFrame | None, table: str, index: pd.MultiIndex, level: Level
) -> pd.DataFrame | None:
    if frame is None or not len(frame):
        return None
    keyed = frame.set_index(list(level.when))
    twice = keyed.index[keyed.index.duplicated()]
    if len(twice):
        code, year = twice[0]
        raise PanelError(f"table {table}: {level.noun} {code}, year {year} stands twice")
    return keyed.reindex(index)


def _reasons(columns: dict[str, Computed]) -> list[str | None]:
    """Per row, the null variables with their reasons; variables that share one stand together."""
    rows: list[str | None] = []
    for whys in zip(*(column.reason for column in columns.values()), strict=True):
        grouped: dict[str, list[str]] = {}
        for name, why in zip(columns, whys, strict=True):
            if why is not None:
                grouped.setdefault(why, []).append(name)
        rows.append("; ".join(f"{', '.join(v)} ({why})" for why, v in grouped.items()) or None)
    return rows


def _sources(base: pd.DataFrame, columns: dict[str, Computed], level: Level) -> pd.DataFrame:
    import pandas as pd

    parts = [
        base.assign(
            variable=name,
            origin=column.origin,
            source=column.source,
            status=column.status,
            reason=column.reason,
        )
        for name, column in columns.items()
    ]
    return level.table(PANEL_SOURCES).frame(pd.concat(parts, ignore_index=True))
