"""Comparing sets over all envs: scores and curves on one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError, near
from ..normalisation import Normaliser, normaliser
from ..score import ScoreMatrix, TaskScores
from .results import Samples, SetResult

__all__ = ["STATISTIC_NAMES", "Normalised", "efficiency_statistic", "normalised_results"]

STATISTIC_NAMES = {
    "Median": "median",
    "IQM": "iqm",
    "Mean": "mean",
    "Optimality Gap": "optimality_gap",
}
"""The statistics over envs by their names in flags and figures, in the order of the figures."""

_MAXMIN = "maxmin"


@dataclass(frozen=True, slots=True)
class Normalised:
    """The sets on one scale: scores, and samples of curves for those sets that have them."""

    matrices: tuple[ScoreMatrix, ...]
    over_steps: Mapping[str, Samples]
    over_time: Mapping[str, Samples]
    caption: str


def normalised_results(results: Sequence[SetResult], method: str) -> Normalised:
    """Scores and samples normalised in one way: `maxmin`, `atari`, another name, or a file.

    `maxmin` takes the lowest and highest of all scores and samples over steps, so that curves begin
    near 0. Raises ScoreError for an env that has no reference or no range, UsageError for a
    method that is not known.
    """
    chosen = _chosen(results, method)
    return Normalised(
        matrices=tuple(chosen.normalise(one.matrix) for one in results),
        over_steps={
            one.label: _scaled(one.step_samples, chosen) for one in results if one.step_samples
        },
        over_time={
            one.label: _scaled(one.time_samples, chosen) for one in results if one.time_samples
        },
        caption=chosen.caption,
    )


def efficiency_statistic(name: str) -> str | None:
    """The statistic that a flag names, None for `None`; raises UsageError for another word."""
    if name == "None":
        return None
    if name not in STATISTIC_NAMES:
        known = [*STATISTIC_NAMES, "None"]
        raise UsageError(
            "--rc.sample-efficiency-and-walltime-efficiency-method is one of "
            f"{', '.join(known)}, not '{name}'{near(name, known)}"
        )
    return STATISTIC_NAMES[name]


def _chosen(results: Sequence[SetResult], method: str) -> Normaliser:
    if method != _MAXMIN:
        return normaliser(method)
    ranged = [
        replace(one.matrix, tasks=tuple(_with_samples(one, column) for column in one.matrix.tasks))
        for one in results
    ]
    return replace(
        normaliser(_MAXMIN, ranged),
        meaning="0 is the lowest and 1 the highest that any run reached on an env, as its score or "
        "at a point of its curve",
    )


def _with_samples(result: SetResult, column: TaskScores) -> TaskScores:
    """The scores of an env and the samples of its curves, as one column to take a range from."""
    if result.step_samples is None:
        return column
    both = np.concatenate([column.scores, result.step_samples.values[column.task].ravel()])
    return replace(column, scores=both)


def _scaled(samples: Samples, chosen: Normaliser) -> Samples:
    values: dict[str, NDArray[np.float64]] = {
        env: chosen.scaled(env, found) for env, found in samples.values.items()
    }
    return Samples(samples.x, values)
