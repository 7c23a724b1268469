"""The rows of one run, described: how an evaluation of many episodes is reported.

Rows are not runs. What is said here is of one trained policy and its episodes; how an algorithm
does is said by scores over runs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import ScoreError
from ..metric import Series

__all__ = ["RowStatistics", "row_statistics"]


@dataclass(frozen=True, slots=True)
class RowStatistics:
    """The values of a series in the units logged; `std` over its `n` rows, `total` their sum."""

    n: int
    mean: float
    std: float
    minimum: float
    maximum: float
    total: float


def row_statistics(series: Series, *, ddof: int = 0) -> RowStatistics:
    """Describe the rows of a run; every row counts, repeated steps too.

    Raises ScoreError for a series without enough rows, and for values that are not finite.
    """
    values = series.values
    if len(values) <= max(ddof, 0):
        raise ScoreError(
            f"run {series.run_id} has {len(values)} rows of '{series.metric}', too few to describe"
        )
    if not np.isfinite(values).all():
        raise ScoreError(
            f"run {series.run_id} has values of '{series.metric}' that are not finite;"
            " filter it out"
        )
    return RowStatistics(
        n=len(values),
        mean=float(values.mean()),
        std=float(values.std(ddof=ddof)),
        minimum=float(values.min()),
        maximum=float(values.max()),
        total=float(values.sum()),
    )
