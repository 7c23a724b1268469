"""The result of statistics that are a curve: a value with its interval at each of many places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .resampling import Resampling

__all__ = ["Band", "band_made_by"]


@dataclass(frozen=True, slots=True)
class Band:
    """A curve with its pointwise interval: `at`, `point`, `low` and `high`, float64 (points).

    `low` and `high` are None where there is no interval, and `note` says why; a single NaN in them
    is a place where the method gives none. `n` has the number of runs of every task.
    """

    statistic: str
    at: NDArray[np.float64]
    point: NDArray[np.float64]
    low: NDArray[np.float64] | None
    high: NDArray[np.float64] | None
    n: tuple[int, ...]
    method: str
    level: float
    reps: int
    note: str = ""


def band_made_by(
    resampling: Resampling,
    statistic: str,
    at: NDArray[np.float64],
    point: NDArray[np.float64],
    ends: tuple[NDArray[np.float64], NDArray[np.float64]] | None,
    n: tuple[int, ...],
    note: str,
) -> Band:
    """A band with the ends that `resampling` made; None for none, and `note` says why."""
    low, high = ends if ends is not None else (None, None)
    method, level, reps = resampling.interval.name, resampling.level, resampling.reps
    return Band(statistic, at, point, low, high, n, method, level, reps, note)
