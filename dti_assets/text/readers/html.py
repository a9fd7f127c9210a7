"""Web pages: the article and nothing around it.

Menus and related news multiply keyword hits several times, so the article is looked for in the
containers government sites use, then by trafilatura; the whole page is never taken.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dti_assets.text.extract import Extract, UnreadableError
from dti_assets.text.normalise import han_count
from dti_assets.text.readers.encodings import decode

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# ids and classes that hold the article on provincial portals, commonest first
CONTAINERS = (
    "zoom", "UCAP-CONTENT", "TRS_Editor", "TRS_UEDITOR", "trs_editor_view", "trs_paper_default",
    "article-content", "article_content", "articleContent", "news_content", "pages_content",
    "view", "xxgk_content", "content", "con_text", "BodyLabel", "arti_content", "wp_articlecontent",
)  # fmt: skip
MIN_HAN = 1000
_BLOCKS = frozenset(
    "address article blockquote br center dd div dl dt fieldset figure form h1 h2 h3 h4 h5 h6 hr "
    "li main ol p pre section table tbody td tfoot th thead tr ul".split()
)
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
    article = _container(page)
    if article is not None:
        return Extract(paragraphs(article), engine="lxml", encoding=encoding)
    found = _trafilatura(text)
    if found is not None and han_count("".join(found)) >= MIN_HAN:
        return Extract(found, engine="trafilatura", encoding=encoding)
    raise UnreadableError(
        "not_a_report", f"a web page without an article of at least {MIN_HAN} characters"
    )


def _container(page: HtmlElement) -> HtmlElement | None:
    """The first known container with an article in it, the innermost where they nest."""
    for name in CONTAINERS:
        found = page.xpath(
            "//*[@id=$name or contains(concat(' ', normalize-space(@class), ' '), $spaced)]",
            name=name,
            spaced=f" {name} ",
        )
        long = [node for node in found if han_count(node.text_content()) >= MIN_HAN]
        if long:
            return max(long, key=lambda node: han_count(node.text_content()))
    return None


def paragraphs(node: HtmlElement) -> list[str]:
    """The text of `node` with a break at every block element; scripts and forms left out."""
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
        if name and name not in _SKIPPED:
            pieces.append(block + _flat(current.text))
            stack.extend((child, "") for child in reversed(current))


def _flat(text: str | None) -> str:
    """Line breaks in the source are white space, not paragraphs."""
    return re.sub(r"\s*[\r\n]+\s*", " ", text) if text else ""


def _trafilatura(text: str) -> list[str] | None:
    import trafilatura

    found = trafilatura.extract(text, include_comments=False, include_tables=True)
    return found.split("\n") if found else None
