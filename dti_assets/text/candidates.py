"""Other policy vocabulary: terms a random dictionary can be drawn from, and how often they occur.

candidate_terms.parquet among the figures of a level holds what `tools/candidate_terms.py` mined
from official reports and counted there: plain occurrences by report, section and term, as
`hits_overlap` of a dictionary's own terms. Words and figures only, no sentence. Drawing
dictionaries is elsewhere.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from dti_assets.store.cache import Cache, digest
from dti_assets.store.schema import records
from dti_assets.text.attention import count_key
from dti_assets.text.dictionary import Dictionary
from dti_assets.text.published import published_words, shipped_codes
from dti_assets.text.sections import SECTIONS_VERSION, split
from dti_assets.units.levels import Level

if TYPE_CHECKING:
    import pandas as pd

FILE = "candidate_terms.parquet"
# Part of every cache key: raise it whenever a count may come out differently.
_VERSION = "1"


def candidate_columns(level: Level) -> list[str]:
    """The columns of every frame of candidate counts; a term without a hit has no row."""
    return [level.code, "year", "section", "term", "hits"]


@lru_cache(maxsize=8)
def published_candidates(level: Level) -> pd.DataFrame:
    """The counts that ship for a level, with the columns candidate_columns; no row where none
    ship."""
    import pandas as pd

    path = level.shipped(FILE)
    if path is None:
        return pd.DataFrame(columns=candidate_columns(level)).astype({"year": int, "hits": int})
    frame = pd.read_parquet(io.BytesIO(path.read_bytes()))
    frame[level.code] = frame[level.name].astype(str).map(shipped_codes(level))
    frame = frame.astype({"section": str, "term": str, "year": int, "hits": int})
    return frame[candidate_columns(level)]


@lru_cache(maxsize=8)
def candidate_terms(level: Level) -> tuple[str, ...]:
    """Every candidate term, sorted."""
    return tuple(sorted(published_candidates(level)["term"].unique()))


def unrelated_terms(terms: Iterable[str], dictionary: Dictionary) -> list[str]:
    """The terms that neither hold a term of the dictionary nor stand inside one."""
    keys = dictionary.keys
    return [term for term in terms if not any(key in term or term in key for key in keys)]


def count_terms(paragraphs: Sequence[str], year: int, terms: Sequence[str]) -> dict[str, list[int]]:
    """Occurrences of each term by section, nested and overlapping ones too: section to counts in
    the order of `terms`, which hold no ASCII (such terms would need a look at their neighbours).
    """
    import polars as pl

    place = {term: index for index, term in enumerate(terms)}
    found = {}
    for section, text in split(paragraphs, year).texts(paragraphs).items():
        counts = [0] * len(terms)
        lines = pl.Series("text", text.split("\n"))
        hits = lines.str.extract_many(list(terms), overlapping=True).explode().drop_nulls()
        for row in hits.value_counts(name="hits").iter_rows():
            counts[place[row[0]]] = row[1]
        found[str(section)] = counts
    return found


def candidate_setting(level: Level) -> str:
    """What the counts of candidates on a text depend on, besides the text and its year."""
    return digest(_VERSION, SECTIONS_VERSION, *candidate_terms(level))


def candidate_counts(
    texts: pd.DataFrame,
    words: pd.DataFrame,
    cache: Cache,
    published: bool = True,
    *,
    level: Level,
) -> pd.DataFrame:
    """Counts of every candidate term in the reports of a study (columns candidate_columns).

    `texts` is table report_texts, `words` table section_words. A report whose text is one of
    those the published counts were made on is looked up, another one counted (once: the cache
    remembers); a unit and year that stands in table section_words by its published counts has its
    published candidate counts. With `published` False every text is counted.
    """
    import pandas as pd

    terms = candidate_terms(level)
    shipped = published_candidates(level)
    if not terms:
        return shipped.copy()
    when = list(level.when)
    setting = candidate_setting(level)
    known = published_words(level)
    same = set(known[[*when, "text_sha256"]].itertuples(index=False, name=None))
    stand_in = words[words["origin"] == "published"]
    looked_up = set(stand_in[when].itertuples(index=False, name=None))
    rows: list[tuple[int | str, int, str, str, int]] = []
    for index, report in enumerate(records(texts[[*when, "text_sha256"]])):
        place = (report[level.code], report["year"])
        if published and (*place, report["text_sha256"]) in same:
            looked_up.add(place)
            continue
        key = count_key(report["text_sha256"], report["year"], setting)
        entry = cache.get("candidates", key)
        if entry is None:
            paragraphs = texts["text"].iloc[index].split("\n")
            entry = json.dumps(count_terms(paragraphs, report["year"], terms))
            cache.put("candidates", key, entry)
        for section, counts in json.loads(entry).items():
            rows.extend(
                (*place, section, term, hits)
                for term, hits in zip(terms, counts, strict=True)
                if hits
            )
    places = pd.MultiIndex.from_frame(shipped[when])
    stored = shipped[places.isin(list(looked_up))]
    counted = pd.DataFrame(rows, columns=candidate_columns(level)).astype(stored.dtypes.to_dict())
    return pd.concat([stored, counted], ignore_index=True)
