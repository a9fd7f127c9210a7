"""What is said of province-years without a frequency, and of counts unlike the published ones."""

import re

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from dti_assets.text.attention import CountingRules, policy_attention
from dti_assets.text.checks import disagreements, missing_reports, mixed_tokenizers
from dti_assets.text.dictionary import dictionary_of, shipped_dictionary
from dti_assets.text.published import published_counts, published_words
from dti_assets.text.tables import KEYWORD_COUNTS, SECTION_WORDS
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")
LEVEL = PROVINCES.level
YEARS = list(range(2009, 2023))
PLACES = ("北京", "天津", "浙江", "西藏")
REASONS = (None, "no report in the folder", "a.pdf: scanned: 3 pages")


def told(sentence: str) -> tuple[str, set[tuple[str, int]]]:
    """Reason and province-years of a sentence, read back as a person reads it."""
    where, _, reason = sentence.partition(": ")
    reason = re.sub(r" \([0-9]+ province-years\)$", "", reason)
    places: set[tuple[str, int]] = set()
    for part in where.split("; "):
        at = re.search("[0-9]", part)
        assert at is not None
        names, spans = part[: at.start()].strip(), part[at.start() :]
        provinces = PLACES if names == "all provinces" else names.split(", ")
        for span in spans.split(", "):
            first, _, last = span.partition("-")
            places |= {(p, y) for p in provinces for y in range(int(first), int(last or first) + 1)}
    return reason, places


@given(st.lists(st.sampled_from(REASONS), min_size=len(PLACES) * 6, max_size=len(PLACES) * 6))
@settings(max_examples=200, deadline=None)
def test_every_gap_is_told_once_a_line_a_reason(reasons: list[str | None]) -> None:
    keys = [(province, year) for province in PLACES for year in range(2012, 2018)]
    rows = [
        {"province": p, "year": y, "frequency": None if r else 0.001, "reason": r}
        for (p, y), r in zip(keys, reasons, strict=True)
    ]
    sentences = missing_reports(pd.DataFrame(rows).astype({"frequency": "float64"}), level=LEVEL)
    expected = {
        reason: {k for k, r in zip(keys, reasons, strict=True) if r == reason}
        for reason in set(reasons) - {None}
    }
    assert len(sentences) == len(expected) and dict(map(told, sentences)) == expected
    for sentence in sentences:
        number = len(expected[told(sentence)[0]])
        assert number == 1 or sentence.endswith(f" ({number} province-years)")


def test_an_edited_dictionary_without_reports_is_one_line() -> None:
    own = dictionary_of(["数字茶园"])
    nothing = LEVEL.table(KEYWORD_COUNTS).frame([]), LEVEL.table(SECTION_WORDS).frame([])
    attention = policy_attention(*nothing, YEARS, own, CountingRules(), units=PROVINCES)
    (sentence,) = missing_reports(attention, level=LEVEL)
    assert sentence.startswith(
        "all provinces 2009-2022: no report in the folder, and the published"
    )
    assert sentence.endswith(" (434 province-years)")


def test_counts_unlike_the_published_ones_are_told_report_by_report() -> None:
    words = published_words(LEVEL).assign(
        origin="text", dictionary_sha256=shipped_dictionary().sha256
    )
    keywords = published_counts(LEVEL).assign(origin="text")
    assert disagreements(keywords, words, level=LEVEL) == []
    here = (words["province"] == "浙江") & (words["year"] == 2015)
    known = words[here].set_index("section")["words_nonpunct"].to_dict()
    words.loc[here, "words_nonpunct"] += 1
    assert len(known) > 1
    assert disagreements(keywords, words, level=LEVEL) == [
        "浙江 2015: "
        + "; ".join(
            f"{s} words_nonpunct {int(n) + 1}, published {int(n)}" for s, n in known.items()
        )
    ]


def test_denominators_of_two_tokenizers_are_told_by_province_year() -> None:
    words = published_words(LEVEL)
    assert mixed_tokenizers(words, level=LEVEL) == []
    assert mixed_tokenizers(LEVEL.table(SECTION_WORDS).frame([]), level=LEVEL) == []
    own = (words["province"] == "浙江") & (words["year"] >= 2020)
    assert own.sum() > words[own]["year"].nunique() == 3
    other = words.assign(tokenizer=words["tokenizer"].mask(own, "rjieba 0.2.2"))
    (sentence,) = mixed_tokenizers(other, level=LEVEL)
    assert sentence.startswith(
        "words are cut by jieba 0.42.1 in 427 province-years, 3 by rjieba 0.2.2:"
    )
