"""Random draws of runs by a scheme that is fixed for good.

One seed gives the same bytes on every machine and with every version of numpy: 64-bit words come
from `PCG64(SeedSequence(seed, spawn_key=key))`, whose raw output numpy promises never to change;
each word gives two 32-bit halves, the low one first; a half h draws run (h * n) >> 32 of n (bias
below n / 2**32). For one task (picks x replicates) halves are drawn, row by row.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import ScoreError

__all__ = [
    "Counts",
    "Seed",
    "as_int_seed",
    "draw_counts",
    "draw_over_tasks",
    "random_halves",
    "random_words",
]

Seed = int | np.random.Generator
"""A seed from 0, or a generator whose next words are the seed."""

Counts = NDArray[np.unsignedinteger] | NDArray[np.float64]
"""How often, or with what weight, each run is in each resample: (runs x reps)."""

_HALF = np.uint64(32)
# Up to here, comparing every pick with every run is faster than one histogram.
_FEW_RUNS = 24
# Columns of one histogram: its bins and its picks together stay in the cache next to the core.
_CELLS_AT_ONCE = 51_200


def random_words(seed: Seed, key: tuple[int, ...] = ()) -> np.random.PCG64:
    """The source of random words for a seed, or seeded by the next words of a generator.

    `key` gives independent sources of one seed, say for the two sides of a comparison. Raises
    ScoreError for a seed below 0.
    """
    if isinstance(seed, np.random.Generator):
        entropy = [int(word) for word in seed.bit_generator.random_raw(4)]
        return np.random.PCG64(np.random.SeedSequence(entropy, spawn_key=key))
    if seed < 0:
        raise ScoreError(f"the seed of a bootstrap is a number from 0, not {seed}")
    return np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key))


def as_int_seed(seed: Seed) -> int:
    """The seed itself, or one of the next words of a generator."""
    if not isinstance(seed, np.random.Generator):
        return seed
    return int.from_bytes(random_words(seed).random_raw(2).astype("<u8").tobytes(), "little")


def draw_counts(words: np.random.PCG64, runs: int, reps: int) -> NDArray[np.unsignedinteger]:
    """How often each run is in each resample, (runs x reps); every column sums to `runs`."""
    halves = random_halves(words, runs * reps).reshape(runs, reps)
    return _compared(halves) if runs <= _FEW_RUNS else _histogrammed(halves)


def draw_over_tasks(
    words: np.random.PCG64, sizes: Sequence[int], reps: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Tasks redrawn, then runs within each: the task of a slot, (tasks x reps), and its runs.

    The runs of a slot, (tasks x most runs x reps), count from 0 through all tasks; -1 fills up
    where the task drawn has fewer runs. Slot by slot, `reps` halves draw the tasks, then (most runs
    x reps) halves the runs.
    """
    most, tasks = max(sizes), len(sizes)
    of_task = np.asarray(sizes, dtype=np.uint64)
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    drawn = np.empty((tasks, reps), np.int64)
    picks = np.empty((tasks, most, reps), np.int64)
    for slot in range(tasks):
        drawn[slot] = (random_halves(words, reps).astype(np.uint64) * np.uint64(tasks)) >> _HALF
        halves = random_halves(words, most * reps).reshape(most, reps).astype(np.uint64)
        size = of_task[drawn[slot]]
        picks[slot] = first[drawn[slot]] + ((halves * size) >> _HALF).astype(np.int64)
        picks[slot][np.arange(most)[:, None] >= size.astype(np.int64)] = -1
    return drawn, picks


def random_halves(words: np.random.PCG64, needed: int) -> NDArray[np.uint32]:
    """The next `needed` halves of words."""
    # Little-endian on every machine: the low half of a word comes first.
    raw = words.random_raw((needed + 1) // 2).astype("<u8", copy=False)
    return raw.view("<u4")[:needed]


def _compared(halves: NDArray[np.uint32]) -> NDArray[np.unsignedinteger]:
    """Counts of few runs: all picks are compared with each run."""
    runs, reps = halves.shape
    wide = np.empty((runs, reps), np.uint64)
    np.multiply(halves, np.uint64(runs), out=wide)
    picks = np.right_shift(wide, _HALF, out=wide).astype(np.uint8)
    same = np.empty((runs, reps), np.bool_)
    counts = np.empty((runs, reps), np.uint8)
    for run, row in enumerate(counts):
        np.equal(picks, run, out=same)
        np.add.reduce(same.view(np.uint8), axis=0, dtype=np.uint8, out=row)
    return counts


def _histogrammed(halves: NDArray[np.uint32]) -> NDArray[np.unsignedinteger]:
    """Counts of many runs: histograms of (run, replicate) over some replicates at a time."""
    runs, reps = halves.shape
    kind: type[np.unsignedinteger] = np.uint8 if runs < 256 else np.uint32
    counts = np.empty((runs, reps), kind)
    width = max(1, min(reps, _CELLS_AT_ONCE // runs))
    cells = np.empty((runs, width), np.uint64)
    for start in range(0, reps, width):
        size = min(width, reps - start)
        if size < width:
            cells = np.empty((runs, size), np.uint64)
        np.multiply(halves[:, start : start + size], np.uint64(runs), out=cells)
        np.right_shift(cells, _HALF, out=cells)
        np.multiply(cells, np.uint64(size), out=cells)
        np.add(cells, np.arange(size, dtype=np.uint64), out=cells)
        found = np.zeros(runs * size, kind)
        # Faster than bincount, whose bins have eight bytes each.
        np.add.at(found, cells.view(np.int64).ravel(), kind(1))
        counts[:, start : start + size] = found.reshape(runs, size)
    return counts
