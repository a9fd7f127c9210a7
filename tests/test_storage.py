"""Stored tables come back as they were, from a folder or a URL, and gaps are named."""

from pathlib import Path

import pytest

from dti_assets.storage import MissingTableError, Store
from dti_assets.tables import Column, Table, TableError

TABLE = Table(
    "things",
    "thing",
    (
        Column("province_code", "int64", "code"),
        Column("year", "int64", "year", "year"),
        Column("value", "float64", "a value", nullable=True),
        Column("name", "string", "a name", nullable=True),
        Column("flag", "bool", "a flag", nullable=True),
    ),
    key=("province_code", "year"),
)
ROWS = [
    {"province_code": 2, "year": 2010, "value": 0.1, "name": "浙江", "flag": True},
    {"province_code": 1, "year": 2010, "value": None, "name": None, "flag": None},
    {"province_code": 1, "year": 2009, "value": 1e-300, "name": "a|b", "flag": False},
]


@pytest.mark.parametrize("kind", ["folder", "url"])
def test_frames_come_back(tmp_path: Path, kind: str) -> None:
    store = Store(str(tmp_path) if kind == "folder" else f"file://{tmp_path}")
    store.write(TABLE, TABLE.frame(ROWS))
    assert store.read(TABLE).equals(TABLE.frame(ROWS))
    store.write(TABLE, TABLE.frame(ROWS), years=[2009, 2010, 2011])
    found = store.read(TABLE, [2009, 2010, 2011])
    assert list(zip(found["province_code"], found["year"], strict=True)) == [
        (1, 2009), (1, 2010), (2, 2010),
    ]  # fmt: skip
    assert TABLE.violations(found) == []


def test_gaps_and_strays_are_named(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    with pytest.raises(MissingTableError, match="things has not been made"):
        store.read(TABLE)
    store.write(TABLE, TABLE.frame(ROWS), years=[2009, 2010])
    with pytest.raises(MissingTableError, match="things has not been made for 2011, 2012"):
        store.read(TABLE, [2010, 2011, 2012])
    with pytest.raises(TableError, match="rows of 2010"):
        store.write(TABLE, TABLE.frame(ROWS), years=[2009])


def test_bytes_depend_on_the_rows_alone(tmp_path: Path) -> None:
    for name in ("a", "b"):
        Store(str(tmp_path / name)).write(TABLE, TABLE.frame(ROWS))
    first, second = (tmp_path / n / "data" / "things.parquet" for n in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()


def test_violations_say_what_is_broken() -> None:
    frame = TABLE.frame([ROWS[0], ROWS[0]])
    assert "more than one row" in TABLE.violations(frame)[0]
    with pytest.raises(TableError, match="undeclared column extra"):
        TABLE.frame([{**ROWS[0], "extra": 1}])
    with pytest.raises(TableError, match="column year: not int64"):
        TABLE.frame([{**ROWS[0], "year": "soon"}])
