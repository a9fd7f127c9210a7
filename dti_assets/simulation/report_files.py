"""Simulated reports as files: four formats, three encodings, the usual file names.

Bytes depend on the report alone, never on clock, process or machine. What is invented to be left
out again (menus, footers, running heads, page numbers) is added here.
"""

from __future__ import annotations

import html
import io
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from dti_assets.simulation import reports as phrases
from dti_assets.simulation.reports import (
    SimulatedReport,
    attention,
    nested_hits,
    simulate_report,
)
from dti_assets.store.files import timeless
from dti_assets.text.dictionary import Dictionary, shipped_dictionary
from dti_assets.text.readers.clean import han_count, normalise_paragraph
from dti_assets.text.segmentation import segmenter, words
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    import numpy as np

FORMATS = ("txt", "html", "docx", "pdf")
ENCODINGS = ("utf-8", "gb18030", "utf-8-sig")
_CONTAINERS = (
    '<div id="zoom">',
    '<div class="TRS_Editor">',
    '<div class="article-content clearfix">',
    '<div id="UCAP-CONTENT">',
)
_DIGITS = "〇一二三四五六七八九"
_EM = 12
_LINE_EMS = 36
_PAGE_LINES = 34


@dataclass(frozen=True)
class ReportFile:
    """A file to be written: relative path, format, encoding (None for DOCX and PDF), bytes."""

    path: str
    format: str
    encoding: str | None
    content: bytes


def report_file(report: SimulatedReport, number: int) -> ReportFile:
    """The file of a report; `number` runs through the reports of a folder and decides format,
    encoding and naming habit, so that every few reports show all of them."""
    kind = FORMATS[number % len(FORMATS)]
    encoding = ENCODINGS[number // len(FORMATS) % len(ENCODINGS)]
    name = _HABITS[(number + number // len(FORMATS)) % len(_HABITS)](report)
    if kind == "txt":
        return ReportFile(f"{name}.txt", kind, encoding, txt(report, encoding, number % 8 > 3))
    if kind == "html":
        # web pages carry no byte-order mark
        encoding = encoding.removesuffix("-sig")
        container = _CONTAINERS[number // len(FORMATS) % len(_CONTAINERS)]
        return ReportFile(f"{name}.html", kind, encoding, web_page(report, encoding, container))
    content = docx(report) if kind == "docx" else pdf(report)
    return ReportFile(f"{name}.{kind}", kind, None, content)


def _chinese_year(year: int) -> str:
    return "".join(_DIGITS[int(digit)] for digit in str(year)) + "年"


_HABITS: tuple[Callable[[SimulatedReport], str], ...] = (
    lambda r: f"{r.year}/{r.unit.full_name}{r.year}年政府工作报告",
    lambda r: f"{r.year}/{r.year}_{r.unit.full_name}_政府工作报告",
    lambda r: f"{r.unit.pinyin}_{r.year}_report",
    lambda r: f"{r.year}/{r.year}年{r.unit.full_name}人民政府工作报告（全文）",
    lambda r: f"{r.year}/{r.year}-{r.unit.pinyin}",
    lambda r: f"{r.unit.name}/{_chinese_year(r.year)}",
    lambda r: f"{r.year}/{r.unit.name}",
)


def txt(report: SimulatedReport, encoding: str, windows: bool = False) -> bytes:
    """Plain text, a paragraph a line; `windows` gives CR LF and indented paragraphs."""
    lines = [f"　　{line}" if windows else line for line in report.paragraphs]
    return ("\r\n" if windows else "\n").join([*lines, ""]).encode(encoding)


def web_page(report: SimulatedReport, encoding: str, container: str = _CONTAINERS[0]) -> bytes:
    """A page with menu, related news and footer around the article in `container`."""
    # portals declare gb2312 whatever they send
    charset = "gb2312" if encoding == "gb18030" else encoding
    menu = "".join(f'<li><a href="#">{item}</a></li>' for item in phrases.MENU)
    related = "".join(f'<li><a href="#">{item}</a></li>' for item in phrases.RELATED)
    article = "\n".join(f"<p>　　{html.escape(line)}</p>" for line in report.paragraphs)
    page = (
        f'<!DOCTYPE html>\n<html><head><meta charset="{charset}">'
        f"<title>{report.year}年政府工作报告</title>"
        f"<script>var keywords = '数字经济,人工智能';</script></head>\n<body>\n"
        f"<ul class='nav'>{menu}</ul>\n{container}\n{article}\n</div>\n"
        f"<div class='related'><h3>相关阅读</h3><ul>{related}</ul></div>\n"
        f"<div class='footer'>{phrases.FOOTER}</div>\n</body></html>\n"
    )
    return page.encode(encoding)


def docx(report: SimulatedReport) -> bytes:
    """A Word document; the report's table is a table."""
    import docx as python_docx

    document = python_docx.Document()
    for position, line in enumerate(report.paragraphs):
        if position not in report.cells:
            document.add_paragraph(line)
        elif position == report.cells.start:
            texts = [report.paragraphs[i] for i in report.cells]
            grid = document.add_table(len(texts) // 2, 2)
            for number, text in enumerate(texts):
                grid.cell(number // 2, number % 2).text = text
    out = io.BytesIO()
    document.save(out)
    return timeless(out.getvalue())


def pdf(report: SimulatedReport) -> bytes:
    """A PDF with wrapped lines, indented paragraphs, a running head and page numbers.

    The font is Adobe's STSong-Light, named and not embedded, with the predefined character map
    UniGB-UCS2-H; every PDF engine knows both.
    """
    lines = [line for text in report.paragraphs for line in _wrapped(text)]
    pages = [lines[i : i + _PAGE_LINES] for i in range(0, len(lines), _PAGE_LINES)]
    kids = " ".join(f"{6 + 2 * i} 0 R" for i in range(len(pages)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>".encode(),
        b"<</Type/Font/Subtype/Type0/BaseFont/STSong-Light-UniGB-UCS2-H/Encoding/UniGB-UCS2-H"
        b"/DescendantFonts[4 0 R]>>",
        # ASCII is half as wide as a Chinese character
        b"<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/CIDSystemInfo<</Registry(Adobe)"
        b"/Ordering(GB1)/Supplement 0>>/DW 1000/W[1 95 500]/FontDescriptor 5 0 R>>",
        b"<</Type/FontDescriptor/FontName/STSong-Light/Flags 6/FontBBox[-25 -254 1000 880]"
        b"/ItalicAngle 0/Ascent 752/Descent -271/CapHeight 737/StemV 58>>",
    ]
    for number, page in enumerate(pages, 1):
        content = [_shown(220, 806, phrases.RUNNING_HEAD), _shown(290, 24, f"- {number} -")]
        for row, (indent, text) in enumerate(page):
            content.append(_shown(72 + indent * _EM, 770 - 21 * row, text))
        packed = zlib.compress("\n".join(content).encode(), 6)
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R"
            b"/Resources<</Font<</F1 3 0 R>>>>>>" % (len(objects) + 2)
        )
        objects.append(
            b"<</Length %d/Filter/FlateDecode>>\nstream\n%s\nendstream" % (len(packed), packed)
        )
    return _pdf_file(objects)


def _shown(x: int, y: int, text: str) -> str:
    return f"BT /F1 {_EM} Tf 1 0 0 1 {x} {y} Tm <{text.encode('utf-16-be').hex()}> Tj ET"


def _pdf_file(objects: list[bytes]) -> bytes:
    """Objects numbered from 1, the first the catalogue, with their cross-reference table."""
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for offset in offsets:
        out += b"%010d 00000 n \n" % offset
    out += b"trailer\n<</Size %d/Root 1 0 R>>\n" % (len(objects) + 1)
    out += b"startxref\n%d\n%%%%EOF\n" % start
    return bytes(out)


def _wrapped(text: str) -> list[tuple[int, str]]:
    """(indent in ems, text) of a paragraph's lines; no line breaks inside Latin words."""
    lines: list[tuple[int, str]] = []
    indent, width, line = 2, 2.0, ""
    for piece in _pieces(text):
        size = sum(0.5 if char.isascii() else 1.0 for char in piece)
        if width + size > _LINE_EMS:
            lines.append((indent, line))
            indent, width, line = 0, 0.0, ""
        line += piece
        width += size
    return [*lines, (indent, line)]


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    for char in text:
        if pieces and char.isascii() and pieces[-1][-1].isascii():
            pieces[-1] += char
        else:
            pieces.append(char)
    return pieces


def simulated_reports(
    dictionary: Dictionary, years: tuple[int, int], seed: int, *, units: Units, n_units: int
) -> Iterator[SimulatedReport]:
    """One report after the other, by unit (the first `n_units`) and year; none is kept."""
    hits = attention(len(units), years, seed)
    for row, unit in enumerate(units.first(n_units)):
        for column, year in enumerate(range(years[0], years[1] + 1)):
            yield simulate_report(unit, year, int(hits[row, column]), dictionary.terms, seed)


def write_reports(
    folder: Path,
    dictionary: Dictionary,
    years: tuple[int, int],
    seed: int,
    *,
    units: Units,
    n_units: int,
) -> tuple[list[dict[str, Any]], np.ndarray]:
    """Write the reports of the first `n_units` units, one in memory at a time: their truth, a row
    a report, and the words of each body (annex aside), shape (units, years)."""
    import numpy as np

    rows: list[dict[str, Any]] = []
    lengths = []
    with TemporaryDirectory(prefix="dti-simulate-") as scratch:
        count = _word_counter(Path(scratch))
        for number, report in enumerate(
            simulated_reports(dictionary, years, seed, units=units, n_units=n_units)
        ):
            file = report_file(report, number)
            path = folder / file.path
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(file.content)
            normal = {
                name: [normalise_paragraph(text) for text in texts]
                for name, texts in report.texts().items()
            }
            lengths.append(
                sum(count(text) for name in normal if name != "annex" for text in normal[name])
            )
            rows.append(
                {
                    **units.key(report.unit),
                    "year": report.year,
                    "file": file.path,
                    "format": file.format,
                    "encoding": file.encoding,
                    "keyword_hits": sum(
                        sum(hits.values()) for name, hits in report.hits.items() if name != "annex"
                    ),
                    "sections": list(normal),
                    "hits_longest": report.hits,
                    "hits_overlap": {
                        name: nested_hits(hits, dictionary.keys)
                        for name, hits in report.hits.items()
                    },
                    "han_chars": {name: han_count("".join(t)) for name, t in normal.items()},
                }
            )
    return rows, np.array(lengths, dtype=float).reshape(n_units, -1)


def _word_counter(scratch: Path) -> Callable[[str], int]:
    """A function from a normalised paragraph to its words (other than punctuation).

    jieba joins nothing across a comma or full stop, so each clause is cut once and remembered.
    """
    tokenizer = segmenter("jieba", shipped_dictionary(), scratch)

    @lru_cache(maxsize=100_000)
    def of_clause(clause: str) -> int:
        return words(Counter(tokenizer.cut(clause)))[1]

    return lambda text: sum(of_clause(clause) for clause in re.split("[,。]", text))
