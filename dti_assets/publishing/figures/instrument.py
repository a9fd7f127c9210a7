"""Figures of the first 2SLS column: its two regressions on the instrument, the Anderson-Rubin
p-value, and the specification curve."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from dti_assets.publishing.figures.drawing import (
    BLACK,
    BLUE,
    GREY,
    ORANGE,
    RED,
    NothingToDraw,
    brief,
    drawing,
    fit_scale,
    new_figure,
    printable,
    tick_numbers,
)
from dti_assets.publishing.typesetting import probability
from dti_assets.store.schema import records
from dti_assets.units.hubs import hub_dropped
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BINS = 12
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_LEVEL = 0.05


def shown_columns(units: Units, weak: pd.DataFrame) -> list[dict[str, Any]]:
    """The first 2SLS column that was estimated, and its twin without the hub's own unit.

    `weak` is table weak_instrument_inference. Raises NothingToDraw with the stored reason.
    """
    estimated = records(weak.dropna(subset=["estimate"]))
    if not estimated:
        reasons = weak["reason"].dropna()
        raise NothingToDraw(
            f"no 2SLS column could be estimated ({reasons.iloc[0]})"
            if len(reasons)
            else "the tables of this study have no 2SLS column"
        )
    first = estimated[0]
    return [
        row
        for row in estimated
        if row["table"] == first["table"]
        and row["column"] in (first["column"], f"{first['column']}{hub_dropped(units.level)}")
    ]


def column_name(row: dict[str, Any], units: Units) -> str:
    """Label and column of a stored row, as short as it can stand above a panel."""
    return printable(f"{str(row['label']).split(',')[0]} ({row['column']})", units)


@drawing("first_stage_reduced_form", "First stage and reduced form")
def first_stage_reduced_form(
    units: Units, residuals: pd.DataFrame, weak: pd.DataFrame
) -> tuple[Figure, str]:
    """Endogenous regressor and outcome against the instrument, controls and effects projected
    out: the cloud, the means of equally filled bins, and the stored slope."""
    columns = shown_columns(units, weak)
    figure, grid = new_figure(2.75 * len(columns), len(columns), 2, sharex="row")
    told = []
    for axes, row in zip(grid, columns, strict=True):
        same = (residuals["table"] == row["table"]) & (residuals["column"] == row["column"])
        part = residuals[same].dropna(subset=["instrument_residual"])
        if part.empty:
            raise NothingToDraw(f"{column_name(row, units)}: no residuals are stored")
        sides = (
            ("first_stage", "first stage", "endogenous", row["endogenous"]),
            ("reduced_form", "reduced form", "outcome", row["outcome"]),
        )
        for ax, (stored, name, side, variable) in zip(axes, sides, strict=True):
            slope, error = row[stored], row[f"{stored}_se"]
            _cloud(ax, part, f"{side}_residual", slope, row["largest_cluster"], units)
            said = f"slope {brief(slope)}" + (f" (s.e. {brief(error)})" if error else "")
            ax.set_title(f"{column_name(row, units)}\n{name}: {said}")
            ax.set_ylabel(printable(f"{variable}, residual", units))
            told.append(f"{column_name(row, units)}, {name}: {said}, N = {row['n_obs']}")
    figure.legend(*_legend_of(figure), loc="outside lower center", ncols=4)
    alt = (
        "Residuals after controls and effects against those of the instrument, with means of "
        f"{BINS} bins and the fitted line. " + "; ".join(told) + "."
    )
    return figure, alt


def _legend_of(figure: Figure) -> tuple[list[Any], list[str]]:
    """One entry for each label, whichever panels have it."""
    found: dict[str, Any] = {}
    for ax in figure.axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    return list(found.values()), list(found)


def _cloud(
    ax: Axes, part: pd.DataFrame, name: str, slope: float, marked: str | None, units: Units
) -> None:
    import numpy as np

    x, y = part["instrument_residual"].to_numpy(float), part[name].to_numpy(float)
    power = 3 * math.floor(math.log10(float(np.abs(x).max()) or 1.0) / 3)
    unit = 10.0**power
    own = np.zeros(len(x), bool)
    if marked:
        own = (part[units.level.name] == marked).to_numpy(bool)
    rows = f"{units.level.noun}-years"
    dots: dict[str, Any] = {"linestyle": "none", "label": rows}
    ax.plot(x[~own] / unit, y[~own], marker=".", color=GREY, ms=3, alpha=0.7, **dots)
    if own.any():
        dots["label"] = f"{rows}, {printable(str(marked), units)}"
        ax.plot(x[own] / unit, y[own], marker="x", color=RED, ms=4, **dots)
    order = np.argsort(x, kind="stable")
    bins = [b for b in np.array_split(order, min(BINS, len(x))) if len(b)]
    means = [(x[b].mean() / unit, y[b].mean()) for b in bins]
    dots["label"] = "means of bins"
    ax.plot(*zip(*means, strict=True), marker="s", color=BLUE, mfc="white", ms=5, mew=1.4, **dots)
    ends = np.array([x.min(), x.max()])
    ax.plot(ends / unit, slope * ends, color=BLACK, label="_fitted")
    scaled = f" (× 10{str(power).translate(_SUPERSCRIPT)})" if power else ""
    ax.set_xlabel(f"instrument, residual{scaled}")
    tick_numbers(ax.xaxis)
    tick_numbers(ax.yaxis)


@drawing("anderson_rubin_curve", "Anderson-Rubin p-value of every coefficient")
def anderson_rubin(units: Units, curve: pd.DataFrame, weak: pd.DataFrame) -> tuple[Figure, str]:
    """Where the curve lies above 0.05, the coefficient is in the 95 % set."""
    columns = shown_columns(units, weak)
    figure, grid = new_figure(3.2, 1, len(columns), sharey=True)
    told = []
    for ax, row in zip(grid[0], columns, strict=True):
        same = (curve["table"] == row["table"]) & (curve["column"] == row["column"])
        part = curve[same].dropna(subset=["value"]).sort_values("value")
        if part.empty:
            reason = curve.loc[same, "reason"].dropna()
            why = reason.iloc[0] if len(reason) else "no curve is stored"
            raise NothingToDraw(f"{column_name(row, units)}: {why}")
        clustered = str(part["errors"].iloc[0]) == "clustered"
        wald = "CRV1" if clustered else f"Wald, {part['errors'].iloc[0]} errors"
        ax.plot(part["value"], part["p_wald"], color=ORANGE, linestyle="--", label=wald)
        if clustered:
            ax.plot(part["value"], part["p_wild"], color=BLUE, label="wild cluster bootstrap")
        ax.axhline(_LEVEL, color=BLACK, linewidth=0.9, linestyle=":")
        right, above = ("axes fraction", "data"), ("data", "axes fraction")
        ax.annotate("0.05", (1, _LEVEL), xycoords=right, ha="right", va="bottom", size=7.5)
        ax.axvline(row["estimate"], color=GREY, linewidth=0.9)
        two_stage = f"2SLS {brief(row['estimate'])}"
        ax.annotate(two_stage, (row["estimate"], 1.02), xycoords=above, ha="center", size=7.5)
        ax.set_title(column_name(row, units).replace(", hub", ",\nhub"), pad=16)
        ax.set_xlabel(printable(f"coefficient of {row['endogenous']}", units))
        tick_numbers(ax.xaxis)
        tick_numbers(ax.yaxis)
        limit = part["p_wild_at_infinity"].iloc[0]
        ends = f", p of {probability(limit)} far out on either side" if limit == limit else ""
        zero = probability(row["p_wild"]) if row["p_wild"] is not None else ""
        none = f"; p of no effect {zero}" if zero else ""
        told.append(f"{column_name(row, units)}: 95 % set {row['ar_set']}{none}{ends}")
    grid[0, 0].set(ylim=(0, 1.03), ylabel="p-value")
    figure.legend(*_legend_of(figure), loc="outside lower center", ncols=2)
    said = "Anderson-Rubin p-value against the coefficient. " + "; ".join(told) + "."
    return figure, re.sub(r"\binf\b", "∞", said)


# what a row of the matrix below the curve is called, in this order
_CHOICES = ("dictionary", "hits", "words", "section", "distance", "zero_distance")


@drawing("specification_curve", "Specification curve of the 2SLS coefficient")
def specification_curve(
    units: Units, curve: pd.DataFrame, weak: pd.DataFrame
) -> tuple[Figure, str]:
    """Every estimate in order with its 95 % interval, and below it the choices behind it; errors
    are those of the study."""
    import numpy as np

    done = curve.dropna(subset=["estimate"])
    if done.empty:
        reasons = curve["reason"].dropna()
        raise NothingToDraw(reasons.iloc[0] if len(reasons) else "the curve has no cell")
    errors = str(done["errors"].iloc[0])
    cells = done[done["errors"] == errors].sort_values("estimate", kind="stable")
    estimates = cells["estimate"].to_numpy(float)
    low, high = cells["conf_low"].to_numpy(float), cells["conf_high"].to_numpy(float)
    place = np.arange(len(cells))
    rows = _matrix(cells, units)
    figure, grid = new_figure(
        *(2.6 + 0.155 * len(rows), 2, 1), sharex=True, height_ratios=[2.3, 0.155 * len(rows)]
    )
    top, below = grid[:, 0]
    top.vlines(place, low, high, color=GREY, linewidth=0.5, alpha=0.55)
    outside = (low > 0) | (high < 0)
    top.plot(place, estimates, linestyle="none", marker=".", color=BLUE, ms=3)
    label = f"95 % interval without zero ({int(outside.sum())})"
    if outside.any():
        shown = {"marker": "D", "color": RED, "ms": 3, "label": label}
        top.plot(place[outside], estimates[outside], linestyle="none", **shown)
        top.legend(loc="upper left")
    top.axhline(0, color=BLACK, linewidth=0.8)
    own = _own_cell(cells, weak)
    if own is not None:
        arrow = {"xytext": (0, 26), "textcoords": "offset points", "size": 7.5, "ha": "center"}
        arrow["arrowprops"] = {"arrowstyle": "-|>"}
        top.annotate("this study", (own, estimates[own]), **arrow)
    top.set_ylabel("2SLS coefficient")
    fit_scale(top, "y", np.concatenate([estimates, low, high]))
    for position, (_, chosen) in enumerate(rows):
        below.vlines(place[chosen], position - 0.36, position + 0.36, color=BLACK, linewidth=0.5)
    below.set_yticks(range(len(rows)), [label for label, _ in rows], size=6.5)
    below.set(ylim=(len(rows) - 0.4, -0.6), xlim=(-3, len(cells) + 2))
    below.tick_params(length=0)
    below.set_xlabel(f"{len(cells)} specifications in order of the estimate, {errors} errors")
    below.spines["left"].set_visible(False)
    tick_numbers(below.xaxis)
    positive = 100 * float(np.mean(estimates > 0))
    bounded = int(cells["ar_bounded"].fillna(False).sum())
    alt = (
        f"{len(cells)} estimates from {brief(estimates[0])} to {brief(estimates[-1])}, median "
        f"{brief(float(np.median(estimates)))}; {positive:.0f} % are positive; {int(outside.sum())}"
        f" have a 95 % interval without zero; the Anderson-Rubin set is bounded for {bounded}."
    )
    return figure, alt


def _matrix(cells: pd.DataFrame, units: Units) -> list[tuple[str, Any]]:
    """Label and cells of every value of every choice that takes more than one."""
    found: dict[str, list[str]] = {name: [] for name in (*_CHOICES, "controls")}
    for text, controls in zip(cells["choices"], cells["controls"], strict=True):
        said = {} if text != text or text is None else _choices(str(text))
        for name in _CHOICES:
            found[name].append(said.get(name, ""))
        found["controls"].append(str(controls))
    import numpy as np

    rows = []
    for name, values in found.items():
        if name == "dictionary":
            values = [_dictionary(value) for value in values]
        kinds = sorted(set(values))
        if len(kinds) < 2:
            continue
        for kind in kinds:
            chosen = np.array([value == kind for value in values])
            label = f"{name}: {kind}".replace("_", " ")
            rows.append((printable(label, units), chosen))
    return rows


def _choices(text: str) -> dict[str, str]:
    """ "a=x, b=y, z" as {"a": "x", "b": "y, z"}: a value may hold a comma."""
    parts = re.split(r"(?:^|, )(\w+)=", text)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _dictionary(value: str) -> str:
    """Dictionaries that lack a single term, one row for all of them."""
    shared = ("", "all terms", "without exclusion-risk terms")
    return value if value in shared else "one term left out"


def _own_cell(cells: pd.DataFrame, weak: pd.DataFrame) -> int | None:
    """Position of the cell that is the study's own 2SLS column: the same number."""
    wanted = weak["estimate"].dropna()
    for position, row in enumerate(records(cells)):
        same = len(wanted) and math.isclose(row["estimate"], wanted.iloc[0], rel_tol=1e-6)
        if same and row["controls"] == "all":
            return position
    return None
