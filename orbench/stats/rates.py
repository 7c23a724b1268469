"""Rates (success, win, solved): intervals of a share, which have a width at 0 and at 100 % too.

The bootstrap has none there: resamples of ten successes in ten are all ten in ten.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from ..errors import ScoreError, near
from .distributions import beta_quantile
from .intervals import check_level

__all__ = ["RATE_INTERVALS", "RateEstimate", "rate_estimate"]

RATE_INTERVALS = ("wilson", "clopper_pearson")
"""Wilson holds its level on average, Clopper-Pearson always, and is wider."""


@dataclass(frozen=True, slots=True)
class RateEstimate:
    """A share with its interval, all from 0 to 1."""

    point: float
    low: float
    high: float
    successes: int
    trials: int
    method: str
    level: float


def rate_estimate(
    successes: int, trials: int, *, method: str = "wilson", level: float = 0.95
) -> RateEstimate:
    """The rate of successes in independent trials, with an interval.

    Trials are runs, or the episodes of one run; the episodes of several runs are not independent,
    and to count them as trials makes the interval too narrow. Raises ScoreError for no trial,
    numbers that are not whole, successes outside 0 .. trials, and unknown methods.

    Sources: Wilson 1927; Clopper & Pearson 1934; compared in Brown, Cai & DasGupta 2001.
    """
    check_level(level)
    if method not in RATE_INTERVALS:
        raise ScoreError(
            f"a rate has no interval '{method}'; use {' or '.join(RATE_INTERVALS)}"
            f"{near(method, RATE_INTERVALS)}"
        )
    if successes != int(successes) or trials != int(trials):
        raise ScoreError(f"successes and trials are whole numbers, not {successes} of {trials}")
    if trials < 1 or not 0 <= successes <= trials:
        raise ScoreError(
            f"a rate is of 0 .. n successes in n >= 1 trials, not {successes} of {trials}"
        )
    successes, trials = int(successes), int(trials)
    made = _wilson if method == "wilson" else _clopper_pearson
    low, high = made(successes, trials, level)
    return RateEstimate(successes / trials, low, high, successes, trials, method, level)


def _wilson(successes: int, trials: int, level: float) -> tuple[float, float]:
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = successes / trials
    middle = share + z * z / (2 * trials)
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    low = 0.0 if successes == 0 else (middle - half) / scale
    high = 1.0 if successes == trials else (middle + half) / scale
    return low, high


def _clopper_pearson(successes: int, trials: int, level: float) -> tuple[float, float]:
    tail = (1 - level) / 2
    failures = trials - successes
    low = beta_quantile(tail, successes, failures + 1) if successes else 0.0
    high = beta_quantile(1 - tail, successes + 1, failures) if failures else 1.0
    return low, high
