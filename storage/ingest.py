"""Shipments into rows: everything of one, and the watermark that says so, in one transaction."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, insert, select, text, update

from orbench.errors import StoreUnavailableError
from orbench.events import RunStarted
from orbench.run_store import Shipment

from .artifacts import BlobError, is_complete, upload
from .columns import Columns, storable
from .engine import Database, insert_or_ignore
from .preparation import Prepared, prepare
from .run_state import first_state
from .run_writing import store_console, store_documents, store_state
from .series_writing import SeriesPlan, plan_merges, plan_points, write_planned, write_series
from .tables import artifacts, blobs, metrics, runs, segments, series

__all__ = ["REMOVAL_LOCK", "compact", "heartbeat", "locked_run", "ship", "watermark"]

REMOVAL_LOCK = 0x6F726266
"""PostgreSQL's advisory lock that shippers share and a removal has alone."""

_SERIES_A_TRANSACTION = 50
_BLOB_ATTEMPTS = 5


class _AlreadyShippedError(Exception):
    """The watermark is not where the shipment starts; rolls the transaction back."""


class _BlobGoneError(Exception):
    """A removal took a blob that was just found in the store; rolls the transaction back."""


def watermark(connection: Connection, segment_id: str) -> int:
    """How many bytes of a journal segment are in the store."""
    query = select(segments.c.shipped).where(segments.c.segment_id == segment_id)
    return connection.execute(query).scalar_one_or_none() or 0


def ship(database: Database, shipment: Shipment) -> bool:
    """Store a shipment; see `RunStore.ship`. The last one of a segment survives power loss."""
    prepared = prepare(shipment)
    for _ in range(_BLOB_ATTEMPTS):
        with database.read() as connection:
            if watermark(connection, shipment.segment_id) != shipment.start:
                return False
            plans = plan_points(connection, shipment.run_id, shipment.points)
        lacking = _upload_blobs(database, shipment)
        try:
            # A closed segment is removed from the journal next.
            with database.write(durable=shipment.closed) as connection:
                _store(connection, shipment, prepared, plans, lacking)
        except _AlreadyShippedError:
            return False
        except _BlobGoneError:
            continue
        return True
    raise StoreUnavailableError(
        f"the artifacts of run {shipment.run_id} are removed as fast as they are stored; "
        "try again later"
    )


def heartbeat(database: Database, run_id: str, at: float) -> None:
    """Move a run's heartbeat forward; does nothing for a run that is not known."""
    older = runs.c.heartbeat.is_(None) | (runs.c.heartbeat < at)
    with database.write() as connection:
        connection.execute(update(runs).where(runs.c.run_id == run_id, older).values(heartbeat=at))


def compact(database: Database, run_id: str) -> int:
    """Merge the small chunks of a run's series; returns how many chunks went away."""
    query = (
        select(metrics.c.name)
        .select_from(runs.join(series).join(metrics))
        .where(runs.c.run_id == run_id)
        .order_by(metrics.c.name)
    )
    with database.read() as connection:
        names = list(connection.execute(query).scalars())
    gone = 0
    for start in range(0, len(names), _SERIES_A_TRANSACTION):
        batch = names[start : start + _SERIES_A_TRANSACTION]
        with database.write() as connection:
            run = locked_run(connection, run_id)
            if run is None:
                break
            plans = plan_merges(connection, run_id, batch)
            write_series(connection, run["run_key"], plans)
            gone += sum(len(plan.replaced) - len(plan.chunks) for plan in plans.values())
    return gone


def locked_run(connection: Connection, run_id: str) -> Columns | None:
    """The row of a run, which nobody else can change until this transaction ends."""
    query = select(runs).where(runs.c.run_id == run_id).with_for_update()
    return connection.execute(query).mappings().one_or_none()


def _upload_blobs(database: Database, shipment: Shipment) -> dict[str, str]:
    """Put the artifacts' bytes into the store; returns what was lacking, by sha256."""
    lacking: dict[str, str] = {}
    for sha256, path in shipment.blobs.items():
        try:
            upload(database, sha256, path)
        except BlobError as error:
            lacking[sha256] = str(error)
    return lacking


def _store(
    connection: Connection,
    shipment: Shipment,
    prepared: Prepared,
    plans: Mapping[str, SeriesPlan],
    lacking: Mapping[str, str],
) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock_shared({REMOVAL_LOCK})"))
    run = _locked_or_new_run(connection, shipment)
    key = run["run_key"]
    notices = [*prepared.notices, *_store_artifacts(connection, key, shipment, prepared, lacking)]
    _move_watermark(connection, shipment, key, notices)
    store_documents(connection, prepared)
    store_state(connection, run, shipment, prepared)
    store_console(connection, key, prepared)
    write_planned(connection, shipment.run_id, key, plans, shipment.points)


def _locked_or_new_run(connection: Connection, shipment: Shipment) -> Columns:
    run = locked_run(connection, shipment.run_id)
    if run is None:
        if shipment.start != 0:
            raise _AlreadyShippedError  # the run, and its watermarks with it, was removed
        state = first_state(shipment.run_id, _first_time(shipment))
        connection.execute(insert_or_ignore(connection, runs), [state])
        run = locked_run(connection, shipment.run_id)
    if run is None:
        raise _AlreadyShippedError  # made and removed by others in this very moment
    return run


def _first_time(shipment: Shipment) -> float:
    """The earliest time that a shipment knows of."""

    def times() -> Iterator[float]:
        for event in shipment.events:
            if isinstance(event, RunStarted):
                yield event.started
        for points in shipment.points.values():
            yield from points.wall_times[:1].tolist()
        if shipment.heartbeat is not None:
            yield shipment.heartbeat

    now = time.time()
    return min((at for at in times() if 0 < at < now), default=now)


def _move_watermark(
    connection: Connection, shipment: Shipment, run_key: int, notices: list[str]
) -> None:
    """Compare and swap: raises unless the watermark is where the shipment starts."""
    this = segments.c.segment_id == shipment.segment_id
    row = connection.execute(select(segments).where(this).with_for_update()).one_or_none()
    if (row.shipped if row else 0) != shipment.start:
        raise _AlreadyShippedError
    known = [row.damage] if row and row.damage else []
    said = [storable(text) for text in (shipment.damage, *notices) if text]
    values = {
        "run_key": run_key,
        "shipped": shipment.end,
        "closed": shipment.closed or bool(row and row.closed),
        "damage": "; ".join([*known, *said]),
    }
    if row is None:
        connection.execute(insert(segments), values | {"segment_id": shipment.segment_id})
    else:
        connection.execute(update(segments).where(this), values)


def _store_artifacts(
    connection: Connection,
    run_key: int,
    shipment: Shipment,
    prepared: Prepared,
    lacking: Mapping[str, str],
) -> list[str]:
    """Store the rows of artifacts; returns a sentence for each whose bytes are not there."""
    notices: list[str] = []
    for row in prepared.artifacts:
        sha256 = row["sha256"]
        if not is_complete(connection, sha256):
            if sha256 in shipment.blobs and sha256 not in lacking:
                raise _BlobGoneError
            why = lacking.get(sha256, "its file is gone from the journal")
            notices.append(f"artifact '{row['name']}' has no bytes: {why}")
            empty = {"sha256": sha256, "size": row["size"], "parts": 0, "complete": False}
            connection.execute(insert_or_ignore(connection, blobs), [empty])
        connection.execute(insert(artifacts), row | {"run_key": run_key})
    return notices
