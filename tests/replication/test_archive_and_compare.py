"""A package is read with distrust and compared number by number."""

import contextlib
import math
import stat
import zipfile
from importlib import metadata
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dti_assets.errors import PackageError
from dti_assets.replication.archive import check_entries, extract_archive, is_inside, write_archive
from dti_assets.replication.compare import compare, compare_frames, compare_text
from dti_assets.replication.manifest import (
    Code,
    code_here,
    constraints_txt,
    installed_packages,
)
from dti_assets.store.files import source_sha256


def _zip(path: Path, names: list[str], mode: int = stat.S_IFREG | 0o644) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, "x")
    return path


@pytest.mark.parametrize(
    "name",
    ["../out", "a/../../out", "/etc/out", "C:/out", "a\\..\\out", "a//b", "./a", "..", "a\nb"],
)
def test_nothing_is_written_outside_of_the_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "deep" / "folder"
    assert not is_inside(name)
    with pytest.raises(PackageError):
        extract_archive(_zip(tmp_path / "p.zip", ["first.txt", name]), folder)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["p.zip"]


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_are_refused(tmp_path: Path, kind: int) -> None:
    with pytest.raises(PackageError, match="a link or a device"):
        extract_archive(_zip(tmp_path / "p.zip", ["a"], kind | 0o777), tmp_path / "out")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_given_twice_is_refused(tmp_path: Path) -> None:
    for names in (["a", "a"], ["a", "A"]):
        with pytest.raises(PackageError, match="stands twice"):
            extract_archive(_zip(tmp_path / "p.zip", names), tmp_path / "out")


@pytest.mark.parametrize("names", [["a", "a/b"], ["a/b", "A"], ["x/a/b/c", "x/a-", "x/a"]])
def test_a_file_that_is_a_folder_too_is_refused(tmp_path: Path, names: list[str]) -> None:
    with pytest.raises(PackageError, match="is a file and a folder"):
        extract_archive(_zip(tmp_path / "p.zip", names), tmp_path / "out")


@pytest.mark.parametrize(
    ("names", "said"),
    [
        *(([f"panel_raw/a{letter}.csv"], "rename it and run") for letter in '<>:"|?*\\\n\ud800'),
        (["panel_raw/gdp.csv", "panel_raw/GDP.csv"], "panel_raw/GDP.csv and panel_raw/gdp.csv"),
        (["x/A", "x/a/b"], "x/A and x/a/b are"),
        (["x/A/b", "x/a", "x/a-"], "x/a and x/A/b are"),
        (["省" * 86], "over 255 bytes; shorten it"),
    ],
)
def test_what_could_not_be_unpacked_is_refused_when_packing(names: list[str], said: str) -> None:
    check_entries({"a": b"", "b/省\u3000份-(1).csv": b"", "b/c": b""})
    with pytest.raises(PackageError, match=said):
        check_entries(dict.fromkeys(names, b""))


def test_more_than_a_package_may_hold_is_refused_when_packing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dti_assets.replication.archive.MOST_BYTES", 1000)
    (tmp_path / "b").write_bytes(b"0" * 600)
    check_entries({"a": b"0" * 400, "b": tmp_path / "b"})
    with pytest.raises(PackageError, match="more than a package may hold"):
        check_entries({"a": b"0" * 401, "b": tmp_path / "b"})


@pytest.mark.parametrize("packing", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_DEFLATED])
def test_a_damaged_byte_is_one_sentence(tmp_path: Path, packing: int) -> None:
    with zipfile.ZipFile(tmp_path / "p.zip", "w", packing) as archive:
        archive.writestr("a", b"hello world" * 9)
    whole = (tmp_path / "p.zip").read_bytes()
    for at in range(len(whole)):
        damaged = whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :]
        (tmp_path / "p.zip").write_bytes(damaged)
        # a date, or where a comment would stand, may be anything
        with contextlib.suppress(PackageError):
            extract_archive(tmp_path / "p.zip", tmp_path / str(at))


def test_a_name_too_long_for_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="too long"):
        extract_archive(_zip(tmp_path / "p.zip", ["a" * 300]), tmp_path / "out")


def test_a_size_that_is_a_lie_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dti_assets.replication.archive.MOST_BYTES", 1000)
    path = tmp_path / "p.zip"
    write_archive(path, {"a": b"0" * 5000})
    with pytest.raises(PackageError, match="more than a package may"):
        extract_archive(path, tmp_path / "out")
    whole = path.read_bytes()
    # both records of the entry say 10 bytes
    path.write_bytes(whole.replace((5000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    with pytest.raises(PackageError):
        extract_archive(path, tmp_path / "out2")
    assert sum(f.stat().st_size for f in tmp_path.rglob("a")) <= 1000


def test_what_is_no_archive_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "p.zip").write_bytes(b"no archive")
    with pytest.raises(PackageError, match=r"no ZIP file"):
        extract_archive(tmp_path / "p.zip", tmp_path / "out")
    with pytest.raises(PackageError, match="no such file"):
        extract_archive(tmp_path / "absent.zip", tmp_path / "out")
    with pytest.raises(PackageError, match="is a folder"):
        extract_archive(tmp_path, tmp_path / "out")


def test_equal_content_gives_equal_bytes_and_reads_back(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"two")
    for name in ("one.zip", "two.zip"):
        write_archive(tmp_path / name, {"x/b": tmp_path / "b", "a": b"one"})
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    assert extract_archive(tmp_path / "one.zip", tmp_path / "out") == ["a", "x/b"]
    assert (tmp_path / "out" / "x" / "b").read_bytes() == b"two"


def test_numbers_are_equal_within_a_billionth_and_differ_beyond() -> None:
    frame = pd.DataFrame({"term": ["a", "b"], "estimate": [1 / 3, 2e-7], "n": [1, 2]})
    close = frame.assign(estimate=frame["estimate"] * (1 + 5e-10))
    far = frame.assign(estimate=[1 / 3, 2.00001e-7])
    assert compare_frames(frame, frame.copy()).verdict == "identical"
    assert compare_frames(frame, close).verdict == "equal"
    found = compare_frames(frame, far)
    assert found.verdict == "different"
    assert found.where == "row 2, column estimate: 2e-07 there, 2.00001e-07 here"
    assert compare_frames(frame, frame.assign(estimate=[1 / 3, None])).verdict == "different"
    infinite = frame.assign(estimate=[math.inf, None])
    assert compare_frames(infinite, infinite.copy()).verdict == "identical"
    assert compare_frames(frame, frame.iloc[:1]).where == "2 rows in the package, 1 here"


def test_words_must_agree_and_numbers_in_them_nearly() -> None:
    assert compare_text("F = 3.21, N 92", "F = 3.2100000001, N 92").verdict == "equal"
    assert compare_text("F = 3.21, N 92", "F = 3.22, N 92").where.startswith("line 1")
    assert compare_text("F = 3.21", "G = 3.21").verdict == "different"
    assert compare_text("a\nb", "a").verdict == "different"


@pytest.mark.parametrize(
    ("there", "here"),
    [
        *(("CN202010123456", "CN202010123457"), ("202010123456", "202010123457")),
        *(("CN202010123456.71", "CN202010123457.71"), ("202010123456.7", "202010123457.7")),
        *(("202010123456", "202010123457.0"), ("5e400", "7e999"), ("a0e12b", "a0e13b")),
        *(("01", "1"), ("set seed 1234567890", "set seed 1234567891")),
    ],
)
def test_what_may_be_an_identifier_must_be_the_same(there: str, here: str, tmp_path: Path) -> None:
    assert compare_text(there, here).verdict == "different"
    assert compare_text(f"x {there}, 0.1", f"x {here}, 0.10000000001").verdict == "different"
    frames = [pd.DataFrame({"number": [value, "0.5"]}) for value in (there, here)]
    assert compare_frames(*frames).verdict == "different"
    for path, frame in zip((tmp_path / "a.csv", tmp_path / "b.csv"), frames, strict=True):
        frame.to_csv(path, index=False)
    assert compare(tmp_path / "a.csv", tmp_path / "b.csv").verdict == "different"


def test_whole_numbers_must_be_the_same(tmp_path: Path) -> None:
    one, two = 2_000_000_000, 2_000_000_001
    for cells in ([one, None], [one, 5]):
        there = pd.DataFrame({"n": pd.array(cells, dtype="Int64")})
        here = there.assign(n=there["n"].replace(one, two))
        assert compare_frames(there, there.copy()).verdict == "identical"
        assert compare_frames(there, here).verdict == "different"
        # a table without what pandas adds, and a file that holds them as text
        for name, frame in (("a", there), ("b", here)):
            table = pa.Table.from_pandas(frame).replace_schema_metadata({})
            pq.write_table(table, tmp_path / f"{name}.parquet")
            frame.to_csv(tmp_path / f"{name}.csv", index=False)
        for kind in ("parquet", "csv"):
            found = compare(tmp_path / f"a.{kind}", tmp_path / f"b.{kind}")
            assert found.verdict == "different", kind
    assert compare_text("N 92, 7", "N 92.0, 7.0").verdict == "equal"
    assert compare_text("<v>-0</v>", "<v>0</v>").verdict == "equal", "as a workbook has -0.0"


def test_an_open_end_leaves_a_column_its_scale(tmp_path: Path) -> None:
    for name, zero in (("a", "0.0"), ("b", "1e-13")):
        (tmp_path / f"{name}.csv").write_text(f"end\n-inf\n2.55\n{zero}\n", encoding="utf-8")
    assert compare(tmp_path / "a.csv", tmp_path / "b.csv").verdict == "equal"


def test_columns_of_another_type_are_equal_at_most() -> None:
    whole = pd.DataFrame({"n": [1, 0]})
    for other in (whole.astype("float64"), whole.astype(bool)):
        assert compare_frames(whole, other).verdict == "equal"


@pytest.mark.parametrize(
    ("there", "here", "verdict"),
    [
        *(("a\n01\n", "a\n1\n", "different"), ("a,b\nNA,1\n", "a,b\n,1\n", "different")),
        *(("a\n1\n", "a\n1.0\n", "equal"), ("a\n1\n", "a\r\n1\r\n", "equal")),
        *(("a\n0.1\n\n", "a\n0.10000000001\n\n", "equal"), ("a\n1\n", "b\n1\n", "different")),
        ("a,b\n1,2\n", "a,b\n7,1,2\n", "different"),
        # next to nothing beside the largest of the column
        *(("a\n1000.5\n1e-10\n", "a\n1000.5\n-2e-10\n", "equal"),),
        ("a\nx\n1000.5\n1e-10\n", "a\nx\n1000.5\n-2e-10\n", "different"),
    ],
)
def test_cells_of_a_csv_file_are_held_together_as_they_stand(
    tmp_path: Path, there: str, here: str, verdict: str
) -> None:
    (tmp_path / "a.csv").write_text(there, newline="")
    (tmp_path / "b.csv").write_text(here, newline="")
    assert compare(tmp_path / "a.csv", tmp_path / "b.csv").verdict == verdict


def test_a_line_of_countless_digits_takes_no_time() -> None:
    digits = "1" * 300_000
    assert compare_text(f"{digits}a", f"{digits}b").verdict == "different"
    assert compare_text(f".{digits}e", f".{digits}f").verdict == "different"


@given(st.text(), st.text())
def test_two_texts_that_are_not_the_same_are_never_called_identical(a: str, b: str) -> None:
    assert (compare_text(a, b).verdict == "identical") == (a == b)


def test_pictures_that_differ_are_said_to_be_without_numbers(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"1")
    (tmp_path / "b.png").write_bytes(b"2")
    assert compare(tmp_path / "a.png", tmp_path / "b.png").verdict == "unreadable"
    assert compare(tmp_path / "a.png", tmp_path / "c.png").where == "it was not made"


@pytest.mark.parametrize("kind", [".parquet", ".csv", ".dta", ".docx", ".xlsx", ".tex"])
def test_a_packaged_file_that_cannot_be_read_is_a_difference(tmp_path: Path, kind: str) -> None:
    there, here = tmp_path / f"there{kind}", tmp_path / f"here{kind}"
    there.write_bytes(b"\xff\xfe\x00damaged")
    here.write_bytes(b"sound")
    found = compare(there, here)
    assert found.verdict == "different" and found.where.startswith("cannot be read there (")


def test_other_versions_are_named() -> None:
    there = Code("0.1.0", "abc", "commit", "3.11.7", {"numpy": "1", "gone": "2"})
    assert there.differences(there) == []
    found = there.differences(Code("0.1.0", "abd", "", "3.12.0", {"numpy": "2"}))
    assert found == [
        "the source of dti-assets differs from the package's",
        "Python 3.11.7 in the package, 3.12.0 here",
        "gone 2 in the package, absent here",
        "numpy 1 in the package, 2 here",
    ]


def test_the_hash_of_the_source_depends_on_names_and_content_alone(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "sub" / "a.py").write_text("x = 1\n")
    (tmp_path / "two" / "__pycache__").mkdir()
    (tmp_path / "two" / "__pycache__" / "a.pyc").write_bytes(b"compiled")
    (tmp_path / "two" / "sub" / ".a.py.swp").write_bytes(b"an editor's")
    one = source_sha256(tmp_path / "one")
    assert one == source_sha256(tmp_path / "two")
    (tmp_path / "two" / "sub" / "a.py").write_text("x = 2\n")
    assert one != source_sha256(tmp_path / "two")


def test_the_versions_are_those_the_program_needs() -> None:
    found = installed_packages()
    assert {"numpy", "pandas", "dagster", "linearmodels"} <= found.keys()
    assert found.keys().isdisjoint({"pytest", "ray"}) and found["pandas"] == pd.__version__


def test_the_version_of_another_tokenizer_is_known_where_it_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = metadata.version

    def version(name: str) -> str:
        return "9.9" if name == "rjieba" else told(name)

    monkeypatch.setattr(metadata, "version", version)
    found = installed_packages("rjieba")
    assert found["rjieba"] == "9.9" and b"rjieba==9.9\n" in constraints_txt(code_here("rjieba"))
    assert "rjieba" not in installed_packages("jieba"), "not of the study"

    def absent(name: str) -> str:
        if name == "rjieba":
            raise metadata.PackageNotFoundError(name)
        return told(name)

    monkeypatch.setattr(metadata, "version", absent)
    assert "rjieba" not in installed_packages("rjieba")
