"""A column of a table in plain words, from which its Stata and R commands are written.

Belongs here: what both languages share. Their grammar is in `stata_scripts` and `r_scripts`; how
a table's specification and stored estimates become such columns is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from dti_assets.panel.variables import INSTRUMENT_SCALE
from dti_assets.units.levels import Level

# the names of terms that are computed from columns, see docs/diagnostics.md
_SHIFT = re.compile(r"([LF])(\d*)\.(.+)")
_COMPARE = re.compile(r"(.+?)(>=|<=|=)(.+)")
_LONGEST = 32  # Stata's limit on a name

_INSTRUMENT = "DTI_iv"  # and columns whose names begin so, of the same unit

SMALL_SAMPLE = (
    "Standard errors clustered by one variable carry G/(G-1) * (N-1)/(N-K): K counts slopes,",
    "effects that are not nested in the clusters (levels - 1 each, no redundant level; programs",
    "may count some of those of three effects or more) and the constant.",
    "Conventional and robust errors carry N/(N-K), where K counts every effect.",
)


@dataclass(frozen=True)
class Condition:
    """Rows whose column `name` has (in), has not (not in), or lies between `values`.

    Two values, either of which may be None, bound a column.
    """

    name: str
    kind: Literal["in", "not in", "between"]
    values: tuple[object, ...]


@dataclass(frozen=True)
class Equation:
    """One regression on the exported panel.

    Names are columns, or terms computed from them. `complete` are further terms that no row may
    lack: those of the column whose sample this one shares.
    """

    outcome: str
    regressors: tuple[str, ...]
    endogenous: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()
    fixed_effects: tuple[str, ...] = ()
    cluster: str | None = None
    errors: str = "iid"
    conditions: tuple[Condition, ...] = ()
    complete: tuple[str, ...] = ()

    @property
    def terms(self) -> tuple[str, ...]:
        """Everything that must be a column before the regression runs."""
        own = (self.outcome, *self.endogenous, *self.regressors, *self.instruments)
        return tuple(dict.fromkeys((*own, *self.complete)))


@dataclass(frozen=True)
class ScriptColumn:
    """A column of the table: its equation, or None, and what is said above it."""

    name: str
    equation: Equation | None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Script:
    """A table's script. `level` is that of the panel's units, `described` are variables to
    summarise, `text_columns` hold words."""

    title: str
    table: str
    level: Level
    columns: tuple[ScriptColumn, ...] = ()
    described: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    text_columns: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Factor:
    """One factor of a product: a column, its value `shift` years ago, or whether it is so."""

    column: str
    shift: int = 0
    sign: str = ""
    value: str = ""


def factors(term: str) -> list[Factor]:
    """What a computed term is made of.

    >>> factors("L2.DTIn:year>=2013")
    [Factor(column='DTIn', shift=2, sign='', value=''), \
Factor(column='year', shift=0, sign='>=', value='2013')]
    """
    found = []
    for part in term.split(":"):
        shift, compare = _SHIFT.fullmatch(part), _COMPARE.fullmatch(part)
        if shift:
            steps = int(shift[2] or 1) * (1 if shift[1] == "L" else -1)
            found.append(Factor(shift[3], steps))
        elif compare:
            found.append(Factor(compare[1], 0, compare[2], compare[3]))
        else:
            found.append(Factor(part))
    return found


def scale(term: str) -> int:
    """What a script multiplies a term by, for each time that the instrument is a factor of it.

    >>> scale("L.DTI_iv:GDP"), scale("GDP"), scale("DTI_iv>=2e-6")
    (1000000, 1, 1)
    """
    found = [one for one in factors(term) if one.column.startswith(_INSTRUMENT) and not one.sign]
    return int(INSTRUMENT_SCALE ** len(found))


def is_computed(term: str) -> bool:
    """Whether a term is no column of the export."""
    return factors(term) != [Factor(term)] or scale(term) != 1


def scaled(script: Script) -> tuple[str, ...]:
    """What is remarked where a script rescales the instrument."""
    if all(scale(term) == 1 for term in all_terms(script)):
        return ()
    return (
        f"{_INSTRUMENT} is multiplied by {INSTRUMENT_SCALE:,}, because programs drop a column as",
        "small as its unit makes it. Its coefficients and their errors are the stored ones divided",
        f"by {INSTRUMENT_SCALE:,}; tests and all other coefficients are the same.",
    )


def names(terms: Iterable[str]) -> dict[str, str]:
    """A name both languages accept for every term; columns of the export keep theirs."""
    out: dict[str, str] = {}
    for term in dict.fromkeys(terms):
        name = term
        if is_computed(term):
            stem = "t_" + re.sub(r"\W+", "_", term, flags=re.ASCII).strip("_")
            name, place = stem[:_LONGEST], 1
            while name in out.values():
                place += 1
                name = f"{stem[: _LONGEST - 3]}_{place}"
        out[term] = name
    return out


def all_terms(script: Script) -> dict[str, str]:
    """Every term of a script with its name."""
    return names(t for c in script.columns if c.equation for t in c.equation.terms)
