"""Web pages: the article and nothing around it.

Menus and related news multiply keyword hits several times, so the article is looked for in the
containers government sites use, then by trafilatura; the whole page is never taken.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dti_assets.errors import UnreadableError
from dti_assets.text.readers.clean import han_count
from dti_assets.text.readers.extract import Extract
from dti_assets.text.readers.plain import decode

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
_SKIPPED = frozenset("script style noscript template iframe button select textarea svg".split())


def read_html(content: bytes) -> Extract:
    """See read_bytes. Raises UnreadableError (`not_a_report`) where no article is found."""
    import lxml.html
    from lxml.etree import ParserError

    text, encoding = decode(content)
    # an encoding declaration inside decoded text makes lxml refuse it
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    try:
        page = lxml.html.document_fromstring(text)
    except (ParserError, ValueError) as error:
        raise UnreadableError("damaged", f"not a web page that can be parsed ({error})") from error
    if re.search(r"<(html|body)\b", text, re.I) and not re.search(r"</(html|body)\s*>", text, re.I):
        raise UnreadableError("damaged", "the page breaks off: neither body nor html is closed")
    article = _containers(page)
    if article:
        found = [line for node in article for line in paragraphs(node)]
        return Extract(found, engine="lxml", encoding=encoding)
    found = _trafilatura(text, paragraphs(page))
    if han_count("".join(found)) >= MIN_HAN:
        return Extract(found, engine="trafilatura", encoding=encoding)
    raise UnreadableError(
        "not_a_report", f"a web page without an article of at least {MIN_HAN} characters"
    )


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
