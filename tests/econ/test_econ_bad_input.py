"""Bad input gives a named error that says what is wrong, or a reported absence: never a NaN."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from random_panels import panel

from dti_assets import errors as named
from dti_assets.econ import (
    EconError,
    Specification,
    anderson_rubin_set,
    estimate,
    mediation,
    tf_interval,
    wild_cluster_test,
)

OLS = Specification("y", ("d", "x1"), fixed_effects=("unit", "time"), cluster="unit")
IV = Specification("y", "x1", "d", "z", fixed_effects=("unit", "time"), cluster="unit")


@pytest.fixture
def frame():
    return panel(0)


def test_absorbed_and_constant_regressors_are_reported(frame):
    frame["rate"] = frame["time"] * 0.1
    frame["one"] = 1.0
    frame["twice"] = 2 * frame["x1"] + 3
    spec = OLS.with_(regressors=("d", "rate", "one", "x1", "twice"))
    result = estimate(spec, frame)
    assert list(result.params.index) == ["d", "x1"]
    assert "no variation within unit and time effects" in result.absorbed["rate"]
    assert "constant" in result.absorbed["one"]
    assert "collinear" in result.absorbed["twice"]
    assert np.isfinite(result.std_errors).all()
    with pytest.raises(EconError, match="rate has no variation"):
        wild_cluster_test(spec, frame, "rate")


def test_a_constant_beside_the_intercept_is_reported(frame):
    result = estimate(Specification("y", ("x1", "one")), frame.assign(one=0.1))
    assert list(result.params.index) == ["x1", "Intercept"]
    assert "one" in result.absorbed


@pytest.mark.parametrize("cluster", [("unit", "time"), ["unit"], "", 1])
def test_a_cluster_is_one_column_and_the_error_says_the_way_out(cluster):
    with pytest.raises(named.SpecificationError, match="name the coarser one, or make") as caught:
        Specification("y", ("d",), fixed_effects=("unit",), cluster=cluster)
    assert repr(cluster) in str(caught.value)


@pytest.mark.parametrize(
    ("change", "spec", "error", "says"),
    [
        (lambda f: f.drop(columns="x1"), OLS, named.MissingColumn, "no column x1"),
        (lambda f: f.drop(columns="time"), OLS, named.MissingColumn, "no column time"),
        (lambda f: f.iloc[:0], OLS, named.EmptySample, "no rows were given"),
        (lambda f: f.assign(x1=np.nan), OLS, named.EmptySample, "x1 is missing on 40 rows"),
        (lambda f: f.assign(unit="same"), OLS, named.TooFewClusters, "one cluster of unit"),
        (lambda f: f.assign(x1="12.5"), OLS, named.NotNumeric, "column x1 holds text: '12.5'"),
        (lambda f: f.assign(x1=-np.inf), OLS, named.NotNumeric, "infinite"),
        (lambda f: f.assign(x1=pd.Timestamp("2020-01-01")), OLS, named.NotNumeric, "x1"),
        (lambda f: f.assign(x1=1e200), OLS, named.NotNumeric, "rescale it"),
        (lambda f: [1, 2], OLS, named.SpecificationError, "must be a DataFrame, not list"),
        (lambda f: f.assign(z=1.0), IV, named.NoVariation, "z is constant"),
        (lambda f: f.assign(z=f["x1"] * 2), IV, named.NoVariation, "instrument"),
        (lambda f: f.assign(z=f["time"] * 1.0), IV, named.NoVariation, "within unit and time"),
        (lambda f: f.assign(d=7.0), IV, named.NoVariation, "endogenous regressor d is constant"),
        (lambda f: f.assign(y=3), OLS, named.NoVariation, "outcome y is constant"),
        (lambda f: f.assign(d=1.0, x1=2.0), OLS, named.NoVariation, "no regressor is left"),
        (lambda f: f.iloc[[0, 1, 5, 6]], OLS, named.TooFewRows, "4 rows cannot identify"),
    ],
)
def test_named_errors(frame, change, spec, error, says):
    with pytest.raises(error, match=says) as caught:
        estimate(spec, change(frame))
    assert isinstance(caught.value, EconError)
    assert "\n" not in str(caught.value)


def test_more_regressors_than_rows():
    rng = np.random.default_rng(0)
    wide = pd.DataFrame(rng.normal(size=(6, 9)), columns=[f"x{i}" for i in range(8)] + ["y"])
    with pytest.raises(named.EconError, match="6 rows"):
        estimate(Specification("y", tuple(f"x{i}" for i in range(8))), wide)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"outcome": "y", "regressors": ("y",)}, "both the outcome"),
        ({"outcome": "y", "endogenous": ("d",)}, "at least as many instruments"),
        ({"outcome": "y", "regressors": "x1", "instruments": ("z",)}, "without an endogenous"),
        ({"outcome": "y", "regressors": "x", "covariance": "clustered"}, "cluster column"),
        ({"outcome": "y", "regressors": "x", "covariance": "hac"}, "'hac' is not one of"),
        ({"outcome": "y", "regressors": ("x", "x")}, "twice"),
        ({"outcome": "y", "fixed_effects": ("unit",)}, "needs a regressor"),
    ],
)
def test_contradictory_specifications(arguments, says):
    with pytest.raises(named.SpecificationError, match=says):
        Specification(**arguments)


def test_missing_rows_and_singletons_are_data(frame):
    frame.loc[3, "x1"] = np.nan
    frame.loc[len(frame)] = {**frame.loc[0], "unit": "alone"}
    result = estimate(OLS, frame)
    assert result.dropped["reason"].to_dict() == {
        3: "x1 is missing",
        40: "alone in its level of unit",
    }
    assert result.nobs == 39


def test_inference_that_does_not_exist_says_so(frame):
    ols = estimate(OLS, frame)
    with pytest.raises(named.SpecificationError, match="instrumental-variable"):
        tf_interval(ols)
    with pytest.raises(named.SpecificationError, match="exactly one endogenous"):
        anderson_rubin_set(OLS, frame)
    with pytest.raises(named.SpecificationError, match="between 0 and 1"):
        anderson_rubin_set(IV, frame, level=95)
    with pytest.raises(named.SpecificationError, match="cluster column"):
        wild_cluster_test(Specification("y", ("d",)), frame, "d")
    with pytest.raises(named.SpecificationError, match="x2 is no regressor"):
        wild_cluster_test(OLS, frame, "x2")
    with pytest.raises(named.NoVariation, match="m cannot be part"):
        mediation(frame.assign(m=1.0), "d", "m", "y", cluster="unit")
    three = frame[frame["unit"].isin(["u00", "u01", "u02"])]
    many = IV.with_(instruments=("z", "z2", "m"))
    stage = estimate(many, three).first_stage
    assert stage.f_statistic is None and stage.kleibergen_paap_f is None


def test_degenerate_fits_give_numbers_or_none(frame):
    exact = frame.assign(y=2 * frame["d"] + frame["x1"])
    assert wild_cluster_test(OLS, exact, "d").p_value >= 2 / 2**8
    own = estimate(IV, frame.assign(z=frame["d"])).first_stage
    assert own.kleibergen_paap_f == np.inf
    three = frame[frame["unit"].isin(["u00", "u01", "u02"])]
    found = mediation(three, "d", "m", "y", ("x1",), ("unit", "time"), "unit", draws=60)
    assert 0 < found.draws_used < 60  # a draw of one unit thrice identifies nothing
    assert np.isfinite(found.conf_int).all()


def test_importing_the_package_loads_no_numerical_library():
    code = (
        "import sys, dti_assets.econ as e; "
        "print([m for m in ('numpy', 'pandas', 'scipy', 'linearmodels') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


@pytest.mark.parametrize("environment", [{"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "77"}])
def test_results_do_not_depend_on_hash_seed_or_threads(environment):
    import os
    from pathlib import Path

    code = (
        "from random_panels import panel; from dti_assets.econ import *\n"
        "IV = Specification('y', ('x1', 'x2'), 'd', 'z', ('unit', 'time'), 'unit')\n"
        "f = panel(9, units=31, periods=14, missing=0.1); r = estimate(IV, f)\n"
        "print(r.params.tolist(), r.vcov.to_numpy().tolist(),"
        " anderson_rubin_set(IV, f, draws=499).intervals,"
        " mediation(f, 'd', 'm', 'y', ('x1',), ('unit',), 'unit', draws=99).conf_int)"
    )
    here = str(Path(__file__).parent)
    results = []
    for threads in ("1", "2"):
        env = {**os.environ, **environment, "OMP_NUM_THREADS": threads}
        env["PYTHONPATH"] = os.pathsep.join([here, env.get("PYTHONPATH", "")])
        env["OPENBLAS_NUM_THREADS"] = threads
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env
        )
        results.append(done.stdout)
    assert results[0] == results[1]
    RESULTS.add(results[0])
    assert len(RESULTS) == 1


RESULTS: set[str] = set()


_TABLES = """
import json
from study_panels import study_panel
from dti_assets.econ.paper import reports
from dti_assets.econ.paper.estimate import TableOptions, estimate_table
from dti_assets.econ.paper.specifications import load_tables
from dti_assets.units.lists import shipped_units

level = shipped_units("provinces").level
options = TableOptions(level, draws=99)
tables = load_tables(level=level)
two_stage = tables["table_03_two_stage_least_squares"]
found = []
for share in (1.0, 3e-6):
    # all but P04 have next to no variation of either variable
    panel = study_panel(provinces=12, years=range(2009, 2019))
    for name in ("DTI_iv", "DTIn"):
        panel[name] = panel[name].where(panel["province"] == "P04", share * panel[name])
    found += [estimate_table(tables["table_02_baseline"], panel, options)]
    found += [estimate_table(two_stage, panel, options)]
    found += [reports.leave_one_province_out([two_stage], panel, options)]
for seed in range(8):
    panel = study_panel(seed=seed, provinces=8, years=range(2009, 2019))
    found += [reports.anderson_rubin_curve([two_stage], panel, options)]
print(json.dumps([json.loads(f.to_json(orient="split", double_precision=15)) for f in found]))
"""


def test_tables_do_not_depend_on_the_kernel_of_the_linear_algebra():
    """OpenBLAS adds in another order on another processor: as many rows, the same reasons, the
    same numbers to nine digits of themselves."""
    import json
    import os
    from pathlib import Path

    results = []
    for kernel in ("Nehalem", "Haswell"):
        env = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_CORETYPE": kernel}
        path = [str(Path(__file__).parent), env.get("PYTHONPATH", "")]
        env |= {"OPENBLAS_VERBOSE": "2", "PYTHONPATH": os.pathsep.join(path)}
        done = subprocess.run([sys.executable, "-c", _TABLES], capture_output=True, env=env)
        if done.returncode < 0 or f"Core: {kernel}".encode() not in done.stderr + done.stdout:
            pytest.skip(f"this machine's linear algebra has no kernel {kernel}")
        assert done.returncode == 0, done.stderr.decode()
        results.append(json.loads(done.stdout.splitlines()[-1]))
    for one, other in zip(*results, strict=True):
        assert len(one["data"]) == len(other["data"]) and one["columns"] == other["columns"]
        for ours, theirs in zip(one["data"], other["data"], strict=True):
            for name, a, b in zip(one["columns"], ours, theirs, strict=True):
                same = a == b if not isinstance(a, float) else a == pytest.approx(b, rel=1e-9)
                # what is zero but for rounding, such as the least point of a p-value's curve
                assert same or max(abs(a), abs(b)) < 1e-12, (name, a, b)
