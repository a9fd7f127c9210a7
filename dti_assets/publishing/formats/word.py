"""A printed table as a Word document: a real table, Times, three lines, the same bytes each run."""

from __future__ import annotations

import io
import re
from datetime import datetime
from typing import Any

from dti_assets.publishing.regression_table import Cell, PrintedTable
from dti_assets.publishing.typesetting import with_minus
from dti_assets.store.files import timeless

FONT = "Times New Roman"
_WIDE = 5
# share of the page's width that the labels take, upright and on its side
_STUB, _STUB_WIDE = 0.34, 0.25
# neither when a document was made nor by whom is part of a result
_EPOCH = datetime(1980, 1, 1)
# characters that a property of a document may have
_LONGEST_TITLE = 255
# what XML cannot hold
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def word_table(table: PrintedTable) -> bytes:
    """The document's bytes; with many columns its page lies on its side."""
    from docx.enum.section import WD_ORIENT
    from docx.shared import Pt

    document = new_document(9 if table.width > _WIDE else 10)
    if table.width > _WIDE:
        page = document.sections[0]
        page.orientation = WD_ORIENT.LANDSCAPE
        page.page_width, page.page_height = page.page_height, page.page_width
    title = document.add_paragraph()
    title.add_run(clean(table.title)).bold = True
    title.paragraph_format.keep_with_next = True
    title.paragraph_format.space_after = Pt(4)
    if table.headings:
        _fill(document, table)
    for note in table.notes:
        paragraph = document.add_paragraph()
        paragraph.paragraph_format.space_before = Pt(2)
        paragraph.add_run(clean(with_minus(note))).font.size = Pt(8)
    return document_bytes(document, table.title)


def new_document(points: float) -> Any:
    """An empty document in Times of this size, without space between paragraphs."""
    import docx
    from docx.oxml.ns import qn
    from docx.shared import Pt

    document = docx.Document()
    style: Any = document.styles["Normal"]
    style.font.name = FONT
    style.font.size = Pt(points)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), FONT)
    style.paragraph_format.space_after = Pt(0)
    return document


def document_bytes(document: Any, title: str) -> bytes:
    """The file's bytes, which know neither when nor by whom they were made."""
    about = document.core_properties
    about.title, about.author, about.last_modified_by, about.comments = _short(title), "", "", ""
    about.created = about.modified = _EPOCH
    made = io.BytesIO()
    document.save(made)
    return timeless(made.getvalue())


def _short(title: str) -> str:
    """A title that the properties of a document can hold."""
    text = clean(title)
    return text if len(text) <= _LONGEST_TITLE else f"{text[: _LONGEST_TITLE - 1]}…"


def _fill(document: Any, table: PrintedTable) -> None:
    heads, rows = table.headings, table.rows
    grid = document.add_table(rows=len(heads) + len(rows), cols=1 + table.width)
    grid.autofit = True
    lines = list(grid.rows)
    for place, heading in enumerate(heads):
        stub = table.stub if place == len(heads) - 1 else ""
        _write(lines[place], stub, [Cell(text) for text in heading])
        repeat(lines[place])
    for place, row in enumerate(rows, start=len(heads)):
        _write(lines[place], row.label if row.shown else "", row.cells)
    _widen_stub(document, grid, table.width)
    rule(lines[0], "top", 12)
    rule(lines[len(heads) - 1], "bottom", 6)
    if table.footer:
        rule(lines[len(heads) + len(table.body)], "top", 6)
    rule(lines[-1], "bottom", 12)


def _write(line: Any, label: str, cells: Any) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    places = line.cells
    places[0].paragraphs[0].add_run(clean(label))
    for place, cell in zip(places[1:], cells, strict=True):
        paragraph = place.paragraphs[0]
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        paragraph.add_run(clean(with_minus(cell.text)))
        if cell.stars:
            paragraph.add_run(cell.stars).font.superscript = True


def _widen_stub(document: Any, grid: Any, width: int) -> None:
    """Labels are longer than numbers: the stub takes a third of the page, or what few columns
    leave it."""
    from docx.oxml import OxmlElement

    page = document.sections[0]
    whole = page.page_width - page.left_margin - page.right_margin
    share = _STUB_WIDE if width > _WIDE else _STUB
    stub = int(whole * (share if width > 2 else 1 / (1 + width)))
    sizes = [stub, *[(whole - stub) // width] * width]
    for column, size in zip(grid.columns, sizes, strict=True):
        column.width = size
    for line in grid.rows:
        # no line is torn apart at the foot of a page
        line._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
        for cell, size in zip(line.cells, sizes, strict=True):
            cell.width = size


def rule(line: Any, side: str, eighths: int) -> None:
    """A line above or below a row, its thickness in eighths of a point."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    for cell in line.cells:
        properties = cell._tc.get_or_add_tcPr()
        borders = properties.find(qn("w:tcBorders"))
        if borders is None:
            borders = OxmlElement("w:tcBorders")
            properties.append(borders)
        edge = OxmlElement(f"w:{side}")
        for name, value in (("val", "single"), ("sz", str(eighths)), ("color", "000000")):
            edge.set(qn(f"w:{name}"), value)
        # the schema wants top before bottom
        borders.insert(0 if side == "top" else len(borders), edge)


def repeat(line: Any) -> None:
    """A header row: repeated on every page, and known as one to a screen reader."""
    from docx.oxml import OxmlElement

    line._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))


def clean(text: str) -> str:
    """Text without what XML cannot hold."""
    return _FORBIDDEN.sub(" ", text)
