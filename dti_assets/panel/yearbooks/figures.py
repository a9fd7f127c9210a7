"""A user's figures: every file of a folder read into one table, every fault named.

Belongs here: walking the folder, units, duplicates, and the record of what was left out. The
recognition of layouts is in `user_layout`, conversion in `units` and `build`: figures are kept
here in the unit they were given in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dti_assets.errors import DtiError, PanelError, UnitError, UserFigureError
from dti_assets.panel.series import Series, catalogue, find_series, unknown_series
from dti_assets.panel.tables import FIGURES, NATIONAL_TOTALS, SKIPPED, USER_FILES
from dti_assets.panel.turnover import read_appointments, turnover, turnover_figures
from dti_assets.panel.units import Unit as Measure
from dti_assets.panel.units import convert, convertible, free_unit, parse_unit
from dti_assets.panel.yearbooks.blocks import tables
from dti_assets.panel.yearbooks.cells import Fault
from dti_assets.panel.yearbooks.grids import FORMATS, read_grids
from dti_assets.panel.yearbooks.sheet import SheetReader
from dti_assets.store.files import find_all
from dti_assets.units.levels import Level
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    import pandas as pd

# files with this beginning hold dated appointments, see `turnover`
APPOINTMENTS = "appointments"


class UserFigures(NamedTuple):
    """What a folder holds: `figures` (table figures), `skipped` (table figures_left_out: rows,
    columns, sheets and files not used, with the reason), `totals` (table national_totals: figures
    of 全国 rows) and `files` (table user_files: checksums)."""

    figures: pd.DataFrame
    skipped: pd.DataFrame
    totals: pd.DataFrame
    files: pd.DataFrame


def read_user_figures(
    folder: Path,
    measures: Mapping[str, str] | None = None,
    aliases: Mapping[str, str] | None = None,
    *,
    units: Units,
) -> UserFigures:
    """Every CSV, XLSX and Stata file below `folder`, long, wide, or a yearbook sheet as it is.

    `measures` gives the unit of a series whose header declares none (series or alias -> unit),
    `aliases` the series a header stands for (header -> series) or the one of `units` a name
    stands for. Those are found in any alias; 全国, regional and footnote rows are skipped and
    listed; blanks and … are missing. An empty or absent folder gives empty tables. Raises
    UserFigureError with every fault found, each naming file, sheet, row and column: a measure that
    is unknown, of the wrong kind, contradicted or implausible by a power of ten; an unknown name
    with the nearest one; a unit and year that stand twice; a text in a number cell; a year not
    understood. Files named appointments.* are left to `turnover`.
    """
    aliases = dict(aliases or {})
    level = units.level
    declared = given_units(measures or {}, aliases)
    faults: list[Fault] = []
    records: list[dict[str, Any]] = []
    totals: list[dict[str, Any]] = []
    skipped: list[dict[str, Any]] = []
    files: list[dict[str, Any]] = []
    for path, name in _files(Path(folder)):
        if reason := _not_read(path):
            if reason != "documentation":
                skipped.append({"file": name, "reason": reason})
            continue
        before = len(records)
        try:
            grids = list(read_grids(path, name))
        except Exception as error:  # whatever a parser throws at foreign bytes is the file's fault
            known = isinstance(error, DtiError | ValueError | OSError)
            why = str(error) if known else "damaged file"
            faults.append(Fault(name, None, None, None, f"cannot be read: {why}"))
            continue
        for table in (one for grid in grids for one in tables(grid, aliases, units)):
            reader = SheetReader(table, aliases, declared, units)
            reader.read()
            faults += reader.faults
            records += reader.records
            totals += reader.totals
            skipped += reader.skipped
        raw = path.read_bytes()
        files.append(
            {
                "file": name,
                "sha256": hashlib.sha256(raw).hexdigest(),
                "bytes": len(raw),
                "series": ", ".join(dict.fromkeys(r["series"] for r in records[before:])) or None,
                "figures": len(records) - before,
            }
        )
    faults += _implausible(records, level)
    faults += _duplicates(records, level)
    if faults:
        raise UserFigureError(faults)
    records, empty = _without_empty_series(records)
    skipped += empty
    for record in records:
        record.pop("_j")
    order = {p: i for i, p in enumerate(catalogue())}
    places = {unit.code: i for i, unit in enumerate(units)}
    records.sort(key=lambda r: (order[r["series"]], places[r[level.code]], r["year"]))
    return UserFigures(
        level.table(FIGURES).frame(records),
        SKIPPED.frame(skipped),
        NATIONAL_TOTALS.frame(totals),
        USER_FILES.frame(files),
    )


def appointment_files(folder: Path) -> list[Path]:
    """The CSV files below `folder` whose name begins with appointments, in capitals or not, sorted;
    none where there is no folder."""
    return [path for path, _ in _files(folder) if _holds_appointments(path)]


def _files(folder: Path) -> list[tuple[Path, str]]:
    if not folder.is_dir():
        return []
    found = [(one.location, one.path) for one in find_all(folder) if not one.problem]
    # told as left out
    found += [(path, path.relative_to(folder).as_posix()) for path in hidden_files(folder)]
    return sorted(found, key=lambda pair: pair[1])


def hidden_files(folder: Path) -> list[Path]:
    """The hidden and temporary files below `folder`, which are not read; none where there is no
    folder."""
    return [path for path in folder.rglob("*") if path.is_file() and _is_hidden(path)]


def _is_hidden(path: Path) -> bool:
    return path.name.startswith((".", "~$"))


def _holds_appointments(path: Path) -> bool:
    return path.stem.lower().startswith(APPOINTMENTS) and path.suffix.lower() == ".csv"


def _not_read(path: Path) -> str | None:
    stem = path.stem.lower()
    if _is_hidden(path):
        return "hidden or temporary file"
    if stem == "readme" or path.suffix.lower() == ".md":
        return "documentation"
    if _holds_appointments(path):
        return "read as dated appointments, not as figures"
    if stem.startswith(APPOINTMENTS):
        return "appointments are read from CSV: save it as CSV"
    if path.suffix.lower() not in FORMATS:
        return "no table of text, workbook or Stata file"
    return None


def given_units(units: Mapping[str, str], aliases: Mapping[str, str]) -> dict[str, Measure]:
    """The unit declared for each series, from `panel.units`. Raises PanelError naming the key."""
    out = {}
    for name, text in units.items():
        series = find_series(name, "", aliases)
        if series is None:
            raise PanelError(f"panel.units: {unknown_series(name)}")
        if series.unit.dimension == "any":
            out[series.name] = free_unit(text)
            continue
        try:
            unit = parse_unit(text)
        except UnitError as error:
            raise PanelError(f"panel.units.{name}: {error}") from error
        if not convertible(unit, series.unit):
            raise PanelError(f"panel.units.{name}: {unit} is no unit of {series.name}")
        out[series.name] = unit
    return out


def _implausible(records: list[dict[str, Any]], level: Level) -> list[Fault]:
    """Columns whose typical figure lies outside what the series can be: a wrong power of ten."""
    columns: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for record in records:
        if record["value"] is not None:
            where = (record["file"], record["sheet"], record["column"], record["series"])
            columns.setdefault((*where, record["unit"]), []).append(record)
    out = []
    for (file, sheet, column, name, unit), rows in columns.items():
        series = catalogue()[name]
        values = sorted(row["value"] for row in rows)
        typical = _in_unit_of(series, values[len(values) // 2], unit)
        low, high = series.plausible(level)
        if typical is None or low <= typical <= high:
            continue
        expected = f"expected {low:g} to {high:g} {series.unit}"
        out.append(
            Fault(
                file,
                sheet,
                rows[0]["row"],
                column,
                f"{name} is declared in {unit}, but {values[len(values) // 2]:g} {unit} is not "
                f"plausible ({expected}){_hint(low, high, typical)}",
            )
        )
    return out


def _in_unit_of(series: Series, value: float, unit: str) -> float | None:
    """A figure in the series' unit; a round exchange rate is enough to judge its size."""
    if series.unit.dimension == "any":
        return None
    return float(convert(value, parse_unit(unit), series.unit, 6.5))


def _hint(low: float, high: float, typical: float) -> str:
    fits = [k for k in (*range(-10, 0), *range(1, 11)) if max(low, 0.0) < typical * 10.0**k <= high]
    if not fits:
        return ""
    k = min(fits, key=abs)
    return f"; is the unit {'smaller' if k < 0 else 'larger'} by a power of ten?"


def _duplicates(records: list[dict[str, Any]], level: Level) -> list[Fault]:
    """One fault per pair of rows that give the same unit and year of a series."""
    seen: dict[tuple[str, int | str, int], dict[str, Any]] = {}
    pairs: dict[tuple[Any, ...], list[tuple[dict[str, Any], dict[str, Any]]]] = {}
    for record in records:
        key = (record["series"], record[level.code], record["year"])
        other = seen.setdefault(key, record)
        if other is not record:
            same_sheet = (other["file"], other["sheet"]) == (record["file"], record["sheet"])
            # two files that overlap are one fault, not one for each of their rows
            group = (other["row"], record["row"]) if same_sheet else ()
            where = (other["file"], other["sheet"], record["file"], record["sheet"], *group)
            pairs.setdefault(where, []).append((other, record))
    out = []
    for found in pairs.values():
        other, record = found[0]
        more = f" (and {len(found) - 1} more figures)" if len(found) > 1 else ""
        out.append(
            Fault(
                record["file"],
                record["sheet"],
                record["row"],
                record["column"],
                f"{record['series']} of {record[level.name]} {record['year']} stands twice, first "
                f"in {_place(other)}{more}",
            )
        )
    return out


def _place(record: dict[str, Any]) -> str:
    sheet = f", sheet {record['sheet']}" if record["sheet"] else ""
    return f"{record['file']}{sheet}, row {record['row']}, column {record['column']}"


def _without_empty_series(
    records: list[dict[str, Any]],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A series without a single number replaces nothing (a template filled in part)."""
    filled = {record["series"] for record in records if record["value"] is not None}
    skipped: dict[tuple[str, Any, Any], dict[str, Any]] = {}
    for record in records:
        if record["series"] not in filled:
            where = (record["file"], record["sheet"], record["column"])
            skipped[where] = {
                "file": record["file"],
                "sheet": record["sheet"],
                "column": record["column"],
                "text": record["series"],
                "reason": "no figure in this column",
            }
    return [r for r in records if r["series"] in filled], list(skipped.values())


class PanelFolder(NamedTuple):
    """Tables figures, figures_left_out, national_totals, user_files and turnover of one folder."""

    figures: pd.DataFrame
    skipped: pd.DataFrame
    totals: pd.DataFrame
    files: pd.DataFrame
    turnover: pd.DataFrame


def read_panel_folder(
    folder: Path,
    years: tuple[int, int],
    measures: Mapping[str, str] | None = None,
    aliases: Mapping[str, str] | None = None,
    *,
    units: Units,
) -> PanelFolder:
    """Everything build_panel takes from the user: `figures` holds the turnover series too.

    Arguments as in read_user_figures; appointments come from files appointments*.csv, in capitals
    or not. Raises UserFigureError, AppointmentError, or PanelError where turnover is given in both
    ways.
    """
    import pandas as pd

    user = read_user_figures(folder, measures, aliases, units=units)
    paths = appointment_files(Path(folder))
    appointments = [one for path in paths for one in read_appointments(path, units)]
    table = turnover(appointments, years, units)
    names = ", ".join(path.name for path in paths)
    figures = turnover_figures(table, names, level=units.level)
    twice = sorted(set(figures["series"]) & set(user.figures["series"]))
    if twice:
        raise PanelError(f"{', '.join(twice)}: given by {paths[0].name} and by a file of figures")
    both = [frame for frame in (user.figures, figures) if len(frame)]
    joined = units.level.table(FIGURES).frame(pd.concat(both, ignore_index=True) if both else [])
    return PanelFolder(joined, user.skipped, user.totals, user.files, table)
