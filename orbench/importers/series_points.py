"""Arrays as the points of a run: empty cells counted, steps checked, repeats found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..errors import ImportFileError
from ..repeats import count_repeats
from ..run_store import Points
from .imported import RowCounts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["points_of", "row_counts", "whole_steps"]

# Beyond, float64 no longer tells one whole number from the next.
_EXACT = 2.0**53


def whole_steps(
    numbers: NDArray[np.float64], place: str, *, below_zero: bool = False
) -> NDArray[np.int64]:
    """Numbers (n) as steps; raises ImportFileError for one that is no whole number.

    With `below_zero` a step may be negative, as in MLflow; else it is refused too.
    """
    import numpy as np

    rounded = np.rint(numbers)
    with np.errstate(invalid="ignore"):
        size = np.abs(numbers)
        good = (size < _EXACT) & (np.abs(rounded - numbers) <= 1e-9 * np.abs(rounded))
        bad = ~(good if below_zero else good & (numbers >= 0))
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        said = "" if below_zero else " from 0"
        raise ImportFileError(
            f"{place}: row {row + 1}: {numbers[row]:g} is no step, which is a whole number{said}"
        )
    return rounded.astype(np.int64)


def points_of(
    steps: NDArray[np.int64], values: NDArray[np.float64], times: NDArray[np.float64] | float
) -> Points:
    """Points in order, all at the time given or each at its own."""
    import numpy as np

    if isinstance(times, float):
        times = np.full(len(values), times)
    return Points(np.ascontiguousarray(steps), np.ascontiguousarray(values), times)


def row_counts(points: Mapping[str, Points], empty: int = 0) -> RowCounts:
    """What is peculiar in the rows of a run."""
    found = [count_repeats(one.steps) for one in points.values()]
    return RowCounts(sum(one.rows for one in found), sum(one.restarts for one in found), empty)
