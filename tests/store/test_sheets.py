"""Sheets of workbooks as a person sees them, in every format."""

import datetime
import shutil
import subprocess
import time
import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Font, PatternFill

from dti_assets.errors import UnreadableError
from dti_assets.store.sheet import Sheet
from dti_assets.store.spreadsheets import read_sheets

RAISED = InlineFont(vertAlign="superscript")
STRUCK = InlineFont(strike=True)


@pytest.fixture(scope="module")
def workbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "数据"
    sheet.append(["地区", "出口总额", 2015, "note"])
    sheet.append(["北京", 1018000, 0.412, datetime.datetime(2015, 12, 31)])
    sheet["C2"].number_format = "0.0%"
    sheet["A3"] = CellRichText("广东", TextBlock(RAISED, "2"))
    sheet["B3"] = CellRichText("1018000", TextBlock(RAISED, "1)"))
    sheet["B4"], sheet["B4"].font = 5, Font(strike=True)
    sheet["B5"], sheet["B5"].font = 6, Font(color="FFFFFFFF")
    sheet["B6"], sheet["B6"].font = "白", Font(color="FFFFFFFF")
    sheet["B6"].fill = PatternFill("solid", fgColor="FF000080")
    sheet["B7"] = CellRichText("新值", TextBlock(STRUCK, "旧"))
    sheet["B8"] = CellRichText("面积(km", TextBlock(RAISED, "2"), ")")
    sheet["A9"] = "合并"
    sheet.merge_cells("A9:C10")
    sheet["A11"] = "x"
    sheet.row_dimensions[8].hidden = True
    sheet.column_dimensions["D"].hidden = True
    draft = book.create_sheet("草稿")
    draft.sheet_state = "hidden"
    draft.append([1])
    path = tmp_path_factory.mktemp("books") / "a.xlsx"
    book.save(path)
    return path


def converted(path: Path, kind: str, folder: Path) -> Path:
    """The workbook as LibreOffice writes it."""
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not installed")
    profile = f"-env:UserInstallation=file://{folder / 'profile'}"
    command = [office, profile, "--headless", "--convert-to", kind, "--outdir", folder, path]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return folder / f"{path.stem}.{kind}"


def cell(sheet: Sheet, i: int, j: int) -> object:
    return sheet.cells[i][j] if i < len(sheet.cells) and j < len(sheet.cells[i]) else None


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_what_a_person_sees(workbook: Path, kind: str, tmp_path: Path) -> None:
    path = workbook if kind == "xlsx" else converted(workbook, kind, tmp_path)
    sheet, draft = read_sheets(path)
    assert sheet.cells[0][:4] == ["地区", "出口总额", 2015, "note"]
    assert sheet.cells[1][:4] == ["北京", 1018000, "41.2%", datetime.datetime(2015, 12, 31)]
    assert sheet.cells[2][:2] == ["广东²", "1018000¹"]
    assert cell(sheet, 3, 1) is None and sheet.unseen[3, 1] == "struck out"
    assert cell(sheet, 4, 1) is None and sheet.unseen[4, 1] == "in white"
    assert [cell(sheet, i, 1) for i in (5, 6, 7)] == ["白", "新值", "面积(km²)"]
    assert sheet.merged == [(8, 0, 9, 2)] and cell(sheet, 10, 0) == "x"
    assert sheet.hidden_rows == {7} and 3 in sheet.hidden_columns
    assert (sheet.hidden, draft.hidden, draft.name) == (False, True, "草稿")


def test_an_old_workbook_gives_values_and_hidden_sheets(workbook: Path, tmp_path: Path) -> None:
    sheet, draft = read_sheets(converted(workbook, "xls", tmp_path))
    assert sheet.marks_lost and draft.hidden
    assert sheet.cells[1][:3] == ["北京", 1018000, 0.412]
    assert sheet.merged == [(8, 0, 9, 2)]


def test_the_content_decides_and_not_the_name(workbook: Path, tmp_path: Path) -> None:
    shutil.copy(workbook, tmp_path / "a.xls")
    assert [sheet.name for sheet in read_sheets(tmp_path / "a.xls")] == ["数据", "草稿"]
    for content, said in (
        (b"<html><table><tr><td>1</td></tr></table></html>", "a web page"),
        (b"\x00\x01\x02", "no readable workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(5000), "no readable workbook"),
        (b"PK\x03\x04", "no readable"),
    ):
        (tmp_path / "b.xls").write_bytes(content)
        with pytest.raises(UnreadableError, match=said):
            list(read_sheets(tmp_path / "b.xls"))


def test_strict_workbooks_are_read(workbook: Path, tmp_path: Path) -> None:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    with (
        zipfile.ZipFile(workbook) as old,
        zipfile.ZipFile(tmp_path / "s.xlsx", "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            text = old.read(name).replace(
                main.encode(), b"http://purl.oclc.org/ooxml/spreadsheetml/main"
            )
            new.writestr(name, text)
    sheet, _ = read_sheets(tmp_path / "s.xlsx")
    assert sheet.cells[2][:2] == ["广东²", "1018000¹"]


def test_many_merged_blocks_take_no_longer_than_as_many_cells(tmp_path: Path) -> None:
    book = Workbook()
    book.active.append([1])  # type: ignore[union-attr]
    book.save(tmp_path / "m.xlsx")
    blocks = "".join(f'<mergeCell ref="E{2 * i + 1}:F{2 * i + 2}"/>' for i in range(60_000))
    with (
        zipfile.ZipFile(tmp_path / "m.xlsx") as old,
        zipfile.ZipFile(tmp_path / "n.xlsx", "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            text = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                end = f"</sheetData><mergeCells>{blocks}</mergeCells>"
                text = text.replace(b"</sheetData>", end.encode())
            new.writestr(name, text)
    start = time.monotonic()
    (sheet,) = read_sheets(tmp_path / "n.xlsx")
    assert len(sheet.merged) == 60_000 and time.monotonic() - start < 6
