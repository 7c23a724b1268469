"""Histories out of W&B, whole: what the server gives is counted, and asked for in parts if short.

A server draws a random sample where a range of steps has more rows than it is asked for, or than
it likes to give. The list of runs says how many rows have each key, so that a short answer shows;
the range of steps is then halved until the parts add up.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ...errors import TrackerError
from .connection import Connection
from .place import WandbPlace
from .queries import EVENTS, HISTORY_PAGE, SAMPLED_HISTORY
from .runs import WandbRun

__all__ = ["STEP", "TIME", "Row", "read_events", "read_keys", "read_rows"]

Row = dict[str, Any]  # What JSON can hold: numbers, texts for NaN, media.

STEP, TIME = "_step", "_timestamp"

_MOST_ROWS = 2_000_000
"""Rows asked for at once: with fewer in the range, the server has nothing to sample."""

_Range = tuple[int, int]
_Fetch = Callable[[_Range], list[Row]]


def read_keys(
    connection: Connection,
    place: WandbPlace,
    run: WandbRun,
    keys: Sequence[str],
    notes: list[str],
) -> dict[str, list[Row]]:
    """For each key the rows that have it, with step and time, in the order of steps.

    One request for all keys: each is asked for by itself, because a row must have every key that
    is asked for together. Where W&B counts more rows than it has, a note is added.
    """
    whole = (0, max(run.last_step, 0))
    known = [key for key in keys if run.counts.get(key)]
    if not known:
        return {}
    found = dict(zip(known, _specs(connection, place, run, known, whole), strict=True))
    for key, rows in found.items():
        if len(rows) < run.counts[key]:
            found[key] = _missing_too(connection, place, run, key, rows)
            notes += _fewer(len(found[key]), run.counts[key], f"'{key}'")
    return found


def _missing_too(
    connection: Connection, place: WandbPlace, run: WandbRun, key: str, rows: list[Row]
) -> list[Row]:
    """The rows of a key where an answer was short: in parts, then also those without a time."""
    whole = (0, max(run.last_step, 0))

    def fetch(span: _Range, *, timed: bool = True) -> list[Row]:
        return _specs(connection, place, run, [key], span, timed=timed)[0]

    timed = _in_parts(fetch, whole, rows)
    if len(timed) >= run.counts[key]:
        return timed
    every = partial(fetch, timed=False)
    times = {row[STEP]: row[TIME] for row in timed}
    return [{**row, TIME: times.get(row[STEP])} for row in _in_parts(every, whole, every(whole))]


def read_rows(
    connection: Connection, place: WandbPlace, run: WandbRun, notes: list[str]
) -> list[Row]:
    """Every row of the history with everything in it, in the order of steps; see `read_keys`."""
    whole = (0, max(run.last_step, 0))

    def fetch(span: _Range) -> list[Row]:
        data = connection.graphql(
            HISTORY_PAGE,
            entity=place.entity,
            project=place.project,
            name=run.name,
            minStep=span[0],
            maxStep=span[1] + 1,
            pageSize=_MOST_ROWS,
        )
        return [_row(line) for line in _of_run(data, run)["history"]]

    if not run.rows:
        return []
    rows = fetch(whole)
    if len(rows) < run.rows:
        rows = _in_parts(fetch, whole, rows)
        notes += _fewer(len(rows), run.rows, "the history")
    return rows


def read_events(
    connection: Connection, place: WandbPlace, run: WandbRun, notes: list[str]
) -> list[Row]:
    """The system metrics, row by row; they have no steps by which more could be asked for."""
    if not run.events:
        return []
    data = connection.graphql(
        EVENTS, entity=place.entity, project=place.project, name=run.name, samples=_MOST_ROWS
    )
    rows = [_row(line) for line in _of_run(data, run)["events"]]
    notes += _fewer(len(rows), run.events, "the system metrics")
    return rows


def _specs(
    connection: Connection,
    place: WandbPlace,
    run: WandbRun,
    keys: Sequence[str],
    span: _Range,
    *,
    timed: bool = True,
) -> list[list[Row]]:
    """For each key the rows of a range of steps, with their times or also those without one."""
    specs = [
        json.dumps(
            {
                "keys": list(dict.fromkeys([STEP, *([TIME] if timed else []), key])),
                "minStep": span[0],
                "maxStep": span[1],
                "samples": _MOST_ROWS,
            }
        )
        for key in keys
    ]
    data = connection.graphql(
        SAMPLED_HISTORY, entity=place.entity, project=place.project, name=run.name, specs=specs
    )
    answers = _of_run(data, run)["sampledHistory"]
    if len(answers) != len(keys):
        raise TrackerError(f"W&B answers {len(answers)} of {len(keys)} questions on {run.name}")
    return [list(rows) for rows in answers]


def _in_parts(fetch: _Fetch, whole: _Range, rows: list[Row]) -> list[Row]:
    """Read a range by halves until nothing is gained.

    A part is whole when its halves have no more rows than it has: a server samples by the number
    of rows, so that at least one half of a sampled part gives more.
    """
    parts: dict[int, list[Row]] = {}
    waiting = [(whole, rows)]
    while waiting:
        (low, high), given = waiting.pop()
        middle = (low + high) // 2
        halves = [(low, middle), (middle + 1, high)] if low < high else []
        read = [(span, fetch(span)) for span in halves]
        if sum(len(part) for _, part in read) <= len(given):
            parts[low] = given
        else:
            waiting += read
    return [row for low in sorted(parts) for row in parts[low]]


def _fewer(found: int, counted: int, what: str) -> list[str]:
    if found >= counted:
        return []
    return [f"W&B counts {counted:,} rows of {what} and has {found:,}, however they are asked for"]


def _of_run(data: Mapping[str, Any], run: WandbRun) -> Mapping[str, Any]:
    node: Mapping[str, Any] | None = (data.get("project") or {}).get("run")
    if node is None:
        raise TrackerError(f"run {run.name} is no longer there: it was deleted in W&B")
    return node


def _row(line: Any) -> Row:  # Any: a row as text, or as the object itself
    row = json.loads(line) if isinstance(line, str) else line
    return row if isinstance(row, dict) else {}
