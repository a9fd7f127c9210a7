"""The Dagster home of a study: made once, opened for each run, and rid of runs that died.

What is in dagster.yaml is decided in `run_storage`; how a run goes, in `run`.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg

from dti_assets import errors
from dti_assets.errors import BusyError, RunStorageError
from dti_assets.store.files import advice, says_no_memory
from dti_assets.store.locks import Holder, exclusive
from dti_assets.study.config import Study
from dti_assets.study.run_storage import POSTGRES, SQLITE, check_postgres, kind_of, write_settings

# The terminal shows what a run prints. Capturing it for the web UI takes four helper processes,
# which answer Ctrl-C with tracebacks and stand between the progress bar and the terminal.
_NO_CAPTURE: dict[str, Any] = {
    "compute_logs": {
        "module": "dagster._core.storage.noop_compute_log_manager",
        "class": "NoOpComputeLogManager",
    }
}
# a run gives back the lock a moment before its end is on record
_GRACE_SECONDS = 10.0
# the log of a database grows by this much, or by less
_TIGHT_BYTES = 2**17


def initialise(study: Study) -> Path:
    """Create the study's Dagster home, once and by one process at a time; returns it.

    Concurrent first use breaks a fresh home for good, so a lock is held while it is made. A run
    whose process died is put on record as failed. Raises RunStorageError.
    """
    import fcntl

    home = study.home
    home.mkdir(parents=True, exist_ok=True)
    with (home / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        settings = home / "dagster.yaml"
        write_settings(settings, study.run_storage)
        if kind_of(settings) == POSTGRES and kind_of(settings) == study.run_storage:
            check_postgres()
        with instance(home) as opened:
            opened.get_runs_count()
            try:
                with exclusive(study.cache_folder, "dti init", wait=False) as held:
                    settle(opened, held.before)
            except BusyError:
                # whoever is at work has settled it
                return home
    return home


@contextmanager
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    """The Dagster instance of a home; DAGSTER_HOME is set for the processes it starts.

    Raises RunStorageError where its database cannot be used, or goes away meanwhile.
    """
    from dagster._core.instance.ref import InstanceRef

    os.environ["DAGSTER_HOME"] = str(home)
    reference = _opened_once(InstanceRef.from_dir(str(home), overrides=_NO_CAPTURE))
    try:
        with dg.DagsterInstance.from_ref(reference) as opened:
            yield opened
    except Exception as error:
        cause = _of_the_database(error)
        if cause is None:
            raise
        why = " ".join(str(getattr(cause, "orig", None) or cause).split())
        if "disk I/O error" in why and shutil.disk_usage(home).free < _TIGHT_BYTES:
            # SQLite's word for a log that cannot grow
            why = f"{why}: the disk is full"
        where = f" in {home}" if kind_of(home / "dagster.yaml") == SQLITE else ""
        mend = "run again to go on where it stopped"
        if "malformed" in why or "not a database" in why:
            mend = f"remove {home}, which loses the history of runs and no table, and run again"
        raise RunStorageError(
            f"run records{where} cannot be read or written ({why}); what was stored stays, {mend}"
        ) from error


def _opened_once(reference: Any) -> Any:
    """The reference of an instance with our class in the place of Dagster's SQLite storage."""
    storage = reference.storage_data
    if storage.class_name != "DagsterSqliteStorage":
        return reference
    ours = storage._replace(
        module_name="dti_assets.pipeline.execution.run_records", class_name="OpenRunRecords"
    )
    return reference._replace(storage_data=ours)


def _of_the_database(error: BaseException | None) -> BaseException | None:
    """The error of the database behind an error, if that is what it comes from."""
    from sqlalchemy.exc import DatabaseError, OperationalError

    while error is not None:
        # a file that is no database any more is of the general kind
        if isinstance(error, OperationalError) or type(error) is DatabaseError:
            return error
        error = error.__cause__ or error.__context__
    return None


def settle(opened: dg.DagsterInstance, before: Holder | None) -> None:
    """Put the run of the lock's last holder on record as failed where it never came to an end.

    To be called under the lock. Such a run would count as being at work for ever, and keep
    queued ones from starting.
    """
    if before is None or before.run_id is None:
        return
    deadline = time.monotonic() + _GRACE_SECONDS
    while (run := opened.get_run_by_id(before.run_id)) is not None and not run.is_finished:
        if before.is_gone() or time.monotonic() > deadline:
            opened.report_run_failed(run, f"the process of this run ended without a word: {before}")
            return
        time.sleep(0.1)


def sentence(error: Any) -> str:
    """The sentence of the package's own error, else the innermost error with its kind."""
    while error is not None:
        message = str(error.message).strip()
        kind = getattr(errors, error.cls_name or "", None)
        if isinstance(kind, type) and issubclass(kind, errors.DtiError):
            return message.partition(": ")[2] or message
        if error.cause is None:
            if error.cls_name == "MemoryError" or says_no_memory(message):
                return f"there is not enough memory; {advice()}"
            return message
        error = error.cause
    return "failed"
