"""`estimate`: OLS and 2SLS with absorbed effects, through linearmodels.

linearmodels gets residualised, standardised columns; coefficients and covariance are mapped back
linearly. That is algebra, not approximation, and it keeps ten digits where raw columns lose them
(Longley). What this module adds is the counting: K without the effects nested in the cluster.
"""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from dti_assets.econ.model import weak_instruments
from dti_assets.econ.model.design import Design, build
from dti_assets.econ.model.projection import (
    RELATIVE_ZERO,
    Floats,
    effect_parameters,
    norms,
    partial_out,
)
from dti_assets.econ.model.results import Estimates, FirstStage, TestStatistic
from dti_assets.econ.model.specification import INTERCEPT, Specification

if TYPE_CHECKING:
    import pandas as pd


_COV_TYPE = {"iid": "unadjusted", "robust": "robust", "clustered": "clustered"}


def estimate(spec: Specification, frame: pd.DataFrame) -> Estimates:
    """Estimate one equation.

    Parameters
    ----------
    spec : the equation.
    frame : one row per observation; columns as named in `spec`, in any order and row order.

    Returns
    -------
    Estimates

    Notes
    -----
    OLS, or 2SLS where `spec` names instruments, of the residuals on all fixed effects (Frisch,
    Waugh and Lovell). Small-sample factors: iid and HC1 N/(N-K); clustered G/(G-1) (N-1)/(N-K)
    with K = slopes + rank of the constant and the effects not nested in the cluster.

    Raises
    ------
    EconError
        A subclass that names the column or term: missing column, text, empty sample, too few
        rows or clusters, no variation.
    """
    import pandas as pd
    from scipy import stats

    design = build(spec, frame)
    fit = _Fit(design)
    covariance = str(spec.covariance)
    terms = fit.terms
    params = pd.Series(fit.params, index=terms, name="estimate")
    matrix = fit.covariance(covariance)
    vcov = pd.DataFrame(matrix, index=terms, columns=terms)
    std_errors = pd.Series(np.sqrt(np.diag(matrix)), index=terms, name="std_error")
    slopes = len(design.terms)
    df_resid = design.n - design.parameters(slopes)
    df_t = (design.sample.n_clusters or 0) - 1 if covariance == "clustered" else df_resid
    with np.errstate(divide="ignore", invalid="ignore"):
        t_stats = (params / std_errors).rename("t_stat")
    p_values = pd.Series(2 * stats.t.sf(np.abs(t_stats), df_t), index=terms, name="p_value")
    y = design.sample.columns([spec.outcome])[:, 0]
    rss = float(fit.residuals @ fit.residuals)
    return Estimates(
        spec=spec,
        params=params,
        std_errors=std_errors,
        t_stats=t_stats,
        p_values=p_values,
        vcov=vcov,
        nobs=design.n,
        n_clusters=design.sample.n_clusters,
        df_resid=df_resid,
        df_t=df_t,
        r2=1 - rss / float(np.sum((y - y.mean()) ** 2)),
        r2_within=1 - rss / float(design.y @ design.y),
        outcome_mean=float(y.mean()),
        dropped=design.sample.dropped,
        absorbed=design.absorbed,
        residuals=pd.Series(fit.residuals, index=design.sample.rows, name="residual"),
        _errors=partial(_errors, design, fit),
        _first_stage=partial(_first_stage, design, fit),
        _kleibergen_paap_f=partial(_kleibergen_paap, design, fit),
    )


class _Fit:
    """One linearmodels model on standardised columns, mapped back to the original units."""

    def __init__(self, design: Design) -> None:
        from linearmodels.iv import IV2SLS

        self.design = design
        self.constant = not design.spec.fixed_effects
        self.y_scale = _rms(design.y[:, None])[0]
        self.x_scale = _rms(design.regressors)
        endogenous = design.endogenous / _rms(design.endogenous)
        exogenous = design.exogenous / _rms(design.exogenous)
        if self.constant:
            exogenous = np.hstack([exogenous, np.ones((design.n, 1))])
        self.instruments = design.instruments / _rms(design.instruments)
        self.model = IV2SLS(
            design.y / self.y_scale,
            exogenous if exogenous.shape[1] else None,
            endogenous if endogenous.shape[1] else None,
            self.instruments if self.instruments.shape[1] else None,
        )
        self.columns = exogenous.shape[1] + endogenous.shape[1]
        # linearmodels puts exogenous columns first; ours stand endogenous first, constant last
        n_x, n_d = len(design.exogenous_names), len(design.spec.endogenous)
        order = [*range(n_x + self.constant, self.columns), *range(n_x)]
        self.order = [*order, n_x] if self.constant else order
        assert len(self.order) == n_x + n_d + self.constant
        self._results: dict[str, Any] = {}
        standard = np.asarray(self.result("iid").params)[self.order]
        self.back = self._back_transformation()
        self.params = self.back @ standard
        if self.constant:
            self.params[-1] += self.design.sample.columns([design.spec.outcome]).mean()
        slopes = self.params[: len(design.terms)]
        self.residuals: Floats = design.y - design.regressors @ slopes

    @property
    def terms(self) -> list[str]:
        return [*self.design.terms, *([INTERCEPT] if self.constant else [])]

    def result(self, kind: str) -> Any:
        """The linearmodels result under "iid", "robust" or "clustered" errors."""
        if kind not in self._results:
            config: dict[str, Any] = {"debiased": True, "extra_df": self.extra_df(kind)}
            if kind == "clustered":
                config["clusters"] = self.design.sample.cluster
            with warnings.catch_warnings():
                # R2 of a model without constant and F at G - 1 are not read from linearmodels
                warnings.simplefilter("ignore")
                self._results[kind] = self.model.fit(cov_type=_COV_TYPE[kind], **config)
        return self._results[kind]

    def extra_df(self, kind: str) -> int:
        """Parameters that linearmodels does not see: effects and constant, absorbed."""
        sample = self.design.sample
        used = effect_parameters(sample.effects, sample.cluster if kind == "clustered" else None)
        return used - int(self.constant)

    def covariance(self, kind: str) -> Floats:
        """Covariance of `params` in original units."""
        standard = np.asarray(self.result(kind).cov)[np.ix_(self.order, self.order)]
        matrix: Floats = self.back @ standard @ self.back.T
        return matrix

    def _back_transformation(self) -> Floats:
        scale = self.y_scale / self.x_scale
        if not self.constant:
            return np.diag(scale)
        back = np.diag(np.append(scale, self.y_scale))
        means = self.design.sample.columns(self.design.terms).mean(axis=0)
        back[-1, :-1] = -means * scale
        return back


def _errors(design: Design, fit: _Fit) -> pd.DataFrame:
    import pandas as pd

    kinds = ["iid", "robust"]
    if design.sample.n_clusters is not None and design.sample.n_clusters > 1:
        kinds.append("clustered")
    found = {kind: np.sqrt(np.diag(fit.covariance(kind))) for kind in kinds}
    return pd.DataFrame(found, index=fit.terms)


def _first_stage(design: Design, fit: _Fit) -> FirstStage | None:
    import pandas as pd

    spec = design.spec
    if not spec.endogenous:
        return None
    covariance = str(spec.covariance)
    params, errors, wald = {}, {}, {}
    for name in spec.endogenous:
        equation = _auxiliary(design, name)
        covs = equation.covariance(covariance)
        params[name] = pd.Series(equation.params, index=equation.terms)
        errors[name] = pd.Series(np.sqrt(np.diag(covs)), index=equation.terms)
        wald[name] = _joint_f(design, equation, covs)
    reduced = _auxiliary(design, spec.outcome)
    q = len(design.instrument_names)
    reduced_se = np.sqrt(np.diag(reduced.covariance(covariance)))[:q]
    single = len(spec.endogenous) == 1
    first = spec.endogenous[0]
    f_statistics = pd.Series(wald, dtype="float64")
    f_first = None if np.isnan(f_statistics[first]) else float(f_statistics[first])
    tests = _overidentification(design, fit, covariance)
    effective, critical = weak_instruments.effective_f(design, covariance) if single else (None, {})
    return FirstStage(
        params=params[first] if single else pd.DataFrame(params),
        std_errors=errors[first] if single else pd.DataFrame(errors),
        f_statistic=f_first,
        f_statistics=f_statistics,
        kleibergen_paap_f=_kleibergen_paap(design, fit),
        cragg_donald_f=_rank_f(design, fit, "iid"),
        effective_f=effective,
        effective_f_critical=critical,
        partial_r2=weak_instruments.partial_r2(design),
        reduced_form=pd.DataFrame(
            {"estimate": reduced.params[:q], "std_error": reduced_se},
            index=list(design.instrument_names),
        ),
        **tests,
    )


def _auxiliary(design: Design, outcome: str) -> _Fit:
    """OLS of `outcome` (an endogenous regressor or the outcome) on instruments and controls."""
    from dataclasses import replace

    spec = design.spec
    y = (
        design.y
        if outcome == spec.outcome
        else design.endogenous[:, spec.endogenous.index(outcome)]
    )
    equation = Specification(
        outcome=outcome,
        regressors=(*design.instrument_names, *design.exogenous_names),
        fixed_effects=spec.fixed_effects,
        cluster=spec.cluster,
        covariance=spec.covariance,
    )
    return _Fit(
        replace(
            design,
            spec=equation,
            y=y,
            endogenous=np.empty((design.n, 0)),
            exogenous=design.all_instruments,
            instruments=np.empty((design.n, 0)),
            exogenous_names=(*design.instrument_names, *design.exogenous_names),
            instrument_names=(),
        )
    )


def _joint_f(design: Design, equation: _Fit, covariance: Floats) -> float:
    """Wald / q of the excluded instruments; NaN beyond the rank of a clustered covariance, and
    infinite where the equation fits exactly: what rounding leaves of its residuals is no variance.
    """
    q = len(design.instrument_names)
    residual, y = norms(np.column_stack([equation.residuals, equation.design.y]))
    if residual <= RELATIVE_ZERO * y:
        return float("inf")
    if design.spec.covariance == "clustered" and q > (design.sample.n_clusters or 0) - 1:
        return float("nan")
    pi, block = equation.params[:q], covariance[:q, :q]
    scale = np.sqrt(np.diag(block))
    correlation = block / np.outer(scale, scale)
    return float((pi / scale) @ np.linalg.solve(correlation, pi / scale) / q)


def _kleibergen_paap(design: Design, fit: _Fit) -> float | None:
    covariance = str(design.spec.covariance)
    clusters = design.sample.n_clusters or 0
    if not design.spec.endogenous:
        return None
    if covariance == "clustered" and len(design.instrument_names) > clusters - 1:
        return None
    value = _rank_f(design, fit, covariance)
    return None if np.isnan(value) else value


def _rank_f(design: Design, fit: _Fit, kind: str) -> float:
    """linearmodels' rank F with the degrees of freedom of absorbed effects put back."""
    if len(design.spec.endogenous) == 1 and weak_instruments.fits_exactly(design):
        return float("inf")
    with warnings.catch_warnings():
        # the LM version warns of its own rank, which is not what is read here
        warnings.simplefilter("ignore")
        stage = fit.result(kind).first_stage
        value = stage.cragg_donald_f if kind == "iid" else stage.kleibergen_paap_f
    seen = len(design.instrument_names) + len(design.exogenous_names) + int(fit.constant)
    hidden = fit.extra_df(kind)
    return float(value) * (design.n - seen - hidden) / (design.n - seen)


def _overidentification(design: Design, fit: _Fit, covariance: str) -> dict[str, Any]:
    from linearmodels.iv import IVGMM

    q, k = len(design.instrument_names), len(design.spec.endogenous)
    if q == k:
        return {}
    result = fit.result("iid")
    tests: dict[str, Any] = {}
    for name in ("sargan", "basmann"):
        found = getattr(result, name)
        statistic = float(found.stat)
        if name == "basmann":
            seen = q + len(design.exogenous_names) + int(fit.constant)
            statistic *= (design.n - seen - fit.extra_df("iid")) / (design.n - seen)
        tests[name] = _chi2(statistic, q - k)
    if covariance == "clustered" and q >= (design.sample.n_clusters or 0):
        return tests  # the weight matrix of two-step GMM would be singular
    # controls partialled out leave J as it is, and moments of the instruments alone (Baum, Schaffer
    # and Stillman 2007, `partial` of ivreg2): with the controls' they may be more than clusters
    columns = np.column_stack([design.y, design.endogenous, design.instruments])
    columns = partial_out(columns, design.exogenous)
    columns = columns / _rms(columns)
    config = {"clusters": design.sample.cluster} if covariance == "clustered" else {}
    gmm: Any = IVGMM(
        columns[:, 0],
        None,
        columns[:, 1 : 1 + k],
        columns[:, 1 + k :],
        weight_type=_COV_TYPE[covariance],
        **config,
    ).fit(iter_limit=2)
    tests["hansen_j"] = _chi2(float(gmm.j_stat.stat), q - k)
    return tests


def _chi2(statistic: float, df: int) -> TestStatistic:
    from scipy import stats

    return TestStatistic(statistic, df, float(stats.chi2.sf(statistic, df)))


def _rms(columns: Floats) -> Floats:
    rms: Floats = np.sqrt(np.mean(columns**2, axis=0))
    return rms
