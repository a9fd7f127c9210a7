"""The hub that distances are measured to: a place with a name and coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

from dti_assets.errors import DistanceError
from dti_assets.units.levels import Level
from dti_assets.units.lists import Units, shipped_lists, shipped_units


@dataclass(frozen=True)
class Hub:
    """A place, at latitude and longitude in degrees."""

    name: str
    latitude: float
    longitude: float


def find_hub(name: str, units: Units) -> Hub:
    """Return the hub called `name`: the seat of one of `units`, one of them, or the seat of a unit
    of a shipped list.

    The hub bears the seat's name however it is spelled. Raises DistanceError with the nearest
    known seat.
    """
    for known in chain((units,), map(shipped_units, shipped_lists())):
        unit = known.find_seat(name) or known.find(name)
        if unit is not None:
            if unit.latitude is None or unit.longitude is None:
                raise DistanceError(f"{name!r} has no coordinates in the list of units")
            return Hub(unit.seat, unit.latitude, unit.longitude)
    near = units.nearest_seat(name)
    example = (units.level.hub and units.find_seat(units.level.hub)) or units.all[0]
    examples = " or ".join(filter(None, (example.seat, example.seat_english)))
    hint = f"did you mean {near.seat}?" if near else f"such as {examples}"
    raise DistanceError(f"{name!r} is no seat of a {units.level.noun}; {hint}")


def hub_dropped(level: Level) -> str:
    """Return what stands behind the name of an instrument, or of a column, without the hub's own
    unit."""
    return f", hub {level.noun} dropped"
