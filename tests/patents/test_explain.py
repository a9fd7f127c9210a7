"""Why a patent is digital or not, in words."""

from pathlib import Path

import pandas as pd
import pytest

from dti_assets.errors import PatentSourceError
from dti_assets.patents.combine import combine
from dti_assets.patents.explain import explain, find_hits
from dti_assets.patents.extract import classify_extract
from dti_assets.patents.terms import load_terms
from dti_assets.units.lists import shipped_units

TERMS = load_terms(Path(__file__).resolve().parents[2] / "dictionaries")
PROVINCES = shipped_units("provinces")
LEVEL = PROVINCES.level


def test_explain_says_which_term_and_where(tmp_path: Path) -> None:
    pd.DataFrame(
        {
            "申请号": ["CN201810000001.1", "CN201810000002.1", None],
            "标题": ["一种区块链方法", "AIR过滤装置", "水泵"],
            "摘要": ["采用ＡＩ芯片", None, "离心泵"],
        }
    ).to_csv(tmp_path / "a.csv", index=False)
    found = explain("ZL 2018 1 0000001.1", tmp_path, TERMS, level=LEVEL)
    assert found.digital and found.technologies == ("ai", "blockchain")
    text = str(found)
    assert "is digital: ai, blockchain" in text and "a.csv, row 1" in text
    assert "区块链 in the title at 3" in text and "AI in the abstract at 3" in text
    near = explain("CN201810000002.1", tmp_path, TERMS, level=LEVEL)
    assert not near.digital and "not counted" in str(near) and "no abstract" in str(near)
    none = explain("a.csv#3", tmp_path, TERMS, level=LEVEL)
    assert "no term of any technology occurs" in str(none)
    with pytest.raises(PatentSourceError, match="999: no patent"):
        explain("999", tmp_path, TERMS, level=LEVEL)


def test_the_verdict_is_the_extracts_own_flag_where_it_has_one(tmp_path: Path) -> None:
    flagged = pd.DataFrame(
        {
            "申请号": [f"CN20181000000{n}.1" for n in (1, 2, 3, 4, 5, 5)],
            "标题": ["水泵", "区块链方法", "区块链方法", "区块链方法", "水泵", "水泵"],
            "是否数字专利": ["是", "0", None, "也许", "否", "Ｙ"],
            "人工智能": ["1", None, None, None, None, None],
        }
    )
    raw = tmp_path / "raw"
    raw.mkdir()
    flagged.to_csv(raw / "a.csv", index=False)
    patents = combine(
        classify_extract(raw, TERMS, tmp_path / "w", units=PROVINCES),
        tmp_path / "o.parquet",
        level=LEVEL,
    )
    counted = patents.table().to_pandas().set_index("application_no")
    for number, digital in counted["digital"].items():
        found = explain(str(number), raw, TERMS, level=LEVEL)
        assert found.digital == digital, number
    assert counted["digital"].tolist() == [True, False, False, False, True]

    def said(number: int) -> list[str]:
        return str(explain(f"CN20181000000{number}.1", raw, TERMS, level=LEVEL)).splitlines()

    assert said(1)[0].endswith("is digital: ai") and said(5)[0].endswith("is digital")
    assert said(2)[0].endswith("is not digital")
    assert said(2)[2:] == [
        "  the extract's own flag says 0 and decides",
        "  blockchain: 区块链 in the title at 1 (…区块链方法…)",
    ]
    assert "  the extract's own flag is empty and decides" in said(3)


def test_hits_stand_in_reading_order_and_overlap() -> None:
    hits = find_hits("IIoT与NB-IoT", "AI, ai", TERMS)
    said = [(h.term, h.field, h.start, h.counted) for h in hits]
    assert said == [
        ("IIoT", "title", 1, True), ("IoT", "title", 2, False), ("NB-IoT", "title", 6, True),
        ("IoT", "title", 9, True), ("AI", "abstract", 1, True), ("AI", "abstract", 5, True),
    ]  # fmt: skip
