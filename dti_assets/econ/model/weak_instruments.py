"""How strong the instruments are: effective F, its critical values, tF, leverage, plain words.

Anderson-Rubin sets are in `anderson_rubin`; leave-one-out F statistics in `jackknife`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dti_assets.econ.model.design import Design, build
from dti_assets.econ.model.projection import RELATIVE_ZERO, cluster_sums, norms, partial_out
from dti_assets.econ.model.results import Estimates
from dti_assets.econ.model.specification import Specification
from dti_assets.errors import SpecificationError

if TYPE_CHECKING:
    import pandas as pd


BIASES = (0.05, 0.10, 0.20, 0.30)

# Lee, McCrary, Moreira and Porter (2022), Table 3a: F and the critical value that replaces 1.96
# for a 5 % test; each row is one step of c down to 1.96
_TF_F = np.fromstring(
    """4.000 4.008 4.015 4.023 4.031 4.040 4.049 4.059 4.068 4.079 4.090 4.101 4.113 4.125 4.138
    4.151 4.166 4.180 4.196 4.212 4.229 4.247 4.265 4.285 4.305 4.326 4.349 4.372 4.396 4.422
    4.449 4.477 4.507 4.538 4.570 4.604 4.640 4.678 4.717 4.759 4.803 4.849 4.897 4.948 5.002
    5.059 5.119 5.182 5.248 5.319 5.393 5.472 5.556 5.644 5.738 5.838 5.944 6.056 6.176 6.304
    6.440 6.585 6.741 6.907 7.085 7.276 7.482 7.702 7.940 8.196 8.473 8.773 9.098 9.451 9.835
    10.253 10.711 11.214 11.766 12.374 13.048 13.796 14.631 15.566 16.618 17.810 19.167 20.721
    22.516 24.605 27.058 29.967 33.457 37.699 42.930 49.495 57.902 68.930 83.823 104.67""",
    sep=" ",
)
_TF_C = np.fromstring(
    """18.656 18.236 17.826 17.425 17.033 16.649 16.275 15.909 15.551 15.201 14.859 14.524 14.197
    13.878 13.566 13.260 12.962 12.670 12.385 12.107 11.834 11.568 11.308 11.053 10.804 10.561
    10.324 10.091 9.864 9.642 9.425 9.213 9.006 8.803 8.605 8.412 8.222 8.037 7.856 7.680 7.507
    7.338 7.173 7.011 6.854 6.699 6.549 6.401 6.257 6.117 5.979 5.844 5.713 5.584 5.459 5.336
    5.216 5.098 4.984 4.872 4.762 4.655 4.550 4.448 4.348 4.250 4.154 4.061 3.969 3.880 3.793
    3.707 3.624 3.542 3.463 3.385 3.309 3.234 3.161 3.090 3.021 2.953 2.886 2.821 2.758 2.696
    2.635 2.576 2.518 2.461 2.406 2.352 2.299 2.247 2.197 2.147 2.099 2.052 2.006 1.96""",
    sep=" ",
)
NORMAL_95 = 1.959963984540054
_TF_POLE = NORMAL_95**2


def effective_f(design: Design, covariance: str) -> tuple[float, dict[float, float]]:
    """Effective first-stage F and its 5 % critical values by worst-case bias.

    F_eff = pi'Q pi / tr(V_pi Q) with Q = Z'Z, Z residualised on controls and effects and V_pi the
    covariance of the first-stage coefficients (Montiel Olea and Pflueger 2013). Critical values
    are those of the paper's simplified procedure with x = 1/tau and Patnaik's approximation;
    with one instrument 37.42, 23.11, 15.06, 12.05 for 5, 10, 20, 30 % of the worst-case bias.
    """
    from scipy import stats

    # an orthonormal basis of the residualised instruments makes Q the identity
    z = np.linalg.qr(partial_out(design.instruments, design.exogenous))[0]
    d = partial_out(design.endogenous[:, :1], design.exogenous)[:, 0]
    pi = z.T @ d
    v = d - z @ pi
    slopes = z.shape[1] + design.exogenous.shape[1]
    factor = design.small_sample_factor(slopes, covariance)
    exact = fits_exactly(design)
    if exact:
        w = np.eye(z.shape[1])  # of variances all alike, however small
    elif covariance == "iid":
        w = factor * float(v @ v) / design.n * np.eye(z.shape[1])
    else:
        scores = z * v[:, None]
        if covariance == "clustered":
            assert design.sample.cluster is not None
            scores = cluster_sums(scores, design.sample.cluster)
        w = factor * scores.T @ scores
    trace = float(np.trace(w))
    critical = {}
    largest = float(np.linalg.eigvalsh(w)[-1])
    for tau in BIASES:
        x = 1 / tau
        top = trace**2 * (1 + 2 * x)
        k = top / (float(np.trace(w @ w)) + 2 * x * trace * largest)
        critical[tau] = float(stats.ncx2.ppf(0.95, k, x * k) / k)
    return float("inf") if exact else float(pi @ pi) / trace, critical


def fits_exactly(design: Design) -> bool:
    """Whether instruments and controls leave nothing but rounding of the first endogenous
    regressor: the first stage is perfect, its F infinite."""
    d = design.endogenous[:, :1]
    left = partial_out(d, design.all_instruments)
    return bool(norms(left)[0] <= RELATIVE_ZERO * norms(d)[0])


def partial_r2(design: Design) -> float:
    """R2 of the first endogenous regressor on the instruments, both residualised on controls."""
    z = np.linalg.qr(partial_out(design.instruments, design.exogenous))[0]
    d = partial_out(design.endogenous[:, :1], design.exogenous)[:, 0]
    return float(np.sum((z.T @ d) ** 2) / (d @ d))


def tf_critical_value(f_statistic: float) -> float:
    """c(F): what replaces 1.96 in a 5 % t-test of a just-identified 2SLS coefficient.

    Infinite for F <= 3.8415; linear interpolation in Table 3a of Lee, McCrary, Moreira and Porter
    (2022, AER 112(10)) from 4 to 104.67; 1.96 above. Between 3.8415 and 4, where the table is
    silent, c is continued in proportion to (F - 3.8415)^(-1/2), the form its first rows follow.
    """
    if not f_statistic > _TF_POLE:
        return float("inf")
    if f_statistic < _TF_F[0]:
        return float(_TF_C[0] * np.sqrt((_TF_F[0] - _TF_POLE) / (f_statistic - _TF_POLE)))
    return float(np.interp(f_statistic, _TF_F, _TF_C))


def tf_interval(result: Estimates, level: float = 0.95) -> tuple[float, float]:
    """tF interval of a 2SLS coefficient: estimate -/+ c times its standard error.

    c is c(F), but at least the t quantile of the usual interval: c(F) replaces the normal 1.96,
    and with few clusters a large F would else make the interval narrower than the usual one.

    Parameters
    ----------
    result : a 2SLS estimate with one endogenous regressor and one instrument.
    level : 0.95; the method is tabulated for 5 % tests (and 1 %, not shipped) only.

    Returns
    -------
    (lower, upper), both infinite where F <= 3.84: the data cannot bound the effect. An infinite F,
    that of a perfect first stage, leaves the usual interval.

    Raises
    ------
    SpecificationError
        Without an instrument, with several, or at another level.

    Reference: Lee, McCrary, Moreira and Porter (2022), "Valid t-ratio inference for IV", AER.
    """
    from scipy import stats

    spec = result.spec
    if result.first_stage is None:
        raise SpecificationError("a tF interval needs an instrumental-variable estimate")
    if len(spec.endogenous) != 1 or len(result.first_stage.reduced_form) != 1:
        raise SpecificationError(
            "the tF interval is defined for one endogenous regressor and one instrument"
        )
    if abs(level - 0.95) > 1e-12:
        raise SpecificationError(f"the tF interval is tabulated at level 0.95, not {level!r}")
    term = spec.endogenous[0]
    usual = float(stats.t.ppf(0.5 + level / 2, result.df_t))
    c = max(tf_critical_value(float(result.first_stage.f_statistic or 0.0)), usual)
    centre, error = float(result.params[term]), float(result.std_errors[term])
    if np.isinf(c):
        return (float("-inf"), float("inf"))
    return (centre - c * error, centre + c * error)


def instrument_leverage(spec: Specification, frame: pd.DataFrame) -> pd.DataFrame:
    """Each cluster's share of the instrument's variation given controls and effects.

    share_g = sum of squared residualised instrument in g / total. Returns a frame with `cluster`,
    `share`, sorted from the largest; `frame.attrs["effective_clusters"]` is 1 / sum share^2
    (the inverse Herfindahl index): how many clusters the first stage really rests on.
    """
    import pandas as pd

    if not spec.instruments or spec.cluster is None:
        raise SpecificationError("leverage shares need an instrument and a cluster")
    design = build(spec, frame, "clustered")
    z = partial_out(design.instruments[:, :1], design.exogenous)
    assert design.sample.cluster is not None
    sums = cluster_sums(z**2, design.sample.cluster)[:, 0]
    shares = sums / sums.sum()
    out = pd.DataFrame({"cluster": list(design.sample.cluster_labels), "share": shares})
    out = out.sort_values("share", ascending=False, kind="stable", ignore_index=True)
    out.attrs["effective_clusters"] = float(1 / np.sum(shares**2))
    return out
