"""Writing series: new points as chunks, small chunks merged so that their number stays bounded.

A series is a row of full chunks and, behind them, fewer than MERGE_AT small ones. Points that
arrive become one more small chunk, until the small ones are many or make a full one: then they
are merged, with what arrived, into full chunks and one rest. Merged chunks take new ordinals at the
end, so ordinals always count up in the order of arrival.

The work (reading, decoding, encoding) is planned before the writer's lock is taken. Under the
lock the plan is used if the small chunks are still those it was made for, else made again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from orbench.run_store import Points

from .chunk_size import CHUNK_POINTS
from .chunks import (
    CODEC,
    ChunkError,
    EncodedChunk,
    decode,
    encode,
    joined,
    split,
)
from .columns import Columns, fitted, to_null
from .engine import batched, insert_or_ignore
from .series_totals import SeriesTotals
from .tables import chunks, metrics, runs, series, small_chunk

__all__ = [
    "MERGE_AT",
    "SeriesPlan",
    "is_current",
    "plan_merges",
    "plan_points",
    "series_rows",
    "write_planned",
    "write_series",
]

MERGE_AT = 16
"""A series with this many small chunks has them merged when points arrive."""

# Built once: SQLAlchemy takes longer to put a join together than SQLite to answer it.
_FIND_TAILS = (
    select(metrics.c.name, series.c.series_key, series.c.next_ordinal, chunks.c.ordinal, chunks.c.n)
    .select_from(runs.join(series).join(metrics).join(chunks))
    .where(
        runs.c.run_id == bindparam("run_id"),
        metrics.c.name.in_(bindparam("names", expanding=True)),
        small_chunk,
    )
    .order_by(chunks.c.series_key, chunks.c.ordinal)
)
_FIND_SERIES = (
    select(metrics.c.name, series)
    .select_from(series.join(metrics))
    .where(
        series.c.run_key == bindparam("key"),
        metrics.c.name.in_(bindparam("names", expanding=True)),
    )
)


@dataclass(frozen=True, slots=True)
class Tail:
    """The small chunks of a series, in order, and how many points they hold."""

    series_key: int
    next_ordinal: int
    ordinals: tuple[int, ...] = ()
    points: int = 0


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """What is to be done to one series: chunks taken out, chunks put at the end, points added."""

    tail: Tail | None
    replaced: tuple[int, ...]
    chunks: tuple[EncodedChunk, ...]
    added: SeriesTotals


def plan_points(
    connection: Connection, run_id: str, points: Mapping[str, Points]
) -> dict[str, SeriesPlan]:
    """Plans, by metric, to append points to the series of a run, which may not exist yet."""
    by_name = _by_stored_name(points)
    tails = _tails(connection, run_id, by_name)
    merged = _decoded(
        connection,
        [
            tail
            for name, tail in tails.items()
            if len(tail.ordinals) + 1 >= MERGE_AT
            or tail.points + len(by_name[name].steps) >= CHUNK_POINTS
        ],
    )
    return {name: _plan(tails.get(name), merged, part) for name, part in by_name.items()}


def plan_merges(connection: Connection, run_id: str, names: Sequence[str]) -> dict[str, SeriesPlan]:
    """Plans to merge all small chunks of these series; those with one or none are left out."""
    tails = {
        name: tail
        for name, tail in _tails(connection, run_id, names).items()
        if len(tail.ordinals) > 1
    }
    merged = _decoded(connection, list(tails.values()))
    plans = {name: _plan(tail, merged, None) for name, tail in tails.items()}
    return {name: plan for name, plan in plans.items() if len(plan.replaced) > 1}


def is_current(connection: Connection, run_id: str, plans: Mapping[str, SeriesPlan]) -> bool:
    """Whether the small chunks of the series are still those the plans were made for."""
    return _tails(connection, run_id, plans) == {
        name: plan.tail for name, plan in plans.items() if plan.tail is not None
    }


def write_planned(
    connection: Connection,
    run_id: str,
    run_key: int,
    plans: Mapping[str, SeriesPlan],
    points: Mapping[str, Points],
) -> None:
    """Append points as planned; plans that another shipper overtook are made again first.

    The caller holds the lock on the run.
    """
    if not is_current(connection, run_id, plans):
        plans = plan_points(connection, run_id, points)
    write_series(connection, run_key, plans)


def write_series(connection: Connection, run_key: int, plans: Mapping[str, SeriesPlan]) -> None:
    """Carry out plans; the caller holds the lock on the run and knows that they are current."""
    if not plans:
        return
    rows = series_rows(connection, run_key, plans)
    gone: list[dict[str, int]] = []
    new: list[dict[str, Any]] = []
    grown: list[dict[str, Any]] = []
    for name, plan in plans.items():
        row = rows[name]
        key, ordinal = row["series_key"], row["next_ordinal"]
        gone += [{"key": key, "at": replaced} for replaced in plan.replaced]
        new += [_chunk_row(key, ordinal + i, chunk) for i, chunk in enumerate(plan.chunks)]
        totals = SeriesTotals.from_row(row).then(plan.added)
        grown.append(totals.columns() | {"key": key, "next_ordinal": ordinal + len(plan.chunks)})
    if gone:
        this_chunk = (chunks.c.series_key == bindparam("key")) & (
            chunks.c.ordinal == bindparam("at")
        )
        connection.execute(delete(chunks).where(this_chunk), gone)
    connection.execute(insert(chunks), new)
    connection.execute(update(series).where(series.c.series_key == bindparam("key")), grown)


def _tails(connection: Connection, run_id: str, names: Iterable[str]) -> dict[str, Tail]:
    found: dict[str, Tail] = {}
    for batch in batched(names):
        rows = connection.execute(_FIND_TAILS, {"run_id": run_id, "names": batch})
        for name, key, following, ordinal, n in rows:
            before = found.get(name, Tail(key, following))
            found[name] = replace(
                before, ordinals=(*before.ordinals, ordinal), points=before.points + n
            )
    return found


def _by_stored_name(points: Mapping[str, Points]) -> dict[str, Points]:
    """The points by the name their metric is stored under; names that become one are joined."""
    by_name: dict[str, Points] = {}
    for name, part in points.items():
        if len(part.steps):
            stored = fitted(name, 500)
            by_name[stored] = joined([by_name[stored], part]) if stored in by_name else part
    return by_name


def _decoded(connection: Connection, tails: list[Tail]) -> dict[tuple[int, int], Points]:
    """The points of the small chunks of some tails; a damaged chunk is left out."""
    points: dict[tuple[int, int], Points] = {}
    for keys in batched(tail.series_key for tail in tails):
        query = select(
            chunks.c.series_key,
            chunks.c.ordinal,
            chunks.c.n,
            chunks.c.codec,
            chunks.c.checksum,
            chunks.c.steps,
            chunks.c["values"],
            chunks.c.wall_times,
        ).where(chunks.c.series_key.in_(keys), small_chunk)
        for key, ordinal, *chunk in connection.execute(query):
            try:
                points[key, ordinal] = decode(*chunk)
            except ChunkError:
                continue  # stays where it is, for `check` to find
    return points


def _plan(
    tail: Tail | None, decoded: Mapping[tuple[int, int], Points], new: Points | None
) -> SeriesPlan:
    """Merge new points with the tail, as far back as it is whole and was decoded."""
    replaced: list[int] = []
    parts: list[Points] = [] if new is None else [new]
    if tail is not None:
        for ordinal in reversed(tail.ordinals):
            points = decoded.get((tail.series_key, ordinal))
            if points is None or ordinal != tail.next_ordinal - 1 - len(replaced):
                break
            replaced.insert(0, ordinal)
            parts.insert(0, points)
    encoded = tuple(encode(part) for part in split(joined(parts))) if parts else ()
    added = SeriesTotals.empty() if new is None else SeriesTotals.of(new)
    return SeriesPlan(tail, tuple(replaced), encoded, added)


def series_rows(connection: Connection, run_key: int, names: Iterable[str]) -> dict[str, Columns]:
    """The rows of a run's series by metric name; rows that are missing are made, without points."""
    found = _found_series(connection, run_key, names)
    missing = sorted(set(names) - set(found))
    if missing:
        # In one order everywhere: two shippers that make the same names must not wait in a ring.
        connection.execute(insert_or_ignore(connection, metrics), [{"name": n} for n in missing])
        empty = SeriesTotals.empty().columns() | {"run_key": run_key, "next_ordinal": 0}
        keys: list[int] = []
        for batch in batched(missing):
            query = select(metrics.c.metric_key).where(metrics.c.name.in_(batch))
            keys += connection.execute(query).scalars()
        connection.execute(insert(series), [empty | {"metric_key": key} for key in keys])
        found |= _found_series(connection, run_key, missing)
    return found


def _found_series(connection: Connection, run_key: int, names: Iterable[str]) -> dict[str, Columns]:
    found: dict[str, Columns] = {}
    for batch in batched(names):
        rows = connection.execute(_FIND_SERIES, {"key": run_key, "names": batch}).mappings()
        found |= {row["name"]: dict(row) for row in rows}
    return found


def _chunk_row(series_key: int, ordinal: int, chunk: EncodedChunk) -> dict[str, Any]:
    return asdict(chunk) | {
        "series_key": series_key,
        "ordinal": ordinal,
        "codec": CODEC,
        "minimum": to_null(chunk.minimum),
        "maximum": to_null(chunk.maximum),
        "last": to_null(chunk.last),
    }
