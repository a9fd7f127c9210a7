"""Exported files opened by the programs that read them, and the template filled in."""

import re
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import load_workbook

from dti_assets.econ.tables import TABLE_COVERAGE
from dti_assets.panel.build import PanelTables, build_panel
from dti_assets.panel.export import export_panel, stata_label, write_csv
from dti_assets.panel.official import official_statistics
from dti_assets.panel.series import catalogue
from dti_assets.panel.tables import panel_table
from dti_assets.panel.template import write_template, write_workbook
from dti_assets.panel.variables import variables
from dti_assets.panel.yearbooks.figures import read_user_figures
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")
LEVEL = PROVINCES.level
PANEL = panel_table(LEVEL)
VARIABLES = variables(LEVEL)
NUMBERS = [v.name for v in VARIABLES if v.dtype == "float64"]


@pytest.fixture(scope="module")
def built() -> PanelTables:
    official = official_statistics((2009, 2022), level=LEVEL)
    return build_panel((2009, 2022), official=official, units=PROVINCES)


@pytest.fixture(scope="module")
def folder(built: PanelTables, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("export")
    export_panel(built, TABLE_COVERAGE.frame([]), out, level=LEVEL)
    return out


def same(frame: pd.DataFrame, panel: pd.DataFrame, rtol: float = 0) -> None:
    assert len(frame) == 434
    for name in NUMBERS:
        pd.testing.assert_series_equal(
            frame[name].astype(float), panel[name].astype(float), rtol=rtol, atol=0, obj=name
        )
    assert list(frame["province"]) == list(panel["province"])
    assert list(frame["bri"]) == list(panel["bri"])


def test_stata_with_labels_and_units(folder: Path, built: PanelTables) -> None:
    same(pd.read_stata(folder / "panel.dta"), built.panel)
    with pd.read_stata(folder / "panel.dta", iterator=True) as reader:
        labels = reader.variable_labels()
    assert labels["Export"] == "ln high-tech exports [ln(10k CNY)]"
    assert labels["RD"] == "ln new product projects per high-tech firm [ln(projects per firm)]"
    assert list(labels) == PANEL.column_names and all(labels.values())
    assert max(len(stata_label(name, LEVEL)) for name in PANEL.column_names) <= 80
    assert all(len(v.label) + len(v.unit) + 3 <= 80 for v in VARIABLES)
    assert all(re.fullmatch(r"[A-Za-z_]\w{0,31}", name) for name in labels)


def test_xlsx(folder: Path, built: PanelTables) -> None:
    # openpyxl writes 16 digits
    same(pd.read_excel(folder / "panel.xlsx"), built.panel, rtol=1e-15)
    about = pd.read_excel(folder / "panel.xlsx", sheet_name="variables").set_index("variable")
    assert (
        about.loc["FIE", "unit"] == "ln(10k CNY)" and about.loc["FIE", "coverage"][:8] == "complete"
    )
    book = load_workbook(folder / "panel.xlsx")
    assert book.sheetnames == ["panel", "variables", "coverage", "series", "tables", "sources"]
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                assert not (isinstance(cell.value, str) and cell.value[0] in "=+-@")


def test_csv_and_parquet(folder: Path, built: PanelTables) -> None:
    same(pd.read_csv(folder / "panel.csv", encoding="utf-8-sig"), built.panel)
    same(pd.read_parquet(folder / "panel.parquet"), built.panel)
    import pyarrow.parquet as pq

    field = pq.read_schema(folder / "panel.parquet").field("GDP")
    assert field.metadata[b"unit"] == b"ln(10k CNY)"


def test_no_text_becomes_a_formula(tmp_path: Path) -> None:
    bad = ["=1+1", "+1", "-x", "@SUM(A1)", "\t=1", "plain", ""]
    write_csv(pd.DataFrame({"a": bad, "n": [-1.5] * len(bad)}), tmp_path / "x.csv")
    read = pd.read_csv(tmp_path / "x.csv", keep_default_na=False)
    assert list(read["a"]) == ["'=1+1", "'+1", "'-x", "'@SUM(A1)", "'\t=1", "plain", ""]
    assert set(read["n"]) == {-1.5}
    write_workbook(tmp_path / "x.xlsx", [("s", ["=h"], [[text] for text in bad])])
    sheet = load_workbook(tmp_path / "x.xlsx")["s"]
    assert sheet["A1"].value == "'=h" and sheet["A2"].value == "'=1+1"
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)


def test_same_content_same_bytes(built: PanelTables, folder: Path, tmp_path: Path) -> None:
    export_panel(built, TABLE_COVERAGE.frame([]), tmp_path, level=LEVEL)
    again = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    # compared by name: bytes of a workbook in the message of a failure help nobody
    assert [name for name in again if again[name] != (folder / name).read_bytes()] == []
    assert len(again) == 6


def test_codebook_names_every_variable(folder: Path) -> None:
    markdown = (folder / "codebook.md").read_text(encoding="utf-8")
    page = (folder / "codebook.html").read_text(encoding="utf-8")
    for variable in VARIABLES:
        assert f"| {variable.name} | {variable.label} | {variable.unit} |" in markdown
        assert f"<td>{variable.name}</td>" in page
    assert "R&amp;D" in page and "R&D" in markdown
    assert len({line.count(" | ") for line in markdown.splitlines() if line[:4] == "| FI"}) == 1
    assert "http" not in page


def test_template_is_read_back(tmp_path: Path) -> None:
    path = write_template(tmp_path / "template.xlsx", (2009, 2022), PROVINCES)
    empty = read_user_figures(tmp_path, units=PROVINCES)
    assert empty.figures.empty
    frame = pd.read_excel(path, sheet_name="figures")
    assert len(frame) == 434
    assert len(frame.columns) == 3 + len(catalogue())
    variables = pd.read_excel(path, sheet_name="variables")
    assert list(variables["variable"]) == [v.name for v in VARIABLES]
    assert variables[["unit", "definition"]].notna().all().all()

    book = load_workbook(path)
    sheet = book["figures"]
    header = [cell.value for cell in sheet[1]]
    column = header.index("years_of_education (years)") + 1
    for i in range(2, 436):
        sheet.cell(i, column, 9.5)
    book.save(path)
    filled = read_user_figures(tmp_path, units=PROVINCES)
    assert set(filled.figures["series"]) == {"years_of_education"} and len(filled.figures) == 434
