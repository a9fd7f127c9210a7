"""No cell of a CSV file is a formula, and nothing else is changed."""

import csv
import io
import math

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from dti_assets.cli.output import render
from dti_assets.store.spreadsheets import csv_text

_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), min_size=1)


@given(
    st.lists(st.tuples(_TEXTS | st.just("=HYPERLINK(1)"), st.floats(allow_nan=False)), min_size=1)
)
def test_csv_cells_are_texts_or_numbers(rows: list[tuple[str, float]]) -> None:
    frame = pd.DataFrame(rows, columns=["text", "number"]).astype({"text": "string"})
    read = list(csv.DictReader(io.StringIO(csv_text(frame), newline="")))
    for cells, (text, number) in zip(read, rows, strict=True):
        assert not cells["text"].startswith(("=", "+", "-", "@", "\t", "\n"))
        assert cells["text"] in (text, "'" + text)
        assert float(cells["number"]) == number or math.isinf(number)


def test_a_shown_table_begins_no_formula_either() -> None:
    frame = pd.DataFrame({"path": ["=cmd.txt", "浙江.txt"], "bytes": [-1, 2]})
    assert render(frame, "csv") == "path,bytes\n'=cmd.txt,-1\n浙江.txt,2\n"
