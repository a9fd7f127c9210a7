"""Robustness checks against direct estimation, brute force, or a known answer."""

import itertools
import operator

import numpy as np
import pandas as pd
import pytest
from random_panels import panel
from study_panels import official_panel, study_panel

from dti_assets.econ import Specification, anderson_rubin_set, estimate
from dti_assets.econ.paper.estimate import TableOptions, estimate_table
from dti_assets.econ.paper.specifications import load_tables
from dti_assets.econ.robustness import spatial_errors
from dti_assets.econ.robustness.checks import (
    Formula,
    RobustnessInputs,
    compare_variants,
    distance_variants,
    exclusion_set,
    interaction_test,
    leads_test,
    placebo_hubs,
    robustness_report,
    union_of,
)
from dti_assets.econ.robustness.multiple_testing import romano_wolf, romano_wolf_tables, stepdown
from dti_assets.econ.robustness.spatial_errors import conley_errors, great_circle_km
from dti_assets.econ.robustness.specification_curve import specification_curve
from dti_assets.econ.tables import ROBUSTNESS, ROMANO_WOLF, SPECIFICATION_CURVE
from dti_assets.errors import EconError, SpecificationError, TooFewClusters
from dti_assets.units.lists import shipped_units

LEVEL = shipped_units("provinces").level
QUICK = TableOptions(LEVEL, draws=199)
FORMULA = Formula("frequency / d", operator.truediv)
OLS = Specification(
    "Export", ("DTIn", "GDP"), fixed_effects=("province", "year"), cluster="province"
)
IV = Specification("Export", ("GDP",), "DTIn", "DTI_iv", ("province", "year"), "province")


@pytest.fixture(scope="module")
def study():
    return study_panel()


def test_every_cell_of_the_curve_is_what_linearmodels_gives(study):
    rng = np.random.default_rng(1)
    frame = study.assign(
        iv_b=study["DTI_iv"] + rng.normal(scale=0.2, size=len(study)),
        iv_gap=study["DTI_iv"].where(rng.uniform(size=len(study)) > 0.1),
        iv_dead=study["year"] * 1.0,
        iv_absent=np.nan,
    )
    instruments = {
        "DTI_iv": {"hits": "longest", "counted_on": "text"},
        "iv_b": {"hits": "overlap"},
        "iv_gap": {},
        "iv_dead": {},
        "iv_absent": {},
        "iv_missing": {},
    }
    controls = {"none": (), "two": ("GDP", "FIE"), "absorbed too": ("GDP", "EXR")}
    curve = specification_curve(IV, frame, instruments, controls)
    assert len(curve) == 6 * 3 * 3
    assert SPECIFICATION_CURVE.violations(curve) == []
    for _, cell in curve.iterrows():
        if cell["instrument"] in ("iv_dead", "iv_absent", "iv_missing"):
            assert pd.isna(cell["estimate"]) and cell["reason"]
            continue
        spec = IV.with_(
            instruments=(cell["instrument"],),
            regressors=controls[cell["controls"]],
            covariance=cell["errors"],
        )
        fit = estimate(spec, frame)
        stage = fit.first_stage
        for name, value in (
            ("estimate", fit.params["DTIn"]),
            ("std_error", fit.std_errors["DTIn"]),
            ("p_value", fit.p_values["DTIn"]),
            ("first_stage", stage.params[cell["instrument"]]),
            ("first_stage_f", stage.f_statistic),
            ("reduced_form", stage.reduced_form["estimate"].iloc[0]),
            ("n_obs", fit.nobs),
        ):
            assert cell[name] == pytest.approx(value, rel=1e-8), name
        found = anderson_rubin_set(spec, frame, method="crv1")
        assert cell["ar_bounded"] == found.bounded
        assert (cell["ar_p"] > 0.05) == found.contains(0.0)


def test_interaction_test_reproduces_the_sub_samples(study):
    found = interaction_test(OLS, study, "DTIn", "region", "East", QUICK)
    assert ROBUSTNESS.violations(found) == []
    own = {
        region: estimate(OLS, study[study["region"] == region]).params["DTIn"]
        for region in ("East", "Central", "West")
    }
    for variant in ("Central", "West"):
        difference = found.set_index("variant").loc[variant, "estimate"]
        assert difference == pytest.approx(own[variant] - own["East"], rel=1e-7)
    joint = found[found["variant"] == "joint"].iloc[0]
    assert joint["estimate"] > 0 and 0 < joint["p_value"] <= 1 and 0 < joint["p_wild"] <= 1
    with pytest.raises(SpecificationError, match="region has no value 'North'"):
        interaction_test(OLS, study, "DTIn", "region", "North", QUICK)


@pytest.mark.parametrize(
    ("panel_of", "regressors", "reason"),
    [
        (study_panel, ("DTIn", "GDP"), "3 clusters: no clustered inference exists"),
        (official_panel, ("INVn", "GDP", "GDP_sec", "FIE"), "9 rows cannot identify 9 parameters"),
    ],
)
def test_a_group_without_inference_of_its_own_is_outside_the_equation(panel_of, regressors, reason):
    frame = panel_of()
    spec, term = OLS.with_(regressors=regressors), regressors[0]
    found = interaction_test(spec, frame, term, "region", "East", QUICK)
    by_variant = found.set_index("variant")
    northeast = by_variant.loc["Northeast"]
    assert northeast["term"] == f"{term} x region=Northeast"
    assert northeast["reason"].startswith(reason)
    numbers = ["estimate", "std_error", "p_value", "p_wild", "conf_low"]
    assert northeast[numbers].isna().all()
    # the rest is the check of the data without that group
    rest = interaction_test(
        spec,
        frame[frame["region"] != "Northeast"],
        term,
        "region",
        "East",
        QUICK,
    )
    pd.testing.assert_frame_equal(
        found[found["variant"] != "Northeast"].drop(columns="note").reset_index(drop=True),
        rest.drop(columns="note"),
    )
    assert by_variant.loc["joint", "note"] == "estimate is the F statistic; without Northeast"
    # clusters of two groups are disjoint, so that a difference has the sum of their variances, each
    # without its own small-sample factor and with the one of all rows
    own = {
        region: estimate(spec, frame[frame["region"] == region])
        for region in ("East", "Central", "West")
    }

    def factor(clusters, rows, left):
        return clusters / (clusters - 1) * (rows - 1) / left

    total = factor(
        sum(fit.n_clusters for fit in own.values()),
        sum(fit.nobs for fit in own.values()),
        sum(fit.df_resid for fit in own.values()),
    )
    share = {
        region: fit.std_errors[term] ** 2 / factor(fit.n_clusters, fit.nobs, fit.df_resid)
        for region, fit in own.items()
    }
    for region in ("Central", "West"):
        error = np.sqrt(total * (share[region] + share["East"]))
        assert by_variant.loc[region, "std_error"] == pytest.approx(error, rel=1e-7)
    with pytest.raises(EconError, match=f"compared with Northeast .Northeast: {reason}"):
        interaction_test(spec, frame, term, "region", "Northeast", QUICK)


def test_joint_wild_test_of_one_restriction_is_the_single_one(study):
    found = interaction_test(
        OLS, study, "DTIn", "bri", 0, TableOptions(LEVEL, draws=499)
    ).set_index("variant")
    assert found.loc["joint", "p_wild"] == found.loc["1", "p_wild"]
    assert found.loc["joint", "p_value"] == pytest.approx(found.loc["1", "p_value"])


def test_leads_find_a_pre_trend_and_only_then(study):
    honest = leads_test(IV, study, QUICK)
    assert honest["term"].tolist() == ["DTI_iv", "F.DTI_iv", "F2.DTI_iv", "all leads are zero"]
    assert honest["n_obs"].eq(31 * 12).all()
    ahead = study.sort_values(["province", "year"]).copy()
    ahead["Export"] += 2 * ahead.groupby("province")["DTI_iv"].shift(-1).fillna(0)
    cheating = leads_test(IV, ahead, QUICK)
    assert cheating["p_value"].iloc[-1] < 1e-4


def test_variants_with_absent_or_unusable_data_are_reasons(study):
    found = compare_variants(
        "instrument",
        {
            "as is": (IV, study),
            "plan half": (IV.with_(instruments=("DTI_iv_plan",)), study),
            "three places": (IV, study[study["province"] < "P03"]),
        },
        QUICK,
        notes={"as is": "headline"},
    ).set_index("variant")
    assert found.loc["as is", "conf_low"] <= found.loc["as is", "estimate"]
    assert found.loc["as is", "note"] == "headline"
    assert found.loc["plan half", "reason"] == "the data have no column DTI_iv_plan"
    assert found.loc["three places", "reason"].startswith("3 clusters")
    assert pd.isna(found.loc["three places", "std_error"])


def test_other_distances_and_hubs(study):
    frame = study.assign(frequency=study["DTI_iv"] * 500.0, distance_km=500.0, to_wuhan=800.0)
    frame.loc[frame["province"] == "P00", "distance_km"] = 0.0
    wide = distance_variants(frame, FORMULA, "year")
    assert np.isnan(wide["frequency / d (hub)"]).sum() == 14
    assert wide["frequency / d (hub)"][-1] == pytest.approx(study["DTI_iv"].iloc[-1])
    decay = wide["frequency x exp(-d/500 km) (hub)"]
    assert decay[-1] == pytest.approx(frame["frequency"].iloc[-1] * np.exp(-1))
    found = placebo_hubs(IV, frame, {"Wuhan": "to_wuhan"}, FORMULA, QUICK)
    # a constant distance rescales the instrument and changes nothing else
    assert found["estimate"].item() == pytest.approx(estimate(IV, study).params["DTIn"])


def test_functions_of_distance_do_not_hang_on_its_unit(study):
    """Metres for kilometres: a function that names no unit gives the same estimate and F."""
    where = dict(zip(sorted(study["province"].unique()), 100 + 60.0 * np.arange(31), strict=True))
    frame = study.assign(d=study["province"].map(where))
    frame["frequency"] = frame["DTI_iv"] * frame["d"]
    found = []
    for unit in (1.0, 1000.0):
        columns = distance_variants(frame.assign(distance_km=frame["d"] * unit), FORMULA, "year")
        wide = frame.assign(**columns)
        variants = {
            name: (IV.with_(instruments=(name,)), wide) for name in columns if " km" not in name
        }
        rows = compare_variants("functions of distance", variants, QUICK)
        found.append(rows.set_index("variant")[["estimate", "first_stage_f"]])
    assert len(found[0]) == 3 and found[0].notna().all(axis=None)
    pd.testing.assert_frame_equal(found[0], found[1], rtol=1e-6)
    # no province is given a negative exposure, the farthest has none
    near = wide["frequency x ln(farthest / d) (hub)"] / wide["frequency"]
    assert near.min() == 0 and near.max() == pytest.approx(np.log(1900 / 100))


def test_the_report_holds_every_check_the_data_allow(study):
    places = sorted(study["province"].unique())
    rng = np.random.default_rng(2)
    where = pd.DataFrame(
        {
            "province": places,
            "distance_km": 100 + 60.0 * np.arange(31),
            "to_wuhan": rng.uniform(50, 2000, 31),
            "latitude": rng.uniform(20, 45, 31),
            "longitude": rng.uniform(90, 120, 31),
        }
    )
    full = study.merge(where, on="province")
    full["frequency"] = full["DTI_iv"] * full["distance_km"]
    full["plan"] = full["DTI_iv"] * rng.uniform(0.8, 1.2, len(full))
    inputs = RobustnessInputs(
        instruments={"plan half only": "plan"},
        controls={"distance x trend": ("distance_km:year",)},
        hubs={"Wuhan": "to_wuhan"},
    )
    options = TableOptions(LEVEL, draws=99)
    found = robustness_report(load_tables(level=LEVEL), full, options, FORMULA, inputs)
    assert ROBUSTNESS.violations(found) == []
    unanswered = found[found["reason"].notna()]
    assert unanswered["term"].tolist() == ["DTIn x region=Northeast"]
    assert set(found["check"]) == {
        "DTIn by region",
        "DTIn by bri",
        "Belt and Road after 2013",
        "Conley errors",
        "leads as a pre-trend",
        "instruments",
        "functions of distance",
        "placebo hubs",
        "direct effect of the instrument",
    }
    headline = found[(found["check"] == "instruments") & (found["variant"] == "headline")]
    table = estimate_table(
        load_tables(level=LEVEL)["table_03_two_stage_least_squares"], study, options
    )
    second = table[(table["column"] == "second stage") & (table["term"] == "DTIn")]
    assert headline["estimate"].item() == second["estimate"].item()
    assert headline["p_wild"].item() == second["p_wild"].item()
    # without a direct effect the set is the headline's, which is that of the wild bootstrap
    direct = found[found["check"] == "direct effect of the instrument"]
    assert (direct["conf_low"] <= headline["conf_low"].item()).all()
    assert (direct["conf_high"] >= headline["conf_high"].item()).all()
    assert direct["note"].str.contains("wild bootstrap").all()
    # the same report on less data says what is missing and still has the rest
    partial = robustness_report(load_tables(level=LEVEL), study, options, FORMULA)
    reasons = partial.set_index("check")["reason"].dropna()
    assert reasons["Conley errors"] == "the data have no column latitude"
    assert reasons["placebo hubs"] == "the data have no column frequency"
    assert partial["estimate"].notna().sum() > 10
    nothing = robustness_report(
        load_tables(level=LEVEL), study[["province", "year"]], options, FORMULA
    )
    assert len(nothing) == 2 and nothing["reason"].str.startswith("absent from the data").all()


def test_leave_one_out_frequency():
    frame = pd.DataFrame({"year": [2009] * 3, "frequency": [1.0, 2.0, np.nan], "distance_km": 2.0})
    wide = distance_variants(frame, FORMULA, "year")
    expected = [2.0 / 2, 1.0 / 2, 1.5 / 2]
    np.testing.assert_allclose(wide["leave-one-out frequency / d (hub)"], expected)


def test_romano_wolf_over_the_tables(study):
    panel = study.drop(columns="DFI")
    found = romano_wolf_tables(
        load_tables(level=LEVEL).values(), panel, TableOptions(LEVEL, draws=199)
    )
    assert ROMANO_WOLF.violations(found) == []
    assert len(found) == 22  # key terms of Tables 5 to 10
    by_name = found.set_index("hypothesis")
    assert by_name.loc["O9, column 1", "reason"] == "absent from the data: DFI"
    assert by_name.loc["Table 5, column 4", "reason"].startswith("3 clusters")
    tested = found.dropna(subset="p_wild")
    assert (tested["p_romano_wolf"] >= tested["p_wild"]).all()


@pytest.mark.parametrize("draws", [199, 4999])
def test_romano_wolf_prints_the_p_value_of_the_table(study, draws):
    """Of whole samples, of six, ten and twelve provinces: random and enumerated signs, Webb's."""
    options = TableOptions(LEVEL, draws=draws, seed=3)
    tables = [t for t in load_tables(level=LEVEL).values() if t.table in ("5", "6", "8")]
    found = romano_wolf_tables(tables, study, options).set_index(["hypothesis", "term"])
    stored = {
        (f"Table {row['table']}, column {row['column']}", row["term"]): row["p_wild"]
        for table in tables
        for row in estimate_table(table, study, options).to_dict("records")
        if row["role"] == "key"
    }
    assert len(stored) == len(found) == 10
    for key, row in found.iterrows():
        assert row["p_wild"] == stored[key] or (pd.isna(row["p_wild"]) and pd.isna(stored[key]))


def test_romano_wolf_enumerates_where_its_family_can(study):
    """Seven provinces: every sign vector once, literally."""
    few = study[study["province"].isin([f"P{i:02d}" for i in range(7)])]
    specs = {"DTIn": OLS, "DTIG": OLS.with_(regressors=("DTIG", "GDP"))}
    found = romano_wolf([(name, spec, few, name) for name, spec in specs.items()], draws=300)
    # |t| of every sample that a sign vector makes, from the residuals that the null leaves
    observed, draws = [], []
    for name, spec in specs.items():
        null = estimate(spec.with_(regressors=("GDP",)), few)
        residual = null.residuals.to_numpy()
        used = few.loc[null.residuals.index]
        fitted = used["Export"].to_numpy() - residual
        codes = used["province"].astype("category").cat.codes.to_numpy()
        t = []
        for signs in itertools.product([1.0, -1.0], repeat=7):
            again = used.assign(Export=fitted + np.array(signs)[codes] * residual)
            t.append(abs(estimate(spec, again).t_stats[name]))
        observed.append(t[0])
        draws.append(t)
    draws = np.round(draws, 9)
    observed = np.array(observed).round(9)
    order = np.argsort(-observed)
    first = np.mean(draws.max(axis=0) >= observed[order[0]])
    p = {order[0]: first, order[1]: max(first, np.mean(draws[order[1]] >= observed[order[1]]))}
    np.testing.assert_allclose(found["p_romano_wolf"], [p[0], p[1]], rtol=1e-12)
    for h, name in enumerate(specs):
        assert found["p_wild"][h] == np.mean(draws[h] >= observed[h]), name


def brute_stepdown(observed, simulated):
    """Romano and Wolf's algorithm as they write it, one hypothesis set at a time."""
    order = sorted(range(len(observed)), key=lambda h: -observed[h])
    p, last = {}, 0.0
    for step, h in enumerate(order):
        left = order[step:]
        count = sum(max(draw[j] for j in left) >= observed[h] for draw in simulated.T)
        last = max(last, (1 + count) / (simulated.shape[1] + 1))
        p[h] = last
    return np.array([p[h] for h in range(len(observed))])


def test_romano_wolf_stepdown(study):
    rng = np.random.default_rng(0)
    observed, simulated = np.array([1.0, 3.0, 2.0]), np.abs(rng.normal(size=(3, 500)))
    none = np.zeros(3)
    expected = brute_stepdown(observed, simulated)
    np.testing.assert_allclose(stepdown(observed, simulated, none), expected)
    # no hypothesis is easier to reject in the family than alone, and the order of p stays
    floored = stepdown(observed, simulated, np.array([0.0, 0.9, 0.0]))
    np.testing.assert_allclose(floored, [max(0.9, expected[0]), 0.9, max(0.9, expected[2])])
    found = romano_wolf(
        [
            ("baseline", OLS, study, "DTIn"),
            ("grants", OLS.with_(regressors=("DTIG", "GDP")), study, "DTIG"),
            ("noise", OLS.with_(regressors=("HR",)), study, "HR"),
            ("northeast", OLS, study[study["region"] == "Northeast"], "DTIn"),
            ("absent", OLS.with_(regressors=("DFIX",)), study, "DFIX"),
        ],
        draws=499,
    ).set_index("hypothesis")
    tested = found.loc[["baseline", "grants", "noise"]]
    assert (tested["p_romano_wolf"] >= tested["p_wild"]).all()
    t = estimate(OLS, study).t_stats["DTIn"]
    assert found.loc["baseline", "t_stat"] == pytest.approx(abs(t), rel=1e-9)
    assert found.loc["northeast", "reason"].startswith("3 clusters")
    assert "DFIX" in found.loc["absent", "reason"]


def test_conley_errors_without_neighbours_are_the_clustered_ones():
    frame = panel(8, units=12, periods=6)
    rng = np.random.default_rng(0)
    where = dict(
        zip(sorted(frame["unit"].unique()), rng.uniform(20, 45, size=(12, 2)), strict=True)
    )
    frame["latitude"] = [where[u][0] for u in frame["unit"]]
    frame["longitude"] = [80 + where[u][1] for u in frame["unit"]]
    arguments = {"entity": "unit", "time": "time"}
    for effects, instrumented in itertools.product(
        [("unit",), ("unit", "time"), ("time",), ()], [False, True]
    ):
        spec = Specification("y", ("d", "x1"), fixed_effects=effects, cluster="unit")
        if instrumented:
            spec = spec.with_(regressors=("x1",), endogenous=("d",), instruments=("z",))
        # no neighbours and any lag within a place: clustering by place
        near = conley_errors(spec, frame, 1e-3, **arguments)
        crv1 = estimate(spec, frame)
        np.testing.assert_allclose(near, crv1.std_errors[near.index], rtol=1e-9)
    one = frame[frame["unit"] == frame["unit"].iloc[0]]
    spec = Specification("y", ("d",))
    with pytest.raises(TooFewClusters, match="all 6 rows lie in one unit"):
        conley_errors(spec, one, 100, **arguments)
    with pytest.raises(SpecificationError, match="positive distance"):
        conley_errors(spec, frame, 0, **arguments)
    points = np.array([[30.27, 120.15], [39.90, 116.41]])  # Hangzhou, Beijing
    assert great_circle_km(points)[0, 1] == pytest.approx(1125, abs=5)


def _scattered(seed, units, periods, missing=0.0):
    """A panel of places in China, some at one site."""
    frame = panel(seed, units=units, periods=periods, missing=missing)
    rng = np.random.default_rng(seed)
    sites = np.column_stack([rng.uniform(20, 45, units), rng.uniform(80, 125, units)])
    sites[1] = sites[0]
    codes = frame["unit"].astype("category").cat.codes.to_numpy()
    return frame.assign(latitude=sites[codes, 0], longitude=sites[codes, 1])


@pytest.mark.parametrize("instrumented", [False, True])
@pytest.mark.parametrize("effects", [(), ("unit", "time")])
def test_conley_errors_are_those_of_all_pairs_of_rows(effects, instrumented, monkeypatch):
    """Every pair of rows, one by one, with the angle between its directions from the centre."""
    monkeypatch.setattr(spatial_errors, "_PLACES", 5)  # 12 places: blocks of 5, 5 and 2
    frame = _scattered(3, units=12, periods=4, missing=0.1)
    # a place may have several rows at one time
    frame = pd.concat([frame, frame.iloc[:5].assign(y=1.0, d=0.5)], ignore_index=True)
    spec = Specification("y", ("d", "x1"), (), (), effects, "unit")
    if instrumented:
        spec = spec.with_(regressors=("x1",), endogenous=("d",), instruments=("z",))
    found = conley_errors(spec, frame, 900.0, "unit", "time")
    result = estimate(spec, frame)
    used = frame.loc[result.residuals.index]
    dummies = [np.ones((len(used), 1))]
    dummies += [pd.get_dummies(used[name].astype(str), dtype=float).to_numpy() for name in effects]
    w = np.hstack(dummies)

    def left(names):
        values = used[list(names)].to_numpy()
        return values - w @ np.linalg.lstsq(w, values, rcond=None)[0]

    x = left(["d", "x1"])
    hat = x
    if instrumented:
        z = left(["z", "x1"])
        hat = z @ np.linalg.lstsq(z, x, rcond=None)[0]
    scores = hat * result.residuals.to_numpy()[:, None]
    places, times = used["unit"].to_numpy(), used["time"].to_numpy()
    lat, lon = np.radians(used["latitude"].to_numpy()), np.radians(used["longitude"].to_numpy())
    sight = np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    meat = np.zeros((2, 2))
    for i, j in itertools.product(range(len(used)), repeat=2):
        weight = float(places[i] == places[j])
        if not weight and times[i] == times[j]:
            across = np.linalg.norm(np.cross(sight[i], sight[j]))
            angle = np.arctan2(across, sight[i] @ sight[j])
            weight = max(0.0, 1 - 6371.0088 * angle / 900)
        meat += weight * np.outer(scores[i], scores[j])
    g, n = used["unit"].nunique(), len(used)
    k = 2 + (used["time"].nunique() if effects else 1)
    bread = np.linalg.inv(hat.T @ hat)
    vcov = g / (g - 1) * (n - 1) / (n - k) * bread @ meat @ bread
    np.testing.assert_allclose(found, np.sqrt(np.diag(vcov)), rtol=1e-10)


def test_conley_errors_of_many_places_take_little_memory():
    """3,000 places in two years: a matrix of all pairs of rows alone would hold 288 MB."""
    import tracemalloc

    frame = _scattered(1, units=3000, periods=2)
    spec = Specification("y", ("d", "x1"), fixed_effects=("time",), cluster="unit")
    conley_errors(spec, frame.iloc[:600], 500, "unit", "time")  # imports
    tracemalloc.start()
    conley_errors(spec, frame, 500, "unit", "time")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 80e6


def test_direct_effects_of_the_instrument_widen_the_set():
    study = study_panel(strength=20.0)
    base = estimate(IV, study)
    gamma = base.first_stage.reduced_form["estimate"].iloc[0]
    headline = anderson_rubin_set(IV, study, draws=199)
    assert exclusion_set(IV, study, 0.0, QUICK) == headline.intervals
    (low, high), *others = exclusion_set(IV, study, 1.2 * gamma, QUICK)
    # an instrument that moves the outcome so much by itself leaves nothing to the regressor
    assert low < 0 < headline.ends[0] and not others
    assert high == pytest.approx(headline.ends[1])
    pieces = [(3.0, 4.0), (-np.inf, 1.0), (0.5, 2.0)]
    for order in itertools.permutations(pieces):
        assert union_of(list(order)) == [(-np.inf, 2.0), (3.0, 4.0)]
