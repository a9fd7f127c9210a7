"""Small pictures for the asset pages of the web UI.

The UI shows Markdown in its place up to a thousand characters and hides anything longer behind a
link. A picture here is an SVG image of a few strokes that fits, whatever it is given. Figures
for print are not made here.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import dagster as dg

from dti_assets.publishing.sentences import plain_number

# what the UI still shows in its place
ROOM = 1000
_WIDTH, _HEIGHT = 400, 130
_LEFT, _TOP, _FLOOR = 44, 16, 112
_CURVE_POINTS, _ROWS, _ROW = 40, 6, 20
_NAME = 20
_INK = "steelblue"


def by_year(
    values: Mapping[Any, Any], what: str, hollow: Collection[int] = ()
) -> dict[str, dg.MetadataValue[Any]]:
    """Metadata `plot`: one bar a year, faint where the year is `hollow`: not complete. Empty
    where there are fewer than two years to compare."""
    known = {int(year): float(value) for year, value in sorted(values.items()) if value == value}
    top = max(known.values(), default=0.0)
    if len(known) < 2 or top <= 0:
        return {}
    first, last = min(known), max(known)
    step = (_WIDTH - _LEFT) / (last - first + 1)
    thick = max(1, round(step * 0.7))

    def strokes(years: Sequence[int]) -> str:
        places = ((round(_LEFT + (y - first + 0.5) * step), y) for y in years)
        return "".join(f"M{x},{_FLOOR}v{-_height(known[y] / top)}" for x, y in places)

    whole = [year for year in known if year not in hollow]
    partial = [year for year in known if year in hollow]
    faint = f"<path d='{strokes(partial)}' opacity='.4'/>" if partial else ""
    return _picture(
        f"{what}, {first} to {last}",
        f"<g stroke='{_INK}' stroke-width='{thick}'><path d='{strokes(whole)}'/>{faint}</g>"
        f"{_text(_LEFT - 4, _TOP + 8, plain_number(top), 'end')}"
        f"{_text(_LEFT, _HEIGHT - 4, str(first))}{_text(_WIDTH, _HEIGHT - 4, str(last), 'end')}",
    )


def ranked(
    values: Mapping[str, float], what: str, line: float | None = None
) -> dict[str, dg.MetadataValue[Any]]:
    """Metadata `plot`: horizontal bars with label and number, as many as there is room for;
    `line` is a value to hold them against."""
    known = [(label, value) for label, value in values.items() if value == value and value >= 0]
    shown = {f"{label[:_NAME]} {plain_number(value)}": value for label, value in known[:_ROWS]}
    top = max([*shown.values(), line or 0.0], default=0.0)
    if not shown or top <= 0:
        return {}
    left = 8 + max(sum(6 if ord(one) < 256 else 11 for one in label) for label in shown)
    scale = (_WIDTH - left) / top
    bars = words = ""
    for place, (label, value) in enumerate(shown.items()):
        bars += f"M{left},{_ROW * place + 12}h{max(1, round(value * scale))}"
        words += _text(0, _ROW * place + 16, label)
    against = ""
    if line:
        x = round(left + line * scale)
        against = f"<path d='M{x},0V{_ROW * len(shown)}' stroke='tomato'/>"
    more = f" ({len(known) - len(shown)} more not shown)" if len(known) > len(shown) else ""
    return _picture(
        what + more,
        f"<path d='{bars}' stroke='{_INK}' stroke-width='11'/>{against}{words}",
        _ROW * len(shown) + 4,
    )


def curve(values: Sequence[float], what: str) -> dict[str, dg.MetadataValue[Any]]:
    """Metadata `plot`: the values in order of size and the line of zero. The outer twentieth at
    each end is left out: a few values far out would hide all others."""
    known = sorted(value for value in values if value == value and abs(value) != float("inf"))
    outer = len(known) // 20
    known = known[outer : len(known) - outer]
    if len(known) < 3:
        return {}
    places = [round(i * (len(known) - 1) / (_CURVE_POINTS - 1)) for i in range(_CURVE_POINTS)]
    low, high = min(known[0], 0.0), max(known[-1], 0.0)
    span = high - low or 1.0

    def y(value: float) -> int:
        return _FLOOR - _height((value - low) / span)

    room = (_WIDTH - _LEFT) / (_CURVE_POINTS - 1)
    line = "L".join(f"{round(_LEFT + i * room)},{y(known[p])}" for i, p in enumerate(places))
    return _picture(
        what,
        f"<path d='M{_LEFT},{y(0.0)}H{_WIDTH}' stroke='gray'/>"
        f"<path d='M{line}' fill='none' stroke='{_INK}' stroke-width='2'/>"
        f"{_text(_LEFT - 4, y(known[-1]) + 4, plain_number(known[-1]), 'end')}"
        f"{_text(_LEFT - 4, y(known[0]) + 4, plain_number(known[0]), 'end')}",
    )


def _picture(alt: str, drawing: str, height: int = _HEIGHT) -> dict[str, dg.MetadataValue[Any]]:
    svg = (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{_WIDTH}' height='{height}' "
        f"font-family='sans-serif' font-size='11' fill='gray'>{drawing}</svg>"
    )
    # in a link between angle brackets Markdown asks for these to be escaped and no others
    for character in "%<>#":
        svg = svg.replace(character, f"%{ord(character):02X}")
    return {"plot": dg.MetadataValue.md(f"{alt}\n\n![{alt}](<data:image/svg+xml;utf8,{svg}>)")}


def _text(x: int, y: int, words: str, anchor: str = "") -> str:
    where = f" text-anchor='{anchor}'" if anchor else ""
    safe = words.replace("&", "and").replace("<", "under ").replace(">", "over ")
    return f"<text x='{x}' y='{y}'{where}>{safe}</text>"


def _height(share: float) -> int:
    return round(share * (_FLOOR - _TOP))
