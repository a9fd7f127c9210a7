"""From texts to policy attention: counts by report, section and term, and their frequency.

Where a unit and year has no text and the dictionary is the shipped one, the package's published
counts stand in, and every row says so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dti_assets.compute.engines import ReportEngine, borrowed
from dti_assets.compute.workers import DEFAULT_LIMITS, Failure, Limits
from dti_assets.errors import CountingError
from dti_assets.store.cache import Cache, digest
from dti_assets.store.schema import records
from dti_assets.text.choices import (
    COUNTED,
    WORDS,
    counted_sections,
    frequency,
    hits_column,
    words_column,
)
from dti_assets.text.counting import (
    COUNTING_VERSION,
    ReportCounts,
    SectionWords,
    count_report,
)
from dti_assets.text.dictionary import Dictionary, shipped_dictionary
from dti_assets.text.published import published_counts, published_words
from dti_assets.text.sections import SECTIONS_VERSION, split
from dti_assets.text.segmentation import (
    Segmenter,
    TokenizerName,
    segmenter,
    tokenizer_version,
)
from dti_assets.text.tables import KEYWORD_COUNTS, POLICY_ATTENTION, SECTION_WORDS, SECTIONS
from dti_assets.units.levels import Level
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class CountingRules:
    """What study.yaml says about counting."""

    hits: str = "longest"
    words: str = "nonpunct"
    section: str = "whole"
    annexes: str = "drop"
    tokenizer: TokenizerName = "jieba"

    @property
    def sections(self) -> tuple[str, ...]:
        """The stored sections that the study adds up."""
        return counted_sections(self.section, self.annexes)


@dataclass
class Counts:
    """Tables keyword_counts and section_words of some reports, and what they cost: `counted`
    reports, of which `segmented` were cut into words, the others having been before."""

    keywords: pd.DataFrame
    words: pd.DataFrame
    counted: int = 0
    reused: int = 0
    segmented: int = 0


def count_reports(
    texts: pd.DataFrame,
    years: list[int],
    dictionary: Dictionary,
    rules: CountingRules,
    cache: Cache,
    withheld: Collection[tuple[int | str, int]] = (),
    workers: int | None = None,
    limits: Limits = DEFAULT_LIMITS,
    progress: Callable[[], None] | None = None,
    engine: ReportEngine | None = None,
    *,
    units: Units,
) -> Counts:
    """Count every report of `texts` (table report_texts), and let published counts stand in for
    the other units and years of `years`, those of `withheld` (code, year) excepted.

    Tokens equal to a term are counted where the dictionary is the shipped one or the study asks
    for them; else `hits_token` is null. `progress` is called after each report that is counted and
    was not known. `engine`: where reports are counted, by default `workers`
    processes of this machine. Raises CountingError.
    """
    level = units.level
    with_tokens = counts_tokens(dictionary, rules)
    setting = counting_setting(dictionary, rules.tokenizer, with_tokens)
    cutting = segmenting_setting(rules.tokenizer)
    reports = records(texts[[*level.keys, "year", "path", "text_sha256"]])
    keys = [count_key(r["text_sha256"], r["year"], setting) for r in reports]
    word_keys = [count_key(r["text_sha256"], r["year"], cutting) for r in reports]
    found: dict[int, ReportCounts] = {}
    waiting: list[int] = []
    for index, key in enumerate(keys):
        known = cache.get("counts", key)
        if known is None:
            waiting.append(index)
        else:
            found[index] = ReportCounts.from_json(known)
    reused = len(found)
    # an edited term needs every report searched again, but none cut into words again
    cut: dict[int, SectionWords] = {}
    if not dictionary.is_shipped:
        kept = {index: cache.get("words", word_keys[index]) for index in waiting}
        cut = {index: json.loads(entry) for index, entry in kept.items() if entry}
    # jieba's parsed dictionary is kept where the workers see this folder
    shared = engine is None or engine.shares_disk
    jieba = str(cache.folder / "jieba") if shared else None

    def calls() -> Iterator[tuple[Any, ...]]:
        for index in waiting:
            paragraphs = texts["text"].iloc[index].split("\n")
            yield (
                paragraphs,
                reports[index]["year"],
                dictionary,
                rules.tokenizer,
                with_tokens,
                jieba,
                cut.get(index),
            )

    with borrowed(engine, workers) as counters:
        for position, outcome in counters.run(count_text, calls(), limits):
            index = waiting[position]
            if isinstance(outcome, Failure):
                raise CountingError(f"{reports[index]['path']}: counting failed: {outcome.reason}")
            found[index] = outcome
            cache.put("counts", keys[index], outcome.to_json())
            if index not in cut:
                cache.put("words", word_keys[index], json.dumps(outcome.words()))
            if progress:
                progress()
    keywords, words = _rows(reports, found, dictionary, tokenizer_version(rules.tokenizer), level)
    if dictionary.is_shipped:
        counted = {(r[level.code], r["year"]) for r in reports}
        _stand_in(keywords, words, years, counted | set(withheld), units)
    return Counts(
        level.table(KEYWORD_COUNTS).frame(_ordered(keywords, units)),
        level.table(SECTION_WORDS).frame(_ordered(words, units)),
        counted=len(waiting),
        reused=reused,
        segmented=len(waiting) - len(cut),
    )


def known_counts(
    files: pd.DataFrame, dictionary: Dictionary, rules: CountingRules, cache: Cache
) -> int:
    """Of how many of these reports (rows of table report_files that count) the cache has counts."""
    setting = counting_setting(dictionary, rules.tokenizer, counts_tokens(dictionary, rules))
    keys = (count_key(r["text_sha256"], r["year"], setting) for r in records(files))
    return sum(cache.get("counts", key) is not None for key in keys)


def counts_tokens(dictionary: Dictionary, rules: CountingRules) -> bool:
    """Whether tokens equal to a term are counted."""
    return dictionary.is_shipped or rules.hits == "token"


def segmenting_setting(tokenizer: TokenizerName) -> str:
    """All that a report's words depend on besides its text and year; no term of the study's."""
    return digest(
        COUNTING_VERSION,
        SECTIONS_VERSION,
        shipped_dictionary().sha256,
        tokenizer_version(tokenizer),
    )


def counting_setting(dictionary: Dictionary, tokenizer: TokenizerName, with_tokens: bool) -> str:
    """All that a report's counts depend on besides its text and year."""
    spelled = hashlib.sha256("\n".join(sorted(t.term for t in dictionary.terms)).encode())
    return digest(
        COUNTING_VERSION,
        SECTIONS_VERSION,
        dictionary.sha256,
        spelled.hexdigest(),
        shipped_dictionary().sha256,
        tokenizer_version(tokenizer),
        with_tokens,
    )


def count_key(text_sha256: str, year: int, setting: str) -> str:
    """Cache key of what is counted on a report under a setting."""
    return digest(text_sha256, year, setting)


def count_text(
    paragraphs: list[str],
    year: int,
    dictionary: Dictionary,
    tokenizer: TokenizerName,
    with_tokens: bool,
    cache_folder: str | None,
    cut: SectionWords | None = None,
) -> ReportCounts:
    """Sections and counts of one report, `cut` into words before or not; runs in a worker."""
    sections = split(paragraphs, year).texts(paragraphs)
    denominator = cut or _segmenter(tokenizer, shipped_dictionary(), cache_folder)
    token = None
    if with_tokens:
        # one and the same segmenter where the terms are those of the shipped dictionary
        known = shipped_dictionary() if dictionary.is_shipped else dictionary
        token = _segmenter(tokenizer, known, cache_folder)
    return count_report({str(k): v for k, v in sections.items()}, dictionary, denominator, token)


@lru_cache(maxsize=4)
def _segmenter(name: TokenizerName, dictionary: Dictionary, folder: str | None) -> Segmenter:
    return segmenter(name, dictionary, None if folder is None else Path(folder))


def _rows(
    reports: list[dict[str, Any]],
    found: dict[int, ReportCounts],
    dictionary: Dictionary,
    tokenizer: str,
    level: Level,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    keywords, words = [], []
    for index, report in enumerate(reports):
        place = {name: report[name] for name in (*level.keys, "year")}
        for section, counts in found[index].sections.items():
            words.append(
                {
                    **place,
                    "section": section,
                    "words_all": counts.words_all,
                    "words_nonpunct": counts.words_nonpunct,
                    "words_han": counts.words_han,
                    "chars_han": counts.chars_han,
                    "origin": "text",
                    "source": report["path"],
                    "text_sha256": report["text_sha256"],
                    "dictionary_sha256": dictionary.sha256,
                    "tokenizer": tokenizer,
                }
            )
            for key in counts.terms():
                term = dictionary.by_key[key]
                keywords.append(
                    {
                        **place,
                        "section": section,
                        "term": term.term,
                        "category": term.category,
                        "hits_longest": counts.longest.get(key, 0),
                        "hits_token": None if counts.token is None else counts.token.get(key, 0),
                        "hits_overlap": counts.overlap.get(key, 0),
                        "origin": "text",
                    }
                )
    return keywords, words


def _stand_in(
    keywords: list[dict[str, Any]],
    words: list[dict[str, Any]],
    years: list[int],
    excepted: set[tuple[int | str, int]],
    units: Units,
) -> None:
    """Append the published rows of all units and years but `excepted`."""
    code = units.level.code
    published = published_counts(units.level), published_words(units.level)
    for rows, frame in zip((keywords, words), published, strict=True):
        wanted = frame[frame["year"].isin(years) & frame[code].isin(list(units.order))]
        rows.extend(
            {**row, "origin": "published"}
            for row in records(wanted)
            if (row[code], row["year"]) not in excepted
        )


def _ordered(rows: list[dict[str, Any]], units: Units) -> list[dict[str, Any]]:
    sections = {section: place for place, section in enumerate(SECTIONS)}
    code = units.level.code
    return sorted(
        rows,
        key=lambda r: (
            units.order[r[code]],
            r["year"],
            sections[r["section"]],
            r.get("term", ""),
        ),
    )


def policy_attention(
    keywords: pd.DataFrame,
    words: pd.DataFrame,
    years: list[int],
    dictionary: Dictionary,
    rules: CountingRules,
    why_missing: dict[tuple[int | str, int], str] | None = None,
    *,
    units: Units,
) -> pd.DataFrame:
    """Keyword hits, denominators and frequency of all units x `years` (table policy_attention),
    from tables keyword_counts and section_words.

    A unit and year without a text, the section asked for, or a word is null with a reason;
    `why_missing` adds what is known about a file that could not be counted.
    """
    sections, hits = rules.sections, hits_column(rules.hits)
    level = units.level
    chosen = keywords[keywords["section"].isin(sections)]
    # a null among the hits (tokens not counted) stays one
    sums: dict[tuple[int | str, int], int | None] = {}
    for hit in records(chosen[[*level.when, hits]]):
        place = (hit[level.code], hit["year"])
        before, now = sums.get(place, 0), hit[hits]
        sums[place] = None if before is None or now is None else before + now
    by_place: dict[tuple[int | str, int], list[dict[str, Any]]] = {}
    for part in records(words):
        by_place.setdefault((part[level.code], part["year"]), []).append(part)
    stamp = {
        "hits": rules.hits,
        "words": rules.words,
        "section": rules.section,
        "annexes": rules.annexes,
        "dictionary_sha256": dictionary.sha256,
    }
    denominator = words_column(rules.words)
    rows = []
    for unit in units:
        for year in years:
            key = (unit.code, year)
            row: dict[str, Any] = {**units.key(unit), "year": year, **stamp}
            parts = by_place.get(key, [])
            counted = [part for part in parts if part["section"] in sections]
            # annexes alone are no half of a report
            has_half = any(part["section"] in COUNTED[rules.section] for part in counted)
            if has_half:
                total = sum(part[denominator] for part in counted)
                row |= {name: sum(part[name] for part in counted) for name in WORDS.values()}
                count = sums.get(key, 0)
                row |= {
                    "keyword_hits": count,
                    "frequency": None if count is None or not total else frequency(count, total),
                    "origin": counted[0]["origin"],
                    "source": counted[0]["source"],
                    "dictionary_sha256": counted[0]["dictionary_sha256"],
                }
                if not total:
                    # a file that study.yaml settles may be of any length
                    row["reason"] = f"the text of the report has no {denominator} to divide by"
                elif count is None:
                    row["reason"] = "tokens were not counted; make keyword_counts again"
                elif counted[0]["dictionary_sha256"] != dictionary.sha256:
                    row["reason"] = (
                        "counted with another dictionary than the study's; "
                        "make keyword_counts again"
                    )
            elif parts:
                row["reason"] = f"the report could not be split, so it has no {rules.section} half"
            else:
                row["reason"] = (why_missing or {}).get(key) or _no_text(dictionary)
            rows.append(row)
    return level.table(POLICY_ATTENTION).frame(rows)


def _no_text(dictionary: Dictionary) -> str:
    if dictionary.is_shipped:
        return "no report in the folder and none among the published counts"
    return (
        "no report in the folder, and the published counts cannot stand in because the "
        "dictionary is not the shipped one"
    )
