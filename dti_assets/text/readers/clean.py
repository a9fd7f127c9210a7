"""Whether a text is Chinese prose at all. No reading, no normalising."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
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


# The thirty commonest characters of government work reports; real reports are 0.14 to 0.18 made
# of them, text through a missing character map under 0.05.
COMMON = frozenset("的和发展建设推进加强经济社会全面工作高质量化国企业人民服务改革")
MIN_COMMON = 0.05
MAX_CONTROL = 0.5
_CID = re.compile(r"\(cid:\d+\)")
_LAYOUT = "\t\n\r\f\u3000"


def shares(text: str) -> tuple[float, float]:
    """Share of the thirty commonest among the characters that are not white space, and share of
    control, private-use, unassigned and replacement characters among all."""
    counts = Counter(text)
    visible = sum(n for c, n in counts.items() if not c.isspace())
    common = sum(counts[c] for c in COMMON)
    control = sum(
        n
        for c, n in counts.items()
        if c == "\ufffd" or (unicodedata.category(c) in ("Cc", "Co", "Cn") and c not in _LAYOUT)
    )
    return common / visible if visible else 0.0, control / len(text) if text else 0.0


def oddness(text: str) -> float:
    """How much a page looks wrong, 0 to 3: unmapped glyphs, control characters, no common word.

    Only a page of at least 200 characters is expected to hold common ones.
    """
    common, control = shares(text)
    odd = control + (1.0 if _CID.search(text) else 0.0)
    return odd + 1.0 if len(text) >= 200 and common < MIN_COMMON else odd


def is_garbled(text: str) -> bool:
    """Whether the text cannot be meant as Chinese prose: (cid:n), control characters, or a long
    text almost without the commonest characters. Implies an oddness above 0."""
    common, control = shares(text)
    if _CID.search(text) or control > MAX_CONTROL:
        return True
    return len(text) >= 200 and common < MIN_COMMON
