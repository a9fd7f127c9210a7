"""The counts that ship with the package: figures only, computed by this pipeline.

keyword_counts.csv and section_words.csv among the figures of a level hold what the pipeline
counted in official reports, with the official URL of each; no sentence of them ships.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from dti_assets.errors import PublishedCountsError
from dti_assets.text.dictionary import shipped_dictionary
from dti_assets.units.levels import Level
from dti_assets.units.lists import shipped_lists, shipped_units

if TYPE_CHECKING:
    import pandas as pd

KEYWORDS_FILE = "keyword_counts.csv"
WORDS_FILE = "section_words.csv"
# the columns of the files after the unit's name; what a reader adds again (codes, categories) does
# not travel
KEYWORDS_COLUMNS = ("year", "section", "term", "hits_longest", "hits_token", "hits_overlap")
WORDS_COLUMNS = (
    "year", "section", "words_all", "words_nonpunct", "words_han", "chars_han",
    "text_sha256", "source", "dictionary_sha256", "tokenizer",
)  # fmt: skip


@lru_cache(maxsize=8)
def published_counts(level: Level) -> pd.DataFrame:
    """Columns of table keyword_counts but origin, one row per report, section and term; no row
    where none ship for the level."""
    frame = _load(KEYWORDS_FILE, KEYWORDS_COLUMNS, level)
    shipped = shipped_dictionary()
    frame["category"] = [shipped[term].category for term in frame["term"]]
    return frame


@lru_cache(maxsize=8)
def published_words(level: Level) -> pd.DataFrame:
    """Columns of table section_words but origin, one row per report and section; no row where
    none ship for the level.

    Raises PublishedCountsError where the shipped dictionary has changed since they were made.
    """
    frame = _load(WORDS_FILE, WORDS_COLUMNS, level)
    made_with = set(frame["dictionary_sha256"])
    if len(frame) and made_with != {shipped_dictionary().sha256}:
        raise PublishedCountsError(
            f"{level.figures}/{WORDS_FILE} was counted with another dictionary than the shipped "
            "one; recount with tools/published_counts.py"
        )
    return frame


def shipped_codes(level: Level) -> dict[str, int | str]:
    """Name of each unit on the shipped list of a level -> its code."""
    listed = next(name for name, one in shipped_lists().items() if one == level)
    return {unit.name: unit.code for unit in shipped_units(listed)}


def _load(name: str, columns: tuple[str, ...], level: Level) -> pd.DataFrame:
    import pandas as pd

    path = level.shipped(name)
    if path is None:
        return pd.DataFrame(columns=[level.name, *columns, level.code])
    with path.open(encoding="utf-8") as handle:
        frame = pd.read_csv(handle)
    frame[level.code] = frame[level.name].map(shipped_codes(level))
    return frame.where(frame.notna(), None)


def figures(
    keywords: pd.DataFrame, words: pd.DataFrame, urls: dict[tuple[str, int], str], level: Level
) -> dict[str, str]:
    """The two files as CSV text by name, from tables keyword_counts and section_words.

    `source` becomes the official URL of `urls` by (unit, year), empty where none is known.
    """
    words = words.copy()
    places = zip(words[level.name], words["year"], strict=True)
    words["source"] = [urls.get((unit, int(year)), "") for unit, year in places]
    kept = {
        KEYWORDS_FILE: keywords[[level.name, *KEYWORDS_COLUMNS]],
        WORDS_FILE: words[[level.name, *WORDS_COLUMNS]],
    }
    return {name: frame.to_csv(index=False, lineterminator="\n") for name, frame in kept.items()}
