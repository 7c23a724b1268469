"""Run sets made ready for comparison one at a time, so that memory holds the series of one set.

Of the full curves of runs only their ends are kept; what figures need of them stands on grids.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from .comparison_settings import ComparisonSettings
from .errors import ScoreError
from .metric import Series
from .run_set import RunSet, natural_key, split_by_status
from .score import ScoreMatrix, score_matrix
from .stats import (
    CurvesOverEnvs,
    LearningCurve,
    LearningCurves,
    curves_over_envs,
    learning_curves,
)

__all__ = ["ComparedSet", "ReadSeries", "SetCurves", "joined_curves", "prepared_set", "shared_envs"]

# Points of a curve over envs: it is drawn in one panel, and every point is redrawn by itself.
_EFFICIENCY_POINTS = 100

ReadSeries = Callable[[Sequence[str]], Iterable[Series]]
"""Gives the series of one metric of these runs; runs without it are left out."""


@dataclass(frozen=True, slots=True)
class SetCurves:
    """The curves of one run set over steps or over wall time, env by env and over envs.

    `over_envs` is None where runs on different envs share no place, and `why_not` says so.
    """

    curves: LearningCurves
    over_envs: CurvesOverEnvs | None
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class ComparedSet:
    """One run set: its scores in the units logged, and its curves.

    Without any score there are no curves; without wall times there are none over those.
    """

    matrix: ScoreMatrix
    by_step: SetCurves | None
    by_time: SetCurves | None


def prepared_set(
    run_set: RunSet, read: ReadSeries, settings: ComparisonSettings, envs: Collection[str]
) -> ComparedSet:
    """Read a run set's series and take from them what is compared; `envs` are those aggregated.

    Raises ScoreError for a score that is not finite, and for runs on one env that share no step.
    """
    series = {one.run_id: one for one in read([run.run_id for run in run_set.runs])}
    matrix = score_matrix(
        run_set, series, settings.metric, settings.select, settings.include, settings.repeats
    )
    if not matrix.tasks:
        return ComparedSet(matrix, None, None)

    def curves(over: str) -> SetCurves:
        found = learning_curves(
            run_set.runs,
            series.values(),
            group_by=settings.group_by,
            include=settings.include,
            settings=settings.curves(over),
        )
        return _on_grids(found, envs)

    counted = [run_id for column in matrix.tasks for run_id in column.run_ids]
    timed = all(_is_timed(series[run_id]) for run_id in counted)
    return ComparedSet(matrix, curves("step"), curves("wall time") if timed else None)


def shared_envs(run_sets: Iterable[RunSet], include: Sequence[str]) -> frozenset[str]:
    """The envs on which every run set that has runs of the states included has some."""
    found = [
        {run.env_id for run in split_by_status(one.runs, one.label, include)[0]} for one in run_sets
    ]
    counted = [envs for envs in found if envs]
    return frozenset(set.intersection(*counted)) if counted else frozenset()


def joined_curves(sets: Sequence[SetCurves]) -> LearningCurves:
    """The curves of several run sets as one; one set or more."""
    first = sets[0].curves
    curves = tuple(curve for one in sets for curve in one.curves.curves)
    return replace(
        first,
        labels=tuple(label for one in sets for label in one.curves.labels),
        envs=tuple(sorted({curve.env_id for curve in curves}, key=natural_key)),
        curves=curves,
        left_out=tuple(run for one in sets for run in one.curves.left_out),
    )


def _on_grids(curves: LearningCurves, envs: Collection[str]) -> SetCurves:
    aggregated = tuple(curve for curve in curves.curves if curve.env_id in envs)
    over_envs, why_not = None, ""
    if aggregated:
        names = tuple(curve.env_id for curve in aggregated)
        try:
            (over_envs,) = curves_over_envs(
                replace(curves, curves=aggregated, envs=names), points=_EFFICIENCY_POINTS
            )
        except ScoreError as error:
            why_not = str(error)
    ended = tuple(map(_with_ends_alone, curves.curves))
    return SetCurves(replace(curves, curves=ended), over_envs, why_not)


def _with_ends_alone(curve: LearningCurve) -> LearningCurve:
    """The curve with the last point alone of each run: how far it went."""
    return replace(
        curve,
        runs=tuple(
            replace(run, steps=run.steps[-1:].copy(), values=run.values[-1:].copy())
            for run in curve.runs
        ),
    )


def _is_timed(series: Series) -> bool:
    """Whether time went by between the rows of a run."""
    import numpy as np

    times = series.wall_times
    known = times[np.isfinite(times)]
    return len(known) > 1 and float(known.max()) > float(known.min())
