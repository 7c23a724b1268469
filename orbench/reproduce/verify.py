"""Whether a run is the same again: metric by metric, from bit-exact to statistically compatible.

Metrics that measure the machine are not compared: `system/...` never, and by default those whose
names match IGNORED. Series are compared in the order of their steps; points of one step in the
order logged.

A metric that parts is *statistically compatible* when the new score lies in the interval in which
another seed of the same variant would fall 95 times of 100: the mean of the siblings' scores and
the original's, plus or minus t(0.975, n - 1) s sqrt(1 + 1/n) (a prediction interval; Hahn and
Meeker, Statistical Intervals, 1991, section 4.2). A score is the mean of the last tenth of the
rows, and it takes SIBLINGS of them or more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import numpy as np

from ..metric import SYSTEM_PREFIX, Series
from ..stats.distributions import t_quantile

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "IGNORED",
    "SIBLINGS",
    "Comparison",
    "MetricVerdict",
    "Sense",
    "Tolerance",
    "compare_runs",
    "is_compared",
]

IGNORED = (
    *("time/*", "*/time", "*/SPS", "*/sps", "SPS", "sps", "*fps", "*_per_second", "*/time_*"),
    *("*time_elapsed*", "*wall_time*", "*walltime*", "*duration*", "*_seconds", "*_time"),
)
"""Names of metrics that measure the machine rather than the training."""

SIBLINGS = 3
"""So many other seeds, at least, are needed to say what another seed would give."""

_LEVEL = 0.95


class Sense(StrEnum):
    """In which sense a metric is the same again, strictest first."""

    EXACT = "bit-exact"
    TOLERANCE = "within tolerance"
    COMPATIBLE = "statistically compatible"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Two values are equal when they differ by at most `absolute + relative * |original|`."""

    relative: float = 1e-6
    absolute: float = 1e-12


@dataclass(frozen=True, slots=True)
class MetricVerdict:
    """One metric: in which sense it is the same, and where it parts from the original.

    `first_step` is the first step at which values are not bit-exact (None if they all are),
    `largest` the largest relative difference (NaN if the steps differ), `detail` a sentence.
    """

    metric: str
    sense: Sense
    n: int
    first_step: int | None
    largest: float
    detail: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """All metrics of two runs; `left_out` were not compared, `extra` only the new run has."""

    metrics: tuple[MetricVerdict, ...]
    left_out: tuple[str, ...]
    extra: tuple[str, ...]

    @property
    def sense(self) -> Sense | None:
        """The weakest sense of all metrics; None if there was nothing to compare."""
        order = list(Sense)
        return max((one.sense for one in self.metrics), key=order.index, default=None)


def is_compared(metric: str, ignore: Sequence[str] = IGNORED, only: Sequence[str] = ()) -> bool:
    """Whether a metric is compared; `only` (globs) wins over `ignore`, `system/` never is."""
    if metric.startswith(SYSTEM_PREFIX):
        return False
    if only:
        return any(fnmatchcase(metric, glob) for glob in only)
    return not any(fnmatchcase(metric, glob) for glob in ignore)


def compare_runs(
    original: Mapping[str, Series],
    again: Mapping[str, Series],
    siblings: Mapping[str, Sequence[Series]] | None = None,
    *,
    tolerance: Tolerance | None = None,
    ignore: Sequence[str] = IGNORED,
    only: Sequence[str] = (),
) -> Comparison:
    """Compare the series of two runs by metric; `siblings` are those of other seeds."""
    tolerance = tolerance or Tolerance()
    compared = [name for name in original if is_compared(name, ignore, only)]
    verdicts = tuple(
        _compare(name, original[name], again.get(name), (siblings or {}).get(name, ()), tolerance)
        for name in compared
    )
    left_out = tuple(name for name in original if name not in compared)
    extra = tuple(
        name for name in again if name not in original and is_compared(name, ignore, only)
    )
    return Comparison(verdicts, left_out, extra)


def _compare(
    name: str, first: Series, again: Series | None, siblings: Sequence[Series], tolerance: Tolerance
) -> MetricVerdict:
    n = len(first)
    if again is None:
        return MetricVerdict(name, Sense.DIFFERENT, n, None, math.nan, "the new run did not log it")
    steps, values = _in_order(first)
    new_steps, new_values = _in_order(again)
    shared = min(n, len(again))
    same = (steps[:shared] == new_steps[:shared]) & _same_bits(values[:shared], new_values[:shared])
    if n == len(again) and same.all():
        return MetricVerdict(name, Sense.EXACT, n, None, 0.0, f"all {n:,} points")
    at = int(np.argmin(same)) if not same.all() else shared
    step = int(steps[at]) if at < n else int(new_steps[at])
    largest = math.nan
    if n == len(again) and np.array_equal(steps, new_steps):
        largest = _largest(values, new_values)
        if np.allclose(new_values, values, tolerance.relative, tolerance.absolute, equal_nan=True):
            detail = f"from step {step:,}; at most {largest:.1e} of the value"
            return MetricVerdict(name, Sense.TOLERANCE, n, step, largest, detail)
    sense, detail = _among_siblings(first, again, siblings)
    where = f"parts at step {step:,} ({_at(values, at)} was, {_at(new_values, at)} is)"
    if n != len(again):
        where += f"; {n:,} points were, {len(again):,} are"
    return MetricVerdict(name, sense, n, step, largest, f"{where}; {detail}")


def _in_order(series: Series) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    order = np.argsort(series.steps, kind="stable")
    return series.steps[order], series.values[order]


def _same_bits(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Equal bit by bit; every NaN is a NaN."""
    both_nan = np.isnan(a) & np.isnan(b)
    return np.asarray((a.view(np.uint64) == b.view(np.uint64)) | both_nan)


def _largest(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    with np.errstate(all="ignore"):
        relative = np.abs(b - a) / np.maximum(np.abs(a), np.finfo(float).tiny)
    relative = np.where(_same_bits(a, b), 0.0, relative)
    return float(np.nanmax(relative, initial=0.0)) if not np.isnan(relative).all() else math.inf


def _at(values: NDArray[np.float64], index: int) -> str:
    return f"{values[index]:.17g}" if index < len(values) else "nothing"


def _among_siblings(first: Series, again: Series, siblings: Sequence[Series]) -> tuple[Sense, str]:
    """Whether the new score is one that another seed could have given."""
    if len(siblings) < SIBLINGS:
        return Sense.DIFFERENT, (
            f"{len(siblings)} other seeds in the store, where {SIBLINGS} are needed to tell "
            "whether it is compatible with them"
        )
    scores = np.array([_score(one) for one in (first, *siblings)])
    new = _score(again)
    if not np.isfinite(scores).all() or not math.isfinite(new):
        return Sense.DIFFERENT, "scores are not finite"
    n = len(scores)
    half = t_quantile((1 + _LEVEL) / 2, n - 1) * scores.std(ddof=1) * math.sqrt(1 + 1 / n)
    low, high = scores.mean() - half, scores.mean() + half
    told = f"score {new:.6g}, where another seed gives {low:.6g} to {high:.6g} (n={n})"
    return (Sense.COMPATIBLE if low <= new <= high else Sense.DIFFERENT), told


def _score(series: Series) -> float:
    _, values = _in_order(series)
    return float(values[-max(1, len(values) // 10) :].mean())
