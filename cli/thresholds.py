"""Thresholds as a command line spells them."""

from __future__ import annotations

import math

from orbench.errors import UsageError

__all__ = ["parse_thresholds"]

_MOST = 10_000


def parse_thresholds(text: str) -> list[float]:
    """The numbers in `0,0.5,1`, or NUMBER equally spaced ones in `FROM:TO:NUMBER`.

    Raises UsageError for what is neither; whether they rise is for the statistic to say.
    """
    try:
        if ":" in text:
            start, end, count = text.split(":")
            return _spaced(float(start), float(end), int(count))
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(
            f"'{text}' is no list of thresholds; write them as 0,0.5,1 or as FROM:TO:NUMBER, up to"
            f" {_MOST:,} of them"
        ) from None


def _spaced(start: float, end: float, count: int) -> list[float]:
    if not 2 <= count <= _MOST or not math.isfinite(start + end):
        raise ValueError
    return [start + (end - start) * place / (count - 1) for place in range(count)]
