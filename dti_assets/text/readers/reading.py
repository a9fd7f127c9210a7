"""A report's bytes to normalised paragraphs: sniff, read, normalise, judge."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

from dti_assets.errors import UnreadableError
from dti_assets.store.characters import LOOK_ALIKE
from dti_assets.text.readers.clean import is_garbled, normalise_paragraph
from dti_assets.text.readers.docx import read_docx
from dti_assets.text.readers.extract import Extract
from dti_assets.text.readers.furniture import contents_lines, goes_on, stands_twice
from dti_assets.text.readers.html import read_html, shown_paragraphs
from dti_assets.text.readers.pdf import read_pdf
from dti_assets.text.readers.plain import read_txt, sniff

# Part of every cache key: raise it whenever a reader or the normalisation may give other text.
READER_VERSION = "3"
MAX_BYTES = 200 * 2**20
_STARVED = "needs more memory than one report may take"


@dataclass
class Reading:
    """What one file holds, or why it holds nothing.

    `paragraphs` are normalised; `page_of` gives the page each begins on where the format has
    pages. `status` is `ok` or one of extract.STATUSES, `reason` a sentence, empty when all is
    well; `warnings` say what may make the counts of a text that is read wrong.
    """

    status: str
    reason: str = ""
    format: str | None = None
    engine: str | None = None
    encoding: str | None = None
    pages: int | None = None
    paragraphs: list[str] = field(default_factory=list)
    page_of: list[int] | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The paragraphs, one a line."""
        return "\n".join(self.paragraphs)

    @property
    def starved(self) -> bool:
        """Whether memory ran out, which is no fact about the file."""
        return self.reason == _STARVED

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Reading:
        return cls(**json.loads(text))


def read_bytes(content: bytes) -> Reading:
    """Read one report of any format; never raises for bad content, but names what is wrong.

    Memory and time are the caller's to limit: see workers.
    """
    kind = None
    try:
        if len(content) > MAX_BYTES:
            raise UnreadableError("too_large", f"{len(content):,} bytes, more than {MAX_BYTES:,}")
        kind = sniff(content)
        extract = _READERS[kind](content)
        return _judge(kind, extract)
    except UnreadableError as error:
        return Reading(error.status, error.reason, format=kind)
    except MemoryError:
        return Reading("too_large", _STARVED, format=kind)
    except RecursionError:
        return Reading("damaged", "nested too deeply to be read", format=kind)


def _whole(text: str) -> str:
    """The text with halves of characters beyond U+FFFF, as PDFium gives them, put together; a half
    alone, which cannot be written to any file, is U+FFFD."""
    if not any("\ud800" <= character <= "\udfff" for character in text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _judge(kind: str, extract: Extract) -> Reading:
    paragraphs: list[str] = []
    pages: list[int] = []
    for index, raw in enumerate(extract.paragraphs):
        text = normalise_paragraph(_whole(raw))
        if text:
            paragraphs.append(text)
            pages.append(extract.page_of[index] if extract.page_of else 0)
    contents = contents_lines(paragraphs)
    if contents:
        extract.notes.append(f"{len(contents)} lines of a table of contents left out")
        kept = [index for index in range(len(paragraphs)) if index not in contents]
        paragraphs = [paragraphs[index] for index in kept]
        pages = [pages[index] for index in kept]
    whole = "\n".join(paragraphs)
    if not whole:
        raise UnreadableError("empty", "no text in the file")
    if is_garbled(whole):
        raise UnreadableError("garbled", "the text holds hardly any common Chinese character")
    left = sorted(set(LOOK_ALIKE.findall(whole)))
    if left:
        extract.notes.append(f"look-alike characters without a counterpart: {''.join(left)}")
    warnings = [*extract.warnings, goes_on(paragraphs), stands_twice(paragraphs)]
    return Reading(
        "ok",
        "; ".join(extract.notes),
        format=kind,
        engine=extract.engine,
        encoding=extract.encoding,
        pages=extract.pages,
        paragraphs=paragraphs,
        page_of=pages if extract.page_of else None,
        warnings=[text for text in warnings if text],
    )


def _read_word(content: bytes) -> Extract:
    return read_docx(content, _embedded)


def _embedded(content: bytes) -> list[str] | None:
    """The paragraphs of a part that a Word document takes in from another format, None for a
    format that is not read."""
    try:
        kind = sniff(content)
        if kind == "html":
            return shown_paragraphs(content)
        return None if kind == "pdf" else _READERS[kind](content).paragraphs
    except UnreadableError:
        return None


# each reader's library is imported only in the process that reads its format
_READERS = {"pdf": read_pdf, "docx": _read_word, "html": read_html, "txt": read_txt}
