"""Pictures of the asset pages: they fit where the UI shows them, and are well-formed SVG."""

import math
import re
from urllib.parse import unquote
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from dti_assets.pipeline.plots import ROOM, by_year, curve, ranked

NUMBERS = st.floats(allow_nan=True, allow_infinity=False, width=32)
SIZES = st.floats(min_value=0, max_value=1e9)
YEARS = st.integers(1990, 2025)


def _drawing(metadata: dict) -> ElementTree.Element:
    text = metadata["plot"].value
    assert len(text) < ROOM
    return ElementTree.fromstring(unquote(re.search(r"<data:image/svg\+xml;utf8,(.*)>", text)[1]))


@given(
    st.dictionaries(st.integers(1990, 2025), SIZES, min_size=2), st.sets(st.integers(1990, 2025))
)
def test_bars_by_year_fit_and_each_year_has_one(values, hollow) -> None:
    found = by_year(values, "Digital applications by year; faint: not all published yet", hollow)
    if found:
        drawn = "".join(path.get("d") for path in _drawing(found).iter() if path.get("d"))
        assert drawn.count("M") == len(values)
    else:
        assert len(values) < 2 or max(values.values()) == 0


@given(st.dictionaries(st.text("浙江省tableO23<&%# ", min_size=1, max_size=40), SIZES))
def test_ranked_bars_fit_whatever_the_labels(values) -> None:
    found = ranked(values, "Effective F of the first stage by table and column; line: 10", 10)
    if values:
        assert _drawing(found) is not None


@given(st.lists(NUMBERS, max_size=300))
def test_a_curve_fits_and_leaves_out_what_is_no_number(values) -> None:
    found = curve(values, "2SLS coefficients by size, outer 5 % left out")
    known = [value for value in values if not math.isnan(value)]
    assert bool(found) == (len(known) - 2 * (len(known) // 20) >= 3)
    if found:
        assert _drawing(found) is not None
