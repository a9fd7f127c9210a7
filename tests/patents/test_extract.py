"""A whole extract: slices that resume, one row an application, statuses, engines."""

import os
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from zipfile import ZipFile

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dti_assets.errors import PatentSourceError
from dti_assets.patents.checks import broken_records, refused_rows
from dti_assets.patents.classify import classify
from dti_assets.patents.combine import combine, months_before
from dti_assets.patents.extract import classify_extract, layout_of, threads
from dti_assets.patents.tables import DIGITAL_PATENTS, ROW_STATUS, TECHNOLOGIES
from dti_assets.patents.terms import PatentTerms, load_terms
from dti_assets.simulation.patents import write_patents
from dti_assets.units.lists import shipped_units

ROOT = Path(__file__).resolve().parents[2]
TERMS = load_terms(ROOT / "dictionaries")
PROVINCES = shipped_units("provinces")
LEVEL = PROVINCES.level


def statuses(frame: pd.DataFrame) -> dict[tuple[str, str], int]:
    return {(r.file, r.status): r.rows for r in frame.itertuples()}


def test_real_titles_are_read_as_they_are(tmp_path: Path) -> None:
    path = ROOT / "../shared/patents/titles_ipc.csv"
    if not path.exists():
        pytest.skip("the shared patent titles are not here")
    extract = classify_extract(path, TERMS, tmp_path / "work", rows=3000, units=PROVINCES)
    patents = combine(extract, tmp_path / "patents.parquet", level=LEVEL)
    frame = LEVEL.table(DIGITAL_PATENTS).frame(patents.table().to_pandas())
    assert LEVEL.table(DIGITAL_PATENTS).violations(frame) == []
    assert LEVEL.table(ROW_STATUS).violations(patents.status) == []
    raw = pd.read_csv(path)
    assert patents.applications == len(raw) == 9740
    assert frame["application_no"].tolist() == raw["publication_number"].tolist()
    out = classify(pa.table({"title": raw["title"].tolist()}), TERMS)
    for technology in (*TECHNOLOGIES, "digital"):
        assert frame[technology].tolist() == out[technology].to_pylist()
    kinds = (
        raw["publication_number"]
        .str[-1]
        .map({"A": "invention", "B": "invention", "U": "utility_model", "S": "design"})
    )
    assert frame["kind"].tolist() == kinds.tolist()
    found = statuses(patents.status)
    assert found["titles_ipc.csv", "province_unknown"] == 9740
    assert patents.extract_date is None and frame["truncated"].isna().all()


def test_simulated_patents_come_back_as_they_were_made(tmp_path: Path) -> None:
    write_patents(tmp_path / "p.parquet", 3000, seed=2, units=PROVINCES)
    write_patents(tmp_path / "q.csv", 3000, seed=2, units=PROVINCES)
    truth = pd.read_parquet(tmp_path / "p.parquet")
    tables = []
    for name in ("p.parquet", "q.csv"):
        extract = classify_extract(
            tmp_path / name, TERMS, tmp_path / "w", rows=700, units=PROVINCES
        )
        tables.append(
            combine(extract, tmp_path / "o.parquet", date(2023, 6, 30), level=LEVEL).table()
        )
    assert tables[0].equals(tables[1])
    frame = tables[0].to_pandas()
    for technology in (*TECHNOLOGIES, "digital"):
        assert frame[technology].tolist() == truth[f"label_{technology}"].tolist()
    assert frame["application_year"].tolist() == truth["申请日"].str[:4].astype(int).tolist()
    assert frame["truncated"].tolist() == (truth["申请日"] > "2021-12-30").tolist()
    abroad = truth["申请人地址"].str.match("日本|美国|德国|韩国|中国|荷兰")
    assert (frame["province_code"].isna() == abroad).all()


def rows(*rows: tuple) -> pd.DataFrame:
    names = ["申请号", "公开（公告）号", "标题", "摘要", "申请人地址", "申请日", "授权公告日"]
    return pd.DataFrame(rows, columns=names)


def test_publication_and_grant_are_one_application(tmp_path: Path) -> None:
    number = "CN201810000001.1"
    rows(
        (number, "CN108000001A", "区块链方法", None, "浙江省", "2018-01-02", None),
        ("CN201810000002.1", "CN108000002A", "水泵", None, "江苏省", "2018-05-02", None),
        ("CN201810000003.1", "CN108000003A", "水泵", None, "江苏省", "2018-05-02", None),
        (None, "CN108000004A", "水泵", None, None, "2018-05-02", None),
    ).to_csv(tmp_path / "a.csv", index=False)
    rows(
        ("201810000001", "CN108000001B", "方法", "基于AI的", "浙江省", "2018-01-02", "2020-03-04"),
        ("CN201810000003.1", "CN108000003B", "水泵", None, "安徽省", "2019-05-02", None),
        (None, "CN108000004B", "水泵", None, "北京市", None, "2021-01-01"),
    ).to_csv(tmp_path / "b.csv", index=False)
    patents = combine(
        classify_extract(tmp_path, TERMS, tmp_path / "w", units=PROVINCES),
        tmp_path / "o.parquet",
        level=LEVEL,
    )
    frame = patents.table().to_pandas().set_index("application_no")
    assert len(frame) == 4
    one = frame.loc[number]
    assert one["blockchain"] and one["ai"] and one["grant_year"] == 2020
    assert frame.loc["CN201810000003.1", "province_code"] == 320000
    joined = frame.loc["CN108000004A"]
    assert joined["province_code"] == 110000 and joined["grant_year"] == 2021
    found = statuses(patents.status)
    assert found["(all)", "several_rows"] == 3 and found["(all)", "duplicates_disagree"] == 1
    said = patents.status.set_index("status").loc["duplicates_disagree", "example"]
    assert "CN201810000003.1" in said and "2018 and 2019" in said and "320000 and 340000" in said
    # two buckets give what one gives, in whatever order
    assert patents.extract_date == date(2021, 1, 1)


def test_buckets_do_not_change_the_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_patents(tmp_path / "a.parquet", 1000, seed=1, units=PROVINCES)
    write_patents(tmp_path / "b.parquet", 1500, seed=1, units=PROVINCES)
    extract = classify_extract(tmp_path, TERMS, tmp_path / "w", units=PROVINCES)
    one = combine(extract, tmp_path / "w" / "one.parquet", level=LEVEL)
    monkeypatch.setattr("dti_assets.patents.combine._BUCKET_ROWS", 300)
    many = combine(extract, tmp_path / "w" / "many.parquet", level=LEVEL)
    key = [("application_no", "ascending")]
    assert one.table().sort_by(key).equals(many.table().sort_by(key))
    assert one.applications == many.applications
    counts = [statuses(p.status)["(all)", "several_rows"] for p in (one, many)]
    assert counts[0] == counts[1] == 2500 - one.applications > 0


def test_a_bad_file_beside_good_ones_is_a_status(tmp_path: Path) -> None:
    folder = tmp_path / "raw"
    folder.mkdir()
    with pytest.raises(PatentSourceError, match="is empty"):
        classify_extract(folder, TERMS, tmp_path / "w", units=PROVINCES)
    (folder / "b.csv").write_text("题目\nx\n", encoding="utf-8")
    with pytest.raises(PatentSourceError, match=r"b\.csv: no column for title.*题目.*名称"):
        classify_extract(folder, TERMS, tmp_path / "w", units=PROVINCES)
    (folder / "a.csv").write_text("标题\n基于AI的方法\n水泵,1\n", encoding="utf-8")
    (folder / "c.parquet").write_bytes(b"PAR1")
    (folder / "d.csv").write_text("标题\n", encoding="utf-8")
    # its header is whole, so that the damage shows as its rows are read
    rows(*[("CN1", None, "水泵", None, None, None, None)] * 500).to_excel(
        folder / "sound.xlsx", index=False
    )
    with ZipFile(folder / "sound.xlsx") as sound, ZipFile(folder / "e.xlsx", "w") as cut:
        for name in sound.namelist():
            whole = sound.read(name)
            cut.writestr(name, whole[: len(whole) // 2] if "sheet1" in name else whole)
    (folder / "sound.xlsx").unlink()
    extract = classify_extract(folder, TERMS, tmp_path / "w", units=PROVINCES)
    found = statuses(combine(extract, tmp_path / "o.parquet", level=LEVEL).status)
    assert found["a.csv", "rows"] == found["a.csv", "malformed"] == 1
    assert found["b.csv", "column_missing"] == found["c.parquet", "file_unreadable"] == 1
    assert found["d.csv", "file_empty"] == found["e.xlsx", "file_unreadable"] == 1
    assert extract.rows == 1
    (folder / "a.csv").unlink()
    (folder / "b.csv").unlink()
    (folder / "c.parquet").unlink()
    (folder / "e.xlsx").unlink()
    with pytest.raises(PatentSourceError, match="the patent extract is empty"):
        classify_extract(folder, TERMS, tmp_path / "w", units=PROVINCES)


def test_sheets_that_are_not_read_are_a_status(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for name, lines in {
        "read": [("标题",), ("水泵",)],
        "other title": [("专利题目",), ("水泵",)],
        "no header": [("水泵",)] * 12,
        "empty": [],
        "late": [(None,)] * 12 + [("水泵",)],
    }.items():
        sheet = book.create_sheet(name)
        for line in lines:
            sheet.append(line)
    book.save(tmp_path / "a.xlsx")
    extract = classify_extract(tmp_path / "a.xlsx", TERMS, tmp_path / "w", units=PROVINCES)
    status = combine(extract, tmp_path / "o.parquet", level=LEVEL).status
    assert LEVEL.table(ROW_STATUS).violations(status) == []
    said = status.set_index("status")
    assert said.loc["rows", "rows"] == 1 and said.loc["sheet_unread", "rows"] == 3
    assert said.loc["sheet_unread", "example"] == "other title, no header, late"
    assert any("other title" in sentence for sentence in refused_rows(status))


def test_a_date_to_come_is_one_of_a_later_year(tmp_path: Path) -> None:
    year = date.today().year
    days = ("1984-12-31", "1985-01-01", f"{year}-12-31", f"{year + 1}-01-01")
    rows(*[(None, None, "水泵", None, "浙江省", day, None) for day in days]).to_csv(
        tmp_path / "a.csv", index=False
    )
    extract = classify_extract(tmp_path, TERMS, tmp_path / "w", units=PROVINCES)
    patents = combine(extract, tmp_path / "w" / "o.parquet", level=LEVEL)
    assert sorted(patents.table()["application_year"].drop_null().to_pylist()) == [1985, year]
    said = patents.status.set_index("status").loc["application_date_unreadable"]
    assert said["rows"] == 2
    assert said["meaning"].endswith("is no date of the years 1985 to this one")


def test_layouts_of_a_folder(tmp_path: Path) -> None:
    assert layout_of(tmp_path, level=LEVEL) == "none"
    (tmp_path / "a.csv").write_text("标题\nx\n", encoding="utf-8")
    assert layout_of(tmp_path, level=LEVEL) == "records"
    (tmp_path / "b.csv").write_text("省份,年份,申请量\n浙江,2020,1\n", encoding="utf-8")
    with pytest.raises(PatentSourceError, match=r"a\.csv \(records\), b\.csv \(counts\)"):
        layout_of(tmp_path, level=LEVEL)


def test_an_extract_with_its_own_flag_is_not_classified(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "申请号": ["CN201810000001.1", "CN201810000002.1", "CN201810000003.1"],
            "名称": ["基于AI的方法", "水泵", "水泵"],
            "是否数字专利": ["否", "是", "也许"],
            "省份": ["浙江"] * 3,
        }
    )
    frame.to_excel(tmp_path / "a.xlsx", index=False)
    extract = classify_extract(tmp_path, TERMS, tmp_path / "w", units=PROVINCES)
    patents = combine(extract, tmp_path / "o.parquet", level=LEVEL)
    out = patents.table().to_pandas()
    assert out["digital"].tolist() == [False, True, False] and out["ai"].isna().all()
    assert patents.basis == "user_counts"
    assert statuses(patents.status)["a.xlsx", "flag_unreadable"] == 1


def inodes(work: Path) -> dict[str, int]:
    return {str(p): p.stat().st_ino for p in work.rglob("slice-*.parquet")}


def test_finished_slices_are_not_redone(tmp_path: Path) -> None:
    source, work = tmp_path / "p.parquet", tmp_path / "w"
    write_patents(source, 2000, seed=4, units=PROVINCES)

    def interrupted(jobs, function):
        for count, job in enumerate(threads(1)(jobs, function)):
            if count == 3:
                raise KeyboardInterrupt
            yield job

    with pytest.raises(KeyboardInterrupt):
        classify_extract(source, TERMS, work, engine=interrupted, rows=200, units=PROVINCES)
    before = inodes(work)
    assert len(before) == 3
    done: list[int] = []
    extract = classify_extract(
        source, TERMS, work, rows=200, progress=lambda _, n: done.append(n), units=PROVINCES
    )
    assert before.items() <= inodes(work).items() and len(done) == 7
    fresh = classify_extract(source, TERMS, tmp_path / "w2", rows=200, units=PROVINCES)
    one, other = (combine(e, tmp_path / "o.parquet", level=LEVEL) for e in (extract, fresh))
    assert one.status.equals(other.status) and one.table().equals(other.table())
    # nothing is left to do, and everything is with another dictionary
    done.clear()
    classify_extract(
        source, TERMS, work, rows=200, progress=lambda _, n: done.append(n), units=PROVINCES
    )
    assert done == []
    other_terms = PatentTerms(TERMS.terms, {}, "other")
    classify_extract(
        source, other_terms, work, rows=200, progress=lambda _, n: done.append(n), units=PROVINCES
    )
    assert len(done) == 10


def test_a_killed_run_resumes(tmp_path: Path) -> None:
    source, work = tmp_path / "p.parquet", tmp_path / "w"
    write_patents(source, 12_000, seed=4, units=PROVINCES)
    code = (
        "import sys; from pathlib import Path\n"
        "from dti_assets.patents.extract import classify_extract\n"
        "from dti_assets.patents.terms import load_terms\n"
        "from dti_assets.units.lists import shipped_units\n"
        "terms = load_terms(Path(sys.argv[3]))\n"
        "source, work = map(Path, sys.argv[1:3])\n"
        "units = shipped_units('provinces')\n"
        "classify_extract(source, terms, work, rows=300, units=units)\n"
    )
    arguments = [sys.executable, "-c", code, str(source), str(work), str(ROOT / "dictionaries")]
    process = subprocess.Popen(arguments, env={**os.environ, "PYTHONPATH": str(ROOT)})
    until = time.monotonic() + 50
    while len(inodes(work)) < 5 and time.monotonic() < until:
        time.sleep(0.005)
    process.kill()
    process.wait()
    before = inodes(work)
    assert 5 <= len(before) < 40, "the run was not caught midway"
    extract = classify_extract(source, TERMS, work, rows=300, units=PROVINCES)
    assert before.items() <= inodes(work).items() and len(extract.slices) == 40
    fresh = classify_extract(source, TERMS, tmp_path / "w2", rows=300, units=PROVINCES)
    one, other = (combine(e, tmp_path / "o.parquet", level=LEVEL).table() for e in (extract, fresh))
    assert one.equals(other)


def test_what_breaks_a_stored_extract_is_said(tmp_path: Path) -> None:
    write_patents(tmp_path / "p.parquet", 1000, seed=1, units=PROVINCES)
    extract = classify_extract(tmp_path / "p.parquet", TERMS, tmp_path / "w", units=PROVINCES)
    patents = combine(extract, tmp_path / "o.parquet", level=LEVEL)
    assert broken_records(patents.path, level=LEVEL) == []
    table = patents.table()
    twice = pa.concat_tables([table, table.slice(0, 3), table.slice(0, 1)])
    pq.write_table(twice, tmp_path / "twice.parquet")
    assert broken_records(tmp_path / "twice.parquet", level=LEVEL) == [
        "4 application numbers stand on more than one row"
    ]
    holes = table.set_column(
        table.column_names.index("origin"), "origin", pa.nulls(table.num_rows, pa.string())
    )
    pq.write_table(holes, tmp_path / "holes.parquet")
    assert broken_records(tmp_path / "holes.parquet", level=LEVEL) == [
        "origin is null on 1,000 rows"
    ]
    pq.write_table(table.drop_columns(["origin"]), tmp_path / "less.parquet")
    assert (
        "differ from the declaration" in broken_records(tmp_path / "less.parquet", level=LEVEL)[0]
    )


def test_eighteen_months() -> None:
    assert months_before(date(2024, 3, 31)) == date(2022, 9, 30)
    assert months_before(date(2024, 7, 15)) == date(2023, 1, 15)
