"""The rows of a check's table, as people read them; every report has the same."""

from __future__ import annotations

from .judgement import Judgement

__all__ = ["HEADINGS", "NUMERIC", "judgement_rows"]

HEADINGS = ("env", "runs", "baseline", "candidate", "drop", "at most", "p", "finds", "verdict")
"""The headings of the columns."""

NUMERIC = (False, True, True, True, True, True, True, True, False)
"""Whether a column stands to the right."""


def judgement_rows(judgement: Judgement) -> list[tuple[str, ...]]:
    """A row for each env and, of several envs, one for the suite.

    `runs` is baseline v candidate, `at most` what the drop is below, `finds` the drop that so many
    runs find.
    """
    margin = judgement.settings.margin
    rows: list[tuple[str, ...]] = [
        (
            task.task,
            f"{task.baseline_runs} v {task.candidate_runs}",
            f"{task.baseline_mean:.4g}",
            f"{task.candidate_mean:.4g}",
            margin.in_words(task.drop),
            margin.in_words(task.bound),
            _p(task.p_value),
            margin.in_words(task.found),
            str(task.verdict),
        )
        for task in judgement.tasks
    ]
    if len(rows) == 1:
        return rows
    suite = judgement.suite
    total = (
        "all envs",
        "",
        "",
        "",
        margin.in_words(suite.drop),
        margin.in_words(suite.bound),
        _p(suite.p_value),
        margin.in_words(suite.found),
        str(suite.verdict),
    )
    return [*rows, total]


def _p(value: float | None) -> str:
    """A p-value with two digits, never as 0."""
    if value is None:
        return ""
    return f"{value:.2g}" if value >= 1e-4 else "<.0001"
