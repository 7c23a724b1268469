"""Schema changes, run by Alembic; imported only when a store is upgraded."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

from ..engine import Database
from ..schema import HEAD, stamp_sqlite

__all__ = ["FOLDER", "upgrade"]

FOLDER = Path(__file__).parent
"""Alembic's script location: `env.py`, and the revisions under `versions`."""


def upgrade(database: Database, revision: str = HEAD) -> None:
    """Bring a store to a revision, in one transaction: other processes wait, and find it new."""
    config = Config()
    # Alembic's configuration interpolates percent signs, which a path may hold.
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with database.write(durable=True) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        stamp_sqlite(connection, revision)
    # So that the header of the file tells the new version to whoever only looks there.
    database.sync()
