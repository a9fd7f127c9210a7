"""OpenDocument spreadsheets: values, and what styles and states say of them."""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from dti_assets.errors import TooLargeError
from dti_assets.store.sheet import Sheet, is_mark, percentage, raised

# a blank row or cell that is repeated up to the last one of the sheet
_FAR = 16384


@dataclass
class _Style:
    superscript: bool = False
    struck: bool = False
    white: bool = False
    filled: bool = False
    shown: bool = True
    parent: str = ""


def read_ods(path: Path, most: int) -> Iterator[Sheet]:
    """Return the tables of a file in their order, of `most` cells together at most.

    Raises one of XLSX_ERRORS for damage, and TooLargeError.
    """
    with zipfile.ZipFile(path) as archive:
        styles: dict[str, _Style] = {}
        if "styles.xml" in archive.namelist():
            _styles(ElementTree.fromstring(archive.read("styles.xml")), styles)
        content = ElementTree.fromstring(archive.read("content.xml"))
    _styles(content, styles)
    cells = 0
    for table in content.iter():
        if _tag(table) == "table" and table.tag.endswith("table:1.0}table"):
            sheet = _Table(styles, most).parse(table)
            cells += sum(map(len, sheet.cells))
            if cells > most:
                raise TooLargeError(f"sheet too large: more than {most:,} cells")
            yield sheet


def _tag(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _get(element: Any, name: str, default: str = "") -> str:
    """An attribute by its name without the name space."""
    for key, value in element.attrib.items():
        if key.rpartition("}")[2] == name:
            return str(value)
    return default


def _styles(tree: Any, styles: dict[str, _Style]) -> None:
    for element in tree.iter():
        if _tag(element) not in ("style", "default-style"):
            continue
        style = _Style(parent=_get(element, "parent-style-name"))
        for properties in element:
            position = _get(properties, "text-position")
            position = position.split(" ")[0].rstrip("%")
            style.superscript |= position == "super" or (position.isdigit() and int(position) > 0)
            through = ("text-line-through-style", "text-line-through-type")
            style.struck |= any(_get(properties, name, "none") != "none" for name in through)
            style.white |= _get(properties, "color").lower() == "#ffffff"
            ground = _get(properties, "background-color").lower()
            style.filled |= ground not in ("", "transparent", "#ffffff")
            style.shown &= _get(properties, "display", "true") != "false"
            if _tag(properties) == "table-row-properties":
                style.shown &= not _get(properties, "row-height", "1").startswith("0in")
        styles[_get(element, "name")] = style


class _Table:
    def __init__(self, styles: dict[str, _Style], most: int) -> None:
        self.styles = styles
        self.most = most
        self.sheet = Sheet("")
        self.i = 0
        self.columns: list[str] = []

    def parse(self, table: Any) -> Sheet:
        shown = self._style(_get(table, "style-name")).shown
        self.sheet = Sheet(_get(table, "name"), hidden=not shown)
        self._walk(table)
        return self.sheet

    def _walk(self, parent: Any) -> None:
        for element in parent:
            tag = _tag(element)
            if tag == "table-row":
                self._row(element)
            elif tag == "table-column":
                self._column(element)
            elif tag.startswith(("table-row", "table-column", "table-header")):  # groups of them
                self._walk(element)

    def _column(self, element: Any) -> None:
        number = min(int(_get(element, "number-columns-repeated", "1")), _FAR)
        start = len(self.columns)
        self.columns += [_get(element, "default-cell-style-name")] * number
        if _get(element, "visibility", "visible") != "visible":
            self.sheet.hidden_columns.update(range(start, start + number))

    def _row(self, element: Any) -> None:
        number = int(_get(element, "number-rows-repeated", "1"))
        row = [cell for cell in element if _tag(cell) in ("table-cell", "covered-table-cell")]
        blank = not any(len(cell) or _get(cell, "value-type") for cell in row)
        hidden = _get(element, "visibility", "visible") != "visible"
        hidden |= not self._style(_get(element, "style-name")).shown
        if blank:
            # a blank row is as wide as none, however often it is repeated
            if hidden:
                self.sheet.hidden_rows.update(range(self.i, self.i + min(number, 1000)))
            self.i += number
            return
        if self.i + number > self.most:
            raise TooLargeError(f"sheet too large: row {self.i + number:,} is not blank")
        for _ in range(number):
            if hidden:
                self.sheet.hidden_rows.add(self.i)
            self._cells(row)
            self.i += 1

    def _cells(self, row: list[Any]) -> None:
        j = 0
        for cell in row:
            number = int(_get(cell, "number-columns-repeated", "1"))
            value, unseen = self._value(cell, j)
            if value is not None or unseen:
                if j + number > _FAR:
                    raise TooLargeError("sheet too large: a row has more than 16,384 cells")
                for at in range(j, j + number):
                    if unseen:
                        self.sheet.unseen[self.i, at] = unseen
                    self.sheet.put(self.i, at, value)
            down = int(_get(cell, "number-rows-spanned", "1"))
            across = int(_get(cell, "number-columns-spanned", "1"))
            if down * across > 1 and _tag(cell) == "table-cell":
                self.sheet.merged.append((self.i, j, self.i + down - 1, j + across - 1))
            j += number

    def _style(self, name: str) -> _Style:
        """A style with what it has from those it is made from."""
        style, seen = self.styles.get(name, _Style()), {name}
        whole = replace(style)
        while style.parent and style.parent not in seen:
            seen.add(style.parent)
            style = self.styles.get(style.parent, _Style())
            whole.superscript |= style.superscript
            whole.struck |= style.struck
            whole.white |= style.white
            whole.filled |= style.filled
        return whole

    def _value(self, cell: Any, j: int) -> tuple[Any, str]:
        """(what a cell holds, why nobody sees it)."""
        kind = _get(cell, "value-type")
        default = self.columns[j] if j < len(self.columns) else ""
        style = self._style(_get(cell, "style-name") or default)
        paragraphs = [child for child in cell if _tag(child) == "p"]
        marked = len(paragraphs) == 1 and sum(1 for _ in paragraphs[0].itertext()) > 1
        texts = [self._text(paragraph, style, marked) for paragraph in paragraphs]
        text = "\n".join(texts)
        whole: Any = text if text.strip() else None
        written = any("".join(paragraph.itertext()).strip() for paragraph in paragraphs)
        if kind in ("float", "currency"):
            value = float(_get(cell, "value"))
            whole = int(value) if value.is_integer() and abs(value) < 1e15 else value
        elif kind == "percentage":
            whole = percentage(float(_get(cell, "value")))
        elif kind == "date":
            whole = datetime.datetime.fromisoformat(_get(cell, "date-value")[:19])
        elif kind == "boolean":
            whole = _get(cell, "boolean-value") == "true"
        elif whole is None:
            return None, "struck out or in white" if written else ""
        if style.struck:
            return None, "struck out"
        if style.white and not style.filled:
            return None, "in white"
        if style.superscript and is_mark(whole):
            return None, "a note mark in superscript"
        return whole, ""

    def _text(self, element: Any, cell: _Style, marked: bool) -> str:
        """The text of a paragraph as it is seen, without comments."""
        parts = [element.text or ""]
        for child in element:
            tag = _tag(child)
            if tag == "s":
                parts.append(" " * int(_get(child, "c", "1")))
            elif tag in ("tab", "line-break"):
                parts.append("\t" if tag == "tab" else "\n")
            elif tag not in ("annotation", "note"):
                inner = self._text(child, cell, marked)
                style = self._style(_get(child, "style-name"))
                if style.struck or (style.white and not cell.filled):
                    inner = ""
                elif style.superscript and marked:
                    inner = raised(inner)
                parts.append(inner)
            parts.append(child.tail or "")
        return "".join(parts)
