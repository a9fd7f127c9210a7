"""The expected instrument: shares computed another way, and properties that define it."""

import numpy as np
import pandas as pd
import pytest

from dti_assets.instrument.distances import ZeroDistance, capital_distances
from dti_assets.instrument.expected import expected_instrument
from dti_assets.instrument.values import dti_iv
from dti_assets.text.attention import CountingRules, policy_attention
from dti_assets.text.dictionary import shipped_dictionary
from dti_assets.text.published import published_counts, published_words
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")
LEVEL = PROVINCES.level
RULES = {"internal": ZeroDistance("internal"), "drop": ZeroDistance("drop")}


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    attention = policy_attention(
        published_counts(LEVEL).assign(origin="published"),
        published_words(LEVEL).assign(origin="published"),
        list(range(2009, 2023)),
        shipped_dictionary(),
        CountingRules(),
        units=PROVINCES,
    )
    return {
        name: dti_iv(
            attention, capital_distances("杭州", rule=rule, units=PROVINCES), level=LEVEL
        ).astype({"dti_iv": float, "expected": float, "frequency": float, "distance_km": float})
        for name, rule in RULES.items()
    }


def within_share(table: pd.DataFrame, value: str, part: pd.Series) -> float:
    """R2 of the two-way regression of a column on `part`, by dummies, less that of the dummies."""
    kept = table[value].notna() & part.notna()
    rows = table[kept]
    dummies = np.hstack(
        [pd.get_dummies(rows[key]).to_numpy(float) for key in ("province_code", "year")]
    )
    y, x = rows[value].to_numpy() * 1e6, part[kept].to_numpy()[:, None] * 1e6

    def left(columns: np.ndarray) -> float:
        fitted = columns @ np.linalg.lstsq(columns, y, rcond=None)[0]
        return float(((y - fitted) ** 2).sum())

    return 1 - left(np.hstack([dummies, x])) / left(dummies)


@pytest.mark.parametrize(
    ("rule", "leaving_out", "over_all"), [("internal", 0.706, 0.728), ("drop", 0.625, 0.649)]
)
def test_most_of_the_instrument_is_expected(
    tables: dict[str, pd.DataFrame], rule: str, leaving_out: float, over_all: float
) -> None:
    """Published shares, with the expected instrument from means of the frequency by year."""
    table = tables[rule]
    known = table.dropna(subset=["dti_iv"])
    by_year = known.groupby("year")["frequency"]
    total, count = table["year"].map(by_year.sum()), table["year"].map(by_year.count())
    others = (total - table["frequency"]) / (count - 1) / table["distance_km"]
    everyone = total / count / table["distance_km"]
    assert within_share(table, "dti_iv", others) == pytest.approx(leaving_out, abs=5e-4)
    assert within_share(table, "dti_iv", everyone) == pytest.approx(over_all, abs=5e-4)
    assert within_share(table, "dti_iv", table["expected"]) == pytest.approx(over_all, abs=5e-4)
    # the whole instrument is a shock: nothing of it is expected
    frequency = table["frequency"].groupby(table["year"]).transform("mean")
    assert within_share(table, "frequency", frequency) == pytest.approx(0.0, abs=5e-4)


def test_known_wherever_the_distance_is(tables: dict[str, pd.DataFrame]) -> None:
    for rule, table in tables.items():
        assert (table["expected"].notna() == table["distance_km"].notna()).all()
        assert table["expected"].isna().sum() == (14 if rule == "drop" else 0)


def panel(units: int, years: int, seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = [(unit, year) for unit in range(units) for year in range(years)]
    frame = pd.DataFrame(rows, columns=["unit", "year"])
    frame["shock"] = rng.gamma(2, size=len(frame)) + frame["unit"]
    frame["exposure"] = 100.0 + 50 * frame["unit"]
    return frame


def expected(frame: pd.DataFrame, **more: object) -> np.ndarray:
    return expected_instrument(
        frame["shock"], frame["exposure"], frame["unit"], frame["year"], **more
    )


def test_it_is_the_mean_over_every_assignment_of_the_paths() -> None:
    """Each unit gets each path equally often: the mean of all of them, by enumeration."""
    from itertools import permutations

    frame = panel(4, 3)
    paths = frame["shock"].to_numpy().reshape(4, 3)
    km = frame["exposure"].to_numpy().reshape(4, 3)
    for formula in (lambda f, d: f / d, lambda f, d: np.exp(-f * d / 300)):
        every = [formula(paths[list(order)], km) for order in permutations(range(4))]
        found = expected(frame, formula=formula).reshape(4, 3)
        np.testing.assert_allclose(found, np.mean(every, axis=0), rtol=1e-12)


def test_who_reports_does_not_move_it_in_an_uneven_panel() -> None:
    """Units of high frequency that stop to report would else pull the later years down."""
    frame = panel(20, 10)
    frame["shock"] = frame["unit"] + 0.5 * frame["year"]
    frame.loc[(frame["unit"] >= 10) & (frame["year"] >= 5), "shock"] = np.nan
    mean = expected(frame, formula=lambda f, d: f + 0 * d)
    whole = (9.5 + 0.5 * frame["year"]).to_numpy()
    np.testing.assert_allclose(mean - mean[0], whole - whole[0], atol=1e-10)


def test_a_year_without_a_shock_and_a_unit_without_exposure_have_none() -> None:
    frame = panel(5, 4)
    frame.loc[frame["year"] == 2, "shock"] = np.nan
    frame.loc[frame["unit"] == 1, "exposure"] = np.nan
    missing = np.isnan(expected(frame))
    assert (missing == ((frame["year"] == 2) | (frame["unit"] == 1))).all()
