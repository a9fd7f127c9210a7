"""Reports and files made for tests. The sentences are ours, not any government's."""

import io
import zipfile
import zlib

from dti_assets.store.files import timeless

_REVIEW = (
    "全省经济社会发展稳中有进，工业生产保持增长，企业效益继续改善，农业获得好收成。"
    "我们推进信息化建设，加强大数据服务，全面改革取得新的成果，人民生活水平有了提高。"
)
_PLAN = (
    "推进高质量发展，加快工业互联网建设，发展人工智能和区块链，建设5G基站，加强国际合作。"
    "深化企业改革，全面加强基础设施建设，改善人民生活，推动社会建设和服务工作全面发展。"
)


def report_lines(
    place: str = "浙江省", year: int = 2015, titled: bool = True, repeats: int = 22
) -> list[str]:
    """Paragraphs of an invented report of some 3,500 characters, with known keyword counts.

    Each repeat holds 信息化 and 大数据 in the review; 工业互联网, 人工智能, 区块链 and 5G基站 in
    the plan.
    """
    head = [f"{year}年{place}政府工作报告"] if titled else []
    return [
        *head,
        f"——{year}年1月20日在{place}第十二届人民代表大会第三次会议上",
        "各位代表：",
        "现在，我代表省人民政府向大会报告工作，请予审议，并请省政协委员提出意见。",
        f"一、{year - 1}年工作回顾",
        *[_REVIEW] * repeats,
        f"二、{year}年工作安排",
        *[_PLAN] * repeats,
        "各位代表，让我们团结起来，为全面建成小康社会而奋斗！",
    ]


def report_text(place: str = "浙江省", year: int = 2015, **options: bool | int) -> str:
    return "\n".join(report_lines(place, year, **options))


def docx(lines: list[str], table: list[list[str]] | None = None) -> bytes:
    import docx as python_docx

    document = python_docx.Document()
    for line in lines:
        document.add_paragraph(line)
    if table:
        grid = document.add_table(len(table), len(table[0]))
        for row, cells in zip(grid.rows, table, strict=True):
            for cell, text in zip(row.cells, cells, strict=True):
                cell.text = text
    out = io.BytesIO()
    document.save(out)
    # two studies written at different seconds are to hold the same files
    return timeless(out.getvalue())


def html(lines: list[str], container: str = '<div id="zoom">') -> bytes:
    menu = "<ul><li>数字经济专栏</li><li>大数据局</li></ul>"
    body = "".join(f"<p>　　{line}</p>" for line in lines)
    closing = f"</{container[1:].split()[0].rstrip('>')}>"
    return (
        f'<!DOCTYPE html><html><head><meta charset="gb2312"><title>报告</title></head><body>'
        f"{menu}{container}{body}{closing}<div>相关阅读：人工智能产业规划</div></body></html>"
    ).encode("gb18030")


def pdf(objects: dict[int, bytes]) -> bytes:
    """A PDF file of numbered objects; 1 must be the catalogue."""
    out, offsets = b"%PDF-1.5\n", {}
    for number, body in objects.items():
        offsets[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (max(objects) + 1)
    for number in range(1, max(objects) + 1):
        used = number in offsets
        out += b"%010d 00000 %s \n" % (offsets.get(number, 0), b"n" if used else b"f")
    out += b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (max(objects) + 1, start)
    return out


def stream(content: bytes, extra: bytes = b"") -> bytes:
    packed = zlib.compress(content, 9)
    return b"<</Length %d/Filter/FlateDecode%s>>\nstream\n%s\nendstream" % (
        len(packed), extra, packed,
    )  # fmt: skip


def one_page_pdf(
    content: bytes, resources: bytes = b"<<>>", more: dict[int, bytes] | None = None
) -> bytes:
    return pdf(
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources %s>>"
            % resources,
            4: stream(content),
            **(more or {}),
        }
    )


def text_pdf(lines: list[str], wrap: int = 36, running_head: str = "政府工作报告") -> bytes:
    """A PDF with embedded character map, wrapped lines, a running head and page numbers."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen import canvas

    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    out = io.BytesIO()
    page = canvas.Canvas(out, pagesize=(595, 842), invariant=1)
    wrapped = []
    for line in lines:
        first = "\u3000\u3000" + line
        wrapped += [first[i : i + wrap] for i in range(0, len(first), wrap)]
    for number, start in enumerate(range(0, len(wrapped), 38), 1):
        page.setFont("STSong-Light", 12)
        page.drawString(220, 810, running_head)
        for row, text in enumerate(wrapped[start : start + 38]):
            indent = 24 if text.startswith("\u3000\u3000") else 0
            page.drawString(60 + indent, 780 - 19 * row, text.strip("\u3000"))
        page.drawString(290, 20, f"- {number} -")
        page.showPage()
    page.save()
    return out.getvalue()


def image_pdf() -> bytes:
    """A page that is one picture."""
    picture = stream(
        bytes(range(256)) * 4,
        b"/Type/XObject/Subtype/Image/Width 32/Height 32/ColorSpace/DeviceGray/BitsPerComponent 8",
    )
    return one_page_pdf(
        b"q 500 0 0 700 40 60 cm /Im0 Do Q", b"<</XObject<</Im0 5 0 R>>>>", {5: picture}
    )


def unmapped_pdf() -> bytes:
    """Text in a font without a character map: glyph numbers, no meaning."""
    shown = b"".join(b"<%04x> Tj 0 -1 Td " % (700 + 13 * i % 9000) for i in range(400))
    font = (
        b"<</Type/Font/Subtype/Type0/BaseFont/ABCDEF+Song/Encoding/Identity-H"
        b"/DescendantFonts[6 0 R]>>"
    )
    descendant = (
        b"<</Type/Font/Subtype/CIDFontType2/BaseFont/ABCDEF+Song/CIDSystemInfo"
        b"<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/FontDescriptor 7 0 R/DW 1000>>"
    )
    descriptor = (
        b"<</Type/FontDescriptor/FontName/ABCDEF+Song/Flags 4/FontBBox[0 0 1000 1000]/ItalicAngle 0"
        b"/Ascent 800/Descent -200/CapHeight 700/StemV 80>>"
    )
    return one_page_pdf(
        b"BT /F1 10 Tf 50 800 Td " + shown + b"ET",
        b"<</Font<</F1 5 0 R>>>>",
        {5: font, 6: descendant, 7: descriptor},
    )


def cyclic_pdf() -> bytes:
    """A page tree that contains itself."""
    return pdf(
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[3 0 R]/Count 100000>>",
            3: b"<</Type/Pages/Parent 2 0 R/Kids[2 0 R]/Count 100000>>",
        }
    )


def inflating_pdf(size: int = 2**30) -> bytes:
    """A content stream of about a thousandth of the size it inflates to."""
    packer = zlib.compressobj(9)
    block = b"q Q " * 2**18
    packed = b"".join(packer.compress(block) for _ in range(size // len(block))) + packer.flush()
    body = b"<</Length %d/Filter/FlateDecode>>\nstream\n%s\nendstream" % (len(packed), packed)
    return pdf(
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<<>>>>",
            4: body,
        }
    )


def encrypted_pdf() -> bytes:
    import pypdf

    writer = pypdf.PdfWriter()
    writer.add_blank_page(595, 842)
    writer.encrypt("secret", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def docx_bomb() -> bytes:
    """A .docx of some 200 KB that would unpack to 200 MB."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as container:
        container.writestr("[Content_Types].xml", "<Types/>")
        container.writestr("word/document.xml", b"<w>" + b"0" * (200 * 2**20))
    return out.getvalue()


def without_half(archive: bytes, part: str) -> bytes:
    """The ZIP archive with a part of it that breaks off in its middle."""
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(sink, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, content[: len(content) // 2] if name == part else content)
    return sink.getvalue()


def legacy_doc() -> bytes:
    return (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(504)
        + "WordDocument".encode("utf-16-le")
        + bytes(2000)
    )
