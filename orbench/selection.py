"""Selection rules: how the series of a run becomes one score.

A rule is a small value with `__call__`; `text` says it in the words of a caption, because the
rule is part of the score. Rules see the rows sorted by step (stably: repeats keep their order).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from .errors import UsageError, near

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "DEFAULT_SELECTION",
    "AreaUnderCurve",
    "AtStep",
    "Best",
    "Last",
    "LastFraction",
    "LastRows",
    "Lowest",
    "Selection",
    "parse_selection",
]


class Selection(Protocol):
    """Makes one score of a run; NaN if the rows do not give one."""

    @property
    def text(self) -> str:
        """The rule as a caption says it."""
        ...

    def __call__(self, steps: NDArray[np.int64], values: NDArray[np.float64]) -> float:
        """The score of rows sorted by step; both arrays are (n), n >= 1."""
        ...


@dataclass(frozen=True, slots=True)
class Last:
    """The value at the largest step."""

    text: str = "the last value of a run"

    def __call__(self, steps: NDArray[np.int64], values: NDArray[np.float64]) -> float:
        """The last value."""
        return float(values[-1])


@dataclass(frozen=True, slots=True)
class LastRows:
    """The mean of the last `rows` rows; of all rows where a run has fewer."""

    rows: int

    @property
    def text(self) -> str:
        """The rule as a caption says it."""
        return f"the mean of the last {self.rows} rows of a run"

    def __call__(self, steps: NDArray[np.int64], values: NDArray[np.float64]) -> float:
        """The mean of the last rows."""
        return _mean(values[-self.rows :])


@dataclass(frozen=True, slots=True)
class LastFraction:
    """The mean of the rows in the last `percent` of a run's steps."""

    percent: float

    @property
    def text(self) -> str:
        """The rule as a caption says it."""
        return f"the mean over the last {self.percent:g}% of a run's steps"

    def __call__(self, steps: NDArray[np.int64], values: NDArray[np.float64]) -> float:
        """The mean of the rows at or after the start of the last part; the last row is in it."""
        first, last = int(steps[0]), int(steps[-1])
        return _mean(values[steps >= last - (last - first) * self.percent / 100])


@dataclass(frozen=True, slots=True)
class Best:
    """The highest value that a run ever had. Optimistic: it picks on the noise."""

    text: str = "the highest value of a run"

    def __call__(self, steps: NDArray[np.int64], values: NDArray[np.float64]) -> float:
        """The maximum; NaN if any value is NaN."""
        return float(values.max())


@dataclass(frozen=True, slots=True)
class Lowest:
    """The lowest value that a run ever had. Optimistic where lower is better."""

    text: str = "the lowest value of a run"

    def __call__(self, steps: NDArray[np.int64], values: NDArray[np.float64]) -> float:
        """The minimum; NaN if any value is NaN."""
        return float(values.min())


@dataclass(frozen=True, slots=True)
class AtStep:
    """The value at the last row at or before `step`; NaN for a run that does not reach it."""

    step: int

    @property
    def text(self) -> str:
        """The rule as a caption says it."""
        return f"the value of a run at step {self.step:,}"

    def __call__(self, steps: NDArray[np.int64], values: NDArray[np.float64]) -> float:
        """The value in force at the step."""
        at = int((steps <= self.step).sum())
        return float(values[at - 1]) if at and steps[-1] >= self.step else math.nan


@dataclass(frozen=True, slots=True)
class AreaUnderCurve:
    """The area under the curve over the range of its steps: the mean height of the curve.

    The curve joins the rows by straight lines, from the first row to `until` or, None, to the last.
    In the units of the values; NaN for a run that does not reach `until`.
    """

    until: int | None = None

    @property
    def text(self) -> str:
        """The rule as a caption says it."""
        end = "" if self.until is None else f" up to step {self.until:,}"
        return f"the area under the curve of a run{end}, over its range of steps"

    def __call__(self, steps: NDArray[np.int64], values: NDArray[np.float64]) -> float:
        """The area over the range of steps; of a single step, the mean of its rows."""
        import numpy as np

        end = int(steps[-1]) if self.until is None else self.until
        if not steps[0] <= end <= steps[-1]:
            return math.nan
        kept = int((steps <= end).sum())
        places = np.append(steps[:kept], end).astype(np.float64)
        last = np.interp(end, steps, values) if steps[kept - 1] < end else values[kept - 1]
        heights = np.append(values[:kept], last)
        if places[-1] == places[0]:
            return _mean(values[:kept])
        area = (np.diff(places) * (heights[1:] + heights[:-1]) / 2).sum()
        return float(area / (places[-1] - places[0]))


DEFAULT_SELECTION = LastFraction(10.0)

_FORMS = ("last", "last-100", "last-10%", "best", "lowest", "at-1000000", "auc", "auc-1000000")


def parse_selection(text: str) -> Selection:
    """The rule that a command line names, see the classes for what each is.

    last, last-ROWS, last-X%, best, lowest, at-STEP, auc (area under the curve) or auc-STEP. Raises
    UsageError with the forms there are.
    """
    plain: dict[str, Selection] = {
        "last": Last(),
        "best": Best(),
        "lowest": Lowest(),
        "auc": AreaUnderCurve(),
    }
    if text in plain:
        return plain[text]
    number = r"(\d+(?:\.\d+)?(?:e\d+)?)"
    if (rows := re.fullmatch(r"last-(\d+)", text)) and int(rows[1]) > 0:
        return LastRows(int(rows[1]))
    if (part := re.fullmatch(rf"last-{number}%", text)) and 0 < float(part[1]) <= 100:
        return LastFraction(float(part[1]))
    if (step := re.fullmatch(rf"at-{number}", text)) and float(step[1]).is_integer():
        return AtStep(int(float(step[1])))
    if (step := re.fullmatch(rf"auc-{number}", text)) and float(step[1]).is_integer():
        return AreaUnderCurve(int(float(step[1])))
    raise UsageError(
        f"'{text}' is no selection rule; use one like {', '.join(_FORMS)}{near(text, _FORMS)}"
    )


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean())
