"""The text of a patent as terms are looked for in it: markup resolved, characters made plain."""

from __future__ import annotations

import html
import re

from dti_assets.store.characters import FORMAT_CLASS, LINE_CLASS, MARK_CLASS, plain

# nothing matches across title and abstract, or across paragraphs; a noncharacter that no text and
# no term contains, and that normalisation leaves alone
SEPARATOR = "\ufdd0"

# what opens markup; both patterns are of Python's re and of Rust's regex
_TAG_START = "<[A-Za-z/!?]"
_ENTITY = r"&(?:#[0-9]{1,7};?|#[xX][0-9A-Fa-f]{1,6};?|[A-Za-z][0-9A-Za-z]{1,30};)"

_ENTITIES = re.compile(_ENTITY)
_BLOCK = "p|div|li|ul|ol|td|th|tr|table|h[1-6]|section|maths?|title|abstract|claim(?:-text)?"
_INLINE = (
    "b|i|u|em|strong|small|big|sub|sup|span|font|a|img|mark|ins|code|tt|o|smallcaps|figref|"
    "chemistry|chem|sp|sb|html|body"
)
# text that a page shows struck, or not at all; a superscript number marks a note
_DROPPED = re.compile(
    r"<!--.*?-->|<(del|s|strike|script|style)\b[^<>]*>.*?</\1\s*>|<sup\b[^<>]*>[\d\s,，()*※]*</sup\s*>",
    re.IGNORECASE | re.DOTALL,
)
_BREAKS = re.compile(r"<br\b[^<>]*>", re.IGNORECASE)
_BLOCKS = re.compile(rf"</?(?:{_BLOCK})(?:\s[^<>]*)?/?>", re.IGNORECASE)
# a < b and c > d is no tag: other names need an attribute, or close
_TAGS = re.compile(
    rf"</?(?:{_INLINE})(?:\s[^<>]*)?/?>|</[A-Za-z][\w:.-]*\s*>|<[A-Za-z][\w:.-]*\s*/>"
    r"|<[A-Za-z][\w:.-]*(?:\s+[\w:.-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'))+\s*/?>|<[!?][A-Za-z][^<>]*>",
    re.IGNORECASE,
)
# a line that is broken within a word, as in text copied from a page
_BROKEN = re.compile(r"(?<=[\u3400-\u9fff])[ \t]*[\r\n]\s*(?=[\u3400-\u9fff])")


def normal_text(text: str) -> str:
    """Return the text as terms are compared with it: without markup, with entities resolved, and
    plain (see store.characters.plain); a line break between two ideographs splits no word."""
    if "&" in text or "<" in text:
        text = _without_markup(text)
    return _BROKEN.sub("", plain(text))


def _without_markup(text: str) -> str:
    # an export may escape twice
    for _ in range(3):
        resolved = _ENTITIES.sub(lambda match: html.unescape(match.group()), text)
        if resolved == text:
            break
        text = resolved
    text = _DROPPED.sub("", text)
    text = _BREAKS.sub("\n", text)
    return _TAGS.sub("", _BLOCKS.sub(SEPARATOR, text))


def odd_text(characters: str) -> str:
    """Return a Rust regex of what normal_text changes beyond NFKC, where that can make or unmake
    a term of these characters; `characters` is the inside of a regex class."""
    # letters and digits of another width are those of a term as well
    near = rf"[{characters}[[\p{{L}}\p{{N}}]--[\u0000-\u007F\u3400-\u9FFF]]]"
    return "|".join(
        (
            FORMAT_CLASS,
            LINE_CLASS,
            r"[\u2E80-\u2FDF]",
            _TAG_START,
            _ENTITY,
            f"{near}{MARK_CLASS}|{MARK_CLASS}{near}",
            rf"[{characters}\uF900-\uFAFF][ \t]*[\r\n]\s*[{characters}\uF900-\uFAFF]",
        )
    )
