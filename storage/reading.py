"""Finding runs, and everything about one run but its points."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, Select, func, select

from orbench.errors import RunNotFoundError, StoreDamagedError
from orbench.events import FACT_KINDS, SHARED_FACT_KINDS
from orbench.metric import SeriesSummary
from orbench.run import Document, RunRecord
from orbench.run_store import ArtifactRecord, ConsolePiece, RunDetails

from .compression import FrameError
from .documents import DocumentError, unpack_document
from .engine import Database, batched
from .preparation import unpack_piece
from .queries import condition
from .records import RECORD_COLUMNS, artifact_record, document_in, run_record
from .series_totals import series_summary
from .sorting import ordering
from .tables import artifacts, console, documents, metrics, runs, segments, series, tags

if TYPE_CHECKING:
    from orbench.filters import Filter

__all__ = [
    "console_pieces",
    "found_run_ids",
    "found_runs",
    "metric_counts",
    "project_names",
    "run_details",
]

_PIECES_AT_ONCE = 64


def found_runs(
    database: Database, where: Filter | None, order_by: Sequence[str], limit: int | None
) -> list[RunRecord]:
    """See `RunStore.runs`."""
    now = time.time()
    query = _restricted(select(*RECORD_COLUMNS), database, where, now)
    query = query.order_by(*ordering(order_by, database.dialect, now), runs.c.run_key).limit(limit)
    with database.read() as connection:
        rows = connection.execute(query).mappings().all()
        tagged = _tags(connection, [row["run_key"] for row in rows])
    return [run_record(row, tuple(tagged.get(row["run_key"], ())), now) for row in rows]


def found_run_ids(database: Database, where: Filter | None) -> list[str]:
    """See `RunStore.run_ids`."""
    query = _restricted(select(runs.c.run_id), database, where, time.time())
    with database.read() as connection:
        ordered = query.order_by(runs.c.started, runs.c.run_key)
        return list(connection.execute(ordered).scalars())


def project_names(database: Database) -> list[str]:
    """See `RunStore.projects`."""
    with database.read() as connection:
        names = connection.execute(select(runs.c.project).distinct()).scalars()
        return sorted(name for name in names if name)


def metric_counts(database: Database, where: Filter | None) -> dict[str, int]:
    """See `RunStore.metric_names`."""
    query = (
        select(metrics.c.name, func.count())
        .select_from(runs.join(series).join(metrics))
        .group_by(metrics.c.name)
    )
    with database.read() as connection:
        rows = connection.execute(_restricted(query, database, where, time.time()))
        return dict(sorted((name, count) for name, count in rows))


def run_details(database: Database, run_id: str) -> RunDetails:
    """See `RunStore.details`."""
    with database.read() as connection:
        row = connection.execute(select(runs).where(runs.c.run_id == run_id)).one_or_none()
        if row is None:
            raise RunNotFoundError(f"no run '{run_id}' in the store; `orbench list` shows them")
        key = row.run_key
        tagged = _tags(connection, [key]).get(key, [])
        return RunDetails(
            record=run_record(row._mapping, tuple(tagged), time.time()),
            facts=_facts(connection, row),
            metrics=tuple(_summaries(connection, run_id, key)),
            artifacts=tuple(_artifacts(connection, key)),
            children=tuple(_children(connection, run_id)),
            damage=tuple(_damage(connection, key)),
        )


def console_pieces(database: Database, run_id: str, stream: str | None) -> Iterator[ConsolePiece]:
    """See `RunStore.console`; holds no transaction while the caller works on a piece."""
    after = 0
    query = (
        select(console)
        .join(runs)
        .where(runs.c.run_id == run_id)
        .order_by(console.c.ordinal)
        .limit(_PIECES_AT_ONCE)
    )
    if stream is not None:
        query = query.where(console.c.stream == stream)
    while True:
        with database.read() as connection:
            rows = connection.execute(query.where(console.c.ordinal > after)).all()
        for row in rows:
            yield ConsolePiece(row.stream, row.time, _piece(run_id, row))
        if len(rows) < _PIECES_AT_ONCE:
            return
        after = rows[-1].ordinal


def _restricted(
    query: Select[Any], database: Database, where: Filter | None, now: float
) -> Select[Any]:
    return query if where is None else query.where(condition(where, database.dialect, now))


def _tags(connection: Connection, run_keys: Sequence[int]) -> dict[int, list[str]]:
    """The tags of runs by their keys, sorted; runs without tags are left out."""
    found: dict[int, list[str]] = {}
    for batch in batched(run_keys):
        query = select(tags.c.run_key, tags.c.tag).where(tags.c.run_key.in_(batch))
        for key, tag in connection.execute(query):
            found.setdefault(key, []).append(tag)
    return {key: sorted(named) for key, named in found.items()}


def _facts(connection: Connection, row: Row[Any]) -> dict[str, Document]:
    return {
        kind: _shared_fact(connection, row, kind)
        if kind in SHARED_FACT_KINDS
        else document_in(row._mapping, kind)
        for kind in FACT_KINDS
        if row._mapping[kind] is not None
    }


def _shared_fact(connection: Connection, row: Row[Any], kind: str) -> Document:
    this = documents.c.sha256 == row._mapping[kind]
    found = connection.execute(select(documents).where(this)).one_or_none()
    try:
        if found is None:
            raise DocumentError("is missing")
        return unpack_document(found.sha256, found.kind, found.size, found.data)
    except DocumentError as error:
        raise StoreDamagedError(
            f"the {kind} document of run {row.run_id} {error}; run `orbench store check`"
        ) from error


def _summaries(connection: Connection, run_id: str, run_key: int) -> Iterator[SeriesSummary]:
    query = (
        select(metrics.c.name, series)
        .select_from(series.join(metrics))
        .where(series.c.run_key == run_key)
        .order_by(metrics.c.name)
    )
    for row in connection.execute(query).mappings():
        yield series_summary(run_id, row["name"], row)


def _artifacts(connection: Connection, run_key: int) -> Iterator[ArtifactRecord]:
    query = select(artifacts).where(artifacts.c.run_key == run_key)
    for row in connection.execute(query.order_by(artifacts.c.artifact_key)).mappings():
        yield artifact_record(row)


def _children(connection: Connection, run_id: str) -> Sequence[str]:
    query = select(runs.c.run_id).where(runs.c.parent_id == run_id)
    return connection.execute(query.order_by(runs.c.started, runs.c.run_key)).scalars().all()


def _damage(connection: Connection, run_key: int) -> Sequence[str]:
    query = select(segments.c.damage).where(segments.c.run_key == run_key, segments.c.damage != "")
    return connection.execute(query.order_by(segments.c.segment_id)).scalars().all()


def _piece(run_id: str, row: Row[Any]) -> bytes:
    try:
        return unpack_piece(row.size, row.data)
    except FrameError as error:
        raise StoreDamagedError(
            f"a piece of the {row.stream} of run {run_id} {error}; run `orbench store check`"
        ) from error
