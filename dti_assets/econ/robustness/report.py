"""What a referee asks next, in one frame: every check the data at hand allow.

The checks start from two columns of the tables: the baseline (OLS) and the 2SLS column. Each is
a few rows of `tables.ROBUSTNESS`; what the data do not allow is a row with a reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from dti_assets.econ.model.estimation import estimate
from dti_assets.econ.model.specification import Specification
from dti_assets.econ.model.terms import with_terms
from dti_assets.econ.paper.resolution import TableOptions, resolve
from dti_assets.econ.paper.specifications import TableSpec
from dti_assets.econ.robustness.checks import (
    OTHERS,
    Formula,
    compare_variants,
    distance_variants,
    interaction_test,
    leads_test,
    placebo_hubs,
)
from dti_assets.econ.robustness.exclusion_sensitivity import exclusion_sensitivity
from dti_assets.econ.robustness.spatial_errors import conley_errors
from dti_assets.econ.tables import ROBUSTNESS
from dti_assets.errors import EconError

if TYPE_CHECKING:
    import pandas as pd

# The initiative was announced in September 2013: the first full year after it
FIRST_BRI_YEAR = 2014
CUTOFFS_KM = (500.0, 1000.0)


@dataclass(frozen=True)
class RobustnessInputs:
    """Columns of the panel beyond the paper's, where there are any.

    instruments : variant -> column of another instrument (plan half only, without exclusion-risk
    terms, one term left out, another zero-distance rule, ...).
    controls : variant -> terms added to the controls of the 2SLS column, e.g. {"distance x trend":
    ("distance_km:year",)}.
    frequency, distance : columns of keyword frequency and of the distance in km.
    hubs : city -> column of distances to it, its own unit missing; own_hub : which of them is
    the study's, the others are placebos.
    latitude, longitude : of the seat of a unit, in degrees.
    """

    instruments: Mapping[str, str] = field(default_factory=dict)
    controls: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    frequency: str = "frequency"
    distance: str = "distance_km"
    hubs: Mapping[str, str] = field(default_factory=dict)
    own_hub: str | None = None
    latitude: str = "latitude"
    longitude: str = "longitude"


def robustness_report(
    tables: Mapping[str, TableSpec],
    panel: pd.DataFrame,
    options: TableOptions,
    formula: Formula,
    inputs: RobustnessInputs | None = None,
    baseline: tuple[str, str] = ("table_02_baseline", "4"),
    two_stage: tuple[str, str] = ("table_03_two_stage_least_squares", "second stage"),
) -> pd.DataFrame:
    """All checks that the panel allows, as declared in `tables.ROBUSTNESS`.

    Differences between regions and between Belt and Road and other units; Belt and Road
    before and after; leads of the instrument; other instruments; keyword frequency as a control;
    other functions of distance; placebo hubs; Conley errors; direct effects of the instrument.
    """
    import pandas as pd

    inputs = inputs or RobustnessInputs()
    draws, seed = options.draws, options.seed
    checks: list[tuple[str, Callable[[], pd.DataFrame]]] = []
    found: dict[str, tuple[Specification, pd.DataFrame]] = {}
    rows: list[dict[str, Any]] = []
    for role, (table, column) in (("baseline", baseline), ("two-stage", two_stage)):
        try:
            resolved = resolve(tables[table], tables[table].column(column), panel, options)
            found[role] = (resolved.spec, resolved.frame)
        except EconError as error:
            rows.append(_unanswered(f"all checks of the {role} column", tables[table], str(error)))
    if "baseline" in found:
        spec, frame = found["baseline"]
        term = spec.regressors[0]
        for group, reference in (("region", "East"), ("bri", 0)):
            checks.append(
                (
                    f"{term} by {group}",
                    partial(
                        interaction_test,
                        spec,
                        frame,
                        term,
                        group,
                        reference,
                        time=options.time,
                        draws=draws,
                        seed=seed,
                        entity=options.entity,
                    ),
                )
            )
        checks.append(
            ("Belt and Road after 2013", lambda: _before_after(spec, frame, term, options))
        )
        checks.append(("Conley errors", lambda: _conley(spec, frame, term, inputs, options)))
    if "two-stage" in found:
        iv, rows_iv = found["two-stage"]
        instrument = iv.instruments[0]
        checks += [
            (
                "leads as a pre-trend",
                lambda: leads_test(
                    iv, rows_iv, instrument, 2, options.time, draws, seed, entity=options.entity
                ),
            ),
            ("instruments", lambda: _instruments(iv, rows_iv, inputs, options)),
            ("functions of distance", lambda: _distances(iv, rows_iv, inputs, formula, options)),
            (
                "placebo hubs",
                lambda: placebo_hubs(
                    *(iv, rows_iv, inputs.frequency, inputs.hubs, formula, inputs.own_hub),
                    draws,
                    seed,
                    entity=options.entity,
                    time=options.time,
                ),
            ),
            ("direct effect of the instrument", lambda: _exclusion(iv, rows_iv, options)),
        ]
    frames = []
    for name, check in checks:
        try:
            frames.append(check())
        except EconError as error:
            outcome = found.get("baseline", found.get("two-stage"))
            assert outcome is not None
            rows.append(
                {
                    "check": name,
                    "variant": "all",
                    "outcome": outcome[0].outcome,
                    "term": "",
                    "reason": str(error),
                }
            )
    return ROBUSTNESS.frame(
        pd.concat([*(f for f in frames if len(f)), ROBUSTNESS.frame(rows)], ignore_index=True)
    )


def _before_after(
    spec: Specification, frame: pd.DataFrame, term: str, options: TableOptions
) -> pd.DataFrame:
    after = f"{options.time}>={FIRST_BRI_YEAR}"
    new = (f"{term}:bri", f"{term}:{after}", f"bri:{after}", f"{term}:bri:{after}")
    wide = with_terms(frame, new, options.entity, options.time)
    triple = spec.with_(regressors=(term, *new, *spec.regressors[1:]))
    return compare_variants(
        "Belt and Road after 2013",
        {"triple interaction": (triple, wide)},
        terms=(term, *new),
        draws=options.draws,
        seed=options.seed,
        entity=options.entity,
        time=options.time,
    )


def _instruments(
    iv: Specification, frame: pd.DataFrame, inputs: RobustnessInputs, options: TableOptions
) -> pd.DataFrame:
    variants = {"headline": (iv, frame)}
    variants |= {
        name: (iv.with_(instruments=(column,)), frame)
        for name, column in inputs.instruments.items()
    }
    added = {"keyword frequency as a control": (inputs.frequency,), **inputs.controls}
    variants |= {
        name: (iv.with_(regressors=(*iv.regressors, *terms)), frame)
        for name, terms in added.items()
    }
    return compare_variants(
        "instruments",
        variants,
        draws=options.draws,
        seed=options.seed,
        entity=options.entity,
        time=options.time,
    )


def _distances(
    iv: Specification,
    frame: pd.DataFrame,
    inputs: RobustnessInputs,
    formula: Formula,
    options: TableOptions,
) -> pd.DataFrame:
    before = set(frame.columns)
    wide = distance_variants(
        frame, inputs.frequency, {"hub": inputs.distance}, formula, time=options.time
    )
    names = [name for name in wide.columns if name not in before]
    few = "one national shock a year: far fewer shocks than rows"
    return compare_variants(
        "functions of distance",
        {name: (iv.with_(instruments=(name,)), wide) for name in names},
        draws=options.draws,
        seed=options.seed,
        notes={name: few for name in names if name.startswith(OTHERS)},
        entity=options.entity,
        time=options.time,
    )


def _conley(
    spec: Specification,
    frame: pd.DataFrame,
    term: str,
    inputs: RobustnessInputs,
    options: TableOptions,
) -> pd.DataFrame:
    result = estimate(spec, frame)
    rows = []
    for cutoff in CUTOFFS_KM:
        errors = conley_errors(
            spec,
            frame,
            cutoff,
            options.entity,
            inputs.latitude,
            inputs.longitude,
            options.time,
        )
        value, error = float(result.params[term]), float(errors[term])
        rows.append(
            {
                "check": "Conley errors",
                "variant": f"Bartlett, {cutoff:g} km, any lag within a {options.level.noun}",
                "outcome": spec.outcome,
                "term": term,
                "estimate": value,
                "std_error": error,
                "p_value": _normal_p(value / error),
                "conf_low": value - 1.959963984540054 * error,
                "conf_high": value + 1.959963984540054 * error,
                "n_obs": result.nobs,
                "n_clusters": result.n_clusters,
                "note": "normal critical values",
            }
        )
    return ROBUSTNESS.frame(rows)


def _exclusion(iv: Specification, frame: pd.DataFrame, options: TableOptions) -> pd.DataFrame:
    base = estimate(iv, frame)
    assert base.first_stage is not None
    reduced = float(base.first_stage.reduced_form["estimate"].to_numpy()[0])
    rows = []
    for share in (0.1, 0.25, 0.5):
        ends = sorted((0.0, share * reduced))
        # the Wald form undercovers where few units carry the instrument
        found = exclusion_sensitivity(
            iv,
            frame,
            (ends[0], ends[1]),
            options.confidence,
            "wild",
            6,
            options.draws,
            options.seed,
        )
        form = "wild bootstrap" if iv.covariance == "clustered" else "Wald form"
        zero = "includes" if found.contains_zero else "excludes"
        rows.append(
            {
                "check": "direct effect of the instrument",
                "variant": f"up to {100 * share:g} % of the reduced form",
                "outcome": iv.outcome,
                "term": iv.endogenous[0],
                "estimate": float(base.params[iv.endogenous[0]]),
                "conf_low": found.union[0][0] if found.union else None,
                "conf_high": found.union[-1][1] if found.union else None,
                "first_stage_f": base.first_stage.kleibergen_paap_f,
                "n_obs": base.nobs,
                "n_clusters": base.n_clusters,
                "note": f"union of Anderson-Rubin ({form}) sets, which {zero} zero",
            }
        )
    return ROBUSTNESS.frame(rows)


def _unanswered(check: str, table: TableSpec, reason: str) -> dict[str, Any]:
    return {"check": check, "variant": table.name, "outcome": "", "term": "", "reason": reason}


def _normal_p(z: float) -> float:
    from scipy import stats

    return float(2 * stats.norm.sf(abs(z)))
