"""PDFs as people have them: encrypted, damaged, padded, blank, too large, scanned, annotated."""

import io
import random
import re
import time
from collections.abc import Callable

import drawn_pdfs
import pypdf
import pytest
import samples

from dti_assets.text.readers.clean import normalise
from dti_assets.text.readers.reading import Reading, read_bytes

LINES = samples.report_lines()
BASE = samples.text_pdf(LINES)
HELVETICA = b"<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>"


def _written(writer: pypdf.PdfWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _encrypted(algorithm: str) -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(BASE))
    writer.encrypt("", "owner", algorithm=algorithm)
    return _written(writer)


@pytest.mark.parametrize(
    "make",
    [
        lambda: _encrypted("RC4-128"),
        lambda: _encrypted("AES-256"),
        lambda: b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n" + BASE,
        lambda: b"x" * 900 + b"\n" + BASE,
        lambda: re.sub(rb"startxref\s+\d+", b"startxref\n7", BASE),
        lambda: BASE.replace(b" 00000 n", b" 00001 n"),
    ],
    ids=["empty password", "empty password AES", "header behind HTTP", "header behind 900 bytes",
         "wrong startxref", "wrong generations"],
)  # fmt: skip
def test_a_file_that_a_viewer_opens_is_read(make: Callable[[], bytes]) -> None:
    reading = read_bytes(make())
    assert reading.status == "ok", reading.reason
    assert reading.paragraphs == normalise(LINES)


def test_files_that_hold_other_files_are_named() -> None:
    from pypdf.generic import DictionaryObject, NameObject

    writer = pypdf.PdfWriter()
    writer.add_blank_page(595, 842)
    writer.add_attachment("report.pdf", BASE)
    writer.root_object[NameObject("/Collection")] = DictionaryObject()
    portfolio = read_bytes(_written(writer))
    assert portfolio.status == "unsupported" and "portfolio" in portfolio.reason
    blank = samples.one_page_pdf(b"").replace(b"/Type/Catalog", b"/Type/Catalog/AcroForm<</XFA[]>>")
    assert read_bytes(blank).status == "unsupported"


def test_blank_pages_cost_nothing_and_are_named() -> None:
    writer = pypdf.PdfWriter()
    for _ in range(600):
        writer.add_blank_page(595, 842)
    started = time.monotonic()
    assert read_bytes(_written(writer)).status == "empty"
    assert time.monotonic() - started < 20
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(BASE))
    writer.add_blank_page(595, 842)
    assert "pages 5 hold hardly any text" in read_bytes(_written(writer)).reason


def _with_page(content: bytes) -> Reading:
    """A report of 25 pages of which the last is the one given."""
    writer = pypdf.PdfWriter(
        clone_from=io.BytesIO(samples.text_pdf(samples.report_lines(repeats=150)))
    )
    writer.append(io.BytesIO(content))
    return read_bytes(_written(writer))


@pytest.mark.parametrize(
    "content",
    [
        samples.one_page_pdf(b"0 0 m 9 9 l S " * 210_000),
        samples.inflating_pdf(2**26),
        samples.one_page_pdf(
            b"BT /F1 6 Tf " + b"1 0 0 1 9 9 Tm (abcdefgh) Tj " * 210_000 + b"ET", HELVETICA
        ),
    ],
    ids=["paths", "inflating", "strings"],
)
def test_a_page_that_is_too_large_is_said_to_be_left_out(content: bytes) -> None:
    reading = _with_page(content)
    assert reading.status == "ok" and reading.text.count("区块链") == 150
    assert "pages 25 are left out: more than" in reading.reason


def test_the_text_of_a_scan_is_read_and_a_layer_on_text_is_not() -> None:
    """Invisible text over a picture of the page, and text under it, is the text of the scan."""
    from reportlab.lib.utils import ImageReader

    picture = ImageReader(_grey_picture())
    for under, mode in ((False, 3), (True, 0)):
        out = io.BytesIO()
        page = drawn_pdfs.canvas_of(out)
        if not under:
            page.drawImage(picture, 0, 0, 595, 842)
        for row, line in enumerate(LINES[:20]):
            page.setFont("STSong-Light", 10)
            page.drawString(50, 780 - 20 * row, line[:50], mode=mode)
        if under:
            page.drawImage(picture, 0, 0, 595, 842)
        page.save()
        text = read_bytes(out.getvalue()).text
        assert text.count("大数据") == sum(line[:50].count("大数据") for line in LINES[:20]), mode


def _grey_picture() -> io.BytesIO:
    from PIL import Image

    out = io.BytesIO()
    picture = Image.new("L", (120, 170), 200)
    for row in range(0, 170, 4):
        picture.paste(60, (10, row, 110, row + 2))
    picture.save(out, "PNG")
    out.seek(0)
    return out


@pytest.mark.parametrize("offset", [(0.3, 0), (0, -1.5), (-1.5, 1.5), (0.02, 0.04), (1.1, -0.7)])
@pytest.mark.parametrize("again", ["each line", "whole page", "terms"])
def test_text_drawn_twice_is_counted_once(offset: tuple[float, float], again: str) -> None:
    out = io.BytesIO()
    page = drawn_pdfs.canvas_of(out)
    for size in (9, 14, 22):
        page.setFont("STSong-Light", size)
        copies = []
        for row in range(10):
            text, x, y = "全面推进人工智能与大数据发展。", 60, 780 - 3 * size - (40 + size) * row
            page.drawString(x, y, text)
            start = 4 if again == "terms" else 0
            copy = (
                x + offset[0] + drawn_pdfs.width_of(text[:start], size),
                y + offset[1],
                text[start : start + 4] if again == "terms" else text,
            )
            copies.append(copy)
            if again == "each line":
                page.drawString(*copies.pop())
        for copy in copies:
            page.drawString(*copy)
        page.showPage()
    page.save()
    text = read_bytes(out.getvalue()).text
    assert text.count("人工智能") == 30 and text.count("大数据") == 30
    assert text.replace("\n", "") == "全面推进人工智能与大数据发展。" * 30


@pytest.mark.parametrize(("chapters", "foot"), [(4, False), (5, False), (4, True), (2, True)])
def test_heads_of_chapters_are_no_text_and_every_line_is(chapters: int, foot: bool) -> None:
    out = io.BytesIO()
    page = drawn_pdfs.canvas_of(out)
    source = random.Random(5)
    for number in range(20):
        page.setFont("STSong-Light", 9)
        place = 40 if foot else 805
        page.drawString(72, place, f"第{1 + number * chapters // 20}章 发展区块链的任务")
        page.setFont("STSong-Light", 12)
        for row in range(30):
            text = "建设任务" + drawn_pdfs.words(source, 5).replace("区块链", "")
            page.drawString(72, 765 - 22 * row, text)
        page.drawString(290, 20, f"{number + 1}")
        page.showPage()
    page.save()
    text = read_bytes(out.getvalue()).text
    assert text.count("区块链") == 0
    assert text.replace("\n", "").count("建设任务") == 20 * 30


@pytest.mark.parametrize("box", [None, (0, 842, 595, 0), (595, 842, 0, 0)])
@pytest.mark.parametrize("size", [(595, 842), (842, 595)])
def test_a_page_is_as_large_as_its_box_says_wherever_it_stands(
    size: tuple[int, int], box: tuple[int, ...] | None
) -> None:
    """Inherited from the tree of pages, or with its corners the other way round."""
    from pypdf.generic import ArrayObject, NameObject, NumberObject
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen import canvas

    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    out = io.BytesIO()
    drawn = canvas.Canvas(out, pagesize=size)
    drawn.setFont("STSong-Light", 14)
    lines = [LINES[k % len(LINES)][: size[0] // 20] for k in range(size[1] // 24)]
    for k, line in enumerate(lines):
        drawn.drawString(30, size[1] - 16 - 24 * k, line)
    drawn.save()
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(out.getvalue()))
    page = writer.pages[0]
    if box is None:
        writer.root_object["/Pages"][NameObject("/MediaBox")] = page.pop("/MediaBox")
    elif size[0] < size[1]:
        page[NameObject("/MediaBox")] = ArrayObject(NumberObject(n) for n in box)
    reading = read_bytes(_written(writer))
    assert reading.status == "ok", reading.reason
    read = "".join(reading.paragraphs)
    assert all(normalise([line])[0] in read for line in lines)
    assert "no reader sees" not in reading.reason


def test_a_character_beyond_the_first_plane_can_be_stored() -> None:
    """PDFium gives its two halves one by one."""
    from pypdf.generic import NameObject, StreamObject

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(BASE))
    mapped = StreamObject()
    mapped.set_data(
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def "
        b"1 begincodespacerange <0000> <FFFF> endcodespacerange "
        b"1 beginbfchar <%04X> <D842DFB7> endbfchar endcmap end end" % ord("我")
    )
    for page in writer.pages:
        for font in page["/Resources"]["/Font"].values():
            font.get_object()[NameObject("/ToUnicode")] = writer._add_object(mapped)
    reading = read_bytes(_written(writer))
    assert reading.status == "ok", reading.reason
    text = "".join(reading.paragraphs)
    assert "\U00020bb7" in text and text.encode()
