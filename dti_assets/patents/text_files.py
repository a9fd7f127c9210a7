"""Delimited text, also packed by gzip, as batches of rows with flat memory.

The text is read in blocks of whole lines. Arrow parses the lines whose quotation marks are those of
CSV, or that have none; the others are read one by one as `store.delimited` does. A line whose cells
do not fit under the header is not used but named.
"""

from __future__ import annotations

import codecs
import gzip
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from dti_assets.errors import PatentSourceError, UnreadableError
from dti_assets.patents.formats import after, broken, first_line, is_recognised, unique_names
from dti_assets.patents.tidy import Status
from dti_assets.store.delimited import DELIMITERS, decoded_with, delimiter, quoted_row
from dti_assets.units.levels import Level

if TYPE_CHECKING:
    import pyarrow as pa

_BLOCK_BYTES = 8 << 20
_SAMPLE_BYTES = 1 << 18
_STEP_BYTES = 1 << 15
# a row has no more lines; what a quotation mark opens and nothing closes by then is no cell
_LONGEST_ROW = 500
_LONGEST_LINE = 64 << 20
_HEADER_LINES = 10
# a byte in so many that is no character is damage, not another encoding
_SOUND_BYTES = 1000
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
_WIDE = ("utf-16", "utf-32", "utf-16-le", "utf-16-be")


@dataclass
class TextSource:
    """A delimited text. `width` is the number of columns with a name, `usual` that of the cells of
    most rows, which may end in empty ones; `encoding` is None while all was ASCII."""

    path: Path
    label: str
    names: list[str]
    encoding: str | None
    delimiter: str
    skipped: int
    usual: int
    old_mac: bool = False
    malformed: list[int] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    status: Status = field(default_factory=Status)

    @property
    def width(self) -> int:
        return len(self.names)

    def batches(self, columns: list[str], rows: int, start: int = 0) -> Iterator[pa.Table]:
        import pyarrow as pa

        self.malformed.clear()
        self.status.rows.clear()
        self.status.example.clear()
        read = 0
        try:
            for lines, numbers in self._rows():
                table = self._table(lines, numbers, columns)
                yield from after(start - read, table)
                read += table.num_rows
        except (OSError, EOFError, UnicodeError, pa.ArrowException) as error:
            raise broken(self.label, read, error) from error
        except UnreadableError as error:
            raise PatentSourceError(
                f"{self.label}: cannot be read after row {read} (more bytes than a few are neither "
                "UTF-8 nor GB 18030; save the file as UTF-8)"
            ) from error

    def _rows(self) -> Iterator[tuple[list[str], list[int]]]:
        """Rows as lines of sound CSV, and the line of the file that each begins on."""
        sound = _sound_line(self.delimiter)
        blank = self.delimiter + " \t\ufeff"
        held: list[str] = []
        number = 1
        for lines, final in self._lines():
            held += lines
            if number == 1:
                if len(held) <= self.skipped and not final:
                    continue
                held, number = held[self.skipped :], self.skipped + 1
            made, numbers, used = self._sound(held, number, sound, final)
            held, number = held[used:], number + used
            keep = [k for k, line in enumerate(made) if line.strip(blank)]
            if len(keep) < len(made):
                made, numbers = [made[k] for k in keep], [numbers[k] for k in keep]
            if made:
                yield made, numbers

    def _sound(
        self, lines: list[str], number: int, sound: re.Pattern[str], final: bool
    ) -> tuple[list[str], list[int], int]:
        """(lines of sound CSV, where each begins, how many lines they are made of)."""
        odd = [i for i, line in enumerate(lines) if '"' in line and not sound.fullmatch(line)]
        if not odd:
            return lines, list(range(number, number + len(lines))), len(lines)
        made: list[str] = []
        numbers: list[int] = []
        at = 0
        for i in odd:
            if i < at:
                continue
            made += lines[at:i]
            numbers += range(number + at, number + i)
            at = i
            if not final and i > len(lines) - _LONGEST_ROW:
                # the row may go on in the next block
                return made, numbers, at
            end = self._plain_end(lines, i, sound)
            if end:
                made.append("\n".join(lines[i:end]))
                numbers.append(number + i)
                at = end
                continue
            cells, end, is_open = self._row(lines[i : i + _LONGEST_ROW])
            if is_open:
                self.status.add("quote_open", 1, f"line {number + i}")
            made.append(_csv_line(cells, self.delimiter))
            numbers.append(number + i)
            at = i + end
        made += lines[at:]
        numbers += range(number + at, number + len(lines))
        return made, numbers, len(lines)

    def _plain_end(self, lines: list[str], i: int, sound: re.Pattern[str]) -> int:
        """The line after a row with line breaks in its cells, none of whose lines could be a row;
        0 where it is not so plain."""
        least = self.width - 1
        for k in range(i, min(i + _LONGEST_ROW, len(lines))):
            if lines[k].count(self.delimiter) >= least:
                return 0
            if k > i and lines[k].count('"') % 2:
                return k + 1 if sound.fullmatch("\n".join(lines[i : k + 1])) else 0
        return 0

    def _row(self, lines: list[str]) -> tuple[list[str], int, bool]:
        """(cells, number of lines, whether a quotation mark is left open) of the row that begins
        with the first line."""
        mark = self.delimiter
        cells, end, is_open = quoted_row(lines, 0, mark, self.usual)
        literal = lines[0].split(mark)
        if self._fits(literal) and not self._fits(cells):
            return literal, 1, True
        return cells, end, is_open

    def _fits(self, cells: Sequence[str]) -> bool:
        """Whether the cells have a place under the header, empty ones at the end aside."""
        return len(cells) == self.width or (
            len(cells) > self.width and not any(cell.strip() for cell in cells[self.width :])
        )

    def _table(self, lines: list[str], numbers: list[int], columns: list[str]) -> pa.Table:
        table, odd = self._parsed(lines, columns)
        if odd:
            kept_lines, kept = [], []
            for k, line in enumerate(lines):
                cells = self._fitted(line, numbers[k]) if k in odd else None
                if k not in odd or cells is not None:
                    kept_lines.append(line if cells is None else _csv_line(cells, self.delimiter))
                    kept.append(numbers[k])
            table, odd = self._parsed(kept_lines, columns)
            for k in sorted(odd):
                self._refuse(kept[k], self.usual + 1)
            numbers = [n for k, n in enumerate(kept) if k not in odd]
        return self._without_longer(table, numbers, columns)

    def _fitted(self, line: str, number: int) -> list[str] | None:
        """The cells of a row of an unusual length, empty ones at the end added or left out; None
        where they have no place under the header."""
        cells = quoted_row(line.split("\n"), 0, self.delimiter, 0)[0]
        literal = line.split(self.delimiter)
        if len(cells) < self.width <= len(literal) and self.delimiter == "\t":
            # two quotation marks that have nothing to do with one another
            cells = literal
            self.status.add("quote_open", 1, f"line {number}")
        if not self._fits(cells):
            self._refuse(number, len(cells))
            return None
        return cells[: self.width] + [""] * (self.usual - self.width)

    def _refuse(self, number: int, cells: int) -> None:
        self.malformed.append(number)
        said = f"line {number}: {cells} cells where the header has {self.width}"
        self.status.add("malformed", 1, said)

    def _without_longer(self, table: pa.Table, numbers: list[int], columns: list[str]) -> pa.Table:
        """The table without rows that hold something behind the last column with a name."""
        import pyarrow.compute as pc

        for name in table.column_names[len(columns) :]:
            text = pc.utf8_trim_whitespace(table[name])
            filled = pc.fill_null(pc.not_equal(text, ""), False)
            if pc.any(filled).as_py():
                flags = filled.to_pylist()
                for number, longer in zip(numbers, flags, strict=True):
                    if longer:
                        self._refuse(number, self.usual)
                numbers = [n for n, longer in zip(numbers, flags, strict=True) if not longer]
                table = table.filter(pc.invert(filled))
        return table.select(columns)

    def _parsed(self, lines: list[str], columns: list[str]) -> tuple[pa.Table, set[int]]:
        """The columns of rows as long as most, with what stands behind the last column with a
        name; and which lines are longer or shorter."""
        import pyarrow as pa
        from pyarrow import csv as pc

        more = [f"#{k}" for k in range(self.width, self.usual)]
        wanted = columns + more
        odd: set[int] = set()

        def skip(row: Any) -> str:
            odd.add(row.number - 1)
            return "skip"

        if not lines:
            return pa.table({name: pa.array([], pa.string()) for name in wanted}), odd
        data = "\n".join(lines).encode("utf-8", "replace")
        table = pc.read_csv(
            pa.BufferReader(data),
            pc.ReadOptions(
                use_threads=False,
                block_size=len(data) + 1,
                column_names=self.names + more,
            ),
            pc.ParseOptions(
                delimiter=self.delimiter, newlines_in_values=True, invalid_row_handler=skip
            ),
            pc.ConvertOptions(
                include_columns=wanted,
                column_types={name: pa.string() for name in wanted},
                strings_can_be_null=True,
                null_values=[""],
            ),
        )
        return table, odd

    def _lines(self) -> Iterator[tuple[list[str], bool]]:
        """Lines in blocks, and whether a block is the last."""
        pending = ""
        for text, final in self._texts():
            text = pending + text
            # the other half of a line end may be in the next block
            tail = "\r" if text.endswith("\r") and not final else ""
            text = text[: len(text) - len(tail)].replace("\r\n", "\n")
            text = text.replace("\r", "\n" if self.old_mac else " ")
            lines = text.split("\n")
            pending = "" if final else lines.pop() + tail
            if len(pending) > _LONGEST_LINE:
                raise OSError(f"a line of more than {_LONGEST_LINE >> 20} million characters")
            yield lines, final

    def _texts(self) -> Iterator[tuple[str, bool]]:
        """Decoded text in blocks, and whether a block is the last."""
        encoding = self.encoding
        decoder: codecs.IncrementalDecoder | None = None
        size = bad = 0
        with _opened(self.path) as handle:
            block = handle.read(_BLOCK_BYTES)
            while True:
                following = handle.read(_BLOCK_BYTES) if block else b""
                final = not following
                if encoding is None and not block.isascii():
                    encoding = _encoding_of(block)
                if decoder is None and encoding is not None:
                    decoder = codecs.getincrementaldecoder(encoding)("strict")
                if decoder is None:
                    text = block.decode("ascii")
                else:
                    text, lost = _decoded(decoder, block, final)
                    bad += lost
                if size == 0:
                    text = text.removeprefix("\ufeff")
                size += len(block)
                if bad > max(1, size // _SOUND_BYTES) and (final or bad > _SOUND_BYTES):
                    raise UnreadableError("garbled", "bytes that are no characters")
                yield text, final
                if final:
                    return
                block = following


def _decoded(decoder: codecs.IncrementalDecoder, block: bytes, final: bool) -> tuple[str, int]:
    """The text of a block, and how many characters could not be read."""
    state = decoder.getstate()
    try:
        return decoder.decode(block, final), 0
    except UnicodeDecodeError:
        decoder.setstate(state)
        decoder.errors = "replace"
        text = decoder.decode(block, final)
        decoder.errors = "strict"
        return text, text.count("\ufffd") - block.count("\ufffd".encode())


def _encoding_of(sample: bytes) -> str:
    """The encoding of text that is no ASCII. Raises UnreadableError."""
    # a part may end within a character
    end = sample.rfind(b"\n") + 1
    lines = sample[:end]
    return decoded_with(sample if lines.isascii() else lines)[1].removesuffix("-sig")


def _opened(path: Path) -> BinaryIO:
    """The bytes of a file, unpacked where gzip packed it, whatever its name says."""
    with path.open("rb") as handle:
        packed = handle.read(2) == b"\x1f\x8b" or path.name.lower().endswith(".gz")
    return cast(BinaryIO, gzip.open(path) if packed else path.open("rb"))


def open_text(
    path: Path, label: str, extra: Mapping[str, str | Sequence[str]] | None, *, level: Level
) -> TextSource:
    """Open a delimited text: UTF-8, UTF-16 or GB 18030, with a comma, tab, semicolon or bar.

    The header is the first of ten lines with the columns of a patent file under any delimiter, or
    else the first line. Raises PatentSourceError where the file is no text or its first line empty.
    """
    try:
        sample, whole = _sample(path)
    except (OSError, EOFError, gzip.BadGzipFile) as error:
        raise PatentSourceError(f"{label}: cannot be read ({first_line(error)})") from error
    if path.name.lower().endswith(".gz") and sample == b"":
        raise PatentSourceError(f"{label}: the file is empty")
    try:
        text, encoding = _sample_text(sample, whole)
    except (UnreadableError, UnicodeError) as error:
        raise PatentSourceError(
            f"{label}: neither UTF-8, GB18030 nor UTF-16 text, so not a readable CSV file"
        ) from error
    text = text.replace("\r\n", "\n")
    # cells of such a file may hold line ends of the other kind
    old_mac = text.count("\r") > text.count("\n")
    lines = text.replace("\r", "\n" if old_mac else " ").split("\n")
    if not whole and len(lines) > 1:
        lines.pop()
    found = _header(lines, label, extra, level)
    if found is None and re.search("[\x00-\x08\x0e-\x1b\ufffd]", lines[0]):
        raise PatentSourceError(f"{label}: not a readable CSV file (it holds no text)")
    at, mark = found or _first_line(lines)
    cells, used, _ = quoted_row(lines[at : at + _LONGEST_ROW], 0, mark, 0) if lines[at:] else (
        [], 1, False)  # fmt: skip
    header = [cell.strip() for cell in cells]
    while header and not header[-1]:
        header.pop()
    if not header:
        raise PatentSourceError(f"{label}: the first line names no column")
    body = lines[at + used :][:200]
    usual = _usual(body, mark, len(header), len(cells))
    # the lines that tell it may all be ASCII: then later ones do
    known = None if encoding == "utf-8" and text.isascii() else encoding
    return TextSource(path, label, unique_names(header), known, mark, at + used, usual, old_mac)


def _sample(path: Path) -> tuple[bytes, bool]:
    """The beginning of the text, and whether that is all of it; as far as it can be read."""
    parts: list[bytes] = []
    with _opened(path) as handle:
        while sum(map(len, parts)) < _SAMPLE_BYTES:
            try:
                part = handle.read(_STEP_BYTES)
            except (OSError, EOFError):
                if not parts:
                    raise
                break
            if not part:
                return b"".join(parts), True
            parts.append(part)
    return b"".join(parts), False


def _sample_text(sample: bytes, whole: bool) -> tuple[str, str]:
    end = len(sample) if whole else sample.rfind(b"\n") + 1 or len(sample)
    text, encoding = decoded_with(sample[:end])
    if encoding.startswith(_WIDE) and not whole:
        encoding = decoded_with(sample)[1]
        text = codecs.getincrementaldecoder(encoding)("replace").decode(sample)
    return text.removeprefix("\ufeff"), encoding.removesuffix("-sig")


def _header(
    lines: list[str], label: str, extra: Mapping[str, str | Sequence[str]] | None, level: Level
) -> tuple[int, str] | None:
    """(line, delimiter) of the header; None where no line is one."""
    first = delimiter("\n".join(lines[:200]))
    for at, line in enumerate(lines[:_HEADER_LINES]):
        if not line.strip():
            continue
        marks = sorted(DELIMITERS, key=lambda mark: (mark != first, -line.count(mark)))
        for mark in marks:
            cells = quoted_row(lines[at : at + _LONGEST_ROW], 0, mark, 0)[0]
            if is_recognised([cell.strip() for cell in cells], label, extra, level):
                return at, mark
    return None


def _first_line(lines: list[str]) -> tuple[int, str]:
    at = 1 if lines and _SEPARATOR_LINE.fullmatch(lines[0]) and len(lines) > 1 else 0
    line = lines[at] if lines else ""
    return at, max(DELIMITERS, key=line.count)


def _usual(lines: list[str], mark: str, named: int, header: int) -> int:
    """How many cells most rows have, not fewer than the columns with a name."""
    numbers: Counter[int] = Counter()
    at = 0
    while at < len(lines):
        if lines[at].strip():
            cells, end, _ = quoted_row(lines[at : at + _LONGEST_ROW], 0, mark, header)
            if len(cells) >= named and not any(cell.strip() for cell in cells[named:]):
                numbers[len(cells)] += 1
            at += end
        else:
            at += 1
    return numbers.most_common(1)[0][0] if numbers else named


def _sound_line(mark: str) -> re.Pattern[str]:
    """A line whose quotation marks are those of CSV, or stand within a text."""
    m = re.escape(mark)
    cell = rf'(?:"(?:[^"]++|"")*+"|(?:[^"{m}][^{m}]*+)?+)'
    return re.compile(f"{cell}(?:{m}{cell})*+")


def _csv_line(cells: list[str], mark: str) -> str:
    return mark.join('"' + cell.replace('"', '""') + '"' for cell in cells)
