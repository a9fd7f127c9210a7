"""Which report a file is: unit and year of delivery, from its name and from its text.

Both are asked, apart from each other, and never silently reconciled: where they disagree the file
is a conflict. The report of a place that is no unit of the study is recognised as such.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from dti_assets.store.characters import plain
from dti_assets.units.lists import Unit, Units

_HEAD_PARAGRAPHS = 12
_HEAD_LENGTH = 1500
_DIGITS = dict(zip("〇零○ＯO0一二三四五六七八九", "00000" + "0123456789", strict=True))
_YEAR = re.compile(r"(?<!\d)(19[89]\d|20[0-4]\d)(?!\d)")
_CHINESE_YEAR = re.compile(r"[一二][〇零○ＯO0九][〇零○ＯO0一二三四五六七八九]{2}(?=年)")
_DATE = re.compile(r"(?<!\d)(20\d\d|19[89]\d)年(1[0-2]|0?[1-9])月(\d{1,2})日")
_NUMERALS = "〇零○ＯO0一二三四五六七八九十廿卅"
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
# 甲城市2015年政府工作报告
_DATED_TITLE = re.compile(
    r"^([\u4e00-\u9fff]{2,14}?)(20\d\d|19[89]\d)年(?:人民)?政府工作报告", re.MULTILINE
)
_OTHER_PLACE = re.compile(r"(?!自治|全[省市区])[\u4e00-\u9fff]{2,8}[省市县区州盟旗]")
# 1月13日在甲城市: what stands in front of the place, which may be 日照市
_WHEN = re.compile(r"^.*(?:在|[\d一二三四五六七八九十]日)")
# 甲省 in front of 甲城市
_PARENTS = re.compile(r"[\u4e00-\u9fff]{2,}?(?:省|自治区|自治州|地区|[市州盟])")
# 甲城市 after 甲省, 区 after 甲, 乙族自治州 after 甲: places below the unit
_GOES_ON = r"(?:自治[区州县旗])?(?!自治|直辖|人民|政府|全[省市区])((?:(?!在)[\u4e00-\u9fff]){0,8}?)"
_BELOW = re.compile(_GOES_ON + r"(?:自治[州县旗]|地区|[市县区州盟旗])(?!场)")
# below a county there are towns
_TOWN = re.compile(_GOES_ON + r"(?:镇|乡|街道)")
# what a full name ends in that tells what kind of place it is
_KINDS = frozenset("省市县区州盟旗")
# 我代表市人民政府: whose report it is, where no place is named
_SPEAKER = re.compile(r"代表(?:自治)?([市县区州盟旗])人民政府")
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

    unit: Unit | None = None
    year: int | None = None
    other_place: str = ""


@dataclass(frozen=True)
class Identity:
    """Which report a file is. `status` is ok, conflict, unidentified or not_a_report; `source`
    tells what decided the year: name, text or name+text. A conflict carries what both say."""

    status: str
    unit: Unit | None
    year: int | None
    source: str
    reason: str = ""
    # in a conflict, what the text says beside what the name says
    text_unit: Unit | None = None
    text_year: int | None = None


def identify(path: str, paragraphs: Sequence[str], units: Units) -> Identity:
    """The identity of the file at `path` (relative to the reports folder) with this text."""
    name, text = from_name(path, units), from_text(paragraphs, units)
    noun = units.level.noun
    other = _other_report(paragraphs)
    if other:
        return Identity("not_a_report", None, None, "text", f"another report: {other}")
    if not looks_like_report(paragraphs):
        return Identity("not_a_report", None, None, "text", _why_no_report(paragraphs))
    place = text.other_place or name.other_place
    if place and text.unit is None:
        return Identity("not_a_report", None, None, "text", f"the report of {place}, no {noun}")
    speaker = _SPEAKER.search(_head(paragraphs))
    spoken_for = text.unit or name.unit
    if speaker and spoken_for and _kind(spoken_for) not in ("", speaker.group(1)):
        reason = f"{speaker.group()}: the report of a place below {spoken_for.name}"
        return Identity("not_a_report", None, None, "text", reason)
    clashes = []
    if name.unit and text.unit and name.unit != text.unit:
        clashes.append(f"the name says {name.unit.name}, the text {text.unit.name}")
    if name.year and text.year and name.year != text.year:
        clashes.append(f"the name says {name.year}, the text was delivered in {text.year}")
    unit, year = text.unit or name.unit, text.year or name.year
    source = "name+text" if name.year and text.year else "text" if text.year else "name"
    if clashes:
        return Identity(
            "conflict",
            name.unit or unit,
            name.year or year,
            source,
            "; ".join(clashes),
            text.unit,
            text.year,
        )
    if unit is None or year is None:
        lacking = " and ".join(
            word for word, value in ((noun, unit), ("year", year)) if value is None
        )
        return Identity(
            "unidentified", unit, year, source, f"no {lacking} in the name or in the text"
        )
    return Identity("ok", unit, year, source)


def from_name(path: str, units: Units) -> Evidence:
    """Unit and year in a file's name or, where it lacks them, in its folders' names.

    Reads 甲城市2015年政府工作报告.pdf, 2015_甲城.txt, jiacheng_2015_report.docx, 2015/甲城.html,
    甲城/二〇一五年.txt.
    """
    parts = [_bare_name(part) for part in reversed(PurePosixPath(path).parts)]
    parts[:1] = [PurePosixPath(part).stem for part in parts[:1]]
    unit: Unit | None = None
    year: int | None = None
    place = ""
    for depth, part in enumerate(parts):
        if unit is None and not place:
            unit, place = _unit_in_name(part, units)
        if year is None:
            years = _years(part)
            year = years[0] if years else None
        elif depth > 0 and _YEAR.fullmatch(part.strip()) and int(part) != year:
            # a folder of one year with a file named after another: the text must decide
            year = None
            break
    return Evidence(unit, year, place)


def _bare_name(part: str) -> str:
    """The name of a file or folder in plain characters, some of which look like separators."""
    return plain(part).replace("/", " ").strip(". ")


def _unit_in_name(part: str, units: Units) -> tuple[Unit | None, str]:
    hits = []
    for unit in units:
        for name in (unit.full_name, unit.name, *unit.aliases):
            # one character is part of too many words, and words in Latin letters are looked up
            if len(name) > 1 and not name.isascii() and name in part:
                found = re.finditer(re.escape(name), part)
                hits += [(len(name), -match.start(), unit) for match in found]
                break
    namesake = ""
    for length, at, unit in sorted(hits, key=lambda hit: hit[:2], reverse=True):
        if other := _namesake(unit, part[-at:], length, units):
            namesake = namesake or other
            continue
        below = _place_below(unit, part[-at:], length)
        return (None, below) if below else (unit, "")
    if namesake:
        return None, namesake
    city = re.match(r"\d{0,4}[年_\-]?([\u4e00-\u9fff]{2,8}?[市县区州盟])(?!场)", part)
    if city:
        return None, city.group(1)
    words = re.findall(r"[a-z]+", part.lower())
    for size in (3, 2, 1):
        for start in range(len(words) - size + 1):
            named = units.find("".join(words[start : start + size]))
            if named:
                return named, ""
    return None, ""


def _namesake(unit: Unit, named: str, length: int, units: Units) -> str:
    """The other place whose name begins as the unit's own does, else empty.

    甲林市 is a city of 甲林省, and 甲林省 the province of 甲林市. But 乙区 is 乙族自治区 itself.
    """
    kind = _kind(unit)
    if not kind or named.startswith(unit.full_name) or named.startswith(kind, length):
        return ""
    if named.startswith("省", length) and _is_above("省", units):
        return named[: length + 1]
    other = _BELOW.match(named, length)
    return named[: other.end()] if other and not other.group(1) else ""


def _place_below(unit: Unit, named: str, length: int) -> str:
    """The place below the unit that a name goes on to after the unit's own name, else empty."""
    follows = named[length : length + 1]
    if follows and (follows == _kind(unit) or (not _kind(unit) and follows in _KINDS)):
        length += 1
    below = (_TOWN if _is_county(unit) else _BELOW).match(named, length)
    return named[: below.end()] if below and below.group(1) else ""


def _kind(unit: Unit) -> str:
    """What the unit's full name ends in, where that tells what kind of place it is; else empty."""
    return unit.full_name[-1] if unit.full_name[-1] in _KINDS else ""


def _is_county(unit: Unit) -> bool:
    name = unit.full_name
    return name.endswith(("县", "旗", "区")) and not name.endswith(("自治区", "地区"))


def _is_above(kind: str, units: Units) -> bool:
    """Whether no unit of the study is of this kind."""
    return all(_kind(unit) != kind for unit in units)


def _years(text: str) -> list[int]:
    digits = [int(y) for y in _DAY_IN_NAME.findall(text) or _YEAR.findall(text)]
    return digits + [_chinese_year(y) for y in _CHINESE_YEAR.findall(text)]


def _chinese_year(text: str) -> int:
    return int("".join(_DIGITS[c] for c in text))


def from_text(paragraphs: Sequence[str], units: Units) -> Evidence:
    """Unit and year of delivery in the head of a text.

    The year is that of the date of delivery, which is the one beside the words for the meeting
    and never a publisher's stamp; else of the title; else of another date near the start; else the
    year after the one the first heading looks back on. The unit is that of the congress, else of
    the title.
    """
    head = _head(paragraphs)
    title, dated = _title(head), _DATED_TITLE.search(head[:300])
    year, early = _dated_years(head[:600])
    if year is None and title is not None and title.group(1):
        year = int(title.group(1))
    if year is None and dated is not None:
        year = int(dated.group(2))
    year = year or early
    if year is None:
        reviewed = next((m for p in paragraphs[:40] if (m := _REVIEWED.match(p))), None)
        year = int(reviewed.group(1)) + 1 if reviewed else None

    session = _SESSION.search(head[:600])
    names = [session.group(1)] if session else []
    if title is not None and title.group(2):
        names.append(title.group(2))
    if dated is not None:
        names.append(dated.group(1))
    other = ""
    for name in names:
        name = _WHEN.sub("", name)
        found = _unit_called(name, units)
        if found:
            return Evidence(found, year)
        is_place = _OTHER_PLACE.fullmatch(name)
        if is_place and not other and (name[-1] != "省" or _is_above("省", units)):
            other = name
    return Evidence(None, year, other)


def _unit_called(name: str, units: Units) -> Unit | None:
    """The unit of that name, in front of which the places may stand that it lies in."""
    found, rest = units.find(name), name
    while found is None and (parent := _PARENTS.match(rest)):
        rest = rest[parent.end() :]
        found = units.find(rest)
        if found is not None and rest != found.full_name:
            found = None
    return found


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
        rf"(?<=年)([{_NUMERALS}]{{1,3}})月([{_NUMERALS}]{{1,4}})日",
        lambda m: f"{_small_number(m.group(1))}月{_small_number(m.group(2))}日",
        head,
    )


def _small_number(text: str) -> str:
    """一 to 三十一, 二一, 廿一 and 三〇 in digits; what is no such number as it is."""
    spelt = text.replace("廿", "二十").replace("卅", "三十")
    tens, ten, ones = spelt.partition("十")
    try:
        if not ten:
            return str(int("".join(_DIGITS[digit] for digit in spelt)))
        return str(10 * int(_DIGITS[tens or "一"]) + int(_DIGITS[ones or "零"]))
    except KeyError:
        return text


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
