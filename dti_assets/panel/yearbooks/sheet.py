"""The figures of one sheet, row by row, once its layout is known."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any

from dti_assets.errors import NotANumberError, UnitError
from dti_assets.panel.parts import is_whole
from dti_assets.panel.series import Series, find_series, unknown_series
from dti_assets.panel.units import Unit as Measure
from dti_assets.panel.units import convert, convertible, free_unit, known_unit, parse_unit, scale_of
from dti_assets.panel.yearbooks.cells import (
    BRACKETS,
    Fault,
    Kind,
    in_percent,
    is_missing,
    looks_numeric,
    nearest_unit,
    number,
    place,
    with_powers,
    year_of,
)
from dti_assets.panel.yearbooks.grids import Grid
from dti_assets.panel.yearbooks.headers import DataColumn, described
from dti_assets.panel.yearbooks.layout import Layout, find_layout, has_number
from dti_assets.store.characters import plain
from dti_assets.store.delimited import thousands_split, too_long
from dti_assets.units.lists import Unit, Units


class SheetReader:
    """Reads one Grid; afterwards `records`, `totals`, `skipped` and `faults` hold what it found.

    `measures` are the units that the study declares for series.
    """

    def __init__(
        self, grid: Grid, aliases: Mapping[str, str], measures: Mapping[str, Measure], units: Units
    ) -> None:
        self.grid = grid
        self.aliases = aliases
        self.measures = measures
        self.units = units
        self.records: list[dict[str, Any]] = []
        self.totals: list[dict[str, Any]] = []
        self.skipped: list[dict[str, Any]] = []
        self.faults: list[Fault] = list(grid.faults)
        self._measures: dict[tuple[str, int, str | None], Measure | None] = {}
        # kinds of rows and columns that are not read, with the reason
        self._left_out = {
            "national": "national figure",
            "group": f"figure of a group of {units.level.plural}",
            "outside": f"outside the {len(units)} {units.level.plural}",
            "footnote": "footnote",
        }

    def read(self) -> None:
        """Fill the four lists; never raises for what stands in the cells."""
        for i, j, text, reason in self.grid.left_out:
            self._skip(i, j, text, reason)
        layout = find_layout(self.grid, self.aliases, self.units)
        for column in layout.unknown:
            if column.header:
                why = column.reason or "column names no series of the catalogue"
                self._skip(None, column.j, column.header, why)
            elif self._holds_figures(layout, column.j):
                self._skip(None, column.j, None, "a column of figures without a header")
        for j, header in layout.names:
            self._skip(None, j, header, f"another column of {self.units.level.noun} names")
        if not layout.usable:
            if self.grid.cells or (self.grid.sheet is None and not self.grid.left_out):
                self._skip(None, None, None, layout.reason)
            return
        self._without_long_lines(layout)
        if layout.units_across:
            self._read_across(layout)
        elif layout.national:
            self._read_national(layout)
        else:
            self._read_down(layout)

    def _holds_figures(self, layout: Layout, j: int) -> bool:
        return any(looks_numeric(row[j]) for row in self.grid.cells[layout.first_row :])

    def _without_long_lines(self, layout: Layout) -> None:
        """Blank the rows of a text file that are longer than their header, and list them."""
        grid = self.grid
        if grid.raw is None or not layout.header_rows:
            return
        header = max((grid.raw[i].cells for i in layout.header_rows), key=len)
        lost = {one.line: one.message for one in too_long(grid.raw, header, layout.first_row)}
        lost |= {line: why for line, why in self._shifted(layout).items() if line not in lost}
        for i, row in enumerate(grid.raw):
            if i >= layout.first_row and row.line in lost and any(grid.cells[i]):
                text = next((str(value) for value in grid.cells[i] if value is not None), None)
                self._skip(i, None, text, f"line {row.line}: {lost[row.line]}")
                grid.cells[i] = [None] * len(grid.cells[i])

    def _shifted(self, layout: Layout) -> dict[int, str]:
        """Lines where a figure goes on in the next column, which holds no other number: 4,903."""
        grid = self.grid
        assert grid.raw is not None
        rows = range(layout.first_row, len(grid.raw))
        used = {column.j for column in layout.columns} | {layout.value_column}
        free = [column.j for column in layout.unknown if column.j - 1 in used]
        if layout.measure_column is not None and layout.measure_column - 1 in used:
            free.append(layout.measure_column)
        out: dict[int, str] = {}
        for j in free:
            numbers = [i for i in rows if looks_numeric(grid.cells[i][j])]
            cut = [
                i
                for i in numbers
                if j < len(grid.raw[i].cells) and thousands_split(grid.raw[i].cells[j - 1 : j + 1])
            ]
            if cut and len(cut) == len(numbers) and len(rows) > len(cut):
                why = (
                    "a number with thousands separators that is not in quotation marks; the row "
                    "is not used"
                )
                out |= {grid.raw[i].line: why for i in cut}
        return out

    def _read_down(self, layout: Layout) -> None:
        grid = self.grid
        columns = []
        of_units = [
            row
            for row in grid.cells[layout.first_row :]
            if layout.unit or self._place(row[layout.unit_column], layout.codes)[1]
        ]
        for column in layout.columns:
            if any(not is_missing(row[column.j]) for row in of_units):
                columns.append(column)
            else:
                self._skip(None, column.j, column.header, "no figure in this column")
        years_missing: set[int] = set()
        parts: dict[int, list[str]] = {}
        for i in range(layout.first_row, len(grid.cells)):
            row = grid.cells[i]
            if layout.unit is not None:
                kind, unit = self._row_of_the_unit(i, row, layout)
            else:
                kind, unit = self._place(row[layout.unit_column], layout.codes)
            numbers = has_number(row, {layout.unit_column, layout.year_column})
            if not self._row_counts(i, row, layout, kind, numbers):
                continue
            part = next((j for j, _ in layout.subdivisions if not is_whole(row[j])), None)
            if part is not None:
                parts.setdefault(part, []).append(str(row[part]).strip())
                continue
            year = layout.sheet_year
            if layout.year_column is not None:
                year = year_of(row[layout.year_column])
                if year is None:
                    found = row[layout.year_column]
                    self.faults.append(grid.fault(_no_year(found), i, layout.year_column))
                    continue
            if layout.series_column is not None:
                self._long_row(layout, i, unit, year)
            for column in columns:
                when = column.year or year
                if column.span and layout.year_column is None:
                    when = None
                if when is None:
                    if column.j not in years_missing:
                        years_missing.add(column.j)
                        self.faults.append(
                            grid.fault(
                                "no year: neither a year column, nor a year in the header, the "
                                "title, the sheet or the file name",
                                i,
                                column.j,
                                column.header,
                            )
                        )
                    continue
                measure = self._measure(column, layout)
                if measure is not None and column.series is not None:
                    self._cell(i, column.j, column.header, column.series, unit, when, measure)
        self._list_parts(layout, parts)

    def _row_of_the_unit(self, i: int, row: list[Any], layout: Layout) -> tuple[Kind, Unit | None]:
        """As _place, for a row of a sheet that is about one unit."""
        if layout.series_column is not None:
            named = row[layout.series_column] is not None
        else:
            assert layout.year_column is not None
            named = row[layout.year_column] is not None
        numbers = has_number(row, {layout.year_column, layout.series_column})
        if named and numbers:
            return "unit", layout.unit
        return ("blank" if not numbers and not any(row) else "footnote"), None

    def _list_parts(self, layout: Layout, parts: dict[int, list[str]]) -> None:
        for j, header in layout.subdivisions:
            found = parts.get(j, [])
            if found:
                kinds = list(dict.fromkeys(found))
                named = ", ".join(kinds[:4]) + (" ..." if len(kinds) > 4 else "")
                self._skip(
                    None,
                    j,
                    header,
                    f"{len(found)} rows are of a part of a {self.units.level.noun} ({named}) and "
                    "not used",
                )

    def _place(self, value: Any, codes: bool = False) -> tuple[Kind, Unit | None]:
        return place(value, self.aliases, codes, units=self.units)

    def _row_counts(self, i: int, row: list[Any], layout: Layout, kind: str, numbers: bool) -> bool:
        """Whether a row enters (a unit, or 全国 for the totals); lists it where it does not."""
        noun = self.units.level.noun
        j = layout.unit_column
        if kind == "unit":
            return True
        if layout.unit is not None:
            if note := next((str(v) for v in row if v is not None), None):
                self._skip(i, None, note, "no year and no figure in this row")
            return False
        text = None if row[j] is None else str(row[j]).strip()
        if kind == "blank":
            if numbers:
                self.faults.append(self.grid.fault(f"no {noun} in a row with figures", i, j))
            elif note := next((str(v) for v in row if v is not None), None):
                self._skip(i, None, note, f"no {noun} and no figure in this row")
            return False
        if kind in self._left_out:
            self._skip(i, None, text, self._left_out[kind])
            return kind == "national" and numbers
        if not numbers:
            self._skip(i, None, text, "no figure in this row")
            return False
        self.faults.append(self.grid.fault(self._unknown(text), i, j))
        return False

    def _long_row(self, layout: Layout, i: int, unit: Unit | None, year: int | None) -> None:
        assert layout.series_column is not None
        if layout.value_column is None and not layout.years_across:
            return
        row = self.grid.cells[i]
        name = str(row[layout.series_column] or "")
        said = described(layout.series_column, _parts_of(name), layout.context, None)
        series = said.series
        if series is None:
            why = said.reason or unknown_series(name)
            self._skip(i, layout.series_column, name, why)
            return
        text = said.unit
        if layout.measure_column is not None and row[layout.measure_column] is not None:
            text = str(row[layout.measure_column])
        cells = layout.years_across
        if layout.value_column is not None:
            when = year or said.year
            if when is None:
                self.faults.append(self.grid.fault("no year in this row", i, layout.value_column))
                return
            cells = {layout.value_column: when}
        for j, when in cells.items():
            column = DataColumn(j, name, series, when, text, said.odd_unit)
            measure = self._measure(column, layout, i)
            if measure is not None:
                self._cell(i, j, name, series, unit, when, measure)

    def _read_across(self, layout: Layout) -> None:
        grid, series = self.grid, layout.across_series
        assert series is not None and layout.year_column is not None
        header = layout.header_rows[0]
        names: dict[int, Unit | None] = {}
        for j, value in layout.units_across.items():
            kind, unit = self._place(value)
            numbers = any(has_number([row[j]], set()) for row in grid.cells[layout.first_row :])
            if kind in ("unit", "national"):
                names[j] = unit
            if kind in self._left_out:
                self._skip(header, j, str(value), self._left_out[kind])
            elif kind == "unknown" and numbers and not self._is_label(value):
                self.faults.append(grid.fault(self._unknown(value), header, j))
            elif kind == "unknown":
                self._skip(header, j, str(value), f"column names no {self.units.level.noun}")
        for i in range(layout.first_row, len(grid.cells)):
            row = grid.cells[i]
            year = year_of(row[layout.year_column])
            if year is None:
                if has_number([row[j] for j in names], set()):
                    found = row[layout.year_column]
                    self.faults.append(grid.fault(_no_year(found), i, layout.year_column))
                elif note := next((str(v) for v in row if v is not None), None):
                    self._skip(i, None, note, "no year and no figure in this row")
                continue
            for j, unit in names.items():
                header_text = str(grid.cells[header][j])
                column = DataColumn(j, header_text, series, year, None)
                measure = self._measure(column, layout)
                if measure is not None:
                    self._cell(i, j, header_text, series, unit, year, measure)

    def _read_national(self, layout: Layout) -> None:
        """One figure a year that holds for every unit."""
        assert layout.year_column is not None
        for i in range(layout.first_row, len(self.grid.cells)):
            row = self.grid.cells[i]
            year = year_of(row[layout.year_column])
            if year is None:
                if note := next((str(v) for v in row if v is not None), None):
                    self._skip(i, None, note, "no year in this row")
                continue
            for column in layout.columns:
                measure = self._measure(column, layout)
                for unit in self.units if measure else ():
                    assert column.series is not None and measure is not None
                    before = len(self.faults)
                    self._cell(i, column.j, column.header, column.series, unit, year, measure)
                    if len(self.faults) > before:
                        break

    def _is_label(self, value: Any) -> bool:
        return find_series(str(value), "", self.aliases) is not None

    def _unknown(self, value: Any) -> str:
        hint = nearest_unit(value, self.units)
        name = f"unknown {self.units.level.noun} {str(value).strip()!r}"
        return name + (f"; {hint}" if hint else "")

    def _measure(self, column: DataColumn, layout: Layout, i: int | None = None) -> Measure | None:
        """The unit of a column; None where it has a fault, which is reported once."""
        series = column.series
        assert series is not None
        across = bool(layout.units_across)
        key = (series.name, -1 if across else column.j, column.unit)
        if key not in self._measures:
            try:
                self._measures[key] = self._declared(column, layout, series)
            except UnitError as error:
                self._measures[key] = None
                row = i if i is not None else (layout.header_rows or [0])[0]
                place_ = None if across else column.j
                self.faults.append(self.grid.fault(str(error), row, place_, column.header))
        return self._measures[key]

    def _declared(self, column: DataColumn, layout: Layout, series: Series) -> Measure:
        free = series.unit.dimension == "any"
        read = free_unit if free else parse_unit
        given = self.measures.get(series.name)
        text = column.unit or (column.odd_unit if free else None)
        if text is not None:
            unit = read(text)
            _agree("header", series, unit, given)
        elif given is not None:
            unit = given
            if len(layout.sheet_units) == 1 and known_unit(layout.sheet_units[0]):
                cell = parse_unit(layout.sheet_units[0])
                if convertible(cell, series.unit):  # else it speaks of other columns
                    _agree("单位 cell", series, cell, given)
        elif len(layout.sheet_units) > 1:
            raise UnitError(
                f"the 单位 cells differ ({', '.join(layout.sheet_units)}): write the unit of "
                f"{series.name} into its header or into panel.units of the study file"
            )
        elif layout.sheet_units:
            unit = read(layout.sheet_units[0])
        elif column.odd_unit is not None:
            unit = parse_unit(column.odd_unit)
        elif series.unit.dimension in ("dummy", "index", "years"):
            unit = series.unit  # nothing else it could be in
        else:
            example = "km per km2" if free else str(series.unit)
            raise UnitError(
                f"no unit declared for {series.name}: write it into the header, as in "
                f"{series.name} ({example}), or into panel.units of the study file"
            )
        if not convertible(unit, series.unit):
            raise UnitError(
                f"{unit} is no unit of {series.name}, which is measured in units like {series.unit}"
            )
        _scaled_as(column.header, unit)
        return unit

    def _cell(
        self,
        i: int,
        j: int,
        header: str,
        series: Series,
        unit: Unit | None,
        year: int,
        measure: Measure,
    ) -> None:
        raw = self.grid.cells[i][j]
        if (i, j) in self.grid.doubtful:
            self.faults.append(
                self.grid.fault(
                    f"{raw!r} is text among numbers, in a format that does not say whether its "
                    "last digit is a raised note mark; save the file as XLSX, or write a number",
                    i,
                    j,
                    header,
                )
            )
            return
        try:
            value = number(raw)
        except NotANumberError as error:
            self.faults.append(
                self.grid.fault(f"{str(error)!r} is no number ({series.name})", i, j, header)
            )
            return
        if value is not None and in_percent(raw):
            if measure.dimension not in ("share", "any"):
                self.faults.append(
                    self.grid.fault(f"{raw!r} is a percentage, not {measure}", i, j, header)
                )
                return
            if measure.dimension == "share":
                value = convert(value, parse_unit("%"), measure)
        if unit is None:
            if value is not None:
                self.totals.append(
                    {
                        "series": series.name,
                        "year": year,
                        "value": value,
                        "unit": str(measure),
                        "source": self.grid.file,
                    }
                )
            return
        where = self.grid.file + (f", sheet {self.grid.sheet}" if self.grid.sheet else "")
        self.records.append(
            {
                "series": series.name,
                **self.units.key(unit),
                "year": year,
                "value": value,
                "unit": str(measure),
                "source": f"user: {where}",
                "origin": "user",
                "status": "published",
                "file": self.grid.file,
                "sheet": self.grid.sheet,
                "row": self.grid.row(i),
                "column": self.grid.column(j, header),
                "reason": None if value is not None else self._why_missing(raw, i, j),
                "_j": j,
            }
        )

    def _why_missing(self, raw: Any, i: int, j: int) -> str:
        if why := self.grid.unseen.get((i, j)):
            return f"{why} in {self.grid.file}, row {self.grid.row(i)}"
        mark = "blank" if raw is None or not str(raw).strip() else repr(str(raw).strip())
        return f"{mark} in {self.grid.file}, row {self.grid.row(i)}"

    def _skip(self, i: int | None, j: int | None, text: str | None, reason: str) -> None:
        self.skipped.append(
            {
                "file": self.grid.file,
                "sheet": self.grid.sheet,
                "row": None if i is None else self.grid.row(i),
                "column": None if j is None else self.grid.column(j),
                "text": text,
                "reason": reason,
            }
        )


def _parts_of(name: str) -> list[str]:
    """The name of an indicator as a header of one part."""
    text = " ".join(plain(with_powers(name)).split())
    return [text] if text else []


def _no_year(value: Any) -> str:
    """The sentence for a cell that is no year, a day in the middle of one too."""
    if isinstance(value, datetime.datetime):
        value = value.date()
    text = value.isoformat() if isinstance(value, datetime.date) else value
    day = re.match(r"(?:19|20)\d\d\D+\d", str(text))
    return f"{text!r} is no year" + (", but a part of one" if day else "")


def _agree(where: str, series: Series, unit: Measure, given: Measure | None) -> None:
    if given is not None and (unit.dimension, unit.factor) != (given.dimension, given.factor):
        raise UnitError(f"the {where} gives {series.name} in {unit}, the study's units in {given}")


def _scaled_as(header: str, unit: Measure) -> None:
    """A header may name but the scale, 出口总额(百万): the unit from elsewhere must be of it."""
    for inner in BRACKETS.findall(header):
        # digits alone number the columns
        scale = 1.0 if not any(map(str.isalpha, inner)) else scale_of(inner)
        if scale not in (1.0, unit.factor) and unit.dimension != "any":
            raise UnitError(f"the header says {inner}, the unit found for it is {unit}")
