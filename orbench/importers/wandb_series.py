"""The rows of a `.wandb` file as series: float64 exactly, at the program's own steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
import numpy as np
from numpy.typing import NDArray

from ..errors import ImportFileError, UsageError, near
from ..metric import SYSTEM_PREFIX
from ..run import JsonValue
from ..run_store import Points
from .series_points import points_of, whole_steps
from .wandb_columns import Columns, Part
from .wandb_content import WandbContent, json_value
from .wandb_record import item_key

__all__ = ["USUAL_STEP", "Values", "WandbSeries", "add_history", "series_of"]

USUAL_STEP = "global_step"
"""The key that programs log their steps by; W&B's own `_step` counts calls of `log`."""

_STEP, _TIME, _RUNTIME = "_step", "_timestamp", "_runtime"
_OWN = (_STEP, _TIME, _RUNTIME)
_WORDS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Values:
    """The numbers of one key, each with the number of its row; rows ascend."""

    rows: NDArray[np.int64]
    values: NDArray[np.float64]


@dataclass(slots=True)
class WandbSeries:
    """The points by metric; `left_out` counts what is no number by kind, `empty` nulls.

    `step_key` is what the steps are; `times` are those of the rows.
    """

    points: dict[str, Points] = field(default_factory=dict)
    step_key: str = _STEP
    times: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    left_out: Counter[str] = field(default_factory=Counter)
    empty: int = 0
    notes: list[str] = field(default_factory=list)


def series_of(content: WandbContent, place: str, step_key: str | None, start: float) -> WandbSeries:
    """All points of a log: `step_key` names the key of the steps, `start` is for rows without time.

    Raises ImportFileError for steps that are none, and UsageError for a key that is not there.
    """
    series = WandbSeries()
    columns = _numbers(content.history, series)
    steps = add_history(series, columns, content.history.rows, place, step_key, start)
    _add_system(content, steps, series, start)
    series.points = dict(sorted(series.points.items()))
    return series


def add_history(
    series: WandbSeries,
    columns: Mapping[str, Values],
    rows: int,
    place: str,
    step_key: str | None,
    start: float,
) -> NDArray[np.int64]:
    """Add the points in the columns of a history and give the step of each row; see `series_of`."""
    steps = _steps(columns, rows, place, step_key, series)
    series.times = _filled(columns.get(_TIME), rows, start)
    for name, column in columns.items():
        if name not in (*_OWN, series.step_key):
            at = column.rows
            series.points[name] = points_of(steps[at], column.values, series.times[at])
    return steps


def _steps(
    columns: Mapping[str, Values], rows: int, place: str, asked: str | None, series: WandbSeries
) -> NDArray[np.int64]:
    """The step of each row, and in `series` what they are; rows without one have that before."""
    own = np.arange(rows, dtype=np.float64)
    if _STEP in columns:
        own[columns[_STEP].rows] = columns[_STEP].values
    if asked is not None and asked not in columns and rows:
        raise UsageError(
            f"{place}: its rows have no '{asked}'{near(asked, columns)}; they have "
            f"{', '.join(list(columns)[:12])}"
        )
    key = asked or (USUAL_STEP if USUAL_STEP in columns else _STEP)
    if key != _STEP and rows:
        try:
            whole = whole_steps(columns[key].values, f"{place}: {key}")
        except ImportFileError:
            if asked is not None:
                raise
            series.notes.append(f"{key} is no count of steps; the steps are W&B's own")
        else:
            series.step_key = key
            told = [one.rows for name, one in columns.items() if name not in _OWN]
            missing = len(np.setdiff1d(np.concatenate(told), columns[key].rows))
            if missing:
                series.notes.append(
                    f"{missing:,} rows of {rows:,} have no {key}; they stand at the one before"
                )
            found = np.full(rows, np.nan)
            found[columns[key].rows] = whole
            return _forward(found, 0.0).astype(np.int64)
    return whole_steps(own, f"{place}: {_STEP}")


def _filled(column: Values | None, rows: int, start: float) -> NDArray[np.float64]:
    found = np.full(rows, np.nan)
    if column is not None:
        found[column.rows] = column.values
    return _forward(found, start)


def _forward(values: NDArray[np.float64], first: float) -> NDArray[np.float64]:
    """NaN replaced by the value before."""
    known = np.flatnonzero(~np.isnan(values))
    before = np.searchsorted(known, np.arange(len(values)), "right") - 1
    return np.where(before >= 0, values[known[before]] if len(known) else first, first)


def _add_system(
    content: WandbContent, steps: NDArray[np.int64], series: WandbSeries, start: float
) -> None:
    """What W&B measured of the machine, at the step of the last row before."""
    times = _forward(np.asarray(content.times, np.float64), start)
    before = np.searchsorted(np.maximum.accumulate(series.times), times, "right") - 1
    at = np.where(before >= 0, steps[before], 0) if len(steps) else np.zeros(len(times), np.int64)
    for name, column in _numbers(content.system, series).items():
        rows = column.rows
        metric = f"{SYSTEM_PREFIX}{name}"
        series.points[metric] = points_of(at[rows], column.values, times[rows])


def _numbers(columns: Columns, series: WandbSeries) -> dict[str, Values]:
    """The numbers by key, keys below one another joined by a dot; what is none is counted."""
    found: dict[str, list[Values]] = {}
    for raw, column in columns.parts.items():
        name = ".".join(item_key(raw))
        if name == _RUNTIME:  # follows from the times
            continue
        for part in column:
            if (values := _plain_numbers(part)) is not None:
                found.setdefault(name, []).append(Values(part.rows, values))
                continue
            for below, one in _one_by_one(name, part, series).items():
                found.setdefault(below, []).append(one)
    return {name: parts[0] if len(parts) == 1 else _joined(parts) for name, parts in found.items()}


def _plain_numbers(part: Part) -> NDArray[np.float64] | None:
    """Texts as float64, each to the nearest; None where one is no number."""
    together = part.listed()
    try:
        # Read at once as a list of JSON, if there are as many numbers in it as texts.
        numbers = msgspec.json.decode(together, type=list[float])
        # A whole number has no -0 there.
        if len(numbers) == len(part.rows) and b"-0," not in together and b"-0]" not in together:
            return np.array(numbers)
    except msgspec.DecodeError:
        pass  # NaN and the infinities are no JSON
    try:
        return np.array(list(map(float, part.texts())))
    except ValueError:
        return None


def _joined(parts: list[Values]) -> Values:
    """The columns of one key that was written in two ways."""
    rows = np.concatenate([part.rows for part in parts])
    order = np.argsort(rows, kind="stable")
    return Values(rows[order], np.concatenate([part.values for part in parts])[order])


def _one_by_one(name: str, part: Part, series: WandbSeries) -> dict[str, Values]:
    rows: dict[str, list[int]] = {}
    values: dict[str, list[float]] = {}

    def add(key: str, value: JsonValue, row: int, depth: int) -> None:
        if isinstance(value, dict) and "_type" not in value and depth < _DEEPEST:
            for below, one in value.items():
                add(f"{key}.{below}", one, row, depth + 1)
        elif isinstance(value, bool | int | float) or (isinstance(value, str) and value in _WORDS):
            number = _WORDS[value] if isinstance(value, str) else _float(value)
            rows.setdefault(key, []).append(row)
            values.setdefault(key, []).append(number)
        elif value is None:
            series.empty += 1
        else:
            series.left_out[_kind(value)] += 1

    for row, text in zip(part.rows.tolist(), part.texts(), strict=True):
        add(name, json_value(text), row, 0)
    return {key: Values(np.array(rows[key], np.int64), np.array(values[key])) for key in rows}


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _kind(value: JsonValue) -> str:
    if isinstance(value, dict):
        return str(value.get("_type", "mapping"))[:40]
    return "text" if isinstance(value, str) else "list"
