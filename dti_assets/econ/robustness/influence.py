"""Who moves the estimate: every term, report, unit and year left out in turn, in closed form.

A change is the coefficient without what is left out minus the coefficient with it. Leaving out a
term takes its own stored hits out of the instrument, which is linear in hits; leaving out a
report, a unit or a year takes rows out of the sample (`deletion`). Nothing is estimated again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dti_assets.econ.model.design import RELATIVE_ZERO, Design, build, partial_out
from dti_assets.econ.model.projection import demean
from dti_assets.econ.model.terms import columns_of
from dti_assets.econ.paper.resolution import (
    FEWEST_CLUSTERS,
    ResolvedColumn,
    TableOptions,
    resolve,
    stamp,
    year_span,
)
from dti_assets.econ.paper.specifications import ColumnSpec, TableSpec
from dti_assets.econ.robustness.deletion import PARTS, Deletions, Products
from dti_assets.econ.tables import INFLUENCE, KINDS
from dti_assets.errors import EconError, NoVariation

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

NO_INSTRUMENT = "the equation does not use the instrument"
OUTSIDE = "no row of this equation: leaving it out changes nothing"
_USES_INSTRUMENT = ("2SLS", "first stage", "reduced form")


def influence(
    two_stage: tuple[TableSpec, ColumnSpec],
    baseline: tuple[TableSpec, ColumnSpec] | None,
    panel: pd.DataFrame,
    parts: pd.DataFrame,
    options: TableOptions,
) -> pd.DataFrame:
    """The change of every key coefficient without each unit, as declared in `INFLUENCE`.

    Parameters
    ----------
    two_stage : a 2SLS column with one endogenous regressor and one instrument; its first stage,
        reduced form and OLS on the same rows come with it.
    baseline : an OLS column with one key regressor.
    parts : index (entity, time), one row per report that enters the instrument and one column per
        term; its columns sum to the instrument.
    options : errors and proxies of the study.

    A column that cannot be estimated has one row per kind with nulls and the reason; so has a
    unit without which nothing is identified.
    """
    rows: list[dict[str, Any]] = []
    for chosen, names in ((two_stage, tuple(PARTS)), (baseline, ("baseline OLS",))):
        if chosen is None:
            continue
        table, column = chosen
        head = {"table": table.table, "column": column.column}
        try:
            resolved = resolve(table, column, panel, options)
            rows += [head | row for row in _Influence(resolved, names, parts, options).rows()]
        except EconError as error:
            rows += [
                {**head, "coefficient": name, "kind": kind, "unit": "all", "reason": str(error)}
                for name in names
                for kind in map(options.level.words, KINDS)
            ]
    return options.level.table(INFLUENCE).frame(rows)


def equation_note(resolved: ResolvedColumn, design: Design, options: TableOptions) -> str:
    """What must be known about the equation of a column and its rows."""
    used = resolved.frame.loc[design.sample.rows]
    facts = {
        "years": year_span(used, options.time),
        "n_obs": design.n,
        "absorbed": design.absorbed,
    }
    return stamp(resolved, facts, options)


class _Influence:
    """Rows of INFLUENCE for the coefficients of one equation."""

    def __init__(
        self,
        resolved: ResolvedColumn,
        names: tuple[str, ...],
        parts: pd.DataFrame,
        options: TableOptions,
    ) -> None:
        import pandas as pd

        spec = resolved.spec
        self.names, self.parts, self.noun = names, parts, options.level.noun
        design = build(spec, resolved.frame)
        self.equation = equation_note(resolved, design, options)
        iv = bool(spec.endogenous)
        self.outcome = spec.outcome
        self.endogenous = spec.endogenous[0] if iv else resolved.keys[0]
        self.instrument = spec.instruments[0] if iv else None
        columns = (self.outcome, self.endogenous, *spec.instruments)
        controls = tuple(name for name in spec.regressors if name != self.endogenous)
        self.covariance = str(spec.covariance)
        self.deletions = Deletions(design.sample, columns, controls, self.covariance)
        self.whole = self.deletions.without(np.empty(0, dtype=int))
        labels = resolved.frame.loc[design.sample.rows, [options.entity, options.time]]
        self.places = pd.MultiIndex.from_frame(labels)
        self.z_columns = None
        if iv:
            self._check(controls)
            self.z_columns = self._term_columns()

    def _check(self, controls: tuple[str, ...]) -> None:
        for name in (self.outcome, self.endogenous, *controls):
            if self.instrument in columns_of(name):
                raise NoVariation(f"{name} holds the instrument too, which is not linear any more")

    def _term_columns(self) -> Floats:
        """(n, terms) residuals of each term's part of the instrument."""
        position = self.parts.index.get_indexer(self.places)
        if (position < 0).any():
            place = self.places[int(np.flatnonzero(position < 0)[0])]
            raise NoVariation(f"no stored counts for {place[0]} {place[1]}")
        raw = self.parts.to_numpy(dtype=float)[position]
        z = self.deletions.raw[:, 2]
        if not np.allclose(raw.sum(axis=1), z, rtol=1e-9, atol=1e-12 * float(np.abs(z).max())):
            raise NoVariation("the stored counts of the terms do not add up to the instrument")
        demeaned = demean(raw, self.deletions.sample.effects)
        return partial_out(demeaned, self.whole.controls)

    def rows(self) -> Iterator[dict[str, Any]]:
        with_ = {name: self.whole.coefficient(_part(name)) for name in self.names}
        errors = {name: self.whole.std_error(_part(name)) for name in self.names}
        f_with = self.whole.first_stage_f if self.instrument else None
        for kind, unit, place, changed in self._units():
            for name in self.names:
                row: dict[str, Any] = {
                    "coefficient": name,
                    "outcome": self.endogenous if name == "first stage" else self.outcome,
                    "regressor": self._regressor(name),
                    "kind": kind,
                    "unit": unit,
                    **place,
                    "estimate_with": with_[name],
                    "equation": self.equation,
                    "first_stage_f_with": f_with if name in _USES_INSTRUMENT else None,
                }
                yield row | changed(name, with_[name], errors[name], f_with)

    def _regressor(self, name: str) -> str | None:
        return self.instrument if name in ("first stage", "reduced form") else self.endogenous

    def _units(self) -> Iterator[tuple[str, str, dict[str, Any], Any]]:
        """Kind, what is left out, its unit and year, and what changes without it."""
        for j, term in enumerate(self.parts.columns):
            yield "term", str(term), {}, self._term(j)
        position = self.places.get_indexer(self.parts.index)
        for row, (entity, time) in zip(position, self.parts.index, strict=True):
            place = {self.noun: str(entity), "year": int(time)}
            rows = np.array([row] if row >= 0 else [], dtype=int)
            yield "report", f"{entity} {time}", place, self._rows(rows, by_report=True)
        for level, kind in ((0, self.noun), (1, "year")):
            labels = self.places.get_level_values(level)
            for label in labels.unique().sort_values() if level else labels.unique():
                place = {kind: int(label) if level else str(label)}
                yield kind, str(label), place, self._rows(np.flatnonzero(labels == label))

    def _term(self, j: int) -> Any:
        if self.z_columns is None:
            return _unmoved(NO_INSTRUMENT)
        out = self.whole.residual.copy()
        mine = self.z_columns[:, j]
        out[:, 2] -= mine
        left = float(np.linalg.norm(out[:, 2]))
        varies = left > RELATIVE_ZERO * float(np.linalg.norm(self.whole.residual[:, 2]))
        without = replace(self.whole, residual=out, varies=(*self.whole.varies[:2], varies))
        moments = self.whole.moments
        y, d = self.whole.residual[:, 0], self.whole.residual[:, 1]
        part = {"zy": float(mine @ y), "zd": float(mine @ d)}

        def changed(name: str, with_: float, error: float, f_with: float | None) -> dict[str, Any]:
            if name == "OLS":
                return _unmoved(NO_INSTRUMENT)(name, with_, error, f_with)
            top, bottom = PARTS[name]
            return self._compared(name, without, with_, error) | {
                "contribution": part[top] / moments[bottom],
                "rows_lost": 0,
            }

        return changed

    def _rows(self, rows: Ints, by_report: bool = False) -> Any:
        if by_report and self.instrument is None:
            return _unmoved(NO_INSTRUMENT)
        if not len(rows):
            return _unmoved(OUTSIDE, contribution=0.0)
        moments = self.whole.moments
        residual = self.whole.residual[rows]
        products = {
            a + b: float(residual[:, "ydz".index(a)] @ residual[:, "ydz".index(b)])
            for a, b in ("zy", "zd", "dy")
            if "ydz".index(a) < residual.shape[1]
        }
        without: Products | EconError
        try:
            without = self.deletions.without(rows)
        except EconError as error:
            without = error

        def changed(name: str, with_: float, error: float, f_with: float | None) -> dict[str, Any]:
            top, bottom = PARTS[_part(name)]
            row = {"contribution": products[top] / moments[bottom], "rows_lost": len(rows)}
            if isinstance(without, EconError):
                return row | {"reason": str(without)}
            return row | self._compared(name, without, with_, error)

        return changed

    def _compared(self, name: str, without: Products, with_: float, error: float) -> dict[str, Any]:
        row: dict[str, Any] = {}
        if name in _USES_INSTRUMENT:
            row["first_stage_f_without"] = without.first_stage_f
            if without.varies[2] and row["first_stage_f_without"] is None:
                row["reason"] = f"fewer than {FEWEST_CLUSTERS} clusters: no first-stage F"
        try:
            value = without.coefficient(_part(name))
        except NoVariation as reason:
            return row | {"reason": str(reason)}
        change = value - with_
        return row | {
            "estimate_without": value,
            "change": change,
            "change_in_se": change / error if error > 0 else None,
        }


def _part(name: str) -> str:
    return "OLS" if name == "baseline OLS" else name


def _unmoved(note: str, contribution: float | None = None) -> Any:
    """What a unit changes that the equation does not know."""

    def changed(name: str, with_: float, error: float, f_with: float | None) -> dict[str, Any]:
        return {
            "estimate_without": with_,
            "change": 0.0,
            "change_in_se": 0.0,
            "contribution": contribution,
            "first_stage_f_without": f_with if name in _USES_INSTRUMENT else None,
            "rows_lost": 0,
            "note": note,
        }

    return changed
