"""The SQL store: opened, made, upgraded, copied and checked from here."""

from __future__ import annotations

from .check import Finding, FindingKind, check_store
from .copy import CopyReport, copy_store
from .schema import init_store, open_checked, upgrade_store
from .sql_store import SqlStore

__all__ = [
    "CopyReport",
    "Finding",
    "FindingKind",
    "SqlStore",
    "check_store",
    "copy_store",
    "init_store",
    "open_store",
    "upgrade_store",
]


def open_store(url: str, *, create: bool = False) -> SqlStore:
    """The store at a SQLAlchemy URL, made first if `create` and nothing is there.

    Raises StoreMissingError, NotAStoreError, StoreTooNewError, StoreTooOldError or
    StoreUnavailableError; what is refused is not touched.
    """
    return SqlStore(open_checked(url, create=create))
