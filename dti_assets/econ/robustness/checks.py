"""Robustness checks as rows: variants, interactions, leads, placebo hubs, other distances.

Every function takes a specification and a frame and returns a frame declared in
`tables.ROBUSTNESS`. A variant that cannot be estimated is a row with a reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dti_assets.econ.inference.anderson_rubin import anderson_rubin_set
from dti_assets.econ.inference.cluster_products import cluster_products
from dti_assets.econ.inference.wild_bootstrap import (
    bootstrap_p_value,
    draw_weights,
    score_matrices,
    wald,
    wild_cluster_test,
)
from dti_assets.econ.model.design import build
from dti_assets.econ.model.estimation import estimate
from dti_assets.econ.model.sample import numeric_columns
from dti_assets.econ.model.specification import Specification
from dti_assets.econ.model.terms import with_terms
from dti_assets.econ.paper.resolution import too_few_clusters
from dti_assets.econ.tables import ROBUSTNESS
from dti_assets.errors import EconError, MissingColumn, SpecificationError

if TYPE_CHECKING:
    import pandas as pd

JOINT = "all differences are zero"
# how the note of the study's hub among the placebos begins
OWN_HUB = "the study's own hub"
# how an instrument is called that is built on the mean frequency of the others
OTHERS = "leave-one-out"


class Formula(NamedTuple):
    """How the instrument is written in names of variants, and its value at a frequency and a
    distance in km, both arrays."""

    written: str
    value: Callable[[Any, Any], Any]


def compare_variants(
    check: str,
    variants: Mapping[str, tuple[Specification, pd.DataFrame]],
    terms: Sequence[str] | None = None,
    draws: int = 9999,
    seed: int = 0,
    notes: Mapping[str, str] | None = None,
    *,
    entity: str,
    time: str = "year",
) -> pd.DataFrame:
    """The same coefficient under several specifications, samples or instruments.

    Parameters
    ----------
    check : name of the check, e.g. "without exclusion-risk terms".
    variants : name -> (specification, frame).
    terms : coefficients to report; default: endogenous regressors, else the first regressor.
    notes : name -> how to read the variant.
    entity, time : identify a row for lags.

    For an endogenous regressor with clustered errors `conf_low` and `conf_high` are the outer ends
    of the wild Anderson-Rubin set, which may be infinite; `p_wild` is its test of no effect.
    """
    rows = []
    for name, (spec, frame) in variants.items():
        chosen = terms or spec.endogenous or spec.regressors[:1]
        head = {
            "check": check,
            "variant": name,
            "outcome": spec.outcome,
            "note": (notes or {}).get(name),
        }
        rows += [
            head | _coefficient(spec, frame, term, draws, seed, entity, time) for term in chosen
        ]
    return ROBUSTNESS.frame(rows)


def _coefficient(
    spec: Specification,
    frame: pd.DataFrame,
    term: str,
    draws: int,
    seed: int,
    entity: str,
    time: str,
) -> dict[str, Any]:
    row: dict[str, Any] = {"term": term}
    try:
        frame = with_terms(frame, spec.variables, entity, time)
        result = estimate(spec, frame)
    except EconError as error:
        return row | {"reason": str(error)}
    row |= {"n_obs": result.nobs, "n_clusters": result.n_clusters}
    if term not in result.params.index:
        return row | {"reason": result.absorbed.get(term, f"{term} is no regressor")}
    row["estimate"] = float(result.params[term])
    few = too_few_clusters(result)
    if few is not None:
        return row | {"reason": few}
    low, high = result.interval(term)
    row |= {
        "std_error": float(result.std_errors[term]),
        "p_value": float(result.p_values[term]),
        "conf_low": low,
        "conf_high": high,
    }
    row["first_stage_f"] = result.kleibergen_paap_f
    testable = spec.endogenous == (term,) or not spec.endogenous
    if spec.cluster is not None and testable:
        row["p_wild"] = wild_cluster_test(spec, frame, term, draws=draws, seed=seed).p_value
    if spec.endogenous == (term,):
        found = anderson_rubin_set(spec, frame, draws=draws, seed=seed)
        row["conf_low"] = found.intervals[0][0] if found.intervals else None
        row["conf_high"] = found.intervals[-1][1] if found.intervals else None
    return row


def interaction_test(
    spec: Specification,
    frame: pd.DataFrame,
    term: str,
    group: str,
    reference: Any,
    check: str | None = None,
    time: str = "year",
    draws: int = 9999,
    seed: int = 0,
    *,
    entity: str,
) -> pd.DataFrame:
    """Whether the coefficient of `term` differs between groups of places.

    One fully interacted equation: every regressor and the `time` effects by group, so that its
    group coefficients are those of the sub-samples, and their differences from the `reference`
    group have a standard error. The row of `JOINT` tests all differences at once (Wald F(q, G-1)
    and wild bootstrap; `estimate` is then the F statistic). A group whose own rows do not identify
    its coefficient, or with fewer than six clusters, has a row with the reason and is outside the
    equation: fitted exactly it would have no error at all, and on few clusters a meaningless one.

    Raises
    ------
    MissingColumn without `group`; SpecificationError if `reference` is none of its values or the
    specification has instruments; EconError if the reference group, or every other, is such a
    group. Groups are read from the rows where `group` is not missing.
    """
    if group not in frame.columns:
        raise MissingColumn(f"the data have no column {group}")
    if spec.endogenous:
        raise SpecificationError("the interaction test is for coefficients estimated by OLS")
    if term not in spec.regressors:
        raise SpecificationError(f"{term} is no regressor of this equation")
    frame = frame.loc[frame[group].notna()]
    values = sorted(frame[group].unique(), key=str)
    if reference not in values:
        listed = ", ".join(map(str, values))
        raise SpecificationError(f"{group} has no value {reference!r}; it has {listed}")
    left_out = {
        value: why
        for value in values
        if (why := _without_inference(spec, frame.loc[frame[group] == value], term)) is not None
    }
    others = [value for value in values if value != reference and value not in left_out]
    if reference in left_out or not others:
        whys = "; ".join(f"{value}: {why}" for value, why in left_out.items()) or "no other value"
        raise EconError(f"no {group} can be compared with {reference} ({whys})")
    frame = frame.loc[frame[group].isin([reference, *others])]
    full, wide = _interacted(spec, frame, group, others, time)
    differences = [_of_group(term, group, value) for value in others]
    check = check or f"{term} by {group}"
    head = {"check": check, "outcome": spec.outcome}
    rows: list[dict[str, Any]] = [
        head
        | {"variant": str(value), "note": f"difference from {reference}"}
        | _coefficient(full, wide, label, draws, seed, entity, time)
        for value, label in zip(others, differences, strict=True)
    ]
    rows += [
        head | {"variant": str(value), "term": _of_group(term, group, value), "reason": why}
        for value, why in left_out.items()
    ]
    without = f"; without {', '.join(map(str, left_out))}" if left_out else ""
    rows.append(
        head
        | {"variant": "joint", "note": f"estimate is the F statistic{without}"}
        | _joint(full, wide, differences, JOINT, draws, seed)
    )
    return ROBUSTNESS.frame(rows)


def _without_inference(spec: Specification, frame: pd.DataFrame, term: str) -> str | None:
    """Why the rows of one group alone give no coefficient of `term`, or none with an error."""
    try:
        result = estimate(spec, frame)
    except EconError as error:
        return str(error)
    if term not in result.params.index:
        return result.absorbed[term]
    return too_few_clusters(result)


def _interacted(
    spec: Specification, frame: pd.DataFrame, group: str, others: Sequence[Any], time: str
) -> tuple[Specification, pd.DataFrame]:
    """The equation with every regressor and the `time` effects by group, and its columns."""
    numbers = numeric_columns(frame, spec.regressors)
    columns: dict[str, Any] = {}
    for j, name in enumerate(spec.regressors):
        for value in others:
            label = _of_group(name, group, value)
            columns[label] = np.where(frame[group] == value, numbers[:, j], 0.0)
            columns[label][np.isnan(numbers[:, j])] = np.nan
    names = list(columns)
    effects = tuple(f"{name} by {group}" if name == time else name for name in spec.fixed_effects)
    if time in spec.fixed_effects:
        pairs = frame[group].astype(str) + " " + frame[time].astype(str)
        columns[f"{time} by {group}"] = pairs
    full = spec.with_(regressors=(*spec.regressors, *names), fixed_effects=effects)
    return full, frame.assign(**columns)


def _of_group(name: str, group: str, value: Any) -> str:
    return f"{name} x {group}={value}"


def _joint(
    spec: Specification,
    frame: pd.DataFrame,
    terms: Sequence[str],
    label: str,
    draws: int,
    seed: int,
) -> dict[str, Any]:
    """Wald F of several coefficients, with its wild bootstrap p-value."""
    from scipy import stats

    row: dict[str, Any] = {"term": label}
    try:
        result = estimate(spec, frame)
        kept = [term for term in terms if term in result.params.index]
        g = result.n_clusters or 0
        row |= {"n_obs": result.nobs, "n_clusters": result.n_clusters}
        if not kept:
            return row | {"reason": "all terms are absorbed"}
        if spec.covariance == "clustered" and len(kept) > g - 1:
            return row | {"reason": f"{len(kept)} restrictions exceed the {g - 1} that G allows"}
        b, v = result.params[kept].to_numpy(), result.vcov.loc[kept, kept].to_numpy()
        f = float(b @ np.linalg.solve(v, b)) / len(kept)
        row |= {"estimate": f, "p_value": float(stats.f.sf(f, len(kept), result.df_t))}
        if spec.cluster is not None:
            design = build(spec, frame, "clustered")
            products = cluster_products(design)
            tested = np.array(
                [products.exogenous[design.exogenous_names.index(term)] for term in kept]
            )
            rest = np.setdiff1d(products.controls, tested)
            scores = score_matrices(products, tested, rest, products.unit(products.outcome))
            signs, enumerated, _ = draw_weights(products.n_clusters, draws, seed=seed)
            observed = wald(scores, np.ones((products.n_clusters, 1)))[0]
            row["p_wild"] = bootstrap_p_value(observed, wald(scores, signs), enumerated)
        return row
    except EconError as error:
        return row | {"reason": str(error)}


def leads_test(
    spec: Specification,
    frame: pd.DataFrame,
    instrument: str,
    leads: int = 2,
    time: str = "year",
    draws: int = 9999,
    seed: int = 0,
    *,
    entity: str,
) -> pd.DataFrame:
    """Whether next years' instrument already moves today's outcome: a pre-trend.

    The reduced form of `spec` (outcome on the instrument, its regressors as controls) with
    F.z, ..., F{leads}.z added; one row per lead and a joint test.
    """
    if leads < 1:
        raise SpecificationError(f"leads must be at least 1, not {leads}")
    ahead = [f"F{i}.{instrument}" if i > 1 else f"F.{instrument}" for i in range(1, leads + 1)]
    equation = spec.with_(
        regressors=(instrument, *ahead, *(r for r in spec.regressors if r != instrument)),
        endogenous=(),
        instruments=(),
    )
    wide = with_terms(frame, ahead, entity, time)
    head = {"check": "leads as a pre-trend", "variant": f"{leads} leads", "outcome": spec.outcome}
    rows = [
        head | _coefficient(equation, wide, term, draws, seed, entity, time)
        for term in (instrument, *ahead)
    ]
    label = "all leads are zero"
    rows.append(
        head
        | {"note": "estimate is the F statistic"}
        | _joint(equation, wide, ahead, label, draws, seed)
    )
    return ROBUSTNESS.frame(rows)


def distance_variants(
    frame: pd.DataFrame,
    frequency: str,
    distances: Mapping[str, str] | Iterable[str],
    formula: Formula,
    decay_km: Sequence[float] = (250.0, 500.0, 1000.0),
    time: str = "year",
) -> pd.DataFrame:
    """`frame` with instruments built on other functions of distance, and on other hubs.

    Parameters
    ----------
    frequency : column of keyword frequency (hits / words).
    distances : hub -> column of its distance in km (e.g. {"Hangzhou": "distance_km"}).
    formula : the study's own; its instrument is "frequency / d (hub)" below.
    decay_km : delta of frequency x exp(-d / delta).

    Adds, per hub: "frequency / d (hub)", "frequency x ln(farthest / d) (hub)",
    "frequency x exp(-d/delta km) (hub)", "leave-one-out frequency / d (hub)". The logarithm is of
    the farthest place's distance over d: -ln d alone is another instrument in every measure of
    length, in km mostly frequency with a minus sign. The last replaces a unit's own frequency by
    that year's mean of the others: its shocks are as few as the years, and inference by unit does
    not know that. A distance of zero gives a missing value in all but the exponential: the
    zero-distance rule is the study's, not this function's.
    """
    import pandas as pd

    hubs = distances if isinstance(distances, Mapping) else {name: name for name in distances}
    f = numeric_columns(frame, [frequency])[:, 0]
    new = {}
    national = _national_without_own(frame, f, time)
    for hub, column in hubs.items():
        d = numeric_columns(frame, [column])[:, 0]
        positive = np.where(d > 0, d, np.nan)
        new[f"{formula.written} ({hub})"] = formula.value(f, positive)
        farthest = pd.Series(positive).max()
        new[f"frequency x ln(farthest / d) ({hub})"] = f * np.log(farthest / positive)
        new[f"{OTHERS} {formula.written} ({hub})"] = formula.value(national, positive)
        for delta in decay_km:
            new[f"frequency x exp(-d/{delta:g} km) ({hub})"] = f * np.exp(-d / delta)
    return frame.assign(**new)


def _national_without_own(frame: pd.DataFrame, frequency: np.ndarray, time: str) -> np.ndarray:
    """Mean frequency of all other rows of the same time."""
    import pandas as pd

    values = pd.Series(frequency, index=frame.index)
    groups = values.groupby(frame[time])
    total, count = groups.transform("sum"), groups.transform("count")
    own = values.fillna(0.0)
    others = count - values.notna()
    mean = (total - own) / others.where(others > 0)
    return np.asarray(mean, dtype=float)


def placebo_hubs(
    spec: Specification,
    frame: pd.DataFrame,
    frequency: str,
    hubs: Mapping[str, str],
    formula: Formula,
    own: str | None = None,
    draws: int = 9999,
    seed: int = 0,
    *,
    entity: str,
    time: str = "year",
) -> pd.DataFrame:
    """The instrument with each city as its hub.

    `hubs` maps a city to the column of each unit's distance to it, in km. If a city without the
    hub's role gives the same first stage, distance to the hub is not what identifies. `own` is
    the study's hub; its row, under the same rule for a distance of zero as the placebos', says
    in its note that it is, and its rank.
    """
    wide = distance_variants(frame, frequency, hubs, formula, decay_km=(), time=time)
    variants = {
        hub: (spec.with_(instruments=(f"{formula.written} ({hub})",)), wide) for hub in hubs
    }
    found = compare_variants(
        "placebo hubs", variants, draws=draws, seed=seed, entity=entity, time=time
    )
    mine = found["variant"] == own
    f = found["first_stage_f"]
    if f[mine].notna().any():
        rank = f"{1 + (f > f[mine].max()).sum()} of {f.notna().sum()} by first-stage F"
        found.loc[mine, "note"] = f"{OWN_HUB}, {rank}"
    return found
