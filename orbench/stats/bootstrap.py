"""The stratified bootstrap: whole runs are redrawn, with replacement, within each task.

The scheme is fixed, so that one seed gives the same bytes on every machine and with every version
of numpy: 64-bit words come from `PCG64(SeedSequence(seed, spawn_key=key))`, whose raw output numpy
promises never to change; each word gives two 32-bit halves, the low one first; a half h draws run
(h * n) >> 32 of n (bias below n / 2**32). Replicates come in blocks whose size depends on the
number of runs alone; within a block a task draws (picks x replicates) halves, tasks in order.

A resample is kept as counts (how often each run was drawn), which is all that a statistic needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..errors import ScoreError
from .aggregate import Statistic, TaskArrays

__all__ = ["MINIMUM_REPS", "Resample", "bootstrap", "draw_counts", "random_words", "resamples"]

MINIMUM_REPS = 100
"""Fewer replicates than this do not make an interval."""

Seed = int | np.random.Generator

_BLOCK_REPS = 8192
_BLOCK_CELLS = 32 * 2**20
# Up to here, comparing every pick with every run is faster than one histogram.
_FEW_RUNS = 32


class Resample:
    """A block of resamples of the scores: `counts` is one array (n_task x reps) per task."""

    def __init__(self, tasks: TaskArrays, counts: Sequence[NDArray[np.unsignedinteger]]) -> None:
        self.tasks = tasks
        self.counts = counts

    @property
    def reps(self) -> int:
        """The number of resamples."""
        return int(self.counts[0].shape[1])

    @cached_property
    def task_means(self) -> NDArray[np.float64]:
        """The mean over runs of every task in every resample, (tasks x reps)."""
        return self.task_means_of(self.tasks)

    def task_means_of(self, tasks: TaskArrays) -> NDArray[np.float64]:
        """The same for other scores of the same runs, (tasks x reps)."""
        means = np.zeros((len(tasks), self.reps))
        part = np.empty(self.reps)
        for total, column, counts in zip(means, tasks, self.counts, strict=True):
            for value, drawn in zip(column, counts, strict=True):
                total += np.multiply(drawn, value, out=part)
            total /= len(column)
        return means


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


def resamples(tasks: TaskArrays, reps: int, seed: Seed) -> Iterator[Resample]:
    """Blocks of resamples, `reps` in all. Memory is bounded whatever `reps` is.

    Raises ScoreError for fewer than `MINIMUM_REPS`.
    """
    if reps < MINIMUM_REPS:
        raise ScoreError(f"{reps} replicates make no interval; use at least {MINIMUM_REPS}")
    words = random_words(seed)
    runs = sum(len(column) for column in tasks)
    block = max(256, min(_BLOCK_REPS, _BLOCK_CELLS // runs))
    for start in range(0, reps, block):
        size = min(block, reps - start)
        yield Resample(tasks, [draw_counts(words, len(column), size) for column in tasks])


def random_words(seed: Seed, key: tuple[int, ...] = ()) -> np.random.PCG64:
    """The source of random words for a seed, or seeded by the next words of a generator.

    `key` gives independent sources of one seed, say for the two sides of a comparison.
    """
    if isinstance(seed, np.random.Generator):
        entropy = [int(word) for word in seed.bit_generator.random_raw(4)]
        return np.random.PCG64(np.random.SeedSequence(entropy, spawn_key=key))
    if seed < 0:
        raise ScoreError(f"the seed of a bootstrap is a number from 0, not {seed}")
    return np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key))


def draw_counts(words: np.random.PCG64, runs: int, reps: int) -> NDArray[np.unsignedinteger]:
    """How often each run is in each resample, (runs x reps); every column sums to `runs`."""
    needed = runs * reps
    # Little-endian on every machine: the low half of a word comes first.
    halves = words.random_raw((needed + 1) // 2).astype("<u8").view("<u4")[:needed]
    picks = (halves.astype(np.uint64) * np.uint64(runs)) >> np.uint64(32)
    return _counted(picks.reshape(runs, reps), runs)


def _counted(picks: NDArray[np.uint64], runs: int) -> NDArray[np.unsignedinteger]:
    reps = picks.shape[1]
    kind: type[np.unsignedinteger] = np.uint8 if runs < 256 else np.uint32
    if runs <= _FEW_RUNS:
        small = picks.astype(np.uint8)
        return np.stack([(small == run).sum(axis=0, dtype=np.uint8) for run in range(runs)])
    cells = picks.astype(np.intp) * reps + np.arange(reps)
    return np.bincount(cells.ravel(), minlength=runs * reps).reshape(runs, reps).astype(kind)
