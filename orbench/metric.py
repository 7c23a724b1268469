"""The metric: one named series of float64 values that a run logged, and its summary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .wording import number_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["SYSTEM_PREFIX", "Series", "SeriesSummary"]

SYSTEM_PREFIX = "system/"
"""Metrics that orbench samples itself (CPU, RAM, GPU, disk, network) start with this."""


@dataclass(frozen=True, slots=True)
class Series:
    """One metric of one run, as logged: any step order, repeats kept, NaN and infinities kept.

    `steps` is int64 (n), `values` and `wall_times` are float64 (n); wall times are seconds
    since the epoch. Points of one process stand in the order in which it logged them.
    """

    run_id: str
    metric: str
    steps: NDArray[np.int64]
    values: NDArray[np.float64]
    wall_times: NDArray[np.float64]

    def __len__(self) -> int:
        """The number of points."""
        return len(self.steps)

    def __repr__(self) -> str:
        """What a notebook shows: how much there is, not all of it."""
        reach = f", steps {self.steps.min()} to {self.steps.max()}" if len(self) else ""
        return (
            f"<Series {self.metric} of run {self.run_id}: {number_of(len(self), 'point')}{reach}>"
        )


@dataclass(frozen=True, slots=True)
class SeriesSummary:
    """What is known of a series without decoding it.

    `minimum` and `maximum` are over the values that are not NaN (NaN if there is none);
    `last` is the value logged last, at `last_step` and `last_wall_time`.
    """

    run_id: str
    metric: str
    n: int
    nan_count: int
    min_step: int
    max_step: int
    last_step: int
    minimum: float
    maximum: float
    last: float
    last_wall_time: float
