"""The simulated panel against its stated truth, by plain numpy over many seeds."""

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dti_assets.econ.paper.resolution import TableOptions, table_coverage
from dti_assets.errors import PanelError
from dti_assets.panel.build import build_panel
from dti_assets.panel.variables import BY_NAME
from dti_assets.panel.yearbooks.figures import read_user_figures
from dti_assets.simulation.panel import (
    CONTROLS,
    Simulation,
    simulate_arrays,
    simulate_panel,
    simulated_figures,
    truth,
    wide_figures,
    within,
)
from dti_assets.study.specifications import shipped_tables
from dti_assets.units.lists import shipped_units

SEEDS = range(400)
PROVINCES = shipped_units("provinces")
LEVEL = PROVINCES.level


def stacked(arrays: dict[str, np.ndarray], names: tuple[str, ...]) -> np.ndarray:
    columns = [within(arrays[name]).reshape(len(arrays[name]), -1) for name in names]
    return np.stack(columns, axis=-1)


def regress(arrays: dict[str, np.ndarray], y: str, *x: str, z: str | None = None) -> np.ndarray:
    """Coefficients (seeds, terms) with two-way effects and controls; z instruments x[0]."""
    right = stacked(arrays, (*x, *CONTROLS))
    left = right if z is None else stacked(arrays, (z, *x[1:], *CONTROLS))
    target = stacked(arrays, (y,))[..., 0]
    gram = np.einsum("sni,snj->sij", left, right)
    moment = np.einsum("sni,sn->si", left, target)
    return np.linalg.solve(gram, moment[..., None])[..., 0]


def near(values: np.ndarray, expected: float) -> None:
    error = values.std() / np.sqrt(len(values))
    assert abs(values.mean() - expected) < 4 * error, (values.mean(), expected, error)


def test_defaults_of_the_paper() -> None:
    known = truth(Simulation(units=PROVINCES))
    assert known["total"] == 0.342 and known["direct"] == pytest.approx(0.153)
    assert known["indirect_Number"] == pytest.approx(0.160)
    assert known["indirect_RD"] == pytest.approx(0.029)
    assert known["least_squares_bias"] == 0 and known["rows"] == 434


def test_least_squares_recovers_the_truth_without_endogeneity() -> None:
    arrays = simulate_arrays(Simulation(units=PROVINCES), SEEDS)
    near(regress(arrays, "Export", "DTIn")[:, 0], 0.342)
    near(regress(arrays, "Export", "DTIn", "Number")[:, 0], 0.182)
    near(regress(arrays, "Export", "DTIn", "RD")[:, 0], 0.313)
    joint = regress(arrays, "Export", "DTIn", "Number", "RD")
    near(joint[:, 0], 0.153)
    near(joint[:, 1], 0.32)
    near(joint[:, 2], 0.145)
    near(regress(arrays, "Number", "DTIn")[:, 0], 0.5)
    near(regress(arrays, "RD", "DTIn")[:, 0], 0.2)
    near(regress(arrays, "Export", "DTIn", z="DTI_iv")[:, 0], 0.342)


def test_endogeneity_biases_least_squares_as_stated_and_not_the_instrument() -> None:
    design = Simulation(units=PROVINCES, endogeneity=0.6, strength=400.0, serial=0.0)
    arrays = simulate_arrays(design, SEEDS)
    bias = truth(design)["least_squares_bias"]
    assert bias > 0.2
    assert regress(arrays, "Export", "DTIn")[:, 0].mean() == pytest.approx(0.342 + bias, rel=0.02)
    near(regress(arrays, "Export", "DTIn", z="DTI_iv")[:, 0], 0.342)


@pytest.mark.parametrize("strength", [0.0, 9.0, 99.0])
def test_strength_sets_the_first_stage(strength: float) -> None:
    arrays = simulate_arrays(
        Simulation(units=PROVINCES, strength=strength, serial=0.0, exposure="equal"), SEEDS
    )
    right = stacked(arrays, ("DTI_iv", *CONTROLS))
    gram = np.einsum("sni,snj->sij", right, right)
    d = stacked(arrays, ("DTIn",))[..., 0]
    slope = regress(arrays, "DTIn", "DTI_iv")
    rest = d - np.einsum("sni,si->sn", right, slope)
    variance = (rest**2).sum(1) / (434 - 31 - 13 - 7) * np.linalg.inv(gram)[:, 0, 0]
    f = slope[:, 0] ** 2 / variance
    assert f.mean() == pytest.approx(1 + strength, rel=0.12)


def test_a_seed_is_the_same_alone_and_in_company() -> None:
    together = simulate_arrays(Simulation(units=PROVINCES), [3, 7])
    alone = simulate_arrays(Simulation(units=PROVINCES), [7])
    for name, values in alone.items():
        assert np.array_equal(values[0], together[name][1]), name
    again, _ = simulate_panel(Simulation(units=PROVINCES), 7)
    assert np.array_equal(again["Export"].to_numpy(), alone["Export"].reshape(-1))
    other, _ = simulate_panel(Simulation(units=PROVINCES), 8)
    assert not np.array_equal(other["Export"], again["Export"])


def test_exposure_concentrates_on_the_nearest_provinces() -> None:
    def zhejiang(exposure: str) -> float:
        z = within(
            simulate_arrays(Simulation(units=PROVINCES, exposure=exposure), range(20))["DTI_iv"]
        )
        return float(((z**2).sum(2) / (z**2).sum((1, 2), keepdims=True)[..., 0]).mean(0)[10])

    assert zhejiang("distance") > 0.4 and zhejiang("equal") < 0.2


def test_thousands_of_seeds_are_quick() -> None:
    start = time.perf_counter()
    arrays = simulate_arrays(Simulation(units=PROVINCES), range(1000))
    assert arrays["Export"].shape == (1000, 31, 14)
    assert time.perf_counter() - start < 10


def test_given_patents_and_instrument_are_kept() -> None:
    rng = np.random.default_rng(1)
    z = rng.uniform(1e-7, 1e-5, (31, 14))
    d = 5 + 3e4 * z + 0.3 * rng.standard_normal((31, 14))
    design = Simulation(units=PROVINCES, endogeneity=0.5)
    arrays = simulate_arrays(design, range(200), d, z)
    assert np.array_equal(arrays["DTIn"][5], d) and np.array_equal(arrays["DTI_iv"][9], z)
    near(regress(arrays, "Export", "DTIn", z="DTI_iv")[:, 0], 0.342)
    assert regress(arrays, "Export", "DTIn")[:, 0].mean() > 0.4
    with pytest.raises(PanelError, match="together"):
        simulate_arrays(design, [1], d)
    with pytest.raises(PanelError, match="shape"):
        simulate_arrays(design, [1], d[:3], z[:3])


def test_raw_figures_rebuild_the_panel(tmp_path: Path) -> None:
    panel, known = simulate_panel(Simulation(units=PROVINCES), 7)
    assert known["seed"] == 7 and len(panel) == 434
    figures = simulated_figures(panel, level=LEVEL)
    wide_figures(figures, level=LEVEL).to_csv(
        tmp_path / "figures.csv", index=False, encoding="utf-8"
    )
    user = read_user_figures(tmp_path, units=PROVINCES)
    assert user.skipped.empty
    iv = panel[["province_code", "province", "year"]].assign(dti_iv=panel["DTI_iv"])
    dti = panel[["province_code", "province", "year", "DTIn", "DTIG"]]
    built = build_panel((2009, 2022), iv, dti, None, user.figures, units=PROVINCES)
    for name in BY_NAME:
        if name in panel and pd.api.types.is_numeric_dtype(panel[name]):
            got = built.panel[name].astype(float)
            pd.testing.assert_series_equal(got, panel[name].astype(float), rtol=1e-12, obj=name)
    tables, options = shipped_tables(LEVEL).values(), TableOptions(LEVEL)
    said = table_coverage(tables, built.panel, options).set_index("table")
    # the exchange rate alone is not simulated: year effects absorb it
    assert set(said["controls_absent"].dropna()) == {"EXR"}
    # columns (1), without controls, have all they need
    assert set(said["runs"]) == {"reduced controls", "in part"}
    known = built.panel.assign(EXR=6 + built.panel["year"] % 7)
    whole = table_coverage(tables, known, options).set_index("table")
    assert (whole["runs"] == "as in the paper").all() and whole["columns_that_cannot"].isna().all()
    n = whole["n_obs"].to_dict()
    assert n.pop("table_05_regions") == 168
    assert n.pop("table_06_belt_and_road") == 252
    assert n.pop("table_09_digital_finance") == 372
    assert n.pop("table_10_without_municipalities") == 378
    assert set(n.values()) == {434}
    fewer = table_coverage(tables, known[known["year"] < 2022], options)
    assert set(fewer["runs"]) == {"all variables"}


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"units": PROVINCES.first(1)}, "provinces 1"),
        ({"endogeneity": 1.0}, "endogeneity"),
        ({"exposure": "near"}, "exposure"),
        ({"strength": -1.0}, "strength"),
        ({"years": (2022, 2009)}, "years"),
    ],
)
def test_bad_designs(kwargs: dict[str, object], message: str) -> None:
    with pytest.raises(PanelError, match=message):
        Simulation(**{"units": PROVINCES, **kwargs})
