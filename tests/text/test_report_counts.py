"""Counting against a brute-force reference, and properties that must hold of any text."""

import re
from collections import Counter
from pathlib import Path

import pytest
import samples
from hypothesis import given, settings
from hypothesis import strategies as st

from dti_assets.text.attention import CountingRules, policy_attention
from dti_assets.text.checks import length_outliers
from dti_assets.text.counting import count_report
from dti_assets.text.dictionary import dictionary_of, shipped_dictionary
from dti_assets.text.matching import Matcher
from dti_assets.text.sections import split
from dti_assets.text.segmentation import segmenter, words
from dti_assets.text.tables import KEYWORD_COUNTS, SECTION_WORDS
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")
LEVEL = PROVINCES.level
NO_HITS = LEVEL.table(KEYWORD_COUNTS).frame([])
TERMS = (
    "数字经济",
    "数字",
    "经济学",
    "大数据",
    "大数据中心",
    "数据",
    "5G",
    "5G基站",
    "AI",
    "AI+",
    "C2C",
)
MATCHER = Matcher(dictionary_of(TERMS))
# short alphabet, so that terms, near-terms and boundaries come up all the time
TEXT = st.text(alphabet="数字经济学大据中心5GAaIi+基站C2h 。\n", max_size=60)


def brute_force(text: str) -> list[tuple[str, int, int]]:
    """Leftmost-longest by scanning every place with every term; written apart from the package."""
    keys = sorted((t.lower() for t in TERMS), key=len, reverse=True)
    low = "".join(c.lower() if c.isascii() else c for c in text)
    hits, place = [], 0
    while place < len(low):
        for key in keys:
            end = place + len(key)
            if low[place:end] != key:
                continue
            before = low[place - 1 : place]
            after = low[end : end + 1]
            if re.match("[0-9a-z]", key[0]) and re.match("[0-9a-z]", before):
                continue
            if re.match("[0-9a-z]", key[-1]) and re.match("[0-9a-z]", after):
                continue
            hits.append((key, place, end))
            place = end
            break
        else:
            place += 1
    return hits


@given(TEXT)
@settings(max_examples=600, deadline=None)
def test_leftmost_longest_equals_brute_force(text: str) -> None:
    assert list(MATCHER.spans(text)) == brute_force(text)


@given(TEXT, TEXT)
@settings(max_examples=200, deadline=None)
def test_counts_add_over_separated_texts(a: str, b: str) -> None:
    for count in (MATCHER.longest, MATCHER.overlap):
        whole, first, second = count(a + "\n" + b), count(a), count(b)
        for key in {*whole, *first, *second}:
            assert whole.get(key, 0) == first.get(key, 0) + second.get(key, 0)


@given(TEXT)
@settings(max_examples=200, deadline=None)
def test_overlap_is_at_least_longest(text: str) -> None:
    overlap = MATCHER.overlap(text)
    assert all(overlap.get(key, 0) >= n for key, n in MATCHER.longest(text).items())


class Cuts:
    """A tokenizer that cuts where it is told, in the middle of anything."""

    def __init__(self, places: list[int]) -> None:
        self.places = places

    def cut(self, text: str) -> list[str]:
        ends = sorted({min(place, len(text)) for place in self.places} | {len(text)})
        return [text[a:b] for a, b in zip([0, *ends], ends, strict=False) if a < b]


@given(TEXT, st.lists(st.integers(0, 20), max_size=30))
@settings(max_examples=400, deadline=None)
def test_a_token_is_a_term_only_where_the_term_stands(text: str, places: list[int]) -> None:
    cuts = Cuts(places)
    counts = count_report({"plan": text}, dictionary_of(TERMS), cuts, cuts).sections["plan"]
    expected = Counter[str]()
    for line in text.split("\n"):
        standing, end = set(MATCHER.overlapping(line)), 0
        for token in cuts.cut(line):
            start, end = end, end + len(token)
            if (token.lower(), start, end) in standing:
                expected[token.lower()] += 1
    assert counts.token == expected


@given(TEXT, st.permutations(TERMS))
@settings(max_examples=100, deadline=None)
def test_order_of_the_dictionary_changes_nothing(text: str, order: list[str]) -> None:
    other = dictionary_of(order)
    assert Matcher(other).longest(text) == MATCHER.longest(text)
    assert other.sha256 == dictionary_of(TERMS).sha256


@pytest.mark.parametrize(
    ("text", "hits"),
    [
        ("55GWh电池", {}),
        ("建设5G，5g网络和5G基站", {"5g": 2, "5g基站": 1}),
        ("基于AI的方法、AIR、MAIN、ai", {"ai": 2}),
        ("大数据中心与大数据", {"大数据中心": 1, "大数据": 1}),
        ("AI+2", {"ai+": 1}),
        ("数字经\n济", {"数字": 1}),
    ],
)
def test_traps(text: str, hits: dict[str, int]) -> None:
    assert MATCHER.longest(text) == hits


def test_token_hits_and_denominators(tmp_path: Path) -> None:
    dictionary = shipped_dictionary()
    cut = segmenter("jieba", dictionary, tmp_path / "jieba")
    lines = samples.report_lines(repeats=3)
    sections = split(lines, 2015).texts(lines)
    counts = count_report({str(k): v for k, v in sections.items()}, dictionary, cut, cut)
    review, plan = counts.sections["review"], counts.sections["plan"]
    assert review.longest == {"信息化": 3, "大数据": 3}
    assert plan.longest == {"工业互联网": 3, "人工智能": 3, "区块链": 3, "5g基站": 3}
    assert plan.overlap["5g"] == 3 and plan.token == plan.longest
    for part, text in ((review, sections["review"]), (plan, sections["plan"])):
        assert part.chars_han == len(re.findall("[\u3400-\u9fff]", text))
        assert part.words_all >= part.words_nonpunct >= part.words_han
        assert part.words_all <= len(text.replace("\n", ""))


def test_a_token_cut_out_of_letters_and_digits_is_no_hit(tmp_path: Path) -> None:
    dictionary = shipped_dictionary()
    cut = segmenter("jieba", dictionary, tmp_path / "jieba")
    text = "新增储能容量55GWh。建设5G网络，15G专项，B2BX项目和b2b平台"
    assert cut.cut(text).count("5G") == 3
    plan = count_report({"plan": text}, dictionary, cut, cut).sections["plan"]
    assert plan.token == plan.longest == plan.overlap == {"5g": 1, "b2b": 1}


def test_words_are_tokens_with_a_letter_digit_or_ideograph() -> None:
    tokens = ["数字", "，", "5G", "……", "“", "+", " ", "12.5", "％", "数字"]
    assert words(Counter(tokens)) == (10, 4, 2)


def test_rjieba_finds_the_same_keywords(tmp_path: Path) -> None:
    pytest.importorskip("rjieba", reason="the rjieba extra is not installed")
    dictionary = shipped_dictionary()
    text = "\n".join(samples.report_lines(repeats=5))
    found = [
        count_report({"plan": text}, dictionary, cut, cut).sections["plan"]
        for cut in (segmenter("jieba", dictionary, tmp_path / "j"), segmenter("rjieba", dictionary))
    ]
    assert found[0].token == found[1].token
    assert found[1].words_nonpunct == pytest.approx(found[0].words_nonpunct, rel=0.001)


def test_sections_by_heading() -> None:
    lines = [*samples.report_lines(repeats=4), "名词解释", "大数据：指大规模的数据集合。"]
    labels = split(lines, 2015).labels
    assert labels[lines.index("一、2014年工作回顾")] == "review"
    assert labels[lines.index("二、2015年工作安排")] == "plan"
    assert labels[-2:] == ("annex", "annex")
    no_heading = split([line for line in lines if not line.startswith(("一、", "二、"))], 2015)
    assert "plan" not in no_heading.labels and no_heading.reason


@pytest.mark.parametrize(
    "line",
    [
        "主要任务分工明确、责任到人，确保各项工作落到实处。",
        "（三）落实重点任务分解",
        "注：以上指标为预期性指标",
    ],
)
def test_ordinary_lines_do_not_begin_an_annex(line: str) -> None:
    lines = samples.report_lines(repeats=6)
    lines.insert(-3, line)
    assert "annex" not in split(lines, 2015).labels


def test_annexes_alone_are_no_half() -> None:
    words = [
        {**WORDS, "section": "unsplit"},
        {**WORDS, "section": "annex"},
    ]
    frame = LEVEL.table(SECTION_WORDS).frame(words)
    rules = CountingRules(section="plan", annexes="keep")
    table = policy_attention(NO_HITS, frame, [2015], shipped_dictionary(), rules, units=PROVINCES)
    row = table[table["province"] == "浙江"].iloc[0]
    assert row["frequency"] != row["frequency"] and "no plan half" in row["reason"]


def test_a_report_without_words_has_no_frequency_and_says_why() -> None:
    empty = dict.fromkeys(("words_all", "words_nonpunct", "words_han", "chars_han"), 0)
    frame = LEVEL.table(SECTION_WORDS).frame([{**WORDS, **empty, "section": "unsplit"}])
    table = policy_attention(
        NO_HITS, frame, [2015], shipped_dictionary(), CountingRules(), units=PROVINCES
    )
    row = table[table["province"] == "浙江"].iloc[0]
    assert row["frequency"] != row["frequency"] and row["words_nonpunct"] == 0
    assert row["reason"] == "the text of the report has no words_nonpunct to divide by"
    assert length_outliers(table, level=LEVEL) == [
        "浙江 2015: 0 characters, 0.00 times the median of its province"
    ]


WORDS = {
    "province_code": 330000, "province": "浙江", "year": 2015, "words_all": 10,
    "words_nonpunct": 9, "words_han": 8, "chars_han": 20, "origin": "text", "source": "a.txt",
    "text_sha256": "0", "dictionary_sha256": shipped_dictionary().sha256, "tokenizer": "jieba",
}  # fmt: skip
