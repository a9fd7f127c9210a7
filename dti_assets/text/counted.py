"""Every counted occurrence with its place. Adds up to table keyword_counts, term by term.

The concordance looks up one term of any list; here are all hits under the study's own rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dti_assets.tables import records
from dti_assets.text.attention import CountingRules, counted_sections
from dti_assets.text.dictionary import Dictionary
from dti_assets.text.matching import matcher
from dti_assets.text.sections import split
from dti_assets.text.segmentation import Segmenter

if TYPE_CHECKING:
    import pandas as pd

Spans = Callable[[str], Iterator[tuple[str, int, int]]]


@dataclass(frozen=True)
class CountedOccurrence:
    """One hit: `paragraph` counted from 1, `start` and `end` within `text`, the paragraph."""

    path: str
    province_code: int
    province: str
    year: int
    section: str
    paragraph: int
    start: int
    end: int
    term: str
    text: str


def counted_occurrences(
    texts: pd.DataFrame,
    dictionary: Dictionary,
    rules: CountingRules,
    segmenter: Segmenter | None = None,
) -> Iterator[CountedOccurrence]:
    """The hits that enter the study's frequency, in the order of `texts` (table report_texts).

    `segmenter` knows the terms of `dictionary`; only `hits: token` needs it.
    """
    spans = spans_of(dictionary, rules, segmenter)
    sections = counted_sections(rules)
    for report in records(texts[["path", "province_code", "province", "year", "text"]]):
        paragraphs = report["text"].split("\n")
        labels = split(paragraphs, report["year"]).labels
        for index, text in enumerate(paragraphs):
            if labels[index] not in sections:
                continue
            for key, start, end in spans(text):
                yield CountedOccurrence(
                    report["path"],
                    report["province_code"],
                    report["province"],
                    report["year"],
                    labels[index],
                    index + 1,
                    start,
                    end,
                    dictionary.by_key[key].term,
                    text,
                )


def spans_of(dictionary: Dictionary, rules: CountingRules, segmenter: Segmenter | None) -> Spans:
    """What finds the terms of `dictionary` in a paragraph as the study counts them."""
    patterns = matcher(dictionary)
    if rules.hits == "longest":
        return patterns.spans
    if rules.hits == "overlap":
        return patterns.overlapping
    assert segmenter is not None
    return lambda text: patterns.tokens(text, segmenter.cut(text))
