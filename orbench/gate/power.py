"""Power: the drop that so many runs find, and the runs that a drop needs.

Normal theory of the tests in `significance`: Welch's t with Satterthwaite's degrees of freedom, at
the level that Sidak's adjustment leaves to each. A drop of (t_{1-alpha} + t_{power}) standard
errors is found with the power asked for; benchmarks/gate.py checks that by simulation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import UsageError
from ..stats.distributions import t_quantile
from .drops import WelchDrop, welch
from .relabelling import ways

__all__ = [
    "MOST_RUNS",
    "Demand",
    "TaskSpread",
    "found_drop",
    "found_on_one_task",
    "runs_needed",
    "runs_to_decide",
    "smallest_p",
]

MOST_RUNS = 1000
"""More runs on an env than anybody will start: beyond it the answer is that there is none."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What a plan asks for: a level, a power, and the number of random relabellings."""

    alpha: float
    power: float
    relabellings: int


@dataclass(frozen=True, slots=True)
class TaskSpread:
    """The standard deviation of a run's score on a task, and the unit that drops are told in."""

    deviation: float
    unit: float

    def drop(self, baseline: int, candidate: int) -> WelchDrop:
        """No drop, with its variance in units, between so many runs of equal spread."""
        variance = (self.deviation / self.unit) ** 2
        return welch(0.0, variance / baseline, variance / candidate, (baseline, candidate))


def smallest_p(sizes: Sequence[tuple[int, int]], relabellings: int) -> float:
    """The smallest p-value that (baseline, candidate) runs on each task allow."""
    every = math.prod(ways(*size) for size in sizes)
    return 1 / (every if every <= relabellings else relabellings + 1)


def found_drop(
    spreads: Sequence[TaskSpread],
    sizes: Sequence[tuple[int, int]],
    demand: Demand,
) -> float | None:
    """The drop on all tasks at once, in their units, that is found as demanded; None for none.

    `sizes` has the runs of baseline and candidate on each task.
    """
    if min(map(min, sizes)) < 2 or smallest_p(sizes, demand.relabellings) > demand.alpha:
        return None
    # The test weighs tasks by their spread; a drop of one unit moves each by unit / deviation.
    total, moved = WelchDrop(0.0, 0.0, 0.0), 0.0
    for spread, size in zip(spreads, sizes, strict=True):
        if spread.deviation == 0:
            return 0.0
        weight = spread.unit / spread.deviation
        total += spread.drop(*size).weighted(weight)
        moved += weight
    return _in_errors(total, _sidak(demand.alpha, _questions(len(sizes))), demand.power) / moved


def found_on_one_task(
    spread: TaskSpread,
    size: tuple[int, int],
    tasks: int,
    demand: Demand,
) -> float | None:
    """The drop on one task of so many, in its unit, that is found; None for none."""
    if min(size) < 2 or smallest_p([size] * tasks, demand.relabellings) > demand.alpha:
        return None
    if spread.deviation == 0:
        return 0.0
    tests = tasks * _questions(tasks)
    return _in_errors(spread.drop(*size), _sidak(demand.alpha, tests), demand.power)


def runs_needed(
    spreads: Sequence[TaskSpread],
    drop: float,
    *,
    baseline: int | None,
    demand: Demand,
    on_one: bool = False,
) -> int | None:
    """The candidate's runs on each task with which a drop is found; None beyond MOST_RUNS.

    The baseline has `baseline` runs on each task, or None for as many as the candidate. `on_one`:
    the drop is on one task, the one with the largest spread. Raises UsageError for no drop.
    """
    if not drop > 0:
        raise UsageError(f"a drop to look for is a number above 0, not {drop:g}; as in 10%")
    worst = max(spreads, key=lambda one: one.deviation / one.unit)

    def finds(runs: int) -> bool:
        size = (runs if baseline is None else baseline, runs)
        if on_one:
            found = found_on_one_task(worst, size, len(spreads), demand)
        else:
            found = found_drop(spreads, [size] * len(spreads), demand)
        return found is not None and found <= drop

    if not finds(MOST_RUNS):
        return None
    low, high = 1, MOST_RUNS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if finds(middle) else (middle, high)
    return high


def runs_to_decide(baseline: Sequence[int], demand: Demand) -> int | None:
    """The candidate's runs on each task from which on alpha can be reached; None for never.

    `baseline` has the baseline's runs on each task.
    """
    if min(baseline) < 2:
        return None
    for runs in range(2, MOST_RUNS):
        if smallest_p([(one, runs) for one in baseline], demand.relabellings) <= demand.alpha:
            return runs
    return None


def _questions(tasks: int) -> int:
    """The suite and its tasks are two questions, of one task it is one."""
    return 1 if tasks == 1 else 2


def _sidak(alpha: float, tests: int) -> float:
    return -math.expm1(math.log1p(-alpha) / tests)


def _in_errors(drop: WelchDrop, alpha: float, power: float) -> float:
    degrees = max(drop.degrees, 1.0)
    errors = t_quantile(1 - alpha, degrees) + t_quantile(power, degrees)
    return errors * math.sqrt(drop.variance)
