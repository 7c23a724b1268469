"""Significance: is the candidate worse, over the suite and on each task, and how sure is that.

Three tests by one set of relabellings (see `relabelling`), each studentised, hence fair to unequal
numbers of runs and, with the guard below, to unequal spread:

- suite: the sum over tasks of the standardised mean drops, over its standard error
- tasks: the largest of the tasks' Welch t (max-T; Westfall & Young 1993), so that the chance of
  any false alarm over all tasks is alpha
- both: the smaller of the two p-values, judged by its own distribution over the relabellings
  (min-P), so that asking both questions costs no more false alarms than asking one

The guard: permutation is exact where baseline and candidate have one distribution, but not where
the smaller group has the larger spread. No p-value is therefore below Welch's (1947), by Student's
t with Satterthwaite's degrees of freedom and Sidak's adjustment for the number of tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..stats.distributions import t_cdf
from .drops import RelabelledDrops, WelchDrop

__all__ = ["Significance", "drop_significance", "gain_p_value"]

FloatArray = NDArray[np.float64]

# Digits within which two statistics are one: below it they differ by the order of additions.
_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Significance:
    """Adjusted p-values of a drop: of the suite, and of each task. A drop is shown at <= alpha."""

    suite: float
    tasks: tuple[float, ...]

    @property
    def smallest(self) -> float:
        """The p-value of the whole question: did anything get worse."""
        return min(self.suite, *self.tasks)


def drop_significance(drops: Sequence[RelabelledDrops]) -> Significance:
    """The p-values of the drops of all tasks, adjusted for each other. One task or more."""
    observed = [task.observed(0.0) for task in drops]
    statistics = [_studentised(task) for task in drops]
    largest = np.maximum.reduce([one.t for one in statistics])
    of_tasks = _ranked(largest)
    if len(drops) == 1:
        alone = max(float(of_tasks[0]), _welch_p(observed[0]))
        return Significance(alone, (alone,))
    of_suite = _ranked(_over_tasks(statistics))
    smaller = np.minimum(of_suite, of_tasks)
    ordered = np.sort(smaller)

    def adjusted(p_value: float, guard: WelchDrop, tests: int) -> float:
        share = np.searchsorted(ordered, p_value * (1 + 1e-12), side="right") / len(ordered)
        return max(float(share), 1 - (1 - _welch_p(guard)) ** tests)

    suite = adjusted(float(of_suite[0]), _summed(observed), 2)
    above = _shares_above(largest, [float(one.t[0]) for one in statistics])
    tasks = tuple(
        adjusted(p_value, drop, 2 * len(drops))
        for p_value, drop in zip(above, observed, strict=True)
    )
    return Significance(suite, tasks)


def gain_p_value(
    drops: Sequence[RelabelledDrops], margin: float, weights: Sequence[float]
) -> float:
    """The p-value of "the weighted drop is smaller than the margin", for one task or the suite."""
    observed = _summed(
        [task.observed(margin).weighted(w) for task, w in zip(drops, weights, strict=True)]
    )
    gain = WelchDrop(-observed.drop, observed.variance, observed.doubt)
    guard = _welch_p(gain)
    if len(drops) == 1:
        # Its rows are all relabellings, or those drawn: nothing is to be drawn from them.
        drop, baseline, candidate = drops[0].at(margin)
        return max(_share_of_first(-drop / np.sqrt(baseline + candidate)), guard)
    statistics = [
        _studentised(task, margin, weight) for task, weight in zip(drops, weights, strict=True)
    ]
    return max(_share_of_first(-_over_tasks(statistics)), guard)


@dataclass(frozen=True, slots=True)
class _Studentised:
    """Drop and variance of a task under every draw, and the ratio t, (draws) each."""

    drop: FloatArray
    variance: FloatArray

    @property
    def t(self) -> FloatArray:
        return np.asarray(self.drop / np.sqrt(self.variance))


def _studentised(task: RelabelledDrops, margin: float = 0.0, weight: float = 1.0) -> _Studentised:
    drop, baseline, candidate = task.at(margin)
    drawn = task.relabelling.drawn
    return _Studentised(drawn(weight * drop), drawn(weight**2 * (baseline + candidate)))


def _over_tasks(statistics: Sequence[_Studentised]) -> FloatArray:
    """The sum of the drops over its standard error, (draws)."""
    drop = statistics[0].drop.copy()
    variance = statistics[0].variance.copy()
    for one in statistics[1:]:
        drop += one.drop
        variance += one.variance
    return np.asarray(drop / np.sqrt(variance))


def _summed(observed: Sequence[WelchDrop]) -> WelchDrop:
    total = observed[0]
    for one in observed[1:]:
        total = total + one
    return total


def _ranked(statistic: FloatArray) -> FloatArray:
    """The share of draws that are at least as large as each, (draws)."""
    rounded = np.round(statistic, _DIGITS)
    ordered = np.sort(rounded)
    return np.asarray(1 - np.searchsorted(ordered, rounded, side="left") / len(ordered))


def _shares_above(statistic: FloatArray, values: Sequence[float]) -> list[float]:
    """The share of draws that are at least as large as each value."""
    ordered = np.sort(np.round(statistic, _DIGITS))
    places = np.searchsorted(ordered, np.round(np.asarray(values), _DIGITS), side="left")
    return [float(share) for share in 1 - places / len(ordered)]


def _share_of_first(statistic: FloatArray) -> float:
    rounded = np.round(statistic, _DIGITS)
    return float((rounded >= rounded[0]).mean())


def _welch_p(drop: WelchDrop) -> float:
    """Welch's one-sided p-value of a drop."""
    return t_cdf(-drop.t, drop.degrees)
