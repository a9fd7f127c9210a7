"""A stratified sample of counted keyword occurrences, blinded, for coders to label.

Strata are terms. Every term that occurs has one item at least, two where there are four items a
term; what is left is shared out in proportion to hits. Within a term every occurrence is as likely
as every other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dti_assets.audit.masking import masked_context
from dti_assets.audit.sheets import item_names, write_sheets
from dti_assets.audit.tables import REPORT_KEY
from dti_assets.errors import AuditError
from dti_assets.store.cache import digest
from dti_assets.text.concordance import CountedOccurrence
from dti_assets.text.dictionary import Dictionary
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

QUESTION = "digital"
WIDTH = 60
INSTRUCTIONS = (
    "Each row of sheet items is one place where a keyword was counted, with what stands around it.",
    "Column digital: 1 where the keyword here speaks of the digital economy or of digital "
    "transformation (technology, industry, infrastructure, services, government online); 0 where "
    "it means something else, is part of another word or of a mere name; unclear where the "
    "context does not tell.",
    f"Names of places and years are masked as {'〔…〕'}: judge the words, not where or when.",
    "Work alone, in the order given, and do not look at another coder's sheet.",
    "Leave a label empty where you have not come to it. Do not delete rows or change items.",
    "Column comment is yours.",
)


def allocate(sizes: Mapping[str, int], n: int) -> dict[str, int]:
    """How many to draw from each stratum: one each (two where 4 * strata <= n), the rest in
    proportion to what is left of each, by largest remainder. Raises AuditError where n is less
    than the number of strata."""
    strata = [name for name, size in sizes.items() if size]
    if n < len(strata):
        raise AuditError(
            f"--n {n}: {len(strata)} terms occur and each needs at least one occurrence; "
            f"use --n {len(strata)} or more"
        )
    least = 2 if n >= 4 * len(strata) else 1
    chosen = {name: min(least, sizes[name]) for name in strata}
    rest = min(n, sum(sizes.values())) - sum(chosen.values())
    left = {name: sizes[name] - chosen[name] for name in strata}
    total = sum(left.values())
    if rest <= 0 or not total:
        return chosen
    shares = {name: rest * left[name] / total for name in strata}
    for name in strata:
        chosen[name] += int(shares[name])
    short = rest - sum(int(share) for share in shares.values())
    # a share never exceeds what is left, and one with a remainder is below it
    by_remainder = sorted(strata, key=lambda name: (int(shares[name]) - shares[name], name))
    for name in by_remainder[:short]:
        chosen[name] += 1
    return chosen


def draw(
    occurrences: Sequence[CountedOccurrence],
    dictionary: Dictionary,
    n: int,
    seed: int,
    *,
    units: Units,
) -> tuple[pd.DataFrame, list[dict[str, str]]]:
    """The key (table report_audit_key) and the rows that coders see, in the same order."""
    import numpy as np

    places: dict[str, list[int]] = {}
    for at, found in enumerate(occurrences):
        places.setdefault(found.term, []).append(at)
    sizes = {term: len(places[term]) for term in sorted(places)}
    rng = np.random.default_rng(seed)
    chosen: list[int] = []
    for term, size in allocate(sizes, n).items():
        picked = rng.choice(len(places[term]), size=size, replace=False)
        chosen += [places[term][int(at)] for at in np.sort(picked)]
    order = rng.permutation(len(chosen))
    names = item_names(len(chosen), seed)
    key, rows = [], []
    for name, at in zip(names, order, strict=True):
        found = occurrences[chosen[int(at)]]
        key.append(
            {
                "item": name,
                "path": found.path,
                units.level.code: found.code,
                "year": found.year,
                "section": found.section,
                "paragraph": found.paragraph,
                "start": found.start,
                "end": found.end,
                "stratum": found.term,
                "category": dictionary[found.term].category,
                "population": sizes[found.term],
            }
        )
        before, keyword, after = masked_context(
            found.text, found.start, found.end, WIDTH, units=units
        )
        rows.append({"item": name, "before": before, "keyword": keyword, "after": after})
    return units.level.table(REPORT_KEY).frame(key), rows


def sample_reports(
    occurrences: Sequence[CountedOccurrence],
    dictionary: Dictionary,
    folder: Path,
    n: int = 200,
    coders: int = 2,
    seed: int = 1,
    *,
    units: Units,
) -> tuple[str, pd.DataFrame]:
    """Write the coders' sheets to `folder`; the sample's name and its key.

    Raises AuditError where there is no occurrence, or fewer items are asked for than terms occur.
    """
    if not occurrences:
        raise AuditError("no counted occurrence in any report text: there is nothing to label")
    key, rows = draw(occurrences, dictionary, n, seed, units=units)
    places = key[["path", "paragraph", "start", "stratum"]].to_csv(index=False)
    sample = "r" + digest(seed, coders, places)[:12]
    write_sheets(folder, sample, rows, (QUESTION,), INSTRUCTIONS, coders, seed)
    return sample, key


def weights(key: pd.DataFrame, labelled: np.ndarray) -> np.ndarray:
    """How many occurrences each labelled item stands for: hits of its term over labelled ones."""
    import numpy as np

    term = key["stratum"].to_numpy()
    counts = key.loc[labelled].groupby("stratum").size()
    stands = key["population"].to_numpy(float) / key["stratum"].map(counts).to_numpy(float)
    return np.where(labelled, stands, 0.0) if len(term) else np.zeros(0)
