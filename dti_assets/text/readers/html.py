"""Web pages: the article and nothing around it.

Menus and related news multiply keyword hits several times, so the article is looked for in the
containers government sites use, then by trafilatura; the whole page is taken only where a word
processor wrote it. What no reader sees is taken out first (html_visibility).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dti_assets.errors import UnreadableError
from dti_assets.text.readers.clean import han_count
from dti_assets.text.readers.extract import Extract
from dti_assets.text.readers.html_visibility import LEFT_OUT, take_out_unseen
from dti_assets.text.readers.plain import decode, lead

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# ids and classes that hold the article on government portals, commonest first
CONTAINERS = (
    "zoom", "UCAP-CONTENT", "TRS_Editor", "TRS_UEDITOR", "trs_editor_view", "trs_paper_default",
    "article-content", "article_content", "articleContent", "news_content", "pages_content",
    "view", "xxgk_content", "content", "con_text", "BodyLabel", "arti_content", "wp_articlecontent",
)  # fmt: skip
MIN_HAN = 1000
# a paragraph of so many characters is no menu entry that happens to stand in the article too
_LONG = 20
_BLOCKS = frozenset(
    "address article blockquote br center dd div dl dt fieldset figure form h1 h2 h3 h4 h5 h6 hr "
    "li main ol p pre section table tbody td tfoot th thead tr ul".split()
)
_MENUS = frozenset({"ul", "ol", "dl", "nav"})
_SKIPPED = frozenset(
    "script style noscript template iframe button select textarea svg head title".split()
)
# a page that a word processor wrote has the document and nothing around it
_WRITTEN = re.compile(
    r"urn:schemas-microsoft-com:office:word|<meta[^>]+generator[^>]+(?:microsoft word|wps|"
    r"libreoffice|openoffice)"
)
# numbers of control characters that browsers read as the punctuation of Windows-1252
_REFERENCE = re.compile(r"&#(?:(1[2-5]\d)|[xX]([89][0-9a-fA-F]));?")
# parts of one article on several pages: scripts of government portals, and words of links
_PAGES_OF_SCRIPT = re.compile(
    r"createPage(?:HTML|Html)?\s*\(\s*(?:['\"][^'\"]*['\"]\s*,\s*)?(\d{1,3})\s*,\s*(\d{1,3})"
)
_PAGES_IN_WORDS = re.compile(
    r"(?:第\s*(\d{1,3})\s*页?\s*[/／,，|（(]?\s*共\s*(\d{1,3})\s*页)"
    r"|(?:共\s*(\d{1,3})\s*页\s*[/／,，|]?\s*(?:当前)?第\s*(\d{1,3})\s*页)"
)
_NEXT_PAGE = re.compile(r"(?:下一?页|后一页)[\s>»›→]*|next\s*page\s*[>»›→]*", re.IGNORECASE)
# without any of these in its source a page is whole, and not looked through
_GOING_ON = ("createPage", "下一页", "下页", "后一页", "ext page", "ext Page")
_COUNTED = re.compile(r"共[^\u4e00-\u9fff]{1,80}页")
_WAY_OUT = "save every page into one file, or the site's printable version"


def read_html(content: bytes) -> Extract:
    """See read_bytes. Raises UnreadableError (`not_a_report`) where no article is found."""
    import lxml.html

    warnings: list[str] = []
    text, encoding = decode(_unwrapped(content), warnings)
    page = _parsed(text)
    if re.search(r"<(html|body)\b", text, re.I) and not re.search(r"</(html|body)\s*>", text, re.I):
        raise UnreadableError("damaged", "the page breaks off: neither body nor html is closed")
    if why := _page_of_several(page, text):
        raise UnreadableError("damaged", f"{why}; {_WAY_OUT}")
    source = text
    if take_out_unseen(page):
        text = lxml.html.tostring(page, encoding="unicode")
    body = page.find("body")
    head = text[:20_000].lower()
    is_written = body is not None and ("office:word" in head or "generator" in head)
    is_written = is_written and _WRITTEN.search(head) is not None
    article = [body] if is_written else _containers(page)
    if article:
        found = [line for node in article for line in paragraphs(node)]
        engine, parts = "lxml", article
    else:
        found = _trafilatura(text, paragraphs(page))
        engine, parts = "trafilatura", []
    if han_count("".join(found)) >= MIN_HAN or parts:
        return Extract(found, engine, encoding=encoding, notes=_left_out(parts), warnings=warnings)
    if han_count(_parsed(source).text_content()) - han_count(page.text_content()) >= MIN_HAN:
        raise UnreadableError(
            "not_a_report",
            "the page's own styles hide its article, which a script shows in a browser; "
            "save the text as .docx or .txt",
        )
    raise UnreadableError(
        "not_a_report", f"a web page without an article of at least {MIN_HAN} characters"
    )


def shown_paragraphs(content: bytes) -> list[str]:
    """Return all that a page shows, for one that is part of another document."""
    text, _ = decode(_unwrapped(content))
    page = _parsed(text)
    take_out_unseen(page)
    return paragraphs(page)


def _parsed(text: str) -> HtmlElement:
    import lxml.html
    from lxml.etree import ParserError

    # an encoding declaration inside decoded text makes lxml refuse it
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    text = _REFERENCE.sub(_of_windows, text)
    try:
        return lxml.html.document_fromstring(text)
    except (ParserError, ValueError) as error:
        raise UnreadableError("damaged", f"not a web page that can be parsed ({error})") from error


def _left_out(article: list[HtmlElement]) -> list[str]:
    """How much of an article no reader sees."""
    marked = (node for part in article for node in part.iter() if isinstance(node.tag, str))
    number = sum(int(node.get(LEFT_OUT, "0")) for node in marked)
    return [f"{number:,} characters of hidden or struck text left out"] if number else []


def _of_windows(match: re.Match[str]) -> str:
    code = int(match.group(1)) if match.group(1) else int(match.group(2), 16)
    if not 0x80 <= code <= 0x9F:
        return match.group()
    return bytes([code]).decode("cp1252", errors="ignore")


def _unwrapped(content: bytes) -> bytes:
    """The page in a web archive (MHTML); any other content as it is."""
    import email
    import email.policy

    if not is_archive(content):
        return content
    message = email.message_from_bytes(content.lstrip(), policy=email.policy.compat32)
    for part in message.walk():
        if part.get_content_type() in ("text/html", "application/xhtml+xml"):
            page = part.get_payload(decode=True)
            if isinstance(page, bytes):
                return page
    raise UnreadableError("damaged", "a web archive (MHTML) without a page; save the page as .html")


def is_archive(content: bytes) -> bool:
    """Whether the bytes are a web archive as browsers save it (.mht, .mhtml)."""
    head = lead(content)
    is_message = (
        re.match(rb"[a-z][a-z-]*:", head) is not None and b"\nmime-version:" in b"\n" + head
    )
    return is_message and (b"multipart/" in head or b"text/html" in head)


def _page_of_several(page: HtmlElement, text: str) -> str:
    """Why the page holds one part of an article only; empty where it holds the whole."""
    if not any(word in text for word in _GOING_ON) and not _COUNTED.search(text):
        return ""
    for match in _PAGES_OF_SCRIPT.finditer(text):
        if int(match.group(1)) > 1:
            return f"page {int(match.group(2)) + 1} of {match.group(1)} of a paged article"
    for node in page.iter("a", "span", "div", "p", "li", "td", "font", "em", "b", "strong"):
        words = node.text_content() if len(node) < 30 else ""
        if len(words) > 200:
            continue
        if counted := _PAGES_IN_WORDS.search(words):
            number = counted.group(1) or counted.group(4)
            total = counted.group(2) or counted.group(3)
            if int(total) > 1:
                return f"page {number} of {total} of a paged article"
        if node.tag == "a" and _NEXT_PAGE.fullmatch(words.strip()) and _leads_on(node):
            return "one page of an article that goes on (下一页)"
    return ""


def _leads_on(link: HtmlElement) -> bool:
    """Whether a link goes to another page; without one there is no next page."""
    target = (link.get("href") or "").strip().lower()
    return bool(target) and not target.startswith(("#", "javascript:void", "javascript:;"))


def _containers(page: HtmlElement) -> list[HtmlElement]:
    """The known container that holds the article: of nested ones the innermost that still has
    most of the text, and its siblings of the same name where a page stores it in pieces."""
    known: dict[HtmlElement, str] = {}
    for name in CONTAINERS:
        for node in page.xpath(
            "//*[@id=$name or contains(concat(' ', normalize-space(@class), ' '), $spaced)]",
            name=name,
            spaced=f" {name} ",
        ):
            known.setdefault(node, name)
    sizes = {node: _prose(node) for node in known}
    best = max(sizes, key=lambda node: sizes[node], default=None)
    if best is None:
        return []
    while True:
        inner = [n for n in known if best in n.iterancestors() and sizes[n] >= 0.85 * sizes[best]]
        if not inner:
            break
        best = max(inner, key=lambda node: sizes[node])
    pieces = [n for n in known if known[n] == known[best] and n.getparent() is best.getparent()]
    total = sum(sizes[node] for node in pieces)
    return sorted(pieces, key=_position) if total >= MIN_HAN else []


def _position(node: HtmlElement) -> int:
    return sum(1 for _ in node.itersiblings(preceding=True))


def _prose(node: HtmlElement) -> int:
    """Han characters of an element outside links."""
    links = sum(han_count(link.text_content()) for link in node.iter("a"))
    return han_count(node.text_content()) - links


def _is_menu(node: HtmlElement) -> bool:
    """A block that is little but links: navigation, related news."""
    total = han_count(node.text_content())
    return total > 0 and _prose(node) < 0.2 * total


def paragraphs(node: HtmlElement) -> list[str]:
    """The text of `node` with a break at every block element; scripts, forms and menus left
    out."""
    pieces: list[str] = []
    _collect(node, pieces)
    return [line for line in "".join(pieces).split("\n") if line.strip()]


def _collect(node: HtmlElement, pieces: list[str]) -> None:
    """Iterative, because hostile pages nest deeper than Python's stack."""
    stack: list[tuple[HtmlElement | None, str]] = [(node, "")]
    while stack:
        current, text = stack.pop()
        if current is None:
            pieces.append(text)
            continue
        name = current.tag if isinstance(current.tag, str) else ""
        block = "\n" if name in _BLOCKS else ""
        tail = "" if current is node else _flat(current.tail)
        stack.append((None, block + tail))
        if name and name not in _SKIPPED and not (name in _MENUS and _is_menu(current)):
            pieces.append(block + _flat(current.text))
            stack.extend((child, "") for child in reversed(current))


def _flat(text: str | None) -> str:
    """Line breaks in the source are white space, not paragraphs."""
    return re.sub(r"\s*[\r\n]+\s*", " ", text) if text else ""


def _trafilatura(text: str, everything: list[str]) -> list[str]:
    """The page's paragraphs that trafilatura takes for the article.

    It drops a paragraph that stands a second time and joins what a table cell holds, so it only
    says which paragraphs belong; the page's own are taken, each time they stand there.
    """
    import trafilatura

    found = _bare(trafilatura.extract(text, include_comments=False, include_tables=True) or "")
    belongs = [len(_bare(p)) >= _LONG and _bare(p) in found for p in everything]
    if not any(belongs):
        return []
    first, last = belongs.index(True), len(belongs) - belongs[::-1].index(True)
    # the title and other short lines before the first long one
    while first > 0 and _bare(everything[first - 1]) in found:
        first -= 1
    return [p for p in everything[first:last] if _bare(p) in found]


def _bare(text: str) -> str:
    return re.sub(r"\s", "", text)
