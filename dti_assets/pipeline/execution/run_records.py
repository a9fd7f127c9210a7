"""Run records in SQLite for a run in this process: the log of events is opened once, not for
every event.

Dagster opens and closes a database for each event it writes or asks for, thousands of times a
run. The last to close writes the log of changes back and waits for the disk; an engine that is
kept does not, and remembers the statements it has put together. The files are those of Dagster's
own storage, which reads them too.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Self

from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine


class OpenEventLog(SqliteEventLogStorage):
    """The event log with an engine, and its one connection, for each database it has opened."""

    def __init__(self, base_dir: str) -> None:
        self._engines: dict[str, Engine] = {}
        self._tables: set[str] = set()
        super().__init__(base_dir)

    @contextmanager
    def _connect(self, shard: str) -> Iterator["Connection"]:
        # the lock lets one thread at a time have the connection
        with self._db_lock, self._engine(shard).begin() as connection:
            yield connection

    def _engine(self, shard: str) -> "Engine":
        import sqlalchemy as sql
        from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS

        if shard not in self._engines:
            engine = sql.create_engine(
                self.conn_string_for_shard(shard),
                poolclass=sql.StaticPool,
                connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
            )
            sql.event.listen(engine, "connect", _wait_less)
            self._initdb(engine)
            self._engines[shard] = engine
        return self._engines[shard]

    def has_table(self, table_name: str) -> bool:
        # asked hundreds of times; a table that is there stays
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def dispose(self) -> None:
        super().dispose()
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()


def _wait_less(connection: Any, _: Any) -> None:
    """No commit waits for the disk: a loss of power may cost the last events on record, and no
    table."""
    # a damaged database is told of by whoever wants something of it
    with suppress(sqlite3.Error):
        connection.execute("PRAGMA synchronous=NORMAL")


class OpenRunRecords(DagsterSqliteStorage):
    """Dagster's SQLite storage with such an event log."""

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        super().__init__(base_dir, inst_data)
        self._event_log_storage = OpenEventLog(self._event_log_storage._base_dir)

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> Self:
        return cls.from_local(inst_data=inst_data, **config_value)
