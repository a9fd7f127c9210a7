"""Where the terms of a dictionary stand in a text. Exact, and the only place that decides it.

ASCII letters match in either case; a term with an ASCII letter or digit at an end needs a
neighbour there that is neither (`55GWh` holds no `5G`, `基于AI的` holds `AI`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from dti_assets.text.dictionary import Dictionary, fold

_ALNUM = "0-9A-Za-z"


class Matcher:
    """Finds the terms of one dictionary in normalised text."""

    def __init__(self, dictionary: Dictionary) -> None:
        self.keys = dictionary.keys
        first = "".join(sorted({key[0] for key in self.keys}))
        # at one place the longest term is tried first, and one that fails its boundary leaves
        # the shorter ones; the look-ahead finds the longest term of every place
        ordered = sorted(self.keys, key=lambda key: (-len(key), key))
        longest = "|".join(map(_bounded, ordered))
        self._places = re.compile(f"(?=[{re.escape(first)}])(?=({longest}))")
        # what a tokenizer may cut out of a longer run of letters and digits
        edged = [key for key in self.keys if _is_alnum(key[0]) or _is_alnum(key[-1])]
        begins = "".join(sorted({key[0] for key in edged}))
        runs = "|".join(map(_in_a_run, edged))
        # most characters begin none of them, which the look-ahead tells at once
        self._in_runs = re.compile(f"(?=[{re.escape(begins)}])(?:{runs})") if edged else None
        # all terms that begin where a term begins are beginnings of it
        self._within = {key: self._beginnings(key) for key in self.keys}

    def _beginnings(self, key: str) -> tuple[str, ...]:
        """The terms that occur wherever `key` does, at the same place; `key` is one of them."""
        return tuple(
            other for other in self.keys if re.compile(_bounded(other)).match(key) or other == key
        )

    def _longest_of_places(self, text: str) -> list[tuple[int, str]]:
        return [(m.start(), m.group(1)) for m in self._places.finditer(fold(text))]

    def spans(self, text: str) -> Iterator[tuple[str, int, int]]:
        """Non-overlapping leftmost-longest occurrences: (term key, start, end) in `text`."""
        end = 0
        for start, key in self._longest_of_places(text):
            if start >= end:
                end = start + len(key)
                yield key, start, end

    def longest(self, text: str) -> dict[str, int]:
        """Leftmost-longest hits of each term that occurs."""
        counts: dict[str, int] = {}
        for key, _, _ in self.spans(text):
            counts[key] = counts.get(key, 0) + 1
        return counts

    def overlapping(self, text: str) -> Iterator[tuple[str, int, int]]:
        """All occurrences, those inside a longer term too: (term key, start, end) in `text`."""
        for start, longest in self._longest_of_places(text):
            for key in self._within[longest]:
                yield key, start, start + len(key)

    def overlap(self, text: str) -> dict[str, int]:
        """Occurrences of each term that occurs, those inside a longer term too."""
        counts: dict[str, int] = {}
        for key, _, _ in self.overlapping(text):
            counts[key] = counts.get(key, 0) + 1
        return counts

    def tokens(self, text: str, tokens: Iterable[str]) -> Iterator[tuple[str, int, int]]:
        """Those of the `tokens` of `text` that are a term, by the rule of neighbours too:
        (term key, start, end)."""
        for key, start, end in self._spelled(tokens):
            if _is_whole(key, text, start, end):
                yield key, start, end

    def tokens_in_runs(self, text: str, tokens: Iterable[str]) -> list[str]:
        """Keys of the `tokens` of `text` that are spelled as a term and are none, cut out of a
        longer run of letters and digits. Of most texts there are none, and that is soon told."""
        if self._in_runs is None or not self._in_runs.search(fold(text)):
            return []
        spelled = self._spelled(tokens)
        return [key for key, start, end in spelled if not _is_whole(key, text, start, end)]

    def _spelled(self, tokens: Iterable[str]) -> Iterator[tuple[str, int, int]]:
        end = 0
        for token in tokens:
            start, end = end, end + len(token)
            key = fold(token)
            if key in self._within:
                yield key, start, end


@lru_cache(maxsize=8)
def matcher(dictionary: Dictionary) -> Matcher:
    """The Matcher of a dictionary, compiled once."""
    return Matcher(dictionary)


def _bounded(key: str) -> str:
    before = f"(?<![{_ALNUM}])" if _is_alnum(key[0]) else ""
    after = f"(?![{_ALNUM}])" if _is_alnum(key[-1]) else ""
    return before + re.escape(key) + after


def _in_a_run(key: str) -> str:
    before = f"(?<=[{_ALNUM}]){re.escape(key)}" if _is_alnum(key[0]) else ""
    after = f"{re.escape(key)}(?=[{_ALNUM}])" if _is_alnum(key[-1]) else ""
    return "|".join(filter(None, (before, after)))


def _is_whole(key: str, text: str, start: int, end: int) -> bool:
    """Whether the term that stands there has no neighbour it must not have."""
    before, after = text[max(0, start - 1) : start], text[end : end + 1]
    return not (
        (_is_alnum(key[0]) and _is_alnum(before)) or (_is_alnum(key[-1]) and _is_alnum(after))
    )


def _is_alnum(character: str) -> bool:
    return character.isascii() and character.isalnum()
