"""The figure of sample efficiency: an aggregate over envs at every point of training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from orbench.normalisation import Normaliser
from orbench.run_set import left_out_in_words
from orbench.stats import (
    STATISTICS,
    Band,
    CurvesOverEnvs,
    LearningCurves,
    averaged_in_words,
    curves_over_envs,
    efficiency_bands,
)
from orbench.wording import run_set_on_env

from .axis import Axis
from .bands import band_line
from .captions import (
    MIXED_UNITS,
    interval_in_words,
    repeated_in_words,
    sentences,
    sizes_in_words,
)
from .curves import CurvesFigure, Panel
from .interval_settings import IntervalSettings
from .learning_curves import training_axis
from .titles import metric_in_words

__all__ = ["efficiency_figure", "efficiency_sentences", "plot_efficiency"]

# A line that ends before this part of what its longest run reached is worth a sentence.
_SHORT = 0.95


def plot_efficiency(
    curves: LearningCurves,
    *,
    statistics: Sequence[str] = ("iqm",),
    normaliser: Normaliser | None = None,
    points: int = 200,
    settings: IntervalSettings | None = None,
    title: str = "",
) -> CurvesFigure:
    """Aggregates over envs during training with bands: a panel for each statistic.

    `curves` are learning curves over steps or wall time; their smoothing and what they left out is
    in the caption. A line has at most `points` places and ends where the first run of its set ends.
    Raises ScoreError for run sets with different envs and for an env without a reference.
    """
    how = settings or IntervalSettings(reps=2000)
    sets = curves_over_envs(
        curves, points=points, scale=None if normaliser is None else normaliser.scaled
    )
    bands = efficiency_bands(
        {one.label: one.scores for one in sets},
        {one.label: one.at for one in sets},
        statistics=tuple(dict.fromkeys(statistics)),
        method=how.method,
        level=how.level,
        reps=how.reps,
        seed=how.seed,
        engine=how.engine,
    )
    notes = efficiency_sentences(sets, curves, normaliser, how)
    normalised = normaliser is not None
    return efficiency_figure(bands, curves, normalised=normalised, notes=notes, title=title)


def efficiency_figure(
    bands: Mapping[str, Mapping[str, Band]],
    curves: LearningCurves,
    *,
    normalised: bool,
    notes: Iterable[str] = (),
    title: str = "",
) -> CurvesFigure:
    """The figure of bands by statistic and run set, as `sample_efficiency` makes of `curves`."""
    axis, per = training_axis(curves)
    words = metric_in_words(curves.metric)
    labels = tuple(dict.fromkeys(label for by_label in bands.values() for label in by_label))
    panels = tuple(
        Panel(
            name,
            STATISTICS[name].title if name in STATISTICS else name,
            tuple(band_line(label, band, per=per) for label, band in by_label.items()),
        )
        for name, by_label in bands.items()
    )
    return CurvesFigure(
        panels=panels,
        labels=labels,
        legend={label: label for label in labels},
        x=axis,
        y=Axis(f"{words}, normalised" if normalised else words, "score"),
        title=title,
        sentences=sentences(
            f"{title}." if title else "",
            f"{', '.join(panel.title for panel in panels)} over envs of {curves.metric} against"
            f" {axis.label.lower()}.",
            notes,
        ),
        panel_name="statistic",
    )


def efficiency_sentences(
    sets: Sequence[CurvesOverEnvs],
    curves: LearningCurves,
    normaliser: Normaliser | None,
    how: IntervalSettings,
) -> tuple[str, ...]:
    """How bands were made of `sets`, which are the `curves` on grids."""
    return sentences(
        _scores_in_words(curves, normaliser),
        _places_in_words(sets, curves),
        interval_in_words("Bands", how),
    )


def _scores_in_words(curves: LearningCurves, normaliser: Normaliser | None) -> tuple[str, ...]:
    """What the scores are, of how many runs, and what was left out."""
    rows = curves.settings.smoothing
    sizes: dict[str, dict[str, int]] = {}
    for one in curves.curves:
        sizes.setdefault(one.label, {})[one.env_id] = one.estimate.n
    skipped = ", ".join(
        f"{run.skipped} of run {run.run_id}"
        for one in curves.curves
        for run in one.runs
        if run.skipped
    )
    unit = MIXED_UNITS if len(curves.envs) > 1 else "Scores are in the units logged."
    return sentences(
        unit if normaliser is None else f"Scores normalised {normaliser.caption}.",
        # What is drawn is no score of a run, and may lie outside.
        f"The score of a run is there {normaliser.scored}."
        if normaliser is not None and normaliser.scored
        else "",
        "No smoothing."
        if rows == 1
        else f"Each run smoothed by a rolling mean over its last {rows} rows.",
        sizes_in_words(sizes),
        repeated_in_words(
            {run_set_on_env(one.label, one.env_id): one.repeated_seeds for one in curves.curves}
        ),
        averaged_in_words(run for one in curves.curves for run in one.runs),
        f"Rows that are NaN or infinite are left out: {skipped}." if skipped else "",
        left_out_in_words(curves.left_out),
    )


def _places_in_words(sets: Sequence[CurvesOverEnvs], curves: LearningCurves) -> tuple[str, ...]:
    """At which places the lines are, and where they end."""
    over = curves.settings.over
    points = max((len(one.at) for one in sets if one.resampled), default=0)
    unit, digits = (" s", "g") if over == "wall time" else ("", ".15g")
    short = "; ".join(
        f"{one.label} at {over} {one.at[-1]:{digits}} of {one.longest:{digits}}{unit}"
        for one in sets
        if one.at[-1] - one.at[0] < _SHORT * (one.longest - one.at[0])
    )
    return sentences(
        f"Runs are brought to {points} equally spaced {over}s that all runs of a set cover; a point"
        f" is the mean of the linearly interpolated run over its stretch of {over}s."
        if points
        else f"Runs are linearly interpolated at {over}s that all runs of a set cover.",
        f"Lines end where the first run of the set ends: {short}." if short else "",
    )
