"""Runs of studies in processes that can be killed, without paying for imports each time: forked,
as commands are, from a process that has loaded the libraries (forked_commands).
"""

from __future__ import annotations

import gc
import json
import os
import select as waiting
import signal
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

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


def run_study(
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
    return str(_ordered(study, select, kill_after, kill_at_change)["said"])


def changes(study: Path, select: str | None = None) -> int:
    """Run the study to its end; how many changes of files it announced."""
    answer = _ordered(study, select, None, None)
    assert answer["said"] == "done"
    return int(answer["changes"])


def _ordered(
    study: Path, select: str | None, kill_after: float | None, kill_at: int | None
) -> dict[str, Any]:
    import forked_commands

    order = {"study": str(study), "select": select, "kill_at_change": kill_at}
    read, write = os.pipe()
    with (
        os.fdopen(read) as answer,
        forked_commands.asked({"run": order}, (0, write, 2)) as connection,
    ):
        os.close(write)
        child = int(answer.readline())
        if kill_after is not None and not waiting.select([answer], [], [], kill_after)[0]:
            os.killpg(child, signal.SIGKILL)
        said = answer.read()
        status = int(connection.makefile().read())
    if status == -signal.SIGKILL:
        return {"said": "killed"}
    return dict(json.loads(said))


def load() -> None:
    """Import what a run imports, and find out which program it is; do nothing with it."""
    from dti_assets.compute.process import set_up

    set_up()
    import dti_assets

    for name in _LIBRARIES.split():
        import_module(name)
    for module in walk_packages(dti_assets.__path__, "dti_assets."):
        import_module(module.name)
    from dti_assets.pipeline.state.provenance import program

    program()
    # nothing of it is garbage in the processes forked from this one
    gc.freeze()


def run_here(order: dict[str, Any]) -> None:
    """Run a study in this process, which it ends, the leader of a group of its own; say on standard
    output first which process it is, then how the run ended."""
    os.setsid()
    answer = os.dup(1)
    os.dup2(2, 1)
    os.write(answer, f"{os.getpid()}\n".encode())
    try:
        seen = _count_changes(order["kill_at_change"])
        from dti_assets.pipeline.execution.run import run
        from dti_assets.study.config import load_study

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
