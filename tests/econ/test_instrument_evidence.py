"""Points of figures: curve and residuals say what weak_instrument_inference says in numbers."""

import numpy as np
import pandas as pd
import pytest
from study_panels import official_panel, study_panel

from dti_assets.econ.inference.anderson_rubin import anderson_rubin_set, wald_p_values
from dti_assets.econ.model.design import build
from dti_assets.econ.model.specification import Specification
from dti_assets.econ.paper.reports import (
    anderson_rubin_curve,
    stage_residuals,
    weak_instrument_inference,
)
from dti_assets.econ.paper.resolution import TableOptions
from dti_assets.econ.paper.specifications import TableSpec
from dti_assets.econ.tables import ANDERSON_RUBIN_CURVE, STAGE_RESIDUALS
from dti_assets.study.specifications import shipped_tables
from dti_assets.units.lists import shipped_units

LEVEL = shipped_units("provinces").level
OPTIONS = TableOptions(LEVEL, draws=499)


@pytest.fixture(scope="module")
def tables() -> list[TableSpec]:
    return [shipped_tables(LEVEL)["table_03_two_stage_least_squares"]]


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    return study_panel(seed=3)


def test_the_curve_is_above_five_percent_exactly_in_the_stored_set(
    tables: list[TableSpec], panel: pd.DataFrame
) -> None:
    curve = anderson_rubin_curve(tables, panel, OPTIONS)
    stored = weak_instrument_inference(tables, panel, OPTIONS).iloc[0]
    assert ANDERSON_RUBIN_CURVE.violations(curve) == []
    assert curve["value"].is_monotonic_increasing
    zero = curve[curve["value"] == 0].iloc[0]
    assert zero["p_wild"] == stored["p_wild"]
    assert zero["p_wild_at_infinity"] == pytest.approx(stored["first_stage_p_wild"])
    at_estimate = curve[curve["value"] == stored["estimate"]]
    assert at_estimate["p_wald"].tolist() == [pytest.approx(1.0)]
    assert stored["ar_bounded"]
    inside = curve["value"].between(stored["ar_low"], stored["ar_high"])
    assert inside.any() and not inside.all()
    assert ((curve["p_wild"] > 0.05) == inside).all()


@pytest.mark.parametrize("instruments", [("DTI_iv",), ("DTI_iv", "noisy")])
@pytest.mark.parametrize("covariance", ["clustered", "robust", "iid"])
def test_the_wald_p_value_is_one_minus_the_level_at_the_ends_of_its_set(
    panel: pd.DataFrame, covariance: str, instruments: tuple[str, ...]
) -> None:
    spec = Specification(
        outcome="Export",
        regressors=("GDP", "FIE"),
        endogenous=("DTIn",),
        instruments=instruments,
        fixed_effects=("province", "year"),
        cluster="province",
        covariance=covariance,
    )
    noise = np.random.default_rng(0).normal(scale=0.5, size=len(panel))
    panel = panel.assign(noisy=panel["DTI_iv"] + noise)
    found = anderson_rubin_set(spec, panel, level=0.9, method="crv1")
    ends = np.array([end for piece in found.intervals for end in piece if np.isfinite(end)])
    assert len(ends)
    p = wald_p_values(build(spec, panel), covariance, ends)
    assert p == pytest.approx(np.full(len(ends), 0.1), abs=1e-6)


def test_slopes_of_the_residuals_are_first_stage_and_reduced_form(
    tables: list[TableSpec], panel: pd.DataFrame
) -> None:
    points = stage_residuals(tables, panel, OPTIONS)
    stored = weak_instrument_inference(tables, panel, OPTIONS).iloc[0]
    assert LEVEL.table(STAGE_RESIDUALS).violations(points) == []
    assert len(points) == stored["n_obs"]
    z = points["instrument_residual"]
    for side, name in (("endogenous", "first_stage"), ("outcome", "reduced_form")):
        slope = (z * points[f"{side}_residual"]).sum() / (z * z).sum()
        assert slope == pytest.approx(stored[name], rel=1e-8)


def test_a_column_without_its_variables_is_a_row_with_the_reason(tables: list[TableSpec]) -> None:
    for report in (anderson_rubin_curve, stage_residuals):
        frame = report(tables, official_panel(), OPTIONS)
        assert len(frame) == 1 and "absent from the data: DTIn" in frame["reason"].iloc[0]
