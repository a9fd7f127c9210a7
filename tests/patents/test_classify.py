"""Classification against a plain Python regex loop, on real titles and on traps."""

import csv
import re
import unicodedata
from pathlib import Path

import pyarrow as pa
import pytest

from dti_assets.patents.classify import classify
from dti_assets.patents.tables import TECHNOLOGIES
from dti_assets.patents.terms import load_terms

ROOT = Path(__file__).resolve().parents[2]
TERMS = load_terms(ROOT / "dictionaries")


def reference(text: str, technology: str) -> bool:
    """Term by term, written apart from the package's own patterns."""
    text = unicodedata.normalize("NFKC", text)
    for term in TERMS.terms[technology]:
        for hit in re.finditer(f"(?={re.escape(term)})", text, re.IGNORECASE):
            start, end = hit.start(), hit.start() + len(term)
            left = term[0].isascii() and re.match("[0-9A-Za-z]", text[start - 1 : start])
            right = term[-1].isascii() and re.match("[0-9A-Za-z]", text[end : end + 1])
            if not left and not right:
                return True
    return False


def test_real_titles_agree_with_python_re() -> None:
    path = ROOT / "../shared/patents/titles_ipc.csv"
    if not path.exists():
        pytest.skip("the shared patent titles are not here")
    with path.open(encoding="utf-8-sig", newline="") as handle:
        titles = [row["title"] for row in csv.DictReader(handle)]
    assert len(titles) == 9740
    out = classify(pa.table({"title": titles}), TERMS).to_pydict()
    for technology in TECHNOLOGIES:
        assert out[technology] == [reference(t, technology) for t in titles]
    assert 0 < sum(out["digital"]) < len(titles)


@pytest.mark.parametrize(
    ("title", "abstract", "expected"),
    [
        ("基于AI的方法", None, {"ai"}),
        ("基于ＡＩ的方法", None, {"ai"}),
        ("一种AIR过滤装置", "MAIN board, 55GWh电池, 智能锁", set()),
        ("大", "数据处理装置", set()),
        ("一种大", "人工智能", {"ai"}),
        ("面向ＩｏＴ的云计算平台", None, {"iot", "cloud"}),
        (None, None, set()),
    ],
)
def test_traps(title: str | None, abstract: str | None, expected: set[str]) -> None:
    table = pa.table(
        {"title": pa.array([title], pa.string()), "abstract": pa.array([abstract], pa.string())}
    )
    out = classify(table, TERMS).to_pydict()
    assert {t for t in TECHNOLOGIES if out[t][0]} == expected
    assert out["digital"][0] is bool(expected)
