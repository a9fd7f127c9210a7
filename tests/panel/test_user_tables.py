"""Several tables on a sheet, one unit a sheet or a file, long tables, and text as programs write
it."""

from pathlib import Path

import pandas as pd
import pytest
from openpyxl import Workbook

from dti_assets.errors import UserFigureError
from dti_assets.panel.yearbooks.figures import UserFigures, read_user_figures
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")
NAMES = [one.name for one in PROVINCES]
Rows = list[list[object]]


def read(folder: Path, **sheets: Rows) -> UserFigures:
    """The figures of one workbook."""
    write(folder / "x.xlsx", **sheets)
    return read_user_figures(folder, units=PROVINCES)


def write(path: Path, **sheets: Rows) -> None:
    book = Workbook()
    assert book.active is not None
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)


def table(header: list[object], start: float, names: list[str] = NAMES) -> Rows:
    """A header and a row a unit; the figures of the unit in place i end in i."""
    at = {name: i for i, name in enumerate(NAMES)}
    return [header, *([n, *(start * k + at[n] for k in range(1, len(header)))] for n in names)]


def check(found: UserFigures, series: str, start: float, year: int = 2016) -> None:
    part = found.figures[(found.figures["series"] == series) & (found.figures["year"] == year)]
    assert dict(zip(part["province"], part["value"], strict=True)) == {
        name: start + i for i, name in enumerate(NAMES)
    }


ONE = ["地区", "年末常住人口（万人）", "地区生产总值（亿元）"]
TWO = ["地区", "一般公共预算支出（亿元）"]


@pytest.mark.parametrize(
    "between",
    [[], [[None]], [["续表"]], [[None], ["续表 1"], [None, "单位:亿元"]],
     [["注:1. 见说明。"], [], ["3-9 续表"]], [["资料来源:统计局"], ["（续）"]]],
)  # fmt: skip
def test_a_table_below_the_first(tmp_path: Path, between: Rows) -> None:
    rows = [["3-9 各地区经济指标（2016年）"], *table(ONE, 2000), *between, *table(TWO, 3000)]
    found = read(tmp_path, S=rows)
    check(found, "population", 2000)
    check(found, "gdp", 4000)
    check(found, "fiscal_expenditure", 3000)


def test_the_next_page_of_the_same_table(tmp_path: Path) -> None:
    rows = [["2016年"], *table(ONE, 2000, NAMES[:15]), ["续表"], *table(ONE, 2000, NAMES[15:])]
    found = read(tmp_path, S=rows)
    check(found, "population", 2000)
    check(found, "gdp", 4000)


def test_a_second_table_of_another_year_and_title(tmp_path: Path) -> None:
    rows = [["2015年人口"], *table(ONE[:2], 2000), [], ["2016年财政支出"], *table(TWO, 3000)]
    found = read(tmp_path, S=rows)
    check(found, "population", 2000, 2015)
    check(found, "fiscal_expenditure", 3000, 2016)


def test_tables_of_different_parts(tmp_path: Path) -> None:
    rows = [["2016年城镇人口"], *table(ONE[:2], 2000), [], ["2016年年末总人口"],
            *table(ONE[:2], 3000)]  # fmt: skip
    found = read(tmp_path, S=rows)
    check(found, "population", 3000)


def test_tables_in_one_text_file(tmp_path: Path) -> None:
    rows = [["地区", "年份", "gdp (亿元)"], *([n, 2016, 4000 + i] for i, n in enumerate(NAMES)),
            ["地区", "年份", "population (万人)"],
            *([n, 2016, 2000 + i] for i, n in enumerate(NAMES))]  # fmt: skip
    (tmp_path / "x.csv").write_text("\n".join(",".join(map(str, row)) for row in rows), "utf-8")
    found = read_user_figures(tmp_path, units=PROVINCES)
    check(found, "gdp", 4000)
    check(found, "population", 2000)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("gap", [0, 1, 2])
def test_a_table_next_to_the_first(tmp_path: Path, turned: bool, gap: int) -> None:
    left, right = table(ONE[:2], 2000), table(TWO, 3000, NAMES[::-1] if turned else NAMES)
    pairs = zip(left, right, strict=True)
    found = read(tmp_path, S=[["2016年"], *(one + [None] * gap + two for one, two in pairs)])
    check(found, "population", 2000)
    check(found, "fiscal_expenditure", 3000)


def test_one_table_in_two_halves_next_to_each_other(tmp_path: Path) -> None:
    left, right = table(ONE, 2000, NAMES[:16]), table(ONE, 2000, NAMES[16:])
    right.append([None, None, None])
    rows = [one + two for one, two in zip(left, right, strict=True)]
    found = read(tmp_path, S=[["2016年"], *rows])
    check(found, "population", 2000)
    check(found, "gdp", 4000)


YEARS = [2014, 2015, 2016]


def years_down(i: int) -> Rows:
    return [["年份", "地区生产总值（亿元）", "年末常住人口（万人）"],
            *([year, year + i, 4000 + i] for year in YEARS)]  # fmt: skip


def years_across(i: int) -> Rows:
    return [["指标", *(f"{year}年" for year in YEARS)],
            ["地区生产总值(亿元)", *(year + i for year in YEARS)],
            ["年末常住人口(万人)", *([4000 + i] * 3)],
            ["地区生产总值指数(上年=100)", 107, 108, 109],
            ["数据来源：国家统计局"]]  # fmt: skip


@pytest.mark.parametrize("layout", [years_down, years_across])
@pytest.mark.parametrize("where", ["sheets", "files", "titles", "text"])
def test_one_unit_a_sheet_or_a_file(tmp_path: Path, layout: object, where: str) -> None:
    assert callable(layout)
    for i, one in enumerate(PROVINCES):
        if where == "files":
            write(tmp_path / f"{one.full_name}2014-2016.xlsx", Sheet1=layout(i))
        elif where == "titles":
            head = [["数据库：分省年度数据"], [f"地区：{one.full_name}"]]
            write(tmp_path / f"{i}.xlsx", 年度数据=[*head, *layout(i)])
        elif where == "text":
            lines = [",".join(map(str, row)) for row in layout(i)]
            (tmp_path / f"{one.name}.csv").write_text("\n".join(lines), "utf-8")
    if where == "sheets":
        write(tmp_path / "x.xlsx", **{one.name: layout(i) for i, one in enumerate(PROVINCES)})
    found = read_user_figures(tmp_path, units=PROVINCES)
    assert set(found.figures["series"]) == {"gdp", "population"}
    check(found, "gdp", 2016)
    check(found, "population", 4000)


@pytest.mark.parametrize("name", ["浙江省杭州市.csv", "吉林市.csv", "杭州.csv", "data.csv"])
def test_a_file_of_a_place_within_a_unit(tmp_path: Path, name: str) -> None:
    lines = [",".join(map(str, row)) for row in years_down(0)]
    (tmp_path / name).write_text("\n".join(lines), "utf-8")
    found = read_user_figures(tmp_path, units=PROVINCES)
    assert found.figures.empty and len(found.skipped) == 1


def test_a_sheet_of_a_city_in_the_file_of_its_province(tmp_path: Path) -> None:
    write(tmp_path / "浙江省.xlsx", 杭州=years_down(0), 数据=years_down(1))
    found = read_user_figures(tmp_path, units=PROVINCES)
    assert found.figures["sheet"].unique().tolist() == ["数据"]
    assert "its sheet '杭州'" in " ".join(found.skipped["reason"])


def test_indicators_with_their_units_down_and_years_across(tmp_path: Path) -> None:
    rows: Rows = [["地区", "指标", "2015年", "2016年"]]
    for i, name in enumerate(NAMES):
        rows.append([name, "地区生产总值（亿元）", 3000, 4000 + i])
        rows += [[name, "常住人口（万人）", 200, 2000 + i], [name, "专利申请数（项目）", 1, 2]]
    found = read(tmp_path, S=rows)
    check(found, "gdp", 4000)
    check(found, "population", 2000)
    assert len(found.figures) == 124


def test_indicators_with_their_units_in_a_long_file(tmp_path: Path) -> None:
    lines = ["地区|年份|指标|数值"]
    for i, name in enumerate(NAMES):
        lines += [
            f"{name}|2016|地区生产总值（亿元）|{4000 + i}",
            f"{name}|2016|出口总额(万美元)|{i}",
        ]
    (tmp_path / "x.txt").write_bytes("\r".join(lines).encode("gb18030"))
    found = read_user_figures(tmp_path, units=PROVINCES)
    check(found, "gdp", 4000)
    exports = found.figures[found.figures["series"] == "total_exports"]
    assert set(exports["unit"]) == {"10k USD"} and len(exports) == 31


@pytest.mark.parametrize("mark", [",", "\t", ";", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("trailing", ["", "all", "rows"])
def test_text_as_programs_write_it(tmp_path: Path, mark: str, end: str, trailing: str) -> None:
    lines = [mark.join(["province", "year", "gdp (亿元)"])]
    lines += [mark.join([name, "2016", str(4000 + i)]) for i, name in enumerate(NAMES)]
    if trailing:
        lines = [line + mark if i or trailing == "all" else line for i, line in enumerate(lines)]
    (tmp_path / "x.txt").write_bytes(end.join(lines).encode("utf-8"))
    found = read_user_figures(tmp_path, units=PROVINCES)
    check(found, "gdp", 4000)
    assert found.skipped.empty


GUARDS = [
    "'{}",
    '="{}"',
    "\t{}",
    "{}\u00a0",
    "\u200b{}",
    "{}¹",
    "{}②",
    "\x1f{}",
    "\ufeff{}",
    " {} ",
]


@pytest.mark.parametrize("guard", GUARDS)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_guards_and_marks_around_figures_years_and_names(
    tmp_path: Path, guard: str, kind: str
) -> None:
    text = guard.format
    if kind == "xlsx" and guard in ('="{}"', "\x1f{}"):
        pytest.skip("not a text a workbook can hold")
    rows = [["地区", "年份", text("地区生产总值")], ["单位"]][:1]
    rows += [[text(name), text(2016), text(4000 + i)] for i, name in enumerate(NAMES)]
    if kind == "xlsx":
        write(tmp_path / "x.xlsx", S=rows)
    else:
        quoted = (",".join('"' + str(v).replace('"', '""') + '"' for v in row) for row in rows)
        (tmp_path / "x.csv").write_text("\n".join(quoted), "utf-8")
    found = read_user_figures(tmp_path, {"gdp": "亿元"}, units=PROVINCES)
    check(found, "gdp", 4000)


@pytest.mark.parametrize(
    "word", ["-", "--", "\\N", "NULL", "N/A", "无", "None", "#N/A", "—", "…", ".."]
)
@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.xlsx"])
def test_words_for_nothing(tmp_path: Path, word: str, name: str) -> None:
    rows: Rows = [["province", "year", "gdp (亿元)", "HR (years)"], ["浙江", 2016, word, 9],
                  ["江苏", 2016, 7000, 9], [word, word, word, word]]  # fmt: skip
    if name == "x.xlsx":
        write(tmp_path / name, S=rows)
    else:
        mark = "\t" if name == "x.tsv" else ","
        (tmp_path / name).write_text("\n".join(mark.join(map(str, r)) for r in rows), "utf-8")
    figures = read_user_figures(tmp_path, units=PROVINCES).figures
    gdp = figures[figures["series"] == "gdp"].set_index("province")["value"]
    assert pd.isna(gdp["浙江"]) and gdp["江苏"] == 7000 and len(figures) == 4


@pytest.mark.parametrize(
    ("lines", "lost"),
    [
        (["province,year,firms", "江苏,2015,4,903"], [2]),
        (["province,year,firms,note", "浙江,2015,800,", "江苏,2015,4,903,"], [3]),
        (["province,year,firms,note", "浙江,2015,800,", "江苏,2015,4,903"], [3]),
        (["地区,2015,2016", "浙江,800,900", "江苏,4,903,5,100"], [3]),
        (["高技术产业企业数", "地区;2015年;2016年", "浙江;800;900", "江苏;4;903;5"], [4]),
        (["year|province|firms", "2015|浙江|800", "2015|江苏|8|x"], [3]),
    ],
)
def test_a_row_longer_than_its_header_is_left_out_with_its_line(
    tmp_path: Path, lines: list[str], lost: list[int]
) -> None:
    text = "\n".join(lines).replace("firms", "high_tech_firms")
    (tmp_path / "高技术产业企业数.csv").write_text(text, "utf-8")
    found = read_user_figures(tmp_path, {"high_tech_firms": "个"}, units=PROVINCES)
    assert "江苏" not in set(found.figures["province"])
    assert set(found.figures["province"]) == ({"浙江"} if "浙江" in text else set())
    reasons = found.skipped[found.skipped["text"].isin(["江苏", "2015"])]
    assert [row for row in reasons["row"] if row in lost] == lost
    assert reasons["reason"].str.contains(f"line {lost[0]}").any()


@pytest.mark.parametrize("cell", ['"see', '"', '"a"b'])
@pytest.mark.parametrize("rows", [[11], [3, 20], [31]])
@pytest.mark.parametrize("mark", [",", "\t", ";"])
def test_an_open_quotation_mark_costs_no_row(
    tmp_path: Path, cell: str, rows: list[int], mark: str
) -> None:
    lines = [mark.join(["province", "year", "gdp (亿元)", "note"])]
    for i, name in enumerate(NAMES):
        lines.append(mark.join([name, "2016", str(4000 + i), cell if i + 1 in rows else ""]))
    (tmp_path / "x.csv").write_text("\n".join(lines), "utf-8")
    found = read_user_figures(tmp_path, units=PROVINCES)
    check(found, "gdp", 4000)
    said = found.skipped[found.skipped["reason"].str.contains("quotation mark")]
    assert said["row"].tolist() == ([] if cell == '"a"b' else [row + 1 for row in rows])


# Stata


def stata(folder: Path, version: int, **kwargs: object) -> UserFigures:
    frame = pd.DataFrame(
        {"prov": NAMES, "year": 2016, "gdp": [4000.0 + i for i in range(31)], "note": "备注"}
    )
    labels = {"prov": "省份", "year": "年份", "gdp": "地区生产总值（亿元）"}
    path = folder / "x.dta"
    if version >= 118:
        frame.to_stata(path, write_index=False, variable_labels=labels, version=version)  # type: ignore[call-overload]
    else:  # Stata before 14 under a Chinese Windows: bytes of GBK

        def bytes_of(text: str) -> str:
            return text.encode("gbk").decode("latin-1")

        frame["prov"], frame["note"] = frame["prov"].map(bytes_of), frame["note"].map(bytes_of)
        labels = {name: bytes_of(label) for name, label in labels.items()}
        frame.to_stata(path, write_index=False, variable_labels=labels, version=version)  # type: ignore[call-overload]
    return read_user_figures(folder, units=PROVINCES)


@pytest.mark.parametrize("version", [114, 117, 118, 119])
def test_every_version_of_stata(tmp_path: Path, version: int) -> None:
    check(stata(tmp_path, version), "gdp", 4000)


def test_versions_between_and_unknown_ones(tmp_path: Path) -> None:
    stata(tmp_path, 114)
    raw = (tmp_path / "x.dta").read_bytes()
    # 115 is laid out as 114; formats of 113 have 12 bytes in place of 49
    columns = 4
    start = 109 + columns * 34 + 2 * (columns + 1)
    formats = [raw[start + 49 * i : start + 49 * i + 12] for i in range(columns)]
    short = raw[1:start] + b"".join(formats) + raw[start + 49 * columns :]
    for version, body in ((113, short), (115, raw[1:])):
        (tmp_path / "x.dta").write_bytes(bytes([version]) + body)
        check(read_user_figures(tmp_path, units=PROVINCES), "gdp", 4000)
    (tmp_path / "x.dta").write_bytes(bytes([101]) + raw[1:])
    with pytest.raises(UserFigureError, match=r"no Stata file that can be read \(format 101\)"):
        read_user_figures(tmp_path, units=PROVINCES)


@pytest.mark.parametrize("version", [114, 118])
@pytest.mark.parametrize("where", ["region", "prov", "year"])
def test_labels_of_values(tmp_path: Path, version: int, where: str) -> None:
    """Codes with labels, two of them the same in a column nobody needs."""

    def text(label: str) -> str:
        return label.encode("gbk").decode("latin-1") if version < 118 else label

    frame = pd.DataFrame(
        {"prov": range(1, 32), "year": 8, "region": [i % 3 for i in range(31)],
         "gdp": [4000.0 + i for i in range(31)], "party_turnover": [i % 2 for i in range(31)]}
    )  # fmt: skip
    labels: dict[str, dict[float, str]] = {
        "prov": {i + 1: text(name) for i, name in enumerate(NAMES)},
        "year": {8: "2016"},
        "region": {0: text("东部"), 1: text("东部"), 2: text("西部")},
        "party_turnover": {0: text("未更替"), 1: text("更替")},
    }
    if where == "prov":
        labels["prov"][99] = labels["prov"][1]
    if where == "year":
        labels["year"][9] = "2016"
    frame.to_stata(
        tmp_path / "x.dta",
        write_index=False,
        value_labels=labels,
        variable_labels={"gdp": "GDP (100m CNY)"},
        version=version,  # type: ignore[arg-type]
    )
    found = read_user_figures(tmp_path, units=PROVINCES)
    check(found, "gdp", 4000)
    turnover = found.figures[found.figures["series"] == "party_turnover"]
    assert turnover["value"].tolist() == [i % 2 for i in range(31)]
