"""Precision, corrected DTI_iv and its effect on estimates: against closed forms, other software,
brute force, and coders whose errors are known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from dti_assets.audit.agreement import MISSING
from dti_assets.audit.effects import Corrected, effects_on_column
from dti_assets.audit.precision import decided, shrunken_shares, weighted_share, wilson
from dti_assets.audit.report_results import ReportAudit, correction_rows
from dti_assets.audit.report_sample import QUESTION, allocate
from dti_assets.audit.sheets import NO, UNCLEAR, YES, Labels
from dti_assets.audit.tables import REPORT_KEY
from dti_assets.econ import estimate
from dti_assets.econ.paper.resolution import TableOptions, resolve
from dti_assets.econ.paper.specifications import parse_table
from dti_assets.errors import AuditError
from dti_assets.instrument.formula import instrument
from dti_assets.text.choices import frequency
from dti_assets.units.lists import shipped_units

LEVEL = shipped_units("provinces").level
HITS = {f"term{i}": h for i, h in enumerate([900, 500, 300, 200, 90, 60, 30, 12, 5, 2])}
TABLE = parse_table(
    {
        "table": "3",
        "name": "two_stage",
        "title": "t",
        "outcome": "Export",
        "controls": ["GDP"],
        "fixed_effects": ["province", "year"],
        "cluster": "province",
        "columns": [{"column": "iv", "endogenous": ["DTIn"], "instruments": ["DTI_iv"]}],
    },
    level=LEVEL,
)


def key_of(n: int = 120) -> pd.DataFrame:
    rows = []
    for term, size in allocate(HITS, n).items():
        rows += [
            {"item": f"{term}-{at}", "path": "p", "province_code": 110000, "year": 2015,
             "section": "plan", "paragraph": 1, "start": 0, "end": 2, "stratum": term,
             "category": "even" if int(term[4:]) % 2 == 0 else "odd", "population": HITS[term]}
            for at in range(size)
        ]  # fmt: skip
    return LEVEL.table(REPORT_KEY).frame(rows)


def audit_of(values: np.ndarray, key: pd.DataFrame, seed: int = 1) -> ReportAudit:
    coders = tuple(f"c{j}" for j in range(values.shape[1]))
    return ReportAudit(Labels(tuple(key["item"]), coders, {QUESTION: values}), key, seed)


def counts_and_instrument(seed: int = 5) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Hits by term of 12 provinces in 6 years, and table dti_iv of them."""
    rng = np.random.default_rng(seed)
    rows, iv = [], []
    for code in range(110000, 110012):
        for year in range(2010, 2016):
            hits = rng.poisson([6, 5, 4, 3, 2, 2, 1, 1, 0.4, 0.2])
            rows += [
                {"province_code": code, "year": year, "term": term, "hits": int(h)}
                for term, h in zip(HITS, hits, strict=True)
                if h
            ]
            total, km = int(rng.integers(8000, 12000)), 100.0 + 37 * (code - 110000)
            iv.append(
                {"province_code": code, "province": f"p{code}", "year": year,
                 "keyword_hits": int(hits.sum()), "total_words": total, "distance_km": km,
                 "dti_iv": instrument(frequency(int(hits.sum()), total), km), "reason": None}
            )  # fmt: skip
    return pd.DataFrame(rows), pd.DataFrame(iv)


def panel_of(iv: pd.DataFrame) -> pd.DataFrame:
    rng = np.random.default_rng(9)
    n, z = len(iv), iv["dti_iv"] * 1e5
    error = rng.normal(size=n)
    dtin = 0.8 * z + 0.5 * error + rng.normal(size=n)
    return pd.DataFrame(
        {
            **{name: iv[name] for name in ("province_code", "province", "year")},
            "DTI_iv": iv["dti_iv"],
            "DTIn": dtin,
            "GDP": rng.normal(size=n),
            "Export": 0.4 * dtin + error,
        }
    )


def test_what_coders_decide() -> None:
    votes = np.array(
        [
            [YES, YES, NO],
            [YES, NO, MISSING],
            [UNCLEAR, NO, MISSING],
            [UNCLEAR, UNCLEAR, MISSING],
            [MISSING] * 3,
            [NO, NO, YES],
        ]
    )
    expected = [1, 0.5, 0, np.nan, np.nan, 0]
    np.testing.assert_array_equal(decided(votes), expected)


@given(st.integers(1, 300), st.floats(0, 1))
def test_wilson_as_statsmodels_has_it(n: int, part: float) -> None:
    k = round(part * n)
    theirs = proportion_confint(k, n, method="wilson")
    assert wilson(k / n, n) == pytest.approx(theirs, abs=1e-12)


def test_shrinkage_is_the_posterior_mean_of_a_beta_binomial() -> None:
    true, labelled = np.array([9.0, 2.0, 0.0, 40.0]), np.array([10.0, 2.0, 3.0, 50.0])
    overall = weighted_share(np.repeat([1.0, 0.0], [51, 14]), np.ones(65))
    found = shrunken_shares(true, labelled, overall, draws=40_000, seed=2)
    grid, m = np.geomspace(1, 1000, 31), overall.share
    likelihood = np.array(
        [
            np.prod(stats.betabinom.pmf(true, labelled, s * m, s * (1 - m)))
            for s in grid
        ]
    )  # fmt: skip
    weight = likelihood / likelihood.sum()
    means = [sum(w * (t + s * m) / (n + s) for s, w in zip(grid, weight, strict=True))
             for t, n in zip(true, labelled, strict=True)]  # fmt: skip
    np.testing.assert_allclose(found.share, means, rtol=1e-10)
    # drawn precisions scatter about the same means, and the least labelled the most
    np.testing.assert_allclose(found.draws.mean(axis=0), means, atol=0.015)
    assert found.draws[:, 1].std() > found.draws[:, 3].std()
    raw = true / labelled
    assert (np.abs(found.share - m) <= np.abs(raw - m) + 1e-12).all()


def test_perfect_coders_change_nothing() -> None:
    key = key_of()
    audit = audit_of(np.full((len(key), 2), YES), key)
    hits, iv = counts_and_instrument()
    corrected = audit.corrected_instrument(hits, iv, level=LEVEL)
    np.testing.assert_allclose(corrected.values, iv["dti_iv"], rtol=1e-12)
    rows = effects_on_column(TABLE, TABLE.columns[0], panel_of(iv), corrected, TableOptions(LEVEL))
    for row in rows:
        assert row["estimate"] == pytest.approx(row["uncorrected"], rel=1e-12)
    # that no error was seen does not say that there is none
    assert (corrected.draws <= corrected.values[:, None] * (1 + 1e-12)).all()
    assert (corrected.draws.mean(axis=1) < 0.9999 * corrected.values).all()
    whole = next(r for r in audit.precision() if r["scope"] == "all")
    assert whole["estimate"] == 1 and 0.9 < whole["conf_low"] < 1
    assert next(r for r in audit.agreement() if r["measure"] == "alpha")["estimate"] is None


def test_corrected_instrument_by_hand() -> None:
    key = key_of()
    rng = np.random.default_rng(1)
    audit = audit_of((rng.random((len(key), 2)) < 0.8).astype(int), key)
    hits, iv = counts_and_instrument()
    hits = hits[hits["term"] != "term8"]
    sums = hits.groupby(["province_code", "year"])["hits"].sum()
    iv["keyword_hits"] = [int(sums[r.province_code, r.year]) for r in iv.itertuples()]
    iv.loc[3, ["keyword_hits", "total_words"]] = pd.NA
    corrected = audit.corrected_instrument(hits, iv, level=LEVEL)
    terms = sorted(HITS)
    share = dict(zip(terms, audit.by_term(terms)[0], strict=True))
    for at, row in enumerate(iv.itertuples()):
        if at == 3:
            assert np.isnan(corrected.values[at])
            continue
        here = hits[(hits["province_code"] == row.province_code) & (hits["year"] == row.year)]
        by_hand = sum(h.hits * share[h.term] for h in here.itertuples())
        expected = instrument(frequency(by_hand, row.total_words), row.distance_km)
        assert corrected.values[at] == pytest.approx(expected, rel=1e-12)
    rows = correction_rows(corrected, iv, "dti_iv", level=LEVEL)
    assert rows[3]["reason"] == "not computed" and rows[0]["change"] < 0
    assert rows[0]["change_low"] <= rows[0]["change"] <= rows[0]["change_high"]
    with pytest.raises(AuditError, match="disagree on the hits"):
        audit.corrected_instrument(
            hits, iv.assign(keyword_hits=iv["keyword_hits"] + 1), level=LEVEL
        )


@pytest.mark.parametrize("name", ["DTI_iv", "DTIn"])
def test_every_draw_is_what_estimating_it_gives(name: str) -> None:
    _, iv = counts_and_instrument()
    panel = panel_of(iv).drop(index=[7, 20])
    rng = np.random.default_rng(3)
    place = iv[["province_code", "year"]]
    base = panel[name].reindex(iv.index).fillna(0).to_numpy()
    draws = base[:, None] * rng.uniform(0.7, 1.1, (len(iv), 6))
    corrected = Corrected(name, place, draws[:, 0], draws)
    rows = effects_on_column(TABLE, TABLE.columns[0], panel, corrected, TableOptions(LEVEL))
    other = ["2SLS", "OLS"] if name == "DTIn" else ["reduced form", "2SLS"]
    assert [row["measure"] for row in rows] == ["first stage", *other]
    spec = resolve(TABLE, TABLE.columns[0], panel, TableOptions(LEVEL)).spec
    alone = {"endogenous": (), "instruments": ()}
    through = {"regressors": ("DTI_iv", "GDP"), **alone}
    equations = {
        "first stage": (spec.with_(outcome="DTIn", **through), "DTI_iv"),
        "reduced form": (spec.with_(**through), "DTI_iv"),
        "2SLS": (spec, "DTIn"),
        "OLS": (spec.with_(regressors=("DTIn", "GDP"), **alone), "DTIn"),
    }  # fmt: skip
    for row in rows:
        equation, term = equations[row["measure"]]
        changes = []
        for draw in range(6):
            drawn = panel.assign(**{name: draws[panel.index, draw]})
            changes.append(float(estimate(equation, drawn).params[term]) - row["uncorrected"])
        low, high = np.quantile(changes, [0.025, 0.975])
        assert row["change"] == pytest.approx(changes[0], rel=1e-8)
        assert row["change_low"] == pytest.approx(min(low, changes[0]), rel=1e-7)
        assert row["change_high"] == pytest.approx(max(high, changes[0]), rel=1e-7)


def test_an_absent_variable_is_a_reason() -> None:
    _, iv = counts_and_instrument()
    panel = panel_of(iv).drop(columns="DTIn")
    place = iv[["province_code", "year"]]
    corrected = Corrected("DTI_iv", place, np.ones(len(iv)), np.ones((len(iv), 2)))
    rows = effects_on_column(TABLE, TABLE.columns[0], panel, corrected, TableOptions(LEVEL))
    assert {row["reason"] for row in rows} == {"absent from the data: DTIn"}


def test_coders_with_known_errors_recover_precision_and_hits() -> None:
    """Terms differ in their true precision, coders see the truth: the interval of overall
    precision and of corrected hits hold it in about 95 of 100 samples, shrinkage beats raw."""
    rng = np.random.default_rng(21)
    key = key_of(150)
    term = key["stratum"].to_numpy()
    inside_share = inside_hits = 0
    squared = np.zeros(2)
    weight = np.array(list(HITS.values()), dtype=float)
    for seed in range(150):
        truth = dict(zip(HITS, rng.beta(16, 4, len(HITS)), strict=True))
        labels = (rng.random((len(key), 1)) < [[truth[t]] for t in term]).astype(int)
        audit = audit_of(np.repeat(labels, 2, axis=1), key, seed)
        true = np.array(list(truth.values()))
        overall = float(weight @ true / weight.sum())
        inside_share += audit.overall.low <= overall <= audit.overall.high
        shares, drawn, _s = audit.by_term(list(HITS))
        low, high = np.quantile(drawn @ weight, [0.025, 0.975])
        inside_hits += low <= weight @ true <= high
        raw = np.array([labels[term == t].mean() for t in HITS])
        squared += [((shares - true) ** 2).sum(), ((raw - true) ** 2).sum()]
    assert 0.90 <= inside_share / 150 <= 1.0
    assert 0.88 <= inside_hits / 150 <= 1.0
    assert squared[0] < squared[1]


def test_coders_who_err_make_themselves_heard_in_alpha() -> None:
    rng = np.random.default_rng(2)
    key = key_of(200)
    truth = rng.random(len(key)) < 0.7
    alphas = []
    for error in (0.02, 0.1, 0.25):
        labels = (truth[:, None] ^ (rng.random((len(key), 2)) < error)).astype(int)
        rows = audit_of(labels, key).agreement()
        alphas.append(next(r["estimate"] for r in rows if r["measure"] == "alpha"))
    assert alphas[0] > 0.85 > alphas[1] > alphas[2] > 0


def test_partial_coding_is_missing_not_false() -> None:
    key = key_of()
    values = np.full((len(key), 2), MISSING)
    with pytest.raises(AuditError, match="no item has a label 1 or 0 yet"):
        audit_of(values, key)
    values[key["stratum"] == "term0", 0] = YES
    audit = audit_of(values, key)
    rows = {(r["scope"], r["measure"]): r for r in audit.precision()}
    assert rows["all", "precision"]["estimate"] == 1
    assert rows["term5", "precision"]["reason"] == "no occurrence has a clear label"
    assert rows["term5", "shrunk precision"]["estimate"] == pytest.approx(1, abs=1e-12)
    assert rows["category odd", "precision"]["reason"] == "no occurrence has a clear label"
    # what nobody labelled is in no population
    left_out = sum(HITS.values()) - HITS["term0"]
    for scope, absent, hits in (("all", 9, left_out), ("category even", 4, 425)):
        row = rows[scope, "precision"]
        assert row["population"] == HITS["term0"]
        assert f"terms without a clear label left out: {absent}, with {hits} hits" in row["note"]
    assert audit.agreement()[0]["reason"] == "no unit has the labels of two coders"


def test_hits_that_are_no_longer_those_of_the_draw_are_noted() -> None:
    key = key_of()
    audit = audit_of(np.full((len(key), 2), YES), key)
    assert audit.precision() == audit.precision({**HITS, "term10": 0})
    now = {**HITS, "term0": 901, "new": 3}
    first, *others = audit.precision({name: n for name, n in now.items() if name != "term9"})
    assert (
        "the hits of 3 terms have changed since the sample was drawn (new, term0, term9)"
        in (first["note"])
    )
    assert others == audit.precision()[1:] and first["population"] == sum(HITS.values())
