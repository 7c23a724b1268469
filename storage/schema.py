"""Making a store, and telling a store from everything else without touching it.

A SQLite file is recognised by its header (the application id, and the schema version in the user
version), which is read as one that does not change: to open a database can change its folder.
"""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
import time
from pathlib import Path

from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    insert,
    select,
    text,
)

from orbench.errors import (
    NotAStoreError,
    StoreMissingError,
    StoreTooNewError,
    StoreTooOldError,
    StoreUnavailableError,
)

from . import tables
from .engine import Database, open_database

__all__ = [
    "APPLICATION_ID",
    "HEAD",
    "create_store",
    "found_version",
    "init_store",
    "open_checked",
    "stamp_sqlite",
    "upgrade_store",
    "use_wal",
]

HEAD = "0002"
"""The newest revision of the migrations; a number, so that newer and older can be told."""

APPLICATION_ID = 0x6F726265  # "orbe"

_CREATION_LOCK = 0x6F726265

# Alembic's own table; here too, so that a store is made and opened without importing Alembic.
_alembic_version = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def init_store(url: str) -> bool:
    """Make a store at a URL; False if there is one of this version already.

    Raises NotAStoreError, StoreTooNewError or StoreTooOldError for what else is there.
    """
    database = open_database(url)
    try:
        missing = found_version(database) is None
        _prepare(database, create=True)
        return missing
    finally:
        database.close()


def open_checked(url: str, *, create: bool = False) -> Database:
    """The database of a store of this version, made first if `create` and nothing is there."""
    database = open_database(url)
    try:
        _prepare(database, create=create)
    except BaseException:
        database.close()
        raise
    return database


def upgrade_store(url: str) -> tuple[str, str]:
    """Bring a store to this version; returns the versions before and after."""
    database = open_database(url)
    try:
        before = found_version(database)
        if before is None:
            raise _missing(database)
        _refuse_newer(before, database)
        if before != HEAD:
            from .migrations import upgrade

            upgrade(database)
        return before, HEAD
    finally:
        database.close()


def found_version(database: Database) -> str | None:
    """The schema version of the store, None where there is no store and nothing else.

    Touches nothing. Raises NotAStoreError for a database that something else made.
    """
    if database.path is not None:
        version = _version_in_file(database.path, database.location)
        if version is None or version > HEAD:
            return version
    with database.read() as connection:
        return _version_in_tables(connection, database.location)


def create_store(database: Database) -> None:
    """Make a store in an empty database, in one transaction, unless it is there by now."""
    if database.path is not None:
        _make_folder(database.path)
    with database.write(durable=True) as connection:
        if database.dialect == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_CREATION_LOCK})"))
        if _version_in_tables(connection, database.location) is not None:
            return
        tables.create_tables(connection)
        _alembic_version.create(connection, checkfirst=False)
        connection.execute(insert(_alembic_version).values(version_num=HEAD))
        about = {"store_id": secrets.token_hex(8), "created": repr(time.time())}
        rows = [{"name": name, "value": value} for name, value in about.items()]
        connection.execute(insert(tables.store_info), rows)
        stamp_sqlite(connection, HEAD)
    use_wal(database)


def stamp_sqlite(connection: Connection, version: str) -> None:
    """Write the application id and the version into the header of a SQLite file."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.exec_driver_sql(f"PRAGMA user_version = {int(version)}")


def use_wal(database: Database) -> None:
    """Put a SQLite store into WAL mode, where that is not so and nobody else uses it now."""
    if database.path is None:
        return
    with database.errors(), contextlib.closing(database.engine.raw_connection()) as connection:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode")
        if cursor.fetchone() != ("wal",):
            # Without WAL everything works, only slower: a busy or read-only file may stay so.
            with contextlib.suppress(database.engine.dialect.loaded_dbapi.OperationalError):
                cursor.execute("PRAGMA journal_mode = WAL")


def _prepare(database: Database, *, create: bool) -> None:
    version = found_version(database)
    if version is None:
        if not create:
            raise _missing(database)
        create_store(database)
        return
    _refuse_newer(version, database)
    if version < HEAD:
        raise StoreTooOldError(
            f"the store {database.location} has schema {version}, this orbench needs {HEAD}; "
            "run `orbench store upgrade`"
        )
    use_wal(database)


def _refuse_newer(version: str, database: Database) -> None:
    if version > HEAD:
        raise StoreTooNewError(
            f"the store {database.location} has schema {version}, this orbench knows up to "
            f"{HEAD}; install a newer orbench"
        )


def _missing(database: Database) -> StoreMissingError:
    return StoreMissingError(
        f"there is no store at {database.location}; record a run, or make one with "
        "`orbench store init`"
    )


def _version_in_file(path: Path, location: str) -> str | None:
    """The version that the header of a SQLite file tells, None where there is no file.

    Read through SQLite as a file that does not change, so that nothing of it is touched. Read past
    SQLite it must not be: to close a descriptor takes all locks that this process has on the file.
    """
    try:
        if path.is_dir():
            raise NotAStoreError(f"{path} is a folder; give the store's file")
        if path.stat().st_size == 0:
            return None
        application, version = _header(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StoreUnavailableError(f"{path} cannot be read: {error.strerror}") from error
    except sqlite3.OperationalError as error:
        raise StoreUnavailableError(f"{path} cannot be read: {error}") from error
    except sqlite3.DatabaseError:
        application, version = 0, 0
    if application != APPLICATION_ID:
        raise NotAStoreError(
            f"{location} is not an orbench store and was not touched; give another --store"
        )
    return f"{version:04d}"


def _header(path: Path) -> tuple[int, int]:
    """The application id and the version in the header of a SQLite file."""
    try:
        return _pragmas(f"{path.as_uri()}?mode=ro&immutable=1")
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        # A checkpoint that was cut off, by a full disk say, leaves a file that is whole only
        # together with its log.
        if not path.with_name(f"{path.name}-wal").exists():
            raise
        return _pragmas(f"{path.as_uri()}?mode=ro")


def _pragmas(uri: str) -> tuple[int, int]:
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as file:
        return (
            file.execute("PRAGMA application_id").fetchone()[0],
            file.execute("PRAGMA user_version").fetchone()[0],
        )


def _version_in_tables(connection: Connection, location: str) -> str | None:
    found = _table_names(connection)
    if {tables.store_info.name, _alembic_version.name} <= found:
        version: str = connection.execute(select(_alembic_version.c.version_num)).scalar_one()
        return version
    if found:
        raise NotAStoreError(
            f"{location} holds tables that are not orbench's and was not touched; give another "
            "--store"
        )
    return None


def _table_names(connection: Connection) -> set[str]:
    if connection.dialect.name == "sqlite":
        query = text("SELECT name FROM sqlite_master WHERE type = 'table'")
    else:
        query = text(
            "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace "
            "WHERE n.nspname = current_schema() AND relkind IN ('r', 'p', 'v', 'm', 'f')"
        )
    return set(connection.execute(query).scalars())


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnavailableError(
            f"the folder {path.parent} cannot be made: {error.strerror}; give another --store"
        ) from error
