"""One page of a PDF to the lines a reader sees, through PDFium and the boxes of its characters.

Most pages are plain: the characters of each line run from left to right, each stands once, on the
page, in dark type. A page that shows any sign of another kind is looked at character by character
(see pdf_sight). Calls of PDFium are many and small, so they are made by `map` over whole pages.
"""

from __future__ import annotations

import ctypes
from collections import deque
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

from dti_assets.text.readers.pdf_lines import Line
from dti_assets.text.readers.pdf_sight import Glyphs, raised, raised_signs, seen, twins
from dti_assets.text.readers.pdfium import address, bounds, clip_box, pdfium

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

# a page of a report holds 1,500 characters, a large table ten times as many
MAX_PAGE_CHARS = 100_000
MAX_PAGE_OBJECTS = 200_000
# below this many characters a page is looked at for pictures
_SPARSE = 300
_TEXT, _FORM = 1, 5
# characters of a fill whose darkest part is lighter than this, or of less opacity, may be unseen
_LIGHT, _OPAQUE = 176, 128
# on a page of so many objects each is a character or two, and every third of them is looked at: a
# hidden word of three characters shows; and all of the last, where covers are drawn
_MANY, _STEP, _LAST = 300, 3, 30


@dataclass
class Page:
    """The lines of one page, and what was found on it: whether it holds an image, how many objects,
    whether it is too large to be read, and how many characters were left out by kind."""

    lines: list[Line] = field(default_factory=list)
    has_image: bool = False
    objects: int = 0
    too_large: bool = False
    unseen: int = 0
    doubled: int = 0
    marks: int = 0
    moved: int = 0

    @property
    def left_out(self) -> int:
        """How many characters were left out."""
        return self.unseen + self.doubled + self.marks


def read_page(document: PdfDocument, number: int, layered: bool) -> Page:
    """Return what a reader sees of one page; `layered` where the document has optional content."""
    import pypdfium2

    try:
        page = document[number - 1]
    except pypdfium2.PdfiumError:
        return Page()
    try:
        objects = pdfium("FPDFPage_CountObjects")(address(page))
        if objects > MAX_PAGE_OBJECTS:
            return Page(too_large=True)
        try:
            textpage = page.get_textpage()
        except pypdfium2.PdfiumError:
            return Page()
        try:
            count = textpage.count_chars()
            if count > MAX_PAGE_CHARS:
                return Page(too_large=True)
            found = _lines(page, textpage, count, number, objects, layered)
        finally:
            textpage.close()
        if count < _SPARSE:
            found.has_image = _holds_image(page)
        found.objects = objects
        return found
    finally:
        page.close()


def _lines(
    page: PdfPage, textpage: Any, count: int, number: int, objects: int, layered: bool
) -> Page:
    import numpy as np

    found = Page()
    if count <= 0:
        return found
    handle = address(textpage)
    text = textpage.get_text_range()
    if len(text) != count:
        codes = map(pdfium("FPDFText_GetUnicode"), repeat(handle), range(count))
        text = "".join(map(chr, codes))
    # PDFium writes U+FFFE for a hyphen at the end of a line
    text = text.replace("\ufffe", "-")
    buffer = (ctypes.c_float * (4 * count))()
    start = ctypes.addressof(buffer)
    _run(map(pdfium("FPDFText_GetLooseCharBox"), repeat(handle), range(count),
             range(start, start + 16 * count, 16)))  # fmt: skip
    corners = np.ctypeslib.as_array(buffer).reshape(-1, 4)
    # the boxes themselves are not those that a page inherits
    frame = page.get_bbox()
    glyphs = Glyphs.upright(text, corners, frame, page.get_rotation())

    spans = _spans(text)
    signs = _Signs(page, textpage, glyphs, spans, objects)
    hidden = layered or signs.hidden()
    kept = None
    if hidden or glyphs.some_outside() or glyphs.tiny().any() or glyphs.some_twice():
        kept = np.ones(count, dtype=bool)
        visible = glyphs.inside() & ~glyphs.tiny()
        if hidden:
            visible &= seen(page, textpage, glyphs, corners)
        found.unseen = int((~visible & glyphs.real).sum())
        kept &= visible | ~glyphs.real
        again = twins(glyphs, kept, textpage)
        found.doubled = int(again.sum())
        kept &= ~again
    marks: list[int] = []
    if (small := raised_signs(glyphs)) is not None:
        rows = _rows(glyphs, spans)
        marks = raised(glyphs, rows, textpage, kept, small)
    if marks:
        spans = rows
        found.marks = len(marks)
        kept = np.ones(count, dtype=bool) if kept is None else kept
        kept[marks] = False
    disordered = glyphs.disordered()
    if kept is None and disordered is None:
        found.lines = _plain_lines(text, glyphs, spans, number)
    else:
        found.lines, found.moved = _mended_lines(text, glyphs, spans, number, kept)
    return found


def _spans(text: str) -> list[tuple[int, int]]:
    """Return start and end of each line without white space at its ends."""
    spans, start = [], 0
    for piece in text.split("\r\n"):
        stripped = piece.strip()
        if stripped:
            first = start + len(piece) - len(piece.lstrip())
            spans.append((first, first + len(stripped)))
        start += len(piece) + 2
    return spans


def _rows(glyphs: Glyphs, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the lines, those in one where a raised or lowered character made PDFium begin another
    in the middle of it."""
    rows: list[tuple[int, int]] = []
    for first, end in spans:
        if rows and _touch(glyphs, rows[-1][1] - 1, first):
            rows[-1] = rows[-1][0], end
        else:
            rows.append((first, end))
    return rows


def _touch(glyphs: Glyphs, before: int, behind: int) -> bool:
    size = max(float(glyphs.top[i] - glyphs.low[i]) for i in (before, behind))
    aside = float(glyphs.left[behind] - glyphs.right[before])
    return abs(aside) < 0.5 * size and abs(float(glyphs.low[behind] - glyphs.low[before])) < size


def _plain_lines(
    text: str, glyphs: Glyphs, spans: list[tuple[int, int]], number: int
) -> list[Line]:
    firsts = [first for first, _ in spans]
    lasts = [end - 1 for _, end in spans]
    left, right = glyphs.left[firsts].tolist(), glyphs.right[lasts].tolist()
    low, size = glyphs.low[firsts].tolist(), (glyphs.top - glyphs.low)[firsts].tolist()
    return [
        Line(text[first:end], number, *edges)
        for (first, end), *edges in zip(spans, left, right, low, size, strict=True)
    ]


def _mended_lines(
    text: str, glyphs: Glyphs, spans: list[tuple[int, int]], number: int, kept: Any
) -> tuple[list[Line], int]:
    """Return lines of the kept characters, each from left to right, and how many lines were put
    in order."""
    lines, moved = [], 0
    for first, end in spans:
        members = [index for index in range(first, end) if kept is None or kept[index]]
        if not any(glyphs.real[index] for index in members):
            continue
        order = glyphs.order(members)
        if order is not None:
            members, moved = order, moved + 1
        written = "".join(text[index] for index in members).replace("\r\n", "")
        solid = [index for index in members if glyphs.real[index]]
        if not written.strip():
            continue
        lines.append(
            Line(
                written.strip(),
                number,
                float(glyphs.left[solid[0]]),
                float(glyphs.right[solid[-1]]),
                float(glyphs.low[solid[0]]),
                float(glyphs.top[solid[0]] - glyphs.low[solid[0]]),
            )
        )
    return lines, moved


class _Signs:
    """Signs that a page may hold text that no reader sees."""

    def __init__(
        self, page: PdfPage, textpage: Any, glyphs: Glyphs, spans: list[Any], objects: int
    ) -> None:
        self.glyphs, self.spans = glyphs, spans
        self.textpage = address(textpage)
        places: Any = range(objects)
        if objects >= _MANY:
            places = chain(places[:-_LAST:_STEP], places[-_LAST:])
        self.objects = list(map(pdfium("FPDFPage_GetObject"), repeat(address(page)), places))

    def hidden(self) -> bool:
        """Return whether any sign shows."""
        modes = list(map(pdfium("FPDFTextObj_GetTextRenderMode"), self.objects))
        if not set(modes) <= {-1, 0, 1, 2}:
            return True
        return self._covered(modes) or self._light(modes) or self._clipped()

    def _covered(self, modes: list[int]) -> bool:
        """Return whether something that is no text and no thin line is drawn after text, or holds
        text itself."""
        if -1 not in modes:
            return False
        kind = pdfium("FPDFPageObj_GetType")
        begun = False
        for item, mode in zip(self.objects, modes, strict=True):
            if mode >= 0:
                begun = True
                continue
            its = kind(item)
            if its == _FORM:
                return True
            if begun and its != _TEXT:
                box = bounds(item)
                if box is None or min(box[2] - box[0], box[3] - box[1]) > 2:
                    return True
        return False

    def _light(self, modes: list[int]) -> bool:
        import numpy as np

        chosen = [item for item, mode in zip(self.objects, modes, strict=True) if mode >= 0]
        size = 16 * len(chosen)
        buffer = (ctypes.c_uint * (4 * len(chosen)))()
        start = ctypes.addressof(buffer)
        _run(map(pdfium("FPDFPageObj_GetFillColor"), chosen,
                 *(range(start + at, start + at + size, 16) for at in (0, 4, 8, 12))))  # fmt: skip
        colours = np.ctypeslib.as_array(buffer).reshape(-1, 4)
        if not len(chosen):
            return False
        if (colours == colours[0]).all():
            colours = colours[:1]
        light = (colours[:, :3] >= _LIGHT).all(axis=1) | (colours[:, 3] < _OPAQUE)
        return bool(light.any())

    def _clipped(self) -> bool:
        """Return whether the first or the last character of a line stands out of what is shown."""
        object_at = pdfium("FPDFText_GetTextObject")
        last = None
        for first, end in self.spans:
            for index in (first, end - 1):
                item = object_at(self.textpage, index)
                if not item or item == last:
                    continue
                last = item
                clip = clip_box(item)
                if clip is not None and self.glyphs.beyond(index, clip):
                    return True
        return False


def _holds_image(page: PdfPage) -> bool:
    from pypdfium2 import raw

    return next(page.get_objects((raw.FPDF_PAGEOBJ_IMAGE,)), None) is not None


def _run(calls: Any) -> None:
    deque(calls, maxlen=0)
