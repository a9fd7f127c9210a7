"""Answers to a referee from made tables: each verdict follows the numbers, and where there are none
the answer says so."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from econ.study_panels import study_panel
from referee_reader import faults, read_page, read_word

from dti_assets.publishing.figures.remedies import remedies
from dti_assets.publishing.needs import REFEREE, REMEDIES
from dti_assets.publishing.referee.answers import response_rows
from dti_assets.publishing.referee.citing import EVIDENCE, Stored, _sentence, _templates
from dti_assets.publishing.referee.documents import documents
from dti_assets.publishing.referee.sections import in_short
from dti_assets.publishing.tables import REFEREE_RESPONSE
from dti_assets.study.catalogue import COMMON, estimates_table
from dti_assets.study.specifications import shipped_tables
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")
LEVEL = PROVINCES.level
OWN = {name: estimates_table(spec) for name, spec in shipped_tables(LEVEL).items()}
TABLES = {name: LEVEL.table(table) for name, table in (COMMON | OWN).items()}
INF = np.inf
COLUMN = {"table": "3", "label": "O3, illustration", "column": "second stage"}
HEAD = COLUMN | {"outcome": "Export", "endogenous": "DTIn", "instruments": "DTI_iv"}
STRONG: dict[str, Any] = HEAD | {
    "n_obs": 434, "n_clusters": 31, "estimate": 0.4, "ols_estimate": 0.3, "first_stage": 2.0,
    "first_stage_se": 0.1, "first_stage_p_wild": 0.01, "reduced_form": 0.8, "p_wild": 0.01,
    "kleibergen_paap_f": 400.0, "effective_f": 400.0, "effective_f_critical_10": 23.1,
    "jackknife_f": 300.0, "smallest_f": 250.0, "smallest_f_without": "上海",
    "effective_clusters": 20.0, "largest_cluster": "上海", "largest_share": 0.1,
    "ar_low": 0.2, "ar_high": 0.6, "ar_set": "[0.2, 0.6]", "tf_low": 0.2, "tf_high": 0.6,
}  # fmt: skip
FREE = {"ar_low": -INF, "ar_high": INF, "ar_set": "(-inf, inf)", "tf_low": -INF, "tf_high": INF}
WEAK = STRONG | FREE | {"kleibergen_paap_f": 0.5, "effective_f": 0.5, "jackknife_f": 0.4}
ROBUST = {"outcome": "Export", "term": "DTIn", "n_obs": 434, "n_clusters": 31, "p_wild": 0.3}
BASE = {"table": "2", "label": "O2", "column": "4", "outcome": "Export", "term": "DTIn"}
BASE |= {"role": "key", "estimate": 0.3, "std_error": 0.1, "se_crv3": 0.12, "n_clusters": 31}
BASE |= {"p_value": 0.01, "p_wild": 0.02, "conf_low": 0.1, "conf_high": 0.5}


def check(name: str, variant: str, estimate: float, low: Any, high: Any, **more: Any) -> Any:
    """A row of table robustness."""
    row = {"check": name, "variant": variant, "estimate": estimate, "first_stage_f": 30.0}
    return ROBUST | row | {"conf_low": low, "conf_high": high} | more


def answers(**rows: Any) -> pd.DataFrame:
    """Table referee_response from made rows by asset; the other tables are empty."""
    return _response(_frames(rows))


def _frames(rows: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    return {name: TABLES[name].frame(rows.get(name, [])) for name in REFEREE}


def _response(frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    stored = Stored(frames, {name: TABLES[name].key for name in REFEREE}, PROVINCES)
    frame = REFEREE_RESPONSE.frame(response_rows(stored))
    assert REFEREE_RESPONSE.violations(frame) == []
    return frame


def verdict(response: pd.DataFrame, objection: int) -> tuple[str, str]:
    """Finding and first sentence."""
    rows = response[response["objection"] == objection]
    return str(rows["finding"].iloc[0]), str(rows["sentence"].iloc[0])


def weak(*rows: Any) -> dict[str, Any]:
    return {"weak_instrument_inference": list(rows)}


def robust(*rows: Any, column: Any = STRONG) -> dict[str, Any]:
    return weak(column) | {"robustness": list(rows)}


def left_out(*estimates: float) -> dict[str, Any]:
    head = {"table": "3", "label": "O3", "column": "second stage", "term": "DTIn"}
    rows = [
        head | {"without": name, "estimate": e, "difference": e - 0.4, "first_stage_f": 9.0}
        for name, e in zip(("上海", "浙江"), estimates, strict=True)
    ]
    hub = [{"province": "浙江", "capital": "杭州", "great_circle_km": 0.0}]
    return {"leave_one_province_out": rows, "capital_distances": hub}


def permuted(*p: float) -> dict[str, Any]:
    numbers = {"real": 9.0, "as_studied": 8.0, "draws_low": 0.1, "draws_median": 1.0}
    numbers |= {"draws_high": 5.0, "draws": 1000, "n_obs": 434, "statistic": "first_stage_f"}
    rows = [{"sample": f"sample {n}", "p_value": value} | numbers for n, value in enumerate(p)]
    return {"dictionary_permutation": rows}


def audited(estimate: float | None) -> dict[str, Any]:
    precision = {"source": "reports", "part": "precision", "scope": "all", "measure": "precision"}
    rows = [precision | {"estimate": 0.9, "conf_low": 0.85, "conf_high": 0.94}]
    if estimate is not None:
        head = {"source": "reports", "part": "estimate", "scope": "Table 3", "measure": "2SLS"}
        rows.append(head | {"estimate": estimate, "uncorrected": 0.4})
    return weak(STRONG) | {"measurement_audit": rows}


def wolf(*pairs: tuple[float, float]) -> dict[str, Any]:
    rows = [
        {"hypothesis": f"Table 5, column {n}", "term": "DTIn", "p_wild": p, "p_romano_wolf": q}
        for n, (p, q) in enumerate(pairs, start=1)
    ]
    return {"romano_wolf": rows}


def mediated(low: float, high: float) -> dict[str, Any]:
    row = {"table": "11", "label": "O11", "mediator": "Number", "version": "single", "n_obs": 434}
    row |= {"total": 0.3, "direct": 0.2, "indirect": 0.1, "conf_low": low, "conf_high": high}
    return {"indirect_effects": [row]}


def based(p: float, wild: float) -> dict[str, Any]:
    return {"table_02_baseline": [BASE | {"p_value": p, "p_wild": wild}]}


def conley(
    error: float, low: float, high: float, errors: str = "clustered by province"
) -> dict[str, Any]:
    row = check("Conley errors", "Bartlett, 500 km", 0.3, low, high, std_error=error, p_value=0.1)
    return {"table_02_baseline": [BASE | {"errors": errors}], "robustness": [row]}


DIRECT = "direct effect of the instrument"
INCLUDES, EXCLUDES = "a set, which includes zero", "a set, which excludes zero"
OTHERS = ("functions of distance", "leave-one-out frequency / d (hub)")
PLAN, WHOLE = ("instruments", "section: plan"), ("instruments", "section: whole")
NO_PLAN, NO_WHOLE = (
    ROBUST | {"check": name, "variant": variant, "reason": "no report splits"}
    for name, variant in (PLAN, WHOLE)
)
TWO_RAYS = {"ar_low": -INF, "ar_high": INF, "ar_set": "(-inf, -3] and [0.1, inf)"}


@pytest.mark.parametrize(
    ("objection", "rows", "finding", "said"),
    [
        (1, weak(STRONG), "not borne out", "from 0.200 to 0.600"),
        (1, weak(WEAK), "stands", "first-stage F of 0.500"),
        (1, weak(STRONG | {"jackknife_f": 3.0}), "stands in part", "usual interval"),
        (1, weak(STRONG | {"jackknife_f": None}), "stands in part", "usual interval"),
        (1, weak(STRONG | TWO_RAYS), "stands", "unbounded"),
        (1, weak(STRONG | {"ar_low": None}), "not tested", "set is empty"),
        (2, weak(STRONG) | left_out(0.41, 0.3), "not borne out", "without Zhejiang"),
        (2, weak(STRONG) | left_out(0.41, -0.1), "stands in part", "-0.100, another sign"),
        (
            2,
            weak(STRONG | {"effective_clusters": 2.0}) | left_out(-0.7, 0.3),
            "stands",
            "2.000 clusters of 31; without Shanghai",
        ),
        (3, robust(check(DIRECT, "up to 50 %", 0.4, 0.1, 0.7, note=EXCLUDES)),
         "stands in part", "still excludes zero"),
        (3, robust(check(DIRECT, "up to 10 %", 0.4, -0.1, 0.7, note=INCLUDES)),
         "stands", "from -0.100 to 0.700 and includes zero"),
        (3, robust(check(DIRECT, "up to 10 %", 0.4, -INF, INF, note=EXCLUDES)),
         "stands", "up to 10 % the 95 % set is unbounded"),
        (3, robust(ROBUST | {"check": DIRECT, "variant": "all", "reason": "two instruments"}),
         "stands", "no sensitivity to a direct effect is stored"),
        (4, robust(check(*OTHERS, 0.5, 0.2, 0.9)), "stands in part", "does not hang on"),
        (4, robust(check(*OTHERS, -0.5, -0.9, -0.2)), "stands in part", "another one"),
        (4, robust(check(*OTHERS, 0.5, -0.2, 0.9)), "stands", "both sides of zero"),
        (4, robust(check(*OTHERS, 0.5, 0.2, INF)), "stands", "do not bound the effect"),
        (4, robust(check(*OTHERS, 0.5, None, None)), "not tested", "set is empty"),
        (4, robust(check(*OTHERS, 0.5, None, None, reason="5 clusters")), "not tested",
         "5 clusters"),
        (5, robust(check(*PLAN, 0.5, 0.2, 0.9)), "not borne out", "sign is that of whole"),
        (5, robust(check(*PLAN, -0.5, -0.9, -0.2)), "stands", "another one"),
        (5, robust(check(*PLAN, 0.5, -INF, INF)), "stands", "cannot be told"),
        (5, robust(check(*WHOLE, 0.5, 0.2, 0.9)), "not borne out", "outlook halves alone"),
        (5, robust(NO_WHOLE), "not borne out", "coefficient is 0.400."),
        (5, robust(check(*PLAN, 0.5, 0.2, 0.9), check(*WHOLE, 0.7, 0.2, 0.9)), "not borne out",
         "With the reviews that this study counts the coefficient is 0.400. With whole reports it "
         "is 0.700."),
        (5, robust(NO_PLAN, check(*WHOLE, 0.7, 0.2, 0.9)), "not tested", "no report splits"),
        (5, robust(check(*PLAN, 0.5, None, None, reason="5 clusters")), "not tested", "5 clusters"),
        (6, permuted(0.01, 0.02), "not borne out", "stronger than"),
        (6, permuted(0.01, 0.3), "stands in part", "depends on the rows"),
        (6, permuted(0.4, 0.3), "stands", "no better than"),
        (7, audited(0.35), "stands in part", "turns no sign"),
        (7, audited(-0.1), "stands", "from 0.400 to -0.100"),
        (7, audited(None), "stands in part", "no estimate could be corrected"),
        (8, based(0.01, 0.2), "stands", "do not survive"),
        (8, based(0.01, 0.02), "not borne out", "both reject"),
        (8, based(0.3, 0.2), "not borne out", "no star to lose"),
        (8, based(0.3, 0.02), "stands in part", "only the latter"),
        (9, conley(0.2, -0.1, 0.7), "stands", "includes zero, as the clustered one does not"),
        (9, conley(0.2, -0.1, 0.7, errors="robust"), "stands", "as the robust (HC1) one does not"),
        (9, conley(0.105, 0.09, 0.51), "not borne out", "either way it excludes zero"),
        (9, conley(0.13, 0.04, 0.56), "stands in part", "either way it excludes zero"),
        (10, wolf((0.2, 0.6)), "not borne out", "nothing to correct"),
        (10, wolf((0.02, 0.2)), "stands", "none of what is rejected"),
        (10, wolf((0.01, 0.03), (0.04, 0.2)), "stands in part", "Rejected alone only: Table 5, c"),
        (10, wolf((0.01, 0.03)), "not borne out", "by the stepdown test too"),
        (11, mediated(-0.1, 0.3), "stands", "no interval"),
        (11, mediated(0.02, 0.3), "stands in part", "from 0.020 to 0.300"),
    ],
)  # fmt: skip
def test_the_verdict_follows_the_numbers(
    objection: int, rows: dict[str, Any], finding: str, said: str
) -> None:
    found, sentence = verdict(answers(**rows), objection)
    assert found == finding
    assert said in sentence.replace("\N{MINUS SIGN}", "-"), sentence


@pytest.mark.parametrize(
    ("f", "said"), [(2.0, "does not single out the study's hub"), (0.5, "no other city does")]
)
def test_hubs_are_compared_under_one_rule(f: float, said: str) -> None:
    hub = ("placebo hubs", "杭州", 0.4, -INF, INF)
    rows = [
        check(*hub, first_stage_f=1.1, note="the study's own hub, 1 of 3 by first-stage F"),
        check("placebo hubs", "北京", 0.4, -INF, INF, first_stage_f=f),
        check("placebo hubs", "上海", 0.4, -INF, INF, first_stage_f=0.1),
    ]
    response = answers(**robust(*rows))
    pieces = response[response["objection"] == 3]["sentence"]
    (sentence,) = pieces[pieces.str.startswith("Other cities as the hub")].unique()
    assert f"is Beijing with a first-stage F of {f:.3f}, against 1.100 of Hangzhou (the" in sentence
    assert said in sentence
    response = answers(**robust(*rows[1:]))
    assert response["sentence"].str.startswith("Other cities as the hub: not tested").any()


def sentences(response: pd.DataFrame, objection: int) -> str:
    return " ".join(response[response["objection"] == objection]["sentence"])


def test_the_twin_without_the_hub_is_no_column_of_a_like_name() -> None:
    named = "with the hub's own province dropped"
    other = STRONG | {"column": "second stage, no controls"}
    assert named not in sentences(answers(**weak(STRONG, other)), 1)
    twin = STRONG | {"column": "second stage, hub province dropped"}
    assert named in sentences(answers(**weak(STRONG, other, twin)), 1)


def test_clusters_are_called_provinces_where_they_are() -> None:
    assert "in 31 provinces" in sentences(answers(**weak(STRONG)), 1)
    for name in ("East", None):
        response = answers(**weak(STRONG | {"largest_cluster": name}))
        assert "in 31 clusters" in sentences(response, 1)


def test_several_instruments_are_not_called_one() -> None:
    one = "one instrument for one regressor"
    assert one in sentences(answers(**weak(STRONG)), 3)
    response = answers(**weak(STRONG | {"instruments": "DTI_iv, L.DTI_iv"}))
    assert one not in sentences(response, 3)
    assert "Overidentification: not tested" in sentences(response, 3)


def test_a_labelled_sample_of_patents_is_told() -> None:
    head = {"source": "patents", "part": "precision", "measure": "precision"}
    rows = [head | {"scope": "digital", "estimate": 0.8}, head | {"scope": "ai", "estimate": 0.3}]
    response = answers(**weak(STRONG), measurement_audit=rows)
    said = " ".join(response[response["objection"] == 7]["sentence"])
    assert "patents, digital, precision: 0.800" in said and "0.300" not in said
    assert "Precision of the patents" not in said
    assert "Precision of the keyword hits: not tested" in said


def test_the_fewest_clusters_are_those_of_a_test() -> None:
    few = {"hypothesis": "Table 5, column 4", "term": "DTIn", "n_clusters": 3}
    tables = based(0.01, 0.02) | wolf((0.2, 0.6))
    tables["romano_wolf"][0]["n_clusters"] = 6
    tables["romano_wolf"].append(few | {"reason": "3 clusters: no clustered inference exists"})
    response = answers(**tables)
    said = " ".join(response[response["objection"] == 8]["sentence"])
    assert "Fewest clusters of a sub-sample: Table 5, column 1, with 6" in said
    assert "Table 5, column 4, 3 clusters: no clustered inference exists" in said


def test_where_nothing_was_estimated_every_answer_is_the_stored_reason() -> None:
    why = {"reason": "absent from the data: Export"}
    frames = _frames(weak(HEAD | why) | {"romano_wolf": [{"hypothesis": "H", "term": "x"} | why]})
    response = _response(frames)
    assert in_short(response) == "objections by finding: not tested 11"
    assert (response["state"] == "not tested").all()
    for objection in (1, 2, 3, 4, 5, 7, 10):
        assert "because absent from the data: Export." in verdict(response, objection)[1]
    frames["referee_response"] = response
    made = documents("s", [2009, 2010], frames, PROVINCES)
    assert b"Not drawn: The estimate under each remedy, because" in made["referee.html"]
    keys = {name: TABLES[name].key for name in REFEREE}
    for read, content in zip((read_page, read_word), made.values(), strict=True):
        assert faults(read(content), frames.__getitem__, keys) == []


@lru_cache(maxsize=2)
def _made_study(strength: float) -> dict[str, pd.DataFrame]:
    """Estimated from an invented panel with an instrument of this strength."""
    from dti_assets.econ.paper.estimate import estimate_table
    from dti_assets.econ.paper.reports import leave_one_province_out, weak_instrument_inference
    from dti_assets.econ.paper.resolution import TableOptions
    from dti_assets.econ.paper.specifications import load_tables
    from dti_assets.econ.robustness.checks import (
        Formula,
        RobustnessInputs,
        robustness_report,
    )
    from dti_assets.instrument.formula import WRITTEN, instrument

    panel = study_panel(strength=strength, years=range(2009, 2017))
    panel["distance_km"] = 100 + 60.0 * pd.factorize(panel["province"])[0]
    panel["frequency"] = panel["DTI_iv"] * panel["distance_km"]
    panel["plan"] = panel["DTI_iv"] * np.random.default_rng(1).uniform(0.9, 1.1, len(panel))
    names = ("table_02_baseline", "table_03_two_stage_least_squares")
    tables = {name: load_tables(level=LEVEL)[name] for name in names}
    options = TableOptions(LEVEL, draws=99)
    frames = _frames({})
    frames["weak_instrument_inference"] = weak_instrument_inference(tables.values(), panel, options)
    frames["leave_one_province_out"] = leave_one_province_out(tables.values(), panel, options)
    frames["table_02_baseline"] = estimate_table(tables["table_02_baseline"], panel, options)
    inputs = RobustnessInputs(instruments={"section: plan": "plan"})
    frames["robustness"] = robustness_report(
        tables, panel, options, Formula(WRITTEN, instrument), inputs
    )
    return frames


def test_a_strong_instrument_is_not_called_weak_and_a_weak_one_is() -> None:
    strong, weak_one = (_response(_made_study(strength)) for strength in (20.0, 0.0))
    assert verdict(strong, 1)[0] == "not borne out" and verdict(weak_one, 1)[0] == "stands"
    assert "cannot bound" in verdict(weak_one, 1)[1] and "cannot" not in verdict(strong, 1)[1]
    assert verdict(strong, 5)[0] == "not borne out" and verdict(weak_one, 5)[0] == "stands"
    # what is said with estimates is said with those of its own data
    told = [
        set(r[r["value"].notna() & (r["objection"] > 0)]["sentence"]) for r in (strong, weak_one)
    ]
    assert len(told[0]) > 15 and not told[0] & told[1]


def test_a_number_cannot_enter_without_its_cell() -> None:
    stored = Stored(
        _frames(weak(STRONG | {"jackknife_f": None})),
        {n: TABLES[n].key for n in REFEREE},
        PROVINCES,
    )
    row = stored.rows("weak_instrument_inference")[0]
    with pytest.raises(ValueError, match="jackknife_f has no value"):
        row.jackknife_f  # noqa: B018

    def written(template: str) -> Any:
        return _sentence(_templates().from_string(template).render(row=row))

    with pytest.raises(ValueError, match=r"the number 0.2 enters a sentence without its cell"):
        written('from {{ row["ar_low"] }}')
    sentence = written("{{ row.largest_share | percent }}\nof {{ row.ar_low }}")
    assert str(sentence) == "10.0 % of 0.200" and sentence.state == EVIDENCE
    assert [start for start, _ in sentence.citations()] == [0, 10]
    assert sentence.citations()[0][1].value == 0.1


def test_stored_words_keep_their_spaces_and_lines() -> None:
    why = "a  reason\n\n? with \t lines"
    response = answers(**weak(HEAD | {"reason": why}))
    assert verdict(response, 1)[1] == f"Not tested, because {why}."
    assert set(response[response["source_column"] == "reason"]["shown"]) == {why}


def test_braces_and_markup_in_stored_words_stay_words() -> None:
    rows = weak(HEAD | {"reason": "a {} <b>bold</b> reason"})
    frames = _frames(rows)
    frames["referee_response"] = _response(frames)
    page = documents("<i>s</i>", [2009, 2010], frames, PROVINCES)["referee.html"].decode()
    assert "a {} &lt;b&gt;bold&lt;/b&gt; reason" in page and "<i>s" not in page


def test_the_figure_says_why_it_is_not_drawn() -> None:
    frames = _frames(weak(HEAD | {"reason": "absent from the data: Export"}))
    drawn = remedies(PROVINCES, *(frames[name] for name in REMEDIES))
    assert drawn.figure is None and "absent from the data: Export" in str(drawn.reason)
