"""Turnover of party secretaries and governors from dated appointments, under a mid-year rule.

The rule: the official of a year is the one in office on 30 June, so that an appointment from
1 January to 30 June counts in that year and a later one in the next. Turnover is 1 in a year
whose official is another person than the year before. No appointments are shipped.
"""

from __future__ import annotations

import calendar
import datetime
import itertools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dti_assets.errors import AppointmentError, UnknownUnitError, UnreadableError
from dti_assets.panel.tables import FIGURES, TURNOVER
from dti_assets.store.characters import plain
from dti_assets.store.delimited import decoded, delimiter, is_nothing, rows, unguarded
from dti_assets.units.levels import Level
from dti_assets.units.lists import Unit, Units

if TYPE_CHECKING:
    import pandas as pd

OFFICES = {
    "party_secretary": (
        "party_secretary", "party secretary", "secretary", "书记", "党委书记", "省委书记",
        "市委书记", "区委书记", "自治区党委书记",
    ),
    "governor": (
        "governor", "mayor", "chairman", "省长", "市长", "主席", "自治区主席", "代省长", "代市长",
        "代主席", "acting governor",
    ),
}  # fmt: skip
# after the column with the name of the unit
_COLUMNS = ("office", "name", "start", "end")
_TURNOVER = {"party_secretary": "party_turnover", "governor": "governor_turnover"}


@dataclass(frozen=True)
class Appointment:
    """One official's time in one office; `end` None while in office. `line` is in the file."""

    unit: Unit
    office: str
    name: str
    start: datetime.date
    end: datetime.date | None
    line: int = 0


def read_appointments(path: Path, units: Units) -> list[Appointment]:
    """The appointments of a CSV file with the columns office, name, start, end, and one called as
    the level of the units is.

    In UTF-8, UTF-16 or GB 18030. Dates as 2015-03-20, 2015/3/20, 2015年3月20日, or to the month
    (2015-03: a start is its first day, an end its last). `end` is blank for who is still in office.
    Raises AppointmentError naming file, line and column.
    """
    text = _text(path)
    lines, faults = rows(text, delimiter(text))
    header = [plain(cell).strip().lower() for cell in lines[0].cells] if lines else []
    columns = (units.level.name, *_COLUMNS)
    absent = set(columns) - set(header)
    if absent:
        raise AppointmentError(f"{path.name}, line 1: no column {', '.join(sorted(absent))}")
    for fault in faults:
        raise AppointmentError(f"{path.name}, line {fault.line}: {fault.message}")
    found = []
    for line, cells in lines[1:]:
        given = ["" if is_nothing(cell) else unguarded(cell) for cell in cells]
        row = dict.fromkeys(header, "") | dict(zip(header, given, strict=False))
        if any(row[name] for name in columns):
            found.append(_appointment(row, f"{path.name}, line {line}", line, units))
    _no_overlap(found, path.name)
    return found


def turnover(appointments: list[Appointment], years: tuple[int, int], units: Units) -> pd.DataFrame:
    """One row per unit and year: turnover and who was in office on 30 June (table turnover).

    Null, with a reason, where no appointment covers 30 June of the year or of the year before.
    """
    held: dict[tuple[int | str, str], list[Appointment]] = {}
    for one in appointments:
        held.setdefault((one.unit.code, one.office), []).append(one)
    rows = []
    for unit in units:
        for year in range(years[0], years[1] + 1):
            row: dict[str, Any] = {**units.key(unit), "year": year}
            reasons = []
            for office, column in _TURNOVER.items():
                terms = held.get((unit.code, office), [])
                now, before = (_in_office(terms, y) for y in (year, year - 1))
                row[office] = now.name if now else None
                if now and before:
                    row[column] = int(now.name != before.name)
                else:
                    gap = year if not now else year - 1
                    reasons.append(f"{column}: no {office} on record for 30 June {gap}")
            row["reason"] = "; ".join(reasons) or None
            rows.append(row)
    return units.level.table(TURNOVER).frame(rows)


def turnover_figures(
    table: pd.DataFrame, file: str = "appointments.csv", *, level: Level
) -> pd.DataFrame:
    """Table turnover as figures for build_panel (table figures): series party_turnover and
    governor_turnover, left out where a whole series is null."""
    rows = []
    for series in _TURNOVER.values():
        if table[series].isna().all():
            continue
        for row in table.to_dict("records"):
            known = row[series] is not None and str(row[series]) != "<NA>"
            rows.append(
                {
                    "series": series,
                    **{key: row[key] for key in level.keys},
                    "year": row["year"],
                    "value": float(row[series]) if known else None,
                    "unit": "0 or 1",
                    "source": f"user: {file}, mid-year rule",
                    "origin": "user",
                    "status": "published",
                    "file": file,
                    "reason": None if known else row["reason"],
                }
            )
    return level.table(FIGURES).frame(rows)


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise AppointmentError(f"{path.name}: cannot be read ({error.strerror})") from error
    try:
        return decoded(raw)
    except UnreadableError as error:
        raise AppointmentError(f"{path.name}: {error.reason}") from error


def _in_office(terms: list[Appointment], year: int) -> Appointment | None:
    day = datetime.date(year, 6, 30)
    holding = [t for t in terms if t.start <= day and (t.end is None or t.end >= day)]
    # a term that ends the day its successor's begins: the successor is the one in office
    return max(holding, key=lambda t: t.start) if holding else None


def _appointment(row: dict[str, str], where: str, line: int, units: Units) -> Appointment:
    column = units.level.name
    try:
        unit = units.get(row[column])
    except UnknownUnitError as error:
        raise AppointmentError(f"{where}, column {column}: {error}") from error
    office = row["office"].lower()
    key = next((name for name, aliases in OFFICES.items() if office in aliases), None)
    if key is None:
        raise AppointmentError(
            f"{where}, column office: {row['office']!r} is neither party_secretary nor governor"
        )
    if not row["name"]:
        raise AppointmentError(f"{where}, column name: empty")
    start = _date(row["start"], f"{where}, column start", last=False)
    end = _date(row["end"], f"{where}, column end", last=True) if row["end"] else None
    if end is not None and end < start:
        raise AppointmentError(f"{where}, column end: {end} lies before the start {start}")
    return Appointment(unit, key, row["name"], start, end, line)


def _date(text: str, where: str, last: bool) -> datetime.date:
    bare = plain(text)
    numbers = [int(n) for n in re.findall(r"\d+", bare)]
    if re.fullmatch(r"\d{4}\s*[-/.年]\s*\d{1,2}(\s*[-/.月]\s*\d{1,2})?\s*[月日]?", bare):
        try:
            year, month = numbers[:2]
            day = numbers[2] if len(numbers) > 2 else 1
            if last and len(numbers) == 2:
                day = calendar.monthrange(year, month)[1]
            return datetime.date(year, month, day)
        except (ValueError, calendar.IllegalMonthError) as error:
            raise AppointmentError(f"{where}: {text!r} is no date") from error
    raise AppointmentError(f"{where}: {text!r} is no date; write 2015-03-20, or 2015-03")


def _no_overlap(found: list[Appointment], file: str) -> None:
    """Two officials in one office at one time, beyond the month of handing over."""
    ordered = sorted(found, key=lambda a: (a.unit.code, a.office, a.start, a.line))
    for one, other in itertools.pairwise(ordered):
        if (one.unit.code, one.office) != (other.unit.code, other.office):
            continue
        # dates to the month overlap within the month in which the office changes hands
        month = one.end and (one.end.year, one.end.month) == (other.start.year, other.start.month)
        if one.end is None or (one.end > other.start and not month):
            until = one.end or "today"
            raise AppointmentError(
                f"{file}, line {other.line}: {other.name} starts on {other.start}, while "
                f"{one.name} (line {one.line}) is {one.office} of {one.unit.name} until {until}"
            )
