"""The counts that ship with the package: figures only, computed by this pipeline.

reference/keyword_counts.csv and reference/section_words.csv hold what the pipeline counted in the
430 official reports of 2009 to 2022, with the official URL of each; no sentence of them ships.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from dti_assets.errors import PublishedCountsError
from dti_assets.text.dictionary import shipped_dictionary
from dti_assets.units.provinces import provinces

if TYPE_CHECKING:
    import pandas as pd

KEYWORDS_FILE = "provinces/keyword_counts.csv"
WORDS_FILE = "provinces/section_words.csv"
# the columns of the files; what a reader adds again (codes, categories) does not travel
KEYWORDS_COLUMNS = (
    "province", "year", "section", "term", "hits_longest", "hits_token", "hits_overlap",
)  # fmt: skip
WORDS_COLUMNS = (
    "province", "year", "section", "words_all", "words_nonpunct", "words_han", "chars_han",
    "text_sha256", "source", "dictionary_sha256", "tokenizer",
)  # fmt: skip


@lru_cache(maxsize=1)
def published_counts() -> pd.DataFrame:
    """Columns of table keyword_counts but origin, one row per report, section and term."""
    frame = _load(KEYWORDS_FILE)
    shipped = shipped_dictionary()
    frame["category"] = [shipped[term].category for term in frame["term"]]
    return frame


@lru_cache(maxsize=1)
def published_words() -> pd.DataFrame:
    """Columns of table section_words but origin, one row per report and section.

    Raises PublishedCountsError where the shipped dictionary has changed since they were made.
    """
    frame = _load(WORDS_FILE)
    made_with = set(frame["dictionary_sha256"])
    if len(frame) and made_with != {shipped_dictionary().sha256}:
        raise PublishedCountsError(
            f"{WORDS_FILE} was counted with another dictionary than the shipped one; "
            "recount with tools/published_counts.py"
        )
    return frame


def _load(name: str) -> pd.DataFrame:
    import pandas as pd

    path = files("dti_assets.reference") / name
    with path.open(encoding="utf-8") as handle:
        frame = pd.read_csv(handle)
    codes = {p.province: p.province_code for p in provinces()}
    frame["province_code"] = frame["province"].map(codes)
    return frame.where(frame.notna(), None)


def figures(
    keywords: pd.DataFrame, words: pd.DataFrame, urls: dict[tuple[str, int], str]
) -> dict[str, str]:
    """The two files as CSV text by name, from tables keyword_counts and section_words.

    `source` becomes the official URL of `urls` by (province, year), empty where none is known.
    """
    words = words.copy()
    places = zip(words["province"], words["year"], strict=True)
    words["source"] = [urls.get((province, int(year)), "") for province, year in places]
    return {
        KEYWORDS_FILE: keywords[list(KEYWORDS_COLUMNS)].to_csv(index=False, lineterminator="\n"),
        WORDS_FILE: words[list(WORDS_COLUMNS)].to_csv(index=False, lineterminator="\n"),
    }
