"""Whether a text is Chinese prose at all. No reading, no normalising."""

from __future__ import annotations

import re
import unicodedata

from dti_assets.store.characters import MARK_CLASS, plain

# white space stays only between two ASCII letters or digits, where it separates words
_WHITE = re.compile(r"\s+")
_SPACE = re.compile("(?<![0-9A-Za-z]) | (?![0-9A-Za-z])")
# 1, [1], (注2), 1-3, ①, * as raised characters
_RAISED = re.compile(
    r"(?:[\[［(（〔【<]?\s*注?\s*(?:\d{1,3}(?:\s*[-–,，、]\s*\d{1,3})*|[*＊※†‡]+|"
    rf"{MARK_CLASS}+)\s*[\]］)）〕】>]?\s*)+"
)
_LONGEST_MARK = 20
# what a raised figure is the exponent of
_BASE = re.compile(r"(?:(?<![A-Za-zμµ])[kdcmhnμµ]?m|[×xX*]\s*10)\s*$")
HAN = re.compile("[\u3400-\u9fff]")
_HAN_RUN = re.compile("[\u3400-\u9fff]+")


def normalise_paragraph(text: str) -> str:
    """Return one paragraph as it is counted: plain characters, white space only between two ASCII
    letters or digits (a PDF engine may put a space beside any number)."""
    return _SPACE.sub("", _WHITE.sub(" ", plain(text).strip()))


def is_note_mark(before: str, raised: str) -> bool:
    """Whether raised characters after `before` are the mark of a note, and no exponent."""
    if len(raised) > _LONGEST_MARK or not _RAISED.fullmatch(raised.strip()):
        return False
    return not (raised.strip().isdigit() and _BASE.search(before[-8:]))


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
    used = set(text)
    visible = len("".join(text.split()))
    common = sum(map(text.count, COMMON & used))
    control = sum(map(text.count, filter(_is_odd, used)))
    return common / visible if visible else 0.0, control / len(text) if text else 0.0


def _is_odd(character: str) -> bool:
    if "\u4e00" <= character <= "\u9fff":
        return False
    category = unicodedata.category(character)
    return character == "\ufffd" or (category in ("Cc", "Co", "Cn") and character not in _LAYOUT)


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
