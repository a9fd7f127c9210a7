"""A variable's values from its source series, as its declaration says. No joining of tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from dti_assets.errors import PanelError
from dti_assets.panel.official import NO_FIGURE
from dti_assets.panel.series import catalogue, unknown_series
from dti_assets.panel.tables import FIGURES
from dti_assets.panel.units import Unit, convert, parse_unit
from dti_assets.panel.variables import Transformation, Variable
from dti_assets.units.levels import Level

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


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


@dataclass(frozen=True)
class LogOfZero:
    """What stands for ln(0).

    `drop`: null with a reason. `asinh`: ln(x + sqrt(x^2 + 1)) for every value of the variable,
    not only for zeros, so that one variable has one definition. `floor`: no figure is taken
    smaller than `floor`, in the variable's unit.
    """

    kind: Literal["drop", "asinh", "floor"] = "drop"
    floor: float | None = None

    def __str__(self) -> str:
        return f"floor: {self.floor:g}" if self.kind == "floor" else self.kind

    @classmethod
    def parse(cls, rule: Any) -> LogOfZero:
        """From the value of panel.log_of_zero in study.yaml. Raises PanelError."""
        if isinstance(rule, LogOfZero):
            return rule
        if rule == "drop" or rule == "asinh":
            return cls(rule)
        if isinstance(rule, Mapping) and set(rule) == {"floor"}:
            floor = rule["floor"]
            if isinstance(floor, int | float) and not isinstance(floor, bool) and floor > 0:
                return cls("floor", float(floor))
        raise PanelError(
            f"panel.log_of_zero {rule!r} is not allowed; use drop, asinh or {{floor: 1}} with a "
            "positive number"
        )


def logarithm(x: np.ndarray, rule: LogOfZero) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(values, zeros, negatives) of figures `x` under `rule`; nan stays nan.

    `zeros` marks the cells the rule acted on (figures of 0; under `floor`, figures below it),
    `negatives` those with no logarithm under any rule, whose value is nan.
    """
    import numpy as np

    floor = rule.floor or 0.0
    negative = x < 0
    zero = (x >= 0) & (x < floor) if rule.kind == "floor" else x == 0
    with np.errstate(divide="ignore", invalid="ignore"):
        if rule.kind == "asinh":
            out = np.arcsinh(x)
        else:
            out = np.log(np.maximum(x, floor) if rule.kind == "floor" else x)
    out[negative] = np.nan
    if rule.kind == "drop":
        out[zero] = np.nan
    return out, zero, negative


@dataclass
class Cells:
    """One series over the panel's rows: arrays of the panel's length.

    `reason` says why a value is nan; it is None where there is a value.
    """

    series: str
    value: np.ndarray
    unit: np.ndarray
    origin: np.ndarray
    source: np.ndarray
    status: np.ndarray
    reason: np.ndarray

    def in_unit(self, target: Unit, rate: np.ndarray | None = None) -> np.ndarray:
        """The figures in `target`; nan also where the exchange rate of the year is missing."""
        import numpy as np

        out = np.full(len(self.value), np.nan)
        for name in sorted({unit for unit in self.unit if unit is not None}):
            here = self.unit == name
            source = Unit(name, "any", 1.0) if target.dimension == "any" else parse_unit(name)
            out[here] = convert(
                self.value[here], source, target, None if rate is None else rate[here]
            )
        return out


def pick(condition: np.ndarray, yes: Any, no: Any) -> np.ndarray:
    """As numpy.where, for texts and None."""
    import numpy as np

    return np.where(condition, np.asarray(yes, dtype=object), np.asarray(no, dtype=object))


def stack_figures(
    official: pd.DataFrame | None,
    user: pd.DataFrame | None,
    fill_gaps: Collection[str] = (),
    *,
    level: Level,
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Official and user's figures (table figures) as one, and the cells given up per series.

    Raises PanelError for a series outside the catalogue and for a key on two rows of a frame.
    """
    import pandas as pd

    declared = level.table(FIGURES)
    key = list(declared.key)
    frames = {}
    for name, frame in (("official", official), ("user", user)):
        frame = declared.frame(frame if frame is not None else [])
        for series in frame["series"].unique():
            if series not in catalogue():
                raise PanelError(f"{name} figures: {unknown_series(series)}")
        twice = frame[frame.duplicated(key, keep=False)]
        if len(twice):
            first = twice.iloc[0]
            raise PanelError(
                f"{name} figures: {first['series']} of {first[level.name]} {first['year']} "
                f"stands on {len(twice)} rows"
            )
        frames[name] = frame
    for series in fill_gaps:
        if series not in catalogue():
            raise PanelError(f"panel.fill_gaps: {unknown_series(series)}")
    base, theirs = frames["official"], frames["user"]
    places = base.set_index(key).index
    # a blank cell is a gap, as an absent row is; where both have none, the user's reason stands
    blank = theirs["value"].isna()
    covered = places.isin(theirs[~blank].set_index(key).index)
    covered |= base["value"].isna() & places.isin(theirs.set_index(key).index)
    replaced = base["series"].isin(set(theirs["series"]) - set(fill_gaps))
    lost = {str(name): len(part) for name, part in base[replaced & ~covered].groupby("series")}
    kept = base[~replaced & ~covered]
    filled = blank & theirs.set_index(key).index.isin(kept.set_index(key).index)
    return pd.concat([kept, theirs[~filled]], ignore_index=True), lost


def lay_out(figures: pd.DataFrame, index: pd.MultiIndex, level: Level) -> dict[str, Cells]:
    """Every series of the catalogue over `index` (code of the unit, year)."""
    import numpy as np

    by_series = dict(tuple(figures.groupby("series", sort=False)))
    out = {}
    for name, one in catalogue().items():
        absent = f"{name}: {NO_FIGURE if one.shipped_from(level) else 'supplied by the user only'}"
        n = len(index)
        if name not in by_series:
            no = np.full(n, None, dtype=object)
            why = np.full(n, absent, dtype=object)
            out[name] = Cells(name, np.full(n, np.nan), no, no, no, no, why)
            continue
        given = by_series[name].set_index(list(level.when))
        if (given["origin"] == "user").any():
            absent = f"{name}: not in the user's files"
        found = given.reindex(index)
        value = found["value"].to_numpy(dtype=float, na_value=np.nan)
        text = {
            column: found[column].astype(object).where(found[column].notna(), None).to_numpy()
            for column in ("unit", "origin", "source", "status", "reason")
        }
        why = np.array(
            [
                None if not np.isnan(v) else (f"{name}: {r}" if r is not None else absent)
                for v, r in zip(value, text["reason"], strict=True)
            ],
            dtype=object,
        )
        out[name] = Cells(
            name, value, text["unit"], text["origin"], text["source"], text["status"], why
        )
    return out
