"""A plot of digital patents over time, small enough to stand in a line of Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from dti_assets.tables import records

if TYPE_CHECKING:
    import pandas as pd

_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 640, 240, 56, 24


def digital_patents_chart(yearly: pd.DataFrame) -> str:
    """Bars of digital applications by year as an SVG image in Markdown.

    `yearly` is the outcome of counting.by_year. Years that overlap the extract's last 18 months
    are hollow, because applications of them are still to be published. Empty text where there
    is nothing to draw.
    """
    rows = [row for row in records(yearly) if row["applications"] is not None]
    top = max((row["applications"] for row in rows), default=0)
    if not top:
        return ""
    step = (_WIDTH - _LEFT) / len(rows)
    floor = _HEIGHT - _BOTTOM
    parts = [
        f'<line x1="{_LEFT}" y1="{floor}" x2="{_WIDTH}" y2="{floor}" stroke="#333"/>',
        f'<text x="{_LEFT - 4}" y="18" text-anchor="end">{top:,}</text>',
        f'<text x="{_LEFT - 4}" y="{floor}" text-anchor="end">0</text>',
    ]
    for index, row in enumerate(rows):
        height = (floor - 10) * row["applications"] / top
        x = _LEFT + index * step
        fill = "none" if row["truncated"] else "#31688e"
        parts.append(
            f'<rect x="{x + 2:.1f}" y="{floor - height:.1f}" width="{step - 4:.1f}" '
            f'height="{height:.1f}" fill="{fill}" stroke="#31688e"/>'
            f'<text x="{x + step / 2:.1f}" y="{_HEIGHT - 8}" text-anchor="middle">'
            f"{row['year']}</text>"
        )
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
        f'font-family="sans-serif" font-size="11">{"".join(parts)}</svg>'
    )
    alt = f"digital applications by year, {rows[0]['year']} to {rows[-1]['year']}"
    return f"![{alt}](data:image/svg+xml;utf8,{quote(drawing)})"
