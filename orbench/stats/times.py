"""Time to a threshold: how long runs take to get good, with runs that never do.

A run that ends below the threshold is censored: it would have taken longer, and how much is not
known. To leave it out flatters an algorithm that fails often. What is estimated is the restricted
mean: the mean time until the threshold or the horizon, whichever comes first, after the
product-limit estimator. It is always defined, where a median needs half of the runs to arrive.

Sources: Kaplan & Meier 1958; Royston & Parmar 2013, "Restricted mean survival time".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ScoreError
from .aggregate import Scores, TaskArrays, as_tasks
from .bootstrap import Resample, identity
from .draws import Counts, Seed
from .resampling import ONE_SIDED, Resampling, none_if_nan, single_run_note

__all__ = ["TimeEstimate", "first_reach", "time_to_threshold"]


@dataclass(frozen=True, slots=True)
class TimeEstimate:
    """The mean time to the threshold, restricted to `horizon`, with its interval.

    `reached` and `n` have the numbers of runs of every task: that reached the threshold by the
    horizon, and in all. `low` and `high` are None where `note` says why.
    """

    point: float
    low: float | None
    high: float | None
    horizon: float
    reached: tuple[int, ...]
    n: tuple[int, ...]
    method: str
    level: float
    reps: int
    note: str = ""


def first_reach(
    values: ArrayLike, at: ArrayLike, threshold: float, *, rising: bool = True
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """When each run first is at the threshold or beyond: times (n) and whether it was (n).

    `values` (runs x points) are at the places `at` (points), in steps, seconds or any unit. A run
    that never is has the last place and False: it is censored there. `rising` asks for values at or
    above the threshold, else at or below it. Noise reaches a threshold early: smooth first. Raises
    ScoreError for shapes that do not fit and values that are not finite.
    """
    rows, places = np.asarray(values, dtype=np.float64), np.asarray(at, dtype=np.float64)
    if rows.ndim != 2 or places.shape != rows.shape[1:] or not places.size:
        raise ScoreError("curves are (runs x points) with one place for each point")
    if not np.isfinite(rows).all():
        raise ScoreError(
            f"run {np.argwhere(~np.isfinite(rows))[0][0]} has values that are not finite"
        )
    there = rows >= threshold if rising else rows <= threshold
    reached = there.any(axis=1)
    first = np.where(reached, there.argmax(axis=1), len(places) - 1)
    return places[first], np.asarray(reached)


def time_to_threshold(
    times: Scores,
    reached: Scores,
    *,
    horizon: float | None = None,
    method: str = "percentile",
    level: float = 0.95,
    reps: int = 50_000,
    seed: Seed = 0,
) -> TimeEstimate:
    """The restricted mean time to a threshold, averaged over tasks, with an interval.

    `times` are arrays (runs), (runs x tasks) or one array of runs per task, in any unit from 0:
    when a run reached the threshold, or until when it was seen not to; `reached` (same shape) says
    which. `first_reach` makes both. `horizon` is in the same unit, by default the time until which
    every run was seen: the earliest end of a run that did not reach (the last time if all did).

    Raises ScoreError for times below 0 or not finite, shapes that differ, and a horizon to which no
    run of a task was seen. Sources: see the module.
    """
    columns = as_tasks(times, "times")
    arrived = tuple(column > 0 for column in as_tasks(reached, "reached"))
    if [len(one) for one in columns] != [len(one) for one in arrived]:
        raise ScoreError("times and reached must have the same tasks and runs")
    resampling = Resampling.named(method, level, reps, seed)
    end = _horizon(columns, arrived, horizon)

    def restricted_mean(sample: Resample) -> NDArray[np.float64]:
        total = np.zeros(sample.reps)
        for column, there, counts in zip(columns, arrived, sample.counts, strict=True):
            total += _area_of_survival(column, there, counts, end)
        return total / len(columns)

    n = tuple(len(column) for column in columns)
    point = restricted_mean(identity(columns))[0]
    note = single_run_note(n)
    low = high = np.nan
    if not note:
        seen = [np.minimum(column, end) for column in columns]
        ends = resampling.ends((columns,), restricted_mean, point, seen)
        low, high = (float(np.clip(one, 0, end)) for one in ends)
    return TimeEstimate(
        float(point),
        none_if_nan(low),
        none_if_nan(high),
        end,
        tuple(
            int((there & (column <= end)).sum())
            for column, there in zip(columns, arrived, strict=True)
        ),
        n,
        method,
        level,
        reps,
        note or (ONE_SIDED if np.isnan(low) else ""),
    )


def _horizon(
    columns: TaskArrays, arrived: Sequence[NDArray[np.bool_]], horizon: float | None
) -> float:
    if any((column < 0).any() for column in columns):
        raise ScoreError("times are from 0")
    censored = np.concatenate(
        [column[~there] for column, there in zip(columns, arrived, strict=True)]
    )
    if horizon is None:
        return float(censored.min() if len(censored) else np.concatenate(columns).max())
    if not 0 <= horizon < np.inf:
        raise ScoreError(f"a horizon is a time from 0, not {horizon:g}")
    for task, (column, there) in enumerate(zip(columns, arrived, strict=True)):
        if not there.all() and column.max() < horizon:
            raise ScoreError(
                f"no run of task {task} was seen until {horizon:g}; the last ends at"
                f" {column.max():g}: use a horizon up to there"
            )
    return float(horizon)


def _area_of_survival(
    times: NDArray[np.float64], reached: NDArray[np.bool_], counts: Counts, horizon: float
) -> NDArray[np.float64]:
    """The area under the product-limit estimate up to the horizon, (reps).

    At equal times arrivals come before censored runs, as is the convention.
    """
    reps = counts.shape[1]
    not_yet, area = np.ones(reps), np.zeros(reps)
    at_risk = counts.sum(axis=0, dtype=np.float64)
    before = 0.0
    for run in np.lexsort((~reached, times)):
        if times[run] >= horizon:
            break
        area += not_yet * (times[run] - before)
        before = times[run]
        if reached[run]:
            not_yet *= 1 - counts[run] / np.maximum(at_risk, 1e-300)
        at_risk = at_risk - counts[run]
    return area + not_yet * (horizon - before)
