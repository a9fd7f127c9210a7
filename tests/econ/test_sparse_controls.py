"""Controls with few values: rows they cost, counted by hand on a small panel."""

import pandas as pd

from dti_assets.econ.paper.resolution import TableOptions, sparse_controls
from dti_assets.econ.paper.specifications import parse_table
from dti_assets.units.lists import shipped_units

LEVEL = shipped_units("provinces").level
TABLE = parse_table(
    {
        "table": "20", "name": "table_20", "title": "Made for this test", "outcome": "y",
        "regressors": ["x"], "controls": ["a", "b"], "fixed_effects": ["province"],
        "cluster": "province",
        "columns": [{"column": "1"}, {"column": "2", "controls": []}],
    },
    level=LEVEL,
)  # fmt: skip


def panel(a: list[float | None], b: list[float | None]) -> pd.DataFrame:
    rows = range(8)
    return pd.DataFrame(
        {
            "province": [f"p{row // 4}" for row in rows],
            "year": [2010 + row % 4 for row in rows],
            "y": [1.0, None, *(float(row * row) for row in range(2, 8))],
            "x": [float(row % 3) for row in rows],
            "a": a,
            "b": b,
        }
    )


FULL: list[float | None] = [float(row) for row in range(8)]
# of the seven rows with an outcome, two have it
FEW: list[float | None] = [1.0, 2.0, 3.0, *[None] * 5]


def test_the_rows_a_control_costs() -> None:
    (sentence,) = sparse_controls([TABLE], panel(FEW, FULL), {"a": "mine.csv"}, TableOptions(LEVEL))
    assert sentence == (
        "a (mine.csv) has 3 of 8 cells and takes most rows from table 20 (5 of 7): complete it, "
        "or take it out of the panel folder"
    )


def test_two_sparse_controls_do_not_hide_each_other() -> None:
    found = sparse_controls(
        [TABLE], panel(FEW, FEW), {"a": "mine.csv", "b": "other.csv"}, TableOptions(LEVEL)
    )
    assert [one.split()[0] for one in found] == ["a", "b"]


def test_no_word_on_what_costs_few_rows_is_absent_or_is_no_control() -> None:
    most: list[float | None] = [*FULL[:7], None]
    assert sparse_controls([TABLE], panel(most, FULL), {"a": "mine.csv"}, TableOptions(LEVEL)) == []
    assert (
        sparse_controls([TABLE], panel([None] * 8, FULL), {"a": "mine.csv"}, TableOptions(LEVEL))
        == []
    )
    assert sparse_controls([TABLE], panel(FULL, FEW), {"a": "mine.csv"}, TableOptions(LEVEL)) == []
    # where the outcome is there no more often than the control, the control costs nothing
    short = panel(FEW, FULL).assign(y=FEW)
    assert (
        sparse_controls([TABLE], short, {"a": "mine.csv", "y": "mine.csv"}, TableOptions(LEVEL))
        == []
    )
    sparse_x = panel(FULL, FULL).assign(x=FEW)
    assert sparse_controls([TABLE], sparse_x, {"x": "mine.csv"}, TableOptions(LEVEL)) == []
