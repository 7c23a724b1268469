"""Aggregates of scores over runs and tasks: mean, median, IQM and optimality gap.

Definitions are those of Agarwal et al. 2021 (rliable's `metrics`), extended to ragged scores: a run
on a task with n runs weighs 1/n, so that every task counts the same. With equal numbers of runs
the weights are equal and the values are rliable's.

A statistic is a small frozen value: called with scores it gives a number; `replicates` gives the
numbers of many resamples at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ScoreError, near
from .medians import medians

if TYPE_CHECKING:
    from .bootstrap import Resample
    from .draws import Counts

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
    "checked_runs",
    "statistic_named",
    "trimmed_mean",
]

_VALUES_AT_ONCE = 8

Scores = NDArray[np.float64] | Sequence[ArrayLike] | Mapping[str, ArrayLike]
"""Scores as callers have them: an array (runs) or (runs x tasks), one array of runs per task, or a
mapping from names of tasks to arrays of runs."""

TaskArrays = tuple[NDArray[np.float64], ...]
"""Scores as the statistics take them: one float64 array (n_task) per task, no NaN, none empty."""


def as_tasks(scores: Scores, label: str = "scores") -> TaskArrays:
    """One float64 array per task from an array (runs), (runs x tasks), a sequence or a mapping.

    A *sequence* is one array of runs for each task (ragged allowed), a *mapping* has them by the
    name of the task; only a numpy array is read as a matrix, rows runs. Raises ScoreError for other
    shapes, a task without runs, and values that are not finite, naming `label`, the task and the
    run by its place.
    """
    columns: dict[int | str, NDArray[np.generic]]
    if isinstance(scores, np.ndarray):
        if scores.ndim not in (1, 2):
            raise ScoreError(
                f"{label}: an array of scores is (runs) or (runs x tasks), not {scores.ndim}-D"
            )
        columns = dict(enumerate(scores.T if scores.ndim == 2 else [scores]))
    elif isinstance(scores, Mapping):
        columns = {task: np.asarray(column) for task, column in scores.items()}
    else:
        columns = {task: np.asarray(column) for task, column in enumerate(scores)}
    if not columns:
        raise ScoreError(f"{label}: there is no task to aggregate over")
    return tuple(checked_runs(column, label, task, 1) for task, column in columns.items())


def checked_runs(
    column: NDArray[np.generic], label: str, task: int | str, dimensions: int
) -> NDArray[np.float64]:
    """The runs of a task as float64, (n) or (n x points); raises ScoreError as `as_tasks` does."""
    if column.ndim != dimensions:
        shape = "runs" if dimensions == 1 else "runs x points"
        raise ScoreError(f"{label}: task {task} must be an array of {shape}, not {column.ndim}-D")
    if not len(column):
        raise ScoreError(f"{label}: task {task} has no run")
    values = np.ascontiguousarray(column, dtype=np.float64)
    finite = np.isfinite(values)
    if not finite.all():
        run, *point = np.argwhere(~finite)[0].tolist()
        at = f" at point {point[0]}" if point else ""
        value = values[~finite][0]
        raise ScoreError(f"{label}: run {run} of task {task} is {value}{at}, not a finite score")
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
        return medians(sample.task_means)


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
        return self.gamma - Mean()(tuple(np.minimum(column, self.gamma) for column in tasks))

    def replicates(self, sample: Resample) -> NDArray[np.float64]:
        """The statistic of every resample, (reps)."""
        # What is capped off is mostly nothing, and costs less to resample than what is left.
        excess = tuple(np.maximum(column - self.gamma, 0) for column in sample.tasks)
        over = _over_tasks(sample.task_means_of(excess))
        return self.gamma - (_over_tasks(sample.task_means) - over)


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
    counts: Sequence[Counts],
    masses: NDArray[np.float64] | None,
    cut: float,
) -> NDArray[np.float64]:
    """Means of resamples without a mass of `cut` at either end, (reps).

    `values` (N) is sorted; `counts[i]` (reps) says how often value i was drawn; `masses` (N) is
    what one draw of it weighs, None for 1 each (then all is done in exact integers).

    The sums run over sorted values one by one, not through BLAS or a blocked reduction, so that
    every machine adds in the same order and gives the same bits. Values that all resamples cut, or
    all keep, take a short way; only near the cuts is each resample asked for the mass it keeps.
    """
    total: float = len(values) if masses is None else sum(masses.tolist())
    scan = _Scan(counts, masses, cut, total - cut)
    for start in range(0, len(values), _VALUES_AT_ONCE):
        if not scan.advance(values[start : start + _VALUES_AT_ONCE], start):
            break
    return scan.sums / (total - 2 * cut)


class _Scan:
    """Sums up what lies between the cuts, from the lowest value to the highest."""

    def __init__(
        self,
        counts: Sequence[Counts],
        masses: NDArray[np.float64] | None,
        low: float,
        high: float,
    ) -> None:
        kind = np.float64 if masses is not None else np.int16 if len(counts) < 2**15 else np.int64
        reps = counts[0].shape[0]
        self.sums, self._part = np.zeros((2, reps))
        self._counts, self._masses = counts, masses
        self._low, self._high = kind(low), kind(high)
        self._below, self._after = np.zeros((2, reps), kind)
        self._weighed: NDArray[np.generic] = np.empty(reps, kind)
        # The mass below that is between the cuts: before a value, and with it.
        self._kept_before: NDArray[np.generic] = np.full(reps, self._low)
        self._kept_with: NDArray[np.generic] = np.empty(reps, kind)
        self._least = kind(0)  # over resamples, of the mass below

    def advance(self, values: NDArray[np.float64], first: int) -> bool:
        """Take the next values, from rank `first` on; false if all resamples cut what is left."""
        np.add(self._below, self._mass(first), out=self._after)
        for rank in range(first + 1, first + len(values)):
            np.add(self._after, self._mass(rank), out=self._after)
        most = self._after.max()
        if most > self._low:
            whole = self._least >= self._low and most <= self._high
            for rank, value in enumerate(values, first):
                mass = self._mass(rank) if whole else self._kept(rank)
                np.add(self.sums, np.multiply(mass, value, out=self._part), out=self.sums)
            if whole:
                np.copyto(self._kept_before, self._after)
            else:
                self._least = self._after.min()
        self._below, self._after = self._after, self._below
        return bool(self._least < self._high)

    def _mass(self, rank: int) -> NDArray[np.generic]:
        """The mass of a value in every resample."""
        if self._masses is None:
            return self._counts[rank]
        np.multiply(self._counts[rank], self._masses[rank], out=self._weighed)
        return self._weighed

    def _kept(self, rank: int) -> NDArray[np.generic]:
        """The part of its mass that is between the cuts; moves on."""
        np.add(self._below, self._mass(rank), out=self._below)
        np.maximum(self._below, self._low, out=self._kept_with)
        np.minimum(self._kept_with, self._high, out=self._kept_with)
        mass = self._kept_before
        np.subtract(self._kept_with, self._kept_before, out=mass)
        self._kept_before, self._kept_with = self._kept_with, mass
        return mass


def _iqm(tasks: TaskArrays, counts: Sequence[Counts]) -> NDArray[np.float64]:
    values = np.concatenate(tasks)
    order = np.argsort(values, kind="stable")
    rows = [row for task_counts in counts for row in task_counts]
    ranked = [rows[place] for place in order]
    cut = len(values) // 4
    whole = all(task_counts.dtype.kind == "u" for task_counts in counts)
    if whole and len({len(column) for column in tasks}) == 1:
        return trimmed_mean(values[order], ranked, None, cut)
    masses = np.concatenate([np.full(len(column), 1 / len(column)) for column in tasks])[order]
    return trimmed_mean(values[order], ranked, masses, cut / len(values) * len(tasks))


def _over_tasks(task_means: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean over the first axis, added in order."""
    total = np.zeros(task_means.shape[1])
    for row in task_means:
        total += row
    return total / len(task_means)
