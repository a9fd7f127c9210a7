"""What if the instrument has a direct effect: Conley, Hansen and Rossi's union of intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dti_assets.econ.inference.anderson_rubin import anderson_rubin_set
from dti_assets.econ.inference.set_inversion import Interval
from dti_assets.econ.model.estimation import estimate
from dti_assets.econ.model.specification import Specification
from dti_assets.errors import SpecificationError

if TYPE_CHECKING:
    import pandas as pd

METHODS = ("wald", "crv1", "wild")


@dataclass(frozen=True)
class ExclusionSensitivity:
    """Sets for the effect while the instrument's direct effect gamma ranges over an interval.

    by_gamma : frame with gamma, estimate, low, high (outer ends of that gamma's set), bounded.
    union : union of all sets, as intervals. contains_zero : whether zero is in it.
    gamma_at_zero : least |gamma| of the grid at which zero enters the set; None if it never does.
    """

    by_gamma: pd.DataFrame
    union: list[Interval]
    contains_zero: bool
    gamma_at_zero: float | None


def exclusion_sensitivity(
    spec: Specification,
    frame: pd.DataFrame,
    gamma: tuple[float, float],
    level: float = 0.95,
    method: str = "wald",
    points: int = 41,
    draws: int = 999,
    seed: int = 0,
) -> ExclusionSensitivity:
    """Union of confidence intervals over direct effects of the instrument.

    For each gamma0 on a grid over `gamma` the outcome is y - gamma0 z and the interval that of
    the exactly excluded model; the union covers whenever the true gamma lies in `gamma`.

    Parameters
    ----------
    spec : one endogenous regressor and one instrument.
    gamma : (least, largest) direct effect, in units of the outcome per unit of the instrument.
        The reduced-form coefficient is the natural yardstick.
    method : "wald", or Anderson-Rubin sets "crv1" or "wild" (weak instruments: use these).

    Returns
    -------
    ExclusionSensitivity

    Reference: Conley, Hansen and Rossi (2012), section 3.A.
    """
    import pandas as pd

    if len(spec.instruments) != 1 or len(spec.endogenous) != 1:
        raise SpecificationError("the sensitivity analysis needs one instrument, one endogenous")
    if method not in METHODS:
        raise SpecificationError(f"method {method!r} is not one of {', '.join(METHODS)}")
    low, high = gamma
    if not low <= high:
        raise SpecificationError(f"gamma must be (least, largest), not {gamma!r}")
    grid = np.unique(np.append(np.linspace(low, high, points), 0.0 if low <= 0 <= high else low))
    instrument, term = spec.instruments[0], spec.endogenous[0]
    rows: list[dict[str, object]] = []
    pieces: list[Interval] = []
    before: list[Interval] = []
    for value in grid:
        shifted = frame.assign(
            **{spec.outcome: frame[spec.outcome] - float(value) * frame[instrument]}
        )
        result = estimate(spec, shifted)
        if method == "wald":
            found: list[Interval] = [result.interval(term, level)]
        else:
            found = anderson_rubin_set(spec, shifted, level, method, draws, seed).intervals
        pieces += found
        if len(found) == len(before) == 1:
            # ends move continuously with gamma, so that the union over the step between two grid
            # points is the hull of their intervals
            pieces.append((min(found[0][0], before[0][0]), max(found[0][1], before[0][1])))
        before = found
        rows.append(
            {
                "gamma": float(value),
                "estimate": float(result.params[term]),
                "low": found[0][0] if found else None,
                "high": found[-1][1] if found else None,
                "bounded": all(np.isfinite(pair).all() for pair in found),
                "zero": any(a <= 0 <= b for a, b in found),
            }
        )
    by_gamma = pd.DataFrame(rows)
    reached = by_gamma.loc[by_gamma["zero"], "gamma"].abs()
    return ExclusionSensitivity(
        by_gamma=by_gamma.drop(columns="zero"),
        union=union_of(pieces),
        contains_zero=bool(by_gamma["zero"].any()),
        gamma_at_zero=float(reached.min()) if len(reached) else None,
    )


def union_of(intervals: list[Interval]) -> list[Interval]:
    """Overlapping or touching intervals merged, from left to right."""
    merged: list[Interval] = []
    for low, high in sorted(intervals):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return merged
