"""A part of a unit, or another measure, is never taken for the whole: headers, titles, columns."""

from pathlib import Path

import pandas as pd
import pytest
from openpyxl import Workbook

from dti_assets.panel.build import build_panel
from dti_assets.panel.official import official_statistics
from dti_assets.panel.yearbooks.figures import UserFigures, read_user_figures
from dti_assets.units.lists import read_units, shipped_units

PROVINCES = shipped_units("provinces")
NAMES = [one.name for one in PROVINCES]


def read(folder: Path, rows: list[list[object]], name: str = "x.xlsx") -> UserFigures:
    """The figures of one table, written in the format of the name."""
    path = folder / name
    if path.suffix == ".xlsx":
        book = Workbook()
        sheet = book.active
        assert sheet is not None
        for row in rows:
            sheet.append(row)
        book.save(path)
    else:
        mark = {".tsv": "\t", ".txt": "|"}.get(path.suffix, ",")
        lines = [mark.join("" if v is None else str(v) for v in row) for row in rows]
        path.write_text("\n".join(lines), "utf-8")
    found = read_user_figures(folder, units=PROVINCES)
    path.unlink()
    return found


def column(header: str, unit: str) -> list[list[object]]:
    rows: list[list[object]] = [["分地区数据"], [f"单位：{unit}"], ["地区", "年份", header]]
    return rows + [[name, 2016, 15000 + i] for i, name in enumerate(NAMES)]


PART_HEADERS = [
    ("地区生产总值（2005年不变价）", "亿元"),
    ("地区生产总值(上年=100)", "亿元"),
    ("地区生产总值指数", "亿元"),
    ("地区生产总值【可比价】", "亿元"),
    ("地区生产总值[第三产业]", "亿元"),
    ("地区生产总值（亿元，2010年价）", "亿元"),
    ("实际地区生产总值", "亿元"),
    ("人均地区生产总值", "亿元"),
    ("地区生产总值#第一产业", "亿元"),
    ("地区生产总值：工业", "亿元"),
    ("地区生产总值增长率（%）", "亿元"),
    ("gdp (real)", "亿元"),
    ("GDP_real", "亿元"),
    ("地区生产总值 Real Gross Regional Product", "亿元"),
    ("年末常住人口（城镇）", "万人"),
    ("年末常住人口—城镇", "万人"),
    ("城镇年末常住人口", "万人"),
    ("总人口（户籍）", "万人"),
    ("总人口(女)", "万人"),
    ("其中：年末常住人口（0-14岁）", "万人"),
    ("population (urban)", "万人"),
    ("出口总额（外商投资企业）", "万元"),
    ("出口总额_加工贸易", "万元"),
    ("出口总额（机电产品）", "万元"),
    ("一般公共预算支出（教育）", "亿元"),
    ("一般公共预算支出：科学技术", "亿元"),
    ("专利申请数（规模以上工业企业）", "件"),
    ("专利申请数（职务）", "件"),
]


@pytest.mark.parametrize(("header", "unit"), PART_HEADERS)
@pytest.mark.parametrize("name", ["x.xlsx", "x.tsv"])
def test_a_qualified_header_is_no_series(tmp_path: Path, header: str, unit: str, name: str) -> None:
    found = read(tmp_path, column(header, unit), name)
    assert found.figures.empty
    named = " ".join(str(text) for text in found.skipped["text"].dropna())
    assert header[:2] in named


@pytest.mark.parametrize(
    ("header", "unit", "series"),
    [
        ("地区生产总值（亿元）", "", "gdp"),
        ("地区生产总值（当年价）", "亿元", "gdp"),
        ("地区生产总值（亿元，当年价格）", "", "gdp"),
        ("地区生产总值（GDP）", "亿元", "gdp"),
        ("地区生产总值①", "亿元", "gdp"),
        ("地区生产总值¹ （亿元）", "", "gdp"),
        ("地区生产总值(1)", "亿元", "gdp"),
        ("地区生产总值(Gross Regional Product)", "亿元", "gdp"),
        ("年末常住人口（2016年末）（万人）", "", "population"),
        ("年末常住人口（合计）", "万人", "population"),
        ("专利申请数（发明）", "件", "patent_applications_invention"),
        ("专利申请数_发明", "件", "patent_applications_invention"),
        ("出口总额（人民币）", "万元", "total_exports"),
        ("货物出口总额 Total Exports", "万元", "total_exports"),
        ("一般公共预算支出（决算数）", "亿元", "fiscal_expenditure"),
    ],
)
def test_a_bracket_that_limits_nothing(tmp_path: Path, header: str, unit: str, series: str) -> None:
    found = read(tmp_path, column(header, unit or "亿元")[(0 if unit else 2) :])
    assert set(found.figures["series"]) == {series} and len(found.figures) == 31
    assert found.figures["value"].max() == 15030


@pytest.mark.parametrize(
    ("upper", "lower"),
    [("城镇", "年末常住人口"), ("年末常住人口", "城镇"), ("年末常住人口", "Urban"),
     ("Rural", "年末常住人口")],
)  # fmt: skip
@pytest.mark.parametrize("name", ["x.xlsx", "x.csv"])
def test_a_second_header_row_qualifies(tmp_path: Path, upper: str, lower: str, name: str) -> None:
    rows: list[list[object]] = [["地区", "年份", f"{upper}"], [None, "year", lower]]
    rows += [[one, 2016, 2000 + i] for i, one in enumerate(NAMES)]
    rows.insert(0, ["单位：万人"])
    assert read(tmp_path, rows, name).figures.empty


TITLES = [
    ("分地区外商投资企业货物进出口总额", "进出口总额", "千美元"),
    ("分地区研究与开发机构专利情况", "专利申请数", "件"),
    ("国有企业主要指标", "出口总额", "万元"),
    ("各地区私营企业出口情况", "出口总额", "万元"),
    ("各地区城镇人口", "总人口", "万人"),
    ("省会城市主要指标", "地区生产总值", "亿元"),
    ("各地区生产总值（不变价）", "地区生产总值", "亿元"),
    ("按可比价格计算的国内生产总值", "地区生产总值", "亿元"),
    ("地区生产总值指数", "地区生产总值", "亿元"),
    ("各地区加工贸易出口", "出口总额", "万元"),
    ("各地区外商投资企业进口和出口总额", "出口总额", "万元"),
    ("real GDP by region", "gdp", "亿元"),
    ("各高校专利", "专利授权数", "件"),
]


@pytest.mark.parametrize(("title", "header", "unit"), TITLES)
@pytest.mark.parametrize("where", ["title", "sheet", "file", "csv"])
def test_a_qualifier_around_the_table_holds_for_its_columns(
    tmp_path: Path, title: str, header: str, unit: str, where: str
) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    above = [[title if where in ("title", "csv") else "表1"], ["2016年"], [f"单位：{unit}"]]
    rows = [*above, ["地区", header], *([one, 9000 + i] for i, one in enumerate(NAMES))]
    if where == "csv":
        found = read(tmp_path, rows, "x.csv")
    else:
        for row in rows:
            sheet.append(row)
        if where == "sheet":
            sheet.title = title[:31]
        name = title if where == "file" else "x"
        book.save(tmp_path / f"{name}.xlsx")
        found = read_user_figures(tmp_path, units=PROVINCES)
    assert found.figures.empty
    assert header in set(found.skipped["text"])


@pytest.mark.parametrize(
    ("title", "header", "unit"),
    [
        ("各地区年末常住人口、城镇人口和乡村人口", "年末常住人口", "万人"),
        ("各地区城镇化率和总人口", "总人口", "万人"),
        ("分省市区地区生产总值", "地区生产总值", "亿元"),
        ("中国农村统计年鉴2017 各地区年末常住人口", "年末常住人口", "万人"),
        ("各地区三种专利申请数（发明、实用新型、外观设计）", "专利申请数", "件"),
        ("各地区生产总值及增速", "地区生产总值（亿元）", "亿元"),
    ],
)
def test_a_title_that_limits_nothing(tmp_path: Path, title: str, header: str, unit: str) -> None:
    rows: list[list[object]] = [[title], ["2016年"], [f"单位：{unit}"], ["地区", header]]
    rows += [[one, 9000 + i] for i, one in enumerate(NAMES)]
    assert len(read(tmp_path, rows).figures) == 31


@pytest.mark.parametrize(
    ("header", "values"),
    [
        ("城市", ["石家庄", "唐山", "邯郸"]),
        ("城市", ["石家庄市"]),
        ("地级市", ["广州市"]),
        ("city", ["Guangzhou"]),
        ("县", ["正定县"]),
        ("地名", ["石家庄"]),
        ("性别", ["男", "女"]),
        ("性别", ["女"]),
        ("产业", ["第二产业"]),
        ("行业", ["制造业", "建筑业"]),
        ("城乡", ["城镇"]),
        ("说明", ["城镇"]),
        ("登记注册类型", ["外商投资企业"]),
        ("年龄组", ["0-14岁", "15-64岁"]),
        ("专利类型", ["发明", "实用新型"]),
        ("贸易方式", ["一般贸易"]),
        ("季度", ["1", "2", "3"]),
        ("月份", ["6"]),
        ("quarter", ["Q1"]),
        ("type", ["real"]),
        ("类别", ["农村"]),
    ],
)
@pytest.mark.parametrize("name", ["x.xlsx", "x.txt"])
def test_a_column_of_parts_blocks_its_rows(
    tmp_path: Path, header: str, values: list[str], name: str
) -> None:
    rows: list[list[object]] = [["省份", header, "年份", "年末常住人口(万人)"]]
    rows += [[one, value, 2016, 700] for one in NAMES for value in values]
    found = read(tmp_path, rows, name)
    assert found.figures.empty
    said = found.skipped[found.skipped["text"] == header]
    assert f"{31 * len(values)} rows are of a part" in said["reason"].iloc[0]


@pytest.mark.parametrize("whole", ["合计", "全部", "total", ""])
@pytest.mark.parametrize("header", ["性别", "城市", "行业"])
def test_rows_of_the_whole_are_read_beside_their_parts(
    tmp_path: Path, header: str, whole: str
) -> None:
    rows: list[list[object]] = [["省份", header, "年份", "年末常住人口(万人)"]]
    for one in NAMES:
        rows += [[one, whole, 2016, 5000], [one, "甲市" if header == "城市" else "男", 2016, 2600]]
    found = read(tmp_path, rows)
    assert found.figures["value"].tolist() == [5000] * 31


def test_columns_that_describe_a_unit_block_nothing(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        [
            "省份",
            "地带",
            "沿海",
            "性别",
            "备注",
            "类型",
            "年份",
            "年末常住人口(万人)",
            "来源",
            "季度",
        ]
    ]
    given = ["东部", "是", "合计", "见年鉴", "自治区", 2016, 5000, "NBS", "全年"]
    rows += [[one, *given] for one in NAMES]
    assert len(read(tmp_path, rows).figures) == 31


@pytest.mark.parametrize(
    "indicator",
    ["地区生产总值（不变价）（亿元）", "地区生产总值指数（上年=100）", "地区生产总值(第二产业)"],
)
def test_a_qualifier_in_a_column_of_indicators(tmp_path: Path, indicator: str) -> None:
    rows: list[list[object]] = [["地区", "年份", "指标", "数值"]]
    rows += [
        [one, 2016, name, 9000] for one in NAMES for name in (indicator, "地区生产总值（亿元）")
    ]
    found = read(tmp_path, rows, "x.csv")
    assert len(found.figures) == 31 and set(found.figures["unit"]) == {"100m CNY"}
    listed = found.skipped.dropna(subset=["text"])
    assert sum(indicator[:6] in text for text in listed["text"]) == 31


def test_qualifiers_in_labels_of_stata(tmp_path: Path) -> None:
    labels = {
        "gdp": "实际地区生产总值（亿元）", "population": "Urban population (10k persons)",
        "total_exports": "出口总额（外商投资企业）（万元）",
        "patent_applications_all": "专利申请数（件）",
    }  # fmt: skip
    frame = pd.DataFrame({"province": NAMES, "year": 2016} | dict.fromkeys(labels, 5000.0))
    frame.to_stata(tmp_path / "x.dta", write_index=False, variable_labels=labels, version=118)
    found = read_user_figures(tmp_path, units=PROVINCES)
    assert set(found.figures["series"]) == {"patent_applications_all"}


def test_a_city_is_no_province_in_the_panel(tmp_path: Path) -> None:
    rows: list[list[object]] = [["省份", "城市", "年份", "地区生产总值(亿元)"]]
    rows += [[one, f"{one}市", 2015, 3000] for one in NAMES]
    found = read(tmp_path, rows, "面板.csv")
    official = official_statistics((2015, 2015), level=PROVINCES.level)
    built = build_panel((2015, 2015), official=official, user=found.figures, units=PROVINCES)
    plain = build_panel((2015, 2015), official=official, units=PROVINCES)
    pd.testing.assert_frame_equal(built.panel, plain.panel)


def test_areas_around_and_within_units_of_an_own_list(tmp_path: Path) -> None:
    (tmp_path / "units.csv").write_text(
        "level,code,name\ncounty,1,桐庐\ncounty,2,安吉\n", encoding="utf-8"
    )
    units = read_units("units.csv", tmp_path)
    folder = tmp_path / "panel"
    folder.mkdir()
    text = "county,城市,year,gdp (亿元)\n桐庐,杭州市,2016,400\n安吉,湖州市,2016,300\n"
    (folder / "x.csv").write_text(text, "utf-8")
    assert read_user_figures(folder, units=units).figures["value"].tolist() == [400, 300]
    text = "county,乡镇,year,gdp (亿元)\n桐庐,分水镇,2016,40\n安吉,递铺,2016,30\n"
    (folder / "x.csv").write_text(text, "utf-8")
    assert read_user_figures(folder, units=units).figures.empty


@pytest.mark.parametrize("year", ["2016-06-30", "2016/6/30", "2016年6月", "2016-03", "2016Q2"])
def test_a_day_within_a_year_is_no_year(tmp_path: Path, year: str) -> None:
    rows: list[list[object]] = [["省份", "年份", "年末常住人口(万人)"], ["浙江", year, 5000]]
    with pytest.raises(ValueError, match=r"row 2, column B: .* is no year, but a part of one"):
        read(tmp_path, rows, "x.csv")
