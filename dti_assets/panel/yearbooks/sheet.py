"""The figures of one sheet, row by row, once its layout is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dti_assets.errors import NotANumberError, UnitError
from dti_assets.panel.series import Series, find_series, unknown_series
from dti_assets.panel.units import Unit as Measure
from dti_assets.panel.units import convertible, free_unit, known_unit, parse_unit, scale_of
from dti_assets.panel.yearbooks.cells import (
    BRACKETS,
    Fault,
    Kind,
    is_missing,
    nearest_unit,
    number,
    place,
    year_of,
)
from dti_assets.panel.yearbooks.grids import Grid
from dti_assets.panel.yearbooks.layout import DataColumn, Layout, find_layout, has_number
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
        layout = find_layout(self.grid, self.aliases, self.units)
        for column in layout.unknown:
            if column.header:
                self._skip(None, column.j, column.header, "column names no series of the catalogue")
        for j, header in layout.names:
            self._skip(None, j, header, f"another column of {self.units.level.noun} names")
        if not layout.usable:
            self._skip(None, None, None, layout.reason)
        elif layout.units_across:
            self._read_across(layout)
        elif layout.national:
            self._read_national(layout)
        else:
            self._read_down(layout)

    def _read_down(self, layout: Layout) -> None:
        grid = self.grid
        columns = []
        of_units = [
            row
            for row in grid.cells[layout.first_row :]
            if self._place(row[layout.unit_column], layout.codes)[1]
        ]
        for column in layout.columns:
            if any(not is_missing(row[column.j]) for row in of_units):
                columns.append(column)
            else:
                self._skip(None, column.j, column.header, "no figure in this column")
        years_missing: set[int] = set()
        for i in range(layout.first_row, len(grid.cells)):
            row = grid.cells[i]
            value = row[layout.unit_column]
            kind, unit = self._place(value, layout.codes)
            numbers = has_number(row, {layout.unit_column, layout.year_column})
            if not self._row_counts(i, row, layout, kind, numbers):
                continue
            year = layout.sheet_year
            if layout.year_column is not None:
                year = year_of(row[layout.year_column])
                if year is None:
                    self.faults.append(
                        grid.fault(f"{row[layout.year_column]!r} is no year", i, layout.year_column)
                    )
                    continue
            if layout.series_column is not None and layout.value_column is not None:
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

    def _place(self, value: Any, codes: bool = False) -> tuple[Kind, Unit | None]:
        return place(value, self.aliases, codes, units=self.units)

    def _row_counts(self, i: int, row: list[Any], layout: Layout, kind: str, numbers: bool) -> bool:
        """Whether a row enters (a unit, or 全国 for the totals); lists it where it does not."""
        noun = self.units.level.noun
        j = layout.unit_column
        text = None if row[j] is None else str(row[j]).strip()
        if kind == "unit":
            return True
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
        assert layout.series_column is not None and layout.value_column is not None
        row = self.grid.cells[i]
        name = str(row[layout.series_column] or "")
        series = find_series(name, f"{self.grid.file} {self.grid.sheet or ''}", self.aliases)
        if series is None:
            self._skip(i, layout.series_column, name, unknown_series(name))
            return
        if year is None:
            self.faults.append(self.grid.fault("no year in this row", i, layout.value_column))
            return
        text = None
        if layout.measure_column is not None and row[layout.measure_column] is not None:
            text = str(row[layout.measure_column])
        column = DataColumn(layout.value_column, name, series, year, text)
        measure = self._measure(column, layout, i)
        if measure is not None:
            self._cell(i, layout.value_column, name, series, unit, year, measure)

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
                    self.faults.append(grid.fault(f"{found!r} is no year", i, layout.year_column))
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
        try:
            value = number(raw)
        except NotANumberError as error:
            self.faults.append(
                self.grid.fault(f"{str(error)!r} is no number ({series.name})", i, j, header)
            )
            return
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
                "reason": None if value is not None else self._why_missing(raw, i),
                "_j": j,
            }
        )

    def _why_missing(self, raw: Any, i: int) -> str:
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
