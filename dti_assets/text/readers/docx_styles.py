"""How a run of a Word document looks, as far as that decides what is read: hidden, struck, white
on white, tiny or raised. From the run itself, its styles and their ancestors, and the defaults."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
STRICT = b"http://purl.oclc.org/ooxml/wordprocessingml/main"
# properties that a style of paragraphs and one of characters switch each other off
_TOGGLES = ("vanish", "strike")
_CONTENTS = re.compile(r"toc\s*(\d|heading)|目录\s*\d", re.IGNORECASE)
# each channel of a colour that is as good as white on paper
_WHITE = 0xFA
# half points; no one reads text of one point
_TINY = 2

# what decides how a run looks, by name: switches as booleans, the others as they are written
Properties = dict[str, Any]


@dataclass(frozen=True)
class Look:
    """`hidden` says why a run is not seen: hidden, struck, white or tiny; empty for one that is."""

    hidden: str = ""
    raised: bool = False


@dataclass(frozen=True)
class ParagraphStyle:
    """What a paragraph hands on to its runs."""

    properties: Properties
    is_contents: bool
    mark_hidden: bool
    shaded: bool


def is_on(node: Any) -> bool:
    """Whether a switch such as w:vanish is there and on."""
    return node is not None and node.get(W + "val") not in ("0", "false", "off", "none")


class Styles:
    """The styles of a document, and how its runs look by them."""

    def __init__(self, sheet: Any, document: Any) -> None:
        self._nodes: dict[str, Any] = {}
        self._known: dict[str, Properties] = {}
        self._defaults: Properties = {}
        self._first: dict[str, str] = {}
        self._shaded_tables: set[str] = set()
        background = document.find(W + "background")
        # white text stands out on a coloured page
        self._on_colour = background is not None and _is_dark(background.get(W + "color"))
        if sheet is None:
            return
        self._defaults = _properties(sheet.find(f"{W}docDefaults/{W}rPrDefault/{W}rPr"))
        for node in sheet.findall(W + "style"):
            name, kind = node.get(W + "styleId", ""), node.get(W + "type", "paragraph")
            self._nodes[name] = node
            if node.get(W + "default") in ("1", "true", "on"):
                self._first[kind] = name

    def paragraph(self, node: Any) -> ParagraphStyle:
        """The style of a paragraph, with whether its mark is hidden or was deleted."""
        own = node.find(W + "pPr")
        name = mark = None
        shaded = False
        if own is not None:
            name, mark = _value(own, "pStyle"), own.find(W + "rPr")
            shaded = _is_shaded(own)
        name = name or self._first.get("paragraph", "")
        properties = self._of(name)
        hidden = False
        if mark is not None:
            deleted = mark.find(W + "del") is not None or mark.find(W + "moveFrom") is not None
            hidden = deleted or is_on(mark.find(W + "vanish")) or is_on(mark.find(W + "specVanish"))
        return ParagraphStyle(
            properties, self._is_contents(name), hidden, shaded or "paragraph shading" in properties
        )

    def run(self, run: Any, style: ParagraphStyle) -> Look:
        own = run.find(W + "rPr")
        if own is None and not style.properties and not self._defaults:
            return _PLAIN
        named = self._of((own is not None and _value(own, "rStyle")) or "")
        direct = _properties(own)
        look = {**self._defaults, **style.properties, **named, **direct}
        for name in _TOGGLES:
            if name not in direct:
                both = bool(style.properties.get(name)) != bool(named.get(name))
                look[name] = bool(self._defaults.get(name)) or both
        raised = look.get("vertAlign") == "superscript" or (
            look.get("vertAlign") is None and look.get("position", 0) > 0
        )
        return Look(self._hidden(look, run, style), raised)

    def _hidden(self, look: Properties, run: Any, style: ParagraphStyle) -> str:
        if look.get("vanish"):
            return "hidden"
        if look.get("strike") or look.get("dstrike"):
            return "struck"
        if look.get("sz", 99) <= _TINY:
            return "tiny"
        if look.get("white") and not (
            look.get("shaded") or style.shaded or self._on_colour or self._stands_on_colour(run)
        ):
            return "white"
        return ""

    def _stands_on_colour(self, run: Any) -> bool:
        """Whether a run stands in a shape, or in a table that may be shaded: white text there is
        meant to be read."""
        for node in run.iterancestors():
            if node.tag == W + "txbxContent":
                return True
            if node.tag == W + "tc" and _is_shaded(node.find(W + "tcPr")):
                return True
            if node.tag == W + "tbl":
                properties = node.find(W + "tblPr")
                name = _value(properties, "tblStyle") if properties is not None else None
                if _is_shaded(properties) or (name and self._is_shaded_table(name)):
                    return True
        return False

    def _is_shaded_table(self, name: str) -> bool:
        seen = set()
        while name in self._nodes and name not in seen:
            seen.add(name)
            if any(_is_ground(shade) for shade in self._nodes[name].iter(W + "shd")):
                return True
            name = _value(self._nodes[name], "basedOn") or ""
        return False

    def _is_contents(self, name: str) -> bool:
        node = self._nodes.get(name)
        written = (_value(node, "name") if node is not None else None) or name
        return _CONTENTS.fullmatch(written) is not None

    def _of(self, name: str) -> Properties:
        """The properties of a style with those of the styles it is based on."""
        if name not in self._nodes:
            return {}
        if name not in self._known:
            self._known[name] = {}  # styles based on one another in a circle
            node = self._nodes[name]
            above = self._of(_value(node, "basedOn") or "")
            own = _properties(node.find(W + "rPr"))
            if _is_shaded(node.find(W + "pPr")):
                own["paragraph shading"] = True
            self._known[name] = {**above, **own}
        return self._known[name]


_PLAIN = Look()


def _properties(node: Any) -> Properties:
    """What an element w:rPr says of the properties that matter."""
    found: Properties = {}
    if node is None:
        return found
    for one in node:
        tag = one.tag
        if not isinstance(tag, str):
            continue
        name, value = tag.rpartition("}")[2], one.get(W + "val")
        if name in ("vanish", "strike", "dstrike"):
            found[name] = is_on(one)
        elif name == "vertAlign":
            found[name] = value
        elif name in ("position", "sz"):
            found[name] = int(value) if value and re.fullmatch(r"-?\d{1,6}", value) else 0
            if name == "sz" and not found[name]:
                del found[name]
        elif name == "color":
            found["white"] = _is_white(value)
        elif name == "shd":
            found["shaded"] = _is_ground(one)
        elif name == "highlight":
            found["shaded"] = value not in (None, "none", "white")
    return found


def _value(node: Any, name: str) -> str | None:
    found = node.find(W + name)
    return None if found is None else found.get(W + "val")


def _is_shaded(node: Any) -> bool:
    return node is not None and _is_ground(node.find(W + "shd"))


def _is_ground(shade: Any) -> bool:
    """Whether an element w:shd paints a ground on which white text can be read."""
    if shade is None:
        return False
    is_pattern = shade.get(W + "val", "clear") not in ("clear", "nil")
    return is_pattern or _is_dark(shade.get(W + "fill"))


def _is_white(colour: str | None) -> bool:
    if colour is None or not re.fullmatch("[0-9A-Fa-f]{6}", colour):
        return False
    return min(bytes.fromhex(colour)) >= _WHITE


def _is_dark(colour: str | None) -> bool:
    """Whether white text can be read on a ground of that colour; `auto` is paper."""
    if colour is None or not re.fullmatch("[0-9A-Fa-f]{6}", colour):
        return False
    return not _is_white(colour)
