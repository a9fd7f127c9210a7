"""XLSX workbooks: values with their dates, and what fonts, formats and states say of them.

One pass over the XML, so that many merged blocks or styles cost no more than as many cells.
"""

from __future__ import annotations

import datetime
import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from dti_assets.store.sheet import Sheet, is_mark, percentage, raised

_DATES = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
_PERCENT = {9, 10}
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_ON = ("1", "true", "on")


@dataclass(frozen=True)
class _Font:
    superscript: bool = False
    struck: bool = False
    white: bool = False


@dataclass(frozen=True)
class _Style:
    font: _Font = _Font()
    filled: bool = False
    date: bool = False
    percent: bool = False
    scaled: bool = False
    blank: bool = False


def read_xlsx(path: Path) -> Iterator[Sheet]:
    """Return the worksheets of a file in their order; raises one of XLSX_ERRORS for damage."""
    with zipfile.ZipFile(path) as archive:
        book = _Book(archive)
        for name, state, part in book.sheets:
            yield _SheetParser(book, name, state != "visible").parse(archive, part)


def _tag(element: Any) -> str:
    name = str(element.tag)
    return name.rpartition("}")[2]


def _child(element: Any, name: str) -> Any:
    return next((child for child in element if _tag(child) == name), None)


def _flag(element: Any, name: str) -> bool:
    child = _child(element, name)
    return child is not None and _attribute(child, "val", "1") in _ON


def _attribute(element: Any, name: str, default: str = "") -> str:
    """An attribute in any name space."""
    for key, value in element.attrib.items():
        if key.rpartition("}")[2] == name:
            return str(value)
    return default


class _Book:
    """What the sheets of a workbook share: their names, texts, styles and first day."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._parts = {name.lower(): name for name in archive.namelist()}
        root = self._related(archive, "", "officeDocument")
        self.part = root[0] if root else "xl/workbook.xml"
        tree = self._tree(archive, self.part)
        properties = _child(tree, "workbookPr")
        since_1904 = properties is not None and _attribute(properties, "date1904") in _ON
        self.epoch = (
            datetime.datetime(1904, 1, 1) if since_1904 else datetime.datetime(1899, 12, 30)
        )
        targets = self._targets(archive, self.part)
        self.sheets: list[tuple[str, str, str]] = []
        for sheet in _child(tree, "sheets"):
            kind, target = targets[_attribute(sheet, "id")]
            if kind.endswith("/worksheet"):
                state = _attribute(sheet, "state", "visible")
                self.sheets.append((_attribute(sheet, "name"), state, target))
        self.styles = [_Style()]
        for part in self._related(archive, self.part, "styles"):
            self.styles = _styles(self._tree(archive, part)) or self.styles
        self.texts: list[list[tuple[str, _Font | None]]] = []
        for part in self._related(archive, self.part, "sharedStrings"):
            with archive.open(self.named(part)) as file:
                for _, element in ElementTree.iterparse(file):
                    if _tag(element) == "si":
                        self.texts.append(_runs(element))
                        element.clear()

    def named(self, part: str) -> str:
        """A part under the name the archive has for it, in capitals or not."""
        return self._parts[part.lower()]

    def _tree(self, archive: zipfile.ZipFile, part: str) -> Any:
        return ElementTree.fromstring(archive.read(self.named(part)))

    def _targets(self, archive: zipfile.ZipFile, part: str) -> dict[str, tuple[str, str]]:
        """id -> (kind, part) of what a part refers to."""
        folder, name = posixpath.split(part)
        listing = posixpath.join(folder, "_rels", name + ".rels")
        if listing.lower() not in self._parts:
            return {}
        out = {}
        for one in self._tree(archive, listing):
            target = posixpath.normpath(posixpath.join("/", folder, one.get("Target", "")))
            out[one.get("Id", "")] = (one.get("Type", ""), target.lstrip("/"))
        return out

    def _related(self, archive: zipfile.ZipFile, part: str, kind: str) -> list[str]:
        return [
            target
            for type_, target in self._targets(archive, part).values()
            if type_.endswith("/" + kind) and target.lower() in self._parts
        ]


def _font(element: Any) -> _Font:
    """A font of the styles, or the properties of a run."""
    raised_to = _child(element, "vertAlign")
    colour = _child(element, "color")
    return _Font(
        raised_to is not None and _attribute(raised_to, "val") == "superscript",
        _flag(element, "strike"),
        colour is not None and _is_white(colour),
    )


def _is_white(colour: Any) -> bool:
    if rgb := colour.get("rgb"):
        return bool(rgb[-6:].upper() == "FFFFFF")
    if colour.get("tint") not in (None, "0"):
        return False
    return colour.get("theme") == "0" or colour.get("indexed") in ("1", "9")


def _styles(tree: Any) -> list[_Style]:
    formats = {
        int(one.get("numFmtId", 0)): one.get("formatCode", "")
        for one in (_child(tree, "numFmts") if _child(tree, "numFmts") is not None else ())
    }
    fonts = [_font(one) for one in _child(tree, "fonts")]
    fills = [_is_filled(one) for one in _child(tree, "fills")]
    out = []
    for one in _child(tree, "cellXfs"):
        number = int(one.get("numFmtId", 0))
        code = _LITERAL.sub("", formats.get(number, ""))
        font, fill = int(one.get("fontId", 0)), int(one.get("fillId", 0))
        out.append(
            _Style(
                fonts[font] if font < len(fonts) else _Font(),
                fills[fill] if fill < len(fills) else False,
                number in _DATES or bool(re.search("[dmhys]", code.lower().replace("general", ""))),
                number in _PERCENT or "%" in code,
                bool(re.search(r"[0#?],+(?![0#?,])", code)),
                bool(code) and not code.strip("; ") and ";" in code
                and not _LITERAL.search(formats[number]),
            )
        )  # fmt: skip
    return out


def _is_filled(fill: Any) -> bool:
    """Whether a fill gives the cell another ground than white."""
    pattern = _child(fill, "patternFill")
    if pattern is None:
        return len(fill) > 0
    if pattern.get("patternType", "none") == "none":
        return False
    ground = _child(pattern, "fgColor")
    return ground is None or not _is_white(ground)


def _runs(element: Any) -> list[tuple[str, _Font | None]]:
    """The pieces of a text with the font of each; None for that of the cell."""
    out: list[tuple[str, _Font | None]] = []
    for child in element:
        if _tag(child) == "t":
            out.append((child.text or "", None))
        elif _tag(child) == "r":
            properties, text = _child(child, "rPr"), _child(child, "t")
            font = None if properties is None else _font(properties)
            out.append((("" if text is None else text.text) or "", font))
    return [(_ESCAPED.sub(lambda m: chr(int(m.group(1), 16)), text), font) for text, font in out]


class _SheetParser:
    def __init__(self, book: _Book, name: str, hidden: bool) -> None:
        self.book = book
        self.sheet = Sheet(name, hidden=hidden)
        self.i = self.j = -1

    def parse(self, archive: zipfile.ZipFile, part: str) -> Sheet:
        sheet = self.sheet
        data: Any = None
        with archive.open(self.book.named(part)) as file:
            for event, element in ElementTree.iterparse(file, events=("start", "end")):
                tag = _tag(element)
                if event == "start":
                    data = element if tag == "sheetData" else data
                elif tag == "row":
                    self._row(element)
                    data.clear()
                elif tag == "col":
                    self._columns(element)
                elif tag == "mergeCell":
                    sheet.merged.append(_block(element.get("ref", "")))
        return sheet

    def _columns(self, element: Any) -> None:
        if element.get("hidden") in _ON or element.get("width") in ("0", "0.0"):
            last = min(int(element.get("max", 1)), 16384)
            self.sheet.hidden_columns.update(range(int(element.get("min", 1)) - 1, last))

    def _row(self, element: Any) -> None:
        self.i = int(element.get("r") or self.i + 2) - 1
        self.j = -1
        if element.get("hidden") in _ON or element.get("ht") in ("0", "0.0"):
            self.sheet.hidden_rows.add(self.i)
        for cell in element:
            if _tag(cell) == "c":
                self._cell(cell)

    def _cell(self, cell: Any) -> None:
        self.j += 1
        if reference := cell.get("r"):
            _, self.j, row, _ = _block(reference)
            self.i = row
        styles = self.book.styles
        number = int(cell.get("s", 0))
        style = styles[number] if number < len(styles) else _Style()
        value = self._value(cell, style)
        if value is None:
            return
        place = (self.i, self.j)
        if style.font.struck:
            self.sheet.unseen[place] = "struck out"
        elif style.font.white and not style.filled:
            self.sheet.unseen[place] = "in white"
        elif style.blank:
            self.sheet.unseen[place] = "not shown by its number format"
        elif style.font.superscript and is_mark(value):
            self.sheet.unseen[place] = "a note mark in superscript"
        self.sheet.put(*place, None if place in self.sheet.unseen else value)

    def _value(self, cell: Any, style: _Style) -> Any:
        kind = cell.get("t", "n")
        formula, stored = _child(cell, "f"), _child(cell, "v")
        raw = "" if stored is None else stored.text or ""
        if kind == "inlineStr":
            text = _child(cell, "is")
            return self._text([] if text is None else _runs(text), style)
        if not raw:
            if formula is not None and kind != "str":
                self.sheet.formulas[self.i, self.j] = "=" + (formula.text or "")
            return None
        if kind == "s":
            return self._text(self.book.texts[int(raw)], style)
        if kind == "b":
            return raw in _ON
        if kind == "d":
            return datetime.datetime.fromisoformat(raw)
        if kind != "n":
            return self._text([(raw, None)], style)
        value = float(raw) if re.search("[.eEiInN]", raw) else int(raw)
        if style.date:
            try:
                return self.book.epoch + datetime.timedelta(days=float(value))
            except (OverflowError, ValueError):
                return raw
        if style.percent:
            return percentage(float(value))
        if style.scaled:
            self.sheet.scaled.add((self.i, self.j))
        return value

    def _text(self, runs: list[tuple[str, _Font | None]], style: _Style) -> str | None:
        parts = []
        for text, own in runs:
            font = own or _Font()
            if font.struck or (font.white and not style.filled):
                continue
            # a cell in superscript as a whole is judged by its style
            parts.append(raised(text) if font.superscript and len(runs) > 1 else text)
        whole = "".join(parts)
        if not whole.strip() and any(text.strip() for text, _ in runs):
            self.sheet.unseen[self.i, self.j] = "struck out or in white"
        return whole if whole.strip() else None


def _block(reference: str) -> tuple[int, int, int, int]:
    """(top, left, bottom, right) of A1 or A1:C9, from 0."""
    ends = [re.fullmatch(r"\$?([A-Za-z]+)\$?(\d+)", end) for end in reference.split(":")]
    places = [(int(end.group(2)) - 1, _column(end.group(1))) for end in ends if end]
    if len(places) != len(ends):
        raise ValueError(f"{reference} is no cell")
    return *places[0], *places[-1]


def _column(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1
