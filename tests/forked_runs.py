"""Runs of studies in processes that can be killed, without paying for imports each time.

A server process loads the libraries, does no work and starts no thread, and forks a child for
each run: `python tests/forked_runs.py` reads one run a line as JSON, answers with the child's
process number, and with its exit status once it ends. RunServer is the other end.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any, Self

# what changes files, as the interpreter announces it; os.replace is announced as a rename
_CHANGES = frozenset({"os.rename", "os.mkdir", "os.remove", "os.truncate", "sqlite3.connect"})
# what our modules import where they use it
_LIBRARIES = """
    alembic.command dagster._core.storage.sqlite_storage docx fontTools.subset
    fsspec.implementations.local geopy.distance hypothesis jinja2 lxml.html
    matplotlib.backends.backend_agg matplotlib.backends.backend_pdf matplotlib.backends.backend_svg
    openpyxl pandas pandera.pandas polars pyarrow.csv pyarrow.parquet requests rich.progress
    scipy.stats sqlalchemy.dialects.sqlite upath
"""
_FOR_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class RunServer:
    """Starts runs and says how they ended; to be used as a context manager."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "MPLBACKEND": "agg"},
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._in, self._out = self._process.stdin, self._process.stdout
        assert self._out.readline() == "ready\n"
        return self

    def __exit__(self, *error: object) -> None:
        self._in.close()
        self._process.wait()
        self._out.close()

    def run(
        self,
        study: Path,
        select: str | None = None,
        *,
        kill_after: float | None = None,
        kill_at_change: int | None = None,
    ) -> str:
        """Run the study; `done`, `killed`, or the sentences of what failed.

        With `kill_after`, the run and all its workers are killed after so many seconds unless they
        have ended; with `kill_at_change`, the run kills itself at its n-th change of a file.
        """
        return str(self._ordered(study, select, kill_after, kill_at_change)["said"])

    def changes(self, study: Path, select: str | None = None) -> int:
        """Run the study to its end; how many changes of files it announced."""
        answer = self._ordered(study, select, None, None)
        assert answer["said"] == "done"
        return int(answer["changes"])

    def _ordered(
        self, study: Path, select: str | None, kill_after: float | None, kill_at: int | None
    ) -> dict[str, Any]:
        order = {"study": str(study), "select": select, "kill_at_change": kill_at}
        self._in.write(json.dumps(order) + "\n")
        self._in.flush()
        child = int(self._out.readline())
        if kill_after is not None and not self._answers_within(kill_after):
            os.killpg(child, signal.SIGKILL)
        return dict(json.loads(self._out.readline()))

    def _answers_within(self, seconds: float) -> bool:
        return bool(select.select([self._out], [], [], seconds)[0])


def _serve() -> None:
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    load()
    print("ready", file=out, flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.setsid()
            os.close(read)
            _child(order, write)
        os.close(write)
        print(child, file=out, flush=True)
        with os.fdopen(read) as answer:
            said = answer.read()
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            said = json.dumps({"said": "killed"})
        print(said, file=out, flush=True)


def load() -> None:
    """Import what a run imports, and find out which program it is; do nothing with it."""
    from dti_assets.threads import one_thread

    one_thread()
    import dti_assets

    for name in _LIBRARIES.split():
        import_module(name)
    for module in walk_packages(dti_assets.__path__, "dti_assets."):
        import_module(module.name)
    from dti_assets.pipeline.origins import program

    program()


def _child(order: dict[str, Any], answer: int) -> None:
    try:
        seen = _count_changes(order["kill_at_change"])
        from dti_assets.pipeline.run import run
        from dti_assets.study import load_study

        outcome = run(load_study(order["study"]), order["select"], workers=1)
        said = "done" if outcome.success else "; ".join(outcome.failures)
    except BaseException as error:
        said = f"{type(error).__name__}: {error}"
    os.write(answer, json.dumps({"said": said, "changes": len(seen)}).encode())
    os._exit(0)


def _count_changes(last: int | None) -> list[str]:
    """The changes announced from now on; the process and its workers are killed at the last."""
    seen: list[str] = []

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        opened = event == "open" and isinstance(arguments[2], int) and arguments[2] & _FOR_WRITING
        if event in _CHANGES or opened:
            seen.append(event)
            if len(seen) == last:
                os.killpg(0, signal.SIGKILL)

    sys.addaudithook(note)
    return seen


if __name__ == "__main__":
    _serve()
