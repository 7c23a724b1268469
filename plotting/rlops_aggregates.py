"""The figures of `orbench rlops --rliable`: run sets compared over all envs on one scale."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from orbench.errors import ScoreError, UsageError
from orbench.rlops import STATISTIC_NAMES, Normalised, Samples
from orbench.stats import Band, efficiency_bands

from .axis import Axis
from .bands import band_line
from .captions import interval_in_words, score_label, score_sentences, sentences
from .curves import CurvesFigure, Panel
from .interval_settings import IntervalSettings
from .points import PointsFigure
from .profiles import plot_profiles
from .score_figures import plot_intervals

__all__ = [
    "rlops_aggregates",
    "rlops_bands",
    "rlops_efficiency",
    "rlops_profiles",
    "rlops_walltime_efficiency",
]

Bands = Mapping[str, Mapping[str, Band]]

_THRESHOLDS = 81
_NAMES = {name: title for title, name in STATISTIC_NAMES.items()}


def rlops_aggregates(scores: Normalised, how: IntervalSettings) -> PointsFigure:
    """Median, IQM, mean and optimality gap over envs, with intervals."""
    return plot_intervals(scores.matrices, statistics=tuple(_NAMES), settings=how)


def rlops_profiles(scores: Normalised, threshold: float, how: IntervalSettings) -> CurvesFigure:
    """Performance profiles of runs and of env means, at 81 scores from 0 to `threshold`."""
    if not 0 < threshold < math.inf:
        raise UsageError(f"--rc.normalized-score-threshold is a score above 0, not {threshold:g}")
    return plot_profiles(
        scores.matrices,
        thresholds=np.linspace(0.0, threshold, _THRESHOLDS).tolist(),
        kinds=("runs", "tasks"),
        settings=how,
    )


def rlops_bands(
    samples: Mapping[str, Samples], statistics: Sequence[str], how: IntervalSettings
) -> Bands:
    """The bands of statistics over envs along an axis, by statistic and label."""
    return efficiency_bands(
        {label: list(one.values.values()) for label, one in samples.items()},
        {label: one.x for label, one in samples.items()},
        statistics=statistics,
        method=how.method,
        level=how.level,
        reps=how.reps,
        seed=how.seed,
        engine=how.engine,
    )


def rlops_efficiency(
    scores: Normalised, bands: Bands, how: IntervalSettings, *, x_label: str
) -> CurvesFigure:
    """Sample efficiency: a panel for each statistic, over the steps that all runs of a set cover.

    `bands` are those of all statistics over steps. Raises ScoreError if no set has such steps.
    """
    panels = tuple(_panel(name, title, bands[name]) for name, title in _NAMES.items())
    return _figure(scores, panels, Axis(x_label, "step"), "statistic", scores.over_steps, how)


def rlops_walltime_efficiency(
    scores: Normalised, bands: Bands, statistic: str, how: IntervalSettings, time_unit: str
) -> CurvesFigure:
    """One statistic twice: over steps, as in `bands`, and over the time that all runs took."""
    title = _NAMES[statistic]
    over_time = rlops_bands(scores.over_time, (statistic,), how)
    panels = (
        _panel("step", f"{title} over steps", bands[statistic]),
        _panel(f"time_{time_unit}", f"{title} over time ({time_unit})", over_time[statistic]),
    )
    drawn = tuple(panel for panel in panels if panel.lines)
    return _figure(scores, drawn, Axis("", "at"), "over", scores.over_time, how)


def _panel(name: str, title: str, bands: Mapping[str, Band]) -> Panel:
    return Panel(name, title, tuple(band_line(label, band) for label, band in bands.items()))


def _figure(
    scores: Normalised,
    panels: tuple[Panel, ...],
    x: Axis,
    panel_name: str,
    samples: Mapping[str, Samples],
    how: IntervalSettings,
) -> CurvesFigure:
    labels = tuple(matrix.label for matrix in scores.matrices)
    missing = ", ".join(label for label in labels if label not in samples)
    if not samples:
        raise ScoreError(
            f"the runs of {missing} share no stretch of steps or time over all envs; use "
            "--rc.no-sample-efficiency-plots"
        )
    points = max(len(one.x) for one in samples.values())
    return CurvesFigure(
        panels=panels,
        labels=labels,
        legend={label: label for label in labels if label in samples},
        x=x,
        y=Axis(score_label(scores.matrices)),
        title="",
        sentences=sentences(
            f"Sample efficiency at {points} equally spaced places of the stretch that all runs of "
            "a set cover on all envs, runs linearly interpolated.",
            f"Without such a stretch: {missing}." if missing else "",
            score_sentences(scores.matrices),
            interval_in_words("Bands", how),
        ),
        panel_name=panel_name,
    )
