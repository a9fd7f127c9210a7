"""PDF: PDFium first, pdfplumber as a second opinion on odd pages, lines back to paragraphs.

Neither engine is right alone: pdfplumber gives radicals on some files, PDFium moves quotation
marks on others, which `pdf_pages` puts back by the boxes of the characters. A page is odd where its
text looks like neither Chinese nor an empty page. PDFium is not thread-safe: call this in
processes only.
"""

from __future__ import annotations

import io
import logging
import re
import time
import zlib
from collections import Counter
from contextlib import suppress
from typing import Any

from dti_assets.errors import UnreadableError
from dti_assets.text.readers.clean import COMMON, MIN_COMMON, is_garbled, oddness
from dti_assets.text.readers.extract import Extract
from dti_assets.text.readers.pdf_lines import Line, drop_furniture, join_lines
from dti_assets.text.readers.pdf_pages import MAX_PAGE_CHARS, Page, read_page
from dti_assets.text.readers.pdf_streams import broken_streams

MAX_PAGES = 600
MIN_PAGE_CHARS = 50
# odd pages are shown to pdfplumber until it has improved none of so many, or has taken so long
_FRUITLESS = 5
_PATIENCE = 40.0
# it takes a millisecond a character, and cannot be interrupted
_MUCH_TEXT, _MUCH_DRAWN = 20_000, 4_000
# a page whose content unpacks to more is left out by PDFium without a word
_MUCH_CONTENT = 2**25
_ODD = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ue000-\uf8ff\ufffd]|\\(cid:")
_LAYERS = re.compile(rb"/OCProperties|/OCGs?\b|/Encrypt\b")
_OBJECT_STREAM = re.compile(rb"/ObjStm\b.{0,300}?stream\r?\n", re.DOTALL)


def read_pdf(content: bytes) -> Extract:
    """Read a PDF; see read_bytes.

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
    if broken := broken_streams(content):
        reason = f"{broken} of its parts are not what their checksum says; get the file once more"
        raise UnreadableError("damaged", reason)
    if count == 0:
        raise UnreadableError("damaged", "the PDF has no pages that can be reached")
    if count > MAX_PAGES:
        raise UnreadableError("too_large", f"{count} pages, more than {MAX_PAGES}")

    layered = _has_layers(content)
    pages: list[Page] = []
    second, garbled = [], []
    plumber = _Plumber(content)
    for number in range(1, count + 1):
        page = read_page(document, number, layered)
        text = "".join(line.text for line in page.lines)
        odd = _oddness(text)
        # objects that gave no character: a short page gives at least one each
        mute = page.objects > len(text) and not page.left_out and not page.has_image
        bare = len(text) < MIN_PAGE_CHARS and mute
        little = len(text) <= _MUCH_TEXT and page.objects <= _MUCH_DRAWN
        if (odd > 0 or bare) and little:
            other = plumber.lines(number)
            other_text = "".join(line.text for line in other)
            other_odd = oddness(other_text)
            better = other_odd < odd or len(text) < MIN_PAGE_CHARS
            better = better and len(other_text) >= MIN_PAGE_CHARS
            plumber.judge(better)
            if better:
                page.lines, text, odd = other, other_text, other_odd
                second.append(number)
        if odd > 0 and is_garbled(text):
            garbled.append(number)
        if not page.objects and not page.too_large:
            page.too_large = plumber.is_large(number)
        pages.append(page)
    plumber.close()
    return _extract(content, pages, second, garbled)


def _extract(content: bytes, pages: list[Page], second: list[int], garbled: list[int]) -> Extract:
    count = len(pages)
    kept = drop_furniture([page.lines for page in pages])
    # a page is judged by what is left of it: a running head does not make a scan a text
    held = Counter[int]()
    for line in kept:
        held[line.page] += len(line.text)
    numbered = list(enumerate(pages, 1))
    large = [number for number, page in numbered if page.too_large]
    known = {*garbled, *large}
    bare = [n for n in range(1, count + 1) if held[n] < MIN_PAGE_CHARS and n not in known]
    scanned = [number for number in bare if pages[number - 1].has_image]
    blank = [number for number in bare if not pages[number - 1].has_image]
    if len(bare) == count:
        _refuse_container(content)
    _refuse(count, scanned, garbled, blank, large)

    paragraphs, page_of = join_lines(kept)
    said = {
        f"are left out: more than {MAX_PAGE_CHARS:,} characters or objects": large,
        "are images": scanned,
        "are garbled": garbled,
        "hold hardly any text": blank,
        "read by pdfplumber": second,
    }
    notes = [f"pages {_ranges(numbers)} {what}" for what, numbers in said.items() if numbers]
    for what, kind in (
        ("characters that no reader sees left out", "unseen"),
        ("characters drawn twice counted once", "doubled"),
        ("characters of note marks left out", "marks"),
    ):
        where = [number for number, page in numbered if getattr(page, kind)]
        total = sum(getattr(page, kind) for page in pages)
        if where:
            notes.append(f"{total:,} {what} (pages {_ranges(where)})")
    engine = "pypdfium2+pdfplumber" if second else "pypdfium2"
    return Extract(paragraphs, engine=engine, pages=count, page_of=page_of, notes=notes)


def _refuse_container(content: bytes) -> None:
    """Name what a PDF without text of its own holds instead."""
    if b"/Collection" in content:
        raise UnreadableError(
            "unsupported", "a PDF portfolio, which holds other files; save those files themselves"
        )
    if b"/XFA" in content:
        raise UnreadableError(
            "unsupported", "an XFA form, which only Adobe's viewer fills; print it to PDF there"
        )


def _oddness(text: str) -> float:
    """Return the oddness of a page; that of a page which shows no sign of any is not computed."""
    if not _ODD.search(text):
        if len(text) < 200:
            return 0.0
        if sum(map(text.count, COMMON)) >= 2 * MIN_COMMON * len(text):
            return 0.0
    return oddness(text)


def _has_layers(content: bytes) -> bool:
    """Return whether the document may hold layers that can be switched off."""
    if _LAYERS.search(content):
        return True
    for match in _OBJECT_STREAM.finditer(content):
        packed = content[match.end() : match.end() + 2**20]
        try:
            if _LAYERS.search(zlib.decompressobj().decompress(packed, 2**22)):
                return True
        except zlib.error:
            return True
    return False


def _refuse(
    count: int, scanned: list[int], garbled: list[int], blank: list[int], large: list[int]
) -> None:
    """A report with more than a tenth of its pages missing would be an undercount.

    Two pages without text are a cover and a back.
    """
    if len(large) > 0.1 * count:
        raise UnreadableError(
            "too_large",
            f"{len(large)} of {count} pages hold more than {MAX_PAGE_CHARS:,} characters "
            f"or objects (pages {_ranges(large)})",
        )
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


class _Plumber:
    """Second opinions by pdfplumber, on a document opened once, as long as they are worth it."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._document: Any = None
        self._pages: Any = None
        self._fruitless = 0
        self._fruitful = False
        self._spent = 0.0

    def lines(self, number: int) -> list[Line]:
        """Return the lines of a page; none where it cannot be read."""
        if self._spent > _PATIENCE or (self._fruitless >= _FRUITLESS and not self._fruitful):
            return []
        started = time.monotonic()
        try:
            page = self._page(number)
            text = page.extract_text(use_text_flow=True) or ""
            page.close()
        except Exception:  # whatever pdfminer raises on a broken page: there is no second opinion
            return []
        finally:
            self._spent += time.monotonic() - started
        return [Line(piece.strip(), number) for piece in text.split("\n") if piece.strip()]

    def is_large(self, number: int) -> bool:
        """Return whether the content of a page unpacks to more than is read."""
        try:
            streams = self._page(number).page_obj.contents
            packed = [bytes(getattr(stream, "rawdata", None) or b"") for stream in streams]
            sizes = (len(zlib.decompressobj().decompress(p, _MUCH_CONTENT)) for p in packed)
            return sum(sizes) >= _MUCH_CONTENT
        except Exception:  # a page without content, or whose content is packed otherwise
            return False

    def _page(self, number: int) -> Any:
        import pdfplumber

        # pdfminer logs a line for every font without a bounding box
        logging.getLogger("pdfminer").setLevel(logging.CRITICAL)
        if self._document is None:
            self._document = pdfplumber.open(io.BytesIO(self._content))
            self._pages = self._document.pages
        return self._pages[number - 1]

    def judge(self, better: bool) -> None:
        """Remember whether an opinion was of use."""
        self._fruitful |= better
        self._fruitless += not better

    def close(self) -> None:
        if self._document is not None:
            # it asks for the pages, which a damaged document does not have
            with suppress(Exception):
                self._document.close()


def _ranges(pages: list[int]) -> str:
    shown = ", ".join(map(str, pages[:8]))
    return shown + (f" and {len(pages) - 8} more" if len(pages) > 8 else "")
