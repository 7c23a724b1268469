"""Filters and sort orders as SQL, with bound parameters, for SQLite and PostgreSQL.

A condition is an expression over `runs` that is true or false, never NULL: what a run lacks makes
it false, so that NOT may stand before any. What other tables hold is asked for in subqueries,
`run_key IN (...)`, each of which an index answers.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Double,
    Select,
    Table,
    and_,
    case,
    collate,
    exists,
    false,
    func,
    not_,
    or_,
    select,
    true,
    type_coerce,
)

from orbench.errors import FilterError, UsageError
from orbench.filter_fields import FieldKind, field_problem, kind_of, text_fulfils
from orbench.filter_patterns import glob_regex, postgres_regex
from orbench.filter_tree import size_of
from orbench.filter_values import CONSTANTS, as_integer, as_number, as_period, as_seconds
from orbench.filters import (
    MOST_CONDITIONS,
    MOST_NESTED,
    And,
    Compare,
    Field,
    Filter,
    Has,
    Not,
    Or,
    Value,
    parse_field,
)
from orbench.run import LOST_AFTER_SECONDS, RunStatus

from .columns import fitted, storable
from .tables import metrics, packages, params, runs, series, summary_values, tags

__all__ = ["condition", "effective_status", "ordering"]

_Test = ColumnElement[bool]
# Columns of different types are compared in one way; hence Any.
_Column = ColumnElement[Any]

_FLATTENED = {"config": params, "summary": summary_values}
_OF_SERIES = {
    "last": series.c.last,
    "min": series.c.minimum,
    "max": series.c.maximum,
    "count": series.c.n,
    "nans": series.c.nan_count,
    "step": series.c.max_step,
}
_ORDER: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_EXACT_INTEGERS = 2**53
_METRIC = "metric:"


def condition(where: Filter, dialect: str, now: float) -> _Test:
    """The runs that a filter selects, as an expression over `runs`.

    `dialect` is `sqlite` or `postgresql`; `now`, in epoch seconds, is what a time like -7d and
    the state `lost` are reckoned from. Raises FilterError for a filter that was put together to
    be larger than `parse` allows, and than databases answer.
    """
    conditions, deepest = size_of(where)
    if conditions > MOST_CONDITIONS:
        raise FilterError(f"it has {conditions} conditions; there are at most {MOST_CONDITIONS}")
    if deepest > MOST_NESTED + 1:
        raise FilterError(f"nested too deep; conditions go at most {MOST_NESTED} deep")
    return _test(where, dialect, now)


def effective_status(now: float) -> ColumnElement[str]:
    """The state of a run: `lost` if it is running by its row and its heartbeat has stopped."""
    return case((_is_lost(now), str(RunStatus.LOST)), else_=runs.c.status)


def ordering(order_by: Sequence[str], dialect: str, now: float) -> list[_Column]:
    """What to sort runs by: names of fields, `-` before one to descend; runs without it are last.

    Numbers of config, summary and package values stand before their texts; `metric:NAME` is
    the last value of a metric. Raises UsageError for what runs cannot be sorted by.
    """
    elements: list[_Column] = []
    for name in order_by:
        for column in _sort_columns(name.removeprefix("-"), dialect, now):
            element = column.desc() if name.startswith("-") else column.asc()
            elements.append(element.nulls_last())
    return elements


# -- conditions


def _test(where: Filter, dialect: str, now: float) -> _Test:
    match where:
        case And(parts):
            return and_(true(), *(_test(part, dialect, now) for part in parts))
        case Or(parts):
            return or_(false(), *(_test(part, dialect, now) for part in parts))
        case Not(part):
            return not_(_test(part, dialect, now))
        case Has(field):
            return _has(field)
        case Compare():
            return _comparison(where, dialect, now)
    raise TypeError(f"{where!r} is no filter")


def _comparison(where: Compare, dialect: str, now: float) -> _Test:
    field = where.field
    if field.space in _FLATTENED:
        return _of_flattened(_FLATTENED[field.space], where, dialect)
    if field.space in _OF_SERIES:
        test = _number_test(_OF_SERIES[field.space], where)
        return runs.c.run_key.in_(_runs_with_metric(field.name).where(test))
    match kind_of(field):
        case FieldKind.VERSION:
            test = _text_test(packages.c.version, where, dialect)
            return _in_environments(field.name, test)
        case FieldKind.NAMES:
            return _negated(where, _has_name(where, dialect))
        case FieldKind.STATUS:
            return _status_test(where, now)
        case FieldKind.TEXT:
            return _text_test(runs.c[field.space], where, dialect)
        case FieldKind.TIME:
            return _time_test(runs.c[field.space], where, now)
        case FieldKind.SECONDS:
            seconds = [as_seconds(value.text) for value in where.values]
            return _order_test(_duration(), where.operator, seconds)
    integers = [as_integer(value.text) for value in where.values]
    return _order_test(runs.c[field.space], where.operator, integers)


def _has(field: Field) -> _Test:
    if field.space in _FLATTENED:
        table = _FLATTENED[field.space]
        return runs.c.run_key.in_(_with_key(table, field.name))
    if field.space in _OF_SERIES:
        return runs.c.run_key.in_(_runs_with_metric(field.name))
    match kind_of(field):
        case FieldKind.VERSION:
            return _in_environments(field.name, true())
        case FieldKind.NAMES:
            table = tags if field.space == "tag" else series
            return exists().where(table.c.run_key == runs.c.run_key).correlate(runs)
        case FieldKind.TEXT:
            column = runs.c[field.space]
            return and_(column.is_not(None), column != "")
        case FieldKind.SECONDS:
            return _duration().is_not(None)
    return runs.c[field.space].is_not(None)


def _negated(where: Compare, positive: _Test) -> _Test:
    return not_(positive) if where.operator in ("!=", "!~") else positive


# -- conditions on the row of a run


def _text_test(column: _Column, where: Compare, dialect: str) -> _Test:
    return and_(column.is_not(None), _negated(where, _matches(column, where, dialect)))


def _matches(column: _Column, where: Compare, dialect: str) -> _Test:
    """Whether a text is one of the values or matches a pattern, before any negation."""
    if where.operator in ("~", "!~"):
        return _regex(column, where.values[0].text, dialect)
    exact = [_stored(value.text, column) for value in where.values if not value.is_glob]
    globs = [value.text for value in where.values if value.is_glob]
    tests = [column.in_(exact)] if exact else []
    return or_(*tests, *([_regex(column, glob_regex(globs), dialect)] if globs else []))


def _regex(column: _Column, pattern: str, dialect: str) -> _Test:
    spelled = postgres_regex(pattern) if dialect == "postgresql" else pattern
    return column.regexp_match(storable(spelled))


def _stored(text: str, column: _Column) -> str:
    """A text as the column holds it."""
    length = getattr(column.type, "length", None)
    return fitted(text, length) if length else storable(text)


def _order_test(column: _Column, symbol: str, values: Sequence[float | None]) -> _Test:
    if symbol in _ORDER:
        test: _Test = _ORDER[symbol](column, values[0])
    else:
        test = column.in_(values) if symbol == "=" else column.not_in(values)
    return and_(column.is_not(None), test)


def _time_test(column: _Column, where: Compare, now: float) -> _Test:
    """A time in the filter is a period: after it means after its end, equal means within it."""
    periods = [period for value in where.values if (period := as_period(value.text, now))]
    begin, end = periods[0]
    match where.operator:
        case "<" | ">=":
            test = _ORDER[where.operator](column, begin)
        case "<=":
            test = column < end if end > begin else column <= begin
        case ">":
            test = column >= end if end > begin else column > begin
        case _:
            within = or_(*(and_(column >= begin, column < end) for begin, end in periods))
            test = _negated(where, within)
    return and_(column.is_not(None), test)


def _status_test(where: Compare, now: float) -> _Test:
    states = [state for state in RunStatus if text_fulfils(state, where.operator, where.values)]
    stored = [state.value for state in states if state not in (RunStatus.RUNNING, RunStatus.LOST)]
    tests: list[_Test] = [runs.c.status.in_(stored)]
    if RunStatus.LOST in states:
        tests.append(_is_lost(now))
    if RunStatus.RUNNING in states:
        tests.append(and_(runs.c.status == RunStatus.RUNNING.value, not_(_is_lost(now))))
    return or_(*tests)


def _is_lost(now: float) -> _Test:
    heard = func.coalesce(runs.c.heartbeat, runs.c.last_started)
    return and_(runs.c.status == RunStatus.RUNNING.value, heard < now - LOST_AFTER_SECONDS)


def _duration() -> _Column:
    """The duration as `RunRecord.duration` has it, NULL if unknown."""
    length = func.coalesce(runs.c.ended, runs.c.heartbeat) - runs.c.started
    return case((length < 0, 0.0), else_=length)


# -- conditions on what other tables hold


def _has_name(where: Compare, dialect: str) -> _Test:
    """Whether one of the tags, or of the metrics, of a run matches."""
    if where.field.space == "tag":
        found = select(tags.c.run_key).where(_matches(tags.c.tag, where, dialect))
    else:
        named = select(metrics.c.metric_key).where(_matches(metrics.c.name, where, dialect))
        found = select(series.c.run_key).where(series.c.metric_key.in_(named))
    return runs.c.run_key.in_(found)


def _runs_with_metric(name: str) -> Select[Any]:
    return select(series.c.run_key).where(series.c.metric_key.in_(_metric_key(name)))


def _metric_key(name: str) -> Select[Any]:
    return select(metrics.c.metric_key).where(metrics.c.name == fitted(name, 500))


def _in_environments(package: str, test: _Test) -> _Test:
    found = select(packages.c.environment).where(packages.c.name == storable(package), test)
    return and_(runs.c.environment.is_not(None), runs.c.environment.in_(found))


def _number_test(column: _Column, where: Compare) -> _Test:
    """A test of a number of a series, which is NULL where it is NaN."""
    # As float64 whatever the column: an integer column would round what it is compared with.
    column = type_coerce(column, Double)
    numbers = [float(n) for value in where.values if (n := as_number(value.text)) is not None]
    if where.operator in _ORDER:
        return and_(column.is_not(None), _ORDER[where.operator](column, numbers[0]))
    finite = [number for number in numbers if not math.isnan(number)]
    is_one = and_(column.is_not(None), column.in_(finite))
    if len(finite) < len(numbers):
        is_one = or_(column.is_(None), is_one)
    return _negated(where, is_one)


def _with_key(table: Table, key: str) -> Select[Any]:
    return select(table.c.run_key).where(table.c.key == fitted(key, 500))


def _of_flattened(table: Table, where: Compare, dialect: str) -> _Test:
    is_number = table.c.kind.in_(["int", "float"])
    if where.operator in _ORDER:
        number = float(as_number(where.values[0].text) or 0)
        test = and_(is_number, _ORDER[where.operator](table.c.number, number))
    elif where.operator in ("~", "!~"):
        test = _text_test(table.c.text, where, dialect)
    else:
        equal = or_(*_readings(table, where.values, dialect))
        test = _negated(where, func.coalesce(equal, false()))
    return runs.c.run_key.in_(_with_key(table, where.field.name).where(test))


def _readings(table: Table, values: Iterable[Value], dialect: str) -> Iterable[_Test]:
    """Tests for all that the values can be read as: texts, patterns, numbers, constants."""
    text, number, kind = table.c.text, table.c.number, table.c.kind
    plain = [value for value in values if not value.is_glob]
    globs = [value.text for value in values if value.is_glob]
    bare = [value.text for value in plain if not value.quoted]
    numbers = [found for word in bare if (found := as_number(word)) is not None]
    large = [n for n in numbers if isinstance(n, int) and abs(n) >= _EXACT_INTEGERS]
    yield and_(kind == "str", text.in_([storable(value.text) for value in plain]))
    if globs:
        yield _regex(text, glob_regex(globs), dialect)
    if numbers:
        exact = [float(n) for n in numbers if n not in large and not math.isnan(n)]
        yield and_(kind.in_(["int", "float"]), number.in_(exact))
    if large:
        yield and_(kind == "int", text.in_([str(n) for n in large]))
        yield and_(kind == "float", number.in_([float(n) for n in large]))
    if any(math.isnan(n) for n in numbers):
        yield and_(kind == "float", number.is_(None))
    for constant in {CONSTANTS[word] for word in bare if word in CONSTANTS}:
        if constant is None:
            yield kind == "null"
        else:
            yield and_(kind == "bool", number == float(constant))


# -- sort orders


def _sort_columns(name: str, dialect: str, now: float) -> list[_Column]:
    field = _sort_field(name)
    if field.space in _FLATTENED:
        table = _FLATTENED[field.space]
        return [
            _of_run(_with_key(table, field.name).with_only_columns(column), table)
            for column in (table.c.number, _binary(table.c.text, dialect))
        ]
    if field.space in _OF_SERIES:
        this = _runs_with_metric(field.name).with_only_columns(_OF_SERIES[field.space])
        return [_of_run(this, series)]
    match kind_of(field):
        case FieldKind.STATUS:
            return [_binary(effective_status(now), dialect)]
        case FieldKind.TEXT:
            return [_binary(runs.c[field.space], dialect)]
        case FieldKind.SECONDS:
            return [_duration()]
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
