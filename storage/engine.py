"""From a URL to a database: connections, the two kinds of transaction, and errors in one line.

SQLite runs in WAL mode with a busy timeout of a minute and takes the writer's lock when a
transaction that writes begins, so that recording processes wait for each other and never fail for
it. PostgreSQL is reached through psycopg 3; reads see one snapshot however many statements they
have.
"""

from __future__ import annotations

import contextlib
import logging
import re
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, Insert, Table, create_engine, event, make_url
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from orbench.errors import MissingExtraError, StoreUrlError
from orbench.settings import checked_url, masked_url, sqlite_path

from .database_errors import store_error

__all__ = ["LOCK_WAIT_SECONDS", "Database", "batched", "insert_or_ignore", "open_database"]

LOCK_WAIT_SECONDS = 60
"""A writer waits this long for another one before it gives up with StoreUnavailableError."""

_CONNECT_SECONDS = 10
# As many connections as there are threads: one that waits for a lock has one too, and with a limit
# the others would fail.
_NO_LIMIT = -1
_LOCK_SLICE_MILLISECONDS = 200
_PARAMETERS_AT_ONCE = 900
_Item = TypeVar("_Item")
_WAL_SIZE_LIMIT = 64 * 1024 * 1024

# A server that vanished without a word is noticed within about a minute.
_KEEPALIVE = {
    "connect_timeout": _CONNECT_SECONDS,
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "application_name": "orbench",
}

# Ctrl-C while a connection goes back into the pool would have it print a traceback of its own.
logging.getLogger("sqlalchemy.pool").addHandler(logging.NullHandler())


class Database:
    """A store's database: hands out transactions; errors come out as StoreErrors.

    May be used from several threads, each in its own transactions. `path` is the file of a
    SQLite database, None for a server; `location` is the URL without a password.
    """

    def __init__(self, engine: Engine, location: str, path: Path | None) -> None:
        self.engine = engine
        self.location = location
        self.path = path

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that reads one snapshot of the store."""
        options: dict[str, Any] = {}
        if self.dialect == "postgresql":
            options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with self._transaction(options) as connection:
            yield connection

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[Connection]:
        """A transaction that writes; on SQLite there is one at a time.

        `durable`: when it has ended it survives power loss, and with it all that was written
        before. A SQLite transaction otherwise survives a crash of the process only.
        """
        with self._transaction({"orbench_write": True, "orbench_durable": durable}) as connection:
            yield connection

    @contextmanager
    def _transaction(self, options: Mapping[str, Any]) -> Iterator[Connection]:
        with (
            self.errors(),
            self.engine.connect() as connection,
            connection.execution_options(**options).begin(),
        ):
            yield connection

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn what the database raises into a StoreError of one line."""
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise store_error(error, self.location) from error

    def sync(self) -> None:
        """Make what was written so far survive power loss, as far as readers let it."""
        if self.path is not None:
            with self.errors(), contextlib.closing(self.engine.raw_connection()) as connection:
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def open_database(url: str) -> Database:
    """The database at a URL; nothing is touched or reached before the first transaction.

    Raises StoreUrlError for a URL that names no SQLite file and no PostgreSQL database, and
    MissingExtraError where psycopg is not installed.
    """
    path = sqlite_path(checked_url(url))
    return _postgres_database(url) if path is None else _sqlite_database(url, path)


def batched(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    """The items in lists that fit into one statement: databases limit its parameters."""
    rest = list(items)
    for start in range(0, len(rest), _PARAMETERS_AT_ONCE):
        yield rest[start : start + _PARAMETERS_AT_ONCE]


def insert_or_ignore(connection: Connection, table: Table) -> Insert:
    """INSERT that leaves a row alone that is there already, in the connection's dialect."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # costs 50 ms that SQLite never needs

        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()


def _sqlite_database(url: str, path: Path) -> Database:
    engine = create_engine(
        URL.create("sqlite+pysqlite", database=str(path)),
        # Transactions are begun by `_begin_sqlite`, not by the driver.
        connect_args={"timeout": LOCK_WAIT_SECONDS, "isolation_level": None},
        max_overflow=_NO_LIMIT,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return Database(engine, masked_url(url), path)


def _prepare_sqlite(connection: sqlite3.Connection, record: object) -> None:
    del record
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA journal_size_limit = {_WAL_SIZE_LIMIT}")
    connection.create_function("regexp", 2, _regexp, deterministic=True)


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    if options.get("orbench_write"):
        level = "FULL" if options.get("orbench_durable") else "NORMAL"
        driver.execute(f"PRAGMA synchronous = {level}")
        _take_lock(driver, "BEGIN IMMEDIATE")
    else:
        driver.execute("BEGIN")
        # The snapshot is taken by the first read.
        _take_lock(driver, "SELECT 1 FROM sqlite_master LIMIT 1")


def _take_lock(driver: sqlite3.Connection, statement: str) -> None:
    """Run the statement that takes a lock; wait for it in slices.

    A signal, as of Ctrl-C, is answered only between two slices: SQLite waits inside of C.
    """
    driver.execute(f"PRAGMA busy_timeout = {_LOCK_SLICE_MILLISECONDS}")
    deadline = time.monotonic() + LOCK_WAIT_SECONDS
    try:
        while True:
            try:
                driver.execute(statement).close()
                return
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() >= deadline:
                    raise
    finally:
        driver.execute(f"PRAGMA busy_timeout = {LOCK_WAIT_SECONDS * 1000}")


def _regexp(pattern: str, value: object) -> bool | None:
    """SQL's `value REGEXP pattern`: a match anywhere; NULL for NULL."""
    return None if value is None else re.search(pattern, str(value)) is not None


def _postgres_database(url: str) -> Database:
    try:
        import psycopg  # noqa: F401 - whether it can be imported, libpq included
    except ImportError as error:
        raise MissingExtraError("a PostgreSQL store", "postgres") from error
    try:
        parsed = make_url(url).set(drivername="postgresql+psycopg")
    except (ArgumentError, ValueError) as error:
        raise StoreUrlError(
            f"'{masked_url(url)}' is not a URL: {error}; give postgresql://user@host/database"
        ) from error
    defaults = {key: value for key, value in _KEEPALIVE.items() if key not in parsed.query}
    engine = create_engine(
        parsed, connect_args=defaults, pool_pre_ping=True, max_overflow=_NO_LIMIT
    )
    event.listen(engine, "connect", _prepare_postgres)
    return Database(engine, masked_url(url), None)


# The connection is psycopg's, which may not be installed; hence Any.
def _prepare_postgres(connection: Any, record: object) -> None:
    del record
    connection.execute(f"SET lock_timeout = '{LOCK_WAIT_SECONDS}s'")
    connection.commit()
