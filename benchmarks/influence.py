"""Influence and random dictionaries against estimating again unit by unit, draw by draw.

    python benchmarks/influence.py [--slice 20] [--draws 1000]

On a simulated panel of 31 provinces and 14 years with every variable present and an instrument of
100 terms, and 2,000 candidate terms. The baseline calls `estimate` for a slice of the units
(the 2SLS, OLS and baseline columns) and of the draws (the 2SLS column), in the same run; the ratio
is seconds per unit and seconds per draw. Exit code 1 over 25 s
for both together, over 60 s for the draws, or below a ratio of 20.
"""

from __future__ import annotations

import argparse
import sys
import time
from importlib import import_module

import numpy as np
import pandas as pd
from estimates import study_panel

from dti_assets.econ import estimate
from dti_assets.econ.paper.resolution import TableOptions, resolve
from dti_assets.econ.paper.specifications import (
    baseline_column,
    first_two_stage_column,
    load_tables,
)
from dti_assets.econ.robustness.influence import influence
from dti_assets.econ.robustness.permutation import Vocabulary, dictionary_permutation
from dti_assets.instrument.formula import instrument
from dti_assets.text.candidates import count_terms
from dti_assets.text.choices import frequency
from dti_assets.units.lists import shipped_units

TERMS, CANDIDATES = 100, 2000
LIMIT_SECONDS, LIMIT_DRAWS, LIMIT_RATIO = 25.0, 60.0, 20.0
WORDS = 15_000.0
PROVINCES = shipped_units("provinces")


def vocabulary(panel: pd.DataFrame, terms: int, seed: int, prefix: str) -> Vocabulary:
    """Invented counts: terms of different size and growth, provinces of different taste."""
    rng = np.random.default_rng(seed)
    place, age = pd.factorize(panel["province"])[0], panel["year"].to_numpy() - 2009
    size, growth = np.exp(rng.normal(-1.0, 1.2, terms)), rng.normal(0.1, 0.15, terms)
    taste = rng.gamma(2.0, 0.5, (31, terms))[place]
    hits = rng.poisson(size * np.exp(growth * age[:, None]) * taste)
    names = [f"{prefix}{j}" for j in range(terms)]
    parts = instrument(frequency(hits, WORDS), (200.0 + 70.0 * place)[:, None])
    index = pd.MultiIndex.from_frame(panel[["province", "year"]])
    by_year = pd.DataFrame(hits, columns=names).groupby(panel["year"].to_numpy()).sum().T
    return Vocabulary(pd.DataFrame(parts, index=index, columns=names), by_year)


def seconds(work) -> tuple[float, object]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slice", type=int, default=20)
    parser.add_argument("--draws", type=int, default=1000)
    chosen = parser.parse_args()
    for name in ("linearmodels", "scipy.stats"):
        import_module(name)  # paid before the clock starts

    panel = study_panel()
    real = vocabulary(panel, TERMS, 1, "d")
    candidates = vocabulary(panel, CANDIDATES, 2, "c")
    panel["DTI_iv"] = real.parts.sum(axis=1).to_numpy()
    panel["DTIn"] += 2e5 * panel["DTI_iv"]
    words = pd.Series(WORDS * 31, index=sorted(panel["year"].unique()))
    tables = load_tables(level=PROVINCES.level)
    two_stage = first_two_stage_column(tables.values(), "DTI_iv")
    baseline = baseline_column(tables.values())
    options = TableOptions(PROVINCES.level)

    def again(wide: pd.DataFrame) -> float:
        resolved = resolve(*two_stage, wide, options)
        result = estimate(resolved.spec, resolved.frame)
        assert result.first_stage is not None  # worked out when asked for
        return float(result.params["DTIn"])

    def all_again(wide: pd.DataFrame) -> float:
        """2SLS with its first stage and reduced form, OLS, and the baseline."""
        table = two_stage[0]
        for spec, column in ((table, table.column("OLS")), baseline):
            resolved = resolve(spec, column, wide, options)
            estimate(resolved.spec, resolved.frame)
        return again(wide)

    again(panel)
    closed, frame = seconds(lambda: influence(two_stage, baseline, panel, real.parts, options))
    units = frame.drop_duplicates(["kind", "unit"])
    reports = units[units["kind"] == "report"].iloc[:: max(1, 434 // chosen.slice)]
    gone = [
        panel[~((panel["province"] == r.province) & (panel["year"] == r.year))]
        for r in reports.itertuples()
    ]
    naive, found = seconds(lambda: [all_again(wide) for wide in gone])
    whole = frame[(frame["coefficient"] == "2SLS") & (frame["kind"] == "report")]
    ours = whole.set_index("unit").loc[reports["unit"], "estimate_without"].to_numpy()
    worst = float(np.max(np.abs(ours - np.array(found))))
    ratio_units = naive / len(gone) / (closed / len(units))
    print(f"influence: {len(units)} units, {len(frame)} rows in {closed:.2f} s")
    print(f"  estimating again: {naive / len(gone):.3f} s a unit; ratio {ratio_units:.0f}")
    print(f"  largest difference on {len(gone)} reports: {worst:.1e}")

    permuted, _ = seconds(
        lambda: dictionary_permutation(
            *two_stage, panel, real, candidates, words, options, chosen.draws
        )
    )
    rng = np.random.default_rng(0)
    drawn = [rng.choice(CANDIDATES, TERMS, replace=False) for _ in range(chosen.slice)]
    wides = [panel.assign(DTI_iv=candidates.parts.to_numpy()[:, d].sum(axis=1)) for d in drawn]
    naive, _ = seconds(lambda: [again(wide) for wide in wides])
    ratio_draws = naive / len(wides) / (permuted / chosen.draws)
    print(f"random dictionaries: {chosen.draws} draws of {TERMS} terms in {permuted:.2f} s")
    print(f"  estimating again: {naive / len(wides):.3f} s a draw; ratio {ratio_draws:.0f}")

    terms = [
        a + b + c
        for a in "甲乙丙丁戊己庚辛壬癸"
        for b in "子丑寅卯辰巳午未"
        for c in "天地玄黄宇宙洪荒"
    ]
    text = [
        "".join(rng.choice(list("甲乙丙丁戊己庚子丑寅卯辰天地玄黄宇宙"), 400)) for _ in range(50)
    ]
    counting, _ = seconds(lambda: [count_terms(text, 2020, terms) for _ in range(20)])
    print(f"counting {len(terms)} terms: {counting / 20 * 430:.1f} s for 430 reports of 20,000")

    both = closed + permuted
    failed = (
        both > LIMIT_SECONDS
        or permuted > LIMIT_DRAWS
        or worst > 1e-9
        or min(ratio_units, ratio_draws) < LIMIT_RATIO
    )
    print(f"both: {both:.1f} s (limit {LIMIT_SECONDS:.0f})")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
