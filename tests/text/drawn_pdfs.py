"""PDFs drawn for tests, with the truth of what a reader sees. The words are ours."""

import io
import random
from dataclasses import dataclass, field
from typing import Any

WIDTH, HEIGHT = 595, 842
SIZE = 14
WORDS = (
    "数字经济", "人工智能", "大数据", "区块链", "互联网", "物联网", "云计算", "推进改革",
    "加强服务", "发展企业", "建设工程", "全面提高", "质量工作", "人民生活", "社会和谐",
    "经济增长", "5G",
)  # fmt: skip
HEADS = ("第一部分 数字经济回顾", "第二部分 大数据目标", "第三部分 人工智能任务", "第四部分 保障")


@dataclass
class Drawn:
    """A PDF, the lines a reader sees of it, and the boxes (page, left, low, right, top) of words
    that are seen and of words that are not."""

    content: bytes = b""
    lines: list[str] = field(default_factory=list)
    seen: list[tuple[int, float, float, float, float]] = field(default_factory=list)
    unseen: list[tuple[int, float, float, float, float]] = field(default_factory=list)


def canvas_of(out: io.BytesIO) -> Any:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen import canvas

    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    return canvas.Canvas(out, pagesize=(WIDTH, HEIGHT), invariant=1)


def width_of(text: str, size: float = SIZE) -> float:
    from reportlab.pdfbase import pdfmetrics

    return float(pdfmetrics.stringWidth(text, "STSong-Light", size))


def words(source: random.Random, count: int) -> str:
    return "".join(source.choice(WORDS) for _ in range(count))


def random_pdf(seed: int) -> Drawn:
    """Return a report of some pages with text that is doubled, hidden, annotated and furnished."""
    source = random.Random(seed)
    drawn, out = Drawn(), io.BytesIO()
    page = canvas_of(out)
    count = source.choice((1, 2, 3, 8))
    layers = source.random() < 0.15
    crop = source.random() < 0.2
    furnished = count == 8
    for number in range(count):
        if crop:
            page.setCropBox((20, 40, WIDTH - 20, HEIGHT - 30))
        if furnished:
            page.setFont("STSong-Light", 9)
            page.drawString(72, 800, HEADS[number // 2])
            page.drawString(290, 45, f"— {number + 1} —" if seed % 2 else f"{number + 1}/{count}")
        later: list[tuple[str, float, float, float, float]] = []
        for row in range(source.randint(8, 16)):
            _line(page, source, drawn, number, 760 - 26 * row, later, layers, crop)
        for text, x, y, mode, grey in later:
            page.setFillGray(grey)
            page.drawString(x, y, text, mode=int(mode))
            page.setFillGray(0)
        page.showPage()
    page.save()
    drawn.content = _with_layer(out.getvalue()) if layers else out.getvalue()
    return drawn


def _line(
    page: Any, source: random.Random, drawn: Drawn, number: int, y: float,
    later: list[tuple[str, float, float, float, float]], layers: bool, crop: bool,
) -> None:  # fmt: skip
    """Draw a line that ends a sentence and, often, something on it or next to it."""
    page.setFont("STSong-Light", SIZE)
    text, x = words(source, source.randint(3, 5)), 72.0
    right = x + width_of(text)
    kind = source.choice(
        "plain plain doubled again part twin_later ocr alone white covered clipped outside mark"
        " coloured banner layer tiny".split()
    )
    if kind == "banner":
        page.setFillGray(0.1)
        page.rect(x - 4, y - 5, right - x + 30, 21, stroke=0, fill=1)
        page.setFillGray(1)
    if kind == "coloured":
        page.setFillColorRGB(*source.choice(((0.7, 0, 0), (0, 0, 0.8), (0.45, 0.45, 0.45))))
    if kind == "mark":
        mark = source.choice(("1", "2", "12", "[3]", "①"))
        half = text[:8]
        page.drawString(x, y, half)
        page.setFont("STSong-Light", 7)
        page.drawString(x + width_of(half), y + 6, mark)
        page.setFont("STSong-Light", SIZE)
        page.drawString(x + width_of(half) + width_of(mark, 7), y, text[8:] + "。")
    else:
        page.drawString(x, y, text + "。")
    page.setFillGray(0)
    drawn.lines.append(text + "。")
    drawn.seen.append((number, x, y, right, y + 10))

    aside, above = (source.choice((-1, 1)) * source.uniform(0.02, 1.5) for _ in range(2))
    hidden, place = words(source, 2), (right + 40, y)
    if kind == "doubled":
        page.drawString(x + aside, y + above, text + "。")
    elif kind == "again":
        later.append((text + "。", x + aside, y + above, 0, 0))
    elif kind == "part":
        start = source.randint(0, len(text) - 3)
        piece = text[start : start + 4]
        page.drawString(x + width_of(text[:start]) + aside, y + above, piece)
    elif kind == "twin_later":
        later.append((text[:4], x + aside, y + above, 0, 0.6))
    elif kind == "ocr":
        later.append((text, x + aside, y + above, 3, 0))
    elif kind == "outside":
        spots = [(WIDTH + 30, y), (72, -60), (-300, y), (72, HEIGHT + 20)]
        page.drawString(
            *source.choice([*spots, (72, 12), (72, HEIGHT - 20)] if crop else spots), hidden
        )
    else:
        _unseen(page, source, drawn, number, kind, hidden, place, layers)


def _unseen(
    page: Any, source: random.Random, drawn: Drawn, number: int, kind: str, hidden: str,
    place: tuple[float, float], layers: bool,
) -> None:  # fmt: skip
    x, y = place
    if kind == "alone":
        page.drawString(x, y, hidden, mode=3)
    elif kind == "white":
        page.setFillColorRGB(*source.choice(((1, 1, 1), (0.99, 0.99, 0.99), (1, 1, 0.97))))
        page.drawString(x, y, hidden)
        page.setFillGray(0)
    elif kind == "covered":
        page.drawString(x, y, hidden)
        page.setFillGray(1)
        page.rect(x - 4, y - 5, 180, 22, stroke=0, fill=1)
        page.setFillGray(0)
    elif kind == "clipped":
        page.saveState()
        path = page.beginPath()
        path.rect(0, 0, 30, 30)
        page.clipPath(path, stroke=0)
        page.drawString(x, y, hidden)
        page.restoreState()
    elif kind == "tiny":
        page.setFont("STSong-Light", 0.5)
        page.drawString(x, y, hidden)
        return
    elif kind == "layer" and layers:
        page._code.append("/OC /Hidden BDC")
        page.drawString(x, y, hidden)
        page._code.append("EMC")
    else:
        return
    drawn.unseen.append((number, x, y, x + width_of(hidden), y + 10))


def _with_layer(content: bytes) -> bytes:
    """Return the PDF with a layer called Hidden that is off by default."""
    import pypdf
    from pypdf.generic import ArrayObject, DictionaryObject, NameObject, TextStringObject

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(content))
    group = writer._add_object(
        DictionaryObject(
            {
                NameObject("/Type"): NameObject("/OCG"),
                NameObject("/Name"): TextStringObject("Hidden"),
            }
        )
    )
    off = DictionaryObject({NameObject("/OFF"): ArrayObject([group])})
    writer.root_object[NameObject("/OCProperties")] = DictionaryObject(
        {NameObject("/OCGs"): ArrayObject([group]), NameObject("/D"): off}
    )
    for page in writer.pages:
        resources = page["/Resources"].get_object()
        resources[NameObject("/Properties")] = DictionaryObject({NameObject("/Hidden"): group})
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
