"""Bounds: what a drop is below, found by asking the test for one margin after another.

A bound and the verdict PASS are one and the same: a candidate passes a margin where its bound is
at most the margin.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ..stats.distributions import t_quantile
from .drops import WelchDrop

__all__ = ["upper_bound"]

# A bound is told with three digits; it is found to this part of its distance from the drop.
_CLOSE = 1e-3
_MOST_DOUBLINGS = 12


def upper_bound(
    p_value: Callable[[float], float], drop: WelchDrop, alpha: float, margin: float
) -> float | None:
    """The smallest margin whose p-value is at most alpha; None where there is none.

    `drop` is in units of the margin. The bound is at most `margin` just where `p_value(margin)` is
    at most alpha.
    """
    if p_value(margin) <= alpha:
        found = _searched(p_value, drop, alpha, min(drop.drop, margin))
        return margin if found is None else min(found, margin)
    found = _searched(p_value, drop, alpha, drop.drop)
    if found is not None and found <= margin:
        # p-values of few runs may rise with the margin now and then.
        return _searched(p_value, drop, alpha, margin)
    return found


def _searched(
    p_value: Callable[[float], float], drop: WelchDrop, alpha: float, start: float
) -> float | None:
    """A margin above `start` at which p-values reach alpha: by doubling steps, then halving."""
    error = math.sqrt(drop.variance)
    step = t_quantile(1 - alpha, max(drop.degrees, 1.0)) * error
    low, high = start, max(start, drop.drop) + step
    for _ in range(_MOST_DOUBLINGS):
        if p_value(high) <= alpha:
            break
        low, step = high, 2 * step
        high += step
    else:
        return None
    close = _CLOSE * max(high - drop.drop, error)
    while high - low > close:
        middle = (low + high) / 2
        low, high = (low, middle) if p_value(middle) <= alpha else (middle, high)
    return high
