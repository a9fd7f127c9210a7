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

from dti_assets.errors import PanelError, UnitError, UserFigureError
from dti_assets.panel.series import Series, catalogue, find_series, unknown_series
from dti_assets.panel.tables import FIGURES, NATIONAL_TOTALS, SKIPPED, USER_FILES
from dti_assets.panel.turnover import read_appointments, turnover, turnover_figures
from dti_assets.panel.units import Unit, convert, convertible, free_unit, parse_unit
from dti_assets.panel.yearbooks.cells import Fault
from dti_assets.panel.yearbooks.grids import FORMATS, read_grids
from dti_assets.panel.yearbooks.sheet import SheetReader
from dti_assets.store.files import find_all

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
    units: Mapping[str, str] | None = None,
    aliases: Mapping[str, str] | None = None,
) -> UserFigures:
    """Every CSV, XLSX and Stata file below `folder`, long, wide, or a yearbook sheet as it is.

    `units` gives the unit of a series whose header declares none (series or alias -> unit),
    `aliases` the series a header stands for (header -> series) or the province a name stands for.
    Provinces in any alias; 全国, regional and footnote rows are skipped and listed; blanks and …
    are missing. An empty or absent folder gives empty tables. Raises UserFigureError with every
    fault found, each naming file, sheet, row and column: a unit that is unknown, of the wrong
    kind, contradicted or implausible by a power of ten; an unknown province with the nearest
    name; a province-year that stands twice; a text in a number cell; a year not understood.
    Files named appointments.* are left to `turnover`.
    """
    aliases = dict(aliases or {})
    declared = given_units(units or {}, aliases)
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
            why = str(error) if isinstance(error, ValueError | OSError) else "damaged file"
            faults.append(Fault(name, None, None, None, f"cannot be read: {why}"))
            continue
        for grid in grids:
            reader = SheetReader(grid, aliases, declared)
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
    faults += _implausible(records)
    faults += _duplicates(records)
    if faults:
        raise UserFigureError(faults)
    records, empty = _without_empty_series(records)
    skipped += empty
    for record in records:
        record.pop("_j")
    order = {p: i for i, p in enumerate(catalogue())}
    records.sort(key=lambda r: (order[r["series"]], r["province_code"], r["year"]))
    return UserFigures(
        FIGURES.frame(records),
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
    if path.suffix.lower() == ".xls":
        return "old Excel format: save it as XLSX"
    if path.suffix.lower() not in FORMATS:
        return "not CSV, XLSX or Stata"
    return None


def given_units(units: Mapping[str, str], aliases: Mapping[str, str]) -> dict[str, Unit]:
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


def _implausible(records: list[dict[str, Any]]) -> list[Fault]:
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
        low, high = series.plausible_min, series.plausible_max
        if typical is None or (typical >= low and (high is None or typical <= high)):
            continue
        out.append(
            Fault(
                file,
                sheet,
                rows[0]["row"],
                column,
                f"{name} is declared in {unit}, but {values[len(values) // 2]:g} {unit} is not "
                f"plausible (expected {low:g} to {high:g} {series.unit}){_hint(series, typical)}",
            )
        )
    return out


def _in_unit_of(series: Series, value: float, unit: str) -> float | None:
    """A figure in the series' unit; a round exchange rate is enough to judge its size."""
    if series.unit.dimension == "any":
        return None
    return float(convert(value, parse_unit(unit), series.unit, 6.5))


def _hint(series: Series, typical: float) -> str:
    low, high = max(series.plausible_min, 0.0), series.plausible_max or float("inf")
    fits = [k for k in (*range(-10, 0), *range(1, 11)) if low < typical * 10.0**k <= high]
    if not fits:
        return ""
    k = min(fits, key=abs)
    return f"; is the unit {'smaller' if k < 0 else 'larger'} by a power of ten?"


def _duplicates(records: list[dict[str, Any]]) -> list[Fault]:
    """One fault per pair of rows that give the same province-year of a series."""
    seen: dict[tuple[str, int, int], dict[str, Any]] = {}
    pairs: dict[tuple[Any, ...], list[tuple[dict[str, Any], dict[str, Any]]]] = {}
    for record in records:
        key = (record["series"], record["province_code"], record["year"])
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
                f"{record['series']} of {record['province']} {record['year']} stands twice, first "
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
    units: Mapping[str, str] | None = None,
    aliases: Mapping[str, str] | None = None,
) -> PanelFolder:
    """Everything build_panel takes from the user: `figures` holds the turnover series too.

    Arguments as in read_user_figures; appointments come from files appointments*.csv, in capitals
    or not. Raises UserFigureError, AppointmentError, or PanelError where turnover is given in both
    ways.
    """
    import pandas as pd

    user = read_user_figures(folder, units, aliases)
    paths = appointment_files(Path(folder))
    appointments = [one for path in paths for one in read_appointments(path)]
    table = turnover(appointments, years)
    figures = turnover_figures(table, ", ".join(path.name for path in paths))
    twice = sorted(set(figures["series"]) & set(user.figures["series"]))
    if twice:
        raise PanelError(f"{', '.join(twice)}: given by {paths[0].name} and by a file of figures")
    both = [frame for frame in (user.figures, figures) if len(frame)]
    joined = FIGURES.frame(pd.concat(both, ignore_index=True) if both else [])
    return PanelFolder(joined, user.skipped, user.totals, user.files, table)
