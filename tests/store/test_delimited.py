"""Text of CSV-like files: encodings, delimiters, quotation marks, width of rows, nothing."""

import csv
import io
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dti_assets.errors import UnreadableError
from dti_assets.store.delimited import (
    decoded,
    delimiter,
    is_nothing,
    rows,
    unguarded,
)

TEXT = "省份,年份,gdp\n浙江,2015,43507.7\n" * 50


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030"])
def test_encodings(encoding: str) -> None:
    text = "province,year,gdp\nZhejiang,2015,1\n" if encoding == "utf-16-le" else TEXT
    assert decoded(text.encode(encoding)) == text


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_one_bad_byte_is_damage_and_no_other_encoding(encoding: str) -> None:
    raw = bytearray((TEXT * 10).encode(encoding))
    raw[raw.index(b"7\n")] = 0xFF
    text = decoded(bytes(raw))
    assert "浙江,2015,43507.7" in text and text.count("\ufffd") == 1


def test_bytes_of_no_encoding() -> None:
    with pytest.raises(UnreadableError):
        decoded(bytes(range(128, 256)) * 20)


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("a,b,c\n1,2,3\n", ","),
        ("a\tb\tc\n一,二,三\t2\t3\n一,二,三,四,五\t2\t3\n", "\t"),
        ("a;b;c\n1,5;2,5;3,5\n1,5;2,5;3,5\n", ";"),
        ("a|b\n1|2\n", "|"),
        ('name;n\n"a,b,c,d";1\n"a,b,c,d";2\n', ";"),
        ("各地区生产总值\n单位:亿元\n地区;2015;2016\n浙江;1;2\n注:甲,乙\n", ";"),
        ("one column\nof text\n", ","),
    ],
)
def test_delimiters(text: str, mark: str) -> None:
    assert delimiter(text) == mark
    assert delimiter(text.replace("\n", "\r")) == mark


@given(
    st.lists(
        st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=6),
                 min_size=3, max_size=3),
        min_size=1, max_size=6,
    ),
    st.sampled_from(",\t;|"),
)  # fmt: skip
def test_what_csv_writes_is_read(table: list[list[str]], mark: str) -> None:
    table = [[f"x{cell}" for cell in row] for row in table]
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=mark, quoting=csv.QUOTE_ALL).writerows(table)
    found, faults = rows(out.getvalue(), mark)
    swallowed = any("\n" in cell for row in table for cell in row)
    if not swallowed:
        assert [row.cells for row in found] == table and not faults


def test_a_cell_of_several_lines_is_one_cell() -> None:
    text = 'a,"地区生产总值\n(亿元)",c\r\n1,"x ""y""",3\r4,5,6'
    found, faults = rows(text, ",")
    assert [row.cells for row in found] == [
        ["a", "地区生产总值\n(亿元)", "c"], ["1", 'x "y"', "3"], ["4", "5", "6"],
    ]  # fmt: skip
    assert [row.line for row in found] == [1, 3, 4] and not faults


@pytest.mark.parametrize("mark", [",", "\t", ";", "|"])
@pytest.mark.parametrize("where", [[4], [4, 30], [4, 5, 6], [40]])
@pytest.mark.parametrize("cell", ['"一种方法', '"', '"一种"方法"', '一种方法"'])
def test_an_open_quotation_mark_swallows_no_line(mark: str, where: list[int], cell: str) -> None:
    lines = [f"{i}{mark}一种方法{mark}{2000 + i}" for i in range(1, 41)]
    for i in where:
        lines[i - 1] = f"{i}{mark}{cell}{mark}{2000 + i}"
    found, faults = rows("\n".join(["n" + mark + "title" + mark + "year", *lines]), mark)
    assert len(found) == 41
    assert [row.cells[2] for row in found[1:]] == [str(2000 + i) for i in range(1, 41)]
    assert [row.cells[1] for row in found if row.line - 1 in where] == [cell] * len(where)
    if cell in ('"一种方法', '"'):
        assert [fault.line for fault in faults] == [i + 1 for i in where]
        assert not any(fault.lost for fault in faults)


def test_a_mark_that_opens_in_one_line_and_closes_in_another() -> None:
    text = 'n,title,year\n1,"open,2001\n2,plain,2002\n3,closed",2003\n4,"a,b",2004\n'
    found, faults = rows(text, ",")
    assert [row.cells[-1] for row in found] == ["year", "2001", "2002", "2003", "2004"]
    assert [fault.line for fault in faults] == [2]


@pytest.mark.parametrize(
    "line", ["江苏,2015,4,903", "江苏,2015,4,903,", "江苏,2015,1,018,000.5", "江苏,2015,1,x,,"]
)
def test_a_row_longer_than_its_header_is_lost_and_named(line: str) -> None:
    found, faults = rows(f"province,year,firms\n浙江,2015,7\n{line}\n安徽,2015,8\n", ",")
    assert [row.cells[0] for row in found] == ["province", "浙江", "安徽"]
    assert [(fault.line, fault.lost) for fault in faults] == [(3, True)]
    # an empty column behind hides the shift from the width alone
    text = "province,year,firms,note\n浙江,2015,7,\n江苏,2015,4,903,\n安徽,2015,8,\n"
    assert [fault.line for fault in rows(text, ",")[1]] == [3]


def test_empty_cells_at_the_end_are_no_fault() -> None:
    text = "province,year,firms\n浙江,2015,7,\n江苏,2015,8,\n安徽,2015,9,,\n上海,2015\n"
    found, faults = rows(text, ",")
    assert len(found) == 5 and not faults


def test_random_rows_keep_their_lines() -> None:
    draw = random.Random(7)
    for _ in range(200):
        lines = ["a,b,c"]
        wide = []
        for line in range(2, 40):
            cells = [draw.choice(["x", '"p,q"', "", '5"', "甲"]) for _ in range(3)]
            if draw.random() < 0.1:
                cells += ["y"]
                wide.append(line)
            lines.append(",".join(cells) if any(cells) else "z,,")
        found, faults = rows("\n".join(lines), ",")
        assert [fault.line for fault in faults if fault.lost] == wide
        assert len(found) == 39 - len(wide)


@pytest.mark.parametrize(
    "cell",
    [None, "", " ", "-", "--", "\\N", "NULL", "null", "N/A", "NaN", "无", "None", "#N/A", "—", "－",
     "0000-00-00", "\t-\t", "'", "'-", '="NULL"', "\u00a0", "\u200b", "\x1f\\N", "……"],
)  # fmt: skip
def test_nothing(cell: str | None) -> None:
    assert is_nothing(cell)


@pytest.mark.parametrize("cell", ["0", "无锡", "a", "NAN京", "-1", "2015", "nullify", "无人机"])
def test_something(cell: str) -> None:
    assert not is_nothing(cell)


@pytest.mark.parametrize(
    "cell", ["'1018000", '="1018000"', '= "1018000"', "\t1018000", "\u00a01018000\u00a0",
             "1018000\u200b", "\x1f1018000\x1f", "\ufeff1018000", "\u20601018000", "’1018000"]
)  # fmt: skip
def test_guards_of_a_number(cell: str) -> None:
    assert unguarded(cell) == "1018000"


def test_a_column_without_a_name_shifts_nothing() -> None:
    text = "province,year,firms,\n浙江,2015,7,初步数\n江苏,2015,4,903\n安徽,2015,8,\n"
    found, faults = rows(text, ",")
    assert len(found) == 3 and [fault.line for fault in faults] == [3]
