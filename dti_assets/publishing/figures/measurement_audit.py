"""The figure of the measurement audit: how often each term is what it should be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dti_assets.publishing.figures.drawing import (
    BLUE,
    GREY,
    RED,
    NothingToDraw,
    brief,
    drawing,
    new_figure,
    printable,
    tick_numbers,
)
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_MOST = 30


@drawing("term_precision", "Precision of the terms as coders see it")
def term_precision(units: Units, frame: pd.DataFrame) -> tuple[Figure, str]:
    """Shrunk precision with its interval (dot) and labelled share (cross) of the terms with most
    hits; overall precision as a band. `frame` is table measurement_audit."""
    reports = frame[frame["source"] == "reports"]
    precision = reports[reports["part"] == "precision"]
    every = precision[precision["measure"] == "shrunk precision"]
    whole = precision[(precision["scope"] == "all") & precision["estimate"].notna()]
    if every.empty or whole.empty:
        reasons = reports["reason"].dropna()
        raise NothingToDraw(reasons.iloc[0] if len(reasons) else "no sample is labelled")
    # stored from the most frequent down
    shown = every.head(_MOST)
    figure, grid = new_figure(1.1 + 0.165 * len(shown))
    ax = grid[0, 0]
    at = range(len(shown))
    middle = shown["estimate"].to_numpy(float)
    low, high = (shown[name].to_numpy(float) for name in ("conf_low", "conf_high"))
    overall = whole.iloc[0]
    ax.axvspan(overall["conf_low"], overall["conf_high"], color="#e6e6e6", zorder=0)
    ax.axvline(overall["estimate"], color=GREY, linewidth=0.9, zorder=1, label="all terms")
    spread = [(middle - low).clip(min=0), (high - middle).clip(min=0)]
    label = "shrunk precision, 95 % interval"
    dots = {"color": BLUE, "markersize": 4, "linewidth": 1, "label": label}
    ax.errorbar(middle, at, xerr=spread, fmt="o", **dots)
    labelled = precision[precision["measure"] == "precision"].set_index("scope")["estimate"]
    raw = labelled.reindex(shown["scope"]).to_numpy(float)
    crosses = {"color": RED, "markersize": 4.5, "label": "share of the labelled"}
    ax.plot(raw, at, linestyle="none", marker="x", zorder=3, **crosses)
    counts = zip(shown["scope"], shown["population"], shown["labelled"], strict=True)
    names = [f"{term} ({hits:,} hits, {items} labelled)" for term, hits, items in counts]
    ax.set_yticks(at, [printable(name, units) for name in names], size=6.8)
    ax.set_ylim(len(shown) - 0.4, -0.6)
    ax.set_xlim(-0.02, 1.02)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("precision; grey band: all terms, weighted by hits")
    tick_numbers(ax.xaxis)
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    least = shown.sort_values("estimate", kind="stable").head(3)
    lowest = ", ".join(
        f"{term} {brief(value)}"
        for term, value in zip(least["scope"], least["estimate"], strict=True)
    )
    return figure, (
        f"Precision over all terms {brief(overall['estimate'])} [{brief(overall['conf_low'])}, "
        f"{brief(overall['conf_high'])}]. Of the {len(shown)} most frequent of {len(every)} "
        f"sampled terms, from {brief(float(middle.min()))} to {brief(float(middle.max()))}; "
        f"lowest: {lowest}."
    )
