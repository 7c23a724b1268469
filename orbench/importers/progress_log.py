"""Logs of progress: a row for each update, its columns the metrics, one of them the step."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ImportFileError
from ..run import JsonValue
from ..run_store import Points
from .cells import CellError, as_number
from .log_table import LogTable, numbers, read_log
from .series_points import points_of, whole_steps

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["LogPoints", "ProgressLayout", "read_progress"]


@dataclass(frozen=True, slots=True)
class LogPoints:
    """The points in a log: with its span in seconds since the epoch where it knows one.

    `env_id` and `config` are what the log itself says. `empty` cells have no value.
    """

    points: Mapping[str, Points]
    span: tuple[float, float] | None = None
    env_id: str = ""
    config: Mapping[str, JsonValue] = field(default_factory=dict)
    empty: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProgressLayout:
    """Which columns may have the step and the seconds since the start, the likeliest first."""

    steps: tuple[str, ...]
    elapsed: tuple[str, ...]
    delimiter: str = ","


def read_progress(
    path: Path, name: str, layout: ProgressLayout, started: float | None = None
) -> LogPoints:
    """The points in a log of progress; `started` is when the run began, where that is known.

    A column is a metric, whose name is kept. Raises ImportFileError.
    """
    import numpy as np

    log = read_log(path, name, layout.delimiter)
    step_column = next((column for column in layout.steps if column in log.columns), None)
    if step_column is None:
        raise ImportFileError(
            f"{name}: has no column of steps ({', '.join(layout.steps[:4])} ...); for another "
            "table there is orbench import table"
        )
    steps, notes = _steps(log, step_column)
    elapsed_column = next((column for column in layout.elapsed if column in log.columns), None)
    modified = path.stat().st_mtime
    span = None
    times = np.full(log.rows, modified)
    if elapsed_column is not None and log.rows:
        elapsed = _filled(numbers(log.columns[elapsed_column], f"{name}: {elapsed_column}"))
        span_start = modified - float(elapsed.max()) if started is None else started
        times = span_start + elapsed
        span = (span_start, float(times.max()))
    points: dict[str, Points] = {}
    empty = 0
    for column, cells in log.columns.items():
        if column == step_column:
            continue
        values, left_out = _values(cells)
        if left_out:
            notes.append(f"{name}: column '{column}' is text, left out")
            continue
        there = np.array([cell != "" for cell in cells], dtype=bool)
        empty += int(len(cells) - there.sum())
        if there.any():
            points[column] = points_of(steps[there], values[there], times[there])
    return LogPoints(points, span, empty=empty, notes=(*log.notes, *notes))


def _steps(log: LogTable, column: str) -> tuple[NDArray[np.int64], list[str]]:
    """The step of each row, that of the row before where it has none."""
    found = numbers(log.columns[column], f"{log.name}: {column}")
    without = sum(cell == "" for cell in log.columns[column])
    said = f"{log.name}: {without:,} rows have no {column}, they have that of the row before"
    return whole_steps(_filled(found), f"{log.name}: {column}"), [said] if without else []


def _filled(found: NDArray[np.float64]) -> NDArray[np.float64]:
    """Numbers with each NaN replaced by the number before it, from 0."""
    import numpy as np

    places = np.where(np.isnan(found), 0, np.arange(1, len(found) + 1))
    return np.concatenate([[0.0], found])[np.maximum.accumulate(places)]


def _values(cells: Sequence[str]) -> tuple[NDArray[np.float64], bool]:
    """The numbers in a column, NaN for an empty cell; or that it is text."""
    import numpy as np

    words = {"True": "1", "False": "0"}
    try:
        found = [as_number(words.get(cell, cell)) for cell in cells]
    except CellError:
        return np.array([]), True
    return np.array([math.nan if number is None else number for number in found], float), False
