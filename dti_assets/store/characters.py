"""Characters that look like others, that nobody sees, or that mark a note: the one normaliser of
text for reports, patents, figures and terms.

White space, apart from line marks inside a word, is left to the caller.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from functools import lru_cache
from importlib.resources import files

# Kangxi radicals, CJK Radicals Supplement and compatibility ideographs
LOOK_ALIKE = re.compile("[\u2e80-\u2fdf\uf900-\ufaff]")

# Characters that no reader sees, as a class of Python's re and of Rust's regex: category Cf, what
# Unicode calls default ignorable (joiners, fillers, variation selectors, tags), U+FFF9 to U+FFFC,
# and the controls that are no white space.
_FORMAT = (
    r"\u0000-\u0008\u000E-\u001F\u007F-\u0084\u0086-\u009F\u00AD\u034F\u0600-\u0605\u061C\u06DD"
    r"\u070F\u0890\u0891\u08E2\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B-\u200F\u202A-\u202E"
    r"\u2060-\u206F\u3164\uFE00-\uFE0F\uFEFF\uFFA0\uFFF0-\uFFFC"
)
_FORMAT_BEYOND = (
    r"\U000110BD\U000110CD\U00013430-\U0001343F\U0001BCA0-\U0001BCA3\U0001D173-\U0001D17A"
    r"\U000E0000-\U000E0FFF"
)
FORMAT_CLASS = f"[{_FORMAT}{_FORMAT_BEYOND}]"

# Superscript digits with their signs and brackets, and numbers in circles, as such a class.
_MARKS = (
    r"\u00B2\u00B3\u00B9\u2070\u2074-\u207B\u207D\u207E\u2460-\u2473\u24EA-\u24FF"
    r"\u2776-\u2793\u3251-\u325F\u32B1-\u32BF"
)
MARK_CLASS = f"[{_MARKS}]"

# Line ends of other systems, of pages and of word processors, which stand inside words too.
LINE_CLASS = r"[\u000B\u000C\u0085\u2028\u2029]"

# whatever of all these a text may hold: one search decides that nothing is to be done
_ODD = re.compile(
    rf"[{_FORMAT}{_MARKS}\u000B\u000C\u0085\u2028\u2029\u2E80-\u2FDF\U00010000-\U0010FFFF]"
)
_FORMAT_CHARACTER = re.compile(FORMAT_CLASS)
# a mark belongs to the word, figure, bracket or quotation mark right before it; the exponent of a
# square or cubic metre is no mark
_NOTE = re.compile(
    rf"(?<![A-Za-zμµ])([kdcmhnμµ]?m[²³]){MARK_CLASS}*"
    rf"|(?<=[\w)）\]］〕】}}｝>》〉」』”’\"'])(?<!{MARK_CLASS}){MARK_CLASS}+"
)
# the commonest forms that NFKC changes; none of them composes with a character after it
_WIDE = tuple(zip("，：；！？（）％\u3000", ",:;!?()% ", strict=True))
_LINE = re.compile(f"{LINE_CLASS}+")


@lru_cache(maxsize=1)
def radicals() -> dict[int, str]:
    """Kangxi and CJK Radicals Supplement to unified ideographs, for str.translate.

    Source: Unicode's EquivalentUnifiedIdeograph data; NFKC maps only two of the 115 of the
    supplement, and turns U+2F3E into a traditional form that no mainland report uses.
    """
    text = (files("dti_assets.reference") / "radicals.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {int(row["radical"], 16): chr(int(row["ideograph"], 16)) for row in rows}


def without_format(text: str) -> str:
    """Return the text without the characters that no reader sees (FORMAT_CLASS)."""
    return _FORMAT_CHARACTER.sub("", text)


def without_note_marks(text: str) -> str:
    """Return the text without superscript digits and numbers in circles that follow a letter, a
    digit, a closing bracket or a quotation mark; NFKC would make figures of them.

    A number in a circle at the start or after punctuation opens an item of a list and stays.
    """
    return _NOTE.sub(lambda match: match.group(1) or "", text)


def without_line_marks(text: str) -> str:
    """Return the text without U+2028, U+2029, U+0085, VT and FF, which split no word; between two
    ASCII letters or digits a space remains."""
    return _LINE.sub(_gap, text)


def _gap(match: re.Match[str]) -> str:
    before, after = match.string[match.start() - 1 : match.start()], match.string[match.end() :][:1]
    return " " if _is_ascii_word(before) and _is_ascii_word(after) else ""


def _is_ascii_word(character: str) -> bool:
    return character.isascii() and character.isalnum()


def plain(text: str) -> str:
    """Return the text as everything is compared: radicals made ideographs, format characters, note
    marks and line marks taken out, then NFKC."""
    if _ODD.search(text):
        # a format character may stand between a word and its mark
        text = without_format(text.translate(radicals()))
        text = without_line_marks(without_note_marks(text))
    if unicodedata.is_normalized("NFKC", text):
        return text
    # most Chinese text needs no more than this, which is ten times as fast
    for wide, narrow in _WIDE:
        text = text.replace(wide, narrow)
    if unicodedata.is_normalized("NFKC", text):
        return text
    return unicodedata.normalize("NFKC", text)
