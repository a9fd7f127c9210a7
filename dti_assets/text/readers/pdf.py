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

from dti_assets.text.extract import Extract, UnreadableError
from dti_assets.text.quality import is_garbled, oddness

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

MAX_PAGES = 600
MIN_PAGE_CHARS = 50
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
    second: list[int] = []
    scanned: list[int] = []
    garbled: list[int] = []
    blank: list[int] = []
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
        if len(text.strip()) < MIN_PAGE_CHARS:
            (scanned if has_image else blank).append(number)
        elif odd > 0 and is_garbled(text):
            garbled.append(number)
        pages.append(lines)
    _refuse(count, scanned, garbled, blank)

    paragraphs, page_of = join_lines(drop_furniture(pages))
    notes = [f"pages {_ranges(scanned)} are images"] if scanned else []
    notes += [f"pages {_ranges(garbled)} are garbled"] if garbled else []
    notes += [f"pages {_ranges(second)} read by pdfplumber"] if second else []
    engine = "pypdfium2+pdfplumber" if second else "pypdfium2"
    return Extract(paragraphs, engine=engine, pages=count, page_of=page_of, notes=notes)


def _refuse(count: int, scanned: list[int], garbled: list[int], blank: list[int]) -> None:
    """A report with more than a tenth of its pages missing would be an undercount."""
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
                        line.left, line.right, line.height = box[0], end[1], box[2]
                lines.append(line)
            start += len(piece) + 2
        has_image = False
        if len(text) < MIN_PAGE_CHARS:
            has_image = next(page.get_objects((raw.FPDF_PAGEOBJ_IMAGE,)), None) is not None
        return lines, has_image
    finally:
        textpage.close()
        page.close()


def _box(raw: Any, textpage: Any, index: int) -> tuple[float, float, float] | None:
    """Left, right and bottom edge of a character; None for one that PDFium made up."""
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    if not raw.FPDFText_GetCharBox(textpage, index, left, right, bottom, top):
        return None
    return left.value, right.value, bottom.value


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

    A line runs on into the next where it reaches the right margin, or nearly does without ending
    a sentence, and the next is not indented. Without geometry the number of characters stands
    for the width.
    """
    placed = [line for line in lines if line.right is not None and line.left is not None]
    if len(placed) < len(lines) or not placed:
        return _join_by_length(lines)
    size = statistics.median(
        (line.right - line.left) / len(line.text)  # type: ignore[operator]
        for line in placed
    )
    rights = sorted(line.right for line in placed)  # type: ignore[type-var]
    lefts = sorted(line.left for line in placed)  # type: ignore[type-var]
    right_margin = float(rights[int(len(rights) * 0.95)])  # type: ignore[arg-type]
    left_margin = float(lefts[int(len(lefts) * 0.3)])  # type: ignore[arg-type]
    width = right_margin - left_margin

    paragraphs: list[str] = []
    page_of: list[int] = []
    previous: Line | None = None
    for line in placed:
        runs_on = False
        if previous is not None:
            gap = right_margin - float(previous.right or 0.0)
            own = (float(previous.right or 0.0) - float(previous.left or 0.0)) / len(previous.text)
            # a title in larger type wraps further from the margin
            full = gap < 1.8 * max(size, own)
            nearly = gap < 0.2 * width and not _SENTENCE_END.search(previous.text)
            indented = float(line.left or 0.0) > left_margin + 1.2 * size
            opens = not full and _OPENING.match(line.text) is not None
            runs_on = (full or nearly) and not indented and not opens
        _append(paragraphs, page_of, line, runs_on)
        previous = line
    return paragraphs, page_of


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
