"""Terms that are computed from columns: lags, leads, products, indicators of a value.

`L.x` and `L2.x` are last year's and the year before's value within the unit, `F.x` next
year's; `a:b` is a product; `region=East` and `year>=2013` are 0/1. They combine: `DTIn:year>=2013`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from dti_assets.errors import MissingColumn, NotNumeric

if TYPE_CHECKING:
    import pandas as pd

_SHIFT = re.compile(r"^([LF])(\d*)\.(.+)$")
_COMPARE = re.compile(r"^(.+?)(>=|<=|=)(.+)$")


@lru_cache(maxsize=4096)
def columns_of(term: str) -> tuple[str, ...]:
    """The columns of the data that a term is computed from.

    >>> columns_of("L2.DTIn:year>=2013")
    ('DTIn', 'year')
    """
    found = []
    for factor in term.split(":"):
        shift, compare = _SHIFT.match(factor), _COMPARE.match(factor)
        if shift:
            found.append(shift[3])
        elif compare:
            found.append(compare[1])
        else:
            found.append(factor)
    return tuple(dict.fromkeys(found))


def with_column(term: str, column: str, other: str) -> str:
    """The term computed from `other` where it was from `column`.

    >>> with_column("L.DTI_iv:year>=2013", "DTI_iv", "z")
    'L.z:year>=2013'
    """
    factors = []
    for factor in term.split(":"):
        shift, compare = _SHIFT.match(factor), _COMPARE.match(factor)
        if shift and shift[3] == column:
            factor = f"{shift[1]}{shift[2]}.{other}"
        elif compare and not shift and compare[1] == column:
            factor = f"{other}{compare[2]}{compare[3]}"
        elif factor == column:
            factor = other
        factors.append(factor)
    return ":".join(factors)


def with_terms(
    frame: pd.DataFrame, terms: Iterable[str], entity: str, time: str = "year"
) -> pd.DataFrame:
    """Return `frame` with a column for every term that is not one already.

    Lags go by the value of `time`, not by row, so that a gap in the years is a missing value.

    Raises
    ------
    MissingColumn if a term's column, or entity or time for a lag, is absent; NotNumeric if a
    product holds text.
    """
    new = {}
    for term in dict.fromkeys(terms):
        if term in frame.columns or term in new:
            continue
        product = None
        for factor in term.split(":"):
            values = _factor(frame, factor, entity, time)
            try:
                product = values if product is None else product * values
            except TypeError:
                raise NotNumeric(f"term {term}: column {factor} holds text") from None
        new[term] = product
    return frame.assign(**new) if new else frame


def _factor(frame: pd.DataFrame, factor: str, entity: str, time: str) -> pd.Series:
    if factor in frame.columns:
        return frame[factor]
    shift = _SHIFT.match(factor)
    if shift:
        steps = int(shift[2] or 1) * (1 if shift[1] == "L" else -1)
        return _shifted(frame, shift[3], steps, entity, time)
    compare = _COMPARE.match(factor)
    if compare:
        return _indicator(frame, *compare.groups())
    raise MissingColumn(f"the data have no column {factor}")


def _shifted(frame: pd.DataFrame, name: str, steps: int, entity: str, time: str) -> pd.Series:
    import pandas as pd

    for column in (name, entity, time):
        if column not in frame.columns:
            raise MissingColumn(f"the data have no column {column}")
    source = frame.set_index([entity, time])[name]
    if source.index.has_duplicates:
        raise MissingColumn(f"a lag of {name} needs one row per {entity} and {time}")
    wanted = pd.MultiIndex.from_arrays([frame[entity], frame[time] - steps])
    return pd.Series(source.reindex(wanted).to_numpy(), index=frame.index)


def _indicator(frame: pd.DataFrame, name: str, sign: str, value: str) -> pd.Series:
    if name not in frame.columns:
        raise MissingColumn(f"the data have no column {name}")
    column = frame[name]
    if sign == "=":
        found = column.astype("string") == value
    else:
        try:
            bound = float(value)
        except ValueError:
            raise NotNumeric(f"{name}{sign}{value}: {value!r} is no number") from None
        found = column >= bound if sign == ">=" else column <= bound
    return found.astype("Float64").where(column.notna())
