"""A user's files as she has them: layouts, units, provinces, and every kind of fault."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import samples
from openpyxl import Workbook

from dti_assets.errors import PanelError, UserFigureError
from dti_assets.panel.build import build_panel
from dti_assets.panel.official import official_statistics
from dti_assets.panel.tables import FIGURES, SKIPPED
from dti_assets.panel.yearbooks.figures import UserFigures, read_user_figures
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")
LEVEL = PROVINCES.level
NAMES = [p.name for p in PROVINCES]


def spaced(name: str) -> str:
    return f"{name[0]}  {name[1]}" if len(name) == 2 else name


def only(found: UserFigures, series: str) -> pd.DataFrame:
    assert LEVEL.table(FIGURES).violations(found.figures) == []
    assert SKIPPED.violations(found.skipped) == []
    part = found.figures[found.figures["series"] == series]
    return part.set_index(["province", "year"])


def fault(folder: Path, **kwargs: object) -> str:
    """The single message the folder is refused with."""
    with pytest.raises(UserFigureError) as caught:
        read_user_figures(folder, **kwargs, units=PROVINCES)
    assert len(caught.value.faults) == 1, str(caught.value)
    return str(caught.value)


def yearbook(year: int, firms: Callable[[int], object]) -> Workbook:
    """A sheet as the yearbook prints it: title, unit cell, merged two-row header, footnote."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "2-5"
    sheet["A1"] = f"2-5 各地区高技术产业生产经营情况({year}年)"
    sheet.merge_cells("A1:F1")
    sheet["F2"] = "单位:亿元"
    sheet["A3"], sheet["B3"], sheet["C3"], sheet["D3"] = (
        "地 区", "企业数\n(个)", "主营业务收入", "有R&D活动"
    )  # fmt: skip
    sheet.merge_cells("A3:A4")
    sheet.merge_cells("B3:B4")
    sheet.merge_cells("C3:C4")
    sheet.merge_cells("D3:E3")
    sheet["D4"], sheet["E4"] = "企业数(个)", "比重(%)"
    rows: list[list[object]] = [
        ["全  国", sum(range(100, 131)), 999, 1, 1],
        ["东部地区", 5, 5, 5, 5],
    ]
    rows += [[spaced(n), firms(i), 10.5 + i, 7, 3] for i, n in enumerate(NAMES)]
    rows.append(["注:2011年起为主营业务收入2000万元及以上的企业。"])
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            sheet.cell(5 + i, 1 + j, value)
    return book


def test_yearbook_sheets_one_file_a_year(tmp_path: Path) -> None:
    for year in (2009, 2017):
        book = yearbook(year, lambda i: "…" if i == 25 else 100 + i)
        book.save(tmp_path / f"高技术产业统计年鉴{year + 1}.xlsx")
    found = read_user_figures(tmp_path, units=PROVINCES)
    firms = only(found, "high_tech_firms")
    assert len(firms) == 62
    assert firms.loc[("浙江", 2009), "value"] == 110
    assert firms.loc[("北京", 2017), "unit"] == "units"
    assert firms.loc[("北京", 2017), "column"] == "B (企业数 (个))"
    assert pd.isna(firms.loc[("西藏", 2017), "value"])
    assert "'…'" in firms.loc[("西藏", 2017), "reason"]
    revenue = only(found, "high_tech_revenue")
    assert revenue.loc[("新疆", 2009), "value"] == 40.5
    assert set(revenue["unit"]) == {"100m CNY"}
    # 企业数 under 有R&D活动 is another series: listed, not taken
    assert set(found.figures["series"]) == {"high_tech_firms", "high_tech_revenue"}
    reasons = found.skipped.groupby("reason").size()
    assert reasons["national figure"] == 2 and reasons["figure of a group of provinces"] == 2
    assert reasons["footnote"] == 2
    assert reasons["column names no series of the catalogue"] == 4
    total = found.totals[found.totals["series"] == "high_tech_firms"]
    assert list(total["value"]) == [3565.0, 3565.0]


def test_wide_by_year_in_gb18030(tmp_path: Path) -> None:
    lines = ["地区,2010年,2011年", "全国,1,2"]
    lines += [f'{p.full_name},{i + 1000},"1,{i:03d}.5"' for i, p in enumerate(PROVINCES)]
    (tmp_path / "年末常住人口(万人).csv").write_bytes("\n".join(lines).encode("gb18030"))
    with pytest.raises(UserFigureError, match="no unit declared for population"):
        read_user_figures(tmp_path, units=PROVINCES)
    population = only(
        read_user_figures(tmp_path, measures={"population": "万人"}, units=PROVINCES), "population"
    )
    assert len(population) == 62
    assert population.loc[("西藏", 2010), "value"] == 1025
    assert population.loc[("西藏", 2011), "value"] == 1025.5


def test_tidy_and_long(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "Province;Year;HR (years);DFI\nInner Mongolia;2015;9.1;214.6\nTibet;2015;5.2;\n", "utf-8"
    )
    (tmp_path / "b.tsv").write_text(
        "province\tyear\tvariable\tvalue\tunit\nXizang\t2015\tgdp\t1043\t亿元\n"
        "Shaanxi\t2015\tGDP\t17898.8\t100m CNY\nShanxi\t2015\tmoonshine\t3\t亿元\n",
        "utf-8",
    )
    found = read_user_figures(tmp_path, units=PROVINCES)
    assert only(found, "years_of_education").loc[("内蒙古", 2015), "value"] == 9.1
    dfi = only(found, "digital_finance_index")
    assert dfi.loc[("内蒙古", 2015), "value"] == 214.6 and pd.isna(dfi.loc[("西藏", 2015), "value"])
    assert only(found, "gdp").loc[("陕西", 2015), "value"] == 17898.8
    listed = found.skipped[found.skipped["text"] == "moonshine"].iloc[0]
    assert listed["row"] == 4 and "no series" in listed["reason"]


def test_csmar_three_header_rows(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ["Sgnyea", "Prvcnm", "Prvcnm_id", "Gdp0116", "Epyr"],
        ["统计年度", "省份名称", "地区代码", "地区生产总值", "平均受教育年限"],
        ["没有单位", "没有单位", "没有单位", "万元", "年"],
        ["2015", "浙江省", "330000", "435077200", "9.2"],
        ["2016", "浙江省", "330000", "472513600", "9.3"],
    ):
        sheet.append(row)
    book.save(tmp_path / "CSMAR.xlsx")
    found = read_user_figures(tmp_path, units=PROVINCES)
    gdp = only(found, "gdp")
    assert gdp.loc[("浙江", 2016), "value"] == 472513600 and set(gdp["unit"]) == {"10k CNY"}
    assert only(found, "years_of_education").loc[("浙江", 2015), "value"] == 9.2


def test_provinces_across(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["地方一般公共预算支出(亿元)"])
    sheet["D2"] = "单位:亿元"
    sheet.append(["年份", "全国", *NAMES[:5]])
    sheet.append(["2015年", 15.0, *range(100, 105)])
    sheet.append(["2016年", 16.0, *range(200, 205)])
    sheet.append(["资料来源:财政部"])
    book.save(tmp_path / "x.xlsx")
    found = read_user_figures(tmp_path, units=PROVINCES)
    spending = only(found, "fiscal_expenditure")
    assert len(spending) == 10 and spending.loc[(NAMES[4], 2016), "value"] == 204
    assert list(found.totals["value"]) == [15.0, 16.0]


def test_trade_sheet_with_two_languages_and_two_years(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"] = "20-12 各地区高技术产品进出口贸易额"
    sheet["A2"] = "Import and Export of High-tech Products by Region"
    sheet["F3"] = "单位:百万美元 (USD million)"
    sheet["A4"], sheet["B4"], sheet["C4"], sheet["E4"] = "地 区", "Region", 2016, 2017
    for span in ("A1:F1", "A2:F2", "A4:A5", "B4:B5", "C4:D4", "E4:F4"):
        sheet.merge_cells(span)
    for column, text in zip("CDEF", ["出口额 Export", "进口额 Import"] * 2, strict=True):
        sheet[f"{column}5"] = text
    sheet.append(["全  国", "National", 465, 1, 465, 1])
    for i, p in enumerate(PROVINCES):
        sheet.append([spaced(p.name), p.english, i, 1, 2.5 * i, "-"])
    sheet.append(["资料来源:海关总署。"])
    book.save(tmp_path / "x.xlsx")
    found = read_user_figures(tmp_path, units=PROVINCES)
    exports = only(found, "high_tech_exports")
    assert len(exports) == 62 and set(found.figures["series"]) == {"high_tech_exports"}
    assert exports.loc[("新疆", 2017), "value"] == 75 and set(exports["unit"]) == {"million USD"}
    assert len(found.totals) == 2


def test_download_of_the_statistics_bureau(tmp_path: Path) -> None:
    lines = ["数据库:分省年度数据", "指标:年末常住人口(万人)", "时间:最近2年", "地区,2022年,2021年"]
    lines += [f"{p.full_name},{1000 + i},{2000 + i}" for i, p in enumerate(PROVINCES)]
    lines += ["注:2020年为普查数。", "数据来源:国家统计局"]
    (tmp_path / "分省年度数据.csv").write_bytes("\n".join(lines).encode("gb18030"))
    found = read_user_figures(tmp_path, units=PROVINCES)
    population = only(found, "population")
    assert len(population) == 62 and set(population["unit"]) == {"10k persons"}
    assert population.loc[("天津", 2021), "value"] == 2001
    assert list(found.skipped["reason"]) == ["footnote", "footnote"]


def test_patents_with_kinds_under_one_heading_and_numbered_columns(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["3-1 各地区国内专利申请数 (2015)"])
    sheet.append([None, None, None, None, "单位:件"])
    sheet.append(["地区", "专利申请数①"])
    sheet.append([None, "合计", "发明", "实用新型", "外观设计"])
    sheet.append(["甲", 1, 2, 3, 4])
    sheet.merge_cells("A3:A4")
    sheet.merge_cells("B3:E3")
    for i, name in enumerate(NAMES):
        sheet.append([name, 60 + 6 * i, 10 + i, 20 + 2 * i, 30 + 3 * i])
    book.save(tmp_path / "l.xlsx")
    found = read_user_figures(tmp_path, units=PROVINCES)
    assert found.skipped.empty
    wide = found.figures.pivot(index="province", columns="series", values="value")
    assert wide.loc["北京"].to_dict() == {
        "patent_applications_all": 60, "patent_applications_invention": 10,
        "patent_applications_utility_model": 20, "patent_applications_design": 30,
    }  # fmt: skip


def test_exchange_rate_without_provinces(tmp_path: Path) -> None:
    text = "人民币对美元汇率\n年份,美元 (USD),人民币汇率 (美元=100)\n"
    text += "2009,100,683.10\n2010,100,676.95\n注:平均\n"
    (tmp_path / "rate.csv").write_text(text, "utf-8")
    found = read_user_figures(tmp_path, units=PROVINCES)
    assert len(only(found, "exchange_rate")) == 62
    official = official_statistics((2009, 2010), level=LEVEL)
    built = build_panel((2009, 2010), official=official, user=found.figures, units=PROVINCES)
    assert built.panel["EXR"].tolist() == pytest.approx([6.831, 6.7695] * 31)
    exr = built.sources[built.sources["variable"] == "EXR"]
    assert set(exr["status"]) == {"published"} and set(exr["origin"]) == {"user"}
    (tmp_path / "rate.csv").write_text(text.replace("683.10", "?"), "utf-8")
    assert "'?' is no number (exchange_rate)" in fault(tmp_path)


def test_years_in_stata_names(tmp_path: Path) -> None:
    frame = pd.DataFrame({"province": ["zhejiang"], "gdp2015": [43507.7], "gdp2016": [47254.0]})
    frame.to_stata(tmp_path / "w.dta", write_index=False)
    gdp = only(read_user_figures(tmp_path, {"gdp": "亿元"}, units=PROVINCES), "gdp")
    assert gdp["value"].to_dict() == {("浙江", 2015): 43507.7, ("浙江", 2016): 47254.0}


def test_damaged_files(tmp_path: Path) -> None:
    for name in ("n.csv", "n.dta", "n.xlsx"):
        (tmp_path / name).write_bytes(b"\xff\xff\x00nonsense")
    Workbook().save(tmp_path / "w.xlsx")
    sound = (tmp_path / "w.xlsx").read_bytes()
    (tmp_path / "w.xlsx").write_bytes(samples.without_half(sound, "xl/worksheets/sheet1.xml"))
    with pytest.raises(UserFigureError) as caught:
        read_user_figures(tmp_path, units=PROVINCES)
    assert [f.file for f in caught.value.faults] == ["n.csv", "n.dta", "n.xlsx", "w.xlsx"]
    assert all(f.message.startswith("cannot be read: ") for f in caught.value.faults)


def test_stata(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"prov": ["浙江", "Tibet"], "yr": [2015, 2015], "HR": [9.25, None], "exp": [1.5, 2.5]}
    )
    labels = {
        "prov": "province",
        "yr": "year",
        "HR": "years of education",
        "exp": "出口总额(亿美元)",
    }
    frame.to_stata(tmp_path / "x.dta", write_index=False, variable_labels=labels, version=118)
    found = read_user_figures(tmp_path, units=PROVINCES)
    assert only(found, "years_of_education").loc[("浙江", 2015), "value"] == 9.25
    exports = only(found, "total_exports")
    assert exports.loc[("西藏", 2015), "value"] == 2.5 and set(exports["unit"]) == {"100m USD"}
    assert exports.loc[("西藏", 2015), "row"] == 2


def test_numbers_are_no_province_codes(tmp_path: Path) -> None:
    # 45.8 and 11 read as GB/T 2260 codes of 广西 and 北京 would hide the column
    rows = [f"{p.english},{p.name},2015,{p.code // 10000},45.{i}"
            for i, p in enumerate(PROVINCES)]  # fmt: skip
    text = "\n".join(["Region,地区,year,HR (years),GDP_sec (%)", *rows])
    (tmp_path / "x.csv").write_text(text.replace(",11,", ",11.5,"), "utf-8")
    with pytest.raises(UserFigureError, match="years_of_education is declared in years"):
        read_user_figures(tmp_path, units=PROVINCES)
    (tmp_path / "x.csv").write_text(text.replace("HR (years)", "INF (km)"), "utf-8")
    found = read_user_figures(tmp_path, units=PROVINCES)
    assert len(only(found, "infrastructure")) == 31
    assert only(found, "secondary_industry_share").loc[("新疆", 2015), "value"] == 45.30
    assert found.skipped["reason"].tolist() == ["another column of province names"]


def test_codes_alone(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("province_code,year,HR\n330000,2015,9\n54,2015,5\n", "utf-8")
    assert only(
        read_user_figures(tmp_path, units=PROVINCES), "years_of_education"
    ).index.tolist() == [
        ("浙江", 2015),
        ("西藏", 2015),
    ]


def test_nothing_and_other_files(tmp_path: Path) -> None:
    assert read_user_figures(tmp_path / "absent", units=PROVINCES).figures.empty
    (tmp_path / "README.md").write_text("read me")
    (tmp_path / "scan.pdf").write_bytes(b"%PDF")
    (tmp_path / "appointments.csv").write_text("province,office,name,start,end\n")
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n")
    found = read_user_figures(tmp_path, units=PROVINCES)
    assert found.figures.empty
    assert dict(zip(found.skipped["file"], found.skipped["reason"], strict=True)) == {
        "scan.pdf": "no table of text, workbook or Stata file",
        "appointments.csv": "read as dated appointments, not as figures",
        "notes.csv": "no column of province names",
    }


def test_a_linked_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "t.csv").write_text(
        "province,year,gdp (亿元)\n浙江,2015,43507.7\n", "utf-8"
    )
    (tmp_path / "panel_raw").mkdir()
    (tmp_path / "panel_raw" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "panel_raw" / "~$t.xlsx").write_bytes(b"open in Excel")
    found = read_user_figures(tmp_path / "panel_raw", units=PROVINCES)
    assert found.figures["file"].tolist() == ["linked/t.csv"]
    assert found.skipped["reason"].tolist() == ["hidden or temporary file"]


def test_a_column_without_figures_replaces_nothing(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("province,year,gdp (亿元),HR (年)\n浙江,2015,,9.1\n", "utf-8")
    found = read_user_figures(tmp_path, units=PROVINCES)
    assert set(found.figures["series"]) == {"years_of_education"}
    assert "no figure in this column" in set(found.skipped["reason"])


HEAD = "province,year,population (万人)\n"


FAULTS = [
    (HEAD + "浙工,2015,5985\n浙江,2016,6072\n", "row 2, column A",
     "unknown province '浙工'; did you mean 浙江?"),
    (HEAD + "浙江,2016,6072\nZhejang,2015,5985\n", "row 3, column A", "did you mean 浙江?"),
    (HEAD + "浙江,2015,5985\n浙江,2015,6072\n", "row 3, column C",
     "of 浙江 2015 stands twice, first in x.csv, row 2"),
    (HEAD + "浙江,2015,5985\n北京,2015,about 2000\n", "row 3, column C",
     "'about 2000' is no number"),
    (HEAD + "浙江,2015,many\n", "row 2, column C", "'many' is no number (population)"),
    (HEAD + "浙江,201X,5985\n", "row 2, column B", "'201X' is no year"),
    (HEAD + ",2015,5985\n浙江,2016,6072\n", "row 2, column A",
     "no province in a row with figures"),
    ("province,year,population (人)\n浙江,2015,5985\n", "row 2, column C",
     "5985 persons is not plausible (expected 100 to 20000 10k persons); is the unit larger"),
    ("province,year,population (万人)\n浙江,2015,59850000\n", "row 2, column C",
     "is the unit smaller by a power of ten?"),
    ("province,year,population (亿元)\n浙江,2015,5985\n", "row 1, column C",
     "100m CNY is no unit of population"),
    ("province,year,population (万入)\n浙江,2015,5985\n", "row 1, column C",
     "unknown unit '万入'; did you mean 万"),
    ("province,year,population\n浙江,2015,5985\n", "row 1, column C",
     "no unit declared for population"),
    ("province,population (万人)\n浙江,5985\n", "row 2, column B", "no year"),
    ("province,year,Export (log)\n浙江,2015,16.5\n", "row 1, column C",
     "log is no unit of high_tech_exports"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "place", "message"), FAULTS, ids=range(len(FAULTS)))
def test_every_fault_is_one_clear_message(
    tmp_path: Path, text: str, place: str, message: str
) -> None:
    (tmp_path / "x.csv").write_text(text, "utf-8")
    said = fault(tmp_path)
    assert said.startswith("x.csv") and place in said and message in said


def test_faults_in_a_workbook_name_the_sheet(tmp_path: Path) -> None:
    book = yearbook(2015, lambda i: "n/k" if i == 3 else i + 1)
    book.save(tmp_path / "book.xlsx")
    said = fault(tmp_path)
    assert said == (
        "book.xlsx, sheet 2-5, row 10, column B (企业数 (个)): 'n/k' is no number (high_tech_firms)"
    )


def test_formula_without_a_result(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["province", "year", "gdp (亿元)"])
    sheet.append(["浙江", 2015, "=1+1"])
    book.save(tmp_path / "f.xlsx")
    with pytest.raises(UserFigureError, match=r"row 2, column C: formula =1\+1 has no stored"):
        read_user_figures(tmp_path, units=PROVINCES)


def test_two_files_that_overlap_are_one_fault(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        rows = [f"{n},{y},5" for n in NAMES for y in (2015, 2016)]
        (tmp_path / name).write_text("\n".join(["province,year,HR", *rows]), "utf-8")
    said = fault(tmp_path)
    assert "stands twice, first in a.csv, row 2" in said and "(and 61 more figures)" in said


def test_units_and_aliases_of_the_study(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("省份,年份,人口合计\n浙江,2015,5985\n旧称,2015,2000\n", "utf-8")
    found = read_user_figures(
        tmp_path,
        {"population": "万人"},
        {"人口合计": "population", "旧称": "北京"},
        units=PROVINCES,
    )
    assert only(found, "population").loc[("北京", 2015), "value"] == 2000
    (tmp_path / "x.csv").write_text(HEAD + "浙江,2015,5985\n", "utf-8")
    said = fault(tmp_path, measures={"population": "人"})
    assert "the header gives population in 10k persons, the study's units in persons" in said
    with pytest.raises(PanelError, match=r"panel\.units\.gdp: 10k persons is no unit of gdp"):
        read_user_figures(tmp_path, {"gdp": "万人"}, units=PROVINCES)


def test_the_official_series_written_and_read_back_gives_the_same_panel(tmp_path: Path) -> None:
    official = official_statistics((2009, 2022), level=LEVEL)
    wide = official.pivot(index="province", columns="year", values="gdp")
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "GDP"
    sheet.append(["地区生产总值"])
    sheet.append([None, None, "单位:亿元"])
    sheet.append(["地区", *[f"{year}年" for year in wide.columns]])
    for name, row in wide.iterrows():
        sheet.append([spaced(str(name)), *row.tolist()])
    book.save(tmp_path / "gdp.xlsx")
    user = read_user_figures(tmp_path, units=PROVINCES).figures
    assert len(user) == 434
    before, after = (
        build_panel((2009, 2022), official=official, user=u, units=PROVINCES) for u in (None, user)
    )
    pd.testing.assert_frame_equal(before.panel, after.panel)
    moved = after.sources[after.sources["origin"] == "user"]
    assert len(moved) == 434 and set(moved["source"]) == {"user: gdp.xlsx, sheet GDP"}
