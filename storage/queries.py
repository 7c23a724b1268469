"""Filters and sort orders as SQL, with bound parameters, for SQLite and PostgreSQL.

A condition is an expression over `runs` that is true or false, never NULL: what a run lacks makes
it false, so that NOT may stand before any of them. What other tables hold is asked for in
subqueries `run_key IN (...)`, each of which an index answers.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    case,
    false,
    func,
    not_,
    or_,
    true,
)

from orbench.filters import (
    And,
    Compare,
    Field,
    Filter,
    Has,
    Not,
    Or,
)
from orbench.run import LOST_AFTER_SECONDS, RunStatus

from .tables import params, runs, series, summary_values

__all__ = ["condition", "effective_status", "ordering"]

_FLATTENED = {"config": params, "summary": summary_values}
_SERIES_COLUMNS = {
    "last": series.c.last,
    "min": series.c.minimum,
    "max": series.c.maximum,
    "count": series.c.n,
    "nans": series.c.nan_count,
    "step": series.c.max_step,
}
_EXACT_INTEGERS = 2**53

_Test = ColumnElement[bool]


def condition(where: Filter, dialect: str, now: float) -> _Test:
    """The runs that a filter selects, as an expression over `runs`; `now` in epoch seconds."""
    if isinstance(where, And):
        return and_(true(), *(condition(part, dialect, now) for part in where.parts))
    if isinstance(where, Or):
        return or_(false(), *(condition(part, dialect, now) for part in where.parts))
    if isinstance(where, Not):
        return not_(condition(where.part, dialect, now))
    if isinstance(where, Has):
        return _has(where.field)
    if isinstance(where, Compare):
        return _Comparison(where, dialect, now).test()
    raise TypeError(f"{where!r} is no filter")


def effective_status(now: float) -> ColumnElement[str]:
    """The state of a run: `lost` if it is running by its row and its heartbeat has stopped."""
    return case((_is_lost(now), str(RunStatus.LOST)), else_=runs.c.status)


def _is_lost(now: float) -> _Test:
    alive = func.coalesce(runs.c.heartbeat, runs.c.last_started)
    return and_(runs.c.status == str(RunStatus.RUNNING), alive < now - LOST_AFTER_SECONDS)


def _duration() -> ColumnElement[float]:
    """As `RunRecord.duration`: NULL if unknown."""
    length = func.coalesce(runs.c.ended, runs.c.heartbeat) - runs.c.started
    return case((length < 0, 0.0), else_=length)


def _run_column(field: Field) -> ColumnElement[Any]:
    return _duration() if field.space == "duration" else runs.c[field.space]
