"""`maxmin`: the lowest and the highest score of the run sets compared become 0 and 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import ScoreError
from .env_names import EnvNames
from .references import Normaliser, Reference

if TYPE_CHECKING:
    from ..score import ScoreMatrix

__all__ = ["maxmin"]


def maxmin(compared: Sequence[ScoreMatrix]) -> Normaliser:
    """The normaliser whose references are the extremes of these matrices, env by env.

    Raises ScoreError for no matrices, and for an env on which every run has the same score.
    """
    if not any(matrix.tasks for matrix in compared):
        raise ScoreError("'maxmin' needs the scores that are compared; there are none")
    tasks = dict.fromkeys(task for matrix in compared for task in matrix.task_names)
    references = {task: _range(task, compared) for task in tasks}
    labels = ", ".join(matrix.label for matrix in compared)
    return Normaliser(
        name="maxmin",
        meaning="0 is the lowest and 1 the highest score of any run on an env",
        source=f"the run sets compared here ({labels}), with others the scores change",
        version="",
        references=references,
        names=EnvNames(exact=True),
        scored=next(matrix.selection for matrix in compared if matrix.tasks),
    )


def _range(task: str, compared: Sequence[ScoreMatrix]) -> Reference:
    columns = [matrix.column(task).scores for matrix in compared if task in matrix.task_names]
    low = min(float(scores.min()) for scores in columns)
    high = max(float(scores.max()) for scores in columns)
    if low == high:
        raise ScoreError(
            f"every run has the score {low:g} on {task}: 'maxmin' has no range there;"
            " leave that env out or normalise by a reference"
        )
    return Reference(low, high)
