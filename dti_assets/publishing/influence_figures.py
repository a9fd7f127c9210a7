"""Figures of influence and of random dictionaries: a stored table in, a matplotlib Figure out.

Drawn without pyplot, so that nothing is kept between figures and no display is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dti_assets.publishing.influence_text import plain_number
from dti_assets.tables import records

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_KINDS = ("term", "report", "province", "year")
# families with Chinese characters, whichever the machine has
_CHINESE = ("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "PingFang SC",
            "Microsoft YaHei", "WenQuanYi Micro Hei", "SimHei")  # fmt: skip
_REAL, _DRAWS = "#b2182b", "#9ecae1"
_LABELS = {
    "first_stage": "first-stage coefficient",
    "first_stage_t": "first-stage t",
    "first_stage_f": "first-stage F",
    "partial_r2": "partial R2 of the instrument",
    "reduced_form": "reduced-form coefficient",
    "reduced_form_t": "reduced-form t",
}


def influence_figure(frame: pd.DataFrame, coefficient: str = "2SLS", top: int = 8) -> Figure:
    """The `top` units of each kind that move a coefficient most, in standard errors: one panel a
    kind. From table influence; a panel without units says so."""
    from matplotlib.figure import Figure

    rows = [row for row in records(frame) if row["coefficient"] == coefficient]
    figure = Figure(figsize=(9.0, 6.4), layout="constrained")
    axes = figure.subplots(2, 2).ravel()
    for axis, kind in zip(axes, _KINDS, strict=True):
        mine = [r for r in rows if r["kind"] == kind and r["change_in_se"] is not None]
        mine = sorted(mine, key=lambda row: -abs(row["change_in_se"]))[:top][::-1]
        axis.set_title(f"without one {kind}", fontsize=10)
        if not mine:
            axis.text(0.5, 0.5, "no figure", ha="center", va="center", transform=axis.transAxes)
            axis.set_axis_off()
            continue
        values = [row["change_in_se"] for row in mine]
        axis.barh(range(len(mine)), values, color=_DRAWS, edgecolor="#08519c", linewidth=0.6)
        axis.set_yticks(range(len(mine)), [row["unit"] for row in mine], **_font())
        axis.set_ylim(-0.6, max(len(mine), 4) - 0.4)
        axis.axvline(0.0, color="black", linewidth=0.8)
        axis.set_xlabel("change in standard errors", fontsize=9)
    known = next((row for row in rows if row["estimate_with"] is not None), None)
    if known is not None:
        figure.suptitle(
            f"{coefficient}: {known['regressor']} on {known['outcome']}, "
            f"{plain_number(known['estimate_with'])} with all",
            fontsize=11,
        )
    return figure


def permutation_figure(
    placed: pd.DataFrame, draws: pd.DataFrame, statistic: str = "first_stage_t"
) -> Figure:
    """Histogram of a statistic over random dictionaries with the real one marked: one panel a
    sample. From tables dictionary_permutation and dictionary_permutation_draws."""
    from matplotlib.figure import Figure

    rows = [
        row
        for row in records(placed)
        if row["statistic"] == statistic and row["p_value"] is not None
    ]
    figure = Figure(figsize=(9.0, 3.4), layout="constrained")
    if not rows:
        figure.text(0.5, 0.5, "no random dictionaries", ha="center", va="center")
        return figure
    for axis, row in zip(figure.subplots(1, len(rows), squeeze=False)[0], rows, strict=True):
        values = draws.loc[draws["sample"] == row["sample"], statistic].dropna().to_numpy(float)
        axis.hist(values, bins=40, color=_DRAWS, label=f"{row['draws']} random dictionaries")
        axis.axvline(
            row["real"], color=_REAL, linewidth=1.8, label=f"real one, p = {row['p_value']:.3f}"
        )
        axis.set_title(f"{row['sample']} (N = {row['n_obs']})", fontsize=10)
        axis.set_xlabel(_LABELS[statistic], fontsize=9)
        axis.set_ylabel("dictionaries", fontsize=9)
        axis.legend(fontsize=8, frameon=False)
    return figure


def _font() -> dict[str, Any]:
    """Keywords of text that may be Chinese."""
    from matplotlib.font_manager import get_font_names

    there = set(get_font_names())
    families = [name for name in _CHINESE if name in there]
    return {"fontsize": 8, "fontfamily": [*families[:1], "DejaVu Sans"]}
