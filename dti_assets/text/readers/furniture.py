"""What stands in a report's text and is not the report: tables of contents; and what says that the
text is not whole, or there twice. Works on normalised paragraphs of any format."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

# 一、去年工作回顾......3
_LEADER = re.compile(r".{2,80}?(?:[.·・‥]\s?){3,}\s*\d{1,3}(?!\d)")
_DOTS = ("..", ". .", "··", "· ·", "・・", "‥")
_PAGE = re.compile(r"[.·・‥\s_]*\d{1,3}$")
_HEADING = re.compile(r"[《(\[【]?目(?:录|次)[》)\]】]?:?|(?:table of )?contents", re.IGNORECASE)
_NUMBERED = re.compile(
    r"第?[一二三四五六七八九十]{1,3}(?:、|[.．]|部分)|\([一二三四五六七八九十]+\)"
)
_ENTRY_LENGTH = 80
# a table of contents stands in front
_FRONT = 80
_FEW = 3
_GAP = 2

# 下一页, 第1页共2页 at the end of a text taken from a web page
_GOES_ON = re.compile(
    r"(?:.{0,12}(?:上一页|首页|前一页))?.{0,12}(?:下一页|后一页)(?:.{0,8}(?:尾页|末页))?.{0,6}|"
    r".{0,6}第?1页?[/,(|]?共([2-9]|[1-9]\d)页.{0,16}|.{0,6}共([2-9]|[1-9]\d)页.{0,3}第?1页.{0,16}"
)
_LAST_LINES = 6

_SENTENCE_ENDS = ("。", "!", "?", ";")
_LONG_SENTENCE = 25
# sentences that stand in a text as often as this are its author's habit, or an invented text
_COPIES = range(2, 5)
_REPEATED_CHARACTERS = 300


def contents_lines(paragraphs: Sequence[str]) -> set[int]:
    """Return the places of the lines of a table of contents.

    Such a line has dots that lead to a page number, or is a heading of the text that follows: under
    the words 目录, or numbered and among several.
    """
    found: set[int] = set()
    front = min(_FRONT, len(paragraphs))
    leaders = [
        len(_LEADER.findall(text)) if any(dots in text for dots in _DOTS) else 0
        for text in paragraphs[:front]
    ]
    start = 0
    for index in range(front + 1):
        if index < front and leaders[index]:
            continue
        if sum(leaders[start:index]) >= _FEW:
            found.update(range(start, index))
        start = index + 1
    later = _headings(paragraphs)
    for index in range(front):
        is_heading = _HEADING.fullmatch(paragraphs[index]) is not None
        if not is_heading and not _repeats(paragraphs, index, later, numbered=True):
            continue
        entries = _entries(paragraphs, index + is_heading, later, numbered=not is_heading)
        if len(entries - found) >= (2 if is_heading else 4):
            found |= entries
        if is_heading and (index + 1 in found or entries & found):
            found.add(index)
    return found


def _headings(paragraphs: Sequence[str]) -> dict[str, int]:
    """The last place of each short paragraph."""
    return {text: index for index, text in enumerate(paragraphs) if 4 <= len(text) <= _ENTRY_LENGTH}


def _entries(
    paragraphs: Sequence[str], start: int, later: dict[str, int], numbered: bool
) -> set[int]:
    found: set[int] = set()
    last = start
    for index in range(start, min(len(paragraphs), start + _FRONT)):
        if _LEADER.fullmatch(paragraphs[index]) or _repeats(paragraphs, index, later, numbered):
            found.add(index)
            last = index
        elif index - last > _GAP or len(paragraphs[index]) > _ENTRY_LENGTH:
            break
    # an entry that repeats another entry only is no heading of the text
    return {
        index
        for index in found
        if _LEADER.fullmatch(paragraphs[index])
        or (place := later.get(_entry(paragraphs[index], later), -1)) > last
        or place == -1
    }


def _entry(text: str, later: dict[str, int]) -> str:
    """The heading that a line of contents names, without its page."""
    bare = _PAGE.sub("", text)
    return bare if bare in later else text


def _repeats(paragraphs: Sequence[str], index: int, later: dict[str, int], numbered: bool) -> bool:
    text = paragraphs[index]
    if len(text) > _ENTRY_LENGTH or text.endswith(_SENTENCE_ENDS):
        return False
    if numbered and not _NUMBERED.match(text):
        return False
    return later.get(_entry(text, later), -1) > index


def goes_on(paragraphs: Sequence[str]) -> str:
    """Return why a text is the first page of several, by its last lines; empty where it is not."""
    for text in paragraphs[-_LAST_LINES:]:
        if len(text) <= 40 and _GOES_ON.fullmatch(text):
            return f"the text ends as the first page of several does ({text}); the rest is missing"
    return ""


def stands_twice(paragraphs: Sequence[str]) -> str:
    """Return how much of a text stands in it more than once; empty where that is little."""
    text = "。".join(paragraphs).replace("!", "。").replace("?", "。")
    long = [sentence for sentence in text.split("。") if len(sentence) >= _LONG_SENTENCE]
    sentences = Counter(long)
    if len(sentences) == len(long):
        return ""
    repeated = [(text, n) for text, n in sentences.items() if n in _COPIES]
    extra = sum(len(text) * (n - 1) for text, n in repeated)
    total = sum(map(len, paragraphs)) or 1
    if extra < _REPEATED_CHARACTERS:
        return ""
    return (
        f"{extra:,} characters, {extra / total:.0%} of the text, stand in it twice, and so do "
        "their keywords"
    )
