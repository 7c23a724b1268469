"""The summary of scores: final results per env and over envs, with what a caption must say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ..run_set import left_out_in_words
from .aggregate import Mean, Statistic, TaskArrays, statistic_named
from .draws import Seed
from .estimates import Estimate, estimate_all
from .intervals import Interval, interval_named

if TYPE_CHECKING:
    from ..score import ScoreMatrix, TaskScores

__all__ = ["DEFAULT_STATISTICS", "ScoreRow", "ScoreSummary", "summarise_scores"]

DEFAULT_STATISTICS = ("mean", "median", "iqm")

Estimator = Callable[[TaskArrays, Sequence[Statistic]], list[Estimate]]


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One number of a summary. `task` is None for an aggregate over several tasks.

    `std` is over runs with n - 1 in the denominator; None for aggregates and for one run.
    """

    label: str
    task: str | None
    estimate: Estimate
    std: float | None = None

    @property
    def runs(self) -> int:
        """The number of runs behind the number."""
        return sum(self.estimate.n)


@dataclass(frozen=True, slots=True)
class ScoreSummary:
    """Scores of run sets: `cells` for every env and run set, `aggregates` over the shared envs.

    `notes` are sentences that belong below the numbers, wherever they are shown.
    """

    metric: str
    labels: tuple[str, ...]
    tasks: tuple[str, ...]
    shared_tasks: tuple[str, ...]
    cells: tuple[ScoreRow, ...]
    aggregates: tuple[ScoreRow, ...]
    notes: tuple[str, ...]


def summarise_scores(
    matrices: Sequence[ScoreMatrix],
    *,
    statistics: Sequence[str] = DEFAULT_STATISTICS,
    method: str = "calibrated",
    level: float = 0.95,
    reps: int = 50_000,
    seed: Seed = 0,
) -> ScoreSummary:
    """Mean scores per env and `statistics` over the envs that all run sets have, with intervals.

    Units are those of the metric. Raises ScoreError for unknown names and fewer than 100 `reps`.
    """
    chosen = [statistic_named(name) for name in statistics]
    interval = interval_named(method)
    tasks = tuple(dict.fromkeys(task for matrix in matrices for task in matrix.task_names))
    shared = tuple(task for task in tasks if all(task in matrix.task_names for matrix in matrices))
    estimate = partial(estimate_all, interval=interval, level=level, reps=reps, seed=seed)
    cells = tuple(
        _cell(matrix, matrix.column(task), estimate)
        for task in tasks
        for matrix in matrices
        if task in matrix.task_names
    )
    over_tasks = _worth_aggregating(chosen, len(shared))
    aggregates = tuple(
        row for matrix in matrices for row in _aggregates(matrix, shared, over_tasks, estimate)
    )
    notes = [
        f"Score: {_selections(matrices)} ({matrices[0].metric if matrices else ''}),"
        " in the units logged.",
        interval_in_words("Intervals", interval, level, reps, seed),
        "std: standard deviation over runs, n - 1 in the denominator.",
        *_notes_on_tasks(matrices, tasks, shared, bool(aggregates)),
        *notes_on_runs(matrices),
    ]
    return ScoreSummary(
        metric=matrices[0].metric if matrices else "",
        labels=tuple(matrix.label for matrix in matrices),
        tasks=tasks,
        shared_tasks=shared,
        cells=cells,
        aggregates=aggregates,
        notes=tuple(note for note in notes if note),
    )


def interval_in_words(what: str, interval: Interval, level: float, reps: int, seed: Seed) -> str:
    """The sentence on how intervals (or bands) were made."""
    source = f"seed {seed}" if isinstance(seed, int) else "a generator given by the caller"
    same = ", the same at every step" if what == "Bands" else ""
    return (
        f"{what}: {100 * level:.4g}% {interval.text}; whole runs redrawn within each env{same},"
        f" {reps:,} replicates, {source}."
    )


def notes_on_runs(matrices: Iterable[ScoreMatrix]) -> list[str]:
    """Sentences on single runs, unequal numbers, repeated seeds and what was left out."""
    matrices = list(matrices)
    cells = [(matrix, column) for matrix in matrices for column in matrix.tasks]
    single = [f"{matrix.label} on {column.task}" for matrix, column in cells if len(column) == 1]
    repeated = [
        f"{matrix.label} on {column.task} (seed {', '.join(map(str, column.repeated_seeds))})"
        for matrix, column in cells
        if column.repeated_seeds
    ]
    sizes = sorted({len(column) for _, column in cells})
    left_out = left_out_in_words([run for matrix in matrices for run in matrix.left_out])
    notes = [
        f"n=1, hence no interval: {'; '.join(single)}, and aggregates with it." if single else "",
        f"Cells have unequal numbers of runs, {sizes[0]} to {sizes[-1]}." if len(sizes) > 1 else "",
        f"Several runs of one seed, all counted: {'; '.join(repeated)}." if repeated else "",
        *(_repeats_in_words(matrix) for matrix in matrices),
        left_out,
    ]
    return [note for note in notes if note]


def _repeats_in_words(matrix: ScoreMatrix) -> str:
    """How many rows of a run set repeat a step, and what became of them; empty for none."""
    if not matrix.repeated_rows:
        return ""
    rows, runs = sum(matrix.repeated_rows.values()), len(matrix.repeated_rows)
    of_runs = "1 run" if runs == 1 else f"{runs} runs"
    return f"{matrix.label}: {rows:,} rows of {of_runs} repeat a step; {matrix.repeats}."


def _cell(matrix: ScoreMatrix, column: TaskScores, estimate: Estimator) -> ScoreRow:
    (found,) = estimate((column.scores,), [Mean()])
    std = float(column.scores.std(ddof=1)) if len(column) > 1 else None
    return ScoreRow(matrix.label, column.task, found, std)


def _aggregates(
    matrix: ScoreMatrix,
    tasks: tuple[str, ...],
    statistics: Sequence[Statistic],
    estimate: Estimator,
) -> list[ScoreRow]:
    if not statistics:
        return []
    found = estimate(tuple(matrix.arrays(tasks)), statistics)
    # Over one env it is a statistic of that env, and is called so.
    task = tasks[0] if len(tasks) == 1 else None
    return [ScoreRow(matrix.label, task, one) for one in found]


def _worth_aggregating(statistics: Sequence[Statistic], tasks: int) -> list[Statistic]:
    """All of them over several tasks; over one task the mean and the median repeat its cell."""
    if tasks == 0:
        return []
    return [one for one in statistics if tasks > 1 or one.name not in ("mean", "median")]


def _selections(matrices: Sequence[ScoreMatrix]) -> str:
    return "; ".join(dict.fromkeys(matrix.selection for matrix in matrices))


def _notes_on_tasks(
    matrices: Sequence[ScoreMatrix],
    tasks: tuple[str, ...],
    shared: tuple[str, ...],
    aggregated: bool,
) -> list[str]:
    missing = [
        f"{matrix.label} has no scores on {', '.join(lacking)}"
        for matrix in matrices
        if (lacking := [task for task in tasks if task not in matrix.task_names])
    ]
    notes = [f"Missing: {'; '.join(missing)}."] if missing else []
    if not shared:
        notes.append("No env is shared by all run sets: no aggregate over envs.")
    elif aggregated and len(tasks) > 1:
        which = "all" if len(shared) == len(tasks) else "the"
        notes.append(
            f"Aggregates are over {which} {len(shared)} envs that every run set has,"
            " of scores that are not normalised: they mix the units of the envs."
        )
    return notes
