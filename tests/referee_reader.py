"""The answers to a referee read back from the page or the Word file, and held against the stored
tables: knows the documents and the stores, not the code between them."""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import docx
import lxml.html
import pandas as pd
from table_readers import is_stored

from dti_assets.store.schema import records
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")

# what a sentence may say in figures without a stored number behind it
_CONVENTIONS = re.compile(r"\b2SLS\b|\b95 %|\b5 %")


@dataclass
class Answers:
    """A document as printed: the sentences of each objection, and for each the claimed sources in
    order (as printed, stored value, table, row, column)."""

    sentences: dict[int, list[str]] = field(default_factory=dict)
    claims: dict[int, list[tuple[str, ...]]] = field(default_factory=dict)


def read_page(content: bytes) -> Answers:
    """The page; a number that the sentence marks must be the one of the list below it."""
    found = Answers()
    for section in lxml.html.fromstring(content).xpath("//section[@class='answer']"):
        number = int(section.xpath(".//@id | @id")[0].removeprefix("objection-"))
        said = section.xpath(".//*[contains(concat(' ', @class, ' '), ' sentence ')]")
        found.sentences[number] = [_plain(one.text_content()) for one in said]
        rows = section.xpath(".//tr[@class='source']")
        found.claims[number] = [tuple(_plain(td.text_content()) for td in row) for row in rows]
        marked = section.xpath(".//data | .//span[@class='stored']")
        shown = [(_plain(one.text_content()), one.get("value", "words")) for one in marked]
        assert shown == [claim[:2] for claim in found.claims[number]]
    return found


def read_word(content: bytes) -> Answers:
    """The Word file; the sources are its last table."""
    document = docx.Document(io.BytesIO(content))
    found = Answers({0: []}, {0: []})
    number = 0
    for paragraph in document.paragraphs[1:]:
        style = str(paragraph.style.name) if paragraph.style else ""
        heading = re.match(r"(\d+)\. ", paragraph.text) if style.startswith("Heading") else None
        if heading:
            number = int(heading[1])
            found.sentences[number], found.claims[number] = [], []
        elif not style.startswith("Heading") and paragraph.text:
            found.sentences[number].append(_plain(paragraph.text))
    for row in document.tables[-1].rows[1:]:
        number, *claim = (_plain(cell.text) for cell in row.cells)
        found.claims[int(number)].append(tuple(claim))
    return found


def faults(
    answers: Answers, stored: Callable[[str], pd.DataFrame], keys: Mapping[str, Sequence[str]]
) -> list[str]:
    """Every number of the document that is not what is stored, and every one without a source."""
    out = []
    tables: dict[str, dict[str, dict[str, Any]]] = {}
    for number, claims in answers.claims.items():
        text = "\n".join(answers.sentences[number])
        left, at = "", 0
        for shown, value, table, row, column in claims:
            if table not in tables:
                rows = records(stored(table))
                tables[table] = {_plain(_key(one, keys[table])): one for one in rows}
            cell = tables[table][row][column]
            if not _same(shown, value, cell):
                out.append(f"{number}: {shown} ({value}) is not {cell} of {table}.{column}, {row}")
            place = re.compile(rf"(?<![\w.]){re.escape(shown)}").search(text, at)
            if place is None:
                out.append(f"{number}: {shown} is in no sentence")
                continue
            left += text[at : place.start()] + "|"
            at = place.end()
        left = _CONVENTIONS.sub("", left + text[at:])
        out += [f"{number}: {digits} has no source" for digits in re.findall(r"\d[\d.]*", left)]
    return out


def _same(shown: str, value: str, cell: Any) -> bool:
    if value == "words":
        return isinstance(cell, str) and shown == _plain(_english(cell).replace("inf", "∞"))
    if float(value) != float(cell):
        return False
    if shown.endswith(" %"):
        return is_stored(shown[:-2], 100 * float(cell))
    return is_stored(shown, float(cell))


def _key(row: dict[str, Any], names: Sequence[str]) -> str:
    return "; ".join(f"{name} = {row[name]}" for name in names) or "the only row"


def _english(text: str) -> str:
    for place in PROVINCES:
        text = text.replace(place.seat, place.seat_english)
    for place in PROVINCES:
        text = text.replace(place.name, place.english)
    return text


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("\N{MINUS SIGN}", "-")).strip()
