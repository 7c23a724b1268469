"""The drop of a task: how much lower the candidate's mean is, under the true labels and others.

Scores are turned so that higher is better and brought to the spread of all runs of the task, which
no relabelling changes. The test for non-inferiority relabels scores from which a margin m was
taken, z = fixed + m * shift; drops and variances are kept as polynomials in m, so that asking for
one margin after another costs little.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ScoreError
from .margin import MarginUnit
from .relabelling import Relabelling

__all__ = [
    "DropStatistic",
    "RelabelledDrops",
    "TaskPair",
    "TaskScale",
    "WelchDrop",
    "relabelled_drops",
    "suite_statistic",
    "welch",
]

FloatArray = NDArray[np.float64]

# Squares of rounding errors of scores with a spread of 1: below it there is no variance.
_LEAST_VARIANCE = 1e-9
# A mean that is closer to 0 than this many of its standard errors is no unit to measure in.
_CLEAR_OF_ZERO = 2.0


@dataclass(frozen=True, slots=True)
class TaskPair:
    """The scores of one task, higher is better: float64 (runs) of baseline and of candidate."""

    task: str
    baseline: FloatArray
    candidate: FloatArray

    @property
    def sizes(self) -> tuple[int, int]:
        """The numbers of runs."""
        return len(self.baseline), len(self.candidate)


@dataclass(frozen=True, slots=True)
class TaskScale:
    """What a task's drops are measured in: `spread` of all runs, `unit` of the margin in scores."""

    spread: float
    unit: float
    kind: MarginUnit
    sign: float

    @classmethod
    def of(cls, pair: TaskPair, kind: MarginUnit) -> TaskScale:
        """The scale of a task; raises ScoreError where the margin's unit means nothing there."""
        every = np.concatenate([pair.baseline, pair.candidate])
        mean = float(pair.baseline.mean())
        spread = float(every.std(ddof=1)) or abs(mean) or 1.0
        return cls(spread, _unit(pair, kind, mean), kind, math.copysign(1.0, mean))


def _unit(pair: TaskPair, kind: MarginUnit, mean: float) -> float:
    if kind is MarginUnit.SCORE:
        return 1.0
    deviation = float(pair.baseline.std(ddof=1)) if len(pair.baseline) > 1 else 0.0
    if kind is MarginUnit.SD:
        if len(pair.baseline) > 1 and deviation == 0:
            raise ScoreError(
                f"the baseline's runs on {pair.task} are all equal: a margin in sd means nothing"
                " there; give it in % or in the units of the score"
            )
        return deviation or 1.0
    if abs(mean) <= _CLEAR_OF_ZERO * deviation / math.sqrt(len(pair.baseline)):
        raise ScoreError(
            f"the baseline's mean on {pair.task} is {mean:.3g}, not clear of 0: a margin in %"
            " means nothing there; give it in sd (as 0.5sd) or in the units of the score"
        )
    return abs(mean)


@dataclass(frozen=True, slots=True)
class WelchDrop:
    """A drop, or a sum of drops, with the variances of its two sides and what is known of them.

    `doubt` is the sum of variance^2 / degrees of freedom, over what was summed.
    """

    drop: float
    variance: float
    doubt: float

    @property
    def t(self) -> float:
        """The drop in its standard errors."""
        return self.drop / math.sqrt(self.variance)

    @property
    def degrees(self) -> float:
        """Satterthwaite's (1946) degrees of freedom."""
        return self.variance**2 / self.doubt

    def weighted(self, weight: float) -> WelchDrop:
        """The same in other units."""
        return WelchDrop(self.drop * weight, self.variance * weight**2, self.doubt * weight**4)

    def __add__(self, other: WelchDrop) -> WelchDrop:
        """The sum of two independent drops."""
        return WelchDrop(
            self.drop + other.drop, self.variance + other.variance, self.doubt + other.doubt
        )


def welch(
    drop: float, variance_baseline: float, variance_candidate: float, sizes: tuple[int, int]
) -> WelchDrop:
    """The drop of one task from the variances of the two means.

    The degrees of freedom are Satterthwaite's with each variance weighed by 1 / (n - 1). Of equal
    numbers of runs that changes nothing; of unequal ones it trusts the smaller group less: a small
    variance of few runs is chance more often than not, and 26 tasks find one that is.
    """
    baseline, candidate = (max(one - 1, 1) for one in sizes)
    of_baseline, of_candidate = variance_baseline / baseline, variance_candidate / candidate
    degrees = (of_baseline + of_candidate) ** 2 / (
        of_baseline**2 / baseline + of_candidate**2 / candidate
    )
    variance = variance_baseline + variance_candidate
    return WelchDrop(drop, variance, variance**2 / degrees)


@dataclass(frozen=True, slots=True)
class DropStatistic:
    """A drop, or a sum of drops, under many relabellings, for any margin.

    The drop is a line in the margin, its variance a parabola: `drop` has the coefficients of the
    one (2 x draws), `variance` those of the other (3 x draws), from the constant on. Variances
    below `floor` are rounding errors.
    """

    drop: FloatArray
    variance: FloatArray
    floor: float

    def t(self, margin: float = 0.0) -> FloatArray:
        """The drop beyond a margin, in its standard errors, (draws)."""
        if margin == 0:
            return np.asarray(self.drop[0] / np.sqrt(np.maximum(self.variance[0], self.floor)))
        drop = self.drop[0] + margin * self.drop[1]
        variance = self.variance[0] + margin * (self.variance[1] + margin * self.variance[2])
        return np.asarray(drop / np.sqrt(np.maximum(variance, self.floor)))


@dataclass(frozen=True, slots=True)
class RelabelledDrops:
    """The drop of one task under every relabelling: `by_row` has the statistic of each row.

    `sides` has the coefficients of the variances of the two means under the true labels, baseline
    and candidate, (2 x 3). All in the spread of all runs.
    """

    relabelling: Relabelling
    by_row: DropStatistic
    sides: FloatArray

    def observed(self, margin: float) -> WelchDrop:
        """The drop under the true labels beyond a margin."""
        powers = np.array([1.0, margin, margin**2])
        drop = float(self.by_row.drop[:, 0] @ powers[:2])
        sizes = (self.relabelling.baseline, self.relabelling.candidate)
        baseline, candidate = (
            max(float(side @ powers), _LEAST_VARIANCE / size)
            for side, size in zip(self.sides, sizes, strict=True)
        )
        return welch(drop, baseline, candidate, sizes)


def relabelled_drops(pair: TaskPair, relabelling: Relabelling, scale: TaskScale) -> RelabelledDrops:
    """The drops of a task under these relabellings."""
    every = np.concatenate([pair.baseline, pair.candidate])
    fixed = (every - every.mean()) / scale.spread
    shift = _shift(pair, scale)
    columns = np.stack([fixed, shift, fixed**2, fixed * shift, shift**2])
    picked = np.zeros((5, relabelling.picks.shape[1]))
    for places in relabelling.picks:
        # Run by run, so that the order of additions is the same on every machine.
        picked += columns.take(places, axis=1)
    total = np.zeros((5, 1))
    for column in columns.T:
        total += column[:, None]
    others = total - picked
    sizes = (relabelling.baseline, relabelling.candidate)
    groups = (others, picked) if relabelling.picks_candidates else (picked, others)
    baseline, candidate = (_of_mean(group, size) for group, size in zip(groups, sizes, strict=True))
    statistic = DropStatistic(
        groups[0][:2] / sizes[0] - groups[1][:2] / sizes[1],
        baseline + candidate,
        _LEAST_VARIANCE * (1 / sizes[0] + 1 / sizes[1]),
    )
    return RelabelledDrops(relabelling, statistic, np.stack([baseline[:, 0], candidate[:, 0]]))


def suite_statistic(tasks: Sequence[RelabelledDrops], weights: Sequence[float]) -> DropStatistic:
    """The weighted sum of the drops of tasks under every draw, independent between tasks."""
    drop = variance = np.zeros((1, 1))
    floor = 0.0
    for task, weight in zip(tasks, weights, strict=True):
        drawn = task.relabelling.drawn
        drop = drop + weight * drawn(task.by_row.drop)
        variance = variance + weight**2 * drawn(task.by_row.variance)
        floor += weight**2 * task.by_row.floor
    return DropStatistic(drop, variance, floor)


def _shift(pair: TaskPair, scale: TaskScale) -> FloatArray:
    """What is added to the scores for each unit of the margin.

    A percentage lowers the baseline's own scores, so that the doubt about its mean counts; other
    margins lift the candidate's.
    """
    zeros = np.zeros_like
    if scale.kind is MarginUnit.PERCENT:
        lowered = -scale.sign * pair.baseline / scale.spread
        return np.concatenate([lowered, zeros(pair.candidate)])
    lifted = np.full_like(pair.candidate, scale.unit / scale.spread)
    return np.concatenate([zeros(pair.baseline), lifted])


def _of_mean(sums: FloatArray, size: int) -> FloatArray:
    """The coefficients of the variance of a group's mean, (3 x rows), from its five sums.

    One run has no variance of its own: the other side's stands for both.
    """
    fixed, shift, squares, products, shifts = sums
    parts = [
        squares - fixed**2 / size,
        2 * (products - fixed * shift / size),
        shifts - shift**2 / size,
    ]
    return np.stack(parts) / (max(size - 1, 1) * size)
