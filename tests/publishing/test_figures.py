"""Figures: what is drawn is what is stored, every character has a glyph, and bytes repeat."""

import io
import re
import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pypdfium2
import pytest
from figure_frames import PROVINCES, YEARS, empty, inputs
from matplotlib import font_manager, rcParams
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.text import Text

from dti_assets.publishing.figures.all_figures import FORMATS, all_figures, figure_rows
from dti_assets.publishing.figures.coefficients import coefficients
from dti_assets.publishing.figures.drawing import (
    Drawing,
    brief,
    content,
    preview,
    printable,
    settings,
)
from dti_assets.publishing.figures.instrument import shown_columns
from dti_assets.publishing.figures.maps import (
    instrument_shares,
    map_attention,
    map_digital_patents,
    map_dti_iv,
    tile_grid,
)
from dti_assets.publishing.figures.remedies import remedies
from dti_assets.publishing.tables import FIGURE_FILES

MAPS = ("map_attention", "map_dti_iv", "map_digital_patents")

FONTS = Path(str(files("dti_assets.reference") / "fonts"))
LATIN, CHINESE = FONTS / "figure_latin.ttf", FONTS / "figure_han.ttf"


@pytest.fixture(scope="module")
def figures() -> dict[str, Drawing]:
    return {drawn.name: drawn for drawn in all_figures(inputs())}


def texts(drawn: Drawing) -> Iterator[Text]:
    assert drawn.figure is not None
    return (text for text in drawn.figure.findobj(Text) if text.get_visible() and text.get_text())


def points(drawn: Drawing, label: str, axes: int = 0) -> Any:
    """x and y of the line with this label, an (n, 2) array."""
    assert drawn.figure is not None
    lines = drawn.figure.axes[axes].get_lines()
    return np.column_stack(next(line for line in lines if line.get_label() == label).get_data())


def in_order(rows: Any) -> Any:
    return rows[np.argsort(rows[:, 0])]


def test_every_province_has_one_tile_of_its_own() -> None:
    grid = tile_grid(PROVINCES)
    assert set(grid) == {place.code for place in PROVINCES}
    assert len(set(grid.values())) == len(grid) == 31


@pytest.mark.parametrize("name", MAPS)
def test_a_map_names_every_province_once(figures: dict[str, Drawing], name: str) -> None:
    written = [text.get_text().replace("\n", " ") for text in texts(figures[name])]
    for place in PROVINCES:
        assert written.count(place.english) == 1, place


def test_every_term_that_ships_can_be_written(root: Path) -> None:
    """Fonts come with the package: no figure depends on those of a machine."""
    terms = pd.read_csv(root / "dictionaries" / "digital_economy_policy.csv")["term"]
    candidates = pd.read_parquet(root / "dti_assets/reference/provinces/candidate_terms.parquet")[
        "term"
    ]
    assert [term for term in {*terms, *candidates} if "?" in printable(term, PROVINCES)] == []


def test_every_character_drawn_has_a_glyph(figures: dict[str, Drawing]) -> None:
    assert printable("浙江 大数据 $x$ 龘", PROVINCES) == "Zhejiang 大数据 $x$ ?"
    with settings():
        shipped = [font_manager.findfont(name) for name in rcParams["font.family"]]
    known = {code for path in shipped for code in font_manager.get_font(path).get_charmap()}
    for drawn in figures.values():
        for text in texts(drawn):
            assert text.get_fontfamily()[0] == "DTI Figure Latin"
            lacking = {c for c in text.get_text() if ord(c) not in known and c != "\n"}
            assert not lacking, (drawn.name, text.get_text())


def test_maps_are_shaded_by_the_stored_means_and_say_them(figures: dict[str, Drawing]) -> None:
    frame = inputs().frames["policy_attention"]
    means = frame.groupby("province_code")["frequency"].mean() * 1000
    drawn = figures["map_attention"]
    assert drawn.figure is not None
    shaded = next(a for a in drawn.figure.axes[0].collections if isinstance(a, PatchCollection))
    assert np.asarray(shaded.get_array()) == pytest.approx(means.to_numpy())
    colours = [shaded.cmap(shaded.norm(value)) for value in sorted(means)]
    greys = [0.299 * red + 0.587 * green + 0.114 * blue for red, green, blue, _ in colours]
    assert all(np.diff(greys) <= 0) and greys[0] - greys[-1] > 0.5, "a copy in grey keeps the order"
    written = [text.get_text() for text in texts(drawn)]
    assert all(brief(value) in written for value in means)
    highest = next(p for p in PROVINCES if p.code == means.idxmax())
    assert f"Highest: {highest.english} {brief(means.max())}" in str(drawn.alt)


def test_a_proxy_is_named_and_a_province_without_value_is_no_zero() -> None:
    frame = inputs().frames["dti"]
    drawn = map_digital_patents(PROVINCES, frame)
    assert "INVn" in str(drawn.alt) and "No value: Tibet." in str(drawn.alt)
    assert [text.get_text() for text in texts(drawn)].count("no value") == 1
    counted = map_digital_patents(
        PROVINCES, frame.assign(DTIn=frame["INVn"] - 1, basis="user_counts")
    )
    assert "basis: user_counts" in str(counted.alt) and "INVn" not in str(counted.alt)


def test_attention_by_region_is_the_mean_of_the_stored_values(figures: dict[str, Drawing]) -> None:
    frames = inputs().frames
    frame = frames["policy_attention"].merge(frames["panel"], on="province_code")
    for region, part in frame.groupby("region"):
        shown = points(figures["attention_by_region"], str(region))
        assert shown[:, 0].tolist() == YEARS
        assert shown[:, 1] == pytest.approx(1000 * part.groupby("year")["frequency"].mean())


def test_coverage_marks_every_province_year_once(figures: dict[str, Drawing]) -> None:
    drawn = figures["coverage"]
    labels = ("counted on a report (1)", "published count (91)", "missing (1)")
    found = np.vstack([points(drawn, label) for label in labels])
    assert len({tuple(point) for point in found}) == len(found) == 31 * len(YEARS)
    assert "1 are missing: Beijing 2014" in str(drawn.alt)


def test_residuals_slopes_and_bins_are_the_stored_ones(figures: dict[str, Drawing]) -> None:
    frames = inputs().frames
    drawn = figures["first_stage_reduced_form"]
    stored = frames["stage_residuals"]
    part = stored[stored["column"] == "second stage"]
    labels = ("province-years", "province-years, Zhejiang")
    cloud = np.vstack([points(drawn, label) for label in labels])
    expected = part[["instrument_residual", "endogenous_residual"]].to_numpy(float) * (1e6, 1)
    assert in_order(cloud) == pytest.approx(in_order(expected))
    line = points(drawn, "_fitted")
    slope = (line[1, 1] - line[0, 1]) / (line[1, 0] - line[0, 0]) * 1e6
    assert slope == pytest.approx(frames["weak_instrument_inference"]["first_stage"].iloc[0])
    bins = points(drawn, "means of bins")
    # equally filled up to one row, so that their mean is near that of the cloud
    assert bins[:, 1].mean() == pytest.approx(expected[:, 1].mean(), abs=0.02)


def test_the_curve_of_p_values_is_the_stored_one(figures: dict[str, Drawing]) -> None:
    stored = inputs().frames["anderson_rubin_curve"]
    part = stored[stored["column"] == "second stage"]
    drawn = figures["anderson_rubin_curve"]
    for label, name in (("wild cluster bootstrap", "p_wild"), ("CRV1", "p_wald")):
        assert points(drawn, label) == pytest.approx(part[["value", name]].to_numpy(float))
    assert "(−∞, 0.3] and [1.1, ∞)" in str(drawn.alt)


def test_the_specification_curve_shows_every_stored_cell_in_order(
    figures: dict[str, Drawing],
) -> None:
    stored = inputs().frames["specification_curve"].sort_values("estimate")
    figure = figures["specification_curve"].figure
    assert figure is not None
    top, below = figure.axes
    shown = top.get_lines()[0].get_ydata()
    assert shown == pytest.approx(stored["estimate"].to_numpy())
    bars = next(a for a in top.collections if isinstance(a, LineCollection)).get_segments()
    assert [bar[0][1] for bar in bars] == pytest.approx(stored["conf_low"].tolist())
    assert [bar[1][1] for bar in bars] == pytest.approx(stored["conf_high"].tolist())
    rows = [label.get_text() for label in below.get_yticklabels()]
    place = rows.index("distance: great circle")
    marked = [segment[0][0] for segment in below.collections[place].get_segments()]
    chosen = stored["choices"].str.contains("great_circle").to_numpy()
    assert marked == np.flatnonzero(chosen).tolist()
    assert "dictionary: one term left out" in rows and "controls: all" in rows


def test_coefficients_and_estimates_without_a_province_are_the_stored_ones(
    figures: dict[str, Drawing],
) -> None:
    frames = inputs().frames
    drawn = figures["coefficients"]
    assert drawn.figure is not None
    lines = drawn.figure.axes[0].get_lines()
    single = [float(line.get_xdata()[0]) for line in lines if len(line.get_xdata()) == 1]
    assert single == pytest.approx(frames["table_05"]["estimate"].tolist())
    assert "Not estimated: O9 (1)." in str(drawn.alt)
    assert " of 3 coefficients differ from zero at 5 %, 1 more could not be" in str(drawn.alt)
    crosses = [line for line in lines if line.get_marker() == "x"]
    untested = frames["table_05"].loc[frames["table_05"]["p_wild"].isna(), "estimate"]
    assert [float(line.get_xdata()[0]) for line in crosses] == pytest.approx(untested.tolist())
    left_out = frames["leave_one_province_out"]
    for axes, table in ((0, "2"), (1, "3")):
        labels = ("without this province", "the two that move it most")
        found = np.vstack([points(figures["leave_one_province_out"], x, axes) for x in labels])
        part = left_out[left_out["table"] == table]
        assert sorted(found[:, 0]) == pytest.approx(sorted(part["estimate"]))


def test_the_axis_of_coefficients_names_the_test_that_was_made() -> None:
    frame = inputs().frames["table_05"]
    for wild, said in ((frame["p_wild"], "wild bootstrap"), (None, "t-test")):
        drawn = coefficients(
            PROVINCES, {"table_05": frame.assign(p_wild=wild, p_value=frame["p_wild"])}
        )
        assert drawn.figure is not None
        assert drawn.figure.axes[0].get_xlabel().endswith(f"rejected at 5 % by the {said}")


def test_remedies_draw_the_stored_ends_and_let_an_unbounded_set_run_off(
    figures: dict[str, Drawing],
) -> None:
    drawn = figures["remedies"]
    assert drawn.figure is not None
    ax = drawn.figure.axes[0]
    rows = [label.get_text() for label in ax.get_yticklabels()]
    stored = {r.variant: r for r in inputs().frames["robustness"].itertuples()}
    named = {
        "outlook half of reports alone": stored["section: plan"],
        "distance × trend as a control": stored["distance x trend"],
        "other provinces' frequency / distance": stored["leave-one-out frequency / d (hub)"],
        "OLS, Conley errors (Bartlett, 500 km)": stored["Bartlett, 500 km, any lag"],
    }
    window = ax.get_xlim()
    assert window[0] < -0.2 and window[1] > 3.5, "every finite end is inside the axis"
    assert {"2SLS as studied", "without Zhejiang", "OLS, clustered errors"} <= set(rows)
    for label, row in named.items():
        place = rows.index(label)
        mine = [line for line in ax.get_lines() if set(line.get_ydata()) == {place}]
        ends = next(list(line.get_xdata()) for line in mine if len(line.get_xdata()) == 2)
        expected = [max(row.conf_low, window[0]), min(row.conf_high, window[1])]
        assert ends == pytest.approx(expected)
        heads = [line.get_marker() for line in mine if line.get_marker() in ("<", ">")]
        open_ends = (("<", row.conf_low), (">", row.conf_high))
        assert heads == [head for head, end in open_ends if np.isinf(end)]
        dot = next(line for line in mine if line.get_marker() in ("o", "s"))
        assert dot.get_xdata()[0] == row.estimate
    assert "of 8 rows 4 have a 95 % set without a bound" in str(drawn.alt)


@pytest.mark.parametrize(
    ("errors", "said"),
    [("robust", "OLS, robust (HC1) errors"), ("iid", "OLS, conventional errors")],
)
def test_remedies_name_the_errors_of_the_baseline(errors: str, said: str) -> None:
    given = inputs()
    base = given.frames["table_02_baseline"].assign(errors=errors)
    names = ("weak_instrument_inference", "robustness", "leave_one_province_out")
    drawn = remedies(PROVINCES, *(given.frames[name] for name in names), base)
    assert said in str(drawn.alt) and "clustered" not in str(drawn.alt)


def test_a_column_of_a_like_name_is_not_the_one_without_the_hub() -> None:
    weak = inputs().frames["weak_instrument_inference"]
    other = weak.assign(column=["second stage", "second stage, no controls"])
    assert len(shown_columns(PROVINCES, weak)) == 2 and len(shown_columns(PROVINCES, other)) == 1


def test_what_has_no_data_has_a_reason_and_no_frame() -> None:
    drawn = all_figures(empty())
    absent = [one for one in drawn if one.figure is None]
    assert {one.name for one in drawn} - {one.name for one in absent} == {"coverage"}
    assert all(one.reason and one.alt is None for one in absent)
    rows = FIGURE_FILES.frame(figure_rows(drawn, []))
    assert FIGURE_FILES.violations(rows) == [] and len(rows) == len(drawn) * len(FORMATS)
    curve = next(one for one in drawn if one.name == "anderson_rubin_curve")
    assert "absent from the data: Export" in str(curve.reason)


def test_two_runs_give_the_same_bytes_whatever_the_users_settings(
    figures: dict[str, Drawing],
) -> None:
    import matplotlib

    with matplotlib.rc_context({"font.size": 30, "svg.hashsalt": "x", "text.parse_math": True}):
        again = {drawn.name: drawn for drawn in all_figures(inputs())}
        for name in ("map_dti_iv", "specification_curve", "coefficients", "influence"):
            for form in ("pdf", "png", "svg"):
                assert content(figures[name], form) == content(again[name], form), (name, form)


def test_bytes_do_not_depend_on_where_fonts_are_installed(tmp_path: Path) -> None:
    def pdf(latin: Path, chinese: Path) -> bytes:
        figure = Figure()
        for folder, font, text in ((latin, LATIN, "DTI"), (chinese, CHINESE, "数字")):
            folder.mkdir()
            figure.text(0.5, 0.5, text, font=Path(shutil.copy(font, folder)))
        return content(Drawing("name", "title", figure=figure), "pdf")

    assert pdf(tmp_path / "a", tmp_path / "b") == pdf(tmp_path / "d", tmp_path / "c")


@pytest.mark.parametrize(
    "name", ["coverage", "first_stage_reduced_form", "instrument_shares", "influence"]
)
def test_files_open_hold_one_page_and_are_not_blank(figures: dict[str, Drawing], name: str) -> None:
    pdf = content(figures[name], "pdf")
    document = pypdfium2.PdfDocument(pdf)
    assert len(document) == 1
    text = document[0].get_textpage().get_text_bounded()
    assert len(text) > 20, "text is text, not outlines"
    assert not set(text) & set("ﬀﬁﬂﬃﬄ")
    assert b"/FontFile2" in pdf or b"/Type42" in pdf or b"/CIDFontType2" in pdf
    assert not re.search(rb"/(CreationDate|Producer|Creator)\b", pdf)
    picture = imread(io.BytesIO(content(figures[name], "png")))
    assert picture.shape[1] == 1300  # 6.5 inches at 200 dots
    edges = np.concatenate([picture[:, [0, -1]].reshape(-1, 4), picture[[0, -1]].reshape(-1, 4)])
    assert (edges == 1).all(), "nothing is cut at the edge"
    share = float((picture[:, :, :3].min(axis=2) < 0.5).mean())
    assert 0.002 < share < 0.6


def test_a_study_of_one_value_is_drawn() -> None:
    one = inputs().frames["policy_attention"]
    one = one[(one["year"] == 2015) & (one["province"] == "浙江")]
    said = str(map_attention(PROVINCES, one).alt)
    assert "Highest: Zhejiang" in said and "lowest" not in said


def test_a_map_names_the_years_that_have_a_value() -> None:
    frames = inputs().frames
    for draw, name, column in (
        (map_attention, "policy_attention", "frequency"),
        (map_dti_iv, "dti_iv", "dti_iv"),
    ):
        frame = frames[name].copy()
        frame.loc[frame["year"] == YEARS[0], column] = np.nan
        assert f"mean of {YEARS[1]}–{YEARS[-1]}" in str(draw(PROVINCES, frame).alt)


def test_one_province_that_is_left_over_is_one_other() -> None:
    shares = pd.DataFrame({"rule": "drop", "province": list("abc"), "share": [0.5, 0.3, 0.2]})
    drawn = instrument_shares(PROVINCES, shares.assign(inverse_hhi=2.6), "drop", top=2)
    assert "1 other" in [text.get_text() for text in texts(drawn)]


def test_the_latin_font_writes_as_the_one_it_is_cut_from() -> None:
    """Kerning included; without ligatures, whose letters a search would not find."""

    def png(font: str) -> bytes:
        figure = Figure(figsize=(6, 1))
        text = "β = −0.5 ≤ 1.5 × 10⁻⁶, “AVATAR” Tow · Anderson–Rubin № naïve"
        figure.text(0.01, 0.5, text, font=Path(font))
        return content(Drawing("name", "title", figure=figure), "png")

    assert png(str(LATIN)) == png(font_manager.findfont("DejaVu Sans"))


def test_a_preview_is_the_picture_made_small(figures: dict[str, Drawing]) -> None:
    png = content(figures["map_dti_iv"], "png")
    small = preview(png, 450)
    assert len(small) < len(png) / 4
    large, shown = (imread(io.BytesIO(data))[:, :, :3] for data in (png, small))
    assert shown.shape[1] == 450
    assert shown.shape[0] / 450 == pytest.approx(large.shape[0] / large.shape[1], abs=0.01)
    assert shown.mean(axis=(0, 1)) == pytest.approx(large.mean(axis=(0, 1)), abs=0.01)
