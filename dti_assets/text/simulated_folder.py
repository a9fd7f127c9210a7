"""A folder of simulated reports, written one by one, and the account of what is in it.

Memory does not grow with the number of reports but for their truth.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from dti_assets.geography.provinces import provinces
from dti_assets.text.dictionary import Dictionary
from dti_assets.text.simulation import SimulatedReport

if TYPE_CHECKING:
    import numpy as np


def simulated_reports(
    dictionary: Dictionary, n_provinces: int, years: tuple[int, int], seed: int
) -> Iterator[SimulatedReport]:
    """One report after the other, by province and year; none is kept."""
    from dti_assets.text.simulation import attention, simulate_report

    hits = attention(n_provinces, years, seed)
    for row, province in enumerate(provinces()[:n_provinces]):
        for column, year in enumerate(range(years[0], years[1] + 1)):
            yield simulate_report(province, year, int(hits[row, column]), dictionary.terms, seed)


def write_reports(
    folder: Path, dictionary: Dictionary, n_provinces: int, years: tuple[int, int], seed: int
) -> tuple[list[dict[str, Any]], np.ndarray]:
    """Write the reports, one in memory at a time: their truth, a row a report, and the words of
    each body (annex aside), shape (provinces, years)."""
    import numpy as np

    from dti_assets.text.normalise import han_count, normalise_paragraph
    from dti_assets.text.simulated_files import report_file
    from dti_assets.text.simulation import nested_hits

    rows: list[dict[str, Any]] = []
    words = []
    with TemporaryDirectory(prefix="dti-simulate-") as scratch:
        count = _word_counter(Path(scratch))
        for number, report in enumerate(simulated_reports(dictionary, n_provinces, years, seed)):
            file = report_file(report, number)
            path = folder / file.path
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(file.content)
            normal = {
                name: [normalise_paragraph(text) for text in texts]
                for name, texts in report.texts().items()
            }
            words.append(
                sum(count(text) for name in normal if name != "annex" for text in normal[name])
            )
            rows.append(
                {
                    "province_code": report.province.province_code,
                    "province": report.province.province,
                    "year": report.year,
                    "file": file.path,
                    "format": file.format,
                    "encoding": file.encoding,
                    "keyword_hits": sum(
                        sum(hits.values()) for name, hits in report.hits.items() if name != "annex"
                    ),
                    "sections": list(normal),
                    "hits_longest": report.hits,
                    "hits_overlap": {
                        name: nested_hits(hits, dictionary.keys)
                        for name, hits in report.hits.items()
                    },
                    "han_chars": {name: han_count("".join(t)) for name, t in normal.items()},
                }
            )
    return rows, np.array(words, dtype=float).reshape(n_provinces, -1)


def _word_counter(scratch: Path) -> Callable[[str], int]:
    """A function from a normalised paragraph to its words (other than punctuation).

    jieba joins nothing across a comma or full stop, so each clause is cut once and remembered.
    """
    from functools import lru_cache

    from dti_assets.text.dictionary import shipped_dictionary
    from dti_assets.text.segmentation import segmenter, words

    tokenizer = segmenter("jieba", shipped_dictionary(), scratch)

    @lru_cache(maxsize=100_000)
    def of_clause(clause: str) -> int:
        return words(Counter(tokenizer.cut(clause)))[1]

    return lambda text: sum(of_clause(clause) for clause in re.split("[,。]", text))
