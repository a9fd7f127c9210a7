"""What a referee asks next, in one frame: every check of robustness that the data at hand allow.

The checks start from two columns of the tables: the baseline (OLS) and the 2SLS column. Each
returns a frame declared in `tables.ROBUSTNESS`; a variant that cannot be estimated is a row with a
reason, and so is a check that the data do not allow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dti_assets.econ.inference.anderson_rubin import Interval, anderson_rubin_set
from dti_assets.econ.inference.wild_bootstrap import (
    bootstrap_p_value,
    coefficient_scores,
    draw_weights,
    wald_of_draws,
    wild_cluster_test,
)
from dti_assets.econ.model.design import build
from dti_assets.econ.model.estimation import estimate
from dti_assets.econ.model.projection import Floats
from dti_assets.econ.model.sample import numeric_columns
from dti_assets.econ.model.specification import Specification
from dti_assets.econ.model.terms import with_terms
from dti_assets.econ.model.weak_instruments import NORMAL_95
from dti_assets.econ.paper.resolution import TableOptions, resolve, too_few_clusters
from dti_assets.econ.paper.specifications import TableSpec
from dti_assets.econ.robustness.spatial_errors import conley_errors
from dti_assets.econ.tables import ROBUSTNESS
from dti_assets.errors import EconError, MissingColumn, SpecificationError

if TYPE_CHECKING:
    import pandas as pd

BASELINE = ("table_02_baseline", "4")
TWO_STAGE = ("table_03_two_stage_least_squares", "second stage")
# columns of keyword frequency and of the distance in km
FREQUENCY, DISTANCE = "frequency", "distance_km"
# The initiative was announced in September 2013: the first full year after it
FIRST_BRI_YEAR = 2014
CUTOFFS_KM = (500.0, 1000.0)
# delta of frequency x exp(-d / delta)
DECAY_KM = (250.0, 500.0, 1000.0)
# direct effects of the instrument, as shares of the reduced form, and values tried up to each
DIRECT_EFFECTS, STEPS = (0.1, 0.25, 0.5), 6
JOINT = "all differences are zero"
# how the note of the study's hub among the placebos begins
OWN_HUB = "the study's own hub"


class Formula(NamedTuple):
    """How the instrument is written in names of variants, and its value at a frequency and a
    distance in km, both arrays."""

    written: str
    value: Callable[[Any, Any], Any]


@dataclass(frozen=True)
class RobustnessInputs:
    """Columns of the panel beyond the paper's, where there are any.

    instruments : variant -> column of another instrument (plan half only, without exclusion-risk
    terms, one term left out, another zero-distance rule, ...).
    controls : variant -> terms added to the controls of the 2SLS column, e.g. {"distance x trend":
    ("distance_km:year",)}.
    hubs : city -> column of distances to it, its own unit missing; own_hub : which of them is
    the study's, the others are placebos.
    """

    instruments: Mapping[str, str] = field(default_factory=dict)
    controls: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hubs: Mapping[str, str] = field(default_factory=dict)
    own_hub: str | None = None


def robustness_report(
    tables: Mapping[str, TableSpec],
    panel: pd.DataFrame,
    options: TableOptions,
    formula: Formula,
    inputs: RobustnessInputs | None = None,
    two_stage: tuple[str, str] = TWO_STAGE,
) -> pd.DataFrame:
    """All checks that the panel allows, as declared in `tables.ROBUSTNESS`.

    Differences between regions and between Belt and Road and other units; Belt and Road
    before and after; leads of the instrument; other instruments; keyword frequency as a control;
    other functions of distance; placebo hubs; Conley errors; direct effects of the instrument.
    """
    import pandas as pd

    more = inputs or RobustnessInputs()
    checks: dict[str, Callable[[], pd.DataFrame]] = {}
    outcomes: list[str] = []
    rows: list[dict[str, Any]] = []

    def found(role: str, name: str, column: str) -> tuple[Specification, pd.DataFrame] | None:
        try:
            resolved = resolve(tables[name], tables[name].column(column), panel, options)
        except EconError as error:
            check = f"all checks of the {role} column"
            rows.append(_unanswered(check, tables[name].name, "", str(error)))
            return None
        outcomes.append(resolved.spec.outcome)
        return resolved.spec, resolved.frame

    if baseline := found("baseline", *BASELINE):
        ols, frame = baseline
        term = ols.regressors[0]
        checks |= {
            f"{term} by region": lambda: interaction_test(
                ols, frame, term, "region", "East", options
            ),
            f"{term} by bri": lambda: interaction_test(ols, frame, term, "bri", 0, options),
            "Belt and Road after 2013": lambda: before_after(ols, frame, term, options),
            "Conley errors": lambda: conley_check(ols, frame, term, options),
        }
    if instrumented := found("two-stage", *two_stage):
        iv, used = instrumented
        checks |= {
            "leads as a pre-trend": lambda: leads_test(iv, used, options),
            "instruments": lambda: other_instruments(iv, used, more, options),
            "functions of distance": lambda: functions_of_distance(iv, used, formula, options),
            "placebo hubs": lambda: placebo_hubs(
                iv, used, more.hubs, formula, options, more.own_hub
            ),
            "direct effect of the instrument": lambda: direct_effects(iv, used, options),
        }
    frames = []
    for name, check in checks.items():
        try:
            frames.append(check())
        except EconError as error:
            rows.append(_unanswered(name, "all", outcomes[0], str(error)))
    return ROBUSTNESS.frame(
        pd.concat([*(f for f in frames if len(f)), ROBUSTNESS.frame(rows)], ignore_index=True)
    )


def _unanswered(check: str, variant: str, outcome: str, reason: str) -> dict[str, Any]:
    return {"check": check, "variant": variant, "outcome": outcome, "term": "", "reason": reason}


def compare_variants(
    check: str,
    variants: Mapping[str, tuple[Specification, pd.DataFrame]],
    options: TableOptions,
    terms: Sequence[str] | None = None,
    notes: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """The same coefficient under several specifications, samples or instruments.

    Parameters
    ----------
    check : name of the check, e.g. "without exclusion-risk terms".
    variants : name -> (specification, frame).
    terms : coefficients to report; default: endogenous regressors, else the first regressor.
    notes : name -> how to read the variant.

    For an endogenous regressor with clustered errors `conf_low` and `conf_high` are the outer ends
    of the wild Anderson-Rubin set, which may be infinite; `p_wild` is its test of no effect.
    """
    rows = []
    for name, (spec, frame) in variants.items():
        chosen = terms or spec.endogenous or spec.regressors[:1]
        note = (notes or {}).get(name)
        head = {"check": check, "variant": name, "outcome": spec.outcome, "note": note}
        rows += [head | _coefficient(spec, frame, term, options) for term in chosen]
    return ROBUSTNESS.frame(rows)


def _coefficient(
    spec: Specification, frame: pd.DataFrame, term: str, options: TableOptions
) -> dict[str, Any]:
    row: dict[str, Any] = {"term": term}
    try:
        frame = with_terms(frame, spec.variables, options.entity, options.time)
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
        test = wild_cluster_test(spec, frame, term, draws=options.draws, seed=options.seed)
        row["p_wild"] = test.p_value
    if spec.endogenous == (term,):
        found = anderson_rubin_set(spec, frame, draws=options.draws, seed=options.seed)
        row["conf_low"], row["conf_high"] = found.ends
    return row


def interaction_test(
    spec: Specification,
    frame: pd.DataFrame,
    term: str,
    group: str,
    reference: Any,
    options: TableOptions,
) -> pd.DataFrame:
    """Whether the coefficient of `term` differs between groups of places.

    One fully interacted equation: every regressor and the time effects by group, so that its
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
    full, wide = _interacted(spec, frame, group, others, options.time)
    differences = [_of_group(term, group, value) for value in others]
    head = {"check": f"{term} by {group}", "outcome": spec.outcome}
    rows: list[dict[str, Any]] = [
        head
        | {"variant": str(value), "note": f"difference from {reference}"}
        | _coefficient(full, wide, label, options)
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
        | _joint(full, wide, differences, JOINT, options)
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
    options: TableOptions,
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
            scores = coefficient_scores(build(spec, frame, "clustered"), kept)
            signs, enumerated, _ = draw_weights(g, options.draws, seed=options.seed)
            row["p_wild"] = float(bootstrap_p_value(*wald_of_draws(scores, signs), enumerated))
        return row
    except EconError as error:
        return row | {"reason": str(error)}


def before_after(
    spec: Specification, frame: pd.DataFrame, term: str, options: TableOptions
) -> pd.DataFrame:
    """Whether the coefficient of `term` changed for Belt and Road units with the initiative."""
    after = f"{options.time}>={FIRST_BRI_YEAR}"
    new = (f"{term}:bri", f"{term}:{after}", f"bri:{after}", f"{term}:bri:{after}")
    wide = with_terms(frame, new, options.entity, options.time)
    triple = spec.with_(regressors=(term, *new, *spec.regressors[1:]))
    variants = {"triple interaction": (triple, wide)}
    return compare_variants("Belt and Road after 2013", variants, options, terms=(term, *new))


def leads_test(iv: Specification, frame: pd.DataFrame, options: TableOptions) -> pd.DataFrame:
    """Whether the next two years' instrument already moves today's outcome: a pre-trend.

    The reduced form of `iv` (outcome on the instrument, its regressors as controls) with F.z and
    F2.z added; one row per lead and a joint test.
    """
    instrument = iv.instruments[0]
    ahead = [f"F.{instrument}", f"F2.{instrument}"]
    terms = (instrument, *ahead)
    equation = iv.with_(regressors=(*terms, *iv.regressors), endogenous=(), instruments=())
    wide = with_terms(frame, ahead, options.entity, options.time)
    head = {"check": "leads as a pre-trend", "variant": "2 leads", "outcome": iv.outcome}
    rows = [head | _coefficient(equation, wide, term, options) for term in terms]
    joint = _joint(equation, wide, ahead, "all leads are zero", options)
    rows.append(head | {"note": "estimate is the F statistic"} | joint)
    return ROBUSTNESS.frame(rows)


def other_instruments(
    iv: Specification, frame: pd.DataFrame, inputs: RobustnessInputs, options: TableOptions
) -> pd.DataFrame:
    """The 2SLS coefficient with the instruments and the added controls of `inputs`."""
    variants = {"headline": (iv, frame)}
    variants |= {
        name: (iv.with_(instruments=(column,)), frame)
        for name, column in inputs.instruments.items()
    }
    added = {"keyword frequency as a control": (FREQUENCY,), **inputs.controls}
    variants |= {
        name: (iv.with_(regressors=(*iv.regressors, *terms)), frame)
        for name, terms in added.items()
    }
    return compare_variants("instruments", variants, options)


def functions_of_distance(
    iv: Specification, frame: pd.DataFrame, formula: Formula, options: TableOptions
) -> pd.DataFrame:
    """The 2SLS coefficient with instruments built on other functions of distance."""
    columns = distance_variants(frame, formula, options.time)
    wide = frame.assign(**columns)
    few = "one national shock a year: far fewer shocks than rows"
    return compare_variants(
        "functions of distance",
        {name: (iv.with_(instruments=(name,)), wide) for name in columns},
        options,
        notes={name: few for name in columns if name.startswith("leave-one-out")},
    )


def distance_variants(frame: pd.DataFrame, formula: Formula, time: str) -> dict[str, Floats]:
    """Instruments built on other functions of the distance to the hub, by name.

    `formula` is the study's own; its instrument is "frequency / d (hub)". Beside it
    "frequency x ln(farthest / d) (hub)", "frequency x exp(-d/delta km) (hub)" and
    "leave-one-out frequency / d (hub)". The logarithm is of the farthest place's distance over d:
    -ln d alone is another instrument in every measure of length, in km mostly frequency with a
    minus sign. The last replaces a unit's own frequency by that year's mean of the others: its
    shocks are as few as the years, and inference by unit does not know that. A distance of zero
    gives a missing value in all but the exponential: the zero-distance rule is the study's, not
    this function's.
    """
    import pandas as pd

    f, d = numeric_columns(frame, [FREQUENCY, DISTANCE]).T
    positive = np.where(d > 0, d, np.nan)
    farthest = pd.Series(positive).max()
    own = pd.Series(f)
    years = own.groupby(frame[time].to_numpy())
    others = years.transform("count") - own.notna()
    mean = (years.transform("sum") - own.fillna(0.0)) / others.where(others > 0)
    return {
        f"{formula.written} (hub)": formula.value(f, positive),
        "frequency x ln(farthest / d) (hub)": f * np.log(farthest / positive),
        f"leave-one-out {formula.written} (hub)": formula.value(mean.to_numpy(float), positive),
        **{f"frequency x exp(-d/{delta:g} km) (hub)": f * np.exp(-d / delta) for delta in DECAY_KM},
    }


def placebo_hubs(
    iv: Specification,
    frame: pd.DataFrame,
    hubs: Mapping[str, str],
    formula: Formula,
    options: TableOptions,
    own: str | None = None,
) -> pd.DataFrame:
    """The instrument with each city as its hub.

    `hubs` maps a city to the column of each unit's distance to it, in km. If a city without the
    hub's role gives the same first stage, distance to the hub is not what identifies. `own` is
    the study's hub; its row, under the same rule for a distance of zero as the placebos', says
    in its note that it is, and its rank.
    """
    columns = {}
    f = numeric_columns(frame, [FREQUENCY])[:, 0]
    for hub, column in hubs.items():
        d = numeric_columns(frame, [column])[:, 0]
        columns[f"{formula.written} ({hub})"] = formula.value(f, np.where(d > 0, d, np.nan))
    wide = frame.assign(**columns)
    variants = {
        hub: (iv.with_(instruments=(name,)), wide) for hub, name in zip(hubs, columns, strict=True)
    }
    found = compare_variants("placebo hubs", variants, options)
    mine = found["variant"] == own
    strength = found["first_stage_f"]
    if strength[mine].notna().any():
        rank = f"{1 + (strength > strength[mine].max()).sum()} of {strength.notna().sum()}"
        found.loc[mine, "note"] = f"{OWN_HUB}, {rank} by first-stage F"
    return found


def conley_check(
    spec: Specification, frame: pd.DataFrame, term: str, options: TableOptions
) -> pd.DataFrame:
    """The coefficient with errors that allow correlation between near places."""
    from scipy import stats

    result = estimate(spec, frame)
    value = float(result.params[term])
    rows = []
    for cutoff in CUTOFFS_KM:
        errors = conley_errors(spec, frame, cutoff, options.entity, options.time)
        error = float(errors[term])
        rows.append(
            {
                "check": "Conley errors",
                "variant": f"Bartlett, {cutoff:g} km, any lag within a {options.level.noun}",
                "outcome": spec.outcome,
                "term": term,
                "estimate": value,
                "std_error": error,
                "p_value": float(2 * stats.norm.sf(abs(value / error))),
                "conf_low": value - NORMAL_95 * error,
                "conf_high": value + NORMAL_95 * error,
                "n_obs": result.nobs,
                "n_clusters": result.n_clusters,
                "note": "normal critical values",
            }
        )
    return ROBUSTNESS.frame(rows)


def direct_effects(iv: Specification, frame: pd.DataFrame, options: TableOptions) -> pd.DataFrame:
    """What if the instrument moves the outcome itself, by up to a share of the reduced form."""
    base = estimate(iv, frame)
    assert base.first_stage is not None
    reduced = float(base.first_stage.reduced_form["estimate"].to_numpy()[0])
    form = "wild bootstrap" if iv.covariance == "clustered" else "Wald form"
    rows = []
    for share in DIRECT_EFFECTS:
        union = exclusion_set(iv, frame, share * reduced, options)
        zero = "includes" if any(low <= 0 <= high for low, high in union) else "excludes"
        rows.append(
            {
                "check": "direct effect of the instrument",
                "variant": f"up to {100 * share:g} % of the reduced form",
                "outcome": iv.outcome,
                "term": iv.endogenous[0],
                "estimate": float(base.params[iv.endogenous[0]]),
                "conf_low": union[0][0] if union else None,
                "conf_high": union[-1][1] if union else None,
                "first_stage_f": base.first_stage.kleibergen_paap_f,
                "n_obs": base.nobs,
                "n_clusters": base.n_clusters,
                "note": f"union of Anderson-Rubin ({form}) sets, which {zero} zero",
            }
        )
    return ROBUSTNESS.frame(rows)


def exclusion_set(
    iv: Specification, frame: pd.DataFrame, gamma: float, options: TableOptions
) -> list[Interval]:
    """Union of Anderson-Rubin sets over direct effects of the instrument from 0 to `gamma`.

    For each gamma0 on a grid the outcome is y - gamma0 z and the set that of the exactly excluded
    model; the union covers whenever the true direct effect, in units of the outcome per unit of
    the instrument, lies between 0 and `gamma`. The Wald form would undercover where few units
    carry the instrument. Reference: Conley, Hansen and Rossi (2012), section 3.A.
    """
    pieces: list[Interval] = []
    before: list[Interval] = []
    for value in np.linspace(0.0, gamma, STEPS):
        outcome = frame[iv.outcome] - float(value) * frame[iv.instruments[0]]
        found = anderson_rubin_set(
            iv,
            frame.assign(**{iv.outcome: outcome}),
            options.confidence,
            draws=options.draws,
            seed=options.seed,
        ).intervals
        pieces += found
        if len(found) == len(before) == 1:
            # ends move continuously with gamma, so that the union over the step between two grid
            # points is the hull of their intervals
            pieces.append((min(found[0][0], before[0][0]), max(found[0][1], before[0][1])))
        before = found
    return union_of(pieces)


def union_of(intervals: list[Interval]) -> list[Interval]:
    """Overlapping or touching intervals merged, from left to right."""
    merged: list[Interval] = []
    for low, high in sorted(intervals):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return merged
