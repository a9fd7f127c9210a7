"""Stored tables as text for the eye: what is cut is said, and one form cuts nothing."""

import pandas as pd

from dti_assets.output import cut_columns, render

LONG = "a sentence of more than forty characters | with a bar"
FRAME = pd.DataFrame(
    {"变量": ["HR", "GDP"], "share": [1 / 3, None], "how_to_supply": [LONG, None], "n": [1, 2]}
)


def test_a_line_for_each_value() -> None:
    assert render(FRAME, "long") == (
        "变量           HR\n"
        "share          0.333333\n"
        f"how_to_supply  {LONG.replace('|', '/')}\n"
        "n              1\n"
        "\n"
        "变量           GDP\n"
        "n              2\n"
    )
    assert render(FRAME.iloc[:0], "long") == ""


def test_a_cut_cell_is_known_by_its_column() -> None:
    assert cut_columns(FRAME) == ["how_to_supply"]
    assert "…" in render(FRAME, "table") and LONG[:39] in render(FRAME, "table")
    # a page in Markdown is read by programs that break lines
    assert LONG.replace("|", "/") in render(FRAME, "md")
    short = FRAME.assign(how_to_supply=LONG[:40])
    assert cut_columns(short) == [] and "…" not in render(short, "table")
