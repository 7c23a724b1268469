"""The figure of learning curves: a panel for each env, a line for each run set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from orbench.metric import Series
from orbench.run import RunRecord
from orbench.run_set import DEFAULT_INCLUDE
from orbench.stats import CurveSettings, LearningCurve, LearningCurves, learning_curves

from .axis import Axis
from .curves import CurveLine, CurvesFigure, Panel, RunLine, counted_legend
from .titles import metric_in_words, short_names, shortened_in_words

__all__ = ["curves_figure", "plot_curves", "training_axis", "vertices"]

_TIMES = {"days": 86_400.0, "hours": 3600.0, "minutes": 60.0}


def plot_curves(
    runs: Iterable[RunRecord],
    series: Iterable[Series],
    *,
    group_by: Sequence[str] = ("exp_name",),
    include: Iterable[str] = DEFAULT_INCLUDE,
    aggregate: str = "mean",
    interval: str = "calibrated",
    level: float = 0.95,
    smoothing: int = 1,
    points: int | None = None,
    reps: int = 2000,
    seed: int | np.random.Generator = 0,
    over: str = "step",
    each_run: bool = False,
    title: str = "",
    y_label: str = "",
) -> CurvesFigure:
    """The learning curves of runs: a panel for each env, a line for each run set.

    `series` is one metric of the runs. `points` is the most vertices a line has; None chooses by
    the number of panels. `over` "wall time" draws against the time since a run's first row. See
    `orbench.stats.CurveSettings` for the other numbers, and `draw_curves` and `save_figure` for
    what comes next. Raises NoRunsError and ScoreError.
    """
    runs = list(runs)
    points = points or vertices(len({run.env_id for run in runs}))
    settings = CurveSettings(aggregate, interval, level, smoothing, points, reps, seed, over)
    curves = learning_curves(runs, series, group_by=group_by, include=include, settings=settings)
    return curves_figure(curves, each_run=each_run, title=title, y_label=y_label)


def curves_figure(
    curves: LearningCurves, *, each_run: bool = False, title: str = "", y_label: str = ""
) -> CurvesFigure:
    """The figure of curves that are computed already."""
    titles = short_names(curves.envs)
    axis, per = training_axis(curves)
    panels = tuple(
        Panel(
            env,
            short,
            tuple(_line(one, per, each_run) for one in curves.curves if one.env_id == env),
        )
        for env, short in titles.items()
    )
    sentences = [
        f"{title}." if title else "",
        f"{curves.metric} against {axis.label.lower()}.",
        *curves.notes,
        shortened_in_words(titles),
        "Thin lines are single runs." if each_run else "",
    ]
    return CurvesFigure(
        panels=panels,
        labels=curves.labels,
        legend=counted_legend(curves.labels, panels),
        x=axis,
        y=Axis(y_label or metric_in_words(curves.metric)),
        title=title,
        sentences=tuple(one for one in sentences if one),
    )


def vertices(panels: int) -> int:
    """How many vertices a line needs in a grid of so many panels: the more, the smaller each is."""
    for most, points in ((1, 400), (4, 250), (12, 200), (30, 150)):
        if panels <= most:
            return points
    return 100


def training_axis(curves: LearningCurves) -> tuple[Axis, float]:
    """The horizontal axis, and how many of what the curves run over make 1 on it."""
    if curves.settings.over == "step":
        return Axis("Steps", "step"), 1.0
    longest = max(float(curve.estimate.steps[-1]) for curve in curves.curves)
    for name, seconds in _TIMES.items():
        if longest >= 2 * seconds:
            return Axis(f"Wall time ({name})", name), seconds
    return Axis("Wall time (seconds)", "seconds"), 1.0


def _line(curve: LearningCurve, per: float, each_run: bool) -> CurveLine:
    found = curve.estimate
    x = found.steps / per
    return CurveLine(
        label=curve.label,
        x=x,
        values=found.point,
        low=found.low,
        high=found.high,
        n=found.n,
        runs=tuple(
            RunLine(run.run_id, x, values)
            for run, values in zip(curve.runs, found.runs, strict=True)
        )
        if each_run
        else (),
    )
