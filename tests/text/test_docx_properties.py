"""Two hundred Word documents of random hidden, struck, raised, numbered, doubled and annotated
text: what is read is what the generator meant to be seen, and LibreOffice reads the same files."""

import random
import shutil
import subprocess
import unicodedata
from pathlib import Path

import pytest
import word_files
from word_files import paragraph, run

from dti_assets.text.readers.clean import normalise_paragraph
from dti_assets.text.readers.reading import read_bytes

FILES = 200
STYLES = (
    '<w:style w:type="paragraph" w:default="1" w:styleId="a"><w:name w:val="Normal"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="gone"><w:name w:val="gone"/><w:basedOn w:val="a"/>'
    "<w:rPr><w:vanish/></w:rPr></w:style>"
    '<w:style w:type="paragraph" w:styleId="below"><w:name w:val="below"/>'
    '<w:basedOn w:val="gone"/></w:style>'
    '<w:style w:type="character" w:styleId="unseen"><w:name w:val="unseen"/>'
    "<w:rPr><w:vanish/></w:rPr></w:style>"
    '<w:style w:type="character" w:styleId="raised"><w:name w:val="raised"/>'
    '<w:rPr><w:vertAlign w:val="superscript"/></w:rPr></w:style>'
    '<w:style w:type="character" w:styleId="over"><w:name w:val="over"/>'
    '<w:basedOn w:val="raised"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="TOC1"><w:name w:val="toc 1"/></w:style>'
)
SENTENCES = (
    "加快发展数字经济和大数据产业，推进工业互联网建设。",
    "全面加强5G基站和人工智能的应用，改革工作取得新的成果！",
    "建设区块链服务平台，提高企业的社会服务质量；",
    "“互联网+”行动全面推进，电子商务进村，人民生活改善。",
    "绿地面积120km²，新增厂房3万m²，投资50%以上。",
    "CPI上涨2.1%，AI和IoT企业达到1234家（含分公司）。",
)
HIDING = (
    "<w:vanish/>", '<w:vanish w:val="true"/>', '<w:rStyle w:val="unseen"/>', "<w:strike/>",
    "<w:dstrike/>", '<w:color w:val="FFFFFF"/>', '<w:sz w:val="2"/>',
    '<w:rStyle w:val="raised"/><w:vanish w:val="1"/>',
)  # fmt: skip
SHOWING = (
    "<w:b/>", '<w:vanish w:val="0"/>', '<w:rStyle w:val="unseen"/><w:vanish w:val="false"/>',
    '<w:strike w:val="0"/>', '<w:color w:val="FFFFFF"/><w:shd w:val="clear" w:fill="1F4E79"/>',
    '<w:color w:val="FFFFFE"/><w:highlight w:val="blue"/>', '<w:vertAlign w:val="subscript"/>',
)  # fmt: skip
RAISING = (
    '<w:vertAlign w:val="superscript"/>', '<w:rStyle w:val="raised"/>',
    '<w:rStyle w:val="over"/>', '<w:position w:val="8"/><w:sz w:val="14"/>',
)  # fmt: skip
MARKS = ("1", "12", "[3]", "〔4〕", "①", "(5)", "*", "注6", "7,8")
UNSEEN = "\u200b\u200d\u2060\u2063\ufeff\u00ad\u034f\u061c\u180e\ufe0f\u2066\u3164\U000e0101"
_BOX = (
    "<w:r><mc:AlternateContent><mc:Choice Requires='wps'><w:drawing><wp:inline>"
    "<wp:extent cx='1000000' cy='1000000'/><wp:docPr id='1' name='b'/>"
    "<a:graphic xmlns:a='http://schemas.openxmlformats.org/drawingml/2006/main'><a:graphicData "
    "uri='http://schemas.microsoft.com/office/word/2010/wordprocessingShape'><wps:wsp>"
    "<wps:cNvSpPr txBox='1'/><wps:spPr/><wps:txbx><w:txbxContent>{0}</w:txbxContent></wps:txbx>"
    "<wps:bodyPr/></wps:wsp></a:graphicData></a:graphic></wp:inline></w:drawing></mc:Choice>"
    "<mc:Fallback><w:pict><v:shape style='width:90pt;height:20pt'><v:textbox><w:txbxContent>{0}"
    "</w:txbxContent></v:textbox></v:shape></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
)


class Made:
    """A document being made: its body, the paragraphs to be seen, and all that LibreOffice's
    filter for text exports, which takes hidden, struck and deleted text along."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.body = ""
        self.seen: list[str] = []
        self.exported = ""
        self.number = 0
        for _ in range(self.random.randint(8, 14)):
            self._paragraph()

    def _paragraph(self) -> None:
        kind = self.random.choice(
            ["text"] * 8 + ["hidden style", "numbered", "box", "contents", "joined", "ruby"]
        )
        inner, seen, exported = self._runs(self.random.choice(SENTENCES))
        if kind == "hidden style":
            style = self.random.choice(("gone", "below"))
            words = self.random.choice(SENTENCES)
            self.body += paragraph(run(words), f'<w:pStyle w:val="{style}"/>')
            self.exported += words
            return
        if kind == "contents":
            self.body += paragraph(
                run("一、数字经济工作") + "<w:r><w:tab/></w:r>" + run("3"),
                '<w:pStyle w:val="TOC1"/>',
            )
            self.exported += "一、数字经济工作3"
            return
        if kind == "numbered":
            self.number += 1
            inner = paragraph(inner, '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>')
            exported = f"{self.number}.{exported}"
        elif kind == "joined":
            more, more_seen, more_exported = self._runs(self.random.choice(SENTENCES))
            mark = self.random.choice(("<w:vanish/>", '<w:del w:id="5" w:author="x"/>'))
            inner = paragraph(inner, f"<w:rPr>{mark}</w:rPr>") + paragraph(more)
            seen, exported = seen + more_seen, exported + more_exported
        elif kind == "ruby":
            inner = paragraph(
                f"{inner}<w:r><w:ruby><w:rubyPr/><w:rt>{run('shù')}</w:rt>"
                f"<w:rubyBase>{run('数')}</w:rubyBase></w:ruby></w:r>{run('字政府。')}"
            )
            seen, exported = f"{seen}数字政府。", f"{exported}数字政府。"
        elif kind == "box":
            inner = paragraph(inner + _BOX.format(paragraph("框内智慧城市。")))
        else:
            inner = paragraph(inner)
        self.body += inner
        self.seen.append(seen)
        if kind == "box":
            self.seen.append("框内智慧城市。")
        self.exported += exported

    def _runs(self, sentence: str) -> tuple[str, str, str]:
        """A sentence in runs cut anywhere, with other things between them."""
        pieces = []
        cuts = sorted(self.random.sample(range(1, len(sentence)), self.random.randint(0, 5)))
        for start, end in zip([0, *cuts], [*cuts, len(sentence)], strict=True):
            pieces.append(sentence[start:end])
        inner = seen = exported = ""
        for piece in pieces:
            inner += run(piece, self.random.choice(SHOWING) if self.random.random() < 0.2 else "")
            seen += piece
            exported += piece
            after, shown, everything = self._between(seen)
            inner += after
            seen += shown
            exported += everything
        return inner, seen, exported

    def _between(self, before: str) -> tuple[str, str, str]:
        kind = self.random.choice(
            ["", "hidden", "deleted", "mark", "circled", "unseen", "inserted", "field", "range"]
        )
        words = self.random.choice(("数字经济", "云计算", "旧的大数据", "5G"))
        if kind == "hidden":
            return run(words, self.random.choice(HIDING)), "", words
        if kind == "deleted":
            gone = f"<w:r><w:delText>{words}</w:delText></w:r>"
            return f'<w:del w:id="1" w:author="x">{gone}</w:del>', "", words
        if kind == "mark" and not before.endswith("m"):
            mark = self.random.choice(MARKS)
            return run(mark, self.random.choice(RAISING)), "", mark
        if kind == "circled" and before[-1].isalnum() and before[-1] not in "m²":
            return run("②"), "", "②"
        if kind == "unseen":
            character = self.random.choice(UNSEEN)
            return run(character), "", character
        if kind == "inserted":
            return f'<w:ins w:id="2" w:author="x">{run(words)}</w:ins>', words, words
        if kind == "field":
            char = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'
            code = '<w:r><w:instrText> HYPERLINK "http://example.org/5G" </w:instrText></w:r>'
            whole = (
                f"{char.format('begin')}{code}{char.format('separate')}{run(words)}"
                f"{char.format('end')}"
            )
            return whole, words, words
        if kind == "range":
            return '<w:bookmarkStart w:id="7" w:name="b"/><w:bookmarkEnd w:id="7"/>', "", ""
        return "", "", ""


@pytest.fixture(scope="module")
def made() -> list[Made]:
    return [Made(seed) for seed in range(FILES)]


def test_what_is_read_is_what_is_seen(made: list[Made]) -> None:
    for seed, one in enumerate(made):
        reading = read_bytes(word_files.docx(one.body, STYLES, strict=seed % 5 == 0))
        assert reading.status == "ok", (seed, reading.reason)
        expected = [text for text in map(normalise_paragraph, one.seen) if text]
        assert reading.paragraphs == expected, seed


def _bare(text: str) -> str:
    """Text without white space and unseen characters, whatever the package thinks these are."""
    wide = unicodedata.normalize("NFKC", text)
    return "".join(
        c for c in wide if not c.isspace() and unicodedata.category(c) not in ("Cf", "Mn", "Cc")
        and c != "\u1160"
    )  # fmt: skip


def test_libreoffice_exports_the_same_texts_and_the_hidden_ones(
    made: list[Made], tmp_path: Path
) -> None:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice (soffice) is not installed")
    for seed, one in enumerate(made):
        (tmp_path / f"{seed}.docx").write_bytes(word_files.docx(one.body, STYLES))
    subprocess.run(
        [
            office, "--headless", f"-env:UserInstallation=file://{tmp_path}/profile",
            "--convert-to", "txt:Text (encoded):UTF8", "--outdir", str(tmp_path / "txt"),
            *(str(tmp_path / f"{seed}.docx") for seed in range(FILES)),
        ],
        check=True, capture_output=True, timeout=240,
    )  # fmt: skip
    for seed, one in enumerate(made):
        text = (tmp_path / "txt" / f"{seed}.txt").read_text(encoding="utf-8-sig")
        assert _bare(text) == _bare(one.exported), seed
