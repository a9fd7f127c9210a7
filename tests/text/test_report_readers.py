"""Each format read into the same paragraphs, and every kind of bad file named for what it is."""

import io
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import samples

from dti_assets.compute.workers import Limits
from dti_assets.store.cache import Cache
from dti_assets.store.characters import radicals
from dti_assets.text.folder import read_folder
from dti_assets.text.readers.clean import normalise, normalise_paragraph
from dti_assets.text.readers.reading import read_bytes
from dti_assets.units.lists import shipped_units

LINES = samples.report_lines()
PROVINCES = shipped_units("provinces")


@pytest.mark.parametrize(
    "content",
    [
        samples.docx(LINES),
        samples.html(LINES),
        samples.html(LINES, '<div class="TRS_Editor">'),
        samples.text_pdf(LINES),
        "\n".join(LINES).encode(),
        "\r\n".join(LINES).encode("gb18030"),
        "\n".join(LINES).encode("utf-8-sig"),
        "\n".join(LINES).encode("utf-16"),
    ],
    ids=["docx", "html", "html-trs", "pdf", "utf8", "gb18030", "utf8-bom", "utf16"],
)
def test_every_format_gives_the_same_paragraphs(content: bytes) -> None:
    reading = read_bytes(content)
    assert reading.status == "ok", reading.reason
    assert reading.paragraphs == normalise(LINES)


def test_html_without_a_known_container_falls_back_to_the_article() -> None:
    reading = read_bytes(samples.html(LINES, "<article>"))
    assert reading.status == "ok" and reading.engine == "trafilatura"
    assert "数字经济专栏" not in reading.text and "产业规划" not in reading.text
    assert reading.text.count("区块链") == 22


def test_docx_tables_are_read_in_place_and_once() -> None:
    cells = [["指标", "数字经济占比"], ["目标", "百分之十"]]
    reading = read_bytes(samples.docx(LINES, cells))
    assert reading.paragraphs[-4:] == ["指标", "数字经济占比", "目标", "百分之十"]


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<w:p><w:ins><w:r><w:t>数字经济</w:t></w:r></w:ins></w:p>", "数字经济"),
        ("<w:p><w:del><w:r><w:delText>旧</w:delText></w:r></w:del><w:r><w:t>新</w:t></w:r></w:p>",
         "新"),
        ("<w:sdt><w:sdtContent><w:p><w:r><w:t>块链</w:t></w:r></w:p></w:sdtContent></w:sdt>",
         "块链"),
        ("<w:p><w:r><w:t>前</w:t></w:r><w:smartTag><w:r><w:t>2015年</w:t></w:r></w:smartTag></w:p>",
         "前2015年"),
        ("<w:p><w:fldSimple><w:r><w:t>域内</w:t></w:r></w:fldSimple></w:p>", "域内"),
        ("<w:p><w:r><w:t>外</w:t></w:r><w:r><w:pict><w:txbxContent><w:p><w:r><w:t>框</w:t></w:r></w:p>"
         "</w:txbxContent></w:pict></w:r></w:p>", "外|框"),
    ],
)  # fmt: skip
def test_docx_text_that_is_not_in_plain_runs(markup: str, text: str) -> None:
    content = io.BytesIO(samples.docx(LINES))
    out = io.BytesIO()
    with zipfile.ZipFile(content) as old, zipfile.ZipFile(out, "w") as new:
        for item in old.infolist():
            data = old.read(item)
            if item.filename == "word/document.xml":
                data = data.replace(b"<w:sectPr", markup.encode() + b"<w:sectPr", 1)
            new.writestr(item, data)
    reading = read_bytes(out.getvalue())
    assert reading.status == "ok", reading.reason
    assert "|".join(reading.paragraphs[len(LINES) :]) == text


def test_html_containers_that_nest_or_stand_in_pieces() -> None:
    menu = "<ul>" + "<li><a href='/'>数字经济专栏</a></li>" * 50 + "</ul>"
    body = "".join(f"<p>{line}</p>" for line in LINES)
    half = "".join(f"<p>{line}</p>" for line in LINES[:25])
    rest = "".join(f"<p>{line}</p>" for line in LINES[25:])
    pages = {
        "menu in the outer one": f"<div id='zoom'>{menu}<div class='TRS_Editor'>{body}</div></div>",
        "menu in the only one": f"<div class='content'>{menu}{body}</div>",
        "same class nested": f"<div class='content'>{menu}<div class='content'>{body}</div></div>",
        "two pieces": f"<div><div class='TRS_Editor'>{half}</div>"
        f"<div class='TRS_Editor'>{rest}</div></div>",
        "second half outside": f"<div id='zoom'><div class='TRS_Editor'>{half}</div>{rest}</div>",
    }
    for name, page in pages.items():
        reading = read_bytes(f"<html><body>{page}</body></html>".encode())
        assert reading.paragraphs == normalise(LINES), name


def test_a_page_that_breaks_off_is_damaged() -> None:
    content = samples.html(LINES)
    assert read_bytes(content[: len(content) // 2]).status == "damaged"


def _columns_pdf(columns: int, rotation: int = 0) -> bytes:
    """The report set in lines of 21 characters, in columns, on pages that may be rotated."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen import canvas

    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    out = io.BytesIO()
    page = canvas.Canvas(out, pagesize=(595, 842), invariant=1)
    wrapped = []
    for line in LINES:
        first = "\u3000\u3000" + line
        wrapped += [first[i : i + 21] for i in range(0, len(first), 21)]
    # 39 lines, so that the repeated paragraphs do not repeat at the same height like furniture
    per_page = 39 * columns
    for start in range(0, len(wrapped), per_page):
        page.setFont("STSong-Light", 11)
        if rotation:
            page.setPageRotation(rotation)
            page.translate(595, 0)
            page.rotate(90)
        for place, text in enumerate(wrapped[start : start + per_page]):
            column, row = divmod(place, 39)
            indent = 22 if text.startswith("\u3000") else 0
            top = 550 - 13 * row if rotation else 780 - 18 * row
            page.drawString(50 + 260 * column + indent, top, text.strip("\u3000"))
        page.showPage()
    page.save()
    return out.getvalue()


@pytest.mark.parametrize(("columns", "rotation"), [(2, 0), (1, 90), (2, 90)])
def test_pdf_in_two_columns_or_rotated(columns: int, rotation: int) -> None:
    reading = read_bytes(_columns_pdf(columns, rotation))
    assert reading.status == "ok", reading.reason
    for term in ("工业互联网", "区块链", "大数据", "人工智能"):
        assert reading.text.count(term) == 22, term
    assert reading.paragraphs == normalise(LINES)


def test_pdf_with_pages_that_give_no_text_is_refused() -> None:
    import pypdf

    reader = pypdf.PdfReader(io.BytesIO(samples.text_pdf(samples.report_lines(repeats=60))))
    writer = pypdf.PdfWriter()
    for number, page in enumerate(reader.pages):
        if number % 3 == 1:
            writer.add_blank_page(595, 842)
        else:
            writer.add_page(page)
    out = io.BytesIO()
    writer.write(out)
    reading = read_bytes(out.getvalue())
    assert reading.status == "damaged" and "hold no text" in reading.reason


def test_hard_wrapped_text_is_joined() -> None:
    wrapped = []
    for line in LINES:
        wrapped += [line[i : i + 38] for i in range(0, len(line), 38)]
    reading = read_bytes("\n".join(wrapped).encode())
    assert reading.text.replace("\n", "").count("工业互联网") == 22
    assert reading.text.count("工业互联网") == 22


def _cut_utf8() -> bytes:
    return "\n".join(LINES).encode()[:-1]


def _wrong_encoding() -> bytes:
    return "\n".join(LINES).encode("gb18030").decode("latin-1").encode("utf-8")


def _zip_of(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as container:
        container.writestr(name, "x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("make", "status", "said"),
    [
        (samples.encrypted_pdf, "encrypted", "password"),
        (samples.image_pdf, "scanned", "images"),
        (samples.unmapped_pdf, "garbled", "character map"),
        (samples.legacy_doc, "unsupported", "legacy"),
        (samples.docx_bomb, "too_large", "unpack"),
        (lambda: b"", "empty", "no bytes"),
        (lambda: b"  \n ", "empty", "blanks"),
        (lambda: samples.text_pdf(LINES)[:3000], "damaged", "PDF"),
        (lambda: samples.docx(LINES)[:2000], "damaged", "zip"),
        (_cut_utf8, "damaged", "cut off"),
        (_wrong_encoding, "garbled", "common Chinese"),
        (lambda: "繁體字內容的報告書".encode("big5") * 400, "garbled", ""),
        (lambda: _zip_of("OFD.xml"), "unsupported", "OFD"),
        (lambda: _zip_of("xl/workbook.xml"), "unsupported", "spreadsheet"),
        (lambda: _zip_of("a.txt"), "unsupported", "archive"),
        (lambda: b"\xff\xd8\xff\xe0" + bytes(100), "unsupported", "JPEG"),
        (lambda: samples.html(["页面不存在"]), "not_a_report", "article"),
    ],
)
def test_bad_files_are_named(make: Callable[[], bytes], status: str, said: str) -> None:
    reading = read_bytes(make())
    assert reading.status == status
    assert said in reading.reason and reading.paragraphs == []


def test_a_page_saved_under_another_name_is_read_for_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "浙江2015.pdf").write_bytes(samples.html(LINES))
    files = read_folder(tmp_path, Cache(tmp_path / "c"), units=PROVINCES).files
    assert list(files["format"]) == ["html"] and list(files["status"]) == ["ok"]


def test_hostile_files_end_within_the_limits_and_the_good_one_counts(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "cyclic.pdf").write_bytes(samples.cyclic_pdf())
    (folder / "inflating.pdf").write_bytes(samples.inflating_pdf())
    (folder / "浙江2015.txt").write_text(samples.report_text(), encoding="utf-8")
    started = time.monotonic()
    files = read_folder(
        folder, Cache(tmp_path / "c"), limits=Limits(6, 2 * 2**30), units=PROVINCES
    ).files
    assert time.monotonic() - started < 30
    status = dict(zip(files["path"], files["status"], strict=True))
    assert status.pop("浙江2015.txt") == "ok"
    assert set(status.values()) <= {"timeout", "too_large", "damaged", "empty"}
    assert files["reason"][files["status"] != "ok"].notna().all()


def test_radicals_become_ordinary_characters() -> None:
    assert (
        normalise_paragraph("⼈⼯智能、⻋联⽹、⻓江、⾯向⺠生、⼾")
        == "人工智能、车联网、长江、面向民生、户"
    )
    assert len([c for c in radicals() if 0x2E80 <= c < 0x2F00]) == 114


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("数字 经 济", "数字经济"),
        ("2022 年 5 月", "2022年5月"),
        ("New  Energy 车", "New Energy车"),
        ("ＡＩ　与５Ｇ", "AI与5G"),
        ("大\u200b数据\ufeff", "大数据"),
    ],
)
def test_white_space_and_width(raw: str, clean: str) -> None:
    assert normalise_paragraph(raw) == clean
