"""The figure of performance profiles: the share of runs, and of envs, above each score."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from orbench.errors import ScoreError
from orbench.score import ScoreMatrix
from orbench.stats import Band, performance_profile

from .axis import Axis
from .bands import band_line
from .captions import interval_in_words, score_label, score_sentences, sentences
from .curves import CurvesFigure, Panel
from .interval_settings import IntervalSettings
from .score_figures import by_label_and_env

__all__ = ["plot_profiles", "profiles_figure"]

_TITLES = {"runs": "Runs", "tasks": "Env means"}
_MEANINGS = {
    "runs": "Runs: share of runs with a score above the threshold, every env weighing the same.",
    "tasks": "Env means: share of envs whose mean score over runs is above the threshold.",
}
_POINTS = 101


def plot_profiles(
    matrices: Sequence[ScoreMatrix],
    *,
    thresholds: Sequence[float] | None = None,
    kinds: Sequence[str] | None = None,
    settings: IntervalSettings | None = None,
    log_x: bool = False,
    title: str = "",
) -> CurvesFigure:
    """Performance profiles with bands: a panel for runs and one for env means, `kinds`.

    `thresholds` rise; by default 101 over the range of the scores, in equal ratios with `log_x`.
    Over one env there is only the panel of runs unless both are asked for. Raises ScoreError for
    thresholds that do not rise, run sets with different envs, and unknown names.
    """
    how = settings or IntervalSettings(reps=2000)
    scores = by_label_and_env(matrices)
    envs = {env for by_env in scores.values() for env in by_env}
    at = _over_the_range(scores, log_x) if thresholds is None else thresholds
    bands = {
        kind: performance_profile(
            scores,
            at,
            kind=kind,
            method=how.method,
            level=how.level,
            reps=how.reps,
            seed=how.seed,
            engine=how.engine,
        )
        for kind in (kinds or (("runs", "tasks") if len(envs) > 1 else ("runs",)))
    }
    notes = sentences(score_sentences(matrices), interval_in_words("Bands", how))
    return profiles_figure(bands, score_label(matrices), notes=notes, title=title)


def profiles_figure(
    profiles: Mapping[str, Mapping[str, Band]],
    label: str,
    *,
    notes: Iterable[str] = (),
    title: str = "",
) -> CurvesFigure:
    """The figure of profiles by kind (runs, tasks) and run set, as `performance_profile` makes.

    `label` says what the scores are; `notes` are sentences on how they were made.
    """
    labels = tuple(dict.fromkeys(one for by_label in profiles.values() for one in by_label))
    panels = tuple(
        Panel(
            kind,
            _TITLES.get(kind, kind),
            tuple(band_line(run_set, band) for run_set, band in by_label.items()),
        )
        for kind, by_label in profiles.items()
    )
    return CurvesFigure(
        panels=panels,
        labels=labels,
        legend={one: one for one in labels},
        x=Axis(f"{label} (threshold)", "threshold"),
        y=Axis("Share above the threshold", "share", limits=(-0.02, 1.02)),
        title=title,
        sentences=sentences(
            f"{title}." if title else "",
            "Performance profiles.",
            [_MEANINGS[kind] for kind in profiles if kind in _MEANINGS],
            notes,
        ),
        panel_name="share_of",
    )


def _over_the_range(
    scores: Mapping[str, Mapping[str, NDArray[np.float64]]], log_x: bool
) -> NDArray[np.float64]:
    values = np.concatenate([runs for by_env in scores.values() for runs in by_env.values()])
    low, high = float(values.min()), float(values.max())
    if not log_x:
        return np.linspace(low, high, _POINTS) if high > low else np.array([low])
    above = values[values > 0]
    if not len(above):
        raise ScoreError("no score is above 0: leave out --log-x")
    return np.geomspace(float(above.min()), high, _POINTS) if high > above.min() else above[:1]
