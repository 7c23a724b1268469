"""What a database raises, as one line that says what to do next."""

from __future__ import annotations

import re
import sqlite3

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from orbench.errors import (
    NotAStoreError,
    StoreDamagedError,
    StoreError,
    StoreMissingError,
    StoreUnavailableError,
)

__all__ = ["store_error"]

# SQLite says what is wrong only in words; they have not changed in many years.
_SQLITE_SENTENCES = (
    (r"is locked", "is locked by another process; try again when that one has finished"),
    (r"database or disk is full", "is on a full disk; free some space and try again"),
    (r"readonly database", "cannot be written; check who may write its file and its folder"),
    (r"unable to open database file", "cannot be opened; check that its folder can be used"),
    (r"disk I/O error", "cannot be read or written: disk I/O error; check the disk under it"),
)
_MISSING_DATABASE = re.compile(r'database "[^"]*" does not exist')

# SQLSTATE classes of PostgreSQL after which the same call may succeed later: connection lost,
# transaction rolled back, out of resources, lock not available, shutting down.
_PASSING_STATES = ("08", "40", "53", "55", "57")
_STATE_SENTENCES = {
    "25006": "takes no writes (read-only)",
    "42501": "does not permit this",
}


def store_error(error: SQLAlchemyError | sqlite3.Error, location: str) -> StoreError:
    """The StoreError that says in one line what a database's error means."""
    if isinstance(error, PoolTimeoutError):
        return StoreUnavailableError(f"the store {location} is used by too many threads at once")
    cause = error.orig if isinstance(error, DBAPIError) else error
    text = _first_line(cause if cause is not None else error)
    if isinstance(cause, sqlite3.Error):
        return _from_sqlite(cause, text, location)
    return _from_postgres(error, cause, text, location)


def _from_sqlite(cause: sqlite3.Error, text: str, location: str) -> StoreError:
    for pattern, sentence in _SQLITE_SENTENCES:
        if re.search(pattern, text):
            return StoreUnavailableError(f"the store {location} {sentence}")
    if "file is not a database" in text:
        return NotAStoreError(f"{location} is not an orbench store; give another --store")
    if re.search(r"malformed|no such table|no such column", text):
        return StoreDamagedError(
            f"the store {location} is damaged ({text}); run `orbench store check`"
        )
    if isinstance(cause, sqlite3.OperationalError):
        return StoreUnavailableError(f"the store {location} cannot be used: {text}")
    return StoreError(f"the store {location} refused a statement: {text}")


def _from_postgres(
    error: Exception, cause: BaseException | None, text: str, location: str
) -> StoreError:
    state: str = getattr(cause, "sqlstate", None) or ""
    if _MISSING_DATABASE.search(text):
        return StoreMissingError(f"there is no database at {location}: {text}; make it first")
    if state in _STATE_SENTENCES:
        return StoreUnavailableError(f"the store {location} {_STATE_SENTENCES[state]}: {text}")
    kind = type(error).__name__
    if state.startswith(_PASSING_STATES) or kind in ("OperationalError", "InterfaceError"):
        return StoreUnavailableError(
            f"the store {location} cannot be reached or used now: {text}; try again later"
        )
    return StoreError(f"the store {location} refused a statement: {text}")


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
