"""Points as rows of W&B: those that were logged together share one.

Every metric keeps the order of its points, whatever steps and times they have: a row has its own
number, `_step`, which only rises, because the server drops rows whose number goes back. The step
of the program is a column of its own.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ...run_store import Points

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["count_rows", "row_lines", "row_order"]

_TEXTS = {math.inf: "Infinity", -math.inf: "-Infinity"}


def row_lines(
    points: Mapping[str, Points],
    *,
    first: int,
    step_key: str,
    started: float,
    numbered: bool = True,
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The rows of these points as JSON, each with the metrics in it; `first` is its number.

    `points` are by the names that they have in W&B, the new ones alone. Without `numbered` rows
    have no number, as those of system metrics.
    """
    names = list(points)
    metrics, places, new_row = row_order([points[name] for name in names])
    cells = [
        (one.steps.tolist(), one.values.tolist(), one.wall_times.tolist())
        for one in points.values()
    ]
    row: dict[str, object] = {}
    inside: list[str] = []
    number = first
    for metric, place, begins in zip(
        metrics.tolist(), places.tolist(), new_row.tolist(), strict=True
    ):
        steps, values, times = cells[metric]
        if begins and inside:
            yield json.dumps(row, allow_nan=False), tuple(inside)
            number += 1
        if begins:
            row = {"_step": number} if numbered else {}
            row |= _times(times[place], started)
            row[step_key] = steps[place]
            inside = []
        row[names[metric]] = _cell(values[place])
        inside.append(names[metric])
    if inside:
        yield json.dumps(row, allow_nan=False), tuple(inside)


def count_rows(points: Mapping[str, Points]) -> int:
    """How many rows `row_lines` makes of points."""
    return int(row_order(list(points.values()))[2].sum()) if points else 0


def row_order(
    series: list[Points],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """All points in the order of rows: which series, which of its points, where a row begins.

    Points of one step and time make a row. Rows are in order of time as far as that leaves every
    series in its own order: a clock that was set back counts as standing still.
    """
    import numpy as np

    sizes = [len(one.steps) for one in series]
    if not sum(sizes):
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.bool_)
    metric = np.repeat(np.arange(len(series)), sizes)
    place = np.concatenate([np.arange(size) for size in sizes])
    steps = np.concatenate([one.steps for one in series])
    times = np.concatenate([one.wall_times for one in series])
    reached = np.concatenate([_risen(one.wall_times) for one in series])
    # Of several points at one time the first of each series go first, then the second.
    turn = np.concatenate([_turns(_risen(one.wall_times)) for one in series])
    order = np.lexsort((metric, times, steps, turn, reached))
    parts = [reached[order], turn[order], steps[order], times[order].view(np.int64)]
    differs = np.zeros(len(order), dtype=np.bool_)
    differs[0] = True
    for part in parts:
        differs[1:] |= part[1:] != part[:-1]
    return metric[order], place[order], differs


def _risen(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Times that never go back; a time that is not known is the one before."""
    import numpy as np

    known = np.where(np.isfinite(times), times, -np.inf)
    return np.maximum(np.maximum.accumulate(known), 0.0) if len(times) else known


def _turns(reached: NDArray[np.float64]) -> NDArray[np.int64]:
    """The place of each point among those of its series that have the same time."""
    import numpy as np

    if not len(reached):
        return np.zeros(0, np.int64)
    places = np.arange(len(reached))
    begins = np.concatenate([[True], reached[1:] != reached[:-1]])
    return places - np.maximum.accumulate(np.where(begins, places, 0))


def _times(time: float, started: float) -> dict[str, object]:
    """The time of a row; every row has one, because W&B's answers leave out rows without."""
    known = time if math.isfinite(time) else started
    return {"_timestamp": known, "_runtime": max(0.0, known - started)}


def _cell(value: float) -> object:
    """A value as W&B's client writes it: what JSON has no number for is a text."""
    if math.isfinite(value):
        return value
    return _TEXTS.get(value, "NaN")
