"""robots.txt: the examples of RFC 9309 and the habits of real sites."""

import pytest

from dti_assets.sources.robots import parse_robots

SITE = "https://a.example"


def allows(rules: str, path: str, product: str = "dti-assets") -> bool:
    return parse_robots(rules.encode(), product).allows(SITE + path)


@pytest.mark.parametrize(
    ("rules", "path", "allowed"),
    [
        ("", "/x", True),
        ("User-agent: *\nDisallow:", "/x", True),
        ("User-agent: *\nDisallow: /", "/x", False),
        ("User-agent: *\nDisallow: /", "/robots.txt", True),
        ("user-AGENT:*\ndisALLOW:/x # why", "/xy", False),
        ("\ufeffUser-agent: *\r\nDisallow: /x\r\n", "/x", False),
        # the longest rule counts, whatever the order; of equal ones the one that allows
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", True),
        ("User-agent: *\nAllow: /a\nDisallow: /a/b", "/a/b/c", False),
        ("User-agent: *\nDisallow: /a\nAllow: /a", "/a", True),
        ("User-agent: *\nDisallow: /*.pdf$", "/x/y.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/x/y.pdfx", True),
        ("User-agent: *\nDisallow: /*/private*/x", "/a/private1/x", False),
        ("User-agent: *\nDisallow: /a$", "/ab", True),
        ("User-agent: *\nDisallow: /*a*a$", "/a", True),
        ("User-agent: *\nDisallow: /*?", "/x?y=1", False),
        ("User-agent: *\nDisallow: /报告", "/%E6%8A%A5%E5%91%8A/1", False),
        # the group of the product, else of *; several names share a group
        ("User-agent: DTI-assets\nAllow: /\n\nUser-agent: *\nDisallow: /", "/x", True),
        ("User-agent: bad\nUser-agent: dti-assets\nDisallow: /x", "/x", False),
        ("User-agent: bad\nDisallow: /", "/x", True),
        ("Disallow: /\nnonsense\n<html>", "/x", True),
    ],
)
def test_rules(rules: str, path: str, allowed: bool) -> None:
    assert allows(rules, path) is allowed


def test_names_and_rules_by_the_thousand_are_not_multiplied() -> None:
    for name in ("a", "*", "dti-assets"):
        many = f"user-agent:{name}\n" * 2000 + "disallow:/x\n" * 2000
        found = parse_robots(many.encode(), "dti-assets")
        assert len(found.rules) == (0 if name == "a" else 2000)


def test_hostile_patterns_take_no_time() -> None:
    assert allows("User-agent: *\nDisallow: /" + "*a" * 2000 + "b", "/" + "a" * 20_000)
