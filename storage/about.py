"""What a store is and holds."""

from __future__ import annotations

import contextlib

from sqlalchemy import Connection, Table, func, select, text

from orbench.run_store import StoreInfo

from .engine import Database
from .schema import HEAD
from .tables import blobs, chunks, metadata, metrics, runs, series, store_info

__all__ = ["about_store"]


def about_store(database: Database) -> StoreInfo:
    """See `RunStore.info`."""
    whole = select(func.count(), func.coalesce(func.sum(blobs.c.size), 0))
    store_id = select(store_info.c.value).where(store_info.c.name == "store_id")
    points = select(func.coalesce(func.sum(series.c.n), 0))
    with database.read() as connection:
        blob_count, blob_bytes = connection.execute(whole.where(blobs.c.complete)).one()
        return StoreInfo(
            location=database.location,
            dialect=database.dialect,
            store_id=connection.execute(store_id).scalar_one(),
            schema_version=HEAD,
            runs=_count(connection, runs),
            metrics=_count(connection, metrics),
            series=_count(connection, series),
            chunks=_count(connection, chunks),
            points=int(connection.execute(points).scalar_one()),
            artifacts=blob_count,
            artifact_bytes=int(blob_bytes),
            size_bytes=_size(connection, database),
        )


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _size(connection: Connection, database: Database) -> int:
    """The bytes on disk: a SQLite file and its WAL, or the tables and indices on a server."""
    if database.path is not None:
        size = 0
        for path in (database.path, database.path.with_name(f"{database.path.name}-wal")):
            with contextlib.suppress(FileNotFoundError):
                size += path.stat().st_size
        return size
    query = text("SELECT coalesce(sum(pg_total_relation_size(to_regclass(:name))), 0)")
    sizes = (connection.execute(query, {"name": name}).scalar_one() for name in metadata.tables)
    return sum(int(size) for size in sizes)
