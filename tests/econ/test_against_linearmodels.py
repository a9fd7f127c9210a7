"""Agreement with linearmodels' own panel estimator and with loops over single fits."""

import numpy as np
import pandas as pd
import pytest
from random_panels import panel

from dti_assets.econ import Specification, estimate, mediation
from dti_assets.econ.inference.jackknife import jackknife
from dti_assets.errors import NoVariation, TooFewRows

OLS = Specification("y", ("d", "x1", "x2"), fixed_effects=("unit", "time"), cluster="unit")
IV = Specification("y", ("x1", "x2"), "d", "z", fixed_effects=("unit", "time"), cluster="unit")


def test_errors_and_within_r2_are_those_of_panel_ols():
    from linearmodels import PanelOLS

    frame = panel(1, units=31, periods=14)
    indexed = frame.set_index(["unit", "time"])
    result = estimate(OLS, frame)
    years = pd.get_dummies(indexed.index.get_level_values(1), drop_first=True, dtype=float)
    x = pd.concat([indexed[["d", "x1", "x2"]], years.set_index(indexed.index)], axis=1)
    reference = PanelOLS(indexed["y"], x.assign(constant=1.0), entity_effects=True).fit(
        cov_type="clustered", cluster_entity=True, group_debias=True
    )
    terms = ["d", "x1", "x2"]
    np.testing.assert_allclose(result.params, reference.params[terms], rtol=1e-9)
    np.testing.assert_allclose(result.std_errors, reference.std_errors[terms], rtol=1e-9)
    assert result.df_resid == 434 - (3 + 13 + 1)
    two_way = PanelOLS(indexed["y"], indexed[terms], entity_effects=True, time_effects=True).fit()
    assert result.r2_within == pytest.approx(two_way.rsquared, rel=1e-9)


def test_first_stage_f_counts_what_is_absorbed():
    """Kleibergen-Paap F from explicit dummies, where linearmodels sees every column."""
    from linearmodels.iv import IV2SLS

    frame = panel(2, units=20, periods=6)
    spec = IV.with_(instruments=("z", "z2"), covariance="robust", fixed_effects=("time",))
    years = pd.get_dummies(frame["time"], drop_first=True, dtype=float)
    exogenous = pd.concat([frame[["x1", "x2"]], years], axis=1).assign(constant=1.0)
    exogenous.columns = exogenous.columns.astype(str)
    reference = IV2SLS(frame["y"], exogenous, frame[["d"]], frame[["z", "z2"]]).fit(
        cov_type="robust", debiased=True
    )
    ours = estimate(spec, frame)
    stage = ours.first_stage
    assert stage.kleibergen_paap_f == pytest.approx(reference.first_stage.kleibergen_paap_f)
    assert stage.cragg_donald_f == pytest.approx(reference.first_stage.cragg_donald_f)
    assert stage.sargan.statistic == pytest.approx(float(reference.sargan.stat))
    assert stage.basmann.statistic == pytest.approx(float(reference.basmann.stat))
    assert ours.std_errors["d"] == pytest.approx(reference.std_errors["d"])


def _with_instruments(frame, controls):
    """Further instruments z3, z4 and controls c0, c1, ..."""
    rng = np.random.default_rng(11)
    more = {f"c{j}": rng.normal(size=len(frame)) for j in range(controls)}
    return frame.assign(z3=frame["d"] + rng.normal(size=len(frame)), **more)


def _explicit(frame, names):
    """Effects as dummies and the named columns."""
    dummies = pd.get_dummies(frame[["unit", "time"]].astype(str), dtype=float)
    return np.hstack([dummies, frame[list(names)]])


@pytest.mark.parametrize("covariance", ["robust", "clustered", "iid"])
def test_hansens_j_is_that_of_all_moments(covariance):
    """Where clusters are many, controls need not be partialled out: linearmodels with dummies."""
    from linearmodels.iv import IVGMM

    frame = _with_instruments(panel(2, units=30, periods=6), 2)
    controls, instruments = ("x1", "x2", "c0", "c1"), ("z", "z2", "z3")
    spec = Specification("y", controls, "d", instruments, ("time",), "unit", covariance)
    years = pd.get_dummies(frame["time"].astype(str), dtype=float)
    exogenous = pd.concat([years, frame[list(controls)]], axis=1)
    weights = {"iid": "unadjusted"}.get(covariance, covariance)
    config = {"clusters": frame["unit"].astype("category").cat.codes} if weights[0] == "c" else {}
    reference = IVGMM(
        frame["y"], exogenous, frame["d"], frame[list(instruments)], weight_type=weights, **config
    ).fit(iter_limit=2)
    found = estimate(spec, frame).first_stage.hansen_j
    assert found.statistic == pytest.approx(float(reference.j_stat.stat), rel=1e-8)
    assert found.df == 2 and found.p_value == pytest.approx(float(reference.j_stat.pval), rel=1e-8)


def test_hansens_j_where_moments_are_more_than_clusters():
    """Controls partialled out by least squares; two-step GMM written out."""
    frame = _with_instruments(panel(2, units=8, periods=12), 7)
    controls = ("x1", "x2", *(f"c{j}" for j in range(7)))
    instruments = ["z", "z2", "z3"]
    spec = Specification("y", controls, "d", tuple(instruments), ("unit", "time"), "unit")
    w = _explicit(frame, controls)
    left = frame[["y", "d", *instruments]].to_numpy()
    left = left - w @ np.linalg.lstsq(w, left, rcond=None)[0]
    y, d, z = left[:, 0], left[:, 1], left[:, 2:]
    n = len(frame)

    def gmm(weight):
        b = (d @ z @ weight @ z.T @ y) / (d @ z @ weight @ z.T @ d)
        return y - b * d

    u = gmm(np.linalg.inv(z.T @ z / n))
    scores = np.stack([z[r].T @ u[r] for r in frame.groupby("unit").indices.values()])
    optimal = np.linalg.inv(scores.T @ scores / n)
    moments = z.T @ gmm(optimal) / n
    found = estimate(spec, frame).first_stage.hansen_j
    assert found.statistic == pytest.approx(n * moments @ optimal @ moments, rel=1e-8)
    assert found.df == 2
    # as many instruments as clusters: whatever the data, J would be the number of clusters
    three = frame[frame["unit"].isin(["u00", "u01", "u02"])]
    few = estimate(spec.with_(regressors=("x1",)), three).first_stage
    assert few.hansen_j is None and few.sargan is not None


@pytest.mark.parametrize("missing", [0.0, 0.15])
@pytest.mark.parametrize("spec", [OLS, IV], ids=["ols", "2sls"])
def test_jackknife_equals_a_loop(spec, missing):
    frame = panel(3, units=10, periods=6, missing=missing)
    found = jackknife(spec, frame)
    whole = estimate(spec, frame).params
    loop = {u: estimate(spec, frame[frame["unit"] != u]) for u in sorted(frame["unit"].unique())}
    for unit, fit in loop.items():
        np.testing.assert_allclose(found.estimates.loc[unit], fit.params, rtol=1e-8)
        if spec is IV:
            assert found.first_stage_f[unit] == pytest.approx(fit.first_stage.f_statistic)
    deviations = np.stack([fit.params - whole for fit in loop.values()])
    crv3 = np.sqrt(9 / 10 * np.sum(deviations**2, axis=0))
    np.testing.assert_allclose(found.std_errors, crv3, rtol=1e-8)
    if spec is IV:
        pi = estimate(IV, frame).first_stage.params["z"]
        steps = np.array([fit.first_stage.params["z"] - pi for fit in loop.values()])
        assert found.jackknife_f == pytest.approx(pi**2 / (9 / 10 * np.sum(steps**2)))
        assert found.smallest_f == pytest.approx(
            min(fit.first_stage.f_statistic for fit in loop.values())
        )


@pytest.mark.parametrize(
    ("spec", "changes", "unidentified"),
    [
        (OLS, {"d": "u00"}, {"u00": {"d"}}),
        (OLS, {"x2": "u03"}, {"u03": {"x2"}}),
        (IV, {"z": "u02"}, {"u02": {"d", "x1", "x2"}}),
        (IV, {"x1": "u05"}, {"u05": {"x1"}}),
        (OLS.with_(fixed_effects=("unit",)), {"x1": "u01", "d": "u01"}, {"u01": {"d", "x1"}}),
    ],
)
def test_jackknife_has_no_slope_where_the_rest_does_not_identify_it(spec, changes, unidentified):
    frame = panel(5, units=10, periods=6)
    for name, unit in changes.items():
        frame[name] = frame[name].where(frame["unit"] == unit, 0.0)
    found = jackknife(spec, frame)
    every = set().union(*unidentified.values())
    assert set(found.std_errors.index[found.std_errors.isna()]) == every
    assert set(found.why_none.dropna().index) == every
    for unit in sorted(frame["unit"].unique()):
        gone = unidentified.get(unit, set())
        row, why = found.estimates.loc[unit], found.reasons.loc[unit]
        assert set(row.index[row.isna()]) == set(why.index[why.notna()]) == gone
        assert why.dropna().str.contains("has no variation left").all()
        try:
            fit = estimate(spec, frame[frame["unit"] != unit])
        except NoVariation:
            assert spec.endogenous and set(spec.endogenous) <= gone
            continue
        # what is left is what an estimate without the unit gives, the absorbed terms apart
        assert gone == set(row.index) - set(fit.params.index)
        np.testing.assert_allclose(row.drop(list(gone)), fit.params, rtol=1e-8)


def test_jackknife_has_no_slope_on_as_many_rows_as_parameters():
    frame = panel(5, units=3, periods=3)
    spec = OLS.with_(regressors=("d", "x1"))
    with pytest.raises(TooFewRows, match="6 rows cannot identify 6 parameters"):
        estimate(spec, frame[frame["unit"] != "u00"])
    found = jackknife(spec, frame)
    assert found.estimates.isna().all(axis=None)
    assert (found.reasons == "6 rows cannot identify 6 parameters").all(axis=None)
    assert found.std_errors.isna().all()


@pytest.mark.parametrize("effect", [0.0, 1.0, 10.0, 100.0])
def test_crv3_is_none_where_a_deletion_leaves_no_coefficient(effect):
    frame = panel(5, units=10, periods=6)
    frame["d"] = frame["d"].where(frame["unit"] == "u04", 0.0)
    frame["y"] += effect * frame["d"]
    found = jackknife(OLS, frame)
    assert np.isnan(found.std_errors["d"])
    assert found.why_none["d"] == (
        "no CRV3 error: without u04 the regressor has no variation left, given controls and effects"
    )
    # the other slopes have an estimate without every unit, literally deleted
    whole = estimate(OLS, frame).params
    loop = [estimate(OLS, frame[frame["unit"] != u]).params for u in sorted(set(frame["unit"]))]
    for term in ("x1", "x2"):
        crv3 = np.sqrt(9 / 10 * sum((fit[term] - whole[term]) ** 2 for fit in loop))
        assert found.std_errors[term] == pytest.approx(crv3, rel=1e-9)
        assert found.why_none[term] is None


def test_the_jackknife_f_is_none_where_a_deletion_leaves_no_first_stage():
    frame = panel(5, units=10, periods=6)
    spec = IV.with_(instruments=("z", "z2"))
    assert jackknife(spec, frame).jackknife_f is not None
    frame["z2"] = frame["z2"].where(frame["unit"] == "u04", 0.0)
    found = jackknife(spec, frame)
    assert found.estimates["d"].notna().all() and found.jackknife_f is None
    assert found.no_jackknife_f.startswith("no jackknife F: without u04 a regressor or instrument")


@pytest.mark.parametrize("share", [1e-2, 1e-5, 1e-7])
@pytest.mark.parametrize("spec", [OLS, IV], ids=["ols", "2sls"])
def test_a_deletion_that_leaves_little_variation_is_exact(spec, share):
    frame = panel(5, units=10, periods=6)
    name = "z" if spec is IV else "d"
    frame[name] = frame[name].where(frame["unit"] == "u04", share * frame[name])
    found = jackknife(spec, frame)
    fit = estimate(spec, frame[frame["unit"] != "u04"])
    np.testing.assert_allclose(found.estimates.loc["u04"], fit.params, rtol=1e-7)
    if spec is IV:
        assert found.first_stage_f["u04"] == pytest.approx(fit.first_stage.f_statistic, rel=1e-6)


def test_jackknife_has_no_first_stage_f_on_five_clusters():
    for units, known in ((6, False), (7, True)):
        found = jackknife(IV, panel(5, units=units, periods=6))
        assert found.first_stage_f.notna().all() == known
        assert (found.smallest_f is not None) == known


def test_bootstrap_of_whole_units_equals_a_loop():
    """The batched draws are those of stacking relabelled copies and estimating each time."""
    frame = panel(6, units=7, periods=5)
    draws = 12
    units = sorted(frame["unit"].unique())
    picks = np.random.default_rng(3).integers(0, 7, size=(draws, 7))
    effects = []
    for row in picks:
        copies = [frame[frame["unit"] == units[i]].assign(unit=f"c{j}") for j, i in enumerate(row)]
        stacked = pd.concat(copies, ignore_index=True)
        base = Specification("m", ("d", "x1"), fixed_effects=("unit", "time"))
        a = estimate(base, stacked).params["d"]
        b = estimate(base.with_(outcome="y", regressors=("d", "m", "x1")), stacked).params["m"]
        effects.append(a * b)
    found = mediation(frame, "d", "m", "y", ("x1",), ("unit", "time"), "unit", draws=draws, seed=3)
    assert found.conf_int == pytest.approx(tuple(np.quantile(effects, [0.025, 0.975])), rel=1e-8)
    assert found.draws_used == draws
