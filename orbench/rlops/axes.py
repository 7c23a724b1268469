"""What a series is drawn over: its own steps, another metric that counts steps, or time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..errors import ScoreError, UsageError
from ..finding import metric_not_found
from ..metric import Series

if TYPE_CHECKING:
    from ..run_store import RunStore

__all__ = ["MICROSECONDS", "TIME_UNITS", "elapsed", "over_steps", "run_seconds"]

TIME_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
"""Seconds in the units that times are shown in."""

MICROSECONDS = 1_000_000
"""The steps of a series over time are microseconds."""

_OWN_STEPS = ("global_step", "_step", "step")


def over_steps(
    store: RunStore, series: Sequence[Series], x_axis: str, known: Mapping[str, int]
) -> list[Series]:
    """The series over the metric `x_axis`, or over their own steps where that is what it means.

    `known` are the metrics of the runs. Rows at whose step the x axis was not logged are dropped,
    as are runs that never logged it. Raises MetricNotFoundError for a metric that no run has.
    """
    if x_axis not in known:
        if x_axis in _OWN_STEPS:
            return list(series)
        raise metric_not_found(x_axis, known)
    axes = {one.run_id: one for one in store.series([one.run_id for one in series], x_axis)}
    # A run without the x axis counts its own steps, if these are what the axis means.
    own = x_axis in _OWN_STEPS
    return [
        _over(one, axes[one.run_id]) if one.run_id in axes else one
        for one in series
        if one.run_id in axes or own
    ]


def _over(series: Series, axis: Series) -> Series:
    if not (np.isfinite(axis.values).all() and (axis.values == np.rint(axis.values)).all()):
        raise UsageError(
            f"'{axis.metric}' of run {axis.run_id} is no count of steps (its values are not whole "
            "numbers); name another xaxis"
        )
    order = np.argsort(axis.steps, kind="stable")
    steps = axis.steps[order]
    at = np.searchsorted(steps, series.steps, side="right") - 1
    found = (at >= 0) & (steps[np.maximum(at, 0)] == series.steps)
    x = axis.values[order][at[found]].astype(np.int64)
    return replace(
        series, steps=x, values=series.values[found], wall_times=series.wall_times[found]
    )


def elapsed(series: Series) -> Series:
    """The series over the microseconds since its first row.

    Raises ScoreError for a run whose rows have no times.
    """
    if not np.isfinite(series.wall_times).all():
        raise ScoreError(f"rows of run {series.run_id} have no wall times; filter that run out")
    since = (series.wall_times - series.wall_times.min()) * MICROSECONDS
    return replace(series, steps=np.rint(since).astype(np.int64))


def run_seconds(series: Series) -> float:
    """How long a run went on: its last wall time minus its first."""
    return float(series.wall_times.max() - series.wall_times.min())
