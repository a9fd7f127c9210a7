"""Why a patent is digital, and how the program compares with a human."""

import csv
from pathlib import Path

import pandas as pd
import pytest

from dti_assets.patents import audit
from dti_assets.patents.combine import Patents, combine
from dti_assets.patents.errors import PatentError, PatentSourceError
from dti_assets.patents.explain import explain, find_hits
from dti_assets.patents.extract import classify_extract
from dti_assets.patents.simulate import write_patents
from dti_assets.patents.tables import AUDIT, TECHNOLOGIES
from dti_assets.patents.terms import load_terms

TERMS = load_terms(Path(__file__).resolve().parents[2] / "dictionaries")


def test_explain_says_which_term_and_where(tmp_path: Path) -> None:
    pd.DataFrame(
        {
            "申请号": ["CN201810000001.1", "CN201810000002.1", None],
            "标题": ["一种区块链方法", "AIR过滤装置", "水泵"],
            "摘要": ["采用ＡＩ芯片", None, "离心泵"],
        }
    ).to_csv(tmp_path / "a.csv", index=False)
    found = explain("ZL 2018 1 0000001.1", tmp_path, TERMS)
    assert found.digital and found.technologies == ("ai", "blockchain")
    text = str(found)
    assert "is digital: ai, blockchain" in text and "a.csv, row 1" in text
    assert "区块链 in the title at 3" in text and "AI in the abstract at 3" in text
    near = explain("CN201810000002.1", tmp_path, TERMS)
    assert not near.digital and "not counted" in str(near) and "no abstract" in str(near)
    none = explain("a.csv#3", tmp_path, TERMS)
    assert "no term of any technology occurs" in str(none)
    with pytest.raises(PatentSourceError, match="999: no patent"):
        explain("999", tmp_path, TERMS)


def test_hits_stand_in_reading_order_and_overlap() -> None:
    hits = find_hits("IIoT与NB-IoT", "AI, ai", TERMS)
    said = [(h.term, h.field, h.start, h.counted) for h in hits]
    assert said == [
        ("IIoT", "title", 1, True), ("IoT", "title", 2, False), ("NB-IoT", "title", 6, True),
        ("IoT", "title", 9, True), ("AI", "abstract", 1, True), ("AI", "abstract", 5, True),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Patents, Path]:
    folder = tmp_path_factory.mktemp("audit")
    write_patents(folder / "p.parquet", 4000, seed=3)
    extract = classify_extract(folder / "p.parquet", TERMS, folder / "w")
    return combine(extract, folder / "o.parquet"), folder / "p.parquet"


def labelled(path: Path, source: Path, wrong: dict[str, str] | None = None) -> Path:
    truth = pd.read_parquet(source).set_index("申请号")
    with path.open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.DictReader(handle))
    for row in rows:
        for technology in TECHNOLOGIES:
            row[f"label_{technology}"] = str(
                int(truth.loc[row["application_no"]][f"label_{technology}"])
            )
        row.update(wrong or {})
    out = path.with_name("labelled.csv")
    with out.open("w", encoding="utf-8-sig", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return out


def test_audit_of_perfect_labels(simulated: tuple[Patents, Path], tmp_path: Path) -> None:
    patents, source = simulated
    path = tmp_path / "sample.csv"
    assert audit.sample(patents, source, path, n=120, seed=1) == 120
    frame = pd.read_csv(path)
    assert frame["application_no"].is_unique and frame["title"].notna().all()
    assert frame[list(audit.LABELS)].isna().all().all()
    again = tmp_path / "again.csv"
    audit.sample(patents, source, again, n=120, seed=1)
    assert again.read_bytes() == path.read_bytes()
    with pytest.raises(PatentError, match="exists already"):
        audit.sample(patents, source, path)
    result = audit.score(patents, labelled(path, source))
    assert AUDIT.violations(result) == [] and len(result) == 12
    assert (result["estimate"] == 1).all() and (result["conf_high"] == 1).all()
    # no error in the sample is no proof that there is none
    assert (result["conf_low"] < 1).all() and (result["conf_low"] > 0.2).all()


def test_audit_of_labels_that_disagree(simulated: tuple[Patents, Path], tmp_path: Path) -> None:
    patents, source = simulated
    path = tmp_path / "sample.csv"
    audit.sample(patents, source, path, n=90, seed=2)
    result = audit.score(patents, labelled(path, source, {"label_ai": "1", "label_iot": "0"}))
    by = result.set_index(["technology", "measure"])
    truth = pd.read_parquet(source)
    # the human finds AI everywhere: recall is the share predicted, weighted by the strata
    assert by.loc[("ai", "precision"), "estimate"] == 1
    recall = by.loc[("ai", "recall")]
    assert abs(recall["estimate"] - truth["label_ai"].mean()) < 0.02
    assert recall["conf_low"] < recall["estimate"] < recall["conf_high"]
    assert by.loc[("iot", "precision"), "estimate"] == 0
    assert pd.isna(by.loc[("iot", "recall"), "estimate"])
    assert "no labelled patent is of this technology" in by.loc[("iot", "recall"), "reason"]


def test_audit_files_that_cannot_be_used(simulated: tuple[Patents, Path], tmp_path: Path) -> None:
    patents, source = simulated
    path = tmp_path / "sample.csv"
    audit.sample(patents, source, path, n=10)
    with pytest.raises(PatentError, match="no row has a label"):
        audit.score(patents, path)
    with pytest.raises(PatentError, match=r"line 2: label_ai is 'maybe'; write 1 or 0"):
        audit.score(patents, labelled(path, source, {"label_ai": "maybe"}))
    with pytest.raises(PatentError, match="label_iot is empty"):
        audit.score(patents, labelled(path, source, {"label_iot": ""}))
    with pytest.raises(PatentError, match="nothing is no application of this extract"):
        one = labelled(path, source, {"application_no": "nothing"})
        one.write_text("\n".join(one.read_text().splitlines()[:2]), encoding="utf-8")
        audit.score(patents, one)
    with pytest.raises(PatentError, match="n is 0"):
        audit.sample(patents, source, tmp_path / "x.csv", n=0)
