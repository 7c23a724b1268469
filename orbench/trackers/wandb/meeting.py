"""A run that is in W&B already when this store pushes it first: another store was before it."""

from __future__ import annotations

from dataclasses import replace

from ...errors import TrackerError
from ...run_store import RunDetails
from .connection import Connection
from .history import read_events, read_rows
from .metric_names import original_name
from .place import WandbPlace
from .points import event_columns, flat
from .runs import WandbRun, find_run
from .watermark import StreamMark, Watermark

__all__ = ["met"]


def met(
    connection: Connection, place: WandbPlace, details: RunDetails, mark: Watermark
) -> Watermark:
    """The watermark of what is there of a run; the given one where there is nothing.

    Rows are counted, not compared: a push goes on behind them. Raises TrackerError for a run that
    orbench did not push, and for one that has more points there than here.
    """
    run_id = details.record.run_id
    there = find_run(connection, place, run_id)
    if there is None or not (there.rows or there.mark):
        return mark
    if there.mark.get("run_id") != run_id:
        raise TrackerError(
            f"{place} has a run {run_id} that orbench did not push; it is left as it is"
        )
    step_key = str(there.mark.get("step_key") or mark.step_key)
    streams = (
        _history(connection, place, there, step_key),
        _events(connection, place, there, step_key),
    )
    here = {one.metric: one.n for one in details.metrics}
    for stream in streams:
        for name, count in stream.points.items():
            if count > here.get(name, 0):
                raise TrackerError(
                    f"{place} has more points of '{name}' of run {run_id} than this store; pull "
                    "it first"
                )
    return replace(mark, step_key=step_key, history=streams[0], events=streams[1])


def _history(connection: Connection, place: WandbPlace, run: WandbRun, step_key: str) -> StreamMark:
    counts: dict[str, int] = {}
    rows = read_rows(connection, place, run, [])
    for row in rows:
        for key, _ in flat(row):
            if key != step_key:
                name = original_name(key)
                counts[name] = counts.get(name, 0) + 1
    return StreamMark(len(rows), counts)


def _events(connection: Connection, place: WandbPlace, run: WandbRun, step_key: str) -> StreamMark:
    rows = read_events(connection, place, run, [])
    columns = event_columns(rows, step_key, 0.0)
    return StreamMark(len(rows), {name: len(one) for name, one in columns.values.items()})
