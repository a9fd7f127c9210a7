"""What the units of a study are called, and the columns that identify one in every table.

A table is declared for any unit: `{unit}` and `{units}` in its words stand for the level's nouns,
and UNIT_CODE and UNIT for the level's columns. `Level.table` makes it the table of one level.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from dti_assets.store.schema import Column, Dtype, Table

UNIT_CODE = Column("{unit}_code", "string", "code of the {unit}")
UNIT = Column("{unit}", "string", "name of the {unit}")


@dataclass(frozen=True)
class Level:
    """A kind of unit, such as province or county.

    `noun` is the column of names, and with `_code` after it the column of codes. `figures` is the
    folder below `reference` with the figures that ship for this level, where any do. `digits`:
    so many leading digits of a code name the unit by themselves. `hub`: the one of a study that
    names none. `adjective` is the noun before another one, as in provincial reports, by default
    the noun itself; `seat` is what the seat of a unit is called. `kinds`: what may follow a name
    in Latin letters besides the noun.
    """

    noun: str
    plural: str
    code_dtype: Dtype = "string"
    code_minimum: float | None = None
    code_description: str = UNIT_CODE.description
    name_description: str = UNIT.description
    figures: str | None = None
    digits: int | None = None
    hub: str | None = None
    kinds: tuple[str, ...] = ()
    adjective: str = ""
    seat: str = "seat"

    def __post_init__(self) -> None:
        object.__setattr__(self, "adjective", self.adjective or self.noun)

    @property
    def name(self) -> str:
        """The column that holds the name of a unit."""
        return self.noun

    @property
    def code(self) -> str:
        """The column that holds the code of a unit."""
        return f"{self.noun}_code"

    @property
    def keys(self) -> tuple[str, str]:
        """The two columns that identify a unit."""
        return self.code, self.name

    @property
    def when(self) -> tuple[str, str]:
        """The two columns that identify a unit and a year."""
        return self.code, "year"

    def words(self, text: str) -> str:
        """Return `text` with the level's words for {unit}, {units}, {adjective} and {seat}."""
        text = text.replace("{unit}", self.noun).replace("{units}", self.plural)
        return text.replace("{adjective}", self.adjective).replace("{seat}", self.seat)

    def table(self, declared: Table) -> Table:
        """Return the table of this level; the same one each time."""
        return _table(self, declared)

    def shipped(self, name: str) -> Traversable | None:
        """Return the file of figures of that name that ships for this level, None without one."""
        if self.figures is None:
            return None
        file = files("dti_assets.reference") / self.figures / name
        return file if file.is_file() else None


@cache
def _table(level: Level, declared: Table) -> Table:
    return replace(
        declared,
        row=level.words(declared.row),
        columns=tuple(_column(level, column) for column in declared.columns),
        key=tuple(map(level.words, declared.key)),
    )


def _column(level: Level, column: Column) -> Column:
    description = column.description
    if description == UNIT_CODE.description:
        description = level.code_description
    elif description == UNIT.description:
        description = level.name_description
    made = replace(
        column,
        name=level.words(column.name),
        description=level.words(description),
        allowed=None if column.allowed is None else tuple(map(level.words, column.allowed)),
    )
    if not column.name.endswith(UNIT_CODE.name):
        return made
    return replace(made, dtype=level.code_dtype, minimum=level.code_minimum)
