"""Who moves the estimate: every term, report, unit and year left out in turn, in closed form.

A change is the coefficient without what is left out minus the coefficient with it. Leaving out a
term takes its own stored hits out of the instrument, which is linear in hits; leaving out a
report, a unit or a year takes rows out of the sample. Nothing is estimated again.

With H the projection on the fixed effects, S the rows left out and k those kept, the residuals of
a column without S are e_k + H_kS (I - H_SS)^+ e_S. That holds for unbalanced panels, for a whole
level of an effect, which takes its dummy with it (hence the generalised inverse), and for rows
that are left alone in a level. Controls are projected out of these residuals afterwards. The case
deletion of one row is Cook and Weisberg's (1982).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dti_assets.econ.model.design import Design, build
from dti_assets.econ.model.projection import (
    RELATIVE_ZERO,
    Floats,
    Ints,
    demean,
    dummy_columns,
    effect_parameters,
    independent,
    norms,
    partial_out,
    small_sample_factor,
    varies,
)
from dti_assets.econ.model.sample import Sample, compact, singletons
from dti_assets.econ.model.slopes import slopes
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
from dti_assets.econ.tables import INFLUENCE, KINDS
from dti_assets.errors import EconError, NoVariation, TooFewClusters, TooFewRows

if TYPE_CHECKING:
    import pandas as pd

NO_INSTRUMENT = "the equation does not use the instrument"
OUTSIDE = "no row of this equation: leaving it out changes nothing"
# a coefficient is the product of two of the columns y, d and z over another such product
PARTS = {
    "2SLS": ("zy", "zd"),
    "first stage": ("zd", "zz"),
    "reduced form": ("zy", "zz"),
    "OLS": ("dy", "dd"),
    "baseline OLS": ("dy", "dd"),
}
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
    for chosen, names in ((two_stage, tuple(PARTS)[:-1]), (baseline, ("baseline OLS",))):
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


@dataclass(frozen=True)
class Products:
    """Residuals (n, m) of the columns on effects and controls, and what errors need.

    Columns are y, d and, in a 2SLS equation, z; `controls` holds residuals on the effects of the
    controls that are no combination of others. `varies` says of each whether anything but
    rounding is left; `factor` is the small-sample factor of one slope beside the controls.
    """

    residual: Floats
    controls: Floats
    varies: tuple[bool, ...]
    cluster: Ints | None
    factor: float
    covariance: str

    @cached_property
    def moments(self) -> dict[str, float]:
        """Products of the columns by their letters, "zd" and the like."""
        names = "ydz"[: self.residual.shape[1]]
        squares = self.residual.T @ self.residual
        return {
            a + b: float(squares[i, j]) for i, a in enumerate(names) for j, b in enumerate(names)
        }

    def coefficient(self, name: str) -> float:
        """Raises NoVariation where the data left do not identify it."""
        top, bottom = PARTS[name]
        for position, letter in enumerate("ydz"):
            if letter in bottom and not self.varies[position]:
                what = {"d": "the regressor", "z": "the instrument"}[letter]
                raise NoVariation(f"{what} has no variation left, given controls and effects")
        return self.moments[top] / self.moments[bottom]

    @cached_property
    def first_stage_f(self) -> float | None:
        if not self.varies[2]:
            return None
        if self.cluster is not None and int(self.cluster.max()) + 1 < FEWEST_CLUSTERS:
            return None
        d, z = self.residual[:, 1], self.residual[:, [2]]
        return float(slopes(z, d, self.covariance, self.factor, self.cluster).f[0])

    def std_error(self, name: str) -> float:
        """Of a coefficient on the whole sample."""
        y, d, *instrument = self.residual.T
        z = instrument[0] if name in _USES_INSTRUMENT else d
        # the 2SLS error is that of the slope of y - b d on z, over the first stage's slope
        b = self.coefficient("2SLS") if name == "2SLS" else 0.0
        pi = self.coefficient("first stage") if name == "2SLS" else 1.0
        v = d if name == "first stage" else y - b * d
        found = slopes(z[:, None], v, self.covariance, self.factor, self.cluster)
        return float(found.std_error[0]) / abs(pi)


class Deletions:
    """The sample of one equation, and its residual products without any of its rows."""

    def __init__(
        self, sample: Sample, columns: tuple[str, ...], controls: tuple[str, ...], covariance: str
    ):
        self.sample, self.covariance = sample, covariance
        self.width = len(columns)
        self.raw = sample.columns((*columns, *controls))
        dummies = [dummy_columns(codes) for codes in sample.effects]
        u, s, _ = np.linalg.svd(
            np.hstack([np.ones((len(sample), 1)), *dummies]), full_matrices=False
        )
        self.basis: Floats = u[:, s > 1e-10 * s[0]]
        self.residual = demean(self.raw, sample.effects)

    def without(self, left_out: Ints) -> Products:
        """Raises TooFewRows, TooFewClusters and NoVariation as estimation would."""
        keep = np.ones(len(self.sample), dtype=bool)
        keep[left_out] = False
        residual = self.residual
        if len(left_out):
            inside = self.basis[left_out]
            values, vectors = np.linalg.eigh(np.eye(len(left_out)) - inside @ inside.T)
            there = vectors[:, values > 1e-10]
            inverse = (there / values[values > 1e-10]) @ there.T
            residual = residual + self.basis @ (inside.T @ (inverse @ residual[left_out]))
        for _, row in singletons(dict(enumerate(self.sample.effects)), keep):
            keep[row] = False
        n = int(keep.sum())
        if n < 2:
            raise TooFewRows("no two rows are left")
        raw, residual = self.raw[keep], residual[keep]
        effects = [compact(codes[keep]) for codes in self.sample.effects]
        cluster = None
        if self.covariance == "clustered":
            assert self.sample.cluster is not None
            cluster = compact(self.sample.cluster[keep])
            if cluster.max() < 1:
                raise TooFewClusters("all rows left lie in one cluster")
        moving = varies(raw, residual)
        main, controls = residual[:, : self.width], residual[:, self.width :]
        controls = controls[:, moving[self.width :]]
        controls = controls[:, independent(controls)]
        k = 1 + controls.shape[1]
        if n <= k + effect_parameters(effects):
            raise TooFewRows(f"{n} rows cannot identify the equation")
        out = partial_out(main, controls)
        left = moving[: self.width] & (norms(out) > RELATIVE_ZERO * norms(main))
        clusters = None if cluster is None else int(cluster.max()) + 1
        factor = small_sample_factor(n, k + effect_parameters(effects, cluster), clusters)
        return Products(out, controls, tuple(left.tolist()), cluster, factor, self.covariance)


class _LeftOut(NamedTuple):
    """One thing left out: what changes without it, or `note`, why nothing does.

    `parts` are its own products of the columns, `rows` the rows that go with it.
    """

    kind: str
    unit: str
    place: dict[str, Any]
    without: Products | EconError | None
    parts: dict[str, float]
    rows: int
    note: str | None = None


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
        with_ = {name: self.whole.coefficient(name) for name in self.names}
        errors = {name: self.whole.std_error(name) for name in self.names}
        f_with = self.whole.first_stage_f if self.instrument else None
        for one in self._left_out():
            for name in self.names:
                uses = name in _USES_INSTRUMENT
                row: dict[str, Any] = {
                    "coefficient": name,
                    "outcome": self.endogenous if name == "first stage" else self.outcome,
                    "regressor": self.instrument
                    if name in ("first stage", "reduced form")
                    else self.endogenous,
                    "kind": one.kind,
                    "unit": one.unit,
                    **one.place,
                    "estimate_with": with_[name],
                    "equation": self.equation,
                    "first_stage_f_with": f_with if uses else None,
                    "rows_lost": one.rows,
                }
                if one.without is None or (one.kind == "term" and not uses):
                    yield row | {
                        "estimate_without": with_[name],
                        "change": 0.0,
                        "change_in_se": 0.0,
                        "contribution": 0.0 if one.note == OUTSIDE else None,
                        "first_stage_f_without": row["first_stage_f_with"],
                        "note": one.note or NO_INSTRUMENT,
                    }
                    continue
                top, bottom = PARTS[name]
                row["contribution"] = one.parts[top] / self.whole.moments[bottom]
                if isinstance(one.without, EconError):
                    yield row | {"reason": str(one.without)}
                else:
                    yield row | _compared(name, one.without, with_[name], errors[name])

    def _left_out(self) -> Iterator[_LeftOut]:
        for j, term in enumerate(self.parts.columns):
            yield self._term(str(term), j)
        position = self.places.get_indexer(self.parts.index)
        for row, (entity, time) in zip(position, self.parts.index, strict=True):
            place = {self.noun: str(entity), "year": int(time)}
            rows = np.array([row] if row >= 0 else [], dtype=int)
            yield self._rows("report", f"{entity} {time}", place, rows)
        for level, kind in ((0, self.noun), (1, "year")):
            labels = self.places.get_level_values(level)
            for label in labels.unique().sort_values() if level else labels.unique():
                place = {kind: int(label) if level else str(label)}
                yield self._rows(kind, str(label), place, np.flatnonzero(labels == label))

    def _term(self, term: str, j: int) -> _LeftOut:
        if self.z_columns is None:
            return _LeftOut("term", term, {}, None, {}, 0, NO_INSTRUMENT)
        y, d, z = self.whole.residual.T
        mine = self.z_columns[:, j]
        out = np.column_stack([y, d, z - mine])
        left = bool(np.linalg.norm(z - mine) > RELATIVE_ZERO * np.linalg.norm(z))
        without = replace(self.whole, residual=out, varies=(*self.whole.varies[:2], left))
        return _LeftOut("term", term, {}, without, {"zy": mine @ y, "zd": mine @ d}, 0)

    def _rows(self, kind: str, unit: str, place: dict[str, Any], rows: Ints) -> _LeftOut:
        if kind == "report" and self.instrument is None:
            return _LeftOut(kind, unit, place, None, {}, 0, NO_INSTRUMENT)
        if not len(rows):
            return _LeftOut(kind, unit, place, None, {}, 0, OUTSIDE)
        without: Products | EconError
        try:
            without = self.deletions.without(rows)
        except EconError as error:
            without = error
        parts = replace(self.whole, residual=self.whole.residual[rows]).moments
        return _LeftOut(kind, unit, place, without, parts, len(rows))


def _compared(name: str, without: Products, with_: float, error: float) -> dict[str, Any]:
    row: dict[str, Any] = {}
    if name in _USES_INSTRUMENT:
        row["first_stage_f_without"] = without.first_stage_f
        if without.varies[2] and row["first_stage_f_without"] is None:
            row["reason"] = f"fewer than {FEWEST_CLUSTERS} clusters: no first-stage F"
    try:
        value = without.coefficient(name)
    except NoVariation as reason:
        return row | {"reason": str(reason)}
    change = value - with_
    return row | {
        "estimate_without": value,
        "change": change,
        "change_in_se": change / error if error > 0 else None,
    }
