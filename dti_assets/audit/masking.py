"""Contexts that do not tell where and when: names of places and years give way to a block.

Masked: the 31 provinces (short and full names, the one-character signs that are no other word in
these texts), their capitals, prefectures and county-level cities, four-digit and Chinese years,
two digits before 年, five-year plans by number, and congresses and sessions by number. Not
masked: districts, counties, regions (长三角), one-character signs that are ordinary words (云, 新,
青, 宁, 贵, 海), people, projects and events that a coder may know. A name that is also a word
(长治久安) is masked too: that costs a few characters of context.
"""

from __future__ import annotations

import re
from functools import lru_cache

from dti_assets.units.addresses import city_names
from dti_assets.units.provinces import provinces

BLOCK = "〔…〕"
# of the provinces' one-character signs those that are hardly ever anything else
_SIGNS = r"[冀皖闽赣鲁豫鄂湘粤琼渝黔滇陕沪浙京桂川蜀辽陇]|(?<!复)苏(?!醒)|晋(?![级升])|津(?![贴补])"
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


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    names = {name for p in provinces() for name in (p.full_name, p.province, p.capital, "内蒙")}
    names |= city_names()
    # 延边朝鲜族自治州 before 延边州 before 延边
    ordered = sorted(names, key=lambda name: (-len(name), name))
    return re.compile("|".join([*map(re.escape, ordered), _SIGNS, *_TIMES]))


def mask(text: str) -> str:
    """`text` with a block for every name and year; neighbouring blocks become one."""
    masked = _pattern().sub(BLOCK, text)
    return re.sub(f"(?:{BLOCK})+", BLOCK, masked)


def masked_context(text: str, start: int, end: int, width: int) -> tuple[str, str, str]:
    """(before, keyword, after) of an occurrence, each side masked and at most `width` characters.

    The keyword stays as it is. Sides are masked before they are cut, so that no half of a name
    is left at an edge; a name that reaches into the keyword is not one to mask.
    """
    before, after = mask(text[:start]), mask(text[end:])
    if len(before) > width:
        before = re.sub(r"^…?〕", BLOCK, before[-width:])
    if len(after) > width:
        after = re.sub(r"〔…?$", BLOCK, after[:width])
    return before, text[start:end], after
