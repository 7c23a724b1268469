"""The SQL store: opened, made, upgraded, copied and checked from here.

To open a store imports neither what checks nor what copies one: their names load when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from .schema import init_store, open_checked, upgrade_store
from .sql_store import SqlStore

if TYPE_CHECKING:
    from .check import Finding, FindingKind, check_store
    from .copy import CopyReport, copy_store

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

_MODULE_OF = {
    "CopyReport": "copy",
    "Finding": "check",
    "FindingKind": "check",
    "check_store": "check",
    "copy_store": "copy",
}


def __getattr__(name: str) -> object:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def open_store(url: str, *, create: bool = False) -> SqlStore:
    """The store at a SQLAlchemy URL, made first if `create` and nothing is there.

    Raises StoreMissingError, NotAStoreError, StoreTooNewError, StoreTooOldError or
    StoreUnavailableError; what is refused is not touched.
    """
    return SqlStore(open_checked(url, create=create))
