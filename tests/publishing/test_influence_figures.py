"""Figures and sentences of influence and random dictionaries, from frames written by hand."""

import numpy as np
import pandas as pd
import pytest

from dti_assets.econ.tables import DICTIONARY_PERMUTATION, INFLUENCE, PERMUTATION_DRAWS
from dti_assets.publishing.figures.influence import dictionary_permutation
from dti_assets.publishing.figures.influence import influence as influence_figure
from dti_assets.publishing.sentences import (
    influence_in_short,
    influence_sentences,
    permutation_in_short,
    permutation_sentences,
)
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")
LEVEL = PROVINCES.level


def row(kind, unit, without, se=0.5, f=(4.0, 3.0), reason=None):
    change = None if without is None else without - 1.0
    return {
        "coefficient": "2SLS", "table": "3", "column": "second stage", "outcome": "Export",
        "regressor": "DTIn", "kind": kind, "unit": unit, "estimate_with": 1.0,
        "estimate_without": without, "change": change,
        "change_in_se": None if change is None else change / se,
        "first_stage_f_with": f[0], "first_stage_f_without": f[1], "reason": reason,
    }  # fmt: skip


@pytest.fixture
def influence() -> pd.DataFrame:
    rows = [
        row("term", "大数据", 1.2),
        row("term", "云计算", -0.4),
        row("report", "浙江 2018", 2.5),
    ]
    rows += [row("province", "浙江", 1.1), row("year", "2018", None, f=(4.0, None), reason="none")]
    return LEVEL.table(INFLUENCE).frame(rows)


def placed(p: float) -> pd.DataFrame:
    head = {"sample": "rows of the column", "n_obs": 92, "draws": 999, "seed": 0, "rule": "r"}
    rows = [
        {**head, "statistic": name, "real": 2.0, "as_studied": 1.5, "draws_median": 1.0,
         "p_value": p, "note": "n"}
        for name in ("first_stage_f", "first_stage_t", "reduced_form_t")
    ]  # fmt: skip
    return LEVEL.table(DICTIONARY_PERMUTATION).frame(rows)


def drawn() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"draw": range(1, 1000), "first_stage_t": rng.normal(size=999)})
    return LEVEL.table(PERMUTATION_DRAWS).frame(frame.assign(sample="rows of the column"))


def test_sentences_name_the_unit_that_moves_most_and_where_the_sign_turns(influence) -> None:
    text = influence_sentences(influence, LEVEL)
    assert text[0] == (
        "The 2SLS coefficient of DTIn on Export is 1; it moves most without report 浙江 2018 (to "
        "2.5), and 云计算 left out turns its sign."
    )
    assert (
        "Without term 云计算 the coefficient goes from 1 to -0.4 (-2.80 standard errors)" in text[1]
    )
    assert "of 2 terms 1 moves it by more than one standard error" in text[1]
    assert "the first-stage F from 4 to 3" in text[2]
    assert "of 1 province none moves it" in text[3]
    assert "divides by a number close to zero" in text[4]
    assert text[5] == "Without 2018 nothing is identified."
    assert influence_in_short(influence) == (
        "the 2SLS coefficient is 1; -0.4 without the term 云计算 and 2.5 without the report "
        "浙江 2018, which move it most"
    )


def test_sentences_without_an_estimate_give_the_reason() -> None:
    gone = LEVEL.table(INFLUENCE).frame(
        [row("term", "all", None, reason="absent from the data: DTIn") | {"estimate_with": None}]
    )
    assert influence_sentences(gone, LEVEL) == ["No influence on 2SLS: absent from the data: DTIn."]
    assert influence_sentences(gone, LEVEL, "OLS") == []
    assert influence_in_short(gone) == "no 2SLS coefficient"
    lost = LEVEL.table(DICTIONARY_PERMUTATION).frame(
        [{"sample": "rows of the column", "statistic": "first_stage_f", "reason": "too few"}]
    )
    assert permutation_sentences(lost) == ["No random dictionaries: too few."]
    assert permutation_in_short(lost) == "no random dictionaries"


def test_the_verdict_follows_p() -> None:
    weak, strong = permutation_sentences(placed(0.4)), permutation_sentences(placed(0.01))
    assert "399 of 999 random dictionaries" in weak[0] and "does no better" in weak[0]
    assert "9 of 999" in strong[0] and "is stronger than other policy vocabulary" in strong[0]
    assert weak[1:] == ["Random dictionaries: r; seed 0.", "Match: n."]


def test_bars_are_the_stored_changes_and_turned_signs_are_marked(influence) -> None:
    drawn = influence_figure(PROVINCES, influence)
    # the year has no number, and no panel
    axes = [axis for axis in drawn.figure.axes if axis.axison]
    assert [a.get_title(loc="left") for a in axes] == [
        f"without one {kind}" for kind in ("term", "report", "province")
    ]
    labels = [label.get_text() for label in axes[0].get_yticklabels()]
    assert labels == ["云计算", "大数据"]
    assert [bar.get_width() for bar in axes[0].patches] == pytest.approx([-2.8, 0.4])
    assert [bar.get_hatch() for bar in axes[0].patches] == ["////", None]
    assert axes[1].get_yticklabels()[0].get_text() == "Zhejiang 2018"
    assert "term 云计算 −2.80, to −0.40 (1 of 2 by more than one)" in drawn.alt
    assert drawn.alt.endswith("The sign turns without 云计算.")


def test_the_real_dictionary_stands_in_the_histogram_of_all_draws() -> None:
    drawing = dictionary_permutation(PROVINCES, placed(0.4), drawn())
    (axis,) = drawing.figure.axes
    assert sum(bar.get_height() for bar in axis.patches) == 999
    assert [line.get_xdata()[0] for line in axis.lines] == [2.0, -2.0]
    assert axis.get_title(loc="left") == "rows of the column (N = 92)\np = 0.400, 999 draws"
    assert "2.00, p = 0.400; of 999 random ones" in drawing.alt


def test_without_numbers_a_figure_has_the_stored_reason(influence) -> None:
    gone = influence.assign(change_in_se=np.nan, reason="absent from the data: DTIn")
    drawing = influence_figure(PROVINCES, gone)
    assert drawing.figure is None and drawing.reason == "absent from the data: DTIn"
    lost = placed(0.4).assign(p_value=np.nan, reason="too few rows")
    drawing = dictionary_permutation(PROVINCES, lost, drawn())
    assert drawing.figure is None and drawing.reason == "too few rows"
