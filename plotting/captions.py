"""Sentences of captions: from them alone a reader can tell how every number was made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from orbench.run_set import left_out_in_words, usual_in_words
from orbench.score import ScoreMatrix
from orbench.stats import INTERVALS

from .interval_settings import IntervalSettings
from .titles import metric_in_words

__all__ = [
    "MIXED_UNITS",
    "counts_in_words",
    "interval_in_words",
    "mixed_units",
    "repeated_in_words",
    "score_label",
    "score_sentences",
    "sentences",
    "sizes_in_words",
]

MIXED_UNITS = "Scores are not normalised: the aggregate mixes the units of the envs."
"""Belongs to every aggregate over several envs of scores in the units logged."""


def sentences(*given: str | Iterable[str]) -> tuple[str, ...]:
    """All the sentences given, one by one or in lists, without empty ones."""
    flat = [[one] if isinstance(one, str) else list(one) for one in given]
    return tuple(one for some in flat for one in some if one)


def score_sentences(matrices: Sequence[ScoreMatrix]) -> tuple[str, ...]:
    """What a score is, how many runs there are in every cell, and what was left out."""
    scored = [matrix for matrix in matrices if matrix.tasks]
    rules = "; ".join(dict.fromkeys(matrix.selection for matrix in scored))
    scale = "; ".join(dict.fromkeys(matrix.normalisation for matrix in scored))
    metric = scored[0].metric
    empty = ", ".join(matrix.label for matrix in matrices if not matrix.tasks)
    columns = {
        f"{matrix.label} on {column.task}": column for matrix in scored for column in matrix.tasks
    }
    return sentences(
        f"Score: {rules} ({metric}), {f'normalised {scale}' if scale else 'in the units logged'}.",
        counts_in_words(scored),
        f"Without any score: {empty}." if empty else "",
        repeated_in_words({where: column.repeated_seeds for where, column in columns.items()}),
        [matrix.repeats_in_words for matrix in scored],
        left_out_in_words([run for matrix in matrices for run in matrix.left_out]),
    )


def counts_in_words(matrices: Iterable[ScoreMatrix]) -> str:
    """How many runs every run set has on every env; see `sizes_in_words`."""
    return sizes_in_words(
        {one.label: {column.task: len(column) for column in one.tasks} for one in matrices}
    )


def sizes_in_words(sizes: Mapping[str, Mapping[str, int]]) -> str:
    """How many runs there are, by run set and env: once if all are alike, else what differs.

    A set is told by its most frequent number and the envs that have another.
    """
    counts = {n for by_env in sizes.values() for n in by_env.values()}
    envs = len({env for by_env in sizes.values() for env in by_env})
    where = "on 1 env" if envs == 1 else f"on each of {envs} envs"
    if len(counts) == 1:
        n = counts.pop()
        return f"n = {n} {'run' if n == 1 else 'runs'} of every run set {where}."
    each = (f"{label} {usual_in_words(by_env)}" for label, by_env in sizes.items())
    return f"n (runs {where}): {'; '.join(each)}."


def repeated_in_words(repeated: Mapping[str, Mapping[int, int]]) -> str:
    """The sentence on seeds of several runs, by what they are of; empty if there are none."""
    told = "; ".join(
        f"{where} (seed {', '.join(map(str, seeds))})" for where, seeds in repeated.items() if seeds
    )
    return f"Several runs of one seed, all counted: {told}." if told else ""


def interval_in_words(what: str, how: IntervalSettings) -> str:
    """How intervals (or bands) were made: method, level, replicates and seed."""
    source = f"seed {how.seed}" if isinstance(how.seed, int) else "a generator given by the caller"
    same = ", the same at every point" if what == "Bands" else ""
    by = "" if how.engine == "numpy" else f", computed by {how.engine}"
    text = INTERVALS[how.method].text if how.method in INTERVALS else how.method
    return (
        f"{what}: {100 * how.level:.4g}% {text}; whole runs redrawn within each env{same},"
        f" {how.reps:,} replicates, {source}{by}."
    )


def score_label(matrices: Sequence[ScoreMatrix]) -> str:
    """The scores as an axis says them."""
    words = metric_in_words(matrices[0].metric)
    return f"{words}, normalised" if any(one.normalisation for one in matrices) else words


def mixed_units(matrices: Sequence[ScoreMatrix]) -> str:
    """The sentence that belongs to an aggregate over several envs of scores as logged."""
    tasks = {task for matrix in matrices for task in matrix.task_names}
    if len(tasks) == 1 or any(matrix.normalisation for matrix in matrices):
        return ""
    return MIXED_UNITS
