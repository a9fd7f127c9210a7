"""Where a sheet keeps its header, units of the study, years, series and units.

Belongs here: recognising long, wide and yearbook layouts. Does not belong here: reading files
(user_grids), the meaning of single cells (user_cells), collecting figures (user_figures).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from dti_assets.panel.series import Series, find_series, fold
from dti_assets.panel.units import different_units, known_unit
from dti_assets.panel.yearbooks.cells import (
    BRACKETS,
    looks_numeric,
    names_unit,
    place,
    without_years,
    year_of,
    years_in,
)
from dti_assets.panel.yearbooks.grids import Grid
from dti_assets.units.levels import Level
from dti_assets.units.lists import Units

_YEAR_HEADERS = {
    "year", "年份", "年度", "年", "时间", "sgnyea", "统计年度", "会计年度", "指标年份", "years",
    "统计年份", "yr",
}  # fmt: skip
_SERIES_HEADERS = {"series", "variable", "indicator", "指标", "指标名称", "变量", "项目", "变量名"}
_VALUE_HEADERS = {"value", "数值", "值", "指标值", "figure", "数据"}
_UNIT_HEADERS = {"unit", "单位", "计量单位", "units"}
# the level's own names come on top
_CODE_HEADERS = {
    "行政区划代码", "地区代码", "省份代码", "省代码", "code", "adcode", "代码", "prvcnmid",
    "地区编码",
}  # fmt: skip
_PLACE_HEADERS = {
    "地区", "省份", "省市", "省", "region", "area", "地区名称", "省份名称", "name", "unit",
}  # fmt: skip
_SUBTOTALS = {"合计", "总计", "小计", "total"}
_TRANSLATION = re.compile(r"(?<=[\u3400-\u9fff])\s+[A-Za-z][A-Za-z\s,&().%'-]*$")
_UNIT_CELL = re.compile(r"^\s*[\(\[]?\s*(?:计量)?(?:单位|unit)s?\s*[:：]\s*(.+?)\s*$", re.I)


@dataclass
class DataColumn:
    """One column of figures: which series and year it holds, and the unit its header declares."""

    j: int
    header: str
    series: Series | None
    year: int | None
    unit: str | None
    odd_unit: str | None = None  # a bracket that is no known unit: (现价), (亿圆)
    span: bool = False  # the header names several years: its figures are of none of them


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
    header_rows: list[int] = field(default_factory=list)
    sheet_units: list[str] = field(default_factory=list)  # more than one where 单位 cells differ
    sheet_year: int | None = None
    units_across: dict[int, Any] = field(default_factory=dict)
    across_series: Series | None = None
    national: bool = False


def find_layout(grid: Grid, aliases: Mapping[str, str], units: Units) -> Layout:
    """The layout of a sheet; never raises, an unreadable sheet says why in `reason`."""
    cells = grid.cells
    if not cells or not cells[0]:
        return Layout(False, "empty sheet")
    width = len(cells[0])
    down = [sum(names_unit(row[j], aliases, units=units) for row in cells) for j in range(width)]
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
            return _national(grid, aliases, units.level)
        column, codes = found, True
    first = _first_data_row(cells, column, aliases, codes, units)
    header_rows, titles, sheet_units = _header(cells, first, column, units.level)
    if not header_rows:
        return Layout(False, f"no header row above the first {units.level.noun}")
    out = Layout(True, "", first, column, codes, header_rows=header_rows, sheet_units=sheet_units)
    title = " ".join(titles)
    stem = PurePosixPath(grid.file).stem
    names = (title, grid.sheet or "", stem)
    context = " ".join(names)
    named = [years_in(name) for name in names]
    only = next((years for years in named if years), [])
    out.sheet_year = only[0] if len(set(only)) == 1 else None
    whole = _sheet_series((*titles, grid.sheet or "", stem), aliases)
    for j in range(width):
        if j == column:
            continue
        parts = _parts(cells, header_rows, j)
        if best_down and down[j] >= best_down / 2:
            out.names.append((j, " ".join(parts)))
            continue
        keys = {fold(part) for part in parts}
        if keys & _YEAR_HEADERS and out.year_column is None:
            out.year_column = j
        elif keys & _SERIES_HEADERS and out.series_column is None:
            out.series_column = j
        elif keys & _VALUE_HEADERS and out.value_column is None:
            out.value_column = j
        elif keys & _UNIT_HEADERS and out.measure_column is None:
            out.measure_column = j
        elif keys & _code_headers(units.level):
            continue
        else:
            one = _data_column(j, parts, context, aliases, whole)
            if one.series is None:
                out.unknown.append(one)
            else:
                out.columns.append(one)
    if out.value_column is not None and out.series_column is None and whole is not None:
        header = " ".join(_parts(cells, header_rows, out.value_column))
        out.columns.append(DataColumn(out.value_column, header, whole, None, None))
        out.value_column = None
    long = out.series_column is not None and out.value_column is not None
    if not long and not out.columns:
        return Layout(False, "no column that names a series", unknown=out.unknown)
    return out


def _national(grid: Grid, aliases: Mapping[str, str], level: Level) -> Layout:
    """A sheet without units: years down, and the exchange rate, which is one for all."""
    nothing = Layout(False, f"no column of {level.noun} names")
    cells = grid.cells
    for i, row in enumerate(cells):
        years = [j for j, v in enumerate(row) if v is not None and fold(str(v)) in _YEAR_HEADERS]
        if not years:
            continue
        titles, sheet_units = _titles(cells, i)
        context = " ".join((*titles, grid.sheet or "", grid.file))
        found = [
            _data_column(j, _parts(cells, [i], j), context, aliases, None)
            for j in range(len(row))
            if j != years[0] and row[j] is not None
        ]
        rates = [one for one in found if one.series and one.series.name == "exchange_rate"]
        if not rates:
            return nothing
        return Layout(
            True,
            first_row=i + 1,
            year_column=years[0],
            columns=rates,
            unknown=[one for one in found if one not in rates],
            header_rows=[i],
            sheet_units=sheet_units,
            national=True,
        )
    return nothing


def _transposed(grid: Grid, aliases: Mapping[str, str], header: int, units: Units) -> Layout:
    """Units across, years down."""
    cells = grid.cells
    titles, sheet_units = _titles(cells, header)
    stem = PurePosixPath(grid.file).stem
    series = _sheet_series((*titles, grid.sheet or "", stem), aliases)
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
    if series is None:
        return Layout(False, "no series named by the title, the sheet or the file")
    places.pop(years, None)
    return Layout(
        True,
        first_row=header + 1,
        year_column=years,
        header_rows=[header],
        sheet_units=sheet_units,
        units_across=places,
        across_series=series,
    )


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
        matches = (_UNIT_CELL.match(unicodedata.normalize("NFKC", text)) for text in texts)
        units += [found.group(1) for found in matches if found]
        if not units and len(texts) == 1:
            units += [i for i in BRACKETS.findall(texts[0]) if known_unit(i)][:1]
        rest = [text for text in texts if not _is_unit_cell(text)]
        if len(rest) == 1:
            titles += rest
    return titles, different_units(units)


def _header(
    cells: list[list[Any]], first: int, column: int, level: Level
) -> tuple[list[int], list[str], list[str]]:
    """(rows of the header, titles above it, units of the 单位 cells).

    A row that holds one or two texts above a fuller one (title, date) is a title, not a header.
    """
    titles, units = _titles(cells, first)
    filled = [sum(v is not None and not _is_unit_cell(v) for v in row) for row in cells[:first]]
    most = max(filled, default=0)
    rows = []
    for i, row in enumerate(cells[:first]):
        texts = list(dict.fromkeys(str(v) for v in row if v is not None and not _is_unit_cell(v)))
        if len(texts) < 2:
            continue
        heads = fold(str(row[column] or "")) in {*_PLACE_HEADERS, fold(level.name)}
        if filled[i] <= 2 and most >= 4 and i < filled.index(most) and not heads:
            titles.extend(texts)
        else:
            rows.append(i)
    return rows, titles, units


def _is_unit_cell(value: Any) -> bool:
    return bool(_UNIT_CELL.match(unicodedata.normalize("NFKC", str(value))))


def _parts(cells: list[list[Any]], header_rows: list[int], j: int) -> list[str]:
    """The texts over column j from top to bottom, each once, without the 单位 cell."""
    texts = []
    for i in header_rows:
        value = cells[i][j]
        if value is None or _is_unit_cell(value):
            continue
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        bare = "".join(c for c in str(value) if unicodedata.category(c) != "No")
        text = " ".join(unicodedata.normalize("NFKC", bare).split())
        # yearbooks number their columns in a row of its own: 甲 1 2 3
        if text and text not in texts and (year_of(text) or not looks_numeric(text)):
            texts.append(text)
    return [text for text in texts if fold(text) not in _SUBTOTALS] or texts


def _data_column(
    j: int, parts: list[str], context: str, aliases: Mapping[str, str], whole: Series | None
) -> DataColumn:
    """Series, year and unit from the texts over a column.

    The whole stacked header must name the series; 企业数 under 有R&D活动 is not the number of
    firms. Latin texts beside Chinese ones are translations and codes, and stand aside.
    """
    header = " ".join(parts)
    year = next((found for part in parts if (found := year_of(part))), None)
    unit = odd = None
    span = False
    names: list[str] = []
    for part in parts:
        if year_of(part):
            continue
        if len(parts) > 1 and (known_unit(part) or known_unit(part.strip("()"))):
            unit = unit or part.strip("()")
            continue
        for inner in BRACKETS.findall(part):
            if known_unit(inner):
                unit = unit or inner
            elif not year_of(inner):
                odd = odd or inner
        found_years = set(years_in(part))
        span = span or len(found_years) > 1
        if len(found_years) == 1 and year is None:
            year = found_years.pop()
        name = without_years(_TRANSLATION.sub("", BRACKETS.sub("", part).strip())).strip()
        if name:
            names.append(name)
    chinese = [name for name in names if re.search(r"[\u3400-\u9fff]", name)]
    latin = [name for name in names if name not in chinese]
    series = None
    for candidate in (header, "".join(chinese), " ".join(latin), *(latin if chinese else ())):
        if candidate and series is None:
            series = find_series(candidate, context, aliases)
    # `latin` may be a Stata name over its English label: either may name the series
    if series is None and not chinese and len(latin) == 2:
        series = next((s for n in latin if (s := find_series(n, context, aliases))), None)
    if series is None and year is not None and not names:
        series = whole
    return DataColumn(j, header, series, year, unit, odd, span)


def _sheet_series(names: tuple[str, ...], aliases: Mapping[str, str]) -> Series | None:
    """The one series a whole sheet is about, from its title, its name or the file's name."""
    context = " ".join(names)
    for name in names:
        text = without_years(BRACKETS.sub("", unicodedata.normalize("NFKC", name)))
        text = re.sub(r"^(指标|表)\s*[:：]", "", text.strip())
        text = re.sub(r"^[\d\s\-.、_]+", "", text)
        text = re.sub(
            r"(各地区|分地区|各省市|各省区市|分省|各省|年度数据|情况|统计表|表)", "", text
        )
        for candidate in (name, text, text.strip("的: ")):
            found = find_series(candidate, context, aliases) if candidate.strip() else None
            if found:
                return found
    return None


def has_number(row: list[Any], skip: Collection[int | None]) -> bool:
    """Whether a row holds a number outside the columns `skip`."""
    return any(looks_numeric(value) for j, value in enumerate(row) if j not in skip)
