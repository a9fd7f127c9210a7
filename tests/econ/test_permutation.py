"""Random dictionaries: against estimation draw by draw, and p-values under a known null."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from study_panels import study_panel

from dti_assets.econ import estimate
from dti_assets.econ.model.slopes import slopes
from dti_assets.econ.paper.resolution import TableOptions, resolve
from dti_assets.econ.paper.specifications import first_two_stage_column, load_tables
from dti_assets.econ.robustness.permutation import (
    ALL_ROWS,
    CALIPER,
    COLUMN_ROWS,
    FEWEST,
    STATISTICS,
    Vocabulary,
    dictionary_permutation,
    draw_dictionaries,
    equations,
    matches,
    placed,
    term_features,
)
from dti_assets.econ.tables import DICTIONARY_PERMUTATION, PERMUTATION_DRAWS
from dti_assets.units.lists import shipped_units

LEVEL = shipped_units("provinces").level
TWO_STAGE = first_two_stage_column(load_tables(level=LEVEL).values(), "DTI_iv")
YEARS = range(2009, 2017)


def vocabulary(panel, terms, seed, words=15000.0):
    """Invented terms: hits by report with a size and a growth of their own."""
    rng = np.random.default_rng(seed)
    size, growth = np.exp(rng.normal(0.0, 1.0, terms)), rng.normal(0.1, 0.15, terms)
    age = panel["year"].to_numpy() - YEARS[0]
    taste = rng.gamma(2.0, 0.5, (panel["province"].nunique(), terms))
    place = pd.factorize(panel["province"])[0]
    hits = rng.poisson(size * np.exp(growth * age[:, None]) * taste[place])
    distance = 200.0 + 70.0 * place
    index = pd.MultiIndex.from_frame(panel[["province", "year"]])
    names = [f"t{j:03d}" for j in range(terms)]
    parts = pd.DataFrame(hits / words / distance[:, None], index=index, columns=names)
    by_year = pd.DataFrame(hits, columns=names).groupby(panel["year"].to_numpy()).sum().T
    return Vocabulary(parts, by_year)


def subset(whole, names):
    return Vocabulary(whole.parts[list(names)], whole.hits.loc[list(names)])


@pytest.fixture(scope="module")
def world():
    """A panel whose instrument is the sum of 12 of 260 terms; outcome missing in some rows."""
    panel = study_panel(provinces=14, years=YEARS)
    whole = vocabulary(panel, 260, seed=5)
    names = list(whole.parts.columns)
    real, rest = subset(whole, names[:12]), subset(whole, names[12:])
    panel["DTI_iv"] = real.parts.sum(axis=1).to_numpy()
    panel.loc[panel.index % 9 == 0, "Export"] = np.nan
    words = pd.Series(15000.0 * 14, index=list(YEARS))
    return panel, real, rest, words


@pytest.mark.parametrize("covariance", ["clustered", "robust", "iid"])
def test_every_draw_is_what_estimation_gives(world, covariance: str) -> None:
    panel, real, rest, words = world
    options = TableOptions(LEVEL, covariance=covariance, seed=3)
    frame, draws = dictionary_permutation(*TWO_STAGE, panel, real, rest, words, options, draws=5)
    assert not DICTIONARY_PERMUTATION.violations(frame)
    assert not PERMUTATION_DRAWS.violations(draws)
    features = term_features(real.hits, words), term_features(rest.hits, words)
    chosen = draw_dictionaries(matches(*features)[0], 248, 5, np.random.default_rng(3))
    spec, column = TWO_STAGE
    for j, draw in enumerate(chosen):
        assert draw.sum() == 12
        wide = panel.assign(DTI_iv=rest.parts.to_numpy() @ draw)
        resolved = resolve(spec, column, wide, options)
        result = estimate(resolved.spec, resolved.frame)
        row = draws[(draws["sample"] == COLUMN_ROWS) & (draws["draw"] == j + 1)].iloc[0]
        stage = result.first_stage
        assert row["first_stage_f"] == pytest.approx(stage.kleibergen_paap_f, rel=1e-8)
        assert row["first_stage"] == pytest.approx(stage.params["DTI_iv"], rel=1e-8)
        t = stage.params["DTI_iv"] / stage.std_errors["DTI_iv"]
        assert row["first_stage_t"] == pytest.approx(t, rel=1e-8)
        assert row["partial_r2"] == pytest.approx(stage.partial_r2, rel=1e-8)
        reduced = stage.reduced_form.loc["DTI_iv"]
        assert row["reduced_form"] == pytest.approx(reduced["estimate"], rel=1e-8)
        assert row["reduced_form_t"] == pytest.approx(
            reduced["estimate"] / reduced["std_error"], rel=1e-8
        )
        assert row["hits"] == (rest.hits.to_numpy() * draw[:, None]).sum()
        first = resolved.spec.with_(
            outcome="DTIn", endogenous=(), instruments=(),
            regressors=("DTI_iv", *resolved.spec.regressors),
        )  # fmt: skip
        alone = estimate(first, wide)
        row = draws[(draws["sample"] == ALL_ROWS) & (draws["draw"] == j + 1)].iloc[0]
        assert row["first_stage_t"] == pytest.approx(alone.t_stats["DTI_iv"], rel=1e-8)
    studied = frame.set_index(["sample", "statistic"])
    # the study's own instrument is the sum of the real terms here, so both columns agree
    assert studied["as_studied"].to_numpy() == pytest.approx(studied["real"].to_numpy(), rel=1e-8)
    assert studied.loc[(ALL_ROWS, "first_stage_t"), "n_obs"] == len(panel)
    assert set(studied.index.get_level_values("statistic")) == set(STATISTICS)


def test_p_is_uniform_where_the_dictionary_is_drawn_at_random(world) -> None:
    """The real dictionary is itself a random draw of the vocabulary: over many worlds its p-value
    is uniform, for each statistic; and not where it is the one that moves the regressor."""
    panel, _, _, words = world
    whole = vocabulary(panel, 600, seed=8)
    features = term_features(whole.hits, words)
    rng = np.random.default_rng(2024)
    base = panel.assign(DTI_iv=whole.parts.iloc[:, :12].sum(axis=1).to_numpy())
    equation = equations(*TWO_STAGE, base, TableOptions(LEVEL))[0]
    kept = equation.design.sample.rows
    columns = equation.residual(whole.parts.to_numpy()[panel.index.get_indexer(kept)])
    found: dict[str, list[float]] = {"first_stage_t": [], "partial_r2": [], "reduced_form": []}
    caught = []
    for _ in range(240):
        order = rng.permutation(600)
        mine, others = order[:12], order[12:]
        near, _ = matches(features.iloc[mine], features.iloc[others])
        chosen = draw_dictionaries(near, len(others), 99, rng)
        drawn = equation.statistics(columns[:, others] @ chosen.T)
        own = equation.statistics(columns[:, mine].sum(axis=1, keepdims=True))
        for name, values in found.items():
            place = placed(float(own[name][0]), drawn[name], STATISTICS[name] == "absolute")
            values.append(place["p_value"])
        # a regressor that this dictionary moves
        z = columns[:, mine].sum(axis=1)
        d = z / z.std() + rng.normal(size=len(z))
        d = equation.residual(d[:, None])[:, 0]
        cluster, factor = equation.design.sample.cluster, 1.0
        real = slopes(z[:, None], d, "clustered", factor, cluster).f
        rest = slopes(columns[:, others] @ chosen.T, d, "clustered", factor, cluster).f
        caught.append(placed(float(real[0]), rest, False)["p_value"])
    for name, values in found.items():
        assert min(values) >= 0.01
        assert stats.kstest(values, "uniform").pvalue > 0.01, name
        assert np.mean(np.array(values) <= 0.1) < 0.17, name
    assert np.mean(np.array(caught) <= 0.05) > 0.8


def test_matches_are_near_or_nearest_and_draws_never_repeat_a_term() -> None:
    rng = np.random.default_rng(0)
    pool = pd.DataFrame(rng.normal(size=(2000, 2)), columns=["frequency", "growth"])
    wanted = pd.DataFrame([[0.0, 0.0], [0.05, 0.0], [6.0, 6.0]], columns=["frequency", "growth"])
    near, short = matches(wanted, pool)
    assert short == 1
    spread = pool.std(ddof=0)
    inside = (np.abs(pool - wanted.iloc[0]) / spread <= CALIPER).all(axis=1)
    assert sorted(near[0]) == list(np.flatnonzero(inside)) and len(near[0]) >= FEWEST
    farthest = ((pool - wanted.iloc[2]) / spread).pow(2).sum(axis=1).nsmallest(FEWEST)
    assert list(near[2]) == list(farthest.index)
    chosen = draw_dictionaries(near, 2000, 400, np.random.default_rng(1))
    assert set(np.unique(chosen)) == {0.0, 1.0} and (chosen.sum(axis=1) == 3).all()
    # more terms than matches: the others come from what is left
    crowded = draw_dictionaries([near[2]] * 15, 2000, 20, np.random.default_rng(1))
    assert (crowded.sum(axis=1) == 15).all() and (crowded[:, near[2]] == 1).all()


def test_the_note_counts_the_terms_that_had_to_take_the_nearest(world) -> None:
    """A term with just enough matches within the caliper did not have to."""
    panel, real, rest, words = world
    two = subset(real, real.parts.columns[:2])

    def of_one_size(terms, sizes):
        return pd.DataFrame(dict.fromkeys(YEARS, sizes), index=terms)

    sizes = [100] * FEWEST + [10_000] * (248 - FEWEST)
    pool = Vocabulary(rest.parts, of_one_size(rest.hits.index, sizes))
    for own, told in (([100, 1], 1), ([100, 100], 0), ([1, 2], 2)):
        mine = Vocabulary(two.parts, of_one_size(two.hits.index, own))
        frame, _ = dictionary_permutation(
            *TWO_STAGE, panel, mine, pool, words, TableOptions(LEVEL), draws=5
        )
        assert f"; {told} terms were matched with the 10 nearest" in frame["note"].iloc[0], own


def test_features_are_log_rates_of_all_years_and_of_halves() -> None:
    hits = pd.DataFrame({2010: [9, 0], 2011: [0, 0], 2012: [9, 0], 2013: [20, 0]}, index=["a", "b"])
    words = pd.Series({2010: 100, 2011: 100, 2012: 200, 2013: 200})
    found = term_features(hits, words)
    assert found.at["a", "frequency"] == pytest.approx(np.log(39 / 600))
    assert found.at["a", "growth"] == pytest.approx(np.log(30 / 400 / (10 / 200)))
    assert found.at["b", "growth"] == pytest.approx(np.log(1 / 400 / (1 / 200)))
    assert (term_features(hits[[2010]], words[[2010]])["growth"] == 0).all()


def test_the_rank_counts_ties_and_leaves_out_draws_without_a_value() -> None:
    draws = np.array([1.0, -3.0, 2.0, np.nan, 2.0])
    row = placed(2.0, draws, absolute=True)
    assert row["draws"] == 4 and row["p_value"] == pytest.approx((1 + 3) / 5)
    assert row["percentile"] == pytest.approx(75)
    assert placed(9.0, draws, absolute=False)["p_value"] == pytest.approx(1 / 5)
    assert placed(float("nan"), draws, absolute=False)["reason"]


def test_what_cannot_be_drawn_has_a_reason(world) -> None:
    panel, real, rest, words = world
    few = subset(rest, list(rest.parts.columns[:4]))
    frame, draws = dictionary_permutation(*TWO_STAGE, panel, real, few, words, TableOptions(LEVEL))
    assert "4 candidate terms cannot match 12" in frame["reason"].item() and draws.empty
    none = Vocabulary(rest.parts.iloc[:, :0], rest.hits.iloc[:0])
    frame, draws = dictionary_permutation(*TWO_STAGE, panel, real, none, words, TableOptions(LEVEL))
    assert "0 candidate terms" in frame["reason"].item() and draws.empty
    absent = panel.drop(columns="DTIn")
    frame, _ = dictionary_permutation(*TWO_STAGE, absent, real, rest, words, TableOptions(LEVEL))
    assert "absent from the data" in frame["reason"].item()
    uncounted = Vocabulary(rest.parts.iloc[:-1], rest.hits)
    frame, _ = dictionary_permutation(
        *TWO_STAGE, panel, real, uncounted, words, TableOptions(LEVEL)
    )
    assert "not counted for" in frame["reason"].item()
