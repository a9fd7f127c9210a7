"""Entries of every kind, damaged in every way: recomputed, never believed, never in the way."""

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from forked_runs import run_study
from killed_runs import fast_folder, new_study, outputs


def truncated(path: Path, other: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def emptied(path: Path, other: Path) -> None:
    path.write_bytes(b"")


def flipped(path: Path, other: Path) -> None:
    """One bit of the second half, where values are and no checksum."""
    content = bytearray(path.read_bytes())
    place = random.Random(len(content)).randrange(len(content) // 2, len(content))
    content[place] ^= 1
    path.write_bytes(content)


def swapped(path: Path, other: Path) -> None:
    """The entry of another key, whole."""
    shutil.copyfile(other, path)


WAYS = (truncated, emptied, flipped, swapped)
# each kind of entry below outputs/cache
KINDS = {
    "texts": "texts/*/*.json",
    "counts": "counts/*/*.json",
    "words": "words/*/*.json",
    "candidates": "candidates/*/*.json",
    "word lists": "jieba/*.cache",
    "patents' slices": "patents/*/slice-*.parquet",
    "patents' marks": "patents/*/finished.json",
}
SELECTED = "+dti_iv,patent_counts,candidate_counts"


@pytest.fixture(scope="module")
def finished() -> Iterator[Path]:
    """A study with two patent files and a term of its own, run once: only with an own dictionary
    are the words of the cache looked for."""
    with fast_folder() as folder:
        study = new_study(folder / "s")
        with (study.parent / "dictionaries" / "digital_economy_policy.csv").open("a") as terms:
            terms.write("国际合作,own,zh,a test,,\n")
        patents = study.parent / "patents_raw"
        lines = (patents / "extract.csv").read_text(encoding="utf-8").splitlines()
        more = [line.replace("CN", "CN9") for line in lines[1:]]
        text = "\n".join([lines[0], *more, "CN99,一种算法,2015-01-01,上海市"])
        (patents / "more.csv").write_text(text, encoding="utf-8")
        assert run_study(study, SELECTED) == "done"
        yield study


@pytest.mark.parametrize("damage", WAYS)
def test_damaged_entries_of_every_kind_are_made_again(
    finished: Path, damage: Callable[[Path, Path], None]
) -> None:
    expected = outputs(finished)
    with fast_folder() as folder:
        study = shutil.copytree(finished.parent, folder / "s") / finished.name
        cache = study.parent / "outputs" / "cache"
        whole = {}
        for kind, pattern in KINDS.items():
            paths = sorted(cache.glob(pattern))
            assert paths, kind
            whole |= {path: path.read_bytes() for path in paths}
            others = [*paths[1:], paths[0]] if len(paths) > 1 else sorted(cache.rglob("*.json"))[:1]
            kept = [path.read_bytes() for path in others]
            for path, content in zip(paths, kept, strict=True):
                aside = folder / "other"
                aside.write_bytes(content)
                damage(path, aside)
                assert path.read_bytes() != whole[path], (kind, path)
        shutil.rmtree(study.parent / "outputs" / "data")
        assert run_study(study, SELECTED) == "done"
        assert outputs(study) == expected
        assert {path: path.read_bytes() for path in whole} == whole
