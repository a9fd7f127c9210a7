"""Quotation marks, brackets, tables, columns and note marks in PDFs of LibreOffice and Chromium."""

import random
import re
import shutil
import subprocess
from pathlib import Path

import drawn_pdfs
import pytest

from dti_assets.text.readers.clean import normalise
from dti_assets.text.readers.pdf import read_pdf

SENTENCES = (
    "推进“人工智能+”行动，打造“数字经济”高地，实施‘互联网+’计划。",
    "落实《大数据发展规划》（2023—2025年）和“十四五”规划，建设5G基站1.2万个。",
    "推行“告知承诺+容缺办理”审批服务，培育“专精特新”企业300家，AI大模型【首批】上线。",
    "发展云计算、区块链、物联网（IoT），“云、网、端”一体推进——“数字政府”加快建设。",
)
_SOURCE = random.Random(4)
# no two lines are alike: the same line at one height on many pages is a running head
BODY = [
    "".join(
        _SOURCE.choice(SENTENCES) + drawn_pdfs.words(_SOURCE, 3) + "。"
        for _ in range(1 + place * 7 % 3)
    )
    if place % 9
    else f"第{place}节工作安排"
    for place in range(40)
]
CELLS = ("指标“一”", "数字经济占比", "目标", "“10%”")
STYLES = {
    "serif": "body{font-family:'Noto Serif CJK SC';font-size:14pt} p{text-indent:2em}",
    "sans": "body{font-family:'Noto Sans CJK SC','DejaVu Sans';font-size:16px;text-align:justify}",
    "marked": "body{font-family:'Noto Serif CJK SC';font-size:13pt}",
}


def _page(style: str) -> str:
    paragraphs = "".join(f"<p>{text}</p>" for text in BODY)
    if style == "marked":
        paragraphs = paragraphs.replace("数字经济”", "数字经济<sup>1</sup>”")
        paragraphs = paragraphs.replace("5G", "5G<sup>[2]</sup>")
    rows = "".join(f"<tr><td>{CELLS[i]}</td><td>{CELLS[i + 1]}</td></tr>" for i in (0, 2))
    return (
        f"<html><head><meta charset='utf-8'><style>{STYLES[style]}</style></head>"
        f"<body>{paragraphs}<table border='1'>{rows}</table></body></html>"
    )


def _flat(texts: list[str]) -> str:
    return re.sub(r"\s", "", "".join(normalise(texts)))


def _convert(tool: str, source: Path) -> bytes:
    """Return the PDF a program makes of a page."""
    program = shutil.which(tool)
    if program is None:
        pytest.skip(f"{tool} is not installed")
    target, home = source.with_suffix(".pdf"), source.parent / "home"
    if tool == "soffice":
        order = [f"-env:UserInstallation={home.as_uri()}", "--headless", "--convert-to", "pdf",
                 "--outdir", str(source.parent), str(source)]  # fmt: skip
    else:
        order = ["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer",
                 f"--user-data-dir={home}", f"--print-to-pdf={target}", str(source)]  # fmt: skip
    subprocess.run([program, *order], capture_output=True, timeout=180, check=False)
    if not target.exists():
        pytest.skip(f"{tool} made no PDF here")
    return target.read_bytes()


@pytest.mark.parametrize("style", list(STYLES))
@pytest.mark.parametrize("tool", ["soffice", "chromium"])
def test_every_character_in_its_place(tool: str, style: str, tmp_path: Path) -> None:
    source = tmp_path / "report.html"
    source.write_text(_page(style), encoding="utf-8")
    extract = read_pdf(_convert(tool, source))
    assert _flat(extract.paragraphs) == _flat([*BODY, *CELLS]), extract.notes
