"""Drawing occurrences, blinding them, and the sheets coders get."""

import re
import zipfile
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import samples
from hypothesis import given, settings
from hypothesis import strategies as st
from invented_reports import fill, texts

from dti_assets.audit.masking import BLOCK, mask, masked_context
from dti_assets.audit.report_sample import QUESTION, allocate, sample_reports
from dti_assets.audit.sheets import (
    item_names,
    labels_only,
    read_sheets,
    refuse_existing,
    sample_name,
    sheet_paths,
    sheets_not_read,
    write_sheets,
)
from dti_assets.errors import AuditError
from dti_assets.store.cache import Cache
from dti_assets.text.attention import CountingRules, count_reports
from dti_assets.text.concordance import counted_occurrences
from dti_assets.text.dictionary import dictionary_of, shipped_dictionary
from dti_assets.text.folder import read_file
from dti_assets.text.segmentation import segmenter
from dti_assets.units.lists import shipped_units

DICTIONARY = shipped_dictionary()
PROVINCES = shipped_units("provinces")
LEVEL = PROVINCES.level
NAMES = sorted({n for p in PROVINCES for n in (p.name, p.full_name, p.seat)})


@pytest.fixture(scope="module")
def occurrences() -> list:
    return list(counted_occurrences(texts(), DICTIONARY, CountingRules(), level=LEVEL))


@pytest.mark.parametrize(
    "rules",
    [
        CountingRules(),
        CountingRules(hits="overlap", section="plan"),
        CountingRules(hits="token", section="review"),
    ],
)
def test_occurrences_add_up_to_the_counts(rules: CountingRules, tmp_path: Path) -> None:
    reports = texts(years=(2015,), places=4)
    counts = count_reports(
        reports, [], DICTIONARY, rules, Cache(tmp_path), workers=1, units=PROVINCES
    ).keywords
    counts = counts[counts["section"].isin(rules.sections)]
    counts = counts[counts[f"hits_{rules.hits}"] > 0]
    cutter = segmenter("jieba", DICTIONARY, tmp_path / "jieba") if rules.hits == "token" else None
    found = pd.DataFrame(counted_occurrences(reports, DICTIONARY, rules, cutter, level=LEVEL))
    found = found.rename(columns={"code": LEVEL.code})
    ours = found.groupby([*LEVEL.when, "section", "term"]).size()
    theirs = counts.set_index(list(ours.index.names))[f"hits_{rules.hits}"]
    assert len(ours) > 10 and ours.to_dict() == theirs.to_dict()
    for row in found.itertuples():
        assert DICTIONARY[row.text[row.start : row.end]].term == row.term


@given(
    st.dictionaries(st.text("abc", min_size=1), st.integers(1, 60), min_size=1, max_size=12),
    st.integers(1, 400),
)
def test_every_term_has_some_and_no_more_than_there_are(sizes: dict[str, int], n: int) -> None:
    if n < len(sizes):
        with pytest.raises(AuditError, match=f"needs at least one .*--n {len(sizes)} or more"):
            allocate(sizes, n)
        return
    chosen = allocate(sizes, n)
    assert sum(chosen.values()) == min(n, sum(sizes.values()))
    assert all(1 <= chosen[name] <= size for name, size in sizes.items())
    # more hits never mean fewer items
    ordered = sorted(sizes, key=lambda name: sizes[name])
    for less, more in pairwise(ordered):
        assert chosen[less] <= chosen[more] + (sizes[less] == sizes[more])


@settings(max_examples=200)
@given(
    st.lists(
        st.sampled_from([*NAMES, "2015年", "“十三五”", "发展", ",", "12", "我们"]), max_size=12
    ),
    st.sampled_from(["数字经济", "5G", "互联网+", "大数据"]),
    st.lists(st.sampled_from([*NAMES, "二〇一五年", "建设", "。"]), max_size=12),
    st.integers(4, 80),
)
def test_masking_leaves_the_keyword_and_no_name_or_year(
    before: list[str], keyword: str, after: list[str], width: int
) -> None:
    head, tail = "".join(before), "".join(after)
    found = masked_context(
        head + keyword + tail, len(head), len(head) + len(keyword), width, units=PROVINCES
    )
    assert found[1] == keyword
    for side in (found[0], found[2]):
        assert not any(name in side for name in NAMES)
        assert "2015" not in side and "二〇一五" not in side and "十三五" not in side
        assert len(side) <= width + len(BLOCK)
        # no half of a block is left at an edge
        assert side.replace(BLOCK, "").count("〔") == side.replace(BLOCK, "").count("〕") == 0


def test_what_is_masked_is_as_documented() -> None:
    said = mask(
        "2015年浙江省、延边州,浙商和第十三届人大一次会议、“十三五”、98年、十九大", units=PROVINCES
    )
    assert said == "#、#,#商和#人大#、#、#、#".replace("#", BLOCK)
    assert (
        mask("云计算、新能源,复苏的城市要晋级,增长15%", units=PROVINCES)
        == "云计算、新能源,复苏的城市要晋级,增长15%"
    )
    assert mask("122015年,共122015个", units=PROVINCES) == f"12{BLOCK},共122015个"
    assert masked_context("122015年数字经济", 7, 11, 5, units=PROVINCES)[0] == f"12{BLOCK}"
    assert not [term for term in DICTIONARY.keys if mask(term, units=PROVINCES) != term]


def test_sheets_are_blind_and_safe(occurrences: list, tmp_path: Path) -> None:
    sample, key = sample_reports(
        occurrences, DICTIONARY, tmp_path, n=80, coders=2, seed=3, units=PROVINCES
    )
    assert sample_name(tmp_path) == sample and len(key) == 80 and key["item"].is_unique
    orders = []
    for path in sorted(tmp_path.glob("*.xlsx")):
        book = openpyxl.load_workbook(path)
        page = book["items"]
        rows = list(page.iter_rows(min_row=2, values_only=True))
        orders.append([row[0] for row in rows])
        (allowed,) = page.data_validations.dataValidation
        assert str(allowed.sqref) == "E2:E81" and allowed.formula1 == '"1,0,unclear"'
        assert page.freeze_panes == "A2"
        by_item = {row[0]: row for row in rows}
        for place in key.itertuples():
            before, keyword, after = by_item[place.item][1:4]
            assert DICTIONARY[keyword].term == place.stratum
            shown = f"{place.item}{before}{after}"
            assert place.path.removesuffix(".txt") not in shown
            assert not any(name in shown for name in NAMES)
            assert not any(
                str(year) in (before or "") + (after or "") for year in range(2000, 2023)
            )
        for sheet in book:
            for cells in sheet.iter_rows():
                assert not any(cell.data_type == "f" for cell in cells)
    assert sorted(orders[0]) == sorted(orders[1]) == sorted(key["item"]) and orders[0] != orders[1]
    before_again = [path.read_bytes() for path in sorted(tmp_path.glob("*.xlsx"))]
    sample_reports(occurrences, DICTIONARY, tmp_path, n=80, coders=2, seed=3, units=PROVINCES)
    assert [path.read_bytes() for path in sorted(tmp_path.glob("*.xlsx"))] == before_again
    with pytest.raises(AuditError, match=r"coder_1.xlsx: exists already; labels are not"):
        refuse_existing(tmp_path)
    terms = key.groupby("stratum").size()
    assert set(terms.index) == {found.term for found in occurrences} and terms.min() >= 1


def test_no_cell_begins_a_formula(tmp_path: Path) -> None:
    reports = texts(places=1, years=(2015,))
    reports["text"] = "=1+1大数据\n+大数据,=cmd\n-@大数据"
    found = list(
        counted_occurrences(reports, dictionary_of(["大数据"]), CountingRules(), level=LEVEL)
    )
    sample_reports(found, dictionary_of(["大数据"]), tmp_path, n=3, coders=1, units=PROVINCES)
    page = openpyxl.load_workbook(tmp_path / "coder_1.xlsx")["items"]
    cells = [cell for row in page.iter_rows() for cell in row]
    assert all(cell.data_type != "f" for cell in cells)
    assert not any(str(cell.value or "").startswith(("=", "+", "-", "@")) for cell in cells)


def test_real_contexts_name_neither_place_nor_year(shared: Path, tmp_path: Path) -> None:
    files = sorted((shared / "reports_raw").rglob("*"))
    files = [path for path in files if path.suffix in (".html", ".txt", ".docx")][::29][:8]
    rows = []
    for path in files:
        reading = read_file(str(path))[2]
        rows.append(
            {"path": path.name, "province_code": 110000, "province": "北京", "year": 2015,
             "text": reading.text}
        )  # fmt: skip
    found = list(counted_occurrences(pd.DataFrame(rows), DICTIONARY, CountingRules(), level=LEVEL))
    assert len(found) > 100
    sample_reports(found, DICTIONARY, tmp_path, n=len(found), coders=1, units=PROVINCES)
    page = openpyxl.load_workbook(tmp_path / "coder_1.xlsx")["items"]
    shown = "\n".join(f"{row[1]}|{row[3]}" for row in page.iter_rows(2, values_only=True))
    assert BLOCK in shown and not any(name in shown for name in NAMES)
    assert not any(f"{year}年" in shown for year in range(2000, 2031))


def test_faults_in_sheets_name_file_sheet_and_row(occurrences: list, tmp_path: Path) -> None:
    _, key = sample_reports(occurrences, DICTIONARY, tmp_path, n=30, coders=2, units=PROVINCES)
    items = key["item"].tolist()
    labels = read_sheets(tmp_path, items, (QUESTION,))
    assert labels.given() == 0 and labels.coders == ("coder_1", "coder_2")
    sheet = tmp_path / "coder_1.xlsx"
    fill(sheet, lambda item: {QUESTION: "unclear" if item == items[0] else 1})
    values = read_sheets(tmp_path, items, (QUESTION,)).values[QUESTION]
    assert values[0, 0] == 2 and set(values[1:, 0]) == {1} and set(values[:, 1]) == {-1}

    def fault(change: dict[str, object], at: str, match: str) -> None:
        whole = sheet.read_bytes()
        fill(sheet, lambda item: change if item == at else {})
        with pytest.raises(AuditError, match=match):
            read_sheets(tmp_path, items, (QUESTION,))
        sheet.write_bytes(whole)

    where = r"coder_1.xlsx, sheet items, row \d+: "
    fault({QUESTION: "perhaps"}, items[3], where + "digital is 'perhaps'; write 1, 0 or unclear")
    fault({QUESTION: 2}, items[3], where + "digital is '2'")
    fault({"item": "i123"}, items[3], where + "item i123 is none of the sample")
    fault({"item": items[4]}, items[5], where + f"item {items[4]} stands in row")
    fault({"item": None, QUESTION: None, "keyword": None}, items[5], "1 items are gone")
    with pytest.raises(AuditError, match="--n 2: 9 terms occur"):
        sample_reports(occurrences, DICTIONARY, tmp_path / "x", n=2, units=PROVINCES)
    with pytest.raises(AuditError, match="no counted occurrence"):
        sample_reports([], DICTIONARY, tmp_path / "x", units=PROVINCES)
    half = samples.without_half(sheet.read_bytes(), "xl/worksheets/sheet1.xml")
    for damaged in (b"no workbook", half):
        (tmp_path / "coder_3.xlsx").write_bytes(damaged)
        with pytest.raises(AuditError, match=r"coder_3.xlsx: no workbook that can be read"):
            read_sheets(tmp_path, items, (QUESTION,))


def test_a_sheet_of_another_sample_is_refused_though_its_items_have_the_same_names(
    tmp_path: Path,
) -> None:
    items = item_names(3, seed=7)
    rows = [{"item": item, "before": "数字经济"} for item in items]
    for sample in ("one", "two"):
        (tmp_path / sample).mkdir()
        write_sheets(tmp_path / sample, sample, rows, (QUESTION,), ["label"], 2, seed=7)
    assert read_sheets(tmp_path / "one", items, (QUESTION,)).coders == ("coder_1", "coder_2")
    (tmp_path / "two" / "coder_2.xlsx").replace(tmp_path / "one" / "coder_2.xlsx")
    with pytest.raises(AuditError, match=r"coder_1.xlsx and coder_2.xlsx in .* different samples"):
        read_sheets(tmp_path / "one", items, (QUESTION,))


def test_new_sheets_are_there_before_old_labels_go(tmp_path: Path) -> None:
    items = item_names(2, seed=7)
    shown = [{"item": item, "title": "数\x0b字\x00\ufffe经济\n平台"} for item in items]
    write_sheets(tmp_path, "one", shown, (QUESTION,), ["label"], 3, seed=7)
    rows = openpyxl.load_workbook(tmp_path / "coder_1.xlsx")["items"].iter_rows(values_only=True)
    assert [row[1] for row in rows] == ["title", *["数 字  经济\n平台"] * 2]
    fill(tmp_path / "coder_2.xlsx", lambda item: {QUESTION: 1})
    with pytest.raises(ValueError, match="Cannot"):
        # what no workbook can hold for another reason
        write_sheets(tmp_path, "two", shown, [object()], ["label"], 2, seed=7)
    assert read_sheets(tmp_path, items, (QUESTION,)).given() == 2
    write_sheets(tmp_path, "two", shown, (QUESTION,), ["label"], 2, seed=8)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["coder_1.xlsx", "coder_2.xlsx"]
    assert sample_name(tmp_path) == "two" and read_sheets(tmp_path, items, (QUESTION,)).given() == 0


def test_a_workbook_that_states_no_size_and_ends_its_rows_early_is_read(tmp_path: Path) -> None:
    items = item_names(3, seed=7)
    rows = [{"item": item, "before": "数字经济"} for item in items]
    write_sheets(tmp_path, "one", rows, (QUESTION,), ["label"], 1, seed=7)
    sheet = tmp_path / "coder_1.xlsx"
    fill(sheet, lambda item: {QUESTION: 1} if item == items[1] else {})
    page = re.compile(r"<dimension[^>]*/>|<c [^>]*(?:/>|></c>)")
    stripped = BytesIO()
    with zipfile.ZipFile(sheet) as old, zipfile.ZipFile(stripped, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            sheets = name.startswith("xl/worksheets/")
            new.writestr(name, page.sub("", text.decode()) if sheets else text)
    sheet.write_bytes(stripped.getvalue())
    values = read_sheets(tmp_path, items, (QUESTION,)).values[QUESTION]
    assert values[:, 0].tolist() == [-1, 1, -1]
    assert openpyxl.load_workbook(BytesIO(labels_only(sheet, (QUESTION,))))["items"].max_row == 4


def test_a_copy_is_no_further_coder_and_other_formats_are_named(tmp_path: Path) -> None:
    items = item_names(3, seed=7)
    rows = [{"item": item, "before": "数字经济"} for item in items]
    write_sheets(tmp_path, "one", rows, (QUESTION,), ["label"], 2, seed=7)
    one, two = tmp_path / "coder_1.xlsx", tmp_path / "coder_2.xlsx"
    copies = ["coder_1 (1).xlsx", "Copy of coder_1.xlsx", "coder_1 - 副本.xlsx"]
    # empty ones are how further coders begin
    (tmp_path / copies[0]).write_bytes(one.read_bytes())
    assert len(read_sheets(tmp_path, items, (QUESTION,)).coders) == 3
    (tmp_path / copies[0]).unlink()
    for sheet in (one, two):
        fill(sheet, lambda item: {QUESTION: 1, "comment": "me"})
    assert read_sheets(tmp_path, items, (QUESTION,)).coders == ("coder_1", "coder_2")
    for name in copies:
        copy = tmp_path / name
        copy.write_bytes(one.read_bytes())
        with pytest.raises(AuditError, match=r"named like a copy, and every label is that of"):
            read_sheets(tmp_path, items, (QUESTION,))
        fill(copy, lambda item: {QUESTION: 0})
        assert len(read_sheets(tmp_path, items, (QUESTION,)).coders) == 3
        copy.unlink()
    two.rename(tmp_path / "coder_2.XLSX")
    for name in ("coder_3.ods", "~$coder_1.xls", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    assert read_sheets(tmp_path, items, (QUESTION,)).coders == ("coder_1", "coder_2")
    assert [path.name for path in sheets_not_read(tmp_path)] == ["coder_3.ods"]
    write_sheets(tmp_path, "two", rows, (QUESTION,), ["label"], 2, seed=8)
    assert [path.name for path in sheet_paths(tmp_path)] == ["coder_1.xlsx", "coder_2.xlsx"]
