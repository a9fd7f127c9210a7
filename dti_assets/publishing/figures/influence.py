"""Figures of who moves the estimate, and of the dictionary among random ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dti_assets.publishing.figures.drawing import (
    BLACK,
    BLUE,
    GREY,
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
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COEFFICIENT = "2SLS"
# units of a kind that are shown
_MOST = 8
_STATISTIC, _LABEL = "first_stage_t", "t of the instrument in the first stage"


@drawing("influence", "Units that move the 2SLS coefficient most")
def influence(units: Units, frame: pd.DataFrame) -> tuple[Figure, str]:
    """The units of each kind whose absence moves the coefficient most, in its standard errors:
    one panel a kind. `frame` is table influence."""
    rows = [row for row in records(frame) if row["coefficient"] == _COEFFICIENT]
    moved = {
        kind: sorted(found, key=lambda row: -abs(row["change_in_se"]))
        for kind in ("term", "report", units.level.noun, "year")
        if (found := [r for r in rows if r["kind"] == kind and r["change_in_se"] is not None])
    }
    if not moved:
        reasons = [row["reason"] for row in rows if row["reason"]]
        raise NothingToDraw(reasons[0] if reasons else "no 2SLS column could be estimated")
    height = 1.1 + 2.1 * -(-len(moved) // 2)
    figure, grid = new_figure(height, -(-len(moved) // 2), min(2, len(moved)))
    told = []
    for ax, (kind, found) in zip(grid.ravel(), moved.items(), strict=False):
        _moving(ax, kind, found[:_MOST], units)
        top = found[0]
        far = sum(abs(row["change_in_se"]) > 1 for row in found)
        told.append(
            f"{kind} {top['unit']} {brief(top['change_in_se'])}, to "
            f"{brief(top['estimate_without'])} ({far} of {len(found)} by more than one)"
        )
    for ax in grid.ravel()[len(moved) :]:
        ax.set_axis_off()
    whole = next(iter(moved.values()))[0]
    named = f"{whole['regressor']} on {whole['outcome']}"
    headline = f"{_COEFFICIENT} of {named}: {brief(whole['estimate_with'])} with all"
    figure.suptitle(printable(headline, units), size=9)
    _outcome_legend(figure)
    flips = [row["unit"] for found in moved.values() for row in found if _turns(row)]
    shown = ", ".join(flips[:6]) + (f" and {len(flips) - 6} more" if len(flips) > 6 else "")
    return figure, (
        f"The {_COEFFICIENT} coefficient of {named} is {brief(whole['estimate_with'])} with all. "
        f"Largest changes in standard errors without a unit: {'; '.join(told)}. "
        f"The sign turns without {shown or 'no unit'}."
    )


def _moving(ax: Axes, kind: str, found: list[dict[str, Any]], units: Units) -> None:
    """Bars from the largest change down; hatched where the sign of the coefficient turns."""
    for place, row in enumerate(found):
        turned = _turns(row)
        ax.barh(
            place,
            row["change_in_se"],
            height=0.72,
            color="white" if turned else BLUE,
            edgecolor=RED if turned else BLUE,
            hatch="////" if turned else None,
            linewidth=0.8,
        )
    ax.axvline(0.0, color=BLACK, linewidth=0.8)
    names = [printable(str(row["unit"]), units) for row in found]
    ax.set_yticks(range(len(found)), names, size=7)
    # a bar is as high where there are few
    ax.set_ylim(max(len(found), _MOST) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.set_title(f"without one {kind}")
    ax.set_xlabel("change in standard errors")
    # bars on one side alone leave room on the other
    ax.use_sticky_edges = False
    ax.locator_params("x", nbins=5)
    fit_scale(ax, "x", [0.0, *(row["change_in_se"] for row in found)])


def _turns(row: dict[str, Any]) -> bool:
    return bool(row["estimate_without"] * row["estimate_with"] < 0)


def _outcome_legend(figure: Figure) -> None:
    from matplotlib.patches import Patch

    handles = [
        Patch(facecolor=BLUE, label="sign stays"),
        Patch(facecolor="white", edgecolor=RED, hatch="////", label="sign turns"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)


@drawing("dictionary_permutation", "The dictionary among random dictionaries")
def dictionary_permutation(
    units: Units, placed: pd.DataFrame, draws: pd.DataFrame
) -> tuple[Figure, str]:
    """First-stage t of the random dictionaries with that of the real one: one panel a sample.

    `placed` is table dictionary_permutation, `draws` dictionary_permutation_draws.
    """
    rows = [row for row in records(placed) if row["statistic"] == _STATISTIC]
    done = [row for row in rows if row["p_value"] is not None]
    if not done:
        reasons = [row["reason"] for row in rows if row["reason"]]
        raise NothingToDraw(reasons[0] if reasons else "no random dictionary was drawn")
    figure, grid = new_figure(2.9, 1, len(done))
    told = []
    for ax, row in zip(grid[0], done, strict=True):
        values = draws.loc[draws["sample"] == row["sample"], _STATISTIC].dropna().to_numpy(float)
        ax.hist(values, bins=40, color="#c9c9c9", edgecolor=GREY, linewidth=0.3,
                label="random dictionaries")  # fmt: skip
        ax.axvline(row["real"], color=RED, linewidth=1.8, label="the real one")
        # p counts both tails
        ax.axvline(
            -row["real"],
            color=RED,
            linewidth=1.0,
            linestyle=":",
            label="as far out on the other side",
        )
        p = probability(row["p_value"])
        said = f"{row['sample']} (N = {row['n_obs']})\np {_equal(p)}, {row['draws']} draws"
        ax.set_title(printable(said, units))
        ax.set_xlabel(_LABEL)
        tick_numbers(ax.xaxis)
        told.append(
            f"{row['sample']}, N = {row['n_obs']}: {brief(row['real'])}, p {_equal(p)}; of "
            f"{row['draws']} random ones the middle 95 % lie from {brief(row['draws_low'])} to "
            f"{brief(row['draws_high'])}"
        )
    grid[0, 0].set_ylabel("dictionaries")
    figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure, f"First-stage t of the real dictionary. {'. '.join(told)}."


def _equal(p: str) -> str:
    return p.replace("<", "< ") if p.startswith("<") else f"= {p}"
