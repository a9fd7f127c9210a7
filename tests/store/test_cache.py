"""Entries survive; damaged ones are recomputed, never believed."""

from functools import partial
from pathlib import Path

import pytest
import samples

from dti_assets.compute.workers import Limits, run_limited
from dti_assets.errors import NotReadError, VanishedError
from dti_assets.store.cache import Cache, digest
from dti_assets.text import folder as reports
from dti_assets.text.folder import read_folder, report_texts, text_key
from dti_assets.text.readers.reading import Reading
from dti_assets.units.lists import shipped_units

PROVINCES = shipped_units("provinces")


def test_an_entry_comes_back_and_a_damaged_one_does_not(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    key = digest("a", b"b", 3)
    assert cache.get("texts", key) is None
    cache.put("texts", key, "数字经济\n")
    assert cache.get("texts", key) == "数字经济\n"
    path = cache.path("texts", key)
    for broken in (path.read_bytes()[:-2], b"", b"no checksum"):
        path.write_bytes(broken)
        assert cache.get("texts", key) is None
    other = digest("another key")
    cache.put("texts", other, "数字")
    path.write_bytes(cache.path("texts", other).read_bytes())
    cache.path("texts", other).unlink()
    assert cache.get("texts", key) is None
    assert cache.damaged == 4
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_keys_do_not_run_together() -> None:
    assert len({digest("ab", "c"), digest("a", "bc"), digest("abc"), digest("ab", "c", "")}) == 4


def test_each_file_is_read_once_and_a_damaged_entry_again(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    for year in (2014, 2015, 2016):
        text = samples.report_text(year=year)
        (folder / f"浙江{year}.txt").write_text(text, encoding="utf-8")
    first = read_folder(folder, Cache(tmp_path / "c"), units=PROVINCES)
    assert (first.tally.read, first.tally.reused) == (3, 0)
    second = read_folder(folder, Cache(tmp_path / "c"), units=PROVINCES)
    assert (second.tally.read, second.tally.reused) == (0, 3)
    assert second.files.equals(first.files)
    next((tmp_path / "c" / "texts").rglob("*.json")).write_bytes(b"rubbish")
    third = read_folder(folder, Cache(tmp_path / "c"), units=PROVINCES)
    assert (third.tally.read, third.tally.reused, third.tally.damaged_entries) == (1, 2, 1)
    assert third.files.equals(first.files)
    (folder / "浙江2014.txt").rename(folder / "zhejiang-2014.txt")
    assert read_folder(folder, Cache(tmp_path / "c"), units=PROVINCES).tally.read == 0


def test_texts_are_read_again_where_the_cache_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "浙江2015.txt").write_text(samples.report_text(), encoding="utf-8")
    files = read_folder(folder, Cache(tmp_path / "c"), units=PROVINCES).files
    there = report_texts(files, [2015], folder, Cache(tmp_path / "c"), units=PROVINCES)
    gone = report_texts(files, [2015], folder, Cache(tmp_path / "elsewhere"), units=PROVINCES)
    assert there.equals(gone) and len(there) == 1
    assert report_texts(files, [2014], folder, Cache(tmp_path / "c"), units=PROVINCES).empty


def test_a_text_that_cannot_be_read_again_is_neither_empty_nor_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "浙江2015.txt").write_text(samples.report_text(), encoding="utf-8")
    files = read_folder(folder, Cache(tmp_path / "c"), units=PROVINCES).files
    sha256, other = files["sha256"][0], Cache(tmp_path / "elsewhere")
    starved = Reading("too_large", "needs more memory than one report may take")
    short = {
        "died|memory": partial(run_limited, limits=Limits(30, 2**24)),
        "longer than 0 seconds": partial(run_limited, limits=Limits(0)),
        # as a reader answers that met MemoryError and caught it
        "more memory than": lambda *_, **__: iter([(0, (sha256, 1, starved))]),
    }
    for reason, reader in short.items():
        with monkeypatch.context() as patch:
            patch.setattr(reports, "run_limited", reader)
            with pytest.raises(
                NotReadError, match=f"浙江2015.txt cannot be read again.*{reason}"
            ) as e:
                report_texts(files, [2015], folder, other, units=PROVINCES)
        assert not isinstance(e.value, VanishedError)
        assert other.get("texts", text_key(sha256)) is None
    # nor is what an earlier version kept believed
    other.put("texts", text_key(sha256), starved.to_json())
    texts = report_texts(files, [2015], folder, other, units=PROVINCES)
    assert texts.equals(report_texts(files, [2015], folder, Cache(tmp_path / "c"), units=PROVINCES))


def test_a_reader_that_was_killed_is_asked_again(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "浙江2015.txt").write_text(samples.report_text(), encoding="utf-8")
    starved = read_folder(folder, Cache(tmp_path / "c"), limits=Limits(30, 2**24), units=PROVINCES)
    assert list(starved.files["status"]) != ["ok"]
    # known as unread by that
    assert starved.files["sha256"].isna().all()
    fed = read_folder(folder, Cache(tmp_path / "c"), units=PROVINCES)
    assert list(fed.files["status"]) == ["ok"] and fed.tally.read == 1
