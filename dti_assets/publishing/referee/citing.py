"""Sentences whose every number names the stored cell it is read from.

A number enters a sentence by `Stored.cite` alone, which rounds it by the rules of typesetting and
keeps asset, row and column beside it. Which sentences there are is said elsewhere.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from dti_assets.publishing.typesetting import (
    DECIMALS,
    english,
    infinity,
    number,
    probability,
    whole,
    with_minus,
)
from dti_assets.store.schema import records
from dti_assets.units.lists import Units

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]
Form = Literal["number", "probability", "whole", "percent", "text"]


@dataclass(frozen=True)
class Cited:
    """A number, or a stored text, as printed, and the cell behind it.

    row : the values of the asset's key, as JSON. value : the number at full precision; None for a
    text. text : the stored text; None for a number.
    """

    shown: str
    asset: str
    row: str
    column: str
    value: float | None
    text: str | None


@dataclass(frozen=True)
class Sentence:
    """Plain text and cited numbers in turn; sentences add up to longer ones."""

    parts: tuple[str | Cited, ...]

    def __add__(self, other: Sentence) -> Sentence:
        return Sentence((*self.parts, *other.parts))

    def __str__(self) -> str:
        return "".join(part if isinstance(part, str) else part.shown for part in self.parts)

    def citations(self) -> list[tuple[int, Cited]]:
        """Each cited number with the place of its first character in the sentence."""
        found, at = [], 0
        for part in self.parts:
            if isinstance(part, Cited):
                found.append((at, part))
            at += len(part if isinstance(part, str) else part.shown)
        return found


def say(template: str, *cited: Cited) -> Sentence:
    """A sentence from a template with `{}` where each cited number goes."""
    plain = template.split("{}")
    if len(plain) != len(cited) + 1:
        raise ValueError(f"{len(cited)} numbers for {template!r}")
    parts: list[str | Cited] = [with_minus(plain[0])]
    for one, text in zip(cited, plain[1:], strict=True):
        parts += [one, text]
    return Sentence(tuple(part for part in parts if part != ""))


def plain(text: str) -> Sentence:
    """Text without numbers of its own, braces and all."""
    return Sentence((with_minus(text),))


def listed(items: Sequence[Sentence]) -> Sentence:
    """Parts of a sentence one after the other, with semicolons, for they hold commas."""
    out = items[0]
    for item in items[1:]:
        out = out + say("; ") + item
    return out


class Stored:
    """The stored tables that answers are read from.

    frames : by asset name. keys : by asset name, the columns that identify a row. units : those
    of the study.
    """

    def __init__(
        self,
        frames: Mapping[str, pd.DataFrame],
        keys: Mapping[str, Sequence[str]],
        units: Units,
    ) -> None:
        self.units, self.level = units, units.level
        self._rows = {name: records(frame) for name, frame in frames.items()}
        self._keys = keys

    def rows(self, asset: str, **wanted: Any) -> list[Row]:
        """The rows of a stored table with these values, in order."""
        return [
            row
            for row in self._rows[asset]
            if all(row.get(name) == value for name, value in wanted.items())
        ]

    def first(self, asset: str, **wanted: Any) -> Row | None:
        """The first such row; None where there is none."""
        return next(iter(self.rows(asset, **wanted)), None)

    def cite(self, asset: str, row: Row, column: str, form: Form = "number") -> Cited:
        """A cell of a row as printed. Raises ValueError where the cell is null."""
        value = row[column]
        if value is None:
            raise ValueError(f"{asset}.{column} has no value in a row that is cited")
        key = {name: row[name] for name in self._keys[asset]}
        where = (asset, json.dumps(key, ensure_ascii=False), column)
        if form == "text":
            shown = with_minus(english(infinity(str(value)), self.units))
            return Cited(shown, *where, None, str(value))
        return Cited(with_minus(_printed(float(value), form)), *where, float(value), None)

    def reasons(self, asset: str, rows: Iterable[Row]) -> Sentence | None:
        """The reasons that rows of a stored table give, each once; None where none does."""
        by_reason: dict[str, Row] = {}
        for row in rows:
            if row["reason"]:
                by_reason.setdefault(row["reason"], row)
        if not by_reason:
            return None
        said = (self.cite(asset, row, "reason", "text") for row in by_reason.values())
        return listed([Sentence((one,)) for one in said])

    def citer(self, asset: str, row: Row) -> Citer:
        """Cells of one row."""
        return Citer(self, asset, row)


@dataclass(frozen=True)
class Citer:
    """Cells of one row by their columns."""

    stored: Stored
    asset: str
    row: Row

    def has(self, *columns: str) -> bool:
        """Whether none of the cells is null."""
        return all(self.row[name] is not None for name in columns)

    def __call__(self, column: str, form: Form = "number") -> Cited:
        return self.stored.cite(self.asset, self.row, column, form)


def _printed(value: float, form: Form) -> str:
    if form == "probability":
        return probability(value)
    if form == "whole":
        return whole(value)
    if form == "percent":
        return f"{number(100 * value, 1)} %"
    size = abs(value)
    # a coefficient of thousands is not known to a thousandth
    large = 0 if size >= 1000 else 1 if size >= 100 else DECIMALS
    return number(value, large if math.isfinite(value) else DECIMALS)
