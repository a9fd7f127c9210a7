"""A variable's values from its source series, as its declaration says. No joining of tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from dti_assets.panel.cells import Cells, pick
from dti_assets.panel.logarithms import LogOfZero, logarithm
from dti_assets.panel.series import catalogue
from dti_assets.panel.units import Unit, parse_unit
from dti_assets.panel.variables import Transformation, Variable

if TYPE_CHECKING:
    import numpy as np


class Computed(NamedTuple):
    """One variable over the panel's rows: values, and for each where it came from or why not.

    `zeros` counts the figures the rule for the logarithm of zero acted on.
    """

    value: np.ndarray
    origin: np.ndarray
    source: np.ndarray
    status: np.ndarray
    reason: np.ndarray
    zeros: int = 0


def transformed(variable: Variable, cells: dict[str, Cells], rule: LogOfZero) -> Computed:
    """The variable by the first of its transformations for which every series has a figure."""
    import numpy as np

    how = choose(variable, cells)
    used = [cells[name] for name in how.series]
    rates = cells["exchange_rate"]
    rate = rates.in_unit(parse_unit("CNY per USD"))
    numbers, reasons, across = [], [], np.zeros(len(rate), dtype=bool)
    for one in used:
        target = _target(how, one.series)
        number = one.in_unit(target, rate)
        unrated = np.isnan(number) & ~np.isnan(one.value)
        numbers.append(number)
        reasons.append(pick(unrated, f"{one.series}: no exchange rate of the year", one.reason))
        across |= _crosses_currency(one, target)
    value, zeros, refused = _apply(how, numbers, rule)
    reasons.append(refused)
    there = ~np.isnan(value)
    rated = [pick(across, part, None) for part in (rates.source, rates.status, rates.origin)]
    # whichever of a figure and its exchange rate is the user's
    origins = zip(*(one.origin for one in used), rated[2], strict=True)
    joined = ["+".join(sorted({one for one in row if one})) or None for row in origins]
    origin = np.array(joined, dtype=object)
    source = _joined([*(one.source for one in used), rated[0]], "; ")
    status = _joined([*(one.status for one in used), rated[1]], "; ")
    doubtful = np.array(["to be verified" in (text or "") for text in status])
    why = _joined(reasons, "; ")
    return Computed(
        value,
        pick(there, origin, "absent"),
        pick(there, source, None),
        pick(there & doubtful, "to be verified", "published"),
        pick(there, None, why),
        int(zeros.sum()),
    )


def choose(variable: Variable, cells: dict[str, Cells]) -> Transformation:
    """The first alternative with figures of every series; the first of all where there is none."""
    import numpy as np

    for one in variable.transformations:
        if all(not np.isnan(cells[name].value).all() for name in one.series):
            return one
    return variable.transformations[0]


def _target(how: Transformation, series: str) -> Unit:
    if how.kind == "log1p_per_million" and series == "population":
        return parse_unit("million persons")
    return parse_unit(how.unit) if how.unit else catalogue()[series].unit


def _crosses_currency(one: Cells, target: Unit) -> np.ndarray:
    """Where the figures are in the other currency, so that the exchange rate had a part."""
    import numpy as np

    if target.dimension not in ("CNY", "USD"):
        return np.zeros(len(one.value), dtype=bool)
    other = {
        name
        for name in {unit for unit in one.unit if unit is not None}
        if parse_unit(name).dimension not in (target.dimension, "any")
    }
    return np.array([unit in other for unit in one.unit])


def _apply(
    how: Transformation, numbers: Sequence[np.ndarray], rule: LogOfZero
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(values, cells the rule for zeros acted on, reasons of values refused here)."""
    import numpy as np

    first = numbers[0]
    refused = np.full(len(first), None, dtype=object)
    none = np.zeros(len(first), dtype=bool)
    if how.kind == "level":
        return first.copy(), none, refused
    if how.kind == "log1p_per_million":
        empty = numbers[1] <= 0
        refused[empty] = "population is not positive"
        negative = first < 0
        refused[negative] = f"{how.series[0]} is negative"
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.log1p(first / numbers[1])
        value[empty | negative] = np.nan
        return value, none, refused
    if how.kind == "log_ratio":
        empty = numbers[1] == 0
        refused[empty] = f"{how.series[1]} is zero"
        with np.errstate(divide="ignore", invalid="ignore"):
            first = np.where(empty, np.nan, first / numbers[1])
    elif how.kind == "log_difference":
        first = first - numbers[1]
    value, zeros, negatives = logarithm(first, rule)
    refused[negatives] = f"logarithm of a negative figure ({how.formula})"
    if rule.kind == "drop":
        refused[zeros] = "logarithm of zero (log_of_zero: drop)"
    return value, zeros, refused


def _joined(parts: Sequence[np.ndarray], separator: str) -> np.ndarray:
    """Per row, the distinct texts of `parts` in order; None where there is none."""
    import numpy as np

    rows = zip(*parts, strict=True)
    texts = [separator.join(dict.fromkeys(t for t in row if t)) or None for row in rows]
    return np.array(texts, dtype=object)
