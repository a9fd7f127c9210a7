"""Column names of patent exports: which of a file's columns is which field. No reading."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from dti_assets.errors import PatentSourceError
from dti_assets.patents.tables import TECHNOLOGIES

Layout = Literal["records", "flagged", "counts"]

# The names accepted for each field, best first: where a file has several, the first that is
# not empty counts row by row. Width, case, blanks and bracketed additions do not matter.
ALIASES: dict[str, tuple[str, ...]] = {
    "application_no": (
        "申请号", "专利申请号", "申请编号", "application_no", "application_number",
        "application no.", "appln_nr", "appl_no",
    ),
    "publication_no": (
        "公开(公告)号", "公开公告号", "申请公布号", "公开号", "公布号", "专利号", "专利公开号",
        "publication_number", "publication_no", "publication no.", "patent_number", "patent_no",
        "pub_no",
    ),
    # apart: beside it, the date of publication is the application's
    "grant_no": ("授权公告号", "公告号", "grant_number", "grant_no"),
    "title": (
        "名称", "标题", "专利名称", "发明名称", "专利标题", "title", "patent_title",
        "invention_title", "title_zh", "标题(中文)", "标题(中)",
    ),
    "abstract": (
        "摘要", "专利摘要", "摘要文本", "摘要(中文)", "摘要(中)", "abstract", "patent_abstract",
        "abstract_zh",
    ),
    "ipc": (
        "IPC", "分类号", "IPC分类号", "国际分类号", "IPC主分类号", "主分类号", "IPC分类",
        "ipc_subclasses", "ipc_codes", "ipc_code", "ipc_class", "classification",
    ),
    "province": (
        "省份", "申请人省份", "省", "所在省份", "省市", "申请人省市", "申请人所在省", "国省代码",
        "申请人国别/省市", "申请人国省代码", "省级行政区", "地区", "province", "applicant_province",
        "province_code", "省份代码",
    ),
    "address": (
        "申请人地址", "地址", "第一申请人地址", "申请(专利权)人地址", "专利权人地址",
         "applicant_address", "address", "applicant_addresses",
    ),
    "application_date": (
        "申请日", "申请日期", "申请时间", "申请年", "申请年份", "application_date", "filing_date",
        "application_year", "filing_year", "appln_filing_date",
    ),
    "publication_date": (
        "公开(公告)日", "公开公告日", "公开(公告)日期", "公开日", "公开日期", "公布日",
        "申请公布日", "publication_date", "publication_year",
    ),
    "grant_date": (
        "授权公告日", "授权日", "授权日期", "授权公告日期", "公告日", "授权年份", "授权年",
        "grant_date", "grant_year", "date_of_grant",
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
    "application_no", "publication_no", "grant_no", "title", "abstract", "ipc", "province",
    "address", "application_date", "publication_date", "grant_date", "kind",
)  # fmt: skip
FIELDS: dict[Layout, tuple[str, ...]] = {
    "records": _RECORD,
    "flagged": (*_RECORD, "digital", *TECHNOLOGIES),
    "counts": ("province", "year", "kind", "applications", "grants", *TECHNOLOGIES),
}


@dataclass(frozen=True)
class Columns:
    """What a file holds: `layout`, and for each field found the file's columns, best first.

    records: one row a patent, to be classified. flagged: one row a patent with the user's own
    digital flag. counts: one row a province and year (and kind) with the user's own counts.
    """

    layout: Layout
    sources: dict[str, tuple[str, ...]]


def fold(name: object) -> str:
    """A column name as compared: NFKC, lower case, without blanks, dots and underscores."""
    return re.sub(r"[\s_.\ufeff\"']+", "", unicodedata.normalize("NFKC", str(name))).lower()


def recognise(
    found: Sequence[str], where: str, extra: Mapping[str, str | Sequence[str]] | None = None
) -> Columns:
    """Which of the columns `found` is which field; `extra` adds names (field -> name or names).

    `extra` names come before the built-in ones. Raises PatentSourceError, naming the columns
    found and the names accepted, where a required field is missing: the title of records; the
    province, the year and applications or grants of counts.
    """
    names = {field: list(aliases) for field, aliases in ALIASES.items()}
    for field, more in (extra or {}).items():
        if field not in names:
            raise PatentSourceError(
                f"patent columns: {field!r} is no field; the fields are {', '.join(names)}"
            )
        names[field] = [*([more] if isinstance(more, str) else more), *names[field]]
    by_fold: dict[str, str] = {}
    for column in found:
        by_fold.setdefault(fold(column), column)
    sources = {}
    for field, aliases in names.items():
        matched = [by_fold[fold(alias)] for alias in aliases if fold(alias) in by_fold]
        if matched:
            sources[field] = tuple(dict.fromkeys(matched))
    layout = _layout(sources)
    needed = {"records": ("title",), "flagged": (), "counts": ("province", "year")}[layout]
    for field in needed:
        if field not in sources:
            raise PatentSourceError(
                f"{where}: no column for {field}; columns found: "
                f"{', '.join(map(str, found)) or 'none'}; names accepted: {', '.join(names[field])}"
            )
    return Columns(layout, {f: sources[f] for f in FIELDS[layout] if f in sources})


def _layout(sources: Mapping[str, object]) -> Layout:
    single = {"title", "application_no", "publication_no", "grant_no"} & set(sources)
    if not single and {"applications", "grants"} & set(sources):
        return "counts"
    return "flagged" if "digital" in sources else "records"
