"""A simulated study against its own truth: what was put in comes out, exactly."""

import hashlib
import io
import json
import os
import subprocess
import sys
import unicodedata
import warnings
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from geopy.distance import great_circle

from dti_assets.econ import Specification, anderson_rubin_set, wild_cluster_test
from dti_assets.econ.paper.published import load_truth
from dti_assets.errors import PanelError, SimulationError
from dti_assets.instrument.distances import capital_distances
from dti_assets.instrument.formula import instrument
from dti_assets.instrument.values import dti_iv
from dti_assets.panel.build import build_panel
from dti_assets.panel.official import official_statistics
from dti_assets.panel.yearbooks.figures import read_panel_folder
from dti_assets.patents.combine import combine
from dti_assets.patents.counting import count_patents
from dti_assets.patents.dti import dti
from dti_assets.patents.extract import classify_extract
from dti_assets.patents.tables import TECHNOLOGIES
from dti_assets.patents.terms import load_terms
from dti_assets.simulation import reports as phrases
from dti_assets.simulation.panel import CONTROLS
from dti_assets.simulation.report_files import FORMATS, simulated_reports
from dti_assets.simulation.study import EXTRA_TERM, simulate_study
from dti_assets.store.cache import Cache
from dti_assets.study.config import load_study
from dti_assets.text.attention import CountingRules, Counts, count_reports, policy_attention
from dti_assets.text.choices import frequency
from dti_assets.text.dictionary import Dictionary, load_dictionary, shipped_dictionary
from dti_assets.text.folder import read_folder, report_texts
from dti_assets.text.matching import matcher
from dti_assets.units.lists import shipped_units

YEARS = (2019, 2021)
NUMBER = 6
PROVINCES = shipped_units("provinces")
LEVEL = PROVINCES.level


class Made(NamedTuple):
    folder: Path
    truth: dict[str, Any]
    dictionary: Dictionary
    files: pd.DataFrame
    counts: Counts


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("simulated")
    truth = simulate_study(folder, NUMBER, YEARS, 2_000, 7)
    dictionary = load_dictionary(folder / "dictionaries/digital_economy_policy.csv")
    years, reports = list(range(YEARS[0], YEARS[1] + 1)), folder / "reports_raw"
    cache = Cache(tmp_path_factory.mktemp("cache"))
    files = read_folder(reports, cache, units=PROVINCES).files
    texts = report_texts(files, years, reports, cache, units=PROVINCES)
    counts = count_reports(texts, years, dictionary, CountingRules(), cache, units=PROVINCES)
    return Made(folder, truth, dictionary, files, counts)


def test_every_file_is_read_as_the_report_it_is(made: Made) -> None:
    assert set(made.files["status"]) == {"ok"}
    assert len(made.files) == 18 and set(made.files["format"]) == set(FORMATS)
    known = {r["file"]: (r["province"], r["year"], r["format"]) for r in made.truth["reports"]}
    found = {r.path: (r.province, r.year, r.format) for r in made.files.itertuples()}
    assert found == known
    assert json.loads((made.folder / "truth.json").read_text("utf-8")) == json.loads(
        json.dumps(made.truth)
    )


@pytest.mark.parametrize("kind", ["hits_longest", "hits_overlap"])
def test_counts_by_section_and_term_are_exact(made: Made, kind: str) -> None:
    expected = {
        (report["province"], report["year"], section, made.dictionary[term].term): count
        for report in made.truth["reports"]
        for section, hits in report[kind].items()
        for term, count in hits.items()
    }
    rows = made.counts.keywords[made.counts.keywords[kind] > 0]
    names = ["province", "year", "section", "term"]
    assert {tuple(row[:4]): row[4] for row in rows[[*names, kind]].to_numpy()} == expected
    assert {"review", "plan", "annex"} <= {section for _, _, section, _ in expected}
    if kind == "hits_overlap":
        return
    per_report = {(r["province"], r["year"]): set(r["sections"]) for r in made.truth["reports"]}
    found: dict[tuple[str, int], set[str]] = {}
    for row in made.counts.words.itertuples():
        found.setdefault((row.province, row.year), set()).add(row.section)
    assert found == per_report
    chars = made.counts.words.set_index(["province", "year", "section"])["chars_han"].to_dict()
    assert chars == {
        (r["province"], r["year"], section): count
        for r in made.truth["reports"]
        for section, count in r["han_chars"].items()
    }


def test_no_word_of_the_texts_makes_a_term_by_itself() -> None:
    terms = [*shipped_dictionary().keys, EXTRA_TERM]
    plain = {
        char
        for pool in (
            *(phrases.RESULTS, phrases.OUTCOMES, phrases.ACTIONS, phrases.MATTERS, phrases.PLACES),
            *(phrases.OPENINGS, phrases.CLOSINGS, phrases.TABLE_HEAD, phrases.TABLE_STATES),
            *(carrier.replace("{t}", "") for carrier in (phrases.CARRIERS, phrases.ANNEX_CARRIERS)
              for carrier in carrier),
        )
        for piece in pool
        for char in piece
    }  # fmt: skip
    assert [term for term in terms if set(term) <= plain] == []
    decoys = "".join(phrases.DECOYS)
    assert matcher(shipped_dictionary()).longest(decoys) == {}
    assert "5G" in decoys and "智能" in decoys


def test_no_carrier_lengthens_a_term() -> None:
    dictionary = shipped_dictionary()
    found = matcher(dictionary)
    names = [term.term for term in dictionary.terms]
    for carrier in (*phrases.CARRIERS, *phrases.ANNEX_CARRIERS):
        for term in names:
            assert found.longest(carrier.format(t=term)) == {dictionary[term].key: 1}
    for link in "、和":
        for first in names:
            for second in names:
                keys = Counter([dictionary[first].key, dictionary[second].key])
                assert found.longest(f"以{first}{link}{second}等") == keys


def test_dti_iv_is_that_of_a_plain_loop(made: Made) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import jieba
    tokenizer = jieba.Tokenizer()
    for term in shipped_dictionary().terms:
        tokenizer.add_word(term.term)

    def is_word(token: str) -> bool:
        return any(unicodedata.category(char)[0] not in "PZSC" for char in token)

    expected = {}
    home = PROVINCES.get("浙江")
    hits = {(r["province"], r["year"]): r["keyword_hits"] for r in made.truth["reports"]}
    reports = simulated_reports(made.dictionary, YEARS, 7, units=PROVINCES, n_units=NUMBER)
    for report in reports:
        total = 0
        for section, paragraph in zip(report.sections, report.paragraphs, strict=True):
            if section != "annex":
                line = unicodedata.normalize("NFKC", paragraph).replace(" ", "")
                total += sum(is_word(token) for token in tokenizer.lcut(line))
        place = report.unit
        km = great_circle((home.latitude, home.longitude), (place.latitude, place.longitude)).km
        key = (place.name, report.year)
        expected[key] = instrument(frequency(hits[key], total), km)
    attention = policy_attention(
        made.counts.keywords,
        made.counts.words,
        list(range(YEARS[0], YEARS[1] + 1)),
        made.dictionary,
        CountingRules(),
        units=PROVINCES,
    )
    distances = capital_distances("杭州", units=PROVINCES)
    table = dti_iv(attention, distances, level=LEVEL).dropna(subset=["dti_iv"])
    found = table.set_index(["province", "year"])["dti_iv"]
    assert set(found.index) == set(expected)
    np.testing.assert_allclose(found, [expected[key] for key in found.index], rtol=1e-12)
    stated = [row["DTI_iv"] for row in made.truth["panel"]]
    np.testing.assert_allclose(found, stated, rtol=1e-12)


class Counted(NamedTuple):
    patents: pd.DataFrame
    counts: pd.DataFrame
    dti: pd.DataFrame


def counted(folder: Path, work: Path) -> Counted:
    extract = classify_extract(
        folder / "patents_raw",
        load_terms(folder / "dictionaries"),
        work,
        units=PROVINCES,
        not_after=date.today(),
    )
    patents = combine(extract, work / "patents.parquet", level=LEVEL)
    counts = count_patents(patents, units=PROVINCES)
    official = official_statistics(level=LEVEL).melt(
        ["province_code", "year"], ["population"], "variable", "value"
    )
    return Counted(
        patents.table().to_pandas(),
        counts,
        dti(counts, official.assign(unit="10k persons"), units=PROVINCES),
    )


def test_patents_come_back_with_their_labels(made: Made, tmp_path: Path) -> None:
    found = counted(made.folder, tmp_path)
    labels = pd.read_parquet(made.folder / "truth_patents.parquet").set_index("申请号")
    mine = found.patents.set_index("application_no")
    assert len(mine) == len(labels) == 2_000
    # the reader may spell a number its own way: the order is the file's
    for technology in (*TECHNOLOGIES, "digital"):
        assert mine[technology].tolist() == labels[f"label_{technology}"].tolist()
    known = pd.DataFrame(made.truth["patents"])
    rows = found.counts.merge(known, on=["province_code", "year"], suffixes=("", "_true"))
    assert len(rows) == len(known) == 18
    for name in ("applications", "grants", *TECHNOLOGIES):
        assert rows[name].tolist() == rows[f"{name}_true"].tolist(), name
    panel = pd.DataFrame(made.truth["panel"]).merge(
        found.dti, on=["province_code", "year"], suffixes=("_true", "")
    )
    for name in ("DTIn", "DTIG"):
        np.testing.assert_allclose(panel[name], panel[f"{name}_true"], rtol=1e-12)


def rebuilt(folder: Path, truth: dict[str, Any], work: Path) -> pd.DataFrame:
    """The panel from the folder's files, the instrument aside, which is the truth's."""
    years = (truth["years"][0], truth["years"][1])
    stated = pd.DataFrame(truth["panel"])
    instrument = stated[["province_code", "province", "year"]].assign(dti_iv=stated["DTI_iv"])
    figures = read_panel_folder(folder / "panel_raw", years, units=PROVINCES)
    assert figures.skipped.empty
    patents = counted(folder, work).dti
    official = official_statistics(level=LEVEL)
    built = build_panel(years, instrument, patents, official, figures.figures, units=PROVINCES)
    return built.panel


def test_the_figures_give_the_panel(made: Made, tmp_path: Path) -> None:
    panel = rebuilt(made.folder, made.truth, tmp_path)
    stated = pd.DataFrame(made.truth["panel"])
    both = stated.merge(panel, on=["province_code", "year"], suffixes=("_true", ""))
    assert len(both) == 18
    names = [name.removesuffix("_true") for name in both if name.endswith("_true")]
    assert {"Export", "Export_new", "Number", "RD", "DFI", "party_turnover", *CONTROLS} <= {*names}
    for name in names:
        if name == "province" or name == "region":
            assert both[name].tolist() == both[f"{name}_true"].tolist()
        else:
            expected = both[f"{name}_true"].astype(float)
            np.testing.assert_allclose(both[name].astype(float), expected, rtol=1e-12)
    rest = panel[~panel["province_code"].isin(stated["province_code"])]
    assert rest[["Export", "GDP"]].isna().all().all(), "no real figure beside invented ones"


def tree(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_seed_decides_every_byte(made: Made, tmp_path: Path) -> None:
    again = tmp_path / "again"
    code = (
        "from pathlib import Path; from dti_assets.simulation.study import simulate_study;"
        f"simulate_study(Path({str(again)!r}), {NUMBER}, {YEARS}, 2_000, 7)"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "3", "TZ": "Asia/Shanghai"}
    environment["PYTHONPATH"] = str(Path(__file__).resolve().parents[2])
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    first, second = tree(made.folder), tree(again)
    assert first == second and len(first) > 18
    simulate_study(tmp_path / "other", NUMBER, YEARS, 2_000, 8)
    other = tree(tmp_path / "other")
    same = {path for path in first if other.get(path) == first[path]}
    assert {path.split("/")[0] for path in same} == {"dictionaries"}
    # a province's reports do not depend on how many there are
    simulate_study(tmp_path / "fewer", 2, YEARS, 2_000, 7)
    fewer = {k: v for k, v in tree(tmp_path / "fewer").items() if k.startswith("reports_raw")}
    assert len(fewer) == 6 and fewer.items() <= first.items()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / ".hidden").write_text("mine")
    with pytest.raises(SimulationError, match="overwrites nothing"):
        simulate_study(tmp_path, 2, YEARS, 100, 1)
    with pytest.raises(SimulationError, match="not an empty folder"):
        simulate_study(tmp_path / ".hidden", 2, YEARS, 100, 1)
    assert [path.name for path in tmp_path.iterdir()] == [".hidden"]
    assert (tmp_path / ".hidden").read_text() == "mine"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_provinces": 1}, "provinces 1: 2 to 31"),
        ({"years": (2015, 2015)}, "two or more"),
        ({"years": (2015, 2300)}, "two or more"),
        ({"n_patents": 50}, "at least 60"),
        ({"seed": -1}, "negative"),
        ({"endogeneity": 1.0}, "endogeneity"),
        ({"strength": -1.0}, "strength"),
    ],
)
def test_options_out_of_range(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises((SimulationError, PanelError), match=message):
        simulate_study(
            tmp_path / "x", **{"n_provinces": 2, "years": YEARS, "n_patents": 100, **options}
        )
    assert not (tmp_path / "x").exists()


def test_the_default_study_holds_its_coefficients(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    truth = simulate_study(folder)
    study = load_study(folder / "study.yaml")
    assert len(truth["reports"]) == 434 and study.name == "simulated-7"
    # what every result of the study is labelled by, and compared with
    assert study.simulated == "truth.json"
    assert load_truth(folder / "truth.json")["total"] == truth["coefficients"]["total"]
    panel = rebuilt(folder, truth, tmp_path / "work")
    known = truth["coefficients"]
    effects = ("province", "year")
    equations = {
        "total": ("Export", ()),
        "direct_given_Number": ("Export", ("Number",)),
        "direct_given_RD": ("Export", ("RD",)),
        "DTIn_on_Number": ("Number", ()),
        "DTIn_on_RD": ("RD", ()),
    }
    for name, (outcome, mediators) in equations.items():
        regressors = ("DTIn", *mediators, *CONTROLS)
        spec = Specification(outcome, regressors, (), (), effects, "province")
        test = wild_cluster_test(spec, panel, "DTIn", known[name], draws=999)
        # five sets at once: each at 99 %, so that together they hold with 95 %
        assert test.p_value > 0.01, (name, test)
    for frame in (panel, panel[panel["province"] != "浙江"]):
        spec = Specification("Export", CONTROLS, "DTIn", "DTI_iv", effects, "province")
        assert anderson_rubin_set(spec, frame, draws=999).contains(known["total"])


def command(*words: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    code = "from dti_assets.cli.main import main; main()"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, words)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment,
    )


def test_from_the_command_line_to_the_instrument(tmp_path: Path) -> None:
    options = ("--provinces", 3, "--years", "2018-2020", "--patents", 500, "--seed", 11)
    first = command("simulate", "study", *options, cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert "9 reports" in first.stdout and "truth.json" in first.stdout
    again = command("simulate", "study", *options, cwd=tmp_path)
    assert again.returncode == 2 and again.stderr.count("\n") == 1
    assert "overwrites nothing" in again.stderr
    run = command("run", "--study", "study/study.yaml", "--select", "+dti_iv", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    shown = command(
        "show", "dti_iv", "--study", "study/study.yaml", "--format", "csv", cwd=tmp_path
    )
    table = pd.read_csv(io.StringIO(shown.stdout))
    known = table.dropna(subset=["dti_iv"])
    assert len(table) == 31 * 3 and set(known["origin"]) == {"text"}
    truth = json.loads((tmp_path / "study/truth.json").read_text("utf-8"))
    stated = pd.DataFrame(truth["panel"])
    assert known["province"].tolist() == stated["province"].tolist()
    assert truth["provinces"] == [unit.name for unit in PROVINCES.first(3)]
    np.testing.assert_allclose(known["dti_iv"], stated["DTI_iv"], rtol=1e-12)
    hits = [report["keyword_hits"] for report in truth["reports"]]
    assert known["keyword_hits"].tolist() == hits
