"""Which run sets are the best, by test and not by eye.

The best is the run set with the highest (or lowest) statistic; with it stand those that do not
differ from it significantly. All pairs of run sets are tested, because which of them is the best
is known from the same scores, and Holm's adjustment over all pairs keeps the chance of any false
difference at alpha.

The test of a pair is Welch's (1947), carried over to statistics of several tasks: the difference
over its standard error, against Student's t with Satterthwaite's (1946) degrees of freedom. Of a
mean the standard error is exact; of other statistics it is the bootstrap's, enlarged by what few
runs hide (see `Calibrated`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from .aggregate import Mean, OptimalityGap, Statistic, TaskArrays
from .bootstrap import bootstrap
from .distributions import t_cdf
from .draws import Seed

__all__ = ["DIRECTIONS", "best_run_sets", "holm"]

DIRECTIONS = ("highest", "lowest")
"""What is best: the highest scores or the lowest."""


@dataclass(frozen=True, slots=True)
class _Measured:
    """A statistic of one run set: `variance` of the estimate, `weight` for degrees of freedom."""

    point: float
    variance: float
    weight: float


def best_run_sets(
    scores: Mapping[str, TaskArrays],
    statistic: Statistic | None = None,
    *,
    direction: str = "highest",
    alpha: float = 0.05,
    reps: int = 2000,
    seed: Seed = 0,
) -> frozenset[str]:
    """The labels of the best run set and of those not significantly different from it.

    `scores` has one array of runs (n_task) for each task, by label. `statistic` is the mean by
    default. A run set with one run on a task cannot be tested and is left aside; where fewer than
    two can be, none is best. Where neither of two run sets varies, any difference counts. Scores
    are better where they are higher, or with `direction="lowest"` lower; of an optimality gap the
    lowest is best in the first case.
    """
    statistic = statistic or Mean()
    tested = {
        label: tasks for label, tasks in scores.items() if all(len(column) > 1 for column in tasks)
    }
    if len(tested) < 2:
        return frozenset()
    found = {label: _measured(tasks, statistic, reps, seed) for label, tasks in tested.items()}
    lowest = (direction == "lowest") != isinstance(statistic, OptimalityGap)
    best = (min if lowest else max)(found, key=lambda label: found[label].point)
    pairs = list(combinations(found, 2))
    adjusted = holm([_welch(found[one], found[other]) for one, other in pairs])
    worse = {
        label
        for pair, p_value in zip(pairs, adjusted, strict=True)
        if best in pair and p_value <= alpha
        for label in pair
        if label != best
    }
    return frozenset(found) - worse


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted after Holm (1979), in the order given: reject where they are <= alpha."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = largest
    return adjusted


def _measured(tasks: TaskArrays, statistic: Statistic, reps: int, seed: Seed) -> _Measured:
    spreads = [float(column.var(ddof=1)) / len(column) / len(tasks) ** 2 for column in tasks]
    total = sum(spreads)
    weight = sum(
        spread**2 / (len(column) - 1) for spread, column in zip(spreads, tasks, strict=True)
    )
    point = statistic(tasks)
    if isinstance(statistic, Mean) or total == 0:
        return _Measured(point, total, weight)
    seen = sum(
        spread * (len(column) - 1) / len(column)
        for spread, column in zip(spreads, tasks, strict=True)
    )
    replicates = bootstrap(tasks, [statistic], reps, seed)
    variance = float(replicates.var()) * total / seen
    # The degrees of freedom of the mean: those of other statistics are not known better.
    return _Measured(point, variance, weight * (variance / total) ** 2)


def _welch(one: _Measured, other: _Measured) -> float:
    """The two-sided p-value of the difference."""
    difference = abs(one.point - other.point)
    variance = one.variance + other.variance
    if variance == 0:
        return float(difference == 0)
    degrees = variance**2 / (one.weight + other.weight)
    return min(1.0, 2 * t_cdf(-difference / math.sqrt(variance), degrees))
