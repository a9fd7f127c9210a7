"""Plain text: lines are paragraphs, unless the file was wrapped at a fixed width."""

from __future__ import annotations

import re

from dti_assets.text.extract import Extract
from dti_assets.text.readers.encodings import decode

_END = re.compile(r"[。！？：；.!?:;”）)》]$")


def read_txt(content: bytes) -> Extract:
    """See read_bytes."""
    text, encoding = decode(content)
    lines = [line.rstrip() for line in text.splitlines()]
    joined = join_wrapped(lines)
    notes = [] if joined is lines else ["lines wrapped at a fixed width were joined"]
    return Extract(joined, engine="text", encoding=encoding, notes=notes)


def join_wrapped(lines: list[str]) -> list[str]:
    """Paragraphs of hard-wrapped text; `lines` itself where the lines are paragraphs already.

    Text counts as wrapped where most lines that are not blank reach the same right edge without
    ending a sentence. A wrapped line continues into the next unless it is short, ends a sentence
    early, or the next one is indented.
    """
    lengths = sorted(len(line) for line in lines if line.strip())
    if len(lengths) < 20:
        return lines
    width = lengths[int(len(lengths) * 0.9)]
    full = [line for line in lines if len(line) >= width - 3]
    open_ended = sum(1 for line in full if not _END.search(line))
    if not 15 <= width <= 120 or len(full) < 0.5 * len(lengths) or open_ended < 0.5 * len(full):
        return lines
    paragraphs: list[str] = []
    continues = False
    for line in lines:
        if continues and line.strip() and not line.startswith(("\u3000\u3000", "  ", "\t")):
            # a space between two ASCII words would be lost with the line break
            gap = " " if paragraphs[-1][-1:].isascii() and line[:1].isascii() else ""
            paragraphs[-1] += gap + line
        else:
            paragraphs.append(line)
        continues = len(line) >= width - 3
    return paragraphs
