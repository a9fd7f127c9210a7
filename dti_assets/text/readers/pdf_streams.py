"""Whether the compressed parts of a PDF are whole. PDF engines read on where one is not, and lose
text without a word."""

from __future__ import annotations

import re
import zlib

_STREAM = re.compile(rb"(?<!end)stream(?:\r\n|\n|\r)")
# the longest dictionary that is looked at in front of a stream
_DICTIONARY = 2000
_PIECE = 1 << 20
_OTHER_FILTER_FIRST = re.compile(rb"/Filter\s*\[\s*/(?!FlateDecode)")


def broken_streams(content: bytes) -> int:
    """Return how many of the Flate streams of a PDF do not decompress to what was compressed.

    Pictures are left out, and so are encrypted files, whose streams say nothing before they are
    decrypted.
    """
    if b"/Encrypt" in content:
        return 0
    return sum(
        not _is_whole(content, found.end())
        for found in _STREAM.finditer(content)
        if _is_compressed(content, found.start())
    )


def _is_compressed(content: bytes, start: int) -> bool:
    """Return whether the stream at `start` is text, a font or a table in Flate."""
    before = content[max(0, start - _DICTIONARY) : start]
    dictionary = before[max(before.rfind(b" obj"), 0) :]
    return (
        b"FlateDecode" in dictionary
        and b"/Image" not in dictionary
        and not _OTHER_FILTER_FIRST.search(dictionary)
    )


def _is_whole(content: bytes, start: int) -> bool:
    end = content.find(b"endstream", start)
    stream = content[start : end if end >= 0 else None]
    # or nothing but the checksum is missing, which some programs do not write
    return _ends(stream, zlib.MAX_WBITS) or _ends(stream[2:], -zlib.MAX_WBITS, rest=b"\r\n")


def _ends(stream: bytes, bits: int, rest: bytes | None = None) -> bool:
    """Return whether the stream decompresses to its end, with no more than `rest` behind it."""
    decompressor = zlib.decompressobj(bits)
    try:
        while stream and not decompressor.eof:
            # in pieces, since a hostile stream grows a thousandfold
            decompressor.decompress(stream, _PIECE)
            stream = decompressor.unconsumed_tail
    except zlib.error:
        return False
    return decompressor.eof and (rest is None or not decompressor.unused_data.strip(rest))
