"""Figure and sentences of the measurement audit, from a table written by hand."""

import pandas as pd
import pytest

from dti_assets.audit.tables import MEASUREMENT_AUDIT
from dti_assets.publishing.figures.measurement_audit import term_precision
from dti_assets.publishing.sentences import audit_sentences
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")
LEVEL = PROVINCES.level
TERMS = {"数字经济": (0.95, 0.9, 1.0, 300, 1.0), "网络安全": (0.6, 0.4, 0.8, 40, 0.5)}
NONE = "no labelled sample in audit/{0}: dti audit {0} draws one"


def table(alpha: tuple[float, float, float] = (0.85, 0.7, 0.9)) -> pd.DataFrame:
    head = {"source": "reports", "part": "precision"}
    every = {"source": "reports", "part": "agreement", "scope": "all", "labelled": 30}
    rows = [
        {**every, "measure": "alpha"}
        | dict(zip(("estimate", "conf_low", "conf_high"), alpha, strict=True)),
        {**every, "measure": "percent agreement", "estimate": 0.9},
        {**head, "scope": "all", "measure": "precision", "estimate": 0.9, "conf_low": 0.85,
         "conf_high": 0.94, "labelled": 30, "disputed": 2, "population": 340},
    ]  # fmt: skip
    for term, (middle, low, high, hits, raw) in TERMS.items():
        both = {**head, "scope": term, "labelled": 4, "population": hits}
        rows.append({**both, "measure": "precision", "estimate": raw})
        interval = {"estimate": middle, "conf_low": low, "conf_high": high}
        rows.append({**both, "measure": "shrunk precision", **interval})
    scope = {"source": "reports", "part": "estimate", "scope": "Table 3, second stage"}
    changed = {"estimate": -1.5, "uncorrected": 2.0, "change": -3.5}
    rows.append({**scope, "measure": "2SLS", "change_low": -4.0, "change_high": 1.0, **changed})
    iv = {"source": "reports", "part": "correction", "measure": "DTI_iv"}
    for place, share in (("浙江 2014", 0.5), ("浙江 2015", 0.9), ("上海 2014", 0.8)):
        numbers = {"uncorrected": 2e-7, "estimate": 2e-7 * share, "change": 2e-7 * (share - 1)}
        rows.append({**iv, "scope": place, **numbers})
    none = {"source": "patents", "part": "agreement", "scope": "all", "measure": "alpha"}
    rows.append({**none, "reason": NONE.format("patents")})
    return LEVEL.table(MEASUREMENT_AUDIT).frame(rows)


def test_points_intervals_and_names() -> None:
    drawn = term_precision(PROVINCES, table())
    assert drawn.figure is not None
    (axes,) = drawn.figure.axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["数字经济 (300 hits, 4 labelled)", "网络安全 (40 hits, 4 labelled)"]
    assert axes.yaxis_inverted(), "the most frequent term stands on top"
    (bars,) = (one for one in axes.containers if hasattr(one, "has_xerr"))
    assert list(bars.lines[0].get_xdata()) == [0.95, 0.6]
    ends = [segment[:, 0].tolist() for segment in bars.lines[2][0].get_segments()]
    assert ends == [pytest.approx([0.9, 1.0]), pytest.approx([0.4, 0.8])]
    crosses = next(one for one in axes.lines if one.get_label() == "share of the labelled")
    assert list(crosses.get_xdata()) == [1.0, 0.5]
    assert drawn.alt == (
        "Precision over all terms 0.90 [0.85, 0.94]. Of the 2 most frequent of 2 sampled terms, "
        "from 0.60 to 0.95; lowest: 网络安全 0.60, 数字经济 0.95."
    )


def test_sentences_say_agreement_precision_and_what_the_correction_does() -> None:
    said = audit_sentences(table(), LEVEL)
    assert said == [
        "Reports: Krippendorff's alpha is 0.850 [0.700, 0.900] on 30 items with two labels or "
        "more, 90 % of the pairs of labels agree; the lower end is above 0.667 and below 0.800: "
        "conclusions are tentative.",
        "Reports: 90 % [85, 94] of the keyword hits are digital policy (30 labelled, 2 disputed).",
        "Reports: least precise of 2 sampled terms: 网络安全 60 % [40, 80], 数字经济 95 % "
        "[90, 100].",
        "Reports: corrected DTI_iv: 50 to 90 % of what was counted, median 80 %, over 3 "
        "province-years.",
        "Reports: Table 3, second stage: 2SLS -1.5 instead of 2, changed by -3.5 [-4, 1].",
        "The intervals of changes hold the uncertainty of the labels alone.",
        f"No audit was made of patents: {NONE.format('patents')}.",
    ]
    low = audit_sentences(table(alpha=(0.7, 0.5, 0.8)), LEVEL)[0]
    assert low.endswith("below 0.667: the labels do not support conclusions.")
    assert "meets 0.800" in audit_sentences(table(alpha=(0.9, 0.8, 1.0)), LEVEL)[0]


def test_without_labels_both_say_why() -> None:
    head = {"part": "agreement", "scope": "all", "measure": "alpha"}
    frame = LEVEL.table(MEASUREMENT_AUDIT).frame(
        [{**head, "source": s, "reason": NONE.format(s)} for s in ("reports", "patents")]
    )
    drawn = term_precision(PROVINCES, frame)
    assert drawn.figure is None and drawn.reason == NONE.format("reports")
    assert audit_sentences(frame, LEVEL) == [
        f"No audit was made (reports: {NONE.format('reports')}; patents: {NONE.format('patents')})."
    ]
