"""Word documents: the text that a reader sees, paragraphs and tables in the order they stand.

Parts are found as Word finds them, by content types and relationships, whatever they are called;
relationships that lead nowhere do not matter. Formatting that hides text is in `docx_styles`.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from dti_assets.errors import UnreadableError
from dti_assets.text.readers.clean import is_note_mark
from dti_assets.text.readers.docx_styles import STRICT, Styles, W, is_on
from dti_assets.text.readers.extract import Extract

_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_WP = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_R_STRICT = "{http://purl.oclc.org/ooxml/officeDocument/relationships}"
# what a run's children stand for; None means their own text
_LEAVES: dict[str, str | None] = {
    W + "t": None,
    W + "tab": "\t",
    W + "br": "\n",
    W + "cr": "\n",
    W + "noBreakHyphen": "-",
}
# no text, text that was deleted, the pronunciation above a character
_SKIPPED = {W + name for name in ("del", "moveFrom", "rt", "pPr", "rPr", "tblPr", "sectPr")}
_TOC_FIELD = re.compile(r"\s*TOC\b", re.IGNORECASE)
_TOC_LINE = re.compile(r"\s*PAGEREF\s+_Toc", re.IGNORECASE)
# circled numbers of the font Wingdings
_WINGDINGS = {0x81 + i: chr(0x2460 + i) for i in range(10)} | {
    0x8C + i: chr(0x2776 + i) for i in range(10)
}
MAX_UNPACKED = 100 * 2**20
MAX_RATIO = 200

# reads the bytes of a part that a document embeds: its paragraphs, or None for a format not read
Chunk = Callable[[bytes], "list[str] | None"]


def read_docx(content: bytes, chunk: Chunk | None = None) -> Extract:
    """See read_bytes. The sizes the container declares are checked before it is unpacked.

    `chunk` reads what the document embeds in another format (w:altChunk).
    """
    with zipfile.ZipFile(io.BytesIO(content)) as container:
        package = Package(container, len(content))
        try:
            text = _Text(package, chunk)
            paragraphs = text.read()
        except (MemoryError, UnreadableError, RecursionError):
            raise
        except Exception as error:  # zip and XML layers raise whatever they raise
            raise UnreadableError("damaged", f"a .docx that cannot be opened ({error})") from error
    return Extract(paragraphs, engine="lxml", notes=text.notes(), warnings=text.warnings)


class Package:
    """The parts of an Office file by name; raises UnreadableError for one that is encrypted or
    would unpack to far more than it is."""

    def __init__(self, container: zipfile.ZipFile, size: int) -> None:
        self._container = container
        # part names do not distinguish case, and some programs write backslashes
        self._items = {_plain_name(item.filename): item for item in container.infolist()}
        if any(item.flag_bits & 0x1 for item in self._items.values()):
            raise UnreadableError("encrypted", "a .docx protected by a password")
        unpacked = sum(item.file_size for item in container.infolist())
        if unpacked > MAX_UNPACKED or unpacked > MAX_RATIO * size:
            raise UnreadableError("too_large", f"would unpack from {size:,} to {unpacked:,} bytes")

    def main_part(self) -> str | None:
        """The name of the part that holds the document, None where it is no Word document."""
        for kind, target in self.relationships("").values():
            if kind == "officeDocument" and target in self._items:
                return target
        if "[content_types].xml" in self._items:
            for override in self.xml("[content_types].xml").iter("{*}Override"):
                name = _plain_name(override.get("PartName", ""))
                is_main = re.search(
                    r"word.*(document|template).*main\+xml", override.get("ContentType", "")
                )
                if is_main and name in self._items:
                    return name
        return "word/document.xml" if "word/document.xml" in self._items else None

    def relationships(self, part: str) -> dict[str, tuple[str, str]]:
        """Kind and target of each relationship of a part by its id; "" is the package itself."""
        folder, name = posixpath.split(part)
        path = _plain_name(posixpath.join(folder, "_rels", f"{name}.rels"))
        if path not in self._items:
            return {}
        found = {}
        for one in self.xml(path).iter("{*}Relationship"):
            if one.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, one.get("Target", "")))
                kind = one.get("Type", "").rpartition("/")[2]
                found[one.get("Id", "")] = kind, _plain_name(target)
        return found

    def __contains__(self, part: str) -> bool:
        return part in self._items

    def read(self, part: str) -> bytes:
        return self._container.read(self._items[part])

    def xml(self, part: str) -> Any:
        """The root of a part; entities stay as they are."""
        from lxml import etree

        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        # the strict variant of the format differs by its namespaces alone
        return etree.fromstring(self.read(part).replace(STRICT, W[1:-1].encode()), parser)


def _plain_name(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()


def is_word(container: zipfile.ZipFile, size: int) -> bool:
    """Whether a zip container holds a Word document."""
    from lxml.etree import XMLSyntaxError

    try:
        part = Package(container, size).main_part()
    except UnreadableError:
        return "word/document.xml" in container.namelist()
    except (XMLSyntaxError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, KeyError,
            OSError, ValueError):  # fmt: skip
        return "word/document.xml" in container.namelist()
    return part is not None and not part.startswith(("xl/", "ppt/"))


def _unclosed_fields(root: Any) -> set[Any]:
    """The signs that begin a field which nothing ends."""
    waiting: list[Any] = []
    for sign in root.iter(W + "fldChar"):
        kind = sign.get(W + "fldCharType")
        if kind == "begin":
            waiting.append(sign)
        elif kind == "end" and waiting:
            waiting.pop()
    return set(waiting)


class _Text:
    """The text of one document, collected element by element."""

    def __init__(self, package: Package, chunk: Chunk | None) -> None:
        part = package.main_part()
        if part is None:
            raise UnreadableError("damaged", "a .docx without the part that holds its text")
        self._package, self._chunk = package, chunk
        self._relations = package.relationships(part)
        self._root = package.xml(part)
        sheet = next((t for k, t in self._relations.values() if k == "styles"), "word/styles.xml")
        self._styles = Styles(package.xml(sheet) if sheet in package else None, self._root)
        # fields that are open: instruction so far, and whether its result has begun
        self._fields: list[list[Any]] = []
        self._unclosed = _unclosed_fields(self._root)
        # whether the paragraph has the page of a heading, as lines of contents have
        self._refers = False
        self._left_out: Counter[str] = Counter()
        self.warnings: list[str] = []
        if self._unclosed:
            self.warnings.append(
                f"{len(self._unclosed)} fields are not closed: what follows them is read as text"
            )

    def read(self) -> list[str]:
        """The paragraphs; those whose mark is hidden or deleted run on into the next."""
        found: list[str] = []
        runs_on = False
        body = self._root.find(W + "body")
        for lines, joins in self._blocks(self._root if body is None else body):
            if runs_on and found and lines:
                found[-1] += lines[0]
                lines = lines[1:]
            found.extend(lines)
            runs_on = joins
        return found

    def notes(self) -> list[str]:
        """What was left out, by kind."""
        return [f"{number:,} {what} left out" for what, number in self._left_out.items()]

    def _blocks(self, parent: Any) -> Iterator[tuple[list[str], bool]]:
        """The lines of every paragraph below an element, and whether its mark is hidden."""
        for node in parent:
            tag = node.tag
            if tag == W + "p":
                yield from self._paragraph(node)
            elif tag == W + "altChunk":
                yield self._embedded(node), False
            elif tag == W + "sdt" and _is_contents(node):
                self._left_out["tables of contents"] += 1
            elif tag == W + "tr" and _is_hidden_row(node):
                self._left_out["hidden or deleted table rows"] += 1
            elif isinstance(tag, str) and tag not in _SKIPPED:
                yield from self._blocks(_shown(node))

    def _paragraph(self, node: Any) -> Iterator[tuple[list[str], bool]]:
        style = self._styles.paragraph(node)
        pieces: list[tuple[str, bool]] = []
        boxes: list[Any] = []
        in_contents = self._in_contents() or style.is_contents
        self._refers = False
        self._runs(node, style, pieces, boxes)
        text = _joined(pieces)
        if (in_contents or self._refers) and text.strip():
            self._left_out["lines of a table of contents"] += 1
        else:
            yield text.split("\n"), style.mark_hidden
        # the paragraphs of a text box are paragraphs of their own
        for box in boxes:
            yield from self._blocks(box)

    def _runs(self, parent: Any, style: Any, pieces: list[tuple[str, bool]], boxes: Any) -> None:
        for node in parent:
            tag = node.tag
            if not isinstance(tag, str):
                continue
            if tag in _SKIPPED:
                # a field may be deleted in part
                for sign in node.iter(W + "fldChar"):
                    self._field(sign)
            elif tag == W + "r":
                self._run(node, style, pieces, boxes)
            elif tag == W + "fldSimple" and _TOC_FIELD.match(node.get(W + "instr", "")):
                self._left_out["tables of contents"] += 1
            elif tag == W + "fldSimple" and _TOC_LINE.match(node.get(W + "instr", "")):
                self._refers = True
                self._runs(node, style, pieces, boxes)
            elif tag == W + "txbxContent":
                boxes.append(node)
            elif tag == W + "p":
                boxes.append([node])
            elif not _is_hidden_drawing(node):
                self._runs(_shown(node), style, pieces, boxes)

    def _run(self, run: Any, style: Any, pieces: list[tuple[str, bool]], boxes: Any) -> None:
        look = self._styles.run(run, style)
        for node in run:
            tag = node.tag
            if tag == W + "fldChar":
                self._field(node)
            elif tag == W + "instrText":
                if self._fields and not self._fields[-1][1]:
                    self._fields[-1][0] += node.text or ""
                    self._refers |= _TOC_LINE.match(self._fields[-1][0]) is not None
            elif tag in _LEAVES or tag == W + "sym":
                text = self._symbol(node) if tag == W + "sym" else _LEAVES[tag] or node.text or ""
                if any(not begun for _, begun in self._fields) or self._in_contents():
                    continue  # the instruction of a field, or its result
                if look.hidden and text.strip():
                    self._left_out[f"characters of {look.hidden} text"] += len(text.strip())
                elif not look.hidden:
                    pieces.append((text, look.raised))
            elif isinstance(tag, str) and tag not in _SKIPPED and look.hidden != "hidden":
                self._runs([node], style, pieces, boxes)

    def _field(self, sign: Any) -> None:
        kind = sign.get(W + "fldCharType")
        if kind == "begin" and sign not in self._unclosed:
            self._fields.append(["", False])
        elif kind == "separate" and self._fields:
            self._fields[-1][1] = True
        elif kind == "end" and self._fields:
            code, begun = self._fields.pop()
            if begun and _TOC_FIELD.match(code):
                self._left_out["tables of contents"] += 1

    def _in_contents(self) -> bool:
        return any(begun and _TOC_FIELD.match(code) for code, begun in self._fields)

    def _symbol(self, node: Any) -> str:
        """A character given by its number in a font; only those of fonts that number their own
        signs from U+F000 have no text."""
        try:
            code = int(node.get(W + "char", ""), 16)
        except ValueError:
            return ""
        if not 0xF000 <= code <= 0xF0FF:
            return chr(code) if code < 0xD800 or 0xE000 <= code <= 0x10FFFF else ""
        font = node.get(W + "font", "")
        if "wingdings" in font.lower():
            sign = _WINGDINGS.get(code - 0xF000, "")
        elif re.search(r"symbol|webdings|marlett", font, re.IGNORECASE):
            sign = ""
        else:
            sign = chr(code - 0xF000)
        if not sign:
            self._left_out[f"signs of the font {font or 'of symbols'}"] += 1
        return sign

    def _embedded(self, node: Any) -> list[str]:
        """The lines of a part in another format that the document embeds."""
        name = node.get(_R + "id") or node.get(_R_STRICT + "id") or ""
        _, part = self._relations.get(name, ("", ""))
        lines = None
        if part in self._package and self._chunk is not None:
            lines = self._chunk(self._package.read(part))
        if lines is None:
            self.warnings.append(
                f"the document embeds a part that is not read ({part or name}); save it anew as "
                ".docx in a word processor, which takes the part in"
            )
        return lines or []


def _joined(pieces: list[tuple[str, bool]]) -> str:
    """The text of a paragraph without its note marks, which may be parted into several runs."""
    out = ""
    raised = ""
    for text, is_raised in [*pieces, ("", False)]:
        if is_raised:
            raised += text
            continue
        if raised and not is_note_mark(out, raised):
            out += raised
        raised = ""
        out += text
    return out


def _shown(node: Any) -> Any:
    """The children of an element that are shown: of alternatives, the one for new programs."""
    if node.tag != _MC + "AlternateContent":
        return node
    choice = node.find(_MC + "Choice")
    return node.find(_MC + "Fallback") if choice is None else choice


def _is_contents(sdt: Any) -> bool:
    gallery = sdt.find(f"{W}sdtPr/{W}docPartObj/{W}docPartGallery")
    return gallery is not None and gallery.get(W + "val") == "Table of Contents"


def _is_hidden_row(row: Any) -> bool:
    properties = row.find(W + "trPr")
    if properties is None:
        return False
    return properties.find(W + "del") is not None or is_on(properties.find(W + "hidden"))


def _is_hidden_drawing(node: Any) -> bool:
    if node.tag in (_WP + "inline", _WP + "anchor"):
        look = node.find(_WP + "docPr")
        return look is not None and look.get("hidden") in ("1", "true")
    return "visibility:hidden" in re.sub(r"\s", "", node.get("style", ""))
