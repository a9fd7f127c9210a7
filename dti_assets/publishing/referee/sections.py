"""Table referee_response as sections: what the page, the Word file and the report have in common.

Nothing is computed here, and no number is worded: the sentences are the stored ones.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dti_assets.publishing.referee.answers import FINDINGS
from dti_assets.store.schema import records

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]
TITLE = "Answers to a referee"
LEAD = (
    "The standard objections to the design, one by one, with what the stored tables hold on each. "
    "An objection stands where the figures bear it out or cannot meet it; what was not tested is "
    "said, with the reason. Every number is a cell of a stored table."
)


@dataclass(frozen=True)
class Said:
    """One sentence of an answer, and the rows of the table behind its numbers."""

    state: str
    text: str
    numbers: tuple[Row, ...]


@dataclass(frozen=True)
class Section:
    """One objection; number 0 is what the answers are about."""

    number: int
    name: str
    question: str
    finding: str
    sentences: tuple[Said, ...]

    @property
    def verdict(self) -> str:
        """The first sentence of the answer."""
        return self.sentences[0].text

    @property
    def numbers(self) -> list[Row]:
        """The rows behind all numbers of the answer, in order."""
        return [row for said in self.sentences for row in said.numbers]


def sections(response: pd.DataFrame) -> list[Section]:
    """Table referee_response as sections in order."""
    by_objection: dict[int, dict[int, list[Row]]] = {}
    for row in records(response):
        by_objection.setdefault(row["objection"], {}).setdefault(row["piece"], []).append(row)
    found = []
    for number, pieces in sorted(by_objection.items()):
        head = next(iter(pieces.values()))[0]
        said = tuple(
            Said(
                rows[0]["state"],
                rows[0]["sentence"],
                tuple(row for row in rows if row["number"]),
            )
            for _, rows in sorted(pieces.items())
        )
        question, finding = head["question"] or "", head["finding"] or ""
        found.append(Section(number, head["name"], question, finding, said))
    return found


def in_short(response: pd.DataFrame) -> str:
    """How many objections have each finding, in one line."""
    found = Counter(one.finding for one in sections(response) if one.number)
    counts = ", ".join(f"{name} {found[name]}" for name in FINDINGS if found[name])
    return f"objections by finding: {counts}"


def source_of(row: Row) -> tuple[str, str, str]:
    """Stored table, row in words, and column of a number."""
    key = json.loads(row["source_row"])
    where = "; ".join(f"{name} = {value}" for name, value in key.items())
    return row["source_asset"], where or "the only row", row["source_column"]
