"""Sentences that belong below a summary of scores, wherever it is shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ..run_set import left_out_in_words
from ..wording import NO_ENV, run_set_on_env
from .aggregate import OptimalityGap, Statistic
from .draws import Seed
from .intervals import Interval

if TYPE_CHECKING:
    from ..score import ScoreMatrix

__all__ = [
    "best_in_words",
    "interval_in_words",
    "notes_on_runs",
    "notes_on_tasks",
    "score_in_words",
]


def score_in_words(matrices: Sequence[ScoreMatrix]) -> str:
    """The sentence on what a score is, and on which scale."""
    selections = "; ".join(dict.fromkeys(matrix.selection for matrix in matrices))
    normalisation = "; ".join(dict.fromkeys(matrix.normalisation for matrix in matrices))
    scale = f"normalised {normalisation}" if normalisation else "in the units logged"
    return f"Score: {selections} ({matrices[0].metric if matrices else ''}), {scale}."


def interval_in_words(what: str, interval: Interval, level: float, reps: int, seed: Seed) -> str:
    """The sentence on how intervals (or bands) were made."""
    source = f"seed {seed}" if isinstance(seed, int) else "a generator given by the caller"
    same = ", the same at every step" if what == "Bands" else ""
    return (
        f"{what}: {100 * level:.4g}% {interval.text}; whole runs redrawn within each env{same},"
        f" {reps:,} replicates, {source}."
    )


def best_in_words(
    direction: str, alpha: float, matrices: Iterable[ScoreMatrix], statistics: Iterable[Statistic]
) -> str:
    """The sentence on which scores are marked as best."""
    gap = any(isinstance(one, OptimalityGap) for one in statistics)
    single = any(len(column) == 1 for matrix in matrices for column in matrix.tasks)
    return (
        f"Bold, or *: the {direction} of the same env and statistic, and what does not differ from"
        f" it significantly (Welch's test, all pairs, Holm's adjustment, alpha {alpha:g}"
        f"{'; of an optimality gap the other end is best' if gap else ''}"
        f"{'; n=1 is not tested' if single else ''})."
    )


def notes_on_tasks(
    matrices: Sequence[ScoreMatrix],
    tasks: Sequence[str],
    shared: Sequence[str],
    *,
    aggregated: bool,
) -> list[str]:
    """Sentences on envs that some run sets lack, and on what aggregates are over."""
    missing = [
        f"{matrix.label} has no scores on {', '.join(task or NO_ENV for task in lacking)}"
        for matrix in matrices
        if (lacking := [task for task in tasks if task not in matrix.task_names])
    ]
    notes = [f"Missing: {'; '.join(missing)}."] if missing else []
    if not shared:
        notes.append("No env is shared by all run sets: no aggregate over envs.")
    elif aggregated and len(tasks) > 1:
        which = "all" if len(shared) == len(tasks) else "the"
        envs = f"{which} {len(shared)} envs" if len(shared) > 1 else "the one env"
        mixed = ", of scores that are not normalised: they mix the units of the envs"
        alike = len(shared) == 1 or matrices[0].normalisation
        notes.append(f"Aggregates are over {envs} that every run set has{'' if alike else mixed}.")
    return notes


def notes_on_runs(matrices: Iterable[ScoreMatrix]) -> list[str]:
    """Sentences on single runs, unequal numbers, repeated seeds and what was left out."""
    matrices = list(matrices)
    cells = [(matrix, column) for matrix in matrices for column in matrix.tasks]
    single = [
        run_set_on_env(matrix.label, column.task) for matrix, column in cells if len(column) == 1
    ]
    repeated = [
        run_set_on_env(matrix.label, column.task)
        + f" (seed {', '.join(map(str, column.repeated_seeds))})"
        for matrix, column in cells
        if column.repeated_seeds
    ]
    sizes = sorted({len(column) for _, column in cells})
    left_out = left_out_in_words([run for matrix in matrices for run in matrix.left_out])
    notes = [
        f"n=1, hence no interval: {'; '.join(single)}, and aggregates with it." if single else "",
        f"Cells have unequal numbers of runs, {sizes[0]} to {sizes[-1]}." if len(sizes) > 1 else "",
        f"Several runs of one seed, all counted: {'; '.join(repeated)}." if repeated else "",
        *(matrix.repeats_in_words for matrix in matrices),
        left_out,
    ]
    return [note for note in notes if note]
