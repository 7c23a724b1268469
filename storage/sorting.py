"""Sort orders as SQL, the same on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, collate

from orbench.errors import FilterError, UsageError
from orbench.filter_fields import FieldKind, field_problem, kind_of
from orbench.filters import Field, parse_field

from .run_expressions import (
    FLATTENED,
    OF_SERIES,
    duration,
    effective_status,
    rows_with_key,
    runs_with_metric,
)
from .tables import runs, series

__all__ = ["ordering"]

# Columns of different types are sorted in one way; hence Any.
_Column = ColumnElement[Any]

_METRIC = "metric:"


def ordering(order_by: Sequence[str], dialect: str, now: float) -> list[_Column]:
    """What to sort runs by: names of fields, `-` before one to descend; runs without it are last.

    Config and summary values that are numbers stand before those that are texts; `metric:NAME`
    is the last value of a metric. Raises UsageError for what runs cannot be sorted by.
    """
    elements: list[_Column] = []
    for name in order_by:
        for column in _sort_columns(name.removeprefix("-"), dialect, now):
            element = column.desc() if name.startswith("-") else column.asc()
            elements.append(element.nulls_last())
    return elements


def _sort_columns(name: str, dialect: str, now: float) -> list[_Column]:
    field = _sort_field(name)
    if field.space in FLATTENED:
        table = FLATTENED[field.space]
        return [
            _of_run(rows_with_key(table, field.name).with_only_columns(column), table)
            for column in (table.c.number, _binary(table.c.text, dialect))
        ]
    if field.space in OF_SERIES:
        this = runs_with_metric(field.name).with_only_columns(OF_SERIES[field.space])
        return [_of_run(this, series)]
    match kind_of(field):
        case FieldKind.STATUS:
            return [_binary(effective_status(now), dialect)]
        case FieldKind.TEXT:
            return [_binary(runs.c[field.space], dialect)]
        case FieldKind.SECONDS:
            return [duration()]
        case FieldKind.NAMES | FieldKind.VERSION:
            raise UsageError(f"runs cannot be sorted by '{name}'; a run may have several of them")
    return [runs.c[field.space]]


def _sort_field(name: str) -> Field:
    if name.startswith(_METRIC):
        return Field("last", name.removeprefix(_METRIC))
    try:
        return parse_field(name)
    except FilterError as error:
        raise UsageError(f"runs cannot be sorted by '{name}': {field_problem(name)}") from error


def _of_run(query: Select[Any], table: Table) -> _Column:
    """The one value that a query finds for the run of a row."""
    return query.where(table.c.run_key == runs.c.run_key).correlate(runs).scalar_subquery()


def _binary(column: _Column, dialect: str) -> _Column:
    """Texts in the order of their code points, as SQLite has them, whatever the database's own."""
    return collate(column, "C") if dialect == "postgresql" else column
