"""Workbooks as users have them: old formats, hidden parts, raised marks, number formats."""

import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import Workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont

from dti_assets.errors import UserFigureError
from dti_assets.panel.build import build_panel
from dti_assets.panel.official import official_statistics
from dti_assets.panel.yearbooks.figures import read_user_figures
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")
NAMES = [one.name for one in PROVINCES]
RAISED = InlineFont(vertAlign="superscript")


def book_of(header: str = "出口总额（万元）") -> Workbook:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["地区", "年份", header])
    for i, name in enumerate(NAMES):
        sheet.append([name, 2015, 1_000_000 + i])
    return book


def convert(path: Path, kind: str) -> None:
    """Put a workbook into another format, as LibreOffice writes it."""
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not installed")
    profile = f"-env:UserInstallation=file://{path.parent.parent / 'profile'}"
    command = [office, profile, "--headless", "--convert-to", kind, "--outdir", path.parent, path]
    subprocess.run(command, check=True, capture_output=True, timeout=200)
    path.unlink()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "panel").mkdir()
    return tmp_path / "panel"


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
@pytest.mark.parametrize("mark", ["1", "12", "1)", "a", "①"])
def test_a_raised_mark_is_no_digit_of_the_panel(folder: Path, kind: str, mark: str) -> None:
    if kind == "ods" and mark in ("12", "a"):
        pytest.skip("the others are enough for the conversion")
    book = book_of()
    sheet = book.active
    assert sheet is not None
    sheet["C5"] = CellRichText("1018000", TextBlock(RAISED, mark))
    sheet["A6"] = CellRichText(NAMES[4], TextBlock(RAISED, mark))
    sheet["C1"] = CellRichText("出口总额（万元）", TextBlock(RAISED, mark))
    book.save(folder / "x.xlsx")
    if kind == "ods":
        convert(folder / "x.xlsx", "ods")
    figures = read_user_figures(folder, units=PROVINCES).figures
    values = figures.set_index("province")["value"]
    assert values[NAMES[3]] == 1018000 and values[NAMES[4]] == 1000004 and len(values) == 31
    official = official_statistics((2015, 2015), level=PROVINCES.level)
    built = build_panel((2015, 2015), official=official, user=figures, units=PROVINCES)
    used = built.figures[built.figures["series"] == "total_exports"]
    assert used.set_index("province")["value"][NAMES[3]] == 1018000


def test_an_old_workbook(folder: Path) -> None:
    book = book_of()
    hidden = book.create_sheet("草稿")
    hidden.sheet_state = "hidden"
    hidden.append(["地区", "年份", "地区生产总值（亿元）"])
    hidden.append(["浙江", 2015, 42886])
    sheet = book.active
    assert sheet is not None
    book.save(folder / "x.xlsx")
    convert(folder / "x.xlsx", "xls")
    found = read_user_figures(folder, units=PROVINCES)
    assert found.figures["value"].tolist() == [1_000_000 + i for i in range(31)]
    assert "hidden sheet" in " ".join(found.skipped["reason"])
    # a text among numbers may be a figure with a note mark
    sheet["C5"] = CellRichText("1018000", TextBlock(RAISED, "1"))
    book.save(folder / "x.xlsx")
    convert(folder / "x.xlsx", "xls")
    with pytest.raises(UserFigureError, match=r"row 5, column C.*'10180001' is text among numbers"):
        read_user_figures(folder, units=PROVINCES)


def test_hidden_rows_and_columns_are_left_out_and_said(folder: Path) -> None:
    book = book_of()
    sheet = book.active
    assert sheet is not None
    sheet["D1"] = "地区生产总值（亿元）"
    for i in range(31):
        sheet.cell(i + 2, 4, 20000 + i)
    sheet.column_dimensions["D"].hidden = True
    for row in (4, 5, 9):
        sheet.row_dimensions[row].hidden = True
    book.save(folder / "x.xlsx")
    found = read_user_figures(folder, units=PROVINCES)
    assert set(found.figures["series"]) == {"total_exports"}
    assert set(NAMES) - set(found.figures["province"]) == {NAMES[2], NAMES[3], NAMES[7]}
    said = set(found.skipped["reason"])
    assert said >= {
        "rows 4 to 5 are hidden and not read",
        "row 9 is hidden and not read",
        "column D is hidden and not read",
    }


@pytest.mark.parametrize(("form", "value"), [("0.0%", 0.432), ("0.00%", 0.432), ("0.0", 43.2)])
def test_a_share_is_what_its_format_shows(folder: Path, form: str, value: float) -> None:
    book = book_of("GDP_sec (%)")
    sheet = book.active
    assert sheet is not None
    for i in range(31):
        sheet.cell(i + 2, 3, value).number_format = form
    book.save(folder / "x.xlsx")
    figures = read_user_figures(folder, units=PROVINCES).figures
    assert set(figures["value"]) == {43.2}


def test_a_number_shown_in_thousands_is_refused(folder: Path) -> None:
    book = book_of()
    sheet = book.active
    assert sheet is not None
    sheet["C3"].number_format = "#,##0,"
    sheet["C4"].number_format = "#,##0"
    book.save(folder / "x.xlsx")
    with pytest.raises(
        UserFigureError, match="row 3, column C: its number format shows it divided"
    ):
        read_user_figures(folder, units=PROVINCES)


def test_names_that_do_not_say_what_a_file_is(folder: Path) -> None:
    book_of().save(folder / "x.xlsx")
    (folder / "x.xlsx").rename(folder / "x.xls")
    assert len(read_user_figures(folder, units=PROVINCES).figures) == 31
    frame = pd.DataFrame({"province": NAMES, "year": 2016, "HR": 9.0})
    (folder / "y.xls").write_text(frame.to_csv(sep="\t", index=False), "gb18030")
    assert len(read_user_figures(folder, units=PROVINCES).figures) == 62
    (folder / "z.xls").write_text("<html><table><tr><td>1</td></tr></table></html>")
    with pytest.raises(UserFigureError, match=r"z\.xls: cannot be read: a web page under the name"):
        read_user_figures(folder, units=PROVINCES)
