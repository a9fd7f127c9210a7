"""Which column of a patent file is which field, and what a file is once it is open."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Literal, Protocol

from dti_assets.errors import PatentSourceError
from dti_assets.patents.tables import TECHNOLOGIES
from dti_assets.patents.tidy import Status
from dti_assets.store.characters import plain
from dti_assets.units.levels import Level

if TYPE_CHECKING:
    import pyarrow as pa


Layout = Literal["records", "flagged", "counts"]

# The names accepted for each field, best first: where a file has several, the first that is
# not empty counts row by row. Width, case, blanks and bracketed additions do not matter. Those of
# a level: aliases.
ALIASES: dict[str, tuple[str, ...]] = {
    "application_no": (
        "申请号", "专利申请号", "申请编号", "申请(专利)号", "专利(申请)号", "申请/专利号",
        "申请号/专利号", "专利号/申请号", "专利申请编号", "申请号码",
        "application_no", "application_number", "application no.", "appln_nr", "appl_no",
        "app_no", "app_number", "apply_no", "apply_number",
    ),
    "publication_no": (
        "公开(公告)号", "公开公告号", "公告(公开)号", "公开/公告号", "申请公布号", "公开号",
        "公布号", "专利公开号", "公开公布号", "公布(公告)号", "publication_number",
        "publication_no",
        "publication no.", "pub_no", "pub_number", "pub_num",
    ),
    # apart: beside it, the date of publication is the application's
    "grant_no": (
        "授权公告号", "公告号", "授权公布号", "授权号", "授权公开号", "grant_number", "grant_no",
    ),
    # an application number with ZL before it, or a publication number: its value says which
    "patent_no": ("专利号", "专利号码", "patent_number", "patent_no"),
    "title": (
        "名称", "标题", "专利名称", "发明名称", "专利标题", "发明创造名称", "专利题名", "题名",
        "专利名", "title", "patent_title", "invention_title", "patent_name", "title_zh",
        "标题(中文)", "标题(中)", "名称(中文)", "专利名称(中文)", "标题(原文)",
    ),
    "abstract": (
        "摘要", "专利摘要", "摘要文本", "摘要(中文)", "摘要(中)", "摘要(原文)", "说明书摘要",
        "摘要内容", "abstract", "patent_abstract", "abstract_zh",
    ),
    "ipc": (
        "IPC", "分类号", "IPC分类号", "国际分类号", "IPC主分类号", "主分类号", "IPC分类",
        "IPC主分类", "专利分类号", "国际专利分类号", "ipc_subclasses", "ipc_codes", "ipc_code",
        "ipc_class", "classification",
    ),
    # of a level whose headers do not ship; those of another come first
    "unit": ("{unit}", "applicant_{unit}", "{unit}_code", "所在地区", "地区"),
    "address": (
        "申请人地址", "地址", "第一申请人地址", "申请(专利权)人地址", "专利权人地址",
        "原始申请(专利权)人地址", "当前申请(专利权)人地址", "当前专利权人地址", "权利人地址",
        "申请人详细地址", "申请地址", "applicant_address", "address", "applicant_addresses",
    ),
    "application_date": (
        "申请日", "申请日期", "申请时间", "专利申请日", "专利申请日期", "申请年", "申请年份",
        "application_date", "filing_date", "apply_date", "app_date", "application_year",
        "filing_year", "appln_filing_date",
    ),
    "publication_date": (
        "公开(公告)日", "公开公告日", "公开(公告)日期", "公告(公开)日", "公开/公告日",
        "公开公告日期", "公开日", "公开日期", "公布日", "公布日期", "申请公布日", "公布(公告)日",
        "publication_date", "pub_date", "publication_year",
    ),
    "grant_date": (
        "授权公告日", "授权日", "授权日期", "授权公告日期", "授权公布日", "授权时间", "公告日",
        "公告日期", "颁证日", "授权年份", "授权年", "grant_date", "grant_year", "date_of_grant",
    ),
    "kind": ("专利类型", "专利种类", "类型", "公开类型", "文献类型", "patent_type", "kind", "type"),
    "digital": ("是否数字专利", "数字专利", "数字化专利", "digital", "is_digital"),
    "year": ("年份", "年度", "年", "year"),
    "applications": (
        "数字专利申请数", "数字专利申请量", "申请数", "申请量", "专利申请数", "专利申请量",
        "applications", "digital_applications", "patent_applications",
    ),
    "grants": (
        "数字专利授权数", "数字专利授权量", "授权数", "授权量", "专利授权数", "专利授权量",
        "grants", "digital_grants", "patent_grants",
    ),
    **{t: (t, f"digital_{t}", f"is_{t}") for t in TECHNOLOGIES},
}  # fmt: skip
ALIASES["ai"] += ("人工智能",)
ALIASES["blockchain"] += ("区块链",)
ALIASES["cloud"] += ("云计算", "cloud_computing")
ALIASES["big_data"] += ("大数据", "bigdata")
ALIASES["iot"] += ("物联网", "internet_of_things")

_RECORD = (
    "application_no", "publication_no", "grant_no", "title", "abstract", "ipc", "unit",
    "address", "application_date", "publication_date", "grant_date", "kind", "patent_no",
)  # fmt: skip
FIELDS: dict[Layout, tuple[str, ...]] = {
    "records": _RECORD,
    "flagged": (*_RECORD, "digital", *TECHNOLOGIES),
    "counts": ("unit", "year", "kind", "applications", "grants", *TECHNOLOGIES),
}


@dataclass(frozen=True)
class Columns:
    """What a file holds: `layout`, and for each field found the file's columns, best first.

    records: one row a patent, to be classified. flagged: one row a patent with the user's own
    digital flag. counts: one row a unit and year (and kind) with the user's own counts.
    """

    layout: Layout
    sources: dict[str, tuple[str, ...]]


@cache
def aliases(level: Level) -> dict[str, tuple[str, ...]]:
    """Return ALIASES with the names of the unit's column at this level: those that ship with its
    figures, or the noun."""
    file = level.shipped("patent_columns.csv")
    names = tuple(map(level.words, ALIASES["unit"]))
    if file is not None:
        shipped = csv.DictReader(file.read_text(encoding="utf-8").splitlines())
        names = tuple(row["name"] for row in shipped)
    return ALIASES | {"unit": names}


def fold(name: object) -> str:
    """A column name as compared: plain characters, lower case, without blanks, dots, underscores
    and quotation marks, and without the number that tells it from another of that name."""
    text = re.sub(r"(?:#|\.)\d+$", "", plain(str(name)).strip())
    return re.sub(r"[\s_.=`´‘’“”\"']+", "", text).lower()


def unique_names(headers: Sequence[str]) -> list[str]:
    """Return column names that differ: a repeated or empty one gets its place in the row."""
    seen: set[str] = set()
    names = []
    for place, header in enumerate(headers, 1):
        name = header if header and header not in seen else f"{header}#{place}"
        while name in seen:
            name += f"#{place}"
        seen.add(name)
        names.append(name)
    return names


def recognise(
    found: Sequence[str],
    where: str,
    extra: Mapping[str, str | Sequence[str]] | None = None,
    *,
    level: Level,
) -> Columns:
    """Which of the columns `found` is which field; `extra` adds names (field -> name or names).

    `extra` names come before the built-in ones; the field unit may also be called by the level's
    noun. Raises PatentSourceError, naming the columns found and the names accepted, where a
    required field is missing: the title of records; the unit, the year and applications or grants
    of counts.
    """
    names = {field: list(known) for field, known in aliases(level).items()}
    for given, more in (extra or {}).items():
        field = "unit" if given == level.name else given
        if field not in names:
            fields = ", ".join(_said(name, level) for name in names)
            raise PatentSourceError(
                f"patent columns: {given!r} is no field; the fields are {fields}"
            )
        names[field] = [*([more] if isinstance(more, str) else more), *names[field]]
    by_fold: dict[str, list[str]] = {}
    for column in found:
        by_fold.setdefault(fold(column), []).append(column)
    sources: dict[str, tuple[str, ...]] = {}
    for field, known in names.items():
        matched = [column for alias in known for column in by_fold.get(fold(alias), ())]
        if matched:
            sources[field] = tuple(dict.fromkeys(matched))
    firm = _name_of_firm(sources, by_fold, given=(extra or {}).get("title"))
    if firm:
        sources["title"] = tuple(c for c in sources["title"] if c not in firm)
        if not sources["title"]:
            del sources["title"]
    layout = _layout(sources)
    needed = {"records": ("title",), "flagged": (), "counts": ("unit", "year")}[layout]
    for field in needed:
        if field not in sources:
            accepted = ", ".join(names[field])
            if firm and field == "title":
                accepted += f"; {', '.join(firm)} is here taken for the name of a firm"
            raise PatentSourceError(
                f"{where}: no column for {_said(field, level)}; columns found: "
                f"{', '.join(map(str, found)) or 'none'}; names accepted: {accepted}"
            )
    return Columns(layout, {f: sources[f] for f in FIELDS[layout] if f in sources})


def _said(field: str, level: Level) -> str:
    """Return the name of a field as users know it."""
    return level.name if field == "unit" else field


def _layout(sources: Mapping[str, object]) -> Layout:
    single = {"title", "application_no", "publication_no", "grant_no"} & set(sources)
    if not single and {"applications", "grants"} & set(sources):
        return "counts"
    return "flagged" if "digital" in sources else "records"


# what stands next to the name of a firm
_OF_FIRMS = frozenset(
    {
        "股票代码", "证券代码", "上市公司代码", "公司代码", "企业代码", "股票简称", "证券简称",
        "公司名称", "企业名称", "上市公司", "统一社会信用代码", "组织机构代码", "stkcd", "symbol",
        "scode", "coname",
    }
)  # fmt: skip
# firms and patents alike have one
BARE_NAME = "名称"


def _name_of_firm(
    sources: Mapping[str, tuple[str, ...]],
    by_fold: Mapping[str, list[str]],
    given: object,
) -> list[str]:
    """The columns called 名称 that name a firm: next to a title under another name, or next to what
    only firms have. Not where the user says that it is the title."""
    bare = by_fold.get(BARE_NAME, [])
    said = [given] if isinstance(given, str) else given or []
    if not bare or BARE_NAME in map(fold, said if isinstance(said, list | tuple) else ()):
        return []
    others = set(sources.get("title", ())) - set(bare)
    return bare if others or _OF_FIRMS & by_fold.keys() else []


# what a column seems to be, for one whose name is not known: field -> pattern of its folded name
_SEEMS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("application_no",), "申请.*号|(?:application|filing|apply).*(?:no|num|id)"),
    (
        ("publication_no", "grant_no", "patent_no"),
        "(?:公开|公告|公布|授权|专利).*号|(?:publication|grant|patent).*(?:no|num)",
    ),
    (("application_date",), "申请.*(?:日|年|时间)|(?:application|filing|apply).*(?:date|year|day)"),
    (("grant_date",), "(?:授权|颁证).*(?:日|年|时间)|grant.*(?:date|year|day)"),
    (
        ("publication_date", "grant_date"),
        "(?:公开|公告|公布).*(?:日|年|时间)|publi.*(?:date|year|day)",
    ),
    (("abstract",), "摘要|abstract"),
    (("address", "unit"), "地址|address|省份|province"),
)
_NOT_MEANT = re.compile(
    r"(?:申请人|专利权人|权利人)(?!.*地址)|优先权|国际|pct|代理|引|同族|发明人|设计人|邮编|进入|缴费|失效|转让|许可|质押|届满|到期|分案|母案|"
    r"公司|企业|数|次|分类|权利要求|法律|状态|类型|翻译|译|附图|链接|url|语言|来源|priority|"
    r"famil|cit|agen|count|legal|inventor|expir|lang|link|class"
)


def seeming(found: Sequence[str], sources: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return the columns that are not read, although by their names they hold a field that no
    column that is read gives."""
    read = {column for columns in sources.values() for column in columns}
    named = []
    for column in found:
        name = fold(column)
        if column in read or not name or _NOT_MEANT.search(name):
            continue
        for fields, pattern in _SEEMS:
            if re.search(pattern, name):
                if not any(field in sources for field in fields):
                    named.append(str(column))
                break
    return named


class Source(Protocol):
    """A file opened: its column names, and batches of some of them from row `start` on.

    `malformed` are rows or lines that have no place under the header, `status` says more of them
    and what else was met; both are whole once the file is read to its end. `unread` names what of
    it has data and no recognised columns, which of a workbook are sheets.
    """

    names: list[str]
    malformed: list[int]
    unread: list[str]
    status: Status

    def batches(self, columns: list[str], rows: int, start: int = 0) -> Iterator[pa.Table]: ...


def after(skip: int, table: pa.Table) -> Iterator[pa.Table]:
    """The table without its first `skip` rows, or nothing."""
    if skip < table.num_rows:
        yield table.slice(max(skip, 0))


def is_recognised(
    names: Sequence[str],
    label: str,
    extra: Mapping[str, str | Sequence[str]] | None,
    level: Level,
) -> bool:
    """Whether the columns are those of a patent file."""
    try:
        recognise(names, label, extra, level=level)
    except PatentSourceError:
        return False
    return True


# numbers and dates without a digit are read as nothing
_SHOW_A_HEADER = ("title", "abstract", "unit", "address", "kind", "digital")


def without_headers(raw: pa.Table, columns: Columns, level: Level) -> tuple[pa.Table, list[int]]:
    """Return a slice without the rows that name the columns again, in the words of the file or of
    another language, and the numbers of these rows."""
    import pyarrow as pa
    import pyarrow.compute as pc

    asked = next((field for field in _SHOW_A_HEADER if field in raw.column_names), None)
    if asked is None:
        return raw, []
    known = {*chain(*aliases(level).values()), *chain(*columns.sources.values())}
    words = pa.array({form for name in known for form in (name, name.lower())}, pa.string())
    folded = {fold(name) for name in known}
    again = []
    for k in pc.indices_nonzero(pc.is_in(raw[asked], value_set=words)).to_pylist():
        cells = [raw[name][k].as_py() for name in raw.column_names if name != "row"]
        if all(fold(cell) in folded for cell in cells if cell is not None):
            again.append(k)
    if not again:
        return raw, []
    numbers = raw["row"].take(again).to_pylist()
    return raw.filter(pc.invert(pc.is_in(raw["row"], value_set=pa.array(numbers)))), numbers


def broken(label: str, read: int, error: Exception) -> PatentSourceError:
    """The error of a file that breaks off."""
    return PatentSourceError(f"{label}: cannot be read after row {read} ({first_line(error)})")


def first_line(error: Exception) -> str:
    """An error's first line; libraries append pages of context to theirs."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
