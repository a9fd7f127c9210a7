"""Names and codes of the provinces against figures from outside."""

import pytest

from dti_assets.errors import UnknownUnitError
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")


def test_31_provinces_in_code_order() -> None:
    codes = [unit.code for unit in PROVINCES]
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
    assert PROVINCES.get(name).name == short


def test_unknown_names_are_refused_with_a_hint() -> None:
    assert PROVINCES.find("吉林市") is None
    with pytest.raises(UnknownUnitError, match="did you mean 浙江"):
        PROVINCES.get("zhejang")


def test_areas_of_all_provinces_ship_with_their_source() -> None:
    """They sum to the 9.6 million km2 of the country, less what no province's figure has."""
    areas = [unit.area for unit in PROVINCES]
    assert all(areas) and sum(filter(None, areas)) == pytest.approx(9.6e6, rel=0.02)
