"""The referee's appendix as one self-contained page of HTML."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from dti_assets.publishing.figures.drawing import Drawing, content
from dti_assets.publishing.formats.markup import STYLE
from dti_assets.publishing.referee.sections import LEAD, TITLE, Row, Said, sections, source_of

if TYPE_CHECKING:
    import pandas as pd

_HAN = re.compile("[\u3400-\u9fff]")


def referee_page(study: str, years: Sequence[int], response: pd.DataFrame, figure: Drawing) -> str:
    """The page; every number in a sentence carries its stored value and its source.

    response : table referee_response. figure : the remedies, drawn or with the reason why not.
    """
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = files("dti_assets.reference") / "report" / "referee.html.j2"
    template = environment.from_string(source.read_text(encoding="utf-8"))
    about, *objections = [
        {
            "number": one.number,
            "name": one.name,
            "question": one.question,
            "finding": one.finding,
            "sentences": [{"state": s.state, "parts": _parts(s)} for s in one.sentences],
            "numbers": list(map(_shown, one.numbers)),
        }
        for one in sections(response)
    ]
    return template.render(
        title=TITLE,
        lead=LEAD,
        study=study,
        first=years[0],
        last=years[-1],
        style=Markup(STYLE),
        about=about,
        objections=objections,
        figure=_picture(figure),
    )


def _parts(said: Said) -> list[tuple[str, dict[str, Any] | None]]:
    """Plain text (with None) and cited numbers of a sentence in turn."""
    found: list[tuple[str, dict[str, Any] | None]] = []
    at = 0
    for row in said.numbers:
        found += [(said.text[at : row["start"]], None), (row["shown"], _shown(row))]
        at = row["start"] + len(row["shown"])
    return [*found, (said.text[at:], None)]


def _shown(row: Row) -> dict[str, Any]:
    asset, key, column = source_of(row)
    return {
        "shown": row["shown"],
        # repr is the shortest text that reads back as the same number
        "value": None if row["value"] is None else repr(row["value"]),
        "asset": asset,
        "key": key,
        "column": column,
        "where": f"{asset}: {key}; column {column}",
        "chinese": bool(_HAN.search(row["shown"])),
    }


def _picture(figure: Drawing) -> dict[str, str]:
    if figure.figure is None:
        return {"title": figure.title, "reason": str(figure.reason), "src": ""}
    source = base64.b64encode(content(figure, "svg")).decode("ascii")
    return {
        "title": figure.title,
        "alt": str(figure.alt),
        "src": f"data:image/svg+xml;base64,{source}",
    }
