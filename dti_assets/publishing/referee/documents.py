"""The documents of the referee's appendix: the page and the Word file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dti_assets.publishing.figures.remedies import remedies
from dti_assets.publishing.needs import PAGE, REMEDIES, WORD
from dti_assets.publishing.referee.page import referee_page
from dti_assets.publishing.referee.word_file import referee_document
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    import pandas as pd


def documents(
    study: str, years: Sequence[int], frames: Mapping[str, pd.DataFrame], units: Units
) -> dict[str, bytes]:
    """The page and the Word file by name; `frames` are table referee_response and REMEDIES."""
    figure = remedies(units, *(frames[name] for name in REMEDIES))
    inputs = (study, years, frames["referee_response"], figure)
    return {PAGE: referee_page(*inputs).encode("utf-8"), WORD: referee_document(*inputs)}
