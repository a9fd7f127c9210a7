"""Distances from the provincial capitals to the hub city, and what to do where it is zero.

The instrument divides by this distance, so Zhejiang (its capital is the default hub) needs a
rule; it is always an explicit choice that travels with the numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from dti_assets.errors import DistanceError
from dti_assets.instrument.tables import CAPITAL_DISTANCES
from dti_assets.units.provinces import find_capital, provinces

if TYPE_CHECKING:
    import pandas as pd

# Land area of Zhejiang in km2: provincial government, "Zhejiang at a glance".
HUB_AREA_KM2 = {"浙江": 105_500.0}
_INTERNAL = 0.67


Measure = Literal["great_circle", "geodesic"]


@dataclass(frozen=True)
class ZeroDistance:
    """What stands for the distance of a province whose capital is the hub.

    `internal`: 0.67 * sqrt(area / pi), the mean distance from the centre of a disc of the
    province's area (Head and Mayer 2002). `drop`: the province has no distance and hence no
    instrument.
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


def apply_rule(province: str, distance_km: float, rule: ZeroDistance) -> float | None:
    """The distance that enters the instrument, in km; None where the rule drops the province."""
    if rule.kind == "floor_km":
        return max(distance_km, float(rule.floor_km or 0.0))
    if distance_km > 0:
        return distance_km
    if rule.kind == "drop":
        return None
    if province not in HUB_AREA_KM2:
        raise DistanceError(
            f"zero_distance: internal needs the area of {province}, which is not on record; "
            "use drop or floor_km with this hub"
        )
    return internal_distance_km(HUB_AREA_KM2[province])


def only_the_hub_moves(hub: str, distance: Measure, rule: ZeroDistance) -> bool:
    """Whether the rule leaves every distance but the hub's own as it is."""
    used = distances_used(hub, distance, rule).values()
    pairs = zip(_kilometres(hub, distance), used, strict=True)
    return all(km == used_km for km, used_km in pairs if km > 0)


def distances_used(hub: str, distance: Measure, rule: ZeroDistance) -> dict[int, float | None]:
    """The distance to `hub` that enters the instrument, in km, by province code; None where the
    rule drops the province. Raises DistanceError."""
    pairs = zip(provinces(), _kilometres(hub, distance), strict=True)
    return {p.province_code: apply_rule(p.province, km, rule) for p, km in pairs}


def capital_distances(
    hub: str = "杭州",
    distance: Measure = "great_circle",
    rule: ZeroDistance = ZeroDistance("internal"),
) -> pd.DataFrame:
    """The 31 capitals with their distances to `hub` in km (table capital_distances).

    Great circle on geopy's mean-radius sphere, geodesic on WGS-84 (Karney 2013). Raises
    DistanceError where `hub` is no provincial capital.
    """
    used = distances_used(hub, distance, rule)
    rows: list[dict[str, Any]] = []
    for p, straight, exact in zip(
        provinces(), _kilometres(hub, "great_circle"), _kilometres(hub, "geodesic"), strict=True
    ):
        km = used[p.province_code]
        rows.append(
            {
                "province_code": p.province_code,
                "province": p.province,
                "capital": p.capital,
                "latitude": p.latitude,
                "longitude": p.longitude,
                "great_circle_km": straight,
                "geodesic_km": exact,
                "distance_km": km,
                "rule": str(rule),
                "reason": None if km is not None else "capital is the hub and the rule is drop",
            }
        )
    return CAPITAL_DISTANCES.frame(rows)


@cache
def _kilometres(hub: str, measure: Measure) -> tuple[float, ...]:
    """How far each capital is from `hub`; the geodesic takes a search each."""
    import geopy.distance

    home = find_capital(hub)
    if home is None:
        raise DistanceError(f"instrument.hub {hub!r} is not a provincial capital")
    between = getattr(geopy.distance, measure)
    start = home.latitude, home.longitude
    return tuple(between(start, (p.latitude, p.longitude)).km for p in provinces())
