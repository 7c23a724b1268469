"""Ranks of run sets: who is first, second and so on over tasks, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ScoreError
from .aggregate import Scores
from .bootstrap import Resample, identity, resamples_of_sets
from .draws import Seed
from .labelled import labelled_tasks
from .resampling import ONE_SIDED, Resampling, none_if_nan, single_run_note

__all__ = ["RankEstimate", "rank_estimates"]


@dataclass(frozen=True, slots=True)
class RankEstimate:
    """The mean rank of a run set over tasks with its interval, 1 is the best.

    `distribution` has the share of tasks, over resamples, on which it has rank 1, 2, ...; empty
    where there are no resamples. `low` and `high` are None where `note` says why.
    """

    point: float
    low: float | None
    high: float | None
    distribution: tuple[float, ...]
    n: tuple[int, ...]
    method: str
    level: float
    reps: int
    note: str = ""


def rank_estimates(
    scores: Mapping[str, Scores],
    *,
    higher_is_better: bool = True,
    method: str = "percentile",
    level: float = 0.95,
    reps: int = 2000,
    seed: Seed = 0,
) -> dict[str, RankEstimate]:
    """The mean rank over tasks of every run set by its mean on the task, with an interval.

    `scores` are as in `interval_estimates`, two run sets or more on the same tasks. Ties share the
    mean of their ranks. Runs of all run sets are redrawn within tasks, independently. Ranks have no
    unit and depend on who is compared. A task with one run in any set leaves all without interval.

    Raises ScoreError for a single run set and as `interval_estimates`. Source: Agarwal et al. 2021,
    section 5 (rank distributions by stratified bootstrap).
    """
    if len(scores) < 2:
        raise ScoreError(f"ranks compare 2 run sets or more, not {len(scores)}")
    resampling = Resampling.named(method, level, reps, seed).with_int_seed()
    tasks = labelled_tasks(scores)
    sets = list(tasks.values())
    sign = 1 if higher_is_better else -1

    def mean_ranks(*samples: Resample) -> NDArray[np.float64]:
        better, tied = _standing(samples, sign)
        ranks: NDArray[np.float64] = (better + (tied + 1) / 2).mean(axis=1)
        return ranks

    point = mean_ranks(*map(identity, sets))[:, 0]
    note = single_run_note([len(column) for one in sets for column in one])
    low = high = np.full(len(sets), np.nan)
    shares: list[tuple[float, ...]] = [()] * len(sets)
    if not note:
        low, high = (np.clip(end, 1, len(sets)) for end in resampling.ends(sets, mean_ranks, point))
        blocks = resamples_of_sets(sets, resampling.reps, resampling.seed)
        counted = np.zeros((len(sets), len(sets)))
        for block in blocks:
            counted += _counted(block, sign)
        shares = [tuple(row) for row in (counted / (len(sets[0]) * reps)).tolist()]
    return {
        label: RankEstimate(
            float(point[place]),
            none_if_nan(low[place]),
            none_if_nan(high[place]),
            shares[place],
            tuple(len(column) for column in one),
            method,
            level,
            reps,
            note or (ONE_SIDED if np.isnan(low[place]) else ""),
        )
        for place, (label, one) in enumerate(tasks.items())
    }


def _standing(
    samples: Sequence[Resample], sign: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many sets are better, and how many equal (itself too): (sets x tasks x reps) each.

    Higher is better where `sign` is 1. Means that only rounding tells apart are equal.
    """
    better, tied = np.zeros((2, len(samples), *samples[0].task_means.shape), np.int64)
    for place, mine in enumerate(samples):
        for other in samples:
            ahead = sign * (other.task_means - mine.task_means)
            rounding = np.maximum(other.mean_rounding, mine.mean_rounding)
            better[place] += ahead > rounding
            tied[place] += np.abs(ahead) <= rounding
    return better, tied


def _counted(samples: Sequence[Resample], sign: int) -> NDArray[np.float64]:
    """How often each set has each rank, (sets x ranks); ties share theirs."""
    better, tied = _standing(samples, sign)
    return np.stack(
        [
            (((better <= rank) & (rank < better + tied)) / tied).sum(axis=(1, 2))
            for rank in range(len(samples))
        ],
        axis=1,
    )
