"""Contexts that do not tell where and when: names of places and years give way to a block.

Masked: the study's units (short and full names, the one-character signs that are no other word in
these texts), their seats and what they lie in, the cities that ship for their level, four-digit
and Chinese years, two digits before 年, five-year plans by number, and congresses and sessions by
number. Not masked: smaller places, regions (长三角), one-character signs that are ordinary words
(云, 新, 青, 宁), people, projects and events that a coder may know. A name that is also a word
(长治久安) is masked too: that costs a few characters of context.
"""

from __future__ import annotations

import re
from functools import lru_cache

from dti_assets.units.addresses import city_names
from dti_assets.units.lists import Units

BLOCK = "〔…〕"
# one-character signs that are ordinary words, and words that hold one of the others
_ORDINARY = "云新青宁吉黑藏蒙甘"
_HOLDING = ("复苏", "苏醒", "晋级", "晋升", "津贴", "津补")
_TIMES = (
    # with 年 also where another number runs into it: cut at the edge, it would read as a year
    r"(?:19|20)\d\d年",
    r"(?<!\d)(?:19|20)\d\d(?!\d)",
    r"(?<!\d)\d\d年",
    r"[一二][〇零○ＯO0九][〇零○ＯO0一二三四五六七八九]{2}年?",
    r"[“\"「]?十[一二三四五六]五[”\"」]?",
    r"第?[一二三四五六七八九十]{1,3}届(?:[一二三四五六七]中全会|[一二三四五六七]次)?",
    r"第?[一二三四五六七八九十]{1,2}次会议",
    r"(?:十[五六七八九]|二十)大(?![力型量批幅])",
)


@lru_cache(maxsize=8)
def _pattern(units: Units) -> re.Pattern[str]:
    names = {n for u in units for n in (u.full_name, u.name, u.seat, u.parent) if n}
    aliases = {alias for unit in units for alias in unit.aliases if not alias.isascii()}
    names |= {alias for alias in aliases if len(alias) > 1} | city_names(units.level)
    # 延边朝鲜族自治州 before 延边州 before 延边
    ordered = sorted(names, key=lambda name: (-len(name), name))
    signs = sorted(alias for alias in aliases if len(alias) == 1 and alias not in _ORDINARY)
    return re.compile("|".join([*map(re.escape, ordered), *map(_sign, signs), *_TIMES]))


def _sign(sign: str) -> str:
    """The pattern of a sign where it is no part of another word."""
    before = (f"(?<!{word[:-1]})" for word in _HOLDING if word.endswith(sign))
    after = (f"(?!{word[1:]})" for word in _HOLDING if word.startswith(sign))
    return "".join([*before, sign, *after])


def mask(text: str, *, units: Units) -> str:
    """`text` with a block for every name and year; neighbouring blocks become one."""
    masked = _pattern(units).sub(BLOCK, text)
    return re.sub(f"(?:{BLOCK})+", BLOCK, masked)


def masked_context(
    text: str, start: int, end: int, width: int, *, units: Units
) -> tuple[str, str, str]:
    """(before, keyword, after) of an occurrence, each side masked and at most `width` characters.

    The keyword stays as it is. Sides are masked before they are cut, so that no half of a name
    is left at an edge; a name that reaches into the keyword is not one to mask.
    """
    before, after = mask(text[:start], units=units), mask(text[end:], units=units)
    if len(before) > width:
        before = re.sub(r"^…?〕", BLOCK, before[-width:])
    if len(after) > width:
        after = re.sub(r"〔…?$", BLOCK, after[:width])
    return before, text[start:end], after
