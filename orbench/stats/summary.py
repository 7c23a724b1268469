"""The summary of scores: final results per env and over envs, with what a caption must say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from ..errors import ScoreError, near
from .aggregate import Mean, Statistic, TaskArrays, statistic_named
from .best import DIRECTIONS, best_run_sets
from .draws import Seed
from .estimates import Estimate, estimate_all
from .intervals import interval_named
from .summary_notes import (
    best_in_words,
    interval_in_words,
    notes_on_runs,
    notes_on_tasks,
    score_in_words,
)

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

    `notes` are sentences that belong below the numbers, wherever they are shown; `std_note` is the
    one of them on standard deviations.
    """

    metric: str
    labels: tuple[str, ...]
    tasks: tuple[str, ...]
    shared_tasks: tuple[str, ...]
    cells: tuple[ScoreRow, ...]
    aggregates: tuple[ScoreRow, ...]
    notes: tuple[str, ...]
    std_note: str = ""


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
    engine: str = "numpy",
) -> ScoreSummary:
    """Mean scores per env and `statistics` over the envs that all run sets have, with intervals.

    Units are those of the metric, or of its normalisation. The standard deviations have n - `ddof`
    in the denominator. `best` is one of `BEST`; see `best_run_sets`. `engine` is one of `ENGINES`.
    Raises ScoreError for unknown names, fewer than 100 `reps` and matrices that are not normalised
    alike.
    """
    _check(matrices, ddof, best)
    chosen = [statistic_named(name) for name in statistics]
    interval = interval_named(method)
    tasks = tuple(dict.fromkeys(task for matrix in matrices for task in matrix.task_names))
    shared = tuple(task for task in tasks if all(task in matrix.task_names for matrix in matrices))
    estimate = partial(
        estimate_all, interval=interval, level=level, reps=reps, seed=seed, engine=engine
    )
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
    std_note = f"std: standard deviation over runs, {'n - 1' if ddof else 'n'} in the denominator."
    notes = [
        score_in_words(matrices),
        interval_in_words("Intervals", interval, level, reps, seed),
        std_note,
        best_in_words(best, _ALPHA, matrices, chosen) if tested else "",
        *notes_on_tasks(matrices, tasks, shared, aggregated=bool(aggregates)),
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
        std_note=std_note,
    )


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
