"""Kinds of files that people have: parts of Word files in odd places, web archives, damaged bytes,
tables of contents, one page of several, a text that stands twice. Each is read for what it shows,
or refused or doubted in a sentence."""

import io
import quopri
import zipfile
from pathlib import Path

import pytest
import samples
import word_files
from word_files import paragraph, run

from dti_assets.store.cache import Cache
from dti_assets.text.checks import doubtful_texts
from dti_assets.text.folder import read_folder
from dti_assets.text.identity import from_name, from_text
from dti_assets.text.readers.clean import normalise
from dti_assets.text.readers.reading import Reading, read_bytes
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")
LINES = samples.report_lines(repeats=11)
BODY = "".join(map(paragraph, LINES))
_WORD = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def whole(content: bytes) -> Reading:
    """A reading that holds every line of the report and no other."""
    reading = read_bytes(content)
    assert reading.status == "ok", reading.reason
    assert reading.paragraphs == normalise(LINES)
    return reading


def page(body: str, head: str = "") -> bytes:
    return f"<html><head><meta charset='utf-8'>{head}</head><body>{body}</body></html>".encode()


ARTICLE = "".join(f"<p>{line}</p>" for line in samples.report_lines())
ALL_LINES = normalise(samples.report_lines())


# Word files


@pytest.mark.parametrize("main", ["word/document2.xml", "parts/text.xml", "word/Dokument.XML"])
def test_the_main_part_is_found_by_its_relationship(main: str) -> None:
    whole(word_files.docx(BODY, main=main))


def _rezipped(content: bytes, change: dict[str, str | None]) -> bytes:
    """A container with parts renamed, or left out where the new name is None."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for item in old.infolist():
            name = change.get(item.filename, item.filename)
            if name is not None:
                new.writestr(name, old.read(item))
    return out.getvalue()


def test_the_main_part_is_found_by_its_content_type_or_its_name() -> None:
    elsewhere = word_files.docx(BODY, main="word/document2.xml")
    whole(_rezipped(elsewhere, {"_rels/.rels": None}))
    usual = word_files.docx(BODY)
    whole(_rezipped(usual, {"_rels/.rels": None, "[Content_Types].xml": None}))
    whole(_rezipped(usual, {"word/document.xml": "word\\document.xml"}))


@pytest.mark.parametrize(
    "relation",
    [
        f'<Relationship Id="r9" Type="{_WORD}/image" Target="NULL"/>',
        f'<Relationship Id="r9" Type="{_WORD}/image" Target="../NULL"/>',
        f'<Relationship Id="r9" Type="{_WORD}/hyperlink" Target="#_top"/>',
        f'<Relationship Id="r9" Type="{_WORD}/image" Target="media/gone.png"/>',
        f'<Relationship Id="r9" Type="{_WORD}/hyperlink" Target="file:///C:/a b" '
        'TargetMode="External"/>',
        f'<Relationship Type="{_WORD}/footnotes"/>',
    ],
)
def test_relationships_that_lead_nowhere_do_not_matter(relation: str) -> None:
    whole(word_files.docx(BODY, relations=relation))


def test_strict_namespaces_are_read() -> None:
    whole(word_files.docx(BODY, strict=True))
    hidden = paragraph(run("数字经济", "<w:vanish/>"))
    whole(word_files.docx(hidden + BODY, strict=True))


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("word/a.html", "<html><body><p>智慧城市</p><p hidden>区块链</p></body></html>"),
        ("word/a.txt", "智慧城市"),
        ("word/a.docx", word_files.docx(paragraph("智慧城市"))),
        ("word/a.mht", b"MIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n"
         + "<html><body>智慧城市</body></html>".encode()),
    ],
)  # fmt: skip
def test_parts_of_another_format_are_taken_in(part: str, content: str | bytes) -> None:
    relation = f'<Relationship Id="c1" Type="{_WORD}/aFChunk" Target="/{part}"/>'
    made = word_files.docx(
        BODY + '<w:altChunk r:id="c1"/>', relations=relation, parts={part: content}
    )
    reading = read_bytes(made)
    assert reading.paragraphs == [*normalise(LINES), "智慧城市"]
    assert not reading.warnings


@pytest.mark.parametrize(
    "content", [b"{\\rtf1 \\u25968?}", b"", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"]
)
def test_an_embedded_part_that_is_not_read_is_said(content: bytes) -> None:
    relation = f'<Relationship Id="c1" Type="{_WORD}/aFChunk" Target="a.rtf"/>'
    made = word_files.docx(
        BODY + '<w:altChunk r:id="c1"/>', relations=relation, parts={"word/a.rtf": content}
    )
    (warning,) = whole(made).warnings
    assert "word/a.rtf" in warning and "save it anew" in warning


@pytest.mark.parametrize(
    ("symbol", "text"),
    [
        ('w:font="宋体" w:char="6570"', "发展数字经济"),
        ('w:font="Arial" w:char="F041"', "发展A字经济"),
        ('w:font="Wingdings" w:char="F081"', "发展字经济"),
        ('w:font="Symbol" w:char="F0B7"', "发展字经济"),
        ('w:font="Symbol" w:char="nonsense"', "发展字经济"),
    ],
)
def test_symbols_are_read_or_said(symbol: str, text: str) -> None:
    made = paragraph(run("发展") + f"<w:r><w:sym {symbol}/></w:r>" + run("字经济"))
    reading = read_bytes(word_files.docx(made + BODY))
    assert reading.paragraphs[0] == text
    assert ("font Symbol" in reading.reason) == ("F0B7" in symbol)


@pytest.mark.parametrize(
    "styles",
    [
        "<w:docDefaults><w:rPrDefault><w:rPr><w:vanish/></w:rPr></w:rPrDefault></w:docDefaults>",
        '<w:style w:type="paragraph" w:default="1" w:styleId="a"><w:rPr><w:vanish/></w:rPr>'
        "</w:style>",
        '<w:style w:type="paragraph" w:default="1" w:styleId="a"><w:basedOn w:val="b"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="b"><w:basedOn w:val="a"/><w:rPr><w:strike/>'
        "</w:rPr></w:style>",
    ],
)
def test_styles_and_defaults_hide_too(styles: str) -> None:
    shown = '<w:vanish w:val="0"/><w:strike w:val="0"/>'
    body = paragraph("数字经济") + "".join(paragraph(run(line, shown)) for line in LINES)
    whole(word_files.docx(body, styles))


def test_white_text_on_a_ground_is_read() -> None:
    white = run("数字经济", '<w:color w:val="FFFFFF"/>')
    cell = '<w:tcPr><w:shd w:val="clear" w:fill="{}"/></w:tcPr>'
    table = "<w:tbl><w:tr><w:tc>{}{}</w:tc></w:tr></w:tbl>"
    for fill, seen in (("1F4E79", True), ("auto", False), ("FFFFFF", False)):
        made = table.format(cell.format(fill), paragraph(white))
        reading = read_bytes(word_files.docx(BODY + made))
        assert (reading.paragraphs[-1] == "数字经济") == seen, fill


# tables of contents

HEADINGS = [line for line in LINES if line[1] == "、"]
assert len(HEADINGS) == 2
ENTRIES = [f"{heading}……{page}" for page, heading in enumerate(HEADINGS, 1)]


@pytest.mark.parametrize(
    "contents",
    [
        ["目  录", *ENTRIES],
        ["目录", *HEADINGS],
        ["目　录：", *(f"{heading}\t{page}" for page, heading in enumerate(HEADINGS, 3))],
        [f"{name}.........{n}" for n, name in enumerate(["总则", "回顾", "安排", "要求"], 1)],
        ["目录", "各位代表：····1", *(f"{heading} · · · · 12" for heading in HEADINGS)],
    ],
)
def test_a_typed_table_of_contents_is_left_out(contents: list[str]) -> None:
    text = [LINES[0], *contents, *LINES[1:]]
    htm = "".join(f"<p>{line}</p>" for line in [*contents, *samples.report_lines()])
    assert whole("\n".join(text).encode()).reason.endswith("table of contents left out")
    whole(word_files.docx("".join(map(paragraph, text))))
    assert read_bytes(page(f"<div id='zoom'>{htm}</div>")).paragraphs == ALL_LINES


def test_text_that_only_looks_like_contents_stays() -> None:
    for extra in (
        ["一、加快改革发展", "二、建设全面小康社会", "三、推进各项工作"],
        ["增速达到……5"],
        ["目录", "建立政府权力清单目录，实行动态管理。"],
        ["比上年增长......10", "我们取得的成绩"],
    ):
        text = [*LINES[:5], *extra, *LINES[5:]]
        assert read_bytes("\n".join(text).encode()).paragraphs == normalise(text)


@pytest.mark.parametrize(
    "contents",
    [
        '<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> TOC \\o "1-3" '
        '</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>'
        + run("一、数字经济1")
        + "</w:p>"
        + paragraph("二、大数据2")
        + '<w:p><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>',
        "<w:p>" + run("一、数字经济") + '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r>'
        "<w:instrText> PAGEREF _Toc12 \\h </w:instrText></w:r><w:r><w:fldChar "
        'w:fldCharType="separate"/></w:r>' + run("3")
        + '<w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>',
        '<w:p><w:fldSimple w:instr="TOC \\o">' + run("一、数字经济3") + "</w:fldSimple></w:p>",
        '<w:sdt><w:sdtPr><w:docPartObj><w:docPartGallery w:val="Table of Contents"/>'
        "</w:docPartObj></w:sdtPr><w:sdtContent>"
        + paragraph("一、数字经济")
        + "</w:sdtContent></w:sdt>",
        paragraph(run("数字经济3"), '<w:pStyle w:val="9"/>'),
    ],
)  # fmt: skip
def test_a_table_of_contents_of_the_word_processor_is_left_out(contents: str) -> None:
    styles = '<w:style w:type="paragraph" w:styleId="9"><w:name w:val="toc 2"/></w:style>'
    assert "contents" in whole(word_files.docx(contents + BODY, styles)).reason


# web pages


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("<script>createPageHTML(3, 0, 't2018', 'html');</script>", "page 1 of 3"),
        ("<script>createPageHTML('page', 2, 1,'t', 'shtml', 9)</script>", "page 2 of 2"),
        ("<div>第1页 共2页</div>", "page 1 of 2"),
        ("<p>共 3 页 / 第 1 页</p>", "page 1 of 3"),
        ("<a href='t2018_1.html'>下一页&gt;&gt;</a>", "下一页"),
        ("<a href='?page=2'> 下页 </a>", "下一页"),
    ],
)
def test_one_page_of_several_is_refused(more: str, said: str) -> None:
    for article in (f"<div id='zoom'>{ARTICLE}</div>{more}", f"<article>{ARTICLE}{more}</article>"):
        reading = read_bytes(page(article))
        assert reading.status == "damaged" and said in reading.reason
        assert "save every page" in reading.reason


@pytest.mark.parametrize(
    "more",
    [
        "<script>createPageHTML(1, 0, 't2018', 'html');</script>",
        "<div>第1页 共1页</div>",
        "<a>下一页</a><a href='#'>下一页</a><a href='javascript:void(0)'>下一页</a>",
        "<a href='t2019.html'>下一篇</a>",
    ],
)
def test_the_only_page_is_read(more: str) -> None:
    assert read_bytes(page(f"<div id='zoom'>{ARTICLE}</div>{more}")).paragraphs == ALL_LINES


@pytest.mark.parametrize(
    "last", ["上一页 下一页", "首页 上一页 下一页 尾页", "第1页 共3页", "共2页 第1页"]
)
def test_text_copied_from_one_page_of_several_is_doubted(last: str) -> None:
    text = "\n".join([*LINES, last]).encode()
    assert "first page of several" in " ".join(read_bytes(text).warnings)
    assert whole("\n".join(LINES).encode()).warnings == []


@pytest.mark.parametrize(
    "front",
    [b" " * 5000, b"\r\n" * 40_000, b"<script>" + b"var a=1;" * 2000 + b"</script>",
     b"\xef\xbb\xbf" + b"\t" * 70_000, b"<style>" + b"p{margin:0}" * 900 + b"</style>"],
)  # fmt: skip
def test_a_page_is_one_whatever_it_begins_with(front: bytes) -> None:
    reading = read_bytes(front + page(f"<div id='zoom'>{ARTICLE}</div>"))
    assert reading.format == "html" and reading.paragraphs == ALL_LINES


def _archive(encoding: str, charset: str, boundary: str = "b") -> bytes:
    body = page(f"<div id='zoom'>{ARTICLE}</div>").decode().encode(charset)
    if encoding == "base64":
        import base64

        packed = base64.encodebytes(body)
    else:
        packed = quopri.encodestring(body) if encoding == "quoted-printable" else body
    return (
        b"From: <Saved by a browser>\r\nSubject: =?utf-8?Q?report?=\r\nMIME-Version: 1.0\r\n"
        + f'Content-Type: multipart/related; boundary="{boundary}"\r\n\r\n'.encode()
        + f"--{boundary}\r\nContent-Type: text/html; charset={charset}\r\n".encode()
        + f"Content-Transfer-Encoding: {encoding}\r\n\r\n".encode()
        + packed
        + f"\r\n--{boundary}\r\nContent-Type: image/png\r\n\r\nx\r\n--{boundary}--\r\n".encode()
    )


@pytest.mark.parametrize(
    ("encoding", "charset"),
    [("quoted-printable", "utf-8"), ("base64", "gb18030"), ("8bit", "utf-8")],
)
def test_web_archives_are_read(encoding: str, charset: str) -> None:
    reading = read_bytes(_archive(encoding, charset))
    assert reading.status == "ok", reading.reason
    assert reading.paragraphs == ALL_LINES


def test_a_word_processors_web_page_is_read_whole() -> None:
    body = f"<div class=WordSection1>{ARTICLE}</div>"
    for head in (
        "<meta name=Generator content='Microsoft Word 15'>",
        "<meta name='generator' content='LibreOffice 7.4'>",
    ):
        hidden = "<p style='display:none;mso-hide:all'>数字经济</p>"
        assert read_bytes(page(hidden + body, head)).paragraphs == ALL_LINES


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{\\rtf1\\ansi\\deff0 x}", "RTF; save it as .docx"),
        (b'<?xml version="1.0"?><pkg:package xmlns:pkg="http://schemas.microsoft.com/office/'
         b'2006/xmlPackage"></pkg:package>', "as XML; save it as .docx"),
        (b'<?xml version="1.0"?><w:wordDocument xmlns:w="http://schemas.microsoft.com/office/'
         b'word/2003/wordml"></w:wordDocument>', "as XML; save it as .docx"),
    ],
)  # fmt: skip
def test_other_formats_of_word_name_the_way_out(content: bytes, said: str) -> None:
    reading = read_bytes(content)
    assert reading.status == "unsupported" and said in reading.reason


# characters and bytes


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-8-sig"])
def test_one_damaged_byte_costs_one_place(encoding: str) -> None:
    content = "\n".join(LINES).encode(encoding)
    for at in (len(content) // 3, len(content) // 2):
        damaged = content[:at] + b"\xff" + content[at:]
        reading = read_bytes(damaged)
        assert reading.status == "ok", reading.reason
        assert sum(a != b for a, b in zip(reading.paragraphs, normalise(LINES), strict=True)) <= 1
        assert "damaged bytes" in " ".join(reading.warnings)
    stray = (
        "数字".encode(encoding) + b"\xff" + "经济".encode(encoding).removeprefix(b"\xef\xbb\xbf")
    )
    reading = read_bytes(content + b"\n" + stray.removeprefix(b"\xef\xbb\xbf") + b"\nend of text")
    assert "数字经济" in reading.paragraphs


def test_many_damaged_bytes_are_no_text() -> None:
    content = "\n".join(LINES).encode()
    damaged = b"".join(content[i : i + 60] + b"\xff\xfe\xff" for i in range(0, len(content), 60))
    assert read_bytes(damaged).status == "garbled"


@pytest.mark.parametrize("mark", ["\v", "\f", "\x85", "\u2028", "\u2029"])
def test_line_marks_split_no_word_and_end_paragraphs_where_nothing_else_does(mark: str) -> None:
    cut = [line.replace("信息化", f"信息{mark}化") for line in LINES]
    whole("\n".join(cut).encode())
    whole(mark.join(LINES).encode())


# counts that stand twice


def test_a_text_that_stands_twice_is_doubted(tmp_path: Path) -> None:
    sentences = [
        f"第{n}项工作是全面推进企业改革发展，加强社会建设，提高人民生活质量。" for n in range(60)
    ]
    text = [*LINES[:4], *sentences, *LINES[4:]]
    contents = {
        "once": "\n".join(text).encode(),
        "twice": "\n".join([*text, *sentences]).encode(),
        "in columns": word_files.docx(
            "".join(map(paragraph, text)) + paragraph("".join(sentences))
        ),
        "on a page": page(
            f"<div id='zoom'>{ARTICLE}" + "".join(f"<p>{s}</p>" for s in sentences * 2) + "</div>"
        ),
    }
    for name, content in contents.items():
        warnings = " ".join(read_bytes(content).warnings)
        assert ("stand in it twice" in warnings) == (name != "once"), name
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "浙江2015.txt").write_bytes(contents["twice"])
    files = read_folder(tmp_path / "r", Cache(tmp_path / "c"), units=PROVINCES).files
    assert list(files["status"]) == ["ok"]
    (sentence,) = doubtful_texts(files)
    assert sentence.startswith("浙江2015.txt: ") and "twice" in sentence


# names and dates


@pytest.mark.parametrize(
    ("date", "year"),
    [
        ("二〇一五年一月二一日", 2015),
        ("二〇一五年一月廿一日", 2015),
        ("二○一五年一月二十日", 2015),
        ("二〇一五年十二月十十日", None),
        ("2015年一月九十九日", 2015),
        ("二〇一五年〇月〇日", None),
    ],
)
def test_any_date_is_read_or_left_aside(date: str, year: int | None) -> None:
    evidence = from_text(
        ["政府工作报告", f"——{date}在浙江省第十二届人民代表大会第三次会议上"], PROVINCES
    )
    assert evidence.year == year
    assert evidence.unit == PROVINCES.get("浙江")


def test_no_name_of_a_file_stops_the_run(tmp_path: Path) -> None:
    names = ["．", "．．．", "a／b", "。", "\u200b", "．txt", "2015／．", "\u2028", "①"]
    for name in names:
        (tmp_path / name).write_text(samples.report_text(), encoding="utf-8")
        assert from_name(name, PROVINCES).unit is None
    files = read_folder(tmp_path, Cache(tmp_path.parent / "c"), units=PROVINCES).files
    assert len(files) == len(names)
    assert set(files["status"]) <= {"ok", "duplicate"}
    assert from_name("浙江\u200b省２０１５．docx", PROVINCES).year == 2015


def _sign(kind: str) -> str:
    return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'


_CODE = "<w:r><w:instrText> {} </w:instrText></w:r>"


@pytest.mark.parametrize(
    ("field", "warned"),
    [
        (_sign("begin") + _CODE.format("PAGE"), True),
        (_sign("begin") + _CODE.format("TOC") + _sign("separate"), True),
        (
            _sign("begin") + _CODE.format("PAGE") + '<w:del w:id="1" w:author="a">'
            + _sign("separate") + _sign("end") + "</w:del>",
            False,
        ),
        (_sign("begin") + _CODE.format("PAGE") + _sign("separate") + _sign("end"), False),
    ],
    ids=["not closed", "contents not closed", "closed by what is deleted", "closed"],
)  # fmt: skip
def test_a_field_that_nothing_closes_swallows_no_text(field: str, warned: bool) -> None:

    lines = samples.report_lines()
    whole = samples.docx(lines)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            if name == "word/document.xml":
                at = part.index(b"</w:p>") + len(b"</w:p>")
                part = part[:at] + f"<w:p>{field}</w:p>".encode() + part[at:]
            new.writestr(name, part)
    reading = read_bytes(out.getvalue())
    assert reading.status == "ok"
    assert reading.paragraphs == read_bytes(whole).paragraphs
    assert any("fields are not closed" in one for one in reading.warnings) is warned
