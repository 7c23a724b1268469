"""The drop of a task: how much lower the candidate's mean is, under the true labels and others.

Scores are turned so that higher is better and brought to the spread of all runs of the task, which
no relabelling changes. The test for non-inferiority relabels scores from which the margin was
taken, hence everything here is a function of a margin `m`: of the scores z = fixed + m * shift.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ScoreError
from .margin import MarginUnit
from .relabelling import Relabelling

__all__ = ["RelabelledDrops", "TaskPair", "TaskScale", "WelchDrop", "relabelled_drops", "welch"]

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
class RelabelledDrops:
    """The sums that a task's drop under every relabelling is made of, for any margin.

    Of the smaller group, (rows) each: the sums of `fixed` and `shift`, of their squares and of
    their product; `totals` has the same five of all runs.
    """

    relabelling: Relabelling
    scale: TaskScale
    sums: FloatArray
    totals: FloatArray

    def at(self, margin: float) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The drop and the variances of the means of baseline and candidate, (rows) each.

        In the spread of all runs. With one run on a side its variance counts as the other's.
        """
        picked = _moments(self.sums, margin)
        others = _moments(self.totals, margin)
        others = (others[0] - picked[0], others[1] - picked[1])
        sizes = (self.relabelling.candidate, self.relabelling.baseline)
        groups = (picked, others) if self.relabelling.picks_candidates else (others, picked)
        (candidate, of_candidate), (baseline, of_baseline) = (
            _mean_and_variance(*group, size) for group, size in zip(groups, sizes, strict=True)
        )
        return baseline - candidate, of_baseline, of_candidate

    def observed(self, margin: float) -> WelchDrop:
        """The drop under the true labels."""
        drop, baseline, candidate = (float(values[0]) for values in self.at(margin))
        sizes = (self.relabelling.baseline, self.relabelling.candidate)
        return welch(drop, baseline, candidate, sizes)


def relabelled_drops(pair: TaskPair, relabelling: Relabelling, scale: TaskScale) -> RelabelledDrops:
    """The drops of a task under these relabellings."""
    every = np.concatenate([pair.baseline, pair.candidate])
    fixed = (every - every.mean()) / scale.spread
    shift = _shift(pair, scale)
    columns = np.stack([fixed, shift, fixed**2, fixed * shift, shift**2])
    sums = np.zeros((5, relabelling.picks.shape[1]))
    for places in relabelling.picks:
        # Run by run, so that the order of additions is the same on every machine.
        sums += columns[:, places]
    totals = np.zeros((5, 1))
    for column in columns.T:
        totals += column[:, None]
    return RelabelledDrops(relabelling, scale, sums, totals)


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


def _moments(sums: FloatArray, margin: float) -> tuple[FloatArray, FloatArray]:
    fixed, shift, squares, products, shifts = sums
    if margin == 0:
        return fixed, squares
    return fixed + margin * shift, squares + 2 * margin * products + margin**2 * shifts


def _mean_and_variance(
    total: FloatArray, squares: FloatArray, size: int
) -> tuple[FloatArray, FloatArray]:
    mean = total / size
    variance = np.maximum(squares - size * mean**2, 0.0) / max(size - 1, 1)
    return mean, np.maximum(variance, _LEAST_VARIANCE) / size
