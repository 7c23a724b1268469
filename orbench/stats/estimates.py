"""Aggregates with intervals, for scores that people already have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .aggregate import Scores, Statistic, TaskArrays, statistic_named
from .bootstrap import Resample
from .draws import Seed
from .intervals import Interval
from .labelled import labelled_tasks
from .resampling import ONE_SIDED, Resampling, check_engine, none_if_nan, single_run_note

__all__ = ["Estimate", "estimate_all", "interval_estimates"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statistic with its interval.

    `low` and `high` are None where there is none, and `note` says why. `n` has the number
    of runs of every task.
    """

    statistic: str
    point: float
    low: float | None
    high: float | None
    n: tuple[int, ...]
    method: str
    level: float
    reps: int
    note: str = ""


def interval_estimates(
    scores: Mapping[str, Scores],
    *,
    statistics: Sequence[str | Statistic] = ("mean", "median", "iqm", "optimality_gap"),
    method: str = "percentile",
    level: float = 0.95,
    reps: int = 50_000,
    seed: Seed = 0,
    over_tasks: bool = False,
    engine: str = "numpy",
) -> dict[str, dict[str, Estimate]]:
    """Aggregates with stratified bootstrap intervals, by label and by name of the statistic.

    `scores` maps a label to an array (runs) or (runs x tasks) or, ragged, to one array of runs per
    task, or to a mapping from the names of tasks to arrays of runs. Units are those of the scores.
    `method` is one of `INTERVALS`; `over_tasks` redraws the tasks too, for statements about tasks
    like these; `engine` "rliable" has the rliable package make the intervals (extra `rliable`).

    An int `seed` gives a label the same interval whatever else is in `scores`. Where a task has one
    run there is no interval, and the estimate says so. Raises ScoreError for scores that are not
    finite, tasks that differ between labels, fewer than 100 `reps` and unknown names.
    Source: Agarwal et al. 2021, section 4; the methods see `INTERVALS`.
    """
    chosen = [statistic_named(one) if isinstance(one, str) else one for one in statistics]
    resampling = Resampling.named(method, level, reps, seed, over_tasks=over_tasks)
    return {
        label: {one.statistic: one for one in estimates(tasks, chosen, resampling, engine)}
        for label, tasks in labelled_tasks(scores).items()
    }


def estimate_all(
    tasks: TaskArrays,
    statistics: Sequence[Statistic],
    interval: Interval,
    *,
    level: float,
    reps: int,
    seed: Seed,
    engine: str = "numpy",
) -> list[Estimate]:
    """Every statistic of the scores with its interval, from the same resamples."""
    return estimates(tasks, statistics, Resampling(interval, level, reps, seed), engine)


def estimates(
    tasks: TaskArrays, statistics: Sequence[Statistic], resampling: Resampling, engine: str
) -> list[Estimate]:
    """As `estimate_all`, with everything an interval depends on in one value."""
    check_engine(engine)
    n = tuple(len(column) for column in tasks)
    points = np.array([statistic(tasks) for statistic in statistics])
    note = single_run_note(n)
    low = high = np.full(len(points), np.nan)
    if not note and engine == "rliable":
        from .rliable_engine import aggregate_ends

        low, high = aggregate_ends(tasks, statistics, resampling)
    elif not note:

        def all_of_them(sample: Resample) -> NDArray[np.float64]:
            return np.stack([statistic.replicates(sample) for statistic in statistics])

        low, high = resampling.ends((tasks,), all_of_them, points)
    return [
        Estimate(
            statistic.name,
            float(point),
            none_if_nan(start),
            none_if_nan(end),
            n,
            resampling.interval.name,
            resampling.level,
            resampling.reps,
            note or (ONE_SIDED if np.isnan(start) else ""),
        )
        for statistic, point, start, end in zip(statistics, points, low, high, strict=True)
    ]
