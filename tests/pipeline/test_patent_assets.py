"""The patents group: from a folder of patents, or of counts, or of nothing, to DTIn."""

import math
from pathlib import Path

import polars as pl
import pytest
from small_study import dti, make_study

from dti_assets.pipeline.execution.run import run
from dti_assets.pipeline.resources import Progress, Workspace
from dti_assets.simulation.patents import write_patents
from dti_assets.study.config import load_study
from dti_assets.units.lists import shipped_units

YEARS = "[2018, 2019]"


def go(study: Path) -> tuple[Workspace, dict[str, str]]:
    outcome = run(load_study(study), "+dti")
    assert outcome.success, outcome.failures
    return Workspace(load_study(study)), {name: text for name, _, text in outcome.warnings}


def test_an_extract_with_known_labels(tmp_path: Path) -> None:
    study = make_study(tmp_path / "s", years=YEARS)
    extract = study.parent / "patents_raw" / "patents.parquet"
    write_patents(extract, 3000, 5, years=(2018, 2019), units=shipped_units("provinces"))
    labels = pl.read_parquet(extract)
    workspace, warnings = go(study)
    counts = workspace.stored("patent_counts")
    totals = workspace.stored("patent_totals")
    records = workspace.stored("digital_patents")
    truth = next(name for name in labels.columns if name in ("label_digital", "digital", "truth"))
    digital = labels.filter(pl.col(truth).cast(pl.Boolean)).height
    assert int(records["digital"].sum()) == digital
    assert int(totals["applications"].sum()) == digital
    assert int(counts["applications"].sum()) <= digital
    assert set(counts["basis"]) == {"keywords"}
    assert "patent_totals.technologies_nested" not in warnings

    table = workspace.stored("dti").set_index(["province_code", "year"])
    assert len(table) == 62
    people = workspace.stored("official_statistics").set_index(["province_code", "year"])
    # grants of these applications may lie in later years, which are no years of the study
    for row in counts[counts["year"] <= 2019].head(5).itertuples():
        key = (row.province_code, row.year)
        # official population is in 10,000 persons
        rate = row.applications / (people.loc[key, "population"] / 100)
        assert table.loc[key, "DTIn"] == pytest.approx(math.log1p(rate), rel=1e-12)

    slices = (study.parent / "outputs/cache/patents").glob("*/*.parquet")
    before = {path: path.stat().st_mtime_ns for path in slices}
    go(study)
    assert before and all(path.stat().st_mtime_ns == when for path, when in before.items())

    number = str(records.loc[records["digital"], "application_no"].iloc[0])
    said = dti("explain", number, "--study", str(study))
    assert said.returncode == 0 and "is digital" in said.stdout


class Rows(Progress):
    def __init__(self) -> None:
        self.told: list[tuple[str, int, int | None]] = []

    def report(self, asset: str, done: int, total: int | None) -> None:
        self.told.append((asset, done, total))


def test_progress_is_rows_of_all_files_under_the_assets_name(tmp_path: Path) -> None:
    study = make_study(tmp_path / "s", years=YEARS)
    for name, rows in (("a.parquet", 2000), ("b.csv", 1000)):
        write_patents(
            study.parent / "patents_raw" / name,
            rows,
            5,
            years=(2018, 2019),
            units=shipped_units("provinces"),
        )
    told = []
    for _ in range(2):
        progress = Rows()
        outcome = run(load_study(study), "digital_patents", progress=progress, force=True)
        assert outcome.success, outcome.failures
        told.append(progress.told)
    at_end = ("digital_patents", 3000, 3000)
    # how many there are is known at the end; of files that are known there is nothing to tell
    assert told == [[("digital_patents", n, None) for n in (2000, 3000)] + [at_end], []]


def test_own_counts_are_taken_as_they_are(tmp_path: Path) -> None:
    study = make_study(tmp_path / "s", years=YEARS)
    (study.parent / "patents_raw" / "counts.csv").write_text(
        "省份,年份,申请量,授权量\n浙江省,2018,1000,400\n浙江省,2019,2000,\n", encoding="utf-8"
    )
    workspace, _ = go(study)
    table = workspace.stored("dti").set_index(["province", "year"])
    assert table.loc[("浙江", 2018), "basis"] == "user_counts"
    assert table.loc[("浙江", 2018), "DTIn"] > table.loc[("浙江", 2018), "DTIG"] > 0
    assert math.isnan(table.loc[("浙江", 2019), "DTIG"])
    assert workspace.stored("digital_patents").empty


def test_no_patents_leave_dtin_absent_and_the_proxy_under_its_own_name(tmp_path: Path) -> None:
    workspace, _ = go(make_study(tmp_path / "s", years=YEARS))
    table = workspace.stored("dti")
    assert len(table) == 62 and table["DTIn"].isna().all() and table["INVn"].notna().all()
    assert set(table["basis"]) == {"official_inventions"}
    assert table["reason"].str.contains("proxy").all()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", "号码,地址\n1,2\n", "no column for"),
        ("a.csv", "", "a.csv"),
        ("a.parquet", "no parquet", "a.parquet"),
    ],
)
def test_a_folder_that_cannot_be_used_is_one_sentence(
    tmp_path: Path, name: str, content: str, said: str
) -> None:
    study = make_study(tmp_path / "s", years=YEARS)
    (study.parent / "patents_raw" / name).write_text(content, encoding="utf-8")
    done = dti("run", "--study", str(study))
    assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr
