"""The matrices of an equation after fixed effects are projected out, and what was absorbed.

A regressor that the fixed effects (or the constant) explain fully is absorbed: it gets a reason,
no coefficient. The exchange rate under year effects is the standing example. The same holds for
a regressor that is a linear combination of those named before it, and for a surplus instrument.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dti_assets.econ.model.projection import (
    Floats,
    demean,
    effect_parameters,
    independent,
    small_sample_factor,
    spread,
    varies,
)
from dti_assets.econ.model.sample import Sample, prepare
from dti_assets.econ.model.specification import Specification
from dti_assets.errors import NoVariation, TooFewClusters, TooFewRows

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Design:
    """Residualised columns of one equation.

    y : (n,). endogenous, exogenous, instruments : (n, .) residuals on the fixed effects, or on
    the constant where there are none. `absorbed` maps a term to the reason it has no coefficient.
    `effect_parameters` counts the constant and the fixed effects as in the small-sample factor.
    """

    spec: Specification
    sample: Sample
    y: Floats
    endogenous: Floats
    exogenous: Floats
    instruments: Floats
    exogenous_names: tuple[str, ...]
    instrument_names: tuple[str, ...]
    absorbed: dict[str, str]
    effect_parameters: int

    @property
    def n(self) -> int:
        return len(self.sample)

    @property
    def terms(self) -> tuple[str, ...]:
        """Slopes in printed order: endogenous regressors first."""
        return (*self.spec.endogenous, *self.exogenous_names)

    @property
    def regressors(self) -> Floats:
        return np.hstack([self.endogenous, self.exogenous])

    @property
    def all_instruments(self) -> Floats:
        """Excluded instruments, then exogenous regressors."""
        return np.hstack([self.instruments, self.exogenous])

    def parameters(self, slopes: int) -> int:
        """K of the small-sample factor for an equation with so many slopes."""
        return slopes + self.effect_parameters

    def small_sample_factor(self, slopes: int, covariance: str) -> float:
        """The factor of `projection.small_sample_factor` for an equation with so many slopes."""
        clusters = self.sample.n_clusters if covariance == "clustered" else None
        return small_sample_factor(self.n, self.parameters(slopes), clusters)


def build(spec: Specification, frame: pd.DataFrame, covariance: str | None = None) -> Design:
    """Sample, projection and pruning for `spec`; see `Design`.

    `covariance` overrides the specification's (it decides which effects count as parameters).

    Raises
    ------
    NoVariation, TooFewRows, TooFewClusters and the errors of `sample.prepare`.
    """
    return build_on(spec, prepare(spec, frame), covariance)


def build_on(spec: Specification, sample: Sample, covariance: str | None = None) -> Design:
    """As `build`, on a sample that is at hand."""
    kind = covariance or spec.covariance
    if kind == "clustered" and (sample.n_clusters or 0) < 2:
        raise TooFewClusters(
            f"all {len(sample)} rows lie in one cluster of {spec.cluster}; clustered errors need "
            "at least two"
        )
    residual = demean(sample.values, sample.effects)
    gone = dict(zip(sample.names, ~varies(sample.values, residual), strict=True))
    constant = dict(zip(sample.names, spread(sample.values) == 0.0, strict=True))
    effects = " and ".join(spec.fixed_effects)
    n = len(sample)

    def why(name: str) -> str:
        if constant[name]:
            return f"{name} is constant in the sample"
        return f"{name} has no variation within {effects} effects"

    def pick(names: tuple[str, ...]) -> Floats:
        return residual[:, [sample.names.index(name) for name in names]]

    if gone[spec.outcome]:
        raise NoVariation(f"the outcome {why(spec.outcome)}")
    for name in spec.endogenous:
        if gone[name]:
            raise NoVariation(f"the endogenous regressor {why(name)}")
    absorbed = {name: f"absorbed: {why(name)}" for name in spec.regressors if gone[name]}
    varying = tuple(name for name in spec.regressors if not gone[name])
    kept_x = independent(pick(varying))
    for j, name in enumerate(varying):
        if j not in kept_x:
            absorbed[name] = (
                f"collinear: {name} is a linear combination of the regressors before it"
            )
    exogenous_names = tuple(varying[j] for j in kept_x)
    exogenous = pick(exogenous_names)

    moving = tuple(name for name in spec.instruments if not gone[name])
    absorbed |= {name: f"absorbed: {why(name)}" for name in spec.instruments if gone[name]}
    both = independent(np.hstack([exogenous, pick(moving)]))
    width = len(exogenous_names)
    instrument_names = tuple(moving[j - width] for j in both if j >= width)
    for name in moving:
        if name not in instrument_names:
            absorbed[name] = f"collinear: {name} does not vary given controls and instruments"
    if len(instrument_names) < len(spec.endogenous):
        reasons = "; ".join(absorbed[name] for name in spec.instruments if name in absorbed)
        raise NoVariation(
            f"{len(spec.endogenous)} endogenous regressors are left with "
            f"{len(instrument_names)} instruments ({reasons})"
        )
    endogenous = pick(spec.endogenous)
    if len(independent(np.hstack([exogenous, endogenous]))) < width + len(spec.endogenous):
        listed = ", ".join(spec.endogenous)
        raise NoVariation(f"the endogenous regressors ({listed}) are collinear with the controls")
    if spec.fixed_effects and not exogenous_names and not spec.endogenous:
        raise NoVariation("no regressor is left: " + "; ".join(absorbed.values()))

    nested_in = sample.cluster if kind == "clustered" else None
    used = effect_parameters(sample.effects, nested_in)
    slopes = max(width + len(spec.endogenous), width + len(instrument_names))
    everything = slopes + effect_parameters(sample.effects)
    if n <= everything:
        raise TooFewRows(
            f"{n} rows cannot identify {everything} parameters ({slopes} slopes and "
            f"{everything - slopes} for fixed effects and constant)"
        )
    return Design(
        spec=spec,
        sample=sample,
        y=pick((spec.outcome,))[:, 0],
        endogenous=endogenous,
        exogenous=exogenous,
        instruments=pick(instrument_names),
        exogenous_names=exogenous_names,
        instrument_names=instrument_names,
        absorbed=absorbed,
        effect_parameters=used,
    )
