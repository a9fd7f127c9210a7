"""A disk that is full, or takes no writes: a sentence, nothing lost, and finished once mended."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import samples
from forked_runs import run_study
from killed_runs import fast_folder, leftovers, outputs
from mounts import fill, remount, small_disk
from small_study import REPORTS, dti, make_study, write_reports

SELECTED = "+dti_iv"
PLACES = ("outputs", "outputs/cache", ".dagster")


def begin(folder: Path) -> Path:
    """A study with two reports, not run yet."""
    study = make_study(folder)
    names = ("浙江省2014年政府工作报告.txt", "2015_上海.txt")
    write_reports(folder / "reports_raw", {name: REPORTS[name] for name in names})
    return study


def change(study: Path) -> None:
    """Another report, and another text of one: many tables come out differently."""
    reports = study.parent / "reports_raw"
    for name, place in (("2015_上海.txt", "上海市"), ("2015_江西.txt", "江西省")):
        text = samples.report_text(place, 2015, repeats=400)
        (reports / name).write_text(text, encoding="utf-8")


def run(study: Path) -> tuple[int, str]:
    done = dti("run", "--study", str(study), "--select", SELECTED)
    return done.returncode, done.stdout + done.stderr


@dataclass
class Undisturbed:
    """A study that was run, and the outputs before and after a change of its reports."""

    study: Path
    before: dict[str, str]
    after: dict[str, str]

    def finish(self, study: Path) -> None:
        """Run the study and hold its outputs against those after the change."""
        assert run_study(study, SELECTED) == "done"
        assert outputs(study) == self.after and leftovers(study) == []


@pytest.fixture(scope="module")
def undisturbed() -> Iterator[Undisturbed]:
    with fast_folder() as folder:
        study = begin(folder / "s")
        assert run_study(study, SELECTED) == "done"
        other = shutil.copytree(study.parent, folder / "changed") / study.name
        change(other)
        assert run_study(other, SELECTED) == "done"
        yield Undisturbed(study, outputs(study), outputs(other))


@contextmanager
def changed_on_a_disk(undisturbed: Undisturbed, place: str) -> Iterator[tuple[Path, Path]]:
    """The study, run once, with `place` on a disk of its own, and then changed; and the disk."""
    with fast_folder() as folder:
        study = folder / "s" / undisturbed.study.name
        with small_disk(study.parent / place) as disk:
            shutil.copytree(undisturbed.study.parent, study.parent, dirs_exist_ok=True)
            change(study)
            yield study, disk


def nothing_lost(study: Path, undisturbed: Undisturbed) -> None:
    """Every file is the one before the change or the one after it, whole."""
    found = outputs(study)
    found.pop("filler", None)
    before, after = undisturbed.before, undisturbed.after
    assert found.keys() >= before.keys()
    torn = {path for path in found if found[path] not in (before.get(path), after.get(path))}
    assert not torn and leftovers(study) == []


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("leaving", [0, 40_000])
def test_a_full_disk(undisturbed: Undisturbed, place: str, leaving: int) -> None:
    with changed_on_a_disk(undisturbed, place) as (study, disk):
        filler = fill(disk, leaving)
        status, said = run(study)
        assert status == (1 if leaving and place != ".dagster" else 2), said
        assert "Traceback" not in said and str(disk) in said, said
        assert "No space left on device" in said or "disk is full" in said, said
        nothing_lost(study, undisturbed)
        filler.unlink()
        undisturbed.finish(study)


@pytest.mark.parametrize("place", PLACES)
def test_a_disk_that_takes_no_writes(undisturbed: Undisturbed, place: str) -> None:
    with changed_on_a_disk(undisturbed, place) as (study, disk):
        remount(disk, "ro")
        status, said = run(study)
        assert status == 2 and "Traceback" not in said, said
        last = said.strip().splitlines()[-1]
        assert str(disk) in last and last.endswith("cannot be written: Read-only file system")
        # nothing was begun, and what is there can still be read
        assert outputs(study) == undisturbed.before
        shown = dti("show", "dti_iv", "--study", str(study), "--format", "csv")
        assert shown.returncode == 0, shown.stderr
        remount(disk, "rw")
        undisturbed.finish(study)


def test_damaged_run_records_lose_no_table(undisturbed: Undisturbed) -> None:
    with fast_folder() as folder:
        study = shutil.copytree(undisturbed.study.parent, folder / "s") / undisturbed.study.name
        change(study)
        home = study.parent / ".dagster"
        (database,) = (home / "history").rglob("index.db")
        database.write_bytes(bytes(8192))
        said = run_study(study, SELECTED)
        assert said.startswith(f"RunStorageError: run records in {home} cannot be read or written")
        assert f"remove {home}, which loses the history of runs and no table" in said
        nothing_lost(study, undisturbed)
        shutil.rmtree(home)
        undisturbed.finish(study)
