"""Resamples of few runs as numbers: there are so few different ones that a table has them all.

Of n runs there are C(2n - 1, n) different resamples: 10 of three runs, 126 of five. A statistic of
a task that is wanted of many resamples, at every point of a curve, is computed once for each of
these *patterns* and looked up by the pattern's number.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations_with_replacement
from math import comb

import numpy as np
from numpy.typing import NDArray

from .draws import Counts

__all__ = ["MOST_RUNS", "pattern_numbers", "patterns"]

MOST_RUNS = 7
"""Of more runs there are too many patterns: the table would be longer than what it saves."""


@lru_cache
def patterns(runs: int) -> NDArray[np.uint8]:
    """How often each run is in each pattern, (runs x patterns), in the order of their numbers."""
    drawn = combinations_with_replacement(range(runs), runs)
    counts = np.array([np.bincount(one, minlength=runs) for one in drawn], np.uint8).T
    order = np.argsort(pattern_numbers(counts))
    return np.ascontiguousarray(counts[:, order])


def pattern_numbers(counts: Counts) -> NDArray[np.intp]:
    """The number of the pattern of every resample, (reps), from its counts (runs x reps).

    The numbers of at most `MOST_RUNS` runs are their ranks in the combinatorial number system:
    the bars between the runs stand at n - 1 of 2n - 1 places.
    """
    runs, reps = counts.shape
    numbers = np.zeros(reps, np.intp)
    drawn = np.zeros(reps, np.uint8)
    for place, row in enumerate(counts[:-1]):
        np.add(drawn, row, out=drawn, casting="unsafe")
        ranks = np.array([comb(place + up_to, place + 1) for up_to in range(runs + 1)], np.intp)
        numbers += ranks[drawn]
    return numbers
