"""From the runs of a set to its numbers: scores, run times, curves and samples of curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import NoRunsError, ScoreError, UsageError
from ..filters import where as fields_are
from ..metric import Series
from ..run_set import left_out_in_words
from ..score import ScoreMatrix, TaskScores, score_matrix
from ..selection import LastRows
from ..stats import RunCurve, run_curve
from .axes import MICROSECONDS, TIME_UNITS, elapsed, over_steps, run_seconds
from .curves import SetCurve, set_curve, shared_range
from .selecting import SelectedSet

if TYPE_CHECKING:
    from ..run_store import RunStore

__all__ = ["CurveOptions", "Samples", "SetResult", "set_result"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CurveOptions:
    """How curves are made: `points` are drawn of a line, `subsamples` taken for aggregates."""

    last_rows: int = 100
    rolling: int = 100
    points: int = 400
    subsamples: int = 20
    time_unit: str = "m"
    max_steps: int | None = None

    def __post_init__(self) -> None:
        """Refuse, with UsageError, numbers that mean nothing; the flags are named."""
        for flag, number, least in (
            ("--metric-last-n-average-window", self.last_rows, 1),
            ("--pc.rolling", self.rolling, 1),
            ("--rc.nsubsamples", self.subsamples, 2),
            ("--pc.max-steps", 1 if self.max_steps is None else self.max_steps, 1),
        ):
            if number < least:
                raise UsageError(f"{flag} is {least} or more, not {number}")
        if self.time_unit not in TIME_UNITS:
            units = ", ".join(TIME_UNITS)
            raise UsageError(f"--pc.time-unit is one of {units}, not '{self.time_unit}'")


@dataclass(frozen=True, slots=True)
class Samples:
    """Curves of all runs of a set at the same places of an axis that every run covers.

    `x` is (points); `values` has one array (runs x points) for each env.
    """

    x: FloatArray
    values: Mapping[str, FloatArray]


@dataclass(frozen=True, slots=True)
class SetResult:
    """All numbers of one set; mappings are by env and lack the envs without runs.

    `run_times` (runs) are in the unit asked for. Samples are None for a set whose runs
    share no stretch of the axis over all envs.
    """

    label: str
    matrix: ScoreMatrix
    run_times: Mapping[str, FloatArray]
    over_steps: Mapping[str, SetCurve]
    over_time: Mapping[str, SetCurve]
    step_samples: Samples | None
    time_samples: Samples | None


def set_result(
    store: RunStore, selected: SelectedSet, envs: Sequence[str], options: CurveOptions
) -> SetResult:
    """The numbers of one set, envs in this order.

    Raises ScoreError for a score that is not finite, naming the run, NoRunsError where no run has
    the metric, UsageError and MetricNotFoundError for an x axis that is none.
    """
    (metric,) = selected.compared.source.metrics
    series = _series(store, selected, metric)
    by_run = {one.run_id: one for one in series if len(one)}
    if not by_run:
        why = left_out_in_words(selected.left_out)
        raise NoRunsError(f"{selected.label} has no run with points of '{metric}'. {why}".rstrip())
    matrix = _in_order(_score(selected, by_run, metric, options), envs)
    unit = TIME_UNITS[options.time_unit]
    steps = {run_id: _cut(run_curve(one), options.max_steps) for run_id, one in by_run.items()}
    times = {run_id: _scaled(run_curve(elapsed(one)), unit) for run_id, one in by_run.items()}
    return SetResult(
        label=selected.label,
        matrix=matrix,
        run_times={
            column.task: np.array([run_seconds(by_run[run]) for run in column.run_ids]) / unit
            for column in matrix.tasks
        },
        over_steps=_curves(matrix, steps, options),
        over_time=_curves(matrix, times, options),
        step_samples=_samples(matrix, steps, options.subsamples),
        time_samples=_samples(matrix, times, options.subsamples),
    )


def _series(store: RunStore, selected: SelectedSet, metric: str) -> list[Series]:
    run_ids = [run.run_id for run in selected.runs.runs]
    known = store.metric_names(fields_are(run_id=run_ids)) if run_ids else {}
    series = store.series(run_ids, metric)
    return over_steps(store, series, selected.compared.source.x_axis, known)


def _score(
    selected: SelectedSet, by_run: Mapping[str, Series], metric: str, options: CurveOptions
) -> ScoreMatrix:
    # All runs of a set count here: which do was decided when they were selected.
    states = {str(run.status) for run in selected.runs.runs}
    matrix = score_matrix(
        selected.runs, by_run, metric, LastRows(options.last_rows), include=states
    )
    return replace(matrix, left_out=(*selected.left_out, *matrix.left_out))


def _in_order(matrix: ScoreMatrix, envs: Sequence[str]) -> ScoreMatrix:
    columns = {column.task: column for column in matrix.tasks}
    return replace(matrix, tasks=tuple(columns[env] for env in envs if env in columns))


def _cut(curve: RunCurve, most: int | None) -> RunCurve:
    if most is None:
        return curve
    kept = curve.steps <= most
    if not kept.any():
        raise ScoreError(
            f"run {curve.run_id} begins at step {curve.steps[0]:g}, beyond --pc.max-steps {most}"
        )
    return replace(curve, steps=curve.steps[kept], values=curve.values[kept])


def _scaled(curve: RunCurve, unit: float) -> RunCurve:
    return replace(curve, steps=curve.steps / (MICROSECONDS * unit))


def _curves(
    matrix: ScoreMatrix, curves: Mapping[str, RunCurve], options: CurveOptions
) -> dict[str, SetCurve]:
    found = {}
    for column in matrix.tasks:
        with_points = _with_points(column, curves)
        try:
            found[column.task] = set_curve(with_points, options.rolling, options.points)
        except ScoreError as error:
            raise ScoreError(f"{matrix.label} on {column.task}: {error}") from error
    return found


def _with_points(column: TaskScores, curves: Mapping[str, RunCurve]) -> list[RunCurve]:
    # A score is finite, so a run with one has a finite row.
    return [curves[run_id] for run_id in column.run_ids]


def _samples(matrix: ScoreMatrix, curves: Mapping[str, RunCurve], points: int) -> Samples | None:
    """Every run at the same places of the stretch that all runs of all envs cover."""
    by_env = {column.task: _with_points(column, curves) for column in matrix.tasks}
    try:
        low, high = shared_range([curve for found in by_env.values() for curve in found])
    except ScoreError:
        return None
    x = np.linspace(low, high, points)
    return Samples(
        x,
        {
            env: np.stack([np.interp(x, curve.steps, curve.values) for curve in found])
            for env, found in by_env.items()
        },
    )
