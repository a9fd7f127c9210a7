"""The exceptions of the panel package, and the fault of a user's file. No logic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class PanelError(ValueError):
    """Bad input to the panel; the message names the key, file or value."""


class UnitError(PanelError):
    """A unit that is unknown, or that cannot be converted into the one needed."""


class AppointmentError(PanelError):
    """An appointments file that cannot be used; the message names file, line and column."""


@dataclass(frozen=True)
class Fault:
    """One fault in a user's file: where it is and what is wrong."""

    file: str
    sheet: str | None
    row: int | None
    column: str | None
    message: str

    def __str__(self) -> str:
        place = [self.file]
        if self.sheet is not None:
            place.append(f"sheet {self.sheet}")
        if self.row is not None:
            place.append(f"row {self.row}")
        if self.column is not None:
            place.append(f"column {self.column}")
        return f"{', '.join(place)}: {self.message}"


class UserFigureError(PanelError):
    """Every fault found in the user's files, one line each; `faults` holds them as data."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))
