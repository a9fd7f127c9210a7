"""Where a study's run records are kept: SQLite in the run home, or a PostgreSQL database.

Writes and reads dagster.yaml, the settings of the run home, and asks the database whether it
answers. The database's address holds a password as a rule and so stands in no file: it is taken
from the environment. Knows neither Dagster nor studies.
"""

from __future__ import annotations

import hashlib
import os
from importlib.util import find_spec
from pathlib import Path

import yaml

from dti_assets.errors import RunStorageError
from dti_assets.store.files import write_atomically

SQLITE, POSTGRES, OTHER = "sqlite", "postgres", "other"
ADDRESS = "DTI_POSTGRES_URL"
# dagster-postgres brings psycopg2; without a driver SQLAlchemy 2.1 would look for psycopg
FORM = "postgresql+psycopg2://USER:PASSWORD@HOST:5432/DATABASE"
_SECONDS = 5

# no telemetry, no pop-ups, two runs at a time; a run that does not come to start, or to end when
# it is told to, is given up
_SETTINGS = """telemetry:
  enabled: false
nux:
  enabled: false
concurrency:
  runs:
    max_concurrent_runs: 2
run_monitoring:
  enabled: true
"""
_POSTGRES_SETTINGS = f"""storage:
  postgres:
    postgres_url:
      env: {ADDRESS}
"""
_MARK = "# written by dti, which leaves it alone once it is edited; check "


def settings_text(kind: str) -> str:
    """dagster.yaml for a kind of storage; its first line tells an edited file from our own."""
    body = _SETTINGS + (_POSTGRES_SETTINGS if kind == POSTGRES else "")
    return f"{_MARK}{_check(body)}\n{body}"


def write_settings(path: Path, kind: str) -> None:
    """Write dagster.yaml where there is none, or one that dti wrote and nobody edited."""
    text = settings_text(kind)
    if not path.exists() or (_is_ours(path) and path.read_text(encoding="utf-8") != text):
        write_atomically(path, text.encode())


def _check(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:12]


def _is_ours(path: Path) -> bool:
    # what is no text is not ours either
    first, _, body = path.read_text(encoding="utf-8", errors="replace").partition("\n")
    return first == _MARK + _check(body)


def kind_of(path: Path) -> str:
    """The storage that dagster.yaml names: sqlite, postgres or other. Raises RunStorageError for
    a file that is no YAML mapping."""
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        why = " ".join(str(error).split())
        raise RunStorageError(f"{path}: not valid YAML ({why})") from error
    if not isinstance(settings, dict):
        raise RunStorageError(f"{path}: a mapping of keys is expected")
    old = {"run_storage", "event_log_storage", "schedule_storage", "instance_class"}
    storage = settings.get("storage") or {}
    if old & settings.keys() or not isinstance(storage, dict):
        return OTHER
    if not storage or "sqlite" in storage:
        return SQLITE
    return POSTGRES if "postgres" in storage else OTHER


def disagreement(path: Path, kind: str) -> str:
    """One sentence where an edited dagster.yaml keeps runs elsewhere than the study says, else
    nothing."""
    if not path.exists() or _is_ours(path) or (found := kind_of(path)) == kind:
        return ""
    return (
        f"{path} was edited by hand and names {found} storage for runs, the study says "
        f"run_storage: {kind}; the edited file holds (delete it to have it written anew)"
    )


def check_postgres() -> str:
    """Ask the database at DTI_POSTGRES_URL whether it answers; its address without the password.

    Raises RunStorageError where the extra or the address is missing, or no connection comes
    about.
    """
    missing = [name for name in ("dagster_postgres", "psycopg2") if find_spec(name) is None]
    if missing:
        raise RunStorageError(
            f"run_storage is postgres, but {' and '.join(missing)} cannot be imported: "
            "pip install 'dti-assets[postgres]'"
        )
    url = os.environ.get(ADDRESS, "").strip()
    if not url:
        raise RunStorageError(
            f"run_storage is postgres, but the environment variable {ADDRESS} is not set; it is "
            f"to hold {FORM}"
        )
    import sqlalchemy as sql

    try:
        parsed = sql.make_url(url)
        if parsed.drivername != "postgresql+psycopg2":
            raise ValueError("another database or driver")
        engine = sql.create_engine(
            parsed, poolclass=sql.NullPool, connect_args={"connect_timeout": _SECONDS}
        )
    except (ValueError, sql.exc.ArgumentError) as error:
        # SQLAlchemy's own sentence would print the password
        raise RunStorageError(f"{ADDRESS} is no address of the form {FORM}") from error
    shown = parsed.render_as_string(hide_password=True)
    try:
        engine.connect().close()
    except sql.exc.SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        why = " ".join(str(cause).split())
        raise RunStorageError(
            f"the run storage {shown} (from {ADDRESS}) cannot be reached: {why}"
        ) from error
    return shown
