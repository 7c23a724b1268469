"""Named baselines: documents that a store keeps by name, whatever becomes of their runs."""

from __future__ import annotations

import time

from sqlalchemy import Connection, delete, insert, select

from orbench.errors import BaselineNotFoundError, StoreDamagedError, near
from orbench.run import JsonValue

from .columns import fitted
from .documents import DocumentError, document_text, parse_document
from .engine import Database
from .tables import baselines

__all__ = ["baseline_names", "copy_baselines", "read_baseline", "remove_baseline", "save_baseline"]


def baseline_names(database: Database) -> dict[str, float]:
    """See `RunStore.baselines`."""
    with database.read() as connection:
        rows = connection.execute(select(baselines.c.name, baselines.c.updated)).all()
    return dict(sorted((row.name, row.updated) for row in rows))


def read_baseline(database: Database, name: str) -> dict[str, JsonValue]:
    """See `RunStore.baseline`."""
    query = select(baselines.c.document).where(baselines.c.name == name)
    with database.read() as connection:
        text = connection.execute(query).scalar_one_or_none()
    if text is None:
        raise _missing(database, name)
    try:
        return parse_document(text)
    except DocumentError as error:
        raise StoreDamagedError(f"baseline '{name}' {error}; save it again") from error


def save_baseline(database: Database, name: str, document: dict[str, JsonValue]) -> bool:
    """See `RunStore.save_baseline`."""
    values = {
        "name": fitted(name, 200),
        "updated": time.time(),
        "document": document_text(document),
    }
    with database.write(durable=True) as connection:
        there = _delete(connection, values["name"])
        connection.execute(insert(baselines), values)
    return there


def remove_baseline(database: Database, name: str) -> None:
    """See `RunStore.remove_baseline`."""
    with database.write() as connection:
        removed = _delete(connection, name)
    if not removed:
        raise _missing(database, name)


def copy_baselines(source: Connection, target: Database) -> list[str]:
    """Copy the baselines that the target lacks; returns the names of those it has otherwise."""
    rows = source.execute(select(baselines).order_by(baselines.c.name)).mappings().all()
    kept: list[str] = []
    with target.write() as connection:
        there = {row.name: row.document for row in connection.execute(select(baselines))}
        for row in rows:
            if row["name"] not in there:
                connection.execute(insert(baselines), dict(row))
            elif there[row["name"]] != row["document"]:
                kept.append(row["name"])
    return kept


def _delete(connection: Connection, name: object) -> bool:
    return bool(connection.execute(delete(baselines).where(baselines.c.name == name)).rowcount)


def _missing(database: Database, name: str) -> BaselineNotFoundError:
    known = list(baseline_names(database))
    there = f"; there are {', '.join(known[:20])}" if known else "; none is saved yet"
    return BaselineNotFoundError(
        f"no baseline '{name}' in {database.location}{near(name, known) or there}"
    )
