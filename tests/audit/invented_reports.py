"""Texts and labels made for tests of the audit, and a coder who fills a sheet in."""

from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import samples

from dti_assets.text.readers.clean import han_count
from dti_assets.text.tables import REPORT_TEXTS
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")


def texts(years: tuple[int, ...] = (2014, 2015), places: int = 31) -> pd.DataFrame:
    """Table report_texts of invented reports; each names its province, capital and years in the
    same paragraph as keywords."""
    rows = []
    for number, place in enumerate(PROVINCES.first(places)):
        for year in years:
            lines = samples.report_lines(place.full_name, year, repeats=2 + number % 3)
            said = (
                f"{year - 1}年{place.name}和{place.seat}市的大数据、{year}年"
                f"{place.full_name}云计算,以及{place.seat}2020年互联网+行动,电子商务在{place.name}发展。"
            )
            text = "\n".join([*lines[:5], said, *lines[5:], said])
            rows.append(
                {
                    "province_code": place.code,
                    "province": place.name,
                    "year": year,
                    "path": f"{place.name}{year}.txt",
                    "text": text,
                    "han_chars": han_count(text),
                    "status": "ok",
                    "sha256": f"{number}{year}",
                    "text_sha256": f"{number}{year}",
                }
            )
    return PROVINCES.level.table(REPORT_TEXTS).frame(rows)


def fill(sheet: Path, label: Callable[[str], dict[str, object]]) -> None:
    """Write what `label` says of an item, by column name, into the sheet of a coder."""
    book = openpyxl.load_workbook(sheet)
    page = book["items"]
    header = [cell.value for cell in page[1]]
    for row in page.iter_rows(min_row=2):
        for name, value in label(str(row[0].value)).items():
            row[header.index(name)].value = value
    book.save(sheet)
