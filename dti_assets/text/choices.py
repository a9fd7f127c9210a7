"""What study.yaml may choose about counting, and the stored column or section of each choice.

Belongs here: the kinds of hits, the denominators and the sections that are added up, each with
the one function that turns a choice into a column. Does not belong here: counting itself.
"""

from __future__ import annotations

from typing import Any

# the kinds of hits that are counted, each in a column of its own
HITS = ("longest", "token", "overlap")
# choice of a denominator -> its column
WORDS = {
    "all": "words_all",
    "nonpunct": "words_nonpunct",
    "han": "words_han",
    "chars": "chars_han",
}
# which stored sections each choice of study.yaml adds up; annexes come on top where they are kept
COUNTED = {"whole": ("review", "plan", "unsplit"), "plan": ("plan",), "review": ("review",)}


def hits_column(kind: str) -> str:
    """Return the column that holds hits of this kind."""
    return f"hits_{kind}"


def words_column(choice: str) -> str:
    """Return the column that a choice of denominator divides by."""
    return WORDS[choice]


def counts_characters(choice: str) -> bool:
    """Return whether a choice of denominator counts characters, not words of a tokenizer."""
    return choice == "chars"


def counted_sections(section: str, annexes: str) -> tuple[str, ...]:
    """Return the stored sections that these two choices add up."""
    return COUNTED[section] + (("annex",) if annexes == "keep" else ())


def frequency(hits: Any, words: Any) -> Any:
    """Return hits per word, of numbers or arrays."""
    return hits / words
