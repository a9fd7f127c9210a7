"""Distances from the seats of units to the hub, and what to do where a distance is zero.

The instrument is a function of this distance, so the unit whose seat is the hub needs a rule; it
is always an explicit choice that travels with the numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from dti_assets.errors import DistanceError
from dti_assets.instrument.tables import CAPITAL_DISTANCES
from dti_assets.units.hubs import Hub, find_hub
from dti_assets.units.levels import Level
from dti_assets.units.lists import Unit, Units

if TYPE_CHECKING:
    import pandas as pd

_INTERNAL = 0.67


Measure = Literal["great_circle", "geodesic"]


@dataclass(frozen=True)
class ZeroDistance:
    """What stands for the distance of a unit whose seat is the hub.

    `internal`: 0.67 * sqrt(area / pi), the mean distance from the centre of a disc of the unit's
    area (Head and Mayer 2002). `drop`: the unit has no distance and hence no instrument.
    `floor_km`: no distance is shorter than `floor_km`.
    """

    kind: Literal["internal", "drop", "floor_km"]
    floor_km: float | None = None

    def __str__(self) -> str:
        return f"floor_km: {self.floor_km:g}" if self.kind == "floor_km" else self.kind


ALTERNATIVES = (
    ZeroDistance("drop"),
    ZeroDistance("internal"),
    ZeroDistance("floor_km", 50.0),
    ZeroDistance("floor_km", 1.0),
)


def internal_distance_km(area_km2: float) -> float:
    """Mean distance from the centre of a disc of that area, 0.67 * sqrt(area / pi) km.

    Source: Head and Mayer (2002), Illusory Border Effects, CEPII working paper 2002-01. The mean
    between two points of the disc would be 0.905 * sqrt(area / pi).
    """
    return _INTERNAL * math.sqrt(area_km2 / math.pi)


def apply_rule(unit: Unit, distance_km: float, rule: ZeroDistance) -> float | None:
    """Return the distance that enters the instrument, in km; None where the rule drops the unit.

    Raises DistanceError where the rule needs an area that the list of units lacks.
    """
    if rule.kind == "floor_km":
        return max(distance_km, float(rule.floor_km or 0.0))
    if distance_km > 0:
        return distance_km
    if rule.kind == "drop":
        return None
    if unit.area is None:
        raise DistanceError(
            f"zero_distance: internal needs the area of {unit.name}, which is not on record; "
            "use drop or floor_km with this hub"
        )
    return internal_distance_km(unit.area)


def only_the_hub_moves(hub: str, distance: Measure, rule: ZeroDistance, *, units: Units) -> bool:
    """Whether the rule leaves every distance but the hub's own as it is."""
    used = distances_used(hub, distance, rule, units=units).values()
    pairs = zip(_kilometres(find_hub(hub, units), distance, units), used, strict=True)
    return all(km == used_km for km, used_km in pairs if km is None or km > 0)


def units_at_the_hub(hub: str, *, units: Units) -> tuple[Unit, ...]:
    """Return the units at distance zero: the one whose seat is the hub, or none."""
    pairs = zip(units, _kilometres(find_hub(hub, units), "great_circle", units), strict=True)
    return tuple(unit for unit, km in pairs if km == 0)


def distances_used(
    hub: str, distance: Measure, rule: ZeroDistance, *, units: Units
) -> dict[int | str, float | None]:
    """Return the distance to `hub` that enters the instrument, in km, by code; None where the
    rule drops the unit, or its place is not known. Raises DistanceError."""
    pairs = zip(units, _kilometres(find_hub(hub, units), distance, units), strict=True)
    return {u.code: None if km is None else apply_rule(u, km, rule) for u, km in pairs}


def capital_distances(
    hub: str,
    distance: Measure = "great_circle",
    rule: ZeroDistance = ZeroDistance("internal"),
    *,
    units: Units,
) -> pd.DataFrame:
    """Return the seats of the units with their distances to `hub` in km (table capital_distances).

    Great circle on geopy's mean-radius sphere, geodesic on WGS-84 (Karney 2013). Raises
    DistanceError where `hub` is not known.
    """
    used = distances_used(hub, distance, rule, units=units)
    place = find_hub(hub, units)
    rows: list[dict[str, Any]] = []
    for unit, straight, exact in zip(
        units,
        _kilometres(place, "great_circle", units),
        _kilometres(place, "geodesic", units),
        strict=True,
    ):
        km = used[unit.code]
        rows.append(
            {
                **units.key(unit),
                "capital": unit.seat,
                "latitude": unit.latitude,
                "longitude": unit.longitude,
                "great_circle_km": straight,
                "geodesic_km": exact,
                "distance_km": km,
                "rule": str(rule),
                "reason": None if km is not None else _why_none(straight, units.level),
            }
        )
    return units.level.table(CAPITAL_DISTANCES).frame(rows)


def _why_none(km: float | None, level: Level) -> str:
    if km is None:
        return f"the list of {level.plural} has no coordinates of the {level.seat}"
    return f"{level.seat} is the hub and the rule is drop"


def kilometres_to_each_seat(
    distance: Measure, *, units: Units
) -> dict[str, dict[int | str, float | None]]:
    """Return the distance of every unit to each seat that has coordinates, by seat, then by code.

    A seat's own unit has none there: one rule for all.
    """
    found: dict[str, dict[int | str, float | None]] = {}
    for unit in units:
        if unit.latitude is None or unit.longitude is None:
            continue
        # of two seats of one name the first is what the name stands for
        seat = unit.seat if unit.seat not in found else f"{unit.seat} ({unit.name})"
        here = Hub(unit.seat, unit.latitude, unit.longitude)
        pairs = zip(units, _kilometres(here, distance, units), strict=True)
        found[seat] = {other.code: km or None for other, km in pairs}
    return found


@lru_cache(maxsize=1024)
def _kilometres(hub: Hub, measure: Measure, units: Units) -> tuple[float | None, ...]:
    """Return how far the seat of each unit is from the hub; the geodesic takes a search each."""
    import geopy.distance

    between = getattr(geopy.distance, measure)
    start = hub.latitude, hub.longitude
    return tuple(
        None
        if unit.latitude is None or unit.longitude is None
        else between(start, (unit.latitude, unit.longitude)).km
        for unit in units
    )
