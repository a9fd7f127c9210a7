"""Names, codes and distances of the provinces against figures from outside."""

import numpy as np
import pytest

from dti_assets.errors import DistanceError, UnknownProvinceError
from dti_assets.instrument.distances import ZeroDistance, capital_distances, internal_distance_km
from dti_assets.units.provinces import find_capital, find_province, get_province, provinces

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
    frame = capital_distances().set_index("province")
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
    frame = capital_distances(rule=rule).set_index("province")
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


def test_31_provinces_in_code_order() -> None:
    codes = [p.province_code for p in provinces()]
    assert len(codes) == 31 and codes == sorted(codes)


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("陕西省", "陕西"), ("Shaanxi", "陕西"), ("shanxi", "山西"), ("山西", "山西"),
        ("北 京", "北京"), ("Inner Mongolia", "内蒙古"), ("Nei Mongol", "内蒙古"),
        ("nei-menggu", "内蒙古"), ("Tibet", "西藏"), ("Xizang", "西藏"), ("闽", "福建"),
        ("新疆维吾尔自治区", "新疆"), ("650000", "新疆"), ("Guangdong Province", "广东"),
    ],
)  # fmt: skip
def test_names(name: str, short: str) -> None:
    assert get_province(name).province == short


def test_unknown_names_are_refused_with_a_hint() -> None:
    assert find_province("吉林市") is None
    with pytest.raises(UnknownProvinceError, match="did you mean 浙江"):
        get_province("zhejang")


def test_hub_must_be_a_capital() -> None:
    found = find_capital("Hangzhou")
    assert found is not None and found.province == "浙江"
    with pytest.raises(DistanceError, match="苏州"):
        capital_distances(hub="苏州")
    with pytest.raises(DistanceError, match="area of 四川"):
        capital_distances(hub="成都")
