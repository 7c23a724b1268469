"""The stratified bootstrap: whole runs are redrawn, with replacement, within each task.

Draws are made as `draws` fixes; replicates come in blocks whose size depends on the number of runs
alone, and within a block tasks are drawn in order. A resample is kept as counts (how often each run
was drawn), which is all that a statistic needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from ..errors import ScoreError
from .aggregate import Statistic, TaskArrays
from .draws import Counts, Seed, as_int_seed, draw_counts, draw_over_tasks, random_words
from .patterns import MOST_RUNS, pattern_numbers, patterns

__all__ = [
    "MINIMUM_REPS",
    "Resample",
    "bootstrap",
    "check_reps",
    "identity",
    "leave_one_out",
    "resamples",
    "resamples_of_sets",
]

MINIMUM_REPS = 100
"""Fewer replicates than this do not make an interval."""

# Means that differ by less than this part of their size differ by the order of adding up.
_ROUNDING = 1e-12
_BLOCK_REPS = 8192
_BLOCK_CELLS = 32 * 2**20
# Run sets of equal sizes see the same draws: so many are remembered while they are this small.
_REMEMBERED, _REMEMBERED_CELLS = 4, 8 * 2**20


class Resample:
    """A block of resamples of the scores: `counts` is one array (n_task x reps) per task.

    `numbers` are the numbers of their patterns, if known, for each task that has few runs.
    """

    def __init__(
        self,
        tasks: TaskArrays,
        counts: Sequence[Counts],
        numbers: Sequence[NDArray[np.intp] | None] = (),
    ) -> None:
        self.tasks = tasks
        self.counts = counts
        self._numbers = numbers or [None] * len(counts)

    @property
    def reps(self) -> int:
        """The number of resamples."""
        return int(self.counts[0].shape[1])

    @cached_property
    def task_means(self) -> NDArray[np.float64]:
        """The mean over runs of every task in every resample, (tasks x reps)."""
        return self.task_means_of(self.tasks)

    @cached_property
    def mean_rounding(self) -> NDArray[np.float64]:
        """What a mean of `task_means` may be off for the order of adding up, (tasks x reps)."""
        if all((column >= 0).all() for column in self.tasks):
            return _ROUNDING * self.task_means
        return _ROUNDING * self.task_means_of(tuple(np.abs(column) for column in self.tasks))

    def task_means_of(self, tasks: TaskArrays) -> NDArray[np.float64]:
        """The same for other scores of the same runs, (tasks x reps)."""
        # Rows a power of two apart would share the same few places in the cache.
        means = np.zeros((len(tasks), self.reps + 8))[:, : self.reps]
        for row, column, counts, numbers in zip(
            means, tasks, self.counts, self._numbers, strict=True
        ):
            if not column.any():
                continue
            if numbers is None:
                _add_means(column, counts, row)
            else:
                of_patterns = np.zeros(patterns(len(column)).shape[1])
                _add_means(column, patterns(len(column)), of_patterns)
                of_patterns.take(numbers, out=row, mode="clip")
        return means

    def at_points(self, curves: TaskArrays) -> Iterator[Resample]:
        """The same resamples of what `curves`, one array (n_task x points) per task, have there."""
        numbers = [
            pattern_numbers(counts)
            if counts.dtype.kind == "u" and len(counts) <= MOST_RUNS
            else None
            for counts in self.counts
        ]
        for point in range(curves[0].shape[1]):
            yield Resample(tuple(curve[:, point] for curve in curves), self.counts, numbers)


def _add_means(column: NDArray[np.float64], counts: Counts, to: NDArray[np.float64]) -> None:
    """Add to zeros (reps) the means of runs (n) of which `counts` (n x reps) were drawn."""
    part = np.empty(len(to))
    for value, drawn in zip(column, counts, strict=True):
        if value:
            np.add(to, np.multiply(drawn, value, out=part), out=to)
    to /= len(column)


class _TaskResample(Resample):
    """Resamples whose tasks were redrawn too; a row of `task_means` is a slot for a task."""

    def __init__(
        self, tasks: TaskArrays, drawn: NDArray[np.int64], picks: NDArray[np.int64]
    ) -> None:
        reps = drawn.shape[1]
        runs = sum(len(column) for column in tasks)
        cells = (picks * reps + np.arange(reps))[picks >= 0]
        counts = np.bincount(cells, minlength=runs * reps).reshape(runs, reps).astype(np.uint32)
        ends = np.cumsum([len(column) for column in tasks])
        super().__init__(tasks, np.split(counts, ends[:-1]))
        self._sizes = np.array([len(column) for column in tasks])[drawn]
        self._picks = picks

    def task_means_of(self, tasks: TaskArrays) -> NDArray[np.float64]:
        """The means of the tasks drawn, (slots x reps); added run by run."""
        values = np.append(np.concatenate(tasks), 0.0)
        total = np.zeros(self._sizes.shape)
        for run in range(self._picks.shape[1]):
            total += values[self._picks[:, run]]
        means: NDArray[np.float64] = total / self._sizes
        return means


def identity(tasks: TaskArrays, reps: int = 1) -> Resample:
    """Resamples that are the scores themselves."""
    return Resample(tasks, [np.ones((len(column), reps), np.uint8) for column in tasks])


def leave_one_out(tasks: TaskArrays) -> Resample:
    """As many resamples as there are runs, each without one run, task by task.

    The other runs of its task weigh n / (n - 1). Every task needs two runs.
    """
    ends = np.cumsum([len(column) for column in tasks])
    counts = np.ones((ends[-1], ends[-1]))
    for column, end in zip(tasks, ends, strict=True):
        own = slice(end - len(column), end)
        counts[own, own] = (1 - np.eye(len(column))) * (len(column) / (len(column) - 1))
    return Resample(tasks, np.split(counts, ends[:-1]))


def bootstrap(
    tasks: TaskArrays, statistics: Sequence[Statistic], reps: int, seed: Seed
) -> NDArray[np.float64]:
    """The statistics of `reps` resamples, (statistics x reps); all see the same resamples."""
    found = np.empty((len(statistics), reps))
    done = 0
    for sample in resamples(tasks, reps, seed):
        for row, statistic in zip(found, statistics, strict=True):
            row[done : done + sample.reps] = statistic.replicates(sample)
        done += sample.reps
    return found


def resamples(
    tasks: TaskArrays,
    reps: int,
    seed: Seed,
    *,
    key: tuple[int, ...] = (),
    over_tasks: bool = False,
) -> Iterator[Resample]:
    """Blocks of resamples, `reps` in all. Memory is bounded whatever `reps` is.

    `over_tasks` redraws the tasks as well, and then runs for each task drawn. `key` gives
    independent resamples of one seed. Raises ScoreError for fewer than `MINIMUM_REPS`.
    """
    check_reps(reps)
    sizes = tuple(len(column) for column in tasks)
    if not over_tasks:
        for counts in _drawn(seed, key, sizes, reps):
            yield Resample(tasks, counts)
        return
    words = random_words(seed, key)
    for size in _blocks(reps, sum(sizes)):
        yield _TaskResample(tasks, *draw_over_tasks(words, sizes, size))


def resamples_of_sets(
    sets: Sequence[TaskArrays], reps: int, seed: Seed, *, paired: bool = False
) -> Iterator[tuple[Resample, ...]]:
    """Blocks of resamples of several run sets, each set drawn on its own.

    `paired` draws the same runs in every set, by their places; tasks need equal numbers of runs.
    """
    check_reps(reps)
    # All sets of one call start from the same words and differ by their key.
    seed = as_int_seed(seed)
    most = max(sum(len(column) for column in tasks) for tasks in sets)
    drawn = [
        _drawn(seed, (0 if paired else place,), tuple(len(column) for column in tasks), reps, most)
        for place, tasks in enumerate(sets)
    ]
    for counts in zip(*drawn, strict=True):
        yield tuple(Resample(tasks, own) for tasks, own in zip(sets, counts, strict=True))


def check_reps(reps: int) -> None:
    """Raise ScoreError for fewer than `MINIMUM_REPS`."""
    if reps < MINIMUM_REPS:
        raise ScoreError(f"{reps} replicates make no interval; use at least {MINIMUM_REPS}")


def _drawn(
    seed: Seed, key: tuple[int, ...], sizes: tuple[int, ...], reps: int, runs: int = 0
) -> Iterator[tuple[Counts, ...]]:
    """The counts of tasks of these sizes, block by block as is right for so many runs."""
    runs = runs or sum(sizes)
    if isinstance(seed, np.random.Generator) or sum(sizes) * reps > _REMEMBERED_CELLS:
        return _drawn_now(seed, key, sizes, reps, runs)
    return iter(_remembered(seed, key, sizes, reps, runs))


@lru_cache(_REMEMBERED)
def _remembered(
    seed: int, key: tuple[int, ...], sizes: tuple[int, ...], reps: int, runs: int
) -> tuple[tuple[Counts, ...], ...]:
    blocks = tuple(_drawn_now(seed, key, sizes, reps, runs))
    for counts in blocks:
        for one in counts:
            one.setflags(write=False)
    return blocks


def _drawn_now(
    seed: Seed, key: tuple[int, ...], sizes: tuple[int, ...], reps: int, runs: int
) -> Iterator[tuple[Counts, ...]]:
    words = random_words(seed, key)
    for size in _blocks(reps, runs):
        yield tuple(draw_counts(words, each, size) for each in sizes)


def _blocks(reps: int, runs: int) -> Iterator[int]:
    """How many replicates are made at once, block by block, of so many runs."""
    block = max(256, min(_BLOCK_REPS, _BLOCK_CELLS // runs))
    for start in range(0, reps, block):
        yield min(block, reps - start)
