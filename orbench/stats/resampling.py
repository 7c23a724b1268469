"""How an interval is asked for, and how it is made from one or several run sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..errors import ScoreError, near
from .aggregate import TaskArrays
from .bootstrap import Resample, check_reps, identity, leave_one_out, resamples, resamples_of_sets
from .draws import Seed, as_int_seed
from .intervals import BCa, Evidence, Interval, check_level, interval_named

__all__ = [
    "ENGINES",
    "ONE_SIDED",
    "Ends",
    "Resampling",
    "check_engine",
    "none_if_nan",
    "single_run_note",
]

ENGINES = ("numpy", "rliable")
"""What computes intervals: orbench itself, or the rliable package (extra `rliable`)."""

Ends = tuple[NDArray[np.float64], NDArray[np.float64]]

ONE_SIDED = "all replicates are on one side of the point: no interval"
"""The note of an estimate whose method gives no interval for its replicates."""


@dataclass(frozen=True, slots=True)
class Resampling:
    """An interval method with its level, replicates and seed.

    `over_tasks` redraws tasks as well as runs; `paired` draws the same runs in both run sets.
    """

    interval: Interval
    level: float
    reps: int
    seed: Seed
    over_tasks: bool = False
    paired: bool = False

    def __post_init__(self) -> None:
        """Raise ScoreError for a level, a number of replicates or a mix that gives no interval."""
        check_level(self.level)
        check_reps(self.reps)
        if self.over_tasks and isinstance(self.interval, BCa):
            raise ScoreError(
                "bca is for resampling over runs alone; use bc where tasks are redrawn"
            )

    @classmethod
    def named(
        cls,
        method: str,
        level: float,
        reps: int,
        seed: Seed,
        *,
        over_tasks: bool = False,
        paired: bool = False,
    ) -> Resampling:
        """With the interval method of this name; raises ScoreError for what gives no interval."""
        return cls(interval_named(method), level, reps, seed, over_tasks, paired)

    def with_int_seed(self) -> Resampling:
        """The same with a seed that can be used again, where it was a generator."""
        return replace(self, seed=as_int_seed(self.seed))

    def ends(
        self,
        sets: Sequence[TaskArrays],
        statistic: Callable[..., NDArray[np.float64]],
        point: NDArray[np.float64] | np.float64,
        columns: Sequence[NDArray[np.float64]] | None = None,
    ) -> Ends:
        """The interval of a statistic whose value is `point`, (...).

        `statistic` takes one `Resample` for each run set and gives (... x reps). `columns` are
        what varies (see `Evidence`), by default the scores themselves. A replicate that is NaN
        leaves no interval.
        """
        replicates = np.concatenate([statistic(*block) for block in self._blocks(sets)], axis=-1)
        if columns is None:
            columns = [column for tasks in sets for column in tasks]
        if self.over_tasks:
            columns = [np.array([column.mean() for tasks in sets for column in tasks])]
        evidence = Evidence(
            np.asarray(point), replicates, columns, lambda: _left_out(sets, statistic)
        )
        low, high = self.interval(evidence, self.level)
        undefined = np.isnan(replicates).any(axis=-1)
        return np.where(undefined, np.nan, low), np.where(undefined, np.nan, high)

    def _blocks(self, sets: Sequence[TaskArrays]) -> Iterator[tuple[Resample, ...]]:
        if len(sets) > 1:
            return resamples_of_sets(sets, self.reps, self.seed, paired=self.paired)
        alone = resamples(sets[0], self.reps, self.seed, over_tasks=self.over_tasks)
        return ((sample,) for sample in alone)


def check_engine(name: str) -> None:
    """Raise ScoreError, with near names, unless there is such an engine."""
    if name not in ENGINES:
        raise ScoreError(
            f"there is no engine '{name}'; use {' or '.join(ENGINES)}{near(name, ENGINES)}"
        )


def single_run_note(n: Sequence[int]) -> str:
    """Why there is no interval where a task has one run; empty where all have more."""
    single = sum(1 for size in n if size == 1)
    if not single:
        return ""
    where = "" if len(n) == 1 else f" on {single} of {len(n)} tasks"
    return f"n=1{where}: no interval"


def none_if_nan(value: float) -> float | None:
    """The end of an interval, or None where the method gives none."""
    return None if np.isnan(value) else float(value)


def _left_out(
    sets: Sequence[TaskArrays], statistic: Callable[..., NDArray[np.float64]]
) -> list[NDArray[np.float64]]:
    """The statistic without each run, one array (... x n_task) per task of every set."""
    found = []
    for place, tasks in enumerate(sets):
        without = leave_one_out(tasks)
        samples = [identity(other, without.reps) for other in sets]
        samples[place] = without
        ends = np.cumsum([len(column) for column in tasks])[:-1]
        found += np.split(statistic(*samples), ends, axis=-1)
    return found
