"""The peak of a learning curve: the largest mean over runs that any step has.

Papers report it as "max average return". It picks the step after the fact, so that it flatters the
noisier algorithm; compare final scores where there is a choice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import ScoreError
from .curves import CurveEstimate

__all__ = ["CurvePeak", "curve_peak"]


@dataclass(frozen=True, slots=True)
class CurvePeak:
    """The step where a curve is highest, its value there, and the spread of the `n` runs there."""

    step: float
    point: float
    std: float
    n: int


def curve_peak(estimate: CurveEstimate, *, ddof: int = 0) -> CurvePeak:
    """The highest point of a curve, in the units of its values; of equal ones the first.

    `std` is over runs at that step with n - `ddof` in the denominator: 0 as most papers have it.
    Raises ScoreError where that leaves no run.
    """
    if not 0 <= ddof < estimate.n:
        raise ScoreError(
            f"a standard deviation of {estimate.n} runs with ddof {ddof} is not defined"
        )
    at = int(np.argmax(estimate.point))
    spread = float(estimate.runs[:, at].std(ddof=ddof))
    return CurvePeak(float(estimate.steps[at]), float(estimate.point[at]), spread, estimate.n)
