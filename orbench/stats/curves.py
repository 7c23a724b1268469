"""Curves: the runs of one run set on one env as a line over steps, with a band.

Rows become a curve in stated steps: sorted by step (stably), repeats of a step averaged, optionally
smoothed by a rolling mean over rows, brought to a grid that all runs cover, aggregated over runs at
every point of it. Intervals come from whole runs redrawn, the same draw at every point.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..errors import ScoreError, near
from ..metric import Series
from ..wording import number_of
from .aggregate import trimmed_mean
from .bootstrap import MINIMUM_REPS
from .draws import Seed, draw_counts, random_words
from .intervals import check_level, small_sample_stretch
from .quantiles import quantiles

__all__ = [
    "CURVE_AGGREGATES",
    "CURVE_AXES",
    "CURVE_INTERVALS",
    "CurveEstimate",
    "RunCurve",
    "averaged_in_words",
    "common_grid",
    "curve_estimate",
    "on_grid",
    "run_curve",
    "smoothed",
]

CURVE_AGGREGATES = ("mean", "median", "iqm")
"""How runs are aggregated at a step."""

CURVE_AXES = ("step", "wall time")
"""What a curve runs over: logged steps, or seconds since the first row of a run."""

CURVE_INTERVALS = ("calibrated", "percentile", "std", "none")
"""What a band shows: a bootstrap interval (see `intervals`), one standard deviation, or nothing."""

# Points of the grid that are aggregated at once: bounds the memory of the replicates.
_CELLS_AT_ONCE = 4 * 2**20


@dataclass(frozen=True, slots=True)
class RunCurve:
    """One run as a curve: strictly increasing `steps` and finite `values`, both float64 (n).

    `skipped` counts the rows that were NaN or infinite and are not in, `averaged` those beyond one
    at a step, which went into a mean.
    """

    run_id: str
    steps: NDArray[np.float64]
    values: NDArray[np.float64]
    skipped: int = 0
    averaged: int = 0


@dataclass(frozen=True, slots=True)
class CurveEstimate:
    """A line with its band, float64 (points); `low` and `high` are None where there is none.

    `runs` (runs x points) has the single runs at the same steps.
    `resampled`: the grid is coarser than the rows, and a point is the mean of the linear
    interpolation over its stretch of steps; otherwise points are at logged steps.
    """

    steps: NDArray[np.float64]
    point: NDArray[np.float64]
    low: NDArray[np.float64] | None
    high: NDArray[np.float64] | None
    runs: NDArray[np.float64]
    resampled: bool

    @property
    def n(self) -> int:
        """The number of runs."""
        return len(self.runs)


def run_curve(series: Series, over: str | Series = "step") -> RunCurve:
    """The rows of a run as a curve: sorted, repeats averaged, non-finite rows left out.

    `over` is one of `CURVE_AXES`, or another metric of the same run (episodes, frames, joules): the
    `steps` of the curve are then seconds since the run's first row, or the values of that metric.
    """
    places = _places(series, over)
    finite = np.isfinite(series.values) & np.isfinite(places)
    steps, values = places[finite], series.values[finite]
    skipped = int(len(finite) - finite.sum())
    if (np.diff(steps) > 0).all():
        # Most runs are logged in order, each step once.
        return RunCurve(series.run_id, steps, values, skipped)
    order = np.argsort(steps, kind="stable")
    steps, values = steps[order], values[order]
    distinct, first = np.unique(steps, return_index=True)
    if len(distinct) < len(steps):
        counts = np.diff(np.append(first, len(steps)))
        values = np.add.reduceat(values, first) / counts
    return RunCurve(series.run_id, distinct, values, skipped, len(steps) - len(distinct))


def averaged_in_words(curves: Iterable[RunCurve]) -> str:
    """The sentence on rows that were averaged because they were at one step; empty for none."""
    found = [curve.averaged for curve in curves if curve.averaged]
    if not found:
        return ""
    runs = number_of(len(found), "run")
    return f"Rows of one step are averaged: {sum(found):,} rows of {runs} are repeats."


def _places(series: Series, over: str | Series) -> NDArray[np.float64]:
    """Where the rows of a run are on an axis; NaN where that is not known."""
    if isinstance(over, Series):
        return _along(series, over)
    if over not in CURVE_AXES:
        raise ScoreError(
            f"there are no curves over '{over}'; use {' or '.join(CURVE_AXES)}"
            f"{near(over, CURVE_AXES)}"
        )
    return series.steps.astype(np.float64) if over == "step" else _elapsed(series)


def _along(series: Series, axis: Series) -> NDArray[np.float64]:
    """The values of another metric at the steps of this one, linear between its rows."""
    if axis.run_id != series.run_id:
        raise ScoreError(f"'{axis.metric}' is of run {axis.run_id}, not of {series.run_id}")
    finite = np.isfinite(axis.values)
    if not finite.any():
        return np.full(len(series.steps), np.nan)
    steps, values = axis.steps[finite], axis.values[finite]
    order = np.argsort(steps, kind="stable")
    return np.interp(series.steps, steps[order], values[order], left=np.nan, right=np.nan)


def _elapsed(series: Series) -> NDArray[np.float64]:
    """Seconds since the earliest row."""
    known = series.wall_times[np.isfinite(series.wall_times)]
    elapsed: NDArray[np.float64] = series.wall_times - (known.min() if len(known) else 0.0)
    return elapsed


def smoothed(curve: RunCurve, rows: int) -> RunCurve:
    """A rolling mean over the last `rows` rows; the first rows average what there is so far."""
    if rows < 1:
        raise ScoreError(f"a rolling mean is over 1 row or more, not {rows}")
    if rows == 1 or not len(curve.values):
        return curve
    # Sums of differences from the first value: small where the values are large but alike.
    base = curve.values[0]
    sums = np.concatenate([[0.0], np.cumsum(curve.values - base)])
    last = np.arange(1, len(curve.values) + 1)
    first = np.maximum(0, last - rows)
    values = base + (sums[last] - sums[first]) / (last - first)
    return replace(curve, values=values)


def common_grid(curves: Sequence[RunCurve], points: int) -> tuple[NDArray[np.float64], bool]:
    """Steps that all curves cover, and whether they are fewer than those logged.

    All logged steps of the common range if there are at most `points`, else `points` equally
    spaced ones. Raises ScoreError, naming two runs, if the curves share no step.
    """
    starts = [curve.steps[0] for curve in curves]
    ends = [curve.steps[-1] for curve in curves]
    low, high = max(starts), min(ends)
    if low > high:
        late, early = curves[int(np.argmax(starts))], curves[int(np.argmin(ends))]
        raise ScoreError(
            f"runs {early.run_id} (to step {high:g}) and {late.run_id} (from step {low:g})"
            " share no step; filter one of them out"
        )
    within = [curve.steps[(curve.steps >= low) & (curve.steps <= high)] for curve in curves]
    if max(map(len, within)) > points:
        return np.linspace(low, high, points), True
    logged = np.unique(np.concatenate(within))
    if len(logged) <= points:
        return np.unique(np.concatenate([[low], logged, [high]])), False
    return np.linspace(low, high, points), True


def on_grid(curve: RunCurve, grid: NDArray[np.float64], *, resampled: bool) -> NDArray[np.float64]:
    """The curve at the steps of a grid, (points).

    `resampled`: the mean of the linearly interpolated curve over the stretch around each step, so
    that every row counts; otherwise the linear interpolation at the step itself.
    """
    if not resampled or len(grid) < 2:
        return np.interp(grid, curve.steps, curve.values)
    edges = np.concatenate([grid[:1], (grid[1:] + grid[:-1]) / 2, grid[-1:]])
    means: NDArray[np.float64] = np.diff(_area(curve, edges)) / np.diff(edges)
    return means


def _area(curve: RunCurve, edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """The area below the interpolated curve from its first step to each edge."""
    steps, values = curve.steps, curve.values
    pieces = np.diff(steps) * (values[1:] + values[:-1]) / 2
    areas = np.concatenate([[0.0], np.cumsum(pieces)])
    before = np.clip(np.searchsorted(steps, edges, side="right") - 1, 0, len(steps) - 1)
    heights = np.interp(edges, steps, values)
    return areas[before] + (edges - steps[before]) * (values[before] + heights) / 2


def curve_estimate(
    curves: Sequence[RunCurve],
    *,
    aggregate: str = "mean",
    interval: str = "calibrated",
    level: float = 0.95,
    points: int = 400,
    reps: int = 2000,
    seed: Seed = 0,
) -> CurveEstimate:
    """Aggregate the curves of runs at the steps that all of them cover.

    Units are those of the values. One run gives no band. Raises ScoreError for unknown names and
    for runs that share no step. Source: Agarwal et al. 2021 (sample efficiency), but with whole
    runs redrawn.
    """
    _check(aggregate, interval, level, points, reps)
    grid, resampled = common_grid(curves, points)
    values = np.stack([on_grid(curve, grid, resampled=resampled) for curve in curves])
    point = _aggregated(values, np.ones((len(curves), 1), np.uint8), aggregate)[:, 0]
    low = high = None
    if interval == "std" and len(curves) > 1:
        spread = values.std(axis=0, ddof=1)
        low, high = point - spread, point + spread
    elif interval in ("calibrated", "percentile") and len(curves) > 1:
        low, high = _bootstrap_band(values, aggregate, level, reps, seed)
        if interval == "calibrated":
            # One task with n runs: the stretch depends on n alone, so any varying column serves.
            ramp = np.arange(len(curves), dtype=np.float64)
            stretch = float(small_sample_stretch((ramp,), level))
            low, high = point - stretch * (point - low), point + stretch * (high - point)
    return CurveEstimate(grid, point, low, high, values, resampled)


def _check(aggregate: str, interval: str, level: float, points: int, reps: int) -> None:
    for name, known, what in (
        (aggregate, CURVE_AGGREGATES, "aggregate"),
        (interval, CURVE_INTERVALS, "interval"),
    ):
        if name not in known:
            raise ScoreError(
                f"a curve has no {what} '{name}'; use {', '.join(known)}{near(name, known)}"
            )
    check_level(level)
    if points < 2:
        raise ScoreError(f"a curve needs 2 points or more, not {points}")
    if reps < MINIMUM_REPS:
        raise ScoreError(f"{reps} replicates make no interval; use at least {MINIMUM_REPS}")


def _bootstrap_band(
    values: NDArray[np.float64], aggregate: str, level: float, reps: int, seed: Seed
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Percentile interval at every point of curves (runs x points), the same redraws at each."""
    runs, points = values.shape
    counts: NDArray[np.unsignedinteger] = draw_counts(random_words(seed), runs, reps)
    repeats: NDArray[np.int64] | None = None
    # Few runs have few different resamples (126 of 5): each is computed once.
    different, times = np.unique(counts, axis=1, return_counts=True)
    if 2 * len(times) < reps:
        counts, repeats = different, times
    ends = ((1 - level) / 2, (1 + level) / 2)
    step = max(1, _CELLS_AT_ONCE // counts.shape[1])
    bands = [
        quantiles(_aggregated(values[:, start : start + step], counts, aggregate), ends, repeats)
        for start in range(0, points, step)
    ]
    return np.concatenate([low for low, _ in bands]), np.concatenate([high for _, high in bands])


def _aggregated(
    values: NDArray[np.float64], counts: NDArray[np.unsignedinteger], aggregate: str
) -> NDArray[np.float64]:
    """The aggregate over runs of every resample at every point, (points x reps)."""
    runs, points = values.shape
    if aggregate == "mean":
        total = np.zeros((points, counts.shape[1]))
        for row, drawn in zip(values, counts, strict=True):
            total += row[:, None] * drawn
        total /= runs
        return total
    # The median is the mean without all but the middle one or two runs.
    cut = runs // 4 if aggregate == "iqm" else (runs - 1) // 2
    order = np.argsort(values, axis=0, kind="stable")
    return np.stack(
        [
            trimmed_mean(values[ranks, at], counts[ranks], None, cut)
            for at, ranks in enumerate(order.T)
        ]
    )
