"""What a person sees of a run on the command line: progress, and a closing summary.

Progress goes to standard error: a line for each asset that is made and, on a terminal, a bar with
the time left. The summary goes to standard output, once: how the run ended, what needs attention,
where the results are. Results are never printed here; `dti show` does that.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from shlex import quote
from textwrap import indent
from typing import TYPE_CHECKING, Any

from dti_assets.cli.output import shortened, without_controls
from dti_assets.pipeline.left_out import left_out
from dti_assets.pipeline.resources import Progress, Workspace
from dti_assets.study.catalogue import YEARLY
from dti_assets.study.secrets import without_user

if TYPE_CHECKING:
    from dti_assets.pipeline.execution.run import Outcome
    from dti_assets.study.config import Study

# what the bar says while an asset of long work is made
DOING = {
    "report_downloads": "fetching reports",
    "report_files": "reading reports",
    "keyword_counts": "counting reports",
    "digital_patents": "classifying patents",
}
_SHOWN_WARNINGS = 5


class ConsoleProgress(Progress):
    """One run of the study called `name`, with a bar of rich where there is a terminal."""

    def __init__(self, name: str, bar: Any = None) -> None:
        self.name = name
        self.started = time.monotonic()
        self._bar = bar
        self._tasks: dict[str, Any] = {}
        self._say(f"study {name}: starting")

    def report(self, asset: str, done: int, total: int | None) -> None:
        label = DOING.get(asset, asset)
        if self._bar is not None:
            if asset not in self._tasks:
                self._tasks[asset] = self._bar.add_task(label, total=total)
            self._bar.update(self._tasks[asset], completed=done, total=total)
        elif total is None:
            # a line whenever it is twice as much: few lines, however much there is
            if done >= 2 * self._tasks.get(asset, 0):
                self._tasks[asset] = done
                self._say(f"{label}: {done:,} so far")
        elif asset not in self._tasks and done < total:
            self._tasks[asset] = True
            self._say(f"{label}: {done} of {total} known, {total - done} to do")

    def summary(self, asset: str, sentence: str) -> None:
        line = f"{asset}: {sentence}"
        # the whole sentence stands with the asset in the web UI
        self.note(shortened(line, self._columns) if self._columns else line)

    def note(self, sentence: str) -> None:
        if self._bar is None:
            self._say(sentence)
        else:
            # above the bar, where it stays
            self._bar.console.print(without_controls(sentence), markup=False, highlight=False)

    def close(self, outcome: Outcome, study: Study) -> None:
        """The closing summary: how it ended, what needs attention, where the results are."""
        seconds = time.monotonic() - self.started
        verb = "finished" if outcome.success else "FAILED"
        out = [f"study {study.title}, {_span(study.years)}: {verb} in {seconds:.0f} s"]
        if outcome.failures:
            out.append("failed:")
            out += [indent(sentence, "  ") for sentence in outcome.failures]
        if outcome.warnings:
            out.append("needs attention:")
            for name, description, sentences in outcome.warnings:
                out.append(f"  {name}: {description}")
                lines = sentences.splitlines()
                out += [f"    {line}" for line in lines[:_SHOWN_WARNINGS]]
                if len(lines) > _SHOWN_WARNINGS:
                    out.append(f"    … all of them: dti show {name}{_options(study)}")
        out += _years_note(outcome, study)
        there = {*outcome.made, *outcome.kept}
        if omitted := left_out(Workspace(study), there):
            out += ["left out:", *(f"  {line}" for line in omitted)]
        outputs = without_user(study.output_url)
        if there:
            out.append(f"stored tables: {outputs}/data")
        for asset, what, where in (
            ("panel_export", "panel files", "panel"),
            ("tables", "tables", "tables"),
            ("figures", "figures", "figures"),
            ("referee_documents", "referee", "referee"),
            ("replication_report", "report", "report.html"),
        ):
            if asset in there:
                out.append(f"{what + ':':<15}{outputs}/{where}")
        if outcome.success and there:
            one = "dti_iv" if "dti_iv" in there else [*outcome.kept, *outcome.made][-1]
            out.append(f"look at one:   dti show {one}{_study_option(study)}")
        print("\n".join(map(without_controls, out)), flush=True)

    @property
    def _columns(self) -> int | None:
        """Columns of the terminal; None where there is none."""
        return shutil.get_terminal_size().columns if self._bar is not None else None

    def _say(self, sentence: str) -> None:
        if self._bar is None:
            print(without_controls(sentence), file=sys.stderr, flush=True)


def _study_option(study: Study) -> str:
    """What a command needs to look at this study."""
    here = study.file.name == "study.yaml" and study.file.parent.samefile(".")
    return "" if here else f" --study {quote(str(study.file))}"


def _options(study: Study) -> str:
    """What a command needs to look at these years of this study."""
    for_once = study.years_in_file not in (None, study.years)
    return _study_option(study) + (f" --years {_span(study.years)}" if for_once else "")


def _years_note(outcome: Outcome, study: Study) -> list[str]:
    """That tables of all years were made anew from some of them, where they were."""
    if study.years_in_file in (None, study.years) or set(outcome.made) <= YEARLY:
        return []
    assert study.years_in_file is not None
    now, all_years = _span(study.years), _span(study.years_in_file)
    return [f"tables cover {now} only; {study.file.name} says {all_years}: dti run rebuilds all"]


def _span(years: tuple[int, int]) -> str:
    first, last = years
    return str(first) if first == last else f"{first}-{last}"


@contextmanager
def console_progress(name: str) -> Iterator[ConsoleProgress]:
    """A bar on a terminal, plain lines elsewhere."""
    if not sys.stderr.isatty():
        yield ConsoleProgress(name)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        # names of files are no markup
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Bar(*columns, console=console) as bar, console.status(f"study {name}"):
        yield ConsoleProgress(name, bar)
