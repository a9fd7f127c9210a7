"""Keyword in context: each counted occurrence of a term with its surroundings.

Finds terms as the study counts them, so that what is printed is what was counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from dti_assets.errors import NotReadError
from dti_assets.store.cache import Cache
from dti_assets.store.schema import records
from dti_assets.text.attention import CountingRules
from dti_assets.text.dictionary import Dictionary, dictionary_of, normalise_term
from dti_assets.text.folder import stored_reading
from dti_assets.text.matching import matcher
from dti_assets.text.readers.extract import ACCOUNTED
from dti_assets.text.sections import split
from dti_assets.text.segmentation import Segmenter
from dti_assets.units.levels import Level
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Occurrence:
    """One occurrence; `page` where the format has pages, `paragraph` counted from 1."""

    unit: str
    year: int
    section: str
    path: str
    page: int | None
    paragraph: int
    before: str
    term: str
    after: str

    def __str__(self) -> str:
        page = f" p. {self.page}" if self.page else ""
        place = f"{self.unit} {self.year} {self.section} {self.path}{page} ¶{self.paragraph}"
        return f"{place}: …{self.before}【{self.term}】{self.after}…"


def occurrences(
    files: pd.DataFrame,
    folder: Path,
    cache: Cache,
    term: str,
    dictionary: Dictionary,
    code: int | str | None = None,
    year: int | None = None,
    section: str | None = None,
    width: int = 20,
    years: list[int] | None = None,
    spans: Spans | None = None,
    *,
    units: Units,
) -> Iterator[Occurrence]:
    """Occurrences of `term` in the reports that count (table report_files), unit by unit.

    A term of the dictionary is found as it is counted: by `spans` (counted.spans_of), or
    leftmost-longest beside the others. Any other term is found on its own, wherever it stands, and
    is counted nowhere. `width` is the number of characters shown on either side.
    """
    key = normalise_term(term)
    find = spans or matcher(dictionary).spans
    if key not in dictionary.by_key:
        find = matcher(dictionary_of([term])).spans
    level = units.level
    for file in records(units.in_order(files[files["status"] == "ok"])):
        if code is not None and file[level.code] != code:
            continue
        if year is not None and file["year"] != year:
            continue
        if years is not None and file["year"] not in years:
            continue
        reading = stored_reading(file["path"], file["sha256"], folder, cache)
        labels = split(reading.paragraphs, file["year"]).labels
        for index, text in enumerate(reading.paragraphs):
            if section is not None and labels[index] != section:
                continue
            for found, start, end in find(text):
                if found == key:
                    yield Occurrence(
                        file[level.name],
                        file["year"],
                        labels[index],
                        file["path"],
                        reading.page_of[index] if reading.page_of else None,
                        index + 1,
                        text[max(0, start - width) : start],
                        text[start:end],
                        text[end : end + width],
                    )


def examples(
    files: pd.DataFrame,
    counts: pd.DataFrame,
    folder: Path,
    cache: Cache,
    dictionary: Dictionary,
    number: int = 6,
    width: int = 24,
    hits: str = "hits_longest",
    spans: Spans | None = None,
    *,
    units: Units,
) -> list[Occurrence]:
    """One occurrence of each of the most frequent terms, each from another unit.

    `counts` is table keyword_counts, cut to the sections and years that matter; a term is shown
    from the report that has it most often by column `hits`, as `spans` finds it (see occurrences).
    Without counted texts there are none.
    """
    level = units.level
    on_text = units.in_order(counts[counts["origin"] == "text"])
    found: list[Occurrence] = []
    totals = on_text.groupby("term")[hits].sum().reset_index()
    totals = totals[totals[hits] > 0]
    for term in totals.sort_values([hits, "term"], ascending=[False, True])["term"]:
        if len(found) == number:
            break
        seen = [one.unit for one in found]
        rows = on_text[(on_text["term"] == term) & ~on_text[level.name].isin(seen)]
        rows = rows.sort_values(hits, ascending=False, kind="stable")
        for row in records(rows.head(1)):
            place = (row[level.code], row["year"], row["section"])
            shown = occurrences(
                files,
                folder,
                cache,
                term,
                dictionary,
                *place,
                width=width,
                spans=spans,
                units=units,
            )
            # a file may have gone since it was counted
            with suppress(NotReadError):
                found += list(islice(shown, 1))
    return found


def total(
    found: int, left_out: int, term: str, dictionary: Dictionary, rules: CountingRules
) -> str:
    """What a concordance adds up to, in one sentence: `found` occurrences of `term`, `left_out` of
    them in sections that do not enter the study's frequency."""
    occurrences = _counted(found, "occurrence")
    if term not in dictionary:
        return f"{term} is not a term of the dictionary: {occurrences} in the texts, none counted"
    outside = f", {left_out} of them in sections the study leaves out" if left_out else ""
    return f"{occurrences} of {term} counted (hits: {rules.hits}){outside}"


def unread(files: pd.DataFrame) -> list[str]:
    """What a concordance cannot show: no texts at all, or files that were refused."""
    if files.empty:
        return ["no report text in the folder: published counts have figures, not sentences"]
    ok = int((files["status"] == "ok").sum())
    if not ok:
        lie = _counted(len(files), "file")
        return [f"{lie} in the folder, none read as a report: dti show report_files"]
    refused = int((~files["status"].isin(ACCOUNTED)).sum())
    if not refused:
        return []
    were = "file was" if refused == 1 else "files were"
    return [f"{refused} {were} not counted: dti show report_files"]


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


Spans = Callable[[str], Iterator[tuple[str, int, int]]]


@dataclass(frozen=True)
class CountedOccurrence:
    """One hit: `paragraph` counted from 1, `start` and `end` within `text`, the paragraph."""

    path: str
    code: int | str
    unit: str
    year: int
    section: str
    paragraph: int
    start: int
    end: int
    term: str
    text: str


def counted_occurrences(
    texts: pd.DataFrame,
    dictionary: Dictionary,
    rules: CountingRules,
    segmenter: Segmenter | None = None,
    *,
    level: Level,
) -> Iterator[CountedOccurrence]:
    """The hits that enter the study's frequency, in the order of `texts` (table report_texts).

    `segmenter` knows the terms of `dictionary`; only `hits: token` needs it.
    """
    spans = spans_of(dictionary, rules, segmenter)
    for report in records(texts[["path", *level.keys, "year", "text"]]):
        paragraphs = report["text"].split("\n")
        labels = split(paragraphs, report["year"]).labels
        for index, text in enumerate(paragraphs):
            if labels[index] not in rules.sections:
                continue
            for key, start, end in spans(text):
                yield CountedOccurrence(
                    report["path"],
                    report[level.code],
                    report[level.name],
                    report["year"],
                    labels[index],
                    index + 1,
                    start,
                    end,
                    dictionary.by_key[key].term,
                    text,
                )


def spans_of(dictionary: Dictionary, rules: CountingRules, segmenter: Segmenter | None) -> Spans:
    """What finds the terms of `dictionary` in a paragraph as the study counts them."""
    patterns = matcher(dictionary)
    if rules.hits == "longest":
        return patterns.spans
    if rules.hits == "overlap":
        return patterns.overlapping
    assert segmenter is not None
    return lambda text: patterns.tokens(text, segmenter.cut(text))
