"""Single cells of yearbooks: numbers, years, provinces."""

import datetime
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dti_assets.errors import NotANumberError
from dti_assets.panel.yearbooks.cells import number, place, year_of, years_in
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1,234.5", 1234.5), ("1 234", 1234), ("12.5", 12.5), ("41.2%", 41.2), (7, 7),
        ("-3", -3), ("1e3", 1000), ("…", None), ("—", None), ("", None), ("  ", None),
        ("NA", None), (float("nan"), None), (None, None), ("缺失", None), ("-", None),
        ("1234①", 1234), ("1018000¹", 1018000), ("12.5⁽²⁾", 12.5), ("'1018000", 1018000),
        ('="1018000"', 1018000), ("\t12\u00a0", 12), ("\u200b12\ufeff", 12), ("\x1f12", 12),
        ("\\N", None), ("NULL", None), ("--", None), ("无", None), ("…①", None), ("'-", None),
    ],
)  # fmt: skip
def test_numbers(cell: object, value: float | None) -> None:
    assert number(cell) == value


@pytest.mark.parametrize(
    "cell",
    [
        "1,23",
        "12 个",
        "1.2.3",
        "about 3",
        True,
        "inf",
        "10⁴",
        "1234½",
        "1e999",
        float("inf"),
        float("-inf"),
        10**400,
        "9" * 400,
    ],
)
def test_no_numbers(cell: object) -> None:
    with pytest.raises(NotANumberError):
        number(cell)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_is_read_exactly(value: float) -> None:
    assert number(repr(value)) == value
    assert number(value) == value


@pytest.mark.parametrize(
    ("cell", "year"),
    [
        (2015, 2015), (2015.0, 2015), ("2015", 2015), ("2015年", 2015), ("y2015", 2015),
        ("2015-12-31", 2015), (datetime.datetime(2015, 12, 31), 2015), ("20151", None),
        ("gdp2015", None), (15, None), (2015.5, None), (None, None), ("201X", None),
        (float("inf"), None), (float("nan"), None),
        ("2015.00", 2015), ("2015-12", 2015), ("2015/12/31 00:00:00", 2015), ("2011-2015", None),
        ("2016-06-30", None), ("2016-06", None), ("2016年6月", None), ("2016年12月31日", 2016),
        (datetime.date(2016, 6, 30), None), (datetime.datetime(2016, 1, 1), 2016),
        ("2015-01", None), ("2015年末", 2015), ("'2015", 2015), ("2015¹", 2015), ("2016Q3", None),
        ("2011-15", None), ("2011-2015年", None), ("2015/2014增长", None), ("2015/2014", None),
    ],
)  # fmt: skip
def test_years(cell: object, year: int | None) -> None:
    assert year_of(cell) == year


def test_years_in_titles() -> None:
    assert years_in("2-5 各地区高技术产业(2015年)") == [2015]
    assert years_in("gdp_2009-2022.csv") == [2009, 2022]
    assert years_in("12015.6 in 330000") == []
    assert years_in("各地区人口(2015年末)") == years_in("[2015] gdp") == [2015]
    assert years_in("2015年生产总值(2010年价)") == [2015]
    for edition in (
        "中国科技统计年鉴2016", "中国统计年鉴-2016", "中国统计年鉴(2016)", "2016年中国统计年鉴",
        "《中国统计年鉴》2016", "《2016中国统计年鉴》", "China Statistical Yearbook 2016",
        "2016 China Statistical Yearbook", "年鉴_2016年版", "2016版",
    ):  # fmt: skip
        assert years_in(edition) == [], edition
    assert years_in("中国统计年鉴2016 2015年") == years_in("2015年GDP 2016年鉴") == [2015]


@pytest.mark.parametrize(
    "title",
    ["2016年6月", "2016年1-9月各地区出口", "2016年上半年", "2016年前三季度", "2016年一季度",
     "2016Q3", "2016-06-30", "截至2016年6月30日", "201606", "2016年1—11月", "2016H1"],
)  # fmt: skip
def test_a_part_of_a_year_is_no_year(title: str) -> None:
    assert years_in(title) == []


@pytest.mark.parametrize(
    "title",
    ["2016年12月31日", "2016年1-12月", "2016-12-31", "2016年末", "2016年全年", "2016_12_gdp"],
)
def test_a_whole_year_is_one(title: str) -> None:
    assert years_in(title) == [2016]


def test_provinces_as_yearbooks_print_them() -> None:
    for p in PROVINCES:
        spread = "  ".join(p.name)
        for name in (p.name, p.full_name, spread, f"{p.name} {p.english}", p.english):
            assert place(name, units=PROVINCES) == ("unit", p), name
        assert place(f"{p.name}①", units=PROVINCES) == ("unit", p)
        assert place(p.code, units=PROVINCES)[0] == "unknown"
        assert place(p.code, codes=True, units=PROVINCES) == ("unit", p)


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("全  国", "national"), ("National Total", "national"), ("全国 National", "national"),
        ("东部地区", "group"), ("Western", "group"), ("香港特别行政区", "outside"),
        ("新疆生产建设兵团", "outside"), ("注:2015年数据", "footnote"), ("Source: NBS", "footnote"),
        ("资料来源:海关总署。", "footnote"), (None, "blank"), ("浙工", "unknown"),
        (45.8, "unknown"), (float("inf"), "unknown"), ("45.8", "unknown"),
    ],
)  # fmt: skip
def test_other_rows(cell: object, kind: str) -> None:
    assert place(cell, units=PROVINCES)[0] == kind


def test_importing_the_package_loads_no_heavy_library() -> None:
    code = (
        "from dti_assets.panel import build, checks, codebook, export, tables, template, turnover\n"
        "from dti_assets.panel.yearbooks import figures\n"
        "from dti_assets.instrument import freeze\n"
        "from dti_assets.simulation import panel\n"
        "import sys\n"
        "heavy = 'pandas', 'numpy', 'openpyxl', 'pyarrow', 'dagster'\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
