"""Two hundred small extracts in every format, written as people's programs write them: what is
counted is what the generator meant."""

import csv
import gzip
import io
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from xml.sax.saxutils import escape

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dti_assets.patents.combine import combine
from dti_assets.patents.extract import classify_extract
from dti_assets.patents.terms import load_terms
from dti_assets.patents.tidy import normal_number
from dti_assets.units.lists import shipped_units

TERMS = load_terms(Path(__file__).resolve().parents[2] / "dictionaries")
PROVINCES = shipped_units("provinces")
FILES = 200
PLACES = {
    "浙江省杭州市西湖区1号": 330000,
    "江苏省南京市玄武区2号": 320000,
    "广东省深圳市南山区": 440000,
}
NOTHING = ["", "-", "--", "—", r"\N", "NULL", "N/A", "nan", "None", "无", "#N/A", " "]
NO_DAY = [*NOTHING, "0000-00-00", "1900-01-00", "0000-00-00 00:00:00"]
UNSEEN = ["\u200b", "\ufeff", "\u00ad", "\u2060", "\ufe0f", "\u034f", "\u061c", "\u0081", "\u2028"]
MARKUP = ["<b>{}</b>", "<sub>{}</sub>", "{}<!-- x -->", "<span class='k'>{}</span>", "&#{};"]
MANIFEST = (
    '<?xml version="1.0" encoding="UTF-8"?><manifest:manifest '
    'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry '
    'manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
)
HEADERS = {
    "application": ["申请号", "专利申请号", "申请（专利）号", "Application Number", "'申请号"],
    "publication": ["公开（公告）号", "公开号", "publication_number", "公开公告号"],
    "title": ["专利名称", "标题", "发明名称", "title"],
    "abstract": ["摘要", "摘要 (中文)", "Abstract"],
    "applied": ["申请日", "申请日期", "filing_date"],
    "granted": ["授权公告日", "授权日", "grant_date", "颁证日"],
    "address": ["申请人地址", "地址", "第一申请人地址"],
}  # fmt: skip


@dataclass
class Patent:
    number: str
    digital: bool
    address: str
    applied: date
    granted: date | None
    publication: str


def made(rng: random.Random) -> list[Patent]:
    found = []
    for k in range(rng.randrange(4, 25)):
        year = rng.randrange(2010, 2020)
        applied = date(year, 1, 1) + timedelta(days=rng.randrange(365))
        granted = applied + timedelta(days=rng.randrange(200, 900)) if rng.random() < 0.5 else None
        number = f"{year}1{rng.randrange(1_000_000):06d}{k % 10}"
        address = rng.choice(list(PLACES))
        publication = f"CN1{rng.randrange(10**7):07d}{k % 10}{'B' if granted else 'A'}"
        found.append(Patent(number, rng.random() < 0.5, address, applied, granted, publication))
    return list({patent.number: patent for patent in found}.values())


def title(rng: random.Random, digital: bool, dirty: bool) -> str:
    term = rng.choice(["区块链", "物联网", "人工智能", "云计算"]) if digital else "水稻"
    if not dirty:
        return f"一种{term}装置"
    at = rng.randrange(1, len(term))
    kind = rng.randrange(5)
    if kind == 0:
        term = term[:at] + rng.choice(UNSEEN) + term[at:]
    elif kind == 1:
        mark = rng.choice(MARKUP)
        inner = ord(term[at]) if "#" in mark else term[at]
        term = term[:at] + mark.format(inner) + term[at + 1 :]
    elif kind == 2:
        term = "".join(c + rng.choice(UNSEEN) for c in term)
    elif kind == 3:
        term += rng.choice(["①", "²", "③"])
    return f"一种{term}装置"


def number(rng: random.Random, plain: str, text: bool) -> str:
    check = rng.choice(["", ".X", ".3", "5"])
    spelled = rng.choice(["", "CN", "ZL", "cn", "zl ", "ＣＮ"]) + plain + check
    if rng.random() < 0.2:
        spelled = f"ZL {plain[:4]} {plain[4]} {plain[5:]}.X"
    guards = ["{}", "'{}", "\u200b{}", "{}\u001f", "\u2018{}", "\ufeff{}", "\u00a0{}", "{}①"]
    guards += ["\t{}", '="{}"', "{}\t"] if text else []
    return rng.choice(guards).format(spelled)


def day(rng: random.Random, when: date | None) -> str:
    if when is None:
        return rng.choice(NO_DAY)
    spelled = rng.choice(["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y年%m月%d日"])
    return rng.choice(["{}", "'{}", "{}\u200b", "\u00a0{}"]).format(when.strftime(spelled))


def table(
    rng: random.Random, patents: list[Patent], text: bool
) -> tuple[list[str], list[list[str]]]:
    """Header and rows; each patent once or twice, columns in any order, some twice."""
    fields = list(HEADERS)
    rng.shuffle(fields)
    header = [rng.choice(HEADERS[name]) for name in fields]
    twice = rng.randrange(len(fields)) if rng.random() < 0.3 else None
    rows = []
    for patent in patents:
        for _ in range(rng.choice([1, 1, 2])):
            cells = {
                "application": number(rng, patent.number, text),
                "publication": rng.choice([patent.publication, *NOTHING]),
                "title": title(rng, patent.digital, rng.random() < 0.6),
                "abstract": rng.choice(["用于生产", *NOTHING]),
                "applied": day(rng, patent.applied),
                "granted": day(rng, patent.granted),
                "address": rng.choice(["{}", "{}\u200b", "'{}"]).format(patent.address),
            }
            rows.append([cells[name] for name in fields])
    if twice is not None:
        header = [*header, header[twice]]
        rows = [[*row, row[twice]] for row in rows]
    if rng.random() < 0.5:
        header = ["备注", *header]
        rows = [[rng.choice(["", "x"]), *row] for row in rows]
    return header, rows


def delimited(rng: random.Random, header: list[str], rows: list[list[str]]) -> tuple[str, bytes]:
    mark = rng.choice([",", "\t", ";", "|"])
    end = rng.choice(["\n", "\r\n", "\r"])
    lines: list[str] = []
    if rng.random() < 0.5:
        # as a database dumps it: nothing is quoted, and titles hold quotation marks
        at = next(
            i for i, name in enumerate(header) if "标题" in name or "名" in name or "tit" in name
        )
        for k, row in enumerate([header, *rows]):
            cells = [cell.replace(mark, "").replace("\t", "") for cell in row]
            if k and rng.random() < 0.3:
                cells[at] = rng.choice(['"{}', '"{}"的', '{}"', '"{}""']).format(cells[at])
            lines.append(mark.join(cells) + (mark if rng.random() < 0.2 else ""))
        text = end.join(lines)
    else:
        out = io.StringIO()
        quoting = rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
        writer = csv.writer(out, delimiter=mark, lineterminator=end, quoting=quoting)
        writer.writerow(header)
        at = header.index(next(n for n in header if "摘要" in n or n == "Abstract"))
        for row in rows:
            row = list(row)
            if rng.random() < 0.3:
                row[at] = f'说"明"{mark}第二\n第三行'
            writer.writerow(row)
        text = out.getvalue()
    if rng.random() < 0.3:
        text = text.replace(end, end + end, 1) + end
    encoding = rng.choice(["utf-8", "utf-8-sig", "gb18030", "utf-16"])
    raw = text.encode(encoding)
    if rng.random() < 0.2:
        return "csv.gz", gzip.compress(raw)
    return rng.choice(["csv", "txt", "tsv"]), raw


def workbook(rng: random.Random, header: list[str], rows: list[list[str]]) -> tuple[str, bytes]:
    book = openpyxl.Workbook()
    sheet = book.active
    for _ in range(rng.randrange(3)):
        sheet.append(["检索结果"])
    for row in [header, *rows]:
        sheet.append([_allowed(cell) or None for cell in row])
    if rng.random() < 0.3:
        hidden = book.create_sheet("备份")
        hidden.sheet_state = "hidden"
        hidden.append(["申请号", "标题", "申请日", "申请人地址"])
        hidden.append(["201510999999.9", "一种区块链装置", "2015-01-01", "北京市"])
    out = io.BytesIO()
    book.save(out)
    return "xlsx", out.getvalue()


def _allowed(cell: str) -> str:
    """Without what XML cannot hold."""
    return cell.replace("\u001f", "").replace("\u0081", "")


def open_document(
    rng: random.Random, header: list[str], rows: list[list[str]]
) -> tuple[str, bytes]:
    names = "office:urn:oasis:names:tc:opendocument:xmlns:office:1.0 table:urn:oasis:names:tc:opendocument:xmlns:table:1.0 text:urn:oasis:names:tc:opendocument:xmlns:text:1.0"  # noqa: E501
    spaces = " ".join(f'xmlns:{n.split(":", 1)[0]}="{n.split(":", 1)[1]}"' for n in names.split())
    lines = []
    for row in [header, *rows]:
        cells = [
            f'<table:table-cell office:value-type="string"><text:p>{escape(_allowed(c))}</text:p>'
            "</table:table-cell>"
            for c in row
        ]
        lines.append(f"<table:table-row>{''.join(cells)}</table:table-row>")
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces}><office:body>'
        f'<office:spreadsheet><table:table table:name="a">{"".join(lines)}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", MANIFEST)
    return "ods", out.getvalue()


def parquet(rng: random.Random, header: list[str], rows: list[list[str]]) -> tuple[str, bytes]:
    columns = list(zip(*rows, strict=True))
    seen: dict[str, list[str | None]] = {}
    for name, column in zip(header, columns, strict=True):
        seen.setdefault(name, [cell or None for cell in column])
    out = io.BytesIO()
    pq.write_table(pa.table(seen), out, row_group_size=7)
    return "parquet", out.getvalue()


def stata(rng: random.Random, header: list[str], rows: list[list[str]]) -> tuple[str, bytes]:
    columns = list(zip(*rows, strict=True))
    frame = pd.DataFrame(
        {f"v{k}": [cell or "" for cell in column] for k, column in enumerate(columns)}
    )
    out = io.BytesIO()
    labels = {f"v{k}": name for k, name in enumerate(header)}
    frame.to_stata(out, write_index=False, version=118, variable_labels=labels)
    return "dta", out.getvalue()


WRITERS: list[tuple[Callable[..., tuple[str, bytes]], bool]] = [
    (delimited, True), (delimited, True), (workbook, False), (open_document, False),
    (parquet, True), (stata, False),
]  # fmt: skip


@pytest.mark.parametrize("part", range(10))
def test_what_is_counted_is_what_the_generator_meant(part: int, tmp_path: Path) -> None:
    for seed in range(part, FILES, 10):
        rng = random.Random(seed)
        patents = made(rng)
        write, text = rng.choice(WRITERS)
        header, rows = table(rng, patents, text)
        suffix, content = write(rng, header, rows)
        path = tmp_path / f"{seed}.{suffix}"
        path.write_bytes(content)
        extract = classify_extract(
            path, TERMS, tmp_path / "w", not_after=date(2025, 12, 31), units=PROVINCES
        )
        found = combine(extract, tmp_path / "o.parquet", level=PROVINCES.level).table().to_pylist()
        read = {
            normal_number(row["application_no"]): (
                row["application_year"], row["grant_year"], row["province_code"], row["digital"]
            )
            for row in found
        }  # fmt: skip
        wanted = {
            patent.number: (
                patent.applied.year,
                patent.granted.year if patent.granted else None,
                PLACES[patent.address],
                patent.digital,
            )
            for patent in patents
        }
        assert read == wanted, (seed, path.name, header)
        assert len(found) == len(patents), (seed, path.name)
        assert "malformed" not in extract.status[path.name].rows, (seed, path.name)
