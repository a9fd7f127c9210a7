"""Word documents: paragraphs and tables in the order they stand."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dti_assets.text.extract import Extract, UnreadableError

if TYPE_CHECKING:
    from docx.table import Table
    from docx.text.paragraph import Paragraph

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
        paragraphs = list(_texts(document))
    except MemoryError:
        raise
    except Exception as error:  # python-docx raises whatever its XML and zip layers raise
        raise UnreadableError("damaged", f"a .docx that cannot be opened ({error})") from error
    return Extract(paragraphs, engine="python-docx")


def _texts(parent: Any) -> Iterator[str]:
    block: Paragraph | Table
    for block in parent.iter_inner_content():
        if hasattr(block, "rows"):
            # a merged cell is listed once for each column and row it spans
            for cell in {cell._tc: cell for row in block.rows for cell in row.cells}.values():
                yield from _texts(cell)
        else:
            yield from block.text.split("\n")
