"""The figure of precision shows the numbers of its table, each term once."""

import io
import warnings

import pandas as pd
import pytest

from dti_assets.publishing.audit_figure import precision_figure

TERMS = {"数字经济": (0.95, 0.9, 1.0, 300, 1.0), "网络安全": (0.6, 0.4, 0.8, 40, 0.5)}


def table() -> pd.DataFrame:
    head = {"source": "reports", "part": "precision", "reason": None}
    rows = [
        {**head, "scope": "all", "measure": "precision", "estimate": 0.9, "conf_low": 0.85,
         "conf_high": 0.94, "labelled": 30, "population": 340}
    ]  # fmt: skip
    for term, (middle, low, high, hits, raw) in TERMS.items():
        both = {**head, "scope": term, "labelled": 4, "population": hits}
        rows.append({**both, "measure": "precision", "estimate": raw})
        interval = {"estimate": middle, "conf_low": low, "conf_high": high}
        rows.append({**both, "measure": "shrunk precision", **interval})
    return pd.DataFrame(rows)


def test_points_intervals_and_names() -> None:
    figure = precision_figure(table())
    (axes,) = figure.axes
    # drawn from the bottom up, so that the most frequent term stands on top
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["网络安全 (40 hits, 4 labelled)", "数字经济 (300 hits, 4 labelled)"]
    (bars,) = (one for one in axes.containers if hasattr(one, "has_xerr"))
    assert bars.lines[0].get_xdata().tolist() == [0.6, 0.95]
    ends = [segment[:, 0].tolist() for segment in bars.lines[2][0].get_segments()]
    assert ends == [pytest.approx([0.4, 0.8]), pytest.approx([0.9, 1.0])]
    (crosses,) = (one for one in axes.collections if one.get_label() == "labelled share")
    assert crosses.get_offsets()[:, 0].tolist() == [0.5, 1.0]
    assert len(precision_figure(table(), most=1).axes[0].get_yticklabels()) == 1


def test_it_is_drawn_without_missing_characters() -> None:
    from matplotlib import font_manager

    if not any("CJK" in font.name for font in font_manager.fontManager.ttflist):
        pytest.skip("no font with Chinese characters is installed")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        out = io.BytesIO()
        precision_figure(table()).savefig(out, format="png")
    assert out.getvalue().startswith(b"\x89PNG")


def test_without_labels_it_says_why() -> None:
    row = {"source": "reports", "part": "agreement", "scope": "all", "measure": "alpha"}
    frame = pd.DataFrame([{**row, "reason": "no labelled sample in audit/reports"}])
    assert "no labelled sample" in precision_figure(frame).axes[0].texts[0].get_text()
