"""Influence against estimation without the unit, row by row; and sums that must hold."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from study_panels import official_panel, study_panel

from dti_assets.econ import EconError, estimate
from dti_assets.econ.paper.resolution import TableOptions, resolve
from dti_assets.econ.paper.specifications import (
    baseline_column,
    first_two_stage_column,
    load_tables,
)
from dti_assets.econ.robustness.influence import OUTSIDE, influence
from dti_assets.econ.tables import COEFFICIENTS, INFLUENCE, KINDS
from dti_assets.units.lists import shipped_units

LEVEL = shipped_units("provinces").level
TABLES = load_tables(level=LEVEL)
TWO_STAGE = first_two_stage_column(TABLES.values(), "DTI_iv")
BASELINE = baseline_column(TABLES.values())
# coefficient -> (table, column) that estimates it
COLUMNS = {
    "2SLS": ("table_03_two_stage_least_squares", "second stage"),
    "first stage": ("table_03_two_stage_least_squares", "first stage"),
    "reduced form": ("table_03_two_stage_least_squares", "reduced form"),
    "OLS": ("table_03_two_stage_least_squares", "OLS"),
    "baseline OLS": ("table_02_baseline", "4"),
}


def with_terms(panel, terms=7, seed=3):
    """The panel with its instrument split into terms; the parts by (province, year)."""
    rng = np.random.default_rng(seed)
    known = panel[panel["DTI_iv"].notna()]
    shares = rng.dirichlet(np.full(terms, 0.4), size=len(known))
    parts = pd.DataFrame(
        shares * known["DTI_iv"].to_numpy()[:, None],
        index=pd.MultiIndex.from_frame(known[["province", "year"]]),
        columns=[f"t{j}" for j in range(terms)],
    )
    return parts


def unbalanced(seed=7):
    """Nine provinces and five years with holes; one province has two rows, so that without one of
    them the other stands alone, and one year has a single report."""
    panel = study_panel(seed, provinces=9, years=range(2009, 2014))
    rng = np.random.default_rng(seed)
    holes = rng.uniform(size=len(panel)) < 0.12
    panel.loc[holes, "Export"] = np.nan
    panel.loc[rng.uniform(size=len(panel)) < 0.08, "DTI_iv"] = np.nan
    first = panel["province"] == "P00"
    panel.loc[first & ~panel["year"].isin([2010, 2012]), "DTI_iv"] = np.nan
    panel.loc[first & panel["year"].isin([2010, 2012]), ["DTI_iv", "Export"]] = [[1.5, 11], [2, 12]]
    return panel


def left_out(panel, parts, row):
    """The panel as it is when the unit of an influence row is gone."""
    panel = panel.copy()
    if row.kind == "term":
        values = pd.MultiIndex.from_frame(panel[["province", "year"]])
        panel["DTI_iv"] -= parts[row.unit].reindex(values).to_numpy()
    elif row.kind == "report":
        gone = (panel["province"] == row.province) & (panel["year"] == row.year)
        panel.loc[gone, "DTI_iv"] = np.nan
    elif row.kind == "province":
        panel = panel[panel["province"] != row.province]
    else:
        panel = panel[panel["year"] != row.year]
    return panel


def by_hand(panel, options):
    """Coefficient -> (estimate, standard error, first-stage F), through estimate()."""
    found = {}
    f = None
    for name, (table, column) in COLUMNS.items():
        spec = TABLES[table]
        resolved = resolve(spec, spec.column(column), panel, options)
        try:
            result = estimate(resolved.spec, resolved.frame)
        except EconError:
            found[name] = (None, None)
            continue
        term = resolved.keys[0]
        there = term in result.params.index
        found[name] = (result.params[term], result.std_errors[term]) if there else (None, None)
        if name == "2SLS":
            f = result.first_stage.kleibergen_paap_f
    return found, f


@pytest.mark.parametrize("covariance", ["clustered", "robust", "iid"])
def test_leaving_out_by_hand_gives_the_same_numbers(covariance: str) -> None:
    panel = unbalanced()
    options = TableOptions(LEVEL, covariance=covariance)
    parts = with_terms(panel)
    frame = influence(TWO_STAGE, BASELINE, panel, parts, options)
    assert not LEVEL.table(INFLUENCE).violations(frame)
    assert set(frame["coefficient"]) == set(COEFFICIENTS) and set(frame["kind"]) == set(
        map(LEVEL.words, KINDS)
    )
    whole, f_whole = by_hand(panel, options)
    units = frame.drop_duplicates(["kind", "unit"])
    # all that leave a row alone, and some of the others
    alone = units["province"].eq("P00").fillna(False)
    step = 4 if covariance == "clustered" else 12
    units = units[alone | (units["kind"] != "report") | (np.arange(len(units)) % step == 0)]
    if covariance != "clustered":
        units = units.groupby("kind").head(4)
    assert len(units) > 12
    checked = 0
    for unit in units.itertuples():
        found, f = by_hand(left_out(panel, parts, unit), options)
        rows = frame[(frame["kind"] == unit.kind) & (frame["unit"] == unit.unit)]
        for row in rows.itertuples():
            with_, error = whole[row.coefficient]
            assert row.estimate_with == pytest.approx(with_, rel=1e-9)
            hand = found[row.coefficient][0]
            if hand is None:
                assert pd.isna(row.estimate_without) and row.reason
                continue
            assert row.estimate_without == pytest.approx(hand, rel=1e-9, abs=1e-9)
            assert row.change == pytest.approx(hand - with_, rel=1e-9, abs=1e-9)
            assert row.change_in_se == pytest.approx((hand - with_) / error, rel=1e-8, abs=1e-8)
            if "OLS" not in row.coefficient:
                assert row.first_stage_f_with == pytest.approx(f_whole, rel=1e-8)
                assert row.first_stage_f_without == pytest.approx(f, rel=1e-8)
            checked += 1
    assert checked > 60


def test_parts_sum_to_the_coefficient() -> None:
    panel = official_panel()
    panel.loc[panel.index % 11 == 0, "DTI_iv"] = np.nan
    frame = influence(
        TWO_STAGE, BASELINE, panel, with_terms(panel), TableOptions(LEVEL, proxies={"DTIn": "INVn"})
    )
    for (coefficient, kind), group in frame.groupby(["coefficient", "kind"]):
        if group["contribution"].isna().all():
            assert "OLS" in coefficient and kind in ("term", "report")
            continue
        total, whole = group["contribution"].sum(), group["estimate_with"].iloc[0]
        assert total == pytest.approx(whole, rel=1e-10, abs=1e-12), (coefficient, kind)
    reports = frame[frame["kind"] == "report"]
    outside = reports[reports["note"].eq(OUTSIDE).fillna(False)]
    # outcomes of three years: a report of another year moves nothing, and says so
    assert set(outside["year"]).isdisjoint({2016, 2017, 2018}) and len(outside) > 100
    assert (outside["change"] == 0).all() and (outside["contribution"] == 0).all()


def test_sums_of_leaving_out_terms_one_after_another() -> None:
    """Numerators are linear in hits: d'z without a term is d'z less the term's part."""
    panel = study_panel(provinces=12, years=range(2009, 2014))
    parts = with_terms(panel)
    whole = influence(TWO_STAGE, None, panel, parts, TableOptions(LEVEL))
    terms = whole[(whole["coefficient"] == "2SLS") & (whole["kind"] == "term")]
    first = whole[(whole["coefficient"] == "first stage") & (whole["kind"] == "term")]
    # Rotemberg weights sum to one, and weighted single-term estimates to the estimate
    weights = first["contribution"].to_numpy() / first["estimate_with"].iloc[0]
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    spec, column = TWO_STAGE
    single = []
    for term in parts.columns:
        wide = panel.assign(DTI_iv=parts[term].to_numpy())
        resolved = resolve(spec, column, wide, TableOptions(LEVEL))
        single.append(estimate(resolved.spec, resolved.frame).params["DTIn"])
    assert terms["contribution"].to_numpy() == pytest.approx(weights * np.array(single), rel=1e-8)


def test_what_cannot_be_identified_has_a_reason_and_no_number() -> None:
    panel = study_panel(provinces=8, years=range(2009, 2013))
    # all variation of the instrument is one province's
    panel["DTI_iv"] = np.where(panel["province"] == "P03", panel["DTI_iv"], 0.0)
    parts = with_terms(panel, terms=1)
    frame = influence(TWO_STAGE, None, panel, parts, TableOptions(LEVEL))
    for unit in ("P03", "t0"):
        rows = frame[(frame["unit"] == unit) & (frame["coefficient"] != "OLS")]
        assert rows["estimate_without"].isna().all() and rows["change"].isna().all()
        assert rows["reason"].str.contains("no variation").all()
    two = panel[panel["province"].isin(["P01", "P03"])]
    frame = influence(TWO_STAGE, None, two, parts, TableOptions(LEVEL))
    assert frame["reason"].notna().any()


def test_a_column_without_data_and_an_instrument_that_does_not_add_up() -> None:
    panel = study_panel(provinces=8, years=range(2009, 2013))
    parts = with_terms(panel)
    absent = influence(
        TWO_STAGE, BASELINE, panel.drop(columns="Export"), parts, TableOptions(LEVEL)
    )
    assert len(absent) == 20 and absent["reason"].str.contains("absent from the data").all()
    wrong = influence(TWO_STAGE, None, panel, parts * 1.01, TableOptions(LEVEL))
    assert wrong["reason"].str.contains("do not add up").all()
    spec, column = TWO_STAGE
    lagged = replace(column, controls=("L.DTI_iv",))
    twice = influence((spec, lagged), None, panel, parts, TableOptions(LEVEL))
    assert twice["reason"].str.contains("holds the instrument too").all()


def test_one_year_without_effects() -> None:
    """Pooled over one year: each report is a province, and without the year nothing is left."""
    panel = study_panel(provinces=20, years=range(2009, 2010))
    parts = with_terms(panel)
    spec, column = TWO_STAGE
    pooled = replace(column, fixed_effects=(), controls=("GDP",))
    frame = influence((spec, pooled), None, panel, parts, TableOptions(LEVEL))
    rows = frame[frame["coefficient"] == "2SLS"].set_index(["kind", "unit"])
    assert rows.loc[("year", "2009"), "reason"] == "no two rows are left"
    for province in ("P00", "P07"):
        found = rows.loc[("province", province), "estimate_without"]
        assert found == rows.loc[("report", f"{province} 2009"), "estimate_without"]
        less = panel[panel["province"] != province]
        resolved = resolve(spec, pooled, less, TableOptions(LEVEL))
        assert found == pytest.approx(estimate(resolved.spec, resolved.frame).params["DTIn"])
    outside = rows["contribution"].groupby(level="kind").sum()
    assert outside.to_numpy() == pytest.approx(rows["estimate_with"].iloc[0], rel=1e-9)
