"""How the intervals of a figure are made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["IntervalSettings"]


@dataclass(frozen=True, slots=True)
class IntervalSettings:
    """Everything that the intervals of a figure depend on; every field stands in the caption.

    `method` is a name of `orbench.stats.INTERVALS`; `engine` "rliable" has that package compute.
    """

    method: str = "calibrated"
    level: float = 0.95
    reps: int = 50_000
    seed: int | np.random.Generator = 0
    engine: str = "numpy"
