"""Other policy vocabulary: terms a random dictionary can be drawn from, and how often they occur.

reference/candidate_terms.parquet holds what `tools/candidate_terms.py` mined from the 430 official
reports and counted there: plain occurrences by report, section and term, as `hits_overlap` of a
dictionary's own terms. Words and figures only, no sentence. Drawing dictionaries is elsewhere.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from dti_assets.store.cache import Cache, digest
from dti_assets.store.schema import records
from dti_assets.text.attention import count_key
from dti_assets.text.dictionary import Dictionary
from dti_assets.text.sections import SECTIONS_VERSION, split
from dti_assets.units.provinces import provinces

if TYPE_CHECKING:
    import pandas as pd

FILE = "provinces/candidate_terms.parquet"
# rows of the file and of every frame of candidate counts; a term without a hit has no row
COLUMNS = ("province_code", "year", "section", "term", "hits")
# Part of every cache key: raise it whenever a count may come out differently.
_VERSION = "1"


@lru_cache(maxsize=1)
def published_candidates() -> pd.DataFrame:
    """The counts that ship, with the columns COLUMNS."""
    import pandas as pd

    content = files("dti_assets.reference").joinpath(FILE).read_bytes()
    frame = pd.read_parquet(io.BytesIO(content))
    codes = {p.province: p.province_code for p in provinces()}
    frame["province_code"] = frame["province"].astype(str).map(codes)
    frame = frame.astype({"section": str, "term": str, "year": int, "hits": int})
    return frame[list(COLUMNS)]


@lru_cache(maxsize=1)
def candidate_terms() -> tuple[str, ...]:
    """Every candidate term, sorted."""
    return tuple(sorted(published_candidates()["term"].unique()))


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


def candidate_setting() -> str:
    """What the counts of candidates on a text depend on, besides the text and its year."""
    return digest(_VERSION, SECTIONS_VERSION, *candidate_terms())


def candidate_counts(
    texts: pd.DataFrame, words: pd.DataFrame, cache: Cache, published: bool = True
) -> pd.DataFrame:
    """Counts of every candidate term in the reports of a study (columns COLUMNS).

    `texts` is table report_texts, `words` table section_words. A report whose text is one of
    those the published counts were made on is looked up, another one counted (once: the cache
    remembers); a province-year that stands in table section_words by its published counts has its
    published candidate counts. With `published` False every text is counted.
    """
    import json

    import pandas as pd

    from dti_assets.text.published import published_words

    terms = candidate_terms()
    shipped = published_candidates()
    setting = candidate_setting()
    known = published_words()
    same = set(zip(known["province_code"], known["year"], known["text_sha256"], strict=True))
    stand_in = words[words["origin"] == "published"]
    looked_up = set(zip(stand_in["province_code"], stand_in["year"], strict=True))
    rows: list[tuple[int, int, str, str, int]] = []
    for index, report in enumerate(records(texts[["province_code", "year", "text_sha256"]])):
        place = (report["province_code"], report["year"])
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
    places = pd.MultiIndex.from_frame(shipped[["province_code", "year"]])
    stored = shipped[places.isin(list(looked_up))]
    counted = pd.DataFrame(rows, columns=list(COLUMNS)).astype(stored.dtypes.to_dict())
    return pd.concat([stored, counted], ignore_index=True)
