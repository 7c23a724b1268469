"""Rows of W&B as the points of metrics, and which steps they stand at.

W&B counts rows in `_step`. What a program calls its steps is a column of its own: the one that
orbench's pushes name in their mark, else `global_step`, by which RL libraries log. Rows without it
stand at the value before them, and are counted.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...metric import SYSTEM_PREFIX
from ...run_store import Points
from .history import STEP, TIME, Row

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["GLOBAL_STEP", "Columns", "event_columns", "flat", "step_axis"]

GLOBAL_STEP = "global_step"

_TEXT_NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_SYSTEM = "system."
_MOST_STEP = 2**63 - 1


@dataclass(slots=True)
class Columns:
    """The numbers of each key, with the row's `_step` and time; what is no number is counted."""

    steps: dict[str, array[int]] = field(default_factory=dict)
    values: dict[str, array[float]] = field(default_factory=dict)
    times: dict[str, array[float]] = field(default_factory=dict)
    others: dict[str, int] = field(default_factory=dict)
    no_time: float = 0.0

    def add(self, key: str, value: Any, step: int, time: object) -> None:  # Any: a cell
        """Add one cell of a row."""
        number = _number(value)
        if number is None:
            self.others[key] = self.others.get(key, 0) + 1
            return
        if key not in self.values:
            self.steps[key], self.values[key] = array("q"), array("d")
            self.times[key] = array("d")
        self.steps[key].append(step)
        self.values[key].append(number)
        at = _number(time)
        self.times[key].append(self.no_time if at is None else at)

    def points(self, key: str, axis: Axis | None = None) -> Points:
        """The points of a key, at its own `_step` or at the steps of an axis."""
        import numpy as np

        steps = np.array(self.steps[key], dtype=np.int64)
        return Points(
            steps if axis is None else axis.at(steps, key),
            np.array(self.values[key], dtype=np.float64),
            np.array(self.times[key], dtype=np.float64),
        )


@dataclass(slots=True)
class Axis:
    """Which step each row is at; `missing` counts the cells of each key whose row does not say."""

    rows: NDArray[np.int64]
    steps: NDArray[np.int64]
    missing: dict[str, int] = field(default_factory=dict)

    def at(self, rows: NDArray[np.int64], key: str) -> NDArray[np.int64]:
        """The steps of these rows: of the last row up to each that has one, before the first 0."""
        import numpy as np

        place = np.searchsorted(self.rows, rows, side="right") - 1
        found = np.where(place >= 0, self.steps[np.maximum(place, 0)], 0)
        exact = (place >= 0) & (self.rows[np.maximum(place, 0)] == rows)
        if not exact.all():
            self.missing[key] = int((~exact).sum())
        return found


def step_axis(columns: Columns, key: str) -> Axis | None:
    """The axis that a key gives; None if there are no such rows, or they are no whole numbers."""
    import numpy as np

    if key not in columns.values or columns.others.get(key):
        return None
    values = np.array(columns.values[key])
    if not (np.isfinite(values).all() and (values == np.rint(values)).all()):
        return None
    if (values < 0).any() or (values > 2**53).any():
        return None
    return Axis(np.array(columns.steps[key], dtype=np.int64), values.astype(np.int64))


def event_columns(rows: Iterable[Row], step_key: str, no_time: float) -> Columns:
    """System metrics by orbench's names; without a step they stand at the run's age in seconds."""
    columns = Columns(no_time=no_time)
    for row in rows:
        told = row.get(step_key, row.get(f"{_SYSTEM}{step_key}", row.get("_runtime")))
        step = int(told) if isinstance(told, int | float) and 0 <= told < _MOST_STEP else 0
        for key, value in flat(row):
            if key.startswith(_SYSTEM) and key != f"{_SYSTEM}{step_key}":
                name = f"{SYSTEM_PREFIX}{key.removeprefix(_SYSTEM)}"
                columns.add(name, value, step, row.get(TIME))
    return columns


def flat(row: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The cells of a row under dotted keys, without `_step` and time; media stay whole."""
    for key, value in row.items():
        if not prefix and key in (STEP, TIME, "_runtime", "_wandb"):
            continue
        if isinstance(value, dict) and "_type" not in value:
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _number(value: object) -> float | None:
    if isinstance(value, bool | int | float):
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    return _TEXT_NUMBERS.get(value) if isinstance(value, str) else None
