"""Curves as openrlbenchmark draws them: a fine grid, mean and spread, then a rolling mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ScoreError, UsageError
from ..stats import CurveEstimate, RunCurve, curve_estimate

__all__ = ["GRID_POINTS", "SetCurve", "set_curve", "shared_range"]

GRID_POINTS = 10_000
"""The grid on which curves are averaged and rolled; what is drawn is thinned from it."""

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SetCurve:
    """The runs of one set on one env over steps or time, float64 (points) each.

    The band is one standard deviation (n - 1) either side; None for one run. `ends` names the run
    that ends first, at the end of the line, where another goes on to `longest`; else it is empty.
    """

    x: FloatArray
    values: FloatArray
    low: FloatArray | None
    high: FloatArray | None
    n: int
    ends: str
    longest: float
    skipped: int


def set_curve(curves: Sequence[RunCurve], rolling: int, points: int) -> SetCurve:
    """Average runs on a grid of the steps that all of them cover.

    Runs are linearly interpolated; mean and band are smoothed by a centred rolling mean over
    `rolling` of the grid's points, and `points` of them are kept. Raises ScoreError for runs that
    share no step, UsageError for a window that is none.
    """
    if rolling < 1:
        raise UsageError(f"--pc.rolling is a window of 1 point or more, not {rolling}")
    low, high = shared_range(curves)
    grid = np.linspace(low, high, GRID_POINTS) if high > low else np.array([low])
    on_grid = [
        RunCurve(curve.run_id, grid, np.interp(grid, curve.steps, curve.values)) for curve in curves
    ]
    estimate = curve_estimate(on_grid, interval="std", points=GRID_POINTS)
    kept = np.unique(np.linspace(0, len(grid) - 1, points).astype(int))
    first_to_end = min(curves, key=lambda curve: float(curve.steps[-1]))
    longest = max(float(curve.steps[-1]) for curve in curves)
    value, lower, upper = _rolled_band(estimate, rolling)
    return SetCurve(
        x=grid[kept],
        values=value[kept],
        low=None if lower is None else lower[kept],
        high=None if upper is None else upper[kept],
        n=len(curves),
        ends=first_to_end.run_id if longest > high else "",
        longest=longest,
        skipped=sum(curve.skipped for curve in curves),
    )


def shared_range(curves: Sequence[RunCurve]) -> tuple[float, float]:
    """The first and last step that all curves cover; raises ScoreError if they share none."""
    late = max(curves, key=lambda curve: float(curve.steps[0]))
    early = min(curves, key=lambda curve: float(curve.steps[-1]))
    low, high = float(late.steps[0]), float(early.steps[-1])
    if low > high:
        raise ScoreError(
            f"runs {early.run_id} (to {high:g}) and {late.run_id} (from {low:g}) share no step; "
            "filter one of them out"
        )
    return low, high


def _rolled_band(
    estimate: CurveEstimate, rolling: int
) -> tuple[FloatArray, FloatArray | None, FloatArray | None]:
    ends = (estimate.low, estimate.high)
    low, high = (None if end is None else _rolled(end, rolling) for end in ends)
    return _rolled(estimate.point, rolling), low, high


def _rolled(values: FloatArray, window: int) -> FloatArray:
    """A centred rolling mean; at the ends over as much of the window as there is.

    Of an even window one point more lies behind than ahead, as in pandas.
    """
    # Sums of differences from the first value: small where the values are large but alike.
    sums = np.concatenate([[0.0], np.cumsum(values - values[0])])
    places = np.arange(len(values))
    first = np.maximum(0, places - window // 2)
    last = np.minimum(len(values), places + (window + 1) // 2)
    rolled: FloatArray = values[0] + (sums[last] - sums[first]) / (last - first)
    return rolled
