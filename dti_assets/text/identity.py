"""Which report a file is: province and year of delivery, from its name and from its text.

Both are asked, apart from each other, and never silently reconciled: where they disagree the file
is a conflict. A city's report is recognised as such.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from dti_assets.units.provinces import Province, find_province, provinces

_HEAD_PARAGRAPHS = 12
_HEAD_LENGTH = 1500
_DIGITS = dict(zip("〇零○ＯO0一二三四五六七八九", "00000" + "0123456789", strict=True))
_YEAR = re.compile(r"(?<!\d)(19[89]\d|20[0-4]\d)(?!\d)")
_CHINESE_YEAR = re.compile(r"[一二][〇零○ＯO0九][〇零○ＯO0一二三四五六七八九]{2}(?=年)")
_DATE = re.compile(r"(?<!\d)(20\d\d|19[89]\d)年(1[0-2]|0?[1-9])月(\d{1,2})日")
# 20150121 in a file name is a day, not a year followed by digits
_DAY_IN_NAME = re.compile(r"(?<!\d)(20\d\d)(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)")
_STAMP = re.compile(r"(?:时间|日期|来源|更新|发布于?)(?:[^\n]{0,6}|[:：\s]*)\Z")
# 向大会报告工作 is how a report begins, whatever date stands above it
_MEETING = re.compile(r"会议|(?<!向)大会")
# reports that the same congress hears, from others than the government, or on the budget
_OTHER_REPORT = re.compile(
    r"(?:法院|检察院|常务委员会|常委会|政协[^。]{0,12})工作报告|"
    r"(?:预算|决算|财政收支|计划)[^。]{0,40}报告"
)
_SESSION = re.compile(
    r"(?:^|[在日)])([\u4e00-\u9fff]{2,12}?)第[一二三四五六七八九十\d]{1,4}届人民代表大会",
    re.MULTILINE,
)
_TITLE = re.compile(
    r"^[^\n]{0,3}?(?:(20\d\d|19[89]\d)年?)?([\u4e00-\u9fff]{2,14}?)?(?:人民)?政府工作报告",
    re.MULTILINE,
)
_OTHER_PLACE = re.compile(r"(?!自治|全[省市区])[\u4e00-\u9fff]{2,8}[市县区州盟旗]")
# 杭州市 after 浙江省, 区 after 河北, 藏族自治州 after 海南: places below the province
_BELOW = re.compile(
    r"(?:自治区)?(?!自治|直辖|人民|政府|全[省市区])((?:(?!在)[\u4e00-\u9fff]){0,8}?)"
    r"(?:自治[州县旗]|地区|[市县区州盟旗])(?!场)"
)
# 我代表市人民政府: whose report it is, where no place is named
_SPEAKER = re.compile(r"代表(?:自治)?([市县区州盟旗])人民政府")
_HAN_NAME = re.compile(r"[\u4e00-\u9fff]{2,}")
_REVIEWED = re.compile(r"^[一二三四五六七八九十]、(?:关于)?(20\d\d|19[89]\d)年.{0,12}回顾")
# a report that is about government work says most of these; a news page does not
_SIGNS = (
    "各位代表",
    "政府工作报告",
    "人民代表大会",
    "全省",
    "全市",
    "全区",
    "经济社会发展",
    "政协",
)
MIN_REPORT_HAN = 3000


@dataclass(frozen=True)
class Evidence:
    """What one source says; None where it says nothing."""

    province: Province | None = None
    year: int | None = None
    other_place: str = ""


@dataclass(frozen=True)
class Identity:
    """Which report a file is. `status` is ok, conflict, unidentified or not_a_report; `source`
    tells what decided the year: name, text or name+text. A conflict carries what both say."""

    status: str
    province: Province | None
    year: int | None
    source: str
    reason: str = ""
    # in a conflict, what the text says beside what the name says
    text_province: Province | None = None
    text_year: int | None = None


def identify(path: str, paragraphs: Sequence[str]) -> Identity:
    """The identity of the file at `path` (relative to the reports folder) with this text."""
    name, text = from_name(path), from_text(paragraphs)
    other = _other_report(paragraphs)
    if other:
        return Identity("not_a_report", None, None, "text", f"another report: {other}")
    if not looks_like_report(paragraphs):
        return Identity("not_a_report", None, None, "text", _why_no_report(paragraphs))
    place = text.other_place or name.other_place
    if place and text.province is None:
        return Identity("not_a_report", None, None, "text", f"the report of {place}, no province")
    speaker = _SPEAKER.search(_head(paragraphs))
    spoken_for = text.province or name.province
    if speaker and spoken_for and speaker.group(1) != spoken_for.full_name[-1]:
        reason = f"{speaker.group()}: the report of a place below {spoken_for.province}"
        return Identity("not_a_report", None, None, "text", reason)
    clashes = []
    if name.province and text.province and name.province != text.province:
        clashes.append(f"the name says {name.province.province}, the text {text.province.province}")
    if name.year and text.year and name.year != text.year:
        clashes.append(f"the name says {name.year}, the text was delivered in {text.year}")
    province, year = text.province or name.province, text.year or name.year
    source = "name+text" if name.year and text.year else "text" if text.year else "name"
    if clashes:
        return Identity(
            "conflict",
            name.province or province,
            name.year or year,
            source,
            "; ".join(clashes),
            text.province,
            text.year,
        )
    if province is None or year is None:
        lacking = " and ".join(
            word for word, value in (("province", province), ("year", year)) if value is None
        )
        return Identity(
            "unidentified", province, year, source, f"no {lacking} in the name or in the text"
        )
    return Identity("ok", province, year, source)


def from_name(path: str) -> Evidence:
    """Province and year in a file's name or, where it lacks them, in its folders' names.

    Reads 浙江省2015年政府工作报告.pdf, 2015_浙江.txt, zhejiang_2015_report.docx, 2015/浙江.html,
    浙江/二〇一五年.txt.
    """
    plain = unicodedata.normalize("NFKC", path)
    parts = PurePosixPath(plain).with_suffix("").parts[::-1]
    province: Province | None = None
    year: int | None = None
    place = ""
    for depth, part in enumerate(parts):
        if province is None and not place:
            province, place = _province_in_name(part)
        if year is None:
            years = _years(part)
            year = years[0] if years else None
        elif depth > 0 and _YEAR.fullmatch(part.strip()) and int(part) != year:
            # a folder of one year with a file named after another: the text must decide
            year = None
            break
    return Evidence(province, year, place)


def _province_in_name(part: str) -> tuple[Province | None, str]:
    hits = []
    for p in provinces():
        for name in (p.full_name, p.province, *(a for a in p.aliases if _HAN_NAME.fullmatch(a))):
            at = part.find(name)
            if at >= 0:
                hits.append((len(name), -at, p))
                break
    if hits:
        length, at, found = max(hits, key=lambda hit: hit[:2])
        below = _place_below(found, part[-at:], length)
        return (None, below) if below else (found, "")
    city = re.match(r"\d{0,4}[年_\-]?([\u4e00-\u9fff]{2,8}?[市县区州盟])(?!场)", part)
    if city:
        return None, city.group(1)
    words = re.findall(r"[a-z]+", part.lower())
    for size in (3, 2, 1):
        for start in range(len(words) - size + 1):
            province = find_province("".join(words[start : start + size]))
            if province:
                return province, ""
    return None, ""


def _place_below(province: Province, named: str, length: int) -> str:
    """The city or county that a name goes on to after the province's own name, else empty."""
    below = _BELOW.match(named, length)
    if below is None:
        return ""
    # 吉林市 is a city of 吉林; 北京市 is the province itself, and so is 广西区
    whole = named.startswith(province.full_name)
    region = province.full_name.endswith("自治区") and below.group() == "区"
    return "" if not below.group(1) and (whole or region) else named[: below.end()]


def _years(text: str) -> list[int]:
    digits = [int(y) for y in _DAY_IN_NAME.findall(text) or _YEAR.findall(text)]
    return digits + [_chinese_year(y) for y in _CHINESE_YEAR.findall(text)]


def _chinese_year(text: str) -> int:
    return int("".join(_DIGITS[c] for c in text))


def from_text(paragraphs: Sequence[str]) -> Evidence:
    """Province and year of delivery in the head of a text.

    The year is that of the date of delivery, which is the one beside the words for the meeting
    and never a publisher's stamp; else of the title; else of another date near the start; else the
    year after the one the first heading looks back on. The province is that of the congress, else
    of the title.
    """
    head = _head(paragraphs)
    title = _title(head)
    year, early = _dated_years(head[:600])
    if year is None and title is not None and title.group(1):
        year = int(title.group(1))
    year = year or early
    if year is None:
        reviewed = next((m for p in paragraphs[:40] if (m := _REVIEWED.match(p))), None)
        year = int(reviewed.group(1)) + 1 if reviewed else None

    province, other = None, ""
    session = _SESSION.search(head[:600])
    names = [session.group(1)] if session else []
    if title is not None and title.group(2):
        names.append(title.group(2))
    for name in names:
        # 1月13日在上海市第…届: the place is what follows 在
        name = re.sub(r"^.*[在日]", "", name)
        found = find_province(name)
        if found:
            province = found
            break
        if _OTHER_PLACE.fullmatch(name) and not other:
            other = name
    return Evidence(province, year, other if province is None else "")


def _dated_years(head: str) -> tuple[int | None, int | None]:
    """The year of the date beside the words for the meeting, and that of the first date near the
    start, either None where there is none."""
    dates = [m for m in _DATE.finditer(head) if not _STAMP.search(head[: m.start()])]
    meetings = [m.start() for m in _MEETING.finditer(head)]
    beside = min((rank for date in dates for rank in _ranks(head, date, meetings)), default=None)
    # a bare date far into the text belongs to something told there
    early = next((int(m.group(1)) for m in dates if m.start() < 200), None)
    return beside[-1] if beside else None, early


def _ranks(
    head: str, date: re.Match[str], meetings: list[int]
) -> Iterator[tuple[bool, bool, int, int]]:
    """How near a date is to each meeting within 40 characters, and its year: one of the same line
    is before one of another line, where a publisher's stands, and one in front before one after."""
    for at in meetings:
        after = at < date.start()
        between = head[at : date.start()] if after else head[date.end() : at]
        if len(between) <= 40:
            yield "\n" in between, after, len(between), int(date.group(1))


def _other_report(paragraphs: Sequence[str]) -> str:
    """The title of a report that is not the government's, among the first lines; else empty."""
    for text in paragraphs[:4]:
        if "政府工作报告" in text:
            return ""
        if len(text) <= 60 and _OTHER_REPORT.search(text):
            return text
    return ""


def _head(paragraphs: Sequence[str]) -> str:
    """The first lines, with Chinese years in dates turned into digits."""
    head = "\n".join(paragraphs[:_HEAD_PARAGRAPHS])[:_HEAD_LENGTH]
    head = _CHINESE_YEAR.sub(lambda m: str(_chinese_year(m.group())), head)
    return re.sub(
        r"(?<=年)([一二三四五六七八九十]{1,2})月([一二三四五六七八九十]{1,3})日",
        lambda m: f"{_small_number(m.group(1))}月{_small_number(m.group(2))}日",
        head,
    )


def _small_number(text: str) -> int:
    """一 to 三十一."""
    tens, _, ones = text.rpartition("十")
    value = int(_DIGITS[ones]) if ones else 0
    if "十" in text:
        value += 10 * (int(_DIGITS[tens]) if tens else 1)
    return value


def _title(head: str) -> re.Match[str] | None:
    """The first title that names a year or a place; the bare words 政府工作报告 name neither."""
    titles = list(_TITLE.finditer(head[:300]))
    return next((m for m in titles if m.group(1) or m.group(2)), None)


def looks_like_report(paragraphs: Sequence[str]) -> bool:
    """Long enough, and using the words every report uses."""
    text = "".join(paragraphs)
    return len(text) >= MIN_REPORT_HAN and sum(sign in text for sign in _SIGNS) >= 3


def _why_no_report(paragraphs: Sequence[str]) -> str:
    length = sum(map(len, paragraphs))
    if length < MIN_REPORT_HAN:
        return f"only {length:,} characters; a report has over {MIN_REPORT_HAN:,}"
    return "does not speak of a congress, its deputies and the work of a government"
