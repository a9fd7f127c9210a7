"""A study over ten invented cities of a CSV file, with no trace of the provinces in the package."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from geopy.distance import great_circle

NAMES = "甲乙丙丁戊己庚辛壬癸"
YEARS = range(2014, 2020)
HUB = "甲城"
# hits of the review and of the plan of one repeat
_REVIEW = (
    "全市经济社会发展稳中有进，工业生产保持增长。我们推进信息化建设，加强大数据服务，改革取得成果。"
)
_PLAN = (
    "加快工业互联网建设，发展人工智能和区块链，深化企业改革，全面加强基础设施建设，改善人民生活。"
)
_PLAIN = "全市农业获得好收成，城乡面貌有了新的变化，市场供应充足，居民收入稳步提高，社会和谐安定。"
_HITS = 5


def _repeats(city: int, year: int) -> int:
    return 3 + (7 * city + 5 * (year - 2014) + city * (year - 2014)) % 11


def _report(city: int, year: int) -> str:
    name = f"{NAMES[city]}城市"
    repeats = _repeats(city, year)
    lines = [
        f"{year}年{name}政府工作报告",
        f"——{year}年1月20日在{name}第五届人民代表大会第三次会议上",
        "各位代表：",
        "现在，我代表市人民政府向大会报告工作，请予审议，并请市政协委员提出意见。",
        f"一、{year - 1}年工作回顾",
        *[_REVIEW] * repeats,
        *[_PLAIN] * 40,
        f"二、{year}年工作安排",
        *[_PLAN] * repeats,
        *[_PLAIN] * 40,
        "各位代表，让我们团结起来，为全面建成小康社会而奋斗！",
    ]
    return "\n".join(lines)


def _applications(city: int, year: int) -> int:
    return 3 + (3 * city + 4 * (year - 2014) + city * (year - 2014)) % 7


def _exports(city: int, year: int) -> int:
    return 1000 + 100 * ((11 * city + 3 * (year - 2014) * (city + 2)) % 17)


def _population(city: int) -> int:
    return 100 + 10 * city


@pytest.fixture(scope="module")
def package(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package, from which the list and the figures of provinces are gone."""
    folder = tmp_path_factory.mktemp("package")
    shutil.copytree(
        root / "dti_assets", folder / "dti_assets", ignore=shutil.ignore_patterns("__pycache__")
    )
    reference = folder / "dti_assets" / "reference"
    (reference / "units" / "provinces.csv").unlink()
    shutil.rmtree(reference / "provinces")
    return folder


@pytest.fixture(scope="module")
def study(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cities")
    shutil.copytree(root / "dictionaries", folder / "dictionaries")
    for name in ("reports_raw", "patents_raw", "panel_raw", "tables"):
        (folder / name).mkdir()
    lines = ["level,code,name,full_name,parent,seat,latitude,longitude,area_km2"]
    lines += [
        f"city,C{place:02},{name}城,{name}城市,江东省,{name}城,{25 + place},{100 + 2 * place},"
        f"{9000 + place}"
        for place, name in enumerate(NAMES)
    ]
    (folder / "units.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for city in range(len(NAMES)):
        for year in YEARS:
            path = folder / "reports_raw" / str(year) / f"{NAMES[city]}城.txt"
            path.parent.mkdir(exist_ok=True)
            path.write_text(_report(city, year), encoding="utf-8")
    figures = ["city,year,population (10k persons),high_tech_exports (10k CNY)"]
    patents = ["申请号,名称,申请日,申请人地址"]
    for city, name in enumerate(NAMES):
        for year in YEARS:
            figures.append(f"{name}城,{year},{_population(city)},{_exports(city, year)}")
            for number in range(_applications(city, year)):
                serial = f"{year}1{city:02}{number:05}"
                # with the city alone, or the province it lies in ahead of it
                address = f"{'江东省' if number % 2 else ''}{name}城市建设路{number + 1}号"
                patents.append(f"CN{serial},一种人工智能识别方法,{year}-03-01,{address}")
            patents.append(f"CN{year}1{city:02}99999,一种水泵,{year}-03-01,{name}城市建设路1号")
    (folder / "panel_raw" / "figures.csv").write_text("\n".join(figures) + "\n", encoding="utf-8")
    (folder / "patents_raw" / "patents.csv").write_text("\n".join(patents) + "\n", "utf-8")
    (folder / "tables" / "table_13_cities.yaml").write_text(
        """table: "13"
name: table_13_cities
title: Exports of ten cities
outcome: Export
fixed_effects: [city, year]
cluster: unit
columns:
  - {column: OLS, regressors: [DTIn]}
  - {column: first stage, outcome: DTIn, regressors: [DTI_iv]}
  - {column: second stage, endogenous: [DTIn], instruments: [DTI_iv]}
""",
        encoding="utf-8",
    )
    file = folder / "study.yaml"
    file.write_text(
        f"""name: cities
years: [{YEARS[0]}, {YEARS[-1]}]
units: units.csv
instrument: {{hub: {HUB}, zero_distance: internal}}
estimates: {{tables: tables, draws: 99, bootstrap_draws: 99}}
""",
        encoding="utf-8",
    )
    return file


@pytest.fixture(scope="module")
def made(study: Path, package: Path) -> Path:
    """The outputs of the study, and the run that made them without a warning of a missing list."""
    done = _dti(package, "run", "--study", str(study))
    assert done.returncode == 0, done.stdout + done.stderr
    return study.parent / "outputs"


def _dti(package: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    code = "from dti_assets.cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        cwd=package,
        env={**os.environ, "PYTHONPATH": str(package)},
        timeout=600,
    )


def _table(made: Path, name: str) -> pd.DataFrame:
    path = made / "data" / name
    parts = sorted(path.glob("*.parquet")) if path.is_dir() else [path.with_suffix(".parquet")]
    return pd.concat([pd.read_parquet(part) for part in parts], ignore_index=True)


def test_the_instrument_is_hits_over_words_over_distance(made: Path) -> None:
    iv, attention = _table(made, "dti_iv"), _table(made, "policy_attention")
    assert list(iv.columns[:3]) == ["city_code", "city", "year"]
    assert len(iv) == len(NAMES) * len(YEARS) and iv["dti_iv"].notna().all()
    words = attention.set_index(["city", "year"])["words_nonpunct"]
    home = (25.0, 100.0)
    for row in iv.itertuples():
        city = NAMES.index(row.city[0])
        assert row.city_code == f"C{city:02}" and row.origin == "text"
        assert row.keyword_hits == _HITS * _repeats(city, row.year)
        km = great_circle(home, (25 + city, 100 + 2 * city)).km or 0.67 * np.sqrt(9000 / np.pi)
        expected = row.keyword_hits / words[row.city, row.year] / km
        assert row.dti_iv == pytest.approx(expected, rel=1e-12)


def test_patents_are_counted_by_their_addresses(made: Path) -> None:
    dti = _table(made, "dti")
    for row in dti.itertuples():
        city = NAMES.index(row.city[0])
        per_million = _applications(city, row.year) / _population(city) * 100
        assert row.DTIn == pytest.approx(np.log1p(per_million), rel=1e-12)


def test_a_table_is_estimated_on_the_cities(made: Path) -> None:
    table = _table(made, "table_13_cities").set_index(["column", "term"])
    cells = [(city, year) for city in range(len(NAMES)) for year in YEARS]
    outcome = _within([np.log(_exports(*cell)) for cell in cells])
    treatment = _within([np.log1p(_applications(c, y) / _population(c) * 100) for c, y in cells])
    iv = _table(made, "dti_iv").sort_values(["city_code", "year"])["dti_iv"]
    instrument = _within(list(iv))
    expected = {
        ("OLS", "DTIn"): treatment @ outcome / (treatment @ treatment),
        ("first stage", "DTI_iv"): instrument @ treatment / (instrument @ instrument),
        ("second stage", "DTIn"): instrument @ outcome / (instrument @ treatment),
    }
    for key, value in expected.items():
        assert table.loc[key, "estimate"] == pytest.approx(value, rel=1e-8)
        assert table.loc[key, "n_clusters"] == len(NAMES)


def _within(values: list[float]) -> np.ndarray:
    grid = np.array(values, dtype=float).reshape(len(NAMES), len(YEARS))
    grid = grid - grid.mean(axis=0) - grid.mean(axis=1, keepdims=True) + grid.mean()
    return grid.reshape(-1)


def test_what_is_printed_speaks_of_cities(made: Path) -> None:
    page = (made / "tables" / "table_13_cities.md").read_text(encoding="utf-8")
    assert "clustered by city" in page and "Cities" in page and "rovince" not in page
    codebook = (made / "panel" / "codebook.md").read_text(encoding="utf-8")
    assert "city_code" in codebook


def test_commands_know_the_cities(study: Path, package: Path, made: Path) -> None:
    shown = _dti(package, "show", "dti_iv", "--study", str(study), "--format", "csv")
    assert shown.stdout.startswith("city_code,city,year,")
    words = _dti(
        package, "kwic", "区块链", "--study", str(study), "--unit", "丙城市", "--year", "2014"
    )
    assert words.returncode == 0, words.stderr
    assert len(words.stdout.splitlines()) == _repeats(2, 2014)


def test_the_list_travels_with_the_study(study: Path, package: Path, made: Path) -> None:
    out = study.parent / "package.zip"
    done = _dti(package, "package", str(out), "--study", str(study), "--include", "reports,patents")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "units.csv" in zipfile.ZipFile(out).namelist()
    verified = _dti(package, "verify", str(out))
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_a_report_of_another_city_under_the_name_is_a_conflict(
    study: Path, package: Path, made: Path
) -> None:
    wrong = study.parent / "reports_raw" / "2014" / "乙城.txt"
    own = wrong.read_text(encoding="utf-8")
    try:
        wrong.write_text(_report(4, 2014), encoding="utf-8")
        done = _dti(package, "run", "--study", str(study), "--select", "report_files")
        assert done.returncode == 0, done.stderr
        files = _table(made, "report_files").set_index("path")
        row = files.loc["2014/乙城.txt"]
        assert row["status"] == "conflict" and row["text_city_code"] == "C04"
        assert "{city: 戊城, year: 2014}" in row["reason"]
    finally:
        wrong.write_text(own, encoding="utf-8")
