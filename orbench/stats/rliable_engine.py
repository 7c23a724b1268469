"""Intervals by the rliable package (Agarwal et al. 2021; extra `rliable`), for comparison with it.

Points, selection of runs and results are orbench's; only the ends of intervals come from rliable,
with what it can do: score matrices without gaps, and the methods percentile, basic, bc and bca. It
draws from numpy's global generator, which is seeded for the call and put back after it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import MissingExtraError, ScoreError
from .aggregate import IQM, Mean, Median, OptimalityGap, Statistic, TaskArrays
from .draws import Seed, as_int_seed
from .resampling import Ends, Resampling

__all__ = ["aggregate_ends", "efficiency_ends", "improvement_ends", "profile_ends"]

_METHODS = ("percentile", "basic", "bc", "bca")

Aggregate = Callable[[NDArray[np.float64]], Any]  # Any: rliable is not typed


def aggregate_ends(
    tasks: TaskArrays, statistics: Sequence[Statistic], resampling: Resampling
) -> Ends:
    """Intervals of the statistics, (statistics) each."""
    functions = [_function(statistic) for statistic in statistics]
    # Of several statistics at once its bca makes one acceleration.
    together = [functions] if resampling.interval.name != "bca" else [[one] for one in functions]
    matrix = _matrix(tasks)
    ends = [_ends(matrix, partial(_values, some), resampling) for some in together]
    return np.concatenate([low for low, _ in ends]), np.concatenate([high for _, high in ends])


def efficiency_ends(curves: TaskArrays, statistic: Statistic, resampling: Resampling) -> Ends:
    """Intervals of the statistic at every point, (points) each; `curves` are (n x points)."""
    function = _function(statistic)

    def at_every_point(scores: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.array([function(scores[..., point]) for point in range(scores.shape[-1])])

    return _ends(_matrix(curves), at_every_point, resampling)


def profile_ends(
    tasks: TaskArrays, thresholds: NDArray[np.float64], kind: str, resampling: Resampling
) -> Ends:
    """Intervals of a performance profile, (thresholds) each."""
    library, _ = _rliable()
    distributions = (
        library.score_distributions if kind == "runs" else library.average_score_distributions
    )
    return _ends(_matrix(tasks), lambda scores: distributions(scores, thresholds), resampling)


def improvement_ends(
    ours: TaskArrays, theirs: TaskArrays, resampling: Resampling
) -> tuple[float, float]:
    """The interval of the probability of improvement."""
    library, metrics = _rliable()
    method = _method(resampling)
    pair = {"pair": [_matrix(ours), _matrix(theirs)]}
    with _seeded(resampling.seed):
        _, found = library.get_interval_estimates(
            pair,
            lambda x, y: np.array([metrics.probability_of_improvement(x, y)]),
            method=method,
            reps=resampling.reps,
            confidence_interval_size=resampling.level,
        )
    return float(found["pair"][0, 0]), float(found["pair"][1, 0])


def _ends(
    matrix: NDArray[np.float64],
    function: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    resampling: Resampling,
) -> Ends:
    library, _ = _rliable()
    method = _method(resampling)
    try:
        with _seeded(resampling.seed):
            _, found = library.get_interval_estimates(
                {"scores": matrix},
                function,
                method=method,
                task_bootstrap=resampling.over_tasks,
                reps=resampling.reps,
                confidence_interval_size=resampling.level,
            )
    except RuntimeError as error:
        raise ScoreError(f"rliable gives no {method} interval here: {error}") from error
    low, high = found["scores"]
    return low, high


def _values(functions: Sequence[Aggregate], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([function(scores) for function in functions])


def _function(statistic: Statistic) -> Aggregate:
    _, metrics = _rliable()
    functions: dict[type, Aggregate] = {
        Mean: metrics.aggregate_mean,
        Median: metrics.aggregate_median,
        IQM: metrics.aggregate_iqm,
    }
    if isinstance(statistic, OptimalityGap):
        return partial(metrics.aggregate_optimality_gap, gamma=statistic.gamma)
    if type(statistic) not in functions:
        raise ScoreError(f"rliable has no {statistic.name}; use the engine numpy")
    return functions[type(statistic)]


def _matrix(tasks: TaskArrays) -> NDArray[np.float64]:
    sizes = sorted({len(column) for column in tasks})
    if len(sizes) > 1:
        raise ScoreError(
            f"rliable needs equally many runs on every task, not {sizes[0]} to {sizes[-1]}; use the"
            " engine numpy"
        )
    return np.stack(tasks, axis=1)


def _method(resampling: Resampling) -> str:
    name = resampling.interval.name
    if name not in _METHODS:
        raise ScoreError(f"rliable has no {name} intervals; use {', '.join(_METHODS)}")
    return name


def _rliable() -> tuple[ModuleType, ModuleType]:
    try:
        with warnings.catch_warnings():
            # What it imports warns about itself.
            warnings.simplefilter("ignore")
            from rliable import library, metrics  # type: ignore[import-untyped]
    except ImportError as error:
        raise MissingExtraError("the engine rliable", "rliable") from error
    return library, metrics


@contextmanager
def _seeded(seed: Seed) -> Iterator[None]:
    """Numpy's global generator, which is all that rliable draws from, seeded for a while."""
    before = np.random.get_state()
    np.random.seed(as_int_seed(seed) % 2**32)
    try:
        yield
    finally:
        np.random.set_state(before)
