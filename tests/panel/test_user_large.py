"""Small files that ask for more memory than there is, and numbers that are none."""

import io
import time
import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook

from dti_assets.errors import UserFigureError
from dti_assets.panel.yearbooks.figures import read_user_figures
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")
SHEET = "xl/worksheets/sheet1.xml"


def workbook(path: Path, old: str = "", new: str = "") -> None:
    """A sheet of one figure, with a piece of its XML put in place of another."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["province", "year", "gdp (亿元)"], ["浙江", 2015, 42886.5]):
        sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    with zipfile.ZipFile(content) as source, zipfile.ZipFile(path, "w", 8) as target:
        for name in source.namelist():
            text = source.read(name)
            if name == SHEET:
                assert old.encode() in text
                text = text.replace(old.encode(), new.encode(), 1)
            target.writestr(name, text)


def refusal(folder: Path) -> str:
    before = time.monotonic()
    with pytest.raises(UserFigureError) as caught:
        read_user_figures(folder, units=PROVINCES)
    assert time.monotonic() - before < 10
    return str(caught.value)


END = "</sheetData>"


@pytest.mark.parametrize(
    "new",
    [
        f'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>{END}',
        f'<row r="2000001"><c><v>1</v></c></row>{END}',
        f'{END}<mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>',
        f'{END}<hyperlinks><hyperlink ref="A1:XFD1048576" location="A1"/></hyperlinks>',
    ],
    ids=["stray cell", "stray row", "merged block", "link"],
)
def test_a_sheet_that_spans_too_much_is_refused(tmp_path: Path, new: str) -> None:
    workbook(tmp_path / "x.xlsx", END, new)
    assert "x.xlsx: cannot be read: sheet too large" in refusal(tmp_path)


def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    workbook(tmp_path / "x.xlsx", END, END + " " * (201 << 20))
    assert "sheet too large: the file unpacks to" in refusal(tmp_path)


def test_one_long_line_of_a_csv_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("province" + "," * 50_000 + "\n" + "a\n" * 50_000, "utf-8")
    assert "sheet too large: 50,001 rows" in refusal(tmp_path)


def test_an_ordinary_workbook_is_read(tmp_path: Path) -> None:
    workbook(tmp_path / "x.xlsx", END, f'{END}<mergeCells><mergeCell ref="E1:XFD9"/></mergeCells>')
    assert read_user_figures(tmp_path, units=PROVINCES).figures["value"].tolist() == [42886.5]


def test_numbers_that_are_not_finite_are_faults(tmp_path: Path) -> None:
    workbook(tmp_path / "x.xlsx", "<v>2015</v>", "<v>1e999</v>")
    assert "inf is no year" in refusal(tmp_path)
    workbook(tmp_path / "x.xlsx", "<v>42886.5</v>", "<v>1e999</v>")
    assert "'inf' is no number (gdp)" in refusal(tmp_path)
    (tmp_path / "x.xlsx").unlink()
    (tmp_path / "x.csv").write_text("province,year,gdp (亿元)\n浙江,2015,1e999\n", "utf-8")
    assert "'1e999' is no number (gdp)" in refusal(tmp_path)
