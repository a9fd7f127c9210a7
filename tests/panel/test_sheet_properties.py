"""200 generated workbooks and text files, with everything that nobody sees in them.

The truth is the generator's. LibreOffice is the second witness of what a cell shows: it exports
hidden rows and struck text, and so is asked about the figures that are seen.
"""

import csv
import random
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Font, PatternFill

from dti_assets.panel.yearbooks.figures import UserFigures, read_user_figures
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")
NAMES = [one.name for one in PROVINCES]
WORKBOOKS, TEXTS = 160, 40
SERIES = {
    "gdp": ("地区生产总值", "亿元", (1000, 90000)),
    "population": ("年末常住人口", "万人", (300, 12000)),
    "total_exports": ("出口总额", "万元", (100_000, 9_000_000)),
    "high_tech_firms": ("高技术产业企业数", "个", (100, 9000)),
    "fiscal_expenditure": ("一般公共预算支出", "亿元", (100, 20000)),
}
# columns that are left out, each with what its header says
OTHERS = ("地区生产总值（不变价）", "年末常住人口（城镇）", "备注", "增长率（%）", "其他")
NOTHING = ("-", "--", "…", "NULL", "N/A", "无", "\\N", None, "")
RAISED = InlineFont(vertAlign="superscript")
Truth = dict[tuple[str, str, int], float | None]


@dataclass
class Made:
    """A file's rows as they are written, and what must be read from it."""

    rows: list[list[Any]] = field(default_factory=list)
    truth: Truth = field(default_factory=dict)
    # (row, column) -> the number that is seen there
    shown: dict[tuple[int, int], float] = field(default_factory=dict)
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)
    struck: list[tuple[int, int]] = field(default_factory=list)
    white: list[tuple[int, int]] = field(default_factory=list)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)


def marked(draw: random.Random, text: str, rich: bool) -> Any:
    """A text with a note mark behind it."""
    digit = str(draw.randint(1, 9))
    if rich and draw.random() < 0.7:
        return CellRichText(text, TextBlock(RAISED, draw.choice([digit, f"{digit})", "①"])))
    return text + draw.choice(["¹", "②", "³", "⁽¹⁾"])


def guarded(draw: random.Random, text: str, kind: str) -> str:
    guards = ["'{}", "\u00a0{}", "{}\u200b", "\ufeff{}", "{}\t"]
    if kind == "csv":
        guards += ['="{}"', "\x1f{}"]
    return draw.choice(guards).format(text)


def made(draw: random.Random, kind: str) -> Made:
    rich = kind == "xlsx"
    out = Made()
    year = draw.randint(2009, 2022)
    wanted = draw.sample(list(SERIES), draw.randint(1, 4))
    halves = [wanted]
    if len(wanted) > 1 and draw.random() < 0.4:  # a second table below the first
        halves = [wanted[:1], wanted[1:]]
    out.rows.append([f"3-{draw.randint(1, 30)} 各地区经济指标（{year}年）"])
    if draw.random() < 0.3:
        out.rows.append([None])
    for number, part in enumerate(halves):
        if number and draw.random() < 0.6:
            out.rows.append(draw.choice([["续表"], [None], ["（续）"]]))
        _table(draw, out, part, year, kind, rich)
    return out


def _table(
    draw: random.Random, out: Made, wanted: list[str], year: int, kind: str, rich: bool
) -> None:
    columns: list[str] = [*wanted, *draw.sample(OTHERS, draw.randint(0, 2))]
    draw.shuffle(columns)
    header: list[Any] = ["地区"]
    for name in columns:
        label, unit, _ = SERIES.get(name, (name, "", (0, 0)))
        text = f"{label}（{unit}）" if unit else label
        header.append(marked(draw, text, rich) if draw.random() < 0.2 and unit else text)
    top = len(out.rows)
    if rich and draw.random() < 0.3:  # two header rows, merged over each other
        out.rows.append(list(header))
        out.merged += [(top, j, top + 1, j) for j in range(len(header))]
        header = [None] * len(header)
    out.rows.append(header)
    if draw.random() < 0.4:
        out.rows.append(["全  国", *(999_999_999 for _ in columns)])
    names = [name for name in NAMES if draw.random() < 0.95]
    for name in names:
        i = len(out.rows)
        shown_name = f"{name[0]} {name[1]}" if len(name) == 2 and draw.random() < 0.3 else name
        row: list[Any] = [marked(draw, name, rich) if draw.random() < 0.05 else shown_name]
        hidden = rich and draw.random() < 0.03
        for j, series in enumerate(columns, 1):
            row.append(_cell(draw, out, (i, j), (series, name, year), kind, hidden))
        out.rows.append(row)
        if hidden:
            out.hidden_rows.append(i)
    if draw.random() < 0.6:
        out.rows.append([draw.choice(["注：1. 见说明。", "资料来源：国家统计局", "* 初步数"])])


def _cell(
    draw: random.Random,
    out: Made,
    place: tuple[int, int],
    key: tuple[str, str, int],
    kind: str,
    hidden: bool,
) -> Any:
    series = key[0]
    if series not in SERIES:
        return draw.randint(1, 9) if series != "备注" else draw.choice([None, "见注", "初步数"])
    low, high = SERIES[series][2]
    value: float = draw.randint(low, high) if draw.random() < 0.5 else draw.uniform(low, high)
    value = round(value, 2)
    chance = draw.random()
    if not hidden:
        out.truth[key] = value
        out.shown[place] = value
    if chance < 0.08:
        if not hidden:
            out.truth[key] = None
            del out.shown[place]
        return draw.choice(NOTHING)
    text = f"{value:,}" if chance < 0.16 else str(value)
    if chance < 0.16:
        return text
    if chance < 0.26:
        return marked(draw, text, kind == "xlsx")
    if chance < 0.34:
        return guarded(draw, text, kind)
    if kind == "xlsx" and chance < 0.37 and not hidden:
        (out.struck if draw.random() < 0.5 else out.white).append(place)
        out.truth[key] = None
        del out.shown[place]
    return value


def write_workbook(draw: random.Random, one: Made, path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "数据"
    for i, row in enumerate(one.rows, 1):
        for j, value in enumerate(row, 1):
            if value is not None and value != "":
                sheet.cell(i, j, value)
    for i in one.hidden_rows:
        sheet.row_dimensions[i + 1].hidden = True
    for i, j in one.struck:
        sheet.cell(i + 1, j + 1).font = Font(strike=True)
    for i, j in one.white:
        sheet.cell(i + 1, j + 1).font = Font(color="FFFFFFFF")
    for top, left, bottom, right in one.merged:
        sheet.merge_cells(
            start_row=top + 1, start_column=left + 1, end_row=bottom + 1, end_column=right + 1
        )
    # white text on a dark ground is seen
    sheet["A1"].font = Font(color="FFFFFFFF")
    sheet["A1"].fill = PatternFill("solid", fgColor="FF203864")
    if draw.random() < 0.5:
        hidden = book.create_sheet("草稿")
        hidden.sheet_state = draw.choice(["hidden", "veryHidden"])
        for row in (["地区", "年份", "平均受教育年限"], *([name, 2016, 9] for name in NAMES)):
            hidden.append(row)
    if draw.random() < 0.3:
        width = max(map(len, one.rows))
        for i in range(len(one.rows)):
            sheet.cell(i + 1, width + 1, 12345)
        header = next(i for i, row in enumerate(one.rows) if row[0] == "地区")
        sheet.cell(header + 1, width + 1, "专利申请数（件）")
        sheet.column_dimensions[sheet.cell(1, width + 1).column_letter].hidden = True
    book.save(path)


def write_text(draw: random.Random, one: Made, path: Path) -> None:
    mark = draw.choice(",\t;|")
    encoding = draw.choice(["utf-8", "utf-8-sig", "gb18030", "utf-16"])
    width = max(map(len, one.rows))
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=mark, lineterminator=draw.choice(["\n", "\r\n", "\r"]))
        for row in one.rows:
            cells = ["" if value is None else value for value in row]
            if draw.random() < 0.5:
                cells += [""] * (width - len(cells))
            writer.writerow(cells)


def mistakes(found: UserFigures, truth: Truth) -> list[str]:
    """Where what is read is not the truth."""
    rows = found.figures[["series", "province", "year", "value"]].itertuples(index=False)
    read = {(s, p, y): None if v != v else v for s, p, y, v in rows}
    return [
        f"{key}: {read.get(key, 'absent')} for {truth.get(key, 'absent')}"
        for key in sorted({*read, *truth})
        if read.get(key, "absent") != truth.get(key, "absent")
    ]


def seen(truth: Truth) -> Truth:
    """The truth without series that have no figure at all, which replace nothing."""
    filled = {series for (series, *_), value in truth.items() if value is not None}
    return {key: value for key, value in truth.items() if key[0] in filled}


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, Made]]:
    """Each file in a folder of its own."""
    root = tmp_path_factory.mktemp("sheets")
    out = []
    for number in range(WORKBOOKS + TEXTS):
        draw = random.Random(number)
        kind = "xlsx" if number < WORKBOOKS else "csv"
        one = made(draw, kind)
        folder = root / f"{number:03d}"
        folder.mkdir()
        path = folder / f"t{number:03d}.{kind}"
        (write_workbook if kind == "xlsx" else write_text)(draw, one, path)
        out.append((path, one))
    return out


@pytest.fixture(scope="module")
def read(generated: list[tuple[Path, Made]]) -> dict[str, UserFigures]:
    return {path.name: read_user_figures(path.parent, units=PROVINCES) for path, _ in generated}


def test_what_is_seen_is_read(
    generated: list[tuple[Path, Made]], read: dict[str, UserFigures]
) -> None:
    wrong = {
        path.name: found
        for path, one in generated
        if (found := mistakes(read[path.name], seen(one.truth)))
    }
    assert not wrong
    assert sum(len(one.truth) for _, one in generated) > 5000


def test_everything_hidden_is_said(
    generated: list[tuple[Path, Made]], read: dict[str, UserFigures]
) -> None:
    for path, one in generated:
        said = " ".join(read[path.name].skipped["reason"])
        assert ("struck out" in said) == bool(one.struck)
        assert ("in white" in said) == bool(one.white)
        assert not one.hidden_rows or "hidden and not read" in said


def converted(paths: list[Path], kind: str, folder: Path) -> None:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not installed")
    profile = f"-env:UserInstallation=file://{folder / 'profile'}"
    command = [office, profile, "--headless", "--convert-to", kind, "--outdir", str(folder)]
    subprocess.run([*command, *map(str, paths)], check=True, capture_output=True, timeout=240)


def test_libreoffice_shows_the_same_figures(
    generated: list[tuple[Path, Made]], tmp_path: Path
) -> None:
    """A witness of the generator: a seen figure is what the export to CSV shows in its cell."""
    some = [(path, one) for path, one in generated if path.suffix == ".xlsx"][:12]
    # comma, quotation mark, UTF-8, from the first row on, every cell as it is shown
    form = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false"
    converted([path for path, _ in some], form, tmp_path)
    for path, one in some:
        with (tmp_path / f"{path.stem}.csv").open(encoding="utf-8", newline="") as file:
            shown = list(csv.reader(file))
        for (i, j), value in one.shown.items():
            text = shown[i][j]
            spelled = (str(value), f"{value:,}", f"{value:.15g}")
            assert any(number in text for number in spelled), (path.name, i, j, text, value)


def test_the_same_workbooks_as_ods(generated: list[tuple[Path, Made]], tmp_path: Path) -> None:
    some = [(path, one) for path, one in generated if path.suffix == ".xlsx"][20:32]
    converted([path for path, _ in some], "ods", tmp_path)
    wrong = {}
    for path, one in some:
        folder = tmp_path / path.stem
        folder.mkdir()
        (tmp_path / f"{path.stem}.ods").rename(folder / f"{path.stem}.ods")
        if found := mistakes(read_user_figures(folder, units=PROVINCES), seen(one.truth)):
            wrong[path.name] = found
    assert not wrong
