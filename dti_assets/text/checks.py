"""What should hold of reports and counts: pure functions that return sentences, none if all well.

Whether a sentence blocks, warns or is shown is the pipeline's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dti_assets.tables import records
from dti_assets.text.extract import ACCOUNTED

if TYPE_CHECKING:
    import pandas as pd

# a report shorter or longer than this, against its province's median, deserves a look
_LENGTH_BOUNDS = (0.4, 2.5)
_TOKEN_SHARE = 0.8
_MIN_HITS = 50


def refused_files(files: pd.DataFrame) -> list[str]:
    """Files that are not counted, but for duplicates and superseded ones, with the reason."""
    return [
        f"{row['path']}: {row['status']}: {row['reason'] or ''}"
        for row in records(files)
        if row["status"] not in ACCOUNTED
    ]


def duplicate_files(files: pd.DataFrame) -> list[str]:
    """Files whose text another file already gave."""
    return [f"{r['path']}: {r['reason']}" for r in records(files) if r["status"] == "duplicate"]


def missing_reports(attention: pd.DataFrame) -> list[str]:
    """Province-years without a frequency, one sentence each."""
    return [
        f"{row['province']} {row['year']}: {row['reason']}"
        for row in records(attention)
        if row["frequency"] is None
    ]


def length_outliers(attention: pd.DataFrame) -> list[str]:
    """Reports far shorter or longer than their province's median number of Han characters."""
    found = []
    known = attention.dropna(subset=["chars_han"])
    median = known.groupby("province")["chars_han"].median().to_dict()
    for row in records(known):
        ratio = row["chars_han"] / median[row["province"]]
        if not _LENGTH_BOUNDS[0] <= ratio <= _LENGTH_BOUNDS[1]:
            found.append(
                f"{row['province']} {row['year']}: {row['chars_han']:,} characters, "
                f"{ratio:.2f} times the median of its province"
            )
    return found


def overlap_below_longest(keywords: pd.DataFrame) -> list[str]:
    """Rows where nested occurrences are fewer than leftmost-longest ones; there can be none."""
    return [
        f"{r['province']} {r['year']} {r['section']} {r['term']}: overlap {r['hits_overlap']} "
        f"below longest {r['hits_longest']}"
        for r in records(keywords)
        if r["hits_overlap"] < r["hits_longest"]
    ]


def token_shares(keywords: pd.DataFrame) -> dict[str, float]:
    """Token hits over longest hits by province, where tokens were counted."""
    known = keywords.dropna(subset=["hits_token"])
    sums = known.groupby("province", sort=False)[["hits_token", "hits_longest"]].sum()
    return {
        str(province): round(row["hits_token"] / row["hits_longest"], 4)
        for province, row in sums.iterrows()
        if row["hits_longest"]
    }


def low_token_shares(keywords: pd.DataFrame) -> list[str]:
    """Provinces where jieba cuts through a fifth of the hits or more."""
    hits = keywords.groupby("province")["hits_longest"].sum().to_dict()
    return [
        f"{province}: jieba finds {share:.2f} of the leftmost-longest hits"
        for province, share in token_shares(keywords).items()
        if share < _TOKEN_SHARE and hits[province] >= _MIN_HITS
    ]
