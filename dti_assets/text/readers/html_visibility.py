"""What of a web page a reader sees: hidden, struck, unreadable and annotating text is taken out.

Rules of the page's own style sheets with simple selectors and inline styles are followed for a
wide screen; style sheets in other files and scripts are not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from dti_assets.text.readers.clean import han_count, is_note_mark

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# how many Han characters were taken out of an element; no page has this attribute
LEFT_OUT = "data-left-out"
# never shown, whatever the styles say; what browsers show only where a medium cannot be shown;
# deleted text; the pronunciation above a character
_NEVER = frozenset(
    "datalist noembed noframes param area audio video canvas rp rt rtc del s strike".split()
)
_CODE = frozenset("script style noscript template".split())
_SCREEN_WIDTH = 1280
_AWAY = re.compile(r"-\d{3,}(?:\.\d+)?(?:px|em|rem|pt|%)?|-\d{2,}r?em")
_ZERO = re.compile(r"[0.]+(?:px|pt|em|rem|%)?")
_WHITE = re.compile(
    r"white|#fff|#f[a-f]f[a-f]f[a-f]|#fff0|rgba?\(\s*25[0-5]\s*,\s*25[0-5]\s*,\s*25[0-5]\b[^)]*\)"
    r"|transparent|rgba\([^)]*,\s*0(?:\.0*)?\s*\)|#[0-9a-f]{6}00",
)
_NO_GROUND = re.compile(r"\s*(?:none|transparent|inherit|initial|unset|auto|0)?\s*")
_COMPOUND = re.compile(r"[a-z][\w-]*|\*|[.#][\w\u0080-\uffff-]+", re.IGNORECASE)
_USED = re.compile(
    r"display|visibility|opacity|font-size|font|color|background(?:-color|-image)?|"
    r"text-decoration(?:-line)?|position|left|top|text-indent|clip|clip-path|(?:max-)?height|"
    r"(?:max-)?width|overflow(?:-[xy])?|vertical-align|mso-hide|mso-element"
)
Declarations = dict[str, tuple[str, bool]]


class _Rule(NamedTuple):
    """Compounds from the right, each with whether it must be the parent of the one before."""

    compounds: tuple[tuple[tuple[str, ...], bool], ...]
    specificity: tuple[int, int, int]
    order: int
    declarations: Declarations


@dataclass(frozen=True)
class _State:
    """What an element hands on to those inside it."""

    unseen: bool = False
    white: bool = False
    on_colour: bool = False
    tiny: bool = False


def take_out_unseen(page: HtmlElement) -> bool:
    """Take everything out of the page, in place, that a reader does not see, and the marks of
    notes; return whether anything was. Elements it was taken out of have attribute LEFT_OUT."""
    rules = _index(_rules(page))
    changed = False
    stack: list[tuple[HtmlElement, _State]] = [(page, _State())]
    while stack:
        node, above = stack.pop()
        if not isinstance(node.tag, str):
            continue
        style = _style(node, rules)
        parent = node.getparent()
        if node.tag in _CODE:
            # no text, but what it holds may look like an article
            if len(node) or (node.text and han_count(node.text)):
                node.drop_tree()
            continue
        # a page that is hidden as a whole is shown by a script
        if parent is not None and node.tag != "body":
            is_mark = _is_mark(node, style)
            if is_mark or _is_hidden(node, style):
                if not is_mark:
                    _note(parent, node.text_content())
                node.drop_tree()
                changed = True
                continue
        state = _handed_on(node, style, above)
        if state.unseen or state.tiny or (state.white and not state.on_colour):
            changed |= _blank(node)
        stack.extend((child, state) for child in reversed(node))
    return changed


def _note(node: HtmlElement, text: str) -> None:
    if number := han_count(text):
        node.set(LEFT_OUT, str(int(node.get(LEFT_OUT, "0")) + number))


def _blank(node: HtmlElement) -> bool:
    """Take out the text of the element itself; elements inside may look otherwise."""
    texts = [node.text or "", *(child.tail or "" for child in node)]
    if not any(text.strip() for text in texts):
        return False
    _note(node, "".join(texts))
    node.text = None
    for child in node:
        child.tail = None
    return True


def _is_hidden(node: HtmlElement, style: dict[str, str]) -> bool:
    name = node.tag
    if name in _NEVER or style.get("display") == "none":
        return True
    if "hidden" in node.attrib and not style.get("display"):
        return True
    if name == "dialog" and "open" not in node.attrib:
        return True
    above = node.getparent()
    if above is not None and above.tag == "details" and "open" not in above.attrib:
        return bool(name != "summary")
    if not style:
        return False
    if _ZERO.fullmatch(style.get("opacity", "1")) or style.get("mso-hide") == "all":
        return True
    if style.get("mso-element", "").startswith("comment"):
        return True
    struck = style.get("text-decoration", "") + style.get("text-decoration-line", "")
    return "line-through" in struck or _is_off_the_page(style)


def _is_off_the_page(style: dict[str, str]) -> bool:
    if _AWAY.fullmatch(style.get("text-indent", "")):
        return True
    if style.get("position") in ("absolute", "fixed"):
        if any(_AWAY.fullmatch(style.get(side, "")) for side in ("left", "top")):
            return True
        clip = re.sub(r"[\s,]|px", "", style.get("clip", ""))
        if clip in ("rect(0000)", "rect(1111)"):
            return True
    if re.fullmatch(r"inset\((?:50|100)%\)", style.get("clip-path", "")):
        return True
    cut = any(style.get(name) in ("hidden", "clip") for name in ("overflow", "overflow-y"))
    return cut and any(
        _ZERO.fullmatch(style.get(name, "")) for name in ("height", "max-height", "width")
    )


def _is_mark(node: HtmlElement, style: dict[str, str]) -> bool:
    """Whether the element is a raised mark of a note, or the place of a comment."""
    if "MsoCommentReference" in node.get("class", ""):
        return True
    if node.tag != "sup" and style.get("vertical-align") != "super":
        return False
    return is_note_mark(_before(node), node.text_content())


def _before(node: HtmlElement) -> str:
    """The end of the text in front of an element, within its block."""
    while True:
        previous = node.getprevious()
        if previous is not None:
            return (previous.tail or previous.text_content() or "")[-8:]
        parent = node.getparent()
        if parent is None:
            return ""
        if parent.text:
            return str(parent.text)[-8:]
        if parent.tag not in ("a", "span", "b", "strong", "em", "i", "font", "u"):
            return ""
        node = parent


def _handed_on(node: HtmlElement, style: dict[str, str], above: _State) -> _State:
    colour = node.get("color") if node.tag == "font" else None
    ground = node.get("bgcolor") or node.get("background")
    if not style and not colour and not ground:
        return above
    unseen, white, tiny = above.unseen, above.white, above.tiny
    if "visibility" in style:
        unseen = style["visibility"] in ("hidden", "collapse")
    if colour := style.get("color", colour):
        white = _WHITE.fullmatch(colour.lower()) is not None
    if (size := style.get("font-size")) is not None:
        tiny = _ZERO.fullmatch(size) is not None
    elif "font" in style:
        tiny = re.match(r"0(?:px|pt)?[/\s]", style["font"]) is not None
    painted = (style.get(name, "") for name in ("background", "background-color"))
    grounds = [*painted, style.get("background-image", ""), ground or ""]
    on_colour = above.on_colour
    if grounds := [one.strip().lower() for one in grounds if not _NO_GROUND.fullmatch(one)]:
        on_colour = any(not _WHITE.fullmatch(one) for one in grounds)
    return _State(unseen, white, on_colour, tiny)


def _style(node: HtmlElement, index: dict[str, list[_Rule]]) -> dict[str, str]:
    """The declarations that hold for an element, by the cascade."""
    found: list[tuple[tuple[int, int, int], int, Declarations]] = []
    if index:
        names = node.get("class", "").split()
        keys = [node.tag, "*", *(f".{name}" for name in names), f"#{node.get('id', '')}"]
        for key in keys:
            for rule in index.get(key, ()):
                if _matches(rule, node):
                    found.append((rule.specificity, rule.order, rule.declarations))
    inline = node.get("style")
    if inline and not found:
        return _plain_style(inline)
    if inline:
        found.append(((1000, 0, 0), 0, _declarations(inline)))
    if not found:
        return {}
    style: dict[str, str] = {}
    for wanted in (False, True):
        for _, _, declarations in sorted(found, key=lambda one: one[:2]):
            style.update(
                {name: v for name, (v, important) in declarations.items() if important == wanted}
            )
    return style


@lru_cache(maxsize=1024)
def _plain_style(inline: str) -> dict[str, str]:
    """The declarations of an inline style that no rule of a sheet joins; not to be changed."""
    return {name: value for name, (value, _) in _declarations(inline).items()}


def _matches(rule: _Rule, node: HtmlElement) -> bool:
    current: HtmlElement | None = node
    for number, (parts, is_parent) in enumerate(rule.compounds):
        if number:
            current = current.getparent() if current is not None else None
            while not is_parent and current is not None and not _is(current, parts):
                current = current.getparent()
        if current is None or not _is(current, parts):
            return False
    return True


def _is(node: HtmlElement, parts: tuple[str, ...]) -> bool:
    for part in parts:
        if part.startswith("."):
            if part[1:] not in node.get("class", "").split():
                return False
        elif part.startswith("#"):
            if part[1:] != node.get("id"):
                return False
        elif part != "*" and part.lower() != node.tag:
            return False
    return True


def _rules(page: HtmlElement) -> Iterator[_Rule]:
    order = 0
    for node in page.iter("style"):
        if not _holds(node.get("media", "")):
            continue
        for selectors, body in _blocks(
            re.sub(r"/\*.*?\*/|<!--|-->", "", node.text or "", flags=re.S)
        ):
            declarations = _declarations(body)
            if not declarations:
                continue
            for selector in selectors.split(","):
                order += 1
                compounds = _compounds(selector.strip())
                if compounds:
                    every = [part for parts, _ in compounds for part in parts]
                    ids = sum(part.startswith("#") for part in every)
                    classes = sum(part.startswith(".") for part in every)
                    rest = len(every) - ids - classes - every.count("*")
                    yield _Rule(compounds, (ids, classes, rest), order, declarations)


def _index(rules: Iterator[_Rule]) -> dict[str, list[_Rule]]:
    """The rules by the last part of what they select, which an element must be."""
    found: dict[str, list[_Rule]] = {}
    for rule in rules:
        last = rule.compounds[0][0][-1]
        found.setdefault(last if last[0] in ".#" else last.lower(), []).append(rule)
    return found


def _compounds(selector: str) -> tuple[tuple[tuple[str, ...], bool], ...]:
    """The compounds of a selector from the right; none where it says more than tags, classes,
    names and nesting."""
    found: list[tuple[tuple[str, ...], bool]] = []
    is_parent = False
    for word in reversed(re.sub(r"\s*>\s*", " > ", selector).split()):
        if word == ">":
            is_parent = True
            continue
        parts = tuple(_COMPOUND.findall(word))
        if "".join(parts) != word:
            return ()
        found.append((parts, is_parent))
        is_parent = False
    return tuple(found)


def _blocks(css: str) -> Iterator[tuple[str, str]]:
    """Selectors and declarations of the rules that hold on a wide screen."""
    start = depth = 0
    opened = -1
    for match in re.finditer("[{};]", css):
        mark = match.group()
        if mark == "{":
            depth += 1
            if depth == 1:
                opened = match.start()
        elif mark == "}" and depth:
            depth -= 1
            if depth == 0:
                prelude, body = css[start:opened].strip(), css[opened + 1 : match.start()]
                start = match.end()
                if not prelude.startswith("@"):
                    yield prelude, body
                elif prelude.startswith(("@supports", "@layer")) or (
                    prelude.startswith("@media") and _holds(prelude[6:])
                ):
                    yield from _blocks(body)
        elif mark == ";" and depth == 0:
            start = match.end()  # @import, @charset


def _holds(media: str) -> bool:
    """Whether a media query holds on a wide screen."""
    return any(map(_one_holds, media.lower().split(",")))


def _one_holds(query: str) -> bool:
    query = query.strip()
    kind = re.match(r"(?:only\s+)?(not\s+)?(screen|print|all|[a-z]+)?", query)
    if kind and kind.group(2) and (kind.group(2) in ("screen", "all")) == bool(kind.group(1)):
        return False
    for name, value in re.findall(r"\(\s*([\w-]+)\s*(?::\s*([^)]*))?\)", query):
        width = re.match(r"(\d+(?:\.\d+)?)\s*(px|r?em)", value or "")
        if name not in ("min-width", "max-width") or width is None:
            return name == "orientation" and value.strip() == "landscape"
        pixels = float(width.group(1)) * (1 if width.group(2) == "px" else 16)
        if not (pixels <= _SCREEN_WIDTH if name == "min-width" else pixels >= _SCREEN_WIDTH):
            return False
    return True


def _declarations(text: str) -> Declarations:
    """The declarations that matter, lower case, each with whether it is !important."""
    found: Declarations = {}
    for one in text.split(";"):
        name, colon, value = one.partition(":")
        name = name.strip().lower()
        if colon and _USED.fullmatch(name):
            bare, important, _ = value.lower().partition("!important")
            found[name] = bare.strip(), bool(important)
    return found
