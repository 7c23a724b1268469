"""Reading series: the chunks of many runs into one array each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection, select

from orbench.errors import StoreDamagedError
from orbench.metric import Series, SeriesSummary
from orbench.run_store import Points

from .chunk_size import CHUNK_POINTS
from .chunks import ChunkError, decode_into
from .columns import fitted
from .engine import Database, batched
from .series_totals import series_summary
from .tables import chunks, metrics, runs, series

__all__ = ["read_series", "read_summaries"]


class _ChunkRow(NamedTuple):
    run_id: str
    ordinal: int
    n: int
    codec: int
    checksum: int
    steps: bytes
    values: bytes
    wall_times: bytes


def read_series(database: Database, run_ids: Sequence[str], metric: str) -> list[Series]:
    """See `RunStore.series`."""
    by_run: dict[str, list[_ChunkRow]] = {}
    with database.read() as connection:
        for row in _chunk_rows(connection, run_ids, fitted(metric, 500)):
            by_run.setdefault(row.run_id, []).append(row)
    return [
        _series(run_id, metric, by_run[run_id])
        for run_id in dict.fromkeys(run_ids)
        if run_id in by_run
    ]


def read_summaries(
    database: Database, run_ids: Sequence[str], names: Sequence[str]
) -> list[SeriesSummary]:
    """See `RunStore.summaries`: by run in the order asked for, then by metric in that order."""
    asked = {fitted(name, 500): name for name in names}
    found: dict[tuple[str, str], SeriesSummary] = {}
    with database.read() as connection:
        for runs_batch in batched(dict.fromkeys(run_ids)):
            for names_batch in batched(asked):
                query = (
                    select(runs.c.run_id, metrics.c.name, series)
                    .select_from(series.join(runs).join(metrics))
                    .where(runs.c.run_id.in_(runs_batch), metrics.c.name.in_(names_batch))
                )
                for row in connection.execute(query).mappings():
                    place = (row["run_id"], asked[row["name"]])
                    found[place] = series_summary(*place, row)
    places = ((run_id, name) for run_id in dict.fromkeys(run_ids) for name in asked.values())
    return [found[place] for place in places if place in found]


def _chunk_rows(connection: Connection, run_ids: Sequence[str], metric: str) -> Iterator[_ChunkRow]:
    """The chunks of one metric; those of one run come out of one statement, in no order.

    The metric's key is looked up first: with it the database goes straight to each run's series.
    """
    this = select(metrics.c.metric_key).where(metrics.c.name == metric)
    metric_key = connection.execute(this).scalar_one_or_none()
    if metric_key is None:
        return
    query = select(
        runs.c.run_id,
        chunks.c.ordinal,
        chunks.c.n,
        chunks.c.codec,
        chunks.c.checksum,
        chunks.c.steps,
        chunks.c["values"],
        chunks.c.wall_times,
    ).select_from(runs.join(series).join(chunks))
    for batch in batched(dict.fromkeys(run_ids)):
        these = query.where(runs.c.run_id.in_(batch), series.c.metric_key == metric_key)
        for row in connection.execute(these):
            yield _ChunkRow._make(row)


def _series(run_id: str, metric: str, rows: list[_ChunkRow]) -> Series:
    rows.sort(key=lambda row: row.ordinal)
    try:
        points = _joined(rows)
    except ChunkError as error:
        raise StoreDamagedError(
            f"a chunk of metric '{metric}' of run {run_id} {error}; run `orbench store check`"
        ) from error
    return Series(run_id, metric, points.steps, points.values, points.wall_times)


def _joined(rows: Sequence[_ChunkRow]) -> Points:
    # The rows' claims size the arrays, so they are checked before anything is allocated.
    if not all(1 <= row.n <= CHUNK_POINTS for row in rows):
        raise ChunkError("claims a number of points that is not possible")
    n = sum(row.n for row in rows)
    points = Points(np.empty(n, np.int64), np.empty(n), np.empty(n))
    start = 0
    for row in rows:
        decode_into(points, start, *row[2:])
        start += row.n
    return points
