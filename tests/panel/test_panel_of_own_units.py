"""The panel over counties of a CSV file, for which nothing ships."""

from pathlib import Path

import pandas as pd
import pytest
from openpyxl import load_workbook

from dti_assets.econ.tables import TABLE_COVERAGE
from dti_assets.errors import AppointmentError, UserFigureError
from dti_assets.panel.build import PanelTables, build_panel
from dti_assets.panel.checks import absent_variables, panel_checks
from dti_assets.panel.export import export_panel
from dti_assets.panel.official import (
    memberships,
    national_totals,
    official_figures,
    official_statistics,
)
from dti_assets.panel.tables import FIGURES, OFFICIAL_STATISTICS, TURNOVER, panel_table
from dti_assets.panel.template import write_template
from dti_assets.panel.turnover import read_appointments, turnover
from dti_assets.panel.yearbooks.figures import read_panel_folder, read_user_figures
from dti_assets.units.lists import Units, read_units

YEARS = (2015, 2016)
# not in the order of their codes
LIST = """level,code,name,full_name,english,aliases,parent
county,Z9,甲川,甲川县,Jiachuan,甲|Old Town,江东省
county,A1,乙川,乙川县,Yichuan,,江东省
county,007,丙川,丙川县,Bingchuan,,江西南省
"""


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> Units:
    folder = tmp_path_factory.mktemp("list")
    (folder / "counties.csv").write_text(LIST, encoding="utf-8")
    return read_units("counties.csv", folder)


def read(folder: Path, text: str, units: Units) -> dict[tuple[str, int], float]:
    """(county, year) -> figure of one CSV file of one series."""
    (folder / "x.csv").write_text(text, encoding="utf-8")
    figures = read_user_figures(folder, units=units).figures
    assert units.level.table(FIGURES).violations(figures) == []
    keys = figures[["county", "year"]].itertuples(index=False, name=None)
    return dict(zip(keys, figures["value"], strict=True))


@pytest.fixture
def built(units: Units, tmp_path: Path) -> PanelTables:
    lines = ["county_code,county,year,population (万人),gdp (亿元)"]
    lines += [f"{u.code},{u.name},{y},3.5,1.25" for u in units for y in YEARS]
    (tmp_path / "figures.csv").write_text("\n".join(lines), encoding="utf-8")
    user = read_user_figures(tmp_path, units=units)
    assert user.skipped.empty
    official = official_statistics(YEARS, level=units.level)
    return build_panel(YEARS, official=official, user=user.figures, units=units)


def test_nothing_ships(units: Units) -> None:
    level = units.level
    official = official_statistics(YEARS, level=level)
    assert official.empty and level.table(OFFICIAL_STATISTICS).violations(official) == []
    assert official_figures(official, level).empty and national_totals(level).empty
    assert memberships(level) == []


def test_the_panel_has_its_columns_and_says_why_they_are_null(
    units: Units, built: PanelTables
) -> None:
    panel = built.panel
    assert panel_table(units.level).violations(panel) == []
    assert list(panel.columns[:3]) == ["county_code", "county", "year"]
    # in the order of the list
    assert panel["county_code"].tolist() == ["Z9", "Z9", "A1", "A1", "007", "007"]
    assert panel["GDP"].notna().all() and panel[["region", "bri", "EXR"]].isna().all(axis=None)
    reason = panel["reason"].iloc[0]
    assert "exchange_rate: supplied by the user only" in reason
    assert "region (no region of counties comes with the package)" in reason
    coverage = built.coverage.set_index("variable")
    assert coverage.loc["GDP", "provinces"] == 3 and coverage.loc["region", "state"] == "absent"
    assert coverage.loc["region":"municipality", "how_to_supply"].isna().all()
    absent = [text.split(" is absent")[0] for text in absent_variables(built.coverage)]
    assert "EXR" in absent and "region" not in absent
    assert "by county" in coverage.loc["Exportother", "how_to_supply"]


def test_the_checks(units: Units, built: PanelTables) -> None:
    found = panel_checks(built, units=units).set_index("check")
    assert found.loc[found["severity"] == "error", "passed"].all()
    assert found.loc["balanced", "message"] == "6 rows of 6 county-years"
    # 35 thousand persons are no mistake of the unit
    assert found.loc["ranges", "passed"] and "memberships" not in found.index
    strange = built._replace(panel=built.panel.assign(county="浙江"))
    names = panel_checks(strange, units=units).set_index("check").loc["names"]
    assert names["message"] == "unknown: county 浙江"


def test_exports_speak_of_counties(units: Units, built: PanelTables, tmp_path: Path) -> None:
    export_panel(built, TABLE_COVERAGE.frame([]), tmp_path, level=units.level)
    for name in ("codebook.md", "codebook.html"):
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert "county_code" in text and "rovince" not in text and "Known breaks" not in text
        assert "shipped from" in text and "Yearbook on Science and Technology |" not in text
    stata = pd.read_stata(tmp_path / "panel.dta")
    assert stata["county_code"].tolist() == built.panel["county_code"].tolist()
    with pd.read_stata(tmp_path / "panel.dta", iterator=True) as reader:
        assert reader.data_label == "3 counties of China by year"


@pytest.mark.parametrize(
    "text",
    [
        "county,year,HR\n{}\n",
        "name,year,HR\n{}\n",
        "unit,year,HR\n{}\n",
        "地区,年份,平均受教育年限\n{}\n",
        "area,year,HR\n全国,2015,9\n东部地区,2015,9\n江东,2015,9\n江西南省,2015,9\n{}\n",
    ],
)
def test_counties_are_found_by_their_names(tmp_path: Path, units: Units, text: str) -> None:
    rows = "甲川县,2015,7\nYichuan,2015,8\n丙  川①,2015,9\nOld Town,2016,6\n乙川 Yichuan,2016,5"
    assert read(tmp_path, text.format(rows), units) == {
        ("甲川", 2015): 7, ("甲川", 2016): 6, ("乙川", 2015): 8, ("乙川", 2016): 5,
        ("丙川", 2015): 9,
    }  # fmt: skip


@pytest.mark.parametrize("header", ["county_code", "代码", "CODE"])
def test_codes_alone(tmp_path: Path, units: Units, header: str) -> None:
    text = f"{header},year,HR\nZ9,2015,7\na1,2015,8\n007,2015,9\n"
    expected = {("甲川", 2015): 7, ("乙川", 2015): 8, ("丙川", 2015): 9}
    assert read(tmp_path, text, units) == expected


def test_counties_across_and_the_nation_down(tmp_path: Path, units: Units) -> None:
    text = "平均受教育年限\n年份,甲川,乙川县,丙川\n2015,7,8,9\n"
    expected = {("甲川", 2015): 7, ("乙川", 2015): 8, ("丙川", 2015): 9}
    assert read(tmp_path, text, units) == expected
    rate = read(tmp_path, "年份,人民币汇率 (美元=100)\n2015,622.84\n", units)
    assert rate == dict.fromkeys(expected, 622.84)


def test_faults_and_what_is_left_out_speak_of_counties(tmp_path: Path, units: Units) -> None:
    with pytest.raises(UserFigureError, match="unknown county '甲州'; did you mean 甲川"):
        read(tmp_path, "county,year,HR\n乙川,2015,8\n甲州,2015,7\n", units)
    with pytest.raises(UserFigureError, match="no county in a row with figures"):
        read(tmp_path, "county,year,HR\n乙川,2015,8\n,2015,7\n", units)
    (tmp_path / "x.csv").write_text("county,year,HR\n江东省,2015,8\n香港,2015,8\n乙川,2015,8\n")
    (tmp_path / "y.csv").write_text("a,b\n1,2\n")
    skipped = read_user_figures(tmp_path, units=units).skipped["reason"]
    assert skipped.tolist() == [
        "figure of a group of counties", "outside the 3 counties", "no column of county names",
    ]  # fmt: skip


def test_the_template_is_read_back(tmp_path: Path, units: Units) -> None:
    path = write_template(tmp_path / "template.xlsx", YEARS, units)
    book = load_workbook(path)
    sheet = book["figures"]
    assert [cell.value for cell in sheet[1]][:3] == ["county_code", "county", "year"]
    assert not any("rovince" in str(c.value) for s in book for row in s.iter_rows() for c in row)
    column = [cell.value for cell in sheet[1]].index("years_of_education (years)") + 1
    for i in range(2, 8):
        sheet.cell(i, column, 9.5)
    book.save(path)
    found = read_user_figures(tmp_path, units=units)
    assert len(found.figures) == 6 and found.figures["county_code"].iloc[-1] == "007"
    assert "another column of county names" not in set(found.skipped["reason"])


def test_turnover(tmp_path: Path, units: Units) -> None:
    path = tmp_path / "appointments.csv"
    path.write_text(
        "county,office,name,start,end\n甲川县,书记,A,2014-01-01,2016-01-01\n"
        "Z9,书记,B,2016-01-02,\n",
        encoding="utf-8",
    )
    table = turnover(read_appointments(path, units), YEARS, units)
    assert units.level.table(TURNOVER).violations(table) == [] and len(table) == 6
    assert table["party_turnover"].tolist()[:2] == [0, 1]
    folder = read_panel_folder(tmp_path, YEARS, units=units)
    assert set(folder.figures["county"]) == {"甲川", "乙川", "丙川"}
    for text, message in (
        (
            "county,office,name,start,end\n甲州,书记,A,2014-01-01,\n",
            "column county: unknown county '甲州'; did you mean 甲川",
        ),
        ("province,office,name,start,end\n", "no column county"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(AppointmentError, match=message):
            read_appointments(path, units)
