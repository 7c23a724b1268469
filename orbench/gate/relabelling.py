"""Relabelling: which runs of a task would be called the candidate's if the labels meant nothing.

A permutation test within tasks asks how often a random relabelling looks as bad as the labels
that the runs really have. Where there are few relabellings of all tasks together, every one is
made and the p-value is exact; else they are drawn at random, independently in each task, and the
true labels count as one more (Phipson & Smyth 2010), which keeps the test valid.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ..stats.draws import Seed, random_halves, random_words

__all__ = ["Relabelling", "relabellings", "ways"]

# The two sides of other comparisons draw with keys 0 and 1.
_KEY = 2
_HALF = np.uint64(32)

Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Relabelling:
    """Relabellings of one task's runs, those of the baseline first.

    `picks` has the places of the runs in the smaller group, (runs of that group x rows); the first
    row is the true one. `of_draw` has the row of each relabelling of the suite, (draws), the first
    draw being the true one; None where rows and draws are the same.
    """

    baseline: int
    candidate: int
    picks: Places
    of_draw: Places | None

    @property
    def picks_candidates(self) -> bool:
        """Whether the smaller group is the candidate's."""
        return _picks_candidates(self.baseline, self.candidate)

    def drawn(self, by_row: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values of rows, (... x rows), as values of draws, (... x draws)."""
        return by_row if self.of_draw is None else by_row.take(self.of_draw, axis=-1)


def ways(baseline: int, candidate: int) -> int:
    """How many relabellings of a task's runs there are, the true one among them."""
    return math.comb(baseline + candidate, candidate)


def relabellings(
    sizes: Sequence[tuple[int, int]], at_most: int, seed: Seed
) -> tuple[Relabelling, ...]:
    """Relabellings of tasks with (baseline, candidate) runs, one for each task, the same draws.

    All of them if there are no more than `at_most`, else `at_most` random ones and the true one.
    """
    words = random_words(seed, (_KEY,))
    counts = [ways(*size) for size in sizes]
    if math.prod(counts) <= at_most:
        every = np.indices(counts, dtype=np.intp).reshape(len(counts), -1)
        return tuple(
            Relabelling(*size, _all_picks(*size), rows)
            for size, rows in zip(sizes, every, strict=True)
        )
    found = []
    for size, count in zip(sizes, counts, strict=True):
        if count <= at_most:
            drawn = (random_halves(words, at_most).astype(np.uint64) * np.uint64(count)) >> _HALF
            rows = np.concatenate([[0], drawn.astype(np.intp)])
            found.append(Relabelling(*size, _all_picks(*size), rows))
        else:
            found.append(Relabelling(*size, _drawn_picks(words, *size, at_most), None))
    return tuple(found)


def _picks_candidates(baseline: int, candidate: int) -> bool:
    return candidate <= baseline


def _true_picks(baseline: int, candidate: int) -> range:
    runs = baseline + candidate
    return range(baseline, runs) if _picks_candidates(baseline, candidate) else range(baseline)


def _all_picks(baseline: int, candidate: int) -> Places:
    """Every relabelling, the true one first."""
    true = tuple(_true_picks(baseline, candidate))
    others = (
        picks for picks in combinations(range(baseline + candidate), len(true)) if picks != true
    )
    return np.array([true, *others], dtype=np.intp).T.copy()


def _drawn_picks(words: np.random.PCG64, baseline: int, candidate: int, draws: int) -> Places:
    """The true relabelling, then random ones: sampling without replacement by Floyd's method.

    Bentley & Floyd 1987, "A sample of brilliance": for each place j of the last `size` places, a
    random place up to j is picked, or j itself if that one is picked already.
    """
    true = _true_picks(baseline, candidate)
    runs, size = baseline + candidate, len(true)
    picks = np.empty((size, draws + 1), dtype=np.intp)
    picks[:, 0] = true
    taken = np.zeros((runs, draws), dtype=np.bool_)
    columns = np.arange(draws)
    for row, last in enumerate(range(runs - size, runs)):
        halves = random_halves(words, draws).astype(np.uint64)
        place = ((halves * np.uint64(last + 1)) >> _HALF).astype(np.intp)
        place[taken[place, columns]] = last
        taken[place, columns] = True
        picks[row, 1:] = place
    return picks
