"""From a frame to the estimation sample: checked columns, dropped rows with reasons, codes.

Rows are put into a canonical order (effects, cluster, values), so that no result depends on the
order in which the frame happens to stand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from dti_assets.econ.model.projection import Bools, Floats, Ints
from dti_assets.econ.model.specification import Specification
from dti_assets.errors import EmptySample, MissingColumn, NotNumeric, SpecificationError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


# Squares of larger numbers overflow
LARGEST = 1e120


@dataclass(frozen=True)
class Sample:
    """The rows an equation is estimated on.

    values : (n, variables) float array, columns as `names`.
    effects : codes per fixed effect. cluster : codes or None. cluster_labels : label by code.
    dropped : frame with the original row label as index and a `reason`.
    rows : original row labels, in the order of `values`.
    """

    names: tuple[str, ...]
    values: Floats
    effects: tuple[Ints, ...]
    cluster: Ints | None
    cluster_labels: tuple[Any, ...]
    dropped: pd.DataFrame
    rows: pd.Index

    def __len__(self) -> int:
        return int(self.values.shape[0])

    @property
    def n_clusters(self) -> int | None:
        return None if self.cluster is None else len(self.cluster_labels)

    def columns(self, names: Sequence[str]) -> Floats:
        """(n, len(names)) array of the named variables."""
        return self.values[:, [self.names.index(name) for name in names]]


def prepare(spec: Specification, frame: pd.DataFrame) -> Sample:
    """The estimation sample of `spec` in `frame`.

    Rows with a missing value in any column of the specification are dropped, then, until none
    is left, rows that are alone in a level of a fixed effect (they fit perfectly and only bias
    the small-sample factor: Correia 2015).

    Raises
    ------
    MissingColumn, NotNumeric, EmptySample
    """
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise SpecificationError(f"the data must be a DataFrame, not {type(frame).__name__}")
    values = numeric_columns(frame, spec.variables)
    labels = {
        name: _column(frame, name)
        for name in dict.fromkeys((*spec.fixed_effects, *([spec.cluster] if spec.cluster else [])))
    }
    reasons = np.full(len(frame), None, dtype=object)
    for name, series in labels.items():
        reasons[_first(reasons, series.isna().to_numpy())] = f"{name} is missing"
    for j, name in enumerate(spec.variables):
        reasons[_first(reasons, np.isnan(values[:, j]))] = f"{name} is missing"
    keep = np.array([reason is None for reason in reasons], dtype=bool)
    if not keep.any():
        raise EmptySample(_why_empty(spec, reasons))
    codes = {name: _codes(column, keep) for name, column in labels.items()}
    effects = {name: codes[name] for name in spec.fixed_effects}
    for name, row in singletons(effects, keep):
        reasons[row] = f"alone in its level of {name}"
        keep[row] = False
    if not keep.any():
        raise EmptySample(_why_empty(spec, reasons))

    kept = np.flatnonzero(keep)
    cluster = codes[spec.cluster][kept] if spec.cluster else None
    keys = [values[kept, j] for j in reversed(range(values.shape[1]))]
    keys += [
        *([cluster] if cluster is not None else []),
        *(column[kept] for column in reversed(effects.values())),
    ]
    order = np.lexsort(keys)
    kept = kept[order]
    dropped = pd.DataFrame({"reason": reasons[~keep]}, index=frame.index[~keep], dtype="string")
    cluster_labels: tuple[Any, ...] = ()
    if spec.cluster:
        cluster = codes[spec.cluster][kept]
        column = labels[spec.cluster].to_numpy(dtype=object)[kept]
        present = np.unique(cluster, return_index=True)[1]
        cluster_labels = tuple(column[present])
    return Sample(
        names=spec.variables,
        values=values[kept],
        effects=tuple(compact(column[kept]) for column in effects.values()),
        cluster=None if cluster is None else compact(cluster),
        cluster_labels=cluster_labels,
        dropped=dropped,
        rows=frame.index[kept],
    )


def numeric_columns(frame: pd.DataFrame, names: Sequence[str]) -> Floats:
    """(n, len(names)) float array; NaN where missing.

    Raises
    ------
    MissingColumn if a name is no column, or stands twice; NotNumeric for text (naming the first
    row) and for infinite values, which come from log(0) and have no place in a regression.
    """
    import pandas as pd

    out = np.empty((len(frame), len(names)))
    for j, name in enumerate(names):
        column = _column(frame, name)
        try:
            if isinstance(column.dtype, pd.CategoricalDtype) or _holds_text(column):
                raise ValueError
            numbers = column.to_numpy(dtype=float, na_value=np.nan)
        except (TypeError, ValueError):
            raise NotNumeric(_first_text(column, name)) from None
        if np.isinf(numbers).any():
            row = frame.index[int(np.flatnonzero(np.isinf(numbers))[0])]
            raise NotNumeric(
                f"column {name} holds an infinite value (first at row {row!r}); "
                "settle the log of zero before estimating"
            )
        if np.nanmax(np.abs(numbers), initial=0.0) > LARGEST:
            raise NotNumeric(f"column {name} holds values beyond {LARGEST:g}; rescale it")
        out[:, j] = numbers
    return out


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame.columns:
        raise MissingColumn(f"the data have no column {name}")
    column = frame[name]
    if column.ndim != 1:
        raise MissingColumn(f"the data have more than one column {name}")
    return column


def _holds_text(column: pd.Series) -> bool:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    if is_numeric_dtype(column.dtype) or is_bool_dtype(column.dtype):
        return False
    # an object column may hold numbers and None; strings are text even where they look numeric,
    # and a date is no number
    return not all(isinstance(value, (Real, np.bool_)) for value in column.dropna())


def _first_text(column: pd.Series, name: str) -> str:
    for row, value in column.items():
        if isinstance(value, (str, bytes)):
            return f"column {name} holds text: {value!r} at row {row!r}"
    return f"column {name} does not hold numbers but {column.dtype}"


def _first(reasons: NDArray[Any], missing: Bools) -> Bools:
    """Rows that get their first reason now."""
    unset = np.array([reason is None for reason in reasons], dtype=bool)
    return missing & unset


def _why_empty(spec: Specification, reasons: NDArray[Any]) -> str:
    if len(reasons) == 0:
        return f"the sample of {spec.outcome} is empty: no rows were given"
    found, counts = np.unique(np.array([str(r) for r in reasons]), return_counts=True)
    order = np.argsort(-counts, kind="stable")
    listed = "; ".join(f"{found[i]} on {counts[i]} rows" for i in order[:3])
    return f"the sample of {spec.outcome} is empty: {listed}"


def _codes(column: pd.Series, keep: Bools) -> Ints:
    """Codes by sorted label, so that they depend on no hash and no row order; -1 where dropped."""
    values = column.to_numpy(dtype=object)
    present = {value for value, kept in zip(values, keep, strict=True) if kept}
    ranked = sorted(present, key=_sort_key)
    rank = {value: i for i, value in enumerate(ranked)}
    return np.array([rank[v] if k else -1 for v, k in zip(values, keep, strict=True)], dtype=int)


def _sort_key(value: Any) -> tuple[int, float, str]:
    if isinstance(value, (bool, int, float, np.integer, np.floating)):
        return (0, float(value), "")
    return (1, 0.0, str(value))


def compact(codes: Ints) -> Ints:
    """The same partition with codes 0 to levels - 1 and no gaps."""
    if len(codes) and np.bincount(codes).all():
        return codes.astype(int)
    return np.unique(codes, return_inverse=True)[1].astype(int)


def singletons(effects: Mapping[Any, Ints], keep: Bools) -> list[tuple[Any, int]]:
    """Rows of `keep` that are alone in a level of an effect, once such rows are gone, each with
    the name of that effect."""
    left = keep.copy()
    found: list[tuple[Any, int]] = []
    changed = True
    while changed and left.any():
        changed = False
        for name, codes in effects.items():
            counts = np.bincount(codes[left])
            alone = np.flatnonzero(left)[counts[codes[left]] == 1]
            found += [(name, int(row)) for row in alone]
            left[alone] = False
            changed = changed or len(alone) > 0
    return found
