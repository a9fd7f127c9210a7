"""Invented reports with known keyword counts. Pure: numbers in, paragraphs and their truth out.

The truth is known because every term was put there; nothing here counts or matches. Writing
files is in `simulated_files`, the words are in `phrases`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dti_assets.simulation import reports as phrases
from dti_assets.text.dictionary import Term, fold
from dti_assets.text.tables import SectionName
from dti_assets.units.lists import Unit

if TYPE_CHECKING:
    import numpy as np

Clause = Callable[[random.Random], str]
# characters of a report's body; a real one has some 18,000
CHARACTERS = 5200
# share of the hits of the body that look back; the others stand in the plan
_REVIEW_SHARE = 0.27
_UNSPLIT = 0.05
_ANNEX = 0.2
_TABLE = 0.4
# terms that governments name often, nested ones and ASCII ones among them
_FREQUENT = frozenset(
    "大数据中心 大数据 5G基站 5G 数字化转型 数字化 数字经济 人工智能 互联网+ 工业互联网 区块链 "
    "移动互联网 信息化 电子商务 智能制造 物联网 云计算 算力网络 B2B O2O".split()
)
_FREQUENT_WEIGHT = 8
_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_NUMERALS = "〇一二三四五六七八九"


@dataclass(frozen=True)
class SimulatedReport:
    """One report as its author wrote it, before any file format.

    `sections` labels each of `paragraphs`; `cells` are the positions, in order, of the cells of a
    table of two columns. `hits` gives the leftmost-longest hits by section and term as matched
    (ASCII in lower case); sections without a hit are absent.
    """

    unit: Unit
    year: int
    paragraphs: tuple[str, ...]
    sections: tuple[SectionName, ...]
    cells: range = range(0)
    hits: dict[SectionName, dict[str, int]] = field(default_factory=dict)

    def texts(self) -> dict[SectionName, list[str]]:
        """The paragraphs of each section."""
        out: dict[SectionName, list[str]] = {}
        for label, text in zip(self.sections, self.paragraphs, strict=True):
            out.setdefault(label, []).append(text)
        return out


def attention(n_units: int, years: tuple[int, int], seed: int) -> np.ndarray:
    """Keyword hits of the body of each report, shape (units, years).

    Poisson around a share of the words that rises about eightfold over the years, along a
    logistic curve, and differs by unit and year.
    """
    import numpy as np

    draw = np.random.default_rng([seed, 2])
    span = years[1] - years[0] + 1
    level = draw.uniform(-0.5, 0.5, (n_units, 1))
    shock = 0.2 * draw.standard_normal((n_units, span))
    time = np.linspace(-1, 1, span) if span > 1 else np.zeros(1)
    share = 0.001 + 0.008 / (1 + np.exp(-3 * time))
    # a word of such prose has about two characters
    expected = share * np.exp(level + shock) * CHARACTERS / 2
    return draw.poisson(expected).astype(np.int64)


def simulate_report(
    unit: Unit, year: int, hits: int, terms: Sequence[Term], seed: int
) -> SimulatedReport:
    """The report of a unit and year whose body (annex aside) has `hits` keyword hits.

    Same arguments, same report; reports of other places and years do not enter. About one in
    five has an annex with hits of its own, one in twenty no headings (all `unsplit`).
    """
    draw = random.Random(f"{seed}/{unit.code}/{year}")
    split = draw.random() >= _UNSPLIT
    review_name: SectionName = "review" if split else "unsplit"
    plan_name: SectionName = "plan" if split else "unsplit"
    weights = [_FREQUENT_WEIGHT if term.term in _FREQUENT else 1 for term in terms]
    writer = _Writer(draw, list(terms), weights)
    early = sum(draw.random() < _REVIEW_SHARE for _ in range(hits))
    heads = draw.choice(phrases.HEADINGS) if split else ((), ())
    first, later = (
        [title.format(y=year, p=year - 1) for title in half] for half in (heads[0], heads[1])
    )
    for line in _head(unit, year, draw):
        writer.add(review_name, line)
    for title in first:
        writer.add(review_name, title)
    writer.prose(review_name, early, int(CHARACTERS * 0.33), _past)
    # several headings of the plan part its text, and its hits, evenly
    parts = max(len(later), 1)
    for number in range(parts):
        if later:
            writer.add(plan_name, later[number])
        share = (hits - early) // parts + (number < (hits - early) % parts)
        tabled = number == 0 and share >= 2 and draw.random() < _TABLE
        if tabled:
            writer.table(plan_name, 2)
        writer.prose(plan_name, share - 2 * tabled, int(CHARACTERS * 0.67) // parts, _future)
    writer.add(plan_name, draw.choice(phrases.CLOSINGS))
    if draw.random() < _ANNEX:
        writer.add("annex", draw.choice(phrases.ANNEX_HEADINGS))
        for number in range(1, draw.randint(4, 8)):
            term = writer.pick("annex")
            carrier = draw.choice(phrases.ANNEX_CARRIERS)
            writer.add("annex", f"（{number}）" + carrier.format(t=term))
    return SimulatedReport(
        unit, year, tuple(writer.paragraphs), tuple(writer.sections), writer.cells, writer.hits
    )


def nested_hits(hits: Mapping[str, int], keys: Sequence[str]) -> dict[str, int]:
    """Occurrences of each term where those inside a longer term count too, from leftmost-longest
    hits: 大数据中心 holds 大数据, 数据中心 and itself."""
    out: dict[str, int] = {}
    for outer, count in hits.items():
        for inner in keys:
            if inner in outer:
                out[inner] = out.get(inner, 0) + count * outer.count(inner)
    return out


class _Writer:
    """Puts paragraphs together and keeps the account of every term."""

    def __init__(self, draw: random.Random, terms: list[Term], weights: list[int]) -> None:
        self.draw = draw
        self.terms = terms
        self.weights = weights
        self.paragraphs: list[str] = []
        self.sections: list[SectionName] = []
        self.hits: dict[SectionName, dict[str, int]] = {}
        self.cells = range(0)

    def add(self, section: SectionName, text: str) -> None:
        self.paragraphs.append(text)
        self.sections.append(section)

    def pick(self, section: SectionName) -> str:
        """A term, entered into the account, in one of its spellings."""
        term = self.draw.choices(self.terms, self.weights)[0].term
        counts = self.hits.setdefault(section, {})
        counts[fold(term)] = counts.get(fold(term), 0) + 1
        if not any(char.isascii() for char in term):
            return term
        return self.draw.choice((term, term, term.lower(), term.upper(), term.translate(_WIDE)))

    def prose(self, section: SectionName, hits: int, length: int, clause: Clause) -> None:
        """Paragraphs of about `length` characters with so many hits, decoys among them."""
        sentences = []
        while hits > 0:
            several = min(hits, self.draw.choice((1, 1, 1, 2, 3)))
            names = [self.pick(section) for _ in range(several)]
            joined = "、".join(names[:-1]) + ("和" if several > 1 else "") + names[-1]
            sentences.append(self.draw.choice(phrases.CARRIERS).format(t=joined))
            hits -= several
        sentences += [s for s in phrases.DECOYS if self.draw.random() < 0.3]
        missing = length - sum(map(len, sentences))
        while missing > 0:
            sentences.append(_sentence(self.draw, clause))
            missing -= len(sentences[-1])
        self.draw.shuffle(sentences)
        while sentences:
            # a paragraph of one short sentence could pass for a heading
            size = self.draw.randint(4, 9)
            size = len(sentences) if len(sentences) < size + 3 else size
            self.add(section, "".join(sentences[:size]))
            del sentences[:size]

    def table(self, section: SectionName, rows: int) -> None:
        """A table with a head and one term in each of `rows` rows."""
        start = len(self.paragraphs)
        for cell in phrases.TABLE_HEAD:
            self.add(section, cell)
        for _ in range(rows):
            self.add(section, self.pick(section))
            self.add(section, self.draw.choice(phrases.TABLE_STATES))
        self.cells = range(start, len(self.paragraphs))


def _past(draw: random.Random) -> str:
    outcome = draw.choice(phrases.OUTCOMES).format(n=draw.randint(3, 39))
    return draw.choice(phrases.RESULTS) + outcome


def _future(draw: random.Random) -> str:
    return draw.choice(phrases.ACTIONS) + draw.choice(phrases.MATTERS)


def _sentence(draw: random.Random, clause: Clause) -> str:
    clauses = [clause(draw) for _ in range(draw.randint(2, 4))]
    return draw.choice(phrases.PLACES) + "，".join(clauses) + "。"


def _head(unit: Unit, year: int, draw: random.Random) -> list[str]:
    """Title, date and congress in some of the usual forms."""
    month, day = 1, draw.randint(8, 28)
    date = f"{year}年{month}月{day}日"
    if draw.random() < 0.3:
        written = "".join(_NUMERALS[int(digit)] for digit in str(year))
        date = f"{written}年{numeral(month)}月{numeral(day)}日"
    congress, session = 12 + (year - 2013) // 5, (year - 2013) % 5 + 1
    meeting = (
        f"{date}在{unit.full_name}第{numeral(congress)}届人民代表大会第{numeral(session)}次会议上"
    )
    return [
        draw.choice((f"{year}年{unit.full_name}政府工作报告", "政府工作报告")),
        draw.choice((f"——{meeting}", f"（{meeting}）")),
        "各位代表：",
        draw.choice(phrases.OPENINGS),
    ]


def numeral(number: int) -> str:
    """1 to 99 in Chinese numerals."""
    tens, ones = divmod(number, 10)
    lead = "" if tens == 0 else "十" if tens == 1 else _NUMERALS[tens] + "十"
    return lead + (_NUMERALS[ones] if ones else "")


RESULTS = (
    "粮食产量", "工业增加值", "固定资产投资", "居民人均收入", "一般公共支出", "城镇就业人数",
    "进出口总额", "旅游人次", "森林面积", "高速公路里程", "医疗服务能力", "教育质量", "企业效益",
    "社会消费品总额", "农产品加工产值", "水利工程进度", "重大项目进展", "城乡面貌", "港口货运量",
)  # fmt: skip
OUTCOMES = (
    "稳步提高", "保持平稳增长", "好于预期", "位居全国前列", "达到较快增长", "有了明显改善",
    "全面完成年度任务", "比上年增长{n}%", "增加{n}万", "取得新的进步", "创历史最好水平",
)  # fmt: skip
ACTIONS = (
    "推进", "加快", "加强", "深化", "完善", "扩大", "支持", "改善", "落实", "提升", "优化", "保障",
    "全面推进", "扎实做好", "继续抓好", "高质量推进", "着力加强",
)  # fmt: skip
MATTERS = (
    "农田水利建设", "国有企业改革", "乡村公路建设", "老旧小区改造", "大气污染防治", "教育公平",
    "基层医疗服务", "高校毕业生就业工作", "对外开放", "招商引资工作", "产业园区发展",
    "城乡基础设施建设", "社会保障工作", "生态保护和修复", "民营经济发展", "安全生产工作",
    "技能人才培养", "公共文化事业", "养老服务", "粮食生产", "人民健康", "工业结构调整",
    "县域经济发展", "商贸流通", "旅游开发", "法治政府建设", "财税改革", "国土绿化", "港口建设",
)  # fmt: skip
PLACES = ("全省", "各市县", "沿江地区", "山区", "城镇", "开发区", "农村", "重点企业", "各部门")
# what holds a term; {t} is one term, or several joined by 、 and 和
CARRIERS = (
    "以{t}等为重点改善企业服务。",
    "在{t}等方面取得新的进展。",
    "推进{t}、农业和工业共同发展。",
    "围绕{t}等，建设一批重大项目。",
    "加强{t}和教育等工作。",
    "社会各界对{t}等的关注有所提高。",
)
ANNEX_CARRIERS = (
    "{t}：指由有关部门提出并在本报告中使用的说法。",
    "{t}：有关工作由各部门共同承担，具体安排见年度计划。",
)
# look like terms and are none: inside longer words, or only a piece of one
DECOYS = (
    "新增储能容量55GWh。",
    "企业的智能水平有所提高。",
    "编号15G的专项工作全面完成。",
    "SAIoTX试验线建成。",
    "B2BX项目开工建设。",
    "统计数据更加准确。",
    "政务信息公开工作有序推进。",
    "大幅增加数字统计人员。",
)
OPENINGS = (
    "我代表人民政府向大会报告工作，请予审议，并请各位政协委员提出意见。",
    "我代表人民政府作工作报告，请连同计划草案一并审议，并请政协委员和列席人员提出意见。",
)
CLOSINGS = (
    "各位代表，让我们团结起来，为全面完成各项任务而努力！",
    "各位代表！做好各项工作责任重大，让我们同心同德，为人民的美好生活而努力！",
)
# headings of the review and of the plan; {y} the year of delivery, {p} the year before
HEADINGS = (
    (("一、{p}年工作回顾",), ("二、{y}年工作安排",)),
    (("一、过去一年工作回顾",), ("二、今年工作的总体要求和主要目标", "三、{y}年重点任务")),
    (("第一部分　{p}年工作回顾",), ("第二部分　{y}年重点工作",)),
    (("{p}年工作回顾",), ("{y}年工作安排",)),
)
ANNEX_HEADINGS = ("附件：名词解释", "名词解释", "《政府工作报告》名词解释")
TABLE_HEAD = ("领域", "进展")
TABLE_STATES = ("已开工", "正在实施", "全面完成", "前期工作")
RUNNING_HEAD = "政府工作报告"
# around the article of a web page; these hold terms, and none of them may be counted
MENU = ("首页", "大数据局", "数字经济专栏", "政务公开", "互动交流")
RELATED = ("人工智能产业发展规划解读", "工业互联网现场会召开", "5G基站建设情况通报")
FOOTER = "主办单位：办公厅　技术支持：云计算中心"
