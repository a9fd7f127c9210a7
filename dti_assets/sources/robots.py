"""robots.txt as RFC 9309 reads it: groups by product, the longest matching rule, * and $."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit


@dataclass(frozen=True)
class Robots:
    """The rules one site has for one product: (allowed, pattern)."""

    rules: tuple[tuple[bool, str], ...] = ()

    def allows(self, url: str) -> bool:
        """Whether the page may be fetched; of rules equally long the one that allows counts."""
        parts = urlsplit(url)
        path = _plain((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
        if path == "/robots.txt":
            return True
        best = max(
            ((len(pattern), allowed) for allowed, pattern in self.rules if _hits(pattern, path)),
            default=(0, True),
        )
        return best[1]


def parse_robots(content: bytes, product: str) -> Robots:
    """The rules for `product` (else for *) in a robots.txt; lines that are none are passed over."""
    wanted = (product.lower(), "*")
    groups: dict[str, list[tuple[bool, str]]] = {}
    # of the names a group is for, those that matter here, each once however often it stands there
    agents: set[str] = set()
    in_rules = False
    for line in content.decode("utf-8", "replace").lstrip("\ufeff").splitlines():
        key, colon, value = line.partition("#")[0].partition(":")
        key, value = key.strip().lower(), value.strip()
        if not colon:
            continue
        if key == "user-agent":
            if in_rules:
                agents, in_rules = set(), False
            if value.lower() in wanted:
                agents.add(value.lower())
                groups.setdefault(value.lower(), [])
        elif key in ("allow", "disallow"):
            in_rules = True
            for agent in agents:
                if value:
                    groups[agent].append((key == "allow", _plain(value)))
    return Robots(tuple(next((groups[name] for name in wanted if name in groups), ())))


def _plain(path: str) -> str:
    """One spelling of a path: percent signs only where they must be."""
    return quote(unquote(path, errors="replace"), safe="/?&=*$;:@!'(),+~%")


def _hits(pattern: str, path: str) -> bool:
    """Whether the pattern matches from the start; pieces between stars are found in order, each
    as early as can be, which takes linear time whatever a site writes there."""
    anchored = pattern.endswith("$")
    first, *others = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    if not others:
        return not anchored or path == first
    at = len(first)
    for piece in others[:-1]:
        at = path.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    last = others[-1]
    if anchored:
        return len(path) - len(last) >= at and path.endswith(last)
    return path.find(last, at) >= 0
