"""Studies whose runs are killed and then finished, for tests that compare what is left."""

import hashlib
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from forked_runs import changes, run_study
from made_studies import make_study
from small_study import REPORTS, write_reports

from dti_assets.pipeline.execution.freshness import stale
from dti_assets.pipeline.resources import Workspace
from dti_assets.study.config import load_study

# a page, an archive and plain text; PDFs would take longest and be killed in no other way
READ = ("浙江2015.html", "jiangsu_2014_report.docx", "2015_上海.txt")


@contextmanager
def fast_folder() -> Iterator[Path]:
    """A folder in memory where the system has one: a disk that is waited for is not the matter."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


def new_study(folder: Path) -> Path:
    """A study of two years with reports, a patent extract and few draws; its study.yaml."""
    study = make_study(folder, "years: [2014, 2015]\n")
    write_reports(folder / "reports_raw", {name: REPORTS[name] for name in READ})
    rows = [f"CN{n},一种{('区块链', '数据')[n % 2]}方法,2014-03-0{n},杭州市" for n in range(1, 9)]
    text = "\n".join(["申请号,标题,申请日,地址", *rows])
    (folder / "patents_raw" / "extract.csv").write_text(text, encoding="utf-8")
    return study.file


def outputs(study: Path) -> dict[str, str]:
    """SHA-256 of every file below the outputs but for the cache, by path: leftovers too."""
    folder = study.parent / "outputs"
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and folder / "cache" not in path.parents
    }


def leftovers(study: Path) -> list[str]:
    """Hidden files and folders below the outputs, cache included: what a write that was cut short
    leaves."""
    return sorted(path.name for path in (study.parent / "outputs").rglob(".*"))


class Trial:
    """A study or a selection of it, run undisturbed once, then killed and finished again and again.

    `seconds` is what the last run from nothing to its end took, with what it was killed and begun
    again in between: moments are drawn over it, so that a machine that gets busier moves them
    along. `start` is what a run takes that has nothing left to make.
    """

    def __init__(self, study: Path, select: str | None = None) -> None:
        self.study, self.select = study, select
        with self._copy() as copy:
            self.seconds = self._to_the_end(copy)
            self.expected = outputs(copy)
            self.start = self._to_the_end(copy)
            assert outputs(copy) == self.expected

    @contextmanager
    def _copy(self) -> Iterator[Path]:
        with fast_folder() as folder:
            shutil.copytree(self.study.parent, folder / "study")
            yield folder / "study" / "study.yaml"

    def _to_the_end(self, study: Path) -> float:
        """Run the study undisturbed; how many seconds it took."""
        begin = time.monotonic()
        said = run_study(study, self.select)
        assert said == "done", said
        return time.monotonic() - begin

    def killed_at_random(self, seeds: range) -> list[str]:
        """Kill a run at moments drawn by the seeds, each time going on where it was killed, and
        finish it; how the runs ended that were to be killed. Fails where the bytes differ."""
        ends: list[str] = []
        spent = 0.0
        with self._copy() as copy:
            for moment in sorted(random.Random(seed).uniform(0, self.seconds) for seed in seeds):
                after = moment - spent + (self.start if ends else 0)
                ends.append(run_study(copy, self.select, kill_after=after))
                spent = moment
            self.seconds = spent + self._finish(copy, f"seeds {seeds}") - self.start
        return ends

    def changes(self) -> int:
        """How many changes of files an undisturbed run announces."""
        with self._copy() as copy:
            return changes(copy, self.select)

    def killed_at_changes(self, numbers: list[int]) -> list[str]:
        """Let a run kill itself at its n-th change of a file, each going on where the one before it
        was killed, and finish it; how they ended."""
        with self._copy() as copy:
            ends = [run_study(copy, self.select, kill_at_change=number) for number in numbers]
            self._finish(copy, f"changes {numbers}")
        return ends

    def _finish(self, study: Path, what: str) -> float:
        """Run what is left and look at it; how many seconds it took."""
        seconds = self._to_the_end(study)
        found = outputs(study)
        different = {
            p for p in found.keys() | self.expected if found.get(p) != self.expected.get(p)
        }
        assert not different, (what, different)
        left = leftovers(study)
        assert not left, (what, left)
        if self.select is None:
            assert stale(Workspace(load_study(study))) is None, what
        return seconds
