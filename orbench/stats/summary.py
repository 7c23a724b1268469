"""The summary of scores: final results per env and over envs, with what a caption must say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from ..errors import ScoreError, near
from ..run_set import left_out_in_words
from .aggregate import Mean, Statistic, TaskArrays, statistic_named
from .best import DIRECTIONS, best_run_sets
from .draws import Seed
from .estimates import Estimate, estimate_all
from .intervals import Interval, interval_named

if TYPE_CHECKING:
    from ..score import ScoreMatrix, TaskScores

__all__ = ["BEST", "DEFAULT_STATISTICS", "ScoreRow", "ScoreSummary", "summarise_scores"]

DEFAULT_STATISTICS = ("mean", "median", "iqm")

BEST = (*DIRECTIONS, "none")
"""What a summary marks as best: the highest scores, the lowest, or none."""

_ALPHA = 0.05

Estimator = Callable[[TaskArrays, Sequence[Statistic]], list[Estimate]]


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One number of a summary. `task` is None for an aggregate over several tasks.

    `std` is over runs; None for aggregates and for one run. `best` says whether the run set is
    the best or not significantly different from it; None where that was not tested.
    """

    label: str
    task: str | None
    estimate: Estimate
    std: float | None = None
    best: bool | None = None

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
    ddof: int = 1,
    best: str = "highest",
) -> ScoreSummary:
    """Mean scores per env and `statistics` over the envs that all run sets have, with intervals.

    Units are those of the metric, or of its normalisation. The standard deviations have n - `ddof`
    in the denominator. `best` is one of `BEST`; see `best_run_sets`. Raises ScoreError for unknown
    names, fewer than 100 `reps` and matrices that are not normalised alike.
    """
    _check(matrices, ddof, best)
    chosen = [statistic_named(name) for name in statistics]
    interval = interval_named(method)
    tasks = tuple(dict.fromkeys(task for matrix in matrices for task in matrix.task_names))
    shared = tuple(task for task in tasks if all(task in matrix.task_names for matrix in matrices))
    estimate = partial(estimate_all, interval=interval, level=level, reps=reps, seed=seed)
    cells = tuple(
        _cell(matrix, matrix.column(task), estimate, ddof)
        for task in tasks
        for matrix in matrices
        if task in matrix.task_names
    )
    over_tasks = _worth_aggregating(chosen, len(shared))
    aggregates = tuple(
        row for matrix in matrices for row in _aggregates(matrix, shared, over_tasks, estimate)
    )
    if tested := best in DIRECTIONS and len(matrices) > 1:
        cells = _with_best_cells(cells, matrices, best)
        aggregates = _with_best_aggregates(aggregates, matrices, shared, best, seed)
    notes = [
        f"Score: {_selections(matrices)} ({matrices[0].metric if matrices else ''}),"
        f" {_scale(matrices)}.",
        interval_in_words("Intervals", interval, level, reps, seed),
        f"std: standard deviation over runs, {'n - 1' if ddof else 'n'} in the denominator.",
        _best_in_words(best) if tested else "",
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


def _check(matrices: Sequence[ScoreMatrix], ddof: int, best: str) -> None:
    if best not in BEST:
        raise ScoreError(f"the best are {', '.join(BEST)}, not '{best}'{near(best, BEST)}")
    if ddof not in (0, 1):
        raise ScoreError(f"a standard deviation has n or n - 1 below: ddof is 0 or 1, not {ddof}")
    if len({matrix.normalisation for matrix in matrices}) > 1:
        raise ScoreError("some scores are normalised in another way than others, or not at all")


def _cell(matrix: ScoreMatrix, column: TaskScores, estimate: Estimator, ddof: int) -> ScoreRow:
    (found,) = estimate((column.scores,), [Mean()])
    std = float(column.scores.std(ddof=ddof)) if len(column) > 1 else None
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


def _with_best_cells(
    cells: Iterable[ScoreRow], matrices: Sequence[ScoreMatrix], direction: str
) -> tuple[ScoreRow, ...]:
    best: dict[str | None, frozenset[str]] = {}
    for task in dict.fromkeys(task for matrix in matrices for task in matrix.task_names):
        scores = {
            matrix.label: tuple(matrix.arrays([task]))
            for matrix in matrices
            if task in matrix.task_names
        }
        best[task] = best_run_sets(scores, direction=direction, alpha=_ALPHA)
    return tuple(_marked(row, best[row.task]) for row in cells)


def _with_best_aggregates(
    aggregates: Iterable[ScoreRow],
    matrices: Sequence[ScoreMatrix],
    tasks: Sequence[str],
    direction: str,
    seed: Seed,
) -> tuple[ScoreRow, ...]:
    scores = {matrix.label: tuple(matrix.arrays(tasks)) for matrix in matrices if tasks}
    rows = tuple(aggregates)
    best = {
        name: best_run_sets(
            scores, statistic_named(name), direction=direction, alpha=_ALPHA, seed=seed
        )
        for name in dict.fromkeys(row.estimate.statistic for row in rows)
    }
    return tuple(_marked(row, best[row.estimate.statistic]) for row in rows)


def _marked(row: ScoreRow, best: frozenset[str]) -> ScoreRow:
    tested = bool(best) and min(row.estimate.n) > 1
    return replace(row, best=row.label in best if tested else None)


def _best_in_words(direction: str) -> str:
    return (
        f"Bold, or *: the {direction} of the same env and statistic, and what does not differ from"
        f" it significantly (Welch's test, all pairs, Holm's adjustment, alpha {_ALPHA:g};"
        " of an optimality gap the other end is best; n=1 is not tested)."
    )


def _scale(matrices: Iterable[ScoreMatrix]) -> str:
    normalisation = "; ".join(dict.fromkeys(matrix.normalisation for matrix in matrices))
    return f"normalised {normalisation}" if normalisation else "in the units logged"


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
        mixed = ", of scores that are not normalised: they mix the units of the envs"
        notes.append(
            f"Aggregates are over {which} {len(shared)} envs that every run set has"
            f"{'' if matrices[0].normalisation else mixed}."
        )
    return notes
