"""Functions of PDFium called hundreds of thousands of times a document.

The prototypes take plain addresses and keep the interpreter's lock, which halves the cost of a
call. No decision here.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from typing import Any

_INT, _AT = ctypes.c_int, ctypes.c_void_p
_SIGNATURES: dict[str, tuple[Any, ...]] = {
    "FPDFPage_CountObjects": (_INT, _AT),
    "FPDFPage_GetObject": (_AT, _AT, _INT),
    "FPDFFormObj_CountObjects": (_INT, _AT),
    "FPDFFormObj_GetObject": (_AT, _AT, ctypes.c_ulong),
    "FPDFPageObj_GetType": (_INT, _AT),
    "FPDFPageObj_GetBounds": (_INT, _AT, _AT, _AT, _AT, _AT),
    "FPDFPageObj_GetFillColor": (_INT, _AT, _AT, _AT, _AT, _AT),
    "FPDFPageObj_SetIsActive": (_INT, _AT, _INT),
    "FPDFPageObj_GetClipPath": (_AT, _AT),
    "FPDFClipPath_CountPaths": (_INT, _AT),
    "FPDFClipPath_CountPathSegments": (_INT, _AT, _INT),
    "FPDFClipPath_GetPathSegment": (_AT, _AT, _INT, _INT),
    "FPDFPathSegment_GetPoint": (_INT, _AT, _AT, _AT),
    "FPDFTextObj_GetTextRenderMode": (_INT, _AT),
    "FPDFTextObj_GetFont": (_AT, _AT),
    "FPDFFont_GetIsEmbedded": (_INT, _AT),
    "FPDFText_GetLooseCharBox": (_INT, _AT, _INT, _AT),
    "FPDFText_GetCharOrigin": (_INT, _AT, _INT, _AT, _AT),
    "FPDFText_GetFontSize": (ctypes.c_double, _AT, _INT),
    "FPDFText_GetTextObject": (_AT, _AT, _INT),
    "FPDFText_GetUnicode": (ctypes.c_uint, _AT, _INT),
}

Box = tuple[float, float, float, float]


@functools.cache
def pdfium(name: str) -> Callable[..., Any]:
    """Return the function of PDFium of this name."""
    from pypdfium2 import raw

    answer, *takes = _SIGNATURES[name]
    place = ctypes.cast(getattr(raw, name), ctypes.c_void_p).value or 0
    return ctypes.PYFUNCTYPE(answer, *takes)(place)


def address(item: Any) -> int:
    """Return the address of what a helper of pypdfium2 wraps."""
    return ctypes.cast(item.raw, ctypes.c_void_p).value or 0


_FLOATS = (ctypes.c_float * 4)()
_AT_FLOAT = [ctypes.addressof(_FLOATS) + 4 * i for i in range(4)]


def bounds(item: int) -> Box | None:
    """Return left, bottom, right, top of an object of the page, in the page's own coordinates."""
    if not pdfium("FPDFPageObj_GetBounds")(item, *_AT_FLOAT):
        return None
    left, bottom, right, top = _FLOATS
    return left, bottom, right, top


def clip_box(item: int) -> Box | None:
    """Return the box of what is shown of an object: where the boxes of its clipping paths meet."""
    clip = pdfium("FPDFPageObj_GetClipPath")(item)
    count = pdfium("FPDFClipPath_CountPaths")(clip) if clip else 0
    if count <= 0:
        return None
    segments_of = pdfium("FPDFClipPath_CountPathSegments")
    segment_at = pdfium("FPDFClipPath_GetPathSegment")
    point_of = pdfium("FPDFPathSegment_GetPoint")
    left = bottom = -1e9
    right = top = 1e9
    for path in range(count):
        xs, ys = [], []
        for index in range(min(segments_of(clip, path), 1000)):
            if point_of(segment_at(clip, path, index), _AT_FLOAT[0], _AT_FLOAT[1]):
                xs.append(_FLOATS[0])
                ys.append(_FLOATS[1])
        if xs:
            left, right = max(left, min(xs)), min(right, max(xs))
            bottom, top = max(bottom, min(ys)), min(top, max(ys))
    return left, bottom, right, top
