"""Precision of each term as coders see it: points, intervals, and the hits behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_MOST = 40
_FONTS = ["Noto Sans CJK SC", "Noto Serif CJK SC", "Source Han Sans SC", "SimHei", "DejaVu Sans"]


def precision_figure(frame: pd.DataFrame, most: int = _MOST) -> Figure:
    """Shrunk precision with its interval (dot) over the labelled share (cross) of the `most` terms
    with most hits; overall precision as a band. `frame` is table measurement_audit.

    Without a labelled sample the figure says why.
    """
    from matplotlib import font_manager, rc_context
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    known = {font.name for font in font_manager.fontManager.ttflist}
    fonts = [name for name in _FONTS if name in known]
    reports = frame[(frame["source"] == "reports") & (frame["part"] == "precision")]
    shrunk = reports[reports["measure"] == "shrunk precision"].head(most)[::-1]
    with rc_context({"font.family": fonts, "axes.unicode_minus": False}):
        figure = Figure(figsize=(6.5, max(2.0, 0.9 + 0.2 * len(shrunk))), layout="constrained")
        axes = figure.subplots()
        if shrunk.empty:
            reasons = frame.loc[frame["source"] == "reports", "reason"].dropna()
            said = str(reasons.iloc[0]) if len(reasons) else "no labelled sample"
            axes.set_axis_off()
            axes.text(0.5, 0.5, said, ha="center", va="center", wrap=True)
            return figure
        at = range(len(shrunk))
        middle = shrunk["estimate"].to_numpy(float)
        low, high = (shrunk[name].to_numpy(float) for name in ("conf_low", "conf_high"))
        whole = reports[(reports["scope"] == "all") & (reports["measure"] == "precision")].iloc[0]
        axes.axvspan(whole["conf_low"], whole["conf_high"], color="0.92", zorder=0)
        axes.axvline(whole["estimate"], color="0.6", linewidth=0.8, zorder=1)
        axes.errorbar(
            middle, at, xerr=[middle - low, high - middle], fmt="o", markersize=4, linewidth=1,
            color="#1f4e79", label="shrunk, 95 % interval",
        )  # fmt: skip
        plain = reports[reports["measure"] == "precision"].set_index("scope")["estimate"]
        axes.scatter(
            plain.reindex(shrunk["scope"]).to_numpy(float), at, marker="x", s=22, linewidths=1,
            color="#b8561b", label="labelled share", zorder=3,
        )  # fmt: skip
        axes.set_yticks(
            list(at),
            [
                f"{term} ({hits:,} hits, {labelled} labelled)"
                for term, hits, labelled in zip(
                    shrunk["scope"], shrunk["population"], shrunk["labelled"], strict=True
                )
            ],
            fontsize=7,
        )
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(-0.7, len(shrunk) - 0.3)
        axes.set_xlabel("precision; grey: all terms, weighted by hits")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(loc="lower left", fontsize=7, frameon=False)
        # texts take their font when they are drawn, which is after this block
        for text in figure.findobj(Text):
            assert isinstance(text, Text)
            text.set_fontfamily(fonts)
    return figure
