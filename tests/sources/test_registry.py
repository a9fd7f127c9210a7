"""sources.csv: what ships, faults by line, and writing without losing a cell."""

import csv
from pathlib import Path

import pytest

from dti_assets.errors import RegistryError
from dti_assets.sources.download import select_entries
from dti_assets.sources.registry import Registry, read_registry, write_registry
from dti_assets.units.lists import read_units, shipped_units

PROVINCES = shipped_units("provinces")


def registry(folder: Path, *lines: str, header: str = "province,year,url") -> Registry:
    path = folder / "sources.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return read_registry(path, units=PROVINCES)


def test_the_shipped_registry_is_in_order(root: Path) -> None:
    found = read_registry(root / "reports_raw" / "sources.csv", units=PROVINCES).checked()
    assert len(found.entries) == 381 and sum(bool(entry.url) for entry in found.entries) == 380


def test_the_shipped_addresses_are_the_official_ones(root: Path, shared: Path) -> None:
    with (shared / "reports_truth.csv").open(encoding="utf-8-sig", newline="") as handle:
        truth = [row for row in csv.DictReader(handle) if row["source_url"]]
    with (root / "reports_raw" / "sources.csv").open(encoding="utf-8", newline="") as handle:
        ours = [(row["province"], row["year"], row["url"]) for row in csv.DictReader(handle)]
    official = []
    for row in truth:
        province = PROVINCES.find(row["province"])
        assert province is not None
        official.append((province.name, row["year"], row["source_url"]))
    assert len(official) == 381 and sorted(official) == sorted(ours)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("浙江省,20l5,https://a.example/", "line 3: '20l5' is no year"),
        ("浙江,2015,ftp://a.example/", "line 3: 'ftp://a.example/' is no http or https address"),
        ("浙江,2015,https://u@a.example/", "line 3: .* user name"),
        ("杭州,2015,https://a.example/", "line 3: unknown province '杭州'"),
        ("浙江,2015,https://a.example/", "line 3: the address stands on line 2 already"),
        ("浙江,2015", "line 3: 2 cells where the header has 3"),
        ("zhejiang,2014,https://b.example/", "line 3: 浙江 2014 stands on line 2 already"),
    ],
)
def test_malformed_rows_are_named_by_file_and_line(tmp_path: Path, line: str, said: str) -> None:
    found = registry(tmp_path, "浙江,2014,https://a.example/", line)
    assert [entry.year for entry in found.entries] == [2014] and len(found.faults) == 1
    with pytest.raises(RegistryError, match=f"sources.csv, {said}"):
        found.checked()


def test_a_file_that_is_no_registry(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="No such file"):
        read_registry(tmp_path / "none.csv", units=PROVINCES)
    with pytest.raises(RegistryError, match="line 1: no column year"):
        registry(tmp_path, header="province,url")
    with pytest.raises(RegistryError, match="line 1: a column stands twice"):
        registry(tmp_path, header="province,year,url,url")
    (tmp_path / "sources.csv").write_bytes(b"\xff\xfe\xfd,\x81")
    with pytest.raises(RegistryError):
        read_registry(tmp_path / "sources.csv", units=PROVINCES)


def test_what_spreadsheets_write_is_read(tmp_path: Path) -> None:
    head, url = "year,note,province,url", "https://a.example/"
    rows = (head, "2015,省,浙江省,-", ",,,", f"2016,,Zhejiang, {url} ")
    text = "\r\n".join((*rows, ""))
    for encoding in ("utf-8-sig", "gb18030"):
        (tmp_path / "sources.csv").write_bytes(text.encode(encoding))
        first, second = read_registry(tmp_path / "sources.csv", units=PROVINCES).checked().entries
        assert first.key == (330000, 2015) and first.url == ""
        assert second.url == "https://a.example/" and second.line == 4


def test_what_was_fetched_is_recorded_beside_the_user_s_own_cells(tmp_path: Path) -> None:
    lines = ["浙江,2015,https://a.example/,mine", '上海,2015,"https://b.example/?a,b",']
    found = registry(tmp_path, *lines, header="province,year,url,note")
    what = {"sha256": "a" * 64, "fetched_at": "2026-01-20T00:00:00+00:00", "etag": '"x"'}
    assert write_registry(found, {(330000, 2015): what}) == 1
    again = read_registry(tmp_path / "sources.csv", units=PROVINCES).checked()
    assert again.header == ("province", "year", "url", "note", "sha256", "fetched_at", "etag")
    assert again.entries[0].cells == {**found.entries[0].cells, **what}
    assert again.entries[0].sha256 == "a" * 64
    assert again.entries[1].url == "https://b.example/?a,b" and again.entries[1].sha256 == ""
    before = (tmp_path / "sources.csv").read_bytes()
    assert write_registry(again, {(330000, 2015): what}) == 0
    assert (tmp_path / "sources.csv").read_bytes() == before


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_registry_is_written_as_it_was_read(tmp_path: Path, encoding: str, line_end: str) -> None:
    """A Chinese Excel takes a CSV file without a mark for GB18030."""
    path, url = tmp_path / "sources.csv", "https://a.example/"
    rows = ("province, year,url,备注", "", "浙江省, 2015,-,省 ", ",,,", f"上海,2016, {url} ,")
    path.write_bytes(line_end.join((*rows, "")).encode(encoding))
    what = {"sha256": "a" * 64, "fetched_at": "2026", "etag": "e"}
    assert write_registry(read_registry(path, units=PROVINCES), {(310000, 2016): what}) == 1
    rows = (
        rows[0] + ",sha256,fetched_at,etag",
        "",
        rows[2] + ",,,",
        ",,,",
        f"{rows[4]},{'a' * 64},2026,e",
    )
    assert path.read_bytes() == line_end.join((*rows, "")).encode(encoding)


def test_what_a_server_says_is_recorded_as_no_formula(tmp_path: Path) -> None:
    found = registry(tmp_path, "浙江,2015,https://a.example/")
    what = {(330000, 2015): {"etag": "=HYPERLINK(1)"}}
    assert write_registry(found, what) == 1
    again = read_registry(tmp_path / "sources.csv", units=PROVINCES).checked()
    assert again.entries[0].cells["etag"] == "'=HYPERLINK(1)"
    assert write_registry(again, what) == 0


def test_a_registry_of_other_units_names_them_by_their_noun_or_as_units(tmp_path: Path) -> None:
    path = tmp_path / "counties.csv"
    path.write_text("level,code,name\ncounty,c2,Rivia\ncounty,c1,Vizima\n", encoding="utf-8")
    counties = read_units("counties.csv", tmp_path)
    for header in ("county,year,url", "unit,year,url"):
        rows = "Vizima,2015,https://a.example/\nc2,2015,https://b.example/\n"
        (tmp_path / "sources.csv").write_text(f"{header}\n{rows}", encoding="utf-8")
        entries = read_registry(tmp_path / "sources.csv", units=counties).checked().entries
        assert [entry.key for entry in entries] == [("c1", 2015), ("c2", 2015)]
        # year by year in the order of the list
        chosen = select_entries(entries, [2015], units=counties)
        assert [entry.unit.name for entry in chosen] == ["Rivia", "Vizima"]
    (tmp_path / "sources.csv").write_text("province,year,url\n", encoding="utf-8")
    with pytest.raises(RegistryError, match="line 1: no column county"):
        read_registry(tmp_path / "sources.csv", units=counties)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("nothing", ["-", "NULL", "\\N", "无", "N/A", ""])
def test_registries_of_other_programs(tmp_path: Path, mark: str, nothing: str) -> None:
    lines = ["province,year,url", f"浙江,'2015,{nothing}", "江苏,2015,https://a.example/x,"]
    (tmp_path / "sources.csv").write_text("\r".join(lines).replace(",", mark), "utf-8")
    found = read_registry(tmp_path / "sources.csv", units=PROVINCES).checked()
    assert (found.entries[0].year, found.entries[0].url) == (2015, "")
    assert len(found.entries) == 2


def test_an_open_quotation_mark_swallows_no_address(tmp_path: Path) -> None:
    lines = ["province,year,url,note", '浙江,2015,https://a.example/,"see', "江苏,2015,-,"]
    (tmp_path / "sources.csv").write_text("\n".join(lines), "utf-8")
    found = read_registry(tmp_path / "sources.csv", units=PROVINCES)
    assert len(found.entries) == 2 and "line 2: a quotation mark" in found.faults[0]
