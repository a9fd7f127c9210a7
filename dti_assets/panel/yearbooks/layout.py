"""Where a sheet keeps its header, units of the study, years, series and units.

Belongs here: recognising long, wide and yearbook layouts. Does not belong here: reading files
(user_grids), the meaning of single cells (user_cells), collecting figures (user_figures).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from dti_assets.panel.parts import is_area, is_time, is_whole, names_part, rank_of, subdivides
from dti_assets.panel.series import Series, fold
from dti_assets.panel.units import different_units, known_unit
from dti_assets.panel.yearbooks.blocks import heads_units, unit_counts
from dti_assets.panel.yearbooks.cells import (
    BRACKETS,
    looks_numeric,
    names_unit,
    place,
    with_powers,
    year_of,
    years_in,
)
from dti_assets.panel.yearbooks.grids import Grid
from dti_assets.panel.yearbooks.headers import Context, DataColumn, described, sheet_series
from dti_assets.store.characters import plain
from dti_assets.store.delimited import is_nothing, unguarded
from dti_assets.units.levels import Level
from dti_assets.units.lists import Unit, Units

_YEAR_HEADERS = {
    "year", "年份", "年度", "年", "时间", "sgnyea", "统计年度", "会计年度", "指标年份", "years",
    "统计年份", "yr", "日期", "date", "period",
}  # fmt: skip
_SERIES_HEADERS = {"series", "variable", "indicator", "指标", "指标名称", "变量", "项目", "变量名",
                   "指标名", "indicatorname"}  # fmt: skip
_VALUE_HEADERS = {"value", "数值", "值", "指标值", "figure", "数据"}
_UNIT_HEADERS = {"unit", "单位", "计量单位", "units"}
# the level's own names come on top
_CODE_HEADERS = {
    "行政区划代码", "地区代码", "省份代码", "省代码", "code", "adcode", "代码", "prvcnmid",
    "地区编码",
}  # fmt: skip
_SUBTOTALS = {"合计", "总计", "小计", "total"}
_CONTINUED = re.compile(
    r"[(\[\d\-.\s表]*(?:续\s*表?|接上表|续前表|continued)[\s\d一二三四五]*[)\]]?", re.I
)
# names of sheets and files that say nothing of a place
_PLAIN_NAME = re.compile(
    r"(?:sheet|工作表|表|数据|data|panel|table|原始数据|面板|指标|年度数据|gdp|\d|[\s_\-().,~至年]|汇总|统计)*",
    re.IGNORECASE,
)
_UNIT_CELL = re.compile(r"^\s*[\(\[]?\s*(?:计量)?(?:单位|unit)s?\s*[:：]\s*(.+?)\s*$", re.I)


@dataclass
class Layout:
    """The reading of one sheet; `reason` says why it holds no figures where `usable` is False."""

    usable: bool
    reason: str = ""
    first_row: int = 0
    unit_column: int = -1
    codes: bool = False
    year_column: int | None = None
    series_column: int | None = None
    value_column: int | None = None
    measure_column: int | None = None
    columns: list[DataColumn] = field(default_factory=list)
    unknown: list[DataColumn] = field(default_factory=list)
    names: list[tuple[int, str]] = field(default_factory=list)  # further columns of units
    # columns that say which part of a unit a row is of
    subdivisions: list[tuple[int, str]] = field(default_factory=list)
    # years across, where a column names the series
    years_across: dict[int, int] = field(default_factory=dict)
    unit: Unit | None = None  # the one unit of the sheet, where no column names units
    header_rows: list[int] = field(default_factory=list)
    sheet_units: list[str] = field(default_factory=list)  # more than one where 单位 cells differ
    sheet_year: int | None = None
    units_across: dict[int, Any] = field(default_factory=dict)
    across_series: Series | None = None
    national: bool = False
    context: Context = field(default_factory=lambda: Context((), {}))


def find_layout(grid: Grid, aliases: Mapping[str, str], units: Units) -> Layout:
    """The layout of a table; never raises, an unreadable one says why in `reason`."""
    cells = grid.cells
    if not cells or not cells[0]:
        return Layout(False, "empty sheet")
    down = unit_counts(cells, aliases, units)
    across = [sum(names_unit(value, aliases, units=units) for value in row) for row in cells]
    best_down, best_across = max(down), max(across)
    if best_across >= 3 and best_across > best_down:
        return _transposed(grid, aliases, across.index(best_across), units)
    codes = False
    if best_down:
        column = down.index(best_down)
    else:
        found = _code_column(cells, units.level)
        if found is None:
            return _national(grid, aliases, units) or _of_one_unit(grid, aliases, units)
        column, codes = found, True
    first = _first_data_row(cells, column, aliases, codes, units)
    header_rows, titles, sheet_units = _header(grid, first, column, units)
    if not header_rows:
        return Layout(False, f"no header row above the first {units.level.noun}")
    out = _with_surroundings(grid, titles, sheet_units, aliases)
    out.first_row, out.unit_column, out.codes, out.header_rows = first, column, codes, header_rows
    further = {
        j for j in range(len(down)) if best_down and j != column and down[j] * 2 >= best_down
    }
    out.names = [(j, " ".join(_parts(cells, header_rows, j))) for j in sorted(further)]
    rows = [row for row in cells[first:] if place(row[column], aliases, codes, units=units)[1]]
    _find_columns(grid, out, {column, *further}, rows, units)
    return out if _has_figures(out) else _without_series(out)


def _has_figures(out: Layout) -> bool:
    long = out.series_column is not None and (
        out.value_column is not None or bool(out.years_across)
    )
    return long or bool(out.columns)


def _without_series(out: Layout) -> Layout:
    return Layout(False, "no column that names a series", unknown=out.unknown)


def _with_surroundings(
    grid: Grid, titles: list[str], sheet_units: list[str], aliases: Mapping[str, str]
) -> Layout:
    """A layout that knows what title, sheet and file say: context, year and series of the whole.

    A table that only continues another one (续表) has the title of that.
    """
    own = [title for title in titles if not _CONTINUED.fullmatch(plain(title).strip())]
    if not own and grid.titles:
        above, measures = _texts_and_units(grid.titles)
        own, sheet_units = above, sheet_units or measures
    title = " ".join(own)
    stem = PurePosixPath(grid.file).stem
    names = (title, grid.sheet or "", stem)
    named = [years_in(name) for name in names]
    only = next((years for years in named if years), [])
    context = Context(names, aliases)
    return Layout(
        True,
        sheet_units=sheet_units,
        sheet_year=only[0] if len(set(only)) == 1 else None,
        across_series=sheet_series((*own, grid.sheet or "", stem), context),
        context=context,
    )


def _find_columns(
    grid: Grid, out: Layout, taken: Collection[int], rows: list[list[Any]], units: Units
) -> None:
    """Say what each column is that holds no units; `rows` are those of units."""
    cells, level = grid.cells, units.level
    whole = out.across_series
    for j in range(len(cells[0])):
        if j in taken:
            continue
        parts = _parts(cells, out.header_rows, j)
        keys = {fold(part) for part in parts}
        if keys & _YEAR_HEADERS and out.year_column is None:
            out.year_column = j
        elif keys & _SERIES_HEADERS and out.series_column is None:
            out.series_column = j
        elif keys & _VALUE_HEADERS and out.value_column is None:
            out.value_column = j
        elif keys & _UNIT_HEADERS and out.measure_column is None:
            out.measure_column = j
        elif keys & _code_headers(level):
            continue
        elif _subdivides(parts, [row[j] for row in rows], rows, out, units):
            out.subdivisions.append((j, " ".join(parts) or "without a header"))
        else:
            one = described(j, parts, out.context, whole)
            (out.unknown if one.series is None else out.columns).append(one)
    if out.series_column is not None and out.value_column is None:
        out.years_across = {
            one.j: one.year
            for one in (*out.columns, *out.unknown)
            if one.year is not None and year_of(one.header) == one.year
        }
        out.columns = [one for one in out.columns if one.j not in out.years_across]
        out.unknown = [one for one in out.unknown if one.j not in out.years_across]
    if out.value_column is not None and out.series_column is None and whole is not None:
        header = " ".join(_parts(cells, out.header_rows, out.value_column))
        out.columns.append(DataColumn(out.value_column, header, whole, None, None))
        out.value_column = None


def _subdivides(
    parts: list[str], values: list[Any], rows: list[list[Any]], out: Layout, units: Units
) -> bool:
    """Whether a column says which part of a unit a row is of: 城市, 性别, 产业 ..., or holds words
    for parts, or places within the unit."""
    given = [str(value) for value in values if not is_nothing(value)]
    # a figure or a code has many more headers than are on record
    texts = [text for text in given if not looks_numeric(text)]
    headers = [word for part in parts for word in (part, *re.split(r"[/|]", part))]
    if is_time(headers):
        return any(not is_whole(text) for text in given)
    if not texts or all(is_whole(text) for text in texts):
        return False
    rank = rank_of(units.level.noun)
    if subdivides(headers, rank):
        # an area above units of another list, or their seat, is the same in every row of a unit
        return rank is not None or not is_area(headers) or _varies(values, rows, out, units)
    if len(texts) * 2 <= len(given):
        return False
    if all(names_part(text) or is_whole(text) for text in texts):
        return True
    seats = [text for text in texts if _is_within(text, units)]
    return len(seats) * 2 > len(texts)


def _is_within(text: str, units: Units) -> bool:
    """Whether a text is the seat of a unit, and no name of one."""
    return units.find(text) is None and units.find_seat(text) is not None


def _varies(values: list[Any], rows: list[list[Any]], out: Layout, units: Units) -> bool:
    """Whether a column has several values for one unit."""
    seen: dict[str, set[str]] = {}
    for value, row in zip(values, rows, strict=True):
        seen.setdefault(str(row[out.unit_column]), set()).add(str(value))
    return any(len(found) > 1 for found in seen.values())


def _national(grid: Grid, aliases: Mapping[str, str], units: Units) -> Layout | None:
    """A sheet without units: years down, and the exchange rate, which is one for all."""
    cells = grid.cells
    for i, row in enumerate(cells):
        years = [j for j, v in enumerate(row) if v is not None and fold(str(v)) in _YEAR_HEADERS]
        if not years:
            continue
        out = _with_surroundings(grid, *_titles(cells, i), aliases)
        found = [
            described(j, _parts(cells, [i], j), out.context, None)
            for j in range(len(row))
            if j != years[0] and row[j] is not None
        ]
        rates = [one for one in found if one.series and one.series.name == "exchange_rate"]
        if not rates:
            return None
        out.first_row, out.year_column, out.header_rows = i + 1, years[0], [i]
        out.columns, out.national = rates, True
        out.unknown = [one for one in found if one not in rates]
        return out
    return None


def _of_one_unit(grid: Grid, aliases: Mapping[str, str], units: Units) -> Layout:
    """A sheet whose name, file or title names the one unit of its figures: years down and series
    across, or series down and years across."""
    nothing = Layout(False, f"no column of {units.level.noun} names")
    cells = grid.cells
    header = next((i for i, row in enumerate(cells) if _heads_years(row, cells, i)), None)
    if header is None:
        return nothing
    titles, sheet_units = _titles(cells, header)
    unit, doubt = _named_unit(grid, titles, units)
    if unit is None:
        return Layout(False, doubt) if doubt else nothing
    out = _with_surroundings(grid, titles, sheet_units, aliases)
    out.unit, out.first_row, out.header_rows = unit, header + 1, [header]
    years = {j: year for j, value in enumerate(cells[header]) if (year := year_of(value))}
    if len(years) >= 1 and not any(fold(str(v)) in _YEAR_HEADERS for v in cells[header]):
        out.series_column = min(j for j in range(len(cells[0])) if j not in years)
        out.years_across = years
        for j, value in enumerate(cells[header]):
            if value is not None and fold(str(value)) in _UNIT_HEADERS:
                out.measure_column = j
        return out
    _find_columns(grid, out, (), cells[header + 1 :], units)
    return out if _has_figures(out) and out.year_column is not None else _without_series(out)


def _heads_years(row: list[Any], cells: list[list[Any]], i: int) -> bool:
    """Whether a row is the header of years, down or across."""
    texts = [fold(str(value)) for value in row if value is not None]
    if any(text in _YEAR_HEADERS for text in texts):
        return len(texts) > 1
    years = sum(year_of(value) is not None for value in row)
    named = row[0] is None or bool({*texts} & _SERIES_HEADERS) or year_of(row[0]) is None
    below = cells[i + 1] if i + 1 < len(cells) else []
    return years >= 1 and years >= len(texts) - 2 and named and any(map(looks_numeric, below))


def _named_unit(grid: Grid, titles: list[str], units: Units) -> tuple[Unit | None, str]:
    """(the one unit a sheet, file or title names, why there is none although one is named)."""
    stem = PurePosixPath(grid.file).stem
    sheet = grid.sheet or ""
    by_sheet, by_file = _unit_in(sheet, units), _unit_in(stem, units)
    by_title = [unit for title in titles for unit in _unit_in(title, units)]
    for found in (by_title, by_sheet, by_file):
        if len({unit.name for unit in found}) > 1:
            return None, f"its name or title names several {units.level.plural}"
    named = {unit.name: unit for unit in (*by_title, *by_sheet, *by_file)}
    if len(named) != 1:
        both = " and ".join(named)
        return None, f"title, sheet and file name {both}" if named else ""
    (unit,) = named.values()
    if not by_title and not by_sheet and not _PLAIN_NAME.fullmatch(plain(sheet)):
        why = f"the file is named by {unit.name}, its sheet {sheet!r} by something else"
        return (unit, "") if sheet_series((sheet,), Context((sheet,), {})) else (None, why)
    return unit, ""


def _unit_in(text: str, units: Units) -> list[Unit]:
    """The units a short text names, each as a word of its own: 浙江, 浙江省历年数据, Zhejiang_gdp.

    None where a place within the unit follows: 浙江省杭州市, 吉林市.
    """
    out: list[Unit] = []
    for word in re.findall(
        r"[\u3400-\u9fff]+|[A-Za-z]+(?: [A-Za-z]+)*", plain(text).replace("_", "-")
    ):
        word = re.sub("^年(?:以来|度|底|末)?", "", word)
        if found := units.find(word):
            out.append(found)
            continue
        for unit in units:
            name = next((n for n in (unit.full_name, unit.name) if n and word.startswith(n)), None)
            han = name is not None and not name.isascii()
            if name and han and not re.match(_WITHIN, word[len(name) :]):
                out.append(unit)
                break
    return out


# what follows the name of a unit where the text is of a place within it, or of another one
_WITHIN = re.compile(
    r"[市县区州盟旗省镇乡]|[\u3400-\u9fff]{1,6}?(?<!地)(?<!全)(?<!市辖)(?:市|县|州|盟|旗)(?!场|盈)|"
    r"[\u3400-\u9fff]{1,4}(?<!地)(?<!辖)区(?!域)"
)


def _transposed(grid: Grid, aliases: Mapping[str, str], header: int, units: Units) -> Layout:
    """Units across, years down."""
    cells = grid.cells
    out = _with_surroundings(grid, *_titles(cells, header), aliases)
    places = {
        j: value
        for j, value in enumerate(cells[header])
        if value is not None and place(value, aliases, units=units)[0] not in ("blank", "footnote")
    }
    years = next(
        (
            j
            for j in range(len(cells[0]))
            if sum(year_of(row[j]) is not None for row in cells[header + 1 :]) >= 1
            and not names_unit(cells[header][j], aliases, units=units)
        ),
        None,
    )
    if years is None:
        return Layout(False, f"{units.level.plural} stand across, but no column holds the years")
    if out.across_series is None:
        return Layout(False, "no series named by the title, the sheet or the file")
    places.pop(years, None)
    out.first_row, out.year_column, out.header_rows = header + 1, years, [header]
    out.units_across = places
    return out


def _code_headers(level: Level) -> set[str]:
    return {*_CODE_HEADERS, fold(level.code)}


def _code_column(cells: list[list[Any]], level: Level) -> int | None:
    for j in range(len(cells[0])):
        heads = {fold(str(row[j])) for row in cells[:6] if row[j] is not None}
        if heads & _code_headers(level):
            return j
    return None


def _first_data_row(
    cells: list[list[Any]], column: int, aliases: Mapping[str, str], codes: bool, units: Units
) -> int:
    """The first row that speaks of a unit or a total and holds more than that name."""
    for i, row in enumerate(cells):
        kind = place(row[column], aliases, codes, units=units)[0]
        others = [value for j, value in enumerate(row) if j != column and value is not None]
        repeated = all(value == row[column] for value in others)
        if kind in ("unit", "national", "group") and others and not repeated:
            return _with_misspelt_rows(cells, column, i)
    return next(
        i for i, row in enumerate(cells) if place(row[column], aliases, codes, units=units)[1]
    )


def _with_misspelt_rows(cells: list[list[Any]], column: int, first: int) -> int:
    """The rows right above that hold figures under a name no unit has are data too.

    A header holds no numbers but years, or column numbers beside 甲.
    """
    while first > 0:
        row = cells[first - 1]
        figures = [v for v in row if looks_numeric(v) and year_of(v) is None]
        name = str(row[column] or "").strip()
        dated = any(year_of(v) is not None for v in row)
        if not figures or (len(name) < 2 and not dated):
            return first
        first -= 1
    return first


def _titles(cells: list[list[Any]], end: int) -> tuple[list[str], list[str]]:
    """(texts standing alone above the table, the units of the 单位 cells)."""
    titles: list[str] = []
    units: list[str] = []
    for row in cells[:end]:
        texts = list(dict.fromkeys(str(value) for value in row if value is not None))
        matches = (_UNIT_CELL.match(with_plain(text)) for text in texts)
        units += [found.group(1) for found in matches if found]
        if not units and len(texts) == 1:
            units += [i for i in BRACKETS.findall(texts[0]) if known_unit(i)][:1]
        rest = [text for text in texts if not _is_unit_cell(text)]
        if len(rest) == 1:
            titles += rest
    return titles, different_units(units)


def _texts_and_units(texts: list[str]) -> tuple[list[str], list[str]]:
    """Titles of another table of the sheet, and the units of its 单位 cells."""
    return _titles([[text] for text in texts], len(texts))


def with_plain(text: str) -> str:
    """Plain text without guards, in which powers of ten are kept."""
    return plain(with_powers(unguarded(text)))


def _header(
    grid: Grid, first: int, column: int, units: Units
) -> tuple[list[int], list[str], list[str]]:
    """(rows of the header, titles above it, units of the 单位 cells).

    A row that holds one or two texts above a fuller one (title, date) is a title, not a header.
    """
    cells = grid.cells
    if not grid.letters:  # names and labels of a Stata file
        return [0, 1], [], []
    titles, measures = _titles(cells, first)
    filled = [sum(v is not None and not _is_unit_cell(v) for v in row) for row in cells[:first]]
    most = max(filled, default=0)
    rows = []
    for i, row in enumerate(cells[:first]):
        texts = list(dict.fromkeys(str(v) for v in row if v is not None and not _is_unit_cell(v)))
        if len(texts) < 2:
            continue
        heads = heads_units(row[column], units)
        if filled[i] <= 2 and most >= 4 and i < filled.index(most) and not heads:
            titles.extend(texts)
        else:
            rows.append(i)
    return rows, titles, measures


def _is_unit_cell(value: Any) -> bool:
    return bool(_UNIT_CELL.match(with_plain(str(value))))


def _parts(cells: list[list[Any]], header_rows: list[int], j: int) -> list[str]:
    """The texts over column j from top to bottom, each once, without the 单位 cell."""
    texts = []
    for i in header_rows:
        value = cells[i][j]
        if value is None or _is_unit_cell(value):
            continue
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        text = " ".join(with_plain(str(value)).split())
        # yearbooks number their columns in a row of its own: 甲 1 2 3
        if text and text not in texts and (year_of(text) or not looks_numeric(text)):
            texts.append(text)
    return [text for text in texts if fold(text) not in _SUBTOTALS] or texts


def has_number(row: list[Any], skip: Collection[int | None]) -> bool:
    """Whether a row holds a number outside the columns `skip`."""
    return any(looks_numeric(value) for j, value in enumerate(row) if j not in skip)
