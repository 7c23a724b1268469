"""Performance profiles: the share of runs, or of tasks, above each of many scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ScoreError, near
from .aggregate import Scores, TaskArrays
from .bands import Band, band_made_by
from .bootstrap import Resample, identity
from .draws import Seed
from .labelled import labelled_tasks
from .resampling import Resampling, check_engine, single_run_note

__all__ = ["PROFILE_KINDS", "checked_thresholds", "performance_profile"]

PROFILE_KINDS = ("runs", "tasks")
"""Of what a profile is the share: of runs (run-score distribution) or of task means."""

_DEFAULT_THRESHOLDS = 101


@overload
def performance_profile(
    scores: Mapping[str, Scores],
    thresholds: ArrayLike | None = ...,
    *,
    kind: str = ...,
    method: str = ...,
    level: float = ...,
    reps: int = ...,
    seed: Seed = ...,
    over_tasks: bool = ...,
    engine: str = ...,
) -> dict[str, Band]: ...


@overload
def performance_profile(
    scores: NDArray[np.float64] | Sequence[ArrayLike],
    thresholds: ArrayLike | None = ...,
    *,
    kind: str = ...,
    method: str = ...,
    level: float = ...,
    reps: int = ...,
    seed: Seed = ...,
    over_tasks: bool = ...,
    engine: str = ...,
) -> Band: ...


def performance_profile(
    scores: Mapping[str, Scores] | NDArray[np.float64] | Sequence[ArrayLike],
    thresholds: ArrayLike | None = None,
    *,
    kind: str = "runs",
    method: str = "percentile",
    level: float = 0.95,
    reps: int = 2000,
    seed: Seed = 0,
    over_tasks: bool = False,
    engine: str = "numpy",
) -> dict[str, Band] | Band:
    """The share of scores strictly above each threshold, with a pointwise interval.

    `scores` maps labels to scores as in `interval_estimates` and gives a band for each; scores of
    one run set, an array (runs x tasks) or one array of runs per task, give one band. `thresholds`
    rise, in the units of the scores; by default 101 from the lowest to the highest score. `kind`
    "runs" counts runs (a run on a task with n runs weighs 1/n, every task the same), "tasks" counts
    tasks by their mean. Shares are from 0 to 1.

    Raises ScoreError for thresholds that do not rise or are not finite, and for what
    `interval_estimates` refuses. Source: Agarwal et al. 2021, section 4.3 and appendix A.3 (run-
    and average-score distribution).
    """
    if kind not in PROFILE_KINDS:
        raise ScoreError(
            f"a profile is of {' or '.join(PROFILE_KINDS)}, not of '{kind}'"
            f"{near(kind, PROFILE_KINDS)}"
        )
    check_engine(engine)
    resampling = Resampling.named(method, level, reps, seed, over_tasks=over_tasks)
    levels = None if thresholds is None else checked_thresholds(thresholds)
    tasks = labelled_tasks(scores if isinstance(scores, Mapping) else {"scores": scores})
    at = _spanning(tasks.values()) if levels is None else levels
    bands = {label: _profile(one, at, kind, resampling, engine) for label, one in tasks.items()}
    return bands if isinstance(scores, Mapping) else bands["scores"]


def checked_thresholds(thresholds: ArrayLike) -> NDArray[np.float64]:
    """The thresholds as float64 (n); raises ScoreError unless they are finite and rise."""
    at = np.asarray(thresholds, dtype=np.float64)
    if at.ndim != 1 or not at.size or not np.isfinite(at).all():
        raise ScoreError("thresholds are a row of finite numbers, as 0.5 1 1.5")
    falls = np.flatnonzero(np.diff(at) <= 0)
    if falls.size:
        first = int(falls[0])
        raise ScoreError(
            f"thresholds must rise: {at[first + 1]:g} comes after {at[first]:g}; sort them"
        )
    return at


def shares_above(
    sample: Resample, thresholds: NDArray[np.float64], kind: str
) -> NDArray[np.float64]:
    """The profile of every resample, (thresholds x reps)."""
    if kind == "tasks":
        above = np.zeros((len(thresholds), sample.reps), np.int64)
        for means, rounding in zip(sample.task_means, sample.mean_rounding, strict=True):
            # The mean of three times 0.1 is not above 0.1, though its last bit is.
            above += means - rounding > thresholds[:, None]
        return above / len(sample.task_means)
    # Tasks with equally many runs are counted together, in whole numbers.
    share = np.zeros((len(thresholds), sample.reps))
    for size in sorted({len(column) for column in sample.tasks}):
        chosen = [place for place, column in enumerate(sample.tasks) if len(column) == size]
        share += _runs_above(sample, chosen, thresholds) / size
    share /= len(sample.tasks)
    return share


def _profile(
    tasks: TaskArrays, at: NDArray[np.float64], kind: str, resampling: Resampling, engine: str
) -> Band:
    n = tuple(len(column) for column in tasks)
    point = shares_above(identity(tasks), at, kind)[:, 0]
    note = single_run_note(n)
    ends = None
    if not note and engine == "rliable":
        from .rliable_engine import profile_ends

        ends = profile_ends(tasks, at, kind, resampling)
    elif not note:
        ends = resampling.ends((tasks,), lambda sample: shares_above(sample, at, kind), point)
    if ends is not None:
        # Stretched or reflected, an interval may leave what a share can be.
        ends = np.clip(ends[0], 0, 1), np.clip(ends[1], 0, 1)
    return band_made_by(resampling, f"share of {kind} above", at, point, ends, n, note)


def _runs_above(
    sample: Resample, chosen: list[int], thresholds: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How many of the runs drawn on the chosen tasks are above, (thresholds x reps).

    One pass down the sorted values, adding counts; a threshold takes the sum as it stands.
    """
    values = np.concatenate([sample.tasks[place] for place in chosen])
    rows = [row for place in chosen for row in sample.counts[place]]
    kind: type[np.number] = np.int32 if rows[0].dtype.kind == "u" else np.float64
    above = np.zeros(sample.reps, kind)
    found = np.empty((len(thresholds), sample.reps))
    falling = iter(np.argsort(-values, kind="stable").tolist())
    place = next(falling, None)
    for row in range(len(thresholds) - 1, -1, -1):
        while place is not None and values[place] > thresholds[row]:
            np.add(above, rows[place], out=above)
            place = next(falling, None)
        found[row] = above
    return found


def _spanning(tasks: Iterable[TaskArrays]) -> NDArray[np.float64]:
    values = np.concatenate([column for one in tasks for column in one])
    return np.linspace(values.min(), values.max(), _DEFAULT_THRESHOLDS)
