"""What an estimation hands back: frozen results that print, compare and turn into tidy frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from dti_assets.econ.model.specification import INTERCEPT, Specification
from dti_assets.errors import SpecificationError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class TestStatistic:
    """A test: statistic, degrees of freedom and p-value."""

    __test__ = False  # not a test case, whatever pytest makes of the name

    statistic: float
    df: int
    p_value: float

    def __float__(self) -> float:
        return self.statistic


@dataclass(frozen=True)
class FirstStage:
    """First stage and reduced form of a two-stage least squares equation.

    params, std_errors : Series indexed by instruments then controls; DataFrames with one column
        per endogenous regressor where there are several.
    f_statistic : Wald / q of the excluded instruments under the specification's covariance, for
        the first endogenous regressor (`f_statistics` has all). None where the clusters cannot
        support a joint test of q instruments (q > G - 1); infinite, as the other F statistics
        are, where instruments and controls fit the regressor exactly.
    kleibergen_paap_f : rk Wald F under the specification's covariance (Kleibergen and Paap
        2006); no critical values of its own. cragg_donald_f : its iid version.
    effective_f : Montiel Olea and Pflueger (2013), one endogenous regressor only;
        `effective_f_critical` maps worst-case bias tau to the critical value at 5 %.
    partial_r2 : of the excluded instruments, first endogenous regressor.
    reduced_form : frame with estimate and std_error of each instrument in the outcome equation.
    sargan, basmann, hansen_j : overidentification tests, None when just identified. Hansen's J
        is from two-step GMM with the specification's weight matrix, controls partialled out; None
        where clusters are not more than instruments.
    """

    params: pd.Series | pd.DataFrame
    std_errors: pd.Series | pd.DataFrame
    f_statistic: float | None
    f_statistics: pd.Series
    kleibergen_paap_f: float | None
    cragg_donald_f: float
    effective_f: float | None
    effective_f_critical: dict[float, float]
    partial_r2: float
    reduced_form: pd.DataFrame
    sargan: TestStatistic | None = None
    basmann: TestStatistic | None = None
    hansen_j: TestStatistic | None = None


@dataclass(frozen=True)
class Estimates:
    """Coefficients of one equation with everything printed beside them.

    Series and frames are indexed by term. `std_errors` follow the specification's covariance;
    `errors` has iid, HC1 and, where a cluster is named, CRV1 side by side; `first_stage` is None
    for OLS; both are worked out when they are asked for. p-values and intervals use t(G - 1) when
    clustered and t(N - K) else. `df_resid` is N - K with K as in the small-sample factor; `df_t`
    the degrees of freedom of the t distribution. `r2` counts the fixed effects as explained,
    `r2_within` does not; for 2SLS both may be negative. `dropped` has one
    row per dropped row with its reason, `absorbed` maps terms to reasons.
    """

    spec: Specification
    params: pd.Series
    std_errors: pd.Series
    t_stats: pd.Series
    p_values: pd.Series
    vcov: pd.DataFrame
    nobs: int
    n_clusters: int | None
    df_resid: int
    df_t: int
    r2: float
    r2_within: float
    outcome_mean: float
    dropped: pd.DataFrame
    absorbed: dict[str, str]
    residuals: pd.Series = field(repr=False)
    _errors: Callable[[], pd.DataFrame] = field(repr=False)
    _first_stage: Callable[[], FirstStage | None] = field(repr=False)
    _kleibergen_paap_f: Callable[[], float | None] = field(repr=False)

    @cached_property
    def errors(self) -> pd.DataFrame:
        return self._errors()

    @cached_property
    def first_stage(self) -> FirstStage | None:
        return self._first_stage()

    @cached_property
    def kleibergen_paap_f(self) -> float | None:
        """That of the first stage, without the rest of it; None for OLS."""
        return self._kleibergen_paap_f()

    def conf_int(self, level: float = 0.95) -> pd.DataFrame:
        """Frame with `lower` and `upper`: estimate -/+ t(df_t) quantile times standard error."""
        import pandas as pd
        from scipy import stats

        check_level(level)
        half = stats.t.ppf((1 + level) / 2, self.df_t) * self.std_errors
        return pd.DataFrame({"lower": self.params - half, "upper": self.params + half})

    def interval(self, term: str, level: float = 0.95) -> tuple[float, float]:
        """Confidence interval of one term."""
        lower, upper = self.conf_int(level).loc[[term]].to_numpy()[0]
        return float(lower), float(upper)

    def tidy(self, level: float = 0.95) -> pd.DataFrame:
        """One row per term: estimate, std_error, t_stat, p_value, conf_low, conf_high, stars."""
        import pandas as pd

        interval = self.conf_int(level)
        return pd.DataFrame(
            {
                "term": self.params.index,
                "estimate": self.params.to_numpy(),
                "std_error": self.std_errors.to_numpy(),
                "t_stat": self.t_stats.to_numpy(),
                "p_value": self.p_values.to_numpy(),
                "conf_low": interval["lower"].to_numpy(),
                "conf_high": interval["upper"].to_numpy(),
                "stars": [stars(p) for p in self.p_values],
            }
        )

    def __str__(self) -> str:
        lines = [f"{self.spec.outcome}: N = {self.nobs}, clusters = {self.n_clusters}"]
        for term, value, error in zip(self.params.index, self.params, self.std_errors, strict=True):
            if term != INTERCEPT:
                lines.append(f"  {term} = {value:.4g} ({error:.4g})")
        return "\n".join(lines)


def stars(p_value: float) -> str:
    """*** below 0.01, ** below 0.05, * below 0.10, from the unrounded p-value."""
    if p_value < 0.01:
        return "***"
    if p_value < 0.05:
        return "**"
    return "*" if p_value < 0.10 else ""


def check_level(level: float) -> None:
    """Raise SpecificationError unless 0 < level < 1."""
    if not 0 < level < 1:
        raise SpecificationError(f"a confidence level lies between 0 and 1, not {level!r}")
