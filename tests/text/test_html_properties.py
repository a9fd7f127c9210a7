"""Two hundred web pages of random hidden, struck, raised, doubled and annotated text: what is read
is what the generator meant to be seen, and Chromium's innerText reads the same pages."""

import random
import shutil
import unicodedata
from html import escape

import pytest

from dti_assets.text.readers.clean import normalise_paragraph
from dti_assets.text.readers.reading import read_bytes

FILES = 200
STYLE = (
    "<style>/* .shown{display:none} */ .gone{display:none} #gone{visibility:hidden}"
    ".box .inner{display:none} .box>span.child{display:none}"
    "@media print{.shown{display:none} .gone{display:block}}"
    "@media (max-width:700px){.wide{display:none}} .phone{display:none}"
    "@media (max-width:700px){.phone{display:block}}"
    "@media screen and (min-width:600px){.small{display:none}}"
    ".off{display:none} .off.on{display:inline} .late{display:none!important}"
    ".struck{text-decoration:line-through} .tiny{font-size:0} .pale{color:#fff}"
    ".away{position:absolute;left:-9999px} a:hover .shown{display:none}</style>"
    '<style media="print">.shown{display:none}</style>'
)
SENTENCES = (
    "加快发展数字经济和大数据产业，推进工业互联网建设，深化重点领域改革，提高社会服务水平。",
    "全面加强5G基站和人工智能的应用，改革工作取得新的成果，人民生活质量得到全面改善！",
    "建设区块链服务平台，提高企业的社会服务质量，加强基础工作，推进国际合作和全面发展；",
    "“互联网+”行动全面推进，电子商务进村，人民生活改善，各项社会工作取得全面的新进展。",
    "绿地面积120km²，新增厂房3万m²，投资增长50%以上，企业技术改造全面推进，质量提高。",
    "CPI上涨2.1%，AI和IoT企业达到1234家（含分公司），高新技术企业发展建设全面加强。",
)
# markup that a reader does not see, and whether innerText has it
UNSEEN_MARKUP = (
    ('<span style="display:none">{}</span>', False),
    ('<span style="color:red; DISPLAY : NONE !important">{}</span>', False),
    ('<span class="x gone">{}</span>', False),
    ('<b id="gone">{}</b>', False),
    ('<span class="box"><i><span class="inner">{}</span></i></span>', False),
    ('<span class="box"><span class="child">{}</span></span>', False),
    ('<span class="phone">{}</span>', False),
    ('<em class="small">{}</em>', False),
    ('<span class="off">{}</span>', False),
    ('<span class="late" style="display:inline">{}</span>', False),
    ("<span hidden>{}</span>", False),
    ('<span style="visibility:hidden">{}</span>', False),
    ("<template>{}</template>", False),
    ("<noscript>{}</noscript>", False),
    ("<script>/* {} */</script>", False),
    ("<!-- {} -->", False),
    ("<del>{}</del>", True),
    ("<s>{}</s>", True),
    ("<strike>{}</strike>", True),
    ('<span class="struck">{}</span>', True),
    ('<span style="text-decoration: line-through red">{}</span>', True),
    ('<span class="tiny">{}</span>', True),
    ('<span style="font-size:0px">{}</span>', True),
    ('<font color="#FFFFFF">{}</font>', True),
    ('<span style="color: white">{}</span>', True),
    ('<span class="pale">{}</span>', True),
    ('<span style="opacity:0">{}</span>', True),
)
SEEN_MARKUP = (
    "<b>{}</b>", '<span class="shown">{}</span>', '<span class="wide">{}</span>',
    '<span class="off on">{}</span>', '<span style="display:inline">{}</span>',
    '<span style="color:#fff;background:#c00">{}</span>', "<ins>{}</ins>", "<u><i>{}</i></u>",
    '<span style="visibility:hidden"><span style="visibility:visible">{}</span></span>',
    '<span aria-hidden="true">{}</span>', "<sub>{}</sub>",
    '<span class="tiny"><b style="font-size:16px">{}</b></span>',
)  # fmt: skip
MARKS = ("1", "[12]", "〔3〕", "④", "(5)", "*", "注6", "7-8")
UNSEEN = "\u200b\u200d\u2060\u2063\ufeff\u00ad\u034f\u061c\u180e\ufe0f\u2066\u3164\U000e0101"


class Made:
    """A page being made: its article, the paragraphs to be seen, and those of innerText."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.seen: list[str] = []
        self.inner: list[str] = []
        article = "".join(self._paragraph() for _ in range(50))
        copy = "".join(f"<p>{sentence}</p>" for sentence in SENTENCES * 5)
        twin = self.random.choice(
            (
                "",
                f'<div class="TRS_Editor" style="display:none">{copy}</div>',
                f'<div class="TRS_Editor gone">{copy}</div>',
                f'<div class="phone"><div class="TRS_Editor">{copy}</div></div>',
                f'<template><div class="TRS_Editor">{copy}</div></template>',
            )
        )
        menu = "<ul>" + "<li><a href='/'>数字经济专栏</a></li>" * 9 + "</ul>"
        first, second = self.random.sample(
            [f'<div class="TRS_Editor" id="article">{article}</div>', twin], 2
        )
        head = self.random.choice(("", "\n" * 5000, f"<script>{'var a=1;' * 900}</script>"))
        self.page = (
            f'{head}<!DOCTYPE html><html><head><meta charset="utf-8">{STYLE}</head><body>{menu}'
            f"<div>{first}{second}</div></body></html>"
        )

    def _paragraph(self) -> str:
        inner, seen, shown = self._text(self.random.choice(SENTENCES))
        kind = self.random.random()
        if kind < 0.06:
            how = self.random.choice(
                ('style="display:none"', 'class="gone"', "hidden", 'class="phone small"')
            )
            return f"<p {how}>{inner}</p>"
        if kind < 0.09:
            return f"<details><summary></summary><p>{inner}</p></details>"
        if kind < 0.12:
            self.inner.append(SENTENCES[0])
            return f'<p class="away">{SENTENCES[0]}</p>'
        tag = self.random.choice(("p", "div", "h3"))
        self.seen.append(seen)
        self.inner.append(shown)
        return f"<{tag}>{inner}</{tag}>"

    def _text(self, sentence: str) -> tuple[str, str, str]:
        cuts = sorted(self.random.sample(range(1, len(sentence)), self.random.randint(0, 4)))
        markup = seen = shown = ""
        for start, end in zip([0, *cuts], [*cuts, len(sentence)], strict=True):
            piece = sentence[start:end]
            form = self.random.choice(SEEN_MARKUP) if self.random.random() < 0.2 else "{}"
            markup += form.format(escape(piece))
            seen += piece
            shown += piece
            after, more, everything = self._between(seen)
            markup += after
            seen += more
            shown += everything
        return markup, seen, shown

    def _between(self, before: str) -> tuple[str, str, str]:
        kind = self.random.choice(
            ["", "hidden", "hidden", "mark", "circled", "unseen", "reference", "wbr", "ruby"]
        )
        words = self.random.choice(("数字经济", "云计算", "旧的大数据", "5G"))
        if kind == "hidden":
            form, is_inner = self.random.choice(UNSEEN_MARKUP)
            return form.format(words), "", words if is_inner else ""
        if kind == "mark" and not before.endswith("m"):
            mark = self.random.choice(MARKS)
            form = self.random.choice(
                (
                    "<sup>{}</sup>",
                    '<sup><a href="#n">{}</a></sup>',
                    "<a href='#n'><sup>{}</sup></a>",
                    '<span style="vertical-align:super">{}</span>',
                )
            )
            return form.format(mark), "", mark
        if kind == "circled" and before[-1].isalnum() and before[-1] not in "m²":
            return "&#9313;", "", "②"
        if kind == "unseen":
            return (character := self.random.choice(UNSEEN)), "", character
        if kind == "reference":
            character = self.random.choice(UNSEEN)
            return f"&#x{ord(character):x};", "", character
        if kind == "wbr":
            return "<wbr>", "", ""
        if kind == "ruby":
            return "<ruby>数<rp>(</rp><rt>shù</rt><rp>)</rp></ruby>字。", "数字。", "数shù字。"
        return "", "", ""


@pytest.fixture(scope="module")
def made() -> list[Made]:
    return [Made(seed) for seed in range(FILES)]


def test_what_is_read_is_what_is_seen(made: list[Made]) -> None:
    for seed, one in enumerate(made):
        reading = read_bytes(one.page.encode())
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


def test_chromium_shows_the_same_texts(made: list[Made]) -> None:
    engine = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("the program chromium is not installed")
    with engine.sync_playwright() as running:
        browser = running.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--no-first-run"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        for seed, one in enumerate(made):
            page.set_content(one.page, wait_until="domcontentloaded")
            text = page.evaluate("document.getElementById('article').innerText")
            assert _bare(text) == _bare("".join(one.inner)), seed
        browser.close()
