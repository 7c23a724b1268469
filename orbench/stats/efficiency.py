"""Sample efficiency: an aggregate over runs and tasks at every point of training, and its area.

The points may be of any axis that goes with training: steps, wall time, or another logged number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ScoreError
from .aggregate import Statistic, TaskArrays, checked_runs, statistic_named
from .bands import Band, band_made_by
from .bootstrap import Resample, identity
from .draws import Seed
from .resampling import Ends, Resampling, check_engine, single_run_note

__all__ = [
    "CurveScores",
    "area_under_curve",
    "as_curves",
    "efficiency_bands",
    "sample_efficiency",
]

CurveScores = NDArray[np.float64] | Sequence[ArrayLike]
"""Scores during training: an array (runs x tasks x points) or one array (runs x points) per task.
All runs have the same points."""

# Replicates that are held at once: 32 MiB.
_CELLS_AT_ONCE = 4 * 2**20


@overload
def sample_efficiency(
    scores: Mapping[str, CurveScores],
    at: ArrayLike | None = ...,
    *,
    statistic: str | Statistic = ...,
    method: str = ...,
    level: float = ...,
    reps: int = ...,
    seed: Seed = ...,
    engine: str = ...,
) -> dict[str, Band]: ...


@overload
def sample_efficiency(
    scores: CurveScores,
    at: ArrayLike | None = ...,
    *,
    statistic: str | Statistic = ...,
    method: str = ...,
    level: float = ...,
    reps: int = ...,
    seed: Seed = ...,
    engine: str = ...,
) -> Band: ...


def sample_efficiency(
    scores: Mapping[str, CurveScores] | CurveScores,
    at: ArrayLike | None = None,
    *,
    statistic: str | Statistic = "iqm",
    method: str = "percentile",
    level: float = 0.95,
    reps: int = 2000,
    seed: Seed = 0,
    engine: str = "numpy",
) -> dict[str, Band] | Band:
    """A statistic over runs and tasks at every point of training, with a pointwise interval.

    `scores` maps labels to `CurveScores` and gives a band for each; the scores of one run set give
    one band. `at` (points) rises and says where the points are, in steps, seconds or any unit; by
    default 0, 1, 2 ... Values are in the units of the scores. Whole runs are redrawn within tasks,
    the same draw at every point, so that what is derived from a resampled curve holds too; rliable
    redraws every point on its own, with the same pointwise intervals.

    Raises ScoreError for points that do not rise, scores of other shapes or that are not finite,
    and as `interval_estimates`. Source: Agarwal et al. 2021, section 4 and appendix A.
    """
    labelled = scores if isinstance(scores, Mapping) else {"scores": scores}
    by_statistic = efficiency_bands(
        labelled,
        at,
        statistics=(statistic,),
        method=method,
        level=level,
        reps=reps,
        seed=seed,
        engine=engine,
    )
    (bands,) = by_statistic.values()
    return bands if isinstance(scores, Mapping) else bands["scores"]


def efficiency_bands(
    scores: Mapping[str, CurveScores],
    at: ArrayLike | Mapping[str, ArrayLike] | None = None,
    *,
    statistics: Sequence[str | Statistic],
    method: str = "percentile",
    level: float = 0.95,
    reps: int = 2000,
    seed: Seed = 0,
    engine: str = "numpy",
) -> dict[str, dict[str, Band]]:
    """Bands of several statistics, by the statistic's name and the label of a run set.

    Each is the one that `sample_efficiency` gives, in less time than one by one: the statistics see
    the same resamples. `at` may be different for each run set, by label. Raises as it does.
    """
    check_engine(engine)
    resampling = Resampling.named(method, level, reps, seed)
    chosen = [statistic_named(one) if isinstance(one, str) else one for one in statistics]
    found: dict[str, dict[str, Band]] = {one.name: {} for one in chosen}
    for label, one in scores.items():
        places = at[label] if isinstance(at, Mapping) else at
        for band in _bands(as_curves(one, label), places, chosen, resampling, engine):
            found[band.statistic][label] = band
    return found


def area_under_curve(scores: CurveScores, at: ArrayLike | None = None) -> TaskArrays:
    """The area under the curve of every run over the range of `at`, one array (n_task) per task.

    That is the mean height of the linearly interpolated curve, in the units of the scores (multiply
    by the range for score times steps). Give it to `interval_estimates`: one score a run, so that
    whole runs are redrawn. Raises ScoreError as `sample_efficiency`, and for a single point.
    """
    curves = as_curves(scores, "scores")
    places = _places(at, curves[0].shape[1])
    if len(places) < 2:
        raise ScoreError("an area under a curve needs 2 points or more")
    widths = np.diff(places)
    return tuple(
        ((curve[:, 1:] + curve[:, :-1]) / 2 * widths).sum(axis=1) / (places[-1] - places[0])
        for curve in curves
    )


def as_curves(scores: CurveScores, label: str) -> TaskArrays:
    """One float64 array (n_task x points) per task; raises ScoreError for other shapes."""
    if isinstance(scores, np.ndarray):
        if scores.ndim != 3:
            raise ScoreError(
                f"{label}: an array of curves is (runs x tasks x points), not {scores.ndim}-D; for"
                " one task give a list with one array (runs x points)"
            )
        columns = [scores[:, task] for task in range(scores.shape[1])]
    else:
        columns = [np.asarray(column) for column in scores]
    if not columns:
        raise ScoreError(f"{label}: there is no task to aggregate over")
    curves = tuple(checked_runs(column, label, task, 2) for task, column in enumerate(columns))
    points = [curve.shape[1] for curve in curves]
    if len(set(points)) > 1 or not points[0]:
        raise ScoreError(
            f"{label}: tasks need the same points, not {', '.join(map(str, sorted(set(points))))}"
            " of them; bring the runs to one grid first"
        )
    return curves


def _bands(
    curves: TaskArrays,
    at: ArrayLike | None,
    statistics: Sequence[Statistic],
    resampling: Resampling,
    engine: str,
) -> Iterator[Band]:
    """The band of every statistic of one run set."""
    places = _places(at, curves[0].shape[1])
    n = tuple(len(curve) for curve in curves)
    points = _at_points(curves, statistics, identity(_first_points(curves)))[..., 0]
    ends: list[Ends | None] = [None] * len(statistics)
    note = single_run_note(n)
    if not note and engine == "rliable":
        from .rliable_engine import efficiency_ends

        ends = [efficiency_ends(curves, one, resampling) for one in statistics]
    elif not note:
        low, high = _ends(curves, statistics, resampling.with_int_seed(), points)
        ends = list(zip(low, high, strict=True))
    for statistic, point, its in zip(statistics, points, ends, strict=True):
        yield band_made_by(resampling, statistic.name, places, point, its, n, note)


def _ends(
    curves: TaskArrays,
    statistics: Sequence[Statistic],
    resampling: Resampling,
    point: NDArray[np.float64],
) -> Ends:
    """Intervals, (statistics x points); the seed makes the draws the same for all of them.

    Some points are done at a time, which bounds the memory of the replicates.
    """
    some = max(1, _CELLS_AT_ONCE // resampling.reps // len(statistics))
    found = []
    for start in range(0, point.shape[1], some):
        part = tuple(curve[:, start : start + some] for curve in curves)
        ends = resampling.ends(
            (_first_points(part),),
            lambda sample, part=part: _at_points(part, statistics, sample),
            point[:, start : start + some],
            part,
        )
        found.append(ends)
    low, high = zip(*found, strict=True)
    return np.concatenate(low, axis=1), np.concatenate(high, axis=1)


def _at_points(
    curves: TaskArrays, statistics: Sequence[Statistic], sample: Resample
) -> NDArray[np.float64]:
    """The statistics at every point in every resample, (statistics x points x reps)."""
    found = np.empty((len(statistics), curves[0].shape[1], sample.reps))
    for point, there in enumerate(sample.at_points(curves)):
        for row, statistic in zip(found, statistics, strict=True):
            row[point] = statistic.replicates(there)
    return found


def _first_points(curves: TaskArrays) -> TaskArrays:
    """One number a run: what tells the resampling how many runs there are."""
    return tuple(curve[:, 0] for curve in curves)


def _places(at: ArrayLike | None, points: int) -> NDArray[np.float64]:
    if at is None:
        return np.arange(points, dtype=np.float64)
    places = np.asarray(at, dtype=np.float64)
    if places.shape != (points,):
        raise ScoreError(f"there are {points} points of scores but {places.size} places for them")
    if not np.isfinite(places).all() or (np.diff(places) <= 0).any():
        raise ScoreError("the places of points must be finite and rise")
    return places
