"""The documents of the referee's appendix: a self-contained page of HTML and a Word file.

The Word file gives the findings at a glance, each objection with its answer, and at the end the
cell of a stored table behind every number. Either is the same bytes each run.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dti_assets.publishing.figures.drawing import Drawing, content
from dti_assets.publishing.figures.remedies import remedies
from dti_assets.publishing.formats.markup import STYLE, rendered
from dti_assets.publishing.formats.word import (
    FONT,
    clean,
    document_bytes,
    new_document,
    repeat,
    rule,
)
from dti_assets.publishing.needs import PAGE, REMEDIES, WORD
from dti_assets.publishing.referee.sections import (
    LEAD,
    TITLE,
    Row,
    Said,
    Section,
    sections,
    source_of,
)
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    import pandas as pd

_HAN = re.compile("[\u3400-\u9fff]")
SOURCES = "Where the numbers are stored"
_HEADS = ("No.", "As printed", "Stored value", "Table", "Row", "Column")
# shares of the page's width
_WIDTHS = (0.05, 0.18, 0.18, 0.22, 0.22, 0.15)


def documents(
    study: str, years: Sequence[int], frames: Mapping[str, pd.DataFrame], units: Units
) -> dict[str, bytes]:
    """The page and the Word file by name; `frames` are table referee_response and REMEDIES."""
    figure = remedies(units, *(frames[name] for name in REMEDIES))
    inputs = (study, years, frames["referee_response"], figure)
    return {PAGE: referee_page(*inputs).encode("utf-8"), WORD: referee_document(*inputs)}


def referee_page(study: str, years: Sequence[int], response: pd.DataFrame, figure: Drawing) -> str:
    """The page; every number in a sentence carries its stored value and its source.

    response : table referee_response. figure : the remedies, drawn or with the reason why not.
    """
    from markupsafe import Markup

    about, *objections = [
        {
            "number": one.number,
            "name": one.name,
            "question": one.question,
            "finding": one.finding,
            "sentences": [{"state": s.state, "parts": _parts(s)} for s in one.sentences],
            "numbers": list(map(_shown, one.numbers)),
        }
        for one in sections(response)
    ]
    return rendered(
        "referee.html.j2",
        title=TITLE,
        lead=LEAD,
        study=study,
        first=years[0],
        last=years[-1],
        style=Markup(STYLE),
        about=about,
        objections=objections,
        figure=_image(figure),
    )


def _parts(said: Said) -> list[tuple[str, dict[str, Any] | None]]:
    """Plain text (with None) and cited numbers of a sentence in turn."""
    found: list[tuple[str, dict[str, Any] | None]] = []
    at = 0
    for row in said.numbers:
        found += [(said.text[at : row["start"]], None), (row["shown"], _shown(row))]
        at = row["start"] + len(row["shown"])
    return [*found, (said.text[at:], None)]


def _shown(row: Row) -> dict[str, Any]:
    asset, key, column = source_of(row)
    return {
        "shown": row["shown"],
        # repr is the shortest text that reads back as the same number
        "value": None if row["value"] is None else repr(row["value"]),
        "asset": asset,
        "key": key,
        "column": column,
        "where": f"{asset}: {key}; column {column}",
        "chinese": bool(_HAN.search(row["shown"])),
    }


def _image(figure: Drawing) -> dict[str, str]:
    if figure.figure is None:
        return {"title": figure.title, "reason": str(figure.reason), "src": ""}
    source = base64.b64encode(content(figure, "svg")).decode("ascii")
    return {
        "title": figure.title,
        "alt": str(figure.alt),
        "src": f"data:image/svg+xml;base64,{source}",
    }


def referee_document(
    study: str, years: Sequence[int], response: pd.DataFrame, figure: Drawing
) -> bytes:
    """The document's bytes: findings at a glance, each objection with its answer, and at the end
    the cell of a stored table behind every number.

    response : table referee_response. figure : the remedies, drawn or with the reason why not.
    """
    from docx.shared import Pt

    document = new_document(11)
    title = f"{TITLE}: {study}, {years[0]}\N{EN DASH}{years[-1]}"
    _heading(document, title, 1)
    about, *objections = sections(response)
    _paragraph(document, LEAD)
    for said in about.sentences:
        _paragraph(document, said.text)
    _findings(document, objections)
    _picture(document, figure)
    for one in objections:
        _heading(document, f"{one.number}. {one.name}", 2)
        _paragraph(document, one.question).runs[0].italic = True
        _paragraph(document, one.verdict)
        for said in one.sentences[1:]:
            bullet = document.add_paragraph(clean(said.text), style="List Bullet")
            bullet.paragraph_format.space_after = Pt(2)
    _heading(document, SOURCES, 2)
    _sources(document, [about, *objections])
    return document_bytes(document, title)


def _heading(document: Any, text: str, level: int) -> None:
    """A heading of Word's own, so that its outline shows it, in the look of the page."""
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    heading = document.add_heading(level=level)
    run = heading.add_run(clean(text))
    run.font.name, run.font.size = FONT, Pt(16 if level == 1 else 12)
    run.font.color.rgb = RGBColor(0, 0, 0)
    for name in ("w:eastAsia", "w:hAnsi", "w:ascii"):
        run._element.rPr.rFonts.set(qn(name), FONT)
    heading.paragraph_format.space_before = Pt(0 if level == 1 else 12)
    heading.paragraph_format.space_after = Pt(4)


def _paragraph(document: Any, text: str) -> Any:
    from docx.shared import Pt

    paragraph = document.add_paragraph(clean(text))
    paragraph.paragraph_format.space_after = Pt(5)
    return paragraph


def _findings(document: Any, objections: Sequence[Section]) -> None:
    rows = [(f"{one.number}. {one.name}", one.finding) for one in objections]
    _grid(document, ("Objection", "Finding"), rows, (0.65, 0.35), 10)


def _picture(document: Any, figure: Drawing) -> None:
    from docx.shared import Inches, Pt

    if figure.figure is None:
        _paragraph(document, f"Not drawn: {figure.title}, because {figure.reason}.")
        return
    caption = _paragraph(document, figure.title)
    caption.runs[0].bold = True
    caption.paragraph_format.space_before = Pt(8)
    caption.paragraph_format.keep_with_next = True
    shape = document.add_picture(io.BytesIO(content(figure, "png")), width=Inches(6))
    shape._inline.docPr.set("descr", clean(str(figure.alt)))


def _sources(document: Any, parts: Sequence[Section]) -> None:
    rows = []
    for one in parts:
        for row in one.numbers:
            value = "words" if row["value"] is None else repr(row["value"])
            rows.append((str(one.number), row["shown"], value, *source_of(row)))
    _grid(document, _HEADS, rows, _WIDTHS, 7)


def _grid(
    document: Any,
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    widths: Sequence[float],
    points: float,
) -> None:
    """A table with three lines whose head is repeated on every page."""
    page = document.sections[0]
    room = page.page_width - page.left_margin - page.right_margin
    grid = document.add_table(rows=1 + len(rows), cols=len(heads))
    grid.autofit = False
    sizes = [int(room * share) for share in widths]
    for column, size in zip(grid.columns, sizes, strict=True):
        column.width = size
    lines = list(grid.rows)
    for line, texts in zip(lines, (heads, *rows), strict=True):
        _fill(line, texts, sizes, points)
    repeat(lines[0])
    rule(lines[0], "top", 12)
    rule(lines[0], "bottom", 6)
    rule(lines[-1], "bottom", 12)


def _fill(line: Any, texts: Sequence[str], sizes: Sequence[int], points: float) -> None:
    from docx.oxml import OxmlElement
    from docx.shared import Pt

    # no line is torn apart at the foot of a page
    line._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
    for cell, text, size in zip(line.cells, texts, sizes, strict=True):
        cell.width = size
        cell.paragraphs[0].add_run(clean(text)).font.size = Pt(points)
