"""Filters as SQL, with bound parameters, for SQLite and PostgreSQL.

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
    Table,
    and_,
    exists,
    false,
    func,
    not_,
    or_,
    select,
    true,
    type_coerce,
)

from orbench.errors import FilterError
from orbench.filter_fields import FieldKind, kind_of, text_fulfils
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
)
from orbench.run import RunStatus

from .columns import fitted, storable
from .run_expressions import (
    FLATTENED,
    OF_SERIES,
    duration,
    is_lost,
    rows_with_key,
    runs_with_metric,
)
from .tables import metrics, packages, runs, series, tags

__all__ = ["condition"]

_Test = ColumnElement[bool]
# Columns of different types are compared in one way; hence Any.
_Column = ColumnElement[Any]

_ORDER: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_EXACT_INTEGERS = 2**53


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
    if field.space in FLATTENED:
        return _of_flattened(FLATTENED[field.space], where, dialect)
    if field.space in OF_SERIES:
        test = _number_test(OF_SERIES[field.space], where)
        return runs.c.run_key.in_(runs_with_metric(field.name).where(test))
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
            return _order_test(duration(), where.operator, seconds)
    integers = [as_integer(value.text) for value in where.values]
    return _order_test(runs.c[field.space], where.operator, integers)


def _has(field: Field) -> _Test:
    if field.space in FLATTENED:
        table = FLATTENED[field.space]
        return runs.c.run_key.in_(rows_with_key(table, field.name))
    if field.space in OF_SERIES:
        return runs.c.run_key.in_(runs_with_metric(field.name))
    match kind_of(field):
        case FieldKind.VERSION:
            return _in_environments(field.name, true())
        case FieldKind.NAMES:
            return _any_row(tags if field.space == "tag" else series)
        case FieldKind.TEXT:
            column = runs.c[field.space]
            return and_(column.is_not(None), column != "")
        case FieldKind.SECONDS:
            return duration().is_not(None)
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
        tests.append(is_lost(now))
    if RunStatus.RUNNING in states:
        tests.append(and_(runs.c.status == RunStatus.RUNNING.value, not_(is_lost(now))))
    return or_(*tests)


# -- conditions on what other tables hold


def _has_name(where: Compare, dialect: str) -> _Test:
    """Whether one of the tags, or of the metrics, of a run matches."""
    if where.field.space == "tag":
        found = select(tags.c.run_key).where(_matches(tags.c.tag, where, dialect))
        return runs.c.run_key.in_(found)
    named = select(metrics.c.metric_key).where(_matches(metrics.c.name, where, dialect))
    return _any_row(series, series.c.metric_key.in_(named))


def _any_row(table: Table, *tests: _Test) -> _Test:
    """Whether a run has such a row; the database stops at the first, where a run has many."""
    return exists().where(table.c.run_key == runs.c.run_key, *tests).correlate(runs)


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
    return runs.c.run_key.in_(rows_with_key(table, where.field.name).where(test))


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
