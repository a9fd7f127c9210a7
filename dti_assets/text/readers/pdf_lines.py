"""Lines of pages to paragraphs: running heads and page numbers off, wrapped lines joined.

No PDF here, only lines with their edges.
"""

from __future__ import annotations

import itertools
import re
import statistics
from collections import Counter
from dataclasses import dataclass

# a line repeated at the same height on this share of pages is a running head; so is a line set
# apart at a height where this share of the pages holds lines that are repeated
REPEATED = 0.4
# a running head stands further from the text than lines of the text from each other, so many times
_APART = 1.4
# running heads are among so many lines at the upper or lower edge; a line in the middle of pages
# (the text of a stamp) is none of the text only where it stands on nearly all of them
_OUTER, _NEARLY_ALL = 3, 0.8
_PAGE_NUMBER = re.compile(
    r"^[\s\-—–·.•|~〔\[(（第]*(\d{1,4}|[ivxlc]{1,6})\s*页?(\s*[/,，、共of\s]+\s*\d{1,4})?[\s\-—–·.•|~〕\])）页]*$",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[。！？；：.!?;:]$")
# a subtitle with the date and place of delivery, or a numbered heading
_OPENING = re.compile(
    r"——|[（(]?20\d\d年|[一二三四五六七八九十]{1,3}、|[（(][一二三四五六七八九十]{1,3}[）)]"
)
_DIGITS = re.compile(r"\d+")


@dataclass
class Line:
    """One line of a page; edges in points, None where the engine gave no geometry. `height` is
    that of its lower edge above the lower edge of the page, `size` that of its type."""

    text: str
    page: int
    left: float | None = None
    right: float | None = None
    height: float | None = None
    size: float | None = None


def drop_furniture(pages: list[list[Line]]) -> list[Line]:
    """Return the lines of all pages without running heads and page numbers.

    Furniture is a line that stands at the same height on many pages (digits aside), a head of a
    chapter, or a bare number that is the first or last line of its page.
    """
    places = [[_place(line) for line in lines] for lines in pages]
    seen: Counter[tuple[str, int]] = Counter()
    for keys in places:
        seen.update({key for key in keys if key is not None})
    needed = max(3, REPEATED * len(pages))
    most = max(3, _NEARLY_ALL * len(pages))
    # in the middle of a page, lines that differ in a figure are rows of tables
    alike = Counter(key for lines in pages for key in {_exact(line) for line in lines})
    chapters = _heads_of_chapters(pages, seen)
    kept = []
    for lines, keys in zip(pages, places, strict=True):
        heights = [line.height for line in lines if line.height is not None]
        edges = (min(heights), max(heights)) if heights else ()
        ranked = sorted({round(height) for height in heights})
        lower, upper = (ranked[:_OUTER][-1], ranked[-_OUTER:][0]) if ranked else (0, 0)
        for index, (line, key) in enumerate(zip(lines, keys, strict=True)):
            if key is not None and line.height is not None:
                outer = not lower < round(line.height) < upper
                if seen[key] >= needed if outer else alike[_exact(line)] >= most:
                    continue
            if id(line) in chapters:
                continue
            at_edge = line.height in edges if edges else index in (0, len(lines) - 1)
            if at_edge and _PAGE_NUMBER.match(line.text):
                continue
            kept.append(line)
    return kept


def _heads_of_chapters(pages: list[list[Line]], seen: Counter[tuple[str, int]]) -> set[int]:
    """Return the identities of lines that are heads or feet of a chapter.

    Such a line is the highest or lowest of its page, set apart from the text, at a height where
    many pages hold a line that other pages hold too.
    """
    found: set[int] = set()
    for lowest in (False, True):
        apart = [line for lines in pages if (line := _set_apart(lines, lowest)) is not None]
        at: Counter[int] = Counter()
        for line in apart:
            key = _place(line)
            if key is not None and seen[key] >= 2:
                at[key[1]] += 1
        slots = {
            place for place, pages_of in at.items() if pages_of >= max(3, REPEATED * len(pages))
        }
        found.update(id(line) for line in apart if (key := _place(line)) and key[1] in slots)
    return found


def _set_apart(lines: list[Line], lowest: bool) -> Line | None:
    """Return the highest (or lowest) line of a page where its distance to the next is larger than
    that of lines of the text, else None."""
    heights = sorted({round(line.height, 1) for line in lines if line.height is not None})
    if len(heights) < 4:
        return None
    if not lowest:
        heights = [-height for height in reversed(heights)]
    gaps = [b - a for a, b in itertools.pairwise(heights) if b - a > 1]
    if len(gaps) < 3 or heights[1] - heights[0] < _APART * statistics.median(gaps):
        return None
    edge = heights[0] if lowest else -heights[0]
    at_edge = [line for line in lines if line.height is not None and abs(line.height - edge) < 0.1]
    return at_edge[0] if len(at_edge) == 1 else None


def _place(line: Line) -> tuple[str, int] | None:
    if line.height is None:
        return None
    text = "".join(line.text.split())
    return _DIGITS.sub("#", text), round(line.height / 4)


def _exact(line: Line) -> tuple[str, int]:
    return line.text, round((line.height or 0.0) / 4)


def join_lines(lines: list[Line]) -> tuple[list[str], list[int]]:
    """Paragraphs and the page each begins on.

    A line runs on into the next where it reaches the right margin of its column, or nearly does
    without ending a sentence, and the next is not indented. Without geometry the number of
    characters stands for the width.
    """
    if not lines or any(line.right is None or line.left is None for line in lines):
        return _join_by_length(lines)
    widths = [(_right(line) - _left(line)) / len(line.text) for line in lines]
    size = statistics.median(widths)
    column_of = _columns(lines)
    margins = {}
    for column in set(column_of):
        members = [line for line, its in zip(lines, column_of, strict=True) if its == column]
        lefts, rights = sorted(map(_left, members)), sorted(map(_right, members))
        margins[column] = lefts[int(len(lefts) * 0.3)], rights[int(len(rights) * 0.95)]

    paragraphs: list[str] = []
    page_of: list[int] = []
    previous: tuple[Line, float, float] | None = None
    for line, column in zip(lines, column_of, strict=True):
        left_margin, right_margin = margins[column]
        runs_on = False
        if previous is not None:
            before, gap, width = previous
            own = (_right(before) - _left(before)) / len(before.text)
            # a title in larger type wraps further from the margin
            full = gap < 1.8 * max(size, own)
            nearly = gap < 0.2 * width and not _SENTENCE_END.search(before.text)
            indented = _left(line) > left_margin + 1.2 * size
            opens = not full and _OPENING.match(line.text) is not None
            runs_on = (full or nearly) and not indented and not opens
        _append(paragraphs, page_of, line, runs_on)
        previous = line, right_margin - _right(line), right_margin - left_margin
    return paragraphs, page_of


def _left(line: Line) -> float:
    return line.left or 0.0


def _right(line: Line) -> float:
    return line.right or 0.0


def _columns(lines: list[Line]) -> list[int]:
    """Which column each line stands in: 0 in a document of one column or across two, 1 and 2
    beside its middle. The pages with enough lines decide for all."""
    by_page: dict[int, list[Line]] = {}
    for line in lines:
        by_page.setdefault(line.page, []).append(line)
    centres, votes = [], 0
    for members in by_page.values():
        centre = (min(map(_left, members)) + max(map(_right, members))) / 2
        before = sum(_right(line) <= centre for line in members)
        behind = sum(_left(line) >= centre for line in members)
        if len(members) >= 10:
            votes += -1
            enough = 0.2 * len(members)
            if min(before, behind) >= enough and before + behind >= 4 * enough:
                votes += 2
                centres.append(centre)
    if votes < 0 or not centres:
        return [0] * len(lines)
    middle = statistics.median(centres)
    return [1 if _right(n) <= middle else 2 if _left(n) >= middle else 0 for n in lines]


def _join_by_length(lines: list[Line]) -> tuple[list[str], list[int]]:
    lengths = sorted(len(line.text) for line in lines)
    width = lengths[int(len(lengths) * 0.9)] if lengths else 0
    paragraphs: list[str] = []
    page_of: list[int] = []
    runs_on = False
    for line in lines:
        _append(paragraphs, page_of, line, runs_on)
        runs_on = len(line.text) >= width - 3
    return paragraphs, page_of


def _append(paragraphs: list[str], page_of: list[int], line: Line, runs_on: bool) -> None:
    if not (runs_on and paragraphs):
        paragraphs.append(line.text)
        page_of.append(line.page)
        return
    words = paragraphs[-1][-1:].isascii() and line.text[:1].isascii()
    paragraphs[-1] += (" " if words else "") + line.text
