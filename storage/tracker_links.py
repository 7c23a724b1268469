"""Links of runs to what trackers know them as, and how far each is in step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, delete, insert, select

from orbench.errors import StoreDamagedError
from orbench.run_store import TrackerLink

from .columns import Columns
from .documents import DocumentError, document_text, parse_document
from .engine import Database, batched
from .tables import runs, tracker_links
from .tagging import run_keys

__all__ = ["forget_link", "put_link", "read_links", "stored_links", "write_newest"]


def read_links(
    database: Database, run_ids: Sequence[str] | None, tracker: str | None
) -> list[TrackerLink]:
    """See `RunStore.tracker_links`."""
    query = select(runs.c.run_id, tracker_links).join_from(tracker_links, runs)
    if tracker is not None:
        query = query.where(tracker_links.c.tracker == tracker)
    query = query.order_by(runs.c.run_key, tracker_links.c.tracker)
    with database.read() as connection:
        if run_ids is None:
            rows = list(connection.execute(query))
        else:
            rows = [
                row
                for batch in batched(dict.fromkeys(run_ids))
                for row in connection.execute(query.where(runs.c.run_id.in_(batch)))
            ]
    try:
        return [
            TrackerLink(row.run_id, row.tracker, parse_document(row.document), row.updated)
            for row in rows
        ]
    except DocumentError as error:
        raise StoreDamagedError(f"a tracker link {error}; run `orbench store check`") from error


def put_link(database: Database, link: TrackerLink) -> None:
    """See `RunStore.link_tracker`."""
    values = {
        "tracker": link.tracker,
        "updated": link.updated,
        "document": document_text(link.document),
    }
    with database.write() as connection:
        key = run_keys(connection, [link.run_id])[link.run_id]
        _replace(connection, key, [values])


def forget_link(database: Database, run_id: str, tracker: str) -> bool:
    """See `RunStore.unlink_tracker`."""
    with database.write() as connection:
        key = run_keys(connection, [run_id])[run_id]
        this = (tracker_links.c.run_key == key) & (tracker_links.c.tracker == tracker)
        return bool(connection.execute(delete(tracker_links).where(this)).rowcount)


def stored_links(connection: Connection, run_key: int) -> dict[str, Columns]:
    """The rows of a run's links by tracker, without the run's key."""
    query = select(tracker_links).where(tracker_links.c.run_key == run_key)
    return {
        row["tracker"]: {name: value for name, value in row.items() if name != "run_key"}
        for row in connection.execute(query).mappings()
    }


def write_newest(connection: Connection, run_key: int, links: Iterable[Columns]) -> None:
    """Write rows of links to a run; of several to one tracker, and of one there, the newest."""
    newest = stored_links(connection, run_key)
    for link in links:
        there = newest.get(link["tracker"])
        if there is None or link["updated"] > there["updated"]:
            newest[link["tracker"]] = link
    _replace(connection, run_key, list(newest.values()))


def _replace(connection: Connection, key: int, links: Sequence[Columns]) -> None:
    for link in links:
        this = (tracker_links.c.run_key == key) & (tracker_links.c.tracker == link["tracker"])
        connection.execute(delete(tracker_links).where(this))
        connection.execute(insert(tracker_links), dict(link) | {"run_key": key})
