"""Text of CSV-like files: encoding, delimiter, rows with their lines, and cells that mean nothing.

Each step is a function of its own, for readers that stream large files with another parser.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import NamedTuple

from dti_assets.errors import UnreadableError
from dti_assets.store.characters import plain

DELIMITERS = ",\t;|"
# what fills a cell that has no value, folded as is_nothing does
NOTHING = frozenset(
    {
        "", "-", "--", "---", "—", "——", "–", "―", "...", "......", "…", "……", ".", "..", "*", "/",
        "\\", "\\n", "null", "(null)", "<null>", "[null]", "nil", "none", "<none>", "na", "n/a",
        "n.a.", "<na>", "#n/a", "#na", "#n/a n/a", "nan", "-nan", "nat", "missing", "undefined",
        "无", "空", "空值", "缺", "缺失", "缺失值", "不详", "暂无", "暂缺", "未知",
        "无数据", "暂无数据",
        "0000-00-00", "0000-00-00 00:00:00", "0000/00/00", "0000.00.00", "00000000",
    }
)  # fmt: skip
# no cell goes over more lines
_MAX_LINES = 2000
# a byte that fits no encoding among this many is damage, not another encoding
_SOUND_BYTES = 1000
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_QUOTED = re.compile(r'"(?:[^"\r\n]|"")*"')
_LINE_END = re.compile(r"\r\n|\n|\r")
# white space, control and format characters that exports put around a value
_AROUND = {"Cc", "Cf", "Zs", "Zl", "Zp"}
_FORMULA_TEXT = re.compile(r'=\s*"((?:[^"]|"")*)"')


class Row(NamedTuple):
    """The cells of one row, and the line of the file on which it begins."""

    line: int
    cells: list[str]


class LineFault(NamedTuple):
    """What is wrong with a line; `lost` where its cells are not used."""

    line: int
    message: str
    lost: bool


def decoded(raw: bytes) -> str:
    """Return the text of a file in UTF-8, UTF-16, UTF-32 or GB 18030, without a byte-order mark.

    A rare byte that fits neither becomes U+FFFD. Raises UnreadableError where many do.
    """
    return decoded_with(raw)[0]


def decoded_with(raw: bytes) -> tuple[str, str]:
    """Return the text as decoded does, and the name of the encoding."""
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return _damaged(raw, encoding)
    if (wide_encoding := _wide_without_mark(raw)) is not None:
        return _damaged(raw, wide_encoding)
    with suppress(UnicodeDecodeError):
        return raw.decode("utf-8"), "utf-8"
    text = raw.decode("utf-8", "replace")
    # one bad byte in a text of UTF-8: GB 18030 would read all of it as other characters
    wide = sum(character > "\x7f" for character in text)
    if text.count("\ufffd") * 10 < wide:
        return _damaged(raw, "utf-8")
    return _damaged(raw, "gb18030")


def _wide_without_mark(raw: bytes) -> str | None:
    """UTF-16 without a byte-order mark: every second byte of ASCII is zero."""
    head = raw[:4096]
    zeros = head[::2].count(0), head[1::2].count(0)
    if sum(zeros) * 8 < len(head) or not head:
        return None
    if min(zeros) * 8 < max(zeros):
        return "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"
    return None


def _damaged(raw: bytes, encoding: str) -> tuple[str, str]:
    text = raw.decode(encoding, "replace")
    bad = text.count("\ufffd")
    if bad > max(1, len(raw) // _SOUND_BYTES):
        raise UnreadableError("garbled", "neither UTF-8 nor UTF-16 nor GB 18030")
    return text, encoding


def lines_of(text: str) -> list[str]:
    """Return the lines of a text without their ends: LF, CR LF or CR, as csv counts them."""
    return _LINE_END.split(text)


def delimiter(text: str) -> str:
    """Return the delimiter of a text: comma, tab, semicolon or bar.

    It is the mark that most lines hold equally often; of several the more frequent one. Marks
    within quotation marks do not count.
    """
    head = [_QUOTED.sub("", line) for line in lines_of(text[: 1 << 18])[:200]]
    head = [line for line in head if line.strip()][:50]
    best, best_score = ",", (0, 0)
    for mark in DELIMITERS:
        numbers = Counter(line.count(mark) for line in head if mark in line)
        # a sheet has its titles above and its notes below the table
        number, lines = max(numbers.items(), key=lambda pair: pair[::-1], default=(0, 0))
        if (lines, number) > best_score:
            best, best_score = mark, (lines, number)
    return best


def is_nothing(cell: object) -> bool:
    """Whether a cell holds no value: it is empty, or a word for nothing fills it."""
    return cell is None or (len(text := str(cell)) < 40 and nothing_key(text) in NOTHING)


def nothing_key(cell: str) -> str:
    """Return a cell as NOTHING spells it."""
    return plain(unguarded(cell)).strip().casefold()


def unguarded(cell: str) -> str:
    """Return a value without what keeps a spreadsheet program from changing it: an apostrophe in
    front, ="...", tabs, non-breaking spaces, control and format characters around it."""
    text = _trimmed(cell)
    if formula := _FORMULA_TEXT.fullmatch(text):
        text = _trimmed(formula.group(1).replace('""', '"'))
    if text.startswith(("'", "\N{RIGHT SINGLE QUOTATION MARK}")) and text.count(text[0]) == 1:
        text = _trimmed(text[1:])
    return text


def _trimmed(text: str) -> str:
    start, end = 0, len(text)
    while start < end and unicodedata.category(text[start]) in _AROUND:
        start += 1
    while end > start and unicodedata.category(text[end - 1]) in _AROUND:
        end -= 1
    return text[start:end]


def rows(text: str, mark: str, header: int | None = 0) -> tuple[list[Row], list[LineFault]]:
    """Return the rows of a text and what is wrong with its lines.

    A quotation mark that nothing closes belongs to the text of its cell, and its line is named.
    `header` is the index of the row, blank ones not counted, that says how many cells a row has; a
    longer one is not returned but named, for its cells may be shifted. None where the caller holds
    rows against the header, see `too_long`. Blank lines are left out.
    """
    found, faults = parsed(text, mark)
    if header is None or len(found) <= header:
        return found, faults
    lost = too_long(found, found[header].cells, header + 1)
    gone = {fault.line for fault in lost}
    kept = [row for row in found if row.line not in gone]
    return kept, sorted([*faults, *lost])


def parsed(text: str, mark: str, blank: bool = False) -> tuple[list[Row], list[LineFault]]:
    """Return every row, `blank` ones only where asked for, and the lines whose quotation marks do
    not balance."""
    lines = lines_of(text)
    found: list[Row] = []
    faults: list[LineFault] = []
    width = 0
    i = 0
    while i < len(lines):
        if '"' not in lines[i]:
            cells, end = lines[i].split(mark), i + 1
        else:
            cells, end, open_quote = quoted_row(lines, i, mark, width)
            if open_quote:
                faults.append(
                    LineFault(
                        i + 1,
                        "a quotation mark is not closed; it is read as part of the text",
                        False,
                    )
                )
        if blank or any(cell.strip() for cell in cells):
            found.append(Row(i + 1, cells))
            width = width or (len(cells) if len(cells) > 1 else 0)
        i = end
    return found, faults


def too_long(found: Sequence[Row], header: Sequence[str], start: int = 0) -> list[LineFault]:
    """Return a fault for each row from `start` on that has more cells than its header.

    Empty cells at the end are no fault where rows end so, or where no number is cut in two.
    """
    named, width = len(_filled(header)), len(header)
    usual = max([width, *(n for n, _ in Counter(len(r.cells) for r in found).most_common(1))])
    out = []
    for row in found[start:]:
        filled = len(_filled(row.cells))
        cut = thousands_split(row.cells)
        if filled > width or (cut and (filled > named or len(row.cells) > usual)):
            why = f"{max(filled, named + 1)} cells where the header has {named}"
            if cut:
                why += "; is a number with thousands separators not in quotation marks?"
            out.append(LineFault(row.line, f"{why}; the row is not used", True))
    return out


def thousands_split(cells: Sequence[str]) -> bool:
    """Whether two neighbours look like one number cut at its thousands separator: 4 and 903."""
    return any(
        re.fullmatch(r"\s*[\"']?[+-]?[1-9]\d{0,2}", one)
        and re.fullmatch(r"\d{3}(?:\.\d+)?[\"']?\s*", two)
        for one, two in pairwise(cells)
    )


def _filled(cells: Sequence[str]) -> Sequence[str]:
    """The cells up to the last that is not empty."""
    end = len(cells)
    while end and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


def quoted_row(lines: list[str], start: int, mark: str, width: int) -> tuple[list[str], int, bool]:
    """Return the cells of the row that begins with line `start`, the line after it, and whether a
    quotation mark in it is left open."""
    cells: list[str] = []
    i, at = start, 0
    open_quote = False
    while True:
        line = lines[i]
        # by places, for a line may have millions of cells
        lead = _behind_blanks(line, at)
        if line.startswith('"', lead):
            closed = _closed(lines, i, lead + 1, mark)
            if closed is not None and not _swallows(lines, start, closed[1], mark, width):
                cell, i, at = closed
                cells.append(cell)
                if at > len(lines[i]):
                    return cells, i + 1, open_quote
                continue
            # closed within its line, but text follows: a quotation, as in "物联网"平台
            open_quote |= line.find('"', lead + 1, _cell_end(line, lead + 1, mark)) < 0
        end = _cell_end(line, at, mark)
        cells.append(line[at:end])
        if end == len(line):
            return cells, i + 1, open_quote
        at = end + 1


def _cell_end(line: str, at: int, mark: str) -> int:
    """The place of the next delimiter, or the end of the line."""
    end = line.find(mark, at)
    return len(line) if end < 0 else end


def _behind_blanks(line: str, at: int) -> int:
    while line.startswith(" ", at):
        at += 1
    return at


def _closed(lines: list[str], i: int, at: int, mark: str) -> tuple[str, int, int] | None:
    """(text, line, place after the delimiter) of a quoted cell; None where it is not closed by a
    mark that a delimiter or the end of a line follows."""
    parts: list[str] = []
    last = min(len(lines), i + _MAX_LINES)
    while i < last:
        line = lines[i]
        end = at
        while (end := line.find('"', end)) >= 0:
            if line[end + 1 : end + 2] == '"':
                end += 2
                continue
            after = _behind_blanks(line, end + 1)
            if after < len(line) and not line.startswith(mark, after):
                return None
            parts.append(line[at:end])
            text = "\n".join(parts).replace('""', '"')
            return text, i, after + 1
        parts.append(line[at:])
        i, at = i + 1, 0
    return None


def _swallows(lines: list[str], start: int, end: int, mark: str, width: int) -> bool:
    """Whether every line of a row of several would be a row of its own."""
    return (
        end > start
        and width > 1
        and all(_is_row(line, mark, width) for line in _between(lines, start, end))
    )


def _is_row(line: str, mark: str, width: int) -> bool:
    """Whether a line alone has so many cells, empty ones at its end aside."""
    plain = _QUOTED.sub("", line)
    return plain.rstrip(" " + mark).count(mark) < width <= plain.count(mark) + 1


def _between(lines: list[str], start: int, end: int) -> Iterator[str]:
    return (lines[i] for i in range(start, end + 1) if lines[i].strip())
