"""Which cache entries a study can still use: texts of its files, counts under its settings.

An entry that is not among them can only be of files that are gone, of a dictionary or tokenizer
that the study no longer names, or of another version of the programs that read and count.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from dti_assets.store.cache import Cache
from dti_assets.text.attention import (
    CountingRules,
    count_key,
    counting_setting,
    counts_tokens,
    segmenting_setting,
)
from dti_assets.text.candidates import candidate_setting
from dti_assets.text.dictionary import Dictionary
from dti_assets.text.folder import text_key, text_keys
from dti_assets.text.readers.reading import Reading
from dti_assets.units.levels import Level

if TYPE_CHECKING:
    import pandas as pd


def needed_entries(
    folder: Path,
    listed: pd.DataFrame | None,
    cache: Cache,
    dictionary: Dictionary,
    rules: CountingRules,
    years: Iterable[int],
    level: Level,
) -> dict[str, set[str]]:
    """Keys by kind of entry, for the reports in `folder` and those of `listed`, the stored table
    report_files, whose texts are still to be looked up where a file has been moved away.

    Counts are needed of each text under every one of `years`: which of them is the report's is
    for the study to settle, and may be settled differently tomorrow.
    """
    texts, contents = text_keys(folder), set()
    if listed is not None:
        texts |= {text_key(sha256) for sha256 in listed["sha256"].dropna()}
        contents |= set(listed["text_sha256"].dropna())
    for key in texts:
        entry = cache.get("texts", key)
        if entry is not None:
            text = Reading.from_json(entry).text
            contents.add(hashlib.sha256(text.encode()).hexdigest())
    with_tokens = counts_tokens(dictionary, rules)
    settings = {
        "counts": counting_setting(dictionary, rules.tokenizer, with_tokens),
        "words": segmenting_setting(rules.tokenizer),
        "candidates": candidate_setting(level),
    }
    years = list(years)
    return {"texts": texts} | {
        kind: {count_key(content, year, setting) for content in contents for year in years}
        for kind, setting in settings.items()
    }
