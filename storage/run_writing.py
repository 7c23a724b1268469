"""Writing what is known of one run besides its points; the caller holds the lock on the run."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, Table, delete, func, insert, select, update

from orbench.events import ConfigUpdated, SummaryUpdated
from orbench.run import Document
from orbench.run_store import Shipment

from .columns import Columns, flat_rows
from .engine import insert_or_ignore
from .preparation import Prepared
from .run_expressions import FLATTENED
from .run_state import RunState
from .tables import console, documents, packages, runs, tags

__all__ = ["store_console", "store_documents", "store_state", "store_tags"]


def store_documents(connection: Connection, prepared: Prepared) -> None:
    """Store the shared documents that are not there yet, and the packages they list."""
    for document in sorted(prepared.documents, key=lambda document: document.sha256):
        row = {
            "sha256": document.sha256,
            "kind": document.kind,
            "size": document.size,
            "data": document.data,
        }
        connection.execute(insert_or_ignore(connection, documents), [row])
    if prepared.packages:
        connection.execute(insert_or_ignore(connection, packages), list(prepared.packages))


def store_state(
    connection: Connection, run: Columns, shipment: Shipment, prepared: Prepared
) -> None:
    """Apply a shipment's events to the run's row, its params, summary values and tags."""
    state = RunState(run)
    touched = {
        "config" if isinstance(event, ConfigUpdated) else "summary"
        for event in shipment.events
        if isinstance(event, ConfigUpdated | SummaryUpdated)
    }
    old = {column: state.document(column) for column in touched}
    for event in shipment.events:
        state.apply(event)
    state.seen_alive(shipment.heartbeat)
    for column in sorted(touched):
        table = FLATTENED[column]
        _store_flattened(connection, table, run["run_key"], old[column], state.document(column))
    store_tags(connection, run["run_key"], state.tags)
    values = {**state.changed, **prepared.facts}
    if values:
        connection.execute(update(runs).where(runs.c.run_key == run["run_key"]), values)


def _store_flattened(
    connection: Connection, table: Table, run_key: int, before: Document, now: Document
) -> None:
    """Bring the flattened rows of a document up to date; only those that differ are written."""
    old, new = flat_rows(before), flat_rows(now)
    stale = [key for key in old if old[key] != new.get(key)]
    fresh = [key for key in new if new[key] != old.get(key)]
    for key in stale:
        this = (table.c.run_key == run_key) & (table.c.key == key)
        connection.execute(delete(table).where(this))
    rows = [
        {"run_key": run_key, "key": key, "kind": kind, "number": number, "text": words}
        for key in fresh
        for kind, number, words in (new[key],)
    ]
    if rows:
        connection.execute(insert(table), rows)


def store_tags(connection: Connection, run_key: int, changed: Mapping[str, bool]) -> None:
    """Put tags on a run (True) and take tags off (False)."""
    for tag, on in changed.items():
        if on:
            row = {"run_key": run_key, "tag": tag}
            connection.execute(insert_or_ignore(connection, tags), [row])
        else:
            this = (tags.c.run_key == run_key) & (tags.c.tag == tag)
            connection.execute(delete(tags).where(this))


def store_console(connection: Connection, run_key: int, prepared: Prepared) -> None:
    """Put console pieces behind those that are there."""
    if not prepared.console:
        return
    last = select(func.max(console.c.ordinal)).where(console.c.run_key == run_key)
    following = (connection.execute(last).scalar_one_or_none() or 0) + 1
    rows = [
        row | {"run_key": run_key, "ordinal": following + i}
        for i, row in enumerate(prepared.console)
    ]
    connection.execute(insert(console), rows)
