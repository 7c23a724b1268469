"""The SQL store: opened, made, upgraded, copied and checked from here."""

from __future__ import annotations

from .schema import init_store, open_checked, upgrade_store
from .sql_store import SqlStore

__all__ = ["SqlStore", "init_store", "open_store", "upgrade_store"]


def open_store(url: str, *, create: bool = False) -> SqlStore:
    """The store at a SQLAlchemy URL, made first if `create` and nothing is there.

    Raises StoreMissingError, NotAStoreError, StoreTooNewError, StoreTooOldError or
    StoreUnavailableError; what is refused is not touched.
    """
    return SqlStore(open_checked(url, create=create))
