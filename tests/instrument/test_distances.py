"""Distances against figures from outside, and what every list of units makes of them."""

from dataclasses import replace

import numpy as np
import pytest

from dti_assets.errors import DistanceError
from dti_assets.instrument.distances import (
    ZeroDistance,
    capital_distances,
    distances_used,
    internal_distance_km,
    only_the_hub_moves,
    units_at_the_hub,
)
from dti_assets.instrument.tables import CAPITAL_DISTANCES
from dti_assets.instrument.variants import hub_distances
from dti_assets.units.levels import Level
from dti_assets.units.lists import Unit, Units, shipped_units

PROVINCES = shipped_units("provinces")
INTERNAL, DROP = ZeroDistance("internal"), ZeroDistance("drop")
# three counties: two on the equator one degree apart, and one whose place is not known
COUNTIES = Units(
    Level("county", "counties"),
    (
        Unit("a", "Ahill", "Ahill", seat="Aton", latitude=0.0, longitude=-10.0, area=314.0),
        Unit("b", "Bhill", "Bhill", seat="Bton", latitude=0.0, longitude=-11.0),
        Unit("c", "Chill", "Chill", seat="Cton"),
    ),
)

# great-circle km from the capital to Hangzhou, measured apart from this package
TO_HANGZHOU = {
    "上海": 162.9, "江苏": 242.3, "安徽": 333.7, "江西": 455.7, "福建": 472.5, "湖北": 567.4,
    "湖南": 740.2, "山东": 767.5, "河南": 794.4, "河北": 1012.4, "天津": 1020.3, "广东": 1049.5,
    "山西": 1102.1, "北京": 1127.9, "陕西": 1152.1, "辽宁": 1304.1, "重庆": 1317.9,
    "贵州": 1385.6, "内蒙古": 1403.3, "广西": 1437.5, "海南": 1515.8, "四川": 1547.2,
    "宁夏": 1573.6, "吉林": 1574.9, "甘肃": 1653.1, "云南": 1811.5, "黑龙江": 1814.9,
    "青海": 1847.3, "西藏": 2790.8, "新疆": 3234.1,
}  # fmt: skip


def test_distances_agree_with_independent_figures() -> None:
    frame = capital_distances("杭州", units=PROVINCES).set_index("province")
    for province, km in TO_HANGZHOU.items():
        assert frame.loc[province, "great_circle_km"] == pytest.approx(km, abs=0.35), province
    gap = (frame.geodesic_km / frame.great_circle_km - 1).abs().drop("浙江")
    assert gap.max() <= 0.0033
    assert frame.loc["浙江", "great_circle_km"] == 0


@pytest.mark.parametrize(
    ("rule", "zhejiang", "shanghai"),
    [
        (ZeroDistance("internal"), 122.78, 162.9),
        (ZeroDistance("drop"), None, 162.9),
        (ZeroDistance("floor_km", 200.0), 200.0, 200.0),
    ],
)
def test_zero_distance_rules(rule: ZeroDistance, zhejiang: float | None, shanghai: float) -> None:
    frame = capital_distances("杭州", rule=rule, units=PROVINCES).set_index("province")
    found = frame.loc["浙江", "distance_km"]
    assert (found != found) if zhejiang is None else found == pytest.approx(zhejiang, abs=0.01)
    assert frame["reason"].notna().sum() == (zhejiang is None)
    assert frame.loc["上海", "distance_km"] == pytest.approx(shanghai, abs=0.35)
    assert set(frame["rule"]) == {str(rule)}


def test_internal_distance_of_a_disc() -> None:
    # a disc of radius 100 km: the mean distance of its points from the centre
    x, y = np.meshgrid(np.linspace(-100, 100, 801), np.linspace(-100, 100, 801))
    from_centre = np.hypot(x, y)
    mean = from_centre[from_centre <= 100].mean()
    assert mean == pytest.approx(200 / 3, rel=1e-3)
    # Head and Mayer round two thirds up to 0.67
    found = internal_distance_km(np.pi * 100**2)
    assert found == pytest.approx(67.0)
    assert found == pytest.approx(mean, rel=0.01)


def test_a_hub_is_a_place_of_the_list_or_of_one_that_ships() -> None:
    with pytest.raises(DistanceError, match="苏州"):
        capital_distances("苏州", units=PROVINCES)
    with pytest.raises(DistanceError, match="no coordinates"):
        capital_distances("Cton", units=COUNTIES)
    far = capital_distances("杭州", units=COUNTIES)
    assert (far["distance_km"].dropna() > 9000).all() and not units_at_the_hub(
        "杭州", units=COUNTIES
    )


def test_every_unit_that_ships_has_the_area_that_internal_needs() -> None:
    for unit in PROVINCES:
        assert unit.area is not None
        used = distances_used(unit.seat, "great_circle", INTERNAL, units=PROVINCES)
        assert used[unit.code] == internal_distance_km(unit.area)
        assert units_at_the_hub(unit.seat, units=PROVINCES) == (unit,)
        assert only_the_hub_moves(unit.seat, "great_circle", INTERNAL, units=PROVINCES)
    floor = ZeroDistance("floor_km", 200.0)
    assert not only_the_hub_moves("杭州", "great_circle", floor, units=PROVINCES)


def test_a_unit_without_a_place_has_no_distance_and_a_reason() -> None:
    frame = capital_distances("Aton", units=COUNTIES)
    assert COUNTIES.level.table(CAPITAL_DISTANCES).violations(frame) == []
    frame = frame.set_index("county_code")
    assert frame.loc["a", "distance_km"] == pytest.approx(0.67 * 10, rel=1e-3)
    assert frame.loc["b", "distance_km"] == pytest.approx(111.19, abs=0.05)
    numbers = ["latitude", "longitude", "great_circle_km", "geodesic_km", "distance_km"]
    assert frame.loc["c", numbers].isna().all()
    assert frame.loc["c", "reason"] == "the list of counties has no coordinates of the seat"
    assert frame.loc[["a", "b"], "reason"].isna().all()
    dropped = capital_distances("Aton", rule=DROP, units=COUNTIES).set_index("county")
    assert dropped.loc["Ahill", "reason"] == "seat is the hub and the rule is drop"


def test_internal_needs_the_area_of_the_hubs_own_unit() -> None:
    with pytest.raises(DistanceError, match="area of Bhill"):
        capital_distances("Bton", units=COUNTIES)
    with_area = replace(COUNTIES.all[1], area=1.0)
    known = Units(COUNTIES.level, (COUNTIES.all[0], with_area))
    assert capital_distances("Bton", units=known)["distance_km"].notna().all()


def test_every_seat_with_a_place_is_a_hub_to_compare_with() -> None:
    frame, seats = hub_distances("great_circle", units=COUNTIES)
    assert seats == {"Aton": "km to Aton", "Bton": "km to Bton"}
    assert list(frame["county_code"]) == ["a", "b", "c"]
    assert frame["km to Aton"].isna().tolist() == [True, False, True]
    twice = Units(COUNTIES.level, tuple(replace(u, seat="Aton") for u in COUNTIES.all[:2]))
    assert list(hub_distances("great_circle", units=twice)[1]) == ["Aton", "Aton (Bhill)"]
