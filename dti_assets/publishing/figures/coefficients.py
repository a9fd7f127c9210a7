"""Figures of coefficients: those of Tables 5 to 10, and each key one without every unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dti_assets.publishing.figures.drawing import (
    BLACK,
    BLUE,
    GREEN,
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
from dti_assets.publishing.figures.instrument import column_name
from dti_assets.store.schema import records
from dti_assets.units.levels import Level
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# heterogeneity and robustness, as in the paper
TABLES = ("5", "6", "7", "8", "9", "10")
_UNTESTED = "x"
_MARKS = (("o", BLUE), ("s", RED), ("^", GREEN), ("D", ORANGE), ("v", BLACK))


@drawing("coefficients", "Coefficients of Tables 5 to 10")
def coefficients(units: Units, estimates: Mapping[str, pd.DataFrame]) -> tuple[Figure, str]:
    """Key coefficients with 95 % intervals, one row a column; filled where the wild bootstrap (or
    the t-test, where there is none) rejects zero at 5 %, a cross where too few clusters leave no
    test."""
    rows = [
        row
        for frame in estimates.values()
        if "role" in frame
        for row in records(frame)
        if row["table"] in TABLES and row["role"] in ("key", "endogenous")
    ]
    drawn = [row for row in rows if row["estimate"] is not None]
    if not drawn:
        reasons = [row["reason"] for row in rows if row["reason"]]
        raise NothingToDraw(
            f"no column of Tables 5 to 10 could be estimated ({reasons[0]})"
            if reasons
            else "the tables of this study are none of Tables 5 to 10"
        )
    figure, grid = new_figure(1.1 + 0.19 * len(drawn))
    ax = grid[0, 0]
    terms = list(dict.fromkeys(row["term"] for row in drawn))
    for place, row in enumerate(drawn):
        marker, colour = _MARKS[terms.index(row["term"]) % len(_MARKS)]
        if row["conf_low"] is not None:
            ax.plot([row["conf_low"], row["conf_high"]], [place, place], color=colour, lw=1.1)
        if _p(row) is None:
            marker = _UNTESTED
        fill = colour if _rejects(row) else "white"
        ax.plot(row["estimate"], place, marker=marker, color=colour, mfc=fill, ms=5, ls="none")
    for place in range(1, len(drawn)):
        if drawn[place]["table"] != drawn[place - 1]["table"]:
            ax.axhline(place - 0.5, color=GREY, linewidth=0.5)
    ax.axvline(0, color=BLACK, linewidth=0.8)
    ax.set_yticks(range(len(drawn)), [_row_name(row, units) for row in drawn], size=7)
    ax.set_ylim(len(drawn) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    tested = [row for row in drawn if _p(row) is not None]
    label = f"coefficient and 95 % interval; filled: rejected at 5 % by the {_test(tested)}"
    ax.set_xlabel(label if tested else "coefficient, not tested")
    ends = [row[name] for row in drawn for name in ("conf_low", "estimate", "conf_high")]
    fit_scale(ax, "x", [float("nan") if value is None else value for value in ends])
    _marks_legend(figure, [printable(term, units) for term in terms], len(tested) < len(drawn))
    told = [
        f"{_row_name(row, units)} {brief(row['estimate'])}{_interval(row)}"
        + (", not tested" if _p(row) is None else "")
        for row in drawn
    ]
    filled = sum(map(_rejects, drawn))
    absent = list(
        dict.fromkeys(
            f"{str(row['label']).split(',')[0]} ({row['column']})"
            for row in rows
            if row not in drawn
        )
    )
    alt = f"{filled} of {len(tested)} coefficients differ from zero at 5 %"
    if len(tested) < len(drawn):
        alt += f", {len(drawn) - len(tested)} more could not be tested"
    alt += ". " + "; ".join(told) + "."
    return figure, alt + (f" Not estimated: {', '.join(absent)}." if absent else "")


def _interval(row: dict[str, Any]) -> str:
    low, high = row["conf_low"], row["conf_high"]
    return "" if low is None else f" [{brief(low)}, {brief(high)}]"


def _p(row: dict[str, Any]) -> float | None:
    """The p-value that fills a mark; None where there is no inference."""
    p: float | None = row["p_wild"] if row["p_wild"] is not None else row["p_value"]
    return p


def _rejects(row: dict[str, Any]) -> bool:
    p = _p(row)
    return p is not None and p < 0.05


def _test(tested: list[dict[str, Any]]) -> str:
    """The test behind the filled marks."""
    wild = [row["p_wild"] is not None for row in tested]
    if not any(wild):
        return "t-test"
    return "wild bootstrap" if all(wild) else "wild bootstrap,\nor by the t-test without one"


def _row_name(row: dict[str, Any], units: Units) -> str:
    table, label = str(row["label"]).split(",")[0], row["column_label"] or row["outcome"]
    return printable(f"{table} ({row['column']}) {label}: {row['term']}", units)


def _marks_legend(figure: Figure, terms: list[str], untested: bool) -> None:
    from matplotlib.lines import Line2D

    names = list(terms)
    marks = [_MARKS[place % len(_MARKS)] for place in range(len(names))]
    handles = [Line2D([], [], marker=marker, color=colour, ls="none") for marker, colour in marks]
    if untested:
        handles.append(Line2D([], [], marker=_UNTESTED, color=BLACK, ls="none"))
        names.append("not tested: too few clusters")
    figure.legend(handles, names, loc="outside lower center", ncols=min(5, len(names)))


@drawing("leave_one_province_out", "Estimates without each {unit} in turn")
def leave_one_out(units: Units, left_out: pd.DataFrame, weak: pd.DataFrame) -> tuple[Figure, str]:
    """The first table's fullest column, the first 2SLS column and its first-stage F, each without
    every unit; the line is the estimate with all of them."""
    panels = _panels(left_out.dropna(subset=["estimate"]), weak, units)
    if not panels:
        reasons = left_out["reason"].dropna()
        raise NothingToDraw(reasons.iloc[0] if len(reasons) else "no column has clusters")
    order = {unit.name: rank for rank, unit in enumerate(units)}
    found = {name for _, _, values, _ in panels for name in values}
    names = sorted(found, key=lambda name: (order.get(name, len(order)), name))
    figure, grid = new_figure(1.3 + 0.145 * len(names), 1, len(panels), sharey=True)
    told = []
    for ax, (title, label, values, whole) in zip(grid[0], panels, strict=True):
        _without(ax, names, values, whole, units.level)
        ax.set_title(title)
        ax.set_xlabel(label)
        fit_scale(ax, "x", [*values.values(), whole])
        least = min(values, key=lambda name: values[name])
        most = max(values, key=lambda name: values[name])
        told.append(
            f"{title.replace(chr(10), ' ')}, {label}: {brief(whole)} with all; "
            f"{brief(values[least])} without {least} to {brief(values[most])} without {most}"
        )
    grid[0, 0].set_yticks(range(len(names)), [printable(name, units) for name in names], size=6.8)
    grid[0, 0].set_ylim(len(names) - 0.4, -0.6)
    figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure, "; ".join(told) + "."


def _without(
    ax: Axes, names: list[str], values: dict[str, float], whole: float, level: Level
) -> None:
    """Dots in the order of `names`; the two farthest from the whole have their own mark."""
    far = sorted(values, key=lambda name: -abs(values[name] - whole))[:2]
    everyone = f"with all {level.plural}"
    ax.axvline(whole, color=BLACK, linewidth=0.9, linestyle="--", label=everyone)
    for chosen, marker, colour in ((False, "o", BLUE), (True, "D", RED)):
        found = [
            (values[n], y) for y, n in enumerate(names) if n in values and (n in far) == chosen
        ]
        if found:
            x, y = zip(*found, strict=True)
            label = "the two that move it most" if chosen else f"without this {level.noun}"
            ax.plot(x, y, linestyle="none", marker=marker, color=colour, ms=4, label=label)
    ax.grid(axis="y", color="#dddddd", linewidth=0.4)
    ax.tick_params(axis="y", length=0)
    tick_numbers(ax.xaxis)


def _panels(
    done: pd.DataFrame, weak: pd.DataFrame, units: Units
) -> list[tuple[str, str, dict[str, float], float]]:
    """Title, label of the axis, value without each unit, and with all."""
    panels = []
    stage = records(weak.dropna(subset=["estimate"]))
    two_stage = (stage[0]["table"], stage[0]["column"]) if stage else None
    if done.empty:
        return []
    first = done[done["table"] == done["table"].iloc[0]]
    last = first[first["column"] == first["column"].iloc[-1]]
    chosen = [last[last["term"] == last["term"].iloc[0]]]
    if two_stage is not None:
        part = done[(done["table"] == two_stage[0]) & (done["column"] == two_stage[1])]
        chosen += [part] if len(part) else []
    for part in chosen:
        row = records(part)[0]
        values = dict(zip(part["without"], part["estimate"].astype(float), strict=True))
        title = column_name(row, units).replace(" (", "\n(", 1)
        label = printable(f"coefficient of {row['term']}", units)
        panels.append((title, label, values, row["estimate"] - row["difference"]))
    strength = chosen[-1].dropna(subset=["first_stage_f"])
    if two_stage is not None and len(strength) and stage[0]["kleibergen_paap_f"] is not None:
        values = dict(
            zip(strength["without"], strength["first_stage_f"].astype(float), strict=True)
        )
        panels.append((panels[-1][0], "first-stage F", values, stage[0]["kleibergen_paap_f"]))
    return panels
