"""Learning curves: run records and their series to one line for each run set and env."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..errors import NoRunsError, ScoreError
from ..metric import Series
from ..run import RunRecord
from ..run_set import (
    DEFAULT_INCLUDE,
    LeftOut,
    RunSet,
    group_runs,
    left_out_in_words,
    natural_key,
    repeated_seeds,
    split_by_status,
    usual_in_words,
)
from ..wording import run_set_on_env
from .curves import CurveEstimate, RunCurve, averaged_in_words, curve_estimate, run_curve, smoothed
from .draws import Seed
from .intervals import INTERVALS
from .summary_notes import interval_in_words

__all__ = ["CurveSettings", "LearningCurve", "LearningCurves", "learning_curves"]

# A set whose shortest run stops earlier than this part of its longest is worth a sentence.
_SHORT = 0.95
_WALL_TIME = "Wall time runs from the first row of each run, pauses between restarts included."


@dataclass(frozen=True, slots=True)
class CurveSettings:
    """How curves are made; every field stands in the caption. See `curve_estimate`."""

    aggregate: str = "mean"
    interval: str = "calibrated"
    level: float = 0.95
    smoothing: int = 1
    points: int = 400
    reps: int = 2000
    seed: Seed = 0
    over: str = "step"

    def sentences(self) -> list[str]:
        """The caption's sentences on method."""
        name = {"mean": "mean", "median": "median", "iqm": "interquartile mean (IQM)"}
        smooth = (
            "no smoothing"
            if self.smoothing == 1
            else f"each run smoothed by a rolling mean over its last {self.smoothing} rows"
        )
        aggregate = name.get(self.aggregate, self.aggregate)
        if self.interval in INTERVALS:
            band = interval_in_words(
                "Bands", INTERVALS[self.interval], self.level, self.reps, self.seed
            )
        elif self.interval == "std":
            band = f"Bands: {aggregate} ± one standard deviation over runs (n - 1)."
        else:
            band = "No bands."
        return [
            f"Lines: {aggregate} over runs at {self.over}s that all runs of the set cover;"
            f" {smooth}.",
            _WALL_TIME if self.over == "wall time" else "",
            band,
        ]


@dataclass(frozen=True, slots=True)
class LearningCurve:
    """One run set on one env: its estimate, and the curves of its runs after smoothing."""

    label: str
    env_id: str
    estimate: CurveEstimate
    runs: tuple[RunCurve, ...]
    repeated_seeds: Mapping[int, int]

    @property
    def last_step(self) -> float:
        """The last step that any of the runs reached."""
        return max(float(curve.steps[-1]) for curve in self.runs)


@dataclass(frozen=True, slots=True)
class LearningCurves:
    """The curves of run sets on envs, and what a caption must say about them."""

    metric: str
    labels: tuple[str, ...]
    envs: tuple[str, ...]
    curves: tuple[LearningCurve, ...]
    left_out: tuple[LeftOut, ...]
    settings: CurveSettings

    @property
    def notes(self) -> tuple[str, ...]:
        """The sentences of a caption: method, then what is peculiar to these runs."""
        notes = [
            *self.settings.sentences(),
            _note_on_grid(self.curves, self.settings.over),
            *_notes_on_cells(self.curves, self.labels, self.envs, self.settings.over),
            left_out_in_words(self.left_out),
        ]
        return tuple(note for note in notes if note)


def learning_curves(
    runs: Iterable[RunRecord],
    series: Iterable[Series],
    *,
    group_by: Sequence[str] = ("exp_name",),
    include: Iterable[str] = DEFAULT_INCLUDE,
    settings: CurveSettings | None = None,
) -> LearningCurves:
    """Curves of runs grouped by keys (see `group_runs`), one for each run set and env.

    `series` is one metric of the runs; `include` names states that count besides finished. Raises
    NoRunsError if no run is left, ScoreError for series of several metrics or unknown settings.
    """
    settings = settings or CurveSettings()
    by_run = {one.run_id: one for one in series}
    metrics = sorted({one.metric for one in by_run.values()})
    if len(metrics) > 1:
        raise ScoreError(f"curves are of one metric, not of {', '.join(metrics)}")
    metric = metrics[0] if metrics else ""
    include = tuple(include)
    curves: list[LearningCurve] = []
    left_out: list[LeftOut] = []
    for run_set in group_runs(runs, group_by):
        kept, left = split_by_status(run_set.runs, run_set.label, include)
        left_out += left
        made, empty = _curves_of_set(RunSet(run_set.label, kept), by_run, settings)
        curves += made
        left_out += empty
    if not curves:
        why = left_out_in_words(left_out) or "No run was given."
        raise NoRunsError(
            f"there is no curve to make. {why}"
            " Use --include to count runs that did not finish, or widen the filter"
        )
    labels = tuple(dict.fromkeys(curve.label for curve in curves))
    envs = tuple(sorted({curve.env_id for curve in curves}, key=natural_key))
    return LearningCurves(metric, labels, envs, tuple(curves), tuple(left_out), settings)


def _curves_of_set(
    run_set: RunSet, series: Mapping[str, Series], settings: CurveSettings
) -> tuple[list[LearningCurve], list[LeftOut]]:
    made, left_out = [], []
    for env, runs in run_set.by_env().items():
        kept = []
        for run in runs:
            curve = run_curve(series[run.run_id], settings.over) if run.run_id in series else None
            if curve is None or not len(curve.steps):
                left_out.append(LeftOut(run.run_id, run_set.label, env, "without finite points"))
            else:
                kept.append((run, smoothed(curve, settings.smoothing)))
        if kept:
            made.append(_learning_curve(run_set.label, env, kept, settings))
    return made, left_out


def _learning_curve(
    label: str, env: str, kept: Sequence[tuple[RunRecord, RunCurve]], settings: CurveSettings
) -> LearningCurve:
    ordered = sorted(kept, key=lambda pair: (pair[0].started, pair[0].run_id))
    curves = tuple(curve for _, curve in ordered)
    try:
        estimate = curve_estimate(
            curves,
            aggregate=settings.aggregate,
            interval=settings.interval,
            level=settings.level,
            points=settings.points,
            reps=settings.reps,
            seed=settings.seed,
        )
    except ScoreError as error:
        raise ScoreError(f"{run_set_on_env(label, env)}: {error}") from error
    return LearningCurve(label, env, estimate, curves, repeated_seeds(run for run, _ in ordered))


def _note_on_grid(curves: Sequence[LearningCurve], over: str) -> str:
    points = max(
        (len(curve.estimate.steps) for curve in curves if curve.estimate.resampled), default=0
    )
    if not points:
        return "Runs are linearly interpolated between their rows."
    return (
        f"Runs with more rows are brought to {points} equally spaced {over}s; a point is the mean"
        f" of the linearly interpolated run over its stretch of {over}s."
    )


def _notes_on_cells(
    curves: Sequence[LearningCurve], labels: Sequence[str], envs: Sequence[str], over: str
) -> list[str]:
    def named(chosen: Iterable[tuple[LearningCurve, str]]) -> str:
        return "; ".join(
            f"{run_set_on_env(one.label, one.env_id)}{detail}" for one, detail in chosen
        )

    unit, digits = (" s", "g") if over == "wall time" else ("", ".15g")
    all_single = all(one.estimate.n == 1 for one in curves)
    single = named((one, "") for one in curves if one.estimate.n == 1 and not all_single)
    short = named(
        (one, f" at {over} {one.estimate.steps[-1]:{digits}} of {one.last_step:{digits}}{unit}")
        for one in curves
        if one.estimate.steps[-1] - one.estimate.steps[0]
        < _SHORT * (one.last_step - one.estimate.steps[0])
    )
    repeated = named(
        (one, f" (seed {', '.join(map(str, one.repeated_seeds))})")
        for one in curves
        if one.repeated_seeds
    )
    skipped = ", ".join(
        f"{run.skipped} of run {run.run_id}" for one in curves for run in one.runs if run.skipped
    )
    present = {(one.label, one.env_id) for one in curves}
    missing = "; ".join(
        run_set_on_env(label, env)
        for env in envs
        for label in labels
        if (label, env) not in present
    )
    notes = (
        (single, "n=1, no band: {}."),
        (short, "Lines end where the first run of the set ends: {}."),
        (repeated, "Several runs of one seed, all counted: {}."),
        (skipped, "Rows that are NaN or infinite are left out: {}."),
        (missing, "No runs: {}."),
    )
    return [
        _runs_in_words(curves),
        averaged_in_words(run for one in curves for run in one.runs),
        *(text.format(names) for names, text in notes if names),
    ]


def _runs_in_words(curves: Sequence[LearningCurve]) -> str:
    """How many runs each line stands for: once if all are alike, else per set what is usual."""
    sizes: dict[str, dict[str, int]] = {}
    for one in curves:
        sizes.setdefault(one.label, {})[one.env_id] = one.estimate.n
    if len({n for by_env in sizes.values() for n in by_env.values()}) == 1:
        n = curves[0].estimate.n
        return f"n = {n} runs per line." if n > 1 else "n = 1 run per line, hence no band."
    parts = (f"{label} {usual_in_words(by_env)}" for label, by_env in sizes.items())
    return f"Runs per line: {'; '.join(parts)}."
