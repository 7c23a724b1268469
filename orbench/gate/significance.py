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
from .drops import DropStatistic, RelabelledDrops, WelchDrop, suite_statistic

__all__ = ["MarginTest", "Significance", "drop_significance"]

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
    ratios = [task.relabelling.drawn(task.by_row.t()) for task in drops]
    largest = np.maximum.reduce(ratios)
    of_tasks = _ranked(largest)
    if len(drops) == 1:
        alone = max(float(of_tasks[0]), _welch_p(observed[0]))
        return Significance(alone, (alone,))
    of_suite = _ranked(suite_statistic(drops, [1.0] * len(drops)).t())
    ordered = np.sort(np.minimum(of_suite, of_tasks))

    def adjusted(p_value: float, guard: WelchDrop, tests: int) -> float:
        share = np.searchsorted(ordered, p_value * (1 + 1e-12), side="right") / len(ordered)
        return max(float(share), 1 - (1 - _welch_p(guard)) ** tests)

    suite = adjusted(float(of_suite[0]), sum(observed[1:], observed[0]), 2)
    above = _shares_above(largest, [float(ratio[0]) for ratio in ratios])
    tasks = tuple(
        adjusted(p_value, drop, 2 * len(drops))
        for p_value, drop in zip(above, observed, strict=True)
    )
    return Significance(suite, tasks)


@dataclass(frozen=True, slots=True)
class MarginTest:
    """The test of "the weighted drop is smaller than the margin", for one task or the suite."""

    drops: tuple[RelabelledDrops, ...]
    weights: tuple[float, ...]
    statistic: DropStatistic

    @classmethod
    def of(cls, drops: Sequence[RelabelledDrops], weights: Sequence[float]) -> MarginTest:
        """The test of these tasks, whose drops count with these weights."""
        if len(drops) == 1:
            # Its rows are all relabellings, or those drawn: nothing is to be drawn from them.
            return cls(tuple(drops), tuple(weights), drops[0].by_row)
        return cls(tuple(drops), tuple(weights), suite_statistic(drops, weights))

    def observed(self, margin: float) -> WelchDrop:
        """The weighted drop beyond a margin, under the true labels."""
        weighted = [
            task.observed(margin).weighted(weight)
            for task, weight in zip(self.drops, self.weights, strict=True)
        ]
        return sum(weighted[1:], weighted[0])

    def __call__(self, margin: float) -> float:
        """The p-value of a margin."""
        observed = self.observed(margin)
        guard = _welch_p(WelchDrop(-observed.drop, observed.variance, observed.doubt))
        gain = np.round(-self.statistic.t(margin), _DIGITS)
        return max(float((gain >= gain[0]).mean()), guard)


def _ranked(statistic: FloatArray) -> FloatArray:
    """The share of draws that are at least as large as each, (draws)."""
    rounded = np.round(statistic, _DIGITS)
    ordered = np.sort(rounded)
    above = len(ordered) - np.searchsorted(ordered, rounded, side="left")
    return np.asarray(above / len(ordered))


def _shares_above(statistic: FloatArray, values: Sequence[float]) -> list[float]:
    """The share of draws that are at least as large as each value."""
    ordered = np.sort(np.round(statistic, _DIGITS))
    places = np.searchsorted(ordered, np.round(np.asarray(values), _DIGITS), side="left")
    return [float(share) for share in (len(ordered) - places) / len(ordered)]


def _welch_p(drop: WelchDrop) -> float:
    """Welch's one-sided p-value of a drop."""
    return t_cdf(-drop.t, drop.degrees)
