"""Which part of a report looks back, which looks forward, and which is an annex.

A quarter of the keyword hits of a report stand in its review of last year, which is the outcome's
own past, so the two halves are counted apart. The split follows the headings; a report without
usable headings is `unsplit`, which is not the same as having no plan.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dti_assets.text.tables import SECTIONS, SectionName

# Part of every cache key of counts: raise it whenever the split may come out differently.
SECTIONS_VERSION = "1"

# A plan half shorter or longer than this share of the body is a heading misread.
_PLAN_SHARE = (0.2, 0.93)
_NUMBERED = re.compile(r"第?([一二三四五六七八九十]{1,3})(?:、|[.．]|部分)")
_HEADING_LENGTH = 60
_SENTENCE = re.compile(r"[。;!:,]$|。")
_WHEN = re.compile(
    r"今年|今后|未来|新的一年|下一步|“?十[二三四五六]五”?(?:时期|期间|规划|发展|的|主要|目标)"
)
_WORK = re.compile(r"工作|任务|安排|部署|目标|要求|思路|建议|重点|规划|考虑|打算")
_BACK = re.compile(
    r"回顾|过去|去年|五年来|一年来|本届政府|上届政府|完成情况|执行情况|取得|成就|成效|成绩|开局|"
    r"胜利完成|圆满完成|进展|变化|主要做了|发展情况|工作情况|总结"
)
_AHEAD = re.compile(
    r"今年|今后|未来|新的一年|下一步|总体|目标|任务|安排|部署|重点|思路|扎实做好|全面做好|全力做好|"
    r"切实做好|着力|奋力|努力|加快|推进|建设|加强|坚持|确保|改革"
)
_FALLBACK_AHEAD = (
    r"(?:今年|{year}年|新的一年)[^。]{{0,12}}工作[^。]{{0,6}}"
    r"(?:总体要求|总体思路|总的要求|指导思想|基本思路|总体部署|主要目标|安排|重点)"
)
_ANNEX = re.compile(
    r"[(（《【]?(?:附件|附录|附表|附[:：1一]|附$|名词解释|名词注释|有关名词|相关名词|部分名词|"
    r"名词术语|术语解释|注释[:：]?$|有关用语说明|名词说明|"
    r"(?:《?(?:\d{4}年)?.{0,8}政府工作报告》?)[^。]{0,12}(?:解释|注释|说明|分工|分解)|"
    r"[^、，,。)）]{0,12}(?:重点|主要)(?:工作|任务)[^。，,、]{0,8}(?:分工|分解)"
    r"(?:方案|表|的通知|安排)?[)）》】]?$)"
)
_SUBHEADING = re.compile(
    r"[(（][一二三四五六七八九十]{1,3}[)）]|[一二三四五六七八九十]{1,3}、|\d+[.、]"
)
# a note of one line on the figures, as against the notes that explain terms
_NOTE = re.compile(r"注[:：].{4,}")


@dataclass(frozen=True)
class Sections:
    """Where each paragraph belongs, in the order of the paragraphs; `reason` where unsplit."""

    labels: tuple[SectionName, ...]
    reason: str = ""

    def texts(self, paragraphs: Sequence[str]) -> dict[SectionName, str]:
        """The text of each section that holds anything, paragraphs one a line."""
        found: dict[SectionName, list[str]] = {}
        for label, text in zip(self.labels, paragraphs, strict=True):
            found.setdefault(label, []).append(text)
        return {name: "\n".join(found[name]) for name in SECTIONS if name in found}


def split(paragraphs: Sequence[str], year: int | None) -> Sections:
    """Label every paragraph `review`, `plan` or `annex`; or `unsplit` and `annex`.

    `year` is the year of delivery: headings that name it look ahead, those that name the year
    before look back. The opening, up to the first heading, belongs to the review; the closing
    to the plan.
    """
    body = _annex_start(paragraphs)
    start, reason = _plan_start(paragraphs[:body], year)
    labels: list[SectionName] = ["unsplit"] * body
    if start is not None:
        labels = ["review" if index < start else "plan" for index in range(body)]
    annex: list[SectionName] = ["annex"] * (len(paragraphs) - body)
    return Sections((*labels, *annex), reason)


def _annex_start(paragraphs: Sequence[str]) -> int:
    """Index of the first annex paragraph: an annex heading in the last two fifths of the text,
    after which no part of the report begins, or a note that closes it."""
    total = sum(map(len, paragraphs))
    passed = 0
    for index, text in enumerate(paragraphs):
        if passed > 0.6 * total and len(text) <= 40 and not _SUBHEADING.match(text):
            tail = paragraphs[index + 1 :]
            heading = _ANNEX.match(text) and not any(_closes_report(line) for line in tail)
            if heading or (_NOTE.match(text) and not tail):
                return index
        passed += len(text)
    return len(paragraphs)


def _closes_report(text: str) -> bool:
    """Words with which a report, and no annex, ends or turns to its hearers."""
    return re.match(r"各位代表[!！,，:：]", text) is not None


def _plan_start(body: Sequence[str], year: int | None) -> tuple[int | None, str]:
    total = sum(map(len, body)) or 1
    lengths = [len(text) for text in body]
    dated, (numbered, whole) = _dated(body, year), _numbered(body, year)
    # numbers that run through the whole report decide; those inside one half do not
    if whole and not (
        dated and numbered and dated[0] < numbered[0] and not _is_numbered(body[dated[0]])
    ):
        order = (numbered, dated)
    else:
        order = (dated, numbered)
    for candidates in (*order, _in_prose(body, year)):
        for index in candidates:
            share = sum(lengths[index:]) / total
            if _PLAN_SHARE[0] <= share <= _PLAN_SHARE[1]:
                return index, ""
    return None, "no heading separates the review of last year from the plan"


def _dated(body: Sequence[str], year: int | None) -> list[int]:
    """Headings, numbered or not, that name this year or the years to come and work to be done."""
    return [
        index
        for index, text in enumerate(body)
        if index > 0 and (title := _title(text)) and _names_plan(title, year)
    ]


def _is_numbered(text: str) -> str | None:
    """The number of a top-level heading (一、 or 第一部分), else None."""
    match = _NUMBERED.match(text)
    return match.group(1) if match else None


def _title(text: str) -> str | None:
    """What a heading says, without its number; None for a paragraph that is no heading."""
    if _is_numbered(text):
        return re.split(r"[。!]", _NUMBERED.sub("", text, count=1))[0][:_HEADING_LENGTH]
    return text if len(text) <= 36 and not _SENTENCE.search(text) else None


def _names_plan(title: str, year: int | None) -> bool:
    when = _WHEN.search(title)
    named = {int(y) for y in re.findall(r"(20\d\d)年", title)}
    this_year = year is not None and year in named
    if not this_year and (when is None or named):
        return False
    return bool(_WORK.search(title)) and not _BACK.search(title)


def _numbered(body: Sequence[str], year: int | None) -> tuple[list[int], bool]:
    """Headings 一、二、… after the first that do not look back, and whether one numbering runs
    through the report; where it starts anew, only the second 一 can open the plan."""
    headings = [(i, number) for i, text in enumerate(body) if (number := _is_numbered(text))]
    starts = [index for index, number in headings if number == "一"]
    if len(starts) > 1:
        return starts[1:], False
    ahead = [i for i, _ in headings[1:] if _direction(_title(body[i]) or "", year) != "back"]
    return ahead, True


def _in_prose(body: Sequence[str], year: int | None) -> list[int]:
    pattern = re.compile(_FALLBACK_AHEAD.format(year=year or r"20\d\d"))
    return [i for i, text in enumerate(body) if i > 0 and pattern.search(text[:160])]


def _direction(title: str, year: int | None) -> Literal["ahead", "back", "open"]:
    """Where a heading looks; the year it names decides first, then its words."""
    sentence = re.split(r"[。!]", title)[0]
    if year is not None:
        named = {int(y) for y in re.findall(r"(20\d\d)年", sentence)}
        if year in named and not _BACK.search(sentence[:12]):
            return "ahead"
        if year - 1 in named and year not in named:
            return "back"
    back, ahead = _BACK.search(sentence), _AHEAD.search(sentence)
    if back and ahead:
        return "back" if back.start() < ahead.start() else "ahead"
    if back:
        return "back"
    return "ahead" if ahead else "open"
