"""Keyword classification: one pure function, Arrow table in, Arrow table out.

Polars does the matching. Reading files, counting and explaining are elsewhere.

How it is fast and stays exact: Unicode normalisation costs four times as much as looking for
all terms at once, and most rows contain no term. One regular expression over the raw text
therefore finds the rows that contain a term or any character whose normalisation could make
one; only those are normalised and looked at technology by technology. Of these, the few that hold
markup or characters that nobody sees are normalised one by one (normal.normal_text); for all others
that is NFKC.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import cast

import numpy as np
import polars as pl
import pyarrow as pa

from dti_assets.errors import PatentSourceError
from dti_assets.patents.normal import SEPARATOR, normal_text, odd_text
from dti_assets.patents.tables import TECHNOLOGIES
from dti_assets.patents.terms import PatentTerms
from dti_assets.store.characters import MARK_CLASS

# part of every cache key: raise it whenever a classification can come out differently
VERSION = "3"
_WORD = "0-9A-Za-z"
# characters that normalisation leaves as they are and that compose with nothing in this list
_STABLE = (
    r"\t\n\r\x20-\x7E\x{FDD0}\x{4E00}-\x{9FFF}\x{3400}-\x{4DBF}、。“”‘’《》〈〉【】〔〕「」『』·—–•°§±×÷"
    "α-ωΑ-Ω←↑→↓≤≥≠≈≡∠∥⊥∞√∑∫∈∪∩∂∆∇○●□■△▲☆★◆◇"
)
# frequent characters that NFKC turns into others; they can only make a term with a neighbour
_COMPATIBLE = (
    "，；：？！（）［］｛｝％～－＋／＝＜＞＂＇＆＃＊＠＿｜…　"
    "℃℉①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳⑴⑵⑶⑷⑸⑹⑺⑻⑼⑽ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩ"
    "¹²³½¼¾№㎡㎜㎝㎞㎏µΩ\u00a0\u2002\u2003\u2009"
)
# beyond this number of terms the automaton is the better engine than a regular expression
_MANY = 1500


def _ascii_edge(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _edged(term: str) -> bool:
    return _ascii_edge(term[0]) or _ascii_edge(term[-1])


def bounded(terms: tuple[str, ...]) -> str:
    """A Rust regex for terms whose ASCII letter or digit ends must not continue a word."""
    parts = []
    for term in terms:
        before = f"(?:^|[^{_WORD}])" if _ascii_edge(term[0]) else ""
        after = f"(?:[^{_WORD}]|$)" if _ascii_edge(term[-1]) else ""
        parts.append(f"{before}{_folded(term)}{after}")
    return "|".join(parts)


def _folded(term: str) -> str:
    """A Rust regex for the term with ASCII letters, and only those, in either case."""
    letters = ((c.isascii() and c.isalpha(), c) for c in term)
    return "".join(f"[{c.upper()}{c.lower()}]" if fold else re.escape(c) for fold, c in letters)


def lookaround(term: str) -> re.Pattern[str]:
    """The same rule for one term as a Python pattern, for explaining and for reference."""
    before = f"(?<![{_WORD}])" if _ascii_edge(term[0]) else ""
    after = f"(?![{_WORD}])" if _ascii_edge(term[-1]) else ""
    # ASCII: only ASCII letters fold; without it Python lets a dotless i stand for an i
    return re.compile(f"{before}{re.escape(term)}{after}", re.IGNORECASE | re.ASCII)


def classify(batch: pa.Table | pa.RecordBatch, dictionary: PatentTerms) -> pa.Table:
    """`batch` with the booleans of the five technologies, `digital` and `ipc_*` appended.

    Columns read: title (required), abstract and ipc (may be absent); strings, null allowed. A
    patent is in a technology when any of its terms occurs in the title or in the abstract, both
    normalised (normal_text), ASCII letters in any case, and a term that begins or ends with an
    ASCII letter or digit only where no ASCII letter or digit continues it. A null abstract leaves
    the title to be classified; a row with neither is in no technology. `ipc_*` is null without an
    IPC list for the technology, without a code, or with a subclass where the list has groups.
    Row order and other columns are unchanged. Raises PatentSourceError without a title column
    or where a result column exists already.
    """
    frame = cast(pl.DataFrame, pl.from_arrow(batch))
    made = [*TECHNOLOGIES, "digital", *(f"ipc_{t}" for t in TECHNOLOGIES)]
    taken = [name for name in made if name in frame.columns]
    if "title" not in frame.columns or taken:
        wrong = f"the result columns {', '.join(taken)} exist already" if taken else "no title"
        raise PatentSourceError(f"cannot classify: {wrong}; columns: {', '.join(frame.columns)}")
    parts = [pl.col(c).cast(pl.String) for c in ("title", "abstract") if c in frame.columns]
    text = frame.select(
        pl.concat_str(parts, separator=SEPARATOR, ignore_nulls=True).alias("text")
    ).with_row_index("row")
    text = text.filter(_may_match(dictionary))
    text = text.with_columns(_normal(text["text"], dictionary))
    found = _technologies(text, dictionary)
    digital = np.zeros(frame.height, dtype=bool)
    columns = []
    for technology in TECHNOLOGIES:
        flags = np.zeros(frame.height, dtype=bool)
        flags[found[technology]] = True
        digital |= flags
        columns.append(pl.Series(technology, flags))
    columns.append(pl.Series("digital", digital))
    return frame.with_columns(
        *columns, *(_ipc(t, frame, dictionary) for t in TECHNOLOGIES)
    ).to_arrow()


def _may_match(dictionary: PatentTerms) -> pl.Expr:
    """True on raw text that contains a term, or a character that only normalisation resolves."""
    every = _every(dictionary)
    unstable = _unstable(every)
    column = pl.col("text")
    if len(every) > _MANY:
        known = column.str.contains_any(every, ascii_case_insensitive=True)
        return known | column.str.contains(unstable)
    return column.str.contains("|".join([unstable, *map(_folded, every)]))


def _every(dictionary: PatentTerms) -> list[str]:
    return sorted({t for ts in dictionary.terms.values() for t in ts}, key=lambda t: (-len(t), t))


def _used(terms: list[str]) -> set[str]:
    """The characters of terms, ASCII letters in both cases."""
    return {c for term in terms for c in (*term.lower(), *term.upper(), *term)}


def _class(characters: Iterable[str]) -> str:
    """The inside of a regex class."""
    return re.escape("".join(sorted(characters)))


def _normal(text: pl.Series, dictionary: PatentTerms) -> pl.Series:
    """The texts as normal_text makes them."""
    odd = text.str.contains(odd_text(_class(_used(_every(dictionary)))))
    made = text.str.normalize("NFKC")
    if not odd.any():
        return made
    rows = odd.arg_true()
    return made.scatter(rows, [normal_text(one) for one in text.gather(rows)])


def _unstable(terms: list[str]) -> str:
    """A Rust regex that finds every raw text whose normalisation may make a term of `terms`.

    Text of stable characters is its own normalisation. A compatible character none of whose
    replacements is in any term makes none. Another one makes a term only together with a
    neighbour, as no term lies within its replacement. All other characters may make one alone.
    A note mark is dropped where it follows a word, and then its neighbours make the term.
    """
    used = _used(terms)
    inert, neighbourly = "", ""
    for character in _COMPATIBLE:
        image = unicodedata.normalize("NFKC", character)
        if not used & set(image) and not re.match(MARK_CLASS, character):
            inert += character
        elif not any(term.lower() in image.lower() for term in terms):
            neighbourly += character
    pattern = f"[^{_STABLE}{re.escape(inert + neighbourly)}]|{odd_text(_class(used))}"
    if neighbourly:
        one = f"[{re.escape(neighbourly)}]"
        other = f"[{_class(used)}{re.escape(neighbourly)}]"
        pattern += f"|{one}{other}|{other}{one}"
    return pattern


def _technologies(text: pl.DataFrame, dictionary: PatentTerms) -> dict[str, np.ndarray]:
    """Row numbers of each technology, from candidates (row, text) that are normalised."""
    edged = {t: tuple(x for x in dictionary.terms[t] if _edged(x)) for t in TECHNOLOGIES}
    plain = {t: tuple(x for x in dictionary.terms[t] if not _edged(x)) for t in TECHNOLOGIES}
    every_edged = sorted({x for terms in edged.values() for x in terms}, key=lambda t: -len(t))
    words = text
    if every_edged:
        words = text.filter(
            pl.col("text").str.contains_any(every_edged, ascii_case_insensitive=True)
        )
    found = {}
    for technology in TECHNOLOGIES:
        rows = [np.zeros(0, dtype=np.int64)]
        if plain[technology]:
            rows.append(text.filter(_contains(plain[technology]))["row"].to_numpy())
        if edged[technology]:
            match = pl.col("text").str.contains(bounded(edged[technology]))
            rows.append(words.filter(match)["row"].to_numpy())
        found[technology] = np.concatenate(rows)
    return found


def _contains(terms: tuple[str, ...]) -> pl.Expr:
    if len(terms) > _MANY:
        return pl.col("text").str.contains_any(list(terms), ascii_case_insensitive=True)
    return pl.col("text").str.contains("|".join(map(_folded, terms)))


def _ipc(technology: str, frame: pl.DataFrame, dictionary: PatentTerms) -> pl.Expr:
    prefixes = dictionary.ipc.get(technology)
    if "ipc" not in frame.columns or not prefixes:
        return pl.lit(None, pl.Boolean).alias(f"ipc_{technology}")
    codes = pl.col("ipc").cast(pl.String).str.to_uppercase()
    codes = codes.str.replace_all(r"([A-H]\d\d[A-Z])\s+(\d)", "$1$2")  # G06F 40/20 is G06F40/20
    # a prefix ends where its digits end: G06N3 is one of G06N3/08 and none of G06N30/00
    ends = "|".join(re.escape(p) + ("(?:[^0-9]|$)" if p[-1].isdigit() else "") for p in prefixes)
    start = "(?:^|[^0-9A-Z/])"
    found = codes.str.contains(f"{start}(?:{ends})")
    if groups := sorted({p[:4] for p in prefixes if len(p) > 4}):
        # of G06F alone nobody can say whether it is G06F40
        bare = codes.str.contains(f"{start}(?:{'|'.join(groups)})(?:[^0-9]|$)")
        found = pl.when(found | ~bare).then(found)
    return found.alias(f"ipc_{technology}")
