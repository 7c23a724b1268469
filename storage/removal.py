"""Removing runs, and of what they shared only that which no other run holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, Connection, delete, exists, func, or_, select, text

from orbench.events import SHARED_FACT_KINDS
from orbench.run_store import Removal

from .engine import Database, batched
from .ingest import REMOVAL_LOCK
from .tables import artifacts, blobs, documents, runs, series
from .tagging import run_keys

__all__ = ["delete_run", "remove_runs", "unheld_blob", "unreferenced_document"]


def remove_runs(database: Database, run_ids: Sequence[str]) -> Removal:
    """See `RunStore.remove`; raises RunNotFoundError, and removes nothing, if one is missing."""
    with database.write() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({REMOVAL_LOCK})"))
        keys = run_keys(connection, run_ids)
        gone_series = gone_points = 0
        held: set[str] = set()
        referred: set[str] = set()
        for key in keys.values():
            totals = select(func.count(), func.coalesce(func.sum(series.c.n), 0))
            found = connection.execute(totals.where(series.c.run_key == key)).one()
            gone_series += found[0]
            gone_points += int(found[1])
            held |= _blobs_of(connection, key)
            referred |= _documents_of(connection, key)
            delete_run(connection, key)
        _delete_documents(connection, referred)
        sizes = _delete_blobs(connection, held)
    return Removal(
        runs=len(keys),
        series=gone_series,
        points=gone_points,
        artifacts=len(sizes),
        artifact_bytes=sum(sizes),
        artifacts_kept=len(held) - len(sizes),
    )


def delete_run(connection: Connection, run_key: int) -> None:
    """Delete a run and all rows that belong to it alone; the caller holds the writer's lock."""
    connection.execute(delete(runs).where(runs.c.run_key == run_key))


def unheld_blob() -> ColumnElement[bool]:
    """The blobs that no artifact of any run names."""
    return ~exists().where(artifacts.c.sha256 == blobs.c.sha256)


def unreferenced_document() -> ColumnElement[bool]:
    """The documents that no run refers to."""
    refers = [runs.c[kind] == documents.c.sha256 for kind in SHARED_FACT_KINDS]
    return ~exists().where(or_(*refers))


def _blobs_of(connection: Connection, run_key: int) -> set[str]:
    query = select(artifacts.c.sha256).where(artifacts.c.run_key == run_key)
    return set(connection.execute(query).scalars())


def _documents_of(connection: Connection, run_key: int) -> set[str]:
    columns = [runs.c[kind] for kind in SHARED_FACT_KINDS]
    row = connection.execute(select(*columns).where(runs.c.run_key == run_key)).one()
    return {sha256 for sha256 in row if sha256 is not None}


def _delete_documents(connection: Connection, hashes: Iterable[str]) -> None:
    for batch in batched(hashes):
        gone = documents.c.sha256.in_(batch) & unreferenced_document()
        connection.execute(delete(documents).where(gone))


def _delete_blobs(connection: Connection, hashes: Iterable[str]) -> list[int]:
    """Delete those of the blobs that nobody holds; returns their sizes."""
    sizes: list[int] = []
    for batch in batched(hashes):
        gone = blobs.c.sha256.in_(batch) & unheld_blob()
        sizes += connection.execute(select(blobs.c.size).where(gone)).scalars()
        connection.execute(delete(blobs).where(gone))
    return sizes
