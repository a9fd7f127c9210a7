"""Figures of the units: attention by region, tile-grid maps, coverage, shares of the instrument."""

from __future__ import annotations

import csv
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dti_assets.publishing.figures.drawing import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    RED,
    WIDTH,
    NothingToDraw,
    brief,
    drawing,
    new_figure,
    printable,
    tick_numbers,
)
from dti_assets.store.schema import records
from dti_assets.text.choices import counts_characters
from dti_assets.units.levels import Level
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LINES = (("o", "-", BLUE), ("s", "--", RED), ("^", "-.", GREEN), ("D", ":", BLACK))
# above this ratio of largest to least, shades are spread by logarithm
_WIDE = 12.0


def tile_grid(units: Units) -> dict[int | str, tuple[int, int]]:
    """Row and column of each unit's tile by its code; empty for a level without a grid."""
    tiles = _shipped_tiles(units.level)
    return {unit.code: tiles[str(unit.code)] for unit in units if str(unit.code) in tiles}


@lru_cache(maxsize=8)
def _shipped_tiles(level: Level) -> dict[str, tuple[int, int]]:
    file = level.shipped("tile_grid.csv")
    if file is None:
        return {}
    return {
        row[level.code]: (int(row["row"]), int(row["column"]))
        for row in csv.DictReader(file.read_text(encoding="utf-8").splitlines())
    }


@drawing("attention_by_region", "Attention to the digital economy in government work reports")
def attention_by_region(
    units: Units, attention: pd.DataFrame, panel: pd.DataFrame
) -> tuple[Figure, str]:
    """Mean keyword frequency of the units of each of the paper's regions, year by year."""
    counted = attention.dropna(subset=["frequency"])
    if counted.empty:
        raise NothingToDraw("no report was counted and no count is published for these years")
    code, lacking = units.level.code, f"the regions of the {units.level.plural} are not known"
    if "region" not in panel:
        raise NothingToDraw(lacking)
    regions = panel[[code, "region"]].dropna().drop_duplicates()
    frame = counted.merge(regions, on=code)
    if frame.empty:
        raise NothingToDraw(lacking)
    means = frame.groupby(["region", "year"])["frequency"].mean() * 1000
    figure, grid = new_figure(3.4)
    ax = grid[0, 0]
    ends, told = {}, []
    for place, region in enumerate(dict.fromkeys(regions["region"])):
        if region not in means.index:
            continue
        line = means[region].reindex(sorted(attention["year"].unique()))
        marker, style, colour = _LINES[place % len(_LINES)]
        ax.plot(
            line.index.astype(int),
            line.to_numpy(float),
            label=str(region),
            marker=marker,
            linestyle=style,
            color=colour,
            markersize=4,
        )
        known = line.dropna()
        ends[str(region)] = (int(known.index[-1]), float(known.iloc[-1]), colour)
        told.append(
            f"{region} from {brief(known.iloc[0])} in {known.index[0]} "
            f"to {brief(known.iloc[-1])} in {known.index[-1]}"
        )
    _label_ends(ax, ends)
    unit = "characters" if all(map(counts_characters, attention["words"].dropna())) else "words"
    ax.set_ylabel(f"Keyword hits per 1,000 {unit}")
    ax.set_ylim(bottom=0)
    _whole_years(ax)
    tick_numbers(ax.yaxis)
    alt = (
        f"Keyword hits per 1,000 {unit}, mean of the {units.level.plural}: " + "; ".join(told) + "."
    )
    return figure, alt


def _label_ends(ax: Axes, ends: dict[str, tuple[int, float, str]]) -> None:
    """The name of each line beside its last point, moved apart where two would touch."""
    low, high = ax.get_ylim()
    least, last = (high - min(low, 0)) * 0.055, -float("inf")
    for name, (year, value, colour) in sorted(ends.items(), key=lambda item: item[1][1]):
        last = max(value, last + least)
        ax.annotate(
            name, (year, last), xytext=(8, 0), textcoords="offset points", va="center", color=colour
        )
    ax.margins(x=0.02)


def _whole_years(ax: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    ax.set_xlabel("Year of the report")


@drawing("map_attention", "Attention to the digital economy by {unit}")
def map_attention(units: Units, attention: pd.DataFrame) -> tuple[Figure, str]:
    """Mean keyword frequency of each unit over the years that are known."""
    unit = "characters" if all(map(counts_characters, attention["words"].dropna())) else "words"
    values = _means(attention, attention["frequency"] * 1000, units.level)
    known = attention[attention["frequency"].notna()]
    return _map(units, values, f"Keyword hits per 1,000 {unit}, mean of {_span(known)}")


@drawing("map_dti_iv", "The instrument DTI_iv by {unit}")
def map_dti_iv(units: Units, dti_iv: pd.DataFrame) -> tuple[Figure, str]:
    """Mean DTI_iv of each unit, shades by logarithm: the nearest units dwarf the others."""
    values = _means(dti_iv, dti_iv["dti_iv"] * 1e6, units.level)
    rule = str(dti_iv["rule"].iloc[0]) if len(dti_iv) else ""
    known = dti_iv[dti_iv["dti_iv"].notna()]
    label = f"DTI_iv × 10⁶, mean of {_span(known)} (zero-distance rule: {rule})"
    return _map(units, values, label, logarithmic=True)


@drawing("map_digital_patents", "Digital innovation by {unit}")
def map_digital_patents(units: Units, dti: pd.DataFrame) -> tuple[Figure, str]:
    """Digital patent applications per million inhabitants; where no patents were counted, the
    official invention applications that stand in for them, under their own name."""
    import numpy as np

    if dti["DTIn"].notna().any():
        bases = ", ".join(sorted(dti.loc[dti["DTIn"].notna(), "basis"].dropna().unique()))
        basis = f"digital patent applications per million (basis: {bases})"
        known = dti["DTIn"]
    else:
        basis = "invention applications per million (INVn, official, not only digital)"
        known = dti["INVn"]
    frame = dti[known.notna()]
    values = _means(dti, np.expm1(known), units.level)
    text = f"{basis[0].upper()}{basis[1:]}, mean of {_span(frame)}"
    return _map(units, values, text, logarithmic=True)


def _means(frame: pd.DataFrame, values: Any, level: Level) -> dict[int | str, float]:
    found = values.groupby(frame[level.code]).mean().dropna()
    return {code: float(value) for code, value in found.items()}


def _span(frame: pd.DataFrame) -> str:
    if frame.empty:
        return "no year"
    first, last = int(frame["year"].min()), int(frame["year"].max())
    return str(first) if first == last else f"{first}–{last}"


def _map(
    units: Units, values: dict[int | str, float], label: str, logarithmic: bool = False
) -> tuple[Figure, str]:
    """Tiles shaded from light to dark with name and number in each, and the scale beside them."""
    from matplotlib import colormaps
    from matplotlib.collections import PatchCollection
    from matplotlib.colors import LogNorm, Normalize
    from matplotlib.patches import Rectangle

    places = tile_grid(units)
    if not places:
        raise NothingToDraw(f"no map of the {units.level.plural} ships")
    values = {code: value for code, value in values.items() if code in places}
    if not values:
        raise NothingToDraw(f"no {units.level.noun} has a value of: {label}")
    figure, grid = new_figure(WIDTH * 0.93)
    ax = grid[0, 0]
    positive = [value for value in values.values() if value > 0]
    wide = logarithmic and bool(positive) and max(positive) > _WIDE * min(positive)
    least = min(positive) if wide else min(values.values())
    top = max(values.values())
    # a scale needs two ends
    top = top if top > least else least + (abs(least) or 1.0)
    norm = LogNorm(least, top, clip=True) if wide else Normalize(least, top)
    shades = colormaps["cividis"].reversed()
    known, tiles = [], []
    for code, (row, column) in places.items():
        value = values.get(code)
        tile = Rectangle((column - 0.48, row - 0.48), 0.96, 0.96)
        if value is None:
            tile.set(facecolor="white", edgecolor=GREY, hatch="////", linewidth=0.6)
            ax.add_patch(tile)
            ink, written = BLACK, "no value"
        else:
            tiles.append(tile)
            known.append(value)
            red, green, blue, _ = shades(norm(value))
            dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
            ink, written = "white" if dark else BLACK, brief(value)
        boxed = {"bbox": {"facecolor": "white", "edgecolor": "none", "pad": 1}} if not value else {}
        name = printable(units[code].name, units).replace(" ", "\n")
        ax.text(column, row - 0.15, name, ha="center", va="center", color=ink, size=6.6)
        ax.text(column, row + 0.22, written, ha="center", va="center", color=ink, size=8, **boxed)
    drawn = PatchCollection(tiles, cmap=shades, norm=norm, edgecolor="white", linewidth=0.5)
    drawn.set_array(known)
    ax.add_collection(drawn)
    rows, columns = zip(*places.values(), strict=True)
    ax.set(xlim=(-0.6, max(columns) + 0.6), ylim=(max(rows) + 0.6, -0.6), aspect="equal")
    ax.axis("off")
    bar = figure.colorbar(drawn, ax=ax, orientation="horizontal", shrink=0.6, aspect=32, pad=0.02)
    # a logarithmic axis writes its own ticks beside any that are set
    bar.ax.minorticks_off()
    bar.set_ticks(_scale_ticks(least, top, wide))
    tick_numbers(bar.ax.xaxis)
    bar.set_label(printable(label, units))
    return figure, _ranking(units, values, label)


def _scale_ticks(low: float, high: float, logarithmic: bool) -> list[float]:
    import numpy as np
    from matplotlib.ticker import MaxNLocator

    if not logarithmic:
        ticks = [float(tick) for tick in MaxNLocator(5).tick_values(low, high)]
    else:
        powers = np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
        ticks = [float(m * 10.0**p) for p in powers for m in (1, 3)]
    return [tick for tick in ticks if low <= tick <= high]


def _ranking(units: Units, values: dict[int | str, float], label: str) -> str:
    """The ends of the ranking in words; units without a value by name."""
    names = {unit.code: unit.name for unit in units}
    # equal values stay in the order of the list
    order = sorted((code for code in names if code in values), key=lambda code: -values[code])
    told = [f"{names[code]} {brief(values[code])}" for code in order]
    half = len(told) // 2
    median = brief((values[order[half]] + values[order[-half - 1]]) / 2)
    absent = [name for code, name in names.items() if code not in values]
    text = f"{label}. Highest: {', '.join(told[:3])}; "
    if len(told) > 3:
        text += f"lowest: {', '.join(told[3:][-3:])}; "
    text += f"median {median}."
    return text + (f" No value: {', '.join(absent)}." if absent else "")


@drawing("coverage", "Reports by {unit} and year")
def coverage(units: Units, attention: pd.DataFrame, years: list[int]) -> tuple[Figure, str]:
    """Filled where a report was counted, hollow where a published count stands in, a cross where
    there is neither."""
    level = units.level
    known = {(row[level.code], row["year"]): row["origin"] for row in records(attention)}
    points: dict[str, list[tuple[int, int]]] = {"text": [], "published": [], "missing": []}
    for row, unit in enumerate(units):
        for year in years:
            origin = str(known.get((unit.code, year)))
            points[origin if origin in points else "missing"].append((year, row))
    figure, grid = new_figure(round(1.26 + 0.14 * len(units), 2))
    ax = grid[0, 0]
    for kind, label, look in (
        ("text", "counted on a report", {"marker": "s", "color": BLUE}),
        ("published", "published count", {"marker": "s", "color": BLUE, "mfc": "white"}),
        ("missing", "missing", {"marker": "x", "color": RED}),
    ):
        x, y = zip(*points[kind], strict=True) if points[kind] else ((), ())
        text = f"{label} ({len(x)})"
        ax.plot(x, y, linestyle="none", markersize=6, markeredgewidth=1.3, label=text, **look)
    names = [printable(unit.name, units) for unit in units]
    ax.set_yticks(range(len(names)), names, size=7)
    ax.set_ylim(len(names) - 0.3, -0.7)
    ax.set_xticks(years if len(years) <= 16 else years[:: len(years) // 12])
    ax.set_xlim(years[0] - 0.6, years[-1] + 0.6)
    ax.tick_params(length=0)
    ax.spines[["left", "bottom"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=3)
    gaps = [f"{names[row]} {year}" for year, row in points["missing"]]
    few = ", ".join(gaps[:12]) + (f" and {len(gaps) - 12} more" if len(gaps) > 12 else "")
    alt = (
        f"Of {len(names) * len(years)} {level.noun}-years {len(points['text'])} were counted on a "
        f"report, {len(points['published'])} have a published count and {len(gaps)} are missing"
    )
    return figure, f"{alt}: {few}." if gaps else f"{alt}."


@drawing("instrument_shares", "Who carries the variation of the instrument")
def instrument_shares(
    units: Units, shares: pd.DataFrame, rule: str, top: int = 7
) -> tuple[Figure, str]:
    """Each unit's share of the instrument's variation within units and years, under every
    zero-distance rule; the units that carry least are one bar."""
    level = units.level
    shares = shares.dropna(subset=["share"])
    if shares.empty:
        raise NothingToDraw(f"the instrument does not vary within {level.plural} and years")
    rules = [str(name) for name in dict.fromkeys(shares["rule"])]
    rows = -(-len(rules) // 2)
    figure, grid = new_figure(0.4 + 1.75 * rows, rows, min(2, len(rules)), sharex=True)
    told = []
    for ax, name in zip(grid.flat, rules, strict=False):
        part = shares[shares["rule"] == name].sort_values("share", ascending=False, kind="stable")
        bars = [
            (printable(str(p), units), float(s))
            for p, s in zip(part[level.name], part["share"], strict=True)
        ]
        rest = bars[top:]
        others = "1 other" if len(rest) == 1 else f"{len(rest)} others"
        bars = bars[:top] + ([(others, sum(s for _, s in rest))] if rest else [])
        places = range(len(bars))
        drawn = ax.barh(places, [s for _, s in bars], color=ORANGE, edgecolor=BLACK, linewidth=0.6)
        if rest:
            drawn[-1].set(facecolor="white", hatch="////")
        ax.bar_label(drawn, [f"{100 * s:.0f} %" for _, s in bars], padding=2, size=7.5)
        ax.set_yticks(places, [label for label, _ in bars], size=7.5)
        ax.invert_yaxis()
        ax.tick_params(axis="y", length=0)
        worth = f"{float(part['inverse_hhi'].iloc[0]):.1f}"
        own = " *" if name == rule else ""
        ax.set_title(f"{name}{own} (worth {worth} {level.plural})")
        told.append(
            f"{name}: {bars[0][0]} {100 * bars[0][1]:.0f} %, worth {worth} {level.plural} (1/HHI)"
        )
    for ax in grid.flat[len(rules) :]:
        ax.axis("off")
    grid.flat[0].set_xlim(0, 1.12 * max(bar.get_width() for ax in grid.flat for bar in ax.patches))
    for ax in grid.flat:
        ax.set_xticks([])
        ax.spines["bottom"].set_visible(False)
    figure.supxlabel(f"* rule of this study: {rule}", size=8)
    alt = "Largest share of the within variation by zero-distance rule. " + "; ".join(told) + "."
    return figure, alt
