"""All rows of one run, read from one store to be written to another or compared with it.

Keys that a database gives out (of runs, series, metrics, artifacts) differ between stores, so
they are left out: series go by their metric's name, all else by its own columns.
"""

from __future__ import annotations

import hashlib
import itertools
import struct
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Column, Connection, Table, bindparam, insert, select, update

from orbench.events import SHARED_FACT_KINDS

from .columns import Columns
from .engine import insert_or_ignore
from .series_writing import series_rows
from .tables import (
    artifacts,
    chunks,
    console,
    documents,
    metrics,
    packages,
    params,
    runs,
    segments,
    series,
    summary_values,
    tags,
)

__all__ = ["fingerprint", "run_row", "shared_documents", "write_run"]

_ROWS_AT_ONCE = 256
_OF_RUN = (params, summary_values, tags, console, artifacts, segments)
_GIVEN_KEYS = ("run_key", "series_key", "metric_key", "artifact_key")


def run_row(connection: Connection, run_id: str) -> Columns | None:
    """The row of a run with all its columns, None if the store does not have it."""
    query = select(runs).where(runs.c.run_id == run_id)
    return connection.execute(query).mappings().one_or_none()


def shared_documents(run: Columns) -> list[str]:
    """The hashes of the documents that a run refers to."""
    return sorted({run[kind] for kind in SHARED_FACT_KINDS if run[kind] is not None})


def write_run(source: Connection, run: Columns, target: Connection) -> int:
    """Write a run with everything but its blobs, which must be there; returns its key there."""
    for sha256 in shared_documents(run):
        for table, column in ((documents, documents.c.sha256), (packages, packages.c.environment)):
            for rows in _batches(source, table, column, sha256):
                target.execute(insert_or_ignore(target, table), rows)
    values = _without_keys(run)
    key: int = target.execute(insert(runs).values(values).returning(runs.c.run_key)).scalar_one()
    for table in _OF_RUN:
        for rows in _batches(source, table, table.c.run_key, run["run_key"]):
            owned = [row | {"run_key": key} for row in rows]
            target.execute(insert(table), owned)
    _write_series(source, run["run_key"], target, key)
    return key


def fingerprint(connection: Connection, run: Columns) -> str:
    """A hash of everything that a store holds of a run, bytes of artifacts apart.

    The same run has the same fingerprint in every store.
    """
    rows = [_digest(_without_keys(run), "runs", 0)]
    for table in _OF_RUN:
        rows += _digests(connection, table, table.c.run_key, run["run_key"])
    for row in _series_of(connection, run["run_key"]):
        rows.append(_digest(_without_keys(row), row["name"], 0))
        rows += _digests(connection, chunks, chunks.c.series_key, row["series_key"], row["name"])
    for sha256 in shared_documents(run):
        rows += _digests(connection, documents, documents.c.sha256, sha256)
    return hashlib.sha256(b"".join(rows)).hexdigest()


def _write_series(source: Connection, from_key: int, target: Connection, to_key: int) -> None:
    found = _series_of(source, from_key)
    there = series_rows(target, to_key, [row["name"] for row in found])
    this = series.c.series_key == bindparam("key")
    for row in found:
        key = there[row["name"]]["series_key"]
        totals = {name: value for name, value in _without_keys(row).items() if name != "name"}
        target.execute(update(series).where(this), totals | {"key": key})
        for rows in _batches(source, chunks, chunks.c.series_key, row["series_key"]):
            target.execute(insert(chunks), [chunk | {"series_key": key} for chunk in rows])


def _series_of(connection: Connection, run_key: int) -> list[Columns]:
    query = select(metrics.c.name, series).select_from(series.join(metrics))
    rows = connection.execute(query.where(series.c.run_key == run_key)).mappings().all()
    # Sorted here: databases have their own ideas of the order of names.
    return sorted(rows, key=lambda row: str(row["name"]))


def _batches(
    connection: Connection, table: Table, column: Column[Any], value: object
) -> Iterator[list[dict[str, Any]]]:
    """The rows of a table with this value in a column, in the order of its key, some at a time."""
    query = select(table).where(column == value).order_by(*table.primary_key)
    result = connection.execute(query.execution_options(yield_per=_ROWS_AT_ONCE)).mappings()
    for rows in result.partitions():
        yield [_without_keys(row) for row in rows]


def _without_keys(row: Columns) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in _GIVEN_KEYS}


def _digests(
    connection: Connection, table: Table, column: Column[Any], value: object, of: str = ""
) -> list[bytes]:
    """The hashes of a table's rows; sorted, but for artifacts, whose order has a meaning."""
    ordered = table is artifacts
    rows = itertools.chain.from_iterable(_batches(connection, table, column, value))
    place = f"{table.name}/{of}"
    found = [_digest(row, place, i if ordered else 0) for i, row in enumerate(rows)]
    return sorted(found)


def _digest(row: Mapping[str, Any], place: str, position: int) -> bytes:
    digest = hashlib.sha256(f"{place}/{position}".encode())
    for name in sorted(row):
        kind, data = _encoded(row[name])
        digest.update(f"/{name}/{kind}{len(data)}/".encode())
        digest.update(data)
    return digest.digest()


def _encoded(value: object) -> tuple[str, bytes]:
    """A value of a column as bytes, the same from every database."""
    if value is None:
        return "null", b""
    if isinstance(value, float):
        # SQLite has no negative zero.
        return "float", struct.pack("<d", value + 0.0)
    if isinstance(value, bytes | memoryview):
        return "bytes", bytes(value)
    return "text", str(value).encode()
