"""Which characters of a page a reader sees, and each of them once.

The witness is the page as PDFium draws it: a character is seen where the page looks otherwise
without its text. That covers white on white, text clipped or covered, and layers that are off.
The text of a scan is the exception: it is drawn invisibly over, or under, the picture of itself.
"""

from __future__ import annotations

import ctypes
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dti_assets.text.readers.pdfium import address, bounds, clip_box, pdfium

if TYPE_CHECKING:
    import numpy as np
    from pypdfium2 import PdfPage

# type of less height, in points, is not read where the page holds larger type
_TINY = 2.0
# copies of a character stand at most so far from each other, in points and in heights
_APART, _APART_HEIGHTS = 1.8, 0.15
# note marks are set in type smaller than that of the line
_SMALLER = 0.9
# a part of a page is seen where its grey, 0 to 255, differs by so much
_CONTRAST = 14
_PIXELS = 4_000_000
_INVISIBLE = (3, 7)
_TEXT, _IMAGE, _FORM = 1, 3, 5
# what a note mark is written with
_MARK = frozenset("0123456789①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳*＊†‡§[]〔〕［］()（）,，")
_MARK_BEARS = frozenset("0123456789①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳*")


@dataclass
class Glyphs:
    """Characters of a page with their boxes as the page is shown, upright.

    `real` is false for white space and for what PDFium made up. `frame` is the box that is shown.
    """

    codes: np.ndarray
    left: np.ndarray
    right: np.ndarray
    low: np.ndarray
    top: np.ndarray
    real: np.ndarray
    line: np.ndarray
    frame: tuple[float, float, float, float]
    corners: np.ndarray

    @classmethod
    def upright(
        cls, text: str, corners: np.ndarray, frame: tuple[float, float, float, float], rotation: int
    ) -> Glyphs:
        """Return the characters, given corners (left, top, right, bottom) and the frame (left,
        bottom, right, top) in coordinates that know nothing of the page's rotation."""
        import numpy as np

        x0, y1, x1, y0 = corners.T
        a, b, c, d = frame
        if rotation == 90:
            x0, x1, y0, y1 = y0, y1, -x1, -x0
            a, b, c, d = b, -c, d, -a
        elif rotation == 180:
            x0, x1, y0, y1 = -x1, -x0, -y1, -y0
            a, b, c, d = -c, -d, -a, -b
        elif rotation == 270:
            x0, x1, y0, y1 = -y1, -y0, x0, x1
            a, b, c, d = -d, a, -b, c
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        white = (codes <= 32) | (codes == 0xA0) | (codes == 0x3000) | (codes == 0x200B)
        real = (x1 > x0) & (y1 > y0) & ~white
        return cls(codes, x0, x1, y0, y1, real, np.cumsum(codes == 10), (a, b, c, d), corners)

    def inside(self) -> np.ndarray:
        """Return which characters have their middle on what is shown of the page."""
        x, y = (self.left + self.right) / 2, (self.low + self.top) / 2
        a, b, c, d = self.frame
        return (x >= a) & (x <= c) & (y >= b) & (y <= d)

    def some_outside(self) -> bool:
        """Return whether any character is off the page."""
        return bool((self.real & ~self.inside()).any())

    def tiny(self) -> np.ndarray:
        """Return which characters are too small to be read next to the others."""
        height = self.top - self.low
        small = (height < _TINY) & ((self.right - self.left) < _TINY) & self.real
        # a page drawn to another scale is small all over
        if small.any() and height[self.real].max() < 3 * _TINY:
            small[:] = False
        return small

    def some_twice(self) -> bool:
        """Return whether a character may stand twice at one place; wider than `twins`."""
        import numpy as np

        code, x = self.codes[self.real].astype(np.float64), self.left[self.real]
        low, size = self.low[self.real], self.top[self.real] - self.low[self.real]
        if len(code) < 2:
            return False
        most = max(_APART, _APART_HEIGHTS * float(size.max()))
        for shift in (0.0, most):
            row = np.floor((low + shift) / (2 * most)) + 5000.0
            key = np.sort((code * 16384 + row) * 16384 + x + 4000)
            if (np.diff(key) <= most).any():
                return True
        return False

    def disordered(self) -> Any:
        """Return True where a character of some line stands left of the one before, else None."""
        import numpy as np

        index = np.flatnonzero(self.real)
        if len(index) < 2:
            return None
        x, line = self.left[index], self.line[index]
        back = (np.diff(x) < -0.3 * (self.top - self.low)[index[1:]]) & (np.diff(line) == 0)
        return True if back.any() else None

    def order(self, members: list[int]) -> list[int] | None:
        """Return the members of a line from left to right where they are not so already and the
        line is level, else None."""
        solid = [i for i in members if self.real[i]]
        if len(solid) < 2:
            return None
        left = self.left[solid].tolist()
        size = float((self.top[solid] - self.low[solid]).max())
        if all(b - a >= -0.3 * size for a, b in itertools.pairwise(left)):
            return None
        middle = (self.top[solid] + self.low[solid]) / 2
        if float(middle.max() - middle.min()) > 0.8 * size:
            return None
        # white space of its own width stands where it is drawn; what PDFium made up has no place
        placed = [i for i in members if self.right[i] > self.left[i] or i not in set(solid)]
        return sorted(placed, key=lambda i: float(self.left[i]))

    def beyond(self, index: int, clip: tuple[float, float, float, float]) -> bool:
        """Return whether the middle of a character is out of a clipping box."""
        left, top, right, bottom = self.corners[index].tolist()
        x, y = (left + right) / 2, (bottom + top) / 2
        return right > left and not (clip[0] <= x <= clip[2] and clip[1] <= y <= clip[3])


def twins(glyphs: Glyphs, kept: np.ndarray, textpage: Any) -> np.ndarray:
    """Return which of the kept characters are copies of one that stands at the same place."""
    import numpy as np

    again = np.zeros(len(kept), dtype=bool)
    handle, object_at = address(textpage), pdfium("FPDFText_GetTextObject")
    index = np.flatnonzero(kept & glyphs.real)
    size = glyphs.top - glyphs.low
    most = max(_APART, _APART_HEIGHTS * float(size[index].max())) if len(index) else _APART
    cells: dict[tuple[int, int, int], list[int]] = {}
    for i in index.tolist():
        x, y, code = float(glyphs.left[i]), float(glyphs.low[i]), int(glyphs.codes[i])
        height, width = float(size[i]), float(glyphs.right[i] - glyphs.left[i])
        near = max(_APART, _APART_HEIGHTS * height)
        column, row = int(x // most), int(y // most)
        for other in (
            j
            for a in (column - 1, column, column + 1)
            for b in (row - 1, row, row + 1)
            for j in cells.get((code, a, b), ())
        ):
            aside, above = abs(float(glyphs.left[other]) - x), abs(float(glyphs.low[other]) - y)
            # letters next to each other in a word are no copies: an i is 2 points wide
            # one glyph of two characters (a long dash) gives both the same box
            if (
                i == other + 1
                and aside + above < 0.005
                and object_at(handle, i) == object_at(handle, other)
            ):
                continue
            if aside <= min(near, 0.75 * width) and above <= near:
                again[i] = True
                break
        else:
            cells.setdefault((code, column, row), []).append(i)
    return again


def raised_signs(glyphs: Glyphs) -> np.ndarray | None:
    """Return which digits and signs may be note marks, None where none may: smaller than the
    character before or behind, and higher."""
    import numpy as np

    index = np.flatnonzero(glyphs.real)
    codes = glyphs.codes[index]
    # digits, circled digits, asterisks, opening brackets; unsigned numbers wrap around
    bears = (codes - 48 < 10) | (codes - 0x2460 < 20) | (codes == 42)
    bears |= (codes == 91) | (codes == 0x3014) | (codes == 40) | (codes == 0xFF08)
    if len(index) < 2 or not bears.any():
        return None
    height, low = (glyphs.top - glyphs.low)[index], glyphs.low[index]
    left, right = glyphs.left[index], glyphs.right[index]
    small = np.zeros(len(glyphs.codes), dtype=bool)
    for one, other in ((slice(1, None), slice(-1)), (slice(-1), slice(1, None))):
        above, gap = low[one] - low[other], left[1:] - right[:-1]
        near = (above > 0.15 * height[other]) & (above < 0.9 * height[other])
        near &= np.abs(gap) < 0.8 * height[other]
        near &= bears[one] & (height[one] < height[other])
        small[index[one][near]] = True
    return small if small.any() else None


def raised(
    glyphs: Glyphs,
    rows: list[tuple[int, int]],
    textpage: Any,
    kept: np.ndarray | None,
    small: np.ndarray,
) -> list[int]:
    """Return the indices of note marks: digits and signs of smaller type, raised, behind or before
    a character of the line's own type."""
    marks: list[int] = []
    metrics = _Metrics(textpage)
    height = glyphs.top - glyphs.low
    candidates = frozenset(map(ord, _MARK))
    bearing = frozenset(map(ord, _MARK_BEARS))
    for first, end in rows:
        if not small[first:end].any():
            continue
        solid = [i for i in range(first, end) if glyphs.real[i] and (kept is None or kept[i])]
        if not solid:
            continue
        ground, tall, type_size = (
            sorted(values)[len(solid) // 2]
            for values in (
                [metrics.baseline(i) for i in solid],
                [float(height[i]) for i in solid],
                [metrics.size(i) for i in solid],
            )
        )
        run: list[int] = []
        for i in [*solid, -1]:
            if (
                i >= 0
                and int(glyphs.codes[i]) in candidates
                and (height[i] < _SMALLER * tall or metrics.size(i) < _SMALLER * type_size)
                and metrics.baseline(i) > ground + 0.15 * tall
            ):
                run.append(i)
                continue
            if any(int(glyphs.codes[j]) in bearing for j in run):
                marks += run
            run = []
    return marks


class _Metrics:
    """Height of the baseline and size of the type of characters."""

    def __init__(self, textpage: Any) -> None:
        self.textpage = address(textpage)
        self.point = (ctypes.c_double * 2)()
        self.at = ctypes.addressof(self.point)

    def size(self, index: int) -> float:
        return float(pdfium("FPDFText_GetFontSize")(self.textpage, index))

    def baseline(self, index: int) -> float:
        pdfium("FPDFText_GetCharOrigin")(self.textpage, index, self.at, self.at + 8)
        return self.point[1]


def seen(page: PdfPage, textpage: Any, glyphs: Glyphs, corners: np.ndarray) -> np.ndarray:
    """Return which characters a reader sees. The page cannot be used for drawing afterwards."""
    import numpy as np

    handle = address(textpage)
    object_at = pdfium("FPDFText_GetTextObject")
    of = [object_at(handle, i) or 0 if glyphs.real[i] else 0 for i in range(len(glyphs.codes))]
    mode_of = pdfium("FPDFTextObj_GetTextRenderMode")
    modes = {item: mode_of(item) if item else -1 for item in set(of)}
    invisible = np.array([modes[item] in _INVISIBLE for item in of], dtype=bool)

    objects = _all_objects(page)
    drawn = _drawn(page, objects, corners)
    if drawn is None:
        drawn = np.ones(len(of), dtype=bool)
    trusted = _trusted(of, drawn, invisible, glyphs)
    by_rule = ~invisible & ~_light_or_clipped(of, glyphs)
    visible = np.where(trusted, drawn & ~invisible, by_rule)
    # the text of a scan: invisible over a picture, or drawn before the picture of the whole page
    pictured = _in_pictures(page, objects, of, invisible, corners)
    pictured &= ~visible & glyphs.real
    if pictured.any():
        pictured &= ~_over(corners, pictured, visible & glyphs.real)
    return visible | pictured | ~glyphs.real


def _all_objects(page: PdfPage) -> list[tuple[int, int, int, bool]]:
    """Return (object, type, place in the order of drawing, inside a form) of all objects."""
    kind = pdfium("FPDFPageObj_GetType")
    found: list[tuple[int, int, int, bool]] = []

    def descend(form: int, depth: int) -> None:
        if depth > 8:
            return
        for index in range(pdfium("FPDFFormObj_CountObjects")(form)):
            item = pdfium("FPDFFormObj_GetObject")(form, index)
            found.append((item, kind(item), len(found), True))
            if found[-1][1] == _FORM:
                descend(item, depth + 1)

    handle = address(page)
    for index in range(pdfium("FPDFPage_CountObjects")(handle)):
        item = pdfium("FPDFPage_GetObject")(handle, index)
        found.append((item, kind(item), len(found), False))
        if found[-1][1] == _FORM:
            descend(item, 0)
    return found


def _drawn(
    page: PdfPage, objects: list[tuple[int, int, int, bool]], corners: np.ndarray
) -> np.ndarray | None:
    """Return for which characters the page looks otherwise without its text; None where the page
    cannot be drawn."""
    import numpy as np
    import pypdfium2

    width, height = page.get_size()
    scale = min(1.5, (_PIXELS / max(width * height, 1.0)) ** 0.5)
    options = {
        "scale": scale,
        "grayscale": True,
        # the picture is to lie as the boxes do, which know nothing of the page's rotation
        "rotation": -page.get_rotation() % 360,
        "optimize_mode": None,
    }
    try:
        whole = page.render(**options).to_numpy().astype(np.int16)
        for item, kind, _, _ in objects:
            if kind == _TEXT:
                pdfium("FPDFPageObj_SetIsActive")(item, 0)
        bare = page.render(**options).to_numpy().astype(np.int16)
    except (pypdfium2.PdfiumError, ValueError, RuntimeError):
        return None
    whole, bare = (
        picture.reshape(picture.shape[0], picture.shape[1], -1)[..., 0] for picture in (whole, bare)
    )
    changed = np.abs(whole - bare) >= _CONTRAST
    rows, columns = changed.shape
    summed = np.zeros((rows + 1, columns + 1), dtype=np.int32)
    summed[1:, 1:] = changed.cumsum(0).cumsum(1)
    left, _, _, top = page.get_bbox()
    x0 = np.clip(np.floor((corners[:, 0] - left) * scale), 0, columns).astype(int)
    x1 = np.clip(np.ceil((corners[:, 2] - left) * scale), 0, columns).astype(int)
    y0 = np.clip(np.floor((top - corners[:, 1]) * scale), 0, rows).astype(int)
    y1 = np.clip(np.ceil((top - corners[:, 3]) * scale), 0, rows).astype(int)
    ink = summed[y1, x1] - summed[y0, x1] - summed[y1, x0] + summed[y0, x0]
    return ink > 0


def _trusted(of: list[int], drawn: np.ndarray, invisible: np.ndarray, glyphs: Glyphs) -> np.ndarray:
    """Return for which characters the drawing is a witness: those of fonts that travel in the file,
    and those of others where this machine has a font to draw them with."""
    import numpy as np

    font_of, travels = pdfium("FPDFTextObj_GetFont"), pdfium("FPDFFont_GetIsEmbedded")
    fonts = {item: font_of(item) if item else None for item in set(of)}
    embedded = {font: bool(font) and travels(font) == 1 for font in set(fonts.values())}
    own = np.array([embedded[fonts[item]] for item in of], dtype=bool)
    lent = ~own & glyphs.real & ~invisible
    if lent.any() and drawn[lent & (glyphs.codes >= 0x2E80)].any():
        return np.ones(len(of), dtype=bool)
    return own


def _light_or_clipped(of: list[int], glyphs: Glyphs) -> np.ndarray:
    """Return which characters are nearly white, hardly opaque, or out of their clipping box."""
    import numpy as np

    colour = (ctypes.c_uint * 4)()
    at = [ctypes.addressof(colour) + 4 * i for i in range(4)]
    light: dict[int, bool] = {0: False}
    clips: dict[int, Any] = {0: None}
    for item in set(of) - {0}:
        known = pdfium("FPDFPageObj_GetFillColor")(item, *at)
        light[item] = bool(known) and (min(colour[0:3]) >= 240 or colour[3] < 16)
        clips[item] = clip_box(item)
    return np.array(
        [
            light[item] or (clips[item] is not None and glyphs.beyond(index, clips[item]))
            for index, item in enumerate(of)
        ],
        dtype=bool,
    )


def _in_pictures(
    page: PdfPage,
    objects: list[tuple[int, int, int, bool]],
    of: list[int],
    invisible: np.ndarray,
    corners: np.ndarray,
) -> np.ndarray:
    """Return which characters may be the text of a scan: invisible ones over a picture, and any
    under a picture drawn later where pictures fill most of the page."""
    import numpy as np

    left, bottom, right, top = page.get_bbox()
    place = {item: order for item, _, order, _ in objects}
    order = np.array([place.get(item, -1) for item in of])
    x, y = (corners[:, 0] + corners[:, 2]) / 2, (corners[:, 1] + corners[:, 3]) / 2
    over, under = np.zeros(len(of), dtype=bool), np.zeros(len(of), dtype=bool)
    filled = 0.0
    for item, kind, drawn, nested in objects:
        if kind != _IMAGE:
            continue
        box = (left, bottom, right, top) if nested else bounds(item)
        if box is None:
            continue
        a, b = max(box[0], left), max(box[1], bottom)
        c, d = min(box[2], right), min(box[3], top)
        if c <= a or d <= b:
            continue
        filled += (c - a) * (d - b)
        within = (x >= a) & (x <= c) & (y >= b) & (y <= d)
        over |= within
        under |= within & (order < drawn) & (order >= 0)
    most = filled >= 0.5 * max((right - left) * (top - bottom), 1.0)
    return (over & invisible) | (under & most)


def _over(corners: np.ndarray, hidden: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """Return which hidden characters stand on visible ones."""
    import numpy as np

    result = np.zeros(len(hidden), dtype=bool)
    if not visible.any():
        return result
    x0, y1, x1, y0 = corners[visible].T
    reach = 0.25 * (y1 - y0)
    for index in np.flatnonzero(hidden).tolist():
        left, top, right, bottom = corners[index]
        x, y = (left + right) / 2, (bottom + top) / 2
        result[index] = bool(
            ((x > x0 - reach) & (x < x1 + reach) & (y > y0 - reach) & (y < y1 + reach)).any()
        )
    return result
