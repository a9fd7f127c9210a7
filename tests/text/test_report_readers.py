"""Each format read into the same paragraphs, and every kind of bad file named for what it is."""

import io
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import samples

from dti_assets.text.cache import Cache
from dti_assets.text.normalise import normalise, normalise_paragraph, radicals
from dti_assets.text.reading import read_bytes
from dti_assets.text.reports import read_folder
from dti_assets.text.workers import Limits

LINES = samples.report_lines()


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
    files = read_folder(tmp_path, Cache(tmp_path / "c")).files
    assert list(files["format"]) == ["html"] and list(files["status"]) == ["ok"]


def test_hostile_files_end_within_the_limits_and_the_good_one_counts(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "cyclic.pdf").write_bytes(samples.cyclic_pdf())
    (folder / "inflating.pdf").write_bytes(samples.inflating_pdf())
    (folder / "浙江2015.txt").write_text(samples.report_text(), encoding="utf-8")
    started = time.monotonic()
    files = read_folder(folder, Cache(tmp_path / "c"), limits=Limits(6, 2 * 2**30)).files
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
