"""Kinds of faults that real extracts have, each in several formats, columns and places."""

import datetime
import io
import shutil
import subprocess
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont

from dti_assets.errors import PatentSourceError
from dti_assets.patents.checks import refused_rows
from dti_assets.patents.combine import combine
from dti_assets.patents.extract import classify_extract, layout_of
from dti_assets.patents.terms import load_terms
from dti_assets.patents.user_counts import read_user_counts
from dti_assets.units.lists import shipped_units

TERMS = load_terms(Path(__file__).resolve().parents[2] / "dictionaries")
PROVINCES = shipped_units("provinces")
LEVEL = PROVINCES.level
HEADER = ["申请号", "专利名称", "摘要", "申请日", "申请人地址"]
PLACE = "浙江省杭州市西湖区1号"
FRAME = pd.DataFrame({"标题": ["水泵"], "申请日": ["2019-05-01"]})


def row(k: int, title: str = "一种区块链装置", day: str = "2019-05-01") -> list[str]:
    return [f"20191060{k:04d}.X", title, "用于生产", day, PLACE]


def lines(rows: list[list[str]], mark: str = "\t", end: str = "\n") -> str:
    return end.join(mark.join(cells) for cells in rows) + end


def read(path: Path, tmp_path: Path) -> tuple[list[dict[str, Any]], pd.DataFrame]:
    extract = classify_extract(
        path, TERMS, tmp_path / "work", not_after=datetime.date(2025, 12, 31), units=PROVINCES
    )
    patents = combine(extract, tmp_path / "out.parquet", level=LEVEL)
    return patents.table().to_pylist(), patents.status.set_index("status")


def write(tmp_path: Path, name: str, content: str | bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("mark", ["\t", ",", ";", "|"])
@pytest.mark.parametrize(
    "title", ['"一种区块链装置', '一种区块链装置"', '"一种"区块链装置', '"区块链""']
)
def test_a_stray_quotation_mark_swallows_no_row(tmp_path: Path, mark: str, title: str) -> None:
    rows = [HEADER, *(row(k, title if k in (3, 9, 17) else "一种水泵") for k in range(20))]
    found, status = read(write(tmp_path, "a.csv", lines(rows, mark)), tmp_path)
    assert len(found) == 20 and sum(r["digital"] for r in found) == 3
    assert "malformed" not in status.index
    if title.startswith('"一种区'):
        assert status.loc["quote_open", "rows"] == 3
        assert status.loc["quote_open", "example"] == "line 5"


def test_a_quotation_mark_in_the_last_column_and_the_header_again(tmp_path: Path) -> None:
    rows = [HEADER, *(row(k) for k in range(6)), HEADER, *(row(k) for k in range(6, 12))]
    rows[3][4] = f'"{PLACE}'
    rows[10][4] = f'{PLACE}"'
    found, status = read(write(tmp_path, "a.txt", lines(rows, ",")), tmp_path)
    assert len(found) == 12 and {r["province_code"] for r in found} == {330000}
    assert status.loc["header_repeated", "example"] == "a.txt, row 7"


@pytest.mark.parametrize("form", ["csv", "quoted", "xlsx", "parquet", "dta"])
def test_a_header_among_the_rows_is_no_patent(tmp_path: Path, form: str) -> None:
    """Also in another language, in other quotation marks, or spelt otherwise."""
    english = ["application_no", "title", "abstract", "application_date", "address"]
    spelt = ["申请号 ", "专利名称", "摘要", "申请日", "申请人 地址"]
    rows = [english, row(0), HEADER, row(1, "摘要"), spelt, row(2, "名称")]
    path = tmp_path / f"a.{'csv' if form == 'quoted' else form}"
    if form in ("csv", "quoted"):
        marks = ['"' + '","'.join(r) + '"' if form == "quoted" else ",".join(r) for r in rows]
        path.write_text("\n".join([",".join(HEADER), *marks]), encoding="utf-8")
    elif form == "xlsx":
        pd.DataFrame(rows, columns=HEADER).to_excel(path, index=False)
    elif form == "parquet":
        pd.DataFrame(rows, columns=HEADER).to_parquet(path)
    else:
        pd.DataFrame(rows, columns=english).to_stata(path, write_index=False, version=118)
    found, status = read(path, tmp_path)
    assert [r["application_no"] for r in found] == [f"20191060000{n}.X" for n in range(3)]
    assert status.loc["header_repeated", "rows"] == 3
    assert status.loc["header_repeated", "example"] == f"{path.name}, row 1"


def test_quoted_cells_hold_what_would_be_rows(tmp_path: Path) -> None:
    """A cell of sound CSV stays whole, although most of its lines could be rows of their own."""
    frame = pd.DataFrame([row(0), row(1), row(2)], columns=HEADER)
    # in the last column: what stands before it is a row as well
    frame.loc[0, HEADER[-1]] = PLACE + "\n" + "a,b,c,d,e\n" * 3 + "f"
    frame.to_csv(tmp_path / "a.csv", index=False)
    found, status = read(tmp_path / "a.csv", tmp_path)
    assert len(found) == 3 and not {"quote_open", "malformed"} & set(status.index)


@pytest.mark.parametrize("wide", [pa.float64(), pa.float32(), pa.decimal128(16, 2)])
def test_numbers_of_any_type_are_one_patent_each_or_none(tmp_path: Path, wide: pa.DataType) -> None:
    """2**53 and more, and 2**24 of single precision, hold no last digits to tell patents by."""
    import decimal

    whole = [201910600001, 201910600002]
    given = [decimal.Decimal(n) for n in whole] if pa.types.is_decimal(wide) else whole
    numbers = pa.array(given, pa.float64()).cast(wide) if wide == pa.float32() else pa.array(
        given, wide)  # fmt: skip
    pq.write_table(pa.table({"标题": ["水泵", "泵"], "申请号": numbers}), tmp_path / "a.parquet")
    found, status = read(tmp_path / "a.parquet", tmp_path)
    assert len(found) == 2
    if wide == pa.float32():
        assert status.loc["number_damaged", "rows"] == 2
    else:
        assert [r["application_no"] for r in found] == [str(n) for n in whole]


def test_counts_beyond_what_floats_tell_apart_do_not_overflow(tmp_path: Path) -> None:
    numbers = pa.array([1e19, 2e19], pa.float64())
    pq.write_table(pa.table({"标题": ["水泵", "泵"], "申请号": numbers}), tmp_path / "a.parquet")
    found, status = read(tmp_path / "a.parquet", tmp_path)
    assert len(found) == 2 and status.loc["number_damaged", "rows"] == 2


def test_columns_of_one_name_in_parquet_are_refused(tmp_path: Path) -> None:
    columns = [pa.array(["水泵"]), pa.array(["泵"]), pa.array(["201910600001.1"])]
    pq.write_table(pa.table(columns, names=["标题", "标题", "申请号"]), tmp_path / "a.parquet")
    with pytest.raises(PatentSourceError, match="2 columns are called 标题; rename"):
        read(tmp_path / "a.parquet", tmp_path)


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_the_encoding_is_that_of_the_first_text_that_tells_it(
    tmp_path: Path, encoding: str
) -> None:
    """ASCII for longer than what is looked at, then a line that is cut where the look ends."""
    plain = "".join(f"20191060{k:04d}.X,pump,x,2019-05-01,Hangzhou\n" for k in range(6000))
    last = f"201910609999.X,{'一种区块链装置' * 3000},用于生产,2019-05-01,{PLACE}\n"
    for start in (plain[: 1 << 18], plain):
        head = "application_no,title,abstract,application_date,address\n"
        content = (head + start[: start.rindex("\n") + 1] + last).encode(encoding)
        found, status = read(write(tmp_path, "a.csv", content), tmp_path)
        assert found[-1]["blockchain"] and found[-1]["province_code"] == 330000
        assert "characters_lost" not in status.index


@pytest.mark.parametrize(("mark", "cells"), [(",", 6), ("\t", 3), ("|", 8), (";", 4)])
def test_rows_of_another_length_are_named_by_line(tmp_path: Path, mark: str, cells: int) -> None:
    rows = [HEADER, *(row(k) for k in range(5))]
    rows[3] = (rows[3] + ["x"] * 9)[:cells]
    found, status = read(write(tmp_path, "a.csv", "\n" + lines(rows, mark)), tmp_path)
    assert len(found) == 4
    assert status.loc["malformed", "example"] == f"line 5: {cells} cells where the header has 5"
    said = refused_rows(status.reset_index())
    assert any("line 5" in sentence for sentence in said)


@pytest.mark.parametrize("mark", [",", ";", "|", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_line_ends_and_a_delimiter_at_the_end(
    tmp_path: Path, mark: str, end: str
) -> None:
    rows = [[*row(k), *([""] * (k % 3 > 0))] for k in range(9)]
    content = "检索结果" + end + lines([HEADER, *rows], mark, end)
    found, status = read(write(tmp_path, "a.csv", content.encode("gb18030")), tmp_path)
    assert len(found) == 9 and "malformed" not in status.index
    assert {(r["application_year"], r["province_code"]) for r in found} == {(2019, 330000)}


@pytest.mark.parametrize(
    "word", ["-", "--", r"\N", "NULL", "N/A", "无", "None", "nan", "0", "#N/A"]
)
@pytest.mark.parametrize("suffix", ["csv", "xlsx", "parquet", "dta"])
def test_words_for_nothing_are_no_key(tmp_path: Path, word: str, suffix: str) -> None:
    frame = pd.DataFrame(
        {
            "no": [word] * 5,
            "publication_no": [f"CN1100000{k:02d}A" for k in range(5)],
            "title": ["一种区块链装置"] * 5,
            "filing_date": ["2012-01-02"] * 5,
            "grant_date": [word] * 5,
            "address": [PLACE] * 5,
        }
    ).rename(columns={"no": "application_no"})
    path = tmp_path / f"a.{suffix}"
    if suffix == "dta":
        frame.to_stata(path, write_index=False, version=118)
    elif suffix == "csv":
        frame.to_csv(path, index=False)
    else:
        getattr(frame, {"xlsx": "to_excel", "parquet": "to_parquet"}[suffix])(path, index=False)
    found, status = read(path, tmp_path)
    assert len(found) == 5 and {r["application_year"] for r in found} == {2012}
    assert {r["grant_year"] for r in found} == {None}
    assert not [name for name in status.index if name.endswith("unreadable")]


@pytest.mark.parametrize(
    "day", ["0000-00-00", "1900-01-00", "1900/1/0", "1899-12-30", "9999-12-31"]
)
def test_days_that_are_none(tmp_path: Path, day: str) -> None:
    frame = pd.DataFrame({"标题": ["水泵"], "申请号": ["201910600000.1"], "申请日": [day]})
    frame.to_csv(tmp_path / "a.csv", index=False)
    found, status = read(tmp_path / "a.csv", tmp_path)
    assert found[0]["application_year"] == 2019 and status.loc["year_from_number", "rows"] == 1
    assert "application_date_unreadable" not in status.index


def test_day_zero_of_a_workbook(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["申请号", "标题", "授权公告日"])
    book.active.append(["201910600000.1", "水泵", datetime.time(0, 0)])
    book.save(tmp_path / "a.xlsx")
    found, status = read(tmp_path / "a.xlsx", tmp_path)
    assert len(found) == 1 and "grant_date_unreadable" not in status.index


SPELLED = [
    "ZL201510123456.7", "zl 2015 1 0123456.7", "CN201510123456.7", "201510123456",
    "2015101234567", "ＺＬ２０１５１０１２３４５６．７", "'ZL201510123456.7",
    "\tCN201510123456.7", '="201510123456.7"', "\u001f201510123456.7", "201510123456.7①",
    "CN201510123456A", "2.015101234567E+11", "`201510123456.7",
]  # fmt: skip


@pytest.mark.parametrize("spelled", SPELLED)
@pytest.mark.parametrize("column", ["专利号", "申请号", "授权公告号", "patent_number"])
def test_a_patent_is_one_in_every_spelling(tmp_path: Path, spelled: str, column: str) -> None:
    folder = tmp_path / "raw"
    folder.mkdir()
    first = {"申请号": ["201510123456.7"], "标题": ["一种区块链装置"], "申请日": ["2015-01-02"]}
    pd.DataFrame(first).to_csv(folder / "a.csv", index=False)
    grant = {column: [spelled], "标题": ["一种区块链装置"], "授权日": ["2018-06-01"]}
    pd.DataFrame(grant).to_parquet(folder / "b.parquet")
    found, _ = read(folder, tmp_path)
    assert [(r["application_year"], r["grant_year"]) for r in found] == [(2015, 2018)]


def test_a_patent_number_that_is_a_publication_number_stays_one(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "专利号": ["CN108500000A", "CN108500000B", "CN209000002U", "ZL201510123456.7"],
            "专利名称": ["水泵"] * 4,
            "公告日": ["2018-01-01"] * 4,
        }
    )
    frame.to_csv(tmp_path / "a.csv", index=False)
    found, _ = read(tmp_path / "a.csv", tmp_path)
    assert [r["application_no"] for r in found] == [
        "CN108500000A", "CN209000002U", "ZL201510123456.7",
    ]  # fmt: skip
    assert [r["kind"] for r in found] == ["invention", "utility_model", "invention"]


@pytest.mark.parametrize("number", ["2.0151E+11", "2.02E+12", "'2.01510E+12", " 2.0e+11"])
@pytest.mark.parametrize("column", ["申请号", "专利号", "公开号"])
def test_digits_that_are_lost_are_said(tmp_path: Path, number: str, column: str) -> None:
    frame = pd.DataFrame({column: [number] * 3, "标题": ["水泵"] * 3, "申请日": ["2015"] * 3})
    frame.to_csv(tmp_path / "a.csv", index=False)
    found, status = read(tmp_path / "a.csv", tmp_path)
    assert len(found) == 3 and status.loc["number_damaged", "rows"] == 3
    assert any("scientific notation" in said for said in refused_rows(status.reset_index()))


def test_numbers_that_arrow_would_write_with_an_exponent(tmp_path: Path) -> None:
    numbers = [201810500000.6, None, 201810500001.0]
    frame = {"申请号": numbers, "标题": ["水泵"] * 3, "公开号": [None, "CN108000001A", None]}
    pq.write_table(pa.table(frame), tmp_path / "a.parquet")
    found, status = read(tmp_path / "a.parquet", tmp_path)
    assert "number_damaged" not in status.index
    assert found[0]["application_no"] == "201810500000.6"


FIRM = "杭州大数据科技股份有限公司"


@pytest.mark.parametrize(
    "other",
    [{"专利名称": "一种水泵"}, {"发明名称": "一种水泵"}, {"标题": "一种水泵", "证券代码": "1"}],
)
def test_the_name_of_a_firm_is_no_title(tmp_path: Path, other: dict[str, str]) -> None:
    frame = pd.DataFrame([{"名称": FIRM, "申请号": "201910600000.1", "申请日": "2019", **other}])
    frame.to_excel(tmp_path / "a.xlsx", index=False)
    found, _ = read(tmp_path / "a.xlsx", tmp_path)
    assert [r["digital"] for r in found] == [False]


@pytest.mark.parametrize(
    ("name", "more"), [(FIRM, {}), (FIRM, {"股票代码": "600000"}), ("浙江大学", {"摘要": "水泵"})]
)
def test_a_name_alone_that_is_a_firm_is_refused(
    tmp_path: Path, name: str, more: dict[str, str]
) -> None:
    frame = pd.DataFrame([{"名称": name, "申请号": f"20191060000{k}.1", **more} for k in range(4)])
    frame.to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(PatentSourceError, match=r"no column for title.*firm"):
        read(tmp_path / "a.csv", tmp_path)


def test_a_name_alone_is_the_title(tmp_path: Path) -> None:
    frame = pd.DataFrame({"名称": ["一种区块链装置"], "申请号": ["201910600000.1"]})
    frame.to_csv(tmp_path / "a.csv", index=False)
    assert read(tmp_path / "a.csv", tmp_path)[0][0]["digital"]


@pytest.mark.parametrize("header", ["申请日（YYYYMMDD）", "专利申请日（原）", "filing_date_raw"])
def test_a_column_that_matters_and_is_not_read_is_named(tmp_path: Path, header: str) -> None:
    frame = {"标题": ["水泵"], header: ["2019-05-01"], "优先权日": ["x"], "申请人": ["y"]}
    pd.DataFrame(frame).to_csv(tmp_path / "a.csv", index=False)
    _, status = read(tmp_path / "a.csv", tmp_path)
    assert status.loc["column_unread", "example"] == header


TEXTS = [
    "区\u200b块链", "区<b>块</b>链", "&#21306;块链", "&amp;#x533a;块链", "区块\ufe0f链",
    "区\u2064块链", "区块\n链", "区\u2028块链", "区\x0b块链", "区块<sub>链</sub>", "区\u3164块链",
    "区\x81块链", "AI①", "AI²算法",
    '人工<span class="k">智能</span>', "区块链<sup>1</sup>", "⼈⼯智能",
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("field", ["标题", "摘要"])
def test_a_term_is_found_whatever_stands_within(tmp_path: Path, text: str, field: str) -> None:
    frame = {"标题": ["水泵"], "摘要": ["水泵"], "申请号": ["201910600000.1"]} | {field: [text]}
    pq.write_table(pa.table(frame), tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet", tmp_path)[0][0]["digital"]


@pytest.mark.parametrize(
    "text", ["大<p>数据</p>", "区<del>块链</del>", "a<b且c>d区块", "R&D平台", "<!--区块链-->"]
)
def test_markup_makes_no_term(tmp_path: Path, text: str) -> None:
    pd.DataFrame({"标题": [text], "申请号": ["201910600000.1"]}).to_csv(
        tmp_path / "a.csv", index=False
    )
    assert not read(tmp_path / "a.csv", tmp_path)[0][0]["digital"]


def test_a_hidden_sheet_is_used_with_a_word_alone(tmp_path: Path) -> None:
    for name, states in {"both": ("visible", "hidden"), "one": ("hidden", "visible")}.items():
        book = openpyxl.Workbook()
        book.active.title = "说明"
        for k, state in enumerate(states):
            sheet = book.create_sheet(f"表{k}")
            sheet.sheet_state = state
            if name == "both" or state == "hidden":
                sheet.append(["申请号", "标题"])
                sheet.append([f"20191060000{k}.1", "水泵"])
        book.save(tmp_path / f"{name}.xlsx")
    found, status = read(tmp_path / "both.xlsx", tmp_path)
    assert len(found) == 1 and status.loc["sheet_hidden", "example"] == "表1"
    found, status = read(tmp_path / "one.xlsx", tmp_path)
    assert len(found) == 1 and status.loc["sheet_hidden_read", "example"] == "表0"


def test_raised_and_struck_parts_of_a_cell(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    raised = TextBlock(InlineFont(vertAlign="superscript"), "1")
    struck = TextBlock(InlineFont(strike=True), "区块链")
    book.active.append(["申请号", "标题"])
    book.active.append([CellRichText("201910600000.1", raised), CellRichText("基于AI", raised)])
    book.active.append(["201910600000.1", CellRichText("水泵", struck)])
    book.active.append(["201910600002.1", CellRichText("水泵", struck)])
    book.save(tmp_path / "a.xlsx")
    found, _ = read(tmp_path / "a.xlsx", tmp_path)
    assert [(r["ai"], r["blockchain"]) for r in found] == [(True, False), (False, False)]


MIDNIGHTS = [datetime.datetime(2018, 12, 31, 16), datetime.datetime(2019, 5, 1, 16)]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "+08:00"])
def test_midnights_of_shanghai_in_parquet(tmp_path: Path, zone: str) -> None:
    stamps = pa.array(MIDNIGHTS, pa.timestamp("us", "UTC")).cast(pa.timestamp("us", zone))
    frame = {"申请日": stamps, "标题": ["水泵"] * 2, "申请号": ["201810600000.1", "201910600000.1"]}
    pq.write_table(pa.table(frame), tmp_path / "a.parquet")
    found, _ = read(tmp_path / "a.parquet", tmp_path)
    assert [r["application_year"] for r in found] == [2019, 2019]


@pytest.mark.parametrize("suffix", [".000Z", "Z", "+00:00"])
def test_midnights_of_shanghai_in_text(tmp_path: Path, suffix: str) -> None:
    days = [f"{when.isoformat()}{suffix}" for when in MIDNIGHTS]
    frame = pd.DataFrame({"申请日": days, "标题": ["水泵"] * 2, "申请号": ["1", "2"]})
    frame.to_csv(tmp_path / "a.csv", index=False)
    assert [r["application_year"] for r in read(tmp_path / "a.csv", tmp_path)[0]] == [2019, 2019]


def test_times_of_utc_that_are_no_midnights_keep_their_day(tmp_path: Path) -> None:
    times = [datetime.datetime(2018, 12, 31, hour) for hour in (3, 16)]
    stamps = pa.array(times, pa.timestamp("ns", "UTC"))
    frame = {"申请日": stamps, "标题": ["水泵"] * 2, "申请号": ["1", "2"]}
    pq.write_table(pa.table(frame), tmp_path / "a.parquet")
    assert [r["application_year"] for r in read(tmp_path / "a.parquet", tmp_path)[0]] == [2018] * 2


@pytest.mark.parametrize("suffix", ["xls", "ods", "xlsb"])
def test_binary_workbooks(tmp_path: Path, suffix: str) -> None:
    office = shutil.which("soffice")
    if office is None or suffix == "xlsb":
        pytest.skip("no office suite here that writes this format")
    rows = [HEADER, *(row(k) for k in range(5))]
    pd.DataFrame(rows[1:], columns=rows[0]).to_excel(tmp_path / "a.xlsx", index=False)
    profile = f"-env:UserInstallation=file://{tmp_path / 'profile'}"
    command = [office, profile, "--headless", "--convert-to", suffix, "--outdir", str(tmp_path)]
    subprocess.run([*command, str(tmp_path / "a.xlsx")], check=True, capture_output=True)
    found, _ = read(tmp_path / f"a.{suffix}", tmp_path)
    assert len(found) == 5 and {r["application_year"] for r in found} == {2019}
    # its content decides, not its name
    renamed = tmp_path / "b.csv"
    shutil.copy(tmp_path / f"a.{suffix}", renamed)
    assert len(read(renamed, tmp_path)[0]) == 5


def test_stata_by_labels_and_of_old_versions(tmp_path: Path) -> None:
    frame = pd.DataFrame({"v1": ["201910600000.1"], "v2": ["AI"], "v3": [1.0]})
    labels = {"v1": "申请号", "v2": "标题", "v3": "省份"}
    frame.to_stata(tmp_path / "a.dta", write_index=False, version=118, variable_labels=labels)
    assert read(tmp_path / "a.dta", tmp_path)[0][0]["ai"]
    old = pd.DataFrame({"title": ["Z" * 12], "filing_year": [2019.0]})
    out = io.BytesIO()
    old.to_stata(out, write_index=False, version=114)
    raw = out.getvalue().replace(b"Z" * 12, "区块链方法一".encode("gb18030"))
    found, _ = read(write(tmp_path, "b.dta", raw), tmp_path)
    assert found[0]["blockchain"] and found[0]["application_year"] == 2019


def broken(tmp_path: Path) -> dict[str, str]:
    """Files that cannot be read, and what is said of each."""
    nested = {"标题": [{"zh": "水泵"}], "申请日": ["2019"]}
    pq.write_table(pa.table(nested), tmp_path / "nested.parquet")
    write(tmp_path, "a.zip", b"PK\x05\x06" + bytes(18))
    write(tmp_path, "b.json", "[]")
    write(tmp_path, "page.xls", "<html><table><tr><td>1</td></tr></table></html>")
    write(tmp_path, "bytes.csv", bytes(range(256)) * 40)
    write(tmp_path, "c.dta", b"<stata_dta>rubbish")
    write(tmp_path, "short.csv", "申请号,标题,摘要\na,b\nc,d\n")
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nowhere.csv")
    (tmp_path / "device.csv").symlink_to("/dev/zero")
    (tmp_path / "kernel.csv").symlink_to("/proc/kmsg")
    return {
        "nested.parquet": "struct", "a.zip": "unpack it", "b.json": "save it as CSV",
        "page.xls": "web page", "bytes.csv": "not a readable", "c.dta": "not a readable Stata",
        "gone.csv": "cannot be opened", "device.csv": "neither a file",
        "kernel.csv": "neither a file",
    }  # fmt: skip


def test_no_file_stops_the_others(tmp_path: Path) -> None:
    folder = tmp_path / "raw"
    folder.mkdir()
    said = broken(folder)
    FRAME.to_csv(folder / "z.csv", index=False)
    assert layout_of(folder, level=LEVEL) == "records"
    found, status = read(folder, tmp_path)
    assert len(found) == 1
    rows = status.reset_index().set_index("file")
    for name, part in said.items():
        assert part in rows.loc[name, "example"], name
        assert rows.loc[name, "status"] in ("file_unreadable", "column_missing")
    assert "file_empty" in set(rows.loc["short.csv", "status"])
    (folder / "z.csv").unlink()
    with pytest.raises(PatentSourceError, match="no row fits the header"):
        read(folder, tmp_path)


def test_no_file_of_counts_stops_the_others(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "省份,年份,申请量\n浙江,2019,5\n")
    write(tmp_path, "b.parquet", b"PAR1")
    counts, status = read_user_counts(tmp_path, units=PROVINCES)
    assert counts["applications"].tolist() == [5]
    assert "file_unreadable" in set(status["status"])


def test_bytes_that_are_no_characters(tmp_path: Path) -> None:
    text = lines([HEADER, *(row(k) for k in range(300))], ",").encode()
    at = text.index("用于".encode(), 20_000)
    damaged = write(tmp_path, "a.csv", text[: at + 1] + b"\xff" + text[at + 2 :])
    found, status = read(damaged, tmp_path)
    assert len(found) == 300 and status.loc["characters_lost", "rows"] == 1
    raw = pa.array([b"\xff\xe6\xb0\xb4", "区块链".encode(), "物联网".encode("gb18030")])
    column = pa.Array.from_buffers(pa.string(), 3, raw.buffers())
    frame = pa.table({"标题": column, "申请号": ["1", "2", "3"]})
    pq.write_table(frame, tmp_path / "b.parquet")
    found, _ = read(tmp_path / "b.parquet", tmp_path)
    assert [r["digital"] for r in found] == [False, True, True]


def test_lists_in_parquet_are_several_values(tmp_path: Path) -> None:
    frame = {"标题": ["水泵"], "地址": [[PLACE, "北京市"]], "ipc": [["G06N", "G06F"]]}
    pq.write_table(pa.table(frame), tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet", tmp_path)[0][0]["province_code"] == 330000


def test_rows_without_anything_are_counted_as_none(tmp_path: Path) -> None:
    content = "申请号,标题,备注\n201910600000.1,水泵,\n,,\n,,来源\n\n-,无,x\n"
    found, status = read(write(tmp_path, "a.csv", content), tmp_path)
    assert len(found) == 1 and status.loc["row_empty", "rows"] == 2
