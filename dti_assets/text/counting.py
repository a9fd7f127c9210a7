"""One report's numbers: keyword hits by section and term, and the four denominators.

Pure: text in, counts out. Two reports' counts never touch; caching and tables are elsewhere.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field

from dti_assets.text.dictionary import Dictionary, fold
from dti_assets.text.matching import Matcher, matcher
from dti_assets.text.readers.clean import han_count
from dti_assets.text.segmentation import Segmenter, words

# Part of every cache key of counts: raise it whenever a count may come out differently.
COUNTING_VERSION = "2"

# words_all, words_nonpunct and words_han by section: what segmenting a report gave
SectionWords = dict[str, tuple[int, int, int]]


@dataclass
class SectionCounts:
    """Counts of one section. Only terms that occur are listed; `token` is None where the terms
    were not counted among the tokens."""

    words_all: int
    words_nonpunct: int
    words_han: int
    chars_han: int
    longest: dict[str, int] = field(default_factory=dict)
    overlap: dict[str, int] = field(default_factory=dict)
    token: dict[str, int] | None = None

    def terms(self) -> list[str]:
        """Every term with a hit under any definition, sorted."""
        return sorted({*self.longest, *self.overlap, *(self.token or {})})


@dataclass
class ReportCounts:
    """Counts of one report by section."""

    sections: dict[str, SectionCounts]

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)

    def words(self) -> SectionWords:
        """The denominators that took segmenting; a user's terms never move them."""
        return {
            name: (section.words_all, section.words_nonpunct, section.words_han)
            for name, section in self.sections.items()
        }

    @classmethod
    def from_json(cls, text: str) -> ReportCounts:
        raw = json.loads(text)
        return cls({name: SectionCounts(**values) for name, values in raw["sections"].items()})


def count_report(
    sections: dict[str, str],
    dictionary: Dictionary,
    denominator: Segmenter | SectionWords,
    token: Segmenter | None = None,
) -> ReportCounts:
    """Count one report, section by section (name to text, paragraphs one a line).

    `denominator` segments with the shipped dictionary, or is what it once gave. `token` is a
    segmenter that knows the terms of `dictionary`, or None: then `hits_token` is not counted.
    Pass the same object twice where the study's dictionary is the shipped one, and one pass
    serves both.
    """
    found = {}
    patterns = matcher(dictionary)
    for name, text in sections.items():
        lines = text.split("\n")
        tokens, in_runs = None, Counter[str]()
        if isinstance(denominator, dict):
            everything, nonpunct, han = denominator[name]
        else:
            tokens, in_runs = _tally(denominator, lines, patterns)
            everything, nonpunct, han = words(tokens)
        hits_token = None
        if token is not None:
            if tokens is None or token is not denominator:
                tokens, in_runs = _tally(token, lines, patterns)
            hits_token = _token_hits(tokens, in_runs, dictionary)
        found[name] = SectionCounts(
            everything,
            nonpunct,
            han,
            han_count(text),
            patterns.longest(text),
            patterns.overlap(text),
            hits_token,
        )
    return ReportCounts(found)


def _tally(
    segmenter: Segmenter, lines: list[str], patterns: Matcher
) -> tuple[Counter[str], Counter[str]]:
    """How often each token occurs; most of a report's tokens are the same few thousand. And how
    often one is spelled as a term and stands inside a longer run of letters and digits."""
    tokens, in_runs = Counter[str](), Counter[str]()
    for line in lines:
        cut = segmenter.cut(line)
        tokens.update(cut)
        in_runs.update(patterns.tokens_in_runs(line, cut))
    return tokens, in_runs


def _token_hits(
    tokens: Counter[str], in_runs: Counter[str], dictionary: Dictionary
) -> dict[str, int]:
    counts = Counter[str]()
    for token, count in tokens.items():
        key = fold(token)
        if key in dictionary.by_key:
            counts[key] += count
    # no count of zero stays
    return dict(counts - in_runs)
