"""Word documents: paragraphs and tables in the order they stand."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

from dti_assets.errors import UnreadableError
from dti_assets.text.readers.extract import Extract

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
# what a run's children stand for; None means their own text
_LEAVES: dict[str, str | None] = {
    _W + "t": None,
    _W + "tab": "\t",
    _W + "br": "\n",
    _W + "cr": "\n",
    _W + "noBreakHyphen": "-",
}
MAX_UNPACKED = 100 * 2**20
MAX_RATIO = 200


def read_docx(content: bytes) -> Extract:
    """See read_bytes. The sizes the container declares are checked before it is unpacked."""
    import docx

    with zipfile.ZipFile(io.BytesIO(content)) as container:
        for item in container.infolist():
            if item.flag_bits & 0x1:
                raise UnreadableError("encrypted", "a .docx protected by a password")
        size = sum(item.file_size for item in container.infolist())
    if size > MAX_UNPACKED or size > MAX_RATIO * len(content):
        raise UnreadableError("too_large", f"would unpack from {len(content):,} to {size:,} bytes")
    try:
        document = docx.Document(io.BytesIO(content))
        paragraphs = list(_paragraphs(document.element.body))
    except MemoryError:
        raise
    except Exception as error:  # python-docx raises whatever its XML and zip layers raise
        raise UnreadableError("damaged", f"a .docx that cannot be opened ({error})") from error
    return Extract(paragraphs, engine="python-docx")


def _paragraphs(parent: Any) -> Iterator[str]:
    """The text of every paragraph below an element, in document order.

    python-docx's own text passes over what stands in content controls, smart tags, fields, text
    boxes and accepted insertions; every run counts here but deleted ones. A text box is stored
    twice, the second time as a fallback for old programs.
    """
    for paragraph in parent.iter(_W + "p"):
        if not _inside(paragraph, (_MC + "Fallback", _W + "del", _W + "moveFrom")):
            yield from _text(paragraph).split("\n")


def _text(paragraph: Any) -> str:
    pieces = []
    for node in paragraph.iter(*_LEAVES):
        # the paragraphs of a text box inside this one are paragraphs of their own
        if _owner(node) is paragraph and not _inside(node, (_W + "del", _W + "moveFrom")):
            pieces.append(_LEAVES[node.tag] or node.text or "")
    return "".join(pieces)


def _owner(node: Any) -> Any:
    return next(node.iterancestors(_W + "p"), None)


def _inside(node: Any, names: tuple[str, ...]) -> bool:
    return next(node.iterancestors(*names), None) is not None
