"""Sheets that could be read into wrong figures without a word: refused, or read as they say."""

from pathlib import Path

import pytest

from dti_assets.errors import UserFigureError
from dti_assets.panel.yearbooks.figures import read_user_figures
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")


def values(folder: Path, text: str, name: str = "x.csv", **kwargs: object) -> dict[object, float]:
    """(series, province, year, unit) -> figure, of one CSV file."""
    (folder / name).write_text(text, "utf-8")
    figures = read_user_figures(folder, **kwargs, units=PROVINCES).figures
    (folder / name).unlink()
    keys = figures[["series", "province", "year", "unit"]].itertuples(index=False, name=None)
    return dict(zip(keys, figures["value"], strict=True))


def refusal(folder: Path, text: str, name: str = "x.csv", **kwargs: object) -> str:
    with pytest.raises(UserFigureError) as caught:
        values(folder, text, name, **kwargs)
    (folder / name).unlink()
    return str(caught.value)


def test_a_unit_cell_against_the_units_of_the_study(tmp_path: Path) -> None:
    sheet = "2015年出口情况,,\n,,单位:亿美元\n地区,出口总额,企业数\n浙江,2700,\n"
    for unit in ("万美元", "亿元"):
        said = refusal(tmp_path, sheet, measures={"total_exports": unit})
        assert "the 单位 cell gives total_exports in 100m USD, the study's units in" in said
    found = {("total_exports", "浙江", 2015, "100m USD"): 2700.0}
    assert values(tmp_path, sheet, measures={"total_exports": "亿美元"}) == found
    # what the header says goes before the cell, and a cell for other columns contradicts nothing
    said = sheet.replace("出口总额", "出口总额(百万美元)").replace("2700", "270000")
    found = {("total_exports", "浙江", 2015, "million USD"): 270000.0}
    assert values(tmp_path, said, measures={"total_exports": "百万美元"}) == found
    said = sheet.replace("亿美元", "万人")
    assert values(tmp_path, said, measures={"total_exports": "百万美元"})


def test_two_unit_cells_that_differ_name_no_unit(tmp_path: Path) -> None:
    sheet = (
        "2015年经济情况,,\n单位:亿元,,单位:万美元\n"
        "地区,出口总额,地区生产总值 (亿元)\n浙江,17000,42886\n"
    )
    said = refusal(tmp_path, sheet)
    assert "the 单位 cells differ (亿元, 万美元)" in said and "total_exports" in said
    assert "gdp" not in said
    found = values(tmp_path, sheet, measures={"total_exports": "亿元"})
    assert found[("total_exports", "浙江", 2015, "100m CNY")] == 17000
    # two languages, or a translation that is not known, are one unit
    for other in ("Unit: 100 million yuan", "Unit: 100 million of yuans"):
        found = values(tmp_path, sheet.replace("单位:万美元", other))
        assert found[("total_exports", "浙江", 2015, "100m CNY")] == 17000


def test_a_scale_in_brackets_is_not_dropped(tmp_path: Path) -> None:
    sheet = "2015年出口情况,\n,单位:美元(百万)\n地区,出口总额\n浙江,2700\n"
    assert "unknown unit '美元(百万)'" in refusal(tmp_path, sheet)
    # nor in a header that says no more than that, unless the unit is of it
    for unit, header in (("美元", "出口总额(百万)"), ("亿元", "出口总额(美元)(百万)")):
        sheet = f"2015年出口情况,\n,单位:{unit}\n地区,{header}\n浙江,2700\n"
        assert "the header says 百万, the unit found for it is USD" in refusal(tmp_path, sheet)
    sheet = "地区,年份,年末常住人口(万)(10)\n浙江,2015,5985\n"
    assert list(values(tmp_path, sheet, measures={"population": "万人"}).values()) == [5985]


def test_a_year_of_prices_an_edition_or_a_span_is_no_year_of_figures(tmp_path: Path) -> None:
    gdp = {("gdp", "浙江", 2015, "100m CNY"): 42886.0}
    sheet = "2015年各地区生产总值,\n,单位:亿元\n地区,地区生产总值(2010年价)\n浙江,42886\n"
    assert values(tmp_path, sheet) == {}
    # in the brackets of the title, and as the edition of the book
    priced = "各地区生产总值(2010年价),\n,单位:亿元\n地区,地区生产总值\n浙江,42886\n"
    assert values(tmp_path, priced, "2015.csv") == {}
    current = priced.replace("(2010年价)", "(当年价)")
    assert values(tmp_path, "2015年" + current, "中国统计年鉴2016.csv") == gdp
    assert "no year" in refusal(tmp_path, current, "x.csv")
    for name in ("中国科技统计年鉴2016.csv", "2016年中国统计年鉴.csv", "Yearbook 2016.csv"):
        assert "no year" in refusal(tmp_path, current, name)
    # a span is no year of its figures, unless a column gives the years
    span = "地区,2015年,2011-2015年,2015/2014增长\n浙江,42886,5,6\n"
    assert values(tmp_path, span, "gdp.csv", measures={"gdp": "亿元"}) == gdp
    span = "2015年,,\n地区,gdp 2011-2015 (亿元)\n浙江,42886\n"
    assert "no year" in refusal(tmp_path, span)
    span = "地区,年份,gdp 2011-2015 (亿元)\n浙江,2015,42886\n"
    assert values(tmp_path, span) == gdp


PART = {
    "2015年各地区高新技术企业主要经济指标": ("出口总额", "万元"),
    "2015年各地区规模以上工业企业专利情况": ("发明专利申请数", "件"),
    "2015年各地区大中型工业企业情况": ("专利申请数", "件"),
    "2015年高等学校科技活动": ("发明专利授权数", "件"),
    "2015年各地区高技术产品进出口贸易额": ("进出口总额", "百万美元"),
}


@pytest.mark.parametrize("title", PART)
def test_a_sheet_about_a_part_gives_no_series_of_the_whole(tmp_path: Path, title: str) -> None:
    header, unit = PART[title]
    sheet = f"{title},\n,单位:{unit}\n地区,{header}\n浙江,5000\n"
    assert values(tmp_path, sheet) == {}
    (tmp_path / "x.csv").write_text(sheet, "utf-8")
    assert header in set(read_user_figures(tmp_path, units=PROVINCES).skipped["text"])
    # the same columns of a sheet about the whole, and where the study says what the header is
    whole = values(tmp_path, sheet.replace(title, "2015年各地区情况"))
    assert list(whole.values()) == [5000]
    ((series, *_),) = whole
    assert values(tmp_path, sheet, aliases={header: str(series)}) == whole


def test_a_sheet_about_a_part_gives_the_series_of_that_part(tmp_path: Path) -> None:
    sheet = "2015年各地区高技术产品进出口贸易额,\n,单位:百万美元\n地区,出口额\n浙江,50\n"
    assert values(tmp_path, sheet) == {("high_tech_exports", "浙江", 2015, "million USD"): 50}
    # a series called by its own name is meant, whatever the file is called
    sheet = "province,year,gdp (亿元),Number (家)\n浙江,2015,42886,2500\n"
    assert set(values(tmp_path, sheet, "高技术产业.csv").values()) == {42886, 2500}


def test_a_row_of_nothing_but_its_year_holds_no_figure(tmp_path: Path) -> None:
    text = "year,province,HR (years)\n2015,浙江,9\n2016,,\n"
    assert list(values(tmp_path, text).values()) == [9]
