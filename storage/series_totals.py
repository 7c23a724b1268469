"""What is known of a series without decoding it, and how it grows."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Self

from orbench.metric import SeriesSummary
from orbench.run_store import Points

from .columns import Columns, finite_time, from_null, to_null

__all__ = ["SeriesTotals", "series_summary"]

_MAY_BE_NAN = ("minimum", "maximum", "last")


@dataclass(frozen=True, slots=True)
class SeriesTotals:
    """The columns that the `series` table keeps of a series' points; n is 0 before the first.

    `minimum` and `maximum` are over the values that are not NaN (NaN if there is none).
    """

    n: int
    nan_count: int
    min_step: int
    max_step: int
    last_step: int
    minimum: float
    maximum: float
    last: float
    last_wall_time: float

    @classmethod
    def empty(cls) -> Self:
        """The totals of no points."""
        return cls(0, 0, 0, 0, 0, math.nan, math.nan, math.nan, 0.0)

    @classmethod
    def of(cls, points: Points) -> Self:
        """The totals of one point or more, in the order logged."""
        numbers = points.values[points.values == points.values]  # those that are not NaN
        return cls(
            n=len(points.steps),
            nan_count=len(points.steps) - len(numbers),
            min_step=int(points.steps.min()),
            max_step=int(points.steps.max()),
            last_step=int(points.steps[-1]),
            minimum=float(numbers.min()) if len(numbers) else math.nan,
            maximum=float(numbers.max()) if len(numbers) else math.nan,
            last=float(points.values[-1]),
            last_wall_time=finite_time(float(points.wall_times[-1]), 0.0),
        )

    @classmethod
    def from_row(cls, row: Columns) -> Self:
        """The totals in a row of `series`."""
        return cls(
            n=row["n"],
            nan_count=row["nan_count"],
            min_step=row["min_step"],
            max_step=row["max_step"],
            last_step=row["last_step"],
            minimum=from_null(row["minimum"]),
            maximum=from_null(row["maximum"]),
            last=from_null(row["last"]),
            last_wall_time=row["last_wall_time"],
        )

    def columns(self) -> dict[str, Any]:
        """The columns of a row of `series`, NaN as None."""
        return asdict(self) | {name: to_null(getattr(self, name)) for name in _MAY_BE_NAN}

    def then(self, later: SeriesTotals) -> SeriesTotals:
        """The totals of these points and, logged after them, those."""
        if not self.n or not later.n:
            return later if later.n else self
        return SeriesTotals(
            n=self.n + later.n,
            nan_count=self.nan_count + later.nan_count,
            min_step=min(self.min_step, later.min_step),
            max_step=max(self.max_step, later.max_step),
            last_step=later.last_step,
            minimum=_unless_nan(min, self.minimum, later.minimum),
            maximum=_unless_nan(max, self.maximum, later.maximum),
            last=later.last,
            last_wall_time=later.last_wall_time,
        )


def _unless_nan(choose: Callable[[float, float], float], one: float, other: float) -> float:
    """The chosen one of two numbers; where one is NaN, the other."""
    if math.isnan(one):
        return other
    return one if math.isnan(other) else choose(one, other)


def series_summary(run_id: str, metric: str, row: Columns) -> SeriesSummary:
    """The summary that a row of `series` holds."""
    return SeriesSummary(run_id=run_id, metric=metric, **asdict(SeriesTotals.from_row(row)))
