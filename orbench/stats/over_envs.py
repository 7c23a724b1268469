"""Learning curves brought to one grid over all envs, for aggregates over envs during training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ScoreError
from .curves import RunCurve, common_grid, on_grid
from .learning_curves import LearningCurve, LearningCurves

__all__ = ["CurvesOverEnvs", "curves_over_envs"]

Scale = Callable[[str, NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class CurvesOverEnvs:
    """The curves of one run set at places `at` (points) that all its runs cover.

    `scores` has one array (n_env x points) for each of `envs`. `longest` is how far any run
    went; `resampled` as in `CurveEstimate`.
    """

    label: str
    at: NDArray[np.float64]
    envs: tuple[str, ...]
    scores: tuple[NDArray[np.float64], ...]
    longest: float
    resampled: bool


def curves_over_envs(
    curves: LearningCurves, *, points: int = 200, scale: Scale | None = None
) -> tuple[CurvesOverEnvs, ...]:
    """Each run set's curves on a grid of its own, at most `points` places, for `sample_efficiency`.

    `scale` makes normalised scores of an env's. Raises ScoreError, naming the envs, where run sets
    have different ones, and naming two runs of a set that share no place.
    """
    found = {label: [one for one in curves.curves if one.label == label] for label in curves.labels}
    missing = [
        f"{label} has no runs on {', '.join(lacking)}"
        for label, of_label in found.items()
        if (lacking := [env for env in curves.envs if env not in {one.env_id for one in of_label}])
    ]
    if missing:
        raise ScoreError(f"the envs differ: {'; '.join(missing)}; filter by env_id or run set")
    return tuple(_on_one_grid(label, found[label], points, scale) for label in found)


def _on_one_grid(
    label: str, curves: list[LearningCurve], points: int, scale: Scale | None
) -> CurvesOverEnvs:
    runs = [run for curve in curves for run in curve.runs]
    at, resampled = common_grid(runs, points)

    def gridded(curve: LearningCurve) -> NDArray[np.float64]:
        scores = np.stack([_at(run, at, resampled) for run in curve.runs])
        return scores if scale is None else scale(curve.env_id, scores)

    return CurvesOverEnvs(
        label,
        at,
        tuple(curve.env_id for curve in curves),
        tuple(map(gridded, curves)),
        max(float(run.steps[-1]) for run in runs),
        resampled,
    )


def _at(run: RunCurve, at: NDArray[np.float64], resampled: bool) -> NDArray[np.float64]:
    return on_grid(run, at, resampled=resampled)
