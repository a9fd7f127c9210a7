"""Classification against a plain Python regex loop, on real titles and on traps."""

import csv
import random
import re
import unicodedata
from pathlib import Path

import pyarrow as pa
import pytest

from dti_assets.errors import PatentSourceError
from dti_assets.patents import classify as classifying
from dti_assets.patents.classify import classify
from dti_assets.patents.tables import TECHNOLOGIES
from dti_assets.patents.terms import PatentTerms, load_terms

ROOT = Path(__file__).resolve().parents[2]
TERMS = load_terms(ROOT / "dictionaries")


def reference(text: str, technology: str, dictionary: PatentTerms = TERMS) -> bool:
    """Term by term, written apart from the package's own patterns."""
    text = normal(text)
    for term in dictionary.terms[technology]:
        for hit in re.finditer(f"(?={re.escape(term)})", text, re.IGNORECASE | re.ASCII):
            start, end = hit.start(), hit.start() + len(term)
            left = term[0].isascii() and re.match("[0-9A-Za-z]", text[start - 1 : start])
            right = term[-1].isascii() and re.match("[0-9A-Za-z]", text[end : end + 1])
            if not left and not right:
                return True
    return False


def normal(text: str) -> str:
    """What the package's normaliser does to the characters of these tests, step by step."""
    text = re.sub("</?(?:b|sub)>", "", text.replace("&#21306;", "区").replace("&amp;", "&"))
    text = "".join(c for c in text if unicodedata.category(c) != "Cf" and c not in "\x01\ufe0f")
    text = text.replace("⻋", "车")
    kept: list[str] = []
    for c in text:
        before = "".join(kept)
        metre = re.search("(?:^|[^A-Za-zµ])[kdcmhnµ]?m$", before) and c == "²"
        follows = before and (before[-1].isalnum() or before[-1] in ")）")
        if c not in "①²" or metre or not follows or (before[-1] in "①²"):
            kept.append(c)
    text = "".join(kept)
    text = re.sub(
        "(?<=([0-9A-Za-z]))[\u2028\x0b](?=[0-9A-Za-z])|[\u2028\x0b]",
        lambda m: " " if m[1] else "",
        text,
    )
    text = unicodedata.normalize("NFKC", text)
    return re.sub("(?<=[\u3400-\u9fff])\n(?=[\u3400-\u9fff])", "", text)


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


def test_every_spelling_that_normalisation_resolves() -> None:
    """Random texts of terms cut up, in other widths, between characters NFKC changes."""
    rng = random.Random(7)
    terms = [t for ts in TERMS.terms.values() for t in ts] + ["C2C", "III级", "m2m", "1/2云"]
    dictionary = PatentTerms({**TERMS.terms, "iot": (*TERMS.terms["iot"], *terms[-4:])}, {}, "x")
    odd = [
        *"℃①Ⅲ²½№㎡µ…　，－－ｰＡＩaｉIıİſḰͅéＣ5５ 数据链\u00a0\u200b云計⼈㍿ﬁ",
        "⻋",
        *"\u00ad\ufe0f\u2028\x0b\x01\n\u2063",
    ]
    odd += ["<b>", "</b>", "<sub>", "&#21306;", "&amp;"]
    titles = []
    for _ in range(6000):
        parts = []
        for _ in range(rng.randrange(1, 5)):
            term = rng.choice(terms)
            if rng.random() < 0.4:
                term = "".join(_wide(c) if rng.random() < 0.5 else c for c in term)
            if rng.random() < 0.4:
                cut = rng.randrange(len(term))
                term = term[:cut] + rng.choice(odd) + term[cut + rng.randrange(2) :]
            parts += [term, rng.choice(odd) * rng.randrange(2)]
        titles.append("".join(parts))
    out = classify(pa.table({"title": titles}), dictionary).to_pydict()
    for technology in TECHNOLOGIES:
        expected = [reference(t, technology, dictionary) for t in titles]
        wrong = [t for t, a, b in zip(titles, out[technology], expected, strict=True) if a != b]
        assert not wrong, (technology, wrong[:3])


def _wide(character: str) -> str:
    return chr(ord(character) + 0xFEE0) if "!" <= character <= "~" else character


def test_characters_taken_for_stable_are() -> None:
    pattern = re.compile(
        "[" + re.sub(r"\\x\{(\w+)\}", r"\\u\1", classifying._STABLE).replace("\\x00", "\0") + "]"
    )
    for code in range(0x10000):
        character = chr(code)
        if pattern.fullmatch(character) and not 0xD800 <= code < 0xE000:
            assert unicodedata.normalize("NFKC", character) == character
            assert unicodedata.combining(character) == 0


def test_many_terms_take_the_other_engine() -> None:
    many = tuple(f"术语{i}号" for i in range(2000))
    dictionary = PatentTerms({**TERMS.terms, "cloud": many}, {}, "x")
    titles = ["一种术语77号装置", "一种术语装置", "ＡＩ术语５号"]
    out = classify(pa.table({"title": titles}), dictionary).to_pydict()
    assert out["cloud"] == [True, False, True] and out["ai"] == [False, False, True]


def test_ipc_is_a_column_of_its_own() -> None:
    dictionary = PatentTerms(TERMS.terms, {"ai": ("G06N3", "G06F40"), "iot": ("G16Y",)}, "x")
    codes = [
        "G06N 3/08(2006.01);H04L67/12",
        "G06N30/00",
        "A01B1/00 G06F40/20",
        "g16y10/25",
        None,
        "A01B|G06F|H02G",
    ]
    table = pa.table({"title": ["一种水泵"] * 6, "ipc": pa.array(codes, pa.string())})
    out = classify(table, dictionary).to_pydict()
    assert out["ipc_ai"] == [True, False, True, False, None, None]
    assert out["ipc_iot"] == [False, False, False, True, None, False]
    assert out["ipc_cloud"] == [None] * 6 and not any(out["digital"])


def test_shape_is_kept_and_bad_input_is_a_sentence() -> None:
    table = pa.table({"n": [1, 2], "title": pa.array(["AI", None], pa.large_string())})
    assert classify(table, TERMS)["n"].to_pylist() == [1, 2]
    batch = pa.RecordBatch.from_pydict({"title": ["AI"]})
    assert classify(batch, TERMS)["ai"].to_pylist() == [True]
    assert classify(table.slice(0, 0), TERMS).num_rows == 0
    assert not any(classify(pa.table({"title": pa.nulls(3)}), TERMS)["digital"].to_pylist())
    with pytest.raises(PatentSourceError, match="no title; columns: n"):
        classify(table.select(["n"]), TERMS)
    with pytest.raises(PatentSourceError, match="ai exist already"):
        classify(table.append_column("ai", [[1, 2]]), TERMS)
