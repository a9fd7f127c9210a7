"""Identities that hold for any data: each would catch a whole class of mistakes."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from random_panels import panel
from scipy import stats

from dti_assets.econ import (
    Specification,
    anderson_rubin_set,
    estimate,
    mediation,
    tf_interval,
    wild_cluster_test,
)
from dti_assets.econ.model.projection import effect_parameters

OLS = Specification("y", ("d", "x1", "x2"), fixed_effects=("unit", "time"), cluster="unit")
IV = Specification("y", ("x1", "x2"), "d", "z", fixed_effects=("unit", "time"), cluster="unit")
seeds = st.integers(0, 10_000)
quick = settings(max_examples=15, deadline=None, derandomize=True)


def dummies(frame):
    """Explicit dummies of both effects, with a constant."""
    return np.hstack(
        [
            np.ones((len(frame), 1)),
            pd.get_dummies(frame["unit"], drop_first=True, dtype=float),
            pd.get_dummies(frame["time"], drop_first=True, dtype=float),
        ]
    )


@quick
@given(seeds, st.sampled_from([0.0, 0.25]))
def test_two_way_demeaning_equals_dummies(seed, missing):
    frame = panel(seed, units=9, periods=6, missing=missing)
    result = estimate(OLS, frame)
    assume(len(result.dropped) == 0)
    x = np.hstack([frame[["d", "x1", "x2"]], dummies(frame)])
    beta = np.linalg.lstsq(x, frame["y"].to_numpy(), rcond=None)[0]
    np.testing.assert_allclose(result.params, beta[:3], rtol=1e-8, atol=1e-10)
    residual = frame["y"].to_numpy() - x @ beta
    bread = np.linalg.pinv(x.T @ x)
    scores = np.stack(
        [x[rows].T @ residual[rows] for rows in frame.groupby("unit").indices.values()]
    )
    g, n, k = frame["unit"].nunique(), len(frame), 3 + frame["time"].nunique()
    factor = g / (g - 1) * (n - 1) / (n - k)
    vcov = factor * bread @ scores.T @ scores @ bread
    np.testing.assert_allclose(result.std_errors, np.sqrt(np.diag(vcov)[:3]), rtol=1e-8)
    hc1 = bread @ (x * (residual**2)[:, None]).T @ x @ bread * n / (n - x.shape[1])
    np.testing.assert_allclose(result.errors["robust"], np.sqrt(np.diag(hc1)[:3]), rtol=1e-8)
    iid = bread * (residual @ residual) / (n - x.shape[1])
    np.testing.assert_allclose(result.errors["iid"], np.sqrt(np.diag(iid)[:3]), rtol=1e-8)


def place(frame, seed=0):
    """Effects of many kinds: nested, crossed, finer, and of unconnected blocks."""
    rng = np.random.default_rng(seed)
    unit = frame["unit"].str[1:].astype(int)
    frame = frame.assign(region=unit // 3, area=unit // 6, half=unit % 2)
    frame["region_time"] = frame["region"] * 100 + frame["time"] - 2000
    frame["half_time"] = frame["half"] * 100 + frame["time"] - 2000
    frame["sector"] = rng.integers(0, 5, size=len(frame))
    # levels that meet levels of `half` alone: two blocks
    frame["other"] = 10 * frame["half"] + rng.integers(0, 3, size=len(frame))
    return frame


@pytest.mark.parametrize(
    "effects",
    [
        ("unit", "region_time", "time"),
        ("region", "time", "region_time"),
        ("unit", "region_time", "half_time"),
        ("sector", "other", "half_time"),
        ("unit", "sector", "time", "half_time", "region"),
        ("half", "other"),
        ("area", "region", "half"),
    ],
)
@pytest.mark.parametrize("cluster", ["unit", "area", "time"])
def test_k_is_the_rank_of_the_dummies_that_are_not_nested(effects, cluster):
    frame = place(panel(4, units=18, periods=6, missing=0.1))
    result = estimate(Specification("y", ("d", "x1"), (), (), effects, cluster), frame)
    used = frame.drop(result.dropped.index)
    counted = [np.ones((len(used), 1))]
    for name in effects:
        if used.groupby(name)[cluster].nunique().max() > 1:
            counted.append(pd.get_dummies(used[name], dtype=float).to_numpy())
    k = 2 + np.linalg.matrix_rank(np.hstack(counted))
    assert result.df_resid == len(used) - k
    everything = [pd.get_dummies(used[name], dtype=float).to_numpy() for name in effects]
    x = np.hstack([used[["d", "x1"]], *everything])
    bread = np.linalg.pinv(x.T @ x)
    residual = used["y"].to_numpy() - x @ (bread @ x.T @ used["y"])
    scores = np.stack([x[r].T @ residual[r] for r in used.groupby(cluster).indices.values()])
    g, n = len(scores), len(used)
    vcov = g / (g - 1) * (n - 1) / (n - k) * bread @ scores.T @ scores @ bread
    np.testing.assert_allclose(result.std_errors, np.sqrt(np.diag(vcov)[:2]), rtol=1e-7)
    iid = residual @ residual / (n - np.linalg.matrix_rank(x)) * bread
    np.testing.assert_allclose(result.errors["iid"], np.sqrt(np.diag(iid)[:2]), rtol=1e-7)


def test_the_rank_of_three_effects_of_many_levels_is_quick():
    import time

    rng = np.random.default_rng(1)
    codes = [rng.integers(0, levels, size=60_000) for levels in (3000, 600, 300)]
    start = time.perf_counter()
    # random meetings leave one redundant level to each effect after the first
    assert effect_parameters([np.unique(c, return_inverse=True)[1] for c in codes]) == 3898
    assert time.perf_counter() - start < 10


@pytest.mark.parametrize("covariance", ["iid", "robust", "clustered"])
@pytest.mark.parametrize("effects", [("unit", "time"), ()])
@pytest.mark.parametrize("controls", [(), ("x1", "x2")])
def test_a_perfect_first_stage_leaves_the_usual_interval(covariance, effects, controls):
    """An instrument that is the regressor itself: 2SLS is OLS, and tF the interval of OLS."""
    frame = panel(3, units=10, periods=6).assign(z=lambda f: f["d"])
    shared = {"fixed_effects": effects, "cluster": "unit", "covariance": covariance}
    result = estimate(Specification("y", controls, "d", "z", **shared), frame)
    ols = estimate(Specification("y", ("d", *controls), **shared), frame)
    stage = result.first_stage
    every = [stage.f_statistic, stage.kleibergen_paap_f, stage.cragg_donald_f, stage.effective_f]
    assert every == [np.inf] * 4
    assert stage.effective_f_critical[0.1] == pytest.approx(23.11, abs=0.005)
    assert tf_interval(result) == pytest.approx(ols.interval("d"), rel=1e-9)


@quick
@given(seeds, st.sampled_from([0.0, 0.25]))
def test_just_identified_2sls_is_reduced_form_over_first_stage_and_liml(seed, missing):
    from linearmodels.iv import IVLIML

    frame = panel(seed, missing=missing)
    result = estimate(IV, frame)
    stage = result.first_stage
    ratio = stage.reduced_form.loc["z", "estimate"] / stage.params["z"]
    assert result.params["d"] == pytest.approx(ratio, rel=1e-9)
    assume(len(result.dropped) == 0)
    exogenous = np.hstack([dummies(frame), frame[["x1", "x2"]]])
    liml = IVLIML(frame["y"].to_numpy(), exogenous, frame[["d"]], frame[["z"]]).fit()
    assert result.params["d"] == pytest.approx(float(liml.params.iloc[-1]), rel=1e-7)
    assert stage.kleibergen_paap_f == pytest.approx(stage.f_statistic, rel=1e-9)
    assert stage.effective_f == pytest.approx(stage.f_statistic, rel=1e-9)


@quick
@given(seeds, st.sampled_from([0.05, 0.5, 1.0, 3.0, 10.0]))
def test_the_tf_interval_is_never_narrower_than_the_usual_one(seed, strength):
    result = estimate(IV, panel(seed, strength=strength))
    low, high = tf_interval(result)
    usual_low, usual_high = result.interval("d")
    slack = 1e-12 * abs(result.params["d"])
    assert low <= usual_low + slack and high >= usual_high - slack


@quick
@given(seeds, st.sampled_from([0.02, 0.15, 0.5, 1.0]), st.sampled_from([0.9, 0.95]))
def test_crv1_set_is_bounded_exactly_when_f_exceeds_its_critical_value(seed, strength, level):
    frame = panel(seed, strength=strength)
    result = estimate(IV, frame)
    found = anderson_rubin_set(IV, frame, level=level, method="crv1")
    critical = stats.f.ppf(level, 1, result.n_clusters - 1)
    assert found.bounded == (result.first_stage.f_statistic > critical)
    assert not found.empty
    assert found.contains(result.params["d"])
    # every finite end of the set is a value at which the Wald test is exactly at its level
    for end in [v for pair in found.intervals for v in pair if np.isfinite(v)]:
        shifted = frame.assign(y=frame["y"] - end * frame["d"])
        reduced = estimate(
            Specification("y", ("z", "x1", "x2"), fixed_effects=("unit", "time"), cluster="unit"),
            shifted,
        )
        assert reduced.p_values["z"] == pytest.approx(1 - level, rel=1e-5)


@quick
@given(seeds, st.sampled_from([0.02, 0.5]), st.sampled_from(["iid", "robust"]))
def test_unclustered_sets_use_n_minus_k_degrees_of_freedom(seed, strength, covariance):
    frame = panel(seed, strength=strength)
    spec = IV.with_(covariance=covariance, cluster=None)
    result = estimate(spec, frame)
    assert result.df_t == 40 - (3 + 8 + 5 - 1)
    found = anderson_rubin_set(spec, frame)
    assert found.method == covariance
    critical = stats.f.ppf(0.95, 1, result.df_t)
    assert found.bounded == (result.first_stage.f_statistic > critical)
    assert found.contains(result.params["d"])
    for end in [v for pair in found.intervals for v in pair if np.isfinite(v)]:
        reduced = spec.with_(regressors=("z", "x1", "x2"), endogenous=(), instruments=())
        shifted = estimate(reduced, frame.assign(y=frame["y"] - end * frame["d"]))
        assert shifted.p_values["z"] == pytest.approx(0.05, rel=1e-5)


@quick
@given(seeds, st.sampled_from([0.1, 1.0]))
def test_wild_set_is_what_the_wild_test_does_not_reject(seed, strength):
    frame = panel(seed, strength=strength)
    found = anderson_rubin_set(IV, frame)
    assert found.contains(estimate(IV, frame).params["d"])
    ends = [v for pair in found.intervals for v in pair if np.isfinite(v)]
    for value in [-3.0, -1.0, 0.0, 0.5, 1.0, 2.0, 8.0]:
        assume(all(abs(value - end) > 1e-6 for end in ends))
        test = wild_cluster_test(IV, frame, "d", null=value)
        assert found.contains(value) == (test.p_value > 0.05)


@quick
@given(seeds)
def test_mediation_adds_up(seed):
    frame = panel(seed, missing=0.1)
    frame.loc[frame.index[::7], "m"] = np.nan  # rows the total equation alone would keep
    result = mediation(frame, "d", "m", "y", ("x1",), ("unit", "time"), cluster="unit", draws=20)
    assert result.total == pytest.approx(result.direct + result.a * result.b, rel=1e-10)
    joint = mediation(
        frame, "d", "m", "y", ("x1",), ("unit", "time"), "unit", 0, other_mediators=("x2",)
    )
    assert joint.total == pytest.approx(
        joint.direct + joint.indirect + sum(joint.others.values()), rel=1e-10
    )


@quick
@given(seeds, st.sampled_from([(), ("x2",), ("x2", "z2")]))
def test_rho_at_zero_is_the_partial_correlation_behind_b(seed, others):
    """A partial correlation is t / sqrt(t^2 + N - K), t the iid ratio of b in the direct equation:
    it is zero exactly where b is, whatever other mediators are held fixed."""
    frame = panel(seed, missing=0.1)
    found = mediation(
        *(frame, "d", "m", "y", ("x1",), ("unit", "time"), "unit"), draws=0, other_mediators=others
    )
    x = np.hstack([frame[["m", "d", "x1", *others]], dummies(frame)])
    bread = np.linalg.pinv(x.T @ x)
    beta = bread @ x.T @ frame["y"].to_numpy()
    residual, df = frame["y"].to_numpy() - x @ beta, len(x) - np.linalg.matrix_rank(x)
    t = beta[0] / np.sqrt(bread[0, 0] * (residual @ residual) / df)
    assert found.b == pytest.approx(beta[0], rel=1e-7)
    assert found.rho_at_zero == pytest.approx(t / np.sqrt(t**2 + df), rel=1e-7)


@quick
@given(seeds, st.floats(-2, 2), st.sampled_from([(), ("x2",)]))
def test_a_share_mediated_is_a_share(seed, effect, others):
    """With an effect of another sign among them, a b over the total is not part of a whole."""
    frame = panel(seed)
    frame["y"] += effect * frame["d"]
    found = mediation(
        *(frame, "d", "m", "y", ("x1",), ("unit", "time"), "unit"), draws=0, other_mediators=others
    )
    parts = [found.indirect, found.direct, *found.others.values()]
    if min(parts) < 0 < max(parts):
        assert found.share_mediated is None
        assert "no share mediated is given" in found.sentence()
        return
    assert found.share_mediated == pytest.approx(found.indirect / found.total, rel=1e-7)
    assert 0 <= found.share_mediated <= 1
    assert f"{100 * found.share_mediated:.0f} % of the total effect" in found.sentence()


@quick
@given(seeds, st.randoms(use_true_random=False))
def test_row_order_changes_nothing(seed, random):
    frame = panel(seed, missing=0.1)
    order = list(range(len(frame)))
    random.shuffle(order)
    shuffled = frame.iloc[order]
    first, second = estimate(IV, frame), estimate(IV, shuffled)
    pd.testing.assert_series_equal(first.params, second.params, check_exact=True)
    pd.testing.assert_frame_equal(first.vcov, second.vcov, check_exact=True)
    sets = [anderson_rubin_set(IV, data, draws=199).intervals for data in (frame, shuffled)]
    assert sets[0] == sets[1]
    indirect = [
        mediation(data, "d", "m", "y", ("x1",), ("unit", "time"), "unit", draws=50).conf_int
        for data in (frame, shuffled)
    ]
    assert indirect[0] == indirect[1]


@quick
@given(seeds, st.sampled_from([1e-6, 0.01, 1e5]), st.sampled_from([1e-4, 1e6]))
def test_rescaling_of_variables(seed, of_d, of_z):
    frame = panel(seed)
    scaled = frame.assign(d=frame["d"] * of_d, z=frame["z"] * of_z, x1=frame["x1"] * 1e7 + 1e6)
    first, second = estimate(IV, frame), estimate(IV, scaled)
    assert second.params["d"] * of_d == pytest.approx(first.params["d"], rel=1e-7)
    assert second.t_stats["d"] == pytest.approx(first.t_stats["d"], rel=1e-7)
    assert second.first_stage.f_statistic == pytest.approx(first.first_stage.f_statistic, rel=1e-7)
    sets = [anderson_rubin_set(IV, data, draws=99).intervals for data in (frame, scaled)]
    np.testing.assert_allclose(np.array(sets[1]) * of_d, np.array(sets[0]), rtol=1e-5)
    tests = [wild_cluster_test(OLS, data, "d", draws=99).p_value for data in (frame, scaled)]
    assert tests[0] == tests[1]


def brute_force_wild_p(frame, term, null, fixed=True):
    """Enumerated WCR p-value by re-estimating every sign vector from dummies."""
    names = ["d", "x1", "x2"]
    others = [name for name in names if name != term]
    nuisance = np.hstack([frame[others], dummies(frame)])
    x = np.hstack([frame[[term]], nuisance])
    y = frame["y"].to_numpy() - null * frame[term].to_numpy()
    fitted = nuisance @ np.linalg.lstsq(nuisance, y, rcond=None)[0]
    residual = y - fitted
    groups = list(frame.groupby("unit").indices.values())
    bread = np.linalg.pinv(x.T @ x)

    def statistic(outcome):
        beta = bread @ x.T @ outcome
        e = outcome - x @ beta
        scores = np.stack([x[rows].T @ e[rows] for rows in groups])
        return beta[0] ** 2 / (bread @ scores.T @ scores @ bread)[0, 0]

    observed = statistic(y)
    count = 0
    for signs in itertools.product([-1.0, 1.0], repeat=len(groups)):
        draw = fitted.copy()
        for sign, rows in zip(signs, groups, strict=True):
            draw[rows] += sign * residual[rows]
        count += statistic(draw) >= observed * (1 - 1e-9)
    return count / 2 ** len(groups)


@pytest.mark.parametrize("missing", [0.0, 0.2])
@pytest.mark.parametrize(("term", "null"), [("d", 0.0), ("d", 0.8), ("x2", 0.0)])
def test_enumerated_wild_bootstrap_equals_brute_force(missing, term, null):
    frame = panel(11, units=8, periods=5, missing=missing)
    test = wild_cluster_test(OLS, frame, term, null=null, draws=9999)
    assert test.enumerated
    assert test.draws == 256
    assert test.p_value == brute_force_wild_p(frame, term, null)
    shifted = frame.assign(y=frame["y"] - null * frame[term])
    assert test.statistic == pytest.approx(abs(estimate(OLS, shifted).t_stats[term]), rel=1e-9)


def test_random_draws_agree_with_enumeration():
    frame = panel(4, units=13, periods=5)
    exact = wild_cluster_test(OLS, frame, "x2", draws=2**13)
    random = wild_cluster_test(OLS, frame, "x2", draws=2**13 - 1)
    assert exact.enumerated and not random.enumerated
    assert random.p_value == pytest.approx(exact.p_value, abs=0.02)
    few = wild_cluster_test(OLS, panel(4, units=9), "x2", draws=300)
    assert few.weights == "webb"


def test_overidentified_sets_agree_with_a_direct_test():
    spec = IV.with_(instruments=("z", "z2"))
    frame = panel(5, units=12)
    for covariance in ("clustered", "robust", "iid"):
        found = anderson_rubin_set(spec.with_(covariance=covariance), frame, method="crv1")
        for end in [v for pair in found.intervals for v in pair if np.isfinite(v)]:
            shifted = frame.assign(y=frame["y"] - end * frame["d"])
            reduced = estimate(
                Specification(
                    "y",
                    ("z", "z2", "x1", "x2"),
                    fixed_effects=("unit", "time"),
                    cluster="unit",
                    covariance=covariance,
                ),
                shifted,
            )
            pair = ["z", "z2"]
            pi, v = reduced.params[pair], reduced.vcov.loc[pair, pair]
            f = float(pi @ np.linalg.solve(v, pi)) / 2
            assert stats.f.sf(f, 2, reduced.df_t) == pytest.approx(0.05, rel=1e-4)


@quick
@given(seeds, st.sampled_from([2.2, 2.6, 3.0, 3.6]))
def test_a_wild_set_is_right_at_zero_however_weak_the_first_stage(seed, t):
    # next to nothing of the instrument is left in d, and the reduced form is about to be rejected
    frame = panel(seed, units=12)
    reduced = IV.with_(regressors=("z", "x1", "x2"), endogenous=(), instruments=())
    first, form = (estimate(reduced.with_(outcome=name), frame) for name in ("d", "y"))
    frame["d"] -= (1 - 1e-4) * first.params["z"] * frame["z"]
    frame["y"] += (t * form.std_errors["z"] - form.params["z"]) * frame["z"]
    test = wild_cluster_test(reduced, frame, "z", draws=4096)
    assume(abs(test.p_value - 0.05) > 0.002)
    found = anderson_rubin_set(IV, frame, draws=4096)
    assert found.contains(0.0) == (test.p_value > 0.05)
