"""Stored tables as text for the eye: what is cut is said, and one form cuts nothing."""

import csv
import io
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dti_assets.cli.output import cut_columns, render

LONG = "a sentence of more than forty characters | with a bar"
FRAME = pd.DataFrame(
    {"变量": ["HR", "GDP"], "share": [1 / 3, None], "how_to_supply": [LONG, None], "n": [1, 2]}
)


def test_a_line_for_each_value() -> None:
    assert render(FRAME, "long") == (
        "变量           HR\n"
        "share          0.333333\n"
        f"how_to_supply  {LONG}\n"
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
    assert LONG.replace("|", r"\|") in render(FRAME, "md")
    short = FRAME.assign(how_to_supply=LONG[:40])
    assert cut_columns(short) == [] and "…" not in render(short, "table")


def test_a_bound_without_end_is_json_and_reads_as_in_csv() -> None:
    frame = pd.DataFrame({"ar_low": [-np.inf, 0.5, None], "ar_high": [np.inf, 1.5, None]})

    def refuse(word: str) -> Any:
        pytest.fail(f"{word} is not JSON")

    rows = json.loads(render(frame, "json"), parse_constant=refuse)
    assert rows[0] == {"ar_low": "-inf", "ar_high": "inf"}
    assert rows[1:] == [{"ar_low": 0.5, "ar_high": 1.5}, {"ar_low": None, "ar_high": None}]
    assert next(csv.DictReader(io.StringIO(render(frame, "csv")))) == rows[0]


@pytest.mark.parametrize("form", ["table", "long", "md"])
def test_no_cell_moves_the_terminal(form: str) -> None:
    frame = pd.DataFrame({"path": ["a\x1b[31mb\rc\x9b2Jd.pdf"]})
    shown = render(frame, form)
    assert "a\ufffd[31mb\ufffdc\ufffd2Jd.pdf" in shown
    # what programs read is as it is stored
    assert json.loads(render(frame, "json"))[0]["path"] == frame["path"][0]


def test_a_bar_is_escaped_where_it_would_end_a_cell() -> None:
    frame = pd.DataFrame({"a|b": ["c|d"]})
    assert render(frame, "table") == "a|b\nc|d\n"
    assert render(frame, "md") == "| a\\|b |\n| --- |\n| c\\|d |\n"
