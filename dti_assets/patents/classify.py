"""Keyword classification: one pure function, Arrow table in, Arrow table out.

Polars does the matching. Reading files, counting and explaining are elsewhere.
"""

from __future__ import annotations

import re
from typing import cast

import polars as pl
import pyarrow as pa

from dti_assets.patents.tables import TECHNOLOGIES
from dti_assets.patents.terms import PatentTerms

VERSION = "1"
# a control character that no term contains: nothing matches across title and abstract
SEPARATOR = "\x1f"
_WORD = "0-9A-Za-z"


def _ascii_edge(character: str) -> bool:
    return character.isascii() and character.isalnum()


def bounded(terms: tuple[str, ...]) -> str:
    """A Rust regex for terms whose ASCII letter or digit ends must not continue a word."""
    parts = []
    for term in terms:
        before = f"(?:^|[^{_WORD}])" if _ascii_edge(term[0]) else ""
        after = f"(?:[^{_WORD}]|$)" if _ascii_edge(term[-1]) else ""
        parts.append(f"{before}(?i:{re.escape(term)}){after}")
    return "|".join(parts)


def lookaround(term: str) -> re.Pattern[str]:
    """The same rule for one term as a Python pattern, for explaining and for reference."""
    before = f"(?<![{_WORD}])" if _ascii_edge(term[0]) else ""
    after = f"(?![{_WORD}])" if _ascii_edge(term[-1]) else ""
    return re.compile(f"{before}{re.escape(term)}{after}", re.IGNORECASE)


def _matches(terms: tuple[str, ...]) -> pl.Expr:
    plain = [t for t in terms if not t.isascii() and not _edged(t)]
    edged = tuple(t for t in terms if t not in plain)
    found = pl.lit(False)
    if plain:
        found = found | pl.col("text").str.contains_any(plain, ascii_case_insensitive=True)
    if edged:
        found = found | pl.col("text").str.contains(bounded(edged))
    return found


def _edged(term: str) -> bool:
    return _ascii_edge(term[0]) or _ascii_edge(term[-1])


def classify(batch: pa.Table, dictionary: PatentTerms) -> pa.Table:
    """`batch` (columns title, abstract, ipc; all string, abstract and ipc may be null or absent)
    with the booleans of the five technologies, `digital` and `ipc_*` appended, same row order.

    A null abstract leaves the title to be classified; a row with neither is in no technology.
    """
    frame = cast(pl.DataFrame, pl.from_arrow(batch))
    parts = [pl.col(c).cast(pl.String) for c in ("title", "abstract") if c in frame.columns]
    text = frame.select(
        pl.concat_str(parts, separator=SEPARATOR, ignore_nulls=True)
        .str.normalize("NFKC")
        .alias("text")
    ).with_row_index("row")
    every = sorted({t for ts in dictionary.terms.values() for t in ts}, key=lambda t: (-len(t), t))
    candidates = text.filter(
        pl.col("text").str.contains_any(every, ascii_case_insensitive=True)
    ).with_columns(_matches(dictionary.terms[t]).alias(t) for t in TECHNOLOGIES)
    flags = (
        text.select("row")
        .join(candidates.drop("text"), on="row", how="left", maintain_order="left")
        .select(pl.col(t).fill_null(False) for t in TECHNOLOGIES)
        .with_columns(pl.any_horizontal(TECHNOLOGIES).alias("digital"))
    )
    ipc = frame.with_columns(_ipc(t, frame, dictionary) for t in TECHNOLOGIES).select(
        f"ipc_{t}" for t in TECHNOLOGIES
    )
    return pl.concat([frame, flags, ipc], how="horizontal").to_arrow()


def _ipc(technology: str, frame: pl.DataFrame, dictionary: PatentTerms) -> pl.Expr:
    prefixes = dictionary.ipc.get(technology)
    if "ipc" not in frame.columns or not prefixes:
        return pl.lit(None, pl.Boolean).alias(f"ipc_{technology}")
    codes = pl.col("ipc").cast(pl.String).str.to_uppercase().str.replace_all(" ", "")
    pattern = r"(?:^|[^0-9A-Z/])(?:" + "|".join(map(re.escape, prefixes)) + ")"
    return codes.str.contains(pattern).alias(f"ipc_{technology}")
