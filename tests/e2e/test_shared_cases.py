"""Files after public bug reports: from the file to what `dti show` prints of it.

The right values are those of the README in the folder of each case.
"""

import io
import shutil
from pathlib import Path

import pandas as pd
import pytest
from small_study import dti, make_study

REPORTS = {
    ("01_docx_word_online", "福建", 2015): 10,
    ("03_docx_null_target", "福建", 2017): 10,
    ("04_docx_hidden_text", "福建", 2018): 10,
    ("06_superscript_marks", "湖南", 2019): 10,
    ("06_superscript_marks", "湖南", 2020): 10,
    ("07_html_hidden_copy", "湖北", 2015): 10,
    ("07_html_hidden_copy", "湖北", 2016): 10,
    ("07_html_hidden_copy", "湖北", 2017): 10,
    ("11_pdf_drawn_twice", "山东", 2015): 10,
    ("11_pdf_drawn_twice", "山东", 2016): 10,
    ("11_pdf_drawn_twice", "山东", 2017): 10,
    ("11_pdf_drawn_twice", "山东", 2018): 10,
    ("11_pdf_drawn_twice", "山东", 2021): 10,
    ("13_pdf_running_heads", "山东", 2020): 10,
    ("14_docx_table_of_contents", "四川", 2019): 14,
}
TERMS = {
    ("福建", 2015): {"数字经济": 6, "大数据": 4},
    ("湖南", 2019): {"数字经济": 4, "5G": 6},
    ("湖南", 2020): {"数字经济": 4, "5G": 6},
}


def _shown(study: Path, asset: str) -> pd.DataFrame:
    done = dti("show", asset, "--study", str(study), "--format", "csv")
    assert done.returncode == 0, done.stderr
    return pd.read_csv(io.StringIO(done.stdout))


def _run(study: Path, *assets: str) -> str:
    done = dti("run", "--study", str(study), "--select", ",".join(f"+{name}" for name in assets))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout + done.stderr


def _study(
    folder: Path, inputs: dict[str, Path], years: str = "[2009, 2022]", extra: str = ""
) -> Path:
    study = make_study(folder, extra, years)
    for name, case in inputs.items():
        shutil.copytree(
            case, folder / name, dirs_exist_ok=True, ignore=shutil.ignore_patterns("README")
        )
    return study


@pytest.fixture(scope="module")
def cases(shared: Path) -> Path:
    return shared / "cases"


@pytest.fixture(scope="module")
def reports(cases: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study over every report of the cases but one of two that are the same."""
    folder = tmp_path_factory.mktemp("reports")
    study = _study(folder, {}, "[2015, 2021]")
    for case in {case for case, *_ in REPORTS} | {"08_html_first_page_of_two"}:
        for path in (cases / case).iterdir():
            if path.name != "README" and not path.name.startswith("陕西"):
                shutil.copy(path, folder / "reports_raw")
    _run(study, "policy_attention")
    return study


@pytest.fixture(scope="module")
def attention(reports: Path) -> pd.DataFrame:
    return _shown(reports, "policy_attention").set_index(["province", "year"])


@pytest.mark.parametrize(("case", "province", "year"), REPORTS)
def test_hits_of_a_report(attention: pd.DataFrame, case: str, province: str, year: int) -> None:
    assert attention.loc[(province, year), "keyword_hits"] == REPORTS[case, province, year]


@pytest.fixture(scope="module")
def counts(reports: Path) -> pd.DataFrame:
    return _shown(reports, "keyword_counts")


@pytest.mark.parametrize(("province", "year"), TERMS)
def test_terms_of_a_report(counts: pd.DataFrame, province: str, year: int) -> None:
    found = counts[(counts["province"] == province) & (counts["year"] == year)]
    hits = found.groupby("term")["hits_longest"].sum()
    assert hits[hits > 0].to_dict() == TERMS[province, year]


def test_review_and_plan_behind_a_table_of_contents(counts: pd.DataFrame) -> None:
    found = counts[(counts["province"] == "四川") & (counts["year"] == 2019)]
    hits = found.groupby("section")["hits_longest"].sum()
    assert hits.get("review", 0) == 0
    assert hits["plan"] == 14


def test_the_same_report_of_two_provinces(cases: Path, tmp_path: Path) -> None:
    study = _study(tmp_path, {}, "[2019, 2019]")
    path = cases / "14_docx_table_of_contents" / "陕西省2019年政府工作报告.docx"
    shutil.copy(path, tmp_path / "reports_raw")
    _run(study, "policy_attention")
    shown = _shown(study, "policy_attention").set_index("province")
    assert shown.loc["陕西", "keyword_hits"] == 14


def test_the_first_of_two_pages_is_no_report(reports: Path, attention: pd.DataFrame) -> None:
    files = _shown(reports, "report_files")
    row = files[files["path"].str.contains("湖北省2018")].iloc[0]
    hits = attention["keyword_hits"].get(("湖北", 2018))
    assert row["status"] != "ok" or pd.isna(hits) or "page" in str(row["reason"])
    assert not (row["status"] == "ok" and hits == 0)


def test_a_date_without_ten(cases: Path, tmp_path: Path) -> None:
    study = _study(tmp_path, {"reports_raw": cases / "71_report_date_without_ten"}, "[2014, 2016]")
    _run(study, "policy_attention")
    files = _shown(study, "report_files")
    assert files["year"].tolist() == [2015]


PATENTS = {
    "21_patents_pinggu_columns": {
        ("浙江", 2018): (1, None), ("广东", 2019): (1, 1), ("江苏", 2019): (1, None),
        ("浙江", 2020): (None, 1),
    },
    "22_patents_guarded_numbers": {("浙江", 2018): (4, None), ("浙江", 2020): (None, 4)},
    "23_patents_stray_quotes_tsv": {("浙江", 2019): (20, None)},
    "29_patents_null_markers": {("浙江", year): (5, None) for year in range(2010, 2016)},
    "33_patents_zhuanlihao": {("浙江", 2015): (3, None), ("浙江", 2018): (None, 3)},
    "34_patents_name_of_firm": {("浙江", 2019): (2, None)},
}  # fmt: skip


@pytest.mark.parametrize("case", PATENTS)
def test_patents(cases: Path, case: str, tmp_path: Path) -> None:
    study = _study(tmp_path, {"patents_raw": cases / case})
    _run(study, "patent_counts")
    counts = _shown(study, "patent_counts").set_index(["province", "year"])
    wanted = PATENTS[case]
    for (province, year), (applications, grants) in wanted.items():
        row = counts.loc[(province, year)]
        assert applications is None or row["applications"] == applications
        assert grants is None or row["grants"] == grants
    assert counts["applications"].sum() == sum(pair[0] or 0 for pair in wanted.values())
    assert counts["grants"].sum() == sum(pair[1] or 0 for pair in wanted.values())


def test_all_patents_of_a_dump_with_stray_quotes(cases: Path, tmp_path: Path) -> None:
    study = _study(tmp_path, {"patents_raw": cases / "23_patents_stray_quotes_tsv"})
    _run(study, "digital_patents")
    assert len(_shown(study, "digital_patents")) == 40


# case -> (series, years, number of figures it must give); a series that must not be given: 0
PANEL = {
    "41_panel_superscript_figure": {"total_exports": (None, 62)},
    "42_panel_continued_table": {
        "population": (2016, 31), "gdp": (2016, 31), "secondary_industry_share": (2016, 31),
        "fiscal_expenditure": (2016, 31),
    },
    "44_panel_stata_repeated_labels": {"gdp": (None, 434)},
    "46_panel_hidden_sheet": {"gdp": (2016, 31)},
    "50_panel_qualifier_in_brackets": {
        "gdp": (None, 0), "patent_applications_all": (None, 0), "population": (None, 0),
        "total_exports": (None, 0), "fiscal_expenditure": (None, 0),
    },
    "51_panel_part_in_title": {
        "total_trade": (None, 0), "total_exports": (None, 0), "patent_applications_all": (None, 0),
        "patent_applications_invention": (None, 0),
    },
    "52_panel_capital_cities": {"gdp": (None, 0), "population": (None, 0)},
}  # fmt: skip


@pytest.mark.parametrize("case", PANEL)
def test_figures(cases: Path, case: str, tmp_path: Path) -> None:
    study = _study(tmp_path, {"panel_raw": cases / case})
    _run(study, "user_figures", "figures_left_out")
    figures = _shown(study, "user_figures")
    for series, (year, number) in PANEL[case].items():
        found = figures[figures["series"] == series]
        assert found["value"].notna().sum() == number, series
        assert year is None or set(found["year"]) == {year}
    values = figures.set_index(["series", "province", "year"])["value"]
    if case.startswith("41"):
        assert values[("total_exports", "广东", 2015)] == 1018000
        assert values[("total_exports", "辽宁", 2015)] == 1005000
    if not all(number for _, number in PANEL[case].values()) or case.startswith("46"):
        assert len(_shown(study, "figures_left_out"))


# what is read, or the line that the run names
OR_A_FAULT = {
    "70_panel_csv_row_longer_than_header": ("high_tech_firms", 31),
    "73_panel_csv_open_quote": ("gdp", 31),
}


@pytest.mark.parametrize("case", OR_A_FAULT)
def test_a_damaged_line_is_read_or_named(cases: Path, case: str, tmp_path: Path) -> None:
    study = _study(tmp_path, {"panel_raw": cases / case})
    done = dti("run", "--study", str(study), "--select", "+user_figures,+figures_left_out")
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    if done.returncode:
        assert done.returncode == 1
        assert "line" in said or "row" in said
        return
    series, number = OR_A_FAULT[case]
    figures = _shown(study, "user_figures")
    found = figures[(figures["series"] == series) & figures["value"].notna()]
    left_out = _shown(study, "figures_left_out")
    lines = left_out["row"].dropna().nunique() if len(found) < number else 0
    assert len(found) + lines == number
    at_jiangsu = found.loc[found["province"] == "江苏", "value"].tolist()
    assert series == "gdp" or at_jiangsu in ([], [4903])
