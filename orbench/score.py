"""The score matrix: one score for each run of a run set, by task.

A task is an env. Tasks may have different numbers of runs (ragged) and are never truncated; runs
of two matrices are paired by seed, never by the order in which they came.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .errors import NoRunsError, ScoreError, near
from .repeats import DEFAULT_REPEATS, RepeatRule, count_repeats
from .run import RunRecord
from .run_set import (
    DEFAULT_INCLUDE,
    LeftOut,
    RunSet,
    group_runs,
    left_out_in_words,
    split_by_status,
)
from .selection import DEFAULT_SELECTION, Selection

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .metric import Series

__all__ = ["ScoreMatrix", "TaskScores", "require_scores", "score_matrices", "score_matrix"]


@dataclass(frozen=True, slots=True)
class TaskScores:
    """The scores of one run set on one task: float64 (n), with the seed and id of each run."""

    task: str
    scores: NDArray[np.float64]
    seeds: tuple[int | None, ...]
    run_ids: tuple[str, ...]

    def __len__(self) -> int:
        """The number of runs."""
        return len(self.run_ids)

    @property
    def repeated_seeds(self) -> dict[int, int]:
        """Seeds of more than one run, with the number of runs: all of them are counted."""
        counts = Counter(seed for seed in self.seeds if seed is not None)
        return {seed: count for seed, count in sorted(counts.items()) if count > 1}


@dataclass(frozen=True, slots=True)
class ScoreMatrix:
    """Scores of one run set: a column of runs for each task, ragged allowed.

    `selection` says in words how a run became a score, `repeats` which rows counted where a step
    was logged more than once, and `repeated_rows` how many such rows a run has, by its id.
    `left_out` has the runs that are not in. `normalisation` says in words how the scores were
    normalised (see `orbench.normalisation`); empty for scores in the units logged.
    """

    label: str
    metric: str
    selection: str
    tasks: tuple[TaskScores, ...]
    left_out: tuple[LeftOut, ...] = ()
    repeats: str = DEFAULT_REPEATS.text
    repeated_rows: Mapping[str, int] = field(default_factory=dict)
    normalisation: str = ""

    @property
    def repeats_in_words(self) -> str:
        """How many rows repeat a step, and what became of them; empty where none does."""
        if not self.repeated_rows:
            return ""
        rows, runs = sum(self.repeated_rows.values()), len(self.repeated_rows)
        of_runs = "1 run" if runs == 1 else f"{runs} runs"
        return f"{self.label}: {rows:,} rows of {of_runs} repeat a step; {self.repeats}."

    @property
    def task_names(self) -> tuple[str, ...]:
        """The names of the tasks, in order."""
        return tuple(column.task for column in self.tasks)

    def column(self, task: str) -> TaskScores:
        """The scores on one task; raises ScoreError with near names."""
        for column in self.tasks:
            if column.task == task:
                return column
        raise ScoreError(f"{self.label} has no scores on '{task}'{near(task, self.task_names)}")

    def arrays(self, tasks: Iterable[str] | None = None) -> list[NDArray[np.float64]]:
        """One array of scores (n) for each task, of all tasks or those named, in that order."""
        return [self.column(task).scores for task in (self.task_names if tasks is None else tasks)]

    def paired(self, other: ScoreMatrix, task: str) -> list[tuple[int, float, float]]:
        """Seed and the two scores of every seed that both matrices have once on a task."""
        mine, theirs = (_by_seed(matrix.column(task)) for matrix in (self, other))
        return [(seed, mine[seed], theirs[seed]) for seed in sorted(mine.keys() & theirs.keys())]


def score_matrices(
    runs: Iterable[RunRecord],
    series: Iterable[Series],
    *,
    metric: str,
    group_by: Sequence[str] = ("exp_name",),
    select: Selection = DEFAULT_SELECTION,
    include: Iterable[str] = DEFAULT_INCLUDE,
    repeats: RepeatRule = DEFAULT_REPEATS,
) -> tuple[ScoreMatrix, ...]:
    """Score matrices of runs grouped by keys (see `group_runs`), one for each run set.

    `repeats` says which rows count where a step was logged more than once (see `parse_repeats`),
    before `select` sees them. `include` names states that count besides finished. A run that does
    not count, or has no points of `metric`, stands in `left_out`. Raises ScoreError for a score
    that is not finite, naming the run and the metric, and NoRunsError if no run is left.
    """
    by_run = {one.run_id: one for one in series if one.metric == metric}
    include = tuple(include)
    sets = group_runs(runs, group_by)
    matrices = tuple(score_matrix(runs, by_run, metric, select, include, repeats) for runs in sets)
    require_scores(matrices, metric)
    return matrices


def require_scores(matrices: Sequence[ScoreMatrix], metric: str) -> None:
    """Raise NoRunsError, saying what was left out, if no run set has a score."""
    if not any(matrix.tasks for matrix in matrices):
        why = left_out_in_words([run for matrix in matrices for run in matrix.left_out])
        raise NoRunsError(
            f"no run has a score of '{metric}'. {why or 'No run was given.'}"
            " Use --include to count runs that did not finish, or widen the filter"
        )


def score_matrix(
    run_set: RunSet,
    series: Mapping[str, Series],
    metric: str,
    select: Selection,
    include: Iterable[str] = DEFAULT_INCLUDE,
    repeats: RepeatRule = DEFAULT_REPEATS,
) -> ScoreMatrix:
    """The score matrix of one run set; `series` maps run ids to the series of `metric`."""
    import numpy as np

    runs, left_out = split_by_status(run_set.runs, run_set.label, include)
    reason = f"without points of {metric}"
    left_out += tuple(
        LeftOut(run.run_id, run_set.label, run.env_id, reason)
        for run in runs
        if not len(series.get(run.run_id, ()))
    )
    scored = RunSet(run_set.label, tuple(run for run in runs if len(series.get(run.run_id, ()))))
    columns = []
    for env, env_runs in scored.by_env().items():
        ordered = sorted(env_runs, key=_by_seed_then_start)
        columns.append(
            TaskScores(
                task=env,
                scores=np.array(
                    [_score(run, series[run.run_id], select, repeats) for run in ordered]
                ),
                seeds=tuple(run.seed for run in ordered),
                run_ids=tuple(run.run_id for run in ordered),
            )
        )
    repeated = _repeated_rows([series[run.run_id] for run in scored.runs], repeats)
    return ScoreMatrix(
        run_set.label, metric, select.text, tuple(columns), left_out, repeats.text, repeated
    )


def _repeated_rows(series: Iterable[Series], repeats: RepeatRule) -> dict[str, int]:
    """The rows that repeat a step, by run.

    Several rows of one step are usual (envs of a vector end together): while all rows count,
    only runs that went back to an earlier step are worth a word.
    """
    counted = {one.run_id: count_repeats(one.steps) for one in series}
    return {
        run_id: found.rows
        for run_id, found in counted.items()
        if found.rows and (found.restarts or repeats != DEFAULT_REPEATS)
    }


def _score(run: RunRecord, series: Series, select: Selection, repeats: RepeatRule) -> float:
    import numpy as np

    steps, values = repeats(series.steps, series.values)
    order = np.argsort(steps, kind="stable")
    score = select(steps[order], values[order])
    if not math.isfinite(score):
        raise ScoreError(
            f"the score of run {run.run_id} ({run.exp_name} on {run.env_id}, seed {run.seed})"
            f" is {score}: {select.text} of '{series.metric}'; filter that run out or choose"
            " another selection rule"
        )
    return score


def _by_seed_then_start(run: RunRecord) -> tuple[float, float, str]:
    return (math.inf if run.seed is None else run.seed, run.started, run.run_id)


def _by_seed(column: TaskScores) -> dict[int, float]:
    repeated = column.repeated_seeds
    return {
        seed: float(score)
        for seed, score in zip(column.seeds, column.scores, strict=True)
        if seed is not None and seed not in repeated
    }
