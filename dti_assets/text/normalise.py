"""One spelling for every report: look-alike radicals, width, and white space inside sentences.

Applied to each paragraph after reading and before anything is counted. Line breaks between
paragraphs are kept; nothing can match across them.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from functools import lru_cache
from importlib.resources import files

# zero-width and soft hyphens, byte-order marks, and other controls that end up inside words
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff\u0000-\u0008\u000e-\u001f]")
# white space stays only between two ASCII letters or digits, where it separates words
_WHITE = re.compile(r"\s+")
_SPACE = re.compile("(?<![0-9A-Za-z]) | (?![0-9A-Za-z])")
_RADICAL = re.compile("[\u2e80-\u2fdf]")
# Kangxi radicals, CJK Radicals Supplement and compatibility ideographs
LOOK_ALIKE = re.compile("[\u2e80-\u2fdf\uf900-\ufaff]")
HAN = re.compile("[\u3400-\u9fff]")
_HAN_RUN = re.compile("[\u3400-\u9fff]+")


@lru_cache(maxsize=1)
def radicals() -> dict[int, str]:
    """Kangxi and CJK Radicals Supplement to unified ideographs, for str.translate.

    Source: Unicode's EquivalentUnifiedIdeograph data; NFKC maps only two of the 115 of the
    supplement, and turns U+2F3E into a traditional form that no mainland report uses.
    """
    text = (files("dti_assets.reference") / "radicals.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {int(row["radical"], 16): chr(int(row["ideograph"], 16)) for row in rows}


def normalise_paragraph(text: str) -> str:
    """One paragraph: radicals to ideographs, NFKC, invisible characters off, white space only
    between two ASCII letters or digits (a PDF engine may put a space beside any number)."""
    if _RADICAL.search(text):
        text = text.translate(radicals())
    if not unicodedata.is_normalized("NFKC", text):
        text = unicodedata.normalize("NFKC", text)
    return _SPACE.sub("", _WHITE.sub(" ", _INVISIBLE.sub("", text).strip()))


def normalise(paragraphs: list[str]) -> list[str]:
    """The paragraphs that hold anything, each normalised."""
    return [text for text in map(normalise_paragraph, paragraphs) if text]


def han_count(text: str) -> int:
    """Number of Han characters, U+3400 to U+9FFF."""
    return sum(map(len, _HAN_RUN.findall(text)))
