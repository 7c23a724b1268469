"""Aggregates of scores over runs and tasks: mean, median, IQM and optimality gap.

Definitions are those of Agarwal et al. 2021 (rliable's `metrics`), extended to ragged scores: a run
on a task with n runs weighs 1/n, so that every task counts the same. With equal numbers of runs
the weights are equal and the values are rliable's.

A statistic is a small frozen value: called with scores it gives a number; `replicates` gives the
numbers of many resamples at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ScoreError, near

if TYPE_CHECKING:
    from .bootstrap import Resample

__all__ = [
    "IQM",
    "STATISTICS",
    "Mean",
    "Median",
    "OptimalityGap",
    "Scores",
    "Statistic",
    "TaskArrays",
    "as_tasks",
    "statistic_named",
    "trimmed_mean",
]

Scores = NDArray[np.float64] | Sequence[ArrayLike]
"""Scores as callers have them: an array (runs) or (runs x tasks), or one array of runs per task."""

TaskArrays = tuple[NDArray[np.float64], ...]
"""Scores as the statistics take them: one float64 array (n_task) per task, no NaN, none empty."""


def as_tasks(scores: Scores, label: str = "scores") -> TaskArrays:
    """One float64 array per task from an array (runs), (runs x tasks) or a sequence of arrays.

    A *sequence* is one array of runs for each task (ragged allowed); only a numpy array is read as
    a matrix, rows runs. Raises ScoreError for other shapes, a task without runs, and values that
    are not finite, naming `label`, the task and the run by their places.
    """
    if isinstance(scores, np.ndarray):
        if scores.ndim not in (1, 2):
            raise ScoreError(
                f"{label}: an array of scores is (runs) or (runs x tasks), not {scores.ndim}-D"
            )
        columns = list(scores.T) if scores.ndim == 2 else [scores]
    else:
        columns = [np.asarray(column) for column in scores]
    if not columns:
        raise ScoreError(f"{label}: there is no task to aggregate over")
    return tuple(_checked(column, label, task) for task, column in enumerate(columns))


def _checked(column: NDArray[np.generic], label: str, task: int) -> NDArray[np.float64]:
    if column.ndim != 1:
        raise ScoreError(f"{label}: task {task} must be an array of runs, not {column.ndim}-D")
    if not len(column):
        raise ScoreError(f"{label}: task {task} has no run")
    values = np.ascontiguousarray(column, dtype=np.float64)
    finite = np.isfinite(values)
    if not finite.all():
        run = int(np.argmin(finite))
        raise ScoreError(f"{label}: run {run} of task {task} is {values[run]}, not a finite score")
    return values


class Statistic(Protocol):
    """A number for the scores of a run set over its tasks."""

    @property
    def name(self) -> str:
        """The name in options and files."""
        ...

    @property
    def title(self) -> str:
        """The name in figures and tables."""
        ...

    def __call__(self, tasks: TaskArrays) -> float:
        """The statistic of the scores."""
        ...

    def replicates(self, sample: Resample) -> NDArray[np.float64]:
        """The statistic of every resample, (reps)."""
        ...


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean over tasks of the mean over runs."""

    name: str = "mean"
    title: str = "Mean"

    def __call__(self, tasks: TaskArrays) -> float:
        """The statistic of the scores."""
        return float(np.mean([column.mean() for column in tasks]))

    def replicates(self, sample: Resample) -> NDArray[np.float64]:
        """The statistic of every resample, (reps)."""
        return _over_tasks(sample.task_means)


@dataclass(frozen=True, slots=True)
class Median:
    """The median over tasks of the mean over runs."""

    name: str = "median"
    title: str = "Median"

    def __call__(self, tasks: TaskArrays) -> float:
        """The statistic of the scores."""
        return float(np.median([column.mean() for column in tasks]))

    def replicates(self, sample: Resample) -> NDArray[np.float64]:
        """The statistic of every resample, (reps)."""
        ordered = np.sort(sample.task_means.T, axis=1)
        middle = ordered.shape[1] // 2
        if ordered.shape[1] % 2:
            return ordered[:, middle].copy()
        return (ordered[:, middle - 1] + ordered[:, middle]) / 2


@dataclass(frozen=True, slots=True)
class IQM:
    """The interquartile mean: of all N run scores, without floor(N/4) at either end.

    Ragged: a run weighs 1/n_task, and a mass of floor(N/4)/N of the whole is cut at either end; a
    run on the cut counts with the part of its mass that is inside.
    """

    name: str = "iqm"
    title: str = "IQM"

    def __call__(self, tasks: TaskArrays) -> float:
        """The statistic of the scores."""
        ones = [np.ones((len(column), 1), dtype=np.uint8) for column in tasks]
        return float(_iqm(tasks, ones)[0])

    def replicates(self, sample: Resample) -> NDArray[np.float64]:
        """The statistic of every resample, (reps)."""
        return _iqm(sample.tasks, sample.counts)


@dataclass(frozen=True, slots=True)
class OptimalityGap:
    """By how much scores fall short of `gamma`: gamma - mean(min(score, gamma)), tasks alike."""

    gamma: float = 1.0
    name: str = "optimality_gap"
    title: str = "Optimality gap"

    def __call__(self, tasks: TaskArrays) -> float:
        """The statistic of the scores."""
        return self.gamma - Mean()(self._capped(tasks))

    def replicates(self, sample: Resample) -> NDArray[np.float64]:
        """The statistic of every resample, (reps)."""
        return self.gamma - _over_tasks(sample.task_means_of(self._capped(sample.tasks)))

    def _capped(self, tasks: TaskArrays) -> TaskArrays:
        return tuple(np.minimum(column, self.gamma) for column in tasks)


STATISTICS: dict[str, Statistic] = {
    one.name: one for one in (Mean(), Median(), IQM(), OptimalityGap())
}
"""The statistics by name."""


def statistic_named(name: str) -> Statistic:
    """The statistic of this name; raises ScoreError with near names."""
    if name not in STATISTICS:
        raise ScoreError(
            f"there is no statistic '{name}'; use {', '.join(STATISTICS)}{near(name, STATISTICS)}"
        )
    return STATISTICS[name]


def trimmed_mean(
    values: NDArray[np.float64],
    counts: Sequence[NDArray[np.unsignedinteger]],
    masses: NDArray[np.float64] | None,
    cut: float,
) -> NDArray[np.float64]:
    """Means of resamples without a mass of `cut` at either end, (reps).

    `values` (N) is sorted; `counts[i]` (reps) says how often value i was drawn; `masses` (N) is
    what one draw of it weighs, None for 1 each (then all is done in exact integers).

    The sums run over sorted values one by one, not through BLAS or a blocked reduction, so that
    every machine adds in the same order and gives the same bits.
    """
    reps = counts[0].shape[0]
    total: float = len(values) if masses is None else sum(masses.tolist())
    kind = np.int32 if masses is None else np.float64
    low, high = kind(cut), kind(total - cut)
    below = np.zeros(reps, kind)
    kept_before = np.full(reps, low, kind)
    kept, part = np.empty(reps, kind), np.empty(reps)
    result = np.zeros(reps)
    for rank, value in enumerate(values):
        if masses is None:
            np.add(below, counts[rank], out=below)
        else:
            np.add(below, np.multiply(counts[rank], masses[rank], out=part), out=below)
        np.maximum(below, low, out=kept)
        np.minimum(kept, high, out=kept)
        np.subtract(kept, kept_before, out=kept_before)
        np.add(result, np.multiply(kept_before, value, out=part), out=result)
        kept, kept_before = kept_before, kept
    return result / (total - 2 * cut)


def _iqm(tasks: TaskArrays, counts: Sequence[NDArray[np.unsignedinteger]]) -> NDArray[np.float64]:
    values = np.concatenate(tasks)
    order = np.argsort(values, kind="stable")
    rows = [row for task_counts in counts for row in task_counts]
    ranked = [rows[place] for place in order]
    cut = len(values) // 4
    if len({len(column) for column in tasks}) == 1:
        return trimmed_mean(values[order], ranked, None, cut)
    masses = np.concatenate([np.full(len(column), 1 / len(column)) for column in tasks])[order]
    return trimmed_mean(values[order], ranked, masses, cut / len(values) * len(tasks))


def _over_tasks(task_means: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean over the first axis, added in order."""
    total = np.zeros(task_means.shape[1])
    for row in task_means:
        total += row
    return total / len(task_means)
