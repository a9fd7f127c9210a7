"""Mine the vocabulary that random dictionaries are drawn from, and count it.

    python tools/candidate_terms.py STUDY

writes candidate_terms.parquet among the figures of the study's level, for example
dti_assets/reference/provinces, from the texts of a study over real reports, run with the shipped
dictionary. The rule, which docs/dictionary_permutation.md explains:

1. jieba cuts and tags every report. A candidate is one token tagged as a common noun, verbal noun,
   proper name of a thing, abbreviation, idiom or set phrase (not a person, place, organisation,
   time or number), or two tokens side by side of which the last is such a one and the first is
   such a one, an adjective, a distinguishing word or a verb; 2 to 8 Han characters, no numeral.
2. It occurs in at least 10 reports of at least 5 units; two tokens make at least 5 % of the
   occurrences of the rarer of them.
3. It neither holds a term of the shipped dictionary nor stands inside one, holds no root of digital
   vocabulary that the dictionary happens to lack (DIGITAL), and no name of a unit or its seat.
4. Of those, 2,000 are kept: in turn for each term of the dictionary the one nearest in frequency
   and growth, until there are 1,400; then every n-th of the others in order of frequency.
"""

import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dti_assets.econ.robustness.permutation import term_features
from dti_assets.pipeline.resources import Workspace
from dti_assets.study.config import load_study
from dti_assets.text.candidates import FILE, count_terms, unrelated_terms
from dti_assets.text.dictionary import Dictionary, shipped_dictionary
from dti_assets.units.levels import Level
from dti_assets.units.lists import Units

REFERENCE = Path(__file__).resolve().parents[1] / "dti_assets" / "reference"
KEPT, NEAREST = 2000, 1400
LEAST_REPORTS, LEAST_UNITS, LEAST_SHARE = 10, 5, 0.05
WORDS = frozenset({"n", "vn", "nz", "j", "l", "i", "an"})
BEFORE = WORDS | {"a", "b", "v", "ad", "vd"}
DIGITAL = (
    "数字 数据 数码 智能 智慧 智造 信息 互联 网络 网上 网格 线上 上线 在线 电商 电子 软件 算法 "
    "编码 通信 电信 宽带 云 基站 光纤 移动 平台 无人机 机器人 卫星 标识解析 触网 网购 直播 "
    "数控 三网"
).split()
NUMERALS = frozenset("〇零一二三四五六七八九十百千万亿两")
HAN = range(0x4E00, 0xA000)


def _admissible(term: str) -> bool:
    return (
        2 <= len(term) <= 8
        and all(ord(character) in HAN for character in term)
        and not NUMERALS & set(term)
    )


def _mine(text: str) -> tuple[set[str], Counter[str], dict[str, tuple[str, str]]]:
    """Candidates of one report, occurrences of its tokens and pairs, and the parts of pairs."""
    import jieba.posseg as posseg

    kinds, counts, parts = set(), Counter(), {}
    for line in text.split("\n"):
        before = None
        for pair in posseg.cut(line):
            token, tag = pair.word, pair.flag
            counts[token] += 1
            if tag in WORDS:
                if _admissible(token):
                    kinds.add(token)
                joined = f"{before[0]}{token}" if before and before[1] in BEFORE else ""
                if len(token) > 1 and joined and len(before[0]) > 1 and _admissible(joined):
                    kinds.add(joined)
                    counts[joined] += 1
                    parts[joined] = (before[0], token)
            before = (token, tag)
    return kinds, counts, parts


def mined(texts: pd.DataFrame, dictionary: Dictionary, units: Units) -> list[str]:
    """Every term that passes rules 1 to 3, sorted."""
    reports, places = Counter(), {}
    occurrences, parts = Counter(), {}
    with ProcessPoolExecutor(2) as pool:
        found = pool.map(_mine, texts["text"], chunksize=8)
        for unit, (kinds, counts, pairs) in zip(texts[units.level.name], found, strict=True):
            reports.update(kinds)
            occurrences.update(counts)
            parts.update(pairs)
            for kind in kinds:
                places.setdefault(kind, set()).add(unit)
    names = {unit.name for unit in units} | {unit.seat for unit in units} | {*DIGITAL}
    common = [
        term
        for term in sorted(reports)
        if reports[term] >= LEAST_REPORTS
        and len(places[term]) >= LEAST_UNITS
        and not any(name in term for name in names)
        and (
            term not in parts
            or occurrences[term] >= LEAST_SHARE * min(occurrences[p] for p in parts[term])
        )
    ]
    return unrelated_terms(common, dictionary)


def counted(texts: pd.DataFrame, terms: list[str], level: Level) -> pd.DataFrame:
    """Hits of every term by unit, year and section."""
    rows = []
    for unit, year, text in zip(texts[level.name], texts["year"], texts["text"], strict=True):
        sections = count_terms(text.split("\n"), int(year), terms)
        for section, counts in sections.items():
            rows.extend(
                (unit, int(year), section, term, hits)
                for term, hits in zip(terms, counts, strict=True)
                if hits
            )
    return pd.DataFrame(rows, columns=[level.name, "year", "section", "term", "hits"])


def chosen(candidates: pd.DataFrame, own: pd.DataFrame, words: pd.Series) -> list[str]:
    """Rule 4, from features (`term_features`) of the candidates and of the dictionary's terms."""
    there = term_features(candidates, words)
    wanted = term_features(own, words)
    spread = wanted.std()
    left = dict.fromkeys(there.index)
    points = (there / spread).to_numpy()
    targets = (wanted / spread).to_numpy()
    distances = np.linalg.norm(points[:, None] - targets[None], axis=2)
    orders = [iter(np.argsort(distances[:, j], kind="stable")) for j in range(len(targets))]
    kept: list[str] = []
    while len(kept) < min(NEAREST, len(there)):
        for order in orders:
            term = next((t for i in order if (t := there.index[i]) in left), None)
            if term is not None and len(kept) < NEAREST:
                kept.append(term)
                del left[term]
    rest = there.loc[list(left)].sort_values("frequency", kind="stable").index
    more = np.linspace(0, len(rest) - 1, min(KEPT - len(kept), len(rest))).round().astype(int)
    return sorted([*kept, *rest[np.unique(more)]])


def main() -> None:
    workspace = Workspace(load_study(sys.argv[1]))
    level = workspace.level
    if level.figures is None:
        raise SystemExit(f"no figures ship for a {level.noun}")
    dictionary = workspace.dictionary()
    if not dictionary.is_shipped or dictionary.sha256 != shipped_dictionary().sha256:
        raise SystemExit("the study's dictionary is not the shipped one")
    texts = workspace.stored("report_texts")
    words = workspace.stored("section_words").query("section != 'annex'")
    own = workspace.stored("keyword_counts").query("section != 'annex'")
    terms = mined(texts, dictionary, workspace.units)
    print(f"{len(terms):,} terms pass the rules")
    frame = counted(texts, terms, level)
    body = frame[frame["section"] != "annex"]
    kept = chosen(
        body.groupby(["term", "year"])["hits"].sum().unstack(fill_value=0),
        own.groupby(["term", "year"])["hits_overlap"].sum().unstack(fill_value=0),
        words.groupby("year")["words_nonpunct"].sum(),
    )
    frame = frame[frame["term"].isin(kept)].sort_values(
        ["term", level.name, "year", "section"], ignore_index=True
    )
    table = pa.Table.from_pandas(
        frame.astype({"year": "int16", "hits": "int16"}), preserve_index=False
    )
    path = REFERENCE / level.figures / FILE
    pq.write_table(table, path, compression="zstd", compression_level=19)
    print(f"{len(kept):,} terms, {len(frame):,} counts, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
