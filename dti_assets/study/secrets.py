"""What a study file or an address holds that is nobody's business, and both without it.

A webhook's address is a password as a whole; of other addresses the part before the host is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import yaml

# stands for an address that is nobody's business; no host can have this name
WITHHELD = "https://withheld.invalid"
_USER = re.compile(r"(?<=://)[^/\s'\"]*@")
_ADDRESS = re.compile(r"https?://\S+")


def without_user(text: str) -> str:
    """The text, with *** for name and password in each address of it."""
    return _USER.sub("***@", text)


def without_secrets(text: str, webhook: str | None) -> str:
    """The text of a study file that loads as before, without the webhook's address, wherever and
    however it is written there, and without names and passwords of other addresses."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        # edited since it was read: where the webhook stands cannot be told
        return without_user(_ADDRESS.sub(WITHHELD, text))
    # from the end, so that what is replaced moves no place that follows
    found = {node.start_mark.index: node for node in _scalars(root)}
    for start, node in sorted(found.items(), reverse=True):
        shown = WITHHELD if node.value == webhook else without_user(node.value)
        if shown != node.value:
            text = text[:start] + _written(node, shown, text) + text[node.end_mark.index :]
    if webhook:
        text = text.replace(webhook, WITHHELD)
    return without_user(_without_former(text))


def _scalars(node: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    """Every value below a node, and every key."""
    left, seen = [node], set()
    while left:
        one = left.pop()
        if isinstance(one, yaml.ScalarNode):
            yield one
        elif one is not None and id(one) not in seen:
            seen.add(id(one))
            for below in one.value:
                left += below if isinstance(below, tuple) else [below]


def _written(node: yaml.ScalarNode, value: str, text: str) -> str:
    """Another value of a node, with its anchor and in its quotation marks; one of several
    lines becomes one in quotation marks."""
    was = text[node.start_mark.index : node.end_mark.index]
    properties = re.match(r"(?:[&!]\S*\s+)*", was)
    assert properties is not None
    end = "\n" if was.endswith("\n") else ""
    if "\n" in value:
        return f"{properties[0]}{json.dumps(value, ensure_ascii=False)}{end}"
    mark = node.style if node.style in ("'", '"') else ""
    return f"{properties[0]}{mark}{value}{mark}{end}"


def _without_former(text: str) -> str:
    """Without addresses in comments about a webhook: one that was in use before."""

    def masked(comment: re.Match[str]) -> str:
        about = "webhook" in comment[0].casefold()
        return _ADDRESS.sub(WITHHELD, comment[0]) if about else comment[0]

    # comments that fill lines of their own belong together
    text = re.sub(r"(?m)(?:^[ \t]*#.*\n?)+", masked, text)
    lines = text.split("\n")
    for number, line in enumerate(lines):
        said, comment, former = line.partition(" #")
        if comment and "webhook" in line.casefold():
            lines[number] = said + comment + _ADDRESS.sub(WITHHELD, former)
    return "\n".join(lines)
