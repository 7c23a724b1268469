"""Repeat rules: which rows count where a run logged a step more than once.

A run that was restarted under the same name, or a log that was written twice, has steps that go
back. A *pass* is a stretch of rows, in the order logged, whose steps never go back. A rule is a
small value that is called with the rows in the order logged and gives those that count; `text`
says it in the words of a caption, because the rule is part of the score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from .errors import UsageError, near

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "DEFAULT_REPEATS",
    "AverageRepeats",
    "KeepRepeats",
    "LastPass",
    "LongestPass",
    "RepeatCounts",
    "RepeatRule",
    "count_repeats",
    "parse_repeats",
]


@dataclass(frozen=True, slots=True)
class RepeatCounts:
    """How often a series came back: rows whose step was there before, and returns to one."""

    rows: int
    restarts: int


def count_repeats(steps: NDArray[np.int64]) -> RepeatCounts:
    """Count the rows that repeat a step and the places where steps go back; steps are (n)."""
    import numpy as np

    ahead = np.diff(steps)
    if (ahead > 0).all():
        return RepeatCounts(0, 0)
    backward = ahead < 0
    return RepeatCounts(len(steps) - len(np.unique(steps)), int(backward.sum()))


class RepeatRule(Protocol):
    """Chooses the rows of a run that count; never called with none."""

    @property
    def text(self) -> str:
        """The rule as a caption says it."""
        ...

    def __call__(
        self, steps: NDArray[np.int64], values: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The steps and values that count, of rows in the order logged, (n)."""
        ...


@dataclass(frozen=True, slots=True)
class KeepRepeats:
    """Every row counts, as it was logged."""

    text: str = "rows that repeat a step all count"

    def __call__(
        self, steps: NDArray[np.int64], values: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The rows themselves."""
        return steps, values


@dataclass(frozen=True, slots=True)
class AverageRepeats:
    """The rows of one step become one row with their mean; steps come out sorted."""

    text: str = "rows of one step are averaged"

    def __call__(
        self, steps: NDArray[np.int64], values: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """One row for each step; NaN where any of its values is."""
        import numpy as np

        order = np.argsort(steps, kind="stable")
        distinct, first, counts = np.unique(steps[order], return_index=True, return_counts=True)
        return distinct, np.add.reduceat(values[order], first) / counts


@dataclass(frozen=True, slots=True)
class LastPass:
    """Only the rows from the last place on where steps went back: the latest restart."""

    text: str = "of a restarted run only the rows since its last restart count"

    def __call__(
        self, steps: NDArray[np.int64], values: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The last pass."""
        start = _pass_starts(steps)[-1]
        return steps[start:], values[start:]


@dataclass(frozen=True, slots=True)
class LongestPass:
    """Only the pass that came farthest; of equal ones the latest. A restart that died is cut."""

    text: str = "of a restarted run only the pass that reached the largest step counts"

    def __call__(
        self, steps: NDArray[np.int64], values: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The pass with the largest last step."""
        starts = _pass_starts(steps)
        ends = [*starts[1:], len(steps)]
        start, end = max(
            zip(starts, ends, strict=True), key=lambda span: (int(steps[span[1] - 1]), span[0])
        )
        return steps[start:end], values[start:end]


DEFAULT_REPEATS = KeepRepeats()

_RULES: dict[str, RepeatRule] = {
    "keep": DEFAULT_REPEATS,
    "average": AverageRepeats(),
    "last-pass": LastPass(),
    "longest-pass": LongestPass(),
}


def parse_repeats(text: str) -> RepeatRule:
    """The rule that a command line names: keep, average, last-pass or longest-pass.

    Raises UsageError with the rules there are.
    """
    if text not in _RULES:
        raise UsageError(
            f"'{text}' is no rule for repeated steps; use {', '.join(_RULES)}{near(text, _RULES)}"
        )
    return _RULES[text]


def _pass_starts(steps: NDArray[np.int64]) -> Sequence[int]:
    import numpy as np

    return [0, *(int(at) for at in np.flatnonzero(np.diff(steps) < 0) + 1)]
