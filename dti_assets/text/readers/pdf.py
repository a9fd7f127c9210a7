"""PDF: pypdfium2 first, pdfplumber as a second opinion on odd pages, lines back to paragraphs.

Neither engine is right alone: pdfplumber gives radicals on some files, PDFium moves quotation
marks on others. A page is odd where its text looks like neither Chinese nor an empty page.
PDFium is not thread-safe: call this in processes only.
"""

from __future__ import annotations

import ctypes
import io
import logging
import re
import statistics
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dti_assets.errors import UnreadableError
from dti_assets.text.readers.clean import is_garbled, oddness
from dti_assets.text.readers.extract import Extract

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

MAX_PAGES = 600
MIN_PAGE_CHARS = 50
# below this many characters a page is looked at for pictures
_SPARSE = 300
# a line repeated at the same height on this share of pages is a running head
REPEATED = 0.4
_PAGE_NUMBER = re.compile(r"^[\s\-—–·.第]*\d{1,4}(\s*/\s*\d{1,4})?[\s\-—–·.页]*$")
_SENTENCE_END = re.compile(r"[。！？；：.!?;:]$")
# a subtitle with the date and place of delivery, or a numbered heading
_OPENING = re.compile(
    r"——|[（(]?20\d\d年|[一二三四五六七八九十]{1,3}、|[（(][一二三四五六七八九十]{1,3}[）)]"
)


@dataclass
class Line:
    """One line of a page; edges in points, None where the engine gave no geometry."""

    text: str
    page: int
    left: float | None = None
    right: float | None = None
    height: float | None = None


def read_pdf(content: bytes) -> Extract:
    """See read_bytes.

    Raises UnreadableError: `encrypted`, `damaged`, `too_large` (pages), `scanned`, `garbled`, the
    last two naming the pages.
    """
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(content)
        count = len(document)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise UnreadableError("encrypted", "the PDF needs a password") from error
        raise UnreadableError("damaged", f"not a PDF that can be opened ({error})") from error
    if count == 0:
        raise UnreadableError("damaged", "the PDF has no pages that can be reached")
    if count > MAX_PAGES:
        raise UnreadableError("too_large", f"{count} pages, more than {MAX_PAGES}")

    pages: list[list[Line]] = []
    pictured: set[int] = set()
    second: list[int] = []
    garbled: list[int] = []
    for number in range(1, count + 1):
        lines, has_image = _page(document, number)
        text = "".join(line.text for line in lines)
        odd = oddness(text)
        if odd > 0 or (len(text) < MIN_PAGE_CHARS and not has_image):
            other = _plumbed(content, number)
            other_text = "".join(line.text for line in other)
            other_odd = oddness(other_text)
            better = other_odd < odd or len(text) < MIN_PAGE_CHARS
            if len(other_text) >= MIN_PAGE_CHARS and better:
                lines, text, odd = other, other_text, other_odd
                second.append(number)
        if odd > 0 and is_garbled(text):
            garbled.append(number)
        if has_image:
            pictured.add(number)
        pages.append(lines)

    kept = drop_furniture(pages)
    # a page is judged by what is left of it: a running head does not make a scan a text
    held = Counter[int]()
    for line in kept:
        held[line.page] += len(line.text)
    bare = [n for n in range(1, count + 1) if held[n] < MIN_PAGE_CHARS and n not in garbled]
    scanned = [number for number in bare if number in pictured]
    blank = [number for number in bare if number not in pictured]
    _refuse(count, scanned, garbled, blank)

    paragraphs, page_of = join_lines(kept)
    said = {
        "are images": scanned,
        "are garbled": garbled,
        "hold hardly any text": blank,
        "read by pdfplumber": second,
    }
    notes = [f"pages {_ranges(numbers)} {what}" for what, numbers in said.items() if numbers]
    engine = "pypdfium2+pdfplumber" if second else "pypdfium2"
    return Extract(paragraphs, engine=engine, pages=count, page_of=page_of, notes=notes)


def _refuse(count: int, scanned: list[int], garbled: list[int], blank: list[int]) -> None:
    """A report with more than a tenth of its pages missing would be an undercount.

    Two pages without text are a cover and a back.
    """
    if len(scanned) + len(blank) == count:
        reason = "no page holds text" + ("; the pages are images" if scanned else "")
        raise UnreadableError("scanned" if scanned else "empty", reason)
    if len(scanned) > 0.1 * count:
        raise UnreadableError("scanned", f"{len(scanned)} of {count} pages are images")
    if len(garbled) > 0.1 * count:
        raise UnreadableError(
            "garbled",
            f"{len(garbled)} of {count} pages have no usable character map (or another language)",
        )
    if len(blank) > max(2, 0.1 * count):
        raise UnreadableError(
            "damaged",
            f"{len(blank)} of {count} pages hold no text that can be read (pages {_ranges(blank)})",
        )


def _page(document: PdfDocument, number: int) -> tuple[list[Line], bool]:
    """The lines of one page with their edges, and whether the page carries an image."""
    import pypdfium2
    from pypdfium2 import raw

    try:
        page = document[number - 1]
        textpage = page.get_textpage()
        # PDFium writes U+FFFE for a hyphen at the end of a line
        text = textpage.get_text_range().replace("\ufffe", "-")
    except pypdfium2.PdfiumError:
        return [], False
    try:
        has_geometry = len(text) == textpage.count_chars()
        rotation = page.get_rotation()
        lines: list[Line] = []
        start = 0
        for piece in text.split("\r\n"):
            stripped = piece.strip()
            if stripped:
                line = Line(stripped, number)
                if has_geometry:
                    first = start + len(piece) - len(piece.lstrip())
                    box = _box(raw, textpage, first)
                    end = _box(raw, textpage, first + len(stripped) - 1)
                    if box is not None and end is not None:
                        line.left, line.right, line.height = _upright(box, end, rotation)
                lines.append(line)
            start += len(piece) + 2
        has_image = False
        if len(text) < _SPARSE:
            has_image = next(page.get_objects((raw.FPDF_PAGEOBJ_IMAGE,)), None) is not None
        return lines, has_image
    finally:
        textpage.close()
        page.close()


_Box = tuple[float, float, float, float]


def _box(raw: Any, textpage: Any, index: int) -> _Box | None:
    """Left, right, bottom, top of a character; None for one that PDFium made up."""
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    if not raw.FPDFText_GetCharBox(textpage, index, left, right, bottom, top):
        return None
    return left.value, right.value, bottom.value, top.value


def _upright(first: _Box, last: _Box, rotation: int) -> tuple[float, float, float]:
    """Left edge, right edge and height of a line as the page is shown; PDFium's boxes know
    nothing of the page's rotation."""
    if rotation == 90:
        return first[2], last[3], -first[0]
    if rotation == 180:
        return -first[1], -last[0], -first[3]
    if rotation == 270:
        return -first[3], -last[2], first[0]
    return first[0], last[1], first[2]


def _plumbed(content: bytes, number: int) -> list[Line]:
    import pdfplumber

    # pdfminer logs a line for every font without a bounding box
    logging.getLogger("pdfminer").setLevel(logging.CRITICAL)
    try:
        with pdfplumber.open(io.BytesIO(content), pages=[number]) as document:
            text = document.pages[0].extract_text(use_text_flow=True) or ""
    except Exception:  # whatever pdfminer raises on a broken page: there is no second opinion
        return []
    return [Line(piece.strip(), number) for piece in text.split("\n") if piece.strip()]


def drop_furniture(pages: list[list[Line]]) -> list[Line]:
    """The lines of all pages without running heads and page numbers.

    Furniture is a line that stands at the same height on many pages (digits aside), or a bare
    number that is the first or last line of its page.
    """
    seen: Counter[tuple[str, int]] = Counter()
    for lines in pages:
        seen.update({key for line in lines if (key := _place(line)) is not None})
    needed = max(3, REPEATED * len(pages))
    kept = []
    for lines in pages:
        heights = [line.height for line in lines if line.height is not None]
        edges = (min(heights), max(heights)) if heights else ()
        for index, line in enumerate(lines):
            key = _place(line)
            if key is not None and seen[key] >= needed:
                continue
            at_edge = line.height in edges if edges else index in (0, len(lines) - 1)
            if at_edge and _PAGE_NUMBER.match(line.text):
                continue
            kept.append(line)
    return kept


def _place(line: Line) -> tuple[str, int] | None:
    if line.height is None:
        return None
    return re.sub(r"\d+", "#", re.sub(r"\s", "", line.text)), round(line.height / 4)


def join_lines(lines: list[Line]) -> tuple[list[str], list[int]]:
    """Paragraphs and the page each begins on.

    A line runs on into the next where it reaches the right margin of its column, or nearly does
    without ending a sentence, and the next is not indented. Without geometry the number of
    characters stands for the width.
    """
    if not lines or any(line.right is None or line.left is None for line in lines):
        return _join_by_length(lines)
    size = statistics.median((_right(line) - _left(line)) / len(line.text) for line in lines)
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


def _ranges(pages: list[int]) -> str:
    shown = ", ".join(map(str, pages[:8]))
    return shown + (f" and {len(pages) - 8} more" if len(pages) > 8 else "")
