"""Files of every format and spelling, and what is said about bad ones."""

import errno
import gzip
import hashlib
import os
import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dti_assets.errors import PatentSourceError
from dti_assets.patents.formats import recognise
from dti_assets.patents.reading import PatentReader, find_files
from dti_assets.patents.tidy import kind_of_text, normal_number, parse_dates, tidy
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")
LEVEL = PROVINCES.level

FRAME = pd.DataFrame(
    {
        "序号": ["1", "2", "3"],
        "申请号": ["CN202110123456.7", "CN202120000001.X", None],
        "公开（公告）号": ["CN113000001A", "CN215000001U", "CN306000001S"],
        "标题": ["一种，带逗号的装置", '引号"内"\n换行', "Title"],
        "摘要 (中文)": ["摘要一", None, "摘要三"],
        "申请日": ["2021-02-03", "2021年3月", "20210405"],
    }
)


def read(path: Path, rows: int = 2, **options: object) -> list[dict]:
    reader = PatentReader(find_files(path)[0], **options, level=LEVEL)
    return pa.concat_tables(table for _, table in reader.slices(rows)).to_pylist()


def check(rows: list[dict]) -> None:
    assert [r["application_no"] for r in rows] == [*FRAME["申请号"].tolist()[:2], None]
    assert [r["title"] for r in rows] == FRAME["标题"].tolist()
    assert [r["abstract"] for r in rows] == ["摘要一", None, "摘要三"]
    assert [r["row"] for r in rows] == [1, 2, 3]
    assert "序号" not in rows[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("sep", [",", "\t"])
def test_csv(tmp_path: Path, encoding: str, sep: str) -> None:
    FRAME.to_csv(tmp_path / "a.csv", index=False, encoding=encoding, sep=sep)
    check(read(tmp_path))


def test_csv_gz_xlsx_and_parquet(tmp_path: Path) -> None:
    FRAME.to_csv(tmp_path / "a.csv.gz", index=False)
    FRAME.to_excel(tmp_path / "b.xlsx", index=False)
    FRAME.to_parquet(tmp_path / "c.parquet", row_group_size=1)
    for name in ("a.csv.gz", "b.xlsx", "c.parquet"):
        check(read(tmp_path / name))
    (tmp_path / "README.md").write_text("no extract")
    assert [f.name for f in find_files(tmp_path)] == ["a.csv.gz", "b.xlsx", "c.parquet"]


def test_xlsx_with_a_heading_two_sheets_and_dates(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for name in ("一", "二"):
        sheet = book.create_sheet(name)
        sheet.append([f"检索结果{name}"])
        sheet.append(["申请号", "名称", "申请日"])
        sheet.append([f"CN2021{len(book.sheetnames)}", f"装置{name}", date(2021, 3, 4)])
    book.save(tmp_path / "a.xlsx")
    rows = read(tmp_path)
    assert [r["title"] for r in rows] == ["装置一", "装置二"]
    assert rows[0]["application_date"].startswith("2021-03-04")


def test_a_sheet_is_as_long_and_wide_as_its_rows(tmp_path: Path) -> None:
    workbook(tmp_path / "whole.xlsx")
    for stale in ("A1", "A1:K100"):
        with (
            zipfile.ZipFile(tmp_path / "whole.xlsx") as whole,
            zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as made,
        ):
            for name in whole.namelist():
                text = whole.read(name)
                said = b'<dimension ref="A1:B2001"'
                assert name != SHEET or said in text
                made.writestr(name, text.replace(said, f'<dimension ref="{stale}"'.encode()))
        rows = read(tmp_path / "a.xlsx", rows=500)
        assert len(rows) == 2000 and rows[-1]["application_no"] == "1999"


def test_a_row_number_beyond_any_sheet_does_not_hold_the_run(tmp_path: Path) -> None:
    workbook(tmp_path / "whole.xlsx")
    with (
        zipfile.ZipFile(tmp_path / "whole.xlsx") as whole,
        zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as made,
    ):
        for name in whole.namelist():
            text = whole.read(name).replace(b'<row r="2001"', b'<row r="900000000000"')
            made.writestr(name, text)
    said = r"^a\.xlsx: cannot be read after row 1998 \(rows beyond row 1048576\)$"
    with pytest.raises(PatentSourceError, match=said):
        read(tmp_path / "a.xlsx")


def test_typed_parquet_columns(tmp_path: Path) -> None:
    table = pa.table(
        {
            "title": pa.array(["a", "b"]).dictionary_encode(),
            "filing_date": pa.array([date(2020, 1, 2), None]),
            "grant_year": pa.array([2021.0, None]),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    rows = read(tmp_path)
    assert rows[0]["application_date"] == "2020-01-02" and rows[0]["grant_date"] == "2021"


def test_years_beside_missing_ones_are_years(tmp_path: Path) -> None:
    frame = pd.DataFrame({"标题": ["a", "b"], "授权年份": [2021, float("nan")]})
    frame.to_csv(tmp_path / "a.csv", index=False)
    # as a library writes it that knows no null
    years = pa.array(frame["授权年份"].to_numpy(), from_pandas=False)
    pq.write_table(pa.table({"标题": ["a", "b"], "授权年份": years}), tmp_path / "b.parquet")
    for name in ("a.csv", "b.parquet"):
        reader = PatentReader(find_files(tmp_path / name)[0], level=LEVEL)
        (raw,) = [table for _, table in reader.slices()]
        values, status = tidy(raw, name, date(2024, 12, 31), units=PROVINCES)
        assert values["grant_year"].to_pylist() == [2021, None], name
        assert "grant_date_unreadable" not in status.rows


def test_slices_do_not_depend_on_where_reading_begins(tmp_path: Path) -> None:
    table = pa.table({"title": [f"装置{i}" for i in range(1000)]})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=170)
    table.to_pandas().to_csv(tmp_path / "b.csv", index=False)
    table.slice(0, 300).to_pandas().to_excel(tmp_path / "c.xlsx", index=False)
    for file in find_files(tmp_path):
        whole = dict(PatentReader(file, level=LEVEL).slices(64))
        for done in ({0, 1, 2}, {0, 2}, {1}):
            part = dict(PatentReader(file, level=LEVEL).slices(64, frozenset(done)))
            assert set(part) == set(whole) - done
            assert all(part[n].equals(whole[n]) for n in part)


def test_several_columns_for_one_field_fill_each_other(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"名称": ["a", "b"], "申请公布号": ["CN1A", None], "公开号": ["CN3A", "CN2A"]}
    )
    frame.to_csv(tmp_path / "a.csv", index=False)
    assert [r["publication_no"] for r in read(tmp_path)] == ["CN1A", "CN2A"]


def test_the_date_of_an_application_is_not_that_of_its_grant(tmp_path: Path) -> None:
    lines = (
        "申请号,名称,公开号,公开日,授权公告号,专利类型\n"
        "1,a,CN104000001A,2015-07-01,CN104000001B,发明专利\n"
        "2,b,CN104000002A,2015-07-01,,发明专利\n"
        "3,c,CN104000003A,2015-07-01,,发明授权\n"
        # nothing says which of the two publications the day is of
        "4,d,,2015-07-01,CN104000004B,发明专利\n"
        "5,e,CN104000005B,2018-07-01,CN104000005B,发明专利\n"
        "6,f,,2018-07-01,CN204000006U,实用新型\n"
        ",g,,2018-07-01,CN104000007B,发明授权\n"
    )
    (tmp_path / "a.csv").write_text(lines, encoding="utf-8")
    reader = PatentReader(find_files(tmp_path)[0], level=LEVEL)
    values, status = tidy(
        next(t for _, t in reader.slices()), "a.csv", date(2024, 12, 31), units=PROVINCES
    )
    assert values["grant_year"].to_pylist() == [None] * 4 + [2018] * 3
    assert status.rows["grant_undated"] == 3 and status.example["grant_undated"] == "1"
    assert values["key"][6].as_py() == "CN104000007" and "no_number" not in status.rows


def test_what_is_called_not_granted_is_none() -> None:
    kinds = ["发明申请（未授权）", "发明(尚未获得授权)", "待授权", "非授权", "发明授权", "已授权"]
    raw = pa.table(
        {
            "title": ["a"] * 6,
            "kind": kinds,
            "publication_date": ["2018-07-01"] * 6,
            "row": list(range(1, 7)),
        }
    )
    values, status = tidy(raw, "f", date(2024, 12, 31), units=PROVINCES)
    assert values["grant_year"].to_pylist() == [None] * 4 + [2018] * 2
    assert "grant_undated" not in status.rows


def test_number_and_date_of_publication_or_grant_are_of_one_document(tmp_path: Path) -> None:
    lines = "名称,公开(公告)号,公开(公告)日\na,CN104000001B,2018-07-01\nb,CN104000002A,2015-01-02\n"
    (tmp_path / "a.csv").write_text(lines, encoding="utf-8")
    reader = PatentReader(find_files(tmp_path)[0], level=LEVEL)
    values, _ = tidy(
        next(t for _, t in reader.slices()), "a.csv", date(2024, 12, 31), units=PROVINCES
    )
    assert values["grant_year"].to_pylist() == [2018, None]


def test_columns_of_the_user(tmp_path: Path) -> None:
    pd.DataFrame({"专利题目": ["AI"], "标题": ["x"]}).to_csv(tmp_path / "a.csv", index=False)
    assert read(tmp_path, extra={"title": "专利题目"})[0]["title"] == "AI"
    with pytest.raises(PatentSourceError, match="'titel' is no field; the fields are"):
        read(tmp_path, extra={"titel": "专利题目"})


def test_layouts() -> None:
    assert recognise(["标题"], "f", level=LEVEL).layout == "records"
    assert recognise(["申请号", "是否数字专利", "省份"], "f", level=LEVEL).layout == "flagged"
    assert recognise(["省份", "年份", "申请量"], "f", level=LEVEL).layout == "counts"


def bad(tmp_path: Path, name: str, data: bytes) -> str:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(PatentSourceError) as caught:
        read(tmp_path)
    message = str(caught.value)
    assert message.startswith(name) and "\n" not in message
    return message


def test_bad_files_are_one_sentence(tmp_path: Path) -> None:
    message = bad(tmp_path, "a.csv", "申请号,题目\n1,2\n".encode())
    assert "no column for title" in message and "columns found: 申请号, 题目" in message
    assert "names accepted: 名称, 标题" in message
    (tmp_path / "a.csv").unlink()
    for name, data, said in (
        ("a.csv", b"", "is empty"),
        ("a.csv", b"\xff\xfe\x00\xd8\x41\x00", "not a readable"),
        ("a.csv", b"\x00\x01\x02\x81", "not a readable CSV"),
        ("a.xlsx", b"<html>404</html>", "not a readable XLSX"),
        ("a.parquet", b"PAR1 rubbish", "not a readable Parquet"),
        ("a.csv.gz", b"not gzip", "cannot be read"),
    ):
        folder = tmp_path / f"{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        assert said in bad(folder, name, data)


def test_a_file_that_breaks_off_says_where(tmp_path: Path) -> None:
    whole = gzip.compress(("标题\n" + "装置\n" * 200_000).encode())
    (tmp_path / "a.csv.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PatentSourceError, match="cannot be read after row"):
        read(tmp_path, rows=1000)


SHEET, STYLES = "xl/worksheets/sheet1.xml", "xl/styles.xml"


def workbook(path: Path, part: str = SHEET, keep: float = 1.0, damage: bool = False) -> None:
    """An XLSX file of 2,000 patents, of `part` the first share `keep`, or its packed bytes
    damaged behind its first third."""
    sound = path.with_suffix(".sound")
    titles = [f"{hashlib.sha256(str(i).encode()).hexdigest()}装置" for i in range(2000)]
    with sound.open("wb") as handle:
        frame = pd.DataFrame({"标题": titles, "申请号": range(2000)})
        frame.to_excel(handle, index=False, engine="openpyxl")
    with zipfile.ZipFile(sound) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, content[: int(len(content) * keep)] if name == part else content)
    sound.unlink()
    if damage:
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo(part)
        data = bytearray(path.read_bytes())
        at = info.header_offset + 30 + len(part) + info.compress_size // 3
        data[at : at + 200] = b"\xff" * 200
        path.write_bytes(data)


@pytest.mark.parametrize(
    ("part", "keep", "damage", "said"),
    [
        # behind the rows the header is looked for in, and before
        (SHEET, 0.5, False, r"cannot be read after row \d+"),
        (SHEET, 1.0, True, r"cannot be read after row \d+"),
        (SHEET, 0.0, False, "not a readable XLSX file"),
        (SHEET, 0.001, False, "not a readable XLSX file"),
        (STYLES, 0.5, False, "not a readable XLSX file"),
        (STYLES, 1.0, True, "not a readable XLSX file"),
    ],
)
def test_a_damaged_xlsx_file_is_one_sentence(
    tmp_path: Path, part: str, keep: float, damage: bool, said: str
) -> None:
    workbook(tmp_path / "a.xlsx", part, keep, damage)
    with pytest.raises(PatentSourceError, match=rf"^a\.xlsx: {said} \(.+\)$"):
        read(tmp_path, rows=100)
    # what is damaged is the damage: the same file without it is read
    workbook(tmp_path / "a.xlsx")
    assert len(read(tmp_path, rows=100)) == 2000


def test_rows_with_too_many_fields_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("标题,摘要\na,b\nc,d,e\nf,g\n", encoding="utf-8")
    reader = PatentReader(find_files(tmp_path)[0], level=LEVEL)
    rows = pa.concat_tables(t for _, t in reader.slices()).to_pylist()
    assert [r["title"] for r in rows] == ["a", "f"] and len(reader.malformed) == 1


def test_missing_folder_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(PatentSourceError, match="no such file or folder"):
        find_files(tmp_path / "none")


def test_linked_folders_are_entered_once(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    FRAME.to_csv(tmp_path / "elsewhere" / "a.csv", index=False)
    folder = tmp_path / "patents_raw"
    folder.mkdir()
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "round").symlink_to(folder)
    (found,) = find_files(folder)
    assert found.name == "linked/a.csv"
    check(read(folder))


def test_a_folder_that_cannot_be_listed_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "closed").mkdir()
    scan = os.scandir

    def refused(path: str) -> object:
        if Path(path).name == "closed":
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(PatentSourceError, match=r"^closed: the folder cannot be listed"):
        find_files(tmp_path)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2021-03-04", "2021-03-04", "2021-03-04"),
        ("2021/3/4", "2021-03-04", "2021-03-04"),
        ("2021.03.04", "2021-03-04", "2021-03-04"),
        ("2021年3月4日", "2021-03-04", "2021-03-04"),
        ("２０２１年３月４日", "2021-03-04", "2021-03-04"),
        ("20210304", "2021-03-04", "2021-03-04"),
        ("20210304.0", "2021-03-04", "2021-03-04"),
        ("2021-03-04 00:00:00", "2021-03-04", "2021-03-04"),
        ("2021-03-04T12:30:00Z", "2021-03-04", "2021-03-04"),
        ("2020-02", "2020-02-01", "2020-02-29"),
        ("2021年", "2021-01-01", "2021-12-31"),
        ("2021", "2021-01-01", "2021-12-31"),
        ("2021.0", "2021-01-01", "2021-12-31"),
        ("2021.10", "2021-10-01", "2021-10-31"),
        ("202103.0", "2021-03-01", "2021-03-31"),
        ("202103", "2021-03-01", "2021-03-31"),
        ("44259", "2021-03-04", "2021-03-04"),
        ("13/04/2021", "2021-04-13", "2021-04-13"),
        ("04/13/2021", "2021-04-13", "2021-04-13"),
        ("04/03/2021", "2021-01-01", "2021-12-31"),
        ("2021-13-45", None, None),
        ("2021-02-30", None, None),
        ("未知", None, None),
        ("0", None, None),
        ("12345678901", None, None),
    ],
)
def test_dates(text: str, first: str | None, last: str | None) -> None:
    import polars as pl

    row = parse_dates(pl.Series([None, text], dtype=pl.String)).row(1)
    assert tuple(None if d is None else d.isoformat() for d in row) == (first, last)


def test_numbers_kinds_and_statuses() -> None:
    numbers = ["CN202110123456.7", "ZL 2021 1 0123456.7", "2021101234567", "cn202110123456",
               "ＣＮ202110123456.7", "98123456.X", "98123456"]  # fmt: skip
    raw = pa.table(
        {
            "application_no": [*numbers, "2.02E+11"],
            "title": ["a"] * 8,
            "row": list(range(1, 9)),
            "application_date": [None, "2021-03-04", "2021-02-30", "2991-01-01"] + [None] * 4,
            "publication_no": [None] * 7 + ["CN111504366B"],
            "publication_date": [None] * 7 + ["2020-05-06"],
        }
    )
    values, status = tidy(raw, "f", date(2024, 12, 31), units=PROVINCES)
    out = values.to_pydict()
    assert out["key"] == [normal_number(n) for n in numbers] + ["CN111504366"]
    assert len(set(out["key"])) == 3
    assert out["application_year"] == [2021] * 5 + [1998] * 2 + [None]
    assert out["kind"] == ["invention"] * 8
    assert out["grant_year"] == [None] * 7 + [2020]
    assert status.rows["number_damaged"] == 1 and status.rows["application_date_unreadable"] == 2
    assert status.example["application_date_unreadable"] == "2021-02-30"
    assert status.rows["year_unknown"] == 1 and status.rows["year_from_number"] == 6
    for text, kind in {"发明授权": "invention", "实用新型": "utility_model", "外观设计": "design",
                       "U": "utility_model", "B2": "invention", "其他": None}.items():  # fmt: skip
        assert kind_of_text(text) == kind


def test_the_address_decides_over_the_province_column() -> None:
    raw = pa.table(
        {
            "title": ["a"] * 4,
            "address": ["广东省深圳市;北京市", "不详", None, "日本东京"],
            "unit": ["北京", "浙江省", "江苏;32", "上海"],
            "row": [1, 2, 3, 4],
        }
    )
    values, status = tidy(raw, "f", date(2024, 12, 31), units=PROVINCES)
    assert values["province_code"].to_pylist() == [440000, 330000, 320000, None]
    assert values["origin"].to_pylist() == ["mainland"] * 3 + ["foreign"]
    assert status.rows["province_and_address_disagree"] == 1


def test_a_street_does_not_decide_over_the_province_column() -> None:
    streets = ["延安西路1882号", "中山北路3663号", "南京西路", "北京东路"]
    raw = pa.table(
        {"title": ["a"] * 4, "address": streets, "unit": ["上海"] * 4, "row": [1, 2, 3, 4]}
    )
    values, status = tidy(raw, "f", date(2024, 12, 31), units=PROVINCES)
    assert values["province_code"].to_pylist() == [310000] * 4
    assert "province_and_address_disagree" not in status.rows
