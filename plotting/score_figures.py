"""Figures of scores: aggregates over envs with intervals, and every env on its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from orbench.score import ScoreMatrix
from orbench.stats import STATISTICS, Estimate, interval_estimates

from .axis import Axis
from .captions import interval_in_words, mixed_units, score_label, score_sentences, sentences
from .interval_settings import IntervalSettings
from .points import Mark, PointsFigure, PointsPanel, RunPoint
from .titles import short_names, shortened_in_words

__all__ = [
    "AGGREGATES",
    "by_label_and_env",
    "intervals_figure",
    "plot_intervals",
    "plot_scores",
    "scored",
    "scores_figure",
]

FloatArray = NDArray[np.float64]


AGGREGATES = ("iqm", "median", "mean")
"""The statistics of a figure of intervals that nobody chose."""

_BARS = "Lines across: point estimates; bars: intervals; rings: n = 1 on an env, hence no interval."


def plot_intervals(
    matrices: Sequence[ScoreMatrix],
    *,
    statistics: Sequence[str] = AGGREGATES,
    settings: IntervalSettings | None = None,
    title: str = "",
) -> PointsFigure:
    """Aggregates over envs with intervals: a panel for each statistic, a row for each run set.

    Raises ScoreError for run sets with different envs, unknown names and too few replicates.
    """
    how = settings or IntervalSettings()
    estimates = interval_estimates(
        by_label_and_env(matrices),
        statistics=tuple(dict.fromkeys(statistics)),
        method=how.method,
        level=how.level,
        reps=how.reps,
        seed=how.seed,
        engine=how.engine,
    )
    notes = sentences(
        score_sentences(matrices),
        mixed_units(matrices),
        interval_in_words("Intervals", how),
    )
    return intervals_figure(estimates, score_label(matrices), notes=notes, title=title)


def intervals_figure(
    estimates: Mapping[str, Mapping[str, Estimate]],
    label: str,
    *,
    notes: Iterable[str] = (),
    title: str = "",
) -> PointsFigure:
    """The figure of aggregates by run set and statistic, as `interval_estimates` gives them.

    `label` says what the scores are; `notes` are sentences on how they were made.
    """
    names = list(dict.fromkeys(name for by_name in estimates.values() for name in by_name))
    panels = tuple(
        PointsPanel(
            name,
            STATISTICS[name].title if name in STATISTICS else name,
            tuple(
                _mark((name, run_set), run_set, by_name[name])
                for run_set, by_name in estimates.items()
                if name in by_name
            ),
        )
        for name in names
    )
    titles = ", ".join(panel.title for panel in panels)
    return PointsFigure(
        panels=panels,
        rows=tuple(estimates),
        labels=tuple(estimates),
        axis=Axis(label, "score"),
        title=title,
        notes=sentences(f"{title}." if title else "", f"Over envs: {titles}.", notes, _BARS),
        names=("statistic", "run_set"),
    )


def plot_scores(
    matrices: Sequence[ScoreMatrix],
    *,
    settings: IntervalSettings | None = None,
    each_run: bool = False,
    title: str = "",
) -> PointsFigure:
    """The mean score of every run set on every env, with intervals: a panel for each env.

    `each_run` draws the scores of single runs as well. Raises ScoreError as `plot_intervals`.
    """
    how = settings or IntervalSettings()
    estimates = {
        (matrix.label, column.task): interval_estimates(
            {matrix.label: column.scores},
            statistics=("mean",),
            method=how.method,
            level=how.level,
            reps=how.reps,
            seed=how.seed,
            engine=how.engine,
        )[matrix.label]["mean"]
        for matrix in matrices
        for column in matrix.tasks
    }
    notes = (interval_in_words("Intervals", how),)
    return scores_figure(matrices, estimates, notes=notes, each_run=each_run, title=title)


def scores_figure(
    matrices: Sequence[ScoreMatrix],
    estimates: Mapping[tuple[str, str], Estimate],
    *,
    notes: Iterable[str] = (),
    each_run: bool = False,
    title: str = "",
) -> PointsFigure:
    """The figure of estimates by (run set, env) of these score matrices."""
    labels = tuple(matrix.label for matrix in scored(matrices))
    titles = short_names(list(dict.fromkeys(task for one in matrices for task in one.task_names)))
    panels = tuple(
        PointsPanel(
            task,
            short,
            tuple(
                _mark(
                    (task, matrix.label),
                    matrix.label,
                    estimates[matrix.label, task],
                    _runs(matrix, task) if each_run else (),
                )
                for matrix in scored(matrices)
                if task in matrix.task_names
            ),
        )
        for task, short in titles.items()
    )
    missing = "; ".join(
        f"{matrix.label} on {task}"
        for matrix in scored(matrices)
        for task in titles
        if task not in matrix.task_names
    )
    return PointsFigure(
        panels=panels,
        rows=labels,
        labels=labels,
        axis=Axis(score_label(matrices), "score"),
        title=title,
        notes=sentences(
            f"{title}." if title else "",
            "Mean score of every run set on every env; each env has an axis of its own.",
            score_sentences(matrices),
            notes,
            f"No runs: {missing}." if missing else "",
            _BARS,
            "Dots are single runs." if each_run else "",
            shortened_in_words(titles),
        ),
        names=("env_id", "run_set"),
    )


def by_label_and_env(matrices: Iterable[ScoreMatrix]) -> dict[str, dict[str, FloatArray]]:
    """The scores as the statistics take them: an array of runs for each run set and env."""
    return {
        matrix.label: {column.task: column.scores for column in matrix.tasks}
        for matrix in scored(matrices)
    }


def scored(matrices: Iterable[ScoreMatrix]) -> list[ScoreMatrix]:
    """The matrices of run sets that have a score at all."""
    return [matrix for matrix in matrices if matrix.tasks]


def _mark(
    names: tuple[str, ...], label: str, estimate: Estimate, runs: tuple[RunPoint, ...] = ()
) -> Mark:
    return Mark(
        names, label, label, estimate.point, estimate.low, estimate.high, sum(estimate.n), runs
    )


def _runs(matrix: ScoreMatrix, task: str) -> tuple[RunPoint, ...]:
    column = matrix.column(task)
    pairs = zip(column.run_ids, column.scores.tolist(), strict=True)
    return tuple(RunPoint(run_id, score) for run_id, score in pairs)
