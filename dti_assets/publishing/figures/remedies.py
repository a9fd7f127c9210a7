"""The estimate under each remedy a referee asks for, one row each, from stored numbers alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dti_assets.publishing.figures.drawing import (
    BLACK,
    BLUE,
    GREY,
    RED,
    brief,
    drawing,
    fit_scale,
    new_figure,
    printable,
)
from dti_assets.publishing.figures.instrument import column_name, shown_columns
from dti_assets.publishing.needs import OTHERS_VARIANT
from dti_assets.publishing.typesetting import errors_word, probability
from dti_assets.store.schema import records
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# variants of table robustness (check, variant) and what a row is called, for any level
_VARIANTS = (
    ("instruments", "section: plan", "outlook half of reports alone"),
    ("instruments", "section: whole", "whole reports"),
    ("instruments", "keyword frequency as a control", "keyword frequency as a control"),
    ("instruments", "distance x trend", "distance × trend as a control"),
    (*OTHERS_VARIANT, "other {units}' frequency / distance"),
    ("instruments", "hits: token", "hits counted as tokens"),
    ("instruments", "without exclusion-risk terms", "without exclusion-risk terms"),
)
# where F and p stand, in points right of the axis
_COLUMNS = (10, 56)


@dataclass(frozen=True)
class Row:
    """A row of the figure; an end that is infinite is no bound, None that no interval is stored."""

    label: str
    estimate: float
    low: float | None
    high: float | None
    f: float | None = None
    p: float | None = None
    ols: bool = False

    @property
    def bounded(self) -> bool:
        """Whether there is an interval with two finite ends."""
        return all(end is not None and math.isfinite(end) for end in (self.low, self.high))

    def told(self) -> str:
        """The row in words."""
        if self.low is None or self.high is None:
            interval = "no interval stored"
        else:
            interval = f"{brief(self.low)} to {brief(self.high)}"
        strength = "" if self.f is None else f", F {brief(self.f)}"
        return f"{self.label} {brief(self.estimate)} ({interval}{strength})"


@drawing("remedies", "The estimate under each remedy")
def remedies(
    units: Units,
    weak: pd.DataFrame,
    robustness: pd.DataFrame,
    left_out: pd.DataFrame,
    baseline: pd.DataFrame | None,
) -> tuple[Figure, str]:
    """OLS of the baseline with its own and with Conley intervals; the first 2SLS column as it is,
    without single units, and with its instrument built or controlled in other ways, each with
    the outer ends of its 95 % Anderson-Rubin set. An unbounded set runs off the axis.

    weak, robustness, left_out : tables weak_instrument_inference, robustness and
    leave_one_province_out. baseline : table of the OLS baseline, where the study has it.
    """
    columns = shown_columns(units, weak)
    rows = [
        *_least_squares(baseline, robustness),
        *_two_stage(columns, robustness, left_out, units),
    ]
    figure, grid = new_figure(1.25 + 0.2 * len(rows))
    ax = grid[0, 0]
    finite = [
        value
        for row in rows
        for value in (row.estimate, row.low, row.high)
        if value is not None and math.isfinite(value)
    ]
    for place, row in enumerate(rows):
        ax.plot(row.estimate, place, **_mark(row))
    ax.axvline(0, color=BLACK, linewidth=0.8)
    ax.set_yticks(range(len(rows)), [row.label for row in rows], size=7.2)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    label = f"coefficient of {columns[0]['endogenous']} and 95 % interval or set"
    ax.set_xlabel(printable(label, units))
    # the axis holds every finite end, so that only what has no bound runs off it
    ax.update_datalim([(value, 0.0) for value in finite])
    ax.margins(x=0.06)
    fit_scale(ax, "x", finite)
    ax.autoscale_view(scaley=False)
    window = ax.get_xlim()
    ax.set_xlim(*window)
    for place, row in enumerate(rows):
        _interval(ax, place, row, window)
    _numbers(ax, rows)
    _legend(figure)
    open_sets = [row for row in rows if row.low is not None and not row.bounded]
    alt = (
        f"{column_name(columns[0], units)}: of {len(rows)} rows {len(open_sets)} have a 95 % set "
        "without a bound. " + "; ".join(row.told() for row in rows) + "."
    )
    return figure, alt


def _least_squares(baseline: pd.DataFrame | None, robustness: pd.DataFrame) -> list[Row]:
    """The last estimated column of the baseline under its own and under Conley errors."""
    if baseline is None or "role" not in baseline:
        return []
    keys = [r for r in records(baseline) if r["role"] == "key" and r["estimate"] is not None]
    if not keys:
        return []
    own = keys[-1]
    p = own["p_wild"] if own["p_wild"] is not None else own["p_value"]
    rows = [Row(f"OLS, {errors_word(own['errors'])} errors", own["estimate"], own["conf_low"],
                own["conf_high"], p=p, ols=True)]  # fmt: skip
    for row in records(robustness[robustness["check"] == "Conley errors"]):
        if row["estimate"] is not None:
            kernel = ",".join(str(row["variant"]).split(",")[:2])
            rows.append(
                Row(f"OLS, Conley errors ({kernel})", row["estimate"], row["conf_low"],
                    row["conf_high"], p=row["p_value"], ols=True)
            )  # fmt: skip
    return rows


def _two_stage(
    columns: list[dict[str, Any]],
    robustness: pd.DataFrame,
    left_out: pd.DataFrame,
    units: Units,
) -> list[Row]:
    own = columns[0]
    names = ("2SLS as studied", f"2SLS, hub's own {units.level.noun} dropped")
    rows = [
        Row(name, c["estimate"], c["ar_low"], c["ar_high"], c["kleibergen_paap_f"], c["p_wild"])
        for name, c in zip(names, columns, strict=False)
    ]
    for row in records(left_out):
        same = (row["table"], row["column"]) == (own["table"], own["column"])
        if same and row["without"] in {c["largest_cluster"] for c in columns}:
            label = printable(f"without {row['without']}", units)
            if row["estimate"] is not None:
                rows.append(Row(label, row["estimate"], None, None, row["first_stage_f"]))
    by_name = {(r["check"], r["variant"]): r for r in records(robustness)}
    found = [
        (units.level.words(label), by_name[check, name])
        for check, name, label in _VARIANTS
        if (check, name) in by_name
    ]
    # single terms, the most frequent ones, follow the fixed variants
    found += [
        (printable(name, units), row)
        for (check, name), row in by_name.items()
        if check == "instruments"
        and name.startswith("without ")
        and name != "without exclusion-risk terms"
    ]
    for label, row in found:
        if row["estimate"] is not None:
            rows.append(
                Row(label, row["estimate"], row["conf_low"], row["conf_high"],
                    row["first_stage_f"], row["p_wild"])
            )  # fmt: skip
    return rows


def _mark(row: Row) -> dict[str, Any]:
    colour = BLUE if row.ols else RED
    fill = colour if row.bounded else "white"
    return {"marker": "s" if row.ols else "o", "color": colour, "mfc": fill, "ms": 5, "zorder": 3}


def _interval(ax: Axes, place: int, row: Row, window: tuple[float, float]) -> None:
    """A line between finite ends; broken, with an arrowhead at the edge, where there is none."""
    if row.low is None or row.high is None:
        return
    left, right = (max(row.low, window[0]), min(row.high, window[1]))
    look: dict[str, Any] = {"color": BLUE if row.ols else RED, "linewidth": 1.1}
    if not row.bounded:
        look = {"color": GREY, "linewidth": 0.9, "linestyle": (0, (4, 2))}
    ax.plot([left, right], [place, place], zorder=1, **look)
    for end, edge, head in ((row.low, left, "<"), (row.high, right, ">")):
        if math.isinf(end):
            ax.plot(edge, place, marker=head, color=GREY, ms=5, clip_on=False, zorder=2)


def _numbers(ax: Axes, rows: list[Row]) -> None:
    """First-stage F and p-value of no effect, in two columns right of the axis."""
    look: dict[str, Any] = {"textcoords": "offset points", "annotation_clip": False, "size": 7}
    for at, head in zip(_COLUMNS, "Fp", strict=True):
        ax.annotate(head, (1, 1), (at, 0), xycoords="axes fraction", va="bottom", **look)
    for place, row in enumerate(rows):
        texts = ("" if row.f is None else brief(row.f), probability(row.p))
        for at, text in zip(_COLUMNS, texts, strict=True):
            where = ax.get_yaxis_transform()
            ax.annotate(text, (1, place), (at, 0), xycoords=where, va="center", **look)


def _legend(figure: Figure) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], marker="s", color=BLUE, label="OLS, 95 % interval"),
        Line2D([], [], marker="o", color=RED, label="2SLS, bounded Anderson-Rubin set"),
        Line2D([], [], marker="o", color=GREY, mec=RED, mfc="white", linestyle=(0, (4, 2)),
               label="2SLS, set unbounded or not stored"),
    ]  # fmt: skip
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
