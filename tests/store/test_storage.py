"""Stored tables come back as they were, from a folder or a URL, and gaps are named."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from dti_assets.errors import DamagedTableError, MissingTableError, TableError
from dti_assets.store import files
from dti_assets.store.parquet import Store
from dti_assets.store.schema import Column, Table

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


KINDS = ["folder", "file", "memory"]


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    folder = tmp_path / "far"
    yield Store(
        {
            "folder": str(folder),
            "file": f"file://{folder}",
            "memory": f"memory://{secrets.token_hex(4)}",
        }[request.param]
    )


def stored_paths(store: Store) -> list[str]:
    filesystem, root = fsspec.core.url_to_fs(store.url)
    return sorted(path.removeprefix(root) for path in filesystem.find(root))


def test_frames_come_back(store: Store) -> None:
    store.write(TABLE, TABLE.frame(ROWS))
    assert store.read(TABLE).equals(TABLE.frame(ROWS))
    store.write(TABLE, TABLE.frame(ROWS), years=[2009, 2010, 2011])
    found = store.read(TABLE, [2009, 2010, 2011])
    assert list(zip(found["province_code"], found["year"], strict=True)) == [
        (1, 2009), (1, 2010), (2, 2010),
    ]  # fmt: skip
    assert TABLE.violations(found) == []
    assert stored_paths(store) == [
        "/data/things.parquet",
        *(f"/data/things/{year}.parquet" for year in (2009, 2010, 2011)),
    ]
    assert store.has(TABLE) and store.has(TABLE, 2011) and not store.has(TABLE, 2012)


def test_years_are_in_the_order_of_the_key_up_to_the_year(store: Store) -> None:
    codes = ("county_code", "year", "term")
    columns = tuple(Column(name, "int64" if name == "year" else "string", name) for name in codes)
    table = Table("counts", "count", columns, key=codes)
    rows = [("b", 2010, "x"), ("a", 2010, "z"), ("a", 2010, "y"), ("b", 2009, "x")]
    store.write(
        table, table.frame(dict(zip(codes, row, strict=True)) for row in rows), [2009, 2010]
    )
    found = store.read(table, [2010, 2009])
    # what the key has after the year stays as it was stored
    assert list(found.itertuples(index=False, name=None)) == [rows[1], rows[2], rows[3], rows[0]]


def test_what_is_made_elsewhere_and_whole_folders_are_kept(store: Store, tmp_path: Path) -> None:
    near = Store(str(tmp_path / "near"))
    near.write(TABLE, TABLE.frame(ROWS))
    store.adopt(TABLE, Path(near.location("things")))
    assert store.read(TABLE).equals(TABLE.frame(ROWS))
    (tmp_path / "made").mkdir()
    (tmp_path / "made/a.csv").write_text("x")
    (row,) = store.keep(tmp_path / "made", "panel")
    assert row["path"] == "panel/a.csv" and row["bytes"] == 1
    assert stored_paths(store) == ["/data/things.parquet", "/panel/a.csv"]
    assert store.kept(row["path"], row["sha256"], "panel") == b"x"
    said = r"is not the file that asset panel made; run dti run --select panel"
    for path, digest in (("panel/a.csv", "0" * 64), ("panel/gone.csv", row["sha256"])):
        with pytest.raises(MissingTableError, match=f"{path} {said}"):
            store.kept(path, digest, "panel")


def test_a_write_that_fails_leaves_the_old_table_and_nothing_else(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write(TABLE, TABLE.frame(ROWS))

    def fail(*arguments: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(files.os, "replace", fail)
    monkeypatch.setattr(fsspec.get_filesystem_class("memory"), "mv", fail)
    with pytest.raises(OSError, match="no space left"):
        store.write(TABLE, TABLE.frame(ROWS[:1]))
    assert store.read(TABLE).equals(TABLE.frame(ROWS))
    assert stored_paths(store) == ["/data/things.parquet"]


def test_a_damaged_file_is_named_and_can_be_written_anew(store: Store) -> None:
    store.write(TABLE, TABLE.frame(ROWS))
    store.write(TABLE, TABLE.frame(ROWS), years=[2009, 2010])
    for year in (None, 2010):
        filesystem, path = fsspec.core.url_to_fs(store.location("things", year))
        whole = filesystem.cat_file(path)
        for content in (whole[:100], b"", whole[:8] + b"\xff" * 40 + whole[48:]):
            filesystem.pipe_file(path, content)
            with pytest.raises(DamagedTableError, match=r"things.* is damaged \(.+\); run dti run"):
                store.read(TABLE, None if year is None else [2009, 2010])
    store.write(TABLE, TABLE.frame(ROWS))
    assert store.read(TABLE).equals(TABLE.frame(ROWS))


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
