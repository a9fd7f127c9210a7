"""Group panel: the official panel, a user's series, the frozen instrument, files and checks."""

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from made_studies import make_study, write_lines

from dti_assets.cli.main import main
from dti_assets.errors import StudyError
from dti_assets.pipeline.execution.preflight import preflight
from dti_assets.pipeline.execution.run import Outcome, freeze, run
from dti_assets.pipeline.resources import Workspace
from dti_assets.study.config import Study, load_study
from dti_assets.units.lists import shipped_units

Official = tuple[Study, Outcome]


def stored(study: Study, name: str) -> pd.DataFrame:
    return Workspace(study).stored(name)


def dti(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Exit status of the command line."""
    monkeypatch.setattr(sys, "argv", ["dti", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


def test_the_official_panel(official: Official) -> None:
    study, outcome = official
    assert outcome.success and not outcome.failures
    panel = stored(study, "panel")
    assert len(panel) == 434
    for name in ("GDP", "GDP_sec", "FIE", "EXR", "region", "bri", "municipality"):
        assert panel[name].notna().all(), name
    assert panel["DTI_iv"].notna().sum() == 430
    coverage = stored(study, "panel_coverage").set_index("variable")
    assert coverage.at["GDP", "state"] == "complete"
    assert coverage.at["HR", "state"] == "absent" and coverage.at["HR", "how_to_supply"]
    sources = stored(study, "panel_sources")
    assert len(sources) == 434 * sources["variable"].nunique()
    series = stored(study, "series_coverage").set_index("series")
    assert series.at["population", "figures"] == 434
    tables = stored(study, "table_coverage").set_index("table")
    assert tables.at["table_02_baseline", "runs"] == "proxy"
    assert tables.at["table_09_digital_finance", "runs"] == "no"


def test_checks_warn_in_words_and_block_nothing(official: Official) -> None:
    _, outcome = official
    found = {name: text for name, _, text in outcome.warnings}
    assert "DFI is absent" in found["panel_coverage.variables_present"]
    assert "EXR: 155 cells" in found["panel.verified_figures"]
    assert "total_trade" in found["panel.jumps_and_breaks"]
    assert "panel.complete_grid" not in found and "panel.national_totals" not in found


def test_what_a_table_cuts_is_said_and_shown_whole_elsewhere(
    official: Official, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def show(*arguments: str) -> tuple[str, str]:
        monkeypatch.setattr(
            sys, "argv", ["dti", "show", *arguments, "--study", str(official[0].file)]
        )
        main()
        out, err = capsys.readouterr()
        return out, err

    supply = stored(official[0], "panel_coverage").set_index("variable").at["HR", "how_to_supply"]
    out, err = show("panel_coverage")
    assert supply not in out and "how_to_supply" in err and "--format long" in err
    out, err = show("panel_coverage", "--format", "long")
    assert supply in out and err == ""
    printed = Path(official[0].output_url) / "tables" / "table_02_baseline.md"
    assert str(printed) in show("table_02_baseline", "--format", "md")[1]


def test_exported_files_have_their_checksums(official: Official) -> None:
    study, _ = official
    files = stored(study, "panel_export")
    assert set(files["path"]) == {
        f"panel/{name}"
        for name in (
            "panel.csv", "panel.parquet", "panel.xlsx", "panel.dta", "codebook.md", "codebook.html",
        )
    }  # fmt: skip
    for row in files.itertuples():
        content = (Path(study.output_url) / row.path).read_bytes()
        assert hashlib.sha256(content).hexdigest() == row.sha256
        assert len(content) == row.bytes
    assert len(pd.read_stata(Path(study.output_url) / "panel/panel.dta")) == 434


def test_a_users_series_changes_that_series_and_nothing_else(
    official: Official, copy: Callable[[str], Study]
) -> None:
    before = stored(official[0], "panel")
    study = copy("panel: {fill_gaps: [gdp]}\n")
    rows = [
        f"{unit.name},{year},{1000 + year}"
        for unit in shipped_units("provinces")
        for year in (2010, 2011)
    ]
    file = study.path(study.inputs.panel) / "mine.csv"
    file.write_text("\n".join(["province,year,gdp (亿元)", *rows]), encoding="utf-8")
    outcome = run(study, "group:panel")
    assert outcome.success
    after = stored(study, "panel")
    changed = [name for name in before if not before[name].equals(after[name])]
    assert changed == ["GDP"]
    moved = before["GDP"] != after["GDP"]
    assert set(after.loc[moved, "year"]) == {2010, 2011} and moved.sum() == 62
    cells = stored(study, "panel_sources")
    mine = cells[cells["origin"] == "user"]
    assert set(mine["variable"]) == {"GDP"} and len(mine) == 62
    assert len(stored(study, "user_figures")) == 62
    warned = {name: text for name, _, text in outcome.warnings}
    assert "gdp joins two sources" in warned["panel.one_source_a_series"]


def test_a_figure_that_cannot_be_trusted_is_named(copy: Callable[[str], Study]) -> None:
    study = copy("")
    file = study.path(study.inputs.panel) / "mine.csv"
    file.write_text("province,year,gdp (亿元)\n浙江,2010,many\n", encoding="utf-8")
    outcome = run(study, "user_figures")
    assert not outcome.success
    assert "mine.csv" in outcome.failures[0] and "row 2" in outcome.failures[0]


def test_a_header_that_is_not_recognised_is_named_before_any_panel_is_made(
    copy: Callable[[str], Study],
) -> None:
    study = copy("")
    file = study.path(study.inputs.panel) / "mine.csv"
    file.write_text("province,year,schooling (years)\n浙江,2016,9.2\n", encoding="utf-8")
    outcome = run(study, "user_figures")
    assert outcome.success and stored(study, "user_figures").empty
    warned = {name: text for name, _, text in outcome.warnings}
    assert "mine.csv schooling" in warned["figures_left_out.nothing_left_out"]


def test_a_series_of_two_cells_that_empties_tables_is_named(copy: Callable[[str], Study]) -> None:
    study = copy("")
    file = study.path(study.inputs.panel) / "education.csv"
    rows = "province,year,years_of_education (years)\n浙江,2016,9.2\n浙江,2017,9.3\n"
    file.write_text(rows, encoding="utf-8")
    outcome = run(study, "group:panel")
    assert outcome.success
    warned = {name: text for name, _, text in outcome.warnings}["table_coverage.controls_keep_rows"]
    assert warned.startswith("- HR (education.csv) has 2 of 434 cells and takes most rows from")
    # 92 rows have exports and the other controls, and two of them an education
    assert "3 (90 of 92)" in warned and "complete it, or take it out" in warned
    coverage = stored(study, "table_coverage").set_index("table")
    assert coverage.at["table_03_two_stage_least_squares", "runs"] == "no"
    # column (1) of the baseline has no controls
    assert coverage.at["table_02_baseline", "columns_that_run"].startswith("1")


def test_frozen_before_outcomes_then_changed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study(tmp_path / "own", "years: [2014, 2015]\n")
    outcome, sentence = freeze(study, replace=False)
    assert outcome.success and "is frozen in" in sentence
    run(study, "frozen_instrument")
    state = stored(study, "frozen_instrument").iloc[0]
    assert state["status"] == "frozen" and "before outcomes" in state["sentence"]

    text = study.file.read_text(encoding="utf-8")
    study.file.write_text(text.replace("great_circle ", "geodesic "), encoding="utf-8")
    assert dti(monkeypatch, "freeze", "--study", str(study.file)) == 2
    assert "another instrument is frozen" in capsys.readouterr().err
    changed = load_study(study.file)
    run(changed, "frozen_instrument")
    state = stored(changed, "frozen_instrument").iloc[0]
    assert state["status"] == "changed" and "instrument.distance" in state["differences"]


def test_the_template_is_made_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study(tmp_path / "own")
    path = tmp_path / "fill_in.xlsx"
    arguments = ("template", "panel", str(path), "--study", str(study.file))
    monkeypatch.setattr(sys, "argv", ["dti", *arguments])
    main()
    assert str(path) in capsys.readouterr().out
    sheets = pd.read_excel(path, sheet_name=None)
    assert list(sheets) == ["figures", "series", "variables"] and len(sheets["figures"]) == 434
    assert dti(monkeypatch, *arguments) == 2


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("panel: {fill_gaps: [gdpp]}\n", ("panel.fill_gaps", "gdpp", "did you mean gdp")),
        ("panel: {aliases: {企业数: frims}}\n", ("panel.aliases", "frims")),
        ("panel: {units: {gdp: 万人}}\n", ("panel.units", "gdp", "万人")),
        ("panel: {units: {gdp: parsecs}}\n", ("panel.units", "gdp", "parsecs")),
        ("panel: {unit: {gdp: 亿元}}\n", ("unknown key panel.unit",)),
        ("estimates: {draws: 10}\n", ("estimates.draws", "10")),
        ("estimates: {tables: nowhere}\n", ("estimates.tables", "nowhere")),
        ("estimates: {citations: nowhere.yaml}\n", ("nowhere.yaml",)),
    ],
)
def test_a_bad_key_is_one_sentence(
    lines: str,
    words: tuple[str, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_study(tmp_path / "own")
    path = write_lines(tmp_path / "own", lines)
    assert dti(monkeypatch, "run", "--study", str(path)) == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    for word in words:
        assert word in last


def test_aliases_and_units_are_those_of_the_study(tmp_path: Path) -> None:
    study = make_study(
        tmp_path / "own", "panel: {aliases: {企业单位数: high_tech_firms}, units: {gdp: 亿元}}\n"
    )
    assert study.panel.aliases == {"企业单位数": "high_tech_firms"}
    preflight(Workspace(study))
    with pytest.raises(StudyError):
        load_study(tmp_path / "nothing.yaml")
