"""Two run sets compared: probability of improvement, difference and ratio, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ScoreError
from .aggregate import Scores, Statistic, TaskArrays, statistic_named
from .bootstrap import Resample
from .draws import Counts, Seed
from .labelled import matched_tasks
from .resampling import (
    ONE_SIDED,
    Resampling,
    check_engine,
    none_if_nan,
    single_run_note,
)

__all__ = [
    "PairEstimate",
    "difference_estimates",
    "probability_of_improvement",
    "ratio_estimates",
]

_CROSSES_ZERO = "resamples of the denominator are on both sides of 0: no interval"


@dataclass(frozen=True, slots=True)
class PairEstimate:
    """A number that compares run set x with run set y, with its interval.

    `low` and `high` are None where there is none, and `note` says why. `n` and `n_other` have the
    numbers of runs of every task, of x and y. `by_task` has the number of every task where it is a
    mean over tasks, else nothing.
    """

    statistic: str
    point: float
    low: float | None
    high: float | None
    n: tuple[int, ...]
    n_other: tuple[int, ...]
    method: str
    level: float
    reps: int
    note: str = ""
    by_task: tuple[float, ...] = ()


def probability_of_improvement(
    x: Scores,
    y: Scores,
    *,
    labels: tuple[str, str] = ("x", "y"),
    method: str = "percentile",
    level: float = 0.95,
    reps: int = 2000,
    seed: Seed = 0,
    engine: str = "numpy",
) -> PairEstimate:
    """The probability that a run of `x` scores higher than a run of `y`, averaged over tasks.

    `x` and `y` are scores as in `interval_estimates`, on the same tasks, with any numbers of runs;
    `labels` name them in errors. Per task the Mann-Whitney U over n n', ties one half; then the
    mean over tasks (`by_task` has them). From 0 to 1. Runs of both are redrawn, independently.

    Raises ScoreError, naming the tasks that one has and the other has not, and as
    `interval_estimates`. Source: Agarwal et al. 2021, section 4.3.
    """
    check_engine(engine)
    resampling = Resampling.named(method, level, reps, seed)
    ours, theirs = matched_tasks(x, y, labels)
    wins = [_wins(mine, other) for mine, other in zip(ours, theirs, strict=True)]
    by_task = tuple(float(task.mean()) for task in wins)
    point = float(np.mean(by_task))

    def improved(first: Resample, second: Resample) -> NDArray[np.float64]:
        total = np.zeros(first.reps)
        for task, mine, other in zip(wins, first.counts, second.counts, strict=True):
            total += _won(task, mine, other)
        return total / len(wins)

    # What varies: the share of the other's runs that each run wins against (DeLong et al. 1988).
    placements = [task.mean(axis=1) for task in wins] + [task.mean(axis=0) for task in wins]
    found = _Pair(ours, theirs, resampling)
    if engine == "rliable" and not found.note:
        from .rliable_engine import improvement_ends

        ends = improvement_ends(ours, theirs, resampling)
    else:
        ends = found.ends(improved, point, placements)
    clipped = (float(np.clip(ends[0], 0, 1)), float(np.clip(ends[1], 0, 1)))
    return found.estimate("probability_of_improvement", point, clipped, by_task)


def difference_estimates(
    x: Scores,
    y: Scores,
    *,
    statistics: Sequence[str | Statistic] = ("mean", "median", "iqm"),
    labels: tuple[str, str] = ("x", "y"),
    method: str = "percentile",
    level: float = 0.95,
    reps: int = 50_000,
    seed: Seed = 0,
    paired: bool = False,
) -> dict[str, PairEstimate]:
    """Each statistic of `x` less that of `y`, with an interval, by name of the statistic.

    Scores are as in `interval_estimates`, on the same tasks; units are theirs. Runs of both are
    redrawn within tasks, independently; `paired` draws the same places in both, for runs that share
    a seed, and needs equal numbers of runs. Raises ScoreError as `probability_of_improvement`.
    Source: Efron & Tibshirani 1993, chapter 8 (two-sample bootstrap).
    """
    resampling = Resampling.named(method, level, reps, seed, paired=paired)
    ours, theirs = matched_tasks(x, y, labels)
    pair = _Pair(ours, theirs, resampling)
    columns = pair.differences() if paired else None
    found = {}
    for statistic in _chosen(statistics):
        point = statistic(ours) - statistic(theirs)

        def less(
            first: Resample, second: Resample, one: Statistic = statistic
        ) -> NDArray[np.float64]:
            return one.replicates(first) - one.replicates(second)

        ends = pair.ends(less, point, columns)
        found[statistic.name] = pair.estimate(f"difference of {statistic.name}", point, ends)
    return found


def ratio_estimates(
    x: Scores,
    y: Scores,
    *,
    statistics: Sequence[str | Statistic] = ("mean", "median", "iqm"),
    labels: tuple[str, str] = ("x", "y"),
    method: str = "percentile",
    level: float = 0.95,
    reps: int = 50_000,
    seed: Seed = 0,
    paired: bool = False,
) -> dict[str, PairEstimate]:
    """Each statistic of `x` over that of `y`, with an interval, by name of the statistic.

    As `difference_estimates`, but a pure number. It is only as good as the denominator is far from
    0: where resamples of it are on both sides of 0 there is no interval, and a note says so. Raises
    ScoreError where the statistic of `y` is 0. Source: Efron & Tibshirani 1993, chapter 8.
    """
    resampling = Resampling.named(method, level, reps, seed, paired=paired)
    ours, theirs = matched_tasks(x, y, labels)
    pair = _Pair(ours, theirs, resampling)
    found = {}
    for statistic in _chosen(statistics):
        below = statistic(theirs)
        if below == 0:
            raise ScoreError(f"the {statistic.name} of {labels[1]} is 0: there is no ratio to it")
        point = statistic(ours) / below

        def over(
            first: Resample,
            second: Resample,
            one: Statistic = statistic,
            sign: float = np.sign(below),
        ) -> NDArray[np.float64]:
            denominator = one.replicates(second)
            crossed = denominator * sign <= 0
            return one.replicates(first) / np.where(crossed, np.nan, denominator)

        # A ratio varies as x / y's mean does, and as y times the ratio over y's mean.
        columns = [*ours, *(column * point for column in theirs)]
        if paired:
            columns = [mine - point * other for mine, other in zip(ours, theirs, strict=True)]
        ends = pair.ends(over, point, columns)
        found[statistic.name] = pair.estimate(
            f"ratio of {statistic.name}", point, ends, none=_CROSSES_ZERO
        )
    return found


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two run sets on the same tasks, and how their intervals are made."""

    ours: TaskArrays
    theirs: TaskArrays
    resampling: Resampling

    def __post_init__(self) -> None:
        uneven = [
            place
            for place, (mine, other) in enumerate(zip(self.ours, self.theirs, strict=True))
            if len(mine) != len(other)
        ]
        if self.resampling.paired and uneven:
            raise ScoreError(
                f"runs cannot be paired: on task {uneven[0]} one run set has"
                f" {len(self.ours[uneven[0]])} runs, the other {len(self.theirs[uneven[0]])}"
            )

    @property
    def note(self) -> str:
        """Why there is no interval, if so: a task with one run on either side."""
        return single_run_note([len(column) for column in (*self.ours, *self.theirs)])

    def differences(self) -> list[NDArray[np.float64]]:
        """Per task, the scores of one set less those of the other, run by run."""
        return [mine - other for mine, other in zip(self.ours, self.theirs, strict=True)]

    def ends(
        self,
        statistic: Callable[[Resample, Resample], NDArray[np.float64]],
        point: float,
        columns: Sequence[NDArray[np.float64]] | None,
    ) -> tuple[float, float]:
        """The interval of a statistic of both; NaN for none."""
        if self.note:
            return np.nan, np.nan
        low, high = self.resampling.ends(
            (self.ours, self.theirs), statistic, np.float64(point), columns
        )
        return float(low), float(high)

    def estimate(
        self,
        name: str,
        point: float,
        ends: tuple[float, float],
        by_task: tuple[float, ...] = (),
        none: str = ONE_SIDED,
    ) -> PairEstimate:
        """The result, with a note where there is no interval."""
        return PairEstimate(
            name,
            float(point),
            none_if_nan(ends[0]),
            none_if_nan(ends[1]),
            tuple(len(column) for column in self.ours),
            tuple(len(column) for column in self.theirs),
            self.resampling.interval.name,
            self.resampling.level,
            self.resampling.reps,
            self.note or (none if np.isnan(ends[0]) else ""),
            by_task,
        )


def _chosen(statistics: Sequence[str | Statistic]) -> list[Statistic]:
    return [statistic_named(one) if isinstance(one, str) else one for one in statistics]


def _wins(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 where a run beats another, one half for a tie, else 0: (n x n')."""
    mine = ours[:, None]
    wins: NDArray[np.float64] = (mine > theirs) + 0.5 * (mine == theirs)
    return wins


def _won(wins: NDArray[np.float64], mine: Counts, other: Counts) -> NDArray[np.float64]:
    """The share of wins of every resample, (reps); sums of halves are exact in any order."""
    beaten = (2 * wins) @ other.astype(np.float64)
    share: NDArray[np.float64] = (beaten * mine).sum(axis=0) / (2 * wins.size)
    return share
