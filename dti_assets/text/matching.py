"""Where the terms of a dictionary stand in a text. Exact, and the only place that decides it.

ASCII letters match in either case; a term with an ASCII letter or digit at an end needs a
neighbour there that is neither (`55GWh` holds no `5G`, `基于AI的` holds `AI`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from dti_assets.text.dictionary import Dictionary, fold

_ALNUM = "0-9A-Za-z"


class Matcher:
    """Finds the terms of one dictionary in normalised text."""

    def __init__(self, dictionary: Dictionary) -> None:
        self.keys = dictionary.keys
        self._plain = [key for key in self.keys if not _edges(key)]
        self._edged = {key: re.compile(_bounded(key)) for key in self.keys if _edges(key)}
        first = "".join(sorted({key[0] for key in self.keys}))
        # leftmost-longest: at one place the longest term is tried first, and one that fails its
        # boundary leaves the shorter ones
        ordered = sorted(self.keys, key=lambda key: (-len(key), key))
        self._longest = re.compile(
            f"(?=[{re.escape(first)}])(?:" + "|".join(map(_bounded, ordered)) + ")"
        )

    def spans(self, text: str) -> Iterator[tuple[str, int, int]]:
        """Non-overlapping leftmost-longest occurrences: (term key, start, end) in `text`."""
        for match in self._longest.finditer(fold(text)):
            yield match.group(), match.start(), match.end()

    def longest(self, text: str) -> dict[str, int]:
        """Leftmost-longest hits of each term that occurs."""
        counts: dict[str, int] = {}
        for key in self._longest.findall(fold(text)):
            counts[key] = counts.get(key, 0) + 1
        return counts

    def overlap(self, text: str) -> dict[str, int]:
        """Occurrences of each term that occurs, those inside a longer term too."""
        folded = fold(text)
        counts = {key: folded.count(key) for key in self._plain}
        counts |= {key: len(pattern.findall(folded)) for key, pattern in self._edged.items()}
        return {key: count for key, count in counts.items() if count}


@lru_cache(maxsize=8)
def matcher(dictionary: Dictionary) -> Matcher:
    """The Matcher of a dictionary, compiled once."""
    return Matcher(dictionary)


def _edges(key: str) -> bool:
    return any(c.isascii() and c.isalnum() for c in (key[0], key[-1]))


def _bounded(key: str) -> str:
    before = f"(?<![{_ALNUM}])" if key[0].isascii() and key[0].isalnum() else ""
    after = f"(?![{_ALNUM}])" if key[-1].isascii() and key[-1].isalnum() else ""
    return before + re.escape(key) + after
