"""Influence and random dictionaries in a run: a deleted file and a struck-out term by hand."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from made_studies import FEW_DRAWS, change_study
from small_study import dti

from dti_assets.econ.tables import KINDS
from dti_assets.pipeline.execution.run import Outcome, run
from dti_assets.pipeline.resources import Workspace
from dti_assets.simulation.study import EXTRA_TERM, simulate_study
from dti_assets.study.config import Study

TABLES = "+table_03_two_stage_least_squares,+table_02_baseline"
POLICY = "digital_economy_policy.csv"
Official = tuple[Study, Outcome]


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Seven provinces and four years with reports, patents and figures, run as far as influence.

    Hits overlap, so that a term struck from the dictionary takes its own hits and no others."""
    folder = tmp_path_factory.mktemp("influence") / "study"
    simulate_study(folder, 7, (2015, 2018), 400, seed=11)
    lines = FEW_DRAWS + f"text: {{dictionary: dictionaries/{POLICY}, hits: overlap}}\n"
    study = change_study(folder, lines)
    assert run(study, f"+influence,+dictionary_permutation,{TABLES}").success
    return study


def coefficients(study: Study) -> dict[str, float]:
    """The key coefficients as the tables print them."""
    table = Workspace(study).stored("table_03_two_stage_least_squares")
    keys = table[table["role"].isin(["key", "endogenous"])].set_index("column")["estimate"]
    base = Workspace(study).stored("table_02_baseline")
    base = base[(base["column"] == "4") & (base["role"] == "key")]["estimate"]
    return {
        "2SLS": keys["second stage"],
        "first stage": keys["first stage"],
        "reduced form": keys["reduced form"],
        "OLS": keys["OLS"],
        "baseline OLS": float(base.iloc[0]),
    }


def compare(rows: pd.DataFrame, without: dict[str, float], f: float) -> None:
    assert len(rows) == 5
    for row in rows.itertuples():
        assert row.estimate_without == pytest.approx(without[row.coefficient], rel=1e-9)
        if "OLS" not in row.coefficient:
            assert row.first_stage_f_without == pytest.approx(f, rel=1e-8)


def first_stage_f(study: Study) -> float:
    table = Workspace(study).stored("table_03_two_stage_least_squares")
    return float(table["first_stage_f"].dropna().iloc[0])


def test_deleting_a_report_and_running_again_gives_the_same_number(
    simulated: Study, tmp_path: Path
) -> None:
    influence = Workspace(simulated).stored("influence")
    folder = tmp_path / "copy"
    shutil.copytree(simulated.root, folder)
    files = Workspace(simulated).stored("report_files")
    gone = files[files["status"] == "ok"].iloc[17]
    (folder / "reports_raw" / gone["path"]).unlink()
    study = change_study(folder, "")
    assert run(study, TABLES).success
    unit = f"{gone['province']} {gone['year']}"
    rows = influence[(influence["kind"] == "report") & (influence["unit"] == unit)]
    compare(rows, coefficients(study), first_stage_f(study))
    moved = rows[rows["coefficient"] == "2SLS"]["change"].item()
    assert moved != 0 and rows["rows_lost"].max() == 1


def test_striking_a_term_and_running_again_gives_the_same_number(
    simulated: Study, tmp_path: Path
) -> None:
    influence = Workspace(simulated).stored("influence")
    terms = influence[(influence["kind"] == "term") & (influence["coefficient"] == "2SLS")]
    term = terms.loc[terms["change"].abs().idxmax(), "unit"]
    folder = tmp_path / "copy"
    shutil.copytree(simulated.root, folder)
    path = folder / "dictionaries" / POLICY
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(f"{term},")]
    assert len(kept) == len(lines) - 1
    path.write_text("".join(kept), encoding="utf-8")
    study = change_study(folder, "")
    assert run(study, TABLES).success
    rows = influence[(influence["kind"] == "term") & (influence["unit"] == term)]
    compare(rows, coefficients(study), first_stage_f(study))


def test_a_study_of_its_own_reports_has_its_own_candidates(simulated: Study) -> None:
    placed = Workspace(simulated).stored("dictionary_permutation")
    assert EXTRA_TERM in Workspace(simulated).dictionary()
    if placed["p_value"].notna().any():
        assert placed["n_obs"].max() == 28
        return
    # invented reports hold little of real vocabulary: no draw, and the reason
    assert placed["reason"].str.contains("candidate terms").all()


def test_the_official_study_says_what_moves_it_and_where_it_lies(official: Official) -> None:
    study = official[0]
    influence = Workspace(study).stored("influence")
    table = coefficients(study)
    for name, group in influence.groupby("coefficient"):
        assert group["estimate_with"].dropna().unique() == pytest.approx(table[name], rel=1e-9)
        assert set(group["kind"]) == set(map(study.level.words, KINDS))
    noted = influence.groupby("coefficient")["equation"].first()
    assert "INVn is a proxy for DTIn; years 2016-2018; N = 92" in noted["2SLS"]
    assert "zero-distance rule of DTI_iv: internal" in noted["2SLS"]
    placed = Workspace(study).stored("dictionary_permutation").set_index(["sample", "statistic"])
    draws = Workspace(study).stored("dictionary_permutation_draws")
    assert len(placed) == 10 and (placed["draws"] == 1000).all()
    assert placed["p_value"].between(1 / 1001, 1).all() and len(draws) == 2000
    own = placed.loc[("rows of the column", "first_stage")]
    assert own["as_studied"] == pytest.approx(table["first stage"], rel=1e-9)
    assert placed.loc[("rows of the column", "first_stage_f"), "as_studied"] == pytest.approx(
        first_stage_f(study), rel=1e-8
    )
    assert "without replacement" in own["rule"] and own["seed"] == 0


def test_the_command_prints_rows_and_where_to_read_on(official: Official) -> None:
    study = official[0]
    shown = dti("influence", "--study", str(study.file), "--kind", "term", "--top", "3", "--kwic")
    assert shown.returncode == 0, shown.stderr
    assert "The 2SLS coefficient of INVn on Export" in shown.stdout
    assert 0 < shown.stdout.index("figures, not sentences") < shown.stdout.index("http")
    # of other kinds not a word
    assert not [
        kind for kind in ("report", "province", "year") if f"Without {kind} " in shown.stdout
    ]
    wrong = dti("influence", "--study", str(study.file), "--kind", "word")
    assert wrong.returncode == 2 and "'word'" in wrong.stderr


def test_the_command_prints_the_sentences_themselves(simulated: Study) -> None:
    shown = dti(
        "influence", "--study", str(simulated.file), "--coefficient", "first stage",
        "--kind", "report", "--top", "2", "--kwic", "--sentences", "2",
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.count("【") == 4


def test_both_tables_are_the_same_on_a_second_run(copy: Callable[[str], Study]) -> None:
    study = copy()
    store = Workspace(study).store
    names = ("influence", "dictionary_permutation", "dictionary_permutation_draws")
    before = {name: Path(store.location(name)).read_bytes() for name in names}
    assert run(study, ",".join(names)).success
    assert before == {name: Path(store.location(name)).read_bytes() for name in names}
