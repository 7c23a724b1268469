"""Settings: where the store and the journals are, and how often journals are synced and shipped.

Each setting is an argument, else an environment variable, else a default:

| variable | meaning | default |
|---|---|---|
| `ORBENCH_STORE` | SQLAlchemy URL of the store | `sqlite:///runs/orbench.db` |
| `ORBENCH_JOURNAL` | folder of the journals | beside a SQLite store; else the user's state folder |
| `ORBENCH_FSYNC_SECONDS` | journals reach the disk at least this often | 2 |
| `ORBENCH_SHIP_SECONDS` | journals are shipped this often while a run lives | 1 |
| `ORBENCH_SYSTEM_SECONDS` | system metrics are sampled this often, 0 for never | 15 |
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from .errors import StoreUrlError, UsageError

__all__ = [
    "DEFAULT_STORE_URL",
    "RecordingSettings",
    "checked_url",
    "journal_folder",
    "masked_url",
    "sqlite_path",
    "store_url",
]

DEFAULT_STORE_URL = "sqlite:///runs/orbench.db"

# How the URL of each kind of store begins.
_SQLITE_NAMES = ("sqlite", "sqlite+pysqlite")
_POSTGRES_NAMES = ("postgres", "postgresql", "postgresql+psycopg")

_PASSWORD_OF_USER = re.compile(r"(\A[^:/?#]+://[^:/@]*:)[^@]*@(?:[^/?#@]*@)*")
_PASSWORD_IN_QUERY = re.compile(r"(?i)([?&](?:ssl)?password=)[^&#]*")


def store_url(url: str | None = None) -> str:
    """The store's URL: the argument, else ORBENCH_STORE, else the default.

    A plain path to a file is taken as a SQLite store, as people will type one. Raises
    StoreUrlError for a URL that no store can ever have: a run is not to wait in its journal for
    one.
    """
    chosen = url or os.environ.get("ORBENCH_STORE") or DEFAULT_STORE_URL
    if "://" in chosen:
        return checked_url(chosen)
    if not chosen.strip():
        raise StoreUrlError("the store's URL is empty; give one like sqlite:///runs/orbench.db")
    # No shell does this in `--store=~/runs.db`.
    return f"sqlite:///{Path(chosen).expanduser() if chosen.startswith('~/') else chosen}"


def checked_url(url: str) -> str:
    """The URL, if a store may be there; raises StoreUrlError."""
    name = url.partition("://")[0]
    if name not in (*_SQLITE_NAMES, *_POSTGRES_NAMES):
        raise StoreUrlError(
            f"'{masked_url(url)}' is not a store's URL; give sqlite:///path/to/file.db or "
            "postgresql://user@host/database"
        )
    if name in _SQLITE_NAMES and "?" in url:
        raise StoreUrlError(
            f"'{url}' has options after a '?'; a SQLite store is sqlite:///path/to/file.db"
        )
    try:
        urlsplit(masked_url(url)).port  # noqa: B018 - looking at it is what checks it
    except ValueError as error:
        raise StoreUrlError(
            f"'{masked_url(url)}' is not a URL: {error}; give postgresql://user@host/database"
        ) from None
    return url


def sqlite_path(url: str) -> Path | None:
    """The absolute path of a SQLite store's file, None for other databases."""
    scheme, _, rest = url.partition("://")
    if scheme.partition("+")[0] != "sqlite":
        return None
    name = rest.partition("?")[0]
    if not name.startswith("/") or name in ("/", "/:memory:"):
        raise StoreUrlError(
            f"'{url}' names no file; a SQLite store is sqlite:///relative.db or sqlite:////absolute.db"
        )
    return Path(os.path.abspath(unquote(name[1:])))  # noqa: PTH100 - resolve() follows links


def masked_url(url: str) -> str:
    """The URL with its passwords replaced by ***; safe to print and to record.

    libpq takes a password in the query as well as before the host. Before the host it is read as
    SQLAlchemy does, to which a `/`, `?` or `#` in it is no end of it.
    """
    return _PASSWORD_IN_QUERY.sub(r"\1***", _PASSWORD_OF_USER.sub(r"\1***@", url))


def journal_folder(url: str) -> Path:
    """The folder of the journals that belong to a store.

    Beside a SQLite store it is `<name>.journal`; for a server it is a folder in the user's state
    folder, named after the server, so that the next command finds it from any directory.
    """
    override = os.environ.get("ORBENCH_JOURNAL")
    if override:
        return Path(override).absolute()
    path = sqlite_path(url)
    if path is not None:
        return path.with_name(f"{path.stem}.journal")
    import platformdirs

    parts = urlsplit(masked_url(url))
    place = f"{parts.hostname or ''}:{parts.port or ''}{parts.path}?{parts.query}"
    name = hashlib.sha256(place.encode()).hexdigest()[:16]
    return Path(platformdirs.user_state_dir("orbench")) / "journal" / name


def _seconds(variable: str, default: float) -> float:
    text = os.environ.get(variable)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise UsageError(f"{variable}={text!r} is not a number of seconds; unset it or give one")
    return value


@dataclass(frozen=True, slots=True)
class RecordingSettings:
    """How often, in seconds, a recording process syncs, ships and samples."""

    fsync_seconds: float
    ship_seconds: float
    system_seconds: float

    @classmethod
    def from_environment(cls) -> RecordingSettings:
        """Read the ORBENCH_*_SECONDS variables; raises UsageError for what is not a number."""
        return cls(
            fsync_seconds=_seconds("ORBENCH_FSYNC_SECONDS", 2.0),
            ship_seconds=_seconds("ORBENCH_SHIP_SECONDS", 1.0),
            system_seconds=_seconds("ORBENCH_SYSTEM_SECONDS", 15.0),
        )
