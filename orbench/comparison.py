"""The comparison: everything that is computed of run sets, each number once.

`compare` takes runs and the series of one metric and gives a frozen `Comparison`; tables, figures
and pages are made of it and compute nothing themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from typing import TYPE_CHECKING

from .compared_sets import (
    ReadSeries,
    SetCurves,
    joined_curves,
    prepared_set,
    shared_envs,
)
from .comparison_settings import ComparisonSettings
from .normalisation import Normaliser, normaliser
from .run import RunRecord
from .run_set import RunSet, group_runs
from .score import ScoreMatrix, require_scores
from .stats import (
    PROFILE_KINDS,
    Band,
    CurvesOverEnvs,
    LearningCurves,
    PairEstimate,
    RankEstimate,
    ScoreSummary,
    performance_profile,
    probability_of_improvement,
    rank_estimates,
    sample_efficiency,
    summarise_scores,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    SharedScores = Mapping[str, Mapping[str, NDArray[np.float64]]]

__all__ = ["ComparedRun", "Comparison", "Training", "compare"]


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """A run of the comparison: the run set it belongs to, and its score or why it has none.

    `score` is in the units logged, whether or not scores were normalised.
    """

    record: RunRecord
    label: str
    score: float | None
    left_out: str = ""


@dataclass(frozen=True, slots=True)
class Training:
    """How run sets got to their scores, over steps or over wall time.

    `sets` has what `efficiency`, the aggregate over envs by label, is of; both are empty where
    there is none, and `why_not` says why.
    """

    curves: LearningCurves
    sets: tuple[CurvesOverEnvs, ...]
    efficiency: Mapping[str, Band]
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Run sets compared on one metric.

    `runs` has every run given, counted or not. `matrices` has the scores, normalised if asked for,
    and `summary` their means and aggregates; `normaliser` is what normalised them.

    What follows is over the envs that every run set has, `summary.shared_tasks`, and empty where
    there is none: `profiles` by kind and label and, of two run sets or more, `improvements` by
    pair (better, worse), each pair both ways, and `ranks` by label. `by_time` is None for runs
    without wall times.
    """

    settings: ComparisonSettings
    runs: tuple[ComparedRun, ...]
    matrices: tuple[ScoreMatrix, ...]
    normaliser: Normaliser | None
    summary: ScoreSummary
    profiles: Mapping[str, Mapping[str, Band]]
    improvements: Mapping[tuple[str, str], PairEstimate]
    ranks: Mapping[str, RankEstimate]
    by_step: Training
    by_time: Training | None

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the run sets, in the order in which all figures and tables have them."""
        return tuple(matrix.label for matrix in self.matrices)

    @property
    def notes(self) -> tuple[str, ...]:
        """How the scores were made, what is peculiar to these runs, and what was left out."""
        return self.summary.notes


def compare(
    runs: Iterable[RunRecord], read: ReadSeries, settings: ComparisonSettings
) -> Comparison:
    """Compare run sets on one metric; `read` gives its series, and is asked for one set at a time.

    Raises ScoreError for a score that is not finite, unknown names and too few replicates,
    UsageError for a normaliser that is not known, and NoRunsError where nothing is left to compare.
    """
    run_sets = group_runs(runs, settings.group_by)
    envs = shared_envs(run_sets, settings.include)
    prepared = [prepared_set(one, read, settings, envs) for one in run_sets]
    logged = tuple(one.matrix for one in prepared)
    require_scores(logged, settings.metric)
    scale = normaliser(settings.normalise, logged) if settings.normalise else None
    matrices = tuple(map(scale.normalise, logged)) if scale else logged
    with_scores = tuple(matrix for matrix in matrices if matrix.tasks)
    summary = summarise_scores(
        with_scores,
        statistics=settings.over_envs,
        method=settings.method,
        level=settings.level,
        reps=settings.reps,
        seed=settings.seed,
        engine=settings.engine,
        best=settings.best,
    )
    scores = _shared_scores(with_scores, summary.shared_tasks)
    by_step = [one.by_step for one in prepared if one.by_step]
    by_time = [one.by_time for one in prepared if one.by_time]
    timed = len(by_time) == len(by_step)
    return Comparison(
        settings=settings,
        runs=_compared_runs(run_sets, logged),
        matrices=matrices,
        normaliser=scale,
        summary=summary,
        profiles=_profiles(scores, settings),
        improvements=_improvements(scores, settings),
        ranks=_ranks(scores, settings),
        by_step=_training(by_step, summary.shared_tasks, scale, settings),
        by_time=_training(by_time, summary.shared_tasks, scale, settings) if timed else None,
    )


def _shared_scores(matrices: Sequence[ScoreMatrix], tasks: Sequence[str]) -> SharedScores:
    """The scores on the shared tasks as the statistics take them; empty for no such task."""
    if not tasks:
        return {}
    return {
        matrix.label: dict(zip(tasks, matrix.arrays(tasks), strict=True)) for matrix in matrices
    }


def _profiles(scores: SharedScores, settings: ComparisonSettings) -> dict[str, Mapping[str, Band]]:
    """Profiles of runs and, over several tasks, of task means."""
    tasks = len(next(iter(scores.values()), ()))
    kinds = PROFILE_KINDS if tasks > 1 else PROFILE_KINDS[:tasks]
    return {
        kind: performance_profile(
            scores,
            kind=kind,
            method=settings.method,
            level=settings.level,
            reps=settings.curve_reps,
            seed=settings.seed,
            engine=settings.engine,
        )
        for kind in kinds
    }


def _improvements(
    scores: SharedScores, settings: ComparisonSettings
) -> dict[tuple[str, str], PairEstimate]:
    return {
        pair: probability_of_improvement(
            scores[pair[0]],
            scores[pair[1]],
            labels=pair,
            method=settings.method,
            level=settings.level,
            reps=settings.curve_reps,
            seed=settings.seed,
            engine=settings.engine,
        )
        for pair in permutations(scores, 2)
    }


def _ranks(scores: SharedScores, settings: ComparisonSettings) -> dict[str, RankEstimate]:
    if len(scores) < 2:
        return {}
    return rank_estimates(
        scores,
        higher_is_better=settings.best != "lowest",
        method=settings.method,
        level=settings.level,
        reps=settings.curve_reps,
        seed=settings.seed,
    )


def _training(
    sets: Sequence[SetCurves],
    tasks: Sequence[str],
    scale: Normaliser | None,
    settings: ComparisonSettings,
) -> Training:
    """The curves of all run sets, and their aggregate over the shared tasks where there is one."""
    curves = joined_curves(sets)
    why_not = next((one.why_not for one in sets if one.why_not), "")
    if not tasks or why_not:
        return Training(curves, (), {}, why_not or "no env is shared by all run sets")
    found = tuple(
        _on_tasks(one.over_envs, tasks, scale) for one in sets if one.over_envs is not None
    )
    efficiency = {
        one.label: sample_efficiency(
            one.scores,
            one.at,
            statistic=settings.efficiency_statistic,
            method=settings.method,
            level=settings.level,
            reps=settings.curve_reps,
            seed=settings.seed,
            engine=settings.engine,
        )
        for one in found
    }
    return Training(curves, found, efficiency)


def _on_tasks(
    curves: CurvesOverEnvs, tasks: Sequence[str], scale: Normaliser | None
) -> CurvesOverEnvs:
    """The curves on these tasks alone, normalised if there is something to normalise by."""
    by_env = dict(zip(curves.envs, curves.scores, strict=True))
    scores = tuple(
        by_env[task] if scale is None else scale.scaled(task, by_env[task]) for task in tasks
    )
    return replace(curves, envs=tuple(tasks), scores=scores)


def _compared_runs(
    run_sets: Sequence[RunSet], matrices: Sequence[ScoreMatrix]
) -> tuple[ComparedRun, ...]:
    """Every run with its label, by run set, then env, then seed."""
    scores = _scores_by_run(matrices)
    reasons = {run.run_id: run.reason for matrix in matrices for run in matrix.left_out}
    return tuple(
        ComparedRun(run, run_set.label, scores.get(run.run_id), reasons.get(run.run_id, ""))
        for run_set in run_sets
        for env_runs in run_set.by_env().values()
        for run in sorted(env_runs, key=_by_seed)
    )


def _scores_by_run(matrices: Iterable[ScoreMatrix]) -> Mapping[str, float]:
    return {
        run_id: float(score)
        for matrix in matrices
        for column in matrix.tasks
        for run_id, score in zip(column.run_ids, column.scores, strict=True)
    }


def _by_seed(run: RunRecord) -> tuple[bool, int, float, str]:
    return (run.seed is None, run.seed or 0, run.started, run.run_id)
