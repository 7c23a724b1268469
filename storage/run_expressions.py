"""What filters and sort orders look at, as SQL over `runs` and the tables around it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, case, func, select

from orbench.run import LOST_AFTER_SECONDS, RunStatus

from .columns import fitted
from .tables import metrics, params, runs, series, summary_values

__all__ = [
    "FLATTENED",
    "OF_SERIES",
    "duration",
    "effective_status",
    "is_lost",
    "rows_with_key",
    "runs_with_metric",
]

FLATTENED = {"config": params, "summary": summary_values}
"""The tables of the fields `config.KEY` and `summary.KEY`."""

OF_SERIES = {
    "last": series.c.last,
    "min": series.c.minimum,
    "max": series.c.maximum,
    "count": series.c.n,
    "nans": series.c.nan_count,
    "step": series.c.max_step,
}
"""The columns of fields like `last(METRIC)`; those that may be NaN are NULL when they are."""


def effective_status(now: float) -> ColumnElement[str]:
    """The state of a run: `lost` if it is running by its row and its heartbeat has stopped."""
    return case((is_lost(now), str(RunStatus.LOST)), else_=runs.c.status)


def is_lost(now: float) -> ColumnElement[bool]:
    """Whether a run is running by its row, but has not been heard of lately."""
    heard = func.coalesce(runs.c.heartbeat, runs.c.last_started)
    return and_(runs.c.status == RunStatus.RUNNING.value, heard < now - LOST_AFTER_SECONDS)


def duration() -> ColumnElement[Any]:
    """The duration as `RunRecord.duration` has it, NULL if unknown."""
    length = func.coalesce(runs.c.ended, runs.c.heartbeat) - runs.c.started
    return case((length < 0, 0.0), else_=length)


def runs_with_metric(name: str) -> Select[Any]:
    """The keys of the runs that have a metric, out of `series`."""
    this = select(metrics.c.metric_key).where(metrics.c.name == fitted(name, 500))
    return select(series.c.run_key).where(series.c.metric_key.in_(this))


def rows_with_key(table: Table, key: str) -> Select[Any]:
    """The keys of the runs that have a config or summary value, out of its table."""
    return select(table.c.run_key).where(table.c.key == fitted(key, 500))
