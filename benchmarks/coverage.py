"""Coverage of the headline 95 % sets in the simulated panel, numbers only.

    python benchmarks/coverage.py [--seeds 2000] [--draws 399] [--first 0]

Each seed draws a panel of 31 provinces and 14 years (dti_assets.simulation.panel), whose effect
of DTIn on Export is 0.342 with controls, province and year effects. A set contains that value
where the wild cluster restricted test, which the set inverts, does not reject it; so one p-value
a seed is enough. Sets: `baseline`, the effect by least squares; `instrument`, the Anderson-Rubin
set of two-stage least squares, with Zhejiang dropped (where the study reads its inference), with
Zhejiang's internal distance, and with the instrument spread evenly over the provinces; the last
under endogeneity 0.6 too, where least squares is biased. Exit code 1 where the headline sets,
baseline and instrument with Zhejiang dropped, cover less than 93 or more than 97 %.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from dti_assets.econ import Specification, wild_cluster_test
from dti_assets.econ.inference.anderson_rubin import WildInversion
from dti_assets.econ.model.design import build
from dti_assets.simulation.panel import CONTROLS, Simulation, simulate_arrays
from dti_assets.units.lists import shipped_units

LOW, HIGH = 0.93, 0.97
HUB = "浙江"
PROVINCES = shipped_units("provinces")
EFFECTS = ("province", "year")
BASELINE = Specification("Export", ("DTIn", *CONTROLS), (), (), EFFECTS, "province")
INSTRUMENT = Specification("Export", CONTROLS, "DTIn", "DTI_iv", EFFECTS, "province")
_BATCH = 250

Test = Callable[[pd.DataFrame, float, int, int], float]


def panels(design: Simulation, seeds: range, without: str | None) -> Iterator[pd.DataFrame]:
    """One frame a seed, drawn in batches; `without` leaves one province out."""
    names = [unit.name for unit in design.units]
    kept = [i for i, name in enumerate(names) if name != without]
    span = range(design.years[0], design.years[1] + 1)
    keys = pd.DataFrame(
        {"province": np.repeat(kept, len(span)), "year": np.tile(list(span), len(kept))}
    )
    used = ("Export", "DTIn", "DTI_iv", *CONTROLS)
    for start in range(0, len(seeds), _BATCH):
        arrays = simulate_arrays(design, seeds[start : start + _BATCH])
        for i in range(len(arrays["Export"])):
            yield keys.assign(**{name: arrays[name][i, kept].reshape(-1) for name in used})


def baseline(frame: pd.DataFrame, effect: float, draws: int, seed: int) -> float:
    """p-value of the wild cluster restricted test of the least-squares effect."""
    return wild_cluster_test(BASELINE, frame, "DTIn", effect, draws, seed=seed).p_value


def instrument(frame: pd.DataFrame, effect: float, draws: int, seed: int) -> float:
    """p-value of the wild Anderson-Rubin test: the set holds the effect where it exceeds 0.05."""
    return float(WildInversion(build(INSTRUMENT, frame), draws, seed).p_values([effect])[0])


CASES: dict[str, tuple[Test, Simulation, str | None, bool]] = {
    "baseline": (baseline, Simulation(PROVINCES), None, True),
    "instrument, Zhejiang dropped": (instrument, Simulation(PROVINCES), HUB, True),
    "instrument, internal distance": (instrument, Simulation(PROVINCES), None, False),
    "instrument, equal exposure": (
        instrument,
        Simulation(PROVINCES, exposure="equal"),
        None,
        False,
    ),
    "  the same, endogeneity 0.6": (
        instrument,
        Simulation(PROVINCES, exposure="equal", endogeneity=0.6),
        None,
        False,
    ),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=2000)
    parser.add_argument("--draws", type=int, default=399)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.seeds)
    print(f"{len(seeds)} seeds from {options.first}, {options.draws} draws; share of 95 % sets")
    print("that hold the true effect, with the simulation's standard error")
    passed = True
    for name, (test, design, without, headline) in CASES.items():
        started = time.perf_counter()
        frames = panels(design, seeds, without)
        p_values = [
            test(frame, design.total, options.draws, seed)
            for frame, seed in zip(frames, seeds, strict=True)
        ]
        share = float(np.mean(np.array(p_values) > 0.05))
        error = np.sqrt(share * (1 - share) / len(seeds))
        verdict = ""
        if headline:
            fine = LOW <= share <= HIGH
            passed = passed and fine
            verdict = f"   {LOW} to {HIGH}: {'yes' if fine else 'NO'}"
        seconds = time.perf_counter() - started
        print(f"{name:32s} {share:.4f} ({error:.4f})  {seconds:4.0f} s{verdict}", flush=True)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
