"""Several tables on one sheet: one below the other (续表), or next to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

from dti_assets.panel.series import fold
from dti_assets.panel.yearbooks.cells import looks_numeric, names_unit, place, year_of
from dti_assets.panel.yearbooks.grids import Grid
from dti_assets.units.lists import Unit, Units

# headers of the column of units at any level; the level's own names come on top
PLACE_HEADERS = {
    "地区", "省份", "省市", "省", "region", "area", "地区名称", "省份名称", "name", "unit",
    "省市区", "省区市", "地区别", "省级", "省级行政区", "省市自治区", "省自治区直辖市",
}  # fmt: skip


def tables(grid: Grid, aliases: Mapping[str, str], units: Units) -> list[Grid]:
    """Return the tables of a sheet, each with the titles of the first; the sheet itself where it
    holds one. Of several, one without cells comes first, with what reading the sheet left out."""
    out = []
    for lower in _below(grid, aliases, units):
        out += _beside(lower, aliases, units)
    if len(out) == 1:
        return out
    # rows and columns of what was left out count from the beginning of the sheet
    return [replace(grid, cells=[], raw=None), *out]


def heads_units(value: Any, units: Units) -> bool:
    """Whether a cell is the header of a column of units: 地 区, province."""
    return value is not None and fold(str(value)) in {*PLACE_HEADERS, fold(units.level.name)}


def unit_counts(cells: list[list[Any]], aliases: Mapping[str, str], units: Units) -> list[int]:
    """How many names of units each column holds."""
    return [sum(names_unit(row[j], aliases, units=units) for row in cells) for j in _columns(cells)]


def _columns(cells: list[list[Any]]) -> range:
    return range(len(cells[0]) if cells else 0)


def _below(grid: Grid, aliases: Mapping[str, str], units: Units) -> list[Grid]:
    """The tables one below the other: a header comes again after rows of units."""
    cells = grid.cells
    counts = unit_counts(cells, aliases, units)
    if not counts or max(counts) < 2:
        return [grid]
    column = counts.index(max(counts))
    found = [place(row[column], aliases, units=units) for row in cells]
    cuts, seen = [0], set[str]()
    in_header = True
    for i, row in enumerate(cells):
        kind, unit = found[i]
        if unit is not None and any(v is not None for j, v in enumerate(row) if j != column):
            seen.add(unit.name)
            in_header = False
        elif not in_header and seen and _is_header(row, column, kind, units):
            rest = {one.name for _, one in found[i + 1 :] if one is not None}
            if heads_units(row[column], units) or (rest & seen and _again(found, i, seen)):
                cuts.append(_top(cells, found, i, cuts[-1]))
                seen, in_header = set(), True
    if len(cuts) == 1:
        return [grid]
    width = len(cells[0])
    parts = [
        grid.part((top, bottom), (0, width))
        for top, bottom in zip(cuts, [*cuts[1:], len(cells)], strict=True)
    ]
    first = _titles(parts[0], column, aliases, units)
    for part in parts[1:]:
        part.titles = [*part.titles, *first]
    return parts


def _again(found: list[tuple[Any, Unit | None]], i: int, seen: set[str]) -> bool:
    """Whether the next unit after a row is one that the rows above it had."""
    following = next((unit for _, unit in found[i + 1 :] if unit is not None), None)
    return following is not None and following.name in seen


def _is_header(row: list[Any], column: int, kind: str, units: Units) -> bool:
    """Whether a row holds names of columns: texts, and no number but years."""
    others = [value for j, value in enumerate(row) if j != column and value is not None]
    texts = {str(value) for value in others if not looks_numeric(value)}
    years = [value for value in others if year_of(value) is not None]
    if any(looks_numeric(value) and year_of(value) is None for value in others):
        return False
    if heads_units(row[column], units):
        return bool(texts or years)
    return kind in ("blank", "unknown") and len(texts) + len(years) >= 2


def _top(
    cells: list[list[Any]], found: list[tuple[Any, Unit | None]], header: int, after: int
) -> int:
    """The first row of the table with a header: titles and unit cells above it, but no figures and
    no notes of the table before."""
    top = header
    while top - 1 > after:
        kind, unit = found[top - 1]
        if unit is not None or kind not in ("blank", "unknown", "footnote"):
            break
        row = [value for value in cells[top - 1] if value is not None]
        if any(looks_numeric(value) and year_of(value) is None for value in row):
            break
        # 单位 cells are footnotes by their first words
        if kind == "footnote" and not any(
            "单位" in str(v) or "unit" in str(v).lower() for v in row
        ):
            break
        top -= 1
    return top


def _titles(grid: Grid, column: int, aliases: Mapping[str, str], units: Units) -> list[str]:
    """The texts above a table."""
    out: list[str] = list(grid.titles)
    for row in grid.cells:
        if heads_units(row[column], units) or place(row[column], aliases, units=units)[1]:
            break
        texts = list(dict.fromkeys(str(value) for value in row if value is not None))
        out += texts if len(texts) <= 2 else []
    return out


def _beside(grid: Grid, aliases: Mapping[str, str], units: Units) -> list[Grid]:
    """The tables next to each other: another column of units, headed as one, in another order."""
    cells = grid.cells
    counts = unit_counts(cells, aliases, units)
    most = max(counts, default=0)
    if most < 2:
        return [grid]
    first = next(j for j, count in enumerate(counts) if count * 2 >= most)
    starts = [
        j
        for j in range(first + 1, len(counts))
        if counts[j] >= 2
        and any(heads_units(row[j], units) for row in cells)
        and any(heads_units(row[first], units) for row in cells)
        and _figures_between(cells, first, j, aliases, units)
        and _differs(cells, first, j, aliases, units)
    ]
    if not starts:
        return [grid]
    bounds = [0, *starts, len(counts)]
    parts = [grid.part((0, len(cells)), (left, right)) for left, right in pairwise(bounds)]
    titles = _titles(parts[0], first, aliases, units)
    for part in parts[1:]:
        if not _titles(part, 0, aliases, units):
            part.titles = [*part.titles, *titles]
    return parts


def _figures_between(
    cells: list[list[Any]], left: int, right: int, aliases: Mapping[str, str], units: Units
) -> bool:
    rows = [row for row in cells if names_unit(row[left], aliases, units=units)]
    return any(looks_numeric(row[j]) for row in rows for j in range(left + 1, right))


def _differs(
    cells: list[list[Any]], left: int, right: int, aliases: Mapping[str, str], units: Units
) -> bool:
    """Whether two columns of units do not name the same one in every row."""
    pairs = [
        (
            place(row[left], aliases, units=units)[1],
            place(row[right], aliases, units=units)[1],
        )
        for row in cells
    ]
    return any(one is not other for one, other in pairs if other is not None)
