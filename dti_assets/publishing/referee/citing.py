"""Rows of stored tables, and sentences whose every number names the stored cell it is read from.

A number enters a template by `StoredRow` alone, which rounds it by the rules of typesetting and
keeps asset, row and column with it. What the sentences say is in reference/report/answers.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

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
    from jinja2 import Environment

EVIDENCE, NOT_TESTED = "evidence", "not tested"
_MARK = "\0"
# what a paragraph of a template begins with that says what was not tested
_NOT_TESTED = "? "


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

    def __str__(self) -> str:
        """Return what stands for it in a rendered template, until `_paragraph` reads it."""
        return f"{_MARK}{json.dumps(asdict(self))}{_MARK}"


@dataclass(frozen=True)
class Sentence:
    """One paragraph of an answer: evidence, or what was not tested and why.

    parts : plain text and cited cells in turn.
    """

    state: str
    parts: tuple[str | Cited, ...]

    def __str__(self) -> str:
        return "".join(part if isinstance(part, str) else part.shown for part in self.parts)

    def citations(self) -> list[tuple[int, Cited]]:
        """Return each cited cell with the place of its first character in the sentence."""
        found, at = [], 0
        for part in self.parts:
            if isinstance(part, Cited):
                found.append((at, part))
            at += len(part if isinstance(part, str) else part.shown)
        return found


class StoredRow(dict[str, Any]):
    """A row of a stored table: `row["estimate"]` is the value, `row.estimate` cites it."""

    def __init__(self, stored: Stored, asset: str, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self.stored, self.asset = stored, asset

    def __getattr__(self, column: str) -> Cited:
        if column not in self:
            raise AttributeError(f"no column {column}")
        return self.stored.cite(self, column)

    def has(self, *columns: str) -> bool:
        """Whether none of the cells is null."""
        return all(self[name] is not None for name in columns)

    def bounded(self, low: str = "conf_low", high: str = "conf_high") -> bool:
        """Whether a stored interval or set has two finite ends."""
        return self.has(low, high) and math.isfinite(self[low]) and math.isfinite(self[high])

    def excludes_zero(self) -> bool:
        """Whether all of a bounded interval lies on one side of zero."""
        return self.bounded() and self["conf_low"] * self["conf_high"] > 0


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
        self._rows = {
            name: [StoredRow(self, name, row) for row in records(frame)]
            for name, frame in frames.items()
        }
        self._keys = keys

    def rows(self, asset: str, **wanted: Any) -> list[StoredRow]:
        """Return the rows of a stored table with these values, in order."""
        return [
            row
            for row in self._rows[asset]
            if all(row.get(name) == value for name, value in wanted.items())
        ]

    def first(self, asset: str, **wanted: Any) -> StoredRow | None:
        """Return the first such row; None where there is none."""
        return next(iter(self.rows(asset, **wanted)), None)

    def cite(self, row: StoredRow, column: str) -> Cited:
        """Return a cell of a row as printed. Raises ValueError where the cell is null."""
        value = row[column]
        if value is None:
            raise ValueError(f"{row.asset}.{column} has no value in a row that is cited")
        key = {name: row[name] for name in self._keys[row.asset]}
        where = (row.asset, json.dumps(key, ensure_ascii=False), column)
        if isinstance(value, str):
            shown = with_minus(english(infinity(value), self.units))
            return Cited(shown, *where, None, value)
        return Cited(with_minus(_number(float(value))), *where, float(value), None)

    def write(self, template: str, **facts: Any) -> tuple[Sentence, ...]:
        """Return the sentences of a template of reference/report/answers, one a paragraph."""
        text = _templates().get_template(f"{template}.j2").render(facts | {"level": self.level})
        return tuple(_sentence(part.strip()) for part in re.split(r"\n\s*\n", text) if part.strip())


def reasons(rows: Iterable[StoredRow]) -> list[Cited | str]:
    """Return the reasons that rows of a stored table give, each once."""
    by_reason: dict[str, StoredRow] = {}
    for row in rows:
        if row["reason"]:
            by_reason.setdefault(row["reason"], row)
    return [row.reason for row in by_reason.values()]


def _sentence(paragraph: str) -> Sentence:
    """Read a paragraph as rendered: lines are joined, and marks become the cells they stand for."""
    state = NOT_TESTED if paragraph.startswith(_NOT_TESTED) else EVIDENCE
    plain, *rest = paragraph.removeprefix(_NOT_TESTED).split(_MARK)
    parts: list[str | Cited] = [plain.replace("\n", " ")]
    for cell, text in zip(rest[::2], rest[1::2], strict=True):
        parts += [Cited(**json.loads(cell)), text.replace("\n", " ")]
    return Sentence(state, tuple(part for part in parts if part))


@lru_cache(maxsize=1)
def _templates() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    folder = files("dti_assets.reference") / "report" / "answers"
    environment = Environment(
        loader=FunctionLoader(lambda name: (folder / name).read_text(encoding="utf-8")),
        undefined=StrictUndefined,
        finalize=_no_bare_number,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "p": lambda cited: _as(cited, probability(cited.value)),
        "whole": lambda cited: _as(cited, whole(cited.value)),
        "percent": lambda cited: _as(cited, f"{number(100 * cited.value, 1)} %"),
    }
    return environment


def _no_bare_number(value: Any) -> Any:
    if isinstance(value, (int, float)):
        raise ValueError(f"the number {value} enters a sentence without its cell")
    return value


def _as(cited: Cited, shown: str) -> Cited:
    """Return the cell, printed in another form."""
    return replace(cited, shown=with_minus(shown))


def _number(value: float) -> str:
    size = abs(value)
    # a coefficient of thousands is not known to a thousandth
    large = 0 if size >= 1000 else 1 if size >= 100 else DECIMALS
    return number(value, large if math.isfinite(value) else DECIMALS)
