"""Small bar charts as inline SVG, drawn without a plotting library; their numbers stand beside
them as text for who cannot see them."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

_WIDTH, _LABEL, _BAR, _GAP = 320, 96, 12, 4


def bars(values: Mapping[str, float], title: str, identifier: str) -> Markup:
    """Horizontal bars of shares between 0 and 1, each with its label and its number."""
    drawn = []
    longest = max(values.values(), default=0.0) or 1.0
    room = _WIDTH - _LABEL - 46
    for place, (label, value) in enumerate(values.items()):
        top = place * (_BAR + _GAP)
        width = room * value / longest
        drawn.append(
            Markup(
                '<text x="{}" y="{}" text-anchor="end">{}</text>'
                '<rect x="{}" y="{}" width="{:.1f}" height="{}"/><text x="{:.1f}" y="{}">{}</text>'
            ).format(
                *(_LABEL - 6, top + _BAR - 2, label, _LABEL, top, width, _BAR),
                *(_LABEL + width + 4, top + _BAR - 2, f"{100 * value:.1f} %"),
            )
        )
    told = "; ".join(f"{label} {100 * value:.1f} %" for label, value in values.items())
    return Markup(
        '<svg class="bars" role="img" aria-labelledby="{0}-t {0}-d" viewBox="0 0 {1} {2}">'
        '<title id="{0}-t">{3}</title><desc id="{0}-d">{4}</desc>{5}</svg>'
    ).format(
        *(identifier, _WIDTH, len(values) * (_BAR + _GAP), title, told, Markup("").join(drawn))
    )
