"""Printed tables: what every format says is what was stored, and nothing odd breaks a format."""

import io
import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import docx
import lxml.html
import pandas as pd
import pytest
from table_readers import READERS, compile_latex, latex_engine

from dti_assets.econ.tables import DESCRIPTIVES, ESTIMATES, WEAK_INSTRUMENTS
from dti_assets.publishing.formats.latex import escape, latex_table
from dti_assets.publishing.formats.markup import html_page, markdown_table
from dti_assets.publishing.formats.word import word_table
from dti_assets.publishing.formats.write import FORMATS, write_table
from dti_assets.publishing.other_tables import descriptive_table, weak_instrument_table
from dti_assets.publishing.regression_table import PrintedTable, TableText, regression_table
from dti_assets.publishing.typesetting import number, probability
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")
LEVEL = PROVINCES.level
TEXT = TableText("table_02_baseline", "Baseline", "Table 2", ("A note.",))
NASTY = r"""a_b & 5 % of $x$ #1 {y} ~ ^ \input | <b>x</b> "q" 杭州 清 `c` *d*"""


def estimates(**changes: object) -> pd.DataFrame:
    """Two columns: a key term and a control, the second column clustered over too few."""
    common: dict[str, object] = {
        "table": "2",
        "label": "Table 2",
        "outcome": "Export",
        "n_obs": 434,
        "r2": 0.9876,
    }
    common |= {"n_clusters": 31, "errors": "clustered by province", "r2_within": -0.25}
    common |= {"outcome_mean": 14.41, "note": "years 2009-2022; N = 434", "controls": "GDP"}
    common |= {"fixed_effects": "province, year"}
    rows = [
        {"column": "1", "term": "DTIn", "role": "key", "estimate": -0.0004, "std_error": 0.1005}
        | {"p_wild": 0.0001, "stars": "***"},
        {"column": "1", "term": "GDP", "role": "control", "estimate": 2.5, "std_error": 12.0},
        {"column": "1", "term": "EXR", "role": "control", "reason": "absorbed: EXR is constant"},
        {"column": "2", "term": "DTIn", "role": "key", "estimate": -123456.7, "se_hc1": 0.25},
    ]
    return LEVEL.table(ESTIMATES).frame([common | row | changes for row in rows])


def grids() -> dict[str, Callable[[PrintedTable], list[list[str]]]]:
    """What each format says, read back with a reader of its own: rows of cells."""
    return {
        "tex": lambda table: READERS["tex"](latex_table(table).encode()),
        "docx": lambda table: READERS["docx"](word_table(table)),
        "html": lambda table: READERS["html"](html_page(table).encode()),
        "md": lambda table: READERS["md"](markdown_table(table).encode()),
    }


@pytest.mark.parametrize("ending", ["tex", "docx", "html", "md"])
def test_estimates_read_back_are_the_stored_ones(ending: str) -> None:
    frame = estimates()
    grid = grids()[ending](regression_table(frame, TEXT, PROVINCES))
    assert grid[0][1:] == ["(1)", "(2)"] and grid[1][1:] == ["Export", "Export"]
    start = next(place for place, row in enumerate(grid) if row[0] == "DTIn")
    stored = frame[frame["term"] == "DTIn"]["estimate"]
    shown = [float(cell.rstrip("*")) for cell in grid[start][1:]]
    assert shown == [pytest.approx(value, rel=5e-3) for value in stored]
    assert grid[start][1:] == ["-4.00e-04***", "-123457"]
    assert grid[start + 1] == ["", "(0.101)", "{0.250}"]
    assert grid[start + 2] == ["", "[<0.001]", ""]
    found = {row[0]: row[1:] for row in grid if row[0]}
    assert found["GDP"] == ["2.500", ""] and found["EXR"] == ["absorbed", ""]
    assert found["N"] == ["434", "434"] and found["Provinces"] == ["31", "31"]
    assert found["R²"] == ["0.988", "0.988"]
    assert found["Province effects"] == ["yes", "yes"]


@pytest.mark.parametrize("ending", ["tex", "docx", "html", "md"])
def test_weak_instrument_numbers_read_back_are_the_stored_ones(ending: str) -> None:
    row = {"table": "3", "label": "Table 3", "column": "second stage", "outcome": "Export"}
    row |= {"endogenous": "DTIn", "instruments": "z", "largest_cluster": "浙江"}
    numbers = {"estimate": 1.23456, "std_error": 2.5, "first_stage": -5.4321, "effective_f": 3.21}
    sets = {"ar_set": "(-inf, inf)", "tf_low": -math.inf, "tf_high": math.inf}
    frame = LEVEL.table(WEAK_INSTRUMENTS).frame([row | numbers | sets])
    printed = weak_instrument_table(
        frame, TableText("weak_instrument_inference", "Inference"), PROVINCES
    )
    found = {line[0]: line[1] for line in grids()[ending](printed)}
    assert found["2SLS estimate"] == "1.235" and found["First stage"] == "-5.432"
    assert found["Effective F"] == "3.210" and found["95 % tF interval"] == "(-∞, ∞)"
    assert found["Province that carries most"] == "Zhejiang"


@pytest.mark.parametrize("clustered", [True, False])
def test_a_set_is_called_wild_where_it_is_and_clusters_provinces_where_they_are(
    clustered: bool,
) -> None:
    row = {"table": "3", "label": "Table 3", "column": "second stage", "outcome": "Export"}
    row |= {"endogenous": "DTIn", "instruments": "z", "estimate": 1.0, "ar_set": "[1, 2]"}
    wild = {"p_wild": 0.1, "largest_cluster": "East", "smallest_f": 2.0}
    frame = LEVEL.table(WEAK_INSTRUMENTS).frame([row | (wild if clustered else {})])
    printed = weak_instrument_table(
        frame, TableText("weak_instrument_inference", "Inference"), PROVINCES
    )
    labels = {line.label for line in printed.body}
    assert ("95 % AR set, wild" in labels) == clustered == ("bootstrap" in printed.notes[0])
    assert ("95 % AR set, Wald" in labels) != clustered
    assert not any("rovince" in label for label in labels)
    assert ("Cluster that carries most" in labels) == clustered


@pytest.mark.parametrize("ending", ["tex", "docx", "html", "md"])
def test_descriptives_read_back_are_the_stored_ones(ending: str) -> None:
    rows = [
        {"variable": "Export", "n_obs": 434, "mean": 14.41, "std_dev": 2.0, "std_within": 0.5}
        | {"minimum": -1.0, "median": 14.0, "maximum": 19.0, "years": "2009-2022"},
        {"variable": "DFI", "reason": "absent from the data: DFI"},
    ]
    frame = LEVEL.table(DESCRIPTIVES).frame(
        [{"table": "1", "label": "Table 1"} | row for row in rows]
    )
    printed = descriptive_table(frame, TEXT, PROVINCES, {"DFI": "a file"})
    grid = grids()[ending](printed)
    numbers = ["14.410", "2.000", "0.500", "-1.000", "14.000", "19.000"]
    assert grid[1] == ["Export", "434", *numbers, "2009-2022"]
    assert "To supply DFI: a file." in printed.notes


def test_csv_holds_full_precision(tmp_path: Path) -> None:
    frame = estimates(estimate=1 / 3)
    write_table(tmp_path, regression_table(frame, TEXT, PROVINCES), frame)
    read = pd.read_csv(tmp_path / "table_02_baseline.csv")
    assert read["estimate"].tolist() == [1 / 3] * len(frame)


def test_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    made = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        write_table(folder, regression_table(estimates(), TEXT, PROVINCES), estimates())
        made.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert made[0] == made[1] and len(made[0]) == len(FORMATS)


def test_a_table_not_estimated_says_why_and_what_to_do() -> None:
    row = {"table": "9", "label": "O9", "column": "1", "outcome": "Export", "term": "DFI"}
    frame = LEVEL.table(ESTIMATES).frame(
        [row | {"role": "key", "reason": "absent from the data: DFI"}]
    )
    printed = regression_table(
        frame, replace(TEXT, name="t9"), PROVINCES, {"DFI": "a file with the index"}
    )
    assert printed.width == 0
    whole = "Not estimated: (1), absent from the data: DFI."
    read = docx.Document(io.BytesIO(word_table(printed)))
    said = {
        "docx": "\n".join(paragraph.text for paragraph in read.paragraphs),
        "tex": latex_table(printed),
        "html": html_page(printed),
        "md": re.sub(r"\\(.)", r"\1", markdown_table(printed)),
    }
    for text in said.values():
        assert whole in text and "To supply DFI: a file with the index." in text


def test_characters_that_mean_something_to_a_format_are_escaped() -> None:
    frame = estimates(outcome=NASTY, note=NASTY + "\x07")
    printed = regression_table(frame, replace(TEXT, title=NASTY), PROVINCES)
    latex = latex_table(printed)
    assert latex.isascii() and r"\input" not in latex.replace(r"\input}", "")
    assert "Hangzhou" in latex and "U+6E05" in latex
    assert escape("各地区高技术产品, x") == "[Chinese, see the other formats], x"
    page = lxml.html.fromstring(html_page(printed).encode())
    assert not page.xpath("//b") and NASTY in page.xpath("//caption")[0].text_content()
    assert "<b>" not in markdown_table(printed) and "| <" not in markdown_table(printed)
    read = docx.Document(io.BytesIO(word_table(printed)))
    assert NASTY in read.paragraphs[0].text
    assert escape("50 % & 1_0") == r"50 \% \& 1\_0"


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("10⁶", r"10\textsuperscript{6}"),
        ("10⁻³", r"10\textsuperscript{$-$}\textsuperscript{3}"),
        *(("2½", "2$^{1}/_{2}$"), ("x₀", "x$_{0}$"), ("é", "e"), ("℃", r"$^{\circ}$C")),
        *(("±1·2×3", r"$\pm$1$\cdot$2$\times$3"), ("µρΔ", r"$\mu$$\rho$$\Delta$")),
    ],
)
def test_a_number_in_latex_stays_the_number(text: str, latex: str) -> None:
    assert escape(text) == latex


def test_chinese_in_cells_is_english_as_in_notes() -> None:
    changes = {"sample": "province = 广东 or 浙江", "column_label": "浙江", "outcome": "广东 x"}
    printed = regression_table(estimates(**changes), TEXT, PROVINCES)
    assert printed.headings[1:] == (("Zhejiang", "Zhejiang"), ("Guangdong x", "Guangdong x"))
    (sample,) = [row for row in printed.footer if row.label == "Sample"]
    assert sample.cells[0].text == "province = Guangdong or Zhejiang"


def test_controls_are_counted_once_and_reasons_told_once() -> None:
    gone = "collinear: W2 is a linear combination of the regressors before it"
    note = f"N = 434; {gone}; absorbed: z is constant"
    frame = estimates(controls="W", controls_absent="Q", note=note)
    few = {"column": "2", "reason": "3 clusters: no clustered inference exists"}
    more = [
        {"column": "1", "term": "W", "role": "control", "estimate": 1.0},
        {"column": "1", "term": "W2", "role": "control", "reason": gone},
        few | {"term": "W", "role": "control", "estimate": 1.0, "controls": "W"},
        few | {"term": "b", "role": "key", "estimate": 1.0, "reason": "another reason"},
    ]
    head = frame.iloc[0].to_dict() | {"p_wild": None}
    rows = [head | {"estimate": None, "reason": None} | row for row in more]
    keys = frame[frame["role"] == "key"].to_dict("records")
    printed = regression_table(LEVEL.table(ESTIMATES).frame([*keys, *rows]), TEXT, PROVINCES)
    (controls,) = [row for row in printed.footer if row.label == "Controls"]
    assert [cell.text for cell in controls.cells] == ["1 of 3", "1 of 2"]
    notes = " ".join(printed.notes)
    assert notes.count(gone) == 1 and f"{few['reason']}." in notes and "another reason." in notes


@pytest.mark.parametrize(
    ("errors", "word"),
    [("clustered by province", "Provinces"), ("clustered by city", "Clusters"),
     ("robust", "Clusters")],
)  # fmt: skip
def test_clusters_are_provinces_where_the_errors_say_so(errors: str, word: str) -> None:
    labels = {
        row.label for row in regression_table(estimates(errors=errors), TEXT, PROVINCES).footer
    }
    assert word in labels and len(labels & {"Provinces", "Clusters"}) == 1


def test_a_title_too_long_for_the_properties_of_a_document_is_cut_there_alone() -> None:
    title = "a title\x07 " + "of many words " * 30
    read = docx.Document(
        io.BytesIO(word_table(regression_table(estimates(), replace(TEXT, title=title), PROVINCES)))
    )
    kept = read.core_properties.title
    assert len(kept) == 255 and kept.endswith("…") and kept.startswith("Table 2. a title")
    assert read.paragraphs[0].text.endswith("of many words ")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((-0.0, "0.000"), (0.0005, "5.00e-04"), (0.3425, "0.343"), (0.0625, "0.062")),
        *((1.5, "1.500"), (None, ""), (float("-inf"), "-∞"), (-2.0004, "-2.000")),
    ],
)
def test_numbers_are_rounded_once_and_keep_their_zeros(value: float | None, text: str) -> None:
    # 0.3425 lies above the half in binary, 0.0625 is the half exactly
    assert number(value) == text


def test_no_p_value_is_zero() -> None:
    assert probability(0.0001) == "<0.001" and probability(0.05) == "0.050"
    assert probability(None) == ""


def test_latex_compiles(tmp_path: Path) -> None:
    engine = latex_engine()
    if engine is None:
        pytest.skip("neither pdflatex nor xelatex is installed")
    frame = estimates(outcome=NASTY, note=f"{NASTY} 10⁻⁶ ½ x₀ ± · ° ≠ µ ρ ς Δ Ω Α → § ≈ ÷ ℃ ⅞")
    (tmp_path / "t.tex").write_text(
        latex_table(regression_table(frame, TEXT, PROVINCES)), encoding="ascii"
    )
    compile_latex(engine, tmp_path, ["t"])
